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
