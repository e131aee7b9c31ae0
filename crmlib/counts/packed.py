"""Counting in memory with a compiled kernel: several attributes and the class in every byte.

A row becomes one or a few 64-bit words. Each byte holds the joint code of some attributes and the
class, so one increment counts them all, and moving a row to its child moves its words. Rows lie
sorted by node, each node's in their first order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from crmlib.counts import kernel
from crmlib.counts.codes import Codes
from crmlib.counts.levels import Edges, Floats, Ints, LevelCounts, pack_groups, slot_offsets


class PackedCounter:
    """The level counter with the compiled kernel.

    Other compiled loops may work on the same rows: `words`, `weights` and `layout` are what those
    of `crmlib.counts.kernel` take.
    """

    packed = True

    def __init__(
        self, names: Sequence[Any], sizes: Sequence[int], n_classes: int, n_rows: int
    ) -> None:
        self.offsets = slot_offsets(sizes)
        self.n_classes = n_classes
        self.n_nodes = 1
        largest = int(np.argmax(sizes))
        if sizes[largest] * n_classes > 256:
            raise ValueError(
                f"Column {names[largest]!r} has {sizes[largest]} codes and there are {n_classes} "
                "classes: the compiled kernel holds at most 256 combinations. Use engine='numpy'."
            )
        self._layout(sizes)
        self.words = np.empty((n_rows, self._n_words), dtype=np.uint64)
        self.weights = np.empty(0)
        self._filled = 0
        self._starts = np.array([0, 0], dtype=np.intp)
        self._spare = self.words[:0]
        self._spare_weights = self.weights

    def add(self, codes: Codes, target: npt.NDArray[Any], weights: Floats | None) -> None:
        """Pack the next rows of the table."""
        matrix = codes.matrix
        first, last = self._filled, self._filled + len(codes)
        buffers = np.zeros((2, kernel.BLOCK), dtype=np.uint8)
        kernel.pack(
            matrix if matrix.dtype == np.uint8 else matrix.astype(np.uint8),
            target.astype(np.uint8, copy=False),
            self._members,
            self.layout[0],
            self._scale,
            self.words[first:last],
            buffers[0],
            buffers[0].view(np.uint64),
            buffers[1],
            buffers[1].view(np.uint64),
        )
        if weights is not None:
            if first == 0:
                self.weights = np.empty(len(self.words))
            self.weights[first:last] = weights
        self._filled = self._starts[1] = last

    def _layout(self, sizes: Sequence[int]) -> None:
        """Decide which byte holds which attributes, and what each of its values means."""
        groups = pack_groups(sizes, 256 // self.n_classes)
        self._n_words = -(-len(groups) // 8)
        self._members = np.array([a for group in groups for a in group], dtype=np.intp)
        group_of = np.empty(len(sizes), dtype=np.intp)
        self._scale = np.empty(len(sizes), dtype=np.uint8)
        cells = np.empty(len(groups), dtype=np.intp)
        for place, group in enumerate(groups):
            product = self.n_classes
            for attribute in group:
                group_of[attribute], self._scale[attribute] = place, product
                product *= sizes[attribute]
            cells[place] = product
        bounds = slot_offsets([len(group) for group in groups])
        code = np.empty((len(sizes), 256), dtype=np.uint8)
        cell = np.empty((len(sizes), 256), dtype=np.uint32)
        kernel.lay_out(
            self._members, self._scale, np.array(sizes), self.offsets, self.n_classes, code, cell
        )
        shift = (8 * (group_of[self._members] % 8)).astype(np.uint64)
        self.layout = bounds, shift, cell, cells, group_of, code

    def counts(self, start: int, stop: int) -> LevelCounts:
        """Return the counts of the frontier's nodes `start` to `stop`."""
        shape = (stop - start, int(self.offsets[-1]), self.n_classes)
        rows = np.zeros(shape)
        flat = (stop - start, shape[1] * self.n_classes)
        layout = self.layout[:4]
        if len(self.weights) == 0:
            kernel.count(self.words, self._starts[start : stop + 1], *layout, rows.reshape(flat))
            return LevelCounts(rows, rows)
        weighted = np.zeros(shape)
        kernel.count_weighted(
            self.words,
            self.weights,
            self._starts[start : stop + 1],
            *layout,
            rows.reshape(flat),
            weighted.reshape(flat),
        )
        return LevelCounts(rows, weighted)

    def descend(self, split: Ints, edges: Edges, n_children: int) -> None:
        """Move the rows on along `edges`; rows without one stay behind."""
        child = np.full((self.n_nodes, 256), -1, dtype=np.int32)
        child[edges.node, edges.code] = edges.child
        starts = np.empty(n_children + 1, dtype=np.intp)
        if len(self._spare) < len(self.words):
            self._spare = np.empty_like(self.words)
            self._spare_weights = np.empty_like(self.weights)
        kernel.move(
            self.words,
            self.weights,
            self._starts,
            split,
            *self.layout[4:],
            child,
            self._spare,
            self._spare_weights,
            starts,
        )
        self.words, self._spare = self._spare, self.words
        self.weights, self._spare_weights = self._spare_weights, self.weights
        self._starts, self.n_nodes = starts, n_children
