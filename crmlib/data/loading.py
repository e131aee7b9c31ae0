"""`load` and `catalog`: find the file, read it, check it, and, if asked, repair it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from crmlib.data import readers, repairs, sources
from crmlib.data.dataset import Dataset, Sheet
from crmlib.data.registry import Entry, entries, entry
from crmlib.data.schema import typed


def catalog() -> pd.DataFrame:
    """Return the sets there are, one a row, and where each can be had here and now.

    Returns
    -------
    DataFrame
        Indexed by name: title, kind (real, fictional, simulated ...), rows, columns, target,
        share of positives, license, and `here`: the first source that has it on this machine,
        'download' if only its address has, or 'bring your own'.

    Examples
    --------
    >>> catalog().loc["mlc-churn", "kind"]
    'simulated'
    """
    rows = {
        name: {
            "title": about.title,
            "kind": about.kind,
            "rows": about.rows,
            "columns": about.width,
            "target": about.target,
            "share positive": about.share_positive,
            "license": about.license,
            "here": sources.nearest(about),
        }
        for name, about in entries().items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")


def sheet(name: str) -> Sheet:
    """Return the data sheet of a set without loading it.

    Parameters
    ----------
    name : str
        A name from `catalog()`.

    Returns
    -------
    Sheet

    Raises
    ------
    ValueError
        If `name` is unknown.

    Examples
    --------
    >>> sheet("ibm-telco").license
    'Apache-2.0'
    """
    about = entry(name)
    return Sheet(about, sources.nearest(about))


def load(
    name: str, path: str | Path | None = None, repair: bool = False, *, verify: bool = True
) -> Dataset:
    """Load a data set, checked against its hash and schema.

    Sources are tried in this order: `path`; the folder `CRMLIB_DATA` names; the local cache; an
    installed package that ships the file; the canonical address.

    Parameters
    ----------
    name : str
        A name from `catalog()`.
    path : str or Path, optional
        The file, or a folder that holds it; then nowhere else is looked.
    repair : bool
        Mend the published defects that can be mended; `.repairs` reports what was changed.
    verify : bool
        False loads a file whose hash is not the registered one; columns, types and values
        are still checked, the number of rows is not.

    Returns
    -------
    Dataset

    Raises
    ------
    FileNotFoundError
        If no source has the data; the message says where was looked and what can be done.
    ValueError
        If `name` is unknown, a hash is wrong, a column is missing, or a value may not occur.

    Examples
    --------
    >>> load("ibm-telko")
    Traceback (most recent call last):
    ...
    ValueError: name must be one of ...; got 'ibm-telko' (did you mean 'ibm-telco'?).
    """
    about = entry(name)
    located = sources.locate(about, path, verify=verify)
    raw, changes = readers.read(located)
    frame = typed(raw, about, str(located.path))
    if verify and len(frame) != about.rows:
        raise ValueError(
            f"{located.path} has {len(frame)} rows, {about.rows} expected: "
            "it is truncated or another version. Pass verify=False to load it anyway."
        )
    partial = [column.name for column in about.columns if column.partial]
    ids = frame[partial] if set(partial) <= set(frame.columns) and partial else None
    frame = frame.drop(columns=partial, errors="ignore")
    if repair:
        frame, changes = _repaired(frame, about, changes)
    sheet = Sheet(about, located.source, str(located.path), located.verified)
    return Dataset(name, frame, sheet, repairs.report(changes), ids)


def _repaired(
    frame: pd.DataFrame, about: Entry, changes: list[repairs.Change]
) -> tuple[pd.DataFrame, list[repairs.Change]]:
    for defect in about.defects:
        if defect.rule:
            frame, more = repairs.REPAIRS[defect.rule](frame, about)
            changes = changes + more
    return frame, changes
