"""Published beside reproduced: the gap, the tolerance, and the verdict for each number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib._result import Result
from crmlib.experiments.declare import Claim, Experiment
from crmlib.experiments.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = [
    "experiment",
    "data",
    "model",
    "measure",
    "published",
    "reproduced",
    "gap",
    "tolerance",
    "verdict",
    "traced",
    "source",
    "why",
]


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """Published numbers beside those of a run.

    Attributes
    ----------
    table : DataFrame
        One published number a row: `experiment`, `data`, `model`, `measure`, `published` value,
        `reproduced` value (the mean over splits; missing if it was not run), their `gap`,
        the `tolerance`, the `verdict`, how the number was `traced` ("read", "abstract",
        "unverified"), its `source`, and `why` the two differ or why it was not run.
    """

    table: pd.DataFrame
    _title = "Published beside reproduced"

    def to_frame(self) -> pd.DataFrame:
        """Return the table without sources."""
        shown = self.table.drop(columns=["traced", "source", "why"])
        if len(set(shown["experiment"])) == 1:
            shown = shown.drop(columns="experiment")
        return shown

    @property
    def verdicts(self) -> pd.Series[int]:
        """How many numbers have each verdict."""
        return self.table["verdict"].value_counts()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each gap in units of its tolerance; a dot within the band is reproduced."""
        import matplotlib.pyplot as plt

        from crmlib.plots import PALETTE

        # An exact number has no tolerance: its gap is 0 or beyond any band.
        run = self.table[self.table["reproduced"].notna() & (self.table["tolerance"] > 0)]
        if ax is None:
            ax = plt.subplots(figsize=(7, 0.8 + 0.3 * len(run)))[1]
        place = np.arange(len(run))[::-1]
        ax.axvspan(-1, 1, color=PALETTE["blue"], alpha=0.12, linewidth=0)
        ax.axvline(0, color=PALETTE["gray"], linewidth=1)
        inside = (run["gap"].abs() <= run["tolerance"]).to_numpy()
        ratio = (run["gap"] / run["tolerance"]).to_numpy(float)
        color = np.where(inside, PALETTE["blue"], PALETTE["vermilion"])
        ax.scatter(ratio, place, c=color, s=40, zorder=3)
        ax.set_yticks(place, [f"{r.model}, {r.measure}" for r in run.itertuples()])
        ax.set_xlabel("reproduced less published, in tolerances")
        return ax


def compare(
    experiment: Experiment | Iterable[tuple[Experiment, Results | None]],
    results: Results | None = None,
) -> Comparison:
    """Set what was published beside what a run gave.

    Parameters
    ----------
    experiment : Experiment, or iterable of (Experiment, Results or None)
        With its claims; several make one table.
    results : Results, optional
        Of a run; without it every number is "not run".

    Returns
    -------
    Comparison

    Notes
    -----
    A number is *reproduced* if the gap is within the tolerance that was declared with it, and
    *differs* otherwise. A number nobody here has seen at its source is *unverified*, whatever
    the run gave.

    Examples
    --------
    >>> from crmlib.experiments import find, stored
    >>> compare(find("c50-rules"), stored("c50-rules")).verdicts.to_dict()
    {'reproduced': 12}
    """
    pairs = [(experiment, results)] if isinstance(experiment, Experiment) else experiment
    rows = [_row(one, claim, found) for one, found in pairs for claim in one.claims]
    return Comparison(pd.DataFrame(rows, columns=COLUMNS))


def verdict(published: float, reproduced: float, tolerance: float, traced: str) -> str:
    """Return what to think of a number.

    Parameters
    ----------
    published, reproduced : float
        The reproduced one is missing (NaN) where it was not run.
    tolerance : float
        Largest gap that counts as reproduced; rounding in the last digit is forgiven.
    traced : {"read", "abstract", "unverified"}
        How far the published number was traced.

    Returns
    -------
    str

    Examples
    --------
    >>> verdict(0.849, 0.851, 0.005, "read"), verdict(0.849, float("nan"), 0.005, "read")
    ('reproduced', 'not run')
    >>> verdict(0.849, 0.851, 0.005, "unverified")
    'unverified'
    """
    if traced == "unverified":
        return "unverified"
    if np.isnan(reproduced):
        return "not run"
    return "reproduced" if abs(reproduced - published) <= tolerance + 1e-9 else "differs"


def _row(experiment: Experiment, claim: Claim, results: Results | None) -> list[object]:
    data = claim.data or experiment.data[0].name
    value, why = np.nan, claim.gap
    if results is not None:
        numbers = results.numbers
        mine = (
            (numbers["data"] == data)
            & (numbers["model"] == claim.model)
            & (numbers["measure"] == claim.measure)
        )
        value = float(numbers.loc[mine, "value"].mean())
        left_out = results.manifest.get("left out", {})
        if np.isnan(value):
            why = left_out.get(claim.model) or left_out.get(data) or claim.gap
    source = f"{claim.source.text}, {claim.source.where}"
    said = verdict(claim.value, value, claim.tolerance, claim.source.traced)
    return [
        experiment.name,
        data,
        claim.model,
        claim.measure,
        claim.value,
        value,
        value - claim.value,
        claim.tolerance,
        said,
        claim.source.traced,
        source,
        why,
    ]
