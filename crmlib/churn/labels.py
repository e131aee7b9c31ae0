"""When is a customer lost? Labels by silence or by the end of a contract, and how sure they are.

A definition that is too quick takes customers for lost who only paused: pseudo-churn. One that is
too slow finds the losses when nothing can be done. `window_sensitivity` shows the trade.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import plots
from crmlib._checks import as_frame, number, optional, require_columns
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def label_by_inactivity(
    activity: pd.DataFrame,
    window: int,
    last: int,
    *,
    customer: str = "customer_id",
    period: str = "month",
) -> pd.DataFrame:
    """Call a customer lost who has been silent for `window` periods at the end of `last`.

    Parameters
    ----------
    activity : DataFrame
        A row for each customer and period with use; repeated rows do no harm.
    window : int
        Silent periods after which a customer counts as lost, at least 1.
    last : int
        The last period observed; later rows are refused.
    customer, period : str
        Columns with the customer and with the period as a whole number.

    Returns
    -------
    DataFrame
        Indexed by customer: `last_active` (period), `silent` (periods since), `lost`, and
        `noticed`, the period at whose end the silence reached the window (missing if not lost).

    Raises
    ------
    ValueError
        A missing column, a window below 1, or activity after `last`.

    Examples
    --------
    >>> activity = pd.DataFrame({"customer_id": [1, 1, 2], "month": [1, 6, 2]})
    >>> label_by_inactivity(activity, window=3, last=6)["lost"].tolist()
    [False, True]
    """
    _activity(activity, customer, period, last)
    window = int(number(window, "window", 1))
    final = activity.groupby(customer, observed=True)[period].max().astype("int64")
    table = pd.DataFrame({"last_active": final, "silent": last - final})
    table["lost"] = table["silent"] >= window
    noticed = (final + window).astype("Int64")
    table["noticed"] = noticed.where(table["lost"])
    return table


def label_by_contract_end(
    contracts: pd.DataFrame,
    last: int,
    *,
    grace: int = 0,
    customer: str = "customer_id",
    start: str = "start",
    end: str = "end",
) -> pd.DataFrame:
    """Call a customer lost whose latest contract ended more than `grace` periods before `last`.

    Parameters
    ----------
    contracts : DataFrame
        A row for each contract; contracts that begin after `last` are not known yet and dropped.
    last : int
        The last period observed.
    grace : int
        Periods a customer may be without a contract before he counts as lost.
    customer, start, end : str
        Columns; `end` is the last period of the contract, missing if it runs without an end.

    Returns
    -------
    DataFrame
        Indexed by customer: `last_covered` (period, missing if covered without an end), `lost`,
        and `noticed` (period at whose end the grace was over, missing if not lost).

    Raises
    ------
    ValueError
        A missing column, or a contract that ends before it starts.

    Examples
    --------
    >>> contracts = pd.DataFrame(
    ...     {"customer_id": [1, 1, 2], "start": [1, 13, 1], "end": [12, 24, 12]}
    ... )
    >>> label_by_contract_end(contracts, last=15)["lost"].tolist()
    [False, True]
    """
    require_columns(as_frame(contracts, "contracts"), [customer, start, end], "contracts")
    wrong = contracts[end] < contracts[start] - 1
    if wrong.any():
        row = contracts.index[wrong][0]
        raise ValueError(
            f"contracts must not end before they start; {int(wrong.sum())} rows do, first {row!r}."
        )
    grace = int(number(grace, "grace", 0))
    known = contracts[contracts[start] <= last]
    by = known.assign(_open=known[end].isna()).groupby(known[customer], observed=True)
    table = by.agg(last_covered=(end, "max"), _open=("_open", "any"))
    table["last_covered"] = table["last_covered"].astype("Int64").mask(table["_open"])
    over = (table["last_covered"] + grace < last).fillna(value=False)
    table["lost"] = over.astype(bool)
    table["noticed"] = (table["last_covered"] + grace + 1).where(table["lost"])
    return table.drop(columns="_open")


@dataclass(frozen=True, repr=False)
class WindowSensitivity(Result):
    """How many losses each window declares, and how many of them were none.

    Attributes
    ----------
    table : DataFrame
        Indexed by window (periods): `declared` losses, those that `returned` within the
        follow-up, the `pseudo_churn` share with its `low` and `high`.
    follow_up : int
        Periods after a declaration in which a return counts.
    """

    table: pd.DataFrame
    follow_up: int
    _title = "Pseudo-churn by window of inactivity"

    def to_frame(self) -> pd.DataFrame:
        """Return the table, one row for each window."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of declared losses that were none, with its interval."""
        table = self.table.rename(index=lambda n: f"{n} period{'s' if n != 1 else ''}")
        ax = plots.dots(table, ax, value="pseudo_churn")
        plots.as_percent(ax, "x")
        ax.set_xlabel(f"back, untouched, within {self.follow_up} periods")
        return ax


def window_sensitivity(
    activity: pd.DataFrame,
    last: int,
    windows: Sequence[int] = (1, 2, 3, 4, 6),
    *,
    follow_up: int = 6,
    contacted: Mapping[Any, int] | pd.Series[Any] | None = None,
    customer: str = "customer_id",
    period: str = "month",
    confidence: float = 0.95,
) -> WindowSensitivity:
    """Find, for each window of inactivity, the share of declared losses that came back untouched.

    A loss is declared each time a customer's silence reaches the window. It counts if at least
    `follow_up` periods could be observed after it, so that early and late declarations have the
    same chance to prove wrong, and it was pseudo-churn if the customer was active within them.

    Parameters
    ----------
    activity : DataFrame
        A row for each customer and period with use.
    last : int
        The last period observed.
    windows : sequence of int
        Windows to compare, in periods.
    follow_up : int
        Periods after the declaration in which a return counts, at least 1.
    contacted : mapping or Series, optional
        By customer, the first period in which somebody tried to win him back. A return after
        that is no return untouched: the loss was one.
    customer, period : str
        Columns with the customer and with the period as a whole number.
    confidence : float
        Level of the Wilson interval.

    Returns
    -------
    WindowSensitivity

    Examples
    --------
    >>> activity = pd.DataFrame({"customer_id": [1, 1, 2, 3], "month": [1, 4, 1, 1]})
    >>> result = window_sensitivity(activity, last=9, windows=[2, 3], follow_up=4)
    >>> result.table[["declared", "returned"]].to_numpy().tolist()
    [[3, 1], [2, 0]]
    """
    _activity(activity, customer, period, last)
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    follow_up = int(number(follow_up, "follow_up", 1))
    kept = activity[[customer, period]].drop_duplicates().sort_values([customer, period])
    here = kept[period].to_numpy(np.int64)
    same = kept[customer].to_numpy()[1:] == kept[customer].to_numpy()[:-1]
    never = np.iinfo(np.int64).max
    following = np.append(np.where(same, here[1:], never), never)
    touched = kept[customer].map(dict({} if contacted is None else contacted)).fillna(np.inf)
    contact = touched.to_numpy(float)
    rows = []
    for window in windows:
        w = int(number(window, "a window", 1))
        declared = here + w  # the period at whose end the silence has lasted for the window
        judged = (following > declared) & (declared + follow_up <= last)
        untouched = (contact >= following) | (contact <= here)  # or an older story
        back = judged & (following <= declared + follow_up) & untouched
        rows.append({"window": w, "declared": int(judged.sum()), "returned": int(back.sum())})
    table = pd.DataFrame(rows).set_index("window")
    proportion = optional("statsmodels.stats.proportion", "analysis")
    n = table["declared"].to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        table["pseudo_churn"] = table["returned"] / n
        low, high = proportion.proportion_confint(
            table["returned"].to_numpy(), n, 1 - confidence, method="wilson"
        )
    table["low"], table["high"] = low, high
    return WindowSensitivity(table, follow_up)


def _activity(activity: pd.DataFrame, customer: str, period: str, last: int) -> None:
    require_columns(as_frame(activity, "activity"), [customer, period], "activity")
    if not pd.api.types.is_integer_dtype(activity[period]):
        raise TypeError(
            f"activity[{period!r}] must hold whole numbers, such as months counted from 1; "
            f"its type is {activity[period].dtype}."
        )
    late = activity[period].max()
    if late > number(last, "last"):
        raise ValueError(f"activity has periods up to {late}, after last={last}.")
