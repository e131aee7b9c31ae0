"""Hostile input: a clear error or a documented result for each."""

import numpy as np
import pandas as pd
import pytest

from crmlib.tree import WeightedID3Classifier, gain_table

X = pd.DataFrame({"plan": ["a", "a", "b", "b"], "calls": [1, 2, 3, 4]})
Y = np.array(["no", "no", "yes", "no"])


def fit(frame=X, y=Y, weight=None, **options):
    return WeightedID3Classifier(**options).fit(frame, y, weight)


@pytest.mark.parametrize(
    ("frame", "y", "message"),
    [
        (X.head(0), Y[:0], "X is empty: 0 rows, 2 columns"),
        (X[[]], Y, "X is empty: 4 rows, 0 columns"),
        (X, Y[:3], "y has 3 entries for 4 rows of X"),
        (X, ["no", None, "yes", "no"], r"y contains NaN: 1 of its classes .* in row 1"),
        (X, [0.0, np.nan, 1.0, np.nan], r"y contains NaN: 2 of its classes .* in row 1"),
        (X, [0.1, 0.2, 0.3, 0.4], "Unknown label type: continuous"),
        (X, [0.0, np.inf, 1.0, 0.0], "y contains infinity"),
        (X.set_axis(["a", "a"], axis=1), Y, "duplicate column names: 'a'"),
        (X.assign(calls=[1, np.inf, 2, 3]), Y, "'calls' holds infinity in row 1"),
    ],
)
def test_tables_that_cannot_be_learned_from(frame, y, message):
    with pytest.raises(ValueError, match=message):
        fit(frame, y)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (X.assign(plan=["a", 1, "b", "b"]), r"'plan' mixes str 'a' with int 1"),
        (X.assign(plan=[["a"], ["b"], ["a"], ["b"]]), r"'plan' holds mixed values such as \['a'\]"),
        (X.assign(day=pd.Timestamp("2020-01-01")), r"'day' has dtype datetime"),
    ],
)
def test_columns_of_the_wrong_kind(frame, message):
    with pytest.raises(TypeError, match=message):
        fit(frame)


def test_classes_of_mixed_types_are_refused():
    with pytest.raises(TypeError, match="y mixes types int, str"):
        fit(y=np.array(["no", 1, "yes", "no"], dtype=object))


def test_one_class_gives_a_tree_that_always_says_it():
    model = fit(y=["no"] * 4)
    assert model.classes_.tolist() == ["no"]
    assert model.predict(X).tolist() == ["no"] * 4
    assert model.predict_proba(X).tolist() == [[1.0]] * 4
    with pytest.raises(ValueError, match="was not measured: it holds one class"):
        gain_table(X, ["no"] * 4)


def test_constant_columns_are_never_split_on():
    frame = X.assign(same="x", zero=0)
    model = fit(frame)
    assert {"same", "zero"}.isdisjoint(model.steps()["split"])
    alone = fit(frame[["same", "zero"]])
    assert len(alone.tree_) == 1
    assert alone.predict(frame[["same", "zero"]]).tolist() == ["no"] * 4


def test_a_column_without_a_single_value_is_harmless():
    model = fit(X.assign(gone=None, void=np.nan))
    assert {"gone", "void"}.isdisjoint(model.steps()["split"])


def test_a_hundred_thousand_categories_are_refused_unless_asked_for():
    n = 100_000
    frame = pd.DataFrame({"id": [f"c{i}" for i in range(n)], "plan": ["a", "b"] * (n // 2)})
    y = np.arange(n) % 2
    with pytest.raises(ValueError, match=r"'id' has 100,000 categories, more than max_categories"):
        fit(frame, y)
    model = fit(frame, y, criterion="gain_ratio", max_categories=n)
    assert model.steps()["split"].tolist() == ["plan"]


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, -1, 1, 1], "sample_weight must not be negative: it is -1 in row 1"),
        ([0, 0, 0, 0], "Every sample_weight is zero"),
        ([1, np.nan, 1, 1], "sample_weight must be finite: it is nan in row 1"),
        ([1, 1], r"sample_weight has shape \(2,\); there are 4 rows"),
    ],
)
def test_weights_that_weigh_nothing(weight, message):
    with pytest.raises(ValueError, match=message):
        fit(weight=weight)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"class_weight": {"no": 0, "yes": 0}}, "Every class_weight is zero"),
        ({"class_weight": {"no": -1}}, r"class_weight\['no'\] must lie in"),
        ({"class_weight": {"nope": 1}}, "class_weight names 'nope'; there are 'no', 'yes'"),
        ({"class_weight": "balance"}, "did you mean 'balanced'"),
        ({"attribute_weight": {"plans": 1}}, "attribute_weight names 'plans'; there are 'plan'"),
        ({"attribute_weight": {"plan": -1}}, r"attribute_weight\['plan'\] must lie in"),
        ({"attribute_cost": {"plan": 0}, "criterion": "idx"}, r"attribute_cost\['plan'\] must lie"),
        ({"criterion": "gini"}, "criterion must be one of 'gain'"),
        ({"pruning": "pesimistic"}, "did you mean 'pessimistic'"),
        ({"missing": "ignore"}, "missing must be one of 'branch'"),
        ({"engine": "gpu"}, "engine must be one of"),
        ({"max_depth": -1}, "max_depth must lie in"),
        ({"min_samples_split": 1}, "min_samples_split must lie in"),
        ({"min_samples_leaf": 0}, "min_samples_leaf must lie in"),
        ({"min_gain": -0.1}, "min_gain must lie in"),
        ({"chi2_alpha": 0}, "chi2_alpha must lie in"),
        ({"confidence": 1}, "confidence must lie in"),
        ({"validation_fraction": 0}, "validation_fraction must lie in"),
        ({"ccp_alpha": -1}, "ccp_alpha must lie in"),
        ({"n_bins": 0}, "n_bins must lie in"),
    ],
)
def test_parameters_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        fit(**options)


def test_unseen_columns_at_prediction_are_named():
    model = fit()
    with pytest.raises(ValueError, match="unseen at fit time:\n- age"):
        model.predict(X.assign(age=3))
    with pytest.raises(ValueError, match="yet now missing:\n- calls"):
        model.predict(X[["plan"]])
    with pytest.raises(ValueError, match="'calls' was learned as numbers, but holds 'many'"):
        model.predict(X.assign(calls=["1", "2", "many", "4"]))


def test_a_class_of_weight_zero_never_wins_where_another_is():
    frame = pd.DataFrame({"plan": ["a", "a", "a", "b"]})
    model = fit(frame, ["no", "no", "yes", "no"], class_weight={"no": 0})
    assert model.predict(frame).tolist() == ["yes"] * 4


def test_asking_before_fitting_says_so():
    from sklearn.exceptions import NotFittedError

    for ask in (
        lambda model: model.predict(X),
        lambda model: model.rules(),
        lambda model: model.to_json(),
        lambda model: model.gain_table(),
    ):
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            ask(WeightedID3Classifier())
