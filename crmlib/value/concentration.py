"""Who earns the money: ABC classes, the Lorenz curve and the Gini coefficient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlib._checks import as_frame, no_duplicates, numbers, require_columns, same_currency
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def lorenz(values: npt.ArrayLike) -> pd.DataFrame:
    """Return the Lorenz curve: the share of the total held by the poorest share of customers.

    Parameters
    ----------
    values : array-like of shape (n_customers,)
        Revenue or margin, one number a customer, in one currency. The total must be positive.

    Returns
    -------
    pandas.DataFrame
        `customers` and `value`, cumulative shares from 0 to 1, n_customers + 1 rows.

    Raises
    ------
    ValueError
        If a value is missing, or the total is not positive.

    References
    ----------
    Lorenz (1905), "Methods of measuring the concentration of wealth".

    Examples
    --------
    >>> lorenz([1, 1, 2])["value"].tolist()
    [0.0, 0.25, 0.5, 1.0]
    """
    ordered = np.sort(_flat(values))
    cumulative = np.concatenate([[0.0], np.cumsum(ordered)])
    return pd.DataFrame(
        {
            "customers": np.linspace(0.0, 1.0, len(cumulative)),
            "value": cumulative / cumulative[-1],
        }
    )


def gini(values: npt.ArrayLike) -> float:
    """Return the Gini coefficient: 0 when all customers earn the same, near 1 when one earns all.

    Twice the area between the diagonal and the Lorenz curve. With losses among the values it can
    exceed 1: the customers in profit then earn more than the total.

    Parameters
    ----------
    values : array-like of shape (n_customers,)
        Revenue or margin, in one currency. The total must be positive.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a value is missing, or the total is not positive.

    Examples
    --------
    >>> gini([5, 5, 5, 5])
    0.0
    >>> gini([0, 0, 0, 20])
    0.75
    """
    ordered = np.sort(_flat(values))
    n = len(ordered)
    ranks = np.arange(1, n + 1)
    return float(2 * (ranks @ ordered) / (n * ordered.sum()) - (n + 1) / n)


@dataclass(frozen=True, repr=False)
class ABC(Result):
    """The result of `abc`: a class for each customer, and what the classes hold.

    Attributes
    ----------
    customers : pandas.DataFrame
        One row a customer, best first: `value`, `share` of the total, `cumulative` share, `class`.
    gini : float
        Gini coefficient of the values.
    by : str
        The column that was ranked.
    currency : str or None
        Unit of the values, where known.
    """

    customers: pd.DataFrame
    gini: float
    by: str
    currency: str | None = None

    @property
    def _title(self) -> str:  # type: ignore[override]
        return f"ABC analysis by {self.by} (Gini {self.gini:.2f})"

    @property
    def classes(self) -> pd.Series[str]:
        """The class of each customer, best first."""
        return self.customers["class"]

    def to_frame(self) -> pd.DataFrame:
        """Return a row a class: customers, their share, value and its share."""
        unit = f" ({self.currency})" if self.currency else ""
        table = self.customers.groupby("class", observed=False)["value"].agg(["size", "sum"])
        return pd.DataFrame(
            {
                "customers": table["size"],
                "share of customers (%)": (100 * table["size"] / table["size"].sum()).round(1),
                f"{self.by}{unit}": table["sum"],
                f"share of {self.by} (%)": (100 * table["sum"] / table["sum"].sum()).round(1),
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the cumulative share of value over the customers, best first."""
        from crmlib.plots import PALETTE, as_percent

        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
        n = len(self.customers)
        cumulative = np.concatenate([[0.0], self.customers["cumulative"].to_numpy()])
        ax.plot(np.arange(n + 1) / n, cumulative, color=PALETTE["blue"])
        ax.plot([0, 1], [0, 1], color=PALETTE["gray"], linewidth=1, linestyle="--")
        end = 0
        for name, size in self.to_frame()["customers"].items():
            if size:
                ax.annotate(
                    str(name), ((end + size / 2) / n, 0.02), ha="center", weight="bold", size=12
                )
                end += size
                ax.axvline(end / n, color=PALETTE["gray"], linewidth=0.8)
        ax.set_xlabel("share of customers, best first")
        ax.set_ylabel(f"share of {self.by}")
        ax.set_title(f"Gini {self.gini:.2f}")
        return as_percent(as_percent(ax), "x")


def abc(
    customers: pd.DataFrame,
    by: str = "revenue",
    *,
    cuts: Sequence[float] = (0.80, 0.95),
    labels: Sequence[str] = ("A", "B", "C"),
    currency: str | None = None,
) -> ABC:
    """Rank customers by what they bring and divide them into classes (ABC analysis).

    A customer belongs to the first class whose cut the customers *before* it have not reached, so
    that a single customer worth 85 % of the total is an A. Customers at or below zero are in the
    last class; shares are of the positive total, so that losses do not push a share over 1.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row a customer, the customer as index.
    by : str
        Column to rank by: revenue, contribution margin or lifetime value.
    cuts : sequence of float
        Rising cumulative shares that end all classes but the last. The usual 80 % and 95 % are a
        convention, not a law.
    labels : sequence of str
        One name more than there are cuts.
    currency : str, optional
        Unit of the values.

    Returns
    -------
    ABC
        With `.classes`, `.customers`, `.gini`, `.to_frame()` and `.plot()`.

    Raises
    ------
    ValueError
        If customers repeat, the column is missing, values are missing, their total is not
        positive, cuts do not rise between 0 and 1, or labels do not fit them.

    Examples
    --------
    >>> bills = pd.DataFrame({"revenue": [800, 120, 50, 30]}, index=["k", "l", "m", "n"])
    >>> abc(bills).classes.to_dict()
    {'k': 'A', 'l': 'B', 'm': 'B', 'n': 'C'}
    """
    require_columns(as_frame(customers, "customers"), [by], "customers")
    no_duplicates(customers.index, "customers")
    limits = numbers(list(cuts), "cuts", 0, 1, open_low=True, open_high=True)
    if (np.diff(limits) <= 0).any():
        raise ValueError(f"cuts must rise, got {list(cuts)}.")
    if len(labels) != len(limits) + 1:
        raise ValueError(f"{len(limits)} cuts need {len(limits) + 1} labels, got {list(labels)}.")
    values = numbers(customers[by], f"customers[{by!r}]")
    coefficient = gini(values)
    order = np.argsort(-values, kind="stable")
    ranked = values[order]
    earned = np.maximum(ranked, 0.0)
    share = earned / earned.sum()
    cumulative = np.cumsum(share)
    # The cumulative share before a customer; rounding keeps 0.1 + 0.7 at the cut of 0.8.
    before = np.round(cumulative - share, 12)
    position = np.searchsorted(limits, before, side="right")
    position[ranked <= 0] = len(limits)
    table = pd.DataFrame(
        {
            "value": ranked,
            "share": share,
            "cumulative": cumulative,
            "class": pd.Categorical(np.array(labels)[position], list(labels), ordered=True),
        },
        index=customers.index[order],
    )
    return ABC(table, coefficient, by, same_currency(currency, customers=customers))


def tiers(
    value: pd.Series,
    *,
    cuts: Sequence[float] = (0.80, 0.95),
    give_up_at: float = 0.0,
) -> pd.Series:
    """Divide customers into the four tiers of the recovery policy by what they are worth.

    *Key* customers hold the first 80 % of the value worth having, *ordinary* ones the next 15 %,
    *small* ones the rest; who is worth no more than `give_up_at` is to be *given up*.

    Parameters
    ----------
    value : pandas.Series
        Value of each customer (future, not only past spending), the customer as index.
    cuts : sequence of two floats
        Cumulative shares that end the key and the ordinary tier.
    give_up_at : float
        Value at or below which a customer is given up, in the unit of `value`.

    Returns
    -------
    pandas.Series of ordered categories
        'key', 'ordinary', 'small' or 'give up', in the order of `value`.

    Raises
    ------
    TypeError
        If `value` is no Series.
    ValueError
        If customers repeat or values are missing.

    Examples
    --------
    >>> tiers(pd.Series([800, 120, 50, 30, -4], index=list("klmno"))).to_dict()
    {'k': 'key', 'l': 'ordinary', 'm': 'ordinary', 'n': 'small', 'o': 'give up'}
    """
    if not isinstance(value, pd.Series):
        raise TypeError(f"value must be a pandas Series, got {type(value).__name__}.")
    no_duplicates(value.index, "value")
    worth = pd.Series(numbers(value, "value"), index=value.index)
    names = ["key", "ordinary", "small", "give up"]
    kept = worth[worth > give_up_at].to_frame("value")
    tier: pd.Series | str = "give up"
    if len(kept):
        classes = abc(kept, "value", cuts=cuts, labels=names[:3]).classes
        tier = classes.astype(object).reindex(value.index).fillna("give up")
    dtype = pd.CategoricalDtype(names, ordered=True)
    return pd.Series(tier, index=value.index, name="tier", dtype=dtype)


def _flat(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the values as one line of numbers with a positive total."""
    array = numbers(values, "values")
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"values must be one-dimensional and not empty, got shape {array.shape}.")
    if array.sum() <= 0:
        raise ValueError(f"values must have a positive total, got {array.sum():g}.")
    return array
