"""Which rows agree, and which variables they lack: sets of variables as the bits of integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.intp]


def agreeing(columns: Sequence[npt.NDArray[Any]]) -> tuple[Ints, Ints]:
    """Return which rows agree in all columns: a number for each row, and each group's first row.

    Examples
    --------
    >>> group, first = agreeing([np.array([1, 0, 1]), np.array([2, 2, 2])])
    >>> group.tolist(), first.tolist()
    ([0, 1, 0], [0, 1])
    """
    key = np.zeros(len(columns[0]), dtype=np.int64)
    room = 1
    for column in columns:
        size = int(column.max(initial=0)) + 1
        if room > (1 << 62) // size:
            key, found = pd.factorize(key)
            key = key.astype(np.int64)
            room = len(found)
        key = key * size + column
        room *= size
    group, found = pd.factorize(key)
    first = np.empty(len(found), dtype=np.intp)
    first[group[::-1]] = np.arange(len(group))[::-1]
    return group, first


def as_bits(
    mask: Sequence[npt.NDArray[np.bool_]], variables: Sequence[int], rows: Ints
) -> list[int]:
    """Return the variables that are set in each of the rows as the bits of an integer.

    Examples
    --------
    >>> as_bits([np.array([True, False]), np.array([True, True])], [0, 3], np.array([0, 1]))
    [9, 8]
    """
    out = [0] * len(rows)
    for variable, column in zip(variables, mask, strict=True):
        bit = 1 << variable
        for row in np.flatnonzero(column[rows]).tolist():
            out[row] |= bit
    return out


def bits(mask: int) -> list[int]:
    """Return the positions of the bits that are set.

    Examples
    --------
    >>> bits(9)
    [0, 3]
    """
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found
