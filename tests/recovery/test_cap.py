"""Benefits add up and cost caps are the exact border of what pays."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.recovery import (
    benefits,
    cap_over_time,
    communication_benefit,
    cost_cap,
    net_value,
    offer_cap,
    regain_chance,
    replacement_benefit,
    waiting_cost,
)

chance = st.floats(0.01, 1)
money = st.floats(1, 1000)


@given(money, chance, st.floats(0, 1), st.floats(0, 50), st.floats(0, 1), st.floats(0, 20))
def test_at_the_cap_the_return_is_exactly_the_hurdle(back, p1, part, offer, hurdle, info):
    p0 = p1 * part
    given_ = {"unasked": p0, "information": info}
    cap = cost_cap(back, p1, offer_cost=offer, hurdle=hurdle, **given_)
    if cap > 0:
        net = net_value(back, p1, contact_cost=cap, offer_cost=offer, **given_)
        assert net == pytest.approx(hurdle * (p1 * offer + cap), abs=1e-8)
        dearer = net_value(back, p1, contact_cost=cap + 1, offer_cost=offer, **given_)
        assert dearer < hurdle * (p1 * offer + cap + 1)
    else:
        free = net_value(back, p1, offer_cost=offer, **given_)
        assert free <= hurdle * p1 * offer + 1e-9


@given(money, chance, st.floats(0, 1), st.floats(0, 50), st.floats(0, 1))
def test_at_the_offer_cap_the_return_is_exactly_the_hurdle(back, p1, part, contact, hurdle):
    p0 = p1 * part
    cap = offer_cap(back, p1, unasked=p0, contact_cost=contact, hurdle=hurdle)
    if cap > 0:
        net = net_value(back, p1, unasked=p0, contact_cost=contact, offer_cost=cap)
        assert net == pytest.approx(hurdle * (p1 * cap + contact), abs=1e-7)


@given(money, chance)
def test_the_courses_rule_is_the_special_case(back, p):
    assert cost_cap(back, p) == pytest.approx(p * back)


def test_crediting_those_who_would_return_anyway_raises_the_cap():
    assert cost_cap(100.0, 0.3, unasked=0.25) == pytest.approx(5.0)
    assert cost_cap(100.0, 0.3) == pytest.approx(30.0)
    assert cost_cap(100.0, 0.1, unasked=0.25) == 0.0


def test_nobody_comes_back_means_no_offer():
    assert offer_cap(100.0, 0.0) == 0.0


def test_the_chance_halves_with_each_half_life():
    days = np.array([0, 90, 180])
    np.testing.assert_allclose(regain_chance(0.4, days, half_life=90), [0.4, 0.2, 0.1])
    caps = cap_over_time(200.0, 0.3, days, unasked=0.1, half_life=90)
    np.testing.assert_allclose(caps, [40.0, 20.0, 10.0])


def test_waiting_cost_is_the_slope_of_the_expected_benefit():
    def worth(day):
        p1, p0 = (regain_chance(p, day, half_life=60) for p in (0.3, 0.1))
        return (p1 - p0) * 200.0

    slope = (worth(0) - worth(1e-4)) / 1e-4
    assert waiting_cost(200.0, 0.3, unasked=0.1, half_life=60) == pytest.approx(slope, rel=1e-4)
    assert waiting_cost(200.0, 0.1, unasked=0.3) == 0.0


def test_a_replacement_that_earns_is_not_saved_twice():
    assert replacement_benefit(60.0) == 60.0
    assert replacement_benefit(60.0, replaced=0.5, replacement_value=100.0) == -20.0


def test_word_of_mouth_counts_bad_silenced_and_good_spread():
    worth = communication_benefit(
        told_bad=10, lost_per_telling=0.02, told_good=5, won_per_telling=0.01, clv=200.0
    )
    assert worth == pytest.approx((0.2 + 0.05) * 200)


def test_benefits_stand_side_by_side_and_information_needs_no_return():
    lost = pd.DataFrame({"sltv": [120.0, 80.0], "rep": [60.0, 10.0]}, index=["c1", "c2"])
    table = benefits(
        lost, second_lifetime_value="sltv", replacement="rep", communication=5.0, information=2.0,
        currency="CNY",
    )  # fmt: skip
    assert table["if_back"].tolist() == [185.0, 95.0]
    assert table["information"].tolist() == [2.0, 2.0]
    assert table.attrs["currency"] == "CNY"


def test_customers_keep_their_names_through_the_formulas():
    back = pd.Series([100.0, 50.0], index=["c1", "c2"])
    caps = cost_cap(back, pd.Series([0.3, 0.2], index=["c1", "c2"]), unasked=0.1)
    assert caps.to_dict() == pytest.approx({"c1": 20.0, "c2": 5.0})
    with pytest.raises(ValueError, match="different indexes"):
        cost_cap(back, pd.Series([0.3, 0.2], index=["c2", "c1"]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cost_cap(100.0, 1.3), "chance must lie"),
        (lambda: cost_cap(100.0, 0.3, unasked=-0.1), "unasked must lie"),
        (lambda: cost_cap(100.0, 0.3, offer_cost=-1.0), "offer_cost must lie"),
        (lambda: cost_cap(100.0, 0.3, hurdle=-0.1), "hurdle must lie"),
        (lambda: cost_cap(np.nan, 0.3), "benefit must lie"),
        (lambda: offer_cap(100.0, 0.3, contact_cost=-1.0), "contact_cost must lie"),
        (lambda: regain_chance(0.3, -1), "days must lie"),
        (lambda: regain_chance(0.3, 1, half_life=0), "half_life must lie"),
        (lambda: replacement_benefit(-1.0), "acquisition_cost must lie"),
        (
            lambda: benefits(pd.DataFrame({"second_lifetime_value": [1.0]}), replacement="cac"),
            "lost lacks the column 'cac'",
        ),
    ],
)
def test_impossible_inputs_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
