"""Corporate reputation of mobile operators: the textbook's PLS model."""

from __future__ import annotations

import pandas as pd

from crmlib.data import load
from crmlib.experiments.declare import Claim, Data, Experiment, Reading, Source

SOURCE = Source(
    "Hair, J. F. et al. (2021), Partial Least Squares Structural Equation Modeling (PLS-SEM) "
    "Using R, Springer",
    "explained variance of the simple model; remembered, not seen",
    "unverified",
)
BLOCKS = {
    "Competence": ["comp_1", "comp_2", "comp_3"],
    "Likeability": ["like_1", "like_2", "like_3"],
    "Satisfaction": ["cusa"],
    "Loyalty": ["cusl_1", "cusl_2", "cusl_3"],
}
PATHS = [
    ("Competence", "Satisfaction"),
    ("Competence", "Loyalty"),
    ("Likeability", "Satisfaction"),
    ("Likeability", "Loyalty"),
    ("Satisfaction", "Loyalty"),
]


def survey() -> pd.DataFrame:
    """Return the answers; missing ones are replaced by means, as the textbook does."""
    items = load("corp-reputation").frame.drop(columns=["servicetype", "serviceprovider"])
    items = items.astype(float)
    return items.fillna(items.mean())


def explained(frame: pd.DataFrame) -> dict[str, float]:
    """Return the explained variance of satisfaction and loyalty."""
    from crmlib.churn import path_model

    r2 = path_model(frame, BLOCKS, PATHS).blocks["r2"]
    return {f"R² of {name}": float(r2[name]) for name in ("Satisfaction", "Loyalty")}


EXPERIMENT = Experiment(
    name="corporate-reputation",
    title="Corporate reputation of mobile operators",
    question="Does our PLS explain as much of satisfaction and loyalty as the textbook's?",
    data=(Data("corporate reputation", survey),),
    readings=(Reading("PLS, mode A", explained),),
    claims=(
        Claim("R² of Satisfaction", 0.295, 0.001, SOURCE, "PLS, mode A"),
        Claim("R² of Loyalty", 0.562, 0.001, SOURCE, "PLS, mode A"),
    ),
)
