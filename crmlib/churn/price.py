"""Price and churn: the elasticity, and what it costs to charge some more than others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib import plots
from crmlib._result import Result
from crmlib.churn import logit

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class ChurnElasticity(Result):
    """By how many percent churn changes when a price changes by one.

    Attributes
    ----------
    table : DataFrame
        Indexed by price: `elasticity` of the churn rate with `se`, `low` and `high`.
    relative_p : float
        p-value of the hypothesis that only the price relative to the competitor's counts
        (elasticities that add up to 0); missing without a competitor.
    curve : DataFrame
        Indexed by the factor on the own price: the churn rate `value` with `low` and `high`.
    rate : float
        Churn rate in the data.
    """

    table: pd.DataFrame
    relative_p: float
    curve: pd.DataFrame
    rate: float
    _title = "Elasticity of churn"

    def to_frame(self) -> pd.DataFrame:
        """Return the elasticities."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the churn rate against a factor on all own prices, others as they are."""
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1] if ax is None else ax
        x, blue = self.curve.index.to_numpy(float), plots.PALETTE["blue"]
        ax.plot(x, self.curve["value"], color=blue)
        ax.fill_between(x, self.curve["low"], self.curve["high"], color=blue, alpha=0.15)
        ax.axvline(1, color=plots.PALETTE["gray"], linewidth=1, linestyle="--")
        ax.set_xlabel("own price, as it is = 1")
        ax.set_ylabel("churn rate")
        return plots.as_percent(ax, decimals=1)


def churn_elasticity(
    data: pd.DataFrame,
    churn: str,
    price: str,
    competitor: str | None = None,
    controls: Sequence[str] = (),
    *,
    cluster: str | None = None,
    confidence: float = 0.95,
) -> ChurnElasticity:
    """Estimate the elasticity of churn with respect to the own and the competitor's price.

    Logistic regression on log prices, with coefficient b: the churn rate ``P = mean p`` has the
    elasticity ``b mean p (1 - p) / mean p`` if every price changes by the same percentage.

    Parameters
    ----------
    data : DataFrame
        A row a customer, or a customer and month; rows with a missing value are left out.
    churn : str
        Column that says who left (in the month).
    price, competitor : str
        Columns with the price paid and the competitor's for the same, above 0, one currency.
    controls : sequence of str
        Other regressors; categories become indicators.
    cluster : str, optional
        Column that groups rows which are not independent, such as the customer.
    confidence : float
        Level of the intervals, by the delta method.

    Returns
    -------
    ChurnElasticity

    Raises
    ------
    ValueError
        A price at or below 0, a column that is missing, or no maximum of the regression.

    Notes
    -----
    Where those who pay more also use more, and users stay, the elasticity comes out too small
    unless usage is among the controls; best are prices that moved for reasons of their own.

    Examples
    --------
    >>> rows = pd.DataFrame({"price": [40.0] * 100 + [50.0] * 100,
    ...                      "left": [1] * 10 + [0] * 90 + [1] * 14 + [0] * 86})
    >>> churn_elasticity(rows, "left", "price").table["elasticity"].round(2).to_dict()
    {'price': 1.5}
    """
    prices = [price] if competitor is None else [price, competitor]
    x, y, groups = logit.prepare(data, churn, [*prices, *controls], cluster)
    x = x.assign(**{name: _logs(x[name], name) for name in prices})
    model = logit.fit(x, y, groups)
    matrix = np.column_stack([x.to_numpy(), np.ones(len(x))])

    def elasticity(params: logit.Floats) -> logit.Floats:
        p = logit.probability(params, matrix)
        found: logit.Floats = params[: len(prices)] * (p * (1 - p)).mean() / p.mean()
        return found

    factors = np.round(np.linspace(0.8, 1.2, 17), 3)

    def rates(params: logit.Floats) -> logit.Floats:
        shift = np.zeros(matrix.shape[1])
        shift[0] = 1.0
        moved = [logit.probability(params, matrix + shift * np.log(f)).mean() for f in factors]
        return np.array(moved)

    table = logit.delta(elasticity, model, confidence).rename(columns={"value": "elasticity"})
    table.index = pd.Index(prices, name="price")
    curve = logit.delta(rates, model, confidence).drop(columns="se")
    curve.index = pd.Index(factors, name="factor on price")
    together = np.nan
    if competitor is not None:
        from scipy.stats import norm

        z = model.params[:2].sum() / np.sqrt(model.cov[:2, :2].sum())
        together = float(2 * norm.sf(abs(z)))
    return ChurnElasticity(table, together, curve, float(y.mean()))


@dataclass(frozen=True, repr=False)
class PriceFairness(Result):
    """What paying more than others does to churn, and what it would be without.

    Attributes
    ----------
    table : DataFrame
        Indexed by side: the `elasticity` of churn to a price `above` and `below` the reference,
        and the `asymmetry` (above plus below: 0 if a gain weighs as much as a loss), with `se`,
        `low` and `high`.
    penalty : DataFrame
        Indexed by churn rate: `as it is`, `fair` (nobody above the reference) and `penalty`,
        their difference, with `value`, `se`, `low` and `high`.
    share_above : float
        Share of rows that pay more than the reference.
    """

    table: pd.DataFrame
    penalty: pd.DataFrame
    share_above: float
    _title = "Churn and prices above and below the reference"

    def to_frame(self) -> pd.DataFrame:
        """Return the elasticities on both sides."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw churn as it is, without unfair prices, and the difference."""
        ax = plots.dots(self.penalty, ax, value="value")
        ax.set_xlabel("churn rate")
        return plots.as_percent(ax, "x", decimals=1)


def price_fairness(
    data: pd.DataFrame,
    churn: str,
    price: str,
    reference: str,
    controls: Sequence[str] = (),
    *,
    cluster: str | None = None,
    confidence: float = 0.95,
) -> PriceFairness:
    """Estimate what it costs to charge old customers more than new ones.

    The gap ``g = log(price / reference)`` enters a logistic regression in two pieces, ``max(g, 0)``
    and ``max(-g, 0)``: paying more than others may push harder than paying less holds back.

    Parameters
    ----------
    data : DataFrame
        A row a customer, or a customer and month; rows with a missing value are left out.
    churn : str
        Column that says who left.
    price, reference : str
        Columns with the price paid and the one others pay for the same, such as new customers.
    controls : sequence of str
        Other regressors; categories become indicators.
    cluster : str, optional
        Column that groups rows which are not independent.
    confidence : float
        Level of the intervals, by the delta method.

    Returns
    -------
    PriceFairness

    Raises
    ------
    ValueError
        A price at or below 0, nobody on one of the sides, or no maximum of the regression.

    Notes
    -----
    Prices above a reference count as unfair: Kahneman, Knetsch and Thaler (1986); losses weigh
    more than gains: Kahneman and Tversky (1979). The penalty supposes that the coefficient is a
    cause, and that the customers know the reference.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> gap = rng.normal(0, 0.2, 4000)
    >>> odds = -2 + 3 * np.maximum(gap, 0) - np.maximum(-gap, 0)
    >>> rows = pd.DataFrame({"paid": 50 * np.exp(gap), "new": 50.0,
    ...                      "left": rng.random(4000) < 1 / (1 + np.exp(-odds))})
    >>> price_fairness(rows, "left", "paid", "new").table["elasticity"].round(1).to_dict()
    {'above': 2.1, 'below': -1.4, 'asymmetry': 0.8}
    """
    x, y, groups = logit.prepare(data, churn, [price, reference, *controls], cluster)
    gap = _logs(x[price], price) - _logs(x[reference], reference)
    pieces = pd.DataFrame({"above": gap.clip(lower=0), "below": (-gap).clip(lower=0)})
    for side in pieces:
        if not pieces[side].any():
            raise ValueError(f"Nobody pays a price {side} the reference {reference!r}.")
    x = pieces.assign(**{str(c): x[c] for c in x if c not in (price, reference)})
    model = logit.fit(x, y, groups)
    matrix = np.column_stack([x.to_numpy(), np.ones(len(x))])
    fair = matrix.copy()
    fair[:, 0] = 0.0

    def elasticity(params: logit.Floats) -> logit.Floats:
        p = logit.probability(params, matrix)
        above, below = params[:2] * (p * (1 - p)).mean() / p.mean()
        return np.array([above, below, above + below])

    def rates(params: logit.Floats) -> logit.Floats:
        now, then = (logit.probability(params, m).mean() for m in (matrix, fair))
        return np.array([now, then, now - then])

    table = logit.delta(elasticity, model, confidence).rename(columns={"value": "elasticity"})
    table.index = pd.Index(["above", "below", "asymmetry"], name="side")
    penalty = logit.delta(rates, model, confidence)
    penalty.index = pd.Index(["as it is", "fair", "penalty"], name="churn rate")
    return PriceFairness(table, penalty, float((gap > 0).mean()))


def _logs(values: pd.Series[float], name: str) -> pd.Series[float]:
    if (values <= 0).any():
        raise ValueError(f"{name!r} must be above 0; {int((values <= 0).sum())} rows are not.")
    return pd.Series(np.log(values.to_numpy()), values.index)
