"""Checks every room shares, so that bad input is refused in the same words everywhere.

A message names the column or argument, what was found, and what would be accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType

import numpy as np
import pandas as pd


def as_frame(data: object, name: str) -> pd.DataFrame:
    """Return `data` if it is a non-empty DataFrame with unique column names, else raise.

    Examples
    --------
    >>> as_frame([1, 2], "customers")
    Traceback (most recent call last):
    ...
    TypeError: customers must be a pandas DataFrame, got list.
    """
    if not isinstance(data, pd.DataFrame):
        raise TypeError(f"{name} must be a pandas DataFrame, got {type(data).__name__}.")
    if data.empty:
        rows, columns = data.shape
        raise ValueError(f"{name} is empty: {rows} rows, {columns} columns.")
    repeated = data.columns[data.columns.duplicated()].unique().tolist()
    if repeated:
        raise ValueError(f"{name} has duplicate column names: {listed(repeated)}.")
    return data


def require_columns(frame: pd.DataFrame, columns: Iterable[str], name: str) -> None:
    """Raise a ValueError that names the columns `frame` lacks and the nearest it has.

    Examples
    --------
    >>> require_columns(pd.DataFrame({"tenure": [1]}), ["tenur"], "customers")
    Traceback (most recent call last):
    ...
    ValueError: customers lacks the column 'tenur' (did you mean 'tenure'?). It has 'tenure'.
    """
    missing = [column for column in columns if column not in frame.columns]
    if not missing:
        return
    have = [str(column) for column in frame.columns]
    hints = [match for column in missing for match in get_close_matches(str(column), have, n=1)]
    hint = f" (did you mean {listed(dict.fromkeys(hints))}?)" if hints else ""
    noun = "column" if len(missing) == 1 else "columns"
    raise ValueError(f"{name} lacks the {noun} {listed(missing)}{hint}. It has {listed(have)}.")


def one_of(value: object, choices: Iterable[str], name: str) -> str:
    """Return `value` if it is one of `choices`, else raise a ValueError that lists them.

    Examples
    --------
    >>> one_of("gian", ["gain", "gain_ratio"], "criterion")
    Traceback (most recent call last):
    ...
    ValueError: criterion must be one of 'gain', 'gain_ratio'; got 'gian' (did you mean 'gain'?).
    """
    allowed = list(choices)
    if isinstance(value, str) and value in allowed:
        return value
    close = get_close_matches(str(value), allowed, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise ValueError(f"{name} must be one of {listed(allowed)}; got {value!r}{hint}.")


def number(
    value: object,
    name: str,
    low: float = -np.inf,
    high: float = np.inf,
    *,
    open_low: bool = False,
    open_high: bool = False,
) -> float:
    """Return `value` as a float inside the interval, else raise an error that says which.

    Examples
    --------
    >>> number(1.2, "retention", 0, 1)
    Traceback (most recent call last):
    ...
    ValueError: retention must lie in [0, 1], got 1.2.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name} must be a number, got {type(value).__name__} {value!r}.")
    result = float(value)
    below = result <= low if open_low else result < low
    above = result >= high if open_high else result > high
    if np.isnan(result) or below or above:
        left, right = "(" if open_low else "[", ")" if open_high else "]"
        raise ValueError(f"{name} must lie in {left}{low:g}, {high:g}{right}, got {value!r}.")
    return result


def listed(values: Iterable[object], most: int = 12) -> str:
    """Join values for a message: quoted, at most `most` of them.

    Examples
    --------
    >>> listed(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    items: Sequence[object] = list(values)
    text = ", ".join(repr(str(item)) for item in items[:most])
    return f"{text} and {len(items) - most} more" if len(items) > most else text


def optional(module: str, extra: str) -> ModuleType:
    """Import a library that only an extra installs, or say which extra to install.

    Examples
    --------
    >>> optional("no_such_library", "analysis")
    Traceback (most recent call last):
    ...
    ImportError: This needs 'no_such_library': pip install "crmlib[analysis]".
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        message = f'This needs {package!r}: pip install "crmlib[{extra}]".'
        raise ImportError(message, name=package) from None
