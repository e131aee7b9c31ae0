"""Between two records a customer is where the first one left him: states carried forward."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlib._checks import as_frame, require_columns


def carry_forward(
    states: pd.DataFrame,
    *,
    customer: str = "customer_id",
    state: str = "stage",
    period: str = "month",
    until: int | None = None,
) -> pd.DataFrame:
    """Keep each customer in the last known state, through gaps and after the last row.

    The record of an account ends when it is closed, but the customer does not: whoever was in
    termination stays there until a later row says otherwise. Without this step those who have
    left are missing from a census, and returns are missing from the transitions.

    Parameters
    ----------
    states : DataFrame
        A row for each customer and period in which the state is known.
    customer, state, period : str
        Columns; periods are whole numbers, such as months. A state may be a stage of the life
        cycle, a segment, or anything that lasts until it changes.
    until : int, optional
        The last period to fill; the last one in `states` by default.

    Returns
    -------
    DataFrame
        `customer`, `period` and `state`: a row for every period from a customer's first row to
        `until`, sorted by customer and period.

    Raises
    ------
    ValueError
        A missing column, a missing or fractional period, two rows for a customer and period, or
        rows after `until`.

    Examples
    --------
    >>> states = pd.DataFrame(
    ...     {"customer_id": [1, 1, 2], "month": [1, 3, 2], "stage": ["growth", "decline", "growth"]}
    ... )
    >>> carry_forward(states, until=4)["stage"].tolist()
    ['growth', 'growth', 'decline', 'decline', 'growth', 'growth', 'growth']
    """
    require_columns(as_frame(states, "states"), [customer, state, period], "states")
    rows = states[[customer, period, state]].dropna(subset=[state])
    when = rows[period].to_numpy(float)
    if not np.isfinite(when).all() or (when != when.round()).any():
        raise ValueError(f"states: {period!r} must hold whole numbers; some are not.")
    if rows.duplicated([customer, period]).any():
        raise ValueError("states must have one row for each customer and period; some have two.")
    last = int(when.max() if until is None else until) if len(rows) else 0
    if len(rows) and when.max() > last:
        raise ValueError(f"states has rows up to period {int(when.max())}, after until={last}.")
    rows = rows.sort_values([customer, period], kind="stable")
    who, when = rows[customer].to_numpy(), rows[period].to_numpy(np.int64)
    # A row lasts until the customer's next one, the last row until the end.
    ends = np.append(np.where(who[1:] == who[:-1], when[1:], last + 1), last + 1)[: len(rows)]
    length = ends - when
    filled = rows.iloc[np.repeat(np.arange(len(rows)), length)].reset_index(drop=True)
    since = np.arange(len(filled)) - np.repeat(length.cumsum() - length, length)
    return filled.assign(**{period: np.repeat(when, length) + since})
