"""The classifier is a scikit-learn classifier."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from crmlib.counts import Encoder
from crmlib.tree import CHAIDClassifier, WeightedID3Classifier

#: Checks that a weight of 2 is the same as two rows.
REPEATED = ("check_sample_weight_equivalence_on_dense_data",)


def expected_failures(estimator):
    """Return what this estimator fails, and why that is right."""
    if isinstance(estimator, CHAIDClassifier):
        rows = "Its tests look at rows, not at weights: a customer of weight 2 is one customer."
        return dict.fromkeys(REPEATED, rows)
    if estimator.min_samples_leaf == 1 and estimator.pruning is None:
        return {
            "check_class_weight_classifiers": "A tree grown to pure leaves cannot follow class "
            "weights there; scikit-learn's own trees are spared by min_weight_fraction_leaf."
        }
    return {}


@parametrize_with_checks(
    [
        WeightedID3Classifier(),
        WeightedID3Classifier("weighted_entropy", max_depth=4, min_samples_leaf=2),
        WeightedID3Classifier("gain_ratio", pruning="pessimistic", bins="mdl"),
        WeightedID3Classifier(missing="fractional"),
        CHAIDClassifier(),
        CHAIDClassifier(bins="mdl", missing="error", max_depth=3),
    ],
    expected_failed_checks=expected_failures,
)
def test_scikit_learn_accepts_the_classifier(estimator, check):
    check(estimator)


def customers(n=300):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"plan": rng.choice(["a", "b", "c"], n), "calls": rng.normal(size=n)})
    return X, np.where((X["plan"] == "a") & (X["calls"] > 0), "churn", "stay")


def test_it_works_in_grid_search_pipelines_and_clones():
    X, y = customers()
    search = GridSearchCV(
        WeightedID3Classifier(), {"max_depth": [1, 2], "criterion": ["gain", "gain_ratio"]}, cv=3
    )
    assert search.fit(X, y).best_params_["max_depth"] == 2
    assert search.best_score_ == pytest.approx(1, abs=0.1)
    assert cross_val_score(search.best_estimator_, X, y, scoring="roc_auc").mean() > 0.9
    piped = make_pipeline(Encoder(bins="mdl"), WeightedID3Classifier(bins="category"))
    assert piped.fit(X, y).score(X, y) > 0.95
    copy = clone(search.best_estimator_)
    assert not hasattr(copy, "tree_")
    assert copy.get_params() == search.best_estimator_.get_params()
    assert search.best_estimator_.feature_names_in_.tolist() == ["plan", "calls"]
