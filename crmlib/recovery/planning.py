"""The recovery plan: which lost customer gets which offer, within one budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlib._checks import (
    as_frame,
    listed,
    no_duplicates,
    number,
    numbers,
    one_of,
    require_columns,
    same_currency,
)
from crmlib._result import Result
from crmlib.recovery.constrained import Limit, solve_constrained
from crmlib.recovery.export import write_table
from crmlib.recovery.knapsack import Allocation, knapsack

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]

#: Why a customer got an offer or none, in the order in which a reason applies.
REASONS = (
    "best use of the budget",
    "not to be treated",
    "no offer returns its cost",
    "no offer reaches the hurdle",
    "budget spent on better returns",
    "held back by a side constraint",
)

#: Pairs of customer and offer up to which an unproven plan is settled by an integer program.
_SMALL = 2_000


@dataclass(frozen=True, repr=False)
class Plan(Result):
    """The result of `plan`.

    Attributes
    ----------
    customers : pandas.DataFrame
        A row a lost customer: `offer` (missing for none), `chance` to be back with it, `uplift`
        over the chance unasked, `cost` and `net_value` expected in money, and the `reason`.
    offers : pandas.DataFrame
        The offers as given.
    budget : float
        What the plan may cost.
    allocation : Allocation
        The solution with its bound, gap and price of budget.
    currency : str or None
        Unit of the amounts.
    """

    customers: pd.DataFrame
    offers: pd.DataFrame
    budget: float
    hurdle: float
    allocation: Allocation
    currency: str | None
    _net: Floats
    _cost: Floats
    _chance: Floats

    @property
    def _title(self) -> str:  # type: ignore[override]
        solved = self.allocation
        unit = f" {self.currency}" if self.currency else ""
        return (
            f"Recovery plan: {int((solved.choice >= 0).sum()):,} of {len(solved.choice):,} lost "
            f"customers get an offer; cost {solved.cost:,.0f} of {self.budget:,.0f}{unit}, "
            f"net value {solved.value:,.0f}{unit}, proven gap {solved.gap:.2g}"
        )

    @property
    def selected(self) -> pd.DataFrame:
        """The customers who get an offer, best net value first."""
        chosen = self.customers[self.customers["offer"].notna()]
        return chosen.sort_values("net_value", ascending=False, kind="stable")

    def to_frame(self) -> pd.DataFrame:
        """Return a row an offer: customers, expected returns, cost and net value."""
        unit = f" ({self.currency})" if self.currency else ""
        groups = self.customers.groupby("offer", observed=False)
        table = pd.DataFrame(
            {
                "customers": groups.size(),
                "expected back": groups["chance"].sum().round(1),
                "of them won by the offer": groups["uplift"].sum().round(1),
                f"expected cost{unit}": groups["cost"].sum(),
                f"net value{unit}": groups["net_value"].sum(),
            }
        )
        cost, value = table.iloc[:, 3], table.iloc[:, 4]
        table["net value per unit of cost"] = (value / cost).where(cost > 0).round(2)
        return table

    def explain(self, customer: Any) -> pd.DataFrame:
        """Say for one customer what each offer would bring and why it was made or not.

        Parameters
        ----------
        customer : label
            Index of the customer.

        Returns
        -------
        pandas.DataFrame
            A row an offer: `chance`, `cost`, `net_value`, `per_unit` (net value per unit of
            cost) and the `verdict`.

        Raises
        ------
        KeyError
            If the customer is not in the plan.
        """
        if customer not in self.customers.index:
            raise KeyError(f"{customer!r} is not among the {len(self.customers):,} customers.")
        row = int(self.customers.index.get_indexer(pd.Index([customer]))[0])
        net, cost = self._net[row], self._cost[row]
        chosen = int(self.allocation.choice[row])
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(cost > 0, net / cost, np.where(net > 0, np.inf, 0.0))
        reason = str(self.customers["reason"].iloc[row])
        verdicts = [self._verdict(row, j, chosen, float(rate[j]), reason) for j in range(len(net))]
        return pd.DataFrame(
            {
                "chance": self._chance[row],
                "cost": cost,
                "net_value": net,
                "per_unit": rate,
                "verdict": verdicts,
            },
            index=self.offers.index,
        )

    def _verdict(self, row: int, j: int, chosen: int, rate: float, reason: str) -> str:
        net, cost = self._net[row], self._cost[row]
        if j == chosen:
            return "chosen"
        if reason == REASONS[1]:
            return "customer not to be treated"
        if net[j] <= 0:
            return "returns less than its cost"
        if rate < self.hurdle:
            return f"earns {rate:.2f} per unit, below the hurdle of {self.hurdle:g}"
        if chosen >= 0:
            gain, more = net[j] - net[chosen], cost[j] - cost[chosen]
            if gain <= 0:
                return f"{-gain:,.2f} less net value than the chosen offer"
            if more > 0 and gain / more <= self.allocation.price:
                return (
                    f"{gain:,.2f} more for {more:,.2f} more cost: {gain / more:.2f} per unit, "
                    f"where the budget earns {self.allocation.price:.2f} elsewhere"
                )
            return "better alone, but not within the constraints of the whole plan"
        if rate <= self.allocation.price:
            return (
                f"earns {rate:.2f} per unit, where the budget earns "
                f"{self.allocation.price:.2f} elsewhere"
            )
        return "did not fit into what was left of the budget or of another limit"

    def export(self, path: str | Path, *, all_customers: bool = False) -> Path:
        """Write the plan to a .csv or .xlsx file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            File to write; its ending decides the format. An existing file is replaced.
        all_customers : bool
            Also write those who get no offer.

        Returns
        -------
        Path
        """
        return write_table(self.customers if all_customers else self.selected, path)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw net value against the budget spent, customers in the order of value per money."""
        from crmlib.plots import PALETTE

        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
        chosen = self.selected
        cost, value = chosen["cost"].to_numpy(), chosen["net_value"].to_numpy()
        order = np.argsort(-np.divide(value, cost, out=np.full(len(cost), np.inf), where=cost > 0))
        unit = f" ({self.currency})" if self.currency else ""
        ax.plot(
            np.concatenate([[0], np.cumsum(cost[order])]),
            np.concatenate([[0], np.cumsum(value[order])]),
            color=PALETTE["blue"],
        )
        if np.isfinite(self.budget):
            ax.axvline(self.budget, color=PALETTE["gray"], linestyle="--", linewidth=1)
            ax.annotate("budget", (self.budget, 0), (-4, 4), textcoords="offset points", ha="right")
        ax.set_xlabel(f"expected cost{unit}")
        ax.set_ylabel(f"expected net value{unit}")
        return ax


def plan(
    lost: pd.DataFrame,
    offers: pd.DataFrame,
    chances: pd.DataFrame,
    *,
    budget: float,
    benefit: str = "if_back",
    unasked: str | None = "unasked",
    hurdle: float = 0.0,
    hours: float | None = None,
    channel_caps: Mapping[str, float] | None = None,
    floor: tuple[str, float] | None = None,
    spill_over_limit: float | None = None,
    method: Literal["auto", "greedy", "exact"] = "auto",
    time_limit: float = 60.0,
    currency: str | None = None,
) -> Plan:
    """Give each lost customer the offer, or none, with which the budget returns most.

    An offer to a customer is worth (p1 - p0) B + I - p1 (o + s) - c and costs p1 o + c in
    expectation: benefit B if back, interview benefit I, chances p1 with and p0 without the offer,
    offer cost o and spill-over s on success, contact cost c always. Spill-over is what the offer
    costs when others hear of it: present customers who ask for the same, or leave to get it.

    Without side constraints the plan is found in the time of a sort, with a proven gap
    (`knapsack`); with them, by linear and integer programs (`solve_constrained`).

    Parameters
    ----------
    lost : pandas.DataFrame
        A row a lost customer (index). Columns: the benefit if back (`benefits` gives `if_back`),
        the chance unasked, and, where there are such, `information` (benefit of the interview),
        `treat` (False: no offer; `segment` gives it) and the groups of `floor`.
    offers : pandas.DataFrame
        A row an offer (index). Columns `contact_cost` and `offer_cost`; optional `spill_over`
        (money per accepted offer), `hours` (call-center hours per contact), `channel`.
    chances : pandas.DataFrame
        Chance to be back with each offer: a row a customer, a column an offer.
    budget : float
        What the plan may cost in expectation, in money.
    benefit : str
        Column of `lost` with the benefit if back.
    unasked : str or None
        Column of `lost` with the chance to return without an offer. None claims that nobody
        would: every return is then credited to the offer, as in the course's rule.
    hurdle : float
        Net value demanded per unit of cost, 0.2 for 20 %.
    hours : float, optional
        Call-center hours there are.
    channel_caps : mapping, optional
        Most contacts by channel.
    floor : tuple of (column of `lost`, share), optional
        Fairness: at least this share of each group's customers who may be treated get an offer.
        It may force an offer that loses money.
    spill_over_limit : float, optional
        Most expected spill-over of the whole plan, in money.
    method : {"auto", "greedy", "exact"}
        'greedy' takes the fast plan with its gap; 'exact' an integer program over everybody;
        'auto' the latter only for small problems whose gap is not closed.
    time_limit : float
        Seconds for an integer program.
    currency : str, optional
        Unit of the amounts. Tables that name another are refused.

    Returns
    -------
    Plan
        With `.customers`, `.selected`, `.explain(customer)`, `.to_frame()`, `.plot()` and
        `.export(path)`. A budget below the cheapest useful offer gives a plan without offers.

    Raises
    ------
    ValueError
        If customers repeat or differ between the tables, an offer lacks its chances, a cost is
        negative, a chance lies outside 0 to 1, currencies differ, or no plan meets the
        constraints.

    Examples
    --------
    >>> lost = pd.DataFrame({"if_back": [200.0, 90.0], "unasked": [0.1, 0.0]}, index=["c1", "c2"])
    >>> offers = pd.DataFrame({"contact_cost": [1.0, 5.0], "offer_cost": [0.0, 20.0]},
    ...                       index=["letter", "call and bonus"])
    >>> chances = pd.DataFrame({"letter": [0.12, 0.05], "call and bonus": [0.3, 0.2]},
    ...                        index=lost.index)
    >>> plan(lost, offers, chances, budget=13.0).customers["offer"].tolist()
    ['call and bonus', 'letter']
    """
    one_of(method, ["auto", "greedy", "exact"], "method")
    unit = same_currency(currency, lost=lost, offers=offers)
    h = number(hurdle, "hurdle", 0)
    p1, p0, back, info = _customers(lost, offers, chances, benefit, unasked)
    contact, given, spill = (_column(offers, name, 0.0) for name in _MONEY)
    cost = p1 * given
    cost += contact
    net = (p1 - p0[:, None]) * back[:, None]
    net += info[:, None]
    net -= cost
    if spill.any():
        net -= p1 * spill
    treat = _treat(lost)
    usable = treat[:, None] & (net >= h * cost) if h or not treat.all() else None
    worth = net if usable is None else np.where(usable, net, -np.inf)
    limits = _limits(lost, offers, treat, p1, spill, hours, channel_caps, floor, spill_over_limit)
    if limits:
        solved = solve_constrained(
            worth, cost, budget, limits, exact=method == "exact", time_limit=time_limit
        )
    elif method == "exact":
        solved = solve_constrained(worth, cost, budget, exact=True, time_limit=time_limit)
    else:
        solved = knapsack(worth, cost, budget)
        if method == "auto" and solved.gap > 1e-9 and worth.size <= _SMALL:
            price = solved.price
            solved = solve_constrained(worth, cost, budget, exact=True, time_limit=time_limit)
            solved = Allocation(solved.choice, solved.value, solved.cost, solved.bound, price)
    table = _table(lost.index, offers, solved, p1, p0, cost, net, treat, h, bool(limits))
    return Plan(table, offers, float(budget), h, solved, unit, net, cost, p1)


_MONEY = ("contact_cost", "offer_cost", "spill_over")


def _customers(
    lost: pd.DataFrame,
    offers: pd.DataFrame,
    chances: pd.DataFrame,
    benefit: str,
    unasked: str | None,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Check the three tables and return chances, chances unasked, benefits, interview benefits."""
    as_frame(lost, "lost")
    as_frame(chances, "chances")
    require_columns(as_frame(offers, "offers"), _MONEY[:2], "offers")
    if unasked is not None and unasked not in lost.columns:
        raise ValueError(
            f"lost lacks the column {unasked!r}, the chance to return without an offer. Give its "
            "name, or unasked=None to credit every return to the offer."
        )
    require_columns(lost, [benefit], "lost")
    no_duplicates(lost.index, "lost")
    no_duplicates(chances.index, "chances")
    if not offers.index.is_unique:
        raise ValueError(
            f"offers has the offer {offers.index[offers.index.duplicated()][0]!r} twice."
        )
    require_columns(chances, offers.index, "chances")
    unknown = chances.columns.difference(offers.index)
    if len(unknown):
        raise ValueError(f"chances has columns that are no offers: {listed(unknown)}.")
    if not chances.index.equals(lost.index):
        absent = lost.index.difference(chances.index)
        if len(absent) or len(chances) != len(lost):
            raise ValueError(
                f"lost and chances name different customers ({len(lost):,} and {len(chances):,}"
                + (f"; chances lacks {listed(absent, 5)})." if len(absent) else ").")
            )
        chances = chances.loc[lost.index]
    if not chances.columns.equals(offers.index):
        chances = chances[list(offers.index)]
    p1 = numbers(chances, "chances", 0, 1)
    n = len(lost)
    p0 = np.zeros(n) if unasked is None else numbers(lost[unasked], f"lost[{unasked!r}]", 0, 1)
    return p1, p0, numbers(lost[benefit], f"lost[{benefit!r}]"), _column(lost, "information", 0.0)


def _column(table: pd.DataFrame, name: str, low: float) -> Floats:
    """Return a column of amounts, or zeros where there is none."""
    if name not in table.columns:
        return np.zeros(len(table))
    return numbers(table[name], name, low)


def _treat(lost: pd.DataFrame) -> npt.NDArray[np.bool_]:
    if "treat" not in lost.columns:
        return np.ones(len(lost), dtype=bool)
    if lost["treat"].isna().any() or not lost["treat"].isin([True, False]).all():
        raise ValueError("lost['treat'] must hold True or False for every customer.")
    return lost["treat"].to_numpy(bool)


def _limits(
    lost: pd.DataFrame,
    offers: pd.DataFrame,
    treat: npt.NDArray[np.bool_],
    p1: Floats,
    spill: Floats,
    hours: float | None,
    channel_caps: Mapping[str, float] | None,
    floor: tuple[str, float] | None,
    spill_over_limit: float | None,
) -> list[Limit]:
    """Translate the side constraints."""
    limits = []
    if hours is not None:
        require_columns(offers, ["hours"], "offers")
        limits.append(Limit("hours", _column(offers, "hours", 0.0), number(hours, "hours", 0)))
    if channel_caps:
        require_columns(offers, ["channel"], "offers")
        for channel, most in channel_caps.items():
            one_of(channel, offers["channel"].astype(str).unique(), "channel_caps")
            here = np.where(offers["channel"].astype(str) == channel, 1.0, 0.0)
            limits.append(
                Limit(f"contacts by {channel}", here, number(most, f"cap of {channel}", 0))
            )
    if spill_over_limit is not None:
        require_columns(offers, ["spill_over"], "offers")
        most = number(spill_over_limit, "spill_over_limit", 0)
        limits.append(Limit("spill-over", p1 * spill, most))
    if floor is not None:
        column, share = floor
        require_columns(lost, [column], "lost")
        number(share, "floor", 0, 1)
        group = lost[column].where(treat)
        for name, size in group.value_counts().items():
            member = np.where(group == name, 1.0, 0.0)[:, None]
            needed = float(np.ceil(share * size - 1e-9))
            limits.append(Limit(f"offers to {column} {name}", member, least=needed))
    return limits


def _table(
    index: pd.Index[Any],
    offers: pd.DataFrame,
    solved: Allocation,
    p1: Floats,
    p0: Floats,
    cost: Floats,
    net: Floats,
    treat: npt.NDArray[np.bool_],
    hurdle: float,
    constrained: bool,
) -> pd.DataFrame:
    """Write each customer's row and reason."""
    choice = solved.choice
    chosen = choice >= 0
    who = np.flatnonzero(chosen)
    what = choice[who]

    def pick(matrix: Floats) -> Floats:
        found = np.zeros(len(choice))
        found[who] = matrix[who, what]
        return found

    code = np.full(len(choice), 5 if constrained else 4, dtype=np.int8)
    if hurdle:
        code[(net < hurdle * cost).all(axis=1)] = 3
    code[net.max(axis=1) <= 0] = 2
    code[~treat] = 1
    code[chosen] = 0
    chance = pick(p1)
    return pd.DataFrame(
        {
            "offer": pd.Categorical.from_codes(choice, categories=offers.index),
            "chance": chance,
            "uplift": np.where(chosen, chance - p0, 0.0),
            "cost": pick(cost),
            "net_value": pick(net),
            "reason": pd.Categorical.from_codes(code, categories=pd.Index(REASONS)),
        },
        index=index,
    )
