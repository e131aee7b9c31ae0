"""The whole early warning learns only from the past, repeats itself, and finds what is there."""

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from crmlib.early_warning import Capacity, Cost, EarlyWarning, Economics, History, IndicatorSystem

SMALL = """
[base]
people = "people"
[source.use]
table = "months"
month = "month"
[[indicator]]
name = "use"
group = "behavior"
source = "use"
value = "x"
measure = "mean"
window = 1
bad = "low"
unit = "units"
alarm = 2
[[indicator]]
name = "chance"
group = "competitor"
source = "use"
value = "noise"
measure = "mean"
window = 1
bad = "high"
unit = "units"
"""


@pytest.fixture(scope="module")
def planted():
    """Customers whose use falls two months before they leave, for one in two of them."""
    rng = np.random.default_rng(0)
    n, months = 3000, 16
    event = np.where(rng.random(n) < 0.5, rng.integers(3, months + 6, n), 99)
    shows = rng.random(n) < 0.5
    rows = []
    for month in range(1, months + 1):
        alive = np.flatnonzero(event >= month)
        x = rng.normal(10, 1, len(alive))
        falling = shows[alive] & (event[alive] - month <= 2)
        frame = pd.DataFrame(
            {"customer_id": alive, "month": month, "x": np.where(falling, x - 9, x)}
        )
        rows.append(frame.assign(noise=rng.random(len(alive))))
    churn = pd.DataFrame({"customer_id": np.arange(n), "month": event})
    churn = churn[churn["month"] <= months]
    return {"months": pd.concat(rows, ignore_index=True), "churn": churn}


def small(**more):
    given = {"threshold": Capacity(30), "value": pd.Series(100.0, range(3000)), "horizon": 2}
    return EarlyWarning(IndicatorSystem.from_toml(SMALL), **{**given, **more})


def test_a_planted_sign_is_found_and_chance_is_beaten(planted):
    table = small().backtest(planted, range(9, 14)).evaluation.table
    assert table.loc["model", "precision"] > 0.9
    assert table.loc["rules", "precision"] > 0.9
    assert table.loc["random", "lift"] == pytest.approx(1, abs=0.5)
    assert table.loc["index", "precision"] > table.loc["random", "precision"]
    assert 1 <= table.loc["model", "lead_months"] <= 2
    assert len(set(table["alarms"])) == 1, "every policy has as many alarms"


def test_risks_are_chances(planted):
    scored = small().backtest(planted, range(9, 14)).scored.query("not gone")
    assert scored["risk"].mean() == pytest.approx(scored["lost"].mean(), rel=0.2)


def until(op, month):
    """The operator's tables as they stood at the end of a month."""
    dated = {name: "start" if name == "contracts" else "month" for name in op.tables}
    return {
        name: frame[frame[dated[name]] <= month] if dated[name] in frame else frame
        for name, frame in op.tables.items()
    }


def test_what_is_noticed_later_changes_nothing(op):
    warnings = (EarlyWarning(threshold=Capacity(40)).fit(data, 12) for data in (op, until(op, 12)))
    all_known, cut = (warning.watch(op, 12).frame for warning in warnings)
    assert len(all_known) == 40
    pd.testing.assert_frame_equal(all_known, cut)


def test_the_backtest_is_what_one_would_have_had_in_every_month(op):
    """Its risks of a month are those of a fit on tables that end with that month."""
    warning = EarlyWarning(threshold=Capacity(40), horizon=2)
    past = warning.backtest(op, [11, 12], refit=1).scored
    for month in (11, 12):
        cut = until(op, month)
        then = EarlyWarning(threshold=Capacity(40), horizon=2).fit(cut, month).score(cut, month)
        now = past[past["month"] == month]
        np.testing.assert_allclose(then["risk"], now["risk"], rtol=1e-9)


def test_the_same_call_gives_the_same_signals(op):
    one, two = (EarlyWarning(sample=4000).fit(op, 16).watch(op, 16).frame for _ in range(2))
    pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize("threshold", [Cost(Economics(contact=5)), History(0.99), Capacity(10)])
@pytest.mark.parametrize("model", [None, DecisionTreeClassifier(max_depth=3)])
def test_any_classifier_and_any_threshold_will_do(planted, model, threshold):
    warning = small(model=model, threshold=threshold).fit(planted, 12)
    signals = warning.watch(planted, 13)
    assert 0 < len(signals.frame) < 200
    assert set(signals.frame["severity"]) <= {"low", "medium", "high", "critical"}


def test_who_had_an_alarm_lately_is_left_out(planted):
    warning = small().fit(planted, 12)
    first = warning.watch(planted, 12)
    again = warning.watch(planted, 12, recent=first.frame["customer_id"])
    assert set(first.frame["customer_id"]).isdisjoint(again.frame["customer_id"])


def test_drift_is_small_where_nothing_moved_and_large_where_it_did(planted):
    warning = small().fit(planted, 12)
    scored = warning.score(planted, 12)
    assert warning.drift(scored).table.loc["chance", "verdict"] == "stable"
    moved = scored.assign(chance=scored["chance"] + 0.4)
    assert warning.drift(moved).table.loc["chance", "verdict"] == "shifted"


@pytest.mark.parametrize(
    ("change", "month", "message"),
    [
        ({}, 2, "No month before 2 has a known outcome"),
        ({}, 40, "month must lie from 1 to 16"),
        ({"value": "marjin"}, 12, "'marjin', which is no indicator"),
        ({"value": {1: 5.0}}, 12, "value lacks"),
        ({"horizon": 0}, 12, "horizon must lie"),
    ],
)
def test_what_cannot_be_learned_is_explained(planted, change, month, message):
    with pytest.raises(ValueError, match=message):
        small(**change).fit(planted, month)


def test_signals_of_a_month_before_it_learned_are_refused(planted):
    warning = small().fit(planted, 12)
    with pytest.raises(ValueError, match="would use what was not known then"):
        warning.watch(planted, 11)
    with pytest.raises(ValueError, match="call fit first"):
        small().watch(planted, 11)


def test_months_whose_outcome_is_not_known_cannot_be_judged(planted):
    with pytest.raises(ValueError, match="nor later than 14"):
        small().backtest(planted, [15])


def test_results_print_tabulate_and_plot(planted):
    past = small().backtest(planted, range(10, 13))
    assert "losses within 2 months" in repr(past)
    assert past.plot().get_ylabel() == "lost within 2 months"
    assert "<table" in past._repr_html_()
    assert past.drift.index.tolist() == [10, 11, 12]
    signals = small().fit(planted, 12).watch(planted, 12)
    assert len(signals.plot().texts) == signals.frame["department"].nunique()
