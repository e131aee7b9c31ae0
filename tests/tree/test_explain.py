"""Why a tree is as it is: gain tables, steps, paths and counterfactuals."""

import numpy as np
import pandas as pd
import pytest

from crmlib.tree import WeightedID3Classifier, gain_table, information_gain


def customers(n=400, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({f"a{i}": rng.choice(list("wxyz")[: 2 + i % 3], n) for i in range(5)})
    risk = 0.1 + 0.6 * (X["a1"] == "w") * (X["a2"] != "z")
    return X, np.where(rng.random(n) < risk, "churn", "stay")


def test_every_gain_table_is_that_of_the_rows_at_its_node():
    X, y = customers()
    model = WeightedID3Classifier(max_depth=3).fit(X, y)
    for node in np.flatnonzero(model.tree_.measured >= 0)[:12]:
        mask = np.ones(len(X), dtype=bool)
        for at in model.tree_.path(int(node))[1:]:
            attribute = model.attributes_[model.tree_.attribute[model.tree_.parent[at]]]
            mask &= (X[attribute.name] == attribute.levels[model.tree_.code[at]]).to_numpy()
        table = model.gain_table(int(node))
        for name in X:
            expected = information_gain(pd.crosstab(X.loc[mask, name], y[mask]))
            assert table.loc[name, "gain (bits)"] == pytest.approx(expected, abs=1e-9)
        chosen = table.index[table["chosen"]].tolist()
        assert len(chosen) == (model.tree_.attribute[node] >= 0)


def test_the_public_gain_table_takes_weights():
    X, y = customers()
    weights = np.random.default_rng(1).random(len(y))
    table = gain_table(X, y, weights, criterion="weighted_entropy", class_weight={"churn": 3})
    counted = pd.crosstab(X["a1"], y, weights, aggfunc="sum")
    expected = information_gain(counted, [3, 1])
    assert table.loc["a1", "gain (bits)"] == pytest.approx(expected)


def test_a_gain_table_that_is_not_there_says_why():
    X, y = customers()
    model = WeightedID3Classifier(max_depth=1).fit(X, y)
    with pytest.raises(ValueError, match=r"no node 99; the tree has nodes 0 to \d"):
        model.gain_table(99)
    with pytest.raises(ValueError, match=r"Node 1 \(a1 = w\) was not measured"):
        model.gain_table(1)


def test_steps_tell_how_the_tree_grew():
    X, y = customers()
    model = WeightedID3Classifier(max_depth=3).fit(X, y)
    steps = model.steps()
    assert steps.index[0] == 1
    assert steps["condition"].iloc[0] == "always"
    assert steps["rows"].iloc[0] == 400
    assert len(steps) == (model.tree_.attribute >= 0).sum()
    assert steps["gain (bits)"].iloc[0] == model.gain_table()["gain (bits)"].iloc[0]


def test_importances_are_shares_and_follow_the_planted_signal():
    X, y = customers(3000)
    importances = WeightedID3Classifier(max_depth=2).fit(X, y).feature_importances_
    assert importances.sum() == pytest.approx(1)
    assert np.argmax(importances) == 1
    stump = WeightedID3Classifier(max_depth=0).fit(X, y)
    assert stump.feature_importances_.tolist() == [0] * 5


def test_a_decision_path_leads_to_the_prediction():
    X, y = customers()
    model = WeightedID3Classifier(max_depth=3).fit(X, y)
    path = model.decision_path(X.head(10))
    for row, steps in path.groupby(level="row"):
        assert steps["condition"].iloc[0] == "everyone"
        assert steps["class"].iloc[-1] == model.predict(X.loc[[row]])[0]
        assert steps["rows"].is_monotonic_decreasing
        last = model.predict_proba(X.loc[[row]])[0]
        np.testing.assert_allclose(steps[["P(churn)", "P(stay)"]].iloc[-1].astype(float), last)


def test_what_would_change_does_change_it():
    X, y = customers()
    model = WeightedID3Classifier(max_depth=3).fit(X, y)
    at_risk = X[model.predict(X) == "churn"].iloc[[0]]
    table = model.what_would_change(at_risk)
    assert len(table) > 0
    assert table["changes"].is_monotonic_increasing
    for answer in table.itertuples():
        changed = at_risk.copy()
        for part in answer.what.split(" and "):
            name, value = part.split(" = ")
            changed[name] = value
        assert model.predict(changed)[0] == "stay"
        probability = model.predict_proba(changed)[0, 1]
        assert probability == pytest.approx(answer.probability)
    assert (table["class"] == "stay").all()


def test_the_fewest_changes_are_found_by_brute_force():
    X, y = customers(150)
    model = WeightedID3Classifier(max_depth=3).fit(X, y)
    row = X[model.predict(X) == "churn"].iloc[[0]]
    alone = [
        (name, value)
        for name in X
        for value in X[name].unique()
        if model.predict(row.assign(**{name: value}))[0] == "stay"
    ]
    table = model.what_would_change(row, most=1000)
    assert (table["changes"].iloc[0] == 1) == bool(alone)


def test_what_cannot_change_is_left_alone():
    X, y = customers()
    model = WeightedID3Classifier(max_depth=3).fit(X, y)
    row = X[model.predict(X) == "churn"].iloc[[0]]
    first = model.attributes_[model.tree_.attribute[0]].name
    table = model.what_would_change(row, wanted="stay", fixed=[first], most=100)
    assert not table["what"].str.contains(f"{first} =").any()
    everything = model.what_would_change(row, fixed=list(X.columns))
    assert everything.empty


def test_counterfactual_refusals_name_what_is_wrong():
    X, y = customers()
    model = WeightedID3Classifier(max_depth=2).fit(X, y)
    with pytest.raises(ValueError, match="row must be one row, got 2"):
        model.what_would_change(X.head(2))
    with pytest.raises(ValueError, match="wanted must be one of 'churn', 'stay'; got 'sty'"):
        model.what_would_change(X.head(1), wanted="sty")
    with pytest.raises(ValueError, match="fixed names 'age'"):
        model.what_would_change(X.head(1), fixed=["age"])
