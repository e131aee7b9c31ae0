"""Customers differ in loyalty: the shifted beta-geometric model of contract renewal."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, hyp2f1
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from crmlib._checks import Numeric, like, number, numbers, whole


class ShiftedBetaGeometric(BaseEstimator):  # type: ignore[misc]
    """Contract renewal with a churn rate that differs between customers.

    Each customer leaves at each renewal with a chance of its own, and the chances follow a
    Beta(a, b) distribution over customers:

    - P(T = t) = B(a+1, b+t-1) / B(a, b),  S(t) = B(a, b+t) / B(a, b)
    - retention in period t: r_t = (b+t-1) / (a+b+t-1), which rises although nobody becomes more
      loyal: those likely to leave leave first.

    Parameters
    ----------
    tol : float
        Tolerance of the likelihood's maximum.

    Attributes
    ----------
    a_, b_ : float
        Parameters of the Beta distribution (maximum likelihood).
    log_likelihood_ : float
        At the maximum.
    covariance_ : array of shape (2, 2)
        Of (log a, log b), the inverse of the observed information.
    n_customers_ : int
        Customers it was fitted to.

    References
    ----------
    Fader & Hardie (2007), "How to project customer retention", Journal of Interactive Marketing
    21(1); Fader & Hardie (2010), "Customer-base valuation in a contractual setting", Marketing
    Science 29(1), equation 6.

    Examples
    --------
    >>> alive = [1000, 869, 743, 653, 593, 551, 517, 491]       # a cohort, year by year
    >>> model = ShiftedBetaGeometric().fit_cohort(alive)
    >>> round(model.a_, 3), round(model.b_, 3)
    (0.668, 3.806)
    >>> model.retention([1, 2, 8]).round(3).tolist()
    [0.851, 0.878, 0.942]
    """

    def __init__(self, tol: float = 1e-10) -> None:
        self.tol = tol

    def fit(
        self,
        durations: npt.ArrayLike,
        churned: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
    ) -> ShiftedBetaGeometric:
        """Fit to one duration a customer.

        Parameters
        ----------
        durations : array-like of int, shape (n_customers,)
            Periods until the customer left (1 = left at the first renewal), or, for those still
            there, renewals made so far (0 or more).
        churned : array-like of bool, shape (n_customers,)
            Whether the customer has left; the others are censored.
        sample_weight : array-like of shape (n_customers,), optional
            Customers each row stands for.

        Returns
        -------
        ShiftedBetaGeometric
            Itself.

        Raises
        ------
        ValueError
            If durations are no whole numbers, a churned customer has duration 0, or all or none
            have left (the likelihood then has no maximum).
        """
        t = numbers(durations, "durations", 0)
        left = np.asarray(churned)
        if left.shape != t.shape or t.ndim != 1:
            raise ValueError(f"durations and churned differ in shape: {t.shape}, {left.shape}.")
        if not np.isin(left, [0, 1]).all():
            raise ValueError("churned must hold True and False (or 1 and 0).")
        left = left.astype(bool)
        if (t != np.floor(t)).any():
            raise ValueError("durations must be whole periods.")
        if (t[left] < 1).any():
            raise ValueError("A churned customer has duration 0; the first renewal is period 1.")
        weight = np.ones_like(t) if sample_weight is None else numbers(sample_weight, "weight", 0)
        last = int(t.max())
        lost, kept = (
            np.bincount(t[who].astype(int), weight[who], minlength=last + 1).astype(float)
            for who in (left, ~left)
        )
        return self._fit_counts(lost, kept)

    def fit_cohort(self, alive: npt.ArrayLike) -> ShiftedBetaGeometric:
        """Fit to one cohort: how many customers were left at the start and after each renewal.

        Parameters
        ----------
        alive : array-like of shape (n_periods + 1,)
            Customers at the start, after the first renewal, and so on; it may not rise.

        Returns
        -------
        ShiftedBetaGeometric
            Itself.

        Raises
        ------
        ValueError
            If the numbers rise, or there are fewer than three.
        """
        count = numbers(alive, "alive", 0)
        if len(count) < 3 or (np.diff(count) > 0).any():
            raise ValueError("alive needs at least three numbers that do not rise.")
        lost = np.concatenate([[0.0], -np.diff(count)])
        kept = np.zeros_like(lost)
        kept[-1] = count[-1]
        return self._fit_counts(lost, kept)

    def _fit_counts(
        self, lost: npt.NDArray[np.float64], kept: npt.NDArray[np.float64]
    ) -> ShiftedBetaGeometric:
        if lost.sum() == 0 or kept.sum() == 0:
            who = "nobody" if lost.sum() == 0 else "everybody"
            raise ValueError(f"{who} has left: the model needs both leavers and stayers.")
        t = np.arange(len(lost), dtype=float)

        def negative(log_parameters: npt.NDArray[np.float64]) -> float:
            a, b = np.exp(log_parameters)
            normal = betaln(a, b)
            leave = lost[1:] @ (betaln(a + 1, b + t[1:] - 1) - normal)
            stay = kept @ (betaln(a, b + t) - normal)
            return -float(leave + stay)

        found = minimize(
            negative,
            np.zeros(2),
            method="Nelder-Mead",
            bounds=[(-12, 12)] * 2,
            options={"xatol": self.tol, "fatol": self.tol, "maxiter": 5000},
        )
        # Beyond this the churn rates of customers differ by less than half a point.
        if np.exp(found.x).sum() > 1e4:
            raise ValueError(
                "The customers show no difference in loyalty that the model could measure; "
                "use a constant retention rate (clv)."
            )
        self.a_, self.b_ = (float(x) for x in np.exp(found.x))
        self.log_likelihood_ = -float(found.fun)
        self.covariance_ = np.linalg.inv(_hessian(negative, found.x))
        self.n_customers_ = int(lost.sum() + kept.sum())
        return self

    def survival(self, periods: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return S(t), the share still there after t = 0, 1, ... periods."""
        check_is_fitted(self)
        t = numbers(periods, "periods", 0)
        return np.asarray(np.exp(betaln(self.a_, self.b_ + t) - betaln(self.a_, self.b_)))

    def retention(self, periods: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return r_t, the retention rate of period t = 1, 2, ... among those still there."""
        check_is_fitted(self)
        t = numbers(periods, "periods", 1)
        return np.asarray((self.b_ + t - 1) / (self.a_ + self.b_ + t - 1))

    def clv(
        self, margin: npt.ArrayLike, *, discount: float, renewals: npt.ArrayLike = 0
    ) -> Numeric:
        """Return the value still to come from customers who have renewed so many times.

        The margin of period t is earned at its end by those who renewed:
        m * sum_{t>=1} S(n+t) / S(n) / (1+d)^t, in closed form with Gauss' function 2F1.

        Parameters
        ----------
        margin : float or array-like
            Margin per period.
        discount : float
            Discount rate per period, above 0.
        renewals : int or array-like
            Renewals n made so far, 0 for a new customer.

        Returns
        -------
        float, array or pandas.Series
        """
        check_is_fitted(self)
        d = number(discount, "discount", 0, open_low=True)
        n = numbers(renewals, "renewals", 0)
        lifetime = _residual_lifetime(self.a_, self.b_, n, d)
        return like(numbers(margin, "margin") * lifetime, "clv", margin=margin, renewals=renewals)

    def clv_interval(
        self,
        margin: float = 1.0,
        *,
        discount: float,
        renewals: int = 0,
        level: float = 0.95,
    ) -> tuple[float, float]:
        """Return an interval for the lifetime value that reflects the doubt in a and b.

        Delta method on log CLV with the observed information of (log a, log b).

        Parameters
        ----------
        margin : float
            Margin per period, positive.
        discount : float
            Discount rate per period.
        renewals : int
            Renewals made so far.
        level : float
            Confidence level.

        Returns
        -------
        tuple of float
            Low and high end.
        """
        from scipy.stats import norm

        check_is_fitted(self)
        number(margin, "margin", 0, open_low=True)
        d = number(discount, "discount", 0, open_low=True)
        z = norm.ppf(0.5 + number(level, "level", 0, 1, open_low=True, open_high=True) / 2)

        def log_clv(log_parameters: npt.NDArray[np.float64]) -> float:
            a, b = np.exp(log_parameters)
            return float(np.log(margin * _residual_lifetime(a, b, np.float64(renewals), d)))

        point = np.log([self.a_, self.b_])
        step = 1e-5
        slope = np.array(
            [(log_clv(point + e) - log_clv(point - e)) / (2 * step) for e in step * np.eye(2)]
        )
        error = float(np.sqrt(slope @ self.covariance_ @ slope))
        center = log_clv(point)
        return float(np.exp(center - z * error)), float(np.exp(center + z * error))

    def to_frame(self, periods: int = 12) -> pd.DataFrame:
        """Return survival and retention for the first periods."""
        t = np.arange(1, whole(periods, "periods", 1) + 1)
        return pd.DataFrame(
            {"survival": self.survival(t), "retention": self.retention(t)},
            index=pd.Index(t, name="period"),
        )


def _residual_lifetime(
    a: float, b: float, renewals: npt.NDArray[np.float64] | np.float64, discount: float
) -> npt.NDArray[np.float64]:
    """Discounted expected residual lifetime in periods, first payment one period from now."""
    v = 1 / (1 + discount)
    share = (b + renewals) / (a + b + renewals)
    return np.asarray(v * share * hyp2f1(1.0, b + renewals + 1, a + b + renewals + 1, v))


def _hessian(function: object, point: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Second derivatives by central differences."""
    assert callable(function)
    step = 1e-4 * np.eye(2)
    result = np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            result[i, j] = (
                function(point + step[i] + step[j])
                - function(point + step[i] - step[j])
                - function(point - step[i] + step[j])
                + function(point - step[i] - step[j])
            ) / (4 * 1e-8)
    return result
