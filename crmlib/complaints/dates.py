"""Dates with day and month swapped: found from the data themselves, and put right.

A date whose day is at most 12 can be read in two ways. If a file wrote such dates in one order and
all others in the other, the dates spread over twelve months on days 1 to 12, while the dates that
can be read in one way only sit in the months that are real. Where records have numbers given in
order of time, the right reading is also the one in which numbers and dates go together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class SwappedDates(Result):
    """What is wrong with the dates, the evidence, and the dates put right.

    Attributes
    ----------
    swapped : bool
        Whether the evidence says that day and month are swapped where both readings exist.
    ambiguous, changed : int
        Dates that can be read in two ways; those that the repair changes.
    months_certain, months_stored, months_repaired : int
        Months with dates: among those with one reading, among all as stored, after the repair.
    order_stored, order_repaired : float
        Rank correlation of the records' numbers with the dates; missing without numbers.
    stored, repaired : pandas.Series
        The dates before and after; equal if nothing is swapped.
    """

    swapped: bool
    ambiguous: int
    changed: int
    months_certain: int
    months_stored: int
    months_repaired: int
    order_stored: float
    order_repaired: float
    stored: pd.Series[Any]
    repaired: pd.Series[Any]
    _title = "Are day and month swapped?"

    def to_frame(self) -> pd.DataFrame:
        """Return the evidence, as stored and repaired."""
        return pd.DataFrame(
            {
                "as stored": [self.months_stored, self.order_stored, str(self.stored.min())[:10],
                              str(self.stored.max())[:10], ""],
                "repaired": [self.months_repaired, self.order_repaired,
                             str(self.repaired.min())[:10], str(self.repaired.max())[:10],
                             self.changed],
            },
            index=["months with records", "rank correlation with the number", "first day",
                   "last day", "dates changed"],
        )  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the records by month, as stored and repaired, side by side."""
        import matplotlib.pyplot as plt

        from crmlib.plots import PALETTE

        if ax is None:
            ax = plt.subplots()[1]
        for shift, dates, name, color in (
            (-0.2, self.stored, "as stored", PALETTE["gray"]),
            (0.2, self.repaired, "repaired", PALETTE["blue"]),
        ):
            count = dates.dt.month.value_counts().reindex(range(1, 13), fill_value=0)
            ax.bar(count.index.to_numpy() + shift, count, 0.4, color=color, label=name)
        ax.set_xticks(range(1, 13))
        ax.set_xlabel("month")
        ax.set_ylabel("records")
        ax.legend()
        return ax


def find_swapped_dates(dates: pd.Series[Any], order: Iterable[float] | None = None) -> SwappedDates:
    """Say whether day and month are swapped wherever a date allows it, and repair them if so.

    They are, if after the repair the ambiguous dates fall into the months of the certain ones
    (those with a day above 12), and before it they do not; and, where record numbers are given,
    if the repair brings numbers and dates closer together.

    Parameters
    ----------
    dates : pandas.Series of datetime
        Dates as stored; missing ones are left alone.
    order : iterable of float, optional
        Numbers that grow with time, such as ticket numbers; missing where unknown.

    Returns
    -------
    SwappedDates

    Raises
    ------
    TypeError
        If `dates` is no Series of dates.
    ValueError
        If no date is certain, or `order` has another length.

    Examples
    --------
    >>> days = pd.Series(pd.date_range("2015-04-01", "2015-06-30"))
    >>> broken = days.where(days.dt.day > 12, pd.to_datetime(days.dt.strftime("%Y-%d-%m"),
    ...                     format="%Y-%m-%d", errors="coerce"))
    >>> broken.dt.month.nunique()
    12
    >>> found = find_swapped_dates(broken)
    >>> found.swapped, found.ambiguous, found.repaired.equals(days)
    (True, 36, True)
    """
    if not (hasattr(dates, "dt") and pd.api.types.is_datetime64_any_dtype(dates)):
        kind = getattr(dates, "dtype", type(dates).__name__)
        raise TypeError(f"dates must be a Series of datetime, got {kind}.")
    numbers = None
    if order is not None:
        numbers = np.asarray(list(order), float)
        if len(numbers) != len(dates):
            raise ValueError(f"order has {len(numbers)} numbers for {len(dates)} dates.")
    ambiguous = (dates.dt.day <= 12).fillna(False)
    certain = set(dates[~ambiguous].dt.to_period("M").dropna())
    if not certain:
        raise ValueError("dates has no day above 12: nothing tells one reading from the other.")
    time = dates - dates.dt.normalize()
    other = pd.to_datetime(dates.dt.strftime("%Y-%d-%m"), format="%Y-%m-%d", errors="coerce")
    repaired = dates.mask(ambiguous, (other + time).astype(dates.dtype))

    inside_stored = dates[ambiguous].dt.to_period("M").isin(certain).mean()
    inside_repaired = repaired[ambiguous].dt.to_period("M").isin(certain).mean()
    before, after = _order(numbers, dates), _order(numbers, repaired)
    closer = numbers is None or abs(after) > abs(before)
    swapped = bool(ambiguous.any() and inside_repaired > inside_stored and closer)
    result = repaired if swapped else dates
    return SwappedDates(
        swapped,
        int(ambiguous.sum()),
        int((result != dates)[dates.notna()].sum()),
        len(certain),
        dates.dt.to_period("M").nunique(),
        result.dt.to_period("M").nunique(),
        before,
        after if swapped else before,
        dates,
        result,
    )


def _order(numbers: np.ndarray[Any, Any] | None, dates: pd.Series[Any]) -> float:
    if numbers is None:
        return float("nan")
    known = ~np.isnan(numbers) & dates.notna().to_numpy()
    days = dates[known].astype("int64")
    return float(stats.spearmanr(numbers[known], days).statistic)
