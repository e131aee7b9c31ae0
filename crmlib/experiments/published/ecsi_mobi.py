"""The European customer satisfaction index for mobile telephony, estimated by PLS."""

from __future__ import annotations

import pandas as pd

from crmlib.data import load
from crmlib.experiments.declare import Claim, Data, Experiment, Reading, Source

SOURCE = Source(
    "Monecke, A. and Leisch, F. (2012), semPLS: Structural Equation Modeling Using Partial "
    "Least Squares, Journal of Statistical Software 48(3)",
    "path coefficients of the mobile-phone model; remembered, not seen",
    "unverified",
)
BLOCKS = {
    "Image": [f"IMAG{i}" for i in range(1, 6)],
    "Expectation": [f"CUEX{i}" for i in range(1, 4)],
    "Quality": [f"PERQ{i}" for i in range(1, 8)],
    "Value": ["PERV1", "PERV2"],
    "Satisfaction": [f"CUSA{i}" for i in range(1, 4)],
    "Complaints": ["CUSCO"],
    "Loyalty": [f"CUSL{i}" for i in range(1, 4)],
}
PATHS = [
    ("Image", "Expectation"),
    ("Image", "Satisfaction"),
    ("Image", "Loyalty"),
    ("Expectation", "Quality"),
    ("Expectation", "Value"),
    ("Expectation", "Satisfaction"),
    ("Quality", "Value"),
    ("Quality", "Satisfaction"),
    ("Value", "Satisfaction"),
    ("Satisfaction", "Complaints"),
    ("Satisfaction", "Loyalty"),
    ("Complaints", "Loyalty"),
]
PUBLISHED = {
    "Image → Expectation": 0.505,
    "Quality → Satisfaction": 0.513,
    "Satisfaction → Loyalty": 0.483,
    "Complaints → Loyalty": 0.071,
}


def survey() -> pd.DataFrame:
    """Return the answers of 250 customers."""
    return load("ecsi-mobi").frame


def paths(frame: pd.DataFrame) -> dict[str, float]:
    """Return the twelve path coefficients."""
    from crmlib.churn import path_model

    found = path_model(frame, BLOCKS, PATHS, scheme="path").paths
    return {f"{cause} → {effect}": float(found[cause, effect]) for cause, effect in PATHS}


EXPERIMENT = Experiment(
    name="ecsi-mobi",
    title="ECSI: satisfaction and loyalty with mobile phones",
    question="Does our PLS give the path coefficients of another implementation?",
    data=(Data("ECSI", survey),),
    readings=(Reading("PLS, mode A", paths),),
    claims=tuple(
        Claim(name, value, 0.005, SOURCE, "PLS, mode A") for name, value in PUBLISHED.items()
    ),
)
