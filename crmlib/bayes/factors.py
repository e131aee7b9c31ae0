"""Variable elimination on many rows at once.

A factor is a tuple of variables and an array with an axis for each, after a first axis for the
rows: observed variables differ by row and have no axis. An axis of length 1 is shared by all.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from crmlib.bayes.scores import Floats

#: Numbers an intermediate table may hold; 2^26 of them are half a gigabyte.
MAX_CELLS = 1 << 26


@dataclass(frozen=True)
class Factor:
    """A table over some variables, one for each row or shared by all (first axis 1)."""

    scope: tuple[int, ...]
    table: Floats


def reduced(
    table: Floats, scope: Sequence[int], observed: dict[int, npt.NDArray[np.intp]]
) -> Factor:
    """Return a table with the observed variables set to each row's states.

    Examples
    --------
    >>> table = np.array([[0.9, 0.1], [0.4, 0.6]])
    >>> reduced(table, [3, 7], {3: np.array([1, 0, 1])}).table[:, 1]
    array([0.6, 0.1, 0.6])
    """
    seen = [axis for axis, v in enumerate(scope) if v in observed]
    free = [axis for axis, v in enumerate(scope) if v not in observed]
    kept = tuple(scope[axis] for axis in free)
    if not seen:
        return Factor(kept, table[None])
    moved = table.transpose([*seen, *free])
    return Factor(kept, moved[tuple(observed[scope[axis]] for axis in seen)])


def eliminate(
    factors: Sequence[Factor], keep: Sequence[int], rows: int, *, maximize: bool = False
) -> tuple[Floats, Floats]:
    """Sum (or maximize) out all variables but `keep`, the cheapest first.

    Parameters
    ----------
    factors : sequence of Factor
    keep : sequence of int
        Variables of the result, in the order of its axes.
    rows : int
        Length of the result's first axis.
    maximize : bool
        Take the largest instead of the sum.

    Returns
    -------
    table : array of shape (rows, states of each variable kept)
        Scaled so that the largest entry of a row is 1, or 0 where all are.
    log_scale : array of shape (rows,)
        Log of the factor each row was scaled by.

    Raises
    ------
    ValueError
        If an intermediate table would exceed `MAX_CELLS`; the message gives its size.
    """
    sizes = {v: n for f in factors for v, n in zip(f.scope, f.table.shape[1:], strict=True)}
    work = list(factors)
    log_scale = np.zeros(rows)
    left = sorted(set(sizes) - set(keep))
    while left:
        costs = [prod(sizes[u] for u in _union(work, v)) for v in left]
        variable = left.pop(int(np.argmin(costs)))
        touching = [factor for factor in work if variable in factor.scope]
        scope = tuple(u for u in _union(touching, variable) if u != variable)
        joint = _product(touching, (*scope, variable), sizes)
        table = joint.max(axis=-1) if maximize else joint.sum(axis=-1)
        table, scale = _scaled(table)
        log_scale += scale
        work = [factor for factor in work if variable not in factor.scope]
        work.append(Factor(scope, table))
    table, scale = _scaled(_product(work, tuple(keep), sizes))
    log_scale += scale
    return np.broadcast_to(table, (rows, *table.shape[1:])), log_scale


def factor_posteriors(factors: Sequence[Factor], rows: int) -> tuple[list[Floats], Floats]:
    """Return the posterior of each factor's variables, and the log of what the product sums to.

    One sweep forward as in `eliminate`, which keeps P(variable | its bucket) on the way, and one
    sweep back that hands each bucket's posterior to the factors it was made of.

    Parameters
    ----------
    factors : sequence of Factor
        Their product must be positive somewhere in every row.
    rows : int
        Length of the result's first axis.

    Returns
    -------
    posteriors : list of arrays of shape (rows, states of each variable of the factor)
        Each sums to one in every row.
    log_total : array of shape (rows,)

    Examples
    --------
    >>> chances = Factor((0,), np.array([[0.8, 0.2]]))
    >>> told = Factor((0,), np.array([[0.1, 0.9], [0.5, 0.5]]))
    >>> posteriors, log_total = factor_posteriors([chances, told], rows=2)
    >>> posteriors[0].round(3).tolist(), np.exp(log_total).round(3).tolist()
    ([[0.308, 0.692], [0.8, 0.2]], [0.26, 0.5])
    """
    sizes = {v: n for f in factors for v, n in zip(f.scope, f.table.shape[1:], strict=True)}
    made = list(factors)
    work = list(range(len(made)))
    log_total = np.zeros(rows)
    steps = []
    order, _ = elimination_order([factor.scope for factor in factors], sizes)
    for variable in order:
        touching = [place for place in work if variable in made[place].scope]
        parts = [made[place] for place in touching]
        scope = tuple(u for u in _union(parts, variable) if u != variable)
        joint = _product(parts, (*scope, variable), sizes)
        total = joint.sum(axis=-1, keepdims=True)
        share = np.divide(joint, total, out=np.zeros(joint.shape), where=total > 0)
        table, scale = _scaled(total[..., 0])
        log_total += scale
        steps.append((touching, len(made), (*scope, variable), share))
        work = [place for place in work if place not in touching]
        work.append(len(made))
        made.append(Factor(scope, table))
    posteriors: dict[int, Floats] = {place: np.ones((1,)) for place in work}
    for place in work:
        with np.errstate(divide="ignore"):
            log_total += np.log(made[place].table)
    for touching, place, scope, share in reversed(steps):
        joint = share * posteriors.pop(place)[..., None]
        for part in touching:
            kept = made[part].scope
            others = tuple(axis for axis, u in enumerate(scope, start=1) if u not in kept)
            summed = joint.sum(axis=others)
            left = [u for u in scope if u in kept]
            order = [0, *(1 + left.index(u) for u in kept)]
            posteriors[part] = summed.transpose(order)
    return [
        np.broadcast_to(posteriors[place], (rows, *posteriors[place].shape[1:]))
        for place in range(len(factors))
    ], log_total


def elimination_order(
    scopes: Sequence[tuple[int, ...]], sizes: dict[int, int]
) -> tuple[list[int], int]:
    """Return all variables, each time the one with the smallest table, and the largest table.

    Examples
    --------
    >>> elimination_order([(0, 1), (1, 2)], {0: 2, 1: 3, 2: 4})
    ([0, 1, 2], 12)
    """
    work = [frozenset(scope) for scope in scopes]
    left, order, largest = sorted(sizes), [], 1
    while left:
        unions = [frozenset[int]().union(*(s for s in work if v in s)) for v in left]
        cells = [prod(sizes[u] for u in union) for union in unions]
        at = int(np.argmin(cells))
        largest = max(largest, cells[at])
        variable = left.pop(at)
        order.append(variable)
        work = [scope for scope in work if variable not in scope]
        work.append(unions[at] - {variable})
    return order, largest


def _union(factors: Collection[Factor], variable: int) -> tuple[int, ...]:
    """Return the variables of the factors that hold this one."""
    return tuple(sorted({u for f in factors if variable in f.scope for u in f.scope} | {variable}))


def _product(factors: Sequence[Factor], scope: tuple[int, ...], sizes: dict[int, int]) -> Floats:
    """Multiply factors into one table with the axes of `scope`."""
    rows = max((len(factor.table) for factor in factors), default=1)
    cells = rows * prod(sizes[v] for v in scope)
    if cells > MAX_CELLS:
        text = " x ".join(str(sizes[v]) for v in scope)
        raise ValueError(
            f"Exact inference needs a table of {cells:,} numbers ({rows} rows of {text}), more "
            f"than {MAX_CELLS:,}. Use a structure with fewer parents, or observe more."
        )
    result: Floats | None = None
    for factor in sorted(factors, key=lambda f: f.table.size):
        order = [factor.scope.index(v) for v in scope if v in factor.scope]
        moved = factor.table.transpose([0, *(axis + 1 for axis in order)])
        shape = (len(moved), *(sizes[v] if v in factor.scope else 1 for v in scope))
        moved = moved.reshape(shape)
        result = moved if result is None else result * moved
    full = (1 if result is None else len(result), *(sizes[v] for v in scope))
    return np.ones(full) if result is None else np.broadcast_to(result, full)


def _scaled(table: Floats) -> tuple[Floats, Floats]:
    """Divide each row by its largest entry, against underflow."""
    largest = table.reshape(len(table), -1).max(axis=1)
    safe = np.where(largest > 0, largest, 1.0)
    return table / safe.reshape(-1, *[1] * (table.ndim - 1)), np.log(safe)
