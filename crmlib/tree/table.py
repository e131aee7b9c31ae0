"""A tree's view of a database table: its attributes, its classes and a counter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib._checks import listed, optional
from crmlib.counts import Attribute, CodedTable, Encoder, LevelCounter, SqlCounter
from crmlib.counts.learn import learn_categories
from crmlib.counts.queries import batches, fetch
from crmlib.counts.sql import missing
from crmlib.counts.target import class_codes

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crmlib.counts.packed import PackedCounter


#: Rows read and packed at a time.
_BATCH = 20_000


def table_counter(
    encoder: Encoder, table: ir.Table, target: str, weight: str | None, *, stream: bool = False
) -> tuple[LevelCounter, tuple[Any, ...]]:
    """Fit the encoder to a table and return a level counter and the classes.

    Parameters
    ----------
    encoder : Encoder
    table : ibis Table
    target, weight : column names
    stream : bool
        Whether to read the table once and keep its rows packed, instead of asking the database
        for the counts of every level.

    Raises
    ------
    ValueError
        If there is no such target, some of it is missing, or all weights are zero.
    """
    if target not in table.columns:
        raise ValueError(f"There is no target {target!r}; there are {listed(table.columns)}.")
    encoder.fit_table(table, target, weight)
    if weight is not None:
        table = table.filter(table[weight] > 0)
    absent = fetch(table.aggregate(n=table[target].isnull().cast("int64").sum()))["n"][0]
    if absent:
        raise ValueError(
            f"Target {target!r} is missing in {absent:,} rows: drop them, or name the class."
        )
    kind = table[target].type()
    if kind.is_floating():
        raise ValueError(f"Target {target!r} has type {kind}: classes must be text or integers.")
    label = learn_categories(table, target, 1000, all_values=False)
    if stream:
        return _packed(encoder, table, label, weight), label.levels
    source = CodedTable(table, (*encoder.attributes_, label))
    return SqlCounter(source, target, weight), label.levels


def _packed(
    encoder: Encoder, table: ir.Table, label: Attribute, weight: str | None
) -> PackedCounter:
    """Read the table once, a batch at a time, and return the compiled counter of its rows."""
    optional("numba", "scale")
    from crmlib.counts.packed import PackedCounter

    names = [str(attribute.name) for attribute in encoder.attributes_]
    gaps = {f"c{place}": missing(table[name]).any() for place, name in enumerate(names)}
    facts = fetch(table.aggregate(n=table.count(), **gaps))
    sizes = [
        max(1, len(attribute.levels) + bool(facts[f"c{place}"][0]))
        for place, attribute in enumerate(encoder.attributes_)
    ]
    counter = PackedCounter(names, sizes, len(label.levels), facts["n"][0])
    classes = np.array(label.levels)
    for frame in batches(table, _BATCH):
        weights = None if weight is None else frame[weight].to_numpy(np.float64)
        _, target = class_codes(frame[label.name].to_numpy(), len(frame), classes)
        counter.add(encoder.encode(frame[names]), target, weights)
    return counter
