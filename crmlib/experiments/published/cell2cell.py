"""Cell2Cell: a wireless operator's customers, with the file of whoever has it."""

from __future__ import annotations

from crmlib.data import load
from crmlib.experiments import models, own_files
from crmlib.experiments.declare import Data, Experiment, Model, Table
from crmlib.experiments.protocols import KFold


def training() -> Table:
    """Return the labeled rows; the file is the user's own."""
    return own_files.labeled(load("cell2cell"))


EXPERIMENT = Experiment(
    name="cell2cell",
    title="Cell2Cell",
    question="What do plain models reach on a real wireless operator's customers?",
    data=(Data("Cell2Cell", training),),
    models=(
        Model("logistic regression", models.logistic),
        own_files.TREES,
        Model("random forest", models.forest),
    ),
    protocol=KFold(folds=2, repeats=5, seed=0),
    metrics=("AUC", "top-decile lift", "EMP"),
    note=(
        "Bring your own file: `crmlib data show cell2cell` says where it is. No published table "
        "is compared: studies on it sample the rows in ways they do not publish."
    ),
)
