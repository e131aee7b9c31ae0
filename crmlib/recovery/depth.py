"""How many to contact: profit along a ranking by lift, and where it peaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlib._checks import number
from crmlib._result import Result
from crmlib.recovery.targeting import _experiment

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class CampaignDepth(Result):
    """The result of `campaign_depth`.

    Attributes
    ----------
    table : pandas.DataFrame
        `share` contacted, `score` from which, `lift` and `response` of the contacted so far, and
        the expected `profit` of the campaign in money.
    """

    table: pd.DataFrame
    _title = "Profit by share contacted, highest lift first"

    @property
    def best(self) -> pd.Series[float]:
        """The row with the highest profit; share 0 where every campaign loses."""
        return self.table.iloc[int(self.table["profit"].to_numpy().argmax())]

    def to_frame(self) -> pd.DataFrame:
        """Return the curve at every tenth of the base."""
        places = np.searchsorted(self.table["share"], np.arange(1, 11) / 10 - 1e-12)
        return self.table.iloc[np.minimum(places, len(self.table) - 1)].reset_index(drop=True)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the profit and mark its peak."""
        from crmlib.plots import PALETTE, as_percent

        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
        best = self.best
        ax.plot(self.table["share"], self.table["profit"], color=PALETTE["blue"])
        ax.axhline(0.0, color=PALETTE["gray"], linewidth=1, linestyle="--")
        ax.plot(best["share"], best["profit"], "o", color=PALETTE["vermilion"])
        ax.annotate(
            f"{best['profit']:,.0f} at {best['share']:.1%}",
            (best["share"], best["profit"]),
            (6, 6),
            textcoords="offset points",
        )
        ax.set_xlabel("share of customers contacted, highest score first")
        ax.set_ylabel("profit of the campaign (money)")
        return as_percent(ax, "x")


def campaign_depth(
    y: npt.ArrayLike,
    treatment: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    benefit: float,
    incentive_cost: float = 0.0,
    contact_cost: float = 0.0,
    fixed_cost: float = 0.0,
    customers: float | None = None,
    smallest: float = 0.01,
) -> CampaignDepth:
    """Return the profit of contacting the highest scores, from an experiment, by depth.

    k (u B - c - r d) - A for the k highest of the base: u is the lift among them (response of the
    treated less that of the control group), r the response of the treated, who all take the
    incentive d, B the benefit of one more return, c the contact, A the fixed cost.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 for those who came back (stayed), 0 for the others.
    treatment : array-like of shape (n_customers,)
        1 with the offer, 0 without; assigned at random.
    score : array-like of shape (n_customers,)
        Predicted lift; higher is contacted first.
    benefit : float
        Money per additional return.
    incentive_cost, contact_cost, fixed_cost : float
        Per response, per contact, per campaign, in money.
    customers : float, optional
        Size of the base the campaign is for; the experiment's by default.
    smallest : float
        Depths below this share of the base are left out: their lift rests on too few customers.

    Returns
    -------
    CampaignDepth
        With `.table`, `.best` and `.plot()`.

    Raises
    ------
    ValueError
        If outcomes are not 0 and 1, a group is empty, or a cost is negative.

    References
    ----------
    Devriendt, Berrevoets & Verbeke (2021), "Why you should stop predicting customer churn and
    start using uplift models", Information Sciences 548, for the maximum profit of a lift model;
    the account of costs is the one above.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, t = rng.random(20_000), rng.integers(0, 2, 20_000)
    >>> y = rng.random(20_000) < 0.1 + 0.4 * t * (x > 0.7)
    >>> found = campaign_depth(y.astype(int), t, x, benefit=50.0, contact_cost=3.0)
    >>> round(float(found.best["share"]), 1)
    0.3
    """
    outcome, treated, s = _experiment(y, treatment, score)
    if not np.isin(outcome, [0, 1]).all():
        raise ValueError("y must hold 1 (came back) and 0; the benefit puts money on it.")
    order = np.argsort(-s, kind="stable")
    outcome, treated, s = outcome[order], treated[order], s[order]
    end = np.flatnonzero(np.append(s[1:] != s[:-1], True))
    n1, n0 = np.cumsum(treated)[end], np.cumsum(~treated)[end]
    kept = (n1 > 0) & (n0 > 0) & (end + 1 >= number(smallest, "smallest", 0, 1) * len(s))
    end, n1, n0 = end[kept], n1[kept], n0[kept]
    response = np.cumsum(np.where(treated, outcome, 0.0))[end] / n1
    lift = response - np.cumsum(np.where(treated, 0.0, outcome))[end] / n0
    share = (end + 1) / len(s)
    base = float(len(s)) if customers is None else number(customers, "customers", 0, open_low=True)
    each = (
        lift * number(benefit, "benefit")
        - number(contact_cost, "contact_cost", 0)
        - response * number(incentive_cost, "incentive_cost", 0)
    )
    profit = base * share * each - number(fixed_cost, "fixed_cost", 0)
    nobody = pd.DataFrame(
        {"share": [0.0], "score": [np.inf], "lift": [0.0], "response": [0.0], "profit": [0.0]}
    )
    table = pd.DataFrame(
        {"share": share, "score": s[end], "lift": lift, "response": response, "profit": profit}
    )
    return CampaignDepth(pd.concat([nobody, table], ignore_index=True))
