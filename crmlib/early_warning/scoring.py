"""From indicators to one index: each indicator scored 0 (fine) to 1 (as bad as it gets)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib._checks import require_columns
from crmlib._result import Result
from crmlib.early_warning.indicators import IndicatorSystem
from crmlib.early_warning.signs import tripped

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Scorer(Result):
    """Scores indicators by where they stand in a reference history.

    The score of a value is the share of the reference that is better, ties counted half. It has
    no unit, bears outliers, and 0.9 says the same of every indicator: worse than nine of ten.

    Build one with `fit`.

    Attributes
    ----------
    system : IndicatorSystem
    reference : dict
        For each indicator, sorted reference values, larger is worse.

    Examples
    --------
    >>> system = IndicatorSystem.builtin().only(["bill_change"])
    >>> history = pd.DataFrame({"bill_change": [-0.4, -0.2, 0.0, 0.2]})
    >>> scorer = Scorer.fit(history, system)
    >>> scorer.scores(pd.DataFrame({"bill_change": [-0.5, 0.1, None]}))["bill_change"].tolist()
    [1.0, 0.25, nan]
    """

    system: IndicatorSystem
    reference: dict[str, np.ndarray]

    _title = "Reference values of the indicators"

    @classmethod
    def fit(cls, panel: pd.DataFrame, system: IndicatorSystem) -> Scorer:
        """Take the reference from a panel of months before those to be scored."""
        require_columns(panel, system.names, "panel")
        reference = {}
        for i in system.indicators:
            values = panel[i.name].dropna().to_numpy(float)
            reference[i.name] = np.sort(values if i.bad == "high" else -values)
        return cls(system, reference)

    def scores(self, panel: pd.DataFrame) -> pd.DataFrame:
        """Return the score of every indicator, 0 to 1; missing stays missing."""
        require_columns(panel, self.system.names, "panel")
        out = {}
        for i in self.system.indicators:
            ref, x = self.reference[i.name], panel[i.name].to_numpy(float)
            x = x if i.bad == "high" else -x
            rank = np.searchsorted(ref, x, "left") + np.searchsorted(ref, x, "right")
            out[i.name] = np.where(np.isnan(x), np.nan, rank / max(2 * len(ref), 1))
            if len(ref) == 0:
                out[i.name][:] = np.nan
        return pd.DataFrame(out, index=panel.index)

    def index(self, panel: pd.DataFrame) -> pd.Series:
        """Return the weighted index, 0 to 1; what is missing passes its weight to the others."""
        scores = self.scores(panel)
        w = self.system.weights[scores.columns].to_numpy()
        known = scores.notna().to_numpy()
        weight = (known * w).sum(axis=1)
        total = np.nansum(scores.to_numpy() * w, axis=1)
        index = np.divide(total, weight, out=np.full(len(scores), np.nan), where=weight > 0)
        return pd.Series(index, panel.index, name="index")

    def rules(self, panel: pd.DataFrame) -> pd.Series:
        """Return the weight of the indicators that have reached the alarm value of experience."""
        trips = tripped(panel, self.system)
        return (trips * self.system.weights[trips.columns]).sum(axis=1).rename("rules")

    def groups(self, panel: pd.DataFrame) -> pd.DataFrame:
        """Return what each group adds to the index beyond a middling customer's 0.5.

        The column with the largest entry is the reason an alarm is routed by.
        """
        scores = self.scores(panel)
        group = pd.Series({i.name: i.group for i in self.system.indicators})
        excess = (scores - 0.5).fillna(0.0) * self.system.weights[scores.columns]
        return excess.T.groupby(group).sum().T

    def to_frame(self) -> pd.DataFrame:
        """Return quantiles of the reference, in each indicator's own unit."""
        rows = {}
        for i in self.system.indicators:
            ref = self.reference[i.name] * (1 if i.bad == "high" else -1)
            marks = np.quantile(ref, [0.05, 0.5, 0.95]) if len(ref) else [np.nan] * 3
            rows[i.name] = [len(ref), *marks, i.unit, i.bad]
        columns = ["values", "5 %", "median", "95 %", "unit", "bad"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis(
            "indicator"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw for each indicator the share of reference customers it was known for."""
        from crmlib.plots import ranked_bars

        known = pd.Series({name: float(len(ref)) for name, ref in self.reference.items()})
        return ranked_bars(known.rename("values in the reference"), ax, fmt="{:,.0f}".format)
