"""The Pareto table: what weighs most, and the few that make up most of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib._checks import number
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Pareto(Result):
    """Reasons or categories in order of weight.

    Attributes
    ----------
    table : pandas.DataFrame
        One row for each, the heaviest first: their number or weight, `share`, `cumulative`.
    """

    table: pd.DataFrame
    _title = "Pareto table"

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def vital(self, share: float = 0.8) -> list[str]:
        """Return the fewest rows that together make up `share`: the vital few.

        Parameters
        ----------
        share : float
            Cumulative share to reach, 0 to 1.

        Returns
        -------
        list of str
            Their names, the heaviest first.

        Examples
        --------
        >>> from crmlib.churn import pareto
        >>> pareto(pd.Series(["price"] * 8 + ["network"] * 2)).vital(0.8)
        ['price']
        """
        return [str(name) for name in self.table.index[self._vital(share)]]

    def plot(self, ax: Axes | None = None, *, share: float = 0.8) -> Axes:
        """Draw a bar for each row, the vital few in color, and the cumulative share above them."""
        import matplotlib.pyplot as plt

        from crmlib.plots import PALETTE, as_percent

        ax = plt.subplots()[1] if ax is None else ax
        places = np.arange(len(self.table))
        colors = [PALETTE["blue"] if vital else "#B8B8B8" for vital in self._vital(share)]
        ax.bar(places, self.table["share"], color=colors)
        ax.plot(places, self.table["cumulative"], "o-", color=PALETTE["vermilion"])
        ax.axhline(share, color=PALETTE["gray"], linewidth=1, linestyle="--")
        ax.set_xticks(places, [str(name) for name in self.table.index], rotation=30, ha="right")
        ax.set_ylabel("share, and cumulative share")
        return as_percent(ax)

    def _vital(self, share: float) -> pd.Series[bool]:
        """Say which rows are vital: those before which the share is not reached yet."""
        number(share, "share", 0, 1)
        return (self.table["cumulative"] - self.table["share"]) < share - 1e-12


def ranked(labels: pd.Series[Any], weights: Any, what: str) -> Pareto:
    """Add up what each label weighs, the heaviest first; ties stand in the order of their names.

    What weighs nothing is left out.

    Parameters
    ----------
    labels : Series
        A reason or category for each case, none missing.
    weights : array-like or 1
        What each case weighs, in the order of `labels`.
    what : str
        Name of the column of the sums.

    Returns
    -------
    Pareto
    """
    total = pd.Series(weights, index=labels.index).groupby(labels, observed=True).sum()
    total = total[total > 0]
    order = np.lexsort((total.index.astype(str), -total.to_numpy()))
    table = total.iloc[order].rename(what).to_frame()
    table["share"] = table[what] / table[what].sum()
    table["cumulative"] = table["share"].cumsum()
    return Pareto(table)
