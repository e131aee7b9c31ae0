"""Whom the offer moves: learners of the incremental effect, made of scikit-learn's parts.

A model of who comes back finds customers who would have come anyway; a lift model finds those who
come *because* of the offer. It needs a control group: customers left alone, best at random.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.validation import check_is_fitted

from crmlib._checks import number, numbers, whole

Floats = npt.NDArray[np.float64]


class _LiftLearner(MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """What the three learners share: checks, and models of the outcome with and without."""

    def _check(
        self, X: Any, y: npt.ArrayLike, treatment: npt.ArrayLike
    ) -> tuple[Any, Floats, npt.NDArray[np.bool_]]:
        outcome = numbers(y, "y")
        given = np.asarray(treatment)
        rows = len(X)
        if outcome.shape != (rows,) or given.shape != (rows,):
            raise ValueError(
                f"X has {rows} rows, y shape {outcome.shape}, treatment shape {given.shape}."
            )
        if not np.isin(given, [0, 1]).all():
            raise ValueError("treatment must hold 1 (offer made) and 0 (left alone).")
        treated = given.astype(bool)
        if treated.all() or not treated.any():
            raise ValueError("treatment holds one group only: a lift needs a control group.")
        self.n_features_in_ = X.shape[1]
        if isinstance(X, pd.DataFrame):
            self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        return X, outcome, treated


class TLearner(_LiftLearner):
    """Two models: the outcome of the treated less the outcome of the control group.

    Simple and unbiased, but the difference of two fits is noisy where groups differ in size.

    Parameters
    ----------
    outcome : scikit-learn estimator, optional
        Model of the outcome, classifier (0 and 1) or regressor; logistic regression by default.

    Attributes
    ----------
    treated_, control_ : estimator
        The fitted models.

    References
    ----------
    Künzel, Sekhon, Bickel & Yu (2019), "Metalearners for estimating heterogeneous treatment
    effects using machine learning", PNAS 116(10).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, t = rng.normal(size=(4000, 1)), rng.integers(0, 2, 4000)
    >>> y = rng.random(4000) < 0.2 + 0.3 * t * (X[:, 0] > 0)
    >>> lift = TLearner().fit(X, y.astype(int), t).predict(np.array([[-2.0], [2.0]]))
    >>> bool(lift[1] > lift[0])
    True
    """

    def __init__(self, outcome: Any = None) -> None:
        self.outcome = outcome

    def fit(self, X: Any, y: npt.ArrayLike, treatment: npt.ArrayLike) -> TLearner:
        """Fit to customers with (1) and without (0) the offer.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_customers, n_features)
            Fields known before the offer.
        y : array-like of shape (n_customers,)
            Outcome: back or not, or money.
        treatment : array-like of shape (n_customers,)
            1 with the offer, 0 without.

        Returns
        -------
        TLearner
            Itself.
        """
        X, outcome, treated = self._check(X, y, treatment)
        self.treated_ = _fit(self.outcome, X, outcome, treated)
        self.control_ = _fit(self.outcome, X, outcome, ~treated)
        return self

    def predict(self, X: Any) -> Floats:
        """Return the lift of each customer: expected outcome with less that without the offer."""
        check_is_fitted(self)
        return np.asarray(_mean(self.treated_, X) - _mean(self.control_, X))


class XLearner(_LiftLearner):
    """Imputed effects of each group, modeled and weighted by the chance of treatment.

    Good where one group is much larger than the other, as a campaign and its control group are.

    Parameters
    ----------
    outcome : scikit-learn estimator, optional
        Model of the outcome; logistic regression by default.
    effect : scikit-learn regressor, optional
        Model of the imputed effects; linear regression by default.
    propensity : float, optional
        Chance of treatment; the share treated by default, which is right for a random control
        group.

    Attributes
    ----------
    effect_treated_, effect_control_ : estimator
        Fitted effect models.
    propensity_ : float
        Weight of the control group's model.

    References
    ----------
    Künzel, Sekhon, Bickel & Yu (2019), PNAS 116(10).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, t = rng.normal(size=(4000, 1)), rng.integers(0, 2, 4000)
    >>> y = 2 * X[:, 0] + t * (1 + X[:, 0]) + rng.normal(size=4000)
    >>> lift = XLearner(LinearRegression()).fit(X, y, t).predict(np.array([[0.0], [1.0]]))
    >>> lift.round(0).tolist()
    [1.0, 2.0]
    """

    def __init__(
        self, outcome: Any = None, effect: Any = None, propensity: float | None = None
    ) -> None:
        self.outcome = outcome
        self.effect = effect
        self.propensity = propensity

    def fit(self, X: Any, y: npt.ArrayLike, treatment: npt.ArrayLike) -> XLearner:
        """Fit to customers with (1) and without (0) the offer; see `TLearner.fit`."""
        X, outcome, treated = self._check(X, y, treatment)
        with_offer = _fit(self.outcome, X, outcome, treated)
        without = _fit(self.outcome, X, outcome, ~treated)
        effect = LinearRegression() if self.effect is None else self.effect
        gained = outcome[treated] - _mean(without, _rows(X, treated))
        missed = _mean(with_offer, _rows(X, ~treated)) - outcome[~treated]
        self.effect_treated_ = clone(effect).fit(_rows(X, treated), gained)
        self.effect_control_ = clone(effect).fit(_rows(X, ~treated), missed)
        if self.propensity is None:
            self.propensity_ = float(treated.mean())
        else:
            self.propensity_ = number(self.propensity, "propensity", 0, 1)
        return self

    def predict(self, X: Any) -> Floats:
        """Return the lift of each customer."""
        check_is_fitted(self)
        e = self.propensity_
        from_control = self.effect_control_.predict(X)
        from_treated = self.effect_treated_.predict(X)
        return np.asarray(e * from_control + (1 - e) * from_treated, dtype=float)


class DRLearner(_LiftLearner):
    """Doubly robust: regress a score whose mean is the lift, with models fitted on other folds.

    Consistent where either the outcome models or the propensities are right; with a random control
    group the propensities are known, so wrong outcome models cost precision only.

    Parameters
    ----------
    outcome : scikit-learn estimator, optional
        Model of the outcome; logistic regression by default.
    effect : scikit-learn regressor, optional
        Final model of the lift; linear regression by default.
    propensity : float or scikit-learn classifier, optional
        Known chance of treatment, or a model of it; the share treated by default.
    folds : int
        Folds of cross-fitting.
    random_state : int, optional
        Seed of the folds.

    Attributes
    ----------
    effect_ : estimator
        Fitted model of the lift.
    scores_ : array of shape (n_customers,)
        Doubly robust scores; their mean estimates the average lift.

    References
    ----------
    Kennedy (2023), "Towards optimal doubly robust estimation of heterogeneous causal effects",
    Electronic Journal of Statistics 17(2).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, t = rng.normal(size=(4000, 1)), rng.integers(0, 2, 4000)
    >>> y = 2 * X[:, 0] + t * (1 + X[:, 0]) + rng.normal(size=4000)
    >>> lift = DRLearner(LinearRegression(), random_state=0).fit(X, y, t).predict([[0.0], [1.0]])
    >>> lift.round(0).tolist()
    [1.0, 2.0]
    """

    def __init__(
        self,
        outcome: Any = None,
        effect: Any = None,
        propensity: Any = None,
        folds: int = 5,
        random_state: int | None = None,
    ) -> None:
        self.outcome = outcome
        self.effect = effect
        self.propensity = propensity
        self.folds = folds
        self.random_state = random_state

    def fit(self, X: Any, y: npt.ArrayLike, treatment: npt.ArrayLike) -> DRLearner:
        """Fit to customers with (1) and without (0) the offer; see `TLearner.fit`."""
        X, outcome, treated = self._check(X, y, treatment)
        self.scores_ = doubly_robust_scores(
            X,
            outcome,
            treated,
            outcome=self.outcome,
            propensity=self.propensity,
            folds=self.folds,
            random_state=self.random_state,
        )
        effect = LinearRegression() if self.effect is None else self.effect
        self.effect_ = clone(effect).fit(X, self.scores_)
        return self

    def predict(self, X: Any) -> Floats:
        """Return the lift of each customer."""
        check_is_fitted(self)
        return np.asarray(self.effect_.predict(X), dtype=float)


def doubly_robust_scores(
    X: Any,
    y: npt.ArrayLike,
    treatment: npt.ArrayLike,
    *,
    outcome: Any = None,
    propensity: Any = None,
    folds: int = 5,
    random_state: int | None = None,
) -> Floats:
    """Return a score for each customer whose mean over any group is that group's lift.

    psi = m1 - m0 + t (y - m1) / e - (1 - t) (y - m0) / (1 - e), with outcome models m1, m0 and
    propensity e fitted on the other folds.

    Parameters
    ----------
    X, y, treatment
        As in `TLearner.fit`.
    outcome : scikit-learn estimator, optional
        Model of the outcome; logistic regression by default.
    propensity : float or scikit-learn classifier, optional
        Known chance of treatment, or a model of it (its chances are kept within 0.01 to 0.99);
        the share treated by default.
    folds : int
        Folds of cross-fitting.
    random_state : int, optional
        Seed of the folds.

    Returns
    -------
    array of shape (n_customers,)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, t = rng.normal(size=(4000, 1)), rng.integers(0, 2, 4000)
    >>> y = X[:, 0] + t + rng.normal(size=4000)
    >>> scores = doubly_robust_scores(X, y, t, outcome=LinearRegression(), random_state=0)
    >>> bool(abs(scores.mean() - 1) < 0.1)
    True
    """
    X, target, treated = _LiftLearner()._check(X, y, treatment)
    size = whole(folds, "folds", 2)
    if min(treated.sum(), (~treated).sum()) < 2 * size:
        raise ValueError(
            f"A group has {min(treated.sum(), (~treated).sum())} customers, too few for {size} "
            "folds."
        )
    # Folds hold both groups alike, and, where they are common enough, both outcomes.
    strata = treated + 2 * (target == target.max())
    if np.bincount(strata, minlength=4).min() < size:
        strata = treated.astype(int)
    splitter = StratifiedKFold(size, shuffle=True, random_state=random_state)
    m1, m0 = np.empty(len(target)), np.empty(len(target))
    e = np.full(len(target), treated.mean())
    if isinstance(propensity, int | float):
        e[:] = number(propensity, "propensity", 0, 1, open_low=True, open_high=True)
    for rest, fold in splitter.split(np.zeros(len(target)), strata):
        inside = np.zeros(len(target), dtype=bool)
        inside[rest] = True
        there = np.zeros(len(target), dtype=bool)
        there[fold] = True
        m1[fold] = _mean(_fit(outcome, X, target, inside & treated), _rows(X, there))
        m0[fold] = _mean(_fit(outcome, X, target, inside & ~treated), _rows(X, there))
        if hasattr(propensity, "fit"):
            model = clone(propensity).fit(_rows(X, inside), treated[inside])
            e[fold] = np.clip(model.predict_proba(_rows(X, there))[:, 1], 0.01, 0.99)
    t = treated.astype(float)
    return np.asarray(m1 - m0 + t * (target - m1) / e - (1 - t) * (target - m0) / (1 - e))


def _fit(model: Any, X: Any, y: Floats, rows: npt.NDArray[np.bool_]) -> Any:
    """Fit a clone of the model to some rows; a class that never occurs gives a constant."""
    chosen = LogisticRegression(max_iter=1000) if model is None else model
    target = y[rows]
    if not is_classifier(chosen):
        return clone(chosen).fit(_rows(X, rows), target)
    if not np.isin(target, [0, 1]).all():
        raise ValueError(
            "A classifier needs outcomes 0 and 1; give a regressor as `outcome` for money."
        )
    if target.min() == target.max():
        return _Constant(float(target[0]))
    return clone(chosen).fit(_rows(X, rows), target.astype(int))


class _Constant:
    """A model of a group in which everybody, or nobody, came back."""

    def __init__(self, value: float) -> None:
        self.value = value

    def predict(self, X: Any) -> Floats:
        return np.full(len(X), self.value)


def _mean(model: Any, X: Any) -> Floats:
    """Return the expected outcome: the chance of 1, or the regression."""
    if is_classifier(model) if hasattr(model, "get_params") else False:
        return np.asarray(model.predict_proba(X)[:, 1], dtype=float)
    return np.asarray(model.predict(X), dtype=float)


def _rows(X: Any, keep: npt.NDArray[np.bool_]) -> Any:
    return X.loc[keep] if isinstance(X, pd.DataFrame) else np.asarray(X)[keep]
