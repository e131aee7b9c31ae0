"""An operator's tables in a folder of CSV or Parquet files: read only what is watched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from crmlib._checks import listed, optional
from crmlib.early_warning.expression import columns_of
from crmlib.early_warning.indicators import IndicatorSystem

SUFFIXES = (".csv", ".parquet")


def needed_columns(system: IndicatorSystem) -> dict[str, set[str]]:
    """Return the columns an indicator system reads, by table.

    Examples
    --------
    >>> system = IndicatorSystem.builtin().only(["incidents"])
    >>> sorted(needed_columns(system)["incidents"])
    ['customer_id', 'month', 'severity']
    """
    base = system.base
    need: dict[str, set[str]] = {base.table: {base.customer, base.month}}
    noticed = base.churn_noticed or base.churn_month
    need[base.churn_table] = {base.customer, base.churn_month, noticed}
    need[base.people] = {base.customer, "joined"}
    for i in system.indicators:
        source = system.sources[i.source]
        columns = need.setdefault(source.table, set())
        columns |= {source.key or base.customer, *columns_of(i.value, i.name)}
        columns |= set(columns_of(i.where, i.name)) if i.where else set()
        columns |= set(columns_of(source.month, i.name)) if source.month else set()
        if source.key:
            need[base.people].add(source.key)
    return need


def read_folder(
    folder: str | Path,
    system: IndicatorSystem,
    say: Callable[[str], None] = lambda _: None,
    *,
    also: Iterable[str] = (),
) -> dict[str, pd.DataFrame]:
    """Read the tables an indicator system watches, and of them the columns it reads.

    Parameters
    ----------
    folder : path
        With a file a table: ``months.csv`` or ``months.parquet``, and so on.
    system : IndicatorSystem
    say : callable
        Is told of every table read.
    also : iterable of str
        More columns to read of the table of customers by month.

    Returns
    -------
    dict of DataFrame
        The tables that are there; `IndicatorSystem.fitting` tells what the others mean.

    Raises
    ------
    FileNotFoundError
        There is no such folder, or it holds no table of customers by month or of losses.
    ValueError
        A table is there twice, or cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}.")
    found: dict[str, Path] = {}
    for path in sorted(p for p in folder.iterdir() if p.suffix in SUFFIXES):
        if path.stem in found:
            raise ValueError(
                f"{folder} holds the table {path.stem!r} twice: {found[path.stem].name} and "
                f"{path.name}; leave one."
            )
        found[path.stem] = path
    base = system.base
    for name in (base.table, base.churn_table):
        if name not in found:
            raise FileNotFoundError(
                f"{folder} holds no {name}.csv or {name}.parquet; it holds "
                f"{listed(path.name for path in found.values()) or 'no table'}."
            )
    tables = {}
    needed = needed_columns(system)
    needed[base.table] |= set(also)
    for name, columns in needed.items():
        if name in found:
            tables[name] = _read(found[name], columns)
            say(f"  {found[name].name}: {len(tables[name]):,} rows")
    return tables


def _read(path: Path, columns: set[str]) -> pd.DataFrame:
    try:
        if path.suffix == ".csv":
            return pd.read_csv(path, usecols=lambda name: name in columns, low_memory=False)
        parquet = optional("pyarrow.parquet", "scale")
        have = [name for name in parquet.read_schema(path).names if name in columns]
        return pd.read_parquet(path, columns=have)
    except ImportError:
        raise
    except Exception as error:
        raise ValueError(f"{path.name} cannot be read: {error}") from error
