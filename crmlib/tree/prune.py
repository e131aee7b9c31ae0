"""Cutting a grown tree back: three ways to decide that a subtree is not worth keeping.

All share one step. Each node has a price as a leaf and a price of what stays at it when it is
split; from the deepest level up, a subtree is replaced by a leaf wherever that is no dearer.
"""

from __future__ import annotations

import numpy as np

from crmlib.tree.structure import Floats, Tree


def cut_back(tree: Tree, as_leaf: Floats, staying: Floats | None = None) -> Tree:
    """Replace every subtree whose price is not below that of a leaf.

    Parameters
    ----------
    tree : Tree
    as_leaf : array of shape (n_nodes,)
        Price of each node as a leaf.
    staying : array of shape (n_nodes,), optional
        Price of what stops at an inner node for want of a branch.
    """
    price = np.where(tree.attribute < 0, as_leaf, 0.0 if staying is None else staying)
    make_leaf = np.zeros(len(tree), dtype=bool)
    for depth in range(int(tree.depth.max()), -1, -1):
        here = np.flatnonzero(tree.depth == depth)
        inner = here[tree.attribute[here] >= 0]
        # A hair of slack, so that sums in another order make the same decision.
        cut = inner[as_leaf[inner] <= price[inner] + 1e-9 * np.maximum(1.0, np.abs(price[inner]))]
        make_leaf[cut] = True
        price[cut] = as_leaf[cut]
        if depth:
            np.add.at(price, tree.parent[here], price[here])
    return tree.collapsed(make_leaf)


def errors(counts: Floats, decision: Floats) -> Floats:
    """Return the weight of the classes a node would get wrong.

    Parameters
    ----------
    counts : array of shape (n_nodes, n_classes)
        What the node holds.
    decision : array of the same shape
        What it decides by: the class with the largest entry.
    """
    label = np.argmax(decision, axis=1)
    return np.asarray(counts.sum(axis=1) - counts[np.arange(len(counts)), label])


def reduced_error(tree: Tree, decision: Floats, stopped: Floats) -> Tree:
    """Prune by errors on rows kept out of growing (Quinlan 1987).

    Parameters
    ----------
    tree : Tree
    decision : array of shape (n_nodes, n_classes)
        What each node decides by.
    stopped : array of shape (n_nodes, n_classes)
        Weight of the validation rows that stop at each node, by class.
    """
    reached = stopped.copy()
    for depth in range(int(tree.depth.max()), 0, -1):
        here = np.flatnonzero(tree.depth == depth)
        np.add.at(reached, tree.parent[here], reached[here])
    return cut_back(tree, errors(reached, decision), errors(stopped, decision))


def upper_error(wrong: Floats, n: Floats, confidence: float) -> Floats:
    """Return the upper limit of the error rate after `wrong` errors in `n` cases.

    It is the rate at which so few errors would have probability `confidence` (Quinlan 1993,
    U_CF(E, N)); for counts that are no integers, through the beta distribution.

    Examples
    --------
    Quinlan's worked figures are 0.206, 0.143 and 0.75. With an error or more his program
    approximates, and prints 0.157 for 1 in 16 where the limit is 0.160:

    >>> upper_error(np.array([0.0, 0.0, 0.0, 1.0]), np.array([6.0, 9.0, 1.0, 16.0]), 0.25).round(3)
    array([0.206, 0.143, 0.75 , 0.16 ])
    """
    from scipy.stats import beta

    right = n - wrong
    inside = right > 0
    limit = beta.ppf(1 - confidence, wrong + 1, np.where(inside, right, 1.0))
    return np.where(inside, limit, 1.0)


def pessimistic(tree: Tree, decision: Floats, confidence: float = 0.25) -> Tree:
    """Prune by C4.5's pessimistic estimate of errors on the training rows (Quinlan 1993).

    Subtrees are replaced by leaves; C4.5's raising of branches is not done.

    Parameters
    ----------
    tree : Tree
    decision : array of shape (n_nodes, n_classes)
        What each node decides by; its errors are counted in rows, unweighted.
    confidence : float
        The smaller, the more is pruned.
    """
    n = tree.rows.sum(axis=1)
    return cut_back(tree, n * upper_error(errors(tree.rows, decision), n, confidence))


def cost_complexity(tree: Tree, risk: Floats, alpha: float) -> Tree:
    """Return the smallest subtree that minimizes risk + alpha x leaves (Breiman et al. 1984).

    Parameters
    ----------
    tree : Tree
    risk : array of shape (n_nodes,)
        Share of the training weight at the node times its impurity.
    alpha : float
        Price of a leaf.
    """
    return cut_back(tree, risk + alpha)


def cost_complexity_path(tree: Tree, risk: Floats) -> tuple[Floats, Floats]:
    """Return the alphas at which the best subtree changes, and its risk from there on.

    Weakest links are cut one after another (Breiman et al. 1984).
    """
    alphas, risks = [0.0], []
    alpha = 0.0
    while True:
        below, leaves = _subtree(tree, risk)
        inner = np.flatnonzero(tree.attribute >= 0)
        if not len(inner):
            risks.append(float(risk[0]))
            return np.array(alphas), np.array(risks)
        link = (risk[inner] - below[inner]) / (leaves[inner] - 1)
        weakest = float(link.min())
        if weakest > alpha + 1e-12:
            risks.append(float(below[0]))
            alpha = weakest
            alphas.append(alpha)
        make_leaf = np.zeros(len(tree), dtype=bool)
        make_leaf[inner[link <= max(weakest, alpha) + 1e-12]] = True
        tree, risk = tree.collapsed(make_leaf), risk[tree.survivors(make_leaf)]


def _subtree(tree: Tree, risk: Floats) -> tuple[Floats, Floats]:
    """Return the risk and the number of the leaves below each node."""
    leaf = tree.attribute < 0
    below, leaves = np.where(leaf, risk, 0.0), leaf.astype(np.float64)
    for depth in range(int(tree.depth.max()), 0, -1):
        here = np.flatnonzero(tree.depth == depth)
        np.add.at(below, tree.parent[here], below[here])
        np.add.at(leaves, tree.parent[here], leaves[here])
    return below, leaves
