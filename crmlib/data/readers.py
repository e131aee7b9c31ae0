"""From a file to a table of raw cells, one function a format; typing and checking come after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from crmlib.data.registry import File
from crmlib.data.repairs import Change
from crmlib.data.sources import Located


def read(located: Located) -> tuple[pd.DataFrame, list[Change]]:
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
        raw, changes = _READERS[file.format](located.path, file)
    except (pd.errors.ParserError, UnicodeDecodeError, EOFError, KeyError, OSError) as error:
        raise ValueError(f"{located.path} cannot be read as {file.format}: {error}") from error
    raw = raw.rename(columns=file.rename)
    for column, labels in file.labels.items():
        raw[column] = [labels.get(str(cell), cell) for cell in raw[column]]
    return raw, changes


def _csv(path: Path, file: File) -> tuple[pd.DataFrame, list[Change]]:
    return pd.read_csv(path, dtype="str", keep_default_na=False, **file.read), []


def _excel(path: Path, file: File) -> tuple[pd.DataFrame, list[Change]]:
    return pd.read_excel(path, dtype=object, keep_default_na=False, **file.read), []


def _pickle(path: Path, _: File) -> tuple[pd.DataFrame, list[Change]]:
    frame: Any = pd.read_pickle(path, compression="xz")
    return frame, []


_READERS: dict[str, Callable[[Path, File], tuple[pd.DataFrame, list[Change]]]] = {
    "csv": _csv,
    "excel": _excel,
    "pickle": _pickle,
}
