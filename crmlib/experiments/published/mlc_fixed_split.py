"""Errors on the 1,667 test rows of MLC++ churn's published split."""

from __future__ import annotations

from functools import partial
from typing import Any

from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from crmlib.experiments import models, tables
from crmlib.experiments.declare import Data, Experiment, Model
from crmlib.experiments.protocols import FixedSplit


def tree() -> Any:
    """Return a CART tree of at most 16 leaves."""
    return make_pipeline(
        models.columns(), DecisionTreeClassifier(max_leaf_nodes=16, random_state=0)
    )


EXPERIMENT = Experiment(
    name="mlc-fixed-split",
    title="MLC++ churn, the published split",
    question="How large is the error on the published test rows?",
    data=(Data("MLC++", partial(tables.mlc, redundant=True)),),
    models=(
        Model("logistic regression", models.logistic),
        Model("tree of 16 leaves", tree),
        Model("ID3, chi-square test", partial(models.id3, chi2_alpha=0.001)),
        Model("random forest", models.forest),
        Model("boosted trees", models.boosting),
    ),
    protocol=FixedSplit(),
    metrics=("error", "AUC", "F1"),
    note="No source we read prints an error on this split: the numbers are ours, to compare with.",
)
