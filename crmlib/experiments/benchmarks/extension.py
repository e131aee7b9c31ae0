"""More models beside those of `weighted_entropy`, on the same tables and splits.

Registered after the first benchmark was seen and before this was run; the book says why each.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from crmlib.experiments import models
from crmlib.experiments.benchmarks.weighted_entropy import EXPERIMENT as FIRST
from crmlib.experiments.benchmarks.weighted_entropy import TREE, grid
from crmlib.experiments.declare import Experiment, Model, Part


def calibrated_id3() -> Any:
    """Return the plain tree, calibrated; its weighted twin was in the first benchmark."""
    return models.calibrated(models.id3(max_depth=6, min_samples_leaf=10))


def calibrated_bayes() -> Any:
    """Return naive Bayes, calibrated."""
    return models.calibrated(models.network())


def calibrated_boosting() -> Any:
    """Return boosted trees, calibrated."""
    boosted = models.boosting().set_params(max_depth=2)
    return models.calibrated(boosted)


UNPRUNED, FOREST_BAYES = "gain ratio, not pruned", "naive Bayes with a forest"
CATBOOST, EBM, STACKED = "CatBoost", "explainable boosting", "four models stacked"
CALIBRATED = {
    "ID3, calibrated": calibrated_id3,
    "naive Bayes, calibrated": calibrated_bayes,
    "boosted trees, calibrated": calibrated_boosting,
}

MODELS = (
    Model(UNPRUNED, partial(models.id3, criterion="gain_ratio"), TREE),
    Model(
        FOREST_BAYES,
        partial(models.network, "fan"),
        grid(n_bins=(4, 8), prior_strength=(1.0, 10.0)),
    ),
    Model(
        CATBOOST,
        models.catboost,
        grid(catboostclassifier__learning_rate=(0.03, 0.1), catboostclassifier__max_depth=(2, 4)),
        needs=("catboost",),
    ),
    Model(
        EBM,
        models.explainable_boosting,
        grid(learning_rate=(0.03, 0.1), max_leaves=(2, 3)),
        needs=("interpret",),
    ),
    Model(STACKED, models.stacked),
    *(Model(name, build) for name, build in CALIBRATED.items()),
)

EXPERIMENT = Experiment(
    name="weighted-entropy-extension",
    title="Does weighted entropy help? More models",
    question="Do models that the first benchmark left out change its answer?",
    data=FIRST.data,
    models=MODELS,
    protocol=FIRST.protocol,
    metrics=(*FIRST.metrics, "calibration error"),
    inner_folds=FIRST.inner_folds,
    tune_on=FIRST.tune_on,
    quick=Part(data=("MLC++",), splits=1),
    note="Registered after the first results were seen, before these were computed.",
)
