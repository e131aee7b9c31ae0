"""Satisfaction as customers say it: disconfirmation of expectations, ACSI, net promoter score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib import plots
from crmlib._checks import as_frame, number, require_columns
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STATES = ("disappointed", "satisfied", "delighted")


def disconfirmation(
    performance: pd.Series[float], expectation: pd.Series[float], tolerance: float = 0.0
) -> pd.DataFrame:
    """Compare what customers met with what they expected: Kotler's three states.

    Parameters
    ----------
    performance, expectation : Series
        On one scale, one element for each customer.
    tolerance : float
        Half the width of the zone in which a difference counts as none, at least 0.

    Returns
    -------
    DataFrame
        `difference` (performance less expectation) and `state`: disappointed below the zone,
        satisfied inside, delighted above. Missing where an answer is missing.

    Notes
    -----
    Satisfaction as a function of the difference of perceived performance and expectation:
    Oliver (1980); the three states as in Kotler's textbook.

    Examples
    --------
    >>> disconfirmation(pd.Series([5, 7, 9]), pd.Series([7, 7, 7]))["state"].tolist()
    ['disappointed', 'satisfied', 'delighted']
    """
    number(tolerance, "tolerance", 0)
    if not performance.index.equals(expectation.index):
        raise ValueError("performance and expectation must have the same index.")
    difference = performance.astype(float) - expectation.astype(float)
    code = (difference >= -tolerance).astype(int) + (difference > tolerance)
    code = code.where(difference.notna(), -1)
    state = pd.Categorical.from_codes(code, pd.Index(STATES), ordered=True)
    return pd.DataFrame({"difference": difference, "state": state}, index=performance.index)


def disconfirmation_grid(
    performance: pd.Series[float], expectation: pd.Series[float], threshold: float
) -> pd.DataFrame:
    """Count customers by expectation and performance, low or high, with the mean difference.

    Parameters
    ----------
    performance, expectation : Series
        On one scale, one element for each customer.
    threshold : float
        From here on an answer is high.

    Returns
    -------
    DataFrame
        Indexed by expectation and performance: `customers`, `mean_difference`, `share`.

    Examples
    --------
    >>> grid = disconfirmation_grid(pd.Series([3, 9, 9]), pd.Series([8, 8, 4]), threshold=6)
    >>> int(grid.loc[("high", "low"), "customers"])
    1
    """
    difference = disconfirmation(performance, expectation)["difference"]
    known = difference.notna()
    high = {"expectation": expectation >= threshold, "performance": performance >= threshold}
    names = [
        pd.Categorical(np.where(flag[known], "high", "low"), ["low", "high"])
        for flag in high.values()
    ]
    grid = difference[known].groupby(names, observed=False).agg(["size", "mean"])
    grid.columns = ["customers", "mean_difference"]
    grid["share"] = grid["customers"] / grid["customers"].sum()
    return grid.rename_axis(list(high))


def acsi(
    items: pd.DataFrame, low: float, high: float, weights: Mapping[str, float] | None = None
) -> pd.Series[float]:
    """Return the satisfaction index of each respondent from 0 to 100.

    ``100 * (sum w x - low) / (high - low)`` with weights that sum to 1: the formula of the
    American Customer Satisfaction Index (Fornell, Johnson, Anderson, Cha & Bryant 1996), whose
    weights come from its structural model; equal ones are the default here.

    Parameters
    ----------
    items : DataFrame
        One column for each question, on a scale from `low` to `high`.
    low, high : float
        Ends of the scale.
    weights : mapping, optional
        Weight of each column; scaled to sum to 1.

    Returns
    -------
    Series
        Named ``acsi``; missing where an item is missing.

    Raises
    ------
    ValueError
        An answer off the scale, a weight that is negative or for no column.

    Examples
    --------
    >>> items = pd.DataFrame({"overall": [10, 1], "expected": [10, 1], "ideal": [10, 1]})
    >>> acsi(items, 1, 10).tolist()
    [100.0, 0.0]
    """
    on_scale(as_frame(items, "items"), low, high)
    w = pd.Series(1.0, index=items.columns)
    if weights is not None:
        require_columns(items, weights, "items")
        w = pd.Series({key: number(v, f"weights[{key!r}]", 0) for key, v in weights.items()})
        if w.sum() == 0:
            raise ValueError("weights must not all be 0.")
    mean = (items[w.index] * (w / w.sum())).sum(axis=1, skipna=False)
    index: pd.Series[float] = (100 * (mean - low) / (high - low)).rename("acsi")
    return index


@dataclass(frozen=True, repr=False)
class NetPromoterScore(Result):
    """Share of promoters (9, 10) less share of detractors (0 to 6).

    Attributes
    ----------
    promoters, passives, detractors : int
        Respondents who said 9-10, 7-8, 0-6.
    confidence : float
        Level of the interval.
    """

    promoters: int
    passives: int
    detractors: int
    confidence: float = 0.95
    _title = "Net promoter score"

    @property
    def score(self) -> float:
        """The score from -1 to 1 (it is usually printed times 100)."""
        return (self.promoters - self.detractors) / self.respondents

    @property
    def respondents(self) -> int:
        """How many answered."""
        return self.promoters + self.passives + self.detractors

    @property
    def standard_error(self) -> float:
        """Of a difference of two shares of one sample: sqrt((p + d - (p - d)^2) / n)."""
        n = self.respondents
        spread = (self.promoters + self.detractors) / n - self.score**2
        return float(np.sqrt(max(spread, 0) / n))

    def interval(self) -> tuple[float, float]:
        """Return the interval by the normal approximation, within [-1, 1]."""
        from scipy.stats import norm

        half = float(norm.ppf((1 + self.confidence) / 2)) * self.standard_error
        return max(self.score - half, -1.0), min(self.score + half, 1.0)

    def to_frame(self) -> pd.DataFrame:
        """Return score, interval and shares in one row."""
        low, high = self.interval()
        n = self.respondents
        row = {"nps": self.score, "low": low, "high": high, "respondents": n}
        row |= {name: getattr(self, name) / n for name in ("promoters", "passives", "detractors")}
        return pd.DataFrame([row])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the score with its interval."""
        return plots.dots(self.to_frame().set_axis(["score"]), ax, value="nps", reference=0)


def nps(scores: pd.Series[float], confidence: float = 0.95) -> NetPromoterScore:
    """Return the net promoter score of answers from 0 to 10 (Reichheld 2003), with its interval.

    Parameters
    ----------
    scores : Series
        Answers from 0 to 10; missing ones are left out.
    confidence : float
        Level of the interval.

    Returns
    -------
    NetPromoterScore

    Examples
    --------
    >>> nps(pd.Series([10, 9, 8, 3])).score
    0.25
    """
    known = scores.dropna()
    if known.empty:
        raise ValueError("scores holds no answer.")
    on_scale(known.to_frame("scores"), 0, 10)
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    promoters, detractors = int((known >= 9).sum()), int((known <= 6).sum())
    return NetPromoterScore(promoters, len(known) - promoters - detractors, detractors, confidence)


def on_scale(items: pd.DataFrame, low: float, high: float, *, whole: bool = False) -> None:
    """Refuse answers outside a scale, or between its steps, by the name of the column."""
    number(high, "high", low, open_low=True)
    for name in items.columns:
        values = items[name].dropna().astype(float)
        off = (values < low) | (values > high)
        if whole:
            off |= values != values.round()
        if off.any():
            raise ValueError(
                f"{name!r} has {int(off.sum())} answers off the scale {low:g} to {high:g}, "
                f"first {values[off].iloc[0]:g}."
            )
