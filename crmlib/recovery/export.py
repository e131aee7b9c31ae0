"""Write a table to a file for people who work in a spreadsheet, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd

from crmlib._checks import one_of

#: Rows a worksheet holds, less the header.
_SHEET_ROWS = 1_048_575


def write_table(table: pd.DataFrame, path: str | Path) -> Path:
    """Write `table` to a .csv or .xlsx file under a temporary name, then rename it.

    CSV is UTF-8 with a byte order mark, so that spreadsheets show Chinese names. In .xlsx files,
    text that begins with an equals sign stays text: a customer's name is never run as a formula.
    A .csv file holds the text as it is, and what a spreadsheet does with it is up to that program.

    Parameters
    ----------
    table : pandas.DataFrame
        What to write; the index becomes the first column.
    path : str or Path
        Where; the ending decides the format.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ValueError
        If the ending is another, or the table has more rows than a worksheet.
    FileNotFoundError
        If the folder does not exist.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_table(pd.DataFrame({"offer": ["letter"]}), Path(folder) / "plan.csv").name
    'plan.csv'
    """
    target = Path(path)
    kind = one_of(target.suffix.lower(), [".csv", ".xlsx"], f"the ending of {target.name!r}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"The folder {str(target.parent)!r} does not exist.")
    if kind == ".xlsx" and len(table) > _SHEET_ROWS:
        raise ValueError(
            f"A worksheet holds {_SHEET_ROWS:,} rows, the table has {len(table):,}: write a .csv."
        )
    handle, name = tempfile.mkstemp(suffix=kind, prefix=".crmlib-", dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        if kind == ".csv":
            table.to_csv(temporary, encoding="utf-8-sig")
        else:
            _write_sheet(table, temporary)
        temporary.chmod(0o644)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return target


def _write_sheet(table: pd.DataFrame, path: Path) -> None:
    with pd.ExcelWriter(path, engine="openpyxl") as writer:
        table.to_excel(writer, sheet_name="plan", freeze_panes=(1, 1))
        for row in writer.sheets["plan"].iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    cell.data_type = "s"
