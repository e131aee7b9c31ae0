"""How much effort a segment of lost customers deserves: regain profit and where it peaks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq

from crmlib._checks import (
    Numeric,
    as_frame,
    like,
    no_duplicates,
    number,
    numbers,
    require_columns,
    same_currency,
)

Floats = npt.NDArray[np.float64]


def regain_ratio(effort: npt.ArrayLike, *, ceiling: npt.ArrayLike, scale: npt.ArrayLike) -> Numeric:
    """Return the share regained by an effort: ceiling (1 - exp(-effort / scale)).

    Rising and concave: the first call brings more than the fifth. The form is an assumption, its
    two numbers are for your data: `ceiling` is what no effort exceeds, `scale` the effort that
    brings 63 % of it.

    Parameters
    ----------
    effort : float or array-like
        Contact cost per lost customer, in money.
    ceiling : float or array-like
        Largest share, 0 to 1.
    scale : float or array-like
        In the unit of `effort`.

    Returns
    -------
    float, array or pandas.Series

    Raises
    ------
    ValueError
        If a number lies outside its range.

    Examples
    --------
    >>> round(regain_ratio(10.0, ceiling=0.4, scale=10.0), 3)
    0.253
    """
    c = numbers(effort, "effort", 0)
    top = numbers(ceiling, "ceiling", 0, 1)
    unit = numbers(scale, "scale", 0, open_low=True)
    return like(-top * np.expm1(-c / unit), "ratio", effort=effort, ceiling=ceiling, scale=scale)


def regain_profit(
    segments: pd.DataFrame, effort: pd.Series | float, *, fixed_cost: float = 0.0
) -> float:
    """Return the profit of an effort: sum of n (r(c) (SLTV - o) - c) - F.

    Parameters
    ----------
    segments : pandas.DataFrame
        A row a segment: `customers` n, `second_lifetime_value` SLTV, `offer_cost` o paid on
        success, and `ceiling` and `scale` of `regain_ratio`.
    effort : pandas.Series or float
        Contact cost c per customer, by segment.
    fixed_cost : float
        Cost F of the program.

    Returns
    -------
    float
        In money.

    Raises
    ------
    ValueError
        If a column is missing or a number lies outside its range.

    References
    ----------
    Kumar & Petersen (2012), "Statistical Methods in Customer Relationship Management", chapter 7,
    after Stauss & Friege (1999): the quantities; the formula is written out here from them.

    Examples
    --------
    >>> segments = pd.DataFrame({"customers": [100], "second_lifetime_value": [150.0],
    ...                          "offer_cost": [20.0], "ceiling": [0.4], "scale": [10.0]})
    >>> round(regain_profit(segments, 10.0, fixed_cost=500.0), 1)
    1787.0
    """
    n, margin, top, scale = _segments(segments)
    if isinstance(effort, pd.Series) and not effort.index.equals(segments.index):
        raise ValueError("effort and segments have different indexes: align them first.")
    c = np.broadcast_to(numbers(effort, "effort", 0), n.shape)
    ratio = np.asarray(regain_ratio(c, ceiling=top, scale=scale))
    return float((n * (ratio * margin - c)).sum()) - number(fixed_cost, "fixed_cost", 0)


def optimal_effort(
    segments: pd.DataFrame, *, budget: float = np.inf, currency: str | None = None
) -> pd.DataFrame:
    """Return the effort per customer at which each segment's regain profit peaks.

    Without a budget the last unit spent brings back exactly one: c = s ln(k (SLTV - o) / s), or
    nothing where even the first unit does not. With a budget every segment is spent on until its
    last unit brings 1 + price, the same price for all.

    Parameters
    ----------
    segments : pandas.DataFrame
        As in `regain_profit`.
    budget : float
        What all contacts may cost together, in money; without limit by default.
    currency : str, optional
        Unit of the amounts.

    Returns
    -------
    pandas.DataFrame
        A row a segment: `effort` per customer, `regain_ratio`, expected `regained`, `cost` (of
        contacts), `profit`; the price of budget is in `.attrs["price"]`.

    Raises
    ------
    ValueError
        As `regain_profit`, or if the budget is negative.

    Examples
    --------
    >>> segments = pd.DataFrame({"customers": [100, 100], "second_lifetime_value": [150.0, 30.0],
    ...                          "offer_cost": [20.0, 10.0], "ceiling": [0.4, 0.4],
    ...                          "scale": [10.0, 10.0]}, index=["key", "small"])
    >>> optimal_effort(segments)["effort"].round(2).to_dict()
    {'key': 16.49, 'small': 0.0}
    """
    n, margin, top, scale = _segments(segments)
    limit = number(budget, "budget", 0)
    unit = same_currency(currency, segments=segments)
    first = top * np.maximum(margin, 0.0) / scale

    def effort(price: float) -> Floats:
        # Return on the first unit over what the last one must bring.
        return np.asarray(scale * np.log(np.maximum(first / (1 + price), 1.0)))

    price = 0.0
    if float(n @ effort(0.0)) > limit:
        # Spending is 0 at the highest first return, so the root lies in between.
        price = float(brentq(lambda p: float(n @ effort(p)) - limit, 0.0, first.max(), xtol=1e-12))
    c = effort(price)
    ratio = np.asarray(regain_ratio(c, ceiling=top, scale=scale))
    table = pd.DataFrame(
        {
            "effort": c,
            "regain_ratio": ratio,
            "regained": n * ratio,
            "cost": n * c,
            "profit": n * (ratio * margin - c),
        },
        index=segments.index,
    )
    table.attrs["price"] = price
    if unit is not None:
        table.attrs["currency"] = unit
    return table


def _segments(segments: pd.DataFrame) -> tuple[Floats, Floats, Floats, Floats]:
    """Return customers, margin on success, ceiling and scale, checked."""
    needed = ["customers", "second_lifetime_value", "offer_cost", "ceiling", "scale"]
    require_columns(as_frame(segments, "segments"), needed, "segments")
    no_duplicates(segments.index, "segments")

    def column(name: str, *bounds: float, **options: Any) -> Floats:
        return numbers(segments[name], f"segments[{name!r}]", *bounds, **options)

    margin = column("second_lifetime_value") - column("offer_cost", 0)
    return (
        column("customers", 0),
        margin,
        column("ceiling", 0, 1),
        column("scale", 0, open_low=True),
    )
