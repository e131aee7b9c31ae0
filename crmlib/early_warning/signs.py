"""The three signs of churn the course names, as rules that need no model.

Sales fall clearly; new customers rise while the share of old ones falls; no answer to
call-backs and no wish to buy again. The first and the third are a customer's, the second is a
sign of the base: here of the branch or region, so that someone is in charge of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmlib._checks import number, require_columns
from crmlib.early_warning.indicators import IndicatorSystem
from crmlib.early_warning.panel import lay_grid, month_numbers, tables_of


def base_mix(
    tables: Any,
    by: str,
    *,
    old: int = 12,
    window: int = 3,
    system: IndicatorSystem | None = None,
) -> pd.DataFrame:
    """Return new customers and the share of old ones in every part of the base, month by month.

    Parameters
    ----------
    tables : mapping of DataFrame, or an operator
        With the base table and the customers' table (columns ``joined`` and `by`).
    by : str
        Attribute of customers that splits the base, such as the branch.
    old : int
        Months after joining from which a customer counts as old.
    window : int
        Months over which new customers are counted and compared with as many before.
    system : IndicatorSystem, optional
        Names the tables and columns; the built-in one by default.

    Returns
    -------
    DataFrame
        Indexed by `by` and month: ``customers``, ``new`` (joined in the last `window` months),
        ``old_share``, and ``sign``, true where more new customers came than in the window
        before while the share of old ones fell.

    Examples
    --------
    >>> from crmlib.data import simulate
    >>> mix = base_mix(simulate(customers=400, months=8, random_state=1), "region")
    >>> mix.columns.tolist()
    ['customers', 'new', 'old_share', 'sign']
    """
    base = (IndicatorSystem.builtin() if system is None else system).base
    tables = tables_of(tables)
    number(old, "old", 1), number(window, "window", 1)
    grid, people = lay_grid(base, tables), tables[base.people]
    require_columns(people, [base.customer, "joined", by], base.people)
    people = people.set_index(base.customer).reindex(grid.ids)
    joined = month_numbers(people["joined"], f"{base.people}.joined") - grid.first
    codes, parts = pd.factorize(people[by], sort=True)
    months = np.arange(grid.months)
    part = np.where(codes >= 0, codes, len(parts))

    def total(mask: Any) -> Any:
        out = np.zeros((len(parts) + 1, grid.months))
        np.add.at(out, part, mask.astype(float))
        return out[:-1]

    customers = total(grid.present)
    age = months - joined[:, None]
    new = total(grid.present & (age >= 0) & (age < window))
    with np.errstate(invalid="ignore"):
        share = total(grid.present & (age >= old)) / customers
    sign = np.zeros(new.shape, bool)
    sign[:, window:] = (new[:, window:] > new[:, :-window]) & (
        share[:, window:] < share[:, :-window]
    )
    index = pd.MultiIndex.from_product([parts, months + grid.first], names=[by, "month"])
    columns = {"customers": customers.astype(int), "new": new.astype(int), "old_share": share}
    table = {name: values.ravel() for name, values in {**columns, "sign": sign}.items()}
    return pd.DataFrame(table, index=index)


def tripped(panel: pd.DataFrame, system: IndicatorSystem) -> pd.DataFrame:
    """Return which indicators stand at or beyond the alarm value experience gives them.

    Parameters
    ----------
    panel : DataFrame
        From `measure`.
    system : IndicatorSystem
        Gives the alarm values.

    Returns
    -------
    DataFrame of bool
        A column an indicator with an alarm value; what is missing has not tripped.

    Examples
    --------
    >>> system = IndicatorSystem.builtin().only(["bill_change"])
    >>> tripped(pd.DataFrame({"bill_change": [-0.5, 0.1, None]}), system)["bill_change"].tolist()
    [True, False, False]
    """
    with_alarm = [i for i in system.indicators if i.alarm is not None]
    require_columns(panel, [i.name for i in with_alarm], "panel")
    return pd.DataFrame(
        {
            i.name: panel[i.name] >= i.alarm if i.bad == "high" else panel[i.name] <= i.alarm
            for i in with_alarm
        },
        index=panel.index,
    )


def signs(panel: pd.DataFrame, system: IndicatorSystem) -> pd.DataFrame:
    """Return which of the signs of churn each customer shows.

    Parameters
    ----------
    panel, system
        As in `tripped`.

    Returns
    -------
    DataFrame of bool
        A column a sign; a sign shows when any of its indicators has tripped.

    Examples
    --------
    >>> system = IndicatorSystem.builtin().only(["unanswered", "refused"])
    >>> panel = pd.DataFrame({"unanswered": [1.0, 0.0], "refused": [0.0, 0.0]})
    >>> signs(panel, system).iloc[:, 0].tolist()
    [True, False]
    """
    trips = tripped(panel, system)
    named = {i.name: i.sign for i in system.indicators if i.sign and i.name in trips}
    names = dict.fromkeys(named.values())
    return pd.DataFrame(
        {sign: trips[[n for n in named if named[n] == sign]].any(axis=1) for sign in names},
        index=panel.index,
    )
