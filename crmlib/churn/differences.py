"""What began at one time: difference in differences with an event study, interrupted series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import plots
from crmlib._checks import as_frame, number, optional, require_columns, whole
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class DifferenceInDifferences(Result):
    """The change of the treated less the change of the others.

    Attributes
    ----------
    table : DataFrame
        One row: the `effect` (of the treated, average over the periods after) with `se`, `low`,
        `high` and `p`, and `trends_p`, the p-value of the hypothesis that all effects before the
        start are 0 (missing with one period before).
    events : DataFrame
        Indexed by periods since the start: `effect` against the last period before, with `se`,
        `low` and `high`.
    means : DataFrame
        Mean outcome by period, of the `treated` and the `others`.
    """

    table: pd.DataFrame
    events: pd.DataFrame
    means: pd.DataFrame
    _title = "Difference in differences"

    def to_frame(self) -> pd.DataFrame:
        """Return the effect."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the event study: parallel trends mean that the effects before lie near 0."""
        ax = effect_line(self.events, ax)
        ax.axvline(-0.5, color=plots.PALETTE["gray"], linewidth=1, linestyle="--")
        ax.set_xlabel("periods since the start")
        ax.set_ylabel("effect")
        return ax


def difference_in_differences(
    panel: pd.DataFrame,
    outcome: str,
    treated: str,
    start: int,
    *,
    unit: str = "customer_id",
    time: str = "month",
    confidence: float = 0.95,
) -> DifferenceInDifferences:
    """Estimate the effect of what began for some units at one time (a regional promotion, say).

    Parameters
    ----------
    panel : DataFrame
        A row a unit and period, each unit in every period (for whom periods are missing, compare
        rates of regions or branches instead of customers).
    outcome : str
        Column of the outcome.
    treated : str
        Column that says whether the unit is ever treated; constant within a unit.
    start : int
        First period with the treatment.
    unit, time : str
        Columns of the unit and of the period, a whole number.
    confidence : float
        Level of the intervals.

    Returns
    -------
    DifferenceInDifferences
        In the unit of the outcome.

    Raises
    ------
    ValueError
        Units with missing or double periods, no period before or after the start, a group with
        fewer than two units, or a treatment that changes within a unit.

    Notes
    -----
    It is a cause only if both groups would have gone parallel without the treatment; the periods
    before can refute that but not prove it. Errors are clustered by unit (Bertrand, Duflo and
    Mullainathan 2004), with Student's t of units less one. All treated start at once here, so
    the two-way regression has no forbidden comparisons (Goodman-Bacon 2021).

    Examples
    --------
    >>> rows = [(r, t, r in "ab", 2.0 + t + 0.1 * ord(r) - 0.5 * (r in "ab" and t > 2)
    ...          + 0.01 * (r in "bd") * (t % 2)) for r in "abcd" for t in range(1, 5)]
    >>> panel = pd.DataFrame(rows, columns=["region", "month", "promoted", "churn"])
    >>> did = difference_in_differences(panel, "churn", "promoted", 3, unit="region")
    >>> did.table["effect"].round(3).tolist()
    [-0.5]
    """
    from scipy.stats import t as student

    api = optional("statsmodels.api", "analysis")
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    require_columns(as_frame(panel, "panel"), [outcome, treated, unit, time], "panel")
    wide = _balanced(panel, outcome, unit, time)
    said = panel.groupby(unit, observed=True)[treated]
    if (said.min() != said.max()).any():
        raise ValueError(f"{treated!r} must not change within a {unit!r}: it marks the group.")
    group = said.first().reindex(wide.index).to_numpy(bool)
    periods = wide.columns.to_numpy(int)
    early = periods < start
    if not early.any() or early.all():
        raise ValueError(f"start must lie inside the periods {periods[0]} to {periods[-1]}.")
    if min(group.sum(), (~group).sum()) < 2:
        raise ValueError("Each group needs at least two units, to tell chance from effect.")
    values = wide.to_numpy()
    # Each unit against its own last period before: unit effects are gone, and what is left is a
    # comparison of means. The changes of a unit stay together, which is what clustering asks.
    change = values[:, ~early].mean(axis=1) - values[:, early].mean(axis=1)
    events = values - values[:, [int(np.flatnonzero(early)[-1])]]
    x = np.column_stack([np.ones(len(group)), group.astype(float)])
    t = student.ppf((1 + confidence) / 2, len(group) - 1)

    def row(y: Any) -> dict[str, float]:
        fit = api.OLS(y, x).fit(cov_type="HC1")
        b, se = float(fit.params[1]), float(fit.bse[1])
        return {"effect": b, "se": se, "low": b - t * se, "high": b + t * se}

    main = row(change)
    p = 2 * student.sf(abs(main["effect"]) / main["se"], len(group) - 1) if main["se"] else np.nan
    table = pd.DataFrame([main | {"p": p, "trends_p": _parallel(events, early, group)}])
    study = pd.DataFrame([row(y) for y in events.T], index=pd.Index(periods - start, name="since"))
    means = pd.DataFrame({"treated": wide[group].mean(), "others": wide[~group].mean()})
    return DifferenceInDifferences(table, study, means)


def _balanced(panel: pd.DataFrame, outcome: str, unit: str, time: str) -> pd.DataFrame:
    if panel.duplicated([unit, time]).any():
        raise ValueError(f"panel must hold a {unit!r} and {time!r} once.")
    wide = panel.pivot_table(index=unit, columns=time, values=outcome, observed=True).astype(float)
    short = int(wide.isna().any(axis=1).sum())
    if short:
        raise ValueError(
            f"{short:,} of {len(wide):,} units miss a period. Keep the complete ones, or compare "
            "rates of regions or branches, which are there in every period."
        )
    return wide


def _parallel(events: Any, early: Any, group: Any) -> float:
    """Test that treated and others moved alike before the start (Hotelling's T squared)."""
    from scipy.stats import f as fisher

    past = events[:, np.flatnonzero(early)[:-1]]
    n1, n0, k = int(group.sum()), int((~group).sum()), past.shape[1]
    if k == 0 or n1 + n0 - 2 < k:
        return np.nan
    gap = past[group].mean(axis=0) - past[~group].mean(axis=0)
    spread = sum(np.atleast_2d(np.cov(past[g], rowvar=False)) / g.sum() for g in (group, ~group))
    if np.linalg.matrix_rank(spread) < k:
        return np.nan
    t2 = float(gap @ np.linalg.solve(spread, gap))
    free = n1 + n0 - 2
    return float(fisher.sf(t2 * (free - k + 1) / (k * free), k, free - k + 1))


@dataclass(frozen=True, repr=False)
class PromotionPhases(Result):
    """Level of a series while something ran, and after, against its own trend before.

    Attributes
    ----------
    table : DataFrame
        Indexed by phase (during, after): `effect`, the mean distance from the trend before, with
        `se`, `low`, `high` and `p`.
    fitted : DataFrame
        Indexed as the series: the `series`, the `model` and the `trend` without the promotion.
    """

    table: pd.DataFrame
    fitted: pd.DataFrame
    _title = "PromotionPhases series: distance from the trend before"

    def to_frame(self) -> pd.DataFrame:
        """Return the effects."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the series and the trend it would have followed."""
        return plots.lines(self.fitted, ax)


def promotion_phases(
    series: pd.Series[Any],
    start: int,
    end: int,
    *,
    lags: int = 2,
    confidence: float = 0.95,
) -> PromotionPhases:
    """Compare a series during and after a promotion with its trend before: lift and dip.

    Least squares on a constant, a trend, and an indicator of each phase, with the standard errors
    of Newey and West (1987), which bear correlation over `lags` periods.

    Parameters
    ----------
    series : Series
        Indexed by period, a whole number: sales, bills, losses of all together.
    start, end : int
        First and last period of the promotion.
    lags : int
        Periods over which errors may be correlated.
    confidence : float
        Level of the intervals.

    Returns
    -------
    PromotionPhases
        In the unit of the series; a negative effect after a positive one is the post-promotion
        dip: sales that were only brought forward.

    Raises
    ------
    ValueError
        Missing values, or fewer than three periods before, or none during or after.

    Notes
    -----
    Without a control group: what else changed at the time counts as effect, so prefer
    `promotion_lift` or `difference_in_differences` where there is one.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sales = pd.Series(100 + np.arange(24) + rng.normal(0, 0.5, 24), index=range(1, 25))
    >>> sales.loc[11:13] += 20
    >>> sales.loc[14:] -= 5
    >>> promotion_phases(sales, 11, 13).table["effect"].round().to_dict()
    {'during': 19.0, 'after': -5.0}
    """
    from scipy.stats import t as student

    api = optional("statsmodels.api", "analysis")
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    whole(lags, "lags", 0)
    values = series.astype(float).sort_index()
    if values.isna().any() or values.index.has_duplicates:
        raise ValueError("series must hold every period once, with a value.")
    at = values.index.to_numpy(int)
    during, after = (at >= start) & (at <= end), at > end
    if (at < start).sum() < 3 or not during.any() or not after.any():
        raise ValueError(
            "series needs three periods before the promotion, one during and one after; it has "
            f"{(at < start).sum()}, {during.sum()} and {after.sum()}."
        )
    x = np.column_stack([np.ones(len(at)), at - at[0], during, after]).astype(float)
    fit = api.OLS(values.to_numpy(), x).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}
    )
    free = len(at) - x.shape[1]
    if free < 1:
        raise ValueError("series is too short to tell a trend from chance.")
    half = student.ppf((1 + confidence) / 2, free) * fit.bse[2:]
    effect = fit.params[2:]
    table = pd.DataFrame(
        {
            **{"effect": effect, "se": fit.bse[2:], "low": effect - half, "high": effect + half},
            "p": 2 * student.sf(np.abs(effect / fit.bse[2:]), free),
        },
        index=pd.Index(["during", "after"], name="phase"),
    )
    fitted = pd.DataFrame(
        {"series": values, "model": fit.fittedvalues, "trend": x[:, :2] @ fit.params[:2]}
    )
    return PromotionPhases(table, fitted)


def effect_line(table: pd.DataFrame, ax: Axes | None) -> Axes:
    """Draw effects with their intervals against periods, and a line at 0.

    Parameters
    ----------
    table : DataFrame
        Indexed by period: `effect`, `low` and `high`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
    """
    import matplotlib.pyplot as plt

    ax = plt.subplots()[1] if ax is None else ax
    x, blue = table.index.to_numpy(float), plots.PALETTE["blue"]
    ax.axhline(0, color=plots.PALETTE["gray"], linewidth=1)
    ax.vlines(x, table["low"], table["high"], color=blue, alpha=0.45, linewidth=3)
    ax.plot(x, table["effect"], "o", color=blue)
    return ax
