"""Which variables point at which: graphs as parent tuples, and the structures with a closed form.

A structure gives each variable, by position, the tuple of its parents in ascending order.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from crmlib._checks import listed
from crmlib.bayes.scores import Floats, conditional_mutual_information, mutual_information
from crmlib.counts import count_tables

Parents = tuple[tuple[int, ...], ...]


def as_parents(edges: Sequence[tuple[int, int]], variables: int) -> Parents:
    """Return the parents of each variable from (parent, child) pairs.

    Examples
    --------
    >>> as_parents([(2, 0), (1, 0)], 3)
    ((1, 2), (), ())
    """
    parents: list[set[int]] = [set() for _ in range(variables)]
    for parent, child in edges:
        parents[child].add(parent)
    return tuple(tuple(sorted(each)) for each in parents)


def topological(parents: Parents, names: Sequence[Hashable] | None = None) -> list[int]:
    """Return the variables so that parents come before children, else in their own order.

    Raises
    ------
    ValueError
        If there is a cycle; the message walks it.

    Examples
    --------
    >>> topological(((1,), (), (0,)))
    [1, 0, 2]
    >>> topological(((1,), (0,)), ["calls", "churn"])
    Traceback (most recent call last):
    ...
    ValueError: The edges form a cycle: calls -> churn -> calls.
    """
    left = dict.fromkeys(range(len(parents)))
    order: list[int] = []
    done: set[int] = set()
    while left:
        ready = next((v for v in left if done.issuperset(parents[v])), None)
        if ready is None:
            walk = [next(iter(left))]
            while walk.count(walk[-1]) == 1:
                walk.append(next(p for p in parents[walk[-1]] if p not in done))
            cycle = walk[walk.index(walk[-1]) :][::-1]
            texts = [str(v if names is None else names[v]) for v in cycle]
            raise ValueError(f"The edges form a cycle: {' -> '.join(texts)}.")
        order.append(ready)
        done.add(ready)
        del left[ready]
    return order


def given_edges(edges: Any, names: Sequence[Hashable], argument: str = "structure") -> Parents:
    """Read an expert's edges, or say what is wrong with them.

    Parameters
    ----------
    edges : sequence of (parent, child) names
    names : sequence of hashable
        The variables.
    argument : str
        What the caller calls the edges.

    Raises
    ------
    ValueError
        If an entry is no pair, names a variable that is not there, or the edges form a cycle.

    Examples
    --------
    >>> given_edges([("contract", "churn")], ["contract", "churn"])
    ((), (0,))
    """
    parents = as_parents(named_pairs(edges, names, argument), len(names))
    topological(parents, names)
    return parents


def named_pairs(
    edges: Any, names: Sequence[Hashable], argument: str = "structure"
) -> list[tuple[int, int]]:
    """Return (parent, child) names as positions, or say which is wrong."""
    places = {name: place for place, name in enumerate(names)}
    pairs = []
    for edge in edges:
        if isinstance(edge, str) or not hasattr(edge, "__len__") or len(edge) != 2:
            raise ValueError(f"{argument} must hold pairs (parent, child), got {edge!r}.")
        strange = [name for name in edge if name not in places]
        if strange:
            raise ValueError(
                f"{argument} names {listed(strange)}, no variable of the network. "
                f"There are {listed(names)}."
            )
        parent, child = (places[name] for name in edge)
        if parent == child:
            raise ValueError(f"The edges form a cycle: {edge[0]} -> {edge[0]}.")
        pairs.append((parent, child))
    return pairs


def naive(variables: int, target: int) -> Parents:
    """Return the naive Bayes structure: the class points at every attribute.

    Examples
    --------
    >>> naive(3, target=2)
    ((2,), (2,), ())
    """
    return tuple(() if v == target else (target,) for v in range(variables))


def tan(source: Any, target: int, weight: Any = None) -> Parents:
    """Return the tree-augmented naive Bayes structure (Friedman, Geiger & Goldszmidt 1997).

    The attributes form the tree of largest conditional mutual information given the class,
    directed away from the first attribute; the class points at all of them.

    Parameters
    ----------
    source : Codes or CodedTable
    target : int
        Position of the class.
    weight : array or column name, optional
    """
    return _augmented(source, target, weight, penalized=False)


def fan(source: Any, target: int, weight: Any = None) -> Parents:
    """Return the forest-augmented naive Bayes structure of highest BIC.

    As `tan`, but an edge is kept only where it raises the BIC: where N I(X; Y | C) exceeds
    log(N)/2 for each of its (|X| - 1)(|Y| - 1)|C| parameters. An attribute of many values, of
    which the mutual information is overestimated, then does not become everybody's parent.

    Parameters
    ----------
    source : Codes or CodedTable
    target : int
        Position of the class.
    weight : array or column name, optional
    """
    return _augmented(source, target, weight, penalized=True)


def _augmented(source: Any, target: int, weight: Any, *, penalized: bool) -> Parents:
    names = source.names
    others = [v for v in range(len(names)) if v != target]
    pairs = list(combinations(others, 2))
    tables = count_tables(source, [[names[i], names[j], names[target]] for i, j in pairs], weight)
    gains = []
    for table in map(present, tables):
        gain = conditional_mutual_information(table)
        if penalized:
            rows, (a, b, classes) = table.sum(), table.shape
            gain = rows * gain - 0.5 * np.log(max(rows, 1)) * (a - 1) * (b - 1) * classes
        gains.append(gain)
    floor = 0.0 if penalized else -np.inf
    edges = [(target, v) for v in others]
    edges += spanning_forest(_matrix(len(names), pairs, gains), others, others[0], floor)
    return as_parents(edges, len(names))


def forest(source: Any, target: int, weight: Any = None) -> Parents:
    """Return the forest of largest penalized mutual information (Chow & Liu 1968).

    An edge is kept where it raises the BIC: where N I(X; Y) exceeds log(N)/2 for each of its
    (|X| - 1)(|Y| - 1) parameters. Trees point away from the class, or from their first variable.

    Parameters
    ----------
    source : Codes or CodedTable
    target : int
        Position of the class.
    weight : array or column name, optional
    """
    names = source.names
    pairs = list(combinations(range(len(names)), 2))
    tables = count_tables(source, [[names[i], names[j]] for i, j in pairs], weight)
    gains = []
    for table in map(present, tables):
        rows = table.sum()
        cost = 0.5 * np.log(max(rows, 1)) * (table.shape[0] - 1) * (table.shape[1] - 1)
        gains.append(rows * mutual_information(table) - cost)
    everyone = [target, *(v for v in range(len(names)) if v != target)]
    edges = spanning_forest(_matrix(len(names), pairs, gains), everyone, root=target, floor=0.0)
    return as_parents(edges, len(names))


def present(table: Floats) -> Floats:
    """Return a table without its cells for missing values."""
    return table[(slice(-1),) * table.ndim]


def spanning_forest(
    gain: Floats, variables: Sequence[int], root: int, floor: float
) -> list[tuple[int, int]]:
    """Return the edges, away from the roots, of the forest of largest total gain (Prim 1957).

    Only edges that gain more than `floor` count. Of equal edges the one whose ends come first
    in `variables` wins, so the result does not depend on any hash.

    Examples
    --------
    >>> gain = np.array([[0, 3, 1], [3, 0, 2], [1, 2, 0]])
    >>> spanning_forest(gain, [0, 1, 2], root=0, floor=0)
    [(0, 1), (1, 2)]
    """
    edges = []
    left = [v for v in variables if v != root]
    best = {v: (float(gain[root, v]), root) for v in left}
    while left:
        child = max(left, key=lambda v: best[v][0])
        left.remove(child)
        value, parent = best[child]
        if value > floor:
            edges.append((parent, child))
        for v in left:
            if gain[child, v] > best[v][0]:
                best[v] = (float(gain[child, v]), child)
    return edges


def _matrix(
    variables: int, pairs: Sequence[tuple[int, int]], values: Sequence[float]
) -> npt.NDArray[np.float64]:
    matrix = np.full((variables, variables), -np.inf)
    for (i, j), value in zip(pairs, values, strict=True):
        matrix[i, j] = matrix[j, i] = value
    return matrix
