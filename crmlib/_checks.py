"""Checks every room shares, so that bad input is refused in the same words everywhere.

A message names the column or argument, what was found, and what would be accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
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


#: One number, an array of them, or a named column of them: what a formula takes and returns.
Numeric: TypeAlias = "float | npt.NDArray[np.float64] | pd.Series[float]"


def numbers(
    values: object,
    name: str,
    low: float = -np.inf,
    high: float = np.inf,
    *,
    open_low: bool = False,
    open_high: bool = False,
) -> npt.NDArray[np.float64]:
    """Return `values` as floats inside the interval, else raise an error that names the rows.

    Missing and infinite values are refused. A single number gives an array without dimensions.

    Examples
    --------
    >>> numbers(pd.Series([0.2, 1.4], index=["c1", "c2"]), "chance", 0, 1)
    Traceback (most recent call last):
    ...
    ValueError: chance must lie in [0, 1]: 1 of 2 entries does not, first 'c2' with 1.4.
    """
    if isinstance(values, str | bytes | bool | np.bool_) or values is None:
        raise TypeError(f"{name} must be numeric, got {type(values).__name__} {values!r}.")
    array = np.asarray(values)
    if array.dtype == bool or array.dtype.kind not in "iufO":
        raise TypeError(f"{name} must be numeric, got entries of type {array.dtype}.")
    try:
        # Floats are passed on as they are: callers must not write into what they get.
        result = array.astype(np.float64, copy=False)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be numeric, but some entries are not numbers.") from None
    # Two passes that allocate nothing decide the common case; labels are looked up on failure.
    if result.size and not _inside(result.min(), result.max(), low, high, open_low, open_high):
        bad = ~np.isfinite(result)
        bad |= (result <= low) if open_low else (result < low)
        bad |= (result >= high) if open_high else (result > high)
        place = tuple(int(i[0]) for i in np.nonzero(np.atleast_1d(bad)))
        value = np.atleast_1d(result)[place]
        left = "(" if open_low or low == -np.inf else "["
        right = ")" if open_high or high == np.inf else "]"
        interval = f"{left}{low:g}, {high:g}{right}"
        if result.ndim == 0:
            raise ValueError(f"{name} must lie in {interval}, got {value:g}.")
        count = int(bad.sum())
        raise ValueError(
            f"{name} must lie in {interval}: {count:,} of {result.size:,} entries "
            f"{'does' if count == 1 else 'do'} not, first {_label(values, place)} with {value:g}."
        )
    return result


def whole(value: object, name: str, low: float = -np.inf, high: float = np.inf) -> int:
    """Return `value` as an int inside the interval, else raise an error that says which.

    Examples
    --------
    >>> whole(2.5, "folds", 2)
    Traceback (most recent call last):
    ...
    ValueError: folds must be a whole number, got 2.5.
    """
    result = number(value, name, low, high)
    if not result.is_integer():
        raise ValueError(f"{name} must be a whole number, got {value!r}.")
    return int(result)


def like(result: npt.ArrayLike, name: str | None = None, **inputs: object) -> Numeric:
    """Return `result` in the shape of what it was computed from: Series, array or float.

    Series among the inputs must share one index: arithmetic on arrays would otherwise pair the
    wrong customers without a word.

    Examples
    --------
    >>> like(np.array([2.0]), "double", value=pd.Series([1.0], index=["c1"]))
    c1    2.0
    Name: double, dtype: float64
    """
    series = {key: value for key, value in inputs.items() if isinstance(value, pd.Series)}
    array = np.asarray(result, dtype=np.float64)
    if not series:
        return float(array) if array.ndim == 0 else array
    (first, model), *others = series.items()
    for key, other in others:
        if not model.index.equals(other.index):
            raise ValueError(
                f"{first} and {key} have different indexes: align them on the customer first, "
                f"for example with {key}.reindex({first}.index)."
            )
    return pd.Series(np.broadcast_to(array, model.shape), index=model.index, name=name)


def no_duplicates(keys: pd.Index[Any], name: str) -> None:
    """Raise a ValueError that names the keys found more than once.

    Examples
    --------
    >>> no_duplicates(pd.Index(["c1", "c2", "c1"]), "lost")
    Traceback (most recent call last):
    ...
    ValueError: lost has 1 customer more than once: 'c1'. Keep one row a customer.
    """
    if keys.is_unique:
        return
    repeated = keys[keys.duplicated()].unique()
    noun = "customer" if len(repeated) == 1 else "customers"
    raise ValueError(
        f"{name} has {len(repeated):,} {noun} more than once: {listed(repeated, most=5)}. "
        "Keep one row a customer."
    )


def same_currency(currency: str | None = None, **tables: object) -> str | None:
    """Return the one currency the tables are in, or raise if they name different ones.

    A table names its currency in a column `currency` or in `frame.attrs["currency"]`; one that
    names none is taken to be in the common one.

    Examples
    --------
    >>> lost = pd.DataFrame({"value": [90.0]})
    >>> lost.attrs["currency"] = "CNY"
    >>> same_currency("USD", lost=lost)
    Traceback (most recent call last):
    ...
    ValueError: Amounts in different currencies: currency says 'USD', lost says 'CNY'. Convert
    them to one currency first.
    """
    said: dict[str, str] = {} if currency is None else {"currency": str(currency)}
    for name, table in tables.items():
        if not isinstance(table, pd.DataFrame | pd.Series):
            continue
        found = {str(table.attrs["currency"])} if table.attrs.get("currency") else set()
        if isinstance(table, pd.DataFrame) and "currency" in table.columns:
            found |= set(table["currency"].dropna().astype(str))
        if len(found) > 1:
            raise ValueError(
                f"{name} mixes currencies: {listed(sorted(found))}. Convert them to one first."
            )
        if found:
            said[name] = found.pop()
    if len(set(said.values())) > 1:
        told = ", ".join(f"{name} says {one!r}" for name, one in said.items())
        raise ValueError(
            f"Amounts in different currencies: {told}. Convert them to one currency first."
        )
    return next(iter(said.values()), None)


def _inside(
    least: float, most: float, low: float, high: float, open_low: bool, open_high: bool
) -> bool:
    """Whether a range of finite values lies in the interval; NaN never does."""
    above = least > low if open_low else least >= low
    below = most < high if open_high else most <= high
    return bool(above and below and np.isfinite(least) and np.isfinite(most))


def _label(values: object, place: tuple[int, ...]) -> str:
    """Name an entry by its index and column where there are any, else by position."""
    if isinstance(values, pd.Series):
        return repr(values.index[place[0]])
    if isinstance(values, pd.DataFrame):
        return f"{values.index[place[0]]!r}, column {values.columns[place[1]]!r}"
    return f"at position {place[0] if len(place) == 1 else place}"
