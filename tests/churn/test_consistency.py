"""Control charts agree with published tables and examples, and signal as often as theory says."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.churn import control_chart
from crmlib.churn.consistency import range_constants, run_rules

mpl.use("Agg")


@pytest.mark.parametrize(
    ("n", "d2", "d3"),
    [(2, 1.128, 0.853), (3, 1.693, 0.888), (4, 2.059, 0.880), (5, 2.326, 0.864),
     (10, 3.078, 0.797), (25, 3.931, 0.708)],
)  # fmt: skip
def test_range_constants_are_those_of_the_tables(n, d2, d3):
    assert np.round(range_constants(n), 3).tolist() == [d2, d3]


def test_range_constants_of_two_have_a_closed_form():
    mean, sd = 2 / np.sqrt(np.pi), np.sqrt(2 - 4 / np.pi)
    assert range_constants(2) == pytest.approx((mean, sd), abs=1e-5)


def test_the_handbooks_individuals_chart():
    """NIST/SEMATECH e-Handbook 6.3.2.2: flow rate of ten batches."""
    flow = pd.Series([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])
    row = control_chart(flow, "i").table.iloc[0]
    assert row["center"] == pytest.approx(50.81)
    assert row["upper"] == pytest.approx(55.8041, abs=0.002)  # they divide by 1.128
    assert row["lower"] == pytest.approx(45.8159, abs=0.002)
    moving = control_chart(flow, "mr").table
    assert moving["center"].iloc[0] == pytest.approx(1.8778, abs=5e-5)
    assert moving["upper"].iloc[0] == pytest.approx(3.267 * 1.8778, abs=0.002)  # D4 of n = 2
    assert moving["lower"].iloc[0] == 0
    assert np.isnan(moving["value"].iloc[0])
    assert not moving["signal"].iloc[0]


def test_limits_of_counts_have_closed_forms():
    chart = control_chart(pd.Series([16, 12, 20, 31, 1]), "c")
    assert chart.table["center"].iloc[0] == 16
    assert chart.table[["lower", "upper"]].iloc[0].tolist() == [4, 28]
    assert chart.table["rule_1"].tolist() == [False, False, False, True, True]
    size = pd.Series([50, 100, 400, 50])
    chart = control_chart(pd.Series([12, 20, 90, 22]), "p", size)
    p = 144 / 600
    assert np.allclose(chart.table["upper"], p + 3 * np.sqrt(p * (1 - p) / size))
    chart = control_chart(pd.Series([12, 20, 90, 22]), "u", size)
    assert np.allclose(chart.table["lower"], np.maximum(0, p - 3 * np.sqrt(p / size)))


def test_means_and_ranges_use_the_factors_of_the_tables():
    values = pd.DataFrame(np.random.default_rng(0).normal(20, 2, (25, 5)))
    mean_range = (values.max(axis=1) - values.min(axis=1)).mean()
    xbar, r = (control_chart(values, kind).table.iloc[0] for kind in ("xbar", "r"))
    assert xbar["upper"] - xbar["center"] == pytest.approx(0.577 * mean_range, rel=1e-3)  # A2
    assert r["upper"] == pytest.approx(2.114 * mean_range, rel=1e-3)  # D4
    assert r["lower"] == 0  # D3


def test_stable_batches_signal_as_rarely_as_theory_says():
    """Champ and Woodall (1987): every 370.4 points by the first rule, every 91.75 by all four."""
    z = np.random.default_rng(1).normal(size=(4000, 450))
    lengths = {1: [], 4: []}
    for row in z:
        found = run_rules(row)
        for rules, seen in lengths.items():
            hit = found[:, :rules].any(axis=1)
            seen.append(hit.argmax() + 1 if hit.any() else np.nan)
    # Only 450 points each: compare the share of runs that outlast them, and the mean of the rest.
    alone = np.isnan(lengths[1]).mean()
    assert alone == pytest.approx((1 - 1 / 370.4) ** 450, abs=0.03)
    together = np.array(lengths[4], float)
    # What outlasts 450 points goes on, nearly without memory, for another 91.75 on average.
    mean = np.where(np.isnan(together), 450 + 91.75, together).mean()
    assert mean == pytest.approx(91.75, abs=4.5 * 90 / np.sqrt(len(z)))


def test_each_rule_sees_its_pattern():
    flat = np.zeros(12)
    two = flat.copy()
    two[[3, 5]] = -2.5
    assert run_rules(two)[:, 1].nonzero()[0].tolist() == [5]
    four = flat.copy()
    four[[2, 3, 5, 6]] = 1.2
    assert run_rules(four)[:, 2].nonzero()[0].tolist() == [6]
    eight = np.append(np.full(9, 0.2), -0.1)
    assert run_rules(eight)[:, 3].nonzero()[0].tolist() == [7, 8]
    eight[4] = np.nan
    assert not run_rules(eight).any()


@settings(max_examples=30)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=40))
def test_rules_do_not_know_up_from_down(z):
    values = np.array(z)
    assert (run_rules(values) == run_rules(-values)).all()


def test_a_service_that_falls_signals_against_the_good_months(op):
    """Months of contacts that wait too long, with a planted jump at the end."""
    rng = np.random.default_rng(5)
    size = op.contacts.groupby("month").size()
    late = pd.Series(rng.binomial(size, np.where(size.index > 18, 0.2, 0.1)), size.index)
    chart = control_chart(late, "p", size, learn=18)
    assert chart.table.loc[19:, "signal"].all()
    assert chart.table.loc[:18, "rule_1"].sum() == 0
    assert not chart.stable
    ax = chart.plot()
    assert ax.get_xlabel() == "month"
    assert "batches signal" in repr(chart)


def test_charts_that_make_no_sense_are_refused():
    counts = pd.Series([3, 4, 5])
    with pytest.raises(ValueError, match="size goes with"):
        control_chart(counts, "p")
    with pytest.raises(ValueError, match="size goes with"):
        control_chart(counts, "c", size=5)
    with pytest.raises(ValueError, match="more defective items"):
        control_chart(counts, "p", size=4)
    with pytest.raises(ValueError, match="index of data"):
        control_chart(counts, "p", size=pd.Series([9, 9, 9], index=[1, 2, 3]))
    with pytest.raises(TypeError, match="a DataFrame, a row a batch"):
        control_chart(counts, "xbar")
    with pytest.raises(ValueError, match="do not vary"):
        control_chart(pd.Series([2.0, 2.0, 2.0]), "i")
    with pytest.raises(ValueError, match="2 are needed"):
        control_chart(pd.Series([2.0]), "i")
    with pytest.raises(ValueError, match="5 are needed"):
        control_chart(counts, "c", learn=5)
    with pytest.raises(ValueError, match="data must lie in"):
        control_chart(pd.Series([1, np.nan, 3]), "c")
