"""Maximum profit measures: what a churn score is worth when its best threshold is used.

A campaign contacts the customers with the highest scores. A contacted churner accepts the offer
with chance g and then stays; a contacted non-churner takes the offer for nothing. The profit at
a threshold is a straight line in g, so the best profit for every g is the upper envelope of these
lines, and its corners are those of the convex hull of the ROC curve. Pooling adjacent violators
(isotonic regression) finds the corners; between two of them the integral over the Beta
distribution of g is a difference of incomplete beta functions. Nothing is approximated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import isotonic_regression
from scipy.special import betainc

from crmlib._checks import number, numbers, one_of
from crmlib._result import Result

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class MaximumProfit(Result):
    """The result of `mp`, `emp` and `empb`.

    Attributes
    ----------
    profit : float
        Profit per customer of the base, in money.
    share : float
        Share of the base to contact (the expected share, where g is uncertain).
    threshold : float
        Contact from this score on; infinite when nobody should be contacted. For an uncertain g
        the threshold is the best one for its mean.
    measure : str
        Name of the measure.
    """

    profit: float
    share: float
    threshold: float
    measure: str

    def __float__(self) -> float:
        return self.profit

    @property
    def _title(self) -> str:  # type: ignore[override]
        return self.measure

    def to_frame(self) -> pd.DataFrame:
        """Return profit, share and threshold in one row."""
        return pd.DataFrame(
            {
                "profit per customer (money)": [self.profit],
                "share to contact": [self.share],
                "contact from score": [self.threshold],
            }
        )


@dataclass(frozen=True)
class Envelope:
    """Corners of the best profit as a function of the acceptance g.

    Corner k is best for g between `g[k]` and `g[k + 1]`; there the profit is
    `slope[k] * g - cost[k]`, with `share[k]` of the base contacted from score `score[k]` on.
    """

    g: Floats
    slope: Floats
    cost: Floats
    share: Floats
    score: Floats

    def at(self, g: float) -> tuple[float, float, float]:
        """Return profit, share and threshold for a known acceptance."""
        k = int(np.searchsorted(self.g[1:-1], g, side="left"))
        return float(self.slope[k] * g - self.cost[k]), float(self.share[k]), float(self.score[k])

    def expected(self, alpha: float, beta: float) -> tuple[float, float]:
        """Return profit and share, expected over g ~ Beta(alpha, beta)."""
        mass = np.diff(betainc(alpha, beta, self.g))
        first = alpha / (alpha + beta) * np.diff(betainc(alpha + 1, beta, self.g))
        return float(self.slope @ first - self.cost @ mass), float(self.share @ mass)


def mp(
    y_true: npt.ArrayLike,
    y_score: npt.ArrayLike,
    *,
    accept_rate: float = 0.3,
    clv: float = 200.0,
    incentive_cost: float = 10.0,
    contact_cost: float = 1.0,
) -> MaximumProfit:
    """Return the maximum profit of a churn score for a known acceptance rate g (MP).

    max over thresholds of CLV (g(1-d) - f) pi0 F0 - CLV (d + f) pi1 F1, where pi0, F0 are the
    share of churners and the part of them contacted, pi1, F1 the same for non-churners, d and f
    incentive and contact cost as shares of CLV.

    Parameters
    ----------
    y_true : array-like of shape (n_customers,)
        1 for churners, 0 for the others.
    y_score : array-like of shape (n_customers,)
        Higher means likelier to churn; only the order counts.
    accept_rate : float
        Chance g that a contacted churner accepts and stays.
    clv, incentive_cost, contact_cost : float
        Lifetime value, offer and contact, in one currency. The defaults are those of the paper,
        not of any operator.

    Returns
    -------
    MaximumProfit
        0 with nobody contacted where every campaign would lose.

    Raises
    ------
    ValueError
        If labels are not 0 and 1 with both present, scores are missing, lengths differ, or the
        incentive is not below the lifetime value.

    References
    ----------
    Verbeke, Dejaeger, Martens, Hur & Baesens (2012), European Journal of Operational Research
    218(1); Verbraken, Verbeke & Baesens (2013), IEEE Transactions on Knowledge and Data
    Engineering 25(5).

    Examples
    --------
    >>> best = mp([1, 1, 0, 0], [0.9, 0.6, 0.7, 0.1])
    >>> round(best.profit, 2), best.share
    (25.25, 0.75)
    """
    g = number(accept_rate, "accept_rate", 0, 1)
    hull = _roc_envelope(y_true, y_score, clv, incentive_cost, contact_cost)
    return MaximumProfit(*hull.at(g), "Maximum profit (MP)")


def emp(
    y_true: npt.ArrayLike,
    y_score: npt.ArrayLike,
    *,
    alpha: float = 6.0,
    beta: float = 14.0,
    clv: float = 200.0,
    incentive_cost: float = 10.0,
    contact_cost: float = 1.0,
) -> MaximumProfit:
    """Return the expected maximum profit of a churn score for g ~ Beta(alpha, beta) (EMP).

    The threshold is chosen anew for each g, then profit is averaged over g. Exact, in the time
    of a sort.

    Parameters
    ----------
    y_true, y_score
        As in `mp`.
    alpha, beta : float
        Parameters of the acceptance's distribution; the mean of the default is 0.3.
    clv, incentive_cost, contact_cost : float
        As in `mp`.

    Returns
    -------
    MaximumProfit

    Raises
    ------
    ValueError
        As `mp`.

    References
    ----------
    Verbraken, Verbeke & Baesens (2013), "A novel profit maximizing metric for measuring
    classification performance of customer churn prediction models", IEEE Transactions on
    Knowledge and Data Engineering 25(5).

    Examples
    --------
    >>> round(emp([1, 1, 0, 0], [0.9, 0.6, 0.7, 0.1]).profit, 2)
    25.25
    """
    _shape(alpha, beta)
    hull = _roc_envelope(y_true, y_score, clv, incentive_cost, contact_cost)
    profit, share = hull.expected(alpha, beta)
    threshold = hull.at(alpha / (alpha + beta))[2]
    return MaximumProfit(profit, share, threshold, "Expected maximum profit (EMP)")


def empb(
    y_true: npt.ArrayLike,
    y_score: npt.ArrayLike,
    clv: npt.ArrayLike,
    *,
    alpha: float = 6.0,
    beta: float = 14.0,
    incentive_fraction: float = 0.05,
    contact_cost: float = 15.0,
    choose: Literal["before", "after"] = "before",
) -> MaximumProfit:
    """Return the expected maximum profit when every customer has a lifetime value of its own.

    The incentive is a fraction of the customer's lifetime value. Mind the default contact cost
    of 15: it is that of business customers, not the 1 of `emp`.

    With ``choose="before"`` one threshold is set before the acceptance g is known, and its
    expected profit is maximized; since profit is linear in g, only the mean of g matters. With
    ``choose="after"`` the threshold follows g, as in `emp`, which can only be more.

    Parameters
    ----------
    y_true, y_score
        As in `mp`.
    clv : array-like of shape (n_customers,)
        Lifetime values, positive, in money.
    alpha, beta : float
        Parameters of the acceptance's distribution.
    incentive_fraction : float
        Incentive as a share of the lifetime value, below 1.
    contact_cost : float
        Cost of contacting one customer, in money.
    choose : {"before", "after"}
        Whether the threshold is set before or after g is known.

    Returns
    -------
    MaximumProfit

    Raises
    ------
    ValueError
        As `mp`.

    References
    ----------
    Janssens, Bogaert, Bagué & Van den Poel (2022), on B2Boost, Annals of Operations Research.

    Examples
    --------
    >>> round(empb([1, 1, 0, 0], [0.9, 0.6, 0.7, 0.1], [400, 300, 200, 100]).profit, 2)
    36.12
    """
    _shape(alpha, beta)
    one_of(choose, ["before", "after"], "choose")
    d = number(incentive_fraction, "incentive_fraction", 0, 1, open_high=True)
    f = number(contact_cost, "contact_cost", 0)
    churner, score = _labels_and_scores(y_true, y_score)
    worth = numbers(clv, "clv", 0, open_low=True)
    if worth.shape != score.shape:
        raise ValueError(f"clv has shape {worth.shape}, y_score {score.shape}.")
    n = len(score)
    order = np.argsort(-score)
    churns, value, s = churner[order], worth[order], score[order]
    slope = np.cumsum(np.where(churns, (1 - d) * value, 0.0)) / n
    cost = np.cumsum(np.where(churns, f, f + d * value)) / n
    # Ends of runs of equal scores that contain a churner: only there can a corner lie.
    end = np.flatnonzero(np.append(s[1:] != s[:-1], True))
    end = end[np.diff(slope[end], prepend=0.0) > 0]
    hull = _envelope(slope[end], cost[end], (end + 1) / n, s[end])
    profit, share, threshold = hull.at(alpha / (alpha + beta))
    if choose == "after":
        profit, share = hull.expected(alpha, beta)
    return MaximumProfit(profit, share, threshold, "Expected maximum profit, own values (EMPB)")


def mp_score(y_true: npt.ArrayLike, y_score: npt.ArrayLike, **parameters: float) -> float:
    """Return `mp(...).profit`, for scikit-learn's `make_scorer`.

    Parameters
    ----------
    y_true, y_score
        As in `mp`.
    **parameters
        Keyword arguments of `mp`.

    Returns
    -------
    float
        Profit per customer of the base, in money.

    Examples
    --------
    >>> round(mp_score([1, 1, 0, 0], [0.9, 0.6, 0.7, 0.1]), 2)
    25.25
    """
    return mp(y_true, y_score, **parameters).profit


def emp_score(y_true: npt.ArrayLike, y_score: npt.ArrayLike, **parameters: float) -> float:
    """Return `emp(...).profit`, for scikit-learn's `make_scorer`.

    Parameters
    ----------
    y_true, y_score
        As in `mp`.
    **parameters
        Keyword arguments of `emp`.

    Returns
    -------
    float
        Profit per customer of the base, in money.

    Examples
    --------
    >>> from sklearn.metrics import make_scorer
    >>> scorer = make_scorer(emp_score, response_method="predict_proba", clv=300.0)
    """
    return emp(y_true, y_score, **parameters).profit


def _roc_envelope(
    y_true: npt.ArrayLike,
    y_score: npt.ArrayLike,
    clv: float,
    incentive_cost: float,
    contact_cost: float,
) -> Envelope:
    """Return the envelope for one lifetime value, from two sorts instead of an argsort."""
    value = number(clv, "clv", 0, open_low=True)
    d = number(incentive_cost, "incentive_cost", 0, value, open_high=True)
    f = number(contact_cost, "contact_cost", 0)
    churner, score = _labels_and_scores(y_true, y_score)
    positive = np.sort(score[churner])
    negative = np.sort(score[~churner])
    n = len(score)
    # Lowering the threshold below a churner's score without reaching the next one only adds
    # non-churners: corners lie at the distinct scores of churners.
    start = np.flatnonzero(np.append(True, positive[1:] != positive[:-1]))[::-1]
    at = positive[start]
    churners = (len(positive) - start).astype(float)
    others = (len(negative) - np.searchsorted(negative, at, side="left")).astype(float)
    slope = (value - d) * churners / n
    cost = (f * churners + (d + f) * others) / n
    return _envelope(slope, cost, (churners + others) / n, at)


def _envelope(slope: Floats, cost: Floats, share: Floats, score: Floats) -> Envelope:
    """Return the upper envelope of the lines slope * g - cost for g in [0, 1].

    `slope` rises strictly. Line k overtakes line k-1 at g = d cost / d slope; where these do not
    rise, a line is never best, and pooling drops it.
    """
    rise = np.diff(slope, prepend=0.0)
    pooled = isotonic_regression(np.diff(cost, prepend=0.0) / rise, weights=rise)
    corner = pooled.blocks[1:] - 1
    overtakes = np.clip(pooled.x[pooled.blocks[:-1]], 0.0, 1.0)
    return Envelope(
        g=np.concatenate([[0.0], overtakes, [1.0]]),
        slope=np.concatenate([[0.0], slope[corner]]),
        cost=np.concatenate([[0.0], cost[corner]]),
        share=np.concatenate([[0.0], share[corner]]),
        score=np.concatenate([[np.inf], score[corner]]),
    )


def _labels_and_scores(
    y_true: npt.ArrayLike, y_score: npt.ArrayLike
) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Return labels as booleans and scores as floats, both checked."""
    label = np.asarray(y_true)
    score = numbers(y_score, "y_score")
    if label.ndim != 1 or label.shape != score.shape:
        raise ValueError(
            f"y_true and y_score must be two lines of one length, got shapes {label.shape} and "
            f"{score.shape}."
        )
    churner = label if label.dtype == bool else label == 1
    if label.dtype != bool and not (churner | (label == 0)).all():
        found = sorted({str(x) for x in np.unique(label)[:5]})
        raise ValueError(f"y_true must hold 1 (churner) and 0, found {found}.")
    count = int(churner.sum())
    if count in (0, len(churner)):
        who = "no churner" if count == 0 else "only churners"
        raise ValueError(f"y_true holds {who}: a profit measure needs both.")
    return churner, score


def _shape(alpha: float, beta: float) -> None:
    number(alpha, "alpha", 0, open_low=True)
    number(beta, "beta", 0, open_low=True)
