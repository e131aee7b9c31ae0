"""The models a risk can come from: statistical, learned as rules, or the experts' own weights."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from crmlib._checks import as_frame, one_of
from crmlib.early_warning.indicators import IndicatorSystem
from crmlib.early_warning.scoring import Scorer

#: The models `model_of` makes, with a line on each.
MODELS = {
    "logistic": "logistic regression on ranks: smooth, hard to beat on few losses",
    "boosting": "gradient-boosted trees: finds interactions, explains little",
    "tree": "weighted ID3: rules a manager can read",
    "network": "Bayesian network (tree-augmented), calibrated: bears gaps",
    "index": "the weighted index of the indicator system, scaled to a chance",
    "rules": "the weight of the alarm values reached, scaled to a chance",
}


def logistic(random_state: int = 0) -> Any:
    """Return the default model: logistic regression on the ranks of the indicators.

    Ranks bear outliers and skew; a gap counts as the median, and that there was a gap is an
    indicator of its own.

    Parameters
    ----------
    random_state : int
        Seed of the sample the ranks are taken from.

    Returns
    -------
    sklearn Pipeline

    Examples
    --------
    >>> logistic().steps[-1][0]
    'logisticregression'
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer, StandardScaler

    return make_pipeline(
        _gaps(),
        QuantileTransformer(n_quantiles=100, subsample=20_000, random_state=random_state),
        StandardScaler(),
        LogisticRegression(max_iter=1000),
    )


def _gaps() -> Any:
    """Fill a gap with the median, and remember that there was one."""
    from sklearn.impute import SimpleImputer

    return SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)


class ExpertModel(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The weights of an indicator system as a classifier: only the scale is learned.

    The order of the customers is the experts'; a logistic curve on top turns it into chances.
    The curve may not fall: an index that ranks the wrong way gives everybody the base rate.

    Parameters
    ----------
    system : IndicatorSystem
        Indicators, weights and alarm values.
    by : {'index', 'rules'}
        The weighted index, or the weight of the alarm values reached.

    Attributes
    ----------
    classes_ : array
    scorer_ : Scorer
    slope_, intercept_ : float
        Of the logistic curve.

    Examples
    --------
    >>> system = IndicatorSystem.builtin().only(["incidents"])
    >>> seen = pd.DataFrame({"incidents": [0.0, 1.0, 2.0, 3.0] * 5})
    >>> model = ExpertModel(system).fit(seen, [False, False, True, True] * 5)
    >>> model.predict_proba(seen)[:4, 1].argsort().tolist()
    [0, 1, 2, 3]
    """

    def __init__(self, system: IndicatorSystem, by: str = "index") -> None:
        self.system = system
        self.by = by

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> Self:
        """Learn the scale from indicators and what came of the customers."""
        from sklearn.linear_model import LogisticRegression

        one_of(self.by, ("index", "rules"), "by")
        self.scorer_ = Scorer.fit(as_frame(X, "X"), self.system)
        outcome = np.asarray(y)
        self.classes_ = np.unique(outcome)
        if len(self.classes_) != 2:
            raise ValueError(f"y must hold two classes, got {len(self.classes_)}.")
        lost = outcome == self.classes_[1]
        curve = LogisticRegression(max_iter=1000).fit(self._score(X), lost)
        self.slope_, self.intercept_ = float(curve.coef_[0, 0]), float(curve.intercept_[0])
        if self.slope_ < 0:
            self.slope_, self.intercept_ = 0.0, float(np.log(lost.mean() / (1 - lost.mean())))
        return self

    def _score(self, X: pd.DataFrame) -> NDArray[np.float64]:
        score = self.scorer_.index(X) if self.by == "index" else self.scorer_.rules(X)
        # A customer of whom nothing is known is as good as any: the middle of the index.
        return score.fillna(0.5).to_numpy(float)[:, None]

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return the chance of each class."""
        from scipy.special import expit

        chance = expit(self.intercept_ + self.slope_ * self._score(X)[:, 0])
        return np.column_stack([1 - chance, chance])

    def predict(self, X: pd.DataFrame) -> NDArray[Any]:
        """Return the likelier class."""
        likelier: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return likelier


def model_of(name: str, system: IndicatorSystem | None = None, *, random_state: int = 0) -> Any:
    """Return the model with a name, ready for `EarlyWarning`.

    Parameters
    ----------
    name : {'logistic', 'boosting', 'tree', 'network', 'index', 'rules'}
        See `MODELS` for a line on each.
    system : IndicatorSystem, optional
        For 'index' and 'rules'; the built-in system by default.
    random_state : int
        Seed, where the model has one.

    Returns
    -------
    classifier
        With `fit` and `predict_proba` on a DataFrame of indicators with gaps.

    Raises
    ------
    ValueError
        No such model.

    Examples
    --------
    >>> model_of("index").by
    'index'
    """
    one_of(name, MODELS, "model")
    if name == "logistic":
        return logistic(random_state)
    if name == "boosting":
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.pipeline import make_pipeline

        # An indicator that nobody has yet would stop the trees.
        return make_pipeline(
            _gaps(),
            HistGradientBoostingClassifier(
                max_iter=100, learning_rate=0.05, max_leaf_nodes=15, min_samples_leaf=100,
                random_state=random_state,
            ),
        )  # fmt: skip
    if name == "tree":
        from crmlib.tree import WeightedID3Classifier

        # Losses are rare: a test keeps the tree from growing on noise, and leaves stay large
        # enough for their shares to be chances.
        return WeightedID3Classifier(
            criterion="gain_ratio", max_depth=5, min_samples_leaf=100, chi2_alpha=1e-4, n_bins=5
        )
    if name == "network":
        from sklearn.calibration import CalibratedClassifierCV

        from crmlib.bayes import BayesNetClassifier

        # A network counts related evidence twice; money needs honest chances.
        return CalibratedClassifierCV(BayesNetClassifier("tan", n_bins=5), cv=3)
    return ExpertModel(IndicatorSystem.builtin() if system is None else system, name)
