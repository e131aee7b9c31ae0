"""Collect the columns of the tables piece by piece and make frames of them at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class Recorder:
    """Columns in pieces: `add` a month's rows; `frames` puts the tables of all recorders together.

    Attributes
    ----------
    month : int
        The month of what is added next; pieces are put in the order of the months.

    Examples
    --------
    >>> record = Recorder()
    >>> record.add("incidents", customer_id=np.int32([4, 9]), kind=np.int8([0, 1]))
    >>> assemble([record], "incidents", {"kind": ("network", "billing")})
       customer_id     kind
    0            4  network
    1            9  billing
    """

    def __init__(self) -> None:
        self.month = 0
        self.pieces: dict[str, dict[str, list[tuple[int, NDArray[Any]]]]] = {}

    def add(self, table: str, **columns: NDArray[Any]) -> None:
        """Append rows to a table; every column has the same length."""
        pieces = self.pieces.setdefault(table, {name: [] for name in columns})
        for name, values in columns.items():
            pieces[name].append((self.month, values))


def assemble(
    records: Iterable[Recorder], table: str, categories: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Put one table together by month, then by recorder, and let go of its pieces.

    Parameters
    ----------
    records : iterable of Recorder
        One for each block of customers.
    table : str
        Which table.
    categories : mapping of str to sequence of str
        Columns held as codes, with the names the codes stand for; -1 is missing.
    """
    sources = [record.pieces.pop(table) for record in records if table in record.pieces]
    columns: dict[str, Any] = {}
    for name in list(sources[0]):
        pieces = [piece for source in sources for piece in source.pop(name)]
        pieces.sort(key=lambda piece: piece[0])  # stable: blocks stay in order within a month
        values = np.concatenate([values for _, values in pieces])
        del pieces
        if name in categories:
            columns[name] = coded(values, categories[name])
        else:
            columns[name] = values
    return pd.DataFrame(columns, copy=False)


def coded(codes: NDArray[Any], names: Sequence[str]) -> pd.Categorical[Any]:
    """Turn codes into names; -1 is missing.

    Examples
    --------
    >>> list(coded(np.array([1, 0, 1]), ("no", "yes")))
    ['yes', 'no', 'yes']
    """
    return pd.Categorical.from_codes(codes.astype(np.int8), pd.Index(list(names)))
