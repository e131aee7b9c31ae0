"""Learning levels and edges from a database table, with the same result as in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib._checks import listed, optional
from crmlib.counts.binning import Floats, mdl_edges, quantile_edges, width_edges
from crmlib.counts.codes import Attribute
from crmlib.counts.queries import fetch
from crmlib.counts.sql import check_weight

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crmlib.counts.encoder import Bins, Encoder


def learn_attributes(
    encoder: Encoder, table: ir.Table, target: str | None = None, weight: str | None = None
) -> tuple[Attribute, ...]:
    """Return the attributes of all columns but `target` and `weight`.

    Raises
    ------
    ValueError
        If the table is empty, or a column has too many categories.
    TypeError
        If a column holds neither categories nor numbers.
    """
    for name in (target, weight):
        if name is not None and name not in table.columns:
            raise ValueError(f"There is no column {name!r}; there are {listed(table.columns)}.")
    if weight is not None:
        check_weight(table, weight)
        table = table.filter(table[weight] > 0)
    columns = [name for name in table.columns if name not in (target, weight)]
    if not columns or fetch(table.aggregate(n=table.count()))["n"][0] == 0:
        raise ValueError(f"The table is empty: it has the columns {listed(table.columns)}.")
    return tuple(_learn(encoder, table, name, target, weight) for name in columns)


def _learn(
    encoder: Encoder, table: ir.Table, name: str, target: str | None, weight: str | None
) -> Attribute:
    """Learn one column."""
    kind = table[name].type()
    bins = encoder.bins_of(name)
    if kind.is_numeric() and not kind.is_boolean() and bins != "category":
        edges = _edges(table, name, bins, int(encoder.n_bins), target, weight)
        return Attribute.of_edges(name, edges.tolist(), str(kind).lstrip("!"))
    if not (kind.is_string() or kind.is_boolean() or kind.is_numeric()):
        raise TypeError(
            f"Column {name!r} has type {kind}: only text, truth values and numbers can be coded. "
            "Turn a time into a number, such as months since a fixed day."
        )
    return learn_categories(table, name, int(encoder.max_categories))


def learn_categories(
    table: ir.Table, name: str, most: int, *, all_values: bool = True
) -> Attribute:
    """Return the attribute of a column's distinct values, sorted.

    A truth value has both levels, as in memory, unless `all_values` is off.
    """
    from crmlib.counts.encoder import check_categories

    kind = table[name].type()
    if kind.is_boolean() and all_values:
        return Attribute(name, (False, True), None, "bool")
    present = table.select(v=table[name]).filter(_present(table.select(v=table[name]).v))
    distinct = present.distinct()
    check_categories(fetch(distinct.aggregate(n=distinct.count()))["n"][0], name, most)
    levels = tuple(sorted(distinct.to_pyarrow()["v"].to_pylist()))
    return Attribute(name, levels, None, "str" if kind.is_string() else str(kind).lstrip("!"))


def _edges(
    table: ir.Table, name: str, bins: Bins, n_bins: int, target: str | None, weight: str | None
) -> Floats:
    """Return the edges of a numeric column, as `crmlib.counts.binning` defines them."""
    if not isinstance(bins, str):
        return np.asarray(bins, dtype=np.float64)
    ibis = optional("ibis", "scale")
    w = ibis.literal(1.0) if weight is None else table[weight].cast("float64")
    label = table[target] if target is not None and bins == "mdl" else ibis.literal(0)
    rows = table.select(v=table[name].cast("float64"), w=w, y=label)
    rows = rows.filter(_present(rows.v))
    if rows.v.type().is_floating() and _any(rows, rows.v.isinf()):
        raise ValueError(
            f"Column {name!r} holds infinity: give a finite number, or leave it empty."
        )
    if bins == "width":
        ends = fetch(rows.aggregate(low=rows.v.min(), high=rows.v.max()))
        if ends["low"][0] is None:
            return np.empty(0)
        return width_edges(ends["low"][0], ends["high"][0], n_bins)
    if bins == "mdl":
        if target is None:
            raise ValueError(f"Column {name!r} is to be cut by 'mdl', which needs a target.")
        cells = rows.group_by(["v", "y"]).aggregate(w=rows.w.sum()).to_pyarrow()
        values, at = np.unique(cells["v"].to_numpy(), return_inverse=True)
        labels, label = np.unique(cells["y"].to_pylist(), return_inverse=True)
        counts = np.zeros((len(values), len(labels)))
        counts[at, label] = cells["w"].to_numpy()
        return mdl_edges(values, counts)
    return _quantiles(rows, n_bins)


def _quantiles(rows: ir.Table, n_bins: int) -> Floats:
    """Let the database find the values at which the cumulative weight passes each quantile."""
    ibis = optional("ibis", "scale")
    mass = rows.group_by("v").aggregate(w=rows.w.sum())
    few = np.sort(mass.limit(n_bins + 1).to_pyarrow()["v"].to_numpy())
    if len(few) <= n_bins:
        return quantile_edges(few, np.ones(len(few)), n_bins)
    up_to = mass.mutate(c=mass.w.sum().over(ibis.cumulative_window(order_by=mass.v)))
    ends = fetch(mass.aggregate(w=mass.w.sum(), high=mass.v.max()))
    targets = ends["w"][0] * np.arange(1, n_bins) / n_bins * (1 - 1e-12)
    found = fetch(
        up_to.aggregate(
            **{f"e{j}": up_to.v.min(where=up_to.c >= float(t)) for j, t in enumerate(targets)}
        )
    )
    edges = np.unique([value[0] for value in found.values()])
    return np.asarray(edges[edges < ends["high"][0]])


def _present(column: ir.Column) -> Any:
    """Return the condition that a value is there."""
    return column.notnull() & ~column.isnan() if column.type().is_floating() else column.notnull()


def _any(rows: ir.Table, condition: Any) -> bool:
    return bool(fetch(rows.aggregate(n=condition.cast("int64").sum()))["n"][0])
