"""The methods of Vafeiadis et al. decide as they should, plain and boosted."""

import numpy as np
import pytest
from sklearn.ensemble import AdaBoostClassifier
from sklearn.tree import DecisionTreeClassifier

from crmlib.experiments import Part, find, run
from crmlib.experiments.published import vafeiadis


def test_boosting_by_drawn_rows_learns_what_one_stump_cannot():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(600, 2))
    left = X.sum(axis=1) > 0
    stump = vafeiadis.Drawn(DecisionTreeClassifier(max_depth=1))
    boosted = AdaBoostClassifier(stump, n_estimators=30, random_state=0).fit(X, left)
    assert stump.fit(X, left).score(X, left) < 0.85
    assert boosted.score(X, left) > 0.9


def test_rows_are_drawn_by_weight():
    X = np.array([[0.0], [1.0], [2.0], [3.0]])
    left = np.array([False, True, False, True])
    weight = np.array([0.5, 0.5, 0.0, 0.0])
    fitted = vafeiadis.Drawn(DecisionTreeClassifier()).fit(X, left, weight)
    assert fitted.predict(X).tolist() == [False, True, True, True]  # rows 2 and 3 are never seen


def test_chances_are_decisions():
    X = np.array([[0.0], [1.0]])
    fitted = vafeiadis.Drawn(DecisionTreeClassifier()).fit(X, [False, True])
    assert fitted.predict_proba(X).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_every_method_is_there_plain_and_boosted():
    names = [model.name for model in find("vafeiadis").models]
    for name in vafeiadis.METHODS:
        assert {name, f"{name}, boosted"} <= set(names)


def test_a_remembered_number_is_no_target():
    traced = {claim.value: claim.source.traced for claim in find("vafeiadis").claims}
    assert traced == {
        0.97: "abstract",
        0.84: "abstract",
        0.9685: "unverified",
        0.8457: "unverified",
    }


def test_boosting_helps_the_tree():
    part = Part(models=("decision tree", "decision tree, boosted"), splits=1)
    try:
        found = run(find("vafeiadis"), part=part).table().droplevel("data")
    except FileNotFoundError as error:
        pytest.skip(str(error).splitlines()[0])
    assert found.loc["decision tree, boosted", "F1"] > found.loc["decision tree", "F1"] + 0.02
    assert found.loc["decision tree, boosted", "accuracy"] > 0.94
