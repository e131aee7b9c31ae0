"""Are models different, over several data sets? Ranks, signed ranks, and what matters in practice.

Scores come as a table with a row a data set and a column a model; higher must be better (give
losses with a minus). All formulas are pure functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from crmlib._checks import as_frame, number, one_of, whole
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Ranks(Result):
    """Mean ranks of models over data sets, with Friedman's test and Nemenyi's distance.

    Attributes
    ----------
    ranks : Series
        Mean rank of each model, the best (lowest) first; ties share.
    statistic, p_value : float
        Friedman's chi-square, corrected for ties, and its p-value.
    critical_distance : float
        Nemenyi's: mean ranks that differ by more are different at level `alpha`.
    alpha : float
        The level.
    datasets : int
        Number of data sets.
    """

    ranks: pd.Series[float]
    statistic: float
    p_value: float
    critical_distance: float
    alpha: float
    datasets: int

    @property
    def _title(self) -> str:  # type: ignore[override]
        return (
            f"Mean ranks of {len(self.ranks)} models on {self.datasets} data sets; Friedman "
            f"p = {self.p_value:.2g}; critical distance {self.critical_distance:.2f}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the mean ranks, and which models the best one is not told apart from."""
        close = self.ranks - self.ranks.iloc[0] <= self.critical_distance
        return pd.DataFrame({"mean rank": self.ranks, "like the best": close})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw mean ranks; bars join models that are not told apart (Demšar's diagram, upright)."""
        import matplotlib.pyplot as plt

        from crmlib.plots import PALETTE

        ranks = self.ranks.to_numpy(float)
        if ax is None:
            ax = plt.subplots(figsize=(7, 1.0 + 0.28 * len(ranks)))[1]
        place = np.arange(len(ranks))[::-1]
        ax.plot(ranks, place, "o", color=PALETTE["blue"], markersize=6, zorder=3)
        for column, (first, last) in enumerate(groups(ranks, self.critical_distance)):
            x = ranks.max() + 0.6 + 0.35 * column
            ax.plot([x, x], place[[first, last]], color=PALETTE["gray"], linewidth=3)
        ax.hlines(
            len(ranks) - 0.2,
            ranks[0],
            ranks[0] + self.critical_distance,
            color=PALETTE["vermilion"],
        )
        ax.annotate(
            f"critical distance {self.critical_distance:.1f}",
            (ranks[0], len(ranks) - 0.2),
            (0, 3),
            textcoords="offset points",
            color=PALETTE["vermilion"],
        )
        ax.set_yticks(place, [str(name) for name in self.ranks.index])
        ax.set_ylim(-0.6, len(ranks) + 0.6)
        ax.set_xlabel("mean rank (1 is best)")
        return ax


def friedman(scores: pd.DataFrame, alpha: float = 0.05) -> Ranks:
    """Rank models on every data set and test whether their mean ranks can be chance.

    Parameters
    ----------
    scores : DataFrame
        A row a data set, a column a model; higher is better, none missing.
    alpha : float
        Level of Nemenyi's critical distance.

    Returns
    -------
    Ranks

    Raises
    ------
    ValueError
        With fewer than three models or two data sets, or missing scores.

    References
    ----------
    Demšar (2006), Journal of Machine Learning Research 7, sections 3.2.2 and 3.2.3.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [0.9, 0.8, 0.7], "b": [0.8, 0.7, 0.6], "c": [0.7, 0.6, 0.65]})
    >>> friedman(scores).ranks.round(2).to_dict()
    {'a': 1.0, 'b': 2.33, 'c': 2.67}
    """
    values = _scores(scores, 3)
    n, k = values.shape
    ranks = stats.rankdata(-values, axis=1)
    test = stats.friedmanchisquare(*values.T)
    mean = pd.Series(ranks.mean(axis=0), index=scores.columns, name="mean rank")
    distance = nemenyi_distance(k, n, alpha)
    return Ranks(
        mean.sort_values(kind="stable"),
        float(test.statistic),
        float(test.pvalue),
        distance,
        alpha,
        n,
    )


def nemenyi_distance(models: int, datasets: int, alpha: float = 0.05) -> float:
    """Return the distance of mean ranks from which two models differ: q sqrt(k (k + 1) / 6 n).

    Parameters
    ----------
    models, datasets : int
        k and n.
    alpha : float
        Level.

    Returns
    -------
    float
        q is the quantile of the studentized range over the square root of 2.

    Examples
    --------
    >>> round(nemenyi_distance(4, 14), 2)
    1.25
    """
    k, n = whole(models, "models", 2), whole(datasets, "datasets", 1)
    level = number(alpha, "alpha", 0, 1, open_low=True, open_high=True)
    q = stats.studentized_range.ppf(1 - level, k, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(k * (k + 1) / (6 * n)))


def groups(ranks: npt.ArrayLike, distance: float) -> list[tuple[int, int]]:
    """Return the longest runs of sorted mean ranks that lie within the distance, as positions.

    Parameters
    ----------
    ranks : array-like
        Mean ranks in ascending order.
    distance : float
        Critical distance.

    Returns
    -------
    list of (int, int)
        First and last position of each run of at least two.

    Examples
    --------
    >>> groups([1.0, 1.5, 2.2, 4.0], 1.0)
    [(0, 1), (1, 2)]
    """
    r = np.asarray(ranks, dtype=float)
    last = np.searchsorted(r, r + distance, side="right") - 1
    runs = [(i, int(j)) for i, j in enumerate(last) if j > i]
    return [run for at, run in enumerate(runs) if at == 0 or run[1] > runs[at - 1][1]]


def wilcoxon_holm(scores: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Test every model against one by Wilcoxon's signed ranks, with Holm's correction.

    Parameters
    ----------
    scores : DataFrame
        As in `friedman`.
    reference : str
        The column the others are compared with.

    Returns
    -------
    DataFrame
        A row a model: median `difference` to the reference, `p` (two-sided, exact where there
        are no ties) and `p Holm`.

    Raises
    ------
    ValueError
        If the reference is no column, or scores are missing.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [0.5, 0.6, 0.7, 0.8, 0.9, 0.7], "b": [0.4] * 6})
    >>> wilcoxon_holm(scores, "b")["p Holm"].round(4).to_dict()
    {'a': 0.0312}
    """
    values = pd.DataFrame(_scores(scores, 2), scores.index, scores.columns)
    one_of(reference, [str(name) for name in values.columns], "reference")
    others = values.drop(columns=reference).sub(values[reference], axis=0)
    p = np.array([_wilcoxon(column.to_numpy(float)) for _, column in others.items()])
    return pd.DataFrame(
        {"difference": others.median(), "p": p, "p Holm": holm(p)}, index=others.columns
    )


def _wilcoxon(difference: npt.NDArray[np.float64]) -> float:
    if not difference.any():
        return 1.0
    return float(stats.wilcoxon(difference).pvalue)


def holm(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return p-values corrected by Holm's step-down method.

    Parameters
    ----------
    p_values : array-like
        Of the tests of one family.

    Returns
    -------
    array

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(steps, 1.0)
    return corrected


def bayesian_signed_rank(
    difference: npt.ArrayLike,
    rope: float,
    *,
    prior: float = 0.5,
    samples: int = 50_000,
    random_state: int = 0,
) -> pd.Series[float]:
    """Return how probable it is that a difference is practically negative, none, or positive.

    A Dirichlet process over the differences on the data sets, with a pseudo-observation at 0:
    weights w ~ Dirichlet(s, 1, ..., 1); the shares of pairs (i, j), weighed by w_i w_j, whose
    mean difference lies below, inside and above the region compete, and the largest wins.

    Parameters
    ----------
    difference : array-like of shape (n_datasets,)
        Score of a model less that of another, a data set each.
    rope : float
        Half width of the region of practical equivalence, in the score's unit.
    prior : float
        Strength s of the prior, placed at a difference of 0.
    samples : int
        Draws of the weights.
    random_state : int
        Seed.

    Returns
    -------
    Series
        Probabilities `worse`, `equivalent`, `better`.

    Raises
    ------
    ValueError
        If there are fewer than two differences, or a number is out of range.

    References
    ----------
    Benavoli, Corani, Demšar & Zaffalon (2017), Journal of Machine Learning Research 18(77),
    section 4.2.

    Examples
    --------
    >>> bayesian_signed_rank([0.03, 0.04, 0.02, 0.05, 0.03], rope=0.01)["better"].item() > 0.95
    True
    """
    z = np.append(0.0, _differences(difference))
    half = number(rope, "rope", 0)
    s = number(prior, "prior", 0, open_low=True)
    draws = whole(samples, "samples", 1)
    weights = np.random.default_rng(random_state).dirichlet([s, *np.ones(len(z) - 1)], draws)
    mean = (z[:, None] + z[None, :]) / 2
    above = _pairs(weights, mean > half)
    below = _pairs(weights, mean < -half)
    shares = np.column_stack([below, 1 - above - below, above])
    best = np.isclose(shares, shares.max(axis=1, keepdims=True), rtol=0, atol=1e-12)
    won = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return _three(won)


def _pairs(
    weights: npt.NDArray[np.float64], chosen: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    return np.asarray(((weights @ chosen.astype(float)) * weights).sum(axis=1))


def correlated_t(
    difference: npt.ArrayLike, rope: float, *, test_share: float = 0.5
) -> pd.Series[float]:
    """Return how probable a practical difference is within one data set, from cross-validation.

    Differences on test sets that share training rows are correlated by the share of test rows.
    Their mean then follows Student's t with n - 1 degrees of freedom, location the mean and
    squared scale (1/n + rho / (1 - rho)) times the variance.

    Parameters
    ----------
    difference : array-like of shape (n_splits,)
        Score of a model less that of another, a split each.
    rope : float
        Half width of the region of practical equivalence.
    test_share : float
        Share of rows that is tested, rho: one half for two folds.

    Returns
    -------
    Series
        Probabilities `worse`, `equivalent`, `better`.

    Raises
    ------
    ValueError
        If there are fewer than two differences, or a number is out of range.

    References
    ----------
    Nadeau & Bengio (2003), Machine Learning 52(3); Corani & Benavoli (2015), Machine Learning
    100(2-3).

    Examples
    --------
    >>> correlated_t([0.02, 0.03, 0.025, 0.035], rope=0.01).round(2).to_dict()
    {'worse': 0.01, 'equivalent': 0.04, 'better': 0.95}
    """
    z = _differences(difference)
    half = number(rope, "rope", 0)
    rho = number(test_share, "test_share", 0, 1, open_low=True, open_high=True)
    mean, spread = z.mean(), z.std(ddof=1) * np.sqrt(1 / len(z) + rho / (1 - rho))
    if spread == 0:
        worse, better = float(mean < -half), float(mean > half)
    else:
        t = stats.t(len(z) - 1, loc=mean, scale=spread)
        worse, better = float(t.cdf(-half)), float(t.sf(half))
    return _three([worse, 1 - worse - better, better])


def _three(probabilities: npt.ArrayLike) -> pd.Series[float]:
    values = np.asarray(probabilities, dtype=float)
    return pd.Series(values, index=["worse", "equivalent", "better"], name="probability")


def decision(probabilities: pd.Series[float], level: float = 0.95) -> str:
    """Return what three probabilities say: "helps", "hurts", "no difference" or "undecided".

    Parameters
    ----------
    probabilities : Series
        `worse`, `equivalent`, `better`.
    level : float
        The probability from which one speaks.

    Returns
    -------
    str

    Examples
    --------
    >>> decision(pd.Series({"worse": 0.01, "equivalent": 0.97, "better": 0.02}))
    'no difference'
    """
    words = {"better": "helps", "worse": "hurts", "equivalent": "no difference"}
    sure = [word for name, word in words.items() if probabilities[name] > level]
    return sure[0] if sure else "undecided"


def _differences(difference: npt.ArrayLike) -> npt.NDArray[np.float64]:
    from crmlib._checks import numbers

    z = numbers(difference, "difference").ravel()
    if len(z) < 2:
        raise ValueError(f"difference needs two entries or more, got {len(z)}.")
    return z


def _scores(scores: pd.DataFrame, models: int) -> npt.NDArray[np.float64]:
    frame = as_frame(scores, "scores")
    values = frame.to_numpy(dtype=float)
    if not np.isfinite(values).all():
        raise ValueError("scores has missing entries: every model needs a score on every data set.")
    if values.shape[0] < 2 or values.shape[1] < models:
        raise ValueError(
            f"scores needs two data sets and {models} models or more, got {values.shape[0]} and "
            f"{values.shape[1]}."
        )
    return values
