"""The commands after the build say what is wrong and end with a status a script can use."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from crmlib.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(monkeypatch):
    monkeypatch.chdir(ROOT)
    return lambda *words: CliRunner().invoke(main, ["book", *map(str, words)])


@pytest.fixture
def sites(tmp_path):
    for name, text in (("old", "10 left"), ("new", "12 left")):
        (tmp_path / name).mkdir()
        page = f"<article><p>{text}</p></article>"
        (tmp_path / name / "page.html").write_text(page)
    return tmp_path / "old", tmp_path / "new"


def test_check_is_content_with_a_sound_site(run, sites):
    result = run("check", sites[0])
    assert result.exit_code == 0, result.output
    assert "nothing to complain about" in result.output


def test_check_lists_what_is_wrong_and_fails(run, sites):
    from crmlib.course.exercises.source import read_assignment

    source = read_assignment(ROOT / "exercises" / "1a-measuring-churn")
    tests = next(cell.source for cell in source.notebook.cells if "HIDDEN TESTS" in cell.source)
    (sites[0] / "bad.html").write_text(f'<a href="gone.html">x</a><pre>{tests}</pre>')
    result = run("check", sites[0])
    assert result.exit_code == 1
    assert "bad.html: the link gone.html leads nowhere." in result.output
    assert "bad.html holds test-lost-share, hidden tests of 1a-measuring-churn." in result.output


def test_diff_prints_what_a_reviewer_reads(run, sites):
    result = run("diff", *sites)
    assert result.exit_code == 0, result.output
    assert "| page.html | changed | +1 -1 |" in result.output
    assert "+12 left" in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("publish", "--without", "epub"), "without must be one of"),
        (("publish", "--base-url", "nowhere"), "base_url must be the address"),
        (("publish", "--version", "a b"), "version must be a name"),
    ],
)
def test_a_mistake_is_answered_with_a_message_before_anything_is_built(run, words, message):
    result = run(*words)
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", ["check", "publish", "release"])
def test_outside_a_checkout_the_command_says_where_to_go(command, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["book", command])
    assert result.exit_code == 1
    assert "in a checkout of the workbook" in result.output
