"""How a database is asked: small answers, batches of rows, and many counts at once.

Only one thing is said twice: many tables of counts at once are a single GROUPING SETS query on
DuckDB, and a union of group-bys everywhere else, because Ibis has no word for grouping sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from crmlib._checks import optional
from crmlib.counts.levels import Floats, Ints

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

#: DuckDB names a grouping set by the bits of one integer, a bit for each column.
_GROUPING_COLUMNS = 60


def fetch(expression: ir.Table) -> dict[str, list[Any]]:
    """Run a query with a small answer and return its columns."""
    columns: dict[str, list[Any]] = expression.to_pyarrow().to_pydict()
    return columns


def batches(table: ir.Table, rows: int) -> Iterator[pd.DataFrame]:
    """Read a table piece by piece, about `rows` rows at a time."""
    import pyarrow as pa
    from ibis.expr.operations import InMemoryTable

    backend = table.get_backend()
    if table.op().find(InMemoryTable):
        pieces = table.to_pyarrow().to_batches(rows)
    elif backend.name == "duckdb":
        pieces = backend.con.sql(backend.compile(table)).to_arrow_reader(rows)
    else:
        pieces = table.to_pyarrow_batches(chunk_size=rows)
    for piece in pieces:
        yield pa.Table.from_batches([piece]).to_pandas()


def grouped(
    base: ir.Table, sets: Sequence[Sequence[str]], sums: Sequence[str] = ()
) -> Iterator[tuple[int, list[Ints], list[Floats]]]:
    """Count `base` by each set of columns.

    Yields
    ------
    number : int
        Which set.
    keys : list of arrays
        The codes, one array for each column of the set.
    counted : list of arrays
        Number of rows at these codes, then the sum of each column in `sums`.
    """
    for first, batch in _batches(sets):
        ask = _grouping_sets if _knows_grouping_sets(base) else _union
        answer = ask(base, batch, sums)
        number = answer["number"].to_numpy()
        order = np.argsort(number, kind="stable")
        bounds = np.searchsorted(number[order], np.arange(len(batch) + 1))
        for place, columns in enumerate(batch):
            rows = order[bounds[place] : bounds[place + 1]]
            keys = [
                answer[f"k{axis}"].to_numpy()[rows].astype(np.intp) for axis in range(len(columns))
            ]
            counted = [answer[name].to_numpy()[rows].astype(np.float64) for name in ("n", *sums)]
            yield first + place, keys, counted


def _batches(sets: Sequence[Sequence[str]]) -> Iterator[tuple[int, list[Sequence[str]]]]:
    """Cut the sets into runs that together name few enough columns for one query."""
    run: list[Sequence[str]] = []
    start, named = 0, set[str]()
    for place, columns in enumerate(sets):
        if run and len(named | set(columns)) > _GROUPING_COLUMNS:
            yield start, run
            run, start, named = [], place, set()
        run.append(columns)
        named |= set(columns)
    if run:
        yield start, run


def _knows_grouping_sets(base: ir.Table) -> bool:
    """Whether DuckDB can be asked in its own words: its tables must be there under their names."""
    from ibis.expr.operations import InMemoryTable

    return base.get_backend().name == "duckdb" and not base.op().find(InMemoryTable)


def _union(base: ir.Table, sets: Sequence[Sequence[str]], sums: Sequence[str]) -> Any:
    """Count by each set in its own group-by, stacked."""
    ibis = optional("ibis", "scale")
    axes = max(len(columns) for columns in sets)
    parts = []
    for number, columns in enumerate(sets):
        counted = base.group_by(list(columns)).aggregate(
            n=base.count(), **{name: base[name].sum() for name in sums}
        )
        keys = {
            f"k{axis}": counted[columns[axis]] if axis < len(columns) else ibis.literal(0, "int32")
            for axis in range(axes)
        }
        parts.append(counted.select("n", *sums, number=ibis.literal(number, "int32"), **keys))
    return (parts[0] if len(parts) == 1 else ibis.union(*parts)).to_pyarrow()


def _grouping_sets(base: ir.Table, sets: Sequence[Sequence[str]], sums: Sequence[str]) -> Any:
    """Count by all sets in one pass over the table."""
    columns = list(dict.fromkeys(column for names in sets for column in names))
    axes = max(len(names) for names in sets)
    # GROUPING_ID has a bit for each column, the first the highest, set where it is summed over.
    ids = [
        sum(1 << (len(columns) - 1 - place) for place, c in enumerate(columns) if c not in names)
        for names in sets
    ]
    which = f"GROUPING_ID({', '.join(columns)})"
    pick = [f"CASE {which} " + " ".join(f"WHEN {i} THEN {n}" for n, i in enumerate(ids)) + " END"]
    for axis in range(axes):
        whens = [
            f"WHEN {i} THEN {names[axis]}"
            for i, names in zip(ids, sets, strict=True)
            if axis < len(names)
        ]
        pick.append(f"CASE {which} {' '.join(whens)} ELSE 0 END")
    selected = ", ".join(
        f"{text} AS {name}"
        for text, name in zip(pick, ["number", *(f"k{a}" for a in range(axes))], strict=True)
    )
    grouping = ", ".join(f"({', '.join(names)})" for names in sets)
    measures = ", ".join(["COUNT(*) AS n", *(f"SUM({column}) AS {column}" for column in sums)])
    backend = base.get_backend()
    query = (
        f"SELECT {selected}, {measures} FROM ({backend.compile(base)}) AS coded "
        f"GROUP BY GROUPING SETS ({grouping})"
    )
    return backend.con.sql(query).to_arrow_table()


@contextmanager
def small_tables(backend: Any, frames: Sequence[Any]) -> Iterator[list[ir.Table]]:
    """Lend the database some small tables to join with, and take them back."""
    ibis = optional("ibis", "scale")
    if backend.name != "duckdb":
        yield [ibis.memtable(frame) for frame in frames]
        return
    # DuckDB's raw query needs them under a name; a registered frame is not copied.
    names = [f"crmlib_{uuid4().hex}" for _ in frames]
    try:
        for name, frame in zip(names, frames, strict=True):
            backend.con.register(name, frame)
        yield [backend.table(name) for name in names]
    finally:
        for name in names:
            backend.con.unregister(name)
