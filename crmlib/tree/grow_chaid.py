"""Growing a CHAID tree from counts: join the values, test the splits, take the surest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from crmlib.counts import Attribute, Edges, LevelCounter
from crmlib.tree.merge import Merged, merge, spread_over_empty
from crmlib.tree.structure import Floats, Ints, Tree

#: At a node: of each attribute, the codes that occur there and what became of them.
Tested = dict[int, tuple[Ints, Merged]]


@dataclass(frozen=True)
class Limits:
    """When values join, and when a node is split; names as in `CHAIDClassifier`."""

    alpha_merge: float
    alpha_split: float
    bonferroni: bool
    max_depth: float
    min_samples_split: float
    min_samples_leaf: float

    def log_p(self, merged: Merged) -> float:
        """Return the logarithm of the p-value that decides."""
        return merged.log_adjusted if self.bonferroni else merged.log_p

    def open(self, node: _Node) -> bool:
        """Whether a node may be split: shallow, mixed and large enough."""
        mixed = np.count_nonzero(node.rows) > 1
        return bool(
            node.depth < self.max_depth and mixed and node.rows.sum() >= self.min_samples_split
        )


@dataclass
class _Node:
    """A node while the tree grows; `codes` lead here from its parent."""

    parent: int
    codes: Sequence[int] | Ints
    depth: int
    rows: Floats
    weighted: Floats
    attribute: int = -1


def grow_chaid(
    counter: LevelCounter, attributes: tuple[Attribute, ...], limits: Limits
) -> tuple[Tree, dict[int, Tested]]:
    """Grow a tree level by level from the counter's root.

    Parameters
    ----------
    counter : LevelCounter
    attributes : tuple of Attribute
    limits : Limits

    Returns
    -------
    tree : Tree
    tested : dict
        Of each node that was tested, by attribute: its codes there and what became of them.
    """
    tested: dict[int, Tested] = {}
    root, last = counter.counts(0, 1), counter.offsets[1]
    nodes = [_Node(-1, [-1], 0, root.rows[0, :last].sum(0), root.weighted[0, :last].sum(0))]
    frontier = [0] if limits.open(nodes[0]) else []
    while frontier:
        following: list[int] = []
        split = np.full(len(frontier), -1)
        edges: list[tuple[int, int, int]] = []
        for place, node in enumerate(frontier):
            counts = counter.counts(place, place + 1)
            tested[node] = _test(counts.rows[0], counter.offsets, attributes, limits)
            chosen = _choose(tested[node], limits)
            if chosen is None:
                continue
            nodes[node].attribute = chosen
            slots = slice(counter.offsets[chosen], counter.offsets[chosen + 1])
            rows, weighted = counts.rows[0, slots], counts.weighted[0, slots]
            for codes in _branches(attributes[chosen], *tested[node][chosen]):
                depth = nodes[node].depth + 1
                child = _Node(node, codes, depth, rows[codes].sum(0), weighted[codes].sum(0))
                if limits.open(child):
                    split[place] = chosen
                    edges += [(place, int(code), len(following)) for code in codes]
                    following.append(len(nodes))
                nodes.append(child)
        if following:
            at, code, to = np.array(edges).T
            counter.descend(split, Edges(at, code, to, np.ones(len(edges))), len(following))
        frontier = following
    return _tree(nodes, attributes), tested


def _test(rows: Floats, offsets: Ints, attributes: tuple[Attribute, ...], limits: Limits) -> Tested:
    """Join the values of every attribute at a node."""
    tested: Tested = {}
    for place, attribute in enumerate(attributes):
        table = rows[offsets[place] : offsets[place + 1]]
        codes = np.flatnonzero(table.sum(axis=1))
        merged = merge(
            table[codes],
            ordered=attribute.ordered,
            floating=attribute.ordered and attribute.missing in codes[1:],
            alpha=limits.alpha_merge,
            min_rows=limits.min_samples_leaf,
        )
        tested[place] = codes, merged
    return tested


def _choose(tested: Tested, limits: Limits) -> int | None:
    """Return the attribute whose branches differ most surely, if surely enough."""
    surest = min(tested, key=lambda place: limits.log_p(tested[place][1]))
    merged = tested[surest][1]
    sure = limits.log_p(merged) <= math.log(limits.alpha_split)
    return surest if sure and len(merged.groups) > 1 else None


def _branches(attribute: Attribute, codes: Ints, merged: Merged) -> Iterator[Ints]:
    """Give the codes of each branch, those of ranges without rows here included."""
    group_of = np.full(attribute.size, -1)
    for group, members in enumerate(merged.groups):
        group_of[codes[list(members)]] = group
    if attribute.ordered:
        group_of[: attribute.missing] = spread_over_empty(group_of[: attribute.missing])
    for group in range(len(merged.groups)):
        yield np.flatnonzero(group_of == group)


def _tree(nodes: list[_Node], attributes: tuple[Attribute, ...]) -> Tree:
    """Return the nodes as flat arrays; gains were not measured."""
    attribute = np.array([node.attribute for node in nodes])
    sizes = np.array([attribute.missing + 2 for attribute in attributes])
    first = np.concatenate([[0], np.cumsum(np.where(attribute >= 0, sizes[attribute], 0))])
    branch = np.full(first[-1], -1)
    for number, node in enumerate(nodes[1:], start=1):
        branch[first[node.parent] + np.asarray(node.codes)] = number
    none = np.empty((0, len(attributes)))
    return Tree(
        attribute=attribute,
        parent=np.array([node.parent for node in nodes]),
        code=np.array([node.codes[0] for node in nodes]),
        depth=np.array([node.depth for node in nodes]),
        rows=np.array([node.rows for node in nodes]),
        weighted=np.array([node.weighted for node in nodes]),
        first=first,
        branch=branch,
        fractional=False,
        measured=np.full(len(nodes), -1),
        gains=none,
        split_info=none,
    )
