"""The plan under side constraints for many customers: prices first, then only the close calls.

Every constraint gets a price. At given prices each customer is a question alone: which offer is
worth most after paying for what it uses? The prices that make the answers cheapest in sum bound
every plan from above (Lagrangian duality: Geoffrion 1974), and at those prices nearly everybody's
answer is clear. Only customers who are close to changing their answer are decided together, by
the linear and integer programs that would take minutes over everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from crmlib.recovery.knapsack import Allocation

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

#: Customers decided together at first; four times as many at each further try.
CLOSE_CALLS = 2_000
#: Gap at which nobody looks further.
_GOOD = 1e-4
_TRIES = 3
#: Customers on whom the search for prices begins.
_SAMPLE = 20_000


@dataclass(frozen=True)
class Problem:
    """At most one offer a customer, and bounds on what the chosen ones use in sum.

    Attributes
    ----------
    worth : array of shape (n_customers, n_offers)
        Value of each offer; ``-inf`` forbids it.
    usage : tuple of arrays, broadcastable to `worth`
        What each offer uses of each resource, money first.
    low, high : arrays of shape (n_resources,)
        Bounds on the sums.
    """

    worth: Floats
    usage: tuple[Floats, ...]
    low: Floats
    high: Floats

    def answers(self, prices: Floats) -> tuple[Ints, Floats, Floats]:
        """Return everybody's best offer at these prices, its worth after them, and the margin.

        The margin is the distance to the second best answer, "no offer" among them.
        """
        left = self.worth.copy()
        for price, used in zip(prices, self.usage, strict=True):
            if price:
                left -= price * used
        best, second = np.zeros(len(left)), np.full(len(left), -np.inf)
        choice = np.full(len(left), -1, dtype=np.intp)
        for j in range(left.shape[1]):
            here = left[:, j]
            better = here > best
            second = np.where(better, best, np.maximum(second, here))
            choice[better] = j
            best = np.where(better, here, best)
        return choice, best, best - second

    def used(self, choice: Ints, who: Ints | None = None) -> Floats:
        """Return what the chosen offers (of some customers only) use of each resource."""
        rows = np.flatnonzero(choice >= 0) if who is None else who[choice[who] >= 0]
        shape = self.worth.shape
        return np.array([np.broadcast_to(u, shape)[rows, choice[rows]].sum() for u in self.usage])

    def value(self, choice: Ints) -> float:
        """Return what the chosen offers are worth."""
        who = np.flatnonzero(choice >= 0)
        return float(self.worth[who, choice[who]].sum())

    def bound(self, prices: Floats, best: Floats) -> float:
        """Return what no plan exceeds: the answers' worth and the price of all there is to use."""
        with np.errstate(invalid="ignore"):
            rest = np.where(prices > 0, prices * self.high, prices * self.low)
        return float(best.sum() + rest[prices != 0].sum())

    def part(self, who: Ints, rest: Floats) -> Problem:
        """Return the problem of some customers, the others using `rest`."""
        shape = self.worth.shape
        usage = tuple(np.broadcast_to(u, shape)[who] for u in self.usage)
        return Problem(self.worth[who], usage, self.low - rest, self.high - rest)


#: Solves a problem outright: the allocation and the prices of its relaxation; None if it has none.
Solve = Callable[[Problem], tuple[Allocation, Floats] | None]


def plan_by_prices(problem: Problem, solve: Solve) -> Allocation:
    """Plan for many customers; `solve` decides the close calls.

    Where the answers at the best prices cannot be completed to a plan, `solve` gets everybody.
    """
    prices = np.zeros(len(problem.usage))
    n = len(problem.worth)
    if n > 2 * _SAMPLE:  # where to begin is seen on a sample, on which a step costs little
        some = np.sort(np.random.default_rng(0).choice(n, _SAMPLE, replace=False))
        part = problem.part(some, np.zeros(len(prices)))
        share = _SAMPLE / n
        prices = _cheapest(replace(part, low=part.low * share, high=part.high * share), prices, 200)
    prices = _cheapest(problem, prices, 200 if n <= 2 * _SAMPLE else 12)
    size, best_plan, bound = CLOSE_CALLS, None, np.inf
    for _ in range(_TRIES):
        choice, best, margin = problem.answers(prices)
        bound = min(bound, problem.bound(prices, best))
        who = np.argpartition(margin, min(size, len(margin) - 1))[:size]
        others = choice.copy()
        others[who] = -1
        found = solve(problem.part(who, problem.used(others)))
        if found is not None:
            decided, prices = found
            clear = problem.value(others)
            others[who] = decided.choice
            value = problem.value(others)
            _, best, _ = problem.answers(prices)
            bound = min(bound, problem.bound(prices, best))
            if best_plan is None or value > best_plan.value:
                cost = float(problem.used(others)[0])
                best_plan = Allocation(others, value, cost, bound, float(prices[0]))
            # A larger part can lower the bound, or move the relaxation towards it; where neither
            # is left to do, only whole offers instead of shares cost something.
            if bound - max(value, clear + decided.bound) <= _GOOD * bound:
                break
        size *= 4
    if best_plan is None:
        whole = solve(problem)
        assert whole is not None
        return whole[0]
    top = max(bound, best_plan.value)
    return Allocation(best_plan.choice, best_plan.value, best_plan.cost, top, best_plan.price)


def _cheapest(problem: Problem, start: Floats, steps: int) -> Floats:
    """Return prices at which the bound is about as low as it gets.

    The bound is convex in the prices, and with many customers almost smooth, so that a
    quasi-Newton search does; what it misses only widens the gap, which is reported.
    """
    allowed = np.isfinite(problem.worth)
    if not allowed.any():
        return start
    worth = float(np.abs(problem.worth[allowed]).mean()) or 1.0
    means = [np.broadcast_to(u, problem.worth.shape)[allowed].mean() for u in problem.usage]
    unit = worth / np.where(np.array(means) > 0, means, 1.0)  # prices are looked for in these
    lower = np.where(np.isfinite(problem.low), -np.inf, 0.0)
    upper = np.where(np.isfinite(problem.high), np.inf, 0.0)
    scale = worth * len(problem.worth)

    def bound_and_slope(x: Floats) -> tuple[float, Floats]:
        prices = x * unit
        choice, best, _ = problem.answers(prices)
        limit = np.where(prices > 0, problem.high, problem.low)
        limit = np.where(np.isfinite(limit), limit, np.where(prices > 0, problem.low, problem.high))
        slope = (limit - problem.used(choice)) * unit
        return problem.bound(prices, best) / scale, slope / scale

    found = minimize(
        bound_and_slope,
        start / unit,
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(lower, upper, strict=True)),
        options={"maxfun": steps, "ftol": 1e-12, "gtol": 1e-9},
    )
    return np.asarray(found.x * unit, dtype=np.float64)
