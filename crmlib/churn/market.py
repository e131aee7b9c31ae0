"""The market around the customers: concentration, and who takes customers from whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import plots
from crmlib._checks import as_frame, number, require_columns
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Concentration(Result):
    """How few firms share a market.

    Attributes
    ----------
    shares : Series
        Share of each firm from 0 to 1, the largest first.
    """

    shares: pd.Series[float]
    _title = "Market concentration"

    @property
    def hhi(self) -> float:
        """Herfindahl-Hirschman index from 0 to 10,000: the sum of squared percentages."""
        return float(((100 * self.shares) ** 2).sum())

    @property
    def equivalent(self) -> float:
        """Number of equal firms with this index: 10,000 over it."""
        return 10_000 / self.hhi

    def cr(self, n: int) -> float:
        """Return the joint share of the `n` largest firms."""
        return float(self.shares.iloc[: int(number(n, "n", 1))].sum())

    def to_frame(self) -> pd.DataFrame:
        """Return shares and cumulative shares (the CR of each number of firms)."""
        return pd.DataFrame({"share": self.shares, "cumulative": self.shares.cumsum()})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the shares."""
        shares = self.shares.rename(f"market share (HHI {self.hhi:,.0f})")
        return plots.ranked_bars(shares, ax, fmt="{:.1%}".format)


def concentration(sizes: pd.Series[Any]) -> Concentration:
    """Measure the concentration of a market from sizes such as customers or revenue.

    Parameters
    ----------
    sizes : Series
        Size of each firm, at least 0; any unit.

    Returns
    -------
    Concentration

    Raises
    ------
    ValueError
        A size that is missing or negative, or none above 0.

    Examples
    --------
    >>> market = concentration(pd.Series({"A": 50, "B": 30, "C": 20}))
    >>> round(market.hhi), market.cr(2), round(market.equivalent, 2)
    (3800, 0.8, 2.63)
    """
    values = sizes.astype(float)
    if values.isna().any() or (values < 0).any() or not values.sum() > 0:
        raise ValueError("sizes must be known and at least 0 for every firm, and not all 0.")
    return Concentration((values / values.sum()).sort_values(ascending=False, kind="stable"))


@dataclass(frozen=True, repr=False)
class Switching(Result):
    """Who went from which operator to which.

    Attributes
    ----------
    counts : DataFrame
        Customers by operator before (rows) and after (columns); stayers on the diagonal.
    """

    counts: pd.DataFrame
    _title = "Share of each operator's customers by operator afterwards"

    @property
    def matrix(self) -> pd.DataFrame:
        """Shares by row: loyalty on the diagonal, losses beside it."""
        return self.counts.div(self.counts.sum(axis=1), axis=0)

    @property
    def net(self) -> pd.Series[float]:
        """Customers gained less customers lost, by operator."""
        gained: pd.Series[float] = self.counts.sum() - self.counts.sum(axis=1)
        return gained.rename("net gain")

    def equilibrium(self) -> pd.Series[float]:
        """Return the shares at which the market settles if people go on switching like this.

        Raises
        ------
        ValueError
            If some operator's customers can never reach another's, so that the end depends on
            the beginning.
        """
        p = self.matrix.to_numpy(float)
        n = len(p)
        system = np.vstack([p.T - np.eye(n), np.ones(n)])
        shares, _, rank, _ = np.linalg.lstsq(system, np.append(np.zeros(n), 1.0))
        if rank < n:
            raise ValueError("The market has no single equilibrium: it falls into closed parts.")
        settled: pd.Series[float] = pd.Series(shares.tolist(), self.counts.index, name="share")
        return settled

    def to_frame(self) -> pd.DataFrame:
        """Return the matrix of shares."""
        return self.matrix

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw net gains and losses."""
        return plots.ranked_bars(
            self.net.rename("net gain of customers"), ax, fmt="{:+,.0f}".format
        )


def switching(moves: pd.DataFrame, before: str = "before", after: str = "after") -> Switching:
    """Count moves between operators; who stays has the same operator twice.

    Parameters
    ----------
    moves : DataFrame
        A row for each customer.
    before, after : str
        Columns with the operator before and after; rows with a missing one are left out.

    Returns
    -------
    Switching

    Examples
    --------
    >>> moves = pd.DataFrame({"before": ["A", "A", "B"], "after": ["A", "B", "B"]})
    >>> switching(moves).matrix.loc["A"].to_dict()
    {'A': 0.5, 'B': 0.5}
    """
    require_columns(as_frame(moves, "moves"), [before, after], "moves")
    known = moves[[before, after]].dropna().astype("str")
    names = sorted(set(known[before]) | set(known[after]))
    counts = pd.crosstab(known[before], known[after])
    counts = counts.reindex(index=names, columns=names, fill_value=0)
    return Switching(counts.rename_axis(index="before", columns="after"))
