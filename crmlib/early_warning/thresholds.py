"""When a risk becomes an alarm: by history, by cost, by capacity, and what each choice is worth.

An alarm costs a contact, and an offer to those who take it; it earns the value of the losses it
prevents. The threshold that follows from this differs from customer to customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from crmlib._checks import number, require_columns
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Economics:
    """What an alarm costs and can earn.

    Attributes
    ----------
    contact : float
        Cost of one contact, in money, paid for every alarm.
    offer : float
        Cost of the offer, in money, paid for everyone who takes it.
    success : float
        Share of would-be leavers whom the contact and the offer keep, 0 to 1. They take the offer.
    taken : float
        Share of the others contacted, who would have stayed anyway, that takes the offer too.

    Examples
    --------
    >>> Economics(contact=5, offer=20).success
    0.3
    """

    contact: float = 5.0
    offer: float = 0.0
    success: float = 0.3
    taken: float = 1.0

    def __post_init__(self) -> None:
        number(self.contact, "contact", 0)
        number(self.offer, "offer", 0)
        number(self.success, "success", 0, 1)
        number(self.taken, "taken", 0, 1)


def alarm_profit(risk: ArrayLike, value: ArrayLike, economics: Economics) -> Floats:
    """Return the expected profit of contacting a customer.

    profit = p g (V - d) - (1 - p) s d - c, with risk p, success g, value V, offer d, share of
    stayers who take it s, and contact cost c. With s = 1 this is the profit of a retention
    campaign of Neslin et al. (2006), customer by customer.

    Parameters
    ----------
    risk : array
        Chance to be lost within the horizon, 0 to 1.
    value : array
        What is lost with the customer, in money.
    economics : Economics
        What an alarm costs and earns.

    Returns
    -------
    array of float, in money

    Examples
    --------
    >>> alarm_profit([0.1, 0.1], [600, 100], Economics(contact=5)).round(6).tolist()
    [13.0, -2.0]
    """
    p, v = np.asarray(risk, float), np.asarray(value, float)
    e = economics
    return p * e.success * (v - e.offer) - (1 - p) * e.taken * e.offer - e.contact


def break_even_risk(value: ArrayLike, economics: Economics) -> Floats:
    """Return the risk above which an alarm pays, for each customer's value.

    p* = (c + s d) / (g (V - d) + s d), the root of `alarm_profit`. Where no risk of at most
    1 pays it is infinite. Without an offer it is c / (g V).

    Parameters
    ----------
    value : array
        What is lost with the customer, in money.
    economics : Economics
        What an alarm costs and earns.

    Returns
    -------
    array of float
        Chances, 0 to 1, or infinite.

    Examples
    --------
    >>> break_even_risk([600, 100, 0], Economics(contact=6)).round(4).tolist()
    [0.0333, 0.2, inf]
    """
    v, e = np.asarray(value, float), economics
    gain = e.success * (v - e.offer) + e.taken * e.offer
    cost = e.contact + e.taken * e.offer
    pays = (gain > 0) & (cost <= gain)
    at: Floats = np.divide(cost, gain, out=np.full(v.shape, np.inf), where=pays)
    return at


class Threshold(Protocol):
    """What every threshold can do.

    One that decides by another column than ``risk`` names it in an attribute ``by``; see
    `ControlChart`, for which `EarlyWarning` adds the column.
    """

    def fit(self, risk: ArrayLike) -> Threshold:
        """Learn from the risks of a history, where there is something to learn."""

    def decide(self, risk: ArrayLike, value: ArrayLike) -> NDArray[np.bool_]:
        """Say who gets an alarm."""


@dataclass(frozen=True)
class History:
    """Alarm for a risk that only a small share of the history reached.

    Attributes
    ----------
    quantile : float
        Share of the history that stays below, 0 to 1.
    cut : float or None
        The risk from which there is an alarm; learned by `fit`.

    Examples
    --------
    >>> History(0.9).fit(range(11)).decide([8.9, 9.0], [1, 1]).tolist()
    [False, True]
    """

    quantile: float = 0.95
    cut: float | None = None

    def __post_init__(self) -> None:
        number(self.quantile, "quantile", 0, 1)

    def fit(self, risk: ArrayLike) -> History:
        """Take the quantile of the risks of a history."""
        return replace(self, cut=float(np.quantile(np.asarray(risk, float), self.quantile)))

    def decide(self, risk: ArrayLike, value: ArrayLike) -> NDArray[np.bool_]:  # noqa: ARG002
        """Alarm where the risk reaches the cut."""
        if self.cut is None:
            raise ValueError("History has no cut yet: fit it to the risks of a history.")
        return np.asarray(risk, float) >= self.cut


@dataclass(frozen=True)
class Cost:
    """Alarm wherever the expected profit of the contact is above 0.

    Examples
    --------
    >>> Cost(Economics(contact=6)).decide([0.1, 0.1], [600, 100]).tolist()
    [True, False]
    """

    economics: Economics = Economics()

    def fit(self, risk: ArrayLike) -> Cost:  # noqa: ARG002
        """Learn nothing: the threshold follows from the economics."""
        return self

    def decide(self, risk: ArrayLike, value: ArrayLike) -> NDArray[np.bool_]:
        """Alarm where the contact is expected to earn more than it costs."""
        return alarm_profit(risk, value, self.economics) > 0


@dataclass(frozen=True)
class Capacity:
    """Alarm for as many customers as the staff can call: the worst ones.

    Attributes
    ----------
    cases : int
        Alarms a month.
    economics : Economics or None
        With it, customers are ranked by expected profit and nobody is called at a loss;
        without, they are ranked by risk.

    Examples
    --------
    >>> Capacity(1).decide([0.2, 0.3], [900, 100]).tolist()
    [False, True]
    >>> Capacity(1, Economics(contact=1)).decide([0.2, 0.3], [900, 100]).tolist()
    [True, False]
    """

    cases: int = 500
    economics: Economics | None = None

    def __post_init__(self) -> None:
        if number(self.cases, "cases", 0) != int(self.cases):
            raise ValueError(f"cases must be a whole number, got {self.cases!r}.")

    def fit(self, risk: ArrayLike) -> Capacity:  # noqa: ARG002
        """Learn nothing: the capacity is given."""
        return self

    def decide(self, risk: ArrayLike, value: ArrayLike) -> NDArray[np.bool_]:
        """Alarm for the first in rank; of equals, the first in the table."""
        p = np.asarray(risk, float)
        rank = p if self.economics is None else alarm_profit(p, value, self.economics)
        worth = np.ones(len(p), bool) if self.economics is None else rank > 0
        first = np.argsort(-rank, kind="stable")[: int(self.cases)]
        chosen = np.zeros(len(p), bool)
        chosen[first] = True
        return chosen & worth & ~np.isnan(rank)


@dataclass(frozen=True, repr=False)
class ThresholdComparison(Result):
    """Thresholds side by side on the same customers.

    Attributes
    ----------
    table : DataFrame
        By threshold: alarms, their share, mean risk, expected profit, and where outcomes are
        known precision, recall and the profit given them.
    curve : Series
        Expected profit of calling the first k customers in the order of expected profit, by k.
    """

    table: pd.DataFrame
    curve: pd.Series

    _title = "Thresholds and what they are worth"

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the expected profit over the number of alarms, with every threshold on it."""
        import matplotlib.pyplot as plt

        from crmlib.plots import PALETTE

        ax = plt.subplots()[1] if ax is None else ax
        shown = self.curve[self.curve.index <= max(2 * self.table["alarms"].max(), 10)]
        ax.plot(shown.index, shown.to_numpy(), color=PALETTE["blue"])
        for name, row in self.table.iterrows():
            at = (row["alarms"], row["expected_profit"])
            ax.plot(*at, "o", color=PALETTE["vermilion"])
            ax.annotate(str(name), at, (5, -12), textcoords="offset points")
        ax.set_xlabel("alarms")
        ax.set_ylabel("expected profit (money)")
        return ax


def compare_thresholds(
    risk: ArrayLike,
    value: ArrayLike,
    thresholds: Mapping[str, Threshold],
    economics: Economics,
    lost: ArrayLike | None = None,
) -> ThresholdComparison:
    """Compare thresholds on the same customers.

    Parameters
    ----------
    risk, value : array
        One entry a customer: chance of loss, and what is lost then in money.
    thresholds : mapping
        Thresholds by name.
    economics : Economics
        What an alarm costs and earns.
    lost : array, optional
        What came of the customers: 1 lost, 0 kept.

    Returns
    -------
    ThresholdComparison

    Examples
    --------
    >>> compare_thresholds([0.1, 0.4], [100, 100], {"one call": Capacity(1)}, Economics(contact=5))
    Thresholds and what they are worth
              alarms  share  mean_risk  expected_profit
    threshold
    one call       1    0.5        0.4              7.0
    """
    p, v = np.asarray(risk, float), np.asarray(value, float)
    if not thresholds:
        raise ValueError("thresholds is empty: there is nothing to compare.")
    if p.shape != v.shape or p.ndim != 1 or len(p) == 0:
        raise ValueError(f"risk and value must be lists of one length, got {p.shape}, {v.shape}.")
    profit = alarm_profit(p, v, economics)
    known = None if lost is None else np.asarray(lost, float)
    rows = {}
    for name, threshold in thresholds.items():
        alarm = threshold.decide(p, v)
        row: dict[str, Any] = {
            "alarms": int(alarm.sum()),
            "share": float(alarm.mean()),
            "mean_risk": float(p[alarm].mean()) if alarm.any() else np.nan,
            "expected_profit": float(profit[alarm].sum()),
        }
        if known is not None:
            caught = float(known[alarm].sum())
            row["precision"] = caught / alarm.sum() if alarm.any() else np.nan
            row["recall"] = caught / known.sum() if known.sum() else np.nan
            row["profit_given_outcomes"] = float(
                alarm_profit(known[alarm], v[alarm], economics).sum()
            )
        rows[name] = row
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("threshold")
    order = np.concatenate([[0.0], np.cumsum(np.sort(profit)[::-1])])
    # Dense where the thresholds are, sparse beyond.
    near = min(2 * int(table["alarms"].max()), len(p))
    k = np.unique(np.r_[np.linspace(0, near, 301), np.linspace(0, len(p), 201)].astype(int))
    return ThresholdComparison(table, pd.Series(order[k], k, name="expected_profit"))


@dataclass(frozen=True, repr=False)
class Success(Result):
    """The success rate of contacts, learned from what came of them.

    Attributes
    ----------
    mean, low, high : float
        Posterior mean and 90 % interval of the share of would-be leavers kept.
    treated, control : int
        Customers contacted, and alarmed customers left alone.
    """

    mean: float
    low: float
    high: float
    treated: int
    control: int

    _title = "Success rate learned from outcomes"

    def to_frame(self) -> pd.DataFrame:
        """Return mean, interval and sizes."""
        row = {"success": self.mean, "low": self.low, "high": self.high}
        return pd.DataFrame([{**row, "treated": self.treated, "control": self.control}])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the mean with its interval."""
        from crmlib.plots import dots

        table = self.to_frame().rename(columns={"success": "rate"}).set_axis(["success"])
        return dots(table, ax)

    def update(self, economics: Economics) -> Economics:
        """Return the economics with this success rate: thresholds made of them move along."""
        return replace(economics, success=self.mean)


def learn_success(
    outcomes: pd.DataFrame,
    prior: tuple[float, float] = (6.0, 14.0),
    *,
    draws: int = 20_000,
    random_state: int = 0,
) -> Success:
    """Learn the success rate from alarmed customers, some of whom were left alone.

    Contacted customers leave at the rate q1, alarmed customers left alone at q0; the success is
    g = 1 - q1 / q0. Both rates get a uniform prior; draws of g that are negative (the contact
    seems to harm) count as 0, and every draw is weighted by the prior density of g.

    Parameters
    ----------
    outcomes : DataFrame
        One row an alarmed customer: ``treated`` and ``lost``, true or false. Who was left alone
        must have been chosen by chance.
    prior : (float, float)
        Beta distribution of the success rate before any outcome is seen; the default is the one
        the expected maximum profit measure uses, with mean 0.3 (Verbraken et al., 2013).
    draws : int
        Monte Carlo draws.
    random_state : int
        Seed.

    Returns
    -------
    Success

    Raises
    ------
    ValueError
        A column is missing, or nobody was treated, or nobody was left alone.

    Examples
    --------
    >>> rows = {"treated": [True] * 1000 + [False] * 1000,
    ...         "lost": [True] * 60 + [False] * 940 + [True] * 100 + [False] * 900}
    >>> 0.25 < learn_success(pd.DataFrame(rows)).mean < 0.45
    True
    """
    from scipy.stats import beta

    require_columns(outcomes, ["treated", "lost"], "outcomes")
    a, b = (number(x, "prior", 0, open_low=True) for x in prior)
    treated = outcomes["treated"].astype(bool).to_numpy()
    lost = outcomes["lost"].astype(bool).to_numpy()
    if treated.all() or not treated.any():
        raise ValueError(
            "outcomes needs customers treated and customers left alone by chance; without both, "
            "nobody can say what the contact did."
        )
    rng = np.random.default_rng(random_state)
    n1, k1 = int(treated.sum()), int(lost[treated].sum())
    n0, k0 = int((~treated).sum()), int(lost[~treated].sum())
    q1 = rng.beta(1 + k1, 1 + n1 - k1, draws)
    q0 = rng.beta(1 + k0, 1 + n0 - k0, draws)
    g = np.clip(1 - q1 / q0, 1e-6, 1 - 1e-6)
    weight = beta.pdf(g, a, b)
    weight /= weight.sum()
    order = np.argsort(g)
    cumulative = np.cumsum(weight[order])
    low, high = g[order][np.minimum(np.searchsorted(cumulative, [0.05, 0.95]), draws - 1)]
    return Success(float(g @ weight), float(low), float(high), n1, n0)


def decided_by(threshold: Threshold) -> str:
    """Return the column a threshold decides by.

    Examples
    --------
    >>> decided_by(Capacity(10))
    'risk'
    """
    return str(getattr(threshold, "by", "risk"))
