"""A simulated operator as a world to decide in: what is known, and what every decision brings.

The potential outcomes of recovery offers are the simulator's own (`truth.offers`). What a call to
a customer in alarm does is not in it: `Response` states it as an assumption, cause by cause.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlib._checks import number
from crmlib.data.operator import Operator
from crmlib.early_warning import EarlyWarning

#: The simulator's offers to lost customers; "none" is the control group's.
OFFERS = ("discount", "upgrade", "both", "service")


@dataclass(frozen=True)
class Response:
    """Share of would-be leavers whom a contact keeps, by the group of causes they leave for.

    Assumptions, not findings: nobody publishes them by cause. Nothing keeps who moves away or
    dies; the mean over the simulator's losses is about half of the 0.3 that campaigns are often
    planned with (Verbraken et al. 2013), so that there is something to learn.

    Attributes
    ----------
    price, service, firm, other, natural : float
        Shares, 0 to 1.

    Examples
    --------
    >>> Response(price=0.4).of(["price", "natural"]).tolist()
    [0.4, 0.0]
    """

    price: float = 0.15
    service: float = 0.2
    firm: float = 0.2
    other: float = 0.1
    natural: float = 0.0

    def __post_init__(self) -> None:
        for name in ("price", "service", "firm", "other", "natural"):
            number(getattr(self, name), name, 0, 1)

    def of(self, groups: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the share for each group of causes; 0 where there is none."""
        return np.array([float(getattr(self, str(g), 0.0)) for g in np.asarray(groups, object)])


@dataclass(frozen=True)
class Round:
    """One round: what the firm knows, and apart from it what its decisions would bring.

    Attributes
    ----------
    month : int
        The month judged.
    customers : DataFrame
        A row a customer of the base: ``risk`` and ``value`` (money); and from the truth ``lost``
        (within the horizon, if nobody calls), ``keepable`` (a call would keep the customer) and
        ``takes`` (a uniform number: who stays anyway takes the offer if it is small).
    lost : DataFrame
        A row a lost customer who can be asked back in these months: ``margin`` a month, and the
        fields loss types are told by; and from the truth, for ``none`` and every offer, ``back_``
        and ``worth_``, the discounted margin of the second life.
    """

    month: int
    customers: pd.DataFrame
    lost: pd.DataFrame


def replay(
    op: Operator,
    months: Iterable[int],
    *,
    warning: EarlyWarning | None = None,
    response: Response | None = None,
    discount: float = 0.01,
    longest: int = 36,
    random_state: int = 0,
) -> list[Round]:
    """Lay out an operator's past as rounds of decisions.

    Parameters
    ----------
    op : Operator
        From `crmlib.data.simulate`, with its truth.
    months : iterable of int
        The months in which the firm judges its customers; each round lasts until the next.
    warning : EarlyWarning, optional
        Gives risk and value, learned anew in every round from what was known then; the default
        one if not given.
    response : Response, optional
        What a contact does; the assumptions of `Response` by default.
    discount : float
        Discount rate a month.
    longest : int
        Months a second life counts at most.
    random_state : int
        Seed of what the contacts do.

    Returns
    -------
    list of Round

    Raises
    ------
    ValueError
        The operator comes without its truth, or a month's outcome is not known yet.

    Examples
    --------
    >>> from crmlib.data import simulate
    >>> rounds = replay(simulate(customers=1500, months=18, random_state=1), [9, 12])
    >>> [r.month for r in rounds], bool(rounds[0].customers["risk"].between(0, 1).all())
    ([9, 12], True)
    """
    if "offers" not in op.truth:
        raise ValueError("op has no truth: without potential outcomes nothing can be replayed.")
    number(discount, "discount", 0, open_low=True)
    model = EarlyWarning() if warning is None else warning
    at = sorted(set(months))
    back = model.backtest(op, at, refit=1, seeds=1)
    step = model.horizon
    scored = back.scored[~back.scored["gone"]]
    losses = op.truth.losses.rename(columns={"month": "event"})
    groups = losses.drop_duplicates(["customer_id", "event"])[["customer_id", "event", "group"]]
    scored = scored.merge(groups, on=["customer_id", "event"], how="left")
    rng = np.random.default_rng(random_state)
    what = Response() if response is None else response
    share = what.of(scored["group"].astype(object).fillna("").to_numpy())
    scored["lost"] = scored["lost"] == 1
    scored["keepable"] = scored["lost"] & (rng.random(len(scored)) < share)
    scored["takes"] = rng.random(len(scored))
    columns = ["customer_id", "risk", "value", "lost", "keepable", "takes"]
    lost = _lost(op, at, step, discount, longest)
    return [
        Round(
            month,
            scored.loc[scored["month"] == month, columns].set_index("customer_id"),
            lost[lost["asked"].between(month + 1, month + step)].drop(columns="asked"),
        )
        for month in at
    ]


def offer_terms(op: Operator, *, discount: float = 0.01, months: int = 24) -> pd.DataFrame:
    """Return what the operator's offers cost it: the table `crmlib.recovery.plan` asks for.

    A discount and an upgrade last as long as the second life; they are counted for the mean
    customer over so many months.

    Parameters
    ----------
    op : Operator
        From `crmlib.data.simulate`.
    discount : float
        Discount rate a month.
    months : int
        Months the concession is counted for.

    Returns
    -------
    DataFrame
        A row an offer: ``contact_cost`` and ``offer_cost``, in money.

    Examples
    --------
    >>> from crmlib.data import simulate
    >>> terms = offer_terms(simulate(customers=300, months=6, random_state=1))
    >>> terms.index.tolist(), terms.loc["service", "offer_cost"].item()
    (['discount', 'upgrade', 'both', 'service'], 30.0)
    """
    p = op.scenario.parameters
    factor = float(_annuity(np.array([float(months)]), discount)[0])
    months_table = op.tables["months"]
    off = float(p["regain.discount"]) * float(months_table["bill"].mean()) * factor
    more = float(p["regain.upgrade_cost"]) * float(months_table["cost"].mean()) * factor
    cost = {"discount": off, "upgrade": more, "both": off + more}
    cost["service"] = float(p["regain.gift_cost"])
    return pd.DataFrame(
        {"contact_cost": float(p["regain.contact_cost"]), "offer_cost": cost},
        index=pd.Index(OFFERS, name="offer"),
    )


def _lost(op: Operator, at: list[int], step: int, discount: float, longest: int) -> pd.DataFrame:
    """Return the customers who can be asked back: their CRM fields and potential outcomes."""
    truth = op.truth.offers
    asked = truth[truth["month"].between(min(at) + 1, max(at) + step)].set_index("customer_id")
    table = pd.DataFrame({"asked": asked["month"]})
    left = op.churn[op.churn["life"] == 1].drop_duplicates("customer_id").set_index("customer_id")
    left = left.reindex(table.index)
    table["ported_out"] = left["ported"].astype("boolean")
    reason = left["stated_reason"].astype(object)
    table["moved"] = (reason == "moved").where(reason.notna()).astype("boolean")
    table["in_coverage"] = ~table["moved"]  # who could have stayed would not name the move
    end = left["last_active"].to_numpy(float)
    for name in ("complaints", "incidents"):
        table[name] = _count(op.tables[name], table.index, end)
    months = op.tables["months"]
    months = months[months["customer_id"].isin(table.index)]
    until = months["customer_id"].map(table["asked"])
    last = months[months["month"] < until].sort_values("month").groupby("customer_id").tail(6)
    margin = (last["bill"] - last["cost"]).groupby(last["customer_id"]).mean()
    table["margin"] = margin.reindex(table.index).fillna(margin.median()).astype(float)
    for name in ("none", *OFFERS):
        tenure = np.minimum(asked[f"tenure_{name}"].to_numpy(float), longest)
        table[f"back_{name}"] = asked[f"returns_{name}"].to_numpy(bool)
        worth = asked[f"margin_{name}"].to_numpy(float) * _annuity(tenure, discount)
        table[f"worth_{name}"] = np.where(table[f"back_{name}"], worth, 0.0)
    return table


def _count(rows: pd.DataFrame, ids: pd.Index, end: npt.NDArray[np.float64]) -> pd.Series:
    """Count a customer's rows in the six months up to the last active one."""
    until = rows["customer_id"].map(pd.Series(end, ids))
    near = rows[(rows["month"] <= until) & (rows["month"] > until - 6)]
    return near.groupby("customer_id").size().reindex(ids, fill_value=0)


def _annuity(months: npt.NDArray[np.float64], discount: float) -> npt.NDArray[np.float64]:
    """Return the present value of 1 a month, paid at the end of so many months."""
    return np.asarray((1 - (1 + discount) ** -months) / discount)
