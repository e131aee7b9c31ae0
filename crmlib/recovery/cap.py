"""What winning a customer back may cost, and how the chance fades while one waits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlib._checks import Numeric, like, numbers

#: Chances of selling to active, lost and new customers, low and high, as Griffin & Lowenstein
#: (2001, "Customer Winback") are quoted: a starting point where one has no campaign of one's own.
#: Read in summaries, not in the book; unverified.
SELLING_CHANCES = {"active": (0.60, 0.70), "lost": (0.20, 0.40), "prospect": (0.05, 0.20)}


def regain_chance(
    at_loss: npt.ArrayLike, days: npt.ArrayLike, *, half_life: npt.ArrayLike = 90.0
) -> Numeric:
    """Return the chance to win a customer back some days after the loss.

    p(t) = p(0) 2^(-t / half-life): the course's marriage metaphor says that a "remarriage" must
    come soon or not at all. How soon is for your data: fit the half-life to past campaigns; the
    default is an assumption, not a finding.

    Parameters
    ----------
    at_loss : float or array-like
        Chance on the day of the loss, 0 to 1.
    days : float or array-like
        Days since then, 0 or more.
    half_life : float or array-like
        Days in which the chance halves.

    Returns
    -------
    float, array or pandas.Series

    Raises
    ------
    ValueError
        If a chance lies outside 0 to 1, or days or half-life are negative.

    Examples
    --------
    >>> regain_chance(0.4, 180, half_life=90)
    0.1
    """
    chance = numbers(at_loss, "at_loss", 0, 1)
    t = numbers(days, "days", 0)
    half = numbers(half_life, "half_life", 0, open_low=True)
    return like(
        chance * 2.0 ** (-t / half), "chance", at_loss=at_loss, days=days, half_life=half_life
    )


def net_value(
    benefit: npt.ArrayLike,
    chance: npt.ArrayLike,
    *,
    unasked: npt.ArrayLike = 0.0,
    contact_cost: npt.ArrayLike = 0.0,
    offer_cost: npt.ArrayLike = 0.0,
    information: npt.ArrayLike = 0.0,
) -> Numeric:
    """Return the expected net value of making an offer: (p1 - p0) B + I - p1 o - c.

    Only the customers the offer brings back count as its benefit; those who would have returned
    unasked take the offer too and cost it.

    Parameters
    ----------
    benefit : float or array-like
        Benefit B if the customer is back (repurchase, replacement, communication), in money.
    chance : float or array-like
        Chance p1 to be back with the offer.
    unasked : float or array-like
        Chance p0 to be back without it.
    contact_cost : float or array-like
        Cost c of the contact, paid always.
    offer_cost : float or array-like
        Cost o of the offer, paid if the customer is back.
    information : float or array-like
        Benefit I of the interview itself.

    Returns
    -------
    float, array or pandas.Series

    Raises
    ------
    ValueError
        If a chance lies outside 0 to 1 or a cost is negative.

    Examples
    --------
    >>> net_value(200.0, 0.3, unasked=0.1, contact_cost=5.0, offer_cost=20.0)
    29.0
    """
    given = locals().copy()
    p1 = numbers(chance, "chance", 0, 1)
    uplift = p1 - numbers(unasked, "unasked", 0, 1)
    cost = p1 * numbers(offer_cost, "offer_cost", 0) + numbers(contact_cost, "contact_cost", 0)
    gain = uplift * numbers(benefit, "benefit") + numbers(information, "information")
    return like(gain - cost, "net_value", **given)


def cost_cap(
    benefit: npt.ArrayLike,
    chance: npt.ArrayLike,
    *,
    unasked: npt.ArrayLike = 0.0,
    offer_cost: npt.ArrayLike = 0.0,
    information: npt.ArrayLike = 0.0,
    hurdle: npt.ArrayLike = 0.0,
) -> Numeric:
    """Return the most that may be spent for certain on winning a customer back.

    c* = ((p1 - p0) B + I) / (1 + h) - p1 o, with benefit B, chances p1 with and p0 without the
    offer, interview benefit I, hurdle rate h and offer cost o paid on success: spending more
    would return less than h on the expected cost.

    The course's rule, recovery cost against customer value plus recovery value, is the case with
    every return credited to the offer (p0 = 0), no hurdle and no offer: c* = p1 B.

    Parameters
    ----------
    benefit : float or array-like
        Benefit if the customer is back, in money.
    chance, unasked : float or array-like
        Chances to be back with and without the offer.
    offer_cost : float or array-like
        Paid if the customer is back.
    information : float or array-like
        Benefit of the interview itself.
    hurdle : float or array-like
        Return demanded on every unit spent, 0.2 for 20 %.

    Returns
    -------
    float, array or pandas.Series
        In money; 0 where no spending pays.

    Raises
    ------
    ValueError
        If a chance lies outside 0 to 1, or a cost or the hurdle is negative.

    References
    ----------
    The hurdle on incremental value follows Hansotia & Rukstales (2002), "Incremental value
    modeling", Journal of Interactive Marketing 16(3); the formula is derived here.

    Examples
    --------
    >>> round(cost_cap(200.0, 0.3), 2)                                   # the course's rule
    60.0
    >>> round(cost_cap(200.0, 0.3, unasked=0.1, offer_cost=20.0, hurdle=0.25), 2)
    26.0
    """
    given = locals().copy()
    p1 = numbers(chance, "chance", 0, 1)
    gain = (p1 - numbers(unasked, "unasked", 0, 1)) * numbers(benefit, "benefit")
    gain = gain + numbers(information, "information")
    cap = gain / (1 + numbers(hurdle, "hurdle", 0)) - p1 * numbers(offer_cost, "offer_cost", 0)
    return like(np.maximum(cap, 0.0), "cost_cap", **given)


def offer_cap(
    benefit: npt.ArrayLike,
    chance: npt.ArrayLike,
    *,
    unasked: npt.ArrayLike = 0.0,
    contact_cost: npt.ArrayLike = 0.0,
    information: npt.ArrayLike = 0.0,
    hurdle: npt.ArrayLike = 0.0,
) -> Numeric:
    """Return the dearest offer that still pays: o* = (((p1 - p0) B + I) / (1 + h) - c) / p1.

    Parameters
    ----------
    benefit, chance, unasked, information, hurdle
        As in `cost_cap`.
    contact_cost : float or array-like
        Paid always.

    Returns
    -------
    float, array or pandas.Series
        In money; 0 where no offer pays, or nobody would come back.

    Raises
    ------
    ValueError
        As `cost_cap`.

    Examples
    --------
    >>> round(offer_cap(200.0, 0.3, unasked=0.1, contact_cost=5.0, hurdle=0.25), 2)
    90.0
    """
    given = locals().copy()
    p1 = numbers(chance, "chance", 0, 1)
    gain = (p1 - numbers(unasked, "unasked", 0, 1)) * numbers(benefit, "benefit")
    gain = gain + numbers(information, "information")
    left = gain / (1 + numbers(hurdle, "hurdle", 0)) - numbers(contact_cost, "contact_cost", 0)
    shape = np.broadcast_shapes(left.shape, p1.shape)
    cap = np.divide(left, p1, out=np.zeros(shape), where=np.broadcast_to(p1 > 0, shape))
    return like(np.maximum(cap, 0.0), "offer_cap", **given)


def waiting_cost(
    benefit: npt.ArrayLike,
    chance: npt.ArrayLike,
    *,
    unasked: npt.ArrayLike = 0.0,
    half_life: npt.ArrayLike = 90.0,
) -> Numeric:
    """Return what one day of waiting costs: the loss of expected benefit per day.

    With p(t) halving every `half_life` days, d/dt (p1 - p0) B = (p1 - p0) B ln 2 / half-life. It
    says whom to call first.

    Parameters
    ----------
    benefit, chance, unasked
        As in `cost_cap`, today.
    half_life : float or array-like
        Days in which the chances halve.

    Returns
    -------
    float, array or pandas.Series
        Money per day.

    Examples
    --------
    >>> round(waiting_cost(200.0, 0.3, unasked=0.1, half_life=90), 3)
    0.308
    """
    given = locals().copy()
    uplift = numbers(chance, "chance", 0, 1) - numbers(unasked, "unasked", 0, 1)
    half = numbers(half_life, "half_life", 0, open_low=True)
    return like(
        np.maximum(uplift, 0.0) * numbers(benefit, "benefit") * np.log(2) / half,
        "waiting_cost",
        **given,
    )


def cap_over_time(
    benefit: float,
    chance: float,
    days: npt.ArrayLike,
    *,
    unasked: float = 0.0,
    offer_cost: float = 0.0,
    hurdle: float = 0.0,
    half_life: float = 90.0,
) -> pd.Series:
    """Return the cost cap of one customer as the days since the loss go by.

    Parameters
    ----------
    benefit, chance, unasked, offer_cost, hurdle
        As in `cost_cap`, on the day of the loss.
    days : array-like
        Days since the loss.
    half_life : float
        Days in which both chances halve.

    Returns
    -------
    pandas.Series
        Caps by day.

    Examples
    --------
    >>> cap_over_time(200.0, 0.3, [0, 90, 180], half_life=90).round(1).tolist()
    [60.0, 30.0, 15.0]
    """
    t = np.atleast_1d(numbers(days, "days", 0))
    cap = cost_cap(
        benefit,
        regain_chance(chance, t, half_life=half_life),
        unasked=regain_chance(unasked, t, half_life=half_life),
        offer_cost=offer_cost,
        hurdle=hurdle,
    )
    return pd.Series(
        np.asarray(cap), index=pd.Index(t, name="days since the loss"), name="cost_cap"
    )
