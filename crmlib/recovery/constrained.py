"""The plan under side constraints, or to the last cent: linear and integer programs by HiGHS.

The linear relaxation gives the bound. Where it is not integral, only a few customers are split
between offers (at most one for each constraint beside the one-offer rule); a small integer
program decides those and the nearest calls with what is left. Beyond a few thousand customers
the relaxation itself is slow, and prices decide the clear cases first (`crmlib.recovery.priced`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from crmlib.recovery.knapsack import Allocation, checked_problem
from crmlib.recovery.priced import Problem, plan_by_prices
from crmlib.recovery.quiet import quiet_stdout

Floats = npt.NDArray[np.float64]

#: Customers beside the split ones that the small integer program may move.
_NEAR_CALLS = 300
#: Customers up to which everybody is decided together.
_TOGETHER = 4_000


@dataclass(frozen=True)
class Limit:
    """A side constraint on the whole plan.

    Attributes
    ----------
    name : str
        What is limited, for messages: 'call-center hours'.
    usage : array of shape (n_customers, n_offers), or broadcastable to it
        What each offer to each customer uses.
    most, least : float
        Bounds on the total.
    """

    name: str
    usage: Floats
    most: float = np.inf
    least: float = -np.inf


@dataclass(frozen=True)
class _Program:
    """The allowed (customer, offer) pairs and the rows over them."""

    pair: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]
    value: Floats
    cost: Floats
    one_offer: Any
    rows: Any
    low: Floats
    high: Floats
    names: list[str] = field(default_factory=list)


def solve_constrained(
    value: npt.ArrayLike,
    cost: npt.ArrayLike,
    budget: float,
    limits: Sequence[Limit] = (),
    *,
    exact: bool = False,
    time_limit: float = 60.0,
) -> Allocation:
    """Choose at most one offer for each customer under a budget and side constraints.

    Parameters
    ----------
    value, cost, budget
        As in `knapsack`.
    limits : sequence of Limit
        Side constraints.
    exact : bool
        Solve the integer program over all customers; slow beyond a few thousand of them.
    time_limit : float
        Seconds after which an integer program stops with the best plan found. The gap is
        reported all the same.

    Returns
    -------
    Allocation
        Its `bound` is that of the relaxation (or of the integer program, if tighter).

    Raises
    ------
    ValueError
        If no plan meets all constraints, or inputs are as `knapsack` refuses them.

    Examples
    --------
    >>> hours = Limit("hours", np.array([1.0, 0.0]), most=1)
    >>> plan = solve_constrained([[9.0, 2.0], [8.0, 3.0]], [[1.0, 1.0]] * 2, 10.0, [hours])
    >>> plan.choice.tolist(), plan.value
    ([0, 1], 12.0)
    """
    worth, price_tag, money = checked_problem(value, cost, budget)
    n = worth.shape[0]
    # A floor may ask for an offer that loses money; without one such an offer is never made.
    floors = [limit.name for limit in limits if limit.least > 0]
    allowed = np.isfinite(worth) if floors else worth > 0
    if not allowed.any():
        if floors:
            raise ValueError(f"No plan meets the floors {floors}: nobody may be made an offer.")
        return Allocation(np.full(n, -1, dtype=np.intp), 0.0, 0.0, 0.0, 0.0)
    names = ["budget", *(limit.name for limit in limits)]
    problem = Problem(
        np.where(allowed, worth, -np.inf),
        (price_tag, *(np.asarray(limit.usage, dtype=np.float64) for limit in limits)),
        np.array([-np.inf, *(limit.least for limit in limits)]),
        np.array([money, *(limit.most for limit in limits)]),
    )
    if exact:
        program = _program(problem, names)
        x, bound = _integer(program, np.arange(len(program.value)), None, time_limit, 0.0)
        return _allocation(program, x, bound, 0.0, n)

    def solve(part: Problem) -> tuple[Allocation, Floats] | None:
        try:
            return _solve(_program(part, names), time_limit, len(part.worth), n)
        except _NoPlan:
            if part is problem:
                raise
            return None

    if n > _TOGETHER:
        return plan_by_prices(problem, solve)
    found = solve(problem)
    assert found is not None
    return found[0]


def _solve(program: _Program, time_limit: float, n: int, of: int) -> tuple[Allocation, Floats]:
    """Decide n customers, of so many, together; return the plan and each constraint's price."""
    if not len(program.value):  # nobody here may be made an offer
        if (program.low > 0).any() or (program.high < 0).any():
            raise _NoPlan("No plan meets all constraints: no offer may be made.")
        nobody = np.full(n, -1, dtype=np.intp)
        return Allocation(nobody, 0.0, 0.0, 0.0, 0.0), np.zeros(len(program.low))
    relaxed, bound, prices = _relaxation(program)
    enough = 1e-6 * max(bound, 1e-9) * of / n  # a millionth of what everybody is worth
    x = np.round(relaxed)
    split = np.abs(relaxed - x) > 1e-7
    if split.any():
        free = _undecided(program, relaxed, split, prices, n)
        at_stake = float(program.value[free] @ relaxed[free])
        tolerance = min(enough / max(at_stake, enough), 0.1)
        try:
            x, _ = _integer(program, free, np.where(split, 0.0, x), time_limit, tolerance)
        except _NoPlan:
            everyone = np.arange(len(x))
            x, _ = _integer(program, everyone, None, time_limit, enough / max(bound, enough))
    return _allocation(program, x, bound, float(prices[0]), n), prices


class _NoPlan(ValueError):
    """No plan meets the constraints."""


def _program(problem: Problem, names: list[str]) -> _Program:
    """Write the rows: one offer a customer, and one for each resource."""
    who, what = np.nonzero(np.isfinite(problem.worth))
    size = len(who)
    _, customer = np.unique(who, return_inverse=True)
    one = sparse.csr_array((np.ones(size), (customer, np.arange(size))))
    usages = [np.broadcast_to(usage, problem.worth.shape)[who, what] for usage in problem.usage]
    rows = sparse.csr_array(np.array(usages).reshape(-1, size))
    value, cost = problem.worth[who, what], usages[0]
    return _Program((who, what), value, cost, one, rows, problem.low, problem.high, names)


def _relaxation(program: _Program) -> tuple[Floats, float, Floats]:
    """Solve the linear relaxation; return shares, bound, and the price of each constraint."""
    up = np.isfinite(program.high)
    down = np.isfinite(program.low)
    matrix = sparse.vstack([program.one_offer, program.rows[up], -program.rows[down]], "csr")
    right = np.concatenate(
        [np.ones(program.one_offer.shape[0]), program.high[up], -program.low[down]]
    )
    found = linprog(-program.value, A_ub=matrix, b_ub=right, bounds=(0, 1), method="highs")
    if found.status == 2:
        raise _NoPlan(_why(program))
    if found.status != 0:
        raise RuntimeError(f"HiGHS could not solve the relaxation: {found.message}")
    dual = -found.ineqlin.marginals[program.one_offer.shape[0] :]
    prices = np.zeros(len(program.high))
    prices[up] += dual[: up.sum()]
    prices[down] -= dual[up.sum() :]
    return found.x, -float(found.fun), prices


def _undecided(
    program: _Program,
    relaxed: Floats,
    split: npt.NDArray[np.bool_],
    prices: Floats,
    n: int,
) -> npt.NDArray[np.intp]:
    """Return the pairs of split customers and of those whose decision is the closest call."""
    who = program.pair[0]
    reduced = program.value - prices @ program.rows
    chosen = np.bincount(who, np.where(relaxed > 0.5, reduced, 0.0), minlength=n)
    other = np.zeros(n)
    np.maximum.at(other, who, np.where(relaxed > 0.5, 0.0, np.maximum(reduced, 0.0)))
    margin = np.full(n, np.inf)
    margin[who] = np.abs(chosen - other)[who]
    pick = np.zeros(n, dtype=bool)
    pick[who[split]] = True
    near = np.argsort(margin, kind="stable")[:_NEAR_CALLS]
    pick[near] = True
    return np.flatnonzero(pick[who])


def _integer(
    program: _Program,
    free: npt.NDArray[np.intp],
    fixed: Floats | None,
    time_limit: float,
    tolerance: float,
) -> tuple[Floats, float]:
    """Decide the free pairs by an integer program, the others staying as they are."""
    x = np.zeros(len(program.value)) if fixed is None else fixed.copy()
    x[free] = 0.0
    used = program.rows @ x
    rows = program.rows[:, free]
    one = program.one_offer[:, free]
    one = one[np.diff(one.indptr) > 0]
    with quiet_stdout():
        found = milp(
            -program.value[free],
            integrality=np.ones(len(free)),
            bounds=Bounds(0, 1),
            constraints=[
                LinearConstraint(one, ub=np.ones(one.shape[0])),
                LinearConstraint(rows, program.low - used, program.high - used),
            ],
            options={"time_limit": time_limit, "mip_rel_gap": tolerance},
        )
    if found.x is None:
        if found.status == 2:
            raise _NoPlan(_why(program))
        raise RuntimeError(f"HiGHS found no plan in {time_limit:g} s: {found.message}")
    x[free] = np.round(found.x)
    _verify(program, x)
    bound = -float(found.mip_dual_bound) + float(program.value @ x - program.value[free] @ x[free])
    return x, bound


def _verify(program: _Program, x: Floats) -> None:
    """Refuse a plan that breaks a constraint: a solver's word is not taken for it."""
    total = program.rows @ x
    slack = 1e-6 * np.maximum(1.0, np.abs(total))
    broken = (total > program.high + slack) | (total < program.low - slack)
    if broken.any() or (program.one_offer @ x > 1.5).any():
        names = [name for name, bad in zip(program.names, broken, strict=True) if bad]
        raise RuntimeError(f"HiGHS returned a plan that breaks {names or 'one offer a customer'}.")


def _allocation(program: _Program, x: Floats, bound: float, price: float, n: int) -> Allocation:
    taken = x > 0.5
    choice = np.full(n, -1, dtype=np.intp)
    choice[program.pair[0][taken]] = program.pair[1][taken]
    value, cost = float(program.value[taken].sum()), float(program.cost[taken].sum())
    return Allocation(choice, value, cost, max(bound, value), price)


def _why(program: _Program) -> str:
    """Say which floor asks for more than the whole base could give."""
    n_floor = [k for k in range(len(program.low)) if np.isfinite(program.low[k])]
    best = np.zeros(len(program.low))
    for k in n_floor:
        row = program.rows[[k]].toarray().ravel()
        top = np.zeros(program.pair[0].max() + 1)
        np.maximum.at(top, program.pair[0], row)
        best[k] = top.sum()
    impossible = [k for k in n_floor if best[k] < program.low[k] - 1e-9]
    if impossible:
        told = "; ".join(
            f"{program.names[k]} asks for {program.low[k]:g}, at most {best[k]:g} is possible"
            for k in impossible
        )
        return f"No plan meets all constraints: {told}."
    caps = ", ".join(
        f"{name} <= {high:g}"
        for name, high in zip(program.names, program.high, strict=True)
        if np.isfinite(high)
    )
    floors = ", ".join(f"{program.names[k]} >= {program.low[k]:g}" for k in n_floor)
    return (
        f"No plan meets all constraints together: {caps}; {floors}. Raise a cap or lower a floor."
    )
