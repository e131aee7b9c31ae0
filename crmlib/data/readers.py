"""From a file to a table of raw cells, one function a format; typing and checking come after."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from crmlib.data.repairs import Change
from crmlib.data.sources import Located

Read = tuple[pd.DataFrame, list[Change]]


def read(located: Located) -> Read:
    """Return the raw table of a located file and what reading it had to mend.

    Columns are named as in the frame; a well-formed file needs no mending.

    Raises
    ------
    ValueError
        If the file cannot be parsed; the message names it.
    """
    file = located.file
    if file.format == "pickle" and not located.verified:  # unpickling can run code
        raise ValueError(f"{located.path} is a pickle with an unknown hash: not opened.")
    try:
        raw, changes = _READERS[file.format](located)
    except (
        pd.errors.ParserError,
        pd.errors.EmptyDataError,
        UnicodeDecodeError,
        EOFError,
        KeyError,
        OSError,
        StopIteration,
        ValueError,
        zipfile.BadZipFile,
    ) as error:
        raise ValueError(f"{located.path} cannot be read as {file.format}: {error}") from error
    raw = raw.rename(columns=file.rename)
    for column, name in file.beside.items():
        raw[column] = _lines(located, name, len(raw))
    for column, labels in file.labels.items():
        if column in raw.columns:
            raw[column] = [labels.get(str(cell), cell) for cell in raw[column]]
    return raw, changes


def _csv(located: Located) -> Read:
    # A missing cell at the end of a short line reads as a gap, which the schema then names.
    frame = pd.read_csv(located.path, dtype="str", keep_default_na=False, **located.file.read)
    return frame, []


def _excel(located: Located) -> Read:
    from openpyxl import load_workbook
    from tqdm import tqdm

    book = load_workbook(located.path, read_only=True, data_only=True)
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        names = _distinct(next(rows))
        # A workbook of a million cells takes seconds: a terminal sees how far it is.
        name = located.path.name
        shown = tqdm(rows, desc=f"Reading {name}", unit=" rows", delay=2, disable=None)
        cells = [[_whole(cell) for cell in row] for row in shown]
        for row in cells:  # a row ends with its last filled cell
            row.extend([None] * (len(names) - len(row)))
    finally:
        book.close()
    return pd.DataFrame(cells, columns=names, dtype=object), []


def _whole(cell: object) -> object:
    """Return a whole number as one: workbooks store 90003 as 90003.0."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _distinct(names: Iterable[object]) -> list[str]:
    """Return the names, a repeated one with .1, .2 ... at its end, as pandas does."""
    seen: Counter[str] = Counter()
    found = []
    for name in map(str, names):
        found.append(f"{name}.{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found


def _pickle(located: Located) -> Read:
    frame: Any = pd.read_pickle(located.path, compression="xz")
    return frame, []


def _shifted_tsv(located: Located) -> Read:
    """Read tab-separated rows, some of which a comma in the second cell pushed one to the right."""
    raw = pd.read_csv(located.path, sep="\t", dtype="str", keep_default_na=False)
    spare = raw.columns[
        -1
    ]  # each line ends with a tab: a nameless last column, empty if all is well
    if not str(spare).startswith("Unnamed"):
        return raw, []
    shifted = raw[spare] != ""
    names = [str(name) for name in raw.columns[:-1]]
    before = raw.loc[shifted, names].copy()
    frame = raw[names].copy()
    frame.loc[shifted, names[1]] = before[names[1]] + "," + before[names[2]]
    for name, right in zip(names[2:], [*names[3:], spare], strict=True):
        frame.loc[shifted, name] = raw.loc[shifted, right]
    if not shifted.any():
        return frame, []
    row = raw.index[shifted][0]
    rule = "cells right of the complaint were shifted by one: joined and moved back"
    example = f"row {row}: {raw.loc[row, names[1]]} | {raw.loc[row, names[2]]}"
    after = str(frame.loc[row, names[1]])
    return frame, [Change(names[1], rule, int(shifted.sum()), example, after)]


def _lines(located: Located, name: str, rows: int) -> list[str]:
    path = located.beside(name)
    lines = path.read_text(encoding="utf-8").split()
    if len(lines) != rows:
        raise ValueError(f"{path} has {len(lines)} lines, {located.path} has {rows} rows.")
    return lines


_READERS: dict[str, Callable[[Located], Read]] = {
    "csv": _csv,
    "excel": _excel,
    "pickle": _pickle,
    "shifted-tsv": _shifted_tsv,
}
