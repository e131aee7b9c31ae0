"""Measuring the indicators: customer by month, from what was known by that month only.

Each source is laid out on a grid of customers and months by the month in which a row became
known. A measure for month t reads columns up to t, so no later row can reach it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmlib._checks import as_frame, listed, require_columns
from crmlib.early_warning.expression import evaluate
from crmlib.early_warning.indicators import Base, Indicator, IndicatorSystem, Source

Floats = NDArray[np.float64]
Tables = Mapping[str, pd.DataFrame]


def tables_of(data: Any) -> Tables:
    """Return named tables, be they a mapping or an operator that holds them as ``.tables``."""
    tables = getattr(data, "tables", data)
    if not isinstance(tables, Mapping):
        raise TypeError(f"tables must map names to DataFrames, got {type(data).__name__}.")
    return tables


def month_numbers(values: pd.Series, name: str) -> Floats:
    """Return months as numbers: numbers as they are, dates and 'YYYY-MM' as 12 x year + month - 1.

    Raises
    ------
    ValueError
        A text that is no date; the message quotes it.

    Examples
    --------
    >>> month_numbers(pd.Series(["2024-01", "2024-02"]), "month").tolist()
    [24288.0, 24289.0]
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=float, na_value=np.nan)
    if isinstance(values.dtype, pd.PeriodDtype):
        values = values.dt.to_timestamp()
    dates = pd.to_datetime(values, errors="coerce", format="ISO8601")
    wrong = values[dates.isna() & values.notna()]
    if len(wrong):
        raise ValueError(
            f"{name} must hold numbers, dates or texts like '2024-01'; row {wrong.index[0]} "
            f"holds {wrong.iloc[0]!r}."
        )
    months = 12 * dates.dt.year + dates.dt.month - 1
    return np.asarray(months.to_numpy(dtype=float, na_value=np.nan), float)


def month_start(month: int, month_one: str = "2024-01") -> pd.Timestamp:
    """Return the first day of a month given as a number; month 1 is `month_one`.

    Examples
    --------
    >>> month_start(3).date().isoformat(), month_start(24290).date().isoformat()
    ('2024-03-01', '2024-03-01')
    """
    number = month if month >= 12 * 1900 else month - 1 + _number_of(month_one)
    return pd.Timestamp(year=number // 12, month=number % 12 + 1, day=1)


def _number_of(month: str) -> int:
    return int(month_numbers(pd.Series([month]), "month_one")[0])


@dataclass(frozen=True)
class Grid:
    """Customers and months as positions: who is in the base, from when to when."""

    ids: pd.Index[Any]
    first: int
    months: int
    present: NDArray[np.bool_]

    @property
    def last(self) -> int:
        """The last month."""
        return self.first + self.months - 1


def lay_grid(base: Base, tables: Tables) -> Grid:
    """Return the grid of the base table: one row a customer and month.

    Raises
    ------
    ValueError
        The table is missing or empty, or holds a customer and month twice.
    """
    if base.table not in tables:
        raise ValueError(f"There is no table {base.table!r}; there is {listed(tables)}.")
    frame = as_frame(tables[base.table], base.table)
    require_columns(frame, [base.customer, base.month], base.table)
    month = month_numbers(frame[base.month], f"{base.table}.{base.month}")
    if np.isnan(month).any() or frame[base.customer].isna().any():
        raise ValueError(f"{base.table} has rows without customer or month.")
    ids = pd.Index(np.sort(frame[base.customer].unique()))
    first, last = int(month.min()), int(month.max())
    cells = np.zeros((len(ids), last - first + 1), np.int32)
    np.add.at(cells, (ids.get_indexer(frame[base.customer]), month.astype(int) - first), 1)
    if (cells > 1).any():
        who, when = np.argwhere(cells > 1)[0]
        raise ValueError(
            f"{base.table} must hold a customer and month once; customer {ids[who]!r} has month "
            f"{first + when} {cells[who, when]} times."
        )
    return Grid(ids, first, cells.shape[1], cells > 0)


def measure(
    system: IndicatorSystem, tables: Any, months: Iterable[int] | None = None
) -> pd.DataFrame:
    """Measure every indicator for every customer of the base, as it stood at the end of a month.

    Parameters
    ----------
    system : IndicatorSystem
        What is to be measured.
    tables : mapping of DataFrame, or an operator
        The tables its sources name. A table ``base_mix`` that is missing is made by
        `base_mix`.
    months : iterable of int, optional
        The months wanted; all by default.

    Returns
    -------
    DataFrame
        One row a customer and month, sorted by month: the customer, ``month`` and a float32
        column an indicator. A customer whose loss is known at the end of the month is left out.
        Missing means that nothing was recorded to measure it by.

    Raises
    ------
    ValueError
        A table, a column or a wanted month is missing.

    Examples
    --------
    >>> from crmlib.data import simulate
    >>> op = simulate(customers=300, months=9, random_state=1)
    >>> panel = measure(IndicatorSystem.builtin(), op, months=[9])
    >>> panel["month"].unique().tolist(), "bill_change" in panel
    ([9], True)
    """
    tables = tables_of(tables)
    base, grid = system.base, lay_grid(system.base, tables_of(tables))
    wanted = list(range(grid.first, grid.last + 1)) if months is None else sorted(set(months))
    outside = [month for month in wanted if not grid.first <= month <= grid.last]
    if outside or not wanted:
        raise ValueError(
            f"months must lie from {grid.first} to {grid.last}, got {listed(outside) or 'none'}."
        )
    columns = np.array(wanted) - grid.first
    keep = (grid.present & ~_known_lost(base, tables, grid))[:, columns].T
    row, who = np.nonzero(keep)
    out: dict[str, Any] = {base.customer: grid.ids[who], "month": np.array(wanted)[row]}
    reader = _Reader(system, tables, grid)
    for indicator in system.indicators:
        values = reader.indicator(indicator)[:, columns].T[keep]
        # Sums leave a residue of 1e-15 where there is nothing; it must not break a tie with 0.
        out[indicator.name] = np.round(values, 9).astype(np.float32)
    return pd.DataFrame(out)


def losses(base: Base, tables: Tables) -> pd.DataFrame:
    """Return every recorded loss: customer, ``event`` (month) and ``noticed`` (month)."""
    if base.churn_table not in tables:
        raise ValueError(f"There is no table {base.churn_table!r}; there is {listed(tables)}.")
    frame, name = tables[base.churn_table], base.churn_table
    noticed = base.churn_noticed or base.churn_month
    require_columns(frame, [base.customer, base.churn_month, noticed], name)
    table = pd.DataFrame(
        {
            base.customer: frame[base.customer].to_numpy(),
            "event": month_numbers(frame[base.churn_month], f"{name}.{base.churn_month}"),
            "noticed": month_numbers(frame[noticed], f"{name}.{noticed}"),
        }
    )
    late = table["noticed"] < table["event"]
    if late.any():
        raise ValueError(f"{name}: {late.sum()} losses were noticed before they happened.")
    return table.dropna(subset=["event"]).astype({"event": int})


def _known_lost(base: Base, tables: Tables, grid: Grid) -> NDArray[np.bool_]:
    """Whether a customer's last month is known, by its end, to have been the last."""
    lost = np.zeros(grid.present.shape, bool)
    if base.churn_table in tables:
        table = losses(base, tables)
        table = table[table["noticed"] <= table["event"]]
        who, when = (
            grid.ids.get_indexer(pd.Index(table[base.customer])),
            table["event"] - grid.first,
        )
        inside = (who >= 0) & when.between(0, grid.months - 1).to_numpy()
        lost[who[inside], when.to_numpy()[inside]] = True
    return lost


class _Reader:
    """Lays sources out on the grid and takes measures; keeps what several indicators share."""

    def __init__(self, system: IndicatorSystem, tables: Tables, grid: Grid) -> None:
        self.system, self.tables, self.grid = system, dict(tables), grid
        self._places: dict[str, tuple[Any, Any, int]] = {}

    def indicator(self, i: Indicator) -> Floats:
        source = self.system.sources[i.source]
        who, when, size = self._place(source)
        values = evaluate(i.value, self._table(source), f"indicator {i.name!r}: value")
        if i.where:
            chosen = evaluate(i.where, self._table(source), f"indicator {i.name!r}: where")
            values = np.where(chosen == 1, values, np.nan)
        if i.measure in ("last", "since", "until", "elapsed"):
            result = self._latest(i, who, when, size, values)
        else:
            result = self._windowed(i, who, when, size, values)
        return result[self._groups(source)] if source.key else result

    def _table(self, source: Source) -> pd.DataFrame:
        if source.table == "base_mix" and source.table not in self.tables:
            from crmlib.early_warning.signs import base_mix

            self.tables[source.table] = base_mix(
                self.tables, source.key, system=self.system
            ).reset_index()
        if source.table not in self.tables:
            raise ValueError(
                f"source.{source.name} reads the table {source.table!r}; there is "
                f"{listed(self.tables)}. `IndicatorSystem.fitting` leaves out what has no table."
            )
        return self.tables[source.table]

    def _place(self, source: Source) -> tuple[Any, Any, int]:
        """Return for every row whom it is about and when it was known, as positions."""
        if source.name not in self._places:
            frame, base = self._table(source), self.system.base
            key = source.key or base.customer
            require_columns(frame, [key], source.table)
            entities = self._entities(source.key) if source.key else self.grid.ids
            when = np.zeros(len(frame))
            if source.month:
                name = f"source.{source.name}.month"
                if source.month in frame:
                    when = month_numbers(frame[source.month], name)
                else:
                    when = evaluate(source.month, frame, name)
                # Within a month is known at its end.
                when = np.ceil(when) - self.grid.first
            who = entities.get_indexer(pd.Index(frame[key]).astype(entities.dtype))
            self._places[source.name] = (who, when, len(entities))
        return self._places[source.name]

    def _entities(self, key: str) -> pd.Index[Any]:
        people = self.tables.get(self.system.base.people)
        if people is None or key not in people:
            raise ValueError(f"{self.system.base.people} must have a column {key!r}.")
        found = pd.Index(people[key].dropna().unique())
        return cast("pd.Index[Any]", found.astype(_plain(people[key])))

    def _groups(self, source: Source) -> Any:
        people = self.tables[self.system.base.people]
        of = pd.Series(people[source.key].to_numpy(), index=people[self.system.base.customer])
        mine = of.reindex(self.grid.ids)
        codes = self._entities(source.key).get_indexer(pd.Index(mine).astype(_plain(mine)))
        if (codes < 0).any():
            raise ValueError(
                f"{self.system.base.people} lacks {source.key!r} for {(codes < 0).sum()} customers."
            )
        return codes

    def _windowed(self, i: Indicator, who: Any, when: Any, size: int, values: Floats) -> Floats:
        months = self.grid.months
        # What was known before the grid begins cannot be dated on it, what comes after is unknown.
        ok = (who >= 0) & (when >= 0) & (when < months) & ~np.isnan(values)
        cell = who[ok] * months + when[ok].astype(np.int64)
        shape = (size, months)
        count = _summed(cell, np.ones(len(cell)), shape)
        if i.measure == "count":
            return _rolled(count, i.window)
        total = _summed(cell, values[ok], shape)
        if i.measure == "sum":
            return _rolled(total, i.window)
        n = _rolled(count, i.window)
        gap: Floats = np.full(shape, np.nan)
        now: Floats = np.divide(_rolled(total, i.window), n, out=gap.copy(), where=n > 0)
        if i.measure == "mean":
            return now
        before, m = _rolled(total, i.against, i.window), _rolled(count, i.against, i.window)
        # A habit is what at least half of the months before show.
        usual = np.divide(before, m, out=gap.copy(), where=2 * m >= i.against)
        change: Floats = np.divide(now - usual, np.abs(usual), out=gap, where=np.abs(usual) > 1e-9)
        return change

    def _latest(self, i: Indicator, who: Any, when: Any, size: int, values: Floats) -> Floats:
        months = self.grid.months
        ok = (who >= 0) & (when < months) & ~np.isnan(values)
        rows = np.flatnonzero(ok)
        rows = rows[np.argsort(when[rows], kind="stable")]
        column = np.maximum(when[rows], 0).astype(np.int64)
        at = np.full((size, months), -1, np.int64)
        at[who[rows], column] = rows  # of several rows in a month the last one stands
        at = _carried(at)
        seen = at >= 0
        now = np.arange(months)
        age = np.where(seen, now - when[at], np.inf)
        if i.measure == "since":
            return np.asarray(np.minimum(age, i.window), float)
        if i.window:
            seen &= age < i.window
        latest = np.where(seen, values[at], np.nan)
        if i.measure == "last":
            return latest
        ahead = latest - (now + self.grid.first)
        return np.asarray(ahead if i.measure == "until" else -ahead, float)


def _plain(values: pd.Series) -> Any:
    dtype = values.dtype
    return dtype.categories.dtype if isinstance(dtype, pd.CategoricalDtype) else dtype


def _summed(cell: Any, values: Floats, shape: tuple[int, int]) -> Floats:
    return np.asarray(np.bincount(cell, values, minlength=shape[0] * shape[1]).reshape(shape))


def _rolled(values: Floats, window: int, lag: int = 0) -> Floats:
    """Return sums over the last `window` columns, ending `lag` columns back."""
    months = values.shape[1]
    running = np.zeros((len(values), months + 1))
    np.cumsum(values, axis=1, out=running[:, 1:])
    out = np.zeros(values.shape)
    start, full = min(lag, months), min(lag + window, months)
    out[:, start:] = running[:, 1 : months - start + 1]
    out[:, full:] -= running[:, 1 : months - full + 1]
    return out


def _carried(at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Carry the last entry of at least 0 forward along the months."""
    columns = np.where(at >= 0, np.arange(at.shape[1]), -1)
    columns = np.maximum.accumulate(columns, axis=1)
    carried = np.take_along_axis(at, np.maximum(columns, 0), axis=1)
    return np.where(columns >= 0, carried, -1)
