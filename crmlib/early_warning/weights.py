"""Weights of the indicators, four ways: by spread, by judgment, by common factors, by a model.

No way is right by itself: entropy asks which indicators tell customers apart, AHP asks people,
factor analysis asks what the indicators share, a model asks what preceded losses. The page on
weights sets them side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from crmlib._checks import as_frame, number
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Mean consistency index of random comparison matrices of order 1 .. 10, as Saaty gives it.
RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)


@dataclass(frozen=True, repr=False)
class Weights(Result):
    """Weights that sum to 1, with what the method has to say about them.

    Attributes
    ----------
    weight : Series
        Weight of each indicator.
    method : str
        ``entropy``, ``AHP``, ``factor`` or ``model``.
    detail : DataFrame
        By indicator, what the weight was made of.
    consistency_ratio : float or None
        Of AHP: below 0.1 the judgments count as consistent.
    """

    weight: pd.Series
    method: str
    detail: pd.DataFrame
    consistency_ratio: float | None = None

    @property
    def _title(self) -> str:  # type: ignore[override]
        text = f"Weights by {self.method}"
        if self.consistency_ratio is not None:
            verdict = "consistent" if self.consistency_ratio < 0.1 else "NOT consistent"
            text += f"; consistency ratio {self.consistency_ratio:.3f}, {verdict}"
        return text

    def to_frame(self) -> pd.DataFrame:
        """Return the weight of each indicator and what it was made of."""
        return self.detail.assign(weight=self.weight)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the weights, the largest on top."""
        from crmlib.plots import ranked_bars

        return ranked_bars(self.weight.rename(f"weight by {self.method}"), ax, fmt="{:.1%}".format)


def entropy_weights(scores: pd.DataFrame) -> Weights:
    """Weigh indicators by how much they tell customers apart.

    With the shares p_ij = x_ij / sum_i x_ij, the entropy is e_j = -1/ln n sum_i p_ij ln p_ij and
    the weight is w_j = (1 - e_j) / sum_j (1 - e_j). An indicator that is the same for everyone
    has entropy 1 and weight 0.

    Parameters
    ----------
    scores : DataFrame
        Customers by indicators, values of at least 0, larger is worse; rows with anything
        missing are left out.

    Returns
    -------
    Weights

    Raises
    ------
    ValueError
        A value below 0, fewer than two complete rows, or no indicator that varies.

    References
    ----------
    Zeleny, M. (1982). Multiple Criteria Decision Making. McGraw-Hill, on Shannon's entropy as a
    measure of an attribute's information.

    Examples
    --------
    >>> scores = pd.DataFrame({"same": [1.0, 1.0], "one": [1.0, 0.0]})
    >>> entropy_weights(scores).weight.to_dict()
    {'same': 0.0, 'one': 1.0}
    """
    x = _complete(scores)
    if (x < 0).any():
        column = scores.columns[int((x < 0).any(axis=0).argmax())]
        raise ValueError(f"scores must be at least 0; {column!r} has {x.min():g}. Score it first.")
    total = x.sum(axis=0)
    p = np.divide(x, total, out=np.full(x.shape, 1 / len(x)), where=total > 0)
    entropy = -np.sum(p * np.log(p, out=np.zeros_like(p), where=p > 0), axis=0) / np.log(len(x))
    spread = np.maximum(1 - entropy, 0)
    spread[spread < 1e-12] = 0
    if not spread.sum() > 0:
        raise ValueError("No indicator varies between customers, so entropy gives no weights.")
    index = pd.Index(scores.columns, name="indicator")
    detail = pd.DataFrame({"entropy": entropy, "divergence": spread}, index=index)
    return Weights(pd.Series(spread / spread.sum(), index, name="weight"), "entropy", detail)


def ahp_weights(judgments: ArrayLike | pd.DataFrame, names: Sequence[str] | None = None) -> Weights:
    """Weigh criteria by pairwise judgments (analytic hierarchy process).

    The weights are the principal right eigenvector of the comparison matrix; with its eigenvalue
    the consistency index is CI = (lambda_max - n) / (n - 1) and the ratio CR = CI / RI, where RI
    is the mean index of random matrices. Below 0.1 the judgments count as consistent.

    Parameters
    ----------
    judgments : array or DataFrame, n x n
        Entry ij says how many times more important criterion i is than j; positive, with
        a_ji = 1 / a_ij and a diagonal of ones.
    names : sequence of str, optional
        Names of the criteria; those of the DataFrame, or 1 .. n, by default.

    Returns
    -------
    Weights
        ``detail`` names ``worst_with``: for each criterion, the one with which its judgment is
        furthest from what the weights say, and the factor by which.

    Raises
    ------
    ValueError
        The matrix is not square, not positive, not reciprocal, or larger than 10 x 10, for which
        no random index is given.

    References
    ----------
    Saaty, T. L. (1980). The Analytic Hierarchy Process. McGraw-Hill.

    Examples
    --------
    >>> weights = ahp_weights([[1, 2], [1 / 2, 1]], ["churn history", "survey"])
    >>> weights.weight.round(3).to_dict(), weights.consistency_ratio
    ({'churn history': 0.667, 'survey': 0.333}, 0.0)
    """
    if isinstance(judgments, pd.DataFrame) and names is None:
        names = [str(column) for column in judgments.columns]
    a = np.asarray(judgments, dtype=float)
    n = len(a)
    if a.ndim != 2 or a.shape != (n, n) or n < 1:
        raise ValueError(f"judgments must be a square matrix, got shape {a.shape}.")
    labels = [str(i + 1) for i in range(n)] if names is None else [str(name) for name in names]
    if len(labels) != n:
        raise ValueError(f"names has {len(labels)} entries for {n} criteria.")
    if n > len(RANDOM_INDEX):
        raise ValueError(
            f"judgments has {n} criteria; more than {len(RANDOM_INDEX)} cannot be judged "
            "consistently: group them and weigh the groups first."
        )
    if not (np.isfinite(a).all() and (a > 0).all()):
        raise ValueError("judgments must be positive numbers.")
    off = np.abs(a * a.T - 1) > 1e-6
    if off.any():
        i, j = np.argwhere(off)[0]
        raise ValueError(
            f"judgments must be reciprocal: {labels[i]!r} over {labels[j]!r} is {a[i, j]:g}, "
            f"so {labels[j]!r} over {labels[i]!r} must be {1 / a[i, j]:g}, not {a[j, i]:g}."
        )
    values, vectors = np.linalg.eig(a)
    top = int(np.argmax(values.real))
    w = np.abs(vectors[:, top].real)
    w /= w.sum()
    lambda_max = float(values[top].real)
    index = (lambda_max - n) / (n - 1) if n > 1 else 0.0
    ratio = max(index / RANDOM_INDEX[n - 1], 0.0) if n > 2 else 0.0
    factor = a * w / w[:, None]
    doubt = np.abs(np.log(factor))
    worst = doubt.argmax(axis=1)
    at = pd.Index(labels, name="indicator")
    detail = pd.DataFrame(
        {
            "worst_with": [labels[j] for j in worst],
            "factor": np.exp(doubt[np.arange(n), worst]),
        },
        index=at,
    )
    weights = pd.Series(w, at, name="weight")
    return Weights(weights, "AHP", detail, 0.0 if abs(ratio) < 1e-12 else float(ratio))


def factor_weights(scores: pd.DataFrame, factors: int = 3, random_state: int = 0) -> Weights:
    """Weigh indicators by their loadings on common factors (varimax rotation).

    Each factor counts by the variance it explains; inside a factor an indicator counts by its
    squared loading. That makes the weight proportional to the indicator's communality, the share
    of its variance the factors explain.

    Parameters
    ----------
    scores : DataFrame
        Customers by indicators; rows with anything missing are left out.
    factors : int
        Factors to extract, fewer than indicators.
    random_state : int
        Seed of the decomposition.

    Returns
    -------
    Weights
        ``detail`` holds the loadings and the communality.

    Raises
    ------
    ValueError
        Too many factors, an indicator that never varies, or too few complete rows.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> common = rng.normal(size=500)
    >>> scores = pd.DataFrame({"a": common + 0.1 * rng.normal(size=500),
    ...                        "b": common + 0.1 * rng.normal(size=500),
    ...                        "noise": rng.normal(size=500)})
    >>> factor_weights(scores, factors=1).weight.idxmin()
    'noise'
    """
    from sklearn.decomposition import FactorAnalysis

    x = _complete(scores)
    number(factors, "factors", 1, max(x.shape[1] - 1, 1))
    spread = x.std(axis=0)
    if (spread == 0).any():
        raise ValueError(
            f"{scores.columns[int((spread == 0).argmax())]!r} never varies; leave it out."
        )
    z = (x - x.mean(axis=0)) / spread
    rotation = "varimax" if factors > 1 else None
    model = FactorAnalysis(factors, rotation=rotation, random_state=random_state).fit(z)
    loadings = model.components_.T
    communality = (loadings**2).sum(axis=1)
    index = pd.Index(scores.columns, name="indicator")
    columns = [f"factor {k + 1}" for k in range(loadings.shape[1])]
    detail = pd.DataFrame(loadings, index, columns).assign(communality=communality)
    weights = pd.Series(communality / communality.sum(), index, name="weight")
    return Weights(weights, "factor", detail)


def model_weights(scores: pd.DataFrame, lost: ArrayLike) -> Weights:
    """Weigh indicators by what preceded losses: logistic regression on standardized scores.

    The weight is proportional to the coefficient where it is positive; an indicator that is no
    worse before losses than otherwise, given the others, has weight 0.

    Parameters
    ----------
    scores : DataFrame
        Customers by indicators, larger is worse; the missing count as the mean.
    lost : array of bool
        Whether the customer was lost, one entry a row.

    Returns
    -------
    Weights
        ``detail`` holds the coefficient for one standard deviation.

    Raises
    ------
    ValueError
        Lengths differ, only one outcome occurs, or no indicator points to losses.

    Examples
    --------
    >>> scores = pd.DataFrame({"sign": [0, 0, 1, 1] * 50, "chance": [0, 1, 0, 1] * 50})
    >>> model_weights(scores, [0, 0, 1, 1] * 50).weight.round(2).to_dict()
    {'sign': 1.0, 'chance': 0.0}
    """
    from sklearn.linear_model import LogisticRegression

    x = as_frame(scores, "scores").to_numpy(float)
    y = np.asarray(lost).astype(bool)
    if len(y) != len(x):
        raise ValueError(f"lost has {len(y)} entries for {len(x)} rows of scores.")
    if y.all() or not y.any():
        raise ValueError("lost must hold both outcomes, kept and lost.")
    seen = ~np.isnan(x)
    if not seen.any(axis=0).all():
        raise ValueError(
            f"{scores.columns[int((~seen.any(axis=0)).argmax())]!r} has no value at all."
        )
    x = np.where(seen, x, np.nanmean(x, axis=0))
    spread = x.std(axis=0)
    z = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
    coefficient = LogisticRegression(max_iter=1000).fit(z, y).coef_[0]
    worse = np.maximum(coefficient, 0)
    worse[worse < 1e-9] = 0
    if not worse.sum() > 0:
        raise ValueError("No indicator is worse before losses; check the directions of the scores.")
    index = pd.Index(scores.columns, name="indicator")
    detail = pd.DataFrame({"coefficient": coefficient}, index=index)
    return Weights(pd.Series(worse / worse.sum(), index, name="weight"), "model", detail)


def _complete(scores: Any) -> NDArray[np.float64]:
    frame = as_frame(scores, "scores")
    x: NDArray[np.float64] = frame.to_numpy(float)
    x = x[~np.isnan(x).any(axis=1)]
    if len(x) < 2:
        raise ValueError(
            f"scores has {len(x)} rows without a missing value, at least 2 are needed; leave out "
            f"the indicator that is most often missing: {frame.isna().mean().idxmax()!r}."
        )
    return x
