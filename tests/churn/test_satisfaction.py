"""The measures of satisfaction agree with published tables, closed forms and other software."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.churn import (
    acsi,
    disconfirmation,
    disconfirmation_grid,
    nps,
)

mpl.use("Agg")


def test_disconfirmation_has_a_zone_of_indifference():
    met, expected = pd.Series([6.0, 6.4, 7.6, np.nan]), pd.Series([7.0, 7.0, 7.0, 7.0])
    table = disconfirmation(met, expected, tolerance=0.6)
    assert table["state"].astype("object").fillna("").tolist() == [
        *("disappointed", "satisfied", "satisfied", ""),
    ]
    with pytest.raises(ValueError, match="same index"):
        disconfirmation(met, expected[:2])


def test_the_grid_counts_everyone_who_answered(op):
    answers = op.surveys[op.surveys["answered"]]
    grid = disconfirmation_grid(answers["satisfaction"], answers["expectation"], 7)
    assert grid["customers"].sum() == len(answers)
    difference = grid["mean_difference"]
    assert difference[("high", "low")] < 0 < difference[("low", "high")]


def test_acsi_is_the_published_formula():
    """((X1-1) W1 + (X2-1) W2 + (X3-1) W3) / 9 * 100."""
    rng = np.random.default_rng(0)
    items = pd.DataFrame(rng.integers(1, 11, (50, 3)), columns=["x1", "x2", "x3"])
    w = {"x1": 0.4, "x2": 0.35, "x3": 0.25}
    expected = sum((items[k] - 1) * v for k, v in w.items()) / 9 * 100
    assert np.allclose(acsi(items, 1, 10, w), expected)
    assert np.allclose(acsi(items, 1, 10, {k: 2 * v for k, v in w.items()}), expected)
    items.loc[3, "x1"] = np.nan
    assert acsi(items.astype(float), 1, 10, w).isna().sum() == 1
    with pytest.raises(ValueError, match="off the scale 1 to 10"):
        acsi(pd.DataFrame({"x": [11]}), 1, 10)
    with pytest.raises(ValueError, match="lacks the column"):
        acsi(items, 1, 10, {"x9": 1})


@given(st.lists(st.integers(0, 10), min_size=1, max_size=60))
def test_nps_is_a_mean_of_plus_and_minus_one(scores):
    """Promoters count 1, detractors -1: mean and its standard error are those of the score."""
    values = np.select([np.array(scores) >= 9, np.array(scores) <= 6], [1, -1], 0)
    result = nps(pd.Series(scores))
    assert result.score == pytest.approx(values.mean())
    assert result.standard_error == pytest.approx(values.std() / np.sqrt(len(values)), abs=1e-9)
    low, high = result.interval()
    assert -1 <= low <= result.score <= high <= 1


def test_the_nps_interval_covers_the_truth():
    rng = np.random.default_rng(1)
    shares, n = (0.3, 0.4, 0.3), 400
    draws = rng.choice([10, 7, 2], p=shares, size=(400, n))
    hits = sum(low <= 0 <= high for low, high in (nps(pd.Series(d)).interval() for d in draws))
    assert 0.92 < hits / 400 < 0.98
    with pytest.raises(ValueError, match="no answer"):
        nps(pd.Series([np.nan]))
