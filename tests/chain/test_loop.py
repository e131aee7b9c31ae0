"""The loop is closed: returns move the thresholds; that pays where the belief was wrong."""

import numpy as np
import pandas as pd
import pytest

from crmlib.chain import (
    Beliefs,
    Response,
    close_the_loop,
    compare_loops,
    offer_terms,
    replay,
)
from crmlib.data import simulate
from crmlib.early_warning import EarlyWarning, Economics, IndicatorSystem, model_of

AT = (9, 12, 15, 18)


def warning():
    """A small system and a quick model: the loop is what is tested, not the risk."""
    few = ["margin", "tenure", "term_left", "incidents", "bill_change"]
    return EarlyWarning(IndicatorSystem.builtin().only(few), model=model_of("tree"))


@pytest.fixture(scope="module")
def op():
    return simulate(customers=4000, months=24, random_state=0)


@pytest.fixture(scope="module")
def rounds(op):
    return replay(op, AT, warning=warning())


@pytest.fixture(scope="module")
def learned(op, rounds):
    return close_the_loop(rounds, offers=offer_terms(op))


def test_over_sixteen_worlds_learning_beats_the_fixed_rule_beyond_doubt():
    # Campaigns are planned with a success of 0.3; in this world it is about half of that.
    found = compare_loops(
        lambda seed: simulate(4000, 24, random_state=seed), range(16), AT, warning=warning()
    )
    assert found.mean > 2 * found.error
    assert found.curves["difference"].iloc[-1] == pytest.approx(found.mean)
    assert found.curves["low"].iloc[-1] < found.mean < found.curves["high"].iloc[-1]
    assert found.plot().get_xlabel() == "month"


def test_where_the_first_belief_was_right_learning_gains_little_and_loses_little(op, rounds):
    right = np.mean([r.customers["keepable"].sum() / r.customers["lost"].sum() for r in rounds])
    start = Beliefs(Economics(contact=5, offer=10, success=float(right)))
    played = {
        learn: close_the_loop(rounds, offers=offer_terms(op), start=start, learn=learn).profit
        for learn in (("calls",), ())
    }
    assert abs(played["calls",] - played[()]) < 0.2 * abs(played[()])


def test_the_success_moves_from_the_belief_towards_the_truth(op, rounds):
    truth = sum(r.customers["keepable"].sum() for r in rounds) / sum(
        r.customers["lost"].sum() for r in rounds
    )
    start = Beliefs(Economics(contact=5, offer=10, success=0.8))
    loop = close_the_loop(rounds, offers=offer_terms(op), start=start)
    assert loop.rounds["success"].iloc[0] == 0.8
    assert abs(loop.beliefs.economics.success - truth) < 0.8 * (0.8 - truth)
    assert 0 < loop.beliefs.comeback < 1
    assert loop.rounds["alarms"].iloc[-1] < loop.rounds["alarms"].iloc[0]


def test_a_fixed_rule_holds_nobody_back_and_keeps_its_beliefs(op, rounds):
    fixed = close_the_loop(rounds, offers=offer_terms(op), learn=())
    assert (fixed.rounds["control"] == 0).all()
    assert (fixed.rounds["success"] == 0.3).all()
    assert (fixed.rounds["comeback"] == 0).all()
    assert fixed.beliefs.seen == {}
    assert "Fixed" in repr(fixed)


def test_profit_is_what_the_decisions_brought_written_down_customer_by_customer(op, rounds):
    """A round without recovery, by hand: every call costs, every kept customer counts once."""
    nobody = [type(r)(r.month, r.customers, r.lost.iloc[:0]) for r in rounds[:1]]
    e = Economics(contact=5, offer=10, success=0.3)
    loop = close_the_loop(nobody, offers=offer_terms(op), start=Beliefs(e), learn=())
    profit = 0.0
    for row in nobody[0].customers.itertuples():
        if row.risk * 0.3 * (row.value - 10) - (1 - row.risk) * 10 - 5 <= 0:
            continue
        profit -= 5
        if row.keepable:
            profit += row.value - 10
        elif not row.lost:
            profit -= 10
    assert loop.profit == pytest.approx(profit)


def test_the_plan_keeps_to_its_budget_in_expectation(op, rounds):
    spent = {
        budget: close_the_loop(rounds, offers=offer_terms(op), budget=budget, learn=())
        for budget in (0.0, 500.0, np.inf)
    }
    offers = [loop.rounds["offers"].sum() for loop in spent.values()]
    assert offers[0] == 0
    assert offers[0] < offers[1] < offers[2]


def test_learning_of_offers_tries_them_and_counts_every_customer_once(op, rounds):
    loop = close_the_loop(rounds, offers=offer_terms(op), learn=["offers"])
    asked = sum(n for n, _ in loop.beliefs.seen.values())
    assert asked == loop.rounds["lost"].sum()
    assert len({offer for _, offer in loop.beliefs.seen}) > 2
    assert loop.rounds["roi"].notna().all()


def test_the_same_seed_gives_the_same_rounds(op, rounds, learned):
    again = close_the_loop(replay(op, AT, warning=warning()), offers=offer_terms(op))
    pd.testing.assert_frame_equal(again.rounds, learned.rounds)


def test_whom_nothing_keeps_is_never_kept(op):
    nothing = Response(price=0, service=0, firm=0, other=0)
    world = replay(op, [12], warning=warning(), response=nothing)
    assert not world[0].customers["keepable"].any()
    assert world[0].customers["lost"].any()


def test_beliefs_are_a_beta_posterior():
    seen = pd.DataFrame({"type": "a", "offer": "x", "back": [True] * 6 + [False] * 14})
    believed = Beliefs(chance=0.5, trust=20).learn(recovery=seen)
    pooled = (20 * 0.5 + 6) / 40
    assert believed.beta("b", "x") == pytest.approx((20 * pooled, 20 * (1 - pooled)))
    assert believed.mean("a", "x") == pytest.approx((20 * pooled + 6) / 40)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (close_the_loop, "offers is needed with a list of rounds"),
        (lambda r: close_the_loop([], offers=pd.DataFrame()), "no round to play"),
        (lambda r: close_the_loop(r, offers=r[0].lost, learn=["call"]), "did you mean 'calls'"),
        (lambda r: close_the_loop(r, offers=r[0].lost, control=1.0), r"control must lie in \[0, 1"),
        (lambda r: Response(price=2), "price must lie"),
        (lambda r: Beliefs(trust=0), "trust must lie"),
        (lambda r: compare_loops(simulate, [1]), "two worlds at least"),
    ],
)
def test_a_mistake_is_named(rounds, make, message):
    with pytest.raises(ValueError, match=message):
        make(rounds)


def test_an_operator_without_its_truth_is_refused(op, tmp_path):
    pytest.importorskip("pyarrow")
    from crmlib.data.operator import Operator

    blind = Operator.read(op.write(tmp_path / "op", truth=False))
    with pytest.raises(ValueError, match="no truth"):
        replay(blind, [9])


def test_the_result_prints_and_draws(learned):
    assert "Learned thresholds: profit" in repr(learned)
    assert learned.plot().get_ylabel() == "cumulated profit (money)"
