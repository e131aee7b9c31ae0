"""CHAID beside the models of `weighted_entropy`, on the same tables and splits.

Registered after the first two benchmarks were seen and before this was run; the book says why.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from crmlib.experiments import models
from crmlib.experiments.benchmarks.weighted_entropy import EXPERIMENT as FIRST
from crmlib.experiments.benchmarks.weighted_entropy import TREE
from crmlib.experiments.declare import Experiment, Model, Part

CHAID, UNADJUSTED, CALIBRATED = "CHAID", "CHAID, p-values as they are", "CHAID, calibrated"


def calibrated_chaid() -> Any:
    """Return CHAID, calibrated; its settings are those of the calibrated plain tree."""
    return models.calibrated(models.chaid(max_depth=6, min_samples_leaf=10))


EXPERIMENT = Experiment(
    name="weighted-entropy-chaid",
    title="Does weighted entropy help? CHAID",
    question="Does a tree by tests, which joins alike values, do better than trees by gain?",
    data=FIRST.data,
    models=(
        Model(CHAID, models.chaid, TREE),
        Model(UNADJUSTED, partial(models.chaid, bonferroni=False), TREE),
        Model(CALIBRATED, calibrated_chaid),
    ),
    protocol=FIRST.protocol,
    metrics=(*FIRST.metrics, "calibration error"),
    inner_folds=FIRST.inner_folds,
    tune_on=FIRST.tune_on,
    quick=Part(data=("MLC++",), splits=1),
    note="Registered after other models' results were seen, before these were computed.",
)
