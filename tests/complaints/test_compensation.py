"""Compensation: the best amount is the best, the cap is where it stops to pay, a budget is kept."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar

from crmlib.complaints import (
    best_compensation,
    churn_hazard,
    compensation_cap,
    compensation_gain,
    compensation_plan,
    complaint_panel,
)
from crmlib.data import simulate

values = st.floats(1, 5_000)
risks = st.floats(0.001, 1)
responses = st.floats(0.001, 0.5)


@given(values, risks, responses)
def test_the_closed_form_is_the_maximum(value, risk, response):
    best = float(best_compensation(value, risk, response))
    gain = float(compensation_gain(best, value, risk, response))
    search = minimize_scalar(
        lambda m: -float(compensation_gain(m, value, risk, response)),
        bounds=(0, value), method="bounded", options={"xatol": 1e-9},
    )  # fmt: skip
    assert gain >= -search.fun - 1e-6
    assert gain >= 0
    if best > 0:
        assert best == pytest.approx(search.x, abs=1e-3)


@given(values, risks, responses, st.floats(0, 2))
def test_the_cap_is_where_the_hurdle_rate_is_just_earned(value, risk, response, hurdle):
    cap = float(compensation_cap(value, risk, response, hurdle=hurdle))

    def net(m):
        return -value * risk * np.expm1(-response * m) - (1 + hurdle) * m

    if value * risk * response <= 1 + hurdle:
        assert cap == 0
        assert net(1e-6) <= 1e-12
    elif value * risk * response > 1.01 * (1 + hurdle):
        turn = np.log(value * risk * response / (1 + hurdle)) / response
        assert cap == pytest.approx(brentq(net, turn, value * risk + 1), rel=1e-6)


@given(values, risks, responses)
def test_the_best_amount_stays_below_the_cap_and_the_cap_below_the_value_at_risk(
    value, risk, response
):
    best = best_compensation(value, risk, response)
    cap = compensation_cap(value, risk, response)
    assert best <= cap + 1e-9
    assert cap <= value * risk + 1e-9


def people(seed, n):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "value": rng.lognormal(6, 0.8, n),
            "risk": rng.beta(2, 6, n),
            "response": rng.uniform(0.005, 0.08, n),
        },
        index=[f"c{i}" for i in range(n)],
    )


def test_without_a_budget_everyone_gets_the_best_amount():
    frame = people(0, 200)
    plan = compensation_plan(frame)
    assert plan.price == 0
    assert plan.table["amount"].to_numpy() == pytest.approx(
        best_compensation(frame["value"], frame["risk"], frame["response"])
    )
    assert (plan.table["gain"] >= -1e-9).all()
    assert (plan.table.loc[plan.table["amount"] == 0, "limited by"] == "not worth it").all()


def test_a_budget_is_spent_to_the_end_and_no_shift_between_two_customers_helps():
    frame = people(1, 60)
    free = compensation_plan(frame).table["amount"]
    budget = 0.4 * free.sum()
    plan = compensation_plan(frame, budget=budget)
    amount = plan.table["amount"]
    assert amount.sum() == pytest.approx(budget)
    assert plan.price > 0
    total = plan.table["gain"].sum()
    rng = np.random.default_rng(2)
    for _ in range(300):
        a, b = rng.choice(len(frame), 2, replace=False)
        shift = min(amount.iloc[a], rng.exponential(3))
        tried = amount.to_numpy().copy()
        tried[a] -= shift
        tried[b] += shift
        gain = compensation_gain(tried, frame["value"], frame["risk"], frame["response"]).sum()
        assert gain <= total + 1e-6
    assert set(plan.table["limited by"]) <= {"budget", "not worth it"}


def test_caps_from_outside_are_never_exceeded_and_named():
    frame = people(3, 100).assign(cap=20.0)
    frame.loc["c0", "cap"] = 0.0
    plan = compensation_plan(frame.assign(most=15.0), step=5)
    assert plan.table["amount"].max() == 15
    assert plan.table.loc["c0", "amount"] == 0
    assert (plan.table["amount"] % 5 == 0).all()
    assert "cap" in set(plan.table["limited by"])
    assert "step" in set(plan.table["limited by"])
    assert compensation_plan(frame, hurdle=3).table["amount"].sum() < plan.table["amount"].sum()


def test_who_is_worth_little_or_cannot_be_moved_gets_nothing():
    frame = pd.DataFrame(
        {"value": [1_000, 10, 1_000, 1_000], "risk": [0.3, 0.3, 0.3, 0.0],
         "response": [0.05, 0.05, 0.0, 0.05]}
    )  # fmt: skip
    assert (compensation_plan(frame).table["amount"] > 0).tolist() == [True, False, False, False]


def test_the_effect_of_paying_is_the_one_the_simulator_planted():
    """Same customers, same luck: all paid against none paid is the truth, half paid the data."""
    worlds = {
        share: simulate(
            customers=20_000, months=12, random_state=11,
            scenario={"complaints": {"registered": 1.0, "compensated": share},
                      "incidents": {"network": 0.08, "billing": 0.03}},
        )
        for share in (0.0, 0.5, 1.0)
    }  # fmt: skip
    keys = ["customer_id", "month"]
    said = worlds[0.0].complaints[keys].drop_duplicates()
    hazard = {
        share: said.merge(worlds[share].truth.months, on=keys)["hazard"].mean()
        for share in (0.0, 1.0)
    }
    truth = np.log(hazard[1.0] / hazard[0.0])
    assert truth < -0.05, "paying helps"
    data = worlds[0.5]
    losses = data.truth.losses[data.truth.losses["life"] == 1]
    panel = complaint_panel(data.months, data.complaints, losses, memory=0)
    paid = data.complaints.groupby(keys)["compensation"].max().gt(0).rename("paid")
    panel = panel.merge(paid.astype(float).reset_index(), on=keys)
    found = churn_hazard(panel, ["paid"]).effects.loc["paid"]
    assert np.log(found["low"]) < truth < np.log(found["high"])
    assert found["hazard ratio"] < 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"risk": 1.2}, r"risk must lie in \[0, 1\]"),
        ({"value": -1.0}, "value must lie"),
        ({"response": np.nan}, "response must lie"),
        ({"cap": -5.0}, "cap must lie"),
    ],
)
def test_impossible_complainants_are_refused_with_their_name(change, message):
    frame = people(0, 3).assign(cap=10.0)
    frame.loc["c1", list(change)] = list(change.values())
    with pytest.raises(ValueError, match=f"{message}.*'c1'"):
        compensation_plan(frame)


def test_a_plan_has_a_title_and_a_plot_and_refuses_a_negative_budget():
    plan = compensation_plan(people(0, 50), budget=100)
    assert plan.plot().get_xlabel() == "compensation paid"
    assert repr(plan).startswith("Pay ")
    with pytest.raises(ValueError, match="budget must lie"):
        compensation_plan(people(0, 50), budget=-1)
    with pytest.raises(ValueError, match="lacks the column 'risk'"):
        compensation_plan(people(0, 50).drop(columns="risk"))
