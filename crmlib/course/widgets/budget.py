"""What a budget buys: plans for many budgets, made beforehand, to move along."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from crmlib._checks import as_frame, numbers, require_columns
from crmlib.course.widgets.widget import Control, Widget, money

if TYPE_CHECKING:
    import pandas as pd

    from crmlib.recovery import Plan

#: How much of the estimated difference the offers make, 1 for all of it.
EFFECTS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5)


def budget_widget(
    lost: pd.DataFrame,
    offers: pd.DataFrame,
    chances: pd.DataFrame,
    *,
    budgets: npt.ArrayLike,
    budget: float,
    effects: Sequence[float] = EFFECTS,
    unasked: str = "unasked",
    hurdle: float = 0.0,
    currency: str = "yuan",
) -> Widget:
    """Show what a budget buys, and what one more unit of money would bring.

    A plan (`crmlib.recovery.plan`) is made for every budget and every effect; the reader moves
    between them, and nothing is interpolated.

    Parameters
    ----------
    lost, offers, chances : pandas.DataFrame
        As in `crmlib.recovery.plan`.
    budgets : array-like
        Budgets to plan for, in money, rising in equal steps; at least two.
    budget : float
        The one to start from, among `budgets`.
    effects : sequence of float
        Shares of the difference between `chances` and the chance unasked that the offers make:
        at 0.5 they work half as well as estimated. Rising, with 1 among them.
    unasked : str
        Column of `lost` with the chance to return without an offer.
    hurdle : float
        Net value demanded per unit of cost.
    currency : str
        Unit of the amounts: a word stands behind them, a sign before.

    Returns
    -------
    Widget

    Raises
    ------
    ValueError
        If budgets or effects do not rise in equal steps, the start is not among them, or a
        table is not as `plan` wants it.

    Examples
    --------
    >>> import pandas as pd
    >>> lost = pd.DataFrame({"if_back": [200.0, 90.0], "unasked": [0.1, 0.0]}, index=["c1", "c2"])
    >>> offers = pd.DataFrame({"contact_cost": [1.0, 5.0], "offer_cost": [0.0, 20.0]},
    ...                       index=["letter", "bonus"])
    >>> chances = pd.DataFrame({"letter": [0.12, 0.05], "bonus": [0.3, 0.2]}, index=lost.index)
    >>> budget_widget(lost, offers, chances, budgets=[0, 10, 20], budget=10)
    What does a budget buy?
            net value one more yuan brings letter bonus
    budget
    0 yuan     0 yuan            3.50 yuan      0     0
    10 yuan   12 yuan            2.60 yuan      1     1
    20 yuan   38 yuan               0 yuan      0     2
    """
    import pandas as pd

    from crmlib.recovery import plan

    money_steps = _rising(budgets, "budgets", budget)
    effect_steps = _rising(effects, "effects", 1.0)
    require_columns(as_frame(lost, "lost"), [unasked], "lost")
    base = numbers(lost[unasked], f"lost[{unasked!r}]", 0, 1).reshape(-1, 1)
    plans = []
    for effect in effect_steps:
        moved = as_frame(chances, "chances").sub(base).mul(effect).add(base).clip(0.0, 1.0)
        made = partial(plan, lost, offers, moved, unasked=unasked, hurdle=hurdle)
        plans.append([made(budget=at) for at in money_steps])
    data: dict[str, Any] = {
        "currency": currency,
        "budgets": money_steps,
        "effects": effect_steps,
        "offers": [str(name) for name in offers.index],
        "plans": [_columns(row) for row in plans],
    }
    here, known = money_steps.index(budget), effect_steps.index(1.0)
    places = sorted(
        {0, len(money_steps) - 1, here, *range(0, len(money_steps), max(1, len(money_steps) // 5))}
    )
    rows = {money(money_steps[at], currency): _row(plans[known][at], currency) for at in places}
    columns = ["net value", f"one more {_unit(currency)} brings", *data["offers"]]
    table = pd.DataFrame(rows, index=columns).T.rename_axis("budget")
    controls = (
        Control(
            "budget",
            "budget",
            float(budget),
            money_steps[0],
            money_steps[-1],
            money_steps[1] - money_steps[0],
            "money",
        ),
        Control(
            "effect",
            "what the offers change, against the estimate",
            1.0,
            effect_steps[0],
            effect_steps[-1],
            effect_steps[1] - effect_steps[0],
            "percent",
            "增量效应",
        ),
    )
    return Widget("budget", "What does a budget buy?", controls, table, data)


def _rising(values: npt.ArrayLike | Sequence[float], name: str, start: float) -> list[float]:
    """Return the values as a list; refuse them unless a slider can go from each to the next."""
    steps = numbers(values, name, 0).ravel()
    gaps = np.diff(steps)
    if len(gaps) == 0 or gaps[0] <= 0 or not np.allclose(gaps, gaps[0], rtol=1e-9):
        raise ValueError(f"{name} must rise in equal steps, two values or more: got {steps}.")
    if start not in steps:
        raise ValueError(f"{name} must hold the start, {start:g}: got {steps}.")
    return [float(step) for step in steps]


def _columns(plans: list[Plan]) -> dict[str, list[Any]]:
    """Return what the script shows of the plans for one effect, a list for each thing."""
    solved = [made.allocation for made in plans]
    return {
        "value": [float(one.value) for one in solved],
        "cost": [float(one.cost) for one in solved],
        "price": [float(one.price) for one in solved],
        "customers": [_customers(made) for made in plans],
    }


def _customers(made: Plan) -> list[int]:
    """Count the customers of each offer."""
    choice = made.allocation.choice
    counts = np.bincount(choice[choice >= 0], minlength=len(made.offers))
    return [int(count) for count in counts]


def _row(made: Plan, currency: str) -> list[str]:
    solved = made.allocation
    return [
        money(solved.value, currency),
        money(solved.price, currency),
        *(f"{count:,}" for count in _customers(made)),
    ]


def _unit(currency: str) -> str:
    return currency if currency.isalpha() else f"{currency}1"
