"""KDD Cup 2009: churn at Orange, with the file of whoever has it."""

from __future__ import annotations

from crmlib.data import load
from crmlib.experiments import models, own_files
from crmlib.experiments.declare import Claim, Data, Experiment, Model, Source, Table
from crmlib.experiments.protocols import KFold

SOURCE = Source(
    "Guyon, I. et al. (2009), Analysis of the KDD Cup 2009, Proceedings of KDD-Cup 2009 "
    "Competition, PMLR 7",
    "table 2, churn",
    "read",
)


def small() -> Table:
    """Return the small set; the file is the user's own."""
    return own_files.labeled(load("kdd-cup-2009"))


EXPERIMENT = Experiment(
    name="kdd-cup-2009",
    title="KDD Cup 2009, churn",
    question="How near does a plain model come to the winners of a contest?",
    data=(Data("KDD Cup 2009", small),),
    models=(own_files.TREES, Model("naive Bayes", models.network)),
    protocol=KFold(folds=5, seed=0),
    metrics=("AUC", "top-decile lift"),
    claims=(
        Claim(
            "AUC",
            0.7651,
            0.02,
            SOURCE,
            "boosted trees",
            gap="the winners' ensemble, on hidden test rows; here five folds of the small set",
        ),
        Claim(
            "AUC",
            0.7435,
            0.02,
            SOURCE,
            "boosted trees",
            gap="Orange's own system, on hidden test rows; here five folds of the small set",
        ),
        Claim(
            "AUC",
            0.6468,
            0.02,
            SOURCE,
            "naive Bayes",
            gap="on hidden test rows; here five folds of the small set",
        ),
    ),
    note="Bring your own file: `crmlib data show kdd-cup-2009` says where it is and what it holds.",
)
