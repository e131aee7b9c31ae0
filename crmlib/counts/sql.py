"""A database table seen through an encoder: its codes and counts, nothing loaded.

The expressions are Ibis's and so portable: DuckDB, Spark and others run the same.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib._checks import listed, optional
from crmlib.counts.codes import Attribute
from crmlib.counts.cover import sum_out
from crmlib.counts.levels import Floats, Ints
from crmlib.counts.queries import fetch, grouped

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True, eq=False)
class CodedTable:
    """A database table seen through an encoder: expressions for its codes, no rows.

    Parameters
    ----------
    table : ibis Table
        The database table, still uncoded; nothing is fetched until something is counted.
    attributes : tuple of Attribute
        What the codes mean; their columns are looked up in the table by name.
    unseen : {"code", "missing", "error"}
        The encoder's policy; "error" acts when something is counted.

    Examples
    --------
    >>> import ibis, pyarrow
    >>> from crmlib.counts import Encoder, count_table
    >>> customers = ibis.memtable(
    ...     pyarrow.table({"plan": ["a", "b", "a"], "churn": ["yes", "yes", "no"]})
    ... )
    >>> coded = Encoder().fit_table(customers).encode_table(customers)
    >>> count_table(coded, ["plan", "churn"])
    array([[1., 1., 0.],
           [0., 1., 0.],
           [0., 0., 0.]])
    """

    table: ir.Table
    attributes: tuple[Attribute, ...]
    unseen: str = "code"

    @property
    def names(self) -> tuple[Hashable, ...]:
        """Column names, in order."""
        return tuple(attribute.name for attribute in self.attributes)

    def position(self, name: Hashable) -> int:
        """Return the place of a column, or raise a KeyError that lists the columns."""
        if name not in self.names:
            raise KeyError(f"There is no column {name!r}; there are {listed(self.names)}.")
        return self.names.index(name)

    def coded(self, weight: str | None = None) -> ir.Table:
        """Return the table of codes: columns c0, c1, ... and the weight w if there is one."""
        columns = {
            f"c{place}": code_expression(self.table[str(attribute.name)], attribute, self.unseen)
            for place, attribute in enumerate(self.attributes)
        }
        if weight is not None:
            columns["w"] = self.table[weight].cast("float64")
        return self.table.select(**columns)

    def joint_counts(self, sets: Sequence[Sequence[int]], weight: str | None) -> list[Floats]:
        """Return the joint counts of each set of attributes, given by position."""
        if weight is not None:
            check_weight(self.table, weight)
        # The same columns in another order are the same table: a database is asked but once.
        different = list(dict.fromkeys(tuple(sorted(places)) for places in sets))
        tables = {
            places: np.zeros([self.attributes[place].size for place in places])
            for places in different
        }
        columns = [[f"c{place}" for place in places] for places in different]
        sums = [] if weight is None else ["w"]
        for number, keys, counted in grouped(self.coded(weight), columns, sums):
            for codes, place in zip(keys, different[number], strict=True):
                refuse_unseen(codes, self.attributes[place])
            tables[different[number]][tuple(keys)] = counted[-1]
        return [sum_out(tables[tuple(sorted(places))], sorted(places), places) for places in sets]


def refuse_unseen(codes: Ints, attribute: Attribute) -> None:
    """Refuse codes no table has a place for."""
    if (codes >= attribute.unseen).any():
        raise ValueError(
            f"Column {attribute.name!r} holds values the encoder never met: they cannot be "
            "counted. Use unseen='missing', or fit the encoder on this table."
        )


def code_expression(column: ir.Column, attribute: Attribute, unseen: str = "code") -> ir.Column:
    """Return the expression for a column's code."""
    ibis = optional("ibis", "scale")
    absent = missing(column)
    if attribute.edges is not None:
        value = column.cast("float64")
        code = ibis.literal(0, type="int32")
        for edge in attribute.edges:
            code += (value > edge).cast("int32")
    else:
        strange = attribute.missing if unseen == "missing" else attribute.unseen
        code = ibis.literal(strange)
        if attribute.levels:  # the place in a list: databases look that up once per distinct value
            place = ibis.array([ibis.literal(level) for level in attribute.levels]).index(column)
            code = ibis.ifelse(place >= 0, place, strange)
    return ibis.ifelse(absent, attribute.missing, code).cast("int32")


def missing(column: ir.Column) -> Any:
    """Return the condition that a value is missing."""
    absent = column.isnull()
    return absent | column.isnan() if column.type().is_floating() else absent


def check_weight(table: ir.Table, weight: str) -> None:
    """Refuse a weight column that is missing, negative or not finite somewhere."""
    if weight not in table.columns:
        raise ValueError(f"There is no column {weight!r}; there are {listed(table.columns)}.")
    column = table[weight].cast("float64")
    bad = column.isnull() | column.isnan() | column.isinf() | (column < 0)
    found = fetch(table.aggregate(bad=bad.cast("int64").sum()))["bad"][0] or 0
    if found:
        raise ValueError(
            f"Weight column {weight!r} has {found:,} values that are missing, negative or not "
            "finite."
        )
