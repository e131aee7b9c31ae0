"""JSON out and back: the same predictions, the same readings, no pickle."""

import json

import numpy as np
import pandas as pd
import pytest

from crmlib.tree import WeightedID3Classifier


def customers(n=300):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "套餐": rng.choice(["基本", "gold", None], n),
            "calls": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "grade": pd.Categorical(rng.choice([3, 1, 2], n), [3, 1, 2], ordered=True),
            "roaming": rng.random(n) < 0.5,
        }
    )
    return X, rng.choice(["走", "留"], n)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"criterion": "gain_ratio", "class_weight": {"走": 3.0}, "pruning": "pessimistic"},
        {"missing": "fractional", "bins": {"calls": [0.0]}, "attribute_weight": {"calls": 2}},
        {"max_depth": 0},
    ],
    ids=str,
)
def test_a_tree_comes_back_as_it_was(options):
    X, y = customers()
    model = WeightedID3Classifier(**options).fit(X, y)
    back = WeightedID3Classifier.from_json(model.to_json())
    assert back.get_params() == model.get_params()
    np.testing.assert_array_equal(back.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(back.predict(X), model.predict(X))
    assert back.classes_.dtype == model.classes_.dtype
    assert back.to_text() == model.to_text()
    pd.testing.assert_frame_equal(back.rules(), model.rules())
    np.testing.assert_allclose(back.feature_importances_, model.feature_importances_)
    if len(model.tree_) > 1:
        pd.testing.assert_frame_equal(back.gain_table(), model.gain_table())
    assert back.to_json() == model.to_json()


def test_array_input_and_whole_number_classes_survive():
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = (X[:, 0] > 0).astype(np.int64) + 7
    model = WeightedID3Classifier().fit(X, y)
    back = WeightedID3Classifier.from_json(model.to_json())
    np.testing.assert_array_equal(back.predict(X), model.predict(X))
    assert back.n_features_in_ == 3


def test_the_document_is_as_described():
    X, y = customers()
    document = json.loads(WeightedID3Classifier(max_depth=1).fit(X, y).to_json())
    assert document["format"] == "crmlib tree"
    assert document["version"] == 1
    assert document["nodes"][0]["parent"] == -1
    assert sum(document["nodes"][0]["rows"]) == 300
    assert [record["name"] for record in document["attributes"]] == list(X.columns)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "This is no JSON"),
        ("[]", "no document of the format 'crmlib tree'"),
        ('{"format": "crmlib tree", "version": 99}', "has version 99; this crmlib reads 1"),
    ],
)
def test_other_texts_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        WeightedID3Classifier.from_json(text)


def test_nodes_out_of_order_are_refused():
    X, y = customers()
    document = json.loads(WeightedID3Classifier(max_depth=1).fit(X, y).to_json())
    document["nodes"][0]["parent"] = 5
    with pytest.raises(ValueError, match="not in breadth-first order"):
        WeightedID3Classifier.from_json(json.dumps(document))


def test_what_json_cannot_hold_is_named():
    X = pd.DataFrame({"day": pd.Categorical(pd.to_datetime(["2020-01-01", "2020-01-02"]))})
    model = WeightedID3Classifier().fit(X, [0, 1])
    with pytest.raises(TypeError, match=r"'day' holds Timestamp"):
        model.to_json()
