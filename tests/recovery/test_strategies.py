"""Effort peaks where its last unit pays back one, and strategies conserve customers."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from crmlib.recovery import (
    Strategy,
    compare_strategies,
    optimal_effort,
    regain_profit,
    regain_ratio,
)

SEGMENTS = pd.DataFrame(
    {
        "customers": [100.0, 400.0, 1000.0],
        "second_lifetime_value": [600.0, 150.0, 30.0],
        "offer_cost": [60.0, 20.0, 10.0],
        "ceiling": [0.5, 0.4, 0.3],
        "scale": [30.0, 10.0, 8.0],
    },
    index=["key", "ordinary", "small"],
)


def test_the_closed_optimum_is_the_numerical_one():
    found = optimal_effort(SEGMENTS)
    best = minimize(
        lambda c: -regain_profit(SEGMENTS, pd.Series(np.abs(c), index=SEGMENTS.index)),
        [10.0, 10.0, 1.0],
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-8, "maxiter": 4000},
    )
    assert found["profit"].sum() == pytest.approx(-best.fun, rel=1e-8)
    np.testing.assert_allclose(found["effort"], np.abs(best.x), atol=1e-3)
    assert found.loc["small", "effort"] == 0.0
    assert regain_profit(SEGMENTS, found["effort"]) == pytest.approx(found["profit"].sum())


def test_a_budget_is_spent_where_the_last_unit_brings_the_same():
    free = optimal_effort(SEGMENTS)
    tight = optimal_effort(SEGMENTS, budget=free["cost"].sum() / 2)
    assert tight["cost"].sum() == pytest.approx(free["cost"].sum() / 2)
    price = tight.attrs["price"]
    used = tight[tight["effort"] > 0]
    margin = SEGMENTS["second_lifetime_value"] - SEGMENTS["offer_cost"]
    slope = SEGMENTS["ceiling"] / SEGMENTS["scale"] * np.exp(-tight["effort"] / SEGMENTS["scale"])
    np.testing.assert_allclose((slope * margin).loc[used.index], 1 + price)
    assert price > 0 == free.attrs["price"]
    assert optimal_effort(SEGMENTS, budget=0.0)["cost"].sum() == pytest.approx(0.0, abs=1e-6)


def test_regain_ratio_starts_at_nothing_and_stays_below_the_ceiling():
    ratio = regain_ratio(np.array([0.0, 10.0, 1e4]), ceiling=0.4, scale=10.0)
    assert ratio[0] == 0.0
    assert ratio[1] == pytest.approx(0.4 * (1 - np.exp(-1)))
    assert ratio[2] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ceiling": 1.4}, "ceiling.*must lie"),
        ({"scale": 0.0}, "scale.*must lie"),
        ({"customers": -1.0}, "customers.*must lie"),
        ({"offer_cost": -1.0}, "offer_cost.*must lie"),
    ],
)
def test_impossible_segments_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        optimal_effort(SEGMENTS.assign(**change))
    with pytest.raises(ValueError, match="budget must lie"):
        optimal_effort(SEGMENTS, budget=-1.0)


PRICE = Strategy("price", 0.10, 0.90, 12.0, spill_over=500.0)
SERVICE = Strategy("service", 0.06, 0.98, 25.0, ramp_months=6, setup_cost=20_000.0)


def test_price_is_fast_and_service_lasts():
    found = compare_strategies([PRICE, SERVICE], lost=1_000)
    back = found.wide("back")
    assert back.loc[3, "price"] > 2 * back.loc[3, "service"]
    assert back.loc[36, "service"] > 2 * back.loc[36, "price"]
    month = found.overtakes("service", "price")
    value = found.wide("value")
    assert (value.loc[month:, "service"] > value.loc[month:, "price"]).all()
    assert value.loc[month - 1, "service"] <= value.loc[month - 1, "price"]
    assert found.overtakes("price", "service") is None


def test_customers_are_conserved_and_value_is_discounted_profit():
    found = compare_strategies([Strategy("keep", 0.2, 1.0, 10.0)], lost=500, months=12).months
    np.testing.assert_allclose(found["lost"] + found["back"], 500)
    np.testing.assert_allclose(found["lost"], 500 * 0.8 ** np.arange(1, 13))
    expected = (found["profit"].to_numpy() / 1.01 ** np.arange(1, 13)).cumsum()
    np.testing.assert_allclose(found["value"], expected)


def test_strategies_are_checked_and_drawn():
    with pytest.raises(ValueError, match="retention of 'x' must lie"):
        Strategy("x", 0.1, 1.2, 1.0)
    with pytest.raises(ValueError, match="different names"):
        compare_strategies([PRICE, PRICE], lost=10)
    found = compare_strategies([PRICE, SERVICE], lost=1_000, months=6)
    with pytest.raises(ValueError, match="none of the strategies"):
        found.overtakes("gift", "price")
    assert {text.get_text() for text in found.plot().texts} == {"price", "service"}
    assert found.to_frame().index.tolist() == ["price", "service"]
