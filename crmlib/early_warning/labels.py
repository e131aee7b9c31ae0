"""What came of the customers: the label a model learns from, and when it can be known.

A loss is dated by the last month of use, but may be noticed months later. A label is therefore
known only when its horizon and the delay of noticing have passed: what a model of March may
learn from is what was known in March.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmlib._checks import number, require_columns
from crmlib.early_warning.indicators import Base
from crmlib.early_warning.panel import losses, tables_of


def notice_delay(base: Base, tables: Any, known_by: int | None = None) -> int:
    """Return the months it takes at most until a loss is noticed.

    The configuration's ``churn.delay`` if it gives one, else the longest delay among the losses
    noticed by the month `known_by`.

    Examples
    --------
    >>> churn = pd.DataFrame({"customer_id": [1, 2], "last_active": [3, 4], "month": [3, 7]})
    >>> base = Base(churn_month="last_active", churn_noticed="month")
    >>> notice_delay(base, {"churn": churn}), notice_delay(base, {"churn": churn}, known_by=6)
    (3, 0)
    """
    if base.churn_delay is not None:
        return base.churn_delay
    table = losses(base, tables_of(tables))
    if known_by is not None:
        table = table[table["noticed"] <= known_by]
    return int((table["noticed"] - table["event"]).max()) if len(table) else 0


def label(
    panel: pd.DataFrame,
    tables: Any,
    base: Base,
    horizon: int = 3,
    known_by: int | None = None,
) -> pd.DataFrame:
    """Say of each row of the panel whether the customer was lost within the horizon.

    Parameters
    ----------
    panel : DataFrame
        With the customer and ``month``.
    tables : mapping of DataFrame, or an operator
        The CRM tables by name.
    base : Base
        Names the table of losses.
    horizon : int
        Months after the month judged: a loss in months t + 1 .. t + horizon counts.
    known_by : int, optional
        The month in which the question is asked; losses noticed later are not seen, and rows
        whose answer is not in yet are missing. By default everything recorded is seen.

    Returns
    -------
    DataFrame
        Index of the panel: ``lost`` (1, 0, or missing: not known yet, or gone already without
        anyone having noticed), ``event`` (month of the next loss, from the month itself on, or
        missing), ``gone`` (the month judged was the customer's last; no alarm can help).

    Examples
    --------
    >>> churn = pd.DataFrame({"customer_id": [1], "month": [5]})
    >>> panel = pd.DataFrame({"customer_id": [1, 1, 2], "month": [1, 3, 3]})
    >>> label(panel, {"churn": churn}, Base(), horizon=2)["lost"].tolist()
    [0.0, 1.0, 0.0]
    """
    number(horizon, "horizon", 1)
    require_columns(panel, [base.customer, "month"], "panel")
    table = losses(base, tables_of(tables))
    if known_by is not None:
        table = table[table["noticed"] <= known_by]
    event = next_event(panel, table, base.customer)
    month = panel["month"].to_numpy(float)
    gone = event == month
    lost = (event > month) & (event <= month + horizon)
    unknown = gone
    if known_by is not None:
        delay = notice_delay(base, tables, known_by)
        unknown = gone | (month + horizon + delay > known_by)
    return pd.DataFrame(
        {"lost": np.where(unknown, np.nan, lost), "event": event, "gone": gone}, index=panel.index
    )


def next_event(panel: pd.DataFrame, events: pd.DataFrame, customer: str) -> Any:
    """Return the month of each row's next event, from its own month on; missing if there is none.

    Examples
    --------
    >>> events = pd.DataFrame({"id": [7, 7], "event": [2, 6]})
    >>> next_event(pd.DataFrame({"id": [7, 7, 7], "month": [2, 3, 8]}), events, "id").tolist()
    [2.0, 6.0, nan]
    """
    ids = pd.Index(panel[customer].unique())
    left = pd.DataFrame({"who": ids.get_indexer(panel[customer]), "month": panel["month"]})
    right = pd.DataFrame({"who": ids.get_indexer(events[customer]), "event": events["event"]})
    right = right[right["who"] >= 0].drop_duplicates()
    if right.empty:
        return np.full(len(panel), np.nan)
    # Positions on one line, customer after customer, so that a single search finds the next.
    low = min(int(left["month"].min()), int(right["event"].min()))
    span = max(int(left["month"].max()), int(right["event"].max())) - low + 1
    line = np.sort((right["who"] * span + right["event"] - low).to_numpy(np.int64))
    at = (left["who"] * span + left["month"] - low).to_numpy(np.int64)
    place = np.searchsorted(line, at)
    found = line[np.minimum(place, len(line) - 1)]
    same = (place < len(line)) & (found // span == at // span)
    return np.where(same, found % span + low, np.nan)
