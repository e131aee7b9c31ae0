"""What a CRM knows of each loss: the fields from which a reason can be coded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from crmlib._checks import require_columns, whole

POOR = ("wrong answer", "no answer", "blame shifted")
KINDS = ("network", "billing", "encounter")


def loss_fields(
    tables: Mapping[str, pd.DataFrame] | Any, months: int = 3, *, poor: Iterable[str] = POOR
) -> pd.DataFrame:
    """Gather what the CRM holds of each loss in the months before it.

    Parameters
    ----------
    tables : mapping of DataFrame, or an operator
        The tables `churn`, `customers`, `contracts`, `months`, `incidents`, `complaints`, `staff`
        and `competitor_offers`, as the simulated operator has them.
    months : int
        How many months up to the last active one count, 1 or more.
    poor : iterable of str
        Responses to complaints that are no good answer.

    Returns
    -------
    DataFrame
        On the index of `churn`: counts within the months (`network_incidents`,
        `billing_incidents`, `network_complaints`, `billing_complaints`, `encounter_complaints`,
        `poor_answers`, `late_bills`, `contact_left`), `months_after_term` (missing without a
        term), `ported` (0 or 1), `age` and `tenure` (years, months), `last_bill` (yuan), and the
        best of the competitors in the customer's region in the last month: `gift` (yuan, the
        highest) and `price_index` (the lowest; 1 is the operator's list price at the start).

    Raises
    ------
    ValueError
        A column is missing.

    Examples
    --------
    >>> from crmlib.data import simulate
    >>> operator = simulate(customers=300, months=6, random_state=1)
    >>> fields = loss_fields(operator)
    >>> len(fields) == len(operator.churn)
    True
    """
    window = whole(months, "months", 1)
    get = getattr(tables, "tables", tables)
    churn = get["churn"]
    require_columns(churn, ["customer_id", "last_active", "ported", "tenure", "last_bill"], "churn")
    loss = churn[["customer_id", "last_active"]].reset_index(drop=True)
    loss["row"] = np.arange(len(loss))

    def count(events: pd.DataFrame, month: str = "month", key: str = "customer_id") -> Any:
        pairs = loss.merge(events[[key, month]].dropna(), on=key)
        ago = pairs["last_active"] - pairs[month]
        inside = pairs.loc[(ago >= 0) & (ago < window), "row"]
        return np.bincount(inside, minlength=len(loss))

    incidents, complaints = get["incidents"], get["complaints"]
    known = get["customers"].set_index("customer_id").reindex(loss["customer_id"])
    out: dict[str, Any] = {}
    for kind in KINDS:
        if kind != "encounter":  # the CRM records faults, not how people were treated
            out[f"{kind}_incidents"] = count(incidents[incidents["incident"] == kind])
        out[f"{kind}_complaints"] = count(complaints[complaints["category"] == kind])
    out["poor_answers"] = count(complaints[complaints["response"].isin(list(poor))])
    bills = get["months"]
    out["late_bills"] = count(bills[bills["paid_late"].to_numpy(bool)])
    loss["desk"] = known["desk"].to_numpy()
    gone = get["staff"].dropna(subset=["left"]).astype({"left": int})
    out["contact_left"] = count(gone, "left", "desk")
    terms = get["contracts"].query("end > 0")[["customer_id", "start", "end"]]
    last = loss.merge(terms, on="customer_id").query("start <= last_active")
    end = last.sort_values("start").groupby("row")["end"].last()
    out["months_after_term"] = loss["last_active"] - end.reindex(loss["row"])
    out["ported"] = churn["ported"].to_numpy(int)
    out["age"] = known["age"].to_numpy(float)
    out["tenure"] = churn["tenure"].to_numpy(float)
    out["last_bill"] = churn["last_bill"].to_numpy(float)
    best = get["competitor_offers"].groupby(["month", "region"], observed=True).agg(
        gift=("gift", "max"), price_index=("price_index", "min")
    )  # fmt: skip
    place = pd.MultiIndex.from_arrays([loss["last_active"], known["region"]])
    for name in best:
        out[str(name)] = best[name].reindex(place).to_numpy(float)
    return pd.DataFrame({name: np.asarray(values) for name, values in out.items()}, churn.index)
