"""Values as plain data, between the sandbox that runs a submission and the process that grades it.

The sandbox writes; the grader reads. Reading builds nothing but Python's, NumPy's and pandas' own
plain values, whatever bytes arrive: no pickle, no class of the sender's, so no method that could
lie in a comparison. What is not plain (a function, a fitted model) travels as a numbered handle.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

#: The largest message either side accepts, in bytes.
MESSAGE_LIMIT = 16_000_000
#: How deep lists may lie in lists.
DEPTH_LIMIT = 20
_KIND = re.compile(r"[^A-Za-z0-9_.]")


class WireError(Exception):
    """What arrived is not a message."""


def send(stream: BinaryIO, message: object) -> None:
    """Write one message: its length in four bytes, then JSON."""
    body = json.dumps(message, separators=(",", ":")).encode()
    if len(body) > MESSAGE_LIMIT:
        raise WireError(f"a value of {len(body):,} bytes is too large to be graded")
    stream.write(len(body).to_bytes(4, "big") + body)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one message; EOFError when the other side has gone."""
    length = int.from_bytes(_exactly(stream, 4), "big")
    if length > MESSAGE_LIMIT:
        raise WireError(f"a message of {length:,} bytes was announced")
    try:
        return json.loads(_exactly(stream, length))
    except (ValueError, RecursionError) as error:
        raise WireError("what arrived is no JSON") from error


def _exactly(stream: BinaryIO, count: int) -> bytes:
    parts = []
    while count:
        part = stream.read(count)
        if not part:
            raise EOFError("the other side has gone")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def pack(value: Any, keep: Callable[[Any], int], depth: int = 0) -> Any:
    """Return `value` as JSON can hold it.

    Parameters
    ----------
    value : object
    keep : callable
        Called with what is not plain; returns the number of its handle.
    """
    if depth > DEPTH_LIMIT:
        raise WireError("lists lie too deep in lists")
    if value is None or type(value) in (bool, str):
        return value
    if value is pd.NaT or value is pd.NA:
        return {"t": "nat" if value is pd.NaT else "na"}
    if type(value) is int:
        return {"t": "int", "v": str(value)}
    if type(value) is float:
        return value if math.isfinite(value) else {"t": "float", "v": str(value)}
    for kinds, packer in _PACKERS:
        if isinstance(value, kinds):
            return packer(value, lambda part: pack(part, keep, depth + 1))
    return {"t": "handle", "v": keep(value), "kind": _kind(value)}


def unpack(data: Any, handle: Callable[[int, str], Any]) -> Any:
    """Return the value that `data` describes.

    Parameters
    ----------
    data : JSON value
    handle : callable
        Called with the number and the kind of a handle; returns what stands for it.
    """
    try:
        return _unpack(data, handle, 0)
    except WireError:
        raise
    except Exception as error:  # whatever a stranger's bytes make a reader do
        raise WireError(f"a value that cannot be read ({type(error).__name__})") from error


def _kind(value: Any) -> str:
    cls = type(value)
    return f"{cls.__module__}.{cls.__qualname__}"


def _scalar(value: np.generic, part: Callable[[Any], Any]) -> Any:
    if isinstance(value, np.datetime64 | np.timedelta64):
        return part(
            pd.Timestamp(value) if isinstance(value, np.datetime64) else pd.Timedelta(value)
        )
    return part(value.item())


def _array(value: np.ndarray[Any, Any], part: Callable[[Any], Any]) -> Any:
    return {
        "t": "array",
        "dtype": _dtype(value.dtype),
        "shape": list(value.shape),
        "v": [part(one) for one in value.ravel().tolist()],
    }


def _index(value: pd.Index, part: Callable[[Any], Any]) -> Any:
    names = [part(name) for name in value.names]
    if isinstance(value, pd.MultiIndex):
        return {"t": "multiindex", "names": names, "v": [part(tuple(row)) for row in value]}
    if isinstance(value, pd.RangeIndex):
        bounds = [value.start, value.stop, value.step]
        return {"t": "range", "names": names, "v": bounds}
    return {"t": "index", "names": names, "v": [part(one) for one in value], **_column(value.dtype)}


def _series(value: pd.Series[Any], part: Callable[[Any], Any]) -> Any:
    return {
        "t": "series",
        "name": part(value.name),
        "index": part(value.index),
        "v": [part(one) for one in value.tolist()],
        **_column(value.dtype),
    }


def _frame(value: pd.DataFrame, part: Callable[[Any], Any]) -> Any:
    columns = [value.iloc[:, i] for i in range(value.shape[1])]
    return {
        "t": "frame",
        "columns": part(value.columns),
        "index": part(value.index),
        "v": [{"v": [part(one) for one in c.tolist()], **_column(c.dtype)} for c in columns],
    }


def _column(dtype: Any) -> dict[str, Any]:
    if isinstance(dtype, pd.CategoricalDtype):
        names = [str(name) for name in dtype.categories]
        return {"dtype": "category", "ordered": bool(dtype.ordered), "categories": names}
    return {"dtype": _dtype(dtype)}


def _dtype(dtype: Any) -> str:
    name = str(dtype)
    if name.startswith(("int", "uint")):
        return "int64"
    if name.startswith("float"):
        return "float64"
    return name if name in _DTYPES else "object"


_DTYPES = {"bool", "int64", "float64", "str", "object", "category"}

_PACKERS: list[tuple[Any, Callable[[Any, Callable[[Any], Any]], Any]]] = [
    (bool, lambda value, part: bool(value)),
    (int, lambda value, part: part(int(value))),
    (float, lambda value, part: part(float(value))),
    (str, lambda value, part: str(value)),
    (np.generic, _scalar),
    (pd.Timestamp, lambda value, part: {"t": "time", "v": value.isoformat()}),
    (datetime, lambda value, part: {"t": "time", "v": value.isoformat()}),
    (date, lambda value, part: {"t": "time", "v": value.isoformat()}),
    (pd.Timedelta, lambda value, part: {"t": "span", "v": value.isoformat()}),
    (pd.Period, lambda value, part: {"t": "period", "v": str(value), "freq": value.freqstr}),
    (
        pd.Interval,
        lambda value, part: {
            "t": "interval",
            "v": [part(value.left), part(value.right)],
            "closed": value.closed,
        },
    ),
    (pd.DataFrame, _frame),
    (pd.Series, _series),
    (pd.Index, _index),
    (np.ndarray, _array),
    (pd.api.extensions.ExtensionArray, lambda value, part: part(np.asarray(value, dtype=object))),
    (
        dict,
        lambda value, part: {"t": "dict", "v": [[part(k), part(v)] for k, v in value.items()]},
    ),
    (tuple, lambda value, part: {"t": "tuple", "v": [part(one) for one in value]}),
    (list, lambda value, part: {"t": "list", "v": [part(one) for one in value]}),
    (
        (set, frozenset),
        lambda value, part: {"t": "set", "v": [part(one) for one in sorted(value, key=repr)]},
    ),
]


def _unpack(data: Any, handle: Callable[[int, str], Any], depth: int) -> Any:
    if depth > DEPTH_LIMIT + 5:
        raise WireError("lists lie too deep in lists")
    if data is None or type(data) in (bool, str, float):
        return data
    if type(data) is int:
        return float(data)  # JSON's bare numbers are floats here; integers travel as text
    if type(data) is not dict:
        raise WireError("a value without a type")

    def part(one: Any) -> Any:
        return _unpack(one, handle, depth + 1)

    kind, value = data["t"], data.get("v")
    if kind == "handle":
        return handle(int(str(value)), _KIND.sub("", str(data["kind"]))[:100])
    if kind not in _READERS:
        raise WireError("a value of an unknown type")
    return _READERS[kind](data, value, part)


def _read_array(data: Any, value: Any, part: Callable[[Any], Any]) -> Any:
    flat = _typed([part(one) for one in value], data["dtype"])
    return flat.reshape([int(side) for side in data["shape"]])


def _typed(values: list[Any], dtype: str) -> np.ndarray[Any, Any]:
    if dtype in ("bool", "int64", "float64"):
        return np.array(values, dtype=dtype)
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def _column_values(data: Any, part: Callable[[Any], Any]) -> Any:
    values, dtype = [part(one) for one in data["v"]], data["dtype"]
    if dtype == "category":
        names = [str(name) for name in data["categories"]]
        texts = [None if pd.isna(one) else str(one) for one in values]
        return pd.Categorical(texts, categories=names, ordered=bool(data["ordered"]))
    if dtype in ("bool", "int64", "float64", "str"):
        return pd.array(values, dtype=dtype) if dtype == "str" else np.array(values, dtype=dtype)
    return pd.Series(values).array if values else np.array([], dtype=object)


def _read_range(value: Any, name: Any) -> pd.RangeIndex:
    start, stop, step = (int(bound) for bound in value)
    index = pd.RangeIndex(start, stop, step, name=name)
    if len(index) > MESSAGE_LIMIT:  # three numbers can announce more rows than any message holds
        raise WireError(f"an index of {len(index):,} rows")
    return index


def _read_index(data: Any, value: Any, part: Callable[[Any], Any]) -> Any:
    return pd.Index(_column_values(data, part), name=part(data["names"][0]))


def _read_frame(data: Any, value: Any, part: Callable[[Any], Any]) -> Any:
    index, columns = part(data["index"]), part(data["columns"])
    if len(columns) != len(value):
        raise WireError("a table whose columns do not fit their names")
    frame = pd.DataFrame(
        {i: pd.Series(_column_values(one, part), index=index) for i, one in enumerate(value)},
        index=index,
    )
    frame.columns = columns
    return frame


_READERS: dict[str, Callable[[Any, Any, Callable[[Any], Any]], Any]] = {
    "nat": lambda data, value, part: pd.NaT,
    "na": lambda data, value, part: pd.NA,
    "int": lambda data, value, part: int(str(value)[:400]),
    "float": lambda data, value, part: float(str(value)[:10]),
    "time": lambda data, value, part: pd.Timestamp(str(value)[:50]),
    "span": lambda data, value, part: pd.Timedelta(str(value)[:50]),
    "period": lambda data, value, part: pd.Period(str(value)[:50], str(data["freq"])[:20]),
    "interval": lambda data, value, part: pd.Interval(
        part(value[0]), part(value[1]), closed=data["closed"]
    ),
    "dict": lambda data, value, part: {part(k): part(v) for k, v in value},
    "tuple": lambda data, value, part: tuple(part(one) for one in value),
    "list": lambda data, value, part: [part(one) for one in value],
    "set": lambda data, value, part: {part(one) for one in value},
    "array": _read_array,
    "index": _read_index,
    "multiindex": lambda data, value, part: pd.MultiIndex.from_tuples(
        [part(row) for row in value], names=[part(name) for name in data["names"]]
    ),
    "range": lambda data, value, part: _read_range(value, part(data["names"][0])),
    "series": lambda data, value, part: pd.Series(
        _column_values(data, part), index=part(data["index"]), name=part(data["name"])
    ),
    "frame": _read_frame,
}
