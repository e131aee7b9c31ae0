"""One row a lost customer: what a CRM's records know, and what the simulator's truth knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from crmlib._checks import as_frame, no_duplicates, require_columns, whole
from crmlib.value import second_lifetime_value

_NEEDED = {
    "churn": ["customer_id", "month", "last_active", "life", "contract", "tenure", "ported",
              "stated_reason"],
    "months": ["customer_id", "month", "bill", "cost", "paid_late"],
    "complaints": ["customer_id", "month", "response"],
    "incidents": ["customer_id", "month"],
}  # fmt: skip

#: Answers after which a complaint is still open.
_NOT_SOLVED = ("no answer", "wrong answer", "blame shifted")


def lost_customers(crm: Mapping[str, pd.DataFrame], *, window: int = 6) -> pd.DataFrame:
    """Return a row for each customer's first loss, with the columns `classify_loss` looks at.

    Parameters
    ----------
    crm : mapping of str to DataFrame
        Tables `churn`, `months`, `complaints` and `incidents` with the columns of the simulated
        operator (``op.tables``); see its data sheet.
    window : int
        Months before the loss that are looked back on for complaints, incidents and margin.

    Returns
    -------
    pandas.DataFrame
        By `customer_id`, in the order of `churn`: `month` (account closed), `last_active`,
        `contract`, `tenure` (months), `bill` and `margin` (bill less cost; both means per month of
        the window), `complaints`, `complaints_open` (not solved), `incidents`, `overdue_days` (30
        for each month paid late in a row up to the last), `ported_out` and `stated_reason` (missing
        where nobody was asked). Amounts are in the currency of the tables.

    Raises
    ------
    ValueError
        If a table or column is missing.

    Examples
    --------
    >>> from crmlib.data import simulate
    >>> lost = lost_customers(simulate(customers=500, months=6, random_state=1).tables)
    >>> lost[["margin", "complaints", "overdue_days"]].notna().all().all()
    np.True_
    """
    for name, columns in _NEEDED.items():
        if name not in crm:
            raise ValueError(f"crm lacks the table {name!r}; it has {sorted(crm)}.")
        require_columns(as_frame(crm[name], name), columns, name)
    whole(window, "window", 1)
    churn = crm["churn"]
    first = churn[churn["life"] == 1].set_index("customer_id")
    table = first[["month", "last_active", "contract", "tenure"]].copy()
    use = _before(crm["months"], first["last_active"], window)
    means = use.assign(margin=use["bill"] - use["cost"]).groupby("customer_id")[["bill", "margin"]]
    table[["bill", "margin"]] = means.mean().astype(float).reindex(table.index)
    told = _before(crm["complaints"], first["month"], window)
    unsolved = told[told["response"].isin(_NOT_SOLVED)]
    struck = _before(crm["incidents"], first["month"], window)
    for name, rows in (
        ("complaints", told),
        ("complaints_open", unsolved),
        ("incidents", struck),
    ):
        counts = rows.groupby("customer_id").size()
        table[name] = counts.reindex(table.index, fill_value=0)
    table["overdue_days"] = 30 * _late_in_a_row(use).reindex(table.index, fill_value=0)
    table["ported_out"] = first["ported"].astype(bool)
    table["stated_reason"] = first["stated_reason"].astype(object)
    return table


def potential_outcomes(offers: pd.DataFrame, *, discount: float = 0.01) -> pd.DataFrame:
    """Return what every offer would do to each lost customer of a simulated campaign.

    The simulated operator's truth, for judging a method: no CRM holds it.

    Parameters
    ----------
    offers : pandas.DataFrame
        The table ``op.truth.offers``: for each offer k, and 'none', `chance_k`, `returns_k`,
        `margin_k` and `hazard_k` (of the second life, per month).
    discount : float
        Discount rate per month.

    Returns
    -------
    pandas.DataFrame
        By `customer_id`, with two levels of columns: ``["chance"]`` to be back with each offer,
        ``["worth"]``, the second lifetime value if back (in the money of the margins), and
        ``["back"]``, whether the customer returns.

    Raises
    ------
    ValueError
        If customers repeat, a column is missing, or there is no outcome without an offer.

    Examples
    --------
    >>> from crmlib.data import simulate
    >>> op = simulate(customers=2_000, months=6, random_state=1)
    >>> known = potential_outcomes(op.truth.offers)
    >>> (known["chance"]["both"] > known["chance"]["none"]).all()
    np.True_
    """
    require_columns(as_frame(offers, "offers"), ["customer_id", "chance_none"], "offers")
    no_duplicates(pd.Index(offers["customer_id"]), "offers")
    names = [c.removeprefix("chance_") for c in offers.columns if c.startswith("chance_")]
    kinds = ("returns", "margin", "hazard")
    require_columns(offers, [f"{kind}_{name}" for name in names for kind in kinds], "offers")
    parts: dict[tuple[str, str], Any] = {}
    for name in names:
        parts["chance", name] = offers[f"chance_{name}"].astype(float)
        parts["worth", name] = second_lifetime_value(
            offers[f"margin_{name}"].astype(float),
            retention=1 - offers[f"hazard_{name}"].astype(float),
            discount=discount,
        )
        parts["back", name] = offers[f"returns_{name}"].astype(bool)
    return pd.DataFrame(parts).set_axis(offers["customer_id"], axis=0).sort_index(axis=1, level=0)


def _before(rows: pd.DataFrame, end: pd.Series, window: int) -> pd.DataFrame:
    """Return the rows of lost customers in the months of the window that ends with the loss."""
    last = rows["customer_id"].map(end)
    return rows[(rows["month"] <= last) & (rows["month"] > last - window)]


def _late_in_a_row(use: pd.DataFrame) -> pd.Series:
    """Return how many of each customer's last bills were paid late without a break."""
    back = use.sort_values("month", ascending=False, kind="stable")
    unbroken = back["paid_late"].astype(np.int64).groupby(back["customer_id"]).cummin()
    return unbroken.groupby(back["customer_id"]).sum()
