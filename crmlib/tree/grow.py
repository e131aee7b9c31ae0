"""Growing a tree level by level from counts: the learner behind the classifier.

The grower never sees a row. It asks a `LevelCounter` for the class counts of a level, chooses
splits, and says where the rows go; the counter may hold a table in memory or query a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crmlib.counts import Edges, LevelCounter, LevelCounts
from crmlib.tree.criteria import (
    TINY,
    Criterion,
    SplitSums,
    Weights,
    chi_square,
    gain_ratio_score,
    gain_score,
    split_sums,
)
from crmlib.tree.structure import Floats, Ints, Tree

#: Counts are asked for in pieces of about so many cells.
_CELLS = 1 << 22


@dataclass(frozen=True)
class Rules:
    """How to choose splits and when to stop."""

    criterion: Criterion
    class_weight: Floats
    weights: Weights
    n_codes: Ints
    max_depth: float = np.inf
    min_samples_split: float = 2
    min_samples_leaf: float = 1
    min_gain: float = 0.0
    chi2_alpha: float | None = None
    missing: Ints | None = None


def grow(counter: LevelCounter, rules: Rules) -> Tree:
    """Grow a tree from the counter's root.

    A node is split by the attribute with the best score, among those that gain something, leave
    at least two branches with `min_samples_leaf` rows and pass the chi-square test. Of scores
    that differ by rounding only, the first attribute wins, so every engine grows the same tree.

    Parameters
    ----------
    counter : LevelCounter
    rules : Rules
        `rules.n_codes` holds the number of codes of each attribute, missing included;
        `rules.missing` the code of a missing value where it is no branch of its own.

    Returns
    -------
    Tree
    """
    if counter.packed and rules.criterion.score in (gain_score, gain_ratio_score):
        return _grow_whole(counter, rules)
    builder = _Builder(counter.n_classes, len(rules.n_codes))
    root = counter.counts(0, 1)
    last = counter.offsets[1]
    builder.add_root(root.rows[:, :last].sum(axis=1), root.weighted[:, :last].sum(axis=1))
    frontier = builder.open_nodes(0, rules)
    ready: LevelCounts | None = root
    while len(frontier):
        frontier = _grow_level(counter, rules, builder, frontier, ready)
        ready = None
    return builder.finish(rules)


def _grow_whole(counter: Any, rules: Rules) -> Tree:
    """Let one compiled loop grow the tree from packed rows."""
    from scipy.stats import chi2

    from crmlib.tree import kernel

    critical = np.empty(0)
    if rules.chi2_alpha is not None:
        freedom = int(np.diff(counter.offsets).max() - 1) * (counter.n_classes - 1)
        critical = chi2.isf(rules.chi2_alpha, np.arange(freedom + 1))
        critical[0] = np.inf if rules.chi2_alpha < 1 else 0.0
    limits = rules.max_depth, rules.min_samples_split, rules.min_samples_leaf, rules.min_gain
    nodes, rows, weighted, gains, split_info = kernel.grow(
        counter.words,
        counter.weights,
        counter.layout,
        counter.offsets,
        rules.class_weight,
        rules.criterion.guiasu,
        rules.weights.attribute,
        rules.criterion.score is gain_ratio_score,
        tuple(float(limit) for limit in limits),
        critical,
        kernel.LOGS,
        kernel.TERMS,
    )
    attribute, parent, code, depth, measured = np.ascontiguousarray(nodes.T)
    return _tree(
        rules,
        attribute,
        parent,
        code,
        depth=depth,
        rows=rows,
        weighted=weighted,
        measured=measured,
        gains=gains,
        split_info=split_info,
    )


def best_split(counts: LevelCounts, offsets: Ints, rules: Rules) -> tuple[Ints, SplitSums, Floats]:
    """Return the attribute each node splits by (-1 for none), the sums and the scores."""
    reweighted = not rules.criterion.guiasu and bool((rules.class_weight != 1).any())
    table = counts.weighted * rules.class_weight if reweighted else counts.weighted
    weight = rules.class_weight if rules.criterion.guiasu else np.ones(table.shape[2])
    missing = None
    if rules.missing is not None:
        slots = offsets[:-1] + rules.missing
        missing = slots[slots < offsets[1:]]
    sums = split_sums(
        table,
        offsets,
        weight,
        missing,
        branch_entropy=rules.criterion.default_weight == 0,
    )
    scores = rules.criterion.score(sums, rules.weights)
    allowed = (sums.gain > TINY * weight.max()) & (sums.gain >= rules.min_gain)
    if rules.min_samples_leaf > 1:  # that two branches hold a row follows from the gain
        branch = counts.rows.sum(axis=2)
        if missing is not None:
            branch[:, missing] = 0
        large = branch >= rules.min_samples_leaf - 1e-9
        allowed &= np.add.reduceat(large, offsets[:-1], axis=1, dtype=np.intp) >= 2
    if rules.criterion.default_weight != 0:
        allowed &= rules.weights.attribute > 0
    if rules.chi2_alpha is not None:
        known = counts.rows
        if missing is not None and len(missing):
            known = known.copy()
            known[:, missing] = 0
        allowed &= chi_square(known, offsets)[1] <= rules.chi2_alpha
    candidates = np.where(allowed, scores, -np.inf)
    top = candidates.max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        first = np.argmax(candidates >= top - 1e-9 * np.abs(top), axis=1)
    return np.where(np.isfinite(top[:, 0]), first, -1), sums, scores


def _grow_level(
    counter: LevelCounter,
    rules: Rules,
    builder: _Builder,
    frontier: Ints,
    ready: LevelCounts | None,
) -> Ints:
    """Split the nodes of the frontier and return the next one; the root's counts are `ready`."""
    offsets = counter.offsets
    step = max(1, _CELLS // int(offsets[-1] * counter.n_classes))
    split = np.full(len(frontier), -1, dtype=np.intp)
    pieces = []
    for start in range(0, len(frontier), step):
        stop = min(start + step, len(frontier))
        counts = ready or counter.counts(start, stop)
        chosen, sums, _ = best_split(counts, offsets, rules)
        split[start:stop] = chosen
        builder.remember(frontier[start:stop], sums)
        pieces.append(_branches(counts, offsets, chosen, start, rules))
    at, code, rows, weighted, share = (
        np.concatenate([piece[field] for piece in pieces]) for field in range(5)
    )
    first_child = len(builder)
    builder.add_children(frontier, split, at, code, rows, weighted)
    following = builder.open_nodes(first_child, rules)
    place = np.full(len(at), -1, dtype=np.intp)
    place[following - first_child] = np.arange(len(following))
    onward = place >= 0
    edges = Edges(at[onward], code[onward], place[onward], np.ones(int(onward.sum())))
    if rules.missing is not None:
        absent = Edges(at[onward], rules.missing[split[at[onward]]], place[onward], share[onward])
        edges = Edges(
            np.concatenate([edges.node, absent.node]),
            np.concatenate([edges.code, absent.code]),
            np.concatenate([edges.child, absent.child]),
            np.concatenate([edges.share, absent.share]),
        )
    if len(following):
        split[np.setdiff1d(np.arange(len(split)), edges.node)] = -1
        counter.descend(split, edges, len(following))
    return following


def _branches(
    counts: LevelCounts, offsets: Ints, split: Ints, start: int, rules: Rules
) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    """Return the branches that hold rows: node, code, class counts, weights, share of the known."""
    nodes = np.flatnonzero(split >= 0)
    attribute = split[nodes]
    size = offsets[attribute + 1] - offsets[attribute]
    at = np.repeat(nodes, size)
    code = np.arange(len(at)) - np.repeat(np.cumsum(size) - size, size)
    slot = np.repeat(offsets[attribute], size) + code
    rows, weighted = counts.rows[at, slot], counts.weighted[at, slot]
    held = rows.sum(axis=1) > 0
    share = np.ones(len(at))
    if rules.missing is not None:
        absent = code == rules.missing[split[at]]
        held &= ~absent
        known = np.zeros(len(split))
        total = weighted.sum(axis=1)
        np.add.at(known, at[held], total[held])
        share = np.divide(total, known[at], out=np.zeros(len(at)), where=known[at] > 0)
        lost_rows, lost_weight = (np.zeros((len(split), rows.shape[1])) for _ in range(2))
        lost_rows[at[absent]], lost_weight[at[absent]] = rows[absent], weighted[absent]
        same = counts.weighted is counts.rows
        rows = rows + share[:, None] * lost_rows[at]
        weighted = rows if same else weighted + share[:, None] * lost_weight[at]
    return at[held] + start, code[held], rows[held], weighted[held], share[held]


class _Builder:
    """Collects nodes level by level."""

    def __init__(self, n_classes: int, n_attributes: int) -> None:
        self._count = 0
        self._columns: dict[str, list[npt.NDArray[Any]]] = {
            name: [] for name in ("parent", "code", "depth", "rows", "weighted")
        }
        self._splits: list[tuple[Ints, Ints]] = []
        self._sums: list[tuple[Ints, SplitSums]] = []
        self._n_classes, self._n_attributes = n_classes, n_attributes

    def __len__(self) -> int:
        return self._count

    def add_root(self, rows: Floats, weighted: Floats) -> None:
        """Start with the root."""
        none = np.array([-1])
        self._add(parent=none, code=none, depth=np.array([0]), rows=rows, weighted=weighted)

    def add_children(
        self, frontier: Ints, split: Ints, at: Ints, code: Ints, rows: Floats, weighted: Floats
    ) -> None:
        """Add one level: the splits of the frontier and the branches below."""
        self._splits.append((frontier, split.copy()))
        depth = np.full(len(at), self._columns["depth"][-1][0] + 1)
        self._add(parent=frontier[at], code=code, depth=depth, rows=rows, weighted=weighted)

    def _add(self, **columns: npt.NDArray[Any]) -> None:
        for name, values in columns.items():
            self._columns[name].append(values)
        self._count += len(columns["parent"])

    def remember(self, nodes: Ints, sums: SplitSums) -> None:
        """Keep the gains, so that a reader can ask for them."""
        self._sums.append((nodes, sums))

    def open_nodes(self, first: int, rules: Rules) -> Ints:
        """Return those of the newest nodes that may be split: mixed, large and shallow enough."""
        rows, depth = self._columns["rows"][-1], self._columns["depth"][-1]
        if len(rows) == 0 or depth[0] >= rules.max_depth:
            return np.empty(0, dtype=np.intp)
        ones = np.ones(self._n_classes)  # a product sums short rows faster than a reduction
        mixed = (rows > 0).astype(np.float64) @ ones > 1
        return first + np.flatnonzero(mixed & (rows @ ones >= rules.min_samples_split - 1e-9))

    def finish(self, rules: Rules) -> Tree:
        """Put the levels together."""
        columns = {name: np.concatenate(parts) for name, parts in self._columns.items()}
        attribute = np.full(self._count, -1, dtype=np.intp)
        for nodes, split in self._splits:
            attribute[nodes] = split
        nodes = np.concatenate([np.empty(0, dtype=np.intp), *(nodes for nodes, _ in self._sums)])
        measured = np.full(self._count, -1, dtype=np.intp)
        measured[nodes] = np.arange(len(nodes))
        none = np.empty((0, self._n_attributes))
        return _tree(
            rules,
            attribute,
            columns["parent"].astype(np.intp),
            columns["code"].astype(np.intp),
            depth=columns["depth"].astype(np.intp),
            rows=columns["rows"],
            weighted=columns["weighted"],
            measured=measured,
            gains=np.concatenate([none, *(sums.gain for _, sums in self._sums)]),
            split_info=np.concatenate([none, *(sums.split_info for _, sums in self._sums)]),
        )


def _tree(rules: Rules, attribute: Ints, parent: Ints, code: Ints, **columns: Any) -> Tree:
    """Return the tree of these nodes, with its branches linked."""
    sizes = np.where(attribute >= 0, rules.n_codes[attribute], 0)
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)
    branch = np.full(first[-1], -1, dtype=np.intp)
    branch[first[parent[1:]] + code[1:]] = np.arange(1, len(parent))
    return Tree(
        attribute=attribute,
        parent=parent,
        code=code,
        first=first,
        branch=branch,
        fractional=rules.missing is not None,
        **columns,
    )
