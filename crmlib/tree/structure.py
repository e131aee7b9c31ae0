"""The tree itself: flat arrays, nodes in breadth-first order, the root first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from crmlib.counts import Codes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Tree:
    """A grown tree. All arrays run over the nodes unless said otherwise.

    Parameters
    ----------
    attribute : array of int
        Attribute the node splits on, -1 at a leaf.
    parent, code : arrays of int
        The node above, and the (first) code of its attribute that leads here; -1 at the root.
    depth : array of int
    rows : array of shape (n_nodes, n_classes)
        Training rows by class, unweighted.
    weighted : array of the same shape
        Their weights by class.
    first, branch : arrays of int
        Node v with attribute a has its children at ``branch[first[v] + code]``, -1 where no
        training row went; a leaf has no entries. Joined values lead to the same child.
    fractional : bool
        Whether a missing value goes down all branches in shares.
    measured : array of int
        Row of `gains` and `split_info` that belongs to the node, -1 where nothing was measured.
    gains, split_info : arrays of shape (n_measured, n_attributes)
        Gain and split information of every attribute, in bits.
    """

    attribute: Ints
    parent: Ints
    code: Ints
    depth: Ints
    rows: Floats
    weighted: Floats
    first: Ints
    branch: Ints
    fractional: bool
    measured: Ints
    gains: Floats
    split_info: Floats

    def __len__(self) -> int:
        return len(self.attribute)

    @property
    def leaves(self) -> Ints:
        """Nodes that split no further."""
        return np.flatnonzero(self.attribute < 0)

    def children(self, node: int) -> dict[int, int]:
        """Return each child, by the first code that leads there."""
        found = self._branches(node)
        children, codes = np.unique(found, return_index=True)
        held = children >= 0
        first = sorted(zip(codes[held].tolist(), children[held].tolist(), strict=True))
        return dict(first)

    def codes(self, node: int) -> list[int]:
        """Return the codes that lead from the node above to this one."""
        found: list[int] = np.flatnonzero(self._branches(self.parent[node]) == node).tolist()
        return found

    def _branches(self, node: int) -> Ints:
        return self.branch[self.first[node] : self.first[node + 1]]

    def path(self, node: int) -> list[int]:
        """Return the nodes from the root to `node`."""
        nodes = [node]
        while self.parent[nodes[-1]] >= 0:
            nodes.append(int(self.parent[nodes[-1]]))
        return nodes[::-1]

    def survivors(self, make_leaf: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return which nodes are left when the marked ones become leaves."""
        keep = np.ones(len(self), dtype=bool)
        for depth in range(1, int(self.depth.max()) + 1):
            here = np.flatnonzero(self.depth == depth)
            above = self.parent[here]
            keep[here] = keep[above] & ~make_leaf[above]
        return keep

    def collapsed(self, make_leaf: npt.NDArray[np.bool_]) -> Tree:
        """Return the tree with the marked nodes as leaves and what was below them gone."""
        keep = self.survivors(make_leaf)
        number = np.full(len(self) + 1, -1)
        number[:-1][keep] = np.arange(keep.sum())
        sizes = np.where(make_leaf, 0, np.diff(self.first))[keep]
        entries = np.repeat(keep & ~make_leaf, np.diff(self.first))
        return replace(
            self,
            attribute=np.where(make_leaf, -1, self.attribute)[keep],
            parent=number[self.parent[keep]],
            code=self.code[keep],
            depth=self.depth[keep],
            rows=self.rows[keep],
            weighted=self.weighted[keep],
            first=np.concatenate([[0], np.cumsum(sizes)]),
            branch=number[self.branch[entries]],
            measured=self.measured[keep],
        )


def apply(tree: Tree, codes: Codes, *, compiled: bool = False) -> Ints:
    """Return the node at which each row stops: a leaf, or a node with no branch for its value.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib.tree import WeightedID3Classifier
    >>> X = pd.DataFrame({"plan": ["a", "a", "b", "b"]})
    >>> model = WeightedID3Classifier().fit(X, ["no", "no", "yes", "yes"])
    >>> model.apply(pd.DataFrame({"plan": ["b", "new"]})).tolist()
    [2, 0]
    """
    if compiled:
        from crmlib.tree.kernel import descend

        at = np.empty(len(codes), dtype=np.intp)
        descend(codes.matrix, tree.attribute, tree.first, tree.branch, at)
        return at
    at = np.zeros(len(codes), dtype=np.intp)
    rows: npt.NDArray[Any] = np.arange(len(codes))
    while len(rows):
        here = at[rows]
        split = tree.attribute[here]
        on = split >= 0
        rows, here, split = rows[on], here[on], split[on]
        child = tree.branch[tree.first[here] + codes.matrix[split, rows]]
        on = child >= 0
        rows = rows[on]
        at[rows] = child[on]
    return at


def spread(tree: Tree, codes: Codes, missing: Ints) -> tuple[Ints, Ints, Floats]:
    """Return where each row stops when a missing value goes down all branches.

    Each row stops at one or more nodes: entries (row, node, share), the shares of a row adding
    up to one. A branch gets the share of the training weight that went there.
    """
    rows = np.arange(len(codes))
    node = np.zeros(len(codes), dtype=np.intp)
    share = np.ones(len(codes))
    weight = tree.weighted.sum(axis=1)
    done: list[tuple[Ints, Ints, Floats]] = []
    while len(rows):
        split = tree.attribute[node]
        inside = split >= 0
        code = codes.matrix[np.maximum(split, 0), rows]
        absent = inside & (code == missing[np.maximum(split, 0)])
        child = np.full(len(rows), -1)
        go = inside & ~absent
        child[go] = tree.branch[tree.first[node[go]] + code[go]]
        stop = ~absent & (child < 0)
        done.append((rows[stop], node[stop], share[stop]))
        parts = [(rows[child >= 0], child[child >= 0], share[child >= 0])]
        for at in np.unique(node[absent]):
            below = np.array(list(tree.children(int(at)).values()))
            here = np.flatnonzero(absent & (node == at))
            shares = weight[below] / weight[below].sum()
            parts.append(
                (
                    np.repeat(rows[here], len(below)),
                    np.tile(below, len(here)),
                    (share[here][:, None] * shares).ravel(),
                )
            )
        rows, node, share = (np.concatenate(column) for column in zip(*parts, strict=True))
    found = [np.concatenate(column) for column in zip(*done, strict=True)]
    return found[0], found[1], found[2]
