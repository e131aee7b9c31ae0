"""Gain, lift and profit along the ranking: how far down the list a campaign should go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlib._checks import number, numbers, one_of
from crmlib._result import Result
from crmlib.profit.measures import _labels_and_scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_KINDS = {
    "gain": ("share of churners reached", "gain"),
    "lift": ("churn rate of the contacted over that of all", "lift"),
    "profit": ("profit of the campaign", "profit"),
}


@dataclass(frozen=True, repr=False)
class Curve(Result):
    """Gain, lift and profit by share of customers contacted.

    Attributes
    ----------
    table : pandas.DataFrame
        `share` contacted (0 to 1), `score` from which, `gain` (share of churners reached),
        `lift`, and `profit` of the whole campaign in money where costs were given.
    """

    table: pd.DataFrame
    _title = "Gain, lift and profit by share contacted"

    @property
    def best(self) -> pd.Series[float]:
        """The row with the highest profit."""
        if "profit" not in self.table:
            raise ValueError("There is no profit: give clv and the costs to `curve`.")
        return self.table.iloc[int(self.table["profit"].to_numpy().argmax())]

    def lift_at(self, share: float) -> float:
        """Return the lift among the given share of highest scores."""
        wanted = number(share, "share", 0, 1, open_low=True)
        place = int(np.searchsorted(self.table["share"], wanted - 1e-12))
        return float(self.table["lift"].iloc[min(place, len(self.table) - 1)])

    def to_frame(self) -> pd.DataFrame:
        """Return the curve at every tenth of the base."""
        places = np.searchsorted(self.table["share"], np.arange(1, 11) / 10 - 1e-12)
        short = self.table.iloc[np.minimum(places, len(self.table) - 1)]
        return short.reset_index(drop=True)

    def plot(self, ax: Axes | None = None, *, kind: str = "gain") -> Axes:
        """Draw one of the curves: kind is 'gain', 'lift' or 'profit'."""
        from crmlib.plots import PALETTE, as_percent

        title, column = _KINDS[one_of(kind, _KINDS, "kind")]
        if kind == "profit":
            best = self.best
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
        ax.plot(self.table["share"], self.table[column], color=PALETTE["blue"])
        naive = {"gain": ([0, 1], [0, 1]), "lift": ([0, 1], [1, 1]), "profit": ([0, 1], [0, 0])}
        ax.plot(*naive[kind], color=PALETTE["gray"], linewidth=1, linestyle="--")
        if kind == "profit":
            ax.plot(best["share"], best["profit"], "o", color=PALETTE["vermilion"])
            ax.annotate(
                f"{best['profit']:,.0f} at {best['share']:.1%}",
                (best["share"], best["profit"]),
                (6, 6),
                textcoords="offset points",
            )
        ax.set_xlabel("share of customers contacted, highest score first")
        ax.set_title(title)
        return as_percent(ax, "x")


def curve(
    y_true: npt.ArrayLike,
    y_score: npt.ArrayLike,
    *,
    clv: npt.ArrayLike | None = None,
    success: float = 0.3,
    incentive_cost: float = 10.0,
    contact_cost: float = 1.0,
    fixed_cost: float = 0.0,
) -> Curve:
    """Return gain, lift and, with a lifetime value, profit along the ranking by score.

    Customers with equal scores cannot be told apart, so they enter together: the curve has one
    point a distinct score, and no luck of the order.

    Parameters
    ----------
    y_true : array-like of shape (n_customers,)
        1 for churners, 0 for the others.
    y_score : array-like of shape (n_customers,)
        Higher means likelier to churn.
    clv : float or array-like of shape (n_customers,), optional
        Lifetime values, in money; without them there is no profit.
    success : float
        Chance that a contacted churner is kept.
    incentive_cost, contact_cost, fixed_cost : float
        In money, as in `campaign_profit`.

    Returns
    -------
    Curve
        With `.table`, `.best`, `.lift_at(share)` and `.plot(kind=...)`.

    Raises
    ------
    ValueError
        If labels are not 0 and 1 with both present, or a cost is negative.

    Examples
    --------
    >>> found = curve([1, 0, 1, 0], [0.9, 0.4, 0.8, 0.1], clv=200.0)
    >>> found.lift_at(0.5), float(found.best["share"])
    (2.0, 0.5)
    """
    churner, score = _labels_and_scores(y_true, y_score)
    n = len(score)
    order = np.argsort(-score, kind="stable")
    churns, s = churner[order], score[order]
    end = np.flatnonzero(np.append(s[1:] != s[:-1], True))
    contacted = end + 1
    reached = np.cumsum(churns)[end]
    table = pd.DataFrame(
        {
            "share": contacted / n,
            "score": s[end],
            "gain": reached / churner.sum(),
            "lift": reached / contacted / churner.mean(),
        }
    )
    if clv is not None:
        g = number(success, "success", 0, 1)
        d = number(incentive_cost, "incentive_cost", 0)
        c = number(contact_cost, "contact_cost", 0)
        worth = np.broadcast_to(numbers(clv, "clv"), (n,))[order]
        earned = np.where(churns, g * (worth - d) - c, -c - d)
        table["profit"] = np.cumsum(earned)[end] - number(fixed_cost, "fixed_cost", 0)
    return Curve(table)
