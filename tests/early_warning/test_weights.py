"""Weights agree with published examples and with closed forms."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.early_warning import (
    Scorer,
    ahp_weights,
    entropy_weights,
    factor_weights,
    model_weights,
)


def reciprocal(upper, n):
    a = np.eye(n)
    a[np.triu_indices(n, 1)] = upper
    a.T[np.triu_indices(n, 1)] = 1 / np.array(upper)
    return a


# Saaty's estimate of drink consumption in the United States: coffee, wine, tea, beer, sodas,
# milk, water; published priorities and consistency ratio.
DRINKS = reciprocal(
    [
        *(9, 5, 2, 1, 1, 1 / 2),
        *(1 / 3, 1 / 9, 1 / 9, 1 / 9, 1 / 9),
        *(1 / 3, 1 / 4, 1 / 3, 1 / 9),
        *(1 / 2, 1, 1 / 3),
        *(2, 1 / 2, 1 / 3),
    ],
    7,
)
# Saaty's family that buys a house: size, transport, neighborhood, age, yard, modern facilities,
# general condition, financing; inconsistent, as he points out.
HOUSE = reciprocal(
    [
        *(5, 3, 7, 6, 6, 1 / 3, 1 / 4),
        *(1 / 3, 5, 3, 3, 1 / 5, 1 / 7),
        *(6, 3, 4, 6, 1 / 5),
        *(1 / 3, 1 / 4, 1 / 7, 1 / 8),
        *(1 / 2, 1 / 5, 1 / 6),
        *(1 / 5, 1 / 6, 1 / 2),
    ],
    8,
)


def test_ahp_reproduces_saatys_drinks():
    weights = ahp_weights(DRINKS)
    published = [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327]
    np.testing.assert_allclose(weights.weight, published, atol=5e-4)
    assert weights.consistency_ratio == pytest.approx(0.022, abs=5e-4)


def test_ahp_reproduces_saatys_house_and_calls_it_inconsistent():
    weights = ahp_weights(HOUSE)
    published = [0.173, 0.054, 0.188, 0.018, 0.031, 0.036, 0.167, 0.333]
    np.testing.assert_allclose(weights.weight, published, atol=5e-4)
    assert weights.consistency_ratio == pytest.approx(0.169, abs=5e-4)
    assert "NOT consistent" in repr(weights)


@given(st.lists(st.floats(0.1, 9), min_size=2, max_size=10))
def test_consistent_judgments_give_their_weights_back(true):
    w = np.array(true) / sum(true)
    weights = ahp_weights(w[:, None] / w)
    np.testing.assert_allclose(weights.weight, w, rtol=1e-6)
    assert weights.consistency_ratio == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("judgments", "message"),
    [
        ([[1, 2, 3]], "square"),
        ([[1, 2], [2, 1]], "must be 0.5, not 2"),
        ([[1, -2], [-0.5, 1]], "positive"),
        ([[1, np.nan], [np.nan, 1]], "positive"),
        (np.ones((11, 11)), "group them"),
        ([[2, 1], [1, 1]], "reciprocal"),
    ],
)
def test_judgments_that_are_none_are_refused(judgments, message):
    with pytest.raises(ValueError, match=message):
        ahp_weights(judgments)


def test_entropy_weights_follow_the_formula_worked_by_hand():
    scores = pd.DataFrame({"a": [1.0, 3.0], "b": [1.0, 1.0], "c": [0.0, 2.0]})
    e_a = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75)) / np.log(2)
    d = np.array([1 - e_a, 0, 1])
    np.testing.assert_allclose(entropy_weights(scores).weight, d / d.sum())


@given(st.integers(0, 10**6), st.floats(0.01, 100))
def test_entropy_weights_do_not_depend_on_units(seed, unit):
    scores = pd.DataFrame(np.random.default_rng(seed).random((20, 3)), columns=list("abc"))
    np.testing.assert_allclose(
        entropy_weights(scores).weight, entropy_weights(scores * [unit, 1, 1]).weight, rtol=1e-6
    )


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({"a": [1.0, -1.0]}, "at least 0"),
        ({"a": [1.0, 1.0]}, "No indicator varies"),
        ({"a": [1.0, np.nan], "b": [np.nan, 1.0]}, "most often missing"),
    ],
)
def test_entropy_refuses_what_it_cannot_weigh(scores, message):
    with pytest.raises(ValueError, match=message):
        entropy_weights(pd.DataFrame(scores))


def test_factor_weights_find_the_planted_communalities():
    rng = np.random.default_rng(0)
    f = rng.normal(size=(20_000, 2))
    loadings = np.array([[0.9, 0], [0.7, 0], [0, 0.8], [0, 0.6], [0.5, 0.5]])
    unique = np.sqrt(1 - (loadings**2).sum(axis=1))
    x = pd.DataFrame(f @ loadings.T + rng.normal(size=(20_000, 5)) * unique, columns=list("abcde"))
    weights = factor_weights(x, factors=2)
    communality = (loadings**2).sum(axis=1)
    np.testing.assert_allclose(weights.detail["communality"], communality, atol=0.03)
    np.testing.assert_allclose(weights.weight, communality / communality.sum(), atol=0.02)
    # Varimax finds the simple structure: a and b load on one factor, c and d on the other.
    strongest = weights.detail.filter(like="factor").abs().idxmax(axis=1)
    assert strongest["a"] == strongest["b"] != strongest["c"] == strongest["d"]


def test_model_weights_are_proportional_to_planted_effects():
    rng = np.random.default_rng(0)
    x = pd.DataFrame(rng.normal(size=(40_000, 3)), columns=["strong", "weak", "none"])
    risk = 1 / (1 + np.exp(2 - 1.0 * x["strong"] - 0.5 * x["weak"]))
    weights = model_weights(x, rng.random(len(x)) < risk).weight
    assert weights["strong"] / weights["weak"] == pytest.approx(2, rel=0.1)
    assert weights["none"] < 0.03


def test_scores_are_shares_of_a_history_and_the_index_is_their_weighted_mean(system):
    some = system.only(["incidents", "bill_change"])
    history = pd.DataFrame({"incidents": [0.0, 0, 0, 4], "bill_change": [-1.0, 0, 0, 1]})
    scorer = Scorer.fit(history, some)
    now = pd.DataFrame({"incidents": [0.0, 4, np.nan], "bill_change": [2.0, -2, -2]})
    scores = scorer.scores(now)
    assert scores["incidents"].tolist()[:2] == [3 / 8, 7 / 8]
    assert scores["bill_change"].tolist() == [0, 1, 1]
    w = some.weights
    expected = [
        w["incidents"] * 3 / 8,
        w["incidents"] * 7 / 8 + w["bill_change"],
        1.0,
    ]
    np.testing.assert_allclose(scorer.index(now), expected)
    assert scorer.rules(now).tolist() == pytest.approx([0, 1, w["bill_change"]])
