"""Compiled loops of the tree: the two sums behind every score, and the way down for a row.

They give what `criteria.branch_sums` and `structure.apply` give, and are written for speed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

Loop = Callable[..., Any]
_TABLE = 8192


def compiled(function: Loop) -> Loop:
    """Compile on first use, and remember on disk."""
    loop: Loop = numba.njit(cache=True, boundscheck=False)(function)
    return loop


@compiled
def _sums(counts, offsets, weight, table, logs, after, shares):  # type: ignore[no-untyped-def]
    n_nodes, _, n_classes = counts.shape
    size = len(table)
    for node in range(n_nodes):
        for attribute in range(len(offsets) - 1):
            left, spread = 0.0, 0.0
            for slot in range(offsets[attribute], offsets[attribute + 1]):
                total, largest = 0.0, 0.0
                for label in range(n_classes):
                    count = counts[node, slot, label]
                    total += count
                    largest = max(largest, count)
                if total == 0:
                    continue
                whole = int(total)
                known = whole < size and whole == total
                log = logs[whole] if known else np.log2(total)
                spread += total * log
                if largest == total:  # one class only: no entropy
                    continue
                for label in range(n_classes):
                    count = counts[node, slot, label]
                    if count > 0:
                        whole = int(count)
                        known = whole < size and whole == count
                        terms = table[whole] if known else count * np.log2(count)
                        left += weight[label] * (count * log - terms)
            after[node, attribute] = left
            shares[node, attribute] = spread


@compiled
def _two_sums(counts, offsets, weight, table, logs, after, shares):  # type: ignore[no-untyped-def]
    """As `_sums`, for two classes without a loop over them."""
    size = len(table)
    first, second = weight[0], weight[1]
    for node in range(len(counts)):
        for attribute in range(len(offsets) - 1):
            left, spread = 0.0, 0.0
            for slot in range(offsets[attribute], offsets[attribute + 1]):
                a, b = counts[node, slot, 0], counts[node, slot, 1]
                total = a + b
                if total == 0:
                    continue
                whole = int(total)
                if whole < size and whole == total:
                    log = logs[whole]
                    spread += table[whole]
                else:
                    log = np.log2(total)
                    spread += total * log
                if a > 0 and b > 0:
                    n, m = int(a), int(b)
                    if n < size and m < size and n == a and m == b:
                        left += first * (a * log - table[n]) + second * (b * log - table[m])
                    else:
                        left += first * a * (log - np.log2(a)) + second * b * (log - np.log2(b))
            after[node, attribute] = left
            shares[node, attribute] = spread


_WHOLE = np.arange(_TABLE, dtype=np.float64)
_LOGS = np.log2(np.maximum(_WHOLE, 1))
_XLOGX = _WHOLE * _LOGS


def branch_sums(counts: Any, offsets: Any, class_weight: Any, after: Any, shares: Any) -> None:
    """Write sum_v n_v H_w(S_v) into `after` and sum_v n_v log2 n_v into `shares`."""
    loop = _two_sums if counts.shape[2] == 2 else _sums
    loop(counts, offsets, class_weight, _XLOGX, _LOGS, after, shares)


@compiled
def descend(matrix, attribute, first, branch, at):  # type: ignore[no-untyped-def]
    """Write the node at which each row stops into `at`."""
    for row in range(matrix.shape[1]):
        node = 0
        while attribute[node] >= 0:
            child = branch[first[node] + matrix[attribute[node], row]]
            if child < 0:
                break
            node = child
        at[row] = node
