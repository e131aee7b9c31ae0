"""`crmlib warn`: a folder in, signals and a case log out, and the same again when run again."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from crmlib.cli import main
from crmlib.cli.warn import MODELS, THRESHOLDS
from crmlib.early_warning import MODELS as ROOM_MODELS
from crmlib.early_warning import CaseLog


@pytest.fixture(scope="module")
def folder(op, tmp_path_factory):
    return op.write(tmp_path_factory.mktemp("crm") / "op", format="csv", truth=False)


def run(*words):
    return CliRunner().invoke(main, ["warn", *map(str, words)])


def test_it_writes_signals_and_a_case_log(folder, tmp_path):
    result = run(folder, "--to", tmp_path, "--capacity", 40)
    assert result.exit_code == 0, result.output
    signals = pd.read_csv(tmp_path / "signals-18.csv", parse_dates=["raised", "due"])
    assert len(signals) == 40
    assert signals["customer_id"].is_unique
    assert (signals["due"] > signals["raised"]).all()
    assert "40 signals of month 18" in result.output
    with CaseLog(tmp_path / "cases.sqlite") as log:
        assert sorted(log.to_frame()["customer"]) == sorted(signals["customer_id"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cases.sqlite", "signals-18.csv"]


def test_running_a_month_again_changes_nothing(folder, tmp_path):
    first = run(folder, "--to", tmp_path, "--capacity", 40, "--json")
    before = (tmp_path / "signals-18.csv").read_bytes()
    again = run(folder, "--to", tmp_path, "--capacity", 40, "--json")
    one, two = (json.loads(r.stdout) for r in (first, again))
    assert (one["opened"], two["opened"], two["known"]) == (40, 0, 40)
    assert (tmp_path / "signals-18.csv").read_bytes() == before


def test_parquet_gives_the_same_signals_as_csv(op, folder, tmp_path):
    pytest.importorskip("pyarrow")
    parquet = op.write(tmp_path / "parquet", truth=False)
    for name, source in (("a", folder), ("b", parquet)):
        result = run(source, "--to", tmp_path / name, "--capacity", 40)
        assert result.exit_code == 0, result.output
    a, b = (
        pd.read_csv(tmp_path / name / "signals-18.csv").set_index("customer_id") for name in "ab"
    )
    # Parquet keeps the bills as 32-bit numbers, so that who comes 40th may differ.
    both = a.index.intersection(b.index)
    assert len(both) >= 39
    np.testing.assert_allclose(a.loc[both, "risk"], b.loc[both, "risk"], rtol=0.02)
    assert (a.loc[both, "department"] == b.loc[both, "department"]).mean() > 0.9


def test_months_after_one_another_leave_customers_in_peace(folder, tmp_path):
    for month in (16, 17, 18):
        result = run(folder, "--to", tmp_path, "--month", month, "--capacity", 40)
        assert result.exit_code == 0, result.output
    alarmed = [pd.read_csv(tmp_path / f"signals-{m}.csv")["customer_id"] for m in (16, 17, 18)]
    assert pd.concat(alarmed).is_unique


def test_tables_that_are_not_there_cost_their_indicators_only(folder, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    for name in ("months", "churn"):
        (small / f"{name}.csv").write_bytes((folder / f"{name}.csv").read_bytes())
    result = run(small, "--threshold", "cost", "--contact", 25)
    assert result.exit_code == 0, result.output
    assert "without the indicator satisfaction: no table 'surveys'" in result.output
    assert (small / "warnings" / "signals-18.csv").exists()


def test_values_may_come_from_a_file_and_the_look_back_is_printed(folder, tmp_path):
    ids = pd.read_csv(folder / "customers.csv")["customer_id"]
    pd.DataFrame({"customer_id": ids, "value": 500.0}).to_csv(tmp_path / "v.csv", index=False)
    words = ("--values", tmp_path / "v.csv", "--backtest", 2, "--capacity", 40, "--json")
    result = run(folder, "--to", tmp_path / "out", *words)
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert set(summary["backtest"]) == {"model", "risk", "rules", "index", "random"}
    assert set(pd.read_csv(summary["file"])["value"]) == {500.0}


@pytest.mark.parametrize(
    ("prepare", "words", "message"),
    [
        (lambda f: None, ("--month", 40), "month must lie from 1 to 18"),
        (lambda f: None, ("--month", "soon"), "'soon'"),
        (lambda f: None, ("--success", 3), "success must lie in"),
        (lambda f: (f / "churn.csv").unlink(), (), "holds no churn.csv or churn.parquet"),
        (lambda f: (f / "months.csv").write_text("a,b\n1,2\n"), (), "feed none|lacks"),
        (lambda f: (f / "months.parquet").write_text("x"), (), "'months' twice"),
        (lambda f: (f / "churn.csv").write_text(""), (), "churn.csv cannot be read"),
    ],
)
def test_a_mistake_is_answered_with_a_message_and_no_traceback(
    folder, tmp_path, prepare, words, message
):
    small = tmp_path / "small"
    small.mkdir()
    for name in ("months", "churn"):
        (small / f"{name}.csv").write_bytes((folder / f"{name}.csv").read_bytes())
    prepare(small)
    result = run(small, *words)
    assert result.exit_code == 1
    assert pd.Series([result.output]).str.contains(message).item(), result.output
    assert "Traceback" not in result.output
    assert not (small / "warnings").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    result = run(tmp_path / "nowhere")
    assert result.exit_code == 1
    assert "There is no folder" in result.output


@pytest.mark.parametrize("model", ["tree", "network", "index"])
def test_the_model_can_be_chosen(folder, tmp_path, model):
    result = run(folder, "--to", tmp_path, "--model", model, "--capacity", 10, "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert (summary["model"], summary["signals"]) == (model, 10)


def test_control_charts_may_raise_the_alarms(folder, tmp_path):
    words = ("--threshold", "control-chart", "--chart", "minutes", "--capacity", 7, "--json")
    result = run(folder, "--to", tmp_path, *words)
    assert result.exit_code == 0, result.output
    assert 0 < json.loads(result.stdout)["signals"] <= 7
    wrong = run(folder, "--threshold", "control-chart", "--chart", "minuts")
    assert "did you mean 'minutes'" in wrong.output


def test_the_help_shows_models_and_thresholds_line_by_line():
    text = run("--help").output
    for word in (*MODELS, *THRESHOLDS):
        assert any(line.strip().startswith(word + " ") for line in text.splitlines()), word


def test_the_models_of_the_command_are_those_of_the_room():
    assert set(MODELS) == set(ROOM_MODELS)
