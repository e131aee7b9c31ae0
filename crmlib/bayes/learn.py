"""Learning a network from counts: structure, then tables."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from crmlib._checks import listed, number, one_of
from crmlib.bayes import structure
from crmlib.bayes.climb import FamilyScores, Limits, complete_rows, hill_climb
from crmlib.bayes.em import Filled, fill_gaps, find_gaps, incomplete_rows
from crmlib.bayes.network import BayesNetwork
from crmlib.bayes.parameters import conditional_table
from crmlib.bayes.scores import Floats, score_function
from crmlib.bayes.structure import Parents, named_pairs, present
from crmlib.counts import Attribute, Codes, count_tables

STRUCTURES = ("naive", "tan", "fan", "forest", "hill-climb", "augmented")


@dataclass(frozen=True)
class Search:
    """How a structure is found; the fields are the classifier's parameters."""

    structure: Any = "tan"
    criterion: str = "bic"
    equivalent_sample_size: float = 10.0
    required: Any = ()
    forbidden: Any = ()
    tiers: Any = None
    max_parents: int = 4
    max_table: int = 1_000_000
    starts: int = 8
    patience: int = 0
    random_state: Any = None


def find_structure(source: Any, target: int, search: Search, weight: Any = None) -> Parents:
    """Return the structure of a coded table, in memory or in a database.

    Parameters
    ----------
    source : Codes or CodedTable
        The class among its columns.
    target : int
        Position of the class.
    search : Search
    weight : array or column name, optional
    """
    names = source.names
    if not isinstance(search.structure, str):
        return structure.given_edges(search.structure, names)
    kind = one_of(search.structure, STRUCTURES, "structure")
    if kind == "naive":
        return structure.naive(len(names), target)
    sizes = [len(attribute.levels) for attribute in source.attributes]
    if kind in ("tan", "fan", "forest"):
        largest = sorted((v for v in range(len(names)) if v != target), key=lambda v: -sizes[v])
        refuse_large(
            [*largest[:2], target][: 2 if kind == "forest" else 3], source, search.max_table
        )
        return getattr(structure, kind)(source, target, weight)  # type: ignore[no-any-return]
    required = named_pairs(search.required, names, "required")
    if kind == "augmented":
        required += [(target, v) for v in range(len(names)) if v != target]
    limits = Limits(
        required=required,
        forbidden=named_pairs(search.forbidden, names, "forbidden"),
        tiers=None if search.tiers is None else tiers_of(search.tiers, names),
        max_parents=int(number(search.max_parents, "max_parents", 1)),
        max_cells=search.max_table,
    )
    rows, weight = complete_rows(source, weight)
    if isinstance(rows, Codes) and len(rows) == 0:
        raise ValueError(
            "No row is complete, and structures are compared on complete rows only: use "
            "structure='naive' or 'tan', or missing='state'."
        )
    scores = FamilyScores(
        rows, score_function(search.criterion, search.equivalent_sample_size), weight
    )
    return hill_climb(
        scores,
        limits,
        starts=int(number(search.starts, "starts", 1)),
        patience=int(number(search.patience, "patience", 0)),
        random_state=search.random_state,
    )


def tiers_of(tiers: Any, names: Sequence[Hashable]) -> list[int]:
    """Return each variable's tier from a sequence of groups of names, causes first.

    Examples
    --------
    >>> tiers_of([["age", "city"], ["calls"], ["churn"]], ["calls", "churn", "city", "age"])
    [1, 2, 0, 0]
    """
    place = {name: tier for tier, group in enumerate(tiers) for name in group}
    strange = [name for name in place if name not in names]
    absent = [name for name in names if name not in place]
    if strange or absent or len(place) < sum(len(group) for group in tiers):
        raise ValueError(
            f"tiers must hold every variable once: {listed(strange)} is none, {listed(absent)} is "
            f"not there. The variables are {listed(names)}."
            if strange or absent
            else "tiers must hold every variable once; one is in several."
        )
    return [place[name] for name in names]


def learn_tables(
    source: Any, parents: Parents, prior: str, strength: float, max_table: int, weight: Any = None
) -> BayesNetwork:
    """Return the network of a structure with its tables learned from counts.

    A table learns from the rows in which none of its variables is missing.
    """
    counts = family_counts(source, parents, max_table, weight)
    tables = [conditional_table(table, prior, strength) for table in counts]
    return BayesNetwork(tuple(source.attributes), parents, tuple(tables))


def learn_tables_by_em(
    source: Any,
    parents: Parents,
    prior: str,
    strength: float,
    max_table: int,
    weight: Any = None,
    *,
    tol: float,
    max_iter: int,
) -> tuple[BayesNetwork, Filled]:
    """Return the network with its tables learned from all rows, and how the learning went."""
    counts = family_counts(source, parents, max_table, weight)
    sizes = [len(attribute.levels) for attribute in source.attributes]
    matrix, weights = incomplete_rows(source, weight)
    filled = fill_gaps(
        counts,
        find_gaps(matrix, sizes, parents, weights),
        parents,
        prior=prior,
        strength=strength,
        tol=tol,
        max_iter=max_iter,
    )
    return BayesNetwork(tuple(source.attributes), parents, tuple(filled.tables)), filled


def family_counts(
    source: Any, parents: Parents, max_table: int, weight: Any = None
) -> list[Floats]:
    """Return each family's counts over the rows that lack none of its variables."""
    names = source.names
    families = [(*each, child) for child, each in enumerate(parents)]
    for family in families:
        refuse_large(family, source, max_table)
    counts = count_tables(source, [[names[v] for v in family] for family in families], weight)
    return [present(table) for table in counts]


def refuse_large(family: Sequence[int], source: Any, most: int) -> None:
    """Refuse a table that would have more than `most` cells, and say how many."""
    attributes = [source.attributes[v] for v in family]
    cells = prod(len(attribute.levels) for attribute in attributes)
    if cells > most:
        *parents, child = (repr(str(attribute.name)) for attribute in attributes)
        shape = " x ".join(str(len(attribute.levels)) for attribute in attributes)
        raise ValueError(
            f"The table of {child} with {', '.join(parents)} would have {cells:,} cells "
            f"({shape}, {cells * 8 / 2**20:,.0f} MiB), more than max_table={most:,}. Give it fewer "
            "parents, use fewer bins or group rare categories."
        )


def with_missing_state(attribute: Attribute) -> Attribute:
    """Return the attribute with missing as a state of its own.

    Examples
    --------
    >>> with_missing_state(Attribute("city", ("x", "y"))).levels
    ('x', 'y', '(missing)')
    """
    return replace(attribute, levels=(*attribute.levels, "(missing)"))


@dataclass(frozen=True)
class StatedTable:
    """A database table whose missing values are states; the class has none."""

    table: Any
    attributes: tuple[Attribute, ...]

    @property
    def names(self) -> tuple[Hashable, ...]:
        """Column names, in order."""
        return self.table.names  # type: ignore[no-any-return]

    def position(self, name: Hashable) -> int:
        """Return the place of a column."""
        return self.table.position(name)  # type: ignore[no-any-return]

    def joint_counts(self, sets: Sequence[Sequence[int]], weight: Any) -> list[Floats]:
        """Return the joint counts of each set, with an empty cell for values still missing."""
        return [
            np.pad(
                counted, [(0, self.attributes[v].size - self.table.attributes[v].size) for v in s]
            )
            for s, counted in zip(sets, self.table.joint_counts(sets, weight), strict=True)
        ]


def with_class(codes: Codes, target: npt.NDArray[Any], attribute: Attribute) -> Codes:
    """Return the coded table with the class as its last column."""
    wide = np.promote_types(codes.matrix.dtype, target.dtype)
    matrix = np.empty((len(codes.attributes) + 1, len(codes)), dtype=wide)
    matrix[:-1] = codes.matrix
    matrix[-1] = target
    return Codes(matrix, (*codes.attributes, attribute), codes.index)
