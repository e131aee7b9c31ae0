"""Iranian telecom churn: easy to predict, and no easier for its 300 duplicate rows."""

from __future__ import annotations

from crmlib.data import load
from crmlib.experiments import models, tables
from crmlib.experiments.declare import Data, Experiment, Model, Table
from crmlib.experiments.protocols import KFold


def with_duplicates() -> Table:
    """Return the set as published."""
    loaded = load("iranian-churn")
    return Table(loaded.X.drop(columns="Age"), loaded.y)


EXPERIMENT = Experiment(
    name="iranian-duplicates",
    title="Iranian churn with and without duplicates",
    question="Do rows that come twice make models look better?",
    data=(Data("without duplicates", tables.iranian), Data("as published", with_duplicates)),
    models=(
        Model("logistic regression", models.logistic),
        Model("boosted trees", models.boosting),
    ),
    protocol=KFold(folds=10, seed=0),
    metrics=("AUC", "AUPRC", "F1"),
    note="No published table is compared; papers on this set use splits they do not publish.",
)
