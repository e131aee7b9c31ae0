"""The shared checks of numbers, keys and currencies say what is wrong and where."""

import numpy as np
import pandas as pd
import pytest

from crmlib._checks import like, no_duplicates, numbers, same_currency, whole


def test_numbers_keeps_good_values_and_shape():
    np.testing.assert_array_equal(numbers([[1, 2]], "x", 0, 2), [[1.0, 2.0]])
    assert numbers(3, "x").shape == ()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -0.1, 1.1])
def test_numbers_refuses_each_kind_of_bad_value(bad):
    with pytest.raises(ValueError, match="x must lie in"):
        numbers([0.5, bad], "x", 0, 1)


@pytest.mark.parametrize("bad", ["1", None, True, [True], ["a"], [None, "b"]])
def test_numbers_refuses_what_is_not_numeric(bad):
    with pytest.raises(TypeError, match="numeric"):
        numbers(bad, "x")


def test_numbers_open_ends_exclude_the_bound():
    with pytest.raises(ValueError, match=r"\(0, 1\)"):
        numbers(0.0, "x", 0, 1, open_low=True, open_high=True)


def test_numbers_names_row_and_column_of_a_frame():
    frame = pd.DataFrame({"sms": [0.1], "call": [7.0]}, index=["c9"])
    with pytest.raises(ValueError, match="first 'c9', column 'call' with 7"):
        numbers(frame, "chances", 0, 1)


def test_like_gives_back_what_came_in():
    assert isinstance(like(np.float64(2)), float)
    assert isinstance(like(np.ones(2), value=np.ones(2)), np.ndarray)


def test_duplicates_are_named():
    with pytest.raises(ValueError, match="2 customers more than once: 'a', 'b'"):
        no_duplicates(pd.Index(["a", "b", "a", "b"]), "lost")


def test_currency_is_read_from_column_or_attribute():
    lost = pd.DataFrame({"value": [1.0], "currency": ["CNY"]})
    offers = pd.DataFrame({"cost": [1.0]})
    assert same_currency(lost=lost, offers=offers) == "CNY"
    offers.attrs["currency"] = "USD"
    with pytest.raises(ValueError, match="lost says 'CNY', offers says 'USD'"):
        same_currency(lost=lost, offers=offers)
    assert same_currency(budget=3.0) is None


@pytest.mark.parametrize("bad", [2.5, np.inf])
def test_whole_numbers_are_whole(bad):
    assert whole(3.0, "folds") == 3
    with pytest.raises(ValueError, match="folds must be a whole number"):
        whole(bad, "folds")
