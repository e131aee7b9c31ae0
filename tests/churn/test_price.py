"""Elasticities, fairness and best prices agree with closed forms and with the operator's truth."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from crmlib.churn import best_price, churn_elasticity, price_fairness

mpl.use("Agg")


def test_two_prices_have_a_closed_form():
    """Two groups: b is the difference of log odds over that of log prices."""
    rows = pd.DataFrame(
        {"price": [40.0] * 1000 + [50.0] * 500, "left": [1] * 80 + [0] * 920 + [1] * 60 + [0] * 440}
    )
    result = churn_elasticity(rows, "left", "price")
    p, n = np.array([0.08, 0.12]), np.array([1000, 500])
    b = np.diff(np.log(p / (1 - p)))[0] / np.log(50 / 40)
    wanted = b * (n * p * (1 - p)).sum() / (n * p).sum()
    assert result.table.loc["price", "elasticity"] == pytest.approx(wanted)
    assert result.rate == pytest.approx(140 / 1500)
    assert result.curve.loc[1.0, "value"] == pytest.approx(140 / 1500)
    assert np.isnan(result.relative_p)
    # The curve's slope at today's price is the elasticity.
    slope = np.log(result.curve.loc[1.025, "value"] / result.curve.loc[0.975, "value"])
    assert slope / np.log(1.025 / 0.975) == pytest.approx(wanted, rel=0.01)


def test_planted_elasticities_are_found_and_the_ratio_is_tested():
    rng = np.random.default_rng(0)
    n = 40_000
    own, other = 50 * np.exp(rng.normal(0, 0.2, (2, n)))
    results = {}
    for cross in (-2.0, -0.5):
        p = expit(-2.5 + 2.0 * np.log(own / 50) + cross * np.log(other / 50))
        rows = pd.DataFrame({"own": own, "other": other, "left": rng.random(n) < p})
        result = churn_elasticity(rows, "left", "own", "other")
        truth = np.array([2.0, cross]) * (p * (1 - p)).mean() / p.mean()
        assert (np.abs(result.table["elasticity"] - truth) < 3.5 * result.table["se"]).all()
        results[cross] = result
    assert results[-2.0].relative_p > 0.001
    assert results[-0.5].relative_p < 1e-6


def test_the_operators_elasticity_is_the_planted_one(op):
    """Only the cause "price" heeds the gap, with 2.5 times the sensitivity: a known elasticity.

    The mean over losses of b s 1(cause is price) estimates the elasticity of the mean hazard.
    """
    months = op.truth.months.dropna(subset=["hazard"])
    data = months.merge(op.months[["month", "customer_id", "bill", "discount"]]).query("bill > 0")
    data = data.merge(op.truth.customers[["customer_id", "price_sensitivity"]])
    losses = op.truth.losses.query("life == 1")
    data = data.merge(losses[["month", "customer_id"]].assign(left=1), how="left")
    data = data.fillna({"left": 0})
    data["reference"] = data["bill"] * np.exp(data["price_gap"])
    data["promoted"] = data["discount"] > 0
    result = churn_elasticity(
        data,
        "left",
        "bill",
        "reference",
        ["satisfaction", "price_sensitivity", "promoted"],
        cluster="customer_id",
    )
    parameters = op.truth.parameters.set_index("parameter")["value"]
    slope = float(parameters["churn.price_gap"])
    sensitive = op.truth.customers.set_index("customer_id")["price_sensitivity"]
    each = slope * losses["customer_id"].map(sensitive) * (losses["cause"] == "price")
    row = result.table.loc["bill"]
    error = np.hypot(row["se"], each.std() / np.sqrt(len(each)))
    assert abs(row["elasticity"] - each.mean()) < 3.5 * error
    assert row["low"] > 0


def test_unfair_prices_cost_what_was_planted():
    rng = np.random.default_rng(1)
    n = 40_000
    gap = rng.normal(0.05, 0.2, n)
    above, below = np.maximum(gap, 0), np.maximum(-gap, 0)
    p = expit(-2.5 + 3 * above - 1 * below)
    rows = pd.DataFrame(
        {
            "paid": 40 * np.exp(gap),
            "new": 40.0,
            "left": rng.random(n) < p,
            "region": rng.integers(3, size=n),
        }
    ).astype({"region": "category"})
    result = price_fairness(rows, "left", "paid", "new", ["region"])
    scale = (p * (1 - p)).mean() / p.mean()
    truth = np.array([3, -1, 2]) * scale
    assert (np.abs(result.table["elasticity"] - truth) < 3.5 * result.table["se"]).all()
    saved = p.mean() - expit(-2.5 - 1 * below).mean()
    row = result.penalty.loc["penalty"]
    assert abs(row["value"] - saved) < 3.5 * row["se"]
    assert result.penalty.loc["as it is", "value"] == pytest.approx(rows["left"].mean())
    assert result.share_above == pytest.approx((gap > 0).mean())
    assert result.plot().get_xlabel() == "churn rate"


def test_without_discounting_the_best_price_is_lerners():
    for price, churn in ((50, 0.015), (40, 0.03)):
        best = best_price(20, price, churn, elasticity=1.6)
        assert best.price == pytest.approx(20 * 1.6 / 0.6)
        assert best.markup == pytest.approx(1 / 1.6)


@settings(max_examples=60)
@given(
    st.floats(5, 40),
    st.floats(0.005, 0.05),
    st.floats(1.2, 3),
    st.floats(0, 0.01),
)
def test_no_other_price_is_worth_more(cost, churn, elasticity, discount_rate):
    try:
        best = best_price(cost, 50, churn, elasticity, discount_rate)
    except ValueError:
        # Only where the best price lies beyond the one at which everybody leaves.
        top = 50 * churn ** (-1 / elasticity)
        assert (top - cost) / top <= (1 + discount_rate) / elasticity + 1e-9
        return
    assert best.value >= best.curve["value"].max() * (1 - 1e-9)
    assert best.markup == pytest.approx((1 + discount_rate / best.churn) / elasticity)


def test_the_value_is_the_lifetime_value_of_a_constant_margin():
    best = best_price(20, 50, 0.015, 1.6, 0.01)
    months = np.arange(20_000)
    margins = (best.price - 20) * ((1 - best.churn) / 1.01) ** months
    assert best.value == pytest.approx(margins.sum())


def test_rising_churn_presses_the_price_down():
    """The other direction: as churn rises, the best price falls, if the future is discounted."""
    prices = [best_price(20, 50, churn, 1.6, 0.01).price for churn in (0.01, 0.02, 0.04)]
    assert prices[0] > prices[1] > prices[2] > 20 * 1.6 / 0.6


def test_prices_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="elasticity must be above 1"):
        best_price(20, 50, 0.015, 1.0)
    with pytest.raises(ValueError, match="no best price below"):
        best_price(20, 50, 0.5, 1.05)
    rows = pd.DataFrame({"price": [0.0, 1, 2, 3], "new": [1.0, 2, 3, 4], "left": [0, 1, 0, 1]})
    with pytest.raises(ValueError, match="'price' must be above 0; 1 rows are not"):
        churn_elasticity(rows, "left", "price")
    with pytest.raises(ValueError, match="Nobody pays a price above"):
        price_fairness(rows.iloc[1:], "left", "price", "new")


def test_plots_say_what_they_show():
    assert best_price(20, 50, 0.015, 1.6).plot().get_xlabel() == "price a month"
    rows = pd.DataFrame({"price": [40.0] * 50 + [50.0] * 50, "left": [1, 0, 0, 0, 0] * 20})
    rows.loc[99, "left"] = 1
    assert churn_elasticity(rows, "left", "price").plot().get_ylabel() == "churn rate"
