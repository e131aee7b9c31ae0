"""Reading one column: is it a category or a number, and what are its distinct values."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Kind = Literal["category", "number"]

_TEXT = {"string", "boolean", "empty"}
_NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal"}


def kind_of(column: pd.Series[Any], name: Hashable) -> Kind:
    """Return whether a column holds categories or numbers, or say why it holds neither.

    Raises
    ------
    TypeError
        If the column mixes types, or holds times, complex numbers or containers.

    Examples
    --------
    >>> kind_of(pd.Series(["a", None]), "plan"), kind_of(pd.Series([1, 2]), "calls")
    ('category', 'number')
    >>> kind_of(pd.Series(["a", 1]), "plan")
    Traceback (most recent call last):
    ...
    TypeError: Column 'plan' mixes str 'a' with int 1: ... use one type, or turn all into text.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(dtype):
        return "category"
    if pd.api.types.is_complex_dtype(dtype):
        raise TypeError(f"Column {name!r} holds complex data not supported: use real numbers.")
    if pd.api.types.is_numeric_dtype(dtype):
        return "number"
    if isinstance(dtype, pd.StringDtype):
        return "category"
    if not pd.api.types.is_object_dtype(dtype):
        raise TypeError(
            f"Column {name!r} has dtype {dtype}: only categories, text, truth values and numbers "
            "can be coded. Turn a time into a number, such as months since a fixed day."
        )
    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if inferred in _TEXT:
        return "category"
    if inferred in _NUMBERS:
        return "number"
    raise TypeError(_why_not(column, name, inferred))


def _why_not(column: pd.Series[Any], name: Hashable, inferred: str) -> str:
    """Name the first two values that do not go together."""
    values = column.dropna().tolist()
    first = values[0]
    other = next((value for value in values if type(value) is not type(first)), None)
    if other is None:
        return (
            f"Column {name!r} holds {inferred} values such as {first!r}: every argument must be a "
            "string or a number to be coded."
        )
    return (
        f"Column {name!r} mixes {type(first).__name__} {first!r} with {type(other).__name__} "
        f"{other!r}: every argument must be a string or a number; use one type, or turn all into "
        "text."
    )


def as_numbers(column: pd.Series[Any], name: Hashable) -> npt.NDArray[np.float64]:
    """Return a numeric column as floats, NaN where missing.

    Raises
    ------
    ValueError
        If a value is infinite, or is no number.
    """
    try:
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        bad = pd.to_numeric(column, errors="coerce").isna() & column.notna()
        found = column[bad].iloc[0] if bad.any() else column.iloc[0]
        raise ValueError(f"Column {name!r} was learned as numbers, but holds {found!r}.") from None
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0])
        raise ValueError(
            f"Column {name!r} holds infinity in row {row}: give a finite number, or leave it empty."
        )
    return values


def factorize(column: pd.Series[Any]) -> tuple[npt.NDArray[Any], list[Any]]:
    """Return the place of each row's value in the list of distinct values, -1 where missing.

    Examples
    --------
    >>> places, values = factorize(pd.Series(["b", "a", None, "b"]))
    >>> places.tolist(), values
    ([0, 1, -1, 0], ['b', 'a'])
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(), column.cat.categories.tolist()
    if isinstance(dtype, np.dtype) and dtype.kind == "b":
        return column.to_numpy().view(np.int8), [False, True]
    if isinstance(dtype, pd.StringDtype) and dtype.storage == "pyarrow":
        return _arrow_factorize(column)
    places, values = pd.factorize(column.array, use_na_sentinel=True)
    return places, list(values)


def _arrow_factorize(column: pd.Series[Any]) -> tuple[npt.NDArray[Any], list[Any]]:
    """Let Arrow, which holds the text already, build the dictionary."""
    import pyarrow as pa

    text = pa.array(column)
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks()
    coded = text.dictionary_encode()
    places = coded.indices
    if places.null_count:
        places = places.fill_null(-1)
    return places.to_numpy(), coded.dictionary.to_pylist()
