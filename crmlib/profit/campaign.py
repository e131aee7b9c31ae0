"""Profit of a retention campaign, and the thresholds that decide whom it contacts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlib._checks import Numeric, as_frame, like, numbers, require_columns, whole


def campaign_profit(
    *,
    customers: npt.ArrayLike,
    share: npt.ArrayLike,
    churn_rate: npt.ArrayLike,
    lift: npt.ArrayLike,
    success: npt.ArrayLike,
    clv: npt.ArrayLike,
    incentive_cost: npt.ArrayLike,
    contact_cost: npt.ArrayLike,
    fixed_cost: npt.ArrayLike = 0.0,
) -> Numeric:
    """Return the profit of contacting the share of customers with the highest scores.

    N a {[g CLV + d (1 - g)] b L - d - c} - A: of N a contacted, b L are churners (base churn
    rate b, lift L), g of whom are kept; everybody contacted costs c, everybody who stays takes
    the incentive d; A is fixed. The lift pays for the rest: without it a campaign among loyal
    customers gives money away.

    Parameters
    ----------
    customers : float or array-like
        Size of the base N.
    share : float or array-like
        Share contacted a, 0 to 1.
    churn_rate : float or array-like
        Churn rate of the base b, 0 to 1.
    lift : float or array-like
        Churn rate among the contacted over that of the base; churn_rate * lift is at most 1.
    success : float or array-like
        Chance g that a contacted churner is kept.
    clv, incentive_cost, contact_cost, fixed_cost : float or array-like
        CLV, d, c and A in one currency.

    Returns
    -------
    float, array or pandas.Series

    Raises
    ------
    ValueError
        If a cost is negative or a share lies outside 0 to 1.

    References
    ----------
    Neslin, Gupta, Kamakura, Lu & Mason (2006), "Defection detection", Journal of Marketing
    Research 43(2).

    Examples
    --------
    >>> profit = campaign_profit(customers=1000, share=0.1, churn_rate=0.1, lift=3, success=0.3,
    ...                          clv=200, incentive_cost=10, contact_cost=1)
    >>> round(profit, 2)
    910.0
    """
    given = locals().copy()
    n = numbers(customers, "customers", 0)
    a = numbers(share, "share", 0, 1)
    targeted = numbers(
        numbers(churn_rate, "churn_rate", 0, 1) * numbers(lift, "lift", 0),
        "churn_rate x lift",
        0,
        1,
    )
    g = numbers(success, "success", 0, 1)
    d = numbers(incentive_cost, "incentive_cost", 0)
    c = numbers(contact_cost, "contact_cost", 0)
    fixed = numbers(fixed_cost, "fixed_cost", 0)
    per_contact = (g * numbers(clv, "clv") + d * (1 - g)) * targeted - d - c
    return like(n * a * per_contact - fixed, "profit", **given)


def cost_threshold(
    *,
    value: npt.ArrayLike,
    success: npt.ArrayLike,
    contact_cost: npt.ArrayLike,
    incentive_cost: npt.ArrayLike = 0.0,
    uptake: npt.ArrayLike = 1.0,
) -> Numeric:
    """Return the churn chance from which contacting a customer pays.

    Contacting a customer who would churn with chance p earns p g (V - d), and costs the contact
    c and the incentive d given to those who would have stayed, (1 - p) u d. Contact where

        p >= (c + u d) / (g (V - d) + u d)

    Parameters
    ----------
    value : float or array-like
        What keeping the customer is worth, V.
    success : float or array-like
        Chance g that a would-be churner accepts and stays.
    contact_cost, incentive_cost : float or array-like
        Contact c and incentive d, in the unit of `value`.
    uptake : float or array-like
        Chance u that a customer who would have stayed takes the incentive.

    Returns
    -------
    float, array or pandas.Series
        Threshold on a calibrated churn chance; above 1 (infinite where keeping the customer earns
        nothing) means that the customer is never contacted.

    Raises
    ------
    ValueError
        If a cost is negative or a chance lies outside 0 to 1.

    References
    ----------
    The rule of minimum Bayes risk with costs of its own for every customer: Correa Bahnsen,
    Aouada & Ottersten (2015), "A novel cost-sensitive framework for customer churn predictive
    modeling", Decision Analytics 2:5.

    Examples
    --------
    >>> round(cost_threshold(value=200, success=0.3, contact_cost=1, incentive_cost=10), 3)
    0.164
    """
    v = numbers(value, "value")
    g = numbers(success, "success", 0, 1)
    c = numbers(contact_cost, "contact_cost", 0)
    d = numbers(incentive_cost, "incentive_cost", 0)
    lost = numbers(uptake, "uptake", 0, 1) * d
    # The sign decides first: with no gain from keeping the customer no chance is high enough.
    gain = np.asarray(g * (v - d) + lost, dtype=float)
    pays = np.broadcast_to(gain > 0, np.broadcast_shapes(gain.shape, c.shape))
    threshold = np.divide(c + lost, gain, out=np.full(pays.shape, np.inf), where=pays)
    return like(
        threshold,
        "threshold",
        value=value,
        success=success,
        contact_cost=contact_cost,
        incentive_cost=incentive_cost,
        uptake=uptake,
    )


def capacity_threshold(y_score: npt.ArrayLike, capacity: int) -> float:
    """Return the lowest score that a team able to contact so many customers should contact.

    Parameters
    ----------
    y_score : array-like of shape (n_customers,)
        Risk, lift or expected profit; higher is contacted first.
    capacity : int
        Contacts possible.

    Returns
    -------
    float
        Contact everybody at or above it. Where customers tie at the border, the next higher
        score is taken, so that the capacity is never exceeded; infinite where nobody fits.

    Raises
    ------
    ValueError
        If a score is missing or the capacity is negative.

    Examples
    --------
    >>> capacity_threshold([0.9, 0.5, 0.5, 0.1], 1), capacity_threshold([0.9, 0.5, 0.5, 0.1], 2)
    (0.9, 0.9)
    """
    score = numbers(y_score, "y_score").ravel()
    k = whole(capacity, "capacity", 0)
    if k >= len(score):
        return float(score.min()) if len(score) else np.inf
    border = np.partition(score, len(score) - k - 1)[len(score) - k - 1]
    above = score[score > border]
    return float(above.min()) if len(above) else np.inf


def threshold_from_returns(
    outcomes: pd.DataFrame,
    *,
    score: str = "score",
    net_return: str = "net_return",
    smallest_group: int = 30,
    default: float = np.inf,
) -> float:
    """Return the score from which past contacts paid: realized returns reset the threshold.

    The mean net return of the contacted, made to rise with the score by isotonic regression,
    crosses zero somewhere: there the threshold belongs. A rule for the next round, learned from
    this one; contacting a few customers below the threshold at random keeps it honest.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        One row a contacted customer.
    score : str
        Column with the score the customer had when contacted.
    net_return : str
        Column with what the contact brought less what it cost, in money (incremental where there
        was a control group).
    smallest_group : int
        Customers a step of the fitted curve must rest on; smaller groups are merged with their
        neighbors, so that one lucky case does not move the threshold.
    default : float
        Returned where no group paid.

    Returns
    -------
    float
        Contact from this score on.

    Raises
    ------
    ValueError
        If a column is missing or there are fewer rows than `smallest_group`.

    Examples
    --------
    >>> past = pd.DataFrame({"score": [0.1, 0.2, 0.6, 0.8], "net_return": [-5.0, -4.0, 3.0, 9.0]})
    >>> threshold_from_returns(past, smallest_group=1)
    0.6
    """
    from scipy.optimize import isotonic_regression

    require_columns(as_frame(outcomes, "outcomes"), [score, net_return], "outcomes")
    least = whole(smallest_group, "smallest_group", 1)
    if len(outcomes) < least:
        raise ValueError(
            f"outcomes has {len(outcomes)} rows, fewer than smallest_group = {least}: too few to "
            "reset a threshold."
        )
    s = numbers(outcomes[score], f"outcomes[{score!r}]")
    earned = numbers(outcomes[net_return], f"outcomes[{net_return!r}]")
    order = np.argsort(s, kind="stable")
    s, earned = s[order], earned[order]
    groups = np.minimum(np.arange(len(s)) // least, len(s) // least - 1)
    # Equal scores belong together: the whole run goes where its first customer is.
    first = np.flatnonzero(np.append(True, s[1:] != s[:-1]))
    groups = np.repeat(groups[first], np.diff(np.append(first, len(s))))
    table = pd.DataFrame({"score": s, "earned": earned}).groupby(groups)
    mean, size, lowest = table["earned"].mean(), table.size(), table["score"].min()
    fitted = isotonic_regression(mean.to_numpy(), weights=size.to_numpy(float)).x
    paid = np.flatnonzero(fitted > 0)
    return float(lowest.iloc[paid[0]]) if len(paid) else float(default)
