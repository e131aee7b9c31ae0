"""The cost cap, question by question, with a slider for each number in it."""

from __future__ import annotations

import numpy as np

from crmlib._checks import number
from crmlib.course.widgets.widget import Control, Widget, money, room_above

#: What each step asks, in the order in which the cap loses money to them.
STEPS = (
    "course rule",
    "1. does she come at all?",
    "2. would she come unasked?",
    "3. what does the offer cost?",
    "4. what else could the money do?",
)


def cap_widget(
    benefit: float,
    chance: float,
    *,
    unasked: float = 0.0,
    offer_cost: float = 0.0,
    hurdle: float = 0.0,
    contact_cost: float = 0.0,
    currency: str = "yuan",
) -> Widget:
    """Show what winning a customer back may cost, with a slider for every number in it.

    The bars are those of `crmlib.recovery.cost_cap`, one question after another; beside them
    the net value of a contact at its cost (`net_value`) and the dearest offer (`offer_cap`).

    Parameters
    ----------
    benefit : float
        Benefit if the customer is back, in money, 0 or more.
    chance, unasked : float
        Chances to be back with and without the offer.
    offer_cost : float
        Paid if the customer is back.
    hurdle : float
        Return demanded on every unit spent, 0.2 for 20 %.
    contact_cost : float
        Paid always; what the cap is held against.
    currency : str
        Unit of the amounts: a word stands behind them, a sign before.

    Returns
    -------
    Widget

    Raises
    ------
    ValueError
        If a chance lies outside 0 to 1, or an amount or the hurdle is negative.

    Examples
    --------
    >>> cap_widget(200.0, 0.3, unasked=0.1, offer_cost=20.0, hurdle=0.25, contact_cost=5.0)
    What may one customer's return cost?
                                    most that may be spent
    question
    course rule                                   200 yuan
    1. does she come at all?                       60 yuan
    2. would she come unasked?                     40 yuan
    3. what does the offer cost?                   34 yuan
    4. what else could the money do?               26 yuan
    """
    import pandas as pd

    from crmlib.recovery import cost_cap

    back, contact = number(benefit, "benefit", 0), number(contact_cost, "contact_cost", 0)
    offer, demanded = number(offer_cost, "offer_cost", 0), number(hurdle, "hurdle", 0)
    p1, p0 = number(chance, "chance", 0, 1), number(unasked, "unasked", 0, 1)
    caps = (
        back,
        cost_cap(back, p1),
        cost_cap(back, p1, unasked=p0),
        cost_cap(back, p1, unasked=p0, offer_cost=offer),
        cost_cap(back, p1, unasked=p0, offer_cost=offer, hurdle=demanded),
    )
    texts = [money(float(np.asarray(cap)), currency) for cap in caps]
    table = pd.DataFrame({"most that may be spent": texts}, index=pd.Index(STEPS, name="question"))
    top = room_above(back, 1.5, default=1000.0)
    offer_top = room_above(max(offer, back / 3), 1.5, default=100.0)
    contact_top = room_above(contact, 10.0, default=top / 10)
    controls = (
        Control("benefit", "benefit if back", back, 0, top, top / 200, "money"),
        Control("chance", "chance with the offer", p1, 0, 1, 0.005, "percent", "回流率"),
        Control("unasked", "chance unasked", p0, 0, 1, 0.005, "percent"),
        Control("offerCost", "offer", offer, 0, offer_top, offer_top / 200, "money", "激励成本"),
        Control(
            "hurdle", "hurdle rate", demanded, 0, max(1.0, demanded), 0.01, "percent", "最低回报率"
        ),
        Control(
            "contactCost",
            "contact",
            contact,
            0,
            contact_top,
            contact_top / 200,
            "money",
            "接触成本",
        ),
    )
    title = "What may one customer's return cost?"
    return Widget("cap", title, controls, table, {"currency": currency, "steps": STEPS})
