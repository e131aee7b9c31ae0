"""One offer or none for each customer, one budget: the multiple-choice knapsack.

The best plan for a budget is found from increments. A customer's offers, drawn as points (cost,
value), matter only where they lie on the upper concave hull with (0, 0): from one hull point to
the next, value per unit of money falls. Buying the steps of all customers in the order of value
per money until the budget is spent solves the linear relaxation; at most one step is cut off, so
the plan made of the whole steps misses the optimum by less than that one step. The relaxation is
an upper bound on every plan, so the gap is known, not hoped for.

References
----------
Sinha & Zoltners (1979), "The multiple-choice knapsack problem", Operations Research 27(3);
Zemel (1980), "The linear multiple choice knapsack problem", Operations Research 28(6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crmlib._checks import number, numbers

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

#: Steps looked at to spend what is left after the first step that does not fit.
_LOOK_AHEAD = 5_000


@dataclass(frozen=True)
class Allocation:
    """A plan: the offer of each customer, what it is worth, and what no plan can exceed.

    Attributes
    ----------
    choice : array of int, shape (n_customers,)
        Column of the offer, or -1 for none.
    value : float
        Sum of the values of the chosen offers.
    cost : float
        Sum of their costs, at most the budget.
    bound : float
        Upper bound on the value of every plan within the budget.
    price : float
        Value of one more unit of budget at the margin; 0 where the budget is not used up. A
        customer whose best offer earns less than this per unit is left out.
    """

    choice: Ints
    value: float
    cost: float
    bound: float
    price: float

    @property
    def gap(self) -> float:
        """Largest possible shortfall of the value, relative to the bound."""
        return 0.0 if self.bound <= 0 else max(0.0, (self.bound - self.value) / self.bound)


def knapsack(value: npt.ArrayLike, cost: npt.ArrayLike, budget: float) -> Allocation:
    """Choose at most one offer for each customer so that the total value is greatest.

    Near-optimal with a proven gap, in the time of a sort: no more than one increment of one
    customer is lost, which is nothing in a large base.

    Parameters
    ----------
    value : array-like of shape (n_customers, n_offers)
        Expected net value of each offer, in money. An offer that must not be made has value
        ``-inf``; one at or below zero is never chosen.
    cost : array-like of shape (n_customers, n_offers)
        Expected cost of each offer, 0 or more, in the unit of `budget`.
    budget : float
        What the chosen offers may cost together. Infinite: everybody gets the best offer.

    Returns
    -------
    Allocation
        With `.choice`, `.value`, `.cost`, `.bound`, `.gap` and `.price`. A budget below the
        cheapest useful offer gives nobody one.

    Raises
    ------
    ValueError
        If shapes differ, a cost is negative or missing, a value is missing, or the budget is
        negative.

    Examples
    --------
    >>> plan = knapsack([[5.0, 8.0], [3.0, 0.0]], [[1.0, 3.0], [1.0, 1.0]], budget=4.0)
    >>> plan.choice.tolist(), plan.value, plan.cost
    ([1, 0], 11.0, 4.0)
    """
    worth, price_tag, money = checked_problem(value, cost, budget)
    return _fill(_increments(worth, price_tag), money, worth.shape[0])


def checked_problem(
    value: npt.ArrayLike, cost: npt.ArrayLike, budget: float
) -> tuple[Floats, Floats, float]:
    """Return values, costs and budget as floats, refusing what no plan can be made from."""
    worth = np.asarray(value, dtype=np.float64)
    price_tag = numbers(cost, "cost", 0)
    if worth.ndim != 2 or worth.shape != price_tag.shape or worth.size == 0:
        raise ValueError(
            "value and cost must both have a row a customer and a column an offer, got shapes "
            f"{worth.shape} and {price_tag.shape}."
        )
    top = worth.max()
    if np.isnan(top) or top == np.inf:
        raise ValueError("value has missing or infinite entries; -inf forbids an offer.")
    return worth, price_tag, number(budget, "budget", 0)


@dataclass(frozen=True)
class _Steps:
    """Increments of all customers along their hulls."""

    customer: npt.NDArray[np.int32]
    offer: npt.NDArray[np.int8 | np.int16]
    gain: Floats
    expense: Floats
    slope: Floats


def _increments(v: Floats, c: Floats) -> _Steps:
    """Walk every customer's hull at once: from where it stands to the steepest offer beyond."""
    n, offers = v.shape
    kind = np.int8 if offers < 128 else np.int16
    who = np.arange(n, dtype=np.int32)
    at_v, at_c = np.zeros(n), np.zeros(n)
    last = np.full(n, np.inf)
    parts: list[tuple[Any, ...]] = []
    for step in range(offers):
        best = np.zeros(len(who))
        pick = np.zeros(len(who), dtype=kind)
        for j in range(offers):
            # A contiguous copy of one column at a time: fast to work along, and soon gone.
            vj, cj = (np.ascontiguousarray(x[:, j]) if step == 0 else x[who, j] for x in (v, c))
            with np.errstate(divide="ignore", invalid="ignore"):
                slope = (vj - at_v) / (cj - at_c) if step else vj / cj
            # A cheaper offer is behind us; one that costs the same must be worth more.
            better = slope > best
            if step:
                better &= cj >= at_c
                better &= vj > at_v
            np.copyto(best, slope, where=better)
            np.copyto(pick, kind(j), where=better)
        moved = np.flatnonzero(best > 0)
        if len(moved) == 0:
            break
        who, pick, best = who[moved], pick[moved], best[moved]
        new_v, new_c = v[who, pick], c[who, pick]
        # Rounding must not let a later step overtake an earlier one of the same customer.
        slope = np.minimum(best, np.nextafter(last[moved], -np.inf)) if step else best
        parts.append((who, pick, new_v - at_v[moved], new_c - at_c[moved], slope))
        at_v, at_c, last = new_v, new_c, slope
    if not parts:
        empty = np.zeros(0)
        return _Steps(np.zeros(0, np.int32), np.zeros(0, kind), empty, empty, empty)
    return _Steps(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _fill(steps: _Steps, budget: float, n: int) -> Allocation:
    """Buy steps by value per money until one does not fit, then what still fits behind it."""
    choice = np.full(n, -1, dtype=np.intp)
    total = float(steps.expense.sum())
    if total <= budget:
        order = np.arange(len(steps.gain))
        taken = len(order)
    else:
        order = np.argsort(-steps.slope)
        spent = np.cumsum(steps.expense[order])
        taken = int(np.searchsorted(spent, budget, side="right"))
    bought = order[:taken]
    value, cost = float(steps.gain[bought].sum()), float(steps.expense[bought].sum())
    # Steps are stored first steps first: written in that order, a customer's deepest one stands.
    stored = np.sort(bought)
    choice[steps.customer[stored]] = steps.offer[stored]
    bound, price = value, 0.0
    if taken < len(order):
        cut = order[taken]
        price = float(steps.slope[cut])
        bound = value + (budget - cost) * price
        more_value, more_cost = _spend_rest(choice, steps, order[taken:], budget - cost)
        value, cost = value + more_value, cost + more_cost
    return Allocation(choice, value, cost, max(bound, value), price)


def _spend_rest(choice: Ints, steps: _Steps, behind: Ints, left: float) -> tuple[float, float]:
    """Use what is left for later steps that still fit; never for a step before its first."""
    value = cost = 0.0
    window = behind[:_LOOK_AHEAD]
    blocked: set[int] = set()
    columns = (steps.customer, steps.offer, steps.gain, steps.expense)
    for customer, offer, gain, expense in zip(*(x[window].tolist() for x in columns), strict=True):
        if customer in blocked:
            continue
        if cost + expense <= left:
            choice[customer] = offer
            value, cost = value + gain, cost + expense
        else:
            blocked.add(customer)
    return value, cost
