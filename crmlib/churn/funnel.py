"""Losses before there is a customer: where leads drop out of the funnel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib._checks import as_frame, number, numbers, optional, require_columns
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS = ("leads", "qualified", "accepted", "ready", "won")


@dataclass(frozen=True, repr=False)
class Funnel(Result):
    """How many pass each stage of the funnel, and how many are lost in it.

    Attributes
    ----------
    table : DataFrame
        A row a stage: `entered`, `passed`, `lost`, `loss_rate` with `low` and `high`, and `share`:
        of all that is lost on the way.
    """

    table: pd.DataFrame

    @property
    def conversion(self) -> float:
        """Share of the first stage's entries that pass the last, from 0 to 1."""
        return float(self.table["passed"].iloc[-1] / self.table["entered"].iloc[0])

    @property
    def _title(self) -> str:  # type: ignore[override]
        return f"Losses in the funnel: {self.conversion:.1%} of those who enter get through"

    def to_frame(self) -> pd.DataFrame:
        """Return the table of stages."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the loss rate of each stage with its interval."""
        from crmlib.plots import as_percent, dots

        ax = dots(self.table, ax, value="loss_rate")
        ax.set_xlabel("lost of those who enter the stage")
        return as_percent(ax, "x")


def funnel(
    leads: pd.DataFrame, stages: Sequence[str] = STEPS, *, confidence: float = 0.95
) -> Funnel:
    """Count who drops out between one stage and the next.

    Parameters
    ----------
    leads : DataFrame
        Rows of any grain (a month, a region, a source) with a count for each stage; they are
        summed. Counts are of the same people: who is in a stage was in all before.
    stages : sequence of str
        Columns from the wide end to the narrow. The default is the course's: leads (ML),
        qualified by marketing (MQL), accepted by sales (SL), ready to buy (SQL), won.
    confidence : float
        Level of the Wilson intervals.

    Returns
    -------
    Funnel

    Raises
    ------
    ValueError
        A column is missing, a stage holds more than the one before, or nobody enters.
    ImportError
        statsmodels is not installed.

    Examples
    --------
    >>> leads = pd.DataFrame({"leads": [60, 40], "qualified": [30, 20], "won": [5, 5]})
    >>> found = funnel(leads, ["leads", "qualified", "won"])
    >>> found.table["loss_rate"].tolist(), found.conversion
    ([0.5, 0.8], 0.1)
    """
    proportion = optional("statsmodels.stats.proportion", "analysis")
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    names = list(stages)
    if len(names) < 2:
        raise ValueError("stages must name two columns at least.")
    require_columns(as_frame(leads, "leads"), names, "leads")
    counts = numbers(leads[names], "leads", 0)
    wider = (np.diff(counts, axis=1) > 0).any(axis=0)
    if wider.any():
        i = int(wider.argmax())
        raise ValueError(f"leads: {names[i + 1]!r} holds more than {names[i]!r}, the stage before.")
    total = counts.sum(axis=0)
    entered, passed = total[:-1], total[1:]
    if not entered.min() > 0:
        raise ValueError(f"leads: nobody is in {names[int(entered.argmin())]!r}.")
    lost = entered - passed
    low, high = proportion.proportion_confint(lost, entered, 1 - confidence, method="wilson")
    share = lost / lost.sum() if lost.sum() > 0 else np.zeros_like(lost)
    table = pd.DataFrame(
        {"entered": entered.astype(int), "passed": passed.astype(int), "lost": lost.astype(int),
         "loss_rate": lost / entered, "low": low, "high": high, "share": share},
        pd.Index([f"{a} to {b}" for a, b in pairwise(names)],
                 name="stage"),
    )  # fmt: skip
    return Funnel(table)
