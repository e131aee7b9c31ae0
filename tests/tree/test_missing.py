"""Missing values as a branch or in shares; unseen values fall back to the node."""

import numpy as np
import pandas as pd
import pytest

from crmlib.tree import WeightedID3Classifier, entropy


def quinlan_gap():
    """Quinlan's golf data with one outlook missing (Quinlan 1993, section on missing values)."""
    outlook = ["sunny"] * 5 + [None] + ["overcast"] * 3 + ["rain"] * 5
    windy = "true true false false false true true false false true true false false false"
    label = ["P", "N", "N", "N", "P", *"PPP", "P", *"NNPPP"]
    return pd.DataFrame({"outlook": outlook, "windy": windy.split()}), np.array(label)


def test_fractional_gain_is_that_of_the_known_rows_times_their_share():
    X, y = quinlan_gap()
    model = WeightedID3Classifier(missing="fractional").fit(X, y)
    table = model.gain_table()
    # 13 known rows: 8 P, 5 N; sunny 2 P 3 N, overcast 3 P, rain 3 P 2 N.
    before = entropy([8, 5])
    after = 5 / 13 * entropy([2, 3]) + 5 / 13 * entropy([3, 2])
    assert table.loc["outlook", "gain (bits)"] == pytest.approx(13 / 14 * (before - after))
    assert table.loc["outlook", "gain (bits)"] == pytest.approx(0.199, abs=1e-3)
    # The missing row counts as a branch of its own.
    assert table.loc["outlook", "split information (bits)"] == pytest.approx(entropy([5, 3, 5, 1]))
    assert table.loc["outlook", "split information (bits)"] == pytest.approx(1.809, abs=1e-3)


def test_a_missing_row_goes_down_in_shares():
    X, y = quinlan_gap()
    model = WeightedID3Classifier(missing="fractional", max_depth=1).fit(X, y)
    children = model.tree_.children(0)
    assert len(children) == 3
    sizes = {
        model.attributes_[0].levels[code]: model.tree_.rows[node].sum()
        for code, node in children.items()
    }
    assert sizes == pytest.approx({"sunny": 5 + 5 / 13, "overcast": 3 + 3 / 13, "rain": 5 + 5 / 13})
    assert model.tree_.rows.sum(0)[1] == pytest.approx(2 * (y == "P").sum())


def test_predicting_a_gap_mixes_the_branches():
    X, y = quinlan_gap()
    model = WeightedID3Classifier(missing="fractional").fit(X, y)
    parts = [
        model.predict_proba(pd.DataFrame({"outlook": [value], "windy": ["true"]}))[0]
        for value in ("overcast", "rain", "sunny")
    ]
    weights = model.tree_.weighted[list(model.tree_.children(0).values())].sum(1)
    mixed = model.predict_proba(pd.DataFrame({"outlook": [None], "windy": ["true"]}))[0]
    np.testing.assert_allclose(mixed, weights / weights.sum() @ np.array(parts))
    assert mixed.sum() == pytest.approx(1)


def test_without_gaps_both_ways_give_the_same_tree():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({f"a{i}": rng.choice(list("xyz"), 200) for i in range(4)})
    y = rng.integers(0, 2, 200)
    branch = WeightedID3Classifier().fit(X, y)
    shares = WeightedID3Classifier(missing="fractional").fit(X, y)
    assert branch.tree_.attribute.tolist() == shares.tree_.attribute.tolist()
    np.testing.assert_allclose(branch.predict_proba(X), shares.predict_proba(X))


def test_missing_can_be_a_branch_of_its_own():
    X = pd.DataFrame({"income": ["low", "high", None, None]})
    model = WeightedID3Classifier().fit(X, ["stay", "stay", "churn", "churn"])
    assert model.rules()["condition"].tolist() == [
        "income = high",
        "income = low",
        "income is missing",
    ]
    assert model.predict(pd.DataFrame({"income": [None]})).tolist() == ["churn"]


def test_a_gap_where_training_had_none_falls_back_to_the_node():
    X = pd.DataFrame({"plan": ["a", "a", "b", "b", "b"]})
    model = WeightedID3Classifier().fit(X, [0, 0, 1, 1, 1])
    new = pd.DataFrame({"plan": [None, "unheard of"]}, dtype="str")
    np.testing.assert_allclose(model.predict_proba(new), [[0.4, 0.6]] * 2)
    assert model.predict(new).tolist() == [1, 1]


def test_an_empty_branch_falls_back_to_its_node():
    X = pd.DataFrame({"a": list("xxxyyy"), "b": list("ppqppp")})
    model = WeightedID3Classifier().fit(X, [0, 0, 1, 1, 1, 1])
    # Under a = y no row had b = q, and nothing was split there.
    assert model.predict(pd.DataFrame({"a": ["y"], "b": ["q"]})).tolist() == [1]


def test_missing_can_be_refused():
    X = pd.DataFrame({"income": ["low", None]})
    with pytest.raises(ValueError, match=r"'income' has a missing value in row 1"):
        WeightedID3Classifier(missing="error").fit(X, [0, 1])
