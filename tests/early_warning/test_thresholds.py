"""A threshold is where the contact begins to pay; what is learned moves it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.early_warning import (
    Capacity,
    Cost,
    Economics,
    History,
    alarm_profit,
    break_even_risk,
    compare_thresholds,
    learn_success,
)

money = st.floats(0, 1000)
share = st.floats(0, 1)
economics = st.builds(Economics, contact=money, offer=money, success=share, taken=share)


@given(st.floats(0, 10_000), economics)
def test_the_break_even_risk_is_the_root_of_the_profit(value, e):
    risk = break_even_risk(value, e).item()
    if np.isfinite(risk):
        scale = 1 + e.contact + e.offer + value
        assert alarm_profit(risk, value, e).item() == pytest.approx(0, abs=1e-9 * scale)
        assert alarm_profit(min(risk + 0.01, 1), value, e).item() >= -1e-9 * scale
    else:
        # Even certain loss does not pay.
        assert alarm_profit(1, value, e).item() <= 1e-9


def test_without_an_offer_the_threshold_is_contact_cost_over_saved_value():
    e = Economics(contact=6, success=0.3)
    assert break_even_risk([600.0], e)[0] == pytest.approx(6 / (0.3 * 600))


@given(st.integers(0, 10**6))
def test_profit_summed_over_the_targeted_is_that_of_neslin(seed):
    rng = np.random.default_rng(seed)
    n, clv, c, d, g = 50, 400.0, 2.0, 30.0, 0.25
    lost = rng.random(n) < 0.4
    e = Economics(contact=c, offer=d, success=g, taken=1.0)
    b = lost.mean()
    neslin = n * (b * g * (clv - c - d) + b * (1 - g) * -c + (1 - b) * (-c - d))
    assert alarm_profit(lost, np.full(n, clv), e).sum() == pytest.approx(neslin)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(0, 70))
def test_capacity_takes_exactly_the_worst(risk, cases):
    chosen = Capacity(cases).decide(risk, np.ones(len(risk)))
    assert chosen.sum() == min(cases, len(risk))
    left, taken = np.array(risk)[~chosen], np.array(risk)[chosen]
    assert not len(left) or not len(taken) or taken.min() >= left.max()


def test_capacity_with_economics_calls_nobody_at_a_loss():
    e = Economics(contact=10)
    risk, value = np.array([0.9, 0.5, 0.1]), np.array([10.0, 100.0, 1000.0])
    assert Capacity(3, e).decide(risk, value).tolist() == [False, True, True]
    assert (Capacity(3, e).decide(risk, value) == Cost(e).decide(risk, value)).all()


def test_history_alarms_for_as_many_as_its_quantile_leaves():
    rng = np.random.default_rng(0)
    threshold = History(0.95).fit(rng.random(100_000))
    assert threshold.decide(rng.random(100_000), np.ones(100_000)).mean() == pytest.approx(
        0.05, abs=0.003
    )


def test_history_without_a_history_says_what_to_do():
    with pytest.raises(ValueError, match="fit it to the risks of a history"):
        History(0.9).decide([0.5], [1.0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Economics(success=1.5), r"success must lie in \[0, 1\]"),
        (lambda: Economics(contact=-1), "contact must lie"),
        (lambda: History(95), "quantile must lie"),
        (lambda: Capacity(2.5), "cases must be a whole number"),
    ],
)
def test_a_parameter_out_of_range_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_cost_threshold_has_the_best_expected_profit_of_all():
    rng = np.random.default_rng(1)
    risk, value = rng.beta(1, 20, 5000), rng.gamma(2, 300, 5000)
    e = Economics(contact=8, offer=20)
    rules = {"cost": Cost(e), "capacity": Capacity(400), "history": History(0.9).fit(risk)}
    lost = rng.random(5000) < risk
    result = compare_thresholds(risk, value, rules, e, lost)
    assert result.table["expected_profit"].idxmax() == "cost"
    assert result.curve.max() == pytest.approx(
        result.table.loc["cost", "expected_profit"], rel=0.01
    )
    capacity = Capacity(400).decide(risk, value)
    assert result.table.loc["capacity", "precision"] == pytest.approx(lost[capacity].mean())
    assert result.plot().get_xlabel() == "alarms"


def outcomes(n1, k1, n0, k0):
    lost = [1] * k1 + [0] * (n1 - k1) + [1] * k0 + [0] * (n0 - k0)
    return pd.DataFrame({"treated": [True] * n1 + [False] * n0, "lost": lost})


def test_with_many_outcomes_the_success_rate_is_that_of_the_outcomes():
    learned = learn_success(outcomes(50_000, 5000, 50_000, 10_000))
    assert learned.mean == pytest.approx(0.5, abs=0.02)
    assert learned.low < learned.mean < learned.high
    before = Economics(contact=5)
    after = learned.update(before)
    assert break_even_risk(100, after) < break_even_risk(100, before)


def test_with_few_outcomes_the_success_rate_stays_near_the_prior():
    assert learn_success(outcomes(3, 1, 3, 1)).mean == pytest.approx(0.3, abs=0.06)


def test_without_a_control_group_nothing_is_learned():
    with pytest.raises(ValueError, match="left alone by chance"):
        learn_success(pd.DataFrame({"treated": [True, True], "lost": [0, 1]}))
