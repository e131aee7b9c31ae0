"""The budgeted plan is feasible, its bound is true, and its gap is small."""

import itertools
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog

from crmlib.recovery import Limit, knapsack, solve_constrained


def base(n, offers=5, seed=0):
    rng = np.random.default_rng(seed)
    cost = rng.uniform(1, 30, (n, offers)).round(2)
    chance = np.sort(rng.beta(2, 10, (n, offers)), axis=1)
    return chance * rng.lognormal(5, 1, (n, 1)) - cost, cost


def value_and_cost(choice, value, cost):
    who = np.flatnonzero(choice >= 0)
    return value[who, choice[who]].sum(), cost[who, choice[who]].sum()


def best_by_enumeration(value, cost, budget):
    n, offers = value.shape
    best = 0.0
    for picks in itertools.product(range(-1, offers), repeat=n):
        v, c = value_and_cost(np.array(picks), value, cost)
        if c <= budget + 1e-9:
            best = max(best, v)
    return best


def lp_bound(value, cost, budget):
    n, offers = value.shape
    one = sparse.kron(sparse.eye(n), np.ones((1, offers)))
    rows = sparse.vstack([one, sparse.csr_array(cost.reshape(1, -1))])
    right = np.append(np.ones(n), budget)
    return -linprog(-value.ravel(), A_ub=rows, b_ub=right, bounds=(0, 1), method="highs").fun


small = st.integers(0, 8)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(*[st.tuples(st.integers(-3, 9), small)] * 3), min_size=1, max_size=5),
    st.integers(0, 25),
)
def test_plan_is_feasible_and_the_bound_is_above_the_optimum(rows, budget):
    array = np.array(rows, dtype=float)
    value, cost = array[..., 0], array[..., 1]
    found = knapsack(value, cost, budget)
    v, c = value_and_cost(found.choice, value, cost)
    assert found.value == pytest.approx(v)
    assert found.cost == pytest.approx(c)
    assert c <= budget + 1e-9
    optimum = best_by_enumeration(value, cost, budget)
    assert found.value - 1e-9 <= optimum <= found.bound + 1e-9
    assert found.bound == pytest.approx(lp_bound(value, cost, budget), abs=1e-7)


@settings(max_examples=25)
@given(
    st.lists(st.tuples(*[st.tuples(st.integers(-3, 9), small)] * 3), min_size=1, max_size=5),
    st.integers(0, 25),
)
def test_exact_plan_is_the_optimum(rows, budget):
    array = np.array(rows, dtype=float)
    value, cost = array[..., 0], array[..., 1]
    found = solve_constrained(value, cost, budget, exact=True)
    assert found.value == pytest.approx(best_by_enumeration(value, cost, budget), abs=1e-6)
    assert found.cost <= budget + 1e-9


@pytest.mark.parametrize(("n", "gap"), [(300, 2e-3), (2_000, 1e-4), (50_000, 1e-5)])
def test_gap_closes_as_the_base_grows(n, gap):
    value, cost = base(n)
    found = knapsack(value, cost, 0.15 * cost.mean() * n)
    assert 0 <= found.gap <= gap
    assert found.cost <= 0.15 * cost.mean() * n


def test_bound_equals_the_linear_program_of_highs():
    value, cost = base(1_000, seed=3)
    found = knapsack(value, cost, 2_000.0)
    assert found.bound == pytest.approx(lp_bound(value, cost, 2_000.0), rel=1e-9)


def test_more_budget_is_never_worse_and_its_price_falls():
    value, cost = base(400, seed=5)
    budgets = np.linspace(0, 8_000, 30)
    plans = [knapsack(value, cost, b) for b in budgets]
    bounds = np.array([p.bound for p in plans])
    prices = np.array([p.price for p in plans])
    assert (np.diff(bounds) >= -1e-9).all()
    assert (np.diff(prices) <= 1e-9).all()


def test_unlimited_budget_gives_everybody_the_best_offer():
    value, cost = base(500, seed=6)
    found = knapsack(value, cost, np.inf)
    best = np.where(value.max(axis=1) > 0, value.argmax(axis=1), -1)
    np.testing.assert_array_equal(found.choice, best)
    assert (found.gap, found.price) == (0.0, 0.0)


def test_budget_below_the_cheapest_useful_offer_gives_nobody_one():
    value, cost = base(50)
    found = knapsack(value, cost, 0.5)
    assert (found.choice == -1).all()
    assert found.value == found.cost == 0.0
    assert knapsack(value, cost, 0.0).bound == 0.0


def test_free_and_forbidden_offers():
    value = np.array([[4.0, -np.inf], [-np.inf, -np.inf], [-1.0, 0.0]])
    cost = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    assert knapsack(value, cost, 0.0).choice.tolist() == [0, -1, -1]


def test_many_offers_on_one_line_keep_their_order():
    # All increments of a customer have the same slope up to rounding.
    cost = np.cumsum(np.full((50, 20), 0.1), axis=1)
    value = cost * 3.0
    found = knapsack(value, cost, 31.37)
    v, c = value_and_cost(found.choice, value, cost)
    assert c <= 31.37
    assert (found.value, found.cost) == (pytest.approx(v), pytest.approx(c))
    assert found.bound - found.value <= value.max()


def test_same_plan_twice_and_input_left_alone():
    value, cost = base(3_000, seed=8)
    before = value.copy(), cost.copy()
    one, two = (knapsack(value, cost, 5_000.0) for _ in range(2))
    np.testing.assert_array_equal(one.choice, two.choice)
    np.testing.assert_array_equal(value, before[0])
    np.testing.assert_array_equal(cost, before[1])


def test_constrained_without_limits_agrees_with_the_greedy_plan():
    value, cost = base(800, seed=2)
    fast, slow = knapsack(value, cost, 1_500.0), solve_constrained(value, cost, 1_500.0)
    assert slow.bound == pytest.approx(fast.bound, rel=1e-7)
    assert slow.price == pytest.approx(fast.price, rel=1e-6)
    assert slow.gap < 1e-3


@pytest.mark.parametrize("seed", range(4))
def test_caps_and_floors_hold_and_the_bound_is_near(seed):
    value, cost = base(400, seed=seed)
    rng = np.random.default_rng(seed)
    hours = np.array([0.0, 0.1, 0.3, 0.3, 0.5])
    mail = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    region = (rng.random(400) < 0.2).astype(float)[:, None]
    limits = [
        Limit("hours", hours, most=25.0),
        Limit("mail", mail, most=20.0),
        Limit("region", region, least=40.0),
    ]
    found = solve_constrained(value, cost, 1_500.0, limits)
    who = np.flatnonzero(found.choice >= 0)
    offer = found.choice[who]
    assert hours[offer].sum() <= 25 + 1e-9
    assert mail[offer].sum() <= 20
    assert region[who].sum() >= 40
    assert found.cost <= 1_500 + 1e-6
    assert found.gap < 5e-3
    assert found.value <= knapsack(value, cost, 1_500.0).bound


def many(n, seed):
    """A base with two caps and three floors, each of which binds."""
    rng = np.random.default_rng(seed)
    value, cost = base(n, seed=seed)
    group = rng.integers(0, 3, n)
    limits = [
        Limit("hours", np.array([0.0, 0.1, 0.3, 0.3, 0.5]), most=0.06 * n),
        Limit("spill-over", rng.uniform(0, 3, (n, 5)), most=0.3 * n),
        *(
            Limit(f"group {g}", (group == g)[:, None].astype(float), least=share * n / 3)
            for g, share in enumerate((0.25, 0.4, 0.3))
        ),
    ]
    return value, cost, 3.0 * n, limits


def kept(choice, limits, shape):
    who = np.flatnonzero(choice >= 0)
    for limit in limits:
        total = np.broadcast_to(limit.usage, shape)[who, choice[who]].sum()
        assert limit.least - 1e-6 <= total <= limit.most + 1e-6, limit.name


@pytest.mark.parametrize("seed", range(3))
def test_prices_first_gives_the_plan_and_the_bound_of_everybody_together(seed, monkeypatch):
    value, cost, budget, limits = many(400, seed)
    together = solve_constrained(value, cost, budget, limits)
    monkeypatch.setattr("crmlib.recovery.constrained._TOGETHER", 0)
    monkeypatch.setattr("crmlib.recovery.priced.CLOSE_CALLS", 60)
    found = solve_constrained(value, cost, budget, limits)
    kept(found.choice, limits, value.shape)
    assert value_and_cost(found.choice, value, cost) == pytest.approx((found.value, found.cost))
    assert found.cost <= budget + 1e-6
    # No bound is lower than the linear program's, and a good one hardly higher.
    assert together.bound - 1e-6 <= found.bound <= together.bound * (1 + 1e-4)
    assert found.value >= together.value * (1 - 1e-3)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(*[st.tuples(st.integers(-3, 9), small)] * 2), min_size=1, max_size=5),
    st.integers(0, 20),
    st.integers(0, 6),
    st.integers(0, 3),
)
def test_prices_first_is_below_its_bound_and_above_nothing_possible(rows, budget, hours, least):
    array = np.array(rows, dtype=float)
    value, cost = array[..., 0], array[..., 1]
    limits = [
        Limit("hours", np.array([1.0, 2.0]), most=hours),
        Limit("all", np.ones(2), least=least),
    ]
    best = -np.inf
    for picks in itertools.product(range(-1, 2), repeat=len(rows)):
        choice = np.array(picks)
        offers = choice[choice >= 0]
        v, c = value_and_cost(choice, value, cost)
        fits = c <= budget and np.array([1, 2])[offers].sum() <= hours and len(offers) >= least
        if fits and (least > 0 or not (value[choice >= 0, offers] <= 0).any()):
            best = max(best, v)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crmlib.recovery.constrained._TOGETHER", 0)
        patch.setattr("crmlib.recovery.priced.CLOSE_CALLS", 2)
        if best == -np.inf:
            with pytest.raises(ValueError, match="No plan meets"):
                solve_constrained(value, cost, budget, limits)
            return
        found = solve_constrained(value, cost, budget, limits)
    assert found.value - 1e-6 <= best <= found.bound + 1e-6
    kept(found.choice, limits, value.shape)


def test_a_large_base_with_caps_and_floors_is_planned_close_to_its_bound():
    value, cost, budget, limits = many(60_000, 5)
    found = solve_constrained(value, cost, budget, limits)
    kept(found.choice, limits, value.shape)
    assert found.gap < 1e-4
    again = solve_constrained(value, cost, budget, limits)
    np.testing.assert_array_equal(found.choice, again.choice)


def test_a_floor_no_large_base_can_meet_is_explained():
    n = 5_000
    with pytest.raises(ValueError, match="region asks for 6000, at most 5000 is possible"):
        solve_constrained(
            np.ones((n, 1)), np.ones((n, 1)), 1e6, [Limit("region", np.ones((n, 1)), least=6_000)]
        )


def test_constrained_optimum_by_enumeration():
    rng = np.random.default_rng(4)
    value, cost = (
        rng.integers(-2, 9, (5, 2)).astype(float),
        rng.integers(1, 5, (5, 2)).astype(float),
    )
    hours = np.array([1.0, 2.0])
    best = 0.0
    for picks in itertools.product(range(-1, 2), repeat=5):
        choice = np.array(picks)
        v, c = value_and_cost(choice, value, cost)
        if c <= 9 and hours[choice[choice >= 0]].sum() <= 4:
            best = max(best, v)
    found = solve_constrained(value, cost, 9.0, [Limit("hours", hours, most=4)], exact=True)
    assert found.value == pytest.approx(best)


def test_impossible_floor_is_explained():
    with pytest.raises(ValueError, match="region asks for 3, at most 2 is possible"):
        solve_constrained(
            np.ones((2, 1)), np.ones((2, 1)), 10.0, [Limit("region", np.ones((2, 1)), least=3)]
        )
    with pytest.raises(ValueError, match="budget <= 1; region >= 2"):
        solve_constrained(
            np.ones((2, 1)), np.ones((2, 1)), 1.0, [Limit("region", np.ones((2, 1)), least=2)]
        )


@pytest.mark.parametrize(
    ("value", "cost", "budget", "message"),
    [
        ([[1.0]], [[-1.0]], 1.0, "cost must lie"),
        ([[1.0]], [[np.nan]], 1.0, "cost must lie"),
        ([[np.nan]], [[1.0]], 1.0, "value has missing"),
        ([[np.inf]], [[1.0]], 1.0, "value has missing or infinite"),
        ([[1.0]], [[1.0]], -1.0, "budget must lie"),
        ([1.0], [1.0], 1.0, "a row a customer"),
        ([[1.0, 2.0]], [[1.0]], 1.0, "a row a customer"),
    ],
)
def test_bad_problems_are_refused(value, cost, budget, message):
    for solve in (knapsack, solve_constrained):
        with pytest.raises(ValueError, match=message):
            solve(value, cost, budget)


def test_whole_program_is_solved_where_the_small_one_has_no_plan(monkeypatch):
    # Only the second and third together meet the floor within the budget, yet the relaxation takes
    # the first in full; with no near calls to move, the small program is stuck.
    monkeypatch.setattr("crmlib.recovery.constrained._NEAR_CALLS", 0)
    cost = np.array([[3.0], [2.0], [2.0]])
    found = solve_constrained([[10.0], [1.0], [1.0]], cost, 4.5, [Limit("spent", cost, least=4.0)])
    assert found.choice.tolist() == [-1, 0, 0]
    assert found.value == 2.0 < found.bound


def test_floors_without_any_allowed_offer_are_explained():
    with pytest.raises(ValueError, match="nobody may be made an offer"):
        solve_constrained([[-np.inf]], [[1.0]], 5.0, [Limit("region", np.ones((1, 1)), least=1)])
    nobody = solve_constrained([[-1.0]], [[1.0]], 5.0, [Limit("hours", np.ones((1, 1)), most=1)])
    assert nobody.choice.tolist() == [-1]


def test_nothing_is_printed_while_solving(capfd):
    rng = np.random.default_rng(1)
    for seed in range(12):
        value, cost = base(40, seed=seed)
        floor = Limit("region", (rng.random((40, 1)) < 0.3).astype(float), least=4)
        solve_constrained(value, cost, 150.0, [floor], exact=True)
    os.write(1, b"after\n")
    assert capfd.readouterr().out == "after\n"


def test_a_broken_plan_of_the_solver_is_refused(monkeypatch):
    import scipy.optimize

    import crmlib.recovery.constrained as constrained

    def lies(*args, **kwargs):
        found = scipy.optimize.milp(*args, **kwargs)
        found.x = np.ones_like(found.x)
        return found

    monkeypatch.setattr(constrained, "milp", lies)
    with pytest.raises(RuntimeError, match="breaks"):
        solve_constrained(np.ones((3, 1)), np.ones((3, 1)), 2.0, exact=True)
