"""Customer lifetime value: closed forms, survival curves, and what five points are worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlib._checks import Numeric, like, no_duplicates, number, numbers, one_of, whole


def clv(
    margin: npt.ArrayLike,
    retention: npt.ArrayLike,
    *,
    discount: npt.ArrayLike,
    growth: npt.ArrayLike = 0.0,
    acquisition_cost: npt.ArrayLike = 0.0,
    periods: int | None = None,
    first: Literal["end", "start"] = "end",
) -> Numeric:
    """Return the customer lifetime value for a constant retention rate.

    With margin m, retention r, discount rate i and growth g per period, and q = r(1+g)/(1+i):

    - ``first="end"``: the first margin comes after one period, if the customer is still there:
      CLV = m r / (1 + i - r(1+g)) - AC
    - ``first="start"``: the first margin comes at once: CLV = m (1+i) / (1 + i - r(1+g)) - AC

    The first margin is not grown. With `periods` T, the sum stops after T margins (times 1 - q^T).

    Parameters
    ----------
    margin : float or array-like
        Contribution margin of a period, in money.
    retention : float or array-like
        Share of customers who stay from one period to the next, 0 to 1.
    discount : float or array-like
        Discount rate per period (a monthly rate for monthly margins), 0 or more.
    growth : float or array-like
        Relative growth of the margin per period, above -1.
    acquisition_cost : float or array-like
        Spent once to win the customer (AC), in money; 0 for a customer one has.
    periods : int, optional
        Horizon; without limit by default.
    first : {"end", "start"}
        When the first margin is earned.

    Returns
    -------
    float, array or pandas.Series
        In the shape of the inputs; a Series keeps the customers' index.

    Raises
    ------
    ValueError
        If a rate lies outside its range, or the sum has no limit: r(1+g) >= 1+i.

    References
    ----------
    Gupta, Hanssens, Hardie, Kahn, Kumar, Lin, Ravishanker & Sriram (2006), "Modeling customer
    lifetime value", Journal of Service Research 9(2).

    Examples
    --------
    >>> round(clv(1.0, 0.8, discount=0.1), 2)
    2.67
    """
    one_of(first, ["end", "start"], "first")
    m = numbers(margin, "margin")
    r = numbers(retention, "retention", 0, 1)
    i = numbers(discount, "discount", 0)
    g = numbers(growth, "growth", -1, open_low=True)
    cost = numbers(acquisition_cost, "acquisition_cost", 0)
    ratio = r * (1 + g) / (1 + i)
    if periods is None:
        numbers(ratio, "retention x (1 + growth) / (1 + discount)", high=1, open_high=True)
        multiple = 1 / (1 - ratio)
    else:
        count = whole(periods, "periods", 1)
        at_one = np.isclose(ratio, 1.0, rtol=0, atol=1e-12)
        safe = np.where(at_one, 0.0, ratio)
        multiple = np.where(at_one, float(count), (1 - safe**count) / (1 - safe))
    start = r / (1 + i) if first == "end" else 1.0
    return like(
        m * start * multiple - cost,
        "clv",
        margin=margin,
        retention=retention,
        discount=discount,
        growth=growth,
        acquisition_cost=acquisition_cost,
    )


def retention_leverage(
    retention: npt.ArrayLike,
    *,
    discount: npt.ArrayLike,
    change: float = 0.05,
    kind: Literal["points", "relative"] = "points",
    growth: npt.ArrayLike = 0.0,
    first: Literal["end", "start"] = "end",
) -> Numeric:
    """Return by how much the lifetime value rises when the retention rate does.

    "Five percent more retention" is read in two ways: five *points* (0.80 to 0.85), as in
    Reichheld & Sasser's figures, or five percent *of* the rate (0.80 to 0.84). With flat margins
    and a discount rate of 10 to 15 %, five points on a rate of 60 to 90 % give 19 to 41 %; the 70
    or 85 % one reads of need margins that rise with tenure, or a nearly perfect rate.

    Parameters
    ----------
    retention : float or array-like
        Retention rate per period today.
    discount : float or array-like
        Discount rate per period.
    change : float
        Size of the improvement, 0.05 for five points or five percent.
    kind : {"points", "relative"}
        How `change` is to be read.
    growth : float or array-like
        Growth of the margin per period of tenure; 0 is a flat margin.
    first : {"end", "start"}
        When the first margin is earned, as in `clv`.

    Returns
    -------
    float, array or pandas.Series
        Relative change of the lifetime value: 0.275 is +27.5 %.

    Raises
    ------
    ValueError
        If the improved retention rate would exceed 1, or a sum has no limit.

    References
    ----------
    Reichheld & Sasser (1990), "Zero defections: quality comes to services", Harvard Business
    Review 68(5), reports 30 to 85 % for five points, by industry.

    Examples
    --------
    >>> round(retention_leverage(0.8, discount=0.1), 3)
    0.275
    >>> round(retention_leverage(0.9, discount=0.1, growth=0.05), 2)
    0.6
    """
    one_of(kind, ["points", "relative"], "kind")
    number(change, "change", -1, 1)
    r = numbers(retention, "retention", 0, 1, open_low=True)
    better = numbers(
        r + change if kind == "points" else r * (1 + change), "improved retention", 0, 1
    )
    before = clv(1.0, r, discount=np.asarray(discount), growth=np.asarray(growth), first=first)
    after = clv(1.0, better, discount=np.asarray(discount), growth=np.asarray(growth), first=first)
    gain = np.asarray(after) / np.asarray(before) - 1
    return like(gain, "leverage", retention=retention, discount=discount, growth=growth)


def survival_clv(
    margin: npt.ArrayLike,
    survival: npt.ArrayLike,
    *,
    discount: float,
    acquisition_cost: npt.ArrayLike = 0.0,
) -> Numeric:
    """Return the lifetime value along a survival curve: sum over t of m_t S(t) / (1+d)^t.

    Parameters
    ----------
    margin : float, array-like of shape (n_customers,), (n_periods,) or (n_customers, n_periods)
        Margin per period. A line as long as both customers and periods is refused as ambiguous
        unless it is a Series (customers).
    survival : array-like of shape (n_periods,) or (n_customers, n_periods)
        S(1), S(2), ...: the chance to be a customer still after 1, 2, ... periods. It may not
        rise. As a DataFrame the index holds customers, the columns periods (lifelines'
        `predict_survival_function` returns the transpose).
    discount : float
        Discount rate per period.
    acquisition_cost : float or array-like of shape (n_customers,)
        Spent once, subtracted.

    Returns
    -------
    float, array or pandas.Series
        One value for one curve, else one a customer.

    Raises
    ------
    ValueError
        If a curve leaves 0 to 1 or rises, or shapes do not fit.

    References
    ----------
    Gupta et al. (2006), "Modeling customer lifetime value", Journal of Service Research 9(2).

    Examples
    --------
    >>> survival_clv(10.0, [0.9, 0.8, 0.7], discount=0.0)
    24.0
    """
    d = number(discount, "discount", 0)
    curve = numbers(survival, "survival", 0, 1)
    if curve.ndim not in (1, 2) or curve.shape[-1] == 0:
        raise ValueError(f"survival must be one curve or one a customer, got shape {curve.shape}.")
    if (np.diff(curve, axis=-1) > 1e-12).any():
        raise ValueError("survival must not rise from one period to the next.")
    periods = curve.shape[-1]
    factors = (1 + d) ** -np.arange(1.0, periods + 1)
    m = numbers(margin, "margin")
    if m.ndim == 1 and curve.ndim == 2:
        customers = curve.shape[0]
        if customers == periods == len(m) and not isinstance(margin, pd.Series):
            raise ValueError(
                f"margin has {len(m)} entries for {customers} customers and {periods} periods: "
                "give a Series for one a customer, or an array of both dimensions."
            )
        if len(m) == customers:
            m = m[:, None]
    elif m.ndim == 1 and (isinstance(margin, pd.Series) or len(m) != periods):
        m = m[:, None]
    try:
        worth = (m * curve) @ factors
    except ValueError:
        raise ValueError(
            f"margin of shape {np.shape(margin)} does not fit survival of shape {curve.shape}."
        ) from None
    index = survival.iloc[:, 0] if isinstance(survival, pd.DataFrame) else None
    cost = numbers(acquisition_cost, "acquisition_cost", 0)
    model = margin if isinstance(margin, pd.Series) else None
    return like(worth - cost, "clv", survival=index, margin=model)


def residual_survival(survival: npt.ArrayLike, tenure: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the curve that remains for customers who have stayed so far: S(t+s) / S(s).

    Parameters
    ----------
    survival : array-like of shape (n_periods,)
        S(1), S(2), ... from the start of the relation.
    tenure : int or array-like of int, shape (n_customers,)
        Periods s already stayed, 0 to n_periods - 1.

    Returns
    -------
    array of shape (n_periods,) or (n_customers, n_periods)
        Chance to stay t = 1, 2, ... periods more; 0 beyond the end of the given curve, so that
        nothing is earned on what was never observed.

    Raises
    ------
    ValueError
        If a tenure is no whole number, lies outside the curve, or S(s) is 0 there.

    Examples
    --------
    >>> residual_survival([0.8, 0.6, 0.3], 1).round(3).tolist()
    [0.75, 0.375, 0.0]
    """
    curve = np.concatenate([[1.0], numbers(survival, "survival", 0, 1)])
    periods = len(curve) - 1
    start = numbers(tenure, "tenure", 0, periods - 1)
    if (start != np.floor(start)).any():
        raise ValueError("tenure must hold whole periods.")
    s = start.astype(int)
    base = curve[s]
    if (base == 0).any():
        raise ValueError("survival is 0 at a given tenure: nobody stays that long.")
    padded = np.concatenate([curve, np.zeros(periods)])
    ahead = padded[s[..., None] + np.arange(1, periods + 1)]
    return np.asarray(ahead / base[..., None])


def second_lifetime_value(
    margin: npt.ArrayLike,
    *,
    discount: float,
    retention: npt.ArrayLike | None = None,
    survival: npt.ArrayLike | None = None,
    periods: int | None = None,
) -> Numeric:
    """Return what a regained customer is worth: the lifetime value of the resumed relation only.

    What was earned before the loss is past and does not count; neither does what a customer who
    never left would bring. The second relation has a margin and a survival of its own.

    Parameters
    ----------
    margin : float or array-like
        Margin per period after the return (after a lasting discount, if the offer has one).
    discount : float
        Discount rate per period.
    retention : float or array-like, optional
        Constant retention rate of the second relation. Give this or `survival`.
    survival : array-like, optional
        Survival curve of the second relation, as in `survival_clv`.
    periods : int, optional
        Horizon for `retention`.

    Returns
    -------
    float, array or pandas.Series

    Raises
    ------
    ValueError
        If both or neither of `retention` and `survival` are given.

    References
    ----------
    Stauss & Friege (1999), "Regaining service customers", Journal of Service Research 1(4),
    introduce the second lifetime value.

    Examples
    --------
    >>> round(second_lifetime_value(30.0, retention=0.6, discount=0.1), 2)
    36.0
    """
    if (retention is None) == (survival is None):
        raise ValueError("Give either retention or survival of the second relation.")
    if survival is not None:
        worth = survival_clv(margin, survival, discount=discount)
    else:
        assert retention is not None
        worth = clv(margin, retention, discount=discount, periods=periods)
    if isinstance(worth, pd.Series):
        no_duplicates(worth.index, "margin")
        worth.name = "second_lifetime_value"
    return worth


def margin_by_tenure(first: float, growth: float, periods: int) -> npt.NDArray[np.float64]:
    """Return a margin that grows with tenure: m, m(1+g), m(1+g)^2, ...

    Parameters
    ----------
    first : float
        Margin of the first period.
    growth : float
        Relative growth per period.
    periods : int
        Number of periods.

    Returns
    -------
    array of shape (periods,)

    Examples
    --------
    >>> margin_by_tenure(10.0, 0.1, 3).round(1).tolist()
    [10.0, 11.0, 12.1]
    """
    count = whole(periods, "periods", 1)
    number(growth, "growth", -1, open_low=True)
    return np.asarray(float(first) * (1 + growth) ** np.arange(count))


def leverage_table(
    retention: Sequence[float] = (0.6, 0.7, 0.8, 0.85, 0.9),
    growth: Sequence[float] = (0.0, 0.05, 0.10),
    *,
    discount: float = 0.10,
    change: float = 0.05,
    kind: Literal["points", "relative"] = "points",
) -> pd.DataFrame:
    """Return the leverage of retention for several rates and growths of the margin.

    Parameters
    ----------
    retention : sequence of float
        Rows: retention rates today.
    growth : sequence of float
        Columns: growth of the margin per period.
    discount : float
        Discount rate per period.
    change, kind
        As in `retention_leverage`.

    Returns
    -------
    pandas.DataFrame
        Relative change of the lifetime value; missing where the sum has no limit.

    Examples
    --------
    >>> leverage_table([0.6, 0.9], [0.0]).round(2)[0.0].tolist()
    [0.2, 0.41]
    """
    table = pd.DataFrame(
        np.nan,
        index=pd.Index(retention, name="retention"),
        columns=pd.Index(growth, name="growth of margin"),
    )
    for g in growth:
        for r in retention:
            better = r + change if kind == "points" else r * (1 + change)
            if better <= 1 and max(r, better) * (1 + g) < 1 + discount:
                table.loc[r, g] = float(
                    np.asarray(
                        retention_leverage(r, discount=discount, change=change, kind=kind, growth=g)
                    )
                )
    return table
