"""Lifetime values equal the sums they stand for, and five points are worth what they are."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.value import (
    clv,
    leverage_table,
    margin_by_tenure,
    residual_survival,
    retention_leverage,
    second_lifetime_value,
    survival_clv,
)

rates = st.floats(0.0, 0.95)
discounts = st.floats(0.03, 0.5)


def long_sum(m, r, i, g, first, periods=3000):
    kept = (r * (1 + g) / (1 + i)) ** np.arange(periods)
    return m * kept.sum() * (r / (1 + i) if first == "end" else 1.0)


@given(
    st.floats(-50, 200), rates, discounts, st.floats(-0.3, 0.03), st.sampled_from(["end", "start"])
)
def test_closed_form_is_the_sum_of_discounted_margins(m, r, i, g, first):
    expected = long_sum(m, r, i, g, first)
    assert clv(m, r, discount=i, growth=g, first=first) == pytest.approx(expected, abs=1e-6)


@given(rates, discounts, st.integers(1, 40), st.sampled_from(["end", "start"]))
def test_horizon_cuts_the_sum(r, i, periods, first):
    expected = long_sum(1.0, r, i, 0.0, first, periods)
    assert clv(1.0, r, discount=i, periods=periods, first=first) == pytest.approx(expected)


def test_horizon_without_discount_counts_the_margins():
    assert clv(2.0, 1.0, discount=0.0, periods=7) == pytest.approx(14.0)


def test_known_multiple_at_80_percent_and_10_percent():
    assert clv(1.0, 0.8, discount=0.1) == pytest.approx(8 / 3)
    assert clv(1.0, 0.8, discount=0.1, acquisition_cost=2) == pytest.approx(2 / 3)


@given(st.floats(0.05, 0.9), discounts, st.floats(0.01, 1))
def test_flat_curve_of_powers_gives_the_closed_form(r, i, m):
    t = np.arange(1, 2001)
    assert survival_clv(m, r**t, discount=i) == pytest.approx(clv(m, r, discount=i))


def test_growing_margin_along_a_curve_equals_growth_in_the_closed_form():
    m = margin_by_tenure(10.0, 0.02, 2000)
    curve = 0.8 ** np.arange(1, 2001)
    assert survival_clv(m, curve, discount=0.1) == pytest.approx(
        clv(10.0, 0.8, discount=0.1, growth=0.02)
    )


def test_five_points_of_retention_with_flat_margins_are_worth_20_to_41_percent():
    gains = [retention_leverage(r, discount=0.10) for r in (0.6, 0.7, 0.8, 0.85, 0.9)]
    np.testing.assert_allclose(gains, [0.204, 0.224, 0.275, 0.324, 0.407], atol=5e-4)


def test_the_range_of_flat_margins_is_19_to_41_percent():
    gains = [
        retention_leverage(r, discount=i) for r in np.linspace(0.6, 0.9, 7) for i in (0.10, 0.15)
    ]
    assert (round(min(gains), 2), round(max(gains), 2)) == (0.19, 0.41)


def test_five_points_read_as_a_share_of_the_rate_are_worth_less():
    assert retention_leverage(0.8, discount=0.1, kind="relative") == pytest.approx(
        (0.84 / 0.26) / (0.8 / 0.3) - 1
    )


def test_rising_margins_lift_the_leverage_beyond_70_percent():
    assert retention_leverage(0.9, discount=0.1) < 0.45
    assert retention_leverage(0.9, discount=0.1, growth=0.07) > 0.70
    table = leverage_table()
    assert table.loc[0.9].is_monotonic_increasing
    assert (table.diff().iloc[1:] > 0).all().all()


def test_table_leaves_out_what_has_no_limit():
    assert np.isnan(leverage_table([0.98], [0.0]).loc[0.98, 0.0])
    assert np.isnan(leverage_table([0.9], [0.2]).loc[0.9, 0.2])


def test_residual_curve_is_conditional_on_having_stayed():
    curve = np.array([0.9, 0.6, 0.3, 0.0])
    np.testing.assert_allclose(residual_survival(curve, 0), curve)
    np.testing.assert_allclose(residual_survival(curve, [1, 2])[1], [0.5, 0, 0, 0])
    with pytest.raises(ValueError, match="survival is 0 at a given tenure"):
        residual_survival([0.5, 0.0, 0.0], 2)


def test_second_lifetime_value_counts_the_resumed_relation_only():
    assert second_lifetime_value(30.0, retention=0.6, discount=0.1) == pytest.approx(36.0)
    t = np.arange(1, 400)
    assert second_lifetime_value(30.0, survival=0.6**t, discount=0.1) == pytest.approx(36.0)
    with pytest.raises(ValueError, match="either retention or survival"):
        second_lifetime_value(30.0, discount=0.1)


def test_customers_keep_their_names():
    customers = pd.Index(["c1", "c2"], name="customer")
    margin = pd.Series([10.0, 20.0], index=customers)
    worth = second_lifetime_value(margin, retention=0.6, discount=0.1)
    assert worth.index.equals(customers)
    assert worth.name == "second_lifetime_value"
    curves = pd.DataFrame([[0.9, 0.8], [0.5, 0.1]], index=customers, columns=[1, 2])
    np.testing.assert_allclose(survival_clv(margin, curves, discount=0.0), [17.0, 12.0])


def test_customers_in_another_order_are_refused_not_mispaired():
    margin = pd.Series([10.0, 20.0], index=["c1", "c2"])
    retention = pd.Series([0.5, 0.6], index=["c2", "c1"])
    with pytest.raises(ValueError, match="different indexes"):
        clv(margin, retention, discount=0.1)


def test_kaplan_meier_curve_of_lifelines_gives_the_value():
    lifelines = pytest.importorskip("lifelines")
    rng = np.random.default_rng(3)
    duration = np.ceil(rng.exponential(8, 3000))
    fitted = lifelines.KaplanMeierFitter().fit(np.minimum(duration, 12), duration < 12)
    curve = fitted.survival_function_at_times(np.arange(1, 12)).to_numpy()
    expected = np.exp(-np.arange(1, 12) / 8) @ (1.01 ** -np.arange(1.0, 12))
    assert survival_clv(1.0, curve, discount=0.01) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clv(1.0, 1.2, discount=0.1), "retention must lie in"),
        (lambda: clv(1.0, 0.9, discount=-0.1), "discount must lie in"),
        (lambda: clv(1.0, 1.0, discount=0.0), "must lie in .*1\\)"),
        (lambda: clv(1.0, 0.9, discount=0.1, growth=0.3), "growth"),
        (lambda: clv(1.0, 0.9, discount=0.1, first="middle"), "first must be one of"),
        (lambda: clv("12", 0.9, discount=0.1), "margin must be numeric"),
        (lambda: clv([1.0, np.inf], 0.9, discount=0.1), "first at position 1 with inf"),
        (lambda: survival_clv(1.0, [0.5, 0.6], discount=0.1), "must not rise"),
        (lambda: survival_clv(np.ones(3), np.ones((3, 3)), discount=0.1), "give a Series"),
        (lambda: survival_clv(np.ones(4), np.ones((3, 2)), discount=0.1), "does not fit"),
        (lambda: retention_leverage(0.97, discount=0.1), "improved retention"),
        (lambda: residual_survival([0.5], 1.5), "tenure"),
    ],
)
def test_impossible_inputs_are_refused_by_name(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
