"""Values survive the way out of the sandbox, and nothing but values does."""

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.course.exercises.wire import MESSAGE_LIMIT, WireError, pack, receive, send, unpack


def there_and_back(value: Any) -> Any:
    stream = io.BytesIO()
    send(stream, pack(value, lambda kept: 7))
    stream.seek(0)
    return unpack(receive(stream), lambda number, kind: (number, kind))


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(plain)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)


TABLE = pd.DataFrame(
    {
        "whole": [1, 2, 3],
        "real": [0.5, np.nan, np.inf],
        "text": ["a", None, "客户"],
        "ordered": pd.Categorical(["low", "high", None], ["low", "high"], ordered=True),
        "when": pd.to_datetime(["2024-01-01", "2024-02-29", None]),
        "yes": [True, False, True],
        "month": pd.period_range("2024-01", periods=3, freq="M"),
    },
    index=pd.Index(list("pqr"), name="customer"),
)


def test_tables_keep_types_names_and_order() -> None:
    pd.testing.assert_frame_equal(there_and_back(TABLE), TABLE)
    pd.testing.assert_frame_equal(there_and_back(TABLE.iloc[:0, :2]), TABLE.iloc[:0, :2])
    sums = TABLE.groupby(["yes", "whole"])["real"].sum()
    pd.testing.assert_series_equal(there_and_back(sums), sums)
    counts = TABLE["text"].value_counts()
    pd.testing.assert_series_equal(there_and_back(counts), counts)


@pytest.mark.parametrize("shape", [(6,), (2, 3), (0, 4)])
def test_arrays_keep_shape_and_type(shape: tuple[int, ...]) -> None:
    for array in (np.zeros(shape, dtype=np.int32), np.ones(shape), np.zeros(shape, dtype=bool)):
        back = there_and_back(array)
        assert back.shape == shape
        assert np.array_equal(back, array)


class Liar(float):
    """A number that is close to every other."""

    def __sub__(self, other: object) -> float:
        return 0.0

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = float.__hash__


def test_a_subclass_arrives_as_what_it_is_a_subclass_of() -> None:
    back = there_and_back(Liar(0.9))
    assert type(back) is float
    assert back != 0.5


def test_what_is_not_plain_arrives_as_a_numbered_handle() -> None:
    assert there_and_back(len) == (7, "builtins.builtin_function_or_method")


@pytest.mark.parametrize(
    "message",
    [
        {"t": "evil"},
        {"v": 1},
        [1],
        {"t": "array", "dtype": "float64", "shape": [3], "v": [1.0]},
        {"t": "array", "dtype": "float64", "shape": [-1, 0], "v": []},
        {"t": "frame", "columns": {"t": "list", "v": []}, "index": None, "v": [{}]},
        {"t": "range", "names": [None], "v": [0, 10**12, 1]},
        {"t": "range", "names": [None], "v": [0, 1]},
        {"t": "time", "v": "never"},
        {"t": "int", "v": "many"},
        {"t": "set", "v": [{"t": "list", "v": []}]},
        {"t": "handle", "v": "x", "kind": "y"},
        {"t": "interval", "v": [1.0], "closed": "left"},
        {"t": "period", "v": "2024", "freq": "often"},
    ],
)
def test_what_is_no_value_is_refused(message: Any) -> None:
    with pytest.raises(WireError):
        unpack(message, lambda number, kind: None)


def test_depth_and_size_have_limits() -> None:
    deep: Any = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(WireError, match="deep"):
        pack(deep, lambda kept: 0)
    with pytest.raises(WireError, match="too large"):
        send(io.BytesIO(), "x" * (MESSAGE_LIMIT + 1))
    with pytest.raises(WireError, match="announced"):
        receive(io.BytesIO(b"\xff\xff\xff\xff"))
    with pytest.raises(WireError, match="no JSON"):
        receive(io.BytesIO(b"\0\0\0\2{{"))
    with pytest.raises(EOFError):
        receive(io.BytesIO(b"\0\0\0\5{}"))
