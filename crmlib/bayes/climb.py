"""Hill-climbing over structures: the best single edge to add, remove or reverse, again and again.

Scores decompose into families, so a step scores only the families it touches, and all starts
share one cache of family scores. Nothing depends on the order of sets or on hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state

from crmlib.bayes.scores import Floats, Score
from crmlib.bayes.structure import Parents, present, topological
from crmlib.counts import CodedTable, Codes, count_tables

Bools = npt.NDArray[np.bool_]
_ADD, _REMOVE, _REVERSE = range(3)


@dataclass(frozen=True)
class Limits:
    """What a structure may look like.

    Parameters
    ----------
    required, forbidden : sequence of (parent, child) positions
    tiers : sequence of int, optional
        A tier for each variable: no edge leads from a later tier to an earlier one.
    max_parents : int
    max_cells : int
        Cells a conditional table may have.
    """

    required: Sequence[tuple[int, int]] = ()
    forbidden: Sequence[tuple[int, int]] = ()
    tiers: Sequence[int] | None = None
    max_parents: int = 4
    max_cells: int = 1_000_000

    def allowed(self, variables: int) -> Bools:
        """Return which edges (parent, child) may be there."""
        allowed = ~np.eye(variables, dtype=bool)
        for edge in self.forbidden:
            allowed[edge] = False
        if self.tiers is not None:
            tier = np.asarray(self.tiers)
            allowed &= tier[:, None] <= tier[None, :]
        return allowed


@dataclass
class FamilyScores:
    """Scores of families, each counted at most once."""

    source: Any
    score: Score
    weight: Any = None
    known: dict[tuple[int, tuple[int, ...]], float] = field(default_factory=dict)

    def learn(self, families: Iterable[tuple[int, tuple[int, ...]]]) -> None:
        """Score families not known yet, from one set of counts."""
        new = [family for family in dict.fromkeys(families) if family not in self.known]
        if not new:
            return
        names = self.source.names
        sets = [[names[v] for v in (*parents, child)] for child, parents in new]
        for family, table in zip(new, count_tables(self.source, sets, self.weight), strict=True):
            self.known[family] = self.score(present(table))

    def total(self, parents: Parents) -> float:
        """Return the score of a structure."""
        families = list(enumerate(parents))
        self.learn(families)
        return float(sum(self.known[family] for family in families))


def complete_rows(source: Any, weight: Any = None) -> tuple[Any, Any]:
    """Return the rows without any missing value: scores can be compared only on the same rows.

    A source that is neither `Codes` nor `CodedTable` has no missing values.
    """
    if isinstance(source, Codes):
        last = np.array([len(attribute.levels) for attribute in source.attributes])
        full = np.asarray((source.matrix < last[:, None]).all(axis=0))
        if full.all():
            return source, weight
        return source.take(full), None if weight is None else np.asarray(weight)[full]
    if not isinstance(source, CodedTable):
        return source, weight
    from dataclasses import replace

    from crmlib.counts.sql import code_expression

    table = source.table
    codes = [code_expression(table[a.name], a, source.unseen) for a in source.attributes]
    for code, attribute in zip(codes, source.attributes, strict=True):
        table = table.filter(code < attribute.missing)
    return replace(source, table=table), weight


def hill_climb(
    scores: FamilyScores,
    limits: Limits,
    *,
    starts: int = 8,
    patience: int = 0,
    random_state: Any = None,
) -> Parents:
    """Return the best structure of several climbs.

    The score often cannot tell the direction of an edge, so the climbs differ in which of
    equally good steps they take: the first goes by the order of the variables, the others by
    random orders.

    Parameters
    ----------
    scores : FamilyScores
    limits : Limits
    starts : int
        Number of climbs.
    patience : int
        Steps to go on after the best structure so far, never back to one visited (tabu search).
    random_state : int or RandomState, optional
        Of the orders; 0 by default, so that the same data give the same network.

    Raises
    ------
    ValueError
        If the required edges break the limits.
    """
    variables = len(scores.source.names)
    random = check_random_state(0 if random_state is None else random_state)
    orders = [np.arange(variables)]
    orders += [random.permutation(variables) for _ in range(starts - 1)]
    first = _start(scores, limits)
    found = [_Climb(scores, limits, first, order).run(patience) for order in orders]
    top = max(score for score, _ in found)
    # Of equally good structures the first: the last digits depend on who counted.
    return next(parents for score, parents in found if score >= top - 1e-9 * abs(top))


def _start(scores: FamilyScores, limits: Limits) -> Parents:
    """Return the structure of required edges alone."""
    names = scores.source.names
    allowed = limits.allowed(len(names))
    parents: list[set[int]] = [set() for _ in names]
    for parent, child in limits.required:
        if not allowed[parent, child]:
            raise ValueError(
                f"The edge {names[parent]} -> {names[child]} is both required and ruled out."
            )
        parents[child].add(parent)
    structure = tuple(tuple(sorted(each)) for each in parents)
    topological(structure, names)
    return structure


class _Climb:
    """One climb: the structure so far, and what each step would gain."""

    def __init__(
        self, scores: FamilyScores, limits: Limits, start: Parents, order: npt.NDArray[np.intp]
    ) -> None:
        variables = len(start)
        self.scores, self.limits = scores, limits
        self.parents = list(start)
        self.sizes = np.array([len(a.levels) for a in scores.source.attributes], dtype=float)
        self.allowed = limits.allowed(variables)
        self.fixed = np.zeros((variables, variables), dtype=bool)
        for edge in limits.required:
            self.fixed[edge] = True
        self.edges = np.zeros((variables, variables), dtype=bool)
        self.fits = np.zeros((variables, variables), dtype=bool)
        # gain[u, v]: of adding u to v's parents or, where it is one, of removing it.
        self.gain = np.full((variables, variables), np.nan)
        self._changed(range(variables))
        self.reach = _reachable(self.edges)
        rank = np.empty(variables)
        rank[order] = np.arange(variables)
        ranks = rank[:, None] * variables + rank[None, :]
        # Of equal steps the order decides, then the kind.
        self.rank = ranks + np.arange(3)[:, None, None] * 0.1

    def run(self, patience: int) -> tuple[float, Parents]:
        """Climb to the top, and on for some steps."""
        score = best_score = self.scores.total(tuple(self.parents))
        best = tuple(self.parents)
        visited = {best}
        tolerance = 1e-9 * abs(score)
        waited = 0
        while True:
            step = self._best_step(visited, tolerance)
            if step is None:
                break
            gain, kind, parent, child = step
            if gain <= tolerance and waited >= patience:
                break
            self._take(kind, parent, child)
            score += gain
            visited.add(tuple(self.parents))
            if score > best_score + tolerance:
                best_score, best, waited = score, tuple(self.parents), 0
            else:
                waited += 1
                if waited > patience:
                    break
        return self.scores.total(best), best

    def _best_step(
        self, visited: set[Parents], tolerance: float
    ) -> tuple[float, int, int, int] | None:
        gains = self._gains()
        while True:
            top = gains.max()
            if np.isneginf(top):
                return None
            equal = np.flatnonzero(gains >= top - tolerance)
            at = equal[self.rank.ravel()[equal].argmin()]
            kind, parent, child = (int(place) for place in np.unravel_index(at, gains.shape))
            after = self.parents.copy()
            self._change(after, kind, parent, child)
            if tuple(after) not in visited:
                return float(gains[kind, parent, child]), kind, parent, child
            gains[kind, parent, child] = -np.inf

    def _gains(self) -> Floats:
        """Return what adding, removing and reversing each edge gains, -inf where it must not be."""
        edges, reach = self.edges, self.reach
        possible = self.allowed & self.fits
        add = possible & ~edges & ~reach.T
        remove = edges & ~self.fixed
        # u -> v may turn round if v cannot be reached from u another way.
        reverse = remove & ~(edges @ reach) & possible.T
        self._fill((add | remove | reverse.T) & np.isnan(self.gain))
        gains = np.full((3, *self.gain.shape), -np.inf)
        np.copyto(gains[_ADD], self.gain, where=add)
        np.copyto(gains[_REMOVE], self.gain, where=remove)
        np.add(self.gain, self.gain.T, out=gains[_REVERSE], where=reverse)
        return gains

    def _fill(self, wanted: Bools) -> None:
        """Score the families of the steps that are possible and not yet known."""
        places = np.argwhere(wanted.T).tolist()
        if not places:
            return
        families = [(v, self._with(u, v)) for v, u in places]
        now = {v: (v, self.parents[v]) for v, _ in places}
        self.scores.learn([*families, *now.values()])
        known = self.scores.known
        for (v, u), family in zip(places, families, strict=True):
            self.gain[u, v] = known[family] - known[now[v]]

    def _with(self, parent: int, child: int) -> tuple[int, ...]:
        """Return the child's parents with this one added, or removed if it is one."""
        parents = self.parents[child]
        if parent in parents:
            return tuple(v for v in parents if v != parent)
        return tuple(sorted((*parents, parent)))

    def _change(self, parents: list[tuple[int, ...]], kind: int, parent: int, child: int) -> None:
        parents[child] = self._with(parent, child)
        if kind == _REVERSE:
            parents[parent] = self._with(child, parent)

    def _take(self, kind: int, parent: int, child: int) -> None:
        self._change(self.parents, kind, parent, child)
        self._changed([child, parent] if kind == _REVERSE else [child])
        if kind == _ADD:
            above, below = self.reach[:, parent].copy(), self.reach[child].copy()
            above[parent] = below[child] = True
            self.reach |= above[:, None] & below[None, :]
        else:
            self.reach = _reachable(self.edges)

    def _changed(self, children: Iterable[int]) -> None:
        """Note the new parents of some variables, and forget what their steps gained."""
        for child in children:
            parents = list(self.parents[child])
            self.edges[:, child] = False
            self.edges[parents, child] = True
            cells = self.sizes[[*parents, child]].prod()
            room = len(parents) < self.limits.max_parents
            self.fits[:, child] = room & (self.sizes * cells <= self.limits.max_cells)
            self.gain[:, child] = np.nan


def _reachable(edges: Bools) -> Bools:
    """Return which variables a path leads to."""
    reach = edges.copy()
    for through in range(len(edges)):
        reach |= reach[:, through, None] & reach[None, through]
    return reach
