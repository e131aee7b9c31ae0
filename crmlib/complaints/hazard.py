"""From complaint to churn: what a customer remembers of his complaints, month by month.

The hazard of leaving on it is fitted by `churn_hazard`, for every room that needs one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from crmlib._checks import as_frame, number, require_columns

POOR = ("wrong answer", "no answer", "blame shifted")


def complaint_panel(
    months: pd.DataFrame,
    complaints: pd.DataFrame,
    losses: pd.DataFrame,
    *,
    memory: float = 0.7,
    poor: Iterable[str] = POOR,
) -> pd.DataFrame:
    """Build the table of customer-months at risk with what each customer remembers.

    Parameters
    ----------
    months : pandas.DataFrame
        `customer_id`, `month` (whole numbers): the months in which a customer was there.
    complaints : pandas.DataFrame
        `customer_id`, `month`, `response`.
    losses : pandas.DataFrame
        `customer_id`, `month` of the loss, at the end of the month. The first one counts;
        later months of that customer are left out.
    memory : float
        Share of a complaint's weight that is left a month later, 0 to 1.
    poor : iterable of str
        Responses that are no good answer.

    Returns
    -------
    pandas.DataFrame
        `customer_id`, `month`, `lost` (bool), `complaint` (remembered complaints with a good
        answer), `poor_answer` (remembered complaints with a poor one).

    Raises
    ------
    ValueError
        If columns are missing, months are not whole numbers, or a customer-month occurs twice.

    Examples
    --------
    >>> months = pd.DataFrame({"customer_id": 1, "month": [1, 2, 3]})
    >>> said = pd.DataFrame({"customer_id": [1], "month": [1], "response": ["no answer"]})
    >>> gone = pd.DataFrame({"customer_id": [1], "month": [2]})
    >>> complaint_panel(months, said, gone)
       customer_id  month   lost  complaint  poor_answer
    0            1      1  False        0.0          1.0
    1            1      2   True        0.0          0.7
    """
    number(memory, "memory", 0, 1)
    keys = ["customer_id", "month"]
    tables = {"months": months, "complaints": complaints, "losses": losses}
    as_frame(months, "months")
    for name, table in tables.items():
        require_columns(table, [*keys, *(["response"] if name == "complaints" else [])], name)
        if not pd.api.types.is_integer_dtype(table["month"]) and len(table):
            raise ValueError(f"{name}: month must hold whole numbers, got {table['month'].dtype}.")
    panel = months[keys].sort_values(keys, ignore_index=True)
    if panel.duplicated().any():
        first = panel[panel.duplicated()].iloc[0].tolist()
        raise ValueError(f"months has customer {first[0]} in month {first[1]} twice.")
    end = losses.groupby("customer_id")["month"].min()
    last = panel["customer_id"].map(end)
    panel = panel[last.isna() | (panel["month"] <= last)].reset_index(drop=True)
    panel["lost"] = (panel["customer_id"].map(end) == panel["month"]).to_numpy(bool)
    bad = complaints["response"].isin(list(poor))
    for name, some in (("complaint", complaints[~bad]), ("poor_answer", complaints[bad])):
        panel[name] = _remembered(panel, some, memory)
    return panel


def _remembered(panel: pd.DataFrame, events: pd.DataFrame, memory: float) -> Any:
    """Sum a customer's events, each weighing `memory` to the power of the months since."""
    keys = ["customer_id", "month"]
    weight = np.zeros(len(panel))
    known = events[events["customer_id"].isin(panel["customer_id"])]
    if known.empty:
        return weight
    affected = panel["customer_id"].isin(known["customer_id"]).to_numpy()
    rows = panel.loc[affected, keys]
    pairs = rows.reset_index().merge(known[keys], on="customer_id", suffixes=("", "_then"))
    age = pairs["month"] - pairs["month_then"]
    pairs = pairs[age >= 0]
    faded = memory ** age[age >= 0].to_numpy(float)
    np.add.at(weight, pairs["index"].to_numpy(), faded)
    return weight
