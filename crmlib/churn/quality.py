"""Quality as customers weigh it: SERVQUAL gaps, Kano classes, importance and performance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import plots
from crmlib._checks import as_frame, number, require_columns
from crmlib._result import Result
from crmlib.churn.satisfaction import on_scale
from crmlib.plots._labels import label_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KANO = ("attractive", "one-dimensional", "must-be", "indifferent", "reverse", "questionable")
# Rows: answer if the feature is there; columns: answer if it is not. 1 I like it, 2 it must be,
# 3 I am neutral, 4 I can live with it, 5 I dislike it.
_KANO_TABLE = np.array(
    [
        [5, 0, 0, 0, 1],
        [4, 3, 3, 3, 2],
        [4, 3, 3, 3, 2],
        [4, 3, 3, 3, 2],
        [4, 4, 4, 4, 5],
    ]
)


@dataclass(frozen=True, repr=False)
class ServqualGaps(Result):
    """Perception less expectation, by dimension of service quality.

    Attributes
    ----------
    table : DataFrame
        Indexed by dimension: mean `expectation` and `perception`, the `gap` with `low` and
        `high`, its `weight`, and `respondents`.
    """

    table: pd.DataFrame
    _title = "Service quality: perception less expectation"

    @property
    def overall(self) -> float:
        """The weighted mean of the gaps."""
        return float((self.table["gap"] * self.table["weight"]).sum())

    def to_frame(self) -> pd.DataFrame:
        """Return the table, one row for each dimension."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the gap of each dimension with its interval."""
        ax = plots.dots(self.table, ax, value="gap", reference=0)
        ax.set_xlabel("perception less expectation, points")
        return ax


def servqual_gaps(
    expectations: pd.DataFrame,
    perceptions: pd.DataFrame,
    dimensions: Mapping[str, Sequence[str]] | None = None,
    weights: Mapping[str, float] | None = None,
    confidence: float = 0.95,
) -> ServqualGaps:
    """Return the gap of each dimension of service quality (Parasuraman, Zeithaml & Berry 1988).

    Parameters
    ----------
    expectations, perceptions : DataFrame
        The same respondents (index) and items (columns), on one scale.
    dimensions : mapping of str to list of str, optional
        The items of each dimension; by default each item is one.
    weights : mapping of str to float, optional
        Importance of each dimension, scaled to sum to 1; equal by default.
    confidence : float
        Level of the interval of the gap, from the respondents' own gaps (paired).

    Returns
    -------
    ServqualGaps

    Examples
    --------
    >>> expected = pd.DataFrame({"empathy": [7, 7, 6], "reliability": [7, 6, 7]})
    >>> met = pd.DataFrame({"empathy": [6, 6, 6], "reliability": [7, 7, 7]})
    >>> servqual_gaps(expected, met).table["gap"].round(2).to_dict()
    {'empathy': -0.67, 'reliability': 0.33}
    """
    from scipy.stats import t as student

    as_frame(expectations, "expectations")
    require_columns(as_frame(perceptions, "perceptions"), expectations.columns, "perceptions")
    if not expectations.index.equals(perceptions.index):
        raise ValueError("expectations and perceptions must have the same respondents, in order.")
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    groups = dimensions or {str(item): [str(item)] for item in expectations.columns}
    if weights is not None:
        require_columns(pd.DataFrame(columns=list(groups)), weights, "dimensions")
    share = pd.Series({name: 1.0 if weights is None else weights.get(name, 0.0) for name in groups})
    if (share < 0).any() or share.sum() == 0:
        raise ValueError("weights must be at least 0, and not all 0.")
    rows = {}
    for name, items in groups.items():
        require_columns(expectations, items, "expectations")
        expected = expectations[list(items)].mean(axis=1, skipna=False)
        met = perceptions[list(items)].mean(axis=1, skipna=False)
        both = expected.notna() & met.notna()
        gap, n = (met - expected)[both], int(both.sum())
        half = np.nan
        if n > 1:
            half = student.ppf((1 + confidence) / 2, n - 1) * gap.std() / np.sqrt(n)
        rows[name] = {
            "expectation": expected[both].mean(),
            "perception": met[both].mean(),
            "gap": gap.mean(),
            "low": gap.mean() - half,
            "high": gap.mean() + half,
            "weight": share[name] / share.sum(),
            "respondents": n,
        }
    table = pd.DataFrame(rows).T.rename_axis("dimension").astype({"respondents": int})
    return ServqualGaps(table)


@dataclass(frozen=True, repr=False)
class Kano(Result):
    """How the presence and the absence of each feature are taken.

    Attributes
    ----------
    table : DataFrame
        Indexed by feature: answers in each of the six classes, the most frequent `class`, and
        the coefficients `better` and `worse` of Berger et al. (1993).
    """

    table: pd.DataFrame
    _title = "Kano classes"

    def to_frame(self) -> pd.DataFrame:
        """Return the table, one row for each feature."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Place each feature by what its absence costs and what its presence brings."""
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1] if ax is None else ax
        x, y = -self.table["worse"], self.table["better"]
        ax.scatter(x, y, color=plots.PALETTE["blue"])
        for name in self.table.index:
            ax.annotate(str(name), (x[name], y[name]), (5, 3), textcoords="offset points")
        for side, place in (("axvline", 0.5), ("axhline", 0.5)):
            getattr(ax, side)(place, color=plots.PALETTE["gray"], linewidth=1, linestyle="--")
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        ax.set_xlabel("dissatisfaction if absent")
        ax.set_ylabel("satisfaction if present")
        return ax


def kano(present: pd.DataFrame, absent: pd.DataFrame) -> Kano:
    """Classify features by the paired questions of Kano (1984).

    Parameters
    ----------
    present, absent : DataFrame
        One column for each feature, one row for each respondent: the answers to "how do you
        feel if the feature is there" and "... if it is not", 1 I like it, 2 it must be, 3 I am
        neutral, 4 I can live with it, 5 I dislike it.

    Returns
    -------
    Kano
        A pair with a missing answer is left out. Ties between classes go to the class that
        matters more: must-be, then one-dimensional, attractive, indifferent.

    Notes
    -----
    ``better = (A + O) / (A + O + M + I)`` and ``worse = -(O + M) / (A + O + M + I)``.

    Examples
    --------
    >>> there = pd.DataFrame({"coverage": [2, 3], "gift": [1, 1]})
    >>> gone = pd.DataFrame({"coverage": [5, 5], "gift": [3, 4]})
    >>> kano(there, gone).table["class"].to_dict()
    {'coverage': 'must-be', 'gift': 'attractive'}
    """
    require_columns(as_frame(absent, "absent"), as_frame(present, "present").columns, "absent")
    if not present.index.equals(absent.index):
        raise ValueError("present and absent must have the same respondents, in order.")
    on_scale(present, 1, 5, whole=True)
    on_scale(absent[present.columns], 1, 5, whole=True)
    rows: dict[Any, dict[str, Any]] = {}
    for feature in present.columns:
        pairs = pd.DataFrame({"there": present[feature], "gone": absent[feature]}).dropna()
        codes = _KANO_TABLE[pairs["there"].to_numpy(int) - 1, pairs["gone"].to_numpy(int) - 1]
        counts = np.bincount(codes, minlength=len(KANO))
        attractive, linear, must = counts[:3]
        total = counts[:4].sum()
        order = (2, 1, 0, 3, 4, 5)
        rows[feature] = {
            **dict(zip(KANO, counts.tolist(), strict=True)),
            "class": KANO[max(order, key=lambda k: (counts[k], -order.index(k)))]
            if counts.sum()
            else pd.NA,
            "better": (attractive + linear) / total if total else np.nan,
            "worse": -(linear + must) / total if total else np.nan,
        }
    return Kano(pd.DataFrame.from_dict(rows, orient="index").rename_axis("feature"))


@dataclass(frozen=True, repr=False)
class ImportancePerformance(Result):
    """Which attributes to work on first (Martilla & James 1977).

    Attributes
    ----------
    table : DataFrame
        Indexed by attribute: `importance`, `performance`, `quadrant`.
    cross : tuple of float
        Importance and performance at which the quadrants meet.
    """

    table: pd.DataFrame
    cross: tuple[float, float]
    _title = "Importance and performance"

    def to_frame(self) -> pd.DataFrame:
        """Return the table, one row for each attribute."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the four quadrants."""
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1] if ax is None else ax
        ax.scatter(self.table["performance"], self.table["importance"], color=plots.PALETTE["blue"])
        ax.axhline(self.cross[0], color=plots.PALETTE["gray"], linewidth=1, linestyle="--")
        ax.axvline(self.cross[1], color=plots.PALETTE["gray"], linewidth=1, linestyle="--")
        ax.set_xlabel("performance")
        ax.set_ylabel("importance")
        names = [str(name) for name in self.table.index]
        return label_points(ax, self.table["performance"], self.table["importance"], names)


def importance_performance(
    importance: pd.Series[float],
    performance: pd.Series[float],
    cross: tuple[float, float] | None = None,
) -> ImportancePerformance:
    """Sort attributes into four quadrants: concentrate, keep up, low priority, overkill.

    Parameters
    ----------
    importance, performance : Series
        One number for each attribute, indexed alike.
    cross : tuple of float, optional
        Importance and performance at which the quadrants meet; the means by default. What lies
        on a line counts as above it.

    Returns
    -------
    ImportancePerformance

    Examples
    --------
    >>> importance = pd.Series({"coverage": 9.0, "gifts": 3.0})
    >>> importance_performance(importance, pd.Series({"coverage": 5.0, "gifts": 8.0})).table[
    ...     "quadrant"
    ... ].to_dict()
    {'coverage': 'concentrate here', 'gifts': 'possible overkill'}
    """
    if set(importance.index) != set(performance.index) or importance.index.has_duplicates:
        raise ValueError("importance and performance must name the same attributes, each once.")
    table = pd.DataFrame({"importance": importance, "performance": performance}).loc[
        importance.index
    ]
    if table.isna().any().any():
        raise ValueError("importance and performance must be known for every attribute.")
    at = cross or (float(table["importance"].mean()), float(table["performance"].mean()))
    matters, well = table["importance"] >= at[0], table["performance"] >= at[1]
    names = np.array([["low priority", "possible overkill"], ["concentrate here", "keep it up"]])
    table["quadrant"] = names[matters.to_numpy(int), well.to_numpy(int)]
    return ImportancePerformance(table.rename_axis("attribute"), at)
