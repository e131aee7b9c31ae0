"""What complaints are about, and how that changes: Pareto tables and trends of counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from crmlib._checks import number, optional
from crmlib._pareto import Pareto, ranked
from crmlib._result import Result
from crmlib._words import NUMBER, as_texts, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# scikit-learn's list of English stop words holds nouns that complaints are made of.
_STOP = {NUMBER, *ENGLISH_STOP_WORDS} - {
    "bill",
    "call",
    "cry",
    "fire",
    "interest",
    "move",
    "system",
}


def pareto(category: Iterable[Any], weight: Iterable[float] | None = None) -> Pareto:
    """Rank categories of complaints, the heaviest first; missing ones are counted as '(none)'.

    Parameters
    ----------
    category : iterable
        Category of each complaint.
    weight : iterable of float, optional
        What each complaint counts: 1 by default; the customer's value or the cost, say.

    Returns
    -------
    Pareto

    Raises
    ------
    ValueError
        If there is no complaint, a weight is negative or missing, or all are 0.

    Examples
    --------
    >>> found = pareto(["bill"] * 6 + ["network"] * 3 + ["shop"])
    >>> found.table
              complaints  share  cumulative
    category
    bill               6    0.6         0.6
    network            3    0.3         0.9
    shop               1    0.1         1.0
    >>> found.vital(0.8)
    ['bill', 'network']
    """
    labels = pd.Series(np.asarray(list(category), dtype=object), name="category")
    labels = labels.fillna("(none)").astype(str)
    if labels.empty:
        raise ValueError("category is empty: there is no complaint to count.")
    weights = pd.Series(1 if weight is None else np.asarray(weight, float), labels.index)
    if weights.isna().any() or (weights < 0).any() or not weights.sum() > 0:
        raise ValueError("weight must hold numbers of 0 or more, not all 0, and none missing.")
    return ranked(labels, weights, "complaints" if weight is None else "weight")


@dataclass(frozen=True, repr=False)
class Trend(Result):
    """Complaints by period with control limits, and how they grow.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a period: `complaints`, `exposure`, `rate`, `center`, `lower`, `upper`, `signal`.
    growth : float
        Change of the rate from a period to the next: 0.02 is 2 %.
    low, high : float
        95 % interval of the growth.
    dispersion : float
        Variance over what a Poisson count would have; the interval allows for it.
    unit : str
        What the rate counts by.
    """

    table: pd.DataFrame
    growth: float
    low: float
    high: float
    dispersion: float
    unit: str

    @property
    def _title(self) -> str:  # type: ignore[override]
        change = f"{self.growth:+.1%} a period ({self.low:+.1%} to {self.high:+.1%})"
        return f"Complaints per {self.unit}: {change}"

    def to_frame(self) -> pd.DataFrame:
        """Return the table of periods."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the rates between their control limits, signals marked."""
        from crmlib.plots import PALETTE

        ax = _axes(ax)
        x = np.arange(len(self.table))
        ax.plot(x, self.table["rate"], "o-", color=PALETTE["blue"])
        for name in ("lower", "center", "upper"):
            style = "-" if name == "center" else "--"
            ax.plot(x, self.table[name], style, color=PALETTE["gray"], linewidth=1)
        hot = self.table["signal"].to_numpy(bool)
        ax.plot(x[hot], self.table["rate"].to_numpy()[hot], "o", color=PALETTE["vermilion"], ms=9)
        step = max(1, len(x) // 8)
        ax.set_xticks(x[::step], [str(label) for label in self.table.index[::step]])
        ax.set_ylabel(f"complaints per {self.unit}")
        return ax


def trend(
    counts: pd.Series[Any],
    exposure: pd.Series[Any] | None = None,
    *,
    unit: str | None = None,
    sigmas: float = 3.0,
) -> Trend:
    """Put counts of complaints on a control chart and fit their growth.

    The chart is a u-chart: limits are exact Poisson quantiles, at the tail probability that
    `sigmas` have under a normal curve, around the overall rate. The growth is a Poisson
    regression of the counts on time with the exposure as offset; its interval is widened by the
    dispersion (quasi-Poisson).

    Parameters
    ----------
    counts : pandas.Series
        Complaints by period, in order.
    exposure : pandas.Series, optional
        Customers (or days) by period, on the same index; 1 by default.
    unit : str, optional
        What the exposure counts: 'customer', say; 'period' without an exposure.
    sigmas : float
        Distance of the limits.

    Returns
    -------
    Trend

    Raises
    ------
    ValueError
        If there are fewer than three periods, a count is negative or broken, an exposure is not
        positive, or the indexes differ.
    ImportError
        If statsmodels is not installed.

    Examples
    --------
    >>> flat = trend(pd.Series([40, 44, 38, 41, 90], index=list("abcde")))
    >>> flat.table["signal"].tolist()
    [False, False, False, False, True]
    """
    sm = optional("statsmodels.api", "analysis")
    number(sigmas, "sigmas", 0, open_low=True)
    n = pd.Series(counts, dtype=float)
    if len(n) < 3:
        raise ValueError(f"counts has {len(n)} periods: a trend needs three.")
    if n.isna().any() or (n < 0).any() or (n % 1 != 0).any() or n.sum() == 0:
        raise ValueError("counts must be whole numbers of 0 or more, none missing, not all 0.")
    size = pd.Series(1.0, n.index) if exposure is None else pd.Series(exposure, dtype=float)
    if not size.index.equals(n.index):
        raise ValueError("exposure and counts have different indexes.")
    if not (size > 0).all():
        raise ValueError("exposure must be positive in every period.")
    center = n.sum() / size.sum()
    tail = stats.norm.sf(sigmas)
    lower = stats.poisson.ppf(tail, center * size)
    upper = stats.poisson.isf(tail, center * size)
    table = pd.DataFrame(
        {
            "complaints": n.astype(int),
            "exposure": size,
            "rate": n / size,
            "center": center,
            "lower": lower / size,
            "upper": upper / size,
            "signal": (n < lower) | (n > upper),
        }
    )
    time = sm.add_constant(np.arange(len(n), dtype=float))
    fit = sm.GLM(n.to_numpy(), time, family=sm.families.Poisson(), offset=np.log(size)).fit()
    dispersion = float(fit.pearson_chi2 / fit.df_resid)
    half = stats.t.ppf(0.975, fit.df_resid) * fit.bse[1] * np.sqrt(max(dispersion, 1.0))
    low, growth, high = np.expm1(fit.params[1] + np.array([-half, 0.0, half]))
    label = unit or ("period" if exposure is None else "unit of exposure")
    return Trend(table, float(growth), float(low), float(high), dispersion, label)


def distinctive_words(
    texts: Iterable[str],
    category: Iterable[Any],
    *,
    top: int = 8,
    prior: float = 0.5,
    skip: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Return the words that set each category apart from the rest.

    A word's score is the difference of its log odds in the category and outside it, each count
    raised by `prior`, over the standard deviation of that difference. Words are counted once a
    text, so that one long complaint does not speak for many.

    Parameters
    ----------
    texts : iterable of str
        The complaints, in English or Chinese.
    category : iterable
        One for each text.
    top : int
        Words for each category.
    prior : float
        Added to each count, so that a rare word is not trusted too much.
    skip : iterable of str, optional
        Words to leave out; by default scikit-learn's English stop words but for nouns
        such as 'bill' and 'call', and all figures.

    Returns
    -------
    pandas.DataFrame
        `category`, `word`, `texts` (in the category), `share` (of its texts), `score`.

    Raises
    ------
    ValueError
        If lengths differ or there is only one category.

    Examples
    --------
    >>> found = distinctive_words(["no signal", "weak signal", "a bill"], ["n", "n", "b"], top=1)
    >>> found["word"].tolist()
    ['bill', 'signal']
    """
    given = as_texts(texts)
    labels = np.asarray(list(category), dtype=object).astype(str)
    if len(labels) != len(given):
        raise ValueError(f"category has {len(labels)} entries for {len(given)} texts.")
    if len(set(labels)) < 2:
        raise ValueError("category has one value only: nothing to set apart.")
    number(top, "top", 1)
    number(prior, "prior", 0, open_low=True)
    left_out = _STOP if skip is None else set(skip)
    pairs = pd.DataFrame(
        [(label, word) for label, text in zip(labels, given, strict=True)
         for word in sorted(set(words(text)) - left_out) if len(word) > 1],
        columns=["category", "word"],
    )  # fmt: skip
    inside = pd.crosstab(pairs["category"], pairs["word"])
    size = pd.Series(labels).value_counts().reindex(inside.index)
    a = inside + prior
    b = (inside.sum() - inside) + prior
    without = inside.rsub(size, axis=0) + prior
    outside = b.rsub(len(given) - size + 2 * prior, axis=0)
    gap = (a / without).map(np.log) - (b / outside).map(np.log)
    score = gap / (1 / a + 1 / b).map(np.sqrt)
    rows = [
        {
            "category": name,
            "word": word,
            "texts": int(inside.loc[name, word]),
            "share": float(inside.loc[name, word] / size[name]),
            "score": float(value),
        }
        for name in inside.index
        for word, value in score.loc[name].sort_values(ascending=False, kind="stable")
        .head(int(top)).items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots()[1]
