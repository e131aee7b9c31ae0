"""Few large tables instead of many small ones: count their supersets, then sum them out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Sizes = Sequence[int]


def cover(sets: Sequence[frozenset[int]], sizes: Sizes, limit: int) -> list[frozenset[int]]:
    """Choose supersets with at most `limit` cells so that each set lies in one of them.

    Counting is one pass over the rows per table, whatever the number of its columns, so one
    table of five columns is cheaper than the ten tables of its pairs. Greedy: from the first
    set not yet covered, add the column that covers most others. A set larger than the limit
    stands alone.

    Parameters
    ----------
    sets : sequence of frozenset of int
        Columns of each table asked for.
    sizes : sequence of int
        Number of codes of each column.
    limit : int
        Cells a table may have.

    Returns
    -------
    list of frozenset of int

    Examples
    --------
    >>> pairs = [frozenset(pair) for pair in [(0, 1), (0, 2), (1, 2)]]
    >>> cover(pairs, [4, 4, 4], limit=64)
    [frozenset({0, 1, 2})]
    >>> len(cover(pairs, [4, 4, 4], limit=16))
    3
    """
    common = frozenset.intersection(*sets) if sets else frozenset()
    left = dict.fromkeys(each - common for each in sets)
    with_column: dict[int, dict[frozenset[int], None]] = {}
    for each in left:
        for column in each:
            with_column.setdefault(column, {})[each] = None
    chosen = []
    while left:
        grown = _grow(next(iter(left)), with_column, sizes, limit // cells_of(common, sizes))
        chosen.append(grown | common)
        for column in grown:
            for each in [each for each in with_column[column] if each <= grown]:
                left.pop(each, None)
                del with_column[column][each]
        left.pop(frozenset(), None)
    return chosen


def _grow(
    first: frozenset[int],
    with_column: dict[int, dict[frozenset[int], None]],
    sizes: Sizes,
    limit: int,
) -> frozenset[int]:
    """Add columns to a set, each time the one that completes most other sets."""
    grown, cells = set[int](), 1
    lacking: dict[frozenset[int], int] = {}
    gains: dict[int, int] = {}
    queue = sorted(first)
    while queue:
        column = queue.pop(0)
        grown.add(column)
        cells *= sizes[column]
        gains.pop(column, None)
        for each in with_column.get(column, ()):
            lacking[each] = lacking.get(each, len(each)) - 1
            if lacking[each] == 1:
                (last,) = each - grown
                gains[last] = gains.get(last, 0) + 1
        if not queue:
            fitting = [c for c in gains if c not in grown and cells * sizes[c] <= limit]
            queue = [min(fitting, key=lambda c: (-gains[c], c))] if fitting else []
    return frozenset(grown)


def cells_of(columns: frozenset[int] | Sequence[int], sizes: Sizes) -> int:
    """Return the number of cells of a table, exactly."""
    cells = 1
    for column in columns:
        cells *= sizes[column]
    return cells


def sum_out(
    table: npt.NDArray[np.float64], columns: Sequence[int], wanted: Sequence[int]
) -> npt.NDArray[np.float64]:
    """Return the table of some of its columns, axes in the order asked for.

    Examples
    --------
    >>> sum_out(np.array([[1.0, 2.0], [3.0, 4.0]]), [5, 9], [9])
    array([4., 6.])
    """
    others = tuple(axis for axis, column in enumerate(columns) if column not in wanted)
    kept = [column for column in columns if column in wanted]
    summed = table.sum(axis=others) if others else table
    return summed.transpose([kept.index(column) for column in wanted])
