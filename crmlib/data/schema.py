"""From text to types, and from the registry's schema to a pandera schema that refuses bad values.

Conventions: labels stay as published, as categories (ordered where the labels have an order);
0/1 flags become `bool`; counts and scores are integers (`Int64` where some are missing); dates are
`datetime64`. A value that cannot be read or may not occur is refused with file, column and rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from crmlib._checks import listed
from crmlib.data.registry import Column, Entry

FLAGS: dict[str, bool] = {
    "0": False, "1": True, "0.0": False, "1.0": True, "False": False, "True": True,
}  # fmt: skip


def typed(raw: pd.DataFrame, entry: Entry, where: str) -> pd.DataFrame:
    """Return `raw` with the registry's columns, types and categories, every value checked.

    Parameters
    ----------
    raw : DataFrame
        Cells as text or as the file's own types, columns named as in the frame to be.
    entry : Entry
        Whose schema holds.
    where : str
        What messages call the table: the path it was read from.

    Raises
    ------
    ValueError
        If a column is missing, or a value cannot be read or may not occur; the message names
        the file, the columns, the rows (counted from 0) and the values.
    """
    columns = [column for column in entry.columns if column.name in raw.columns]
    missing = [
        column.name
        for column in entry.columns
        if column.name not in raw.columns and not column.partial
    ]
    if missing:
        raise ValueError(
            f"{where} lacks {len(missing)} of the columns of {entry.name!r}: {listed(missing)}. "
            f"It has {listed(raw.columns)}."
        )
    problems: list[str] = []
    parsed = {}
    for column in columns:
        cells = _blank_to_missing(raw[column.name], column)
        try:
            parsed[column.name] = _READERS[column.dtype](cells, column)
        except _Unreadable as error:
            problems.append(_problem(column, cells, error.rows))
    if not problems:
        frame = pd.DataFrame(parsed)
        problems = _impossible(frame, columns)
    if problems:
        raise ValueError(f"{where} holds impossible values:\n" + "\n".join(problems))
    for column in columns:
        if column.categories:
            kind = pd.CategoricalDtype(list(column.categories), ordered=column.ordered)
            frame[column.name] = frame[column.name].astype(kind)
    return frame


def pandera_schema(columns: list[Column]) -> Any:
    """Return the pandera DataFrameSchema that the registry's columns describe."""
    import pandera.pandas as pa

    def checks(column: Column) -> list[Any]:
        found = []
        if column.categories:
            found.append(pa.Check.isin(list(column.categories)))
        if column.low is not None:
            low = pd.Timestamp(column.low) if column.dtype == "datetime" else column.low
            found.append(pa.Check.ge(low))
        if column.high is not None:
            high = pd.Timestamp(column.high) if column.dtype == "datetime" else column.high
            found.append(pa.Check.le(high))
        return found

    return pa.DataFrameSchema(
        {
            column.name: pa.Column(
                checks=checks(column), nullable=column.nullable, unique=column.unique
            )
            for column in columns
        }
    )


def _impossible(frame: pd.DataFrame, columns: list[Column]) -> list[str]:
    from pandera.errors import SchemaErrors

    try:
        pandera_schema(columns).validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        by_name = {column.name: column for column in columns}
        return [
            _problem(by_name[name], frame[name], sorted({int(row) for row in rows.dropna()}))
            for name, rows in cases.groupby("column", sort=False)["index"]
        ]
    return []


def _problem(column: Column, cells: pd.Series[Any], rows: list[int]) -> str:
    values = listed(dict.fromkeys(cells.loc[rows].astype(object)), most=5)
    places = ", ".join(map(str, rows[:5])) + (f" and {len(rows) - 5} more" if rows[5:] else "")
    return f"  column {column.name!r}, rows {places}: found {values}; accepted: {accepted(column)}"


def accepted(column: Column) -> str:
    """Say in words which values `column` may hold.

    Examples
    --------
    >>> accepted(Column("tenure", "int", "months", low=0, high=72))
    'whole numbers from 0 to 72'
    """
    nouns = {
        "int": "whole numbers", "float": "numbers", "bool": "0 or 1", "string": "text",
        "category": "labels", "datetime": "dates", "clock": "times of day",
    }  # fmt: skip
    text = listed(column.categories) if column.categories else nouns[column.dtype]
    if column.low is not None:
        text += f" from {_plain(column.low)}"
    if column.high is not None:
        text += f" to {_plain(column.high)}"
    text += ", each once" if column.unique else ""
    return text + (", or missing" if column.nullable else "")


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


class _Unreadable(Exception):
    def __init__(self, rows: list[int]) -> None:
        super().__init__()
        self.rows = rows


def _blank_to_missing(cells: pd.Series[Any], column: Column) -> pd.Series[Any]:
    cells = cells.astype(object)
    return cells.where(cells.notna() & ~cells.isin(["", *column.missing]), None)


def _refuse(cells: pd.Series[Any], good: pd.Series[Any]) -> None:
    bad = cells.notna() & good.isna()
    if bad.any():
        raise _Unreadable([int(row) for row in cells.index[bad]])


def _read_float(cells: pd.Series[Any], _: Column) -> pd.Series[Any]:
    numbers = pd.to_numeric(cells, errors="coerce")
    _refuse(cells, numbers)
    return cells.astype("float64")  # Python's own reading: correct to the last bit


def _read_int(cells: pd.Series[Any], column: Column) -> pd.Series[Any]:
    numbers = pd.to_numeric(cells, errors="coerce")
    _refuse(cells, numbers.where(numbers.isna() | (numbers % 1 == 0)))
    if column.nullable:
        return numbers.astype("Int64")
    return numbers if numbers.isna().any() else numbers.astype("int64")  # the schema refuses gaps


def _read_bool(cells: pd.Series[Any], column: Column) -> pd.Series[Any]:
    flags = cells.astype(str).where(cells.notna()).map(FLAGS)
    _refuse(cells, flags)
    if column.nullable:
        return flags.astype("boolean")
    return flags if flags.isna().any() else flags.astype("bool")


def _read_text(cells: pd.Series[Any], _: Column) -> pd.Series[Any]:
    return cells.map(str, na_action="ignore").infer_objects()


def _read_datetime(cells: pd.Series[Any], column: Column) -> pd.Series[Any]:
    stamps = pd.to_datetime(cells, format=column.format or None, errors="coerce")
    _refuse(cells, stamps)
    return stamps.astype("datetime64[s]")


def _read_clock(cells: pd.Series[Any], column: Column) -> pd.Series[Any]:
    stamps = pd.to_datetime(cells, format=column.format, errors="coerce")
    _refuse(cells, stamps)
    return (stamps - stamps.dt.normalize()).astype("timedelta64[s]")


_READERS: dict[str, Callable[[pd.Series[Any], Column], pd.Series[Any]]] = {
    "int": _read_int,
    "float": _read_float,
    "bool": _read_bool,
    "string": _read_text,
    "category": _read_text,
    "datetime": _read_datetime,
    "clock": _read_clock,
}
