"""Models that experiments share: each a function that builds an unfitted pipeline.

What has to be prepared (gaps, categories, scales) is prepared inside the pipeline, from training
rows only. Trees and networks of crmlib code their columns themselves.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.feature_selection import mutual_info_classif
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import check_is_fitted

from crmlib.bayes import BayesNetClassifier
from crmlib.counts import Encoder
from crmlib.tree import CHAIDClassifier, WeightedID3Classifier


def columns() -> Any:
    """Return a transformer to numbers: gaps filled with medians, categories one column each."""
    return make_column_transformer(
        (
            SimpleImputer(strategy="median", add_indicator=True),
            make_column_selector(dtype_include="number"),
        ),
        remainder=OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        verbose_feature_names_out=False,
    )


def logistic() -> Any:
    """Return a logistic regression on ranges of eight quantiles."""
    ranges = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(Encoder(), ranges, LogisticRegression(max_iter=2000))


def forest(trees: int = 100) -> Any:
    """Return a random forest."""
    return make_pipeline(columns(), RandomForestClassifier(trees, random_state=0))


def boosting() -> Any:
    """Return histogram gradient boosting, 100 trees."""
    return HistGradientBoostingClassifier(random_state=0)


def cart() -> Any:
    """Return a binary tree by Gini impurity."""
    return make_pipeline(columns(), DecisionTreeClassifier(random_state=0))


def xgboost() -> Any:
    """Return XGBoost, 100 trees."""
    from xgboost import XGBClassifier

    model = XGBClassifier(n_estimators=100, random_state=0, n_jobs=1)
    return make_pipeline(columns(), model)


def lightgbm() -> Any:
    """Return LightGBM, 100 trees."""
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(n_estimators=100, random_state=0, n_jobs=1, verbose=-1)
    return make_pipeline(columns().set_output(transform="pandas"), _PlainNames(), model)


def catboost() -> Any:
    """Return CatBoost, 100 trees, on the same columns as the other boosted trees."""
    from catboost import CatBoostClassifier

    model = CatBoostClassifier(
        iterations=100, random_seed=0, thread_count=1, verbose=False, allow_writing_files=False
    )
    return make_pipeline(columns(), model)


def explainable_boosting() -> Any:
    """Return InterpretML's additive model, one bag and no interactions, so that it takes a second.

    Left to itself it averages fourteen bags and adds interactions, for a hundred times the time.
    """
    from interpret.glassbox import ExplainableBoostingClassifier

    return ExplainableBoostingClassifier(
        outer_bags=1, interactions=0, max_rounds=500, random_state=0, n_jobs=1
    )


def stacked() -> Any:
    """Return a logistic regression on the chances four models give out of fold.

    Of four penalties it chooses one itself, by AUC.
    """
    balanced = {"criterion": "weighted_entropy", "class_weight": "balanced"}
    return StackingClassifier(
        [
            ("tree", id3(max_depth=6, min_samples_leaf=10, **balanced)),
            ("bayes", network()),
            ("logistic", logistic()),
            ("boosting", HistGradientBoostingClassifier(max_depth=2, random_state=0)),
        ],
        GridSearchCV(LogisticRegression(), {"C": (0.03, 0.1, 0.3, 1.0)}, scoring="roc_auc", cv=2),
        cv=2,
    )


def calibrated(model: Any) -> Any:
    """Return a model whose chances are bent to the rates of three folds (Platt's sigmoid)."""
    return CalibratedClassifierCV(model, method="sigmoid", cv=3)


def id3(**parameters: Any) -> WeightedID3Classifier:
    """Return a tree of crmlib."""
    return WeightedID3Classifier(**parameters)


def chaid(**parameters: Any) -> CHAIDClassifier:
    """Return a CHAID tree of crmlib."""
    return CHAIDClassifier(**parameters)


def network(structure: str = "naive", **parameters: Any) -> BayesNetClassifier:
    """Return a Bayesian network of crmlib; gaps are states of their own."""
    return BayesNetClassifier(structure, missing="state", **parameters)


class _PlainNames(BaseEstimator):  # type: ignore[misc]
    """Number the columns: some libraries refuse the punctuation of categories in names."""

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002
        """Nothing is learned."""
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the table with its columns numbered."""
        return X.set_axis([f"c{i}" for i in range(X.shape[1])], axis=1)

    def __sklearn_is_fitted__(self) -> bool:
        return True


class AttributeWeightedID3(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """ID3 whose attributes weigh by the information each gives by itself, learned in the fold.

    Parameters
    ----------
    max_depth : int, optional
    min_samples_leaf : int
        As in `WeightedID3Classifier`.
    strength : float
        Exponent of the weights: 0 is ID3, 1 weighs in proportion to the information.
    """

    def __init__(
        self, max_depth: int | None = None, min_samples_leaf: int = 1, strength: float = 1.0
    ) -> None:
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.strength = strength

    def fit(self, X: pd.DataFrame, y: Any) -> Self:
        """Weigh the attributes, then grow the tree."""
        coded = Encoder().fit(X).transform(X)
        bits = mutual_info_classif(
            np.asarray(coded), np.asarray(y), discrete_features=True, random_state=0
        )
        weight = np.maximum(bits / bits.max(), 0.01) ** self.strength
        tree = WeightedID3Classifier(
            max_depth=self.max_depth,
            min_samples_leaf=self.min_samples_leaf,
            attribute_weight=dict(zip(X.columns, weight.tolist(), strict=True)),
        )
        self.tree_ = clone(tree).fit(X, y)
        self.classes_ = self.tree_.classes_
        return self

    def predict_proba(self, X: pd.DataFrame) -> Any:
        """Return the class shares of each row's leaf."""
        check_is_fitted(self, "tree_")
        return self.tree_.predict_proba(X)

    def predict(self, X: pd.DataFrame) -> Any:
        """Return the class of each row."""
        check_is_fitted(self, "tree_")
        return self.tree_.predict(X)


class ByLot(BaseEstimator):  # type: ignore[misc]
    """Rank customers by lot: what a ranking by lift must beat.

    Parameters
    ----------
    random_state : int
        Of the lots.
    """

    def __init__(self, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, X: Any, y: Any, treatment: Any = None) -> Self:  # noqa: ARG002
        """Nothing is learned."""
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: Any) -> Any:
        """Return a lot for each row."""
        check_is_fitted(self, "n_features_in_")
        return np.random.default_rng(self.random_state).random(len(X))


class ByResponse(BaseEstimator):  # type: ignore[misc]
    """Rank customers by the chance that they respond, whether because of the offer or not.

    Parameters
    ----------
    outcome : classifier
        Model of the outcome; learned from the treated, as a campaign's history is.
    """

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome

    def fit(self, X: pd.DataFrame, y: Any, treatment: Any) -> Self:
        """Learn who responds, among those who got the offer."""
        given = np.asarray(treatment).astype(bool)
        self.outcome_ = clone(self.outcome).fit(X[given], np.asarray(y)[given])
        return self

    def predict(self, X: pd.DataFrame) -> Any:
        """Return the chance of a response."""
        check_is_fitted(self, "outcome_")
        return self.outcome_.predict_proba(X)[:, 1]
