"""SERVQUAL, Kano and importance-performance agree with published tables and other software."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from crmlib.churn import importance_performance, kano, servqual_gaps

mpl.use("Agg")
DIMENSIONS = ["tangibles", "reliability", "responsiveness", "assurance", "empathy"]


def test_servqual_gaps_are_a_paired_t_test():
    from scipy.stats import ttest_rel

    rng = np.random.default_rng(2)
    expected = pd.DataFrame(rng.normal(7, 1, (80, 4)), columns=list("abcd"))
    met = expected + rng.normal(-0.4, 0.8, (80, 4))
    dimensions = {"reliability": ["a", "b"], "empathy": ["c", "d"]}
    result = servqual_gaps(expected, met, dimensions, weights={"reliability": 3, "empathy": 1})
    for name, items in dimensions.items():
        test = ttest_rel(met[items].mean(axis=1), expected[items].mean(axis=1))
        low, high = test.confidence_interval()
        assert result.table.loc[name, ["low", "high"]].tolist() == pytest.approx([low, high])
    gaps = result.table["gap"]
    assert result.overall == pytest.approx(0.75 * gaps["reliability"] + 0.25 * gaps["empathy"])
    assert result.plot().get_xlabel().startswith("perception")
    with pytest.raises(ValueError, match="same respondents"):
        servqual_gaps(expected, met.iloc[::-1])


def test_the_kano_table_is_the_published_one():
    """Kano's evaluation table, row by row: the answer if present, column: if absent."""
    published = ["QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ"]
    names = {
        **{"A": "attractive", "O": "one-dimensional", "M": "must-be"},
        **{"I": "indifferent", "R": "reverse", "Q": "questionable"},
    }
    for i, row in enumerate(published, start=1):
        for j, letter in enumerate(row, start=1):
            found = kano(pd.DataFrame({"f": [i]}), pd.DataFrame({"f": [j]})).table
            assert found.loc["f", "class"] == names[letter], (i, j)


def test_kano_ties_and_coefficients():
    present = pd.DataFrame({"f": [1, 1, 2, 3, np.nan]})
    absent = pd.DataFrame({"f": [5, 3, 5, 3, 5]})
    table = kano(present, absent).table  # one each of O, A, M, I
    assert table.loc["f", "class"] == "must-be"
    assert table.loc["f", "better"] == pytest.approx(0.5)
    assert table.loc["f", "worse"] == pytest.approx(-0.5)
    assert kano(present, absent).plot().get_xlabel() == "dissatisfaction if absent"
    with pytest.raises(ValueError, match="off the scale 1 to 5"):
        kano(pd.DataFrame({"f": [1.5]}), pd.DataFrame({"f": [1]}))


def test_importance_and_performance_fall_in_four_quadrants(op):
    answers = op.surveys[op.surveys["answered"]]
    importance = answers[DIMENSIONS].corrwith(answers["satisfaction"])
    result = importance_performance(importance, answers[DIMENSIONS].mean())
    for row in result.table.itertuples():
        high = row.importance >= result.cross[0], row.performance >= result.cross[1]
        assert (
            row.quadrant
            == {
                (True, False): "concentrate here",
                (True, True): "keep it up",
                (False, False): "low priority",
                (False, True): "possible overkill",
            }[high]
        )
    assert len(result.plot().texts) == 5
    with pytest.raises(ValueError, match="same attributes"):
        importance_performance(importance, importance.iloc[:2])
