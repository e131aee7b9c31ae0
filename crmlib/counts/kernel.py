"""The compiled loops behind `crmlib.counts.packed`: this file is written for speed.

Arrays shared by the loops: ``members[bounds[g]:bounds[g + 1]]`` are the attributes of byte g,
``shift[i]`` is where the byte of attribute ``members[i]`` begins in its word, ``cell[i, byte]`` is
the place of that byte in the attribute's table, and ``starts[v]`` is the first row of node v.
Indexes without a sign spare the loops a test each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

Loop = Callable[..., Any]
#: From so many rows on, a node's bytes are counted first and its attributes summed from them.
_MANY = 256
#: Rows that are packed together: what they need fits the fastest cache.
BLOCK = 2048


def compiled(function: Loop) -> Loop:
    """Compile on first use, and remember on disk."""
    loop: Loop = numba.njit(cache=True, boundscheck=False)(function)
    return loop


@compiled
def lay_out(members, scale, sizes, offsets, n_classes, code, cell):  # type: ignore[no-untyped-def]
    """Write what each byte means: an attribute's code, and the cell of its table."""
    for place, attribute in enumerate(members):
        for byte in range(256):
            value = byte // scale[attribute] % sizes[attribute]
            code[attribute, byte] = value
            cell[place, byte] = (offsets[attribute] + value) * n_classes + byte % n_classes


@compiled
def pack(  # type: ignore[no-untyped-def]
    matrix, target, members, bounds, scale, words, codes, eights, labels, label_eights
):
    """Write each row's joint codes into the bytes of its words.

    Eight rows are worked at once: `eights` sees the bytes of the buffer `codes` as 64-bit
    integers, and no byte ever overflows into the next. A transposition of eight by eight bytes
    then turns eight groups of eight rows into eight words.
    """
    n_rows = matrix.shape[1]
    n_groups = len(bounds) - 1
    joint = np.empty((8, len(eights)), dtype=np.uint64)
    lane = np.empty(8, dtype=np.uint64)
    for first in range(0, n_rows, len(codes)):
        length = min(len(codes), n_rows - first)
        runs = (length + 7) // 8
        labels[:length] = target[first : first + length]
        for word in range(words.shape[1]):
            for group in range(8 * word, min(8 * word + 8, n_groups)):
                sums = joint[group - 8 * word]
                sums[:runs] = label_eights[:runs]
                for place in range(bounds[group], bounds[group + 1]):
                    attribute = members[place]
                    factor = np.uint64(scale[attribute])
                    codes[:length] = matrix[attribute, first : first + length]
                    for run in range(runs):
                        sums[run] += eights[run] * factor
            for group in range(min(8, n_groups - 8 * word), 8):
                joint[group, :runs] = 0
            for run in range(runs):
                for group in range(8):
                    lane[group] = joint[group, run]
                _transpose(lane)
                for row in range(min(8, length - 8 * run)):
                    words[first + 8 * run + row, word] = lane[row]


@compiled
def _transpose(lane):  # type: ignore[no-untyped-def]
    """Transpose eight words of eight bytes: swap bytes, pairs of bytes, then halves."""
    one, two, four = np.uint64(8), np.uint64(16), np.uint64(32)
    for low in range(0, 8, 2):
        swap = ((lane[low] >> one) ^ lane[low + 1]) & np.uint64(0x00FF00FF00FF00FF)
        lane[low + 1] ^= swap
        lane[low] ^= swap << one
    for low in (0, 1, 4, 5):
        swap = ((lane[low] >> two) ^ lane[low + 2]) & np.uint64(0x0000FFFF0000FFFF)
        lane[low + 2] ^= swap
        lane[low] ^= swap << two
    for low in range(4):
        swap = ((lane[low] >> four) ^ lane[low + 4]) & np.uint64(0x00000000FFFFFFFF)
        lane[low + 4] ^= swap
        lane[low] ^= swap << four


@compiled
def count(words, starts, bounds, shift, cell, cells, out):  # type: ignore[no-untyped-def]
    """Add each node's rows to its tables, all attributes side by side in ``out[node]``."""
    tally = np.empty((2, 8, 256), dtype=np.int32)
    for node in range(len(starts) - 1):
        count_node(
            words, starts[node], starts[node + 1], bounds, shift, cell, cells, tally, out[node]
        )


@compiled
def count_node(words, first, last, bounds, shift, cell, cells, tally, table):  # type: ignore[no-untyped-def]
    """Add the rows of one node to its table; `tally` is room to work in."""
    n_groups = len(bounds) - 1
    low = np.uint64(255)
    eight = np.uint64(8)
    even, odd = tally[0], tally[1]
    for word in range(words.shape[1]):
        groups = min(8, n_groups - 8 * word)
        places = np.uint64(bounds[8 * word]), np.uint64(bounds[8 * word + groups])
        if last - first < _MANY:
            for row in range(first, last):
                bits = words[row, word]
                for place in range(places[0], places[1]):
                    table[cell[place, (bits >> shift[place]) & low]] += 1
            continue
        tally[:] = 0
        # Two sets of counters: a row never waits for the one before it.
        row = first
        while row + 1 < last:
            a, b = words[row, word], words[row + 1, word]
            for group in range(8):
                even[group, a & low] += 1
                odd[group, b & low] += 1
                a >>= eight
                b >>= eight
            row += 2
        if row < last:
            a = words[row, word]
            for group in range(8):
                even[group, a & low] += 1
                a >>= eight
        for group in range(groups):
            whole = 8 * word + group
            for byte in range(cells[whole]):
                rows = even[group, byte] + odd[group, byte]
                if rows > 0:
                    for place in range(bounds[whole], bounds[whole + 1]):
                        table[cell[place, byte]] += rows


@compiled
def count_weighted(  # type: ignore[no-untyped-def]
    words, weights, starts, bounds, shift, cell, cells, out, weighted
):
    """As `count`, and sum the rows' weights into `weighted`."""
    tally, mass = np.empty((8, 256), dtype=np.int32), np.empty((8, 256))
    for node in range(len(starts) - 1):
        count_node_weighted(
            words, weights, starts[node], starts[node + 1],
            bounds, shift, cell, cells, tally, mass, out[node], weighted[node],
        )  # fmt: skip


@compiled
def count_node_weighted(  # type: ignore[no-untyped-def]
    words, weights, first, last, bounds, shift, cell, cells, tally, mass, table, weighted
):
    """As `count_node`, and sum the rows' weights into `weighted`."""
    n_groups = len(bounds) - 1
    low = np.uint64(255)
    eight = np.uint64(8)
    many = last - first >= _MANY
    for word in range(words.shape[1]):
        groups = min(8, n_groups - 8 * word)
        places = np.uint64(bounds[8 * word]), np.uint64(bounds[8 * word + groups])
        if many:
            tally[:] = 0
            mass[:] = 0.0
        for row in range(first, last):
            bits, weight = words[row, word], weights[row]
            if many:
                for group in range(groups):
                    byte = bits & low
                    bits >>= eight
                    tally[group, byte] += 1
                    mass[group, byte] += weight
            else:
                for place in range(places[0], places[1]):
                    at = cell[place, (bits >> shift[place]) & low]
                    table[at] += 1
                    weighted[at] += weight
        if many:
            for group in range(groups):
                whole = 8 * word + group
                for byte in range(cells[whole]):
                    if tally[group, byte] > 0:
                        for place in range(bounds[whole], bounds[whole + 1]):
                            at = cell[place, byte]
                            table[at] += tally[group, byte]
                            weighted[at] += mass[group, byte]


@compiled
def move(  # type: ignore[no-untyped-def]
    words, weights, starts, split, group_of, code, child, to_words, to_weights, to_starts
):
    """Copy the rows that go on, sorted by child and in their order within it."""
    n_nodes = len(split)
    n_words = words.shape[1]
    has_weights = len(weights) > 0
    low = np.uint64(255)
    target = np.empty(256, dtype=np.int32)
    size = np.zeros(len(to_starts), dtype=np.intp)
    # Children of one node are neighbors, in the order of the nodes: count, then copy.
    histogram = np.zeros(256, dtype=np.intp)
    for node in range(n_nodes):
        attribute = split[node]
        if attribute < 0:
            continue
        group = group_of[attribute]
        word, shift = group // 8, np.uint64(8 * (group % 8))
        histogram[:] = 0
        for row in range(starts[node], starts[node + 1]):
            histogram[(words[row, word] >> shift) & low] += 1
        for byte in range(256):
            to = child[node, code[attribute, byte]]
            if to >= 0:
                size[to] += histogram[byte]
    at = 0
    for node in range(len(to_starts) - 1):
        to_starts[node] = at
        at += size[node]
        size[node] = to_starts[node]
    to_starts[len(to_starts) - 1] = at
    for node in range(n_nodes):
        attribute = split[node]
        if attribute < 0:
            continue
        group = group_of[attribute]
        word, shift = group // 8, np.uint64(8 * (group % 8))
        for byte in range(256):
            target[byte] = child[node, code[attribute, byte]]
        for row in range(starts[node], starts[node + 1]):
            to = target[(words[row, word] >> shift) & low]
            if to >= 0:
                place = size[to]
                size[to] = place + 1
                for each in range(n_words):
                    to_words[place, each] = words[row, each]
                if has_weights:
                    to_weights[place] = weights[row]
