"""Compiled loops of the tree: growing it whole, and the way down for a row.

They give what `crmlib.tree.grow` and `structure.apply` give, and are written for speed: no table
is kept longer than its node, and nothing goes back to Python between the levels.
"""

from __future__ import annotations

import numpy as np

from crmlib.counts.kernel import compiled, count_node, count_node_weighted, move
from crmlib.tree.criteria import TINY

_WHOLE = np.arange(8192, dtype=np.float64)
#: Logarithms of whole numbers, and the numbers times them.
LOGS = np.log2(np.maximum(_WHOLE, 1))
TERMS = _WHOLE * LOGS


@compiled
def grow(  # type: ignore[no-untyped-def]
    words, weights, layout, offsets, class_weight, guiasu, attribute_weight, ratio, limits,
    critical, logs, terms,
):  # fmt: skip
    """Return the nodes (attribute, parent, code, depth), their counts, and what was measured."""
    bounds, shift, cell, cells, group_of, code_of = layout
    max_depth, min_split, min_leaf, min_gain = limits
    n_classes, n_attributes = len(class_weight), len(attribute_weight)
    has_weights, plain = len(weights) > 0, bool((class_weight == 1).all())
    reweighted = not guiasu and not plain
    term_weight = class_weight if guiasu else np.ones(n_classes)
    widest = np.max(np.diff(offsets))

    rows_at = np.zeros((offsets[-1], n_classes))
    weight_at = np.zeros_like(rows_at) if has_weights else rows_at
    scored = np.zeros_like(rows_at) if reweighted else weight_at
    tally, mass = np.empty((2, 8, 256), dtype=np.int32), np.empty((8, 256))
    score, by_class = np.empty(n_attributes), np.empty(n_classes)
    spare, spare_weights = np.empty((0, words.shape[1]), dtype=np.uint64), np.empty(0)

    nodes = np.full((256, 5), -1, dtype=np.intp)  # attribute, parent, code, depth, measured
    rows, weighted = np.zeros((256, n_classes)), np.zeros((256, n_classes))
    gains, infos = np.empty((64, n_attributes)), np.empty((64, n_attributes))
    count, measured = 1, 0
    frontier = np.zeros(1, dtype=np.intp)
    starts = np.array([0, len(words)], dtype=np.intp)
    level = 0
    while True:
        split = np.full(len(frontier), -1, dtype=np.intp)
        child = np.full((len(frontier), widest), -1, dtype=np.int32)
        following = np.empty(256, dtype=np.intp)
        n_following = 0
        gains = _room(gains, measured + len(frontier))
        infos = _room(infos, measured + len(frontier))
        for at, node in enumerate(frontier):
            rows_at[:] = 0.0
            if has_weights:
                weight_at[:] = 0.0
                count_node_weighted(
                    words, weights, starts[at], starts[at + 1], bounds, shift, cell, cells,
                    tally[0], mass, rows_at.reshape(-1), weight_at.reshape(-1),
                )  # fmt: skip
            else:
                count_node(
                    words, starts[at], starts[at + 1], bounds, shift, cell, cells,
                    tally, rows_at.reshape(-1),
                )  # fmt: skip
            if level == 0:
                for slot in range(offsets[1]):
                    rows[0] += rows_at[slot]
                    weighted[0] += weight_at[slot]
                nodes[0, 3] = 0
                if not _opens(rows[0], 0, max_depth, min_split):
                    break
            if reweighted:
                scored[:] = weight_at * class_weight
            whole = not has_weights and not reweighted and starts[at + 1] - starts[at] < len(logs)
            gain, info = gains[measured], infos[measured]
            nodes[node, 4] = measured
            measured += 1
            _measure(scored, offsets, term_weight, whole, logs, terms, by_class, gain, info)
            _allow(rows_at, offsets, gain, TINY * term_weight.max(), min_gain, min_leaf, score)
            if len(critical) > 0:
                _test(rows_at, offsets, critical, score)
            best = _choose(gain, info, attribute_weight, ratio, score)
            if best < 0:
                continue
            split[at] = nodes[node, 0] = best
            nodes = _room(nodes, count + widest)
            rows, weighted = _room(rows, count + widest), _room(weighted, count + widest)
            following = _room(following, n_following + widest)
            for slot in range(offsets[best], offsets[best + 1]):
                branch = 0.0
                for label in range(n_classes):
                    branch += rows_at[slot, label]
                if branch == 0:
                    continue
                for label in range(n_classes):
                    rows[count, label] = rows_at[slot, label]
                    weighted[count, label] = weight_at[slot, label]
                nodes[count, 0], nodes[count, 1] = -1, node
                nodes[count, 2], nodes[count, 3] = slot - offsets[best], level + 1
                nodes[count, 4] = -1
                if _opens(rows[count], level + 1, max_depth, min_split):
                    child[at, slot - offsets[best]] = n_following
                    following[n_following] = count
                    n_following += 1
                count += 1
        if n_following == 0:
            return nodes[:count], rows[:count], weighted[:count], gains[:measured], infos[:measured]
        if len(spare) == 0:
            spare, spare_weights = np.empty_like(words), np.empty_like(weights)
        to_starts = np.empty(n_following + 1, dtype=np.intp)
        move(words, weights, starts, split, group_of, code_of, child,
             spare, spare_weights, to_starts)  # fmt: skip
        words, spare = spare, words
        weights, spare_weights = spare_weights, weights
        frontier, starts = following[:n_following].copy(), to_starts
        level += 1


@compiled
def _room(array, needed):  # type: ignore[no-untyped-def]
    """Return the array, or a longer one that begins with it."""
    if needed <= len(array):
        return array
    longer = np.empty((max(needed, 2 * len(array)),) + array.shape[1:], dtype=array.dtype)  # noqa: RUF005
    longer[: len(array)] = array
    return longer


@compiled
def _opens(rows, depth, max_depth, min_split):  # type: ignore[no-untyped-def]
    """Whether a node may be split: mixed, large and shallow enough."""
    classes, total = 0, 0.0
    for label in range(len(rows)):
        total += rows[label]
        classes += rows[label] > 0
    return classes > 1 and depth < max_depth and total >= min_split - 1e-9


@compiled
def _measure(  # type: ignore[no-untyped-def]
    table, offsets, weight, whole, logs, terms, by_class, gain, info
):
    """Write gain and split information of each attribute of one node."""
    n_classes = table.shape[1]
    total, before = 0.0, 0.0
    for label in range(n_classes):
        n = 0.0
        for slot in range(offsets[1]):
            n += table[slot, label]
        total += n
        by_class[label] = n
    log_total = np.log2(max(total, 1e-300))
    for label in range(n_classes):
        n = by_class[label]
        if n > 0:
            before += weight[label] * n * (log_total - np.log2(n))
    for attribute in range(len(offsets) - 1):
        left, spread = 0.0, 0.0
        first, last = np.uint64(offsets[attribute]), np.uint64(offsets[attribute + 1])
        if whole and n_classes == 2:
            for slot in range(first, last):
                n, m = table[slot, 0], table[slot, 1]
                a, b = np.uint32(n), np.uint32(m)
                log = logs[a + b]
                spread += terms[a + b]
                left += weight[0] * (n * log - terms[a]) + weight[1] * (m * log - terms[b])
        else:
            for slot in range(first, last):
                branch = 0.0
                for label in range(n_classes):
                    branch += table[slot, label]
                if branch == 0:
                    continue
                log = logs[np.uint32(branch)] if whole else np.log2(branch)
                spread += branch * log
                for label in range(n_classes):
                    n = table[slot, label]
                    if 0 < n < branch:  # one class only: no entropy
                        term = terms[np.uint32(n)] if whole else n * np.log2(n)
                        left += weight[label] * (n * log - term)
        gain[attribute] = (before - left) / max(total, 1e-300)
        info[attribute] = log_total - spread / max(total, 1e-300)


@compiled
def _allow(rows, offsets, gain, tiny, min_gain, min_leaf, score):  # type: ignore[no-untyped-def]
    """Write 0 for each attribute that may split the node, and minus infinity for the others."""
    for attribute in range(len(gain)):
        allowed = gain[attribute] > tiny and gain[attribute] >= min_gain
        if allowed and min_leaf > 1:
            large = 0
            for slot in range(offsets[attribute], offsets[attribute + 1]):
                if rows[slot].sum() >= min_leaf - 1e-9:
                    large += 1
            allowed = large >= 2
        score[attribute] = 0.0 if allowed else -np.inf


@compiled
def _test(rows, offsets, critical, score):  # type: ignore[no-untyped-def]
    """Bar the attributes whose chi-square stays below ``critical[degrees of freedom]``."""
    n_classes = rows.shape[1]
    by_class = np.zeros(n_classes)
    for slot in range(offsets[1]):
        by_class += rows[slot]
    total, classes = by_class.sum(), (by_class > 0).sum()
    for attribute in range(len(score)):
        statistic, branches = 0.0, 0
        for slot in range(offsets[attribute], offsets[attribute + 1]):
            branch = rows[slot].sum()
            if branch == 0:
                continue
            branches += 1
            for label in range(n_classes):
                expected = branch * by_class[label] / total
                if expected > 0:
                    statistic += (rows[slot, label] - expected) ** 2 / expected
        if statistic < critical[(branches - 1) * (classes - 1)]:
            score[attribute] = -np.inf


@compiled
def _choose(gain, info, attribute_weight, ratio, score):  # type: ignore[no-untyped-def]
    """Return the first of the best allowed attributes, -1 if there is none."""
    average, gaining = 0.0, 0
    for each in gain:
        if each > TINY:
            average += each
            gaining += 1
    average /= max(gaining, 1)
    top = -np.inf
    for attribute in range(len(gain)):
        weight = attribute_weight[attribute]
        if score[attribute] < 0 or weight <= 0:
            score[attribute] = -np.inf
            continue
        if not ratio:
            score[attribute] = gain[attribute] * weight
        elif gain[attribute] >= average * (1 - 1e-9) and info[attribute] > TINY:
            score[attribute] = gain[attribute] / info[attribute] * weight
        top = max(top, score[attribute])
    if top == -np.inf:
        return -1
    for attribute in range(len(gain)):
        if score[attribute] >= top - 1e-9 * abs(top):
            return attribute
    return -1


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
