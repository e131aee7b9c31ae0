"""Hillstrom's e-mail experiment: what the two e-mails changed against no e-mail."""

from __future__ import annotations

import pandas as pd

from crmlib.data import load
from crmlib.experiments.declare import Claim, Data, Experiment, Reading, Source

SOURCE = Source(
    "Hillstrom, K. (2008), MineThatData e-mail analytics and data mining challenge",
    "effects as commonly quoted; not seen at a source",
    "unverified",
)
MEN, WOMEN, NOBODY = "Mens E-Mail", "Womens E-Mail", "No E-Mail"


def campaign() -> pd.DataFrame:
    """Return the customers of the experiment."""
    return load("hillstrom").frame


def effects(frame: pd.DataFrame) -> dict[str, float]:
    """Return differences of means to the control group: visits in points, spend in dollars."""
    by_segment = frame.groupby("segment", observed=True)
    visit, spend = (by_segment[name].mean() for name in ("visit", "spend"))
    return {
        "visits, men (points)": 100 * float(visit[MEN] - visit[NOBODY]),
        "visits, women (points)": 100 * float(visit[WOMEN] - visit[NOBODY]),
        "spend, men (dollars)": float(spend[MEN] - spend[NOBODY]),
        "spend, women (dollars)": float(spend[WOMEN] - spend[NOBODY]),
    }


PUBLISHED = {
    "visits, men (points)": (7.66, 0.005),
    "visits, women (points)": (4.52, 0.005),
    "spend, men (dollars)": (0.77, 0.005),
    "spend, women (dollars)": (0.42, 0.005),
}

EXPERIMENT = Experiment(
    name="hillstrom-effects",
    title="Hillstrom: effects of two e-mails",
    question="Do the randomized groups show the effects that are quoted?",
    data=(Data("Hillstrom", campaign),),
    readings=(Reading("against no e-mail", effects),),
    claims=tuple(
        Claim(measure, value, tolerance, SOURCE, "against no e-mail")
        for measure, (value, tolerance) in PUBLISHED.items()
    ),
)
