"""Are clusters of customers there, or only in this sample? Their stability under resampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from crmlib._checks import as_frame, number, whole
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DISSOLVED, DOUBTFUL, STABLE = 0.5, 0.6, 0.75


@dataclass(frozen=True, repr=False)
class ClusterStability(Result):
    """How well each cluster is found again.

    Attributes
    ----------
    table : DataFrame
        A row a cluster: `customers`, `jaccard` (the mean over the draws, 0 to 1), `low` and
        `high` (its middle 90 %), `dissolved` (share of draws at 0.5 or below), `verdict`.
    labels : Series
        Cluster of each customer in the whole sample; -1 is none.
    draws : int
    """

    table: pd.DataFrame
    labels: pd.Series[Any]
    draws: int

    @property
    def _title(self) -> str:  # type: ignore[override]
        return f"How well clusters are found again in {self.draws} bootstrap samples"

    def to_frame(self) -> pd.DataFrame:
        """Return the table of clusters."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the similarities; the line is where a cluster counts as stable."""
        from crmlib.plots import dots

        ax = dots(self.table, ax, value="jaccard", reference=STABLE)
        ax.set_xlim(0, 1.02)
        ax.set_xlabel("Jaccard similarity, mean and middle 90 %")
        return ax


def cluster_stability(
    features: pd.DataFrame, model: Any, *, draws: int = 100, random_state: int | None = 0
) -> ClusterStability:
    """Cluster bootstrap samples and see which clusters come back (Hennig 2007).

    For each cluster and sample: the largest Jaccard similarity (members in both over members in
    either) of its members in the sample with any cluster found there; a customer drawn twice
    counts once. Means of 0.75 and more are called stable, from 0.6 on a pattern whose members are
    doubtful, below
    not to be trusted (the guide of R's fpc, whose author he is). A stable cluster need not be a
    good one: a rigid method can cut a single cloud the same way each time.

    Parameters
    ----------
    features : DataFrame of numbers
        A row a customer, columns on one scale.
    model : scikit-learn clusterer
        With `fit_predict`; cloned for each sample. Its label -1 (noise) is no cluster.
    draws : int
        Bootstrap samples.
    random_state : int, optional
        Seed of the samples, and of the model if it takes one.

    Returns
    -------
    ClusterStability

    Raises
    ------
    ValueError
        The features have gaps or text, or the model finds no cluster.

    References
    ----------
    Hennig, C. (2007). Cluster-wise assessment of cluster stability. Computational Statistics and
    Data Analysis 52, 258-271.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> features = pd.DataFrame({"minutes": [1.0, 1.1, 0.9, 1.2, 9.0, 9.1, 8.9, 9.2] * 3})
    >>> cluster_stability(features, KMeans(2, n_init=2), draws=20).table["verdict"].tolist()
    ['stable', 'stable']
    """
    frame = as_frame(features, "features")
    text = [str(c) for c in frame if not pd.api.types.is_numeric_dtype(frame[c])]
    if text:
        raise ValueError(f"features: column {text[0]!r} must be numeric.")
    if frame.isna().to_numpy().any():
        raise ValueError(f"features: column {frame.isna().any().idxmax()!r} has missing values.")
    n, times = len(frame), whole(draws, "draws", 2)
    rng = np.random.default_rng(random_state)
    data = frame.to_numpy(float)

    def found(rows: Any) -> Any:
        fresh = clone(model)
        if "random_state" in fresh.get_params():
            fresh.set_params(random_state=int(rng.integers(2**31)))
        return np.asarray(fresh.fit_predict(data[rows]))

    labels = found(np.arange(n))
    names = np.unique(labels[labels >= 0])
    if len(names) == 0:
        raise ValueError("model finds no cluster: all customers are noise.")
    similar = np.full((times, len(names)), np.nan)
    for draw in range(times):
        rows = rng.integers(n, size=n)
        again = found(rows)
        kept, at = np.unique(rows, return_index=True)
        similar[draw] = _best_jaccard(labels[kept], again[at], names)
    mean = np.nanmean(similar, axis=0)
    low, high = np.nanquantile(similar, [0.05, 0.95], axis=0)
    verdict = np.select([mean >= STABLE, mean >= DOUBTFUL], ["stable", "doubtful members"],
                        "not to be trusted")  # fmt: skip
    table = pd.DataFrame(
        {"customers": [int((labels == name).sum()) for name in names], "jaccard": mean,
         "low": low, "high": high, "dissolved": np.nanmean(similar <= DISSOLVED, axis=0),
         "verdict": verdict},
        pd.Index(names, name="cluster"),
    )  # fmt: skip
    return ClusterStability(table, pd.Series(labels, frame.index, name="cluster"), times)


def jaccard(first: Any, second: Any) -> float:
    """Return the share of two sets' union that is in both.

    Parameters
    ----------
    first, second : array-like of bool
        Whether each customer is in the set.

    Returns
    -------
    float
        0 to 1; missing if both are empty.

    Examples
    --------
    >>> jaccard([True, True, False], [True, False, True])
    0.3333333333333333
    """
    a, b = np.asarray(first, bool), np.asarray(second, bool)
    union = int((a | b).sum())
    return float((a & b).sum() / number(union, "union")) if union else float("nan")


def _best_jaccard(before: Any, after: Any, names: Any) -> Any:
    """Similarity of each cluster before with the most similar one after."""
    later = np.unique(after[after >= 0])
    best = np.full(len(names), np.nan)
    for i, name in enumerate(names):
        mine = before == name
        if mine.any():  # a small cluster can be missing from a sample
            best[i] = max((jaccard(mine, after == other) for other in later), default=0.0)
    return best
