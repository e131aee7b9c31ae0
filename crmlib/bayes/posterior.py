"""The class given whatever is known of each row, exactly and for a whole table at once.

A row's log posterior is a sum over the families that hold the class. A family whose members are
all known is a lookup, and small families are multiplied beforehand so that one lookup serves
several. Missing variables are summed out. Given the class and what is known they fall apart into
connected components, each of which adds a term that depends on its observed neighbors only; a
table with gaps everywhere has thousands of patterns but few components.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from crmlib.bayes.factors import eliminate, reduced
from crmlib.bayes.patterns import Ints, agreeing, as_bits, bits
from crmlib.bayes.scores import Floats
from crmlib.bayes.structure import Parents, topological

#: Numbers in a table of lookups: it should stay in the cache.
LOOKUP_CELLS = 1 << 15
#: Rows looked up at a time, and rows whose gaps are grouped at a time.
LOOKUP_ROWS = 1 << 14
GAP_ROWS = 1 << 18
#: Neighbor configurations of a component for which the answers are kept.
KEPT_CONFIGURATIONS = 1 << 14


@dataclass(frozen=True)
class _Lookup:
    """Log terms of some families, by the states of the other variables in them."""

    variables: tuple[int, ...]
    sizes: tuple[int, ...]
    table: Floats  # (cells, width)


@dataclass
class _Component:
    """Missing variables to be summed out together."""

    families: tuple[int, ...]
    neighbors: tuple[int, ...]
    sizes: tuple[int, ...]
    answers: Floats | None = None  # one row for each configuration of the neighbors


class ClassPosterior:
    """Posterior of one variable, compiled for speed.

    Parameters
    ----------
    sizes : sequence of int
        States of each variable.
    parents : Parents
    tables : sequence of arrays, axes (parents..., variable)
    target : int
        The variable to predict.

    Notes
    -----
    Rows come as a matrix of codes with a row for every variable but the target, in order. Code K
    of a variable with K states, and any above it, is a missing value. Where the target has two
    states, the result is the log odds of the second; a row that no state of the target can
    produce has NaN everywhere.
    """

    def __init__(
        self, sizes: Sequence[int], parents: Parents, tables: Sequence[Floats], target: int
    ) -> None:
        self.sizes, self.parents, self.target = list(sizes), parents, target
        self.tables = list(tables)
        self.width = 1 if sizes[target] == 2 else sizes[target]
        self.scopes = [(*parents[v], v) for v in range(len(parents))]
        self.children: list[list[int]] = [[] for _ in parents]
        for child, each in enumerate(parents):
            for parent in each:
                self.children[parent].append(child)
        self._order = [v for v in topological(parents) if v != target]
        self._lookups = self._packed([target, *self.children[target]])
        self._components: dict[tuple[int, int], _Component | None] = {}

    def scores(self, matrix: npt.NDArray[Any]) -> Floats:
        """Return log odds, or log weights of each state up to a constant, for each row.

        Parameters
        ----------
        matrix : array of shape (n_variables - 1, n_rows), unsigned integers

        Returns
        -------
        array of shape (n_rows, 1) or (n_rows, n_states)
        """
        rows = matrix.shape[1]
        out = np.empty((rows, self.width))
        for start in range(0, rows, LOOKUP_ROWS):
            part = slice(start, start + LOOKUP_ROWS)
            self._look_up(matrix[:, part], out[part])
        for start in range(0, rows, GAP_ROWS):
            part = slice(start, start + GAP_ROWS)
            self._add_gaps(matrix[:, part], out[part])
        return out

    def probabilities(self, scores: Floats) -> Floats:
        """Return the probability of each state, NaN where no state is possible."""
        if self.width == 1 and self.sizes[self.target] == 2:
            out = np.empty((len(scores), 2))
            with np.errstate(over="ignore"):
                np.exp(-scores[:, 0], out=out[:, 1])
                np.exp(scores[:, 0], out=out[:, 0])
            out += 1
            return np.divide(1, out, out=out)
        with np.errstate(invalid="ignore"):
            weight = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(weight / weight.sum(axis=1, keepdims=True))

    def log_odds(self, scores: Floats, state: int) -> Floats:
        """Return the log odds of one state against all others."""
        if self.width == 1 and self.sizes[self.target] == 2:
            return np.asarray(scores[:, 0] if state == 1 else -scores[:, 0])
        others = np.delete(scores, state, axis=1)
        if not others.size:
            return np.full(len(scores), np.inf)
        with np.errstate(invalid="ignore"):
            return np.asarray(scores[:, state] - np.logaddexp.reduce(others, axis=1))

    def _row(self, variable: int) -> int:
        """Return the matrix row that holds a variable."""
        return variable - (variable > self.target)

    def _as_scores(self, log_weights: Floats) -> Floats:
        """Turn log weights of the states, last axis, into what `scores` returns."""
        if self.width == 1 and self.sizes[self.target] == 2:
            with np.errstate(invalid="ignore"):
                return np.asarray(log_weights[..., 1:] - log_weights[..., :1])
        return log_weights

    def _packed(self, families: Sequence[int]) -> list[_Lookup]:
        """Share the families out among lookups, as few as fit."""
        groups: list[tuple[set[int], list[int]]] = []
        for family in families:
            others = set(self.scopes[family]) - {self.target}
            fitting = [
                (len(others - variables), place)
                for place, (variables, _) in enumerate(groups)
                if self._cells(variables | others) <= LOOKUP_CELLS
            ]
            if fitting:
                variables, members = groups[min(fitting)[1]]
                variables |= others
                members.append(family)
            else:
                groups.append((others, [family]))
        return [self._lookup(tuple(sorted(variables)), members) for variables, members in groups]

    def _cells(self, variables: set[int]) -> int:
        return prod(self.sizes[v] + 1 for v in variables) * self.width

    def _lookup(self, variables: tuple[int, ...], families: Sequence[int]) -> _Lookup:
        """Sum the log tables of some families, zero where one of a family's members is missing."""
        sizes = tuple(self.sizes[v] + 1 for v in variables)
        total = np.zeros((*sizes, self.sizes[self.target]))
        for family in families:
            scope = self.scopes[family]
            order = sorted(range(len(scope)), key=lambda axis: scope[axis])
            last = next(axis for axis in order if scope[axis] == self.target)
            order = [axis for axis in order if axis != last]
            with np.errstate(divide="ignore"):
                known = np.log(self.tables[family].transpose([*order, last]))
            padded = np.pad(known, [*[(0, 1)] * len(order), (0, 0)])
            members = {scope[axis] for axis in order}
            shape = [n if v in members else 1 for v, n in zip(variables, sizes, strict=True)]
            total = total + padded.reshape(*shape, -1)
        table = self._as_scores(total).reshape(-1, self.width)
        return _Lookup(variables, sizes, np.ascontiguousarray(table))

    def _look_up(self, matrix: npt.NDArray[Any], out: Floats) -> None:
        """Write the sum of the lookups of each row."""
        out[:] = 0
        for lookup in self._lookups:
            cell = np.zeros(matrix.shape[1], dtype=np.intp)
            for variable, size in zip(lookup.variables, lookup.sizes, strict=True):
                cell *= size
                # Every code beyond the states is a missing value.
                cell += np.minimum(matrix[self._row(variable)], size - 1)
            if self.width == 1:
                out[:, 0] += lookup.table[:, 0][cell]
            else:
                out += lookup.table[cell]

    def _add_gaps(self, matrix: npt.NDArray[Any], out: Floats) -> None:
        """Add the terms of missing variables that touch the class and have known descendants."""
        missing = {v: matrix[self._row(v)] >= self.sizes[v] for v in self._order}
        gappy = [v for v in self._order if missing[v].any()]
        if not any(self.children[v] for v in gappy):
            return
        rows = np.flatnonzero(np.logical_or.reduce([missing[v] for v in gappy]))
        nowhere = np.zeros(len(rows), dtype=bool)
        gaps = {v: missing[v][rows] if v in gappy else nowhere for v in self._order}
        # A missing variable without known descendants drops out of the sum.
        barren: dict[int, npt.NDArray[np.bool_]] = {self.target: nowhere}
        for v in reversed(self._order):
            barren[v] = gaps[v].copy()
            for child in self.children[v]:
                barren[v] &= barren[child]
        alive = [gaps[v] & ~barren[v] for v in self._order]
        place = {v: at for at, v in enumerate(self._order)}
        dead = []
        for v in self._order:
            touching = [alive[place[p]] for p in self.parents[v] if p != self.target]
            dead.append(barren[v] & np.logical_or.reduce([nowhere, *touching]))
        pattern, first = agreeing([*alive, *dead])
        self._add_components(matrix, out, rows, pattern, (alive, dead), first)

    def _add_components(
        self,
        matrix: npt.NDArray[Any],
        out: Floats,
        rows: Ints,
        pattern: Ints,
        masks: tuple[list[npt.NDArray[np.bool_]], list[npt.NDArray[np.bool_]]],
        first: Ints,
    ) -> None:
        """Find the components of each pattern, and add each component's term to all its rows."""
        alive, dead = (as_bits(mask, self._order, first) for mask in masks)
        numbers: dict[tuple[int, int], int] = {}
        flat: list[int] = []
        ends = []
        for here, gone in zip(alive, dead, strict=True):
            for key in self._split(here, gone):
                flat.append(numbers.setdefault(key, len(numbers)))
            ends.append(len(flat))
        bounds = np.array([0, *ends])
        repeats = np.diff(bounds)[pattern]
        source = np.repeat(np.arange(len(rows)), repeats)
        within = np.arange(len(source)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        number = np.array(flat, dtype=np.intp)[bounds[pattern[source]] + within]
        order = np.argsort(number, kind="stable")
        cuts = np.searchsorted(number[order], np.arange(1, len(numbers)))
        for key, chosen in zip(numbers, np.split(source[order], cuts), strict=False):
            component = self._component(key)
            if component is not None:
                at = rows[chosen]
                out[at] += self._answer(component, matrix, at)

    def _split(self, alive: int, dead: int) -> list[tuple[int, int]]:
        """Return the connected components of missing variables, each with its dropped children."""
        found = []
        while alive:
            component = frontier = alive & -alive
            while frontier:
                v = frontier.bit_length() - 1
                frontier ^= 1 << v
                for family in (v, *self.children[v]):
                    if dead >> family & 1:
                        continue
                    for u in self.scopes[family]:
                        if alive >> u & 1 and not component >> u & 1:
                            component |= 1 << u
                            frontier |= 1 << u
            alive &= ~component
            dropped = 0
            for v in bits(component):
                for child in self.children[v]:
                    dropped |= dead & 1 << child
            found.append((component, dropped))
        return found

    def _component(self, key: tuple[int, int]) -> _Component | None:
        """Return the component, or None if its term is the same for all states of the class."""
        if key in self._components:
            return self._components[key]
        mask, dropped = key
        members = bits(mask)
        families = sorted(
            {f for v in members for f in (v, *self.children[v]) if not dropped >> f & 1}
        )
        touched = {v for family in families for v in self.scopes[family]}
        component = None
        if self.target in touched:
            neighbors = tuple(sorted(touched - {self.target, *members}))
            sizes = tuple(self.sizes[v] for v in neighbors)
            component = _Component(tuple(families), neighbors, sizes)
        self._components[key] = component
        return component

    def _answer(self, component: _Component, matrix: npt.NDArray[Any], rows: Ints) -> Floats:
        """Return a component's term for each row, computed once per state of its neighbors."""
        states = [matrix[self._row(v), rows] for v in component.neighbors]
        configurations = prod(component.sizes)
        few = 1 if not states else min(KEPT_CONFIGURATIONS, max(4 * len(rows), 512))
        if component.answers is not None or configurations <= few:
            if component.answers is None:
                every = np.indices(component.sizes).reshape(-1, configurations)
                component.answers = self._sum_out(component, list(every), configurations)
            cell = np.zeros(len(rows), dtype=np.intp)
            for codes, size in zip(states, component.sizes, strict=True):
                cell *= size
                cell += codes
            return component.answers[cell]
        group, first = agreeing(states)
        return self._sum_out(component, [codes[first] for codes in states], len(first))[group]

    def _sum_out(self, component: _Component, states: list[Ints], rows: int) -> Floats:
        """Sum the missing variables out of the component's families."""
        out = np.empty((rows, self.width))
        step = max(1, (1 << 22) // self._states_of(component))
        for start in range(0, rows, step):
            part = slice(start, start + step)
            seen = dict(zip(component.neighbors, (s[part] for s in states), strict=True))
            factors = [reduced(self.tables[f], self.scopes[f], seen) for f in component.families]
            table, _ = eliminate(factors, [self.target], len(out[part]))
            with np.errstate(divide="ignore"):
                out[part] = self._as_scores(np.log(table))
        return out

    def _states_of(self, component: _Component) -> int:
        """Return the size of the component's largest family, observed neighbors set."""
        free = set(component.neighbors)
        return max(
            prod(self.sizes[v] for v in self.scopes[family] if v not in free)
            for family in component.families
        )
