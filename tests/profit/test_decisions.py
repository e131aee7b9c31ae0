"""Campaign profit, thresholds, savings and curves agree with counting one by one."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.profit import (
    bayes_threshold,
    campaign_profit,
    capacity_threshold,
    churn_costs,
    cost_threshold,
    curve,
    mp,
    savings,
    threshold_from_returns,
    total_cost,
)

share = st.floats(0.01, 0.99)


@given(share, share, share, st.floats(10, 500), st.floats(0, 50), st.floats(0, 5))
def test_campaign_profit_is_the_sum_over_the_three_kinds_of_contacts(a, b, g, clv, d, c):
    n, lift = 1000.0, min(2.0, 1 / b)
    contacted = n * a
    churners = contacted * b * lift
    kept, lost, loyal = churners * g, churners * (1 - g), contacted - churners
    by_hand = kept * (clv - c - d) - lost * c - loyal * (c + d) - 100
    profit = campaign_profit(
        customers=n, share=a, churn_rate=b, lift=lift, success=g, clv=clv,
        incentive_cost=d, contact_cost=c, fixed_cost=100,
    )  # fmt: skip
    assert profit == pytest.approx(by_hand, abs=1e-6)


def test_campaign_profit_matches_the_curve_at_the_same_depth():
    rng = np.random.default_rng(0)
    y = (rng.random(2000) < 0.2).astype(int)
    s = rng.normal(y)
    found = curve(y, s, clv=200.0)
    row = found.table.iloc[399]
    profit = campaign_profit(
        customers=2000, share=row["share"], churn_rate=y.mean(), lift=row["lift"], success=0.3,
        clv=200, incentive_cost=10, contact_cost=1,
    )  # fmt: skip
    assert profit == pytest.approx(row["profit"])
    assert found.best["profit"] / 2000 == pytest.approx(mp(y, s).profit)
    assert found.best["share"] == pytest.approx(mp(y, s).share)


@given(st.floats(20, 900), share, st.floats(0.1, 9), st.floats(0, 15), st.floats(0, 1))
def test_contacting_pays_exactly_from_the_cost_threshold_on(v, g, c, d, u):
    t = cost_threshold(value=v, success=g, contact_cost=c, incentive_cost=d, uptake=u)
    for p in np.linspace(0, 1, 23):
        profit = p * g * (v - d) - (1 - p) * u * d - c
        if abs(profit) > 1e-9:
            assert (profit > 0) == (p > t)


def test_worthless_customers_are_never_contacted():
    value = pd.Series([0.0, 300.0], index=["c1", "c2"])
    t = cost_threshold(value=value, success=0.3, contact_cost=1.0)
    assert np.isinf(t["c1"])
    assert t["c2"] < 0.02


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(0, 45))
def test_capacity_is_used_but_never_exceeded(scores, capacity):
    t = capacity_threshold(scores, capacity)
    chosen = sum(score >= t for score in scores)
    next_group = [score for score in scores if score < t]
    assert chosen <= capacity
    if next_group:
        assert chosen + next_group.count(max(next_group)) > capacity


def test_bayes_threshold_is_the_cost_threshold():
    clv = np.array([50.0, 200.0, 900.0])
    np.testing.assert_allclose(
        bayes_threshold(churn_costs(clv, success=0.25, uptake=0.6)),
        cost_threshold(value=clv, success=0.25, contact_cost=1.0, incentive_cost=10.0, uptake=0.6),
    )


@pytest.mark.skipif(importlib.util.find_spec("empulse") is None, reason="empulse is not installed")
def test_savings_equal_empulse():
    from empulse.metrics import savings_score

    rng = np.random.default_rng(2)
    y = (rng.random(4000) < 0.3).astype(int)
    p = np.clip(rng.normal(0.2 + 0.3 * y, 0.2), 0, 1)
    costs = churn_costs(rng.uniform(30, 800, 4000))
    expected = savings_score(
        y,
        p,
        tp_cost=costs["contact_churner"].to_numpy(),
        fp_cost=costs["contact_loyal"].to_numpy(),
        fn_cost=costs["miss_churner"].to_numpy(),
        tn_cost=costs["leave_loyal"].to_numpy(),
    )
    assert savings(y, p, costs) == pytest.approx(expected, abs=1e-12)


def test_own_thresholds_save_more_than_one_for_all():
    rng = np.random.default_rng(3)
    p = rng.beta(2, 6, 20_000)
    y = (rng.random(20_000) < p).astype(int)
    costs = churn_costs(rng.lognormal(4.5, 1, 20_000))
    own = savings(y, p, costs)
    assert own > max(savings(y, p, costs, threshold=t) for t in np.linspace(0.05, 0.95, 19))


def test_contacting_nobody_or_everybody_are_the_naive_costs():
    y = np.array([1, 0, 0])
    costs = churn_costs([100.0, 100.0, 100.0])
    assert total_cost(y, np.zeros(3), costs) == 100
    assert total_cost(y, np.ones(3), costs) == pytest.approx(1 + 3 + 70 + 22)


def test_lift_of_a_perfect_and_of_a_constant_score():
    y = np.repeat([1, 0], [25, 75])
    assert curve(y, y.astype(float)).lift_at(0.25) == pytest.approx(4.0)
    flat = curve(y, np.zeros(100))
    assert len(flat.table) == 1
    assert flat.lift_at(0.1) == pytest.approx(1.0)


def test_curve_table_has_tenths_and_plots_each_kind():
    rng = np.random.default_rng(0)
    y = (rng.random(500) < 0.2).astype(int)
    found = curve(y, rng.normal(y), clv=100.0)
    assert found.to_frame()["share"].round(3).tolist() == [x / 10 for x in range(1, 11)]
    assert found.table["gain"].iloc[-1] == 1.0
    for kind in ("gain", "lift", "profit"):
        assert len(found.plot(kind=kind).get_lines()) >= 2
    with pytest.raises(ValueError, match="There is no profit"):
        curve(y, rng.normal(y)).plot(kind="profit")


def test_realized_returns_find_the_planted_threshold():
    rng = np.random.default_rng(7)
    s = rng.random(20_000)
    outcomes = pd.DataFrame({"score": s, "net_return": 100 * (s - 0.4) + rng.normal(0, 40, 20_000)})
    assert threshold_from_returns(outcomes, smallest_group=200) == pytest.approx(0.4, abs=0.03)


def test_returns_that_never_paid_contact_nobody():
    outcomes = pd.DataFrame({"score": np.linspace(0, 1, 100), "net_return": -1.0})
    assert threshold_from_returns(outcomes) == np.inf
    assert threshold_from_returns(outcomes, default=0.9) == 0.9
    with pytest.raises(ValueError, match="too few"):
        threshold_from_returns(outcomes.head(5))


def test_equal_scores_share_one_side_of_the_threshold():
    outcomes = pd.DataFrame(
        {"score": [0.2] * 50 + [0.7] * 50, "net_return": [-1.0] * 50 + [2.0] * 50}
    )
    assert threshold_from_returns(outcomes, smallest_group=30) == 0.7


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: churn_costs([100.0], contact_cost=-1.0), "contact_cost must lie"),
        (lambda: churn_costs([100.0], success=1.5), "success must lie"),
        (lambda: savings([1, 0], [0.5, 1.5], churn_costs([1.0, 1.0])), "y_proba must lie"),
        (
            lambda: savings([1, 0, 1], [0.5, 0.1, 0.2], churn_costs([1.0, 1.0])),
            "costs has 2 rows",
        ),
        (lambda: total_cost([1, 0], [1, 0], pd.DataFrame({"contact_churner": [1]})), "costs lacks"),
        (lambda: cost_threshold(value=1, success=2, contact_cost=1), "success must lie"),
        (lambda: capacity_threshold([0.1], -1), "capacity must lie"),
        (
            lambda: campaign_profit(
                customers=1,
                share=0.5,
                churn_rate=0.5,
                lift=3,
                success=0.1,
                clv=1,
                incentive_cost=0,
                contact_cost=0,
            ),
            "churn_rate x lift",
        ),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
