"""Counting in memory, with NumPy alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from crmlib._checks import one_of
from crmlib.counts.codes import Codes
from crmlib.counts.cover import cells_of, cover, sum_out
from crmlib.counts.levels import (
    Edges,
    Floats,
    Ints,
    LevelCounter,
    LevelCounts,
    pack_groups,
    slot_offsets,
)

#: Rows from which compiling or loading the kernel costs less than it saves.
KERNEL_PAYS = 250_000
#: Rows counted at a time, and cells up to which tables are counted together: both fit the cache.
COUNT_ROWS = 1 << 18
COVER_CELLS = 1 << 16
#: Cells of the tables that are counted in one pass over the blocks.
BATCH_CELLS = 1 << 22


def joint_tables(
    codes: Codes, sets: Sequence[Sequence[int]], weights: npt.NDArray[Any] | None = None
) -> list[Floats]:
    """Return the joint counts of several sets of attributes: one axis each, a cell per combination.

    Sets that share attributes are counted together and summed out (`crmlib.counts.cover`), so
    weighted sums may differ from separate ones in the last digits.

    Parameters
    ----------
    codes : Codes
    sets : sequence of sequences of int
        Which attributes, by position; the order of the axes.
    weights : array of shape (n_rows,), optional
        Weight of each row; one by default.

    Returns
    -------
    list of arrays of shape (size of each attribute, ...), float64
        The last cell of an axis counts missing values.
    """
    sizes = countable_sizes(codes)
    limit = min(COVER_CELLS, max(len(codes) // 4, 256))
    wanted = [frozenset(places) for places in sets]
    results: list[Floats] = [np.empty(0)] * len(sets)
    open_sets = dict.fromkeys(range(len(sets)))
    for columns, table in _counted(codes, cover(wanted, sizes, limit), sizes, weights):
        covering = frozenset(columns)
        for number in [number for number in open_sets if wanted[number] <= covering]:
            shape = [codes.attributes[place].size for place in sets[number]]
            counted = sum_out(table, columns, sets[number])
            full = np.zeros(shape)
            full[tuple(slice(size) for size in counted.shape)] = counted
            results[number] = full
            del open_sets[number]
    return results


def _counted(
    codes: Codes,
    coverings: Sequence[frozenset[int]],
    sizes: Sequence[int],
    weights: npt.NDArray[Any] | None,
) -> Iterator[tuple[tuple[int, ...], Floats]]:
    """Yield the columns of each covering, in the order of the axes, and its table.

    Frequent columns come first and the coverings in the order of their columns: what consecutive
    ones begin with is looked up once.
    """
    often = Counter(place for covering in coverings for place in covering)
    ordered = sorted(
        tuple(sorted(covering, key=lambda place: (-often[place], place))) for covering in coverings
    )
    batch: list[tuple[int, ...]] = []
    cells = 0
    for columns in ordered:
        cells += cells_of(columns, sizes)
        if batch and cells > BATCH_CELLS:
            yield from zip(batch, _count(codes, batch, sizes, weights), strict=True)
            batch, cells = [], cells_of(columns, sizes)
        batch.append(columns)
    yield from zip(batch, _count(codes, batch, sizes, weights), strict=True)


def _count(
    codes: Codes,
    batch: Sequence[tuple[int, ...]],
    sizes: Sequence[int],
    weights: npt.NDArray[Any] | None,
) -> list[Floats]:
    """Count sets of columns in blocks of rows that stay in the cache."""
    totals = [np.zeros(cells_of(columns, sizes)) for columns in batch]
    for start in range(0, len(codes), COUNT_ROWS):
        rows = slice(start, start + COUNT_ROWS)
        block = codes.matrix[:, rows]
        # The columns so far, each with the cell of every row in the table of these columns.
        path: list[tuple[int, npt.NDArray[Any]]] = []
        for columns, total in zip(batch, totals, strict=True):
            shared = 0
            while shared < min(len(path), len(columns)) and path[shared][0] == columns[shared]:
                shared += 1
            del path[shared:]
            for depth, place in enumerate(columns[shared:], start=shared + 1):
                narrow = cells_of(columns[:depth], sizes) <= 1 << 16
                cell = block[place].astype(np.uint16 if narrow else np.intp)
                if path:
                    before = path[-1][1].astype(cell.dtype, copy=False)
                    cell += before * cell.dtype.type(sizes[place])
                path.append((place, cell))
            cell = path[-1][1] if path else np.zeros(block.shape[1], dtype=np.intp)
            total[:] += np.bincount(
                cell, None if weights is None else weights[rows], minlength=len(total)
            )
    return [
        total.reshape([sizes[place] for place in columns])
        for columns, total in zip(batch, totals, strict=True)
    ]


def level_counter(
    codes: Codes,
    target: npt.NDArray[Any],
    n_classes: int,
    weights: Floats | None = None,
    *,
    engine: str = "auto",
    fractional: bool = False,
) -> LevelCounter:
    """Return the counter for a table in memory.

    Parameters
    ----------
    codes : Codes
        The attributes.
    target : array of shape (n_rows,), unsigned integers
        Class of each row, 0 to n_classes - 1.
    n_classes : int
        Number of classes, those without a row included.
    weights : array of shape (n_rows,), optional
        Weight of each row.
    engine : {"auto", "numpy", "numba"}
        "auto" compiles only where it pays: numba is installed, and the table is long.
    fractional : bool
        Whether rows may go down several branches, which only NumPy's engine does.

    Returns
    -------
    LevelCounter
        Stands at the root, to which all rows belong.

    Raises
    ------
    ImportError
        If `engine` is "numba" and numba is not installed.
    ValueError
        If `engine` is "numba" and the table does not fit the kernel.

    Examples
    --------
    Both customers with plan a are of class 1; the one with plan b is of class 0.

    >>> import pandas as pd
    >>> from crmlib.counts import Encoder
    >>> codes = Encoder().fit_encode(pd.DataFrame({"plan": ["a", "b", "a"]}))
    >>> counter = level_counter(codes, np.array([1, 0, 1], dtype=np.uint8), n_classes=2)
    >>> counter.counts(0, 1).rows
    array([[[0., 2.],
            [1., 0.]]])
    """
    one_of(engine, ("auto", "numpy", "numba"), "engine")
    sizes = countable_sizes(codes)
    if engine == "numpy":
        return NumpyCounter(codes, sizes, target, n_classes, weights)
    if engine == "auto":
        short = len(codes) < KERNEL_PAYS
        if fractional or short or max(sizes) * n_classes > 256 or not has_numba():
            return NumpyCounter(codes, sizes, target, n_classes, weights)
    from crmlib._checks import optional

    if fractional:
        raise ValueError("engine='numba' cannot send a row down several branches: use 'numpy'.")
    optional("numba", "scale")
    from crmlib.counts.packed import PackedCounter

    counter = PackedCounter(codes.names, sizes, n_classes, len(codes))
    counter.add(codes, target, weights)
    return counter


def has_numba() -> bool:
    """Whether the compiled kernel can be had."""
    from importlib.util import find_spec

    return find_spec("numba") is not None


def countable_sizes(codes: Codes) -> list[int]:
    """Return how many codes each attribute uses: missing only where there are missing values.

    Raises
    ------
    ValueError
        If there are unseen values, which no table has a place for.
    """
    sizes = []
    for largest, attribute in zip(codes.largest, codes.attributes, strict=True):
        if largest > attribute.missing:
            raise ValueError(
                f"Column {attribute.name!r} holds values the encoder never met: they cannot be "
                "counted. Encode with unseen='missing', or fit the encoder on this table."
            )
        sizes.append(max(largest + 1, len(attribute.levels), 1))
    return sizes


class NumpyCounter:
    """The level counter in NumPy: one `bincount` per group of attributes and level."""

    packed = False

    def __init__(
        self,
        codes: Codes,
        sizes: Sequence[int],
        target: npt.NDArray[Any],
        n_classes: int,
        weights: Floats | None,
    ) -> None:
        self.offsets = slot_offsets(sizes)
        self.n_classes = n_classes
        self.n_nodes = 1
        self._sizes = list(sizes)
        self._matrix = codes.matrix
        self._target = target
        self._rows: Ints | None = None  # positions of the rows still on their way; None: all
        self._node = np.zeros(len(codes), dtype=np.intp)
        self._share: Floats | None = None
        self._weights = weights
        self._groups = [
            (members, self._joint(members)) for members in pack_groups(sizes, 4096 // n_classes)
        ]

    def _joint(self, members: Sequence[int]) -> npt.NDArray[Any]:
        """Return the joint code of some attributes and the class, for every row."""
        cells = int(np.prod([self._sizes[a] for a in members])) * self.n_classes
        joint = np.zeros(len(self._node), dtype=np.min_scalar_type(cells))
        for attribute in members:
            joint *= joint.dtype.type(self._sizes[attribute])
            np.add(joint, self._matrix[attribute], out=joint, casting="unsafe")
        joint *= joint.dtype.type(self.n_classes)
        np.add(joint, self._target, out=joint, casting="unsafe")
        return joint

    def counts(self, start: int, stop: int) -> LevelCounts:
        """Return the counts of the frontier's nodes `start` to `stop`."""
        rows, node = self._rows, self._node
        chosen: npt.NDArray[Any] | None = None
        if start > 0 or stop < self.n_nodes:
            chosen = np.flatnonzero((node >= start) & (node < stop))
            node = node[chosen] - start
            rows = chosen if rows is None else rows[chosen]
        share = self._share if self._share is None or chosen is None else self._share[chosen]
        weights = _weights_of(self._weights, rows, share)
        plain = self._tables(rows, node, stop - start, share)
        if weights is None or weights is share:
            return LevelCounts(plain, plain)
        return LevelCounts(plain, self._tables(rows, node, stop - start, weights))

    def _tables(
        self, rows: Ints | None, node: Ints, n_nodes: int, weights: Floats | None
    ) -> Floats:
        """Count every attribute by node, value and class."""
        out = np.empty((n_nodes, int(self.offsets[-1]), self.n_classes))
        cell = np.empty(len(node), dtype=np.intp)
        for members, joint in self._groups:
            shape = [self._sizes[a] for a in members]
            cells = int(np.prod(shape)) * self.n_classes
            if len(members) > 1 and n_nodes * cells > 2 * len(node):
                # More cells than rows: summing them would cost more than counting apart.
                target = self._target if rows is None else self._target[rows]
                for attribute in members:
                    alone = self._matrix[attribute]
                    np.multiply(node, self._sizes[attribute], out=cell)
                    np.add(cell, alone if rows is None else alone[rows], out=cell)
                    np.multiply(cell, self.n_classes, out=cell)
                    np.add(cell, target, out=cell)
                    self._store(out, [attribute], cell, weights)
                continue
            np.multiply(node, cells, out=cell)
            np.add(cell, joint if rows is None else joint[rows], out=cell)
            self._store(out, members, cell, weights)
        return out

    def _store(
        self, out: Floats, members: Sequence[int], cell: Ints, weights: Floats | None
    ) -> None:
        """Count the cells and sum them out for each member of the group."""
        shape = (len(out), *(self._sizes[a] for a in members), self.n_classes)
        counted = np.bincount(cell, weights, minlength=int(np.prod(shape))).reshape(shape)
        for axis, attribute in enumerate(members, start=1):
            others = tuple(other for other in range(1, len(members) + 1) if other != axis)
            first, last = self.offsets[attribute], self.offsets[attribute + 1]
            out[:, first:last] = counted.sum(axis=others) if others else counted

    def descend(self, split: Ints, edges: Edges, n_children: int) -> None:
        """Move the rows on along `edges`; rows without one stay behind."""
        wide = max(self._sizes) + 1  # an edge may name the code of missing values where none are
        key = edges.node * wide + edges.code
        order = np.argsort(key, kind="stable")
        first = np.searchsorted(key[order], np.arange(self.n_nodes * wide + 1))
        rows = np.arange(len(self._node)) if self._rows is None else self._rows
        at = self._node
        moving = split[at] >= 0
        rows, at = rows[moving], at[moving]
        place = at * wide + self._matrix[split[at], rows]
        branches = first[place + 1] - first[place]
        source = np.repeat(np.arange(len(rows)), branches)
        within = np.arange(len(source)) - np.repeat(np.cumsum(branches) - branches, branches)
        edge = order[first[place[source]] + within]
        if self._share is not None or (branches > 1).any():
            old = np.ones(len(moving)) if self._share is None else self._share
            self._share = old[moving][source] * edges.share[edge]
        self._rows, self._node = rows[source], edges.child[edge]
        self.n_nodes = n_children


def _weights_of(weights: Floats | None, rows: Ints | None, share: Floats | None) -> Floats | None:
    """Return weight times share of each row on its way."""
    if weights is None:
        return share
    here = weights if rows is None else weights[rows]
    return here if share is None else here * share
