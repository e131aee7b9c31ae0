"""Watching a recovery campaign: return rate, months, and what sales did later."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binomtest, pearsonr

from crmlib._checks import as_frame, numbers, require_columns, whole


def return_rate(
    outcomes: pd.DataFrame,
    by: str | None = None,
    *,
    returned: str = "returned",
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the share of contacted customers who came back, with Wilson intervals.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        A row a contacted customer.
    by : str, optional
        Column of groups: loss type, offer, channel, month.
    returned : str
        Column that is True for those who came back.
    level : float
        Confidence level.

    Returns
    -------
    pandas.DataFrame
        A row a group: `contacted`, `returned`, `rate`, `low`, `high`, ready for
        `crmlib.plots.dots`.

    Raises
    ------
    ValueError
        If a column is missing or `returned` holds something else than True and False.

    References
    ----------
    Wilson (1927), "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22(158).

    Examples
    --------
    >>> outcomes = pd.DataFrame({"offer": ["call"] * 4, "returned": [True, False, False, True]})
    >>> return_rate(outcomes, "offer").round(2).loc["call"].tolist()
    [4.0, 2.0, 0.5, 0.15, 0.85]
    """
    require_columns(as_frame(outcomes, "outcomes"), [returned, *([by] if by else [])], "outcomes")
    back = outcomes[returned]
    if back.isna().any() or not back.isin([True, False]).all():
        raise ValueError(f"outcomes[{returned!r}] must hold True or False for every customer.")
    key = outcomes[by] if by else pd.Series("all", index=outcomes.index, name="group")
    table = back.astype(int).groupby(key, observed=True).agg(["size", "sum"])
    rows = []
    for contacted, came in table.itertuples(index=False):
        found = binomtest(int(came), int(contacted)).proportion_ci(level, method="wilson")
        rows.append((contacted, came, came / contacted, found.low, found.high))
    columns = ["contacted", "returned", "rate", "low", "high"]
    return pd.DataFrame(rows, index=table.index, columns=columns)


def monthly_controlling(
    outcomes: pd.DataFrame,
    *,
    month: str = "month",
    returned: str = "returned",
    cost: str = "cost",
    benefit: str = "benefit",
) -> pd.DataFrame:
    """Return the campaign month by month: contacts, returns, cost per return, ROI so far.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        A row a contacted customer.
    month : str
        Column with the month of the contact, sortable.
    returned, cost, benefit : str
        Columns: came back or not, money spent, money brought.

    Returns
    -------
    pandas.DataFrame
        A row a month: `contacted`, `returned`, `return_rate`, `cost`, `cost_per_return` (missing
        where nobody returned), `benefit`, `roi` of the month and `roi_so_far`.

    Raises
    ------
    ValueError
        If a column is missing, or an amount is missing or a cost negative.

    Examples
    --------
    >>> outcomes = pd.DataFrame({"month": [1, 1, 2], "returned": [True, False, True],
    ...                          "cost": [10.0, 10.0, 10.0], "benefit": [50.0, 0.0, 10.0]})
    >>> monthly_controlling(outcomes)["roi_so_far"].tolist()
    [1.5, 1.0]
    """
    require_columns(as_frame(outcomes, "outcomes"), [month, returned, cost, benefit], "outcomes")
    if outcomes[month].isna().any():
        raise ValueError(f"outcomes[{month!r}] has {int(outcomes[month].isna().sum())} gaps.")
    checked = pd.DataFrame(
        {
            "returned": numbers(outcomes[returned].astype(float), f"outcomes[{returned!r}]", 0, 1),
            "cost": numbers(outcomes[cost], f"outcomes[{cost!r}]", 0),
            "benefit": numbers(outcomes[benefit], f"outcomes[{benefit!r}]"),
        }
    )
    groups = checked.groupby(outcomes[month].to_numpy())
    table = groups.sum()
    table.insert(0, "contacted", groups.size())
    table.index.name = "month"
    table["return_rate"] = table["returned"] / table["contacted"]
    table["cost_per_return"] = (table["cost"] / table["returned"]).where(table["returned"] > 0)
    running = table[["cost", "benefit"]].cumsum()
    table["roi"] = (table["benefit"] / table["cost"] - 1).where(table["cost"] > 0)
    table["roi_so_far"] = (running["benefit"] / running["cost"] - 1).where(running["cost"] > 0)
    order = ["contacted", "returned", "return_rate", "cost", "cost_per_return", "benefit", "roi",
             "roi_so_far"]  # fmt: skip
    return table[order]


def lagged_correlation(
    activity: pd.Series, sales: pd.Series, *, lags: int = 3, level: float = 0.95
) -> pd.DataFrame:
    """Return how recovery activity goes together with sales in the months after.

    Pearson's correlation of a month's activity with the sales 0, 1, ... months later. A trend
    that both share correlates without any effect: hand in changes from month to month
    (`series.diff()`) where there is one, and take a control group for what the campaign caused.

    Parameters
    ----------
    activity, sales : pandas.Series
        By month, same index, in order; missing months are left out in pairs.
    lags : int
        Longest delay in months.
    level : float
        Confidence level of the interval (Fisher's z).

    Returns
    -------
    pandas.DataFrame
        A row a lag: `months` (pairs used), `correlation`, `low`, `high`, `p_value`.

    Raises
    ------
    ValueError
        If the indexes differ, or fewer than four pairs are left at a lag.

    Examples
    --------
    >>> contacts = pd.Series([1.0, 4, 2, 5, 3, 6, 2, 4])
    >>> lagged_correlation(contacts, contacts.shift(1), lags=1)["correlation"].round(2).tolist()
    [-0.65, 1.0]
    """
    if not activity.index.equals(sales.index):
        raise ValueError("activity and sales have different months: align them first.")
    rows = []
    last = whole(lags, "lags", 0)
    for lag in range(last + 1):
        pair = pd.DataFrame({"a": activity, "s": sales.shift(-lag)}).dropna()
        if len(pair) < 4:
            raise ValueError(f"Only {len(pair)} pairs of months are left at lag {lag}: 4 needed.")
        if pair["a"].std() == 0 or pair["s"].std() == 0:
            raise ValueError(f"A series does not change at lag {lag}: no correlation exists.")
        found = pearsonr(pair["a"], pair["s"])
        # At a correlation of 1 Fisher's z is infinite, and so the interval a point.
        with np.errstate(divide="ignore"):
            interval = found.confidence_interval(level)
        rows.append((len(pair), found.statistic, interval.low, interval.high, found.pvalue))
    columns = ["months", "correlation", "low", "high", "p_value"]
    return pd.DataFrame(rows, columns=columns, index=pd.RangeIndex(last + 1, name="lag"))
