"""What a promotion did, while it ran and after, against customers held back at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import plots
from crmlib._checks import as_frame, listed, number, optional, require_columns, whole
from crmlib._result import Result
from crmlib.churn.differences import effect_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class PromotionLift(Result):
    """Outcome of the offered less that of the control group, before, during and after.

    Attributes
    ----------
    phases : DataFrame
        Indexed by phase (before, during, after): the mean outcome a month in `control` and
        `offered`, the `lift` between them with `se`, `low` and `high`, and in `per_taker` the
        lift over the share of the offered who accepted.
    months : DataFrame
        Indexed by months since the offer (0 is the month of the offer): the same `lift`.
    offers : int
        Offers used, of both groups.
    accepted : float
        Share of the offered who accepted; missing if it is not known.
    """

    phases: pd.DataFrame
    months: pd.DataFrame
    offers: int
    accepted: float

    @property
    def _title(self) -> str:  # type: ignore[override]
        return f"Lift of the promotion, {self.offers:,} offers"

    def to_frame(self) -> pd.DataFrame:
        """Return the lift by phase."""
        return self.phases

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the lift by months since the offer; the months it ran are shaded."""
        ax = effect_line(self.months.rename(columns={"lift": "effect"}), ax)
        running = self.months.index[self.months["phase"] == "during"]
        ax.axvspan(
            running.min() - 0.5, running.max() + 0.5, color=plots.PALETTE["gray"], alpha=0.15
        )
        ax.set_xlabel("months since the offer")
        ax.set_ylabel("offered less control")
        return ax


def promotion_lift(
    offers: pd.DataFrame,
    months: pd.DataFrame,
    outcome: str,
    *,
    length: int,
    before: int = 3,
    after: int = 3,
    confidence: float = 0.95,
) -> PromotionLift:
    """Compare who was offered a promotion with who was held back at random.

    Parameters
    ----------
    offers : DataFrame
        A row an offer: `customer_id`, `month`, `control` (held back at random) and, if known,
        `accepted`.
    months : DataFrame
        A row a customer and month: `customer_id`, `month` and the outcome. Whom a month misses
        (who has left by then) does not count in it.
    outcome : str
        Column of the outcome: a bill, or whether the customer left at the end of the month.
    length : int
        Months a promotion runs, the month of the offer included.
    before, after : int
        Months looked at before the offer and after the promotion.
    confidence : float
        Level of the intervals.

    Returns
    -------
    PromotionLift
        Lifts in the unit of the outcome, a month.

    Raises
    ------
    ValueError
        A column is missing, a group or a phase is empty.

    Notes
    -----
    The lift is the effect of the offer (intention to treat); over the share of takers it is the
    effect on takers, if an offer does nothing to others (Bloom 1984). Standard errors are
    clustered by customer. Before the offer it must be near 0. For an outcome such as leaving, the
    months after compare those still there: a loss the promotion only put off shows as a dip.

    Examples
    --------
    >>> offers = pd.DataFrame({"customer_id": range(6), "month": 3, "control": [True, False] * 3})
    >>> rows = [(c, t, 50.0 + c - 8 * (c % 2 and t in (3, 4))) for c in range(6)
    ...         for t in range(1, 7)]
    >>> bills = pd.DataFrame(rows, columns=["customer_id", "month", "bill"])
    >>> promotion_lift(offers, bills, "bill", length=2, after=2).phases["lift"].round(2).tolist()
    [1.0, -7.0, 1.0]
    """
    for name, least, value in (("length", 1, length), ("before", 0, before), ("after", 0, after)):
        whole(value, name, least)
    require_columns(as_frame(offers, "offers"), ["customer_id", "month", "control"], "offers")
    require_columns(as_frame(months, "months"), ["customer_id", "month", outcome], "months")
    kept = offers[["customer_id", "month", "control"]].rename(columns={"month": "offered_in"})
    panel = kept.merge(months[["customer_id", "month", outcome]], on="customer_id")
    panel["since"] = panel["month"].astype(int) - panel["offered_in"].astype(int)
    panel = panel[panel["since"].between(-before, length + after - 1)].dropna(subset=[outcome])
    names = ["before", "during", "after"]
    panel["phase"] = np.select([panel["since"] < 0, panel["since"] < length], names[:2], names[2])
    held = panel["control"].astype(bool)
    if not held.any() or held.all():
        raise ValueError("offers needs both offered and control customers with months on record.")
    wanted = [name for name, n in zip(names, (before, length, after), strict=True) if n]
    missing = [name for name in wanted if not (panel["phase"] == name).any()]
    if missing:
        raise ValueError(f"months holds no month {listed(missing)} the promotions.")
    took = (
        offers.loc[~offers["control"].astype(bool), "accepted"].mean()
        if "accepted" in offers
        else np.nan
    )
    phases = _lifts(panel, "phase", wanted, outcome, confidence)
    phases["per_taker"] = phases["lift"] / took
    since = sorted(panel["since"].unique())
    by_month = _lifts(panel, "since", since, outcome, confidence)
    by_month["phase"] = panel.groupby("since")["phase"].first()
    return PromotionLift(phases, by_month, len(kept), float(took))


def _lifts(
    panel: pd.DataFrame, by: str, levels: Sequence[Any], outcome: str, confidence: float
) -> pd.DataFrame:
    """Return the means of both groups and their difference, errors clustered by customer."""
    from scipy.stats import norm

    api = optional("statsmodels.api", "analysis")
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    z = norm.ppf((1 + confidence) / 2)
    rows = {}
    for level in levels:
        mine = panel[panel[by] == level]
        offered = (~mine["control"].astype(bool)).to_numpy(float)
        if offered.min(initial=1) == offered.max(initial=0):
            raise ValueError(f"One of the groups has no months at {by} = {level!r}.")
        x = np.column_stack([np.ones(len(mine)), offered])
        groups = {"groups": pd.factorize(mine["customer_id"])[0]}
        fit = api.OLS(mine[outcome].to_numpy(float), x).fit(cov_type="cluster", cov_kwds=groups)
        mean, lift = fit.params
        # Where an outcome does not vary, rounding can leave a variance just below zero.
        se = float(np.sqrt(max(fit.cov_params()[1, 1], 0.0)))
        rows[level] = {
            **{"control": mean, "offered": mean + lift, "lift": lift},
            **{"se": se, "low": lift - z * se, "high": lift + z * se},
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(by)
