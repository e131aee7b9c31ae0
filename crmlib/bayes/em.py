"""Tables from rows with gaps: expectation-maximization with exact expected counts.

A pass fills every gap with all its possible states, each with its posterior probability under
the tables so far, and learns new tables from the counts this gives (Dempster, Laird & Rubin 1977;
Lauritzen 1995 for networks). Given what is known of a row, its missing variables fall apart into
connected components; rows that agree in a component and its neighbors are treated as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from operator import or_
from typing import Any

import numpy as np
import numpy.typing as npt

from crmlib.bayes.factors import elimination_order, factor_posteriors, reduced
from crmlib.bayes.parameters import conditional_table, prior_counts
from crmlib.bayes.patterns import Ints, agreeing, as_bits, bits
from crmlib.bayes.scores import Floats
from crmlib.bayes.structure import Parents
from crmlib.counts import CodedTable, Codes

#: Numbers in the largest table of a block of rows.
BLOCK_CELLS = 1 << 20


@dataclass(frozen=True)
class Gap:
    """Variables that some rows lack together, and what these rows know around them."""

    families: tuple[int, ...]
    known: tuple[int, ...]
    states: npt.NDArray[Any]  # (known variables, different rows)
    weight: Floats
    block: int  # rows to treat at a time


@dataclass(frozen=True)
class Filled:
    """What expectation-maximization found.

    Parameters
    ----------
    tables : list of arrays
    objective : array
        Before each pass: log-likelihood of what is known of the rows plus log prior, in nats.
    converged : bool
    """

    tables: list[Floats]
    objective: Floats
    converged: bool


def fill_gaps(
    known: Sequence[Floats],
    gaps: Sequence[Gap],
    parents: Parents,
    *,
    prior: str = "bdeu",
    strength: float = 10.0,
    tol: float = 1e-6,
    max_iter: int = 200,
    start: Sequence[Floats] | None = None,
) -> Filled:
    """Return the tables that make what is known of the rows most probable.

    The prior counts as in `conditional_table`, which makes the tables the most probable ones
    under Dirichlet distributions with one more than the counts added. No pass lowers the
    objective; the top it reaches may be a local one.

    Parameters
    ----------
    known : sequence of arrays, axes (parents..., variable)
        Counts of each family over the rows that lack none of its variables.
    gaps : sequence of Gap
    parents : Parents
    prior, strength
        As in `conditional_table`.
    tol : float
        Stop when a pass gains less than this many nats for each unit of weight.
    max_iter : int
        Most passes.
    start : sequence of arrays, optional
        Tables to begin with: those of `known` by default, with one imagined row in each cell
        where the prior has none.
    """
    if start is None:
        first = ("laplace", 1.0) if prior == "mle" else (prior, strength)
        start = [conditional_table(counts, *first) for counts in known]
    tables = list(start)
    path: list[float] = []
    weight = float(known[0].sum()) + sum(float(g.weight.sum()) for g in gaps if 0 in g.families)
    converged = False
    while len(path) < max_iter and not converged:
        counts, value = expected_counts(tables, known, gaps, parents)
        value += sum(_times_log(prior_counts(t.shape, prior, strength), t) for t in tables)
        converged = bool(path) and value - path[-1] <= tol * weight
        path.append(value)
        tables = [conditional_table(each, prior, strength) for each in counts]
    return Filled(tables, np.array(path), converged)


def expected_counts(
    tables: Sequence[Floats], known: Sequence[Floats], gaps: Sequence[Gap], parents: Parents
) -> tuple[list[Floats], float]:
    """Return the counts expected of each family, and the log-likelihood of what is known."""
    counts = [each.copy() for each in known]
    value = sum(_times_log(n, table) for n, table in zip(known, tables, strict=True))
    for gap in gaps:
        for start in range(0, len(gap.weight), gap.block):
            part = slice(start, start + gap.block)
            weight = gap.weight[part]
            seen = dict(zip(gap.known, gap.states[:, part], strict=True))
            factors = [reduced(tables[f], (*parents[f], f), seen) for f in gap.families]
            posteriors, log_total = factor_posteriors(factors, len(weight))
            value += float(weight @ log_total)
            for family, posterior in zip(gap.families, posteriors, strict=True):
                _add(counts[family], (*parents[family], family), seen, weight, posterior)
    return counts, value


def find_gaps(
    matrix: npt.NDArray[Any], sizes: Sequence[int], parents: Parents, weights: Floats | None = None
) -> list[Gap]:
    """Return what the rows lack: equal gaps with equal neighbors once, with their weight.

    Parameters
    ----------
    matrix : array of shape (n_variables, n_rows), unsigned integers
        Codes; those from the number of states on are missing values.
    sizes : sequence of int
        States of each variable.
    parents : Parents
    weights : array of shape (n_rows,), optional

    Examples
    --------
    >>> gap, = find_gaps(np.array([[0, 0, 1], [2, 2, 0]]), [2, 2], ((), (0,)))
    >>> gap.families, gap.known, gap.states.tolist(), gap.weight.tolist()
    ((1,), (0,), [[0]], [2.0])
    """
    missing = matrix >= np.asarray(sizes)[:, None]
    rows = np.flatnonzero(missing.any(axis=0))
    if not len(rows):
        return []
    pattern, first = agreeing([column[rows] for column in missing])
    order = np.argsort(pattern, kind="stable")
    bounds = np.searchsorted(pattern[order], np.arange(len(first) + 1))
    members: dict[int, list[Ints]] = {}
    for number, lacking in enumerate(as_bits(list(missing), range(len(sizes)), rows[first])):
        here = rows[order[bounds[number] : bounds[number + 1]]]
        for component in _split(lacking, parents):
            members.setdefault(component, []).append(here)
    return [
        _gap(component, matrix, np.concatenate(at), sizes, parents, weights)
        for component, at in members.items()
    ]


def incomplete_rows(source: Any, weight: Any = None) -> tuple[npt.NDArray[Any], Floats | None]:
    """Return the codes of the rows with gaps, one row of the array per column, and their weights.

    A database is asked for the different ones only.
    """
    if isinstance(source, Codes):
        last = np.array([len(attribute.levels) for attribute in source.attributes])
        lacking = (source.matrix >= last[:, None]).any(axis=0)
        return source.matrix[:, lacking], None if weight is None else np.asarray(weight)[lacking]
    if not isinstance(source, CodedTable):
        raise TypeError("Gaps are looked for in Codes or in a CodedTable.")
    coded = source.coded(weight)
    names = [f"c{place}" for place in range(len(source.attributes))]
    lacks = [
        coded[name] >= attribute.missing
        for name, attribute in zip(names, source.attributes, strict=True)
    ]
    found = coded.filter(reduce(or_, lacks))
    total = found.count() if weight is None else found["w"].sum()
    answer = found.group_by(names).aggregate(n=total).order_by(names).to_pyarrow()
    widest = max(attribute.unseen for attribute in source.attributes)
    matrix = np.array([answer[name].to_numpy() for name in names])
    return matrix.astype(np.min_scalar_type(widest)), answer["n"].to_numpy().astype(np.float64)


def _split(lacking: int, parents: Parents) -> list[int]:
    """Return the connected components of some missing variables: those that share a family."""
    left = bits(lacking)
    component = {v: 1 << v for v in left}
    for child, above in enumerate(parents):
        together = [v for v in (*above, child) if v in component]
        merged = reduce(or_, (component[v] for v in together), 0)
        for v in bits(merged):
            component[v] = merged
    return list(dict.fromkeys(component[v] for v in left))


def _gap(
    component: int,
    matrix: npt.NDArray[Any],
    rows: Ints,
    sizes: Sequence[int],
    parents: Parents,
    weights: Floats | None,
) -> Gap:
    """Group the rows that lack a component by what they know around it."""
    inside = set(bits(component))
    scopes = [{*above, child} for child, above in enumerate(parents)]
    families = tuple(f for f, scope in enumerate(scopes) if scope & inside)
    known = tuple(sorted(set().union(*(scopes[f] for f in families)) - inside))
    each = None if weights is None else weights[rows]
    if known:
        group, first = agreeing([matrix[v, rows] for v in known])
        states = matrix[list(known)][:, rows[first]]
    else:
        group, states = np.zeros(len(rows), dtype=np.intp), np.empty((0, 1), dtype=matrix.dtype)
    weight = np.bincount(group, each).astype(np.float64)
    free = [tuple(v for v in scopes[f] if v in inside) for f in families]
    _, largest = elimination_order(free, {v: sizes[v] for v in inside})
    return Gap(families, known, states, weight, max(1, BLOCK_CELLS // largest))


def _add(
    counts: Floats,
    scope: Sequence[int],
    seen: dict[int, npt.NDArray[Any]],
    weight: Floats,
    posterior: Floats,
) -> None:
    """Add weighted posteriors of the missing members to a family's counts, in place."""
    axes = [axis for axis, v in enumerate(scope) if v in seen]
    free = [axis for axis, v in enumerate(scope) if v not in seen]
    cells = prod(counts.shape[axis] for axis in axes)
    cell = np.zeros(len(weight), dtype=np.intp)
    for axis in axes:
        cell = cell * counts.shape[axis] + seen[scope[axis]]
    columns = (posterior.reshape(len(weight), -1) * weight[:, None]).T
    sums = np.array([np.bincount(cell, column, minlength=cells) for column in columns])
    shape = [counts.shape[axis] for axis in (*free, *axes)]
    counts += sums.reshape(shape).transpose(np.argsort([*free, *axes]))


def _times_log(counts: Floats, table: Floats) -> float:
    """Return the sum of counts times logs, where nothing times anything is nothing."""
    from scipy.special import xlogy

    return float(xlogy(counts, table).sum())
