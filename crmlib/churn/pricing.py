"""The price that pays best, once churn answers to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import plots
from crmlib._checks import number
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class BestPrice(Result):
    """The price at which a customer is worth most over the whole relation.

    Attributes
    ----------
    price : float
        The best price a month.
    churn : float
        Churn rate a month at that price.
    value : float
        Lifetime value of a customer at that price.
    markup : float
        Lerner index: margin over price.
    curve : DataFrame
        Indexed by price: `churn` and `value`.
    """

    price: float
    churn: float
    value: float
    markup: float
    curve: pd.DataFrame
    _title = "Best price"

    def to_frame(self) -> pd.DataFrame:
        """Return price, churn, value and markup as a row."""
        names = ("price", "churn", "value", "markup")
        return pd.DataFrame([{name: getattr(self, name) for name in names}])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the lifetime value against the price."""
        ax = plots.lines(self.curve[["value"]].rename_axis("price a month"), ax)
        ax.plot(self.price, self.value, "o", color=plots.PALETTE["vermilion"])
        ax.set_ylabel("lifetime value of a customer")
        return ax


def best_price(
    cost: float, price: float, churn: float, elasticity: float, discount_rate: float = 0.0
) -> BestPrice:
    """Return the price that makes the lifetime value of a customer largest.

    At price x a month, churn is ``h(x) = churn (x / price)^elasticity`` and the customer is worth
    ``V = (x - cost) (1 + d) / (d + h)``, first margin at once. The best price satisfies

        (x - cost) / x = (1 + d / h(x)) / elasticity,

    and without discounting has the closed form ``cost elasticity / (elasticity - 1)``: Lerner's
    rule (1934) with the elasticity of churn in place of that of demand.

    Parameters
    ----------
    cost : float, above 0
        Variable cost of a customer a month.
    price : float, above 0
        Price today.
    churn : float, above 0, below 1
        Churn rate a month at the price of today.
    elasticity : float, above 1
        Of churn to price, constant over the range of prices.
    discount_rate : float, at least 0
        A month.

    Returns
    -------
    BestPrice
        Amounts in the currency of the cost.

    Raises
    ------
    ValueError
        An elasticity of at most 1, at which no price is too high, or so much discounting that
        the best price would drive everybody away at once.

    Notes
    -----
    It assumes that the elasticity is constant and a cause, that usage and competitors' prices
    stay, and it leaves aside who would not join at that price: with new customers that also
    shrink in the price, the best price is lower.

    Examples
    --------
    >>> best_price(cost=20, price=50, churn=0.015, elasticity=1.6).price.__round__(2)
    53.33
    """
    from scipy.optimize import brentq

    number(cost, "cost", 0, open_low=True)
    number(price, "price", 0, open_low=True)
    number(churn, "churn", 0, 1, open_low=True, open_high=True)
    number(discount_rate, "discount_rate", 0)
    e, d = number(elasticity, "elasticity"), discount_rate
    if e <= 1:
        raise ValueError(
            f"elasticity must be above 1, got {elasticity!r}: below, a higher price always earns "
            "more than the churn it causes costs, and there is no best price."
        )

    def hazard(x: Any) -> Any:
        return churn * (x / price) ** e

    # Beyond this price everybody would leave in the first month, and the formula ends.
    top = price * churn ** (-1 / e)

    def excess(x: float) -> float:
        return float((x - cost) * e * hazard(x) - x * (hazard(x) + d))

    if top <= cost or excess(top) <= 0:
        raise ValueError(
            f"There is no best price below {top:,.2f}, at which all would leave within a month."
        )
    best = float(brentq(excess, cost, top))
    grid = np.unique(np.append(np.linspace(cost, min(top, 2.5 * best), 200), best))
    curve = pd.DataFrame({"churn": hazard(grid)}, index=pd.Index(grid, name="price"))
    curve["value"] = (grid - cost) * (1 + d) / (d + curve["churn"])
    leaving = float(hazard(best))
    value = (best - cost) * (1 + d) / (d + leaving)
    return BestPrice(best, leaving, value, 1 - cost / best, curve)
