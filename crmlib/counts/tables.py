"""The counting service: the same tables from memory or from a database."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from crmlib.counts.codes import Codes
from crmlib.counts.memory import joint_tables

if TYPE_CHECKING:
    from crmlib.counts.sql import CodedTable

Floats = npt.NDArray[np.float64]


def count_table(
    source: Codes | CodedTable, columns: Sequence[Hashable], weight: Any = None
) -> Floats:
    """Return the contingency table of some columns: how much weight each combination holds.

    Parameters
    ----------
    source : Codes or CodedTable
        A table in memory (`Encoder.encode`) or in a database (`Encoder.encode_table`).
    columns : sequence of column names
        One axis each, in this order.
    weight : array of shape (n_rows,) or column name, optional
        Weights of the rows: an array beside `Codes`, a column of a database table.
        Every row counts one by default.

    Returns
    -------
    array of float64, an axis of `Attribute.size` cells per column
        The last cell of each axis counts the missing values.

    Raises
    ------
    KeyError
        If there is no such column.
    ValueError
        If there are unseen values or negative weights.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib.counts import Encoder
    >>> codes = Encoder().fit_encode(pd.DataFrame({"plan": ["a", "b", "a"], "churn": [1, 1, 0]}))
    >>> count_table(codes, ["plan", "churn"])
    array([[1., 1., 0.],
           [0., 1., 0.],
           [0., 0., 0.]])
    """
    return count_tables(source, [columns], weight)[0]


def count_tables(
    source: Codes | CodedTable, sets: Iterable[Sequence[Hashable]], weight: Any = None
) -> list[Floats]:
    """Return several contingency tables at once; a database answers them in one query.

    Parameters
    ----------
    source : Codes or CodedTable
        A table in memory (`Encoder.encode`) or in a database (`Encoder.encode_table`).
    sets : iterable of sequences of column names
        The columns of each table, one axis each, in this order.
    weight : array of shape (n_rows,) or column name, optional
        Weights of the rows, the same for all tables: an array beside `Codes`, a column of a
        database table. Every row counts one by default.

    Returns
    -------
    list of arrays of float64, one for each of `sets`
        Each as from `count_table`: the last cell of an axis counts the missing values.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib.counts import Encoder
    >>> codes = Encoder().fit_encode(pd.DataFrame({"plan": ["a", "b", "a"], "churn": [1, 1, 0]}))
    >>> [table.tolist() for table in count_tables(codes, [["plan"], ["churn"]], [1, 2, 3])]
    [[4.0, 2.0, 0.0], [3.0, 3.0, 0.0]]
    """
    wanted = [[source.position(name) for name in names] for names in sets]
    if not isinstance(source, Codes):
        return source.joint_counts(wanted, weight)
    weights = None if weight is None else checked_weights(weight, len(source))
    return joint_tables(source, wanted, weights)


def count_pairs(
    source: Codes | CodedTable, given: Hashable | None = None, weight: Any = None
) -> dict[tuple[Hashable, Hashable], Floats]:
    """Return the table of every pair of columns, each also by the column `given` if there is one.

    Parameters
    ----------
    source, weight
        As in `count_table`.
    given : column name, optional
        Becomes the last axis of every table; not paired itself.

    Returns
    -------
    dict of (first, second) column to array, pairs in the order of the columns

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib.counts import Encoder
    >>> frame = pd.DataFrame({"plan": ["a", "b"], "city": ["x", "x"], "churn": ["no", "yes"]})
    >>> pairs = count_pairs(Encoder().fit_encode(frame), given="churn")
    >>> {pair: table.shape for pair, table in pairs.items()}
    {('plan', 'city'): (3, 2, 3)}
    """
    names = [name for name in source.names if given is None or name != given]
    pairs = list(combinations(names, 2))
    last = [] if given is None else [given]
    tables = count_tables(source, [[*pair, *last] for pair in pairs], weight)
    return dict(zip(pairs, tables, strict=True))


def checked_weights(weight: Any, rows: int, name: str = "weight") -> Floats:
    """Return row weights as floats, or say which of them cannot be.

    Parameters
    ----------
    weight : array of shape (n_rows,)
        Weight of each row: finite, not negative, not all zero.
    rows : int
        Number of rows to weigh.
    name : str
        What messages call the weights.

    Returns
    -------
    array of shape (n_rows,), float64
        The weights.

    Raises
    ------
    ValueError
        If there are too few or too many, one is negative, infinite or not a number, or all
        are zero.

    Examples
    --------
    >>> checked_weights([1, -2], 2)
    Traceback (most recent call last):
    ...
    ValueError: weight must not be negative: it is -2 in row 1.
    """
    weights = np.asarray(weight, dtype=np.float64)
    if weights.shape != (rows,):
        raise ValueError(f"{name} has shape {weights.shape}; there are {rows} rows to weigh.")
    if not np.isfinite(weights).all():
        row = int(np.flatnonzero(~np.isfinite(weights))[0])
        raise ValueError(f"{name} must be finite: it is {weights[row]} in row {row}.")
    if (weights < 0).any():
        row = int(np.flatnonzero(weights < 0)[0])
        raise ValueError(f"{name} must not be negative: it is {weights[row]:g} in row {row}.")
    if not weights.any():
        raise ValueError(f"Every {name} is zero: no row counts.")
    return weights
