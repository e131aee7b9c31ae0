"""The control chart as a threshold: it sees the same as the chart, and nothing that came later."""

import numpy as np
import pandas as pd
import pytest

from crmlib.early_warning import ControlChart, EarlyWarning, control_charts, measure


def months_with_a_fall(kind_of_fall=30.0):
    rng = np.random.default_rng(0)
    rows = [
        (c, t, 50 + 3 * rng.standard_normal() - kind_of_fall * (c < 3 and t > 9))
        for c in range(40)
        for t in range(1, 13)
    ]
    return pd.DataFrame(rows, columns=["customer_id", "month", "bill"])


@pytest.mark.parametrize("kind", ["ewma", "cusum"])
def test_position_above_one_is_the_alarm_of_the_chart(kind):
    charts = control_charts(months_with_a_fall(), "bill", kind)
    last = charts.position.iloc[:, -1]
    assert (last > 1).tolist() == charts.table["alarm"].tolist()
    assert charts.table["alarm"].sum() >= 3


@pytest.mark.parametrize("kind", ["ewma", "cusum"])
def test_who_fell_below_the_own_habit_gets_an_alarm_and_no_other(op, system, kind):
    threshold = ControlChart(kind=kind, limit=6.0 if kind == "ewma" else 12.0)
    months = months_with_a_fall()
    panel = pd.DataFrame({"customer_id": range(40), "month": 12})
    position = threshold.position(panel, {"months": months}, system.base)
    assert np.flatnonzero(threshold.decide(position, np.ones(40))).tolist() == [0, 1, 2]


def test_a_position_needs_nothing_that_came_later(op, system):
    panel = measure(system.only(["bill_change"]), op, [10])
    tables = dict(op.tables)
    whole = ControlChart().position(panel, tables, system.base)
    tables["months"] = tables["months"][tables["months"]["month"] <= 10]
    np.testing.assert_array_equal(whole, ControlChart().position(panel, tables, system.base))


def test_at_most_so_many_alarms_are_those_farthest_out():
    out = np.array([0.5, 3.0, np.nan, 2.0, 1.5])
    assert ControlChart(cases=2).decide(out, np.ones(5)).tolist() == [0, 1, 0, 1, 0]
    assert ControlChart(cases=9).decide(out, np.ones(5)).sum() == 3
    assert ControlChart(cases=0).decide(out, np.ones(5)).sum() == 0


def test_the_early_warning_raises_signals_by_control_chart(op):
    warning = EarlyWarning(threshold=ControlChart(cases=15)).fit(op, month=18)
    scored = warning.score(op, 18)
    signals = warning.signals(scored)
    assert 0 < len(signals.frame) <= 15
    out = scored.set_index("customer_id")["chart"]
    assert (out.loc[signals.frame["customer_id"]] > 1).all()
    back = EarlyWarning(threshold=ControlChart(cases=15), quiet=0).backtest(op, [10, 11])
    assert back.scored.loc[back.scored["alarm"], "chart"].min() > 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ControlChart(kind="shewhart"), "kind must be one of"),
        (lambda: ControlChart(baseline=1), "baseline must lie"),
        (lambda: ControlChart(limit=0), "limit must lie"),
        (lambda: ControlChart(cases=1.5), "cases must be a whole number"),
    ],
)
def test_a_parameter_out_of_range_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_column_that_is_not_there_is_named(op):
    with pytest.raises(ValueError, match=r"months lacks the column 'bil' \(did you mean 'bill'"):
        EarlyWarning(threshold=ControlChart("bil")).fit(op, month=18)
