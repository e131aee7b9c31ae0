"""Rates, cohorts and reasons agree with the operator's truth, closed forms and other software."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.churn import LeakyBucket, annual, churn_rates, cohort_triangle, pareto

mpl.use("Agg")


@pytest.fixture(scope="module")
def spans(op):
    """First and last live month of every life."""
    live = op.truth.months.dropna(subset=["hazard"])
    back = op.truth.returns.set_index("customer_id")["month"]
    second = live["month"] >= live["customer_id"].map(back).fillna(99)
    ends = live.groupby([live["customer_id"], second])["month"].agg(["min", "max"])
    lost = op.truth.losses.assign(second=op.truth.losses["life"] == 2)
    lost = lost.set_index(["customer_id", "second"])["month"]
    return pd.DataFrame({"start": ends["min"], "end": lost.reindex(ends.index)})


def test_rates_are_the_operators(op, spans):
    rates, truth = churn_rates(spans, 1, 24).table, op.describe()
    assert (rates["customers"].to_numpy() == truth["customers"].to_numpy()).all()
    assert (rates["lost"].to_numpy() == truth["lost"].to_numpy()).all()
    assert np.allclose(rates["churn_rate"] + rates["retention_rate"], 1)
    hazard = op.truth.months.groupby("month")["hazard"].mean().to_numpy()
    inside = (rates["low"].to_numpy() <= hazard) & (hazard <= rates["high"].to_numpy())
    assert inside.sum() >= 20  # of 24 at 95 %
    assert churn_rates(spans, 1, 24).plot().get_ylim()[0] == 0


def test_the_pooled_triangle_is_kaplan_meier(spans):
    from lifelines import KaplanMeierFitter

    inside = spans[spans["start"] >= 1]
    triangle = cohort_triangle(inside, 1, 24)
    # A loss at the end of month 24 is not yet seen in the triangle.
    lost = inside["end"] < 24
    lived = np.where(lost, inside["end"] - inside["start"] + 1, 24 - inside["start"])
    curve = KaplanMeierFitter().fit(lived, lost)
    ages = range(1, 10)
    pooled = triangle.pooled.cumprod().to_numpy()[:9]
    assert np.allclose(pooled, curve.predict(list(ages)).to_numpy(), atol=1e-12)


SPAN = st.tuples(st.integers(1, 8), st.one_of(st.none(), st.integers(0, 9)))


@settings(max_examples=30)
@given(st.lists(SPAN, min_size=1, max_size=20))
def test_the_triangle_counts_what_a_slow_walk_counts(rows):
    spans = pd.DataFrame(
        {
            "start": [s for s, _ in rows],
            "end": [np.nan if life is None else s + life for s, life in rows],
        }
    )
    table = cohort_triangle(spans, 1, 8).survivors
    for cohort in range(1, 9):
        for age in range(8):
            mine = spans[spans["start"] == cohort]
            alive = (~(mine["end"] < cohort + age)).sum()
            if cohort + age > 8:
                assert np.isnan(table.loc[cohort, age])
            else:
                assert table.loc[cohort, age] == alive
    rates = churn_rates(spans, 1, 8).table
    for t in range(1, 9):
        there = (spans["start"] <= t) & ~(spans["end"] < t)
        assert rates.loc[t, "customers"] == there.sum()
        assert rates.loc[t, "lost"] == (spans["end"] == t).sum()


def test_a_triangle_is_drawn(spans):
    ax = cohort_triangle(spans[spans["start"] >= 1], 1, 24).plot()
    assert ax.get_ylabel() == "joined in period"


def test_a_relation_that_ends_before_it_starts_is_refused():
    with pytest.raises(ValueError, match=r"1 rows do not, first 'b'"):
        churn_rates(pd.DataFrame({"start": [1, 5], "end": [3, 2]}, index=["a", "b"]), 1, 5)


def test_annual_rates():
    assert annual(0.0) == 0
    assert annual(1.0) == 1
    assert annual(0.179, 1) == pytest.approx(0.179)
    with pytest.raises(ValueError, match="rate must lie in"):
        annual(1.5)


def test_reasons_in_order_of_weight(op):
    result = pareto(op.churn["stated_reason"])
    assert result.table["count"].sum() == op.churn["stated_reason"].notna().sum()
    assert result.table["share"].is_monotonic_decreasing
    assert result.table["cumulative"].iloc[-1] == pytest.approx(1)
    vital = result.vital(0.8)
    shares = result.table["share"]
    assert shares[vital].sum() >= 0.8 > shares[vital[:-1]].sum()
    ax = result.plot()
    assert [bar.get_height() for bar in ax.patches] == pytest.approx(shares.tolist())
    assert ax.lines[0].get_ydata()[-1] == pytest.approx(1), "the line ends at all losses"
    worth = pareto(op.churn["stated_reason"], op.churn["last_bill"].astype(float))
    assert worth.table["count"].sum() == pytest.approx(
        op.churn.loc[op.churn["stated_reason"].notna(), "last_bill"].sum(), rel=1e-4
    )


def test_bad_reasons_are_refused():
    with pytest.raises(ValueError, match="no known reason"):
        pareto(pd.Series([None, None]))
    with pytest.raises(ValueError, match="weights must be there"):
        pareto(pd.Series(["a", "b"]), pd.Series([1.0, -1.0]))


def test_the_bucket_follows_its_closed_form():
    bucket = LeakyBucket(customers=50_000, inflow=900, churn=0.02, periods=60)
    t = np.arange(61)
    expected = bucket.level + (50_000 - bucket.level) * 0.98**t
    assert np.allclose(bucket.to_frame()["customers"], expected)
    assert 50_000 * 0.98**bucket.half_life == pytest.approx(25_000)
    held = LeakyBucket(customers=50_000, inflow=bucket.inflow_to_hold, churn=0.02)
    assert np.allclose(held.to_frame()["customers"], 50_000)
    assert bucket.plot().get_ylim()[0] == 0


def test_win_back_loses_nobody_for_good():
    frame = LeakyBucket(customers=1000, inflow=0, churn=0.1, regain=0.2, periods=200).to_frame()
    # Two buckets that exchange customers settle where what leaks is what comes back.
    assert frame["customers"].iloc[-1] == pytest.approx(1000 * 0.2 / 0.3)
    assert (frame["customers"] <= 1000 + 1e-9).all()


def test_a_bucket_without_a_hole_or_without_a_bottom():
    assert LeakyBucket(10, 1, 0).level == np.inf
    assert LeakyBucket(10, 1, 0).half_life == np.inf
    assert LeakyBucket(10, 1, 1).half_life == 0
    with pytest.raises(ValueError, match="churn must lie in"):
        LeakyBucket(10, 1, 1.2)


def test_the_bucket_is_the_operators(op):
    """Fed with the operator's own flows, the bucket ends where the operator does."""
    course = op.describe()
    bucket = LeakyBucket(
        customers=float(course["customers"].iloc[0]),
        inflow=float((course["new"] + course["returned"]).iloc[1:].mean()),
        churn=float(course["churn_rate"].iloc[:-1].mean()),
        periods=23,
    )
    end = bucket.to_frame()["customers"].iloc[-1]
    assert end == pytest.approx(course["customers"].iloc[-1], rel=0.01)
