"""The whole chain on a simulated base: each step takes what the one before gives."""

import numpy as np
import pandas as pd
import pytest

from crmlib import profit, recovery, value


@pytest.fixture(scope="module")
def base():
    rng = np.random.default_rng(0)
    n = 4_000
    index = pd.Index([f"c{i}" for i in range(n)], name="customer")
    lost = pd.DataFrame(
        {
            "margin": rng.lognormal(2.5, 0.7, n),
            "retention": rng.beta(18, 2, n),
            "days": rng.integers(0, 200, n),
            "unasked": rng.beta(1, 15, n),
            "fraud": rng.random(n) < 0.03,
            "competitor_bonus": np.where(rng.random(n) < 0.15, 200.0, 0.0),
            "complaints": rng.poisson(0.7, n),
            "ported_out": rng.random(n) < 0.5,
        },
        index=index,
    )
    lost.attrs["currency"] = "CNY"
    return lost


def test_loss_to_value_to_cap_to_plan_to_tasks_to_return_to_threshold(base, tmp_path):
    types = recovery.classify_loss(base)
    worth = value.second_lifetime_value(base["margin"], retention=base["retention"], discount=0.01)
    segments = recovery.segment(worth, types, currency="CNY")
    assert not segments.customers.loc[base["fraud"], "treat"].any()
    gains = recovery.benefits(
        worth.to_frame(), replacement=recovery.replacement_benefit(80.0, replaced=0.5),
        communication=10.0, information=1.0, currency="CNY",
    )  # fmt: skip
    offers = pd.DataFrame(
        {"contact_cost": [1.0, 6.0], "offer_cost": [0.0, 40.0], "spill_over": [0.0, 3.0]},
        index=["letter", "call"],
    )
    lift = np.array([0.03, 0.18])
    fading = recovery.regain_chance(1.0, base["days"], half_life=90.0)
    chances = pd.DataFrame(
        base["unasked"].to_numpy()[:, None]
        + (1 - base["unasked"].to_numpy()[:, None]) * lift * np.asarray(fading)[:, None],
        index=base.index,
        columns=offers.index,
    )
    lost = gains.assign(unasked=base["unasked"], treat=segments.customers["treat"])
    made = recovery.plan(lost, offers, chances, budget=12_000.0)
    assert made.currency == "CNY"
    assert made.allocation.gap < 1e-4
    chosen = made.selected

    # The plan spends no more on anybody than the cost cap allows.
    offer_cost = offers["offer_cost"].reindex(chosen["offer"]).to_numpy()
    spill = offers["spill_over"].reindex(chosen["offer"]).to_numpy()
    cap = recovery.cost_cap(
        gains.loc[chosen.index, "if_back"],
        chosen["chance"],
        unasked=base.loc[chosen.index, "unasked"],
        offer_cost=offer_cost + spill,
        information=1.0,
    )
    contact = offers["contact_cost"].reindex(chosen["offer"]).to_numpy()
    assert (cap.to_numpy() >= contact - 1e-9).all()

    tasks = recovery.schedule(
        made,
        start="2024-03-04",
        tier=segments.customers["tier"],
        urgency=recovery.waiting_cost(
            gains.loc[chosen.index, "if_back"], chosen["chance"],
            unasked=base.loc[chosen.index, "unasked"],
        ),
        contacts_per_day=100,
    )  # fmt: skip
    assert tasks.tasks["customer"].nunique() == len(chosen)
    assert tasks.export(tmp_path / "tasks.csv").exists()

    # A fifth of the planned customers are left alone at random; the others are contacted.
    rng = np.random.default_rng(1)
    treated = rng.random(len(chosen)) > 0.2
    p0 = base.loc[chosen.index, "unasked"].to_numpy()
    back = rng.random(len(chosen)) < np.where(treated, chosen["chance"], p0)
    sltv = gains.loc[chosen.index, "repurchase"].to_numpy()
    outcomes = pd.DataFrame(
        {
            "treated": treated,
            "contact": np.where(treated, contact, 0.0),
            "offer": np.where(treated & back, offer_cost, 0.0),
            "repurchase": np.where(back, sltv, 0.0),
            "information": np.where(treated, 1.0, 0.0),
        },
        index=chosen.index,
    )
    report = recovery.roi(outcomes, method="bca", resamples=400, random_state=0, currency="CNY")
    assert report.gross.ratio > report.benefit_cost_ratio
    low, high = report.interval
    assert low < report.roi < high
    assert 0.0 <= report.probability(0.5) <= report.probability(0.0) <= 1.0

    contacted = outcomes[treated]
    realized = pd.DataFrame(
        {
            "score": chosen.loc[treated, "uplift"],
            "net_return": contacted["repurchase"] - contacted["contact"] - contacted["offer"],
        }
    )
    threshold = profit.threshold_from_returns(realized, default=1.0)
    assert 0.0 < threshold <= 1.0


def test_rooms_name_what_they_offer():
    for room in (value, profit, recovery):
        assert sorted(set(room.__all__)) == sorted(room.__all__)
        for name in room.__all__:
            thing = getattr(room, name)
            if callable(thing):
                assert thing.__doc__, f"{room.__name__}.{name} has no docstring"
