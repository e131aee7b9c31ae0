"""Savings: what a model's decisions cost beside contacting nobody or everybody."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlib._checks import number, numbers
from crmlib.profit.measures import _labels_and_scores

#: Costs of the four outcomes of a decision about one customer, positive numbers are losses.
OUTCOMES = ("contact_churner", "contact_loyal", "miss_churner", "leave_loyal")


def churn_costs(
    clv: npt.ArrayLike,
    *,
    success: npt.ArrayLike = 0.3,
    incentive_cost: npt.ArrayLike = 10.0,
    contact_cost: npt.ArrayLike = 1.0,
    uptake: npt.ArrayLike = 1.0,
) -> pd.DataFrame:
    """Return the cost of the four possible outcomes for each customer.

    - contacting a churner: c + g d + (1 - g) CLV
    - contacting a loyal customer: c + u d
    - missing a churner: CLV
    - leaving a loyal customer alone: 0

    Parameters
    ----------
    clv : array-like of shape (n_customers,)
        Lifetime values, in money.
    success : float or array-like
        Chance g that a contacted churner is kept.
    incentive_cost, contact_cost : float or array-like
        Incentive d and contact c, in money.
    uptake : float or array-like
        Chance u that a loyal customer takes the incentive.

    Returns
    -------
    pandas.DataFrame
        Columns `contact_churner`, `contact_loyal`, `miss_churner`, `leave_loyal`.

    Raises
    ------
    ValueError
        If a cost is negative or a chance lies outside 0 to 1.

    References
    ----------
    After Correa Bahnsen, Aouada & Ottersten (2015), Decision Analytics 2:5, who let every
    customer have costs of its own; here the contact is paid in every case.

    Examples
    --------
    >>> churn_costs([200.0]).iloc[0].round(1).to_dict()
    {'contact_churner': 144.0, 'contact_loyal': 11.0, 'miss_churner': 200.0, 'leave_loyal': 0.0}
    """
    v = np.atleast_1d(numbers(clv, "clv", 0))
    g = numbers(success, "success", 0, 1)
    d = numbers(incentive_cost, "incentive_cost", 0)
    c = numbers(contact_cost, "contact_cost", 0)
    u = numbers(uptake, "uptake", 0, 1)
    index = clv.index if isinstance(clv, pd.Series) else None
    columns = [c + g * d + (1 - g) * v, c + u * d, v, np.zeros(1)]
    return pd.DataFrame(
        {
            name: np.broadcast_to(cost, v.shape)
            for name, cost in zip(OUTCOMES, columns, strict=True)
        },
        index=index,
    )


def bayes_threshold(costs: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the churn chance from which contacting a customer has the lower expected cost.

    t = (contact_loyal - leave_loyal) / (contact_loyal - leave_loyal + miss_churner -
    contact_churner), the threshold of minimum Bayes risk.

    Parameters
    ----------
    costs : pandas.DataFrame
        As `churn_costs` gives them.

    Returns
    -------
    array of shape (n_customers,)
        Infinite where contacting never pays.

    Examples
    --------
    >>> bayes_threshold(churn_costs([200.0])).round(3).tolist()
    [0.164]
    """
    hit, alarm, miss, rest = _costs(costs)
    span = alarm - rest + miss - hit
    infinite = np.full(span.shape, np.inf)
    return np.asarray(np.divide(alarm - rest, span, out=infinite, where=span > 0))


def total_cost(y_true: npt.ArrayLike, contacted: npt.ArrayLike, costs: pd.DataFrame) -> float:
    """Return what decisions cost, summed over customers.

    Parameters
    ----------
    y_true : array-like of shape (n_customers,)
        1 for churners, 0 for the others.
    contacted : array-like of shape (n_customers,)
        1 or True for those contacted; a chance counts in proportion.
    costs : pandas.DataFrame
        As `churn_costs` gives them.

    Returns
    -------
    float
        In money.

    Examples
    --------
    >>> total_cost([1, 0], [True, False], churn_costs([200.0, 200.0]))
    144.0
    """
    hit, alarm, miss, rest = _costs(costs)
    chosen = numbers(np.asarray(contacted, dtype=float), "contacted", 0, 1)
    churner, _ = _labels_and_scores(y_true, chosen)
    if len(churner) != len(hit):
        raise ValueError(f"costs has {len(hit)} rows for {len(churner)} customers.")
    cost = np.where(
        churner, chosen * hit + (1 - chosen) * miss, chosen * alarm + (1 - chosen) * rest
    )
    return float(cost.sum())


def savings(
    y_true: npt.ArrayLike,
    y_proba: npt.ArrayLike,
    costs: pd.DataFrame,
    *,
    threshold: float | None = None,
) -> float:
    """Return the share of cost saved against the better of contacting nobody and everybody.

    Parameters
    ----------
    y_true : array-like of shape (n_customers,)
        1 for churners, 0 for the others.
    y_proba : array-like of shape (n_customers,)
        Calibrated churn chances.
    costs : pandas.DataFrame
        As `churn_costs` gives them.
    threshold : float, optional
        One threshold for all; by default each customer's own `bayes_threshold`.

    Returns
    -------
    float
        1 would cost nothing, 0 is no better than the naive choice, below 0 is worse.

    Raises
    ------
    ValueError
        If chances lie outside 0 to 1, labels are not 0 and 1, or lengths differ.

    References
    ----------
    Correa Bahnsen, Stojanovic, Aouada & Ottersten (2014), "Improving credit card fraud detection
    with calibrated probabilities", SIAM International Conference on Data Mining.

    Examples
    --------
    >>> costs = churn_costs([200.0, 100.0, 300.0, 50.0])
    >>> round(savings([1, 0, 1, 0], [0.8, 0.1, 0.4, 0.2], costs), 3)
    0.058
    """
    chance = numbers(y_proba, "y_proba", 0, 1)
    if len(costs) != len(chance):
        raise ValueError(f"costs has {len(costs)} rows for {len(chance)} customers.")
    limit = bayes_threshold(costs) if threshold is None else number(threshold, "threshold")
    decided = total_cost(y_true, chance >= limit, costs)
    naive = min(total_cost(y_true, np.full(len(chance), x), costs) for x in (0.0, 1.0))
    if naive == 0:
        raise ValueError("The naive choice costs nothing, so no share of it can be saved.")
    return 1 - decided / naive


def _costs(costs: pd.DataFrame) -> list[npt.NDArray[np.float64]]:
    from crmlib._checks import as_frame, require_columns

    require_columns(as_frame(costs, "costs"), OUTCOMES, "costs")
    return [numbers(costs[name], f"costs[{name!r}]") for name in OUTCOMES]
