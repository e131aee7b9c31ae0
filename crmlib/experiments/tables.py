"""The churn tables several experiments share, as `Table`: the same columns for every model."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import pandas as pd

from crmlib.data import load
from crmlib.experiments.declare import Table

#: MLC++ charges are exact multiples of the minutes.
CHARGES = [f"total_{part}_charge" for part in ("day", "eve", "night", "intl")]


def telco(charges: str = "number") -> Table:
    """Return IBM Telco, version 1; rows weigh by the monthly charge.

    Parameters
    ----------
    charges : {"number", "text"}
        Whether TotalCharges is read as it should be, or as the text its eleven blanks make of it.
    """
    loaded = load("ibm-telco")
    X = loaded.X
    if charges == "text":
        X = X.assign(TotalCharges=X["TotalCharges"].map(str))
    return Table(X, loaded.y, weight=_weight(X["MonthlyCharges"]))


def mlc(*, redundant: bool = False) -> Table:
    """Return MLC++ churn with its published split; rows weigh by the sum of the charges.

    Parameters
    ----------
    redundant : bool
        Keep the four charges, which say what the minutes say.
    """
    loaded = load("mlc-churn")
    X = loaded.X if redundant else loaded.X.drop(columns=CHARGES)
    return Table(X, loaded.y, weight=_weight(loaded.X[CHARGES].sum(axis=1)), split=loaded.split)


def iranian() -> Table:
    """Return Iranian churn without duplicates; rows weigh by the published customer value."""
    loaded = load("iranian-churn", repair=True)
    X = loaded.X.drop(columns="Age")  # the middle of the age group, which stays
    return Table(X, loaded.y, weight=_weight(X["Customer Value"]))


def television() -> Table:
    """Return TV churn with its costs; rows weigh by the cost of losing the customer."""
    loaded = load("tv-churn")
    names = {
        "C_TP": "contact_churner",
        "C_FP": "contact_loyal",
        "C_FN": "miss_churner",
        "C_TN": "leave_loyal",
    }
    costs = loaded.frame[list(names)].rename(columns=names)
    return Table(loaded.X, loaded.y, costs, _weight(costs["miss_churner"]))


def hillstrom(email: str) -> Table:
    """Return one of Hillstrom's two e-mails against no e-mail: who visited within two weeks.

    Parameters
    ----------
    email : {"Mens E-Mail", "Womens E-Mail"}
        Which offer; the other one's customers are left out.
    """
    frame = load("hillstrom").frame
    frame = frame[frame["segment"].isin([email, "No E-Mail"])].reset_index(drop=True)
    X = frame[["recency", "history", "mens", "womens", "zip_code", "newbie", "channel"]]
    treatment = (frame["segment"] == email).astype(int)
    return Table(X, frame["visit"].astype(bool), treatment=treatment.rename("treatment"))


@cache
def operator(
    scenario: str, *, customers: int = 4000, month: int = 12, horizon: int = 6, seed: int = 0
) -> Table:
    """Return a simulated operator's indicators of a month, and who was lost in those after it.

    Parameters
    ----------
    scenario : str
        A scenario of `crmlib.data.simulate`.
    customers : int
        At the start.
    month, horizon : int
        The month judged, and the months after it in which a loss counts.
    seed : int
        Of the simulation.
    """
    from crmlib.data import simulate
    from crmlib.early_warning import IndicatorSystem, label, measure

    world = simulate(customers, month + horizon + 6, scenario, random_state=seed)
    system = IndicatorSystem.builtin()
    panel = measure(system, world, [month])
    lost = label(panel, world, system.base, horizon)["lost"]
    known = lost.notna()
    X = panel.loc[known, system.names].astype(float).reset_index(drop=True)
    y = lost[known].astype(bool).reset_index(drop=True)
    return Table(X, y, weight=_weight(X["margin"]))


def _weight(value: pd.Series[Any]) -> pd.Series[float]:
    """Scale values to a mean of 1, none below a tenth: nobody is left out."""
    number = value.astype(float)
    return (number / number.mean()).clip(lower=0.1)


#: What experiments declare: text-typed twins and scenarios are the same tables, read otherwise.
telco_as_text = partial(telco, "text")
