"""Where to cut a numeric column: pure functions from sorted distinct values to edges.

A value belongs to the bin whose number is the count of edges below it, so a bin reads "over this
edge, up to and including the next". Quantile and MDL edges are values the column holds.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def quantile_edges(values: Floats, weights: Floats, n_bins: int) -> Floats:
    """Cut so that every bin holds about the same weight.

    Edge j is the smallest value whose cumulative weight reaches j/n_bins of the total (the
    inverse of the weighted distribution function), so a weight of 2 is the same as two rows.
    With at most `n_bins` distinct values, each value gets a bin of its own.

    Parameters
    ----------
    values : array of shape (m,)
        Distinct values, ascending.
    weights : array of shape (m,)
        Weight of each value.
    n_bins : int
        Number of bins wanted; ties may leave fewer.

    Returns
    -------
    array of at most n_bins - 1 edges, ascending

    Examples
    --------
    >>> quantile_edges(np.arange(1.0, 9.0), np.ones(8), 4)
    array([2., 4., 6.])
    >>> quantile_edges(np.array([0.0, 1.0, 2.0]), np.array([98.0, 1.0, 1.0]), 4)
    array([0., 1.])
    """
    if len(values) <= n_bins:
        return np.asarray(values[:-1])
    cumulative = np.cumsum(weights)
    # The slack keeps an edge in place when a database adds the weights in another order.
    targets = cumulative[-1] * np.arange(1, n_bins) / n_bins * (1 - 1e-12)
    edges = np.unique(values[np.searchsorted(cumulative, targets)])
    return np.asarray(edges[edges < values[-1]])


def width_edges(low: float, high: float, n_bins: int) -> Floats:
    """Cut the range from `low` to `high` into bins of equal width.

    Examples
    --------
    >>> width_edges(0.0, 72.0, 3)
    array([24., 48.])
    """
    if not low < high:
        return np.empty(0)
    return np.unique(low + (high - low) * np.arange(1, n_bins) / n_bins)


def mdl_edges(values: Floats, counts: Floats) -> Floats:
    """Cut where the classes change, as long as the cut pays for its own description.

    The cut that leaves the least class entropy is accepted when its gain exceeds
    ``log2(N - 1)/N + (log2(3**k - 2) - (k Ent(S) - k1 Ent(S1) - k2 Ent(S2)))/N``, with k, k1, k2
    the numbers of classes present in the whole and in the two parts; both parts are then cut
    in the same way (Fayyad & Irani 1993, "Multi-interval discretization of continuous-valued
    attributes for classification learning").

    Parameters
    ----------
    values : array of shape (m,)
        Distinct values, ascending.
    counts : array of shape (m, n_classes)
        Weighted class counts of each value.

    Returns
    -------
    array of edges, ascending; empty when no cut pays

    Examples
    --------
    >>> counts = np.repeat([[9.0, 1.0], [1.0, 9.0]], 5, axis=0)
    >>> mdl_edges(np.arange(10.0), counts)
    array([4.])
    """
    cumulative = np.vstack([np.zeros(counts.shape[1]), np.cumsum(counts, axis=0)])
    edges: list[int] = []
    pending = [(0, len(values))]
    while pending:
        start, stop = pending.pop()
        cut = _mdl_cut(cumulative[start : stop + 1] - cumulative[start])
        if cut is not None:
            edges.append(start + cut - 1)
            pending += [(start, start + cut), (start + cut, stop)]
    return values[np.sort(np.array(edges, dtype=np.intp))]


def _mdl_cut(cumulative: Floats) -> int | None:
    """Return how many values go left of the best cut, or None when it does not pay."""
    if len(cumulative) < 3:
        return None
    whole, left = cumulative[-1:], cumulative[1:-1]
    right = whole - left
    total = whole.sum()
    after = (left.sum(1) * _entropy(left) + right.sum(1) * _entropy(right)) / total
    best = int(np.argmin(np.round(after, 12)))  # ties go to the lowest cut on every machine
    sides = [whole, left[best : best + 1], right[best : best + 1]]
    entropy = [_entropy(side)[0] for side in sides]
    present = [np.count_nonzero(side > 0) for side in sides]
    cost = np.log2(3.0 ** present[0] - 2) - (
        present[0] * entropy[0] - present[1] * entropy[1] - present[2] * entropy[2]
    )
    gain = entropy[0] - after[best]
    price = (np.log2(max(total - 1, 1.0)) + cost) / total
    return best + 1 if gain > price + 1e-12 else None


def _entropy(counts: Floats) -> Floats:
    """Entropy in bits of each row of class counts."""
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1e-300)
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(-(shares * logs).sum(1))
