"""What compensation is worth paying: how much, to whom, and never more than the cost cap.

A complainant of value V (future margin, money) leaves with the chance p if nothing is paid. Paying
m lowers it to ``p exp(-k m)``: more helps, each further yuan less. The response k comes from data:
in a churn hazard with a log-log link it is minus the coefficient of the amount (`churn_hazard`).
Everybody in the group is paid, those who would have stayed too. So

* gain of paying m:            G(m) = V p (1 - exp(-k m)) - m
* best amount:                 m* = ln(V p k) / k if V p k > 1, else 0
* cost cap at hurdle rate h:   the m at which V p (1 - exp(-k m)) = (1 + h) m, which is
  ``g + W(-k g exp(-k g)) / k`` with g = V p / (1 + h) and Lambert's W.

Derived here from the course's rule that recovery may not cost more than the customer is worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import lambertw

from crmlib._checks import as_frame, number, require_columns
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]


def compensation_gain(
    amount: ArrayLike, value: ArrayLike, risk: ArrayLike, response: ArrayLike
) -> Floats:
    """Return what paying an amount brings: V p (1 - exp(-k m)) - m.

    Parameters
    ----------
    amount : array-like
        Compensation m, in money, 0 or more.
    value : array-like
        Value V at stake, in money.
    risk : array-like
        Chance p to leave if nothing is paid.
    response : array-like
        k: relative fall of the risk for each unit of money.

    Returns
    -------
    array of float

    Examples
    --------
    >>> compensation_gain([0, 20], value=600, risk=0.2, response=0.03).round(2)
    array([ 0.  , 34.14])
    """
    m = _numbers(amount, "amount", 0)
    v, p, k = _group(value, risk, response)
    return np.asarray(-v * p * np.expm1(-k * m) - m)


def best_compensation(value: ArrayLike, risk: ArrayLike, response: ArrayLike) -> Floats:
    """Return the amount with the largest gain: ln(V p k) / k, or 0 where paying never pays.

    Parameters
    ----------
    value, risk, response : array-like
        As in `compensation_gain`.

    Returns
    -------
    array of float
        Money.

    Examples
    --------
    >>> best_compensation(value=[600, 100], risk=0.2, response=0.03).round(2)
    array([42.7,  0. ])
    """
    v, p, k = _group(value, risk, response)
    steep = v * p * k
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(steep > 1, np.log(steep) / k, 0.0))


def compensation_cap(
    value: ArrayLike, risk: ArrayLike, response: ArrayLike, *, hurdle: float = 0.0
) -> Floats:
    """Return the largest amount that still earns the hurdle rate; 0 where none does.

    Parameters
    ----------
    value, risk, response : array-like
        As in `compensation_gain`.
    hurdle : float
        Return asked for each unit of money paid.

    Returns
    -------
    array of float
        Money.

    Examples
    --------
    >>> compensation_cap(value=600, risk=0.2, response=0.03).round(2)
    np.float64(116.34)
    """
    number(hurdle, "hurdle", 0)
    v, p, k = _group(value, risk, response)
    g = v * p / (1 + hurdle)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = g + lambertw(-k * g * np.exp(-k * g), 0).real / k
    return np.asarray(np.where(k * g > 1, root, 0.0))


@dataclass(frozen=True, repr=False)
class CompensationPlan(Result):
    """Who gets how much.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a complainant: `best`, `cap`, `amount` (what to pay), `gain`, `limited by`.
    budget : float or None
    price : float
        What one more unit of budget would bring beyond itself; 0 if the budget does not bind.
    """

    table: pd.DataFrame
    budget: float | None
    price: float

    @property
    def _title(self) -> str:  # type: ignore[override]
        paid = self.table["amount"] > 0
        return (
            f"Pay {paid.sum():,} of {len(paid):,} complainants {self.table['amount'].sum():,.0f} "
            f"in all; expected gain {self.table['gain'].sum():,.0f}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the cumulative gain over the money spent, the best spending first."""
        from crmlib.plots import PALETTE

        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
        paid = self.table[self.table["amount"] > 0]
        rank = (paid["gain"] / paid["amount"]).sort_values(ascending=False, kind="stable").index
        spent = np.r_[0, paid.loc[rank, "amount"].cumsum()]
        gain = np.r_[0, paid.loc[rank, "gain"].cumsum()]
        ax.plot(spent, gain, color=PALETTE["blue"])
        ax.set_xlabel("compensation paid")
        ax.set_ylabel("expected gain")
        return ax


def compensation_plan(
    complainants: pd.DataFrame,
    *,
    hurdle: float = 0.0,
    budget: float | None = None,
    step: float = 0.0,
) -> CompensationPlan:
    """Decide how much each complainant gets.

    Each gets the amount with the largest gain, never more than the cost cap, the column `cap`
    (such as a cap from the recovery plan) and the column `most` (such as the sum in dispute). A
    budget is split so that the last unit of money brings the same everywhere: the gain is concave,
    so one price of money, found by bisection, gives the best split.

    Parameters
    ----------
    complainants : pandas.DataFrame
        `value`, `risk`, `response`; optionally `cap` and `most`, in money.
    hurdle : float
        Return asked for each unit of money paid.
    budget : float, optional
        Most money to pay in all.
    step : float
        Amounts are rounded down to multiples of this; 0 leaves them.

    Returns
    -------
    CompensationPlan

    Raises
    ------
    ValueError
        If columns are missing or a number is out of range, with the row that has it.

    Examples
    --------
    >>> people = pd.DataFrame({"value": [600, 100, 900], "risk": 0.2, "response": 0.03},
    ...                       index=["Li", "Wang", "Chen"])
    >>> compensation_plan(people, budget=60, step=1).table[["best", "amount"]].round(1)
          best  amount
    Li    42.7    23.0
    Wang   0.0     0.0
    Chen  56.2    36.0
    """
    frame = as_frame(complainants, "complainants")
    require_columns(frame, ["value", "risk", "response"], "complainants")
    number(hurdle, "hurdle", 0)
    number(step, "step", 0)
    if budget is not None:
        number(budget, "budget", 0)
    v, p, k = _group(frame["value"], frame["risk"], frame["response"])
    best = best_compensation(v, p, k)
    cap = compensation_cap(v, p, k, hurdle=hurdle)
    for name in ("cap", "most"):
        if name in frame:
            cap = np.minimum(cap, _numbers(frame[name], name, 0))

    def amounts(price: float) -> Floats:
        # With money at 1 + price the best amount solves V p k exp(-k m) = 1 + price.
        return np.minimum(best_compensation(v / (1 + price), p, k), cap)

    price = 0.0
    if budget is not None and amounts(0.0).sum() > budget:
        low, high = 0.0, float((v * p * k).max())
        for _ in range(200):
            price = (low + high) / 2
            low, high = (price, high) if amounts(price).sum() > budget else (low, price)
        price = high
    amount = amounts(price)
    exact = amount
    if step > 0:
        amount = np.floor(amount / step + 1e-9) * step
    limit = np.select(
        [best <= 0, (amount <= 0) & (exact > 0), exact >= best - 1e-9, exact >= cap - 1e-9],
        ["not worth it", "step", "", "cap"],
        "budget",
    )
    table = pd.DataFrame(
        {"best": best, "cap": cap, "amount": amount,
         "gain": compensation_gain(amount, v, p, k), "limited by": limit}, index=frame.index,
    )  # fmt: skip
    return CompensationPlan(table, budget, price)


def _group(value: ArrayLike, risk: ArrayLike, response: ArrayLike) -> tuple[Floats, Floats, Floats]:
    return (
        _numbers(value, "value", 0),
        _numbers(risk, "risk", 0, 1),
        _numbers(response, "response", 0),
    )


def _numbers(values: Any, name: str, low: float, high: float = np.inf) -> Floats:
    array = np.asarray(values, dtype=float)
    bad = ~((array >= low) & (array <= high) & np.isfinite(array))
    if bad.any():
        flat = np.atleast_1d(bad)
        place = int(np.flatnonzero(flat.ravel())[0])
        label = values.index[place] if isinstance(values, pd.Series) else place
        raise ValueError(
            f"{name} must lie in [{low:g}, {high:g}] and be finite; {int(flat.sum())} entries do "
            f"not, first at {label!r}: {np.atleast_1d(array).ravel()[place]:g}."
        )
    return array
