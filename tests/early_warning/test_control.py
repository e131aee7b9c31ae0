"""Control charts agree with published examples and run lengths, and see no future."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.early_warning import control_charts, cusum, ewma, ewma_width, run_length

# The EWMA example of the NIST/SEMATECH e-Handbook of Statistical Methods, section 6.3.2.4.
NIST_X = [
    *(52.0, 47.0, 53.0, 49.3, 50.1, 47.0, 51.0, 50.1, 51.2, 50.5),
    *(49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1),
]
NIST_Z = [
    *(50.60, 49.52, 50.56, 50.18, 50.16, 49.21, 49.75, 49.85, 50.26, 50.33),
    *(50.11, 49.36, 49.52, 50.05, 49.38, 49.92, 50.73, 51.23, 51.94, 51.99),
]
# Concentrations of a chemical process, target 99, K = 1: Montgomery and Runger, Applied Statistics
# and Probability for Engineers, table 16-8.
RUNGER_X = [
    *(102.0, 94.8, 98.3, 98.4, 102.0, 98.5, 99.0, 97.7, 100.0, 98.1),
    *(101.3, 98.7, 101.1, 98.4, 97.0, 96.7, 100.3, 101.4, 97.2, 101.0),
]
RUNGER_UP = [2, 0, 0, 0, 2, 0.5, 0, 0, 0, 0, 1.3, 0, 1.1, 0, 0, 0, 0.3, 1.7, 0, 1]
RUNGER_DOWN = [0, 3.2, 2.9, 2.5, 0, 0, 0, 0.3, 0, 0, 0, 0, 0, 0, 1, 2.3, 0, 0, 0.8, 0]


def test_ewma_reproduces_the_nist_example():
    # The handbook carries rounded values on; a few of its last digits are off by one.
    np.testing.assert_allclose(ewma(NIST_X, 50, 0.3), NIST_Z, atol=0.011)
    half = ewma_width(200, 0.3, 3.0)[-1] * 2.0539
    assert 50 + half == pytest.approx(52.5884, abs=1e-3)
    assert 50 - half == pytest.approx(47.4115, abs=1e-3)


def test_cusum_reproduces_the_published_table():
    up, down = cusum(RUNGER_X, 99, 1)
    np.testing.assert_allclose(up, RUNGER_UP, atol=1e-9)
    np.testing.assert_allclose(down, RUNGER_DOWN, atol=1e-9)


@given(st.floats(0.05, 1), st.integers(2, 30), st.integers(0, 10**6))
def test_ewma_is_the_weighted_sum_it_says(smoothing, n, seed):
    x = np.random.default_rng(seed).normal(size=n)
    weights = smoothing * (1 - smoothing) ** np.arange(n)[::-1]
    assert ewma(x, 0.7, smoothing)[-1] == pytest.approx(
        weights @ x + (1 - smoothing) ** n * 0.7, abs=1e-12
    )


def test_the_mean_time_between_false_alarms_is_the_published_one():
    """One-sided, so twice the published two-sided run length; when a shift is large, the same."""
    assert run_length("cusum", slack=0.5, interval=5) == pytest.approx(2 * 465, rel=0.01)
    assert run_length("cusum", 1.0, slack=0.5, interval=5) == pytest.approx(10.4, abs=0.05)
    assert run_length("ewma", smoothing=0.4, limit=3.054) == pytest.approx(2 * 500, rel=0.02)
    assert run_length("ewma", 1.0, smoothing=0.1, limit=2.814) == pytest.approx(10.3, abs=0.05)


def test_a_shewhart_chart_has_a_closed_form():
    from scipy.stats import norm

    for shift in (0.0, 1.0, 2.0):
        expected = 1 / norm.sf(3 - shift)
        assert run_length("ewma", shift, smoothing=1.0, limit=3.0) == pytest.approx(expected)


def panel_of(x):
    n, months = x.shape
    index = pd.MultiIndex.from_product([range(n), range(1, months + 1)], names=["id", "month"])
    return pd.Series(x.ravel(), index, name="bill").dropna().reset_index()


@pytest.mark.parametrize("kind", ["ewma", "cusum"])
def test_false_alarms_come_at_about_the_promised_rate(kind):
    rng = np.random.default_rng(0)
    x = 100 + 5 * rng.normal(size=(4000, 66))
    charts = control_charts(panel_of(x), "bill", kind, customer="id", baseline=36, borrow=1e6)
    within = (charts.table["first_alarm"].notna()).mean()
    promised = 1 - np.exp(-30 / run_length(kind))
    # Level and spread are learned here, known there; so a few more, and of the same order.
    assert 0.5 * promised < within < 4 * promised


@pytest.mark.parametrize("kind", ["ewma", "cusum"])
def test_a_lasting_fall_is_seen_and_a_rise_is_not(kind):
    rng = np.random.default_rng(1)
    x = 100 + 5 * rng.normal(size=(3000, 24))
    x[:500, 12:] -= 15
    x[500:1000, 12:] += 15
    table = control_charts(panel_of(x), "bill", kind, customer="id", baseline=8).table
    fallen = table.loc[:499, "first_alarm"]
    assert (fallen.dropna() >= 13).mean() > 0.9
    assert (fallen <= 18).mean() > 0.95
    assert table.loc[500:999, "alarm"].mean() < 0.02


def test_a_month_that_is_bad_for_everybody_alarms_nobody():
    rng = np.random.default_rng(2)
    x = 100 + 5 * rng.normal(size=(500, 20))
    x[:, 14:] *= 0.6
    panel = panel_of(x)
    assert control_charts(panel, "bill", customer="id").table["alarm"].mean() < 0.1
    assert control_charts(panel, "bill", customer="id", adjust=False).table["alarm"].mean() > 0.95


@pytest.mark.parametrize("kind", ["ewma", "cusum"])
def test_a_chart_is_the_same_whatever_comes_later(op, kind):
    bills = op.months[["customer_id", "month", "bill"]]
    late = control_charts(bills, "bill", kind)
    early = control_charts(bills[bills["month"] <= 12], "bill", kind)
    same = early.statistic.index
    pd.testing.assert_frame_equal(late.statistic.loc[same, :12], early.statistic)
    pd.testing.assert_frame_equal(late.limit.loc[same, :12], early.limit)


def test_customers_without_a_habit_get_no_chart():
    x = np.full((3, 12), 50.0) + np.arange(12) % 3
    x[1, :8] = np.nan
    charts = control_charts(panel_of(x), "bill", customer="id", baseline=6)
    assert charts.table.index.tolist() == [0, 2]
    with pytest.raises(ValueError, match="No customer has 20 months"):
        control_charts(panel_of(x), "bill", customer="id", baseline=20)


def test_charts_print_and_plot(op):
    charts = control_charts(op.months, "bill", "cusum")
    assert "CUSUM charts of bill" in repr(charts)
    assert charts.plot().get_ylabel() == "sum of falls (s.d.)"
    with pytest.raises(ValueError, match="no chart of customer -1"):
        charts.plot(customer=-1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "shewhart"}, "kind must be one of 'ewma', 'cusum'"),
        ({"variable": "bil"}, "did you mean 'bill'"),
        ({"smoothing": 0.0}, "smoothing must lie in"),
    ],
)
def test_a_wrong_argument_is_named(op, change, message):
    with pytest.raises(ValueError, match=message):
        control_charts(**{"panel": op.months, "variable": "bill", **change})
