"""Ranking by lift against ranking by response and by lot, on Hillstrom's two e-mails."""

from __future__ import annotations

from functools import partial
from typing import Any

from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline

from crmlib.experiments import models, tables
from crmlib.experiments.declare import Data, Experiment, Model, Part
from crmlib.experiments.protocols import KFold
from crmlib.recovery import DRLearner, TLearner, XLearner

#: Shallow and slow: effects are small, and a deep tree finds them where there are none.
SETTINGS = {"max_depth": 2, "learning_rate": 0.05, "max_iter": 50, "random_state": 0}


def outcome(kind: str) -> Any:
    """Return a model of who visits."""
    if kind == "logistic":
        return models.logistic()
    return make_pipeline(models.columns(), HistGradientBoostingClassifier(**SETTINGS))


def effect() -> Any:
    """Return a model of the effect itself."""
    return make_pipeline(models.columns(), HistGradientBoostingRegressor(**SETTINGS))


def t_learner(kind: str) -> Any:
    """Return the difference of two models."""
    return TLearner(outcome(kind))


def x_learner() -> Any:
    """Return the model that imputes each customer's other outcome."""
    return XLearner(outcome("boosting"), effect())


def dr_learner() -> Any:
    """Return the model of doubly robust scores."""
    return DRLearner(outcome("boosting"), effect(), random_state=0)


def by_response(kind: str) -> Any:
    """Return the ranking by the chance of a visit."""
    return models.ByResponse(outcome(kind))


LOTS = "by lot"

EXPERIMENT = Experiment(
    name="hillstrom-uplift",
    title="Hillstrom: ranking by lift",
    question="Does ranking by predicted lift find more visits than ranking by response, or lots?",
    data=(
        Data("women's e-mail", partial(tables.hillstrom, "Womens E-Mail")),
        Data("men's e-mail", partial(tables.hillstrom, "Mens E-Mail")),
    ),
    models=(
        Model(LOTS, models.ByLot, lift=True),
        Model("by response, logistic", partial(by_response, "logistic"), lift=True),
        Model("by response, boosted trees", partial(by_response, "boosting"), lift=True),
        Model("T-learner, logistic", partial(t_learner, "logistic"), lift=True),
        Model("T-learner, boosted trees", partial(t_learner, "boosting"), lift=True),
        Model("X-learner, boosted trees", x_learner, lift=True),
        Model("DR-learner, boosted trees", dr_learner, lift=True),
    ),
    protocol=KFold(folds=2, repeats=5, seed=0),
    metrics=("Qini", "AUUC"),
    tune_on="AUC",
    quick=Part(data=("women's e-mail",), models=(LOTS, "T-learner, logistic"), splits=1),
    note="No model is tuned. The two e-mails share the customers who got none.",
)
