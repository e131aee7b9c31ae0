"""Price or service? Two ways to win customers back, month by month.

The course tells of two hotels: one wins its guests back fast with low prices and then cannot
choose between price and service; the other wins them back slowly with better service, and keeps
them. The story has no numbers. This is the model in which numbers can be put.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib._checks import number, whole
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Strategy:
    """A way to win customers back.

    Attributes
    ----------
    name : str
        What it is called.
    monthly_return : float
        Share of the lost who come back in a month once the strategy works fully, 0 to 1.
    retention : float
        Share of the returned who stay from month to month, 0 to 1.
    margin : float
        Margin per returned customer and month, after any lasting discount, in money.
    ramp_months : float
        Months until 63 % of the effect is there; 0 works at once, as a price cut does.
    setup_cost, monthly_cost : float
        Cost of starting and of running it, in money.
    spill_over : float
        Margin lost on present customers per month, because the lower price is theirs too.
    """

    name: str
    monthly_return: float
    retention: float
    margin: float
    ramp_months: float = 0.0
    setup_cost: float = 0.0
    monthly_cost: float = 0.0
    spill_over: float = 0.0

    def __post_init__(self) -> None:
        for field, high in (("monthly_return", 1.0), ("retention", 1.0)):
            number(getattr(self, field), f"{field} of {self.name!r}", 0, high)
        for field in ("ramp_months", "setup_cost", "monthly_cost", "spill_over"):
            number(getattr(self, field), f"{field} of {self.name!r}", 0)
        number(self.margin, f"margin of {self.name!r}")


@dataclass(frozen=True, repr=False)
class StrategyComparison(Result):
    """The result of `compare_strategies`.

    Attributes
    ----------
    months : pandas.DataFrame
        A row a strategy and month: `lost` (still away), `back` (returned and still there),
        `profit` of the month and `value`, discounted profit so far.
    """

    months: pd.DataFrame
    _title = "Strategies of recovery"

    def wide(self, column: str) -> pd.DataFrame:
        """Return one column of `months` with months as rows and strategies as columns."""
        return self.months.reset_index().pivot_table(
            index="month", columns="strategy", values=column, sort=False
        )

    def overtakes(self, late: str, early: str) -> int | None:
        """Return the month from which one strategy stays ahead of another, or None.

        Parameters
        ----------
        late, early : str
            Names of the strategies.

        Returns
        -------
        int or None
        """
        value = self.wide("value")
        for name in (late, early):
            if name not in value.columns:
                raise ValueError(f"{name!r} is none of the strategies {list(value.columns)}.")
        behind = np.flatnonzero(value[late].to_numpy() <= value[early].to_numpy())
        first = 0 if len(behind) == 0 else int(behind[-1]) + 1
        return int(value.index[first]) if first < len(value) else None

    def to_frame(self) -> pd.DataFrame:
        """Return a row a strategy: customers back at the end, best month, value."""
        groups = self.months.groupby(level="strategy", sort=False)
        return pd.DataFrame(
            {
                "customers back at the end": groups["back"].last().round(1),
                "most customers back": groups["back"].max().round(1),
                "value at the end (money)": groups["value"].last(),
                "lowest value on the way (money)": groups["value"].min(),
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the discounted profit so far of each strategy."""
        from crmlib.plots import lines

        ax = lines(self.wide("value"), ax)
        ax.set_ylabel("discounted profit so far (money)")
        return ax


def compare_strategies(
    strategies: Sequence[Strategy],
    *,
    lost: float,
    months: int = 36,
    discount: float = 0.01,
) -> StrategyComparison:
    """Follow the lost and the returned under each strategy.

    In month t a share monthly_return (1 - exp(-t / ramp)) of those still away comes back; of the
    returned, a share `retention` stays, and who leaves again is lost for good.

    Parameters
    ----------
    strategies : sequence of Strategy
        Names must differ.
    lost : float
        Lost customers at the start.
    months : int
        Months to follow.
    discount : float
        Discount rate per month.

    Returns
    -------
    StrategyComparison
        With `.months`, `.overtakes(late, early)`, `.to_frame()` and `.plot()`.

    Raises
    ------
    ValueError
        If names repeat or a number lies outside its range.

    Examples
    --------
    >>> price = Strategy("price cut", 0.10, 0.90, 12.0, spill_over=500.0)
    >>> service = Strategy("service", 0.06, 0.98, 25.0, ramp_months=6, setup_cost=20_000.0)
    >>> compare_strategies([price, service], lost=1000).overtakes("service", "price cut")
    15
    """
    start = number(lost, "lost", 0, open_low=True)
    count = whole(months, "months", 1)
    rate = number(discount, "discount", 0)
    names = [strategy.name for strategy in strategies]
    if len(set(names)) != len(names) or not names:
        raise ValueError(f"strategies must have different names, got {names}.")
    rows = []
    for s in strategies:
        away, back, value = start, 0.0, -s.setup_cost
        for month in range(1, count + 1):
            strength = 1.0 if s.ramp_months == 0 else -np.expm1(-month / s.ramp_months)
            came = away * s.monthly_return * strength
            away, back = away - came, back * s.retention + came
            profit = back * s.margin - s.monthly_cost - s.spill_over
            value += profit / (1 + rate) ** month
            rows.append((s.name, month, away, back, profit, value))
    columns = ["strategy", "month", "lost", "back", "profit", "value"]
    return StrategyComparison(pd.DataFrame(rows, columns=columns).set_index(["strategy", "month"]))
