"""Does weighted entropy help? The benchmark, as registered before it was run.

The hypotheses, tests and thresholds are in words in the book (`book/research/`); what a program
can hold of them is here. A change after the first run is a new benchmark with a new name.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

from sklearn.calibration import CalibratedClassifierCV

from crmlib.experiments import models, tables
from crmlib.experiments.declare import Data, Experiment, Model, Part
from crmlib.experiments.protocols import KFold


def grid(**settings: tuple[Any, ...]) -> tuple[dict[str, Any], ...]:
    """Return every combination of settings."""
    return tuple(dict(zip(settings, values, strict=True)) for values in product(*settings.values()))


def _calibrated() -> Any:
    tree = models.id3(
        criterion="weighted_entropy", class_weight="balanced", max_depth=6, min_samples_leaf=10
    )
    return CalibratedClassifierCV(tree, method="sigmoid", cv=3)


#: Four settings for everybody who is tuned.
SIZE = {"max_depth": (3, 6), "min_samples_leaf": (10, 40)}
TREE = grid(**SIZE)
BALANCED = {"class_weight": "balanced"}

PLAIN = "ID3"
#: The models that use weights in growing the tree; each is compared with PLAIN.
WEIGHTED = (
    "ID3, weighted counts",
    "ID3, weighted entropy",
    "ID3, weighted entropy ratio",
    "ID3, weighted entropy x3",
    "ID3, value weights",
    "ID3, attribute weights",
    "ID3, historical I - λE",
)
#: Differences smaller than these do not matter in practice.
ROPE = {"AUC": 0.01, "EMP": 0.10, "top-decile lift": 0.10, "log loss": 0.01, "Brier": 0.002}

MODELS = (
    Model("ID3, grown to the end", models.id3),
    Model(PLAIN, models.id3, TREE),
    Model(WEIGHTED[0], partial(models.id3, **BALANCED), TREE),
    Model(WEIGHTED[1], partial(models.id3, criterion="weighted_entropy", **BALANCED), TREE),
    Model(WEIGHTED[2], partial(models.id3, criterion="weighted_entropy_ratio", **BALANCED), TREE),
    Model(
        WEIGHTED[3],
        partial(models.id3, criterion="weighted_entropy", class_weight={True: 3.0}),
        TREE,
    ),
    Model(WEIGHTED[4], models.id3, TREE, weigh=True),
    Model(WEIGHTED[5], models.AttributeWeightedID3, TREE),
    Model(WEIGHTED[6], partial(models.id3, criterion="historical_lambda"), TREE),
    Model("ID3, weighted entropy, calibrated", _calibrated),
    Model("ID3, chi-square test", models.id3, grid(chi2_alpha=(0.05, 0.01, 0.001, 0.0001))),
    Model(
        "C4.5-like",
        partial(models.id3, criterion="gain_ratio", pruning="pessimistic"),
        grid(confidence=(0.05, 0.25), min_samples_leaf=(10, 40)),
    ),
    Model(
        "CART", models.cart, grid(**{f"decisiontreeclassifier__{k}": v for k, v in SIZE.items()})
    ),
    Model("naive Bayes", models.network, grid(n_bins=(4, 8), prior_strength=(1.0, 10.0))),
    Model("TAN", partial(models.network, "tan"), grid(n_bins=(4, 8), prior_strength=(1.0, 10.0))),
    Model("hill-climbed network", partial(models.network, "augmented", starts=1, random_state=0)),
    Model(
        "logistic regression", models.logistic, grid(logisticregression__C=(0.03, 0.1, 0.3, 1.0))
    ),
    Model(
        "random forest",
        partial(models.forest, trees=50),
        grid(randomforestclassifier__min_samples_leaf=(2, 5, 10, 20)),
    ),
    Model("boosted trees", models.boosting, grid(learning_rate=(0.03, 0.1), max_depth=(2, 4))),
    Model(
        "XGBoost",
        models.xgboost,
        grid(xgbclassifier__learning_rate=(0.03, 0.1), xgbclassifier__max_depth=(2, 4)),
        needs=("xgboost",),
    ),
    Model(
        "LightGBM",
        models.lightgbm,
        grid(lgbmclassifier__learning_rate=(0.03, 0.1), lgbmclassifier__max_depth=(2, 4)),
        needs=("lightgbm",),
    ),
)

EXPERIMENT = Experiment(
    name="weighted-entropy",
    title="Does weighted entropy help?",
    question="Does an ID3 tree predict churn better, or earn more, if its entropy is weighted?",
    data=(
        Data("IBM Telco", tables.telco),
        Data("MLC++", tables.mlc),
        Data("Iranian", tables.iranian),
        Data("TV", tables.television),
        Data("operator", partial(tables.operator, "baseline")),
        Data("operator, price war", partial(tables.operator, "price-war", seed=1)),
        Data("operator, portability", partial(tables.operator, "number-portability", seed=2)),
        Data("operator, collapse", partial(tables.operator, "service-collapse", seed=3)),
    ),
    models=MODELS,
    protocol=KFold(folds=2, repeats=5, seed=0),
    metrics=("AUC", "log loss", "Brier", "top-decile lift", "EMP"),
    inner_folds=2,
    tune_on="AUC",
    quick=Part(
        data=("MLC++", "operator"),
        models=(PLAIN, *WEIGHTED[:3], "logistic regression"),
        splits=2,
    ),
    note=(
        "Registered before it was run. IBM Telco and MLC++ are artificial, the four operators "
        "come from one simulator; only Iranian and TV hold real customers."
    ),
)
