"""A policy event in a series: how far the level jumped and the slope turned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib._checks import number, numbers, optional, whole
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Interrupted(Result):
    """What an event changed in a series.

    Attributes
    ----------
    table : DataFrame
        `level before` (at the event, had nothing happened), `slope before`, `level change` (at
        the event), `slope change` (a period): `estimate`, `se`, `low`, `high`, `p`.
    series : DataFrame
        By period: `observed`, `fitted`, `counterfactual` (the old line, carried on).
    at : number
        First period under the new rule.
    lags : int
        Autocorrelation the standard errors allow for.
    """

    table: pd.DataFrame
    series: pd.DataFrame
    at: float
    lags: int

    @property
    def _title(self) -> str:  # type: ignore[override]
        return f"Segmented regression, event at {self.at:g} (errors allow for {self.lags} lags)"

    @property
    def effect(self) -> pd.Series[Any]:
        """Fitted less counterfactual in each period from the event on."""
        after = self.series[self.series.index >= self.at]
        return (after["fitted"] - after["counterfactual"]).rename("effect")

    def to_frame(self) -> pd.DataFrame:
        """Return the table of estimates."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the series, both lines, and what would have been."""
        import matplotlib.pyplot as plt

        from crmlib.plots import PALETTE

        ax = plt.subplots()[1] if ax is None else ax
        t, y = self.series.index.to_numpy(float), self.series
        after = t >= self.at
        ax.plot(t, y["observed"], "o", color=PALETTE["gray"], markersize=4, label="observed")
        for part in (after, ~after):
            ax.plot(t[part], y["fitted"][part], color=PALETTE["blue"],
                    label="fitted" if part is after else None)  # fmt: skip
        ax.plot(t[after], y["counterfactual"][after], "--", color=PALETTE["vermilion"],
                label="without the event")  # fmt: skip
        ax.axvline(self.at, color=PALETTE["gray"], linewidth=1)
        ax.set_xlabel("period" if self.series.index.name is None else str(self.series.index.name))
        ax.set_ylabel(str(self.series.attrs.get("name", "")))
        ax.legend()
        return ax


def interrupted(
    series: pd.Series[Any], at: float, *, lags: int | None = None, confidence: float = 0.95
) -> Interrupted:
    """Fit a line before and after a policy event and read the change of level and of slope.

    ``y = a + b (t - at) + c [t >= at] + d (t - at) [t >= at] + error``; c is the change of level
    at the event, d that of the slope. Errors of one period go on into the next, so standard
    errors are Newey and West's (1987), with the correction for a small sample, and intervals
    Student's. Anything else that happened at the event is in the effect too: a series that the
    rule did not touch, taken off first, helps.

    Parameters
    ----------
    series : Series of numbers
        A value a period, such as a churn rate (or its logarithm: then changes are relative), on
        an index of numbers in ascending order.
    at : number
        First period under the new rule; three periods at least on either side.
    lags : int, optional
        Autocorrelation to allow for; by default 4 (n / 100) ** (2 / 9), rounded down.
    confidence : float
        Of the intervals.

    Returns
    -------
    Interrupted

    Raises
    ------
    ValueError
        The index is not ascending, a value is missing, or there are fewer than three periods
        before or after.
    ImportError
        statsmodels is not installed.

    References
    ----------
    Wagner, A. K., Soumerai, S. B., Zhang, F. and Ross-Degnan, D. (2002). Segmented regression
    analysis of interrupted time series studies in medication use research. Journal of Clinical
    Pharmacy and Therapeutics 27. Newey, W. K. and West, K. D. (1987). A simple, positive
    semi-definite, heteroskedasticity and autocorrelation consistent covariance matrix.
    Econometrica 55.

    Examples
    --------
    >>> rate = pd.Series([2.0, 2.1, 2.2, 2.3, 3.4, 3.7, 4.0, 4.3], index=range(1, 9))
    >>> interrupted(rate, at=5, lags=0).table["estimate"].round(6).tolist()
    [2.4, 0.1, 1.0, 0.2]
    """
    sm = optional("statsmodels.api", "analysis")
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    when = number(at, "at")
    y = numbers(series, "series")
    t = numbers(series.index.to_numpy(), "the index of series")
    if (np.diff(t) <= 0).any():
        raise ValueError("the index of series must be ascending, each period once.")
    after = t >= when
    if min(after.sum(), (~after).sum()) < 3:
        raise ValueError(
            f"series has {(~after).sum()} periods before {when:g} and {after.sum()} from it on; "
            "a line needs three on either side."
        )
    n = len(y)
    most = int(4 * (n / 100) ** (2 / 9)) if lags is None else whole(lags, "lags", 0, n - 1)
    since = t - when
    design = np.column_stack([np.ones(n), since, after, since * after]).astype(float)
    fit = sm.OLS(y, design).fit(
        cov_type="HAC", cov_kwds={"maxlags": most, "use_correction": True}, use_t=True
    )
    span = fit.conf_int(alpha=1 - confidence)
    rows = pd.Index(["level before", "slope before", "level change", "slope change"], name="term")
    table = pd.DataFrame(
        {"estimate": fit.params, "se": fit.bse, "low": span[:, 0], "high": span[:, 1],
         "p": fit.pvalues}, rows,
    )  # fmt: skip
    old = design[:, :2] @ fit.params[:2]
    frame = pd.DataFrame(
        {"observed": y, "fitted": fit.fittedvalues, "counterfactual": old}, series.index
    )
    frame.attrs["name"] = "" if series.name is None else str(series.name)
    return Interrupted(table, frame, when, most)
