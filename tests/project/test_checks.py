"""Bad input is refused in the same words everywhere: which argument, what was found."""

import numpy as np
import pandas as pd
import pytest

from crmlib import _checks


@pytest.mark.parametrize("bad", [True, "0.5", None, [0.5]])
def test_only_numbers_are_numbers(bad):
    with pytest.raises(TypeError, match="retention must be a number"):
        _checks.number(bad, "retention", 0, 1)


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan"), np.inf])
def test_a_number_outside_its_interval_is_refused_with_the_interval(bad):
    with pytest.raises(ValueError, match=r"retention must lie in \[0, 1\]"):
        _checks.number(bad, "retention", 0, 1)


@pytest.mark.parametrize("end", [0, 1])
def test_open_ends_are_outside(end):
    with pytest.raises(ValueError, match=r"\(0, 1\)"):
        _checks.number(end, "share", 0, 1, open_low=True, open_high=True)
    assert _checks.number(end, "share", 0, 1) == end


@pytest.mark.parametrize("good", [0, 0.5, np.float32(0.25), np.int64(1)])
def test_a_number_comes_back_as_a_float(good):
    assert isinstance(_checks.number(good, "share", 0, 1), float)


def test_a_frame_must_be_a_frame_with_rows_and_distinct_columns():
    with pytest.raises(TypeError, match="customers must be a pandas DataFrame, got dict"):
        _checks.as_frame({}, "customers")
    with pytest.raises(ValueError, match="customers is empty: 0 rows, 1 columns"):
        _checks.as_frame(pd.DataFrame({"a": []}), "customers")
    with pytest.raises(ValueError, match="duplicate column names: 'a'"):
        _checks.as_frame(pd.DataFrame([[1, 2]], columns=["a", "a"]), "customers")


def test_long_lists_are_cut_and_counted():
    assert _checks.listed(range(20), most=2) == "'0', '1' and 18 more"


def test_a_library_broken_inside_is_not_reported_as_missing(tmp_path, monkeypatch):
    (tmp_path / "half_there.py").write_text("import not_there_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all"):
        _checks.optional("half_there", "analysis")
