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
SEMINR = Source(
    "Ray, S. and Danks, N. P., seminr: Building and Estimating Structural Equation Models "
    "(R package)",
    "its tests' record of the simple model's paths, corp_rep_simple_paths.csv of version 3.6.0",
    "read",
    "https://github.com/sem-in-r/seminr/tree/master/tests/fixtures/V_3_6_0",
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
#: Path coefficients as seminr's tests record them, rounded to four digits.
RECORDED = (0.1621, 0.0092, 0.4239, 0.3421, 0.5045)


def survey() -> pd.DataFrame:
    """Return the answers; missing ones are replaced by means, as the textbook does."""
    items = load("corp-reputation").frame.drop(columns=["servicetype", "serviceprovider"])
    items = items.astype(float)
    return items.fillna(items.mean())


def estimates(frame: pd.DataFrame) -> dict[str, float]:
    """Return the explained variance of satisfaction and loyalty, and the path coefficients."""
    from crmlib.churn import path_model

    model = path_model(frame, BLOCKS, PATHS)
    r2 = model.blocks["r2"]
    return {f"R² of {name}": float(r2[name]) for name in ("Satisfaction", "Loyalty")} | {
        f"{cause} → {effect}": float(model.paths[cause, effect]) for cause, effect in PATHS
    }


EXPERIMENT = Experiment(
    name="corporate-reputation",
    title="Corporate reputation of mobile operators",
    question="Does our PLS give the paths and the explained variance of the textbook's program?",
    data=(Data("corporate reputation", survey),),
    readings=(Reading("PLS, mode A", estimates),),
    claims=(
        Claim("R² of Satisfaction", 0.295, 0.001, SOURCE, "PLS, mode A"),
        Claim("R² of Loyalty", 0.562, 0.001, SOURCE, "PLS, mode A"),
        *(
            Claim(f"{cause} → {effect}", value, 0.0005, SEMINR, "PLS, mode A")
            for (cause, effect), value in zip(PATHS, RECORDED, strict=True)
        ),
    ),
)
