"""Churn and retention rates by period, cohorts, and the reasons in order of weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from crmlib import plots
from crmlib._checks import as_frame, number, optional, require_columns
from crmlib._pareto import Pareto, ranked
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def annual(rate: float, periods: int = 12) -> float:
    """Compound a rate per period to a year: 1 - (1 - rate) ** periods.

    Operators often report `periods * rate` instead, which is more.

    Parameters
    ----------
    rate : float
        Share lost in a period, from 0 to 1.
    periods : int
        Periods in a year.

    Returns
    -------
    float
        Share of today's customers lost in a year.

    Examples
    --------
    >>> round(annual(0.0149), 3), round(12 * 0.0149, 3)
    (0.165, 0.179)
    """
    number(rate, "rate", 0, 1)
    return float(1 - (1 - rate) ** number(periods, "periods", 0, open_low=True))


@dataclass(frozen=True, repr=False)
class Rates(Result):
    """Churn and retention by period.

    Attributes
    ----------
    table : DataFrame
        Indexed by period: `customers` served in it, `lost` at its end, `churn_rate` with `low`
        and `high`, `retention_rate`.
    """

    table: pd.DataFrame
    _title = "Churn and retention by period"

    def to_frame(self) -> pd.DataFrame:
        """Return the table, one row for each period."""
        return self.table

    def trend(self, confidence: float = 0.95) -> pd.Series[float]:
        """Return how the odds to be lost grow from one period to the next, with an interval.

        A binomial regression of the losses on the period; the interval is widened where periods
        differ by more than chance (quasi-binomial). For small rates odds and rates grow alike.

        Parameters
        ----------
        confidence : float
            Of the interval.

        Returns
        -------
        Series
            `growth` a period (0.02 is 2 %), `low`, `high`, `p`, and `dispersion`: the variance
            over that of a binomial count.

        Raises
        ------
        ValueError
            There are fewer than three periods, or nobody was lost in any.

        Examples
        --------
        >>> spans = pd.DataFrame({"start": 1, "end": [1] * 10 + [2] * 18 + [3] * 24 + [9] * 48})
        >>> round(float(churn_rates(spans, 1, 3).trend()["growth"]), 2)
        1.11
        """
        sm = optional("statsmodels.api", "analysis")
        number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
        seen = self.table[self.table["customers"] > 0]
        if len(seen) < 3 or not seen["lost"].sum() > 0:
            raise ValueError(
                f"A trend needs three periods and some losses; there are {len(seen)} with "
                f"{int(seen['lost'].sum())}."
            )
        counts = np.column_stack([seen["lost"], seen["customers"] - seen["lost"]])
        time = sm.add_constant(seen.index.to_numpy(float))
        fit = sm.GLM(counts, time, family=sm.families.Binomial()).fit()
        dispersion = float(fit.pearson_chi2 / fit.df_resid)
        se = float(fit.bse[1]) * max(dispersion, 1.0) ** 0.5
        half = float(stats.t.ppf(0.5 + confidence / 2, fit.df_resid)) * se
        b = float(fit.params[1])
        p = 2 * float(stats.t.sf(abs(b) / se, fit.df_resid))
        found = {"growth": np.expm1(b), "low": np.expm1(b - half), "high": np.expm1(b + half)}
        return pd.Series({**found, "p": p, "dispersion": dispersion}, name="trend", dtype=float)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the churn rate over the periods, its interval as a band."""
        ax = plots.lines(self.table[["churn_rate"]].rename(columns={"churn_rate": "churn"}), ax)
        ax.fill_between(
            self.table.index.to_numpy(),
            self.table["low"].to_numpy(),
            self.table["high"].to_numpy(),
            alpha=0.2,
            linewidth=0,
        )
        plots.as_percent(ax)
        ax.set_ylim(bottom=0)
        return ax


def churn_rates(
    spans: pd.DataFrame,
    first: int,
    last: int,
    *,
    start: str = "start",
    end: str = "end",
    confidence: float = 0.95,
) -> Rates:
    """Return churn and retention for each period: losses at its end over customers served in it.

    Parameters
    ----------
    spans : DataFrame
        A row for each relation: its first and its last period, the latter missing if it goes on.
        A customer who came back has two rows.
    first, last : int
        Periods to report.
    start, end : str
        Columns of `spans`.
    confidence : float
        Level of the Wilson interval of the rate.

    Returns
    -------
    Rates

    Raises
    ------
    ValueError
        A missing column, or a relation that ends before it starts.

    Examples
    --------
    >>> spans = pd.DataFrame({"start": [1, 1, 2], "end": [1, None, None]})
    >>> churn_rates(spans, 1, 2).table["churn_rate"].tolist()
    [0.5, 0.0]
    """
    begin, stop = _spans(spans, start, end)
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    periods = np.arange(int(number(first, "first")), int(number(last, "last", first)) + 1)
    started = np.searchsorted(np.sort(begin), periods, side="right")
    ended = np.searchsorted(np.sort(stop), periods, side="left")  # before the period
    customers = started - ended
    lost = np.searchsorted(np.sort(stop), periods, side="right") - ended
    table = pd.DataFrame(
        {"customers": customers, "lost": lost}, index=pd.Index(periods, name="period")
    )
    proportion = optional("statsmodels.stats.proportion", "analysis")
    with np.errstate(invalid="ignore", divide="ignore"):
        table["churn_rate"] = lost / customers
        table["low"], table["high"] = proportion.proportion_confint(
            lost, customers, 1 - confidence, method="wilson"
        )
    table["retention_rate"] = 1 - table["churn_rate"]
    return Rates(table)


@dataclass(frozen=True, repr=False)
class CohortTriangle(Result):
    """Who is still there, by the period of joining and the periods since.

    Attributes
    ----------
    survivors : DataFrame
        Cohort (rows) by age in periods (columns): customers still there, missing where the
        future would have to be known. Age 0 is the size of the cohort.
    """

    survivors: pd.DataFrame
    _title = "Share of each cohort still there, by age"

    @property
    def retention(self) -> pd.DataFrame:
        """Survivors over the size of the cohort."""
        return self.survivors.div(self.survivors[0], axis=0)

    @property
    def pooled(self) -> pd.Series:
        """Chance to stay one more period at each age, over all cohorts that reached it."""
        now, later = self.survivors.iloc[:, :-1], self.survivors.iloc[:, 1:]
        at_risk = now.where(later.notna().to_numpy()).sum()
        stayed: pd.Series = later.sum().set_axis(at_risk.index) / at_risk
        return stayed.rename("retention rate")

    def to_frame(self) -> pd.DataFrame:
        """Return the retention triangle."""
        return self.retention

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the triangle, darker where more stay."""
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1] if ax is None else ax
        retention = self.retention
        image = ax.imshow(retention.to_numpy(float), aspect="auto", cmap="Blues", vmax=1)
        ax.set_xlabel("periods since joining")
        ax.set_ylabel("joined in period")
        step = max(len(retention) // 12, 1)
        ax.set_yticks(range(0, len(retention), step), [str(c) for c in retention.index[::step]])
        ax.grid(visible=False)
        ax.figure.colorbar(image, ax=ax, label="still there", format="{x:.0%}")
        return ax


def cohort_triangle(
    spans: pd.DataFrame, first: int, last: int, *, start: str = "start", end: str = "end"
) -> CohortTriangle:
    """Follow each cohort of joiners from period `first` on, as far as `last` lets us see.

    Parameters
    ----------
    spans : DataFrame
        A row for each relation: its first and its last period, the latter missing if it goes on.
    first, last : int
        First cohort, and the last period observed.
    start, end : str
        Columns of `spans`.

    Returns
    -------
    CohortTriangle

    Examples
    --------
    >>> spans = pd.DataFrame({"start": [1, 1, 2], "end": [1, None, None]})
    >>> cohort_triangle(spans, 1, 3).survivors.loc[1].tolist()
    [2.0, 1.0, 1.0]
    """
    begin, stop = _spans(spans, start, end)
    first, last = int(number(first, "first")), int(number(last, "last", first))
    size = last - first + 1
    inside = (begin >= first) & (begin <= last)
    cohort = (begin[inside] - first).astype(int)
    # Lived ages 0 .. stop - begin; whoever ends after `last` is alive at every visible age.
    lived = np.minimum(stop[inside] - begin[inside], size - 1).astype(int)
    ends = np.zeros((size, size))
    np.add.at(ends, (cohort, lived), 1)
    alive = ends[:, ::-1].cumsum(axis=1)[:, ::-1]
    seen = np.arange(size)[None, :] <= size - 1 - np.arange(size)[:, None]
    table = pd.DataFrame(
        np.where(seen, alive, np.nan),
        index=pd.RangeIndex(first, last + 1, name="cohort"),
        columns=pd.RangeIndex(size, name="age"),
    )
    return CohortTriangle(table)


def pareto(reasons: pd.Series[Any], weights: pd.Series[float] | None = None) -> Pareto:
    """Count reasons, heaviest first; missing ones are left out.

    Parameters
    ----------
    reasons : Series
        A reason for each loss.
    weights : Series, optional
        What each loss weighs, such as the customer's value in yuan; aligned with `reasons`.

    Returns
    -------
    Pareto

    Raises
    ------
    ValueError
        If no reason is known, or a weight is negative or missing.

    Examples
    --------
    >>> pareto(pd.Series(["price", "network", "price", None])).table["share"].round(2).to_dict()
    {'price': 0.67, 'network': 0.33}
    """
    known = reasons.dropna()
    if known.empty:
        raise ValueError("reasons holds no known reason.")
    mine: Any = 1 if weights is None else weights.reindex(known.index)
    if weights is not None and (mine.isna().any() or (mine < 0).any()):
        raise ValueError("weights must be there and at least 0 for every known reason.")
    return ranked(known.rename("reason"), mine, "count")


def _spans(spans: pd.DataFrame, start: str, end: str) -> tuple[Any, Any]:
    require_columns(as_frame(spans, "spans"), [start, end], "spans")
    begin = spans[start].to_numpy(float)
    stop = spans[end].astype("Float64").to_numpy(float, na_value=np.inf)
    wrong = np.flatnonzero(~(stop >= begin))
    if len(wrong):
        row = spans.index[wrong[0]]
        raise ValueError(
            f"spans must start, and end no earlier than they start; {len(wrong)} rows do not, "
            f"first {row!r}."
        )
    return begin, stop
