"""The leaky bucket: customers pour in at the top and leak out through a hole called churn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib import plots
from crmlib._checks import number
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class LeakyBucket(Result):
    """A bucket with a steady inflow and a hole: ``N[t+1] = (1 - churn) N[t] + inflow``.

    Customers lost come back with the chance `regain` a period, from a second, smaller bucket of
    those lost who have not come back: ``L[t+1] = (1 - regain) L[t] + churn N[t]``, and what comes
    back flows into the first.

    Parameters
    ----------
    customers : float
        In the bucket at the start.
    inflow : float
        New customers a period.
    churn : float
        Share of the customers lost in a period: the size of the hole.
    regain : float
        Share of the lost who come back in a period; 0 without win-back.
    periods : int
        How far to look.

    Raises
    ------
    ValueError
        A share outside [0, 1], a negative number of customers, fewer than one period.

    Examples
    --------
    >>> bucket = LeakyBucket(customers=100_000, inflow=1_000, churn=0.015)
    >>> round(bucket.level), round(bucket.half_life, 1), bucket.inflow_to_hold
    (66667, 45.9, 1500.0)
    """

    customers: float
    inflow: float
    churn: float
    regain: float = 0.0
    periods: int = 36
    _title = "The leaky bucket"

    def __post_init__(self) -> None:
        number(self.customers, "customers", 0)
        number(self.inflow, "inflow", 0)
        number(self.churn, "churn", 0, 1)
        number(self.regain, "regain", 0, 1)
        number(self.periods, "periods", 1)

    @property
    def level(self) -> float:
        """Where the bucket settles without win-back: inflow over churn."""
        return float("inf") if self.churn == 0 else self.inflow / self.churn

    @property
    def half_life(self) -> float:
        """Periods in which half of today's customers leak out: log 2 / -log(1 - churn)."""
        if self.churn in (0, 1):
            return float("inf") if self.churn == 0 else 0.0
        return float(np.log(2) / -np.log1p(-self.churn))

    @property
    def inflow_to_hold(self) -> float:
        """New customers a period that keep the bucket as full as it is at the start."""
        return self.churn * self.customers

    def to_frame(self) -> pd.DataFrame:
        """Return customers, new, lost and regained customers by period."""
        rows, customers, lost_pool = [], float(self.customers), 0.0
        for period in range(int(self.periods) + 1):
            lost, back = self.churn * customers, self.regain * lost_pool
            rows.append((period, customers, self.inflow, lost, back))
            customers += self.inflow - lost + back
            lost_pool += lost - back
        names = ["period", "customers", "new", "lost", "regained"]
        return pd.DataFrame(rows, columns=names).set_index("period")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the level over the periods and, if it is near, where it settles."""
        frame = self.to_frame()
        ax = plots.lines(frame[["customers"]], ax)
        if self.regain == 0 and self.level <= 2 * frame["customers"].max():
            ax.axhline(self.level, linestyle="--", color=plots.PALETTE["gray"], linewidth=1)
            ax.annotate(
                "inflow / churn", (0, self.level), xytext=(0, 4), textcoords="offset points"
            )
        ax.set_ylim(bottom=0)
        return ax
