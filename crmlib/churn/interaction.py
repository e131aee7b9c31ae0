"""Does good service make up for a weak product? Two qualities and their interaction on churn."""

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
class QualityInteraction(Result):
    """Effects of two qualities and of their interaction on the chance of churn.

    Attributes
    ----------
    table : DataFrame
        Indexed by effect (first, second, their interaction): the average `effect` on the chance
        of churn for each unit (for a 0/1 column: from 0 to 1) with `se`, `low` and `high`, and
        the coefficient in `log_odds` with its own `log_odds_se`.
    each : Series
        The interaction effect of each row of the data; it differs, even in sign.
    surface : DataFrame
        Average predicted chance over the first quality, for levels of the second: indexed by
        both, with `value`, `low` and `high`.
    """

    table: pd.DataFrame
    each: pd.Series[float]
    surface: pd.DataFrame
    _title = "Average effects on the chance of churn"

    def to_frame(self) -> pd.DataFrame:
        """Return the table, one row for each effect."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the chance of churn over the first quality, a line for each level of the second."""
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1] if ax is None else ax
        first, second = (str(name) for name in self.surface.index.names)
        colors = [plots.PALETTE[c] for c in ("vermilion", "gray", "blue")]
        levels = np.unique(self.surface.index.get_level_values(1).to_numpy(float))
        for color, level in zip(colors, levels, strict=False):
            line = self.surface.xs(level, level=1)
            x = line.index.to_numpy(float)
            ax.plot(x, line["value"], color=color, label=f"{second} {round(level, 2):g}")
            ax.fill_between(x, line["low"], line["high"], color=color, alpha=0.15, linewidth=0)
        ax.set_xlabel(first)
        ax.set_ylabel("chance of churn")
        plots.as_percent(ax)
        return plots.label_lines(ax)


def quality_interaction(
    data: pd.DataFrame,
    churn: str,
    first: str,
    second: str,
    controls: Sequence[str] = (),
    *,
    cluster: str | None = None,
    confidence: float = 0.95,
) -> QualityInteraction:
    """Regress churn on two qualities and their product, and read it on the scale of chances.

    In a logistic regression the coefficient of the product is not the interaction effect: that is
    the cross derivative of the chance (the double difference for 0/1 columns), which depends on
    every regressor. With ``e1 = b1 + b12 x2``, ``e2 = b2 + b12 x1`` and chance p it is
    ``b12 p (1 - p) + e1 e2 p (1 - p) (1 - 2 p)``.

    Parameters
    ----------
    data : DataFrame
        A row a customer, or a customer and month; rows with a missing value are left out.
    churn : str
        Column that says who left.
    first, second : str
        Columns with the two qualities, numbers or 0/1.
    controls : sequence of str
        Other regressors; categories become indicators.
    cluster : str, optional
        Column that groups rows which are not independent, such as the customer.
    confidence : float
        Level of the intervals.

    Returns
    -------
    QualityInteraction

    Raises
    ------
    ValueError
        A column is missing, churn is not binary, or the regression has no maximum.

    Notes
    -----
    Ai and Norton (2003). Standard errors by the delta method. A regression shows an effect of
    quality only as far as what moves quality does not also move churn by itself.

    Examples
    --------
    >>> cells = pd.DataFrame({"product": [0, 0, 1, 1], "service": [0, 1, 0, 1],
    ...                       "left": [40, 20, 15, 10]})
    >>> rows = pd.concat([cells.assign(n=100 - cells["left"], churn=0),
    ...                   cells.assign(n=cells["left"], churn=1)], ignore_index=True)
    >>> rows = rows.loc[rows.index.repeat(rows["n"])]
    >>> found = quality_interaction(rows, "churn", "product", "service")
    >>> found.table["effect"].round(3).to_dict()
    {'product': -0.175, 'service': -0.125, 'product x service': 0.15}
    """
    x, y, groups = logit.prepare(data, churn, [first, second, *controls], cluster)
    both = f"{first} x {second}"
    rest = [str(column) for column in x if column not in (first, second)]
    product = {both: x[first] * x[second]}
    design = x[[first, second]].assign(**product, **{name: x[name] for name in rest})
    model = logit.fit(design, y, groups)
    matrix = np.column_stack([design.to_numpy(), np.ones(len(design))])
    binary = [set(x[name].unique()) == {0.0, 1.0} for name in (first, second)]

    def effect(params: logit.Floats) -> logit.Floats:
        one = _effect(params, matrix, binary, (True, False))
        other = _effect(params, matrix, binary, (False, True))
        return np.array([one.mean(), other.mean(), _effect(params, matrix, binary).mean()])

    table = logit.delta(effect, model, confidence).rename(columns={"value": "effect"})
    table["log_odds"] = model.params[:3]
    table["log_odds_se"] = np.sqrt(np.diag(model.cov))[:3]
    table.index = pd.Index([first, second, both], name="quality")
    each = pd.Series(_effect(model.params, matrix, binary), x.index, name=both)
    ends = np.quantile(x[first].to_numpy(), [0.01, 0.99])
    grid = np.array([0.0, 1.0]) if binary[0] else np.linspace(ends[0], ends[1], 25)
    levels = np.array([0.0, 1.0]) if binary[1] else np.quantile(x[second], [0.1, 0.5, 0.9])
    places = [(a, b) for b in np.unique(levels) for a in np.unique(grid)]

    def chances(params: logit.Floats) -> logit.Floats:
        return np.array([logit.probability(params, _at(matrix, a, b)).mean() for a, b in places])

    surface = logit.delta(chances, model, confidence)
    surface.index = pd.MultiIndex.from_tuples(places, names=[first, second])
    return QualityInteraction(table, each, surface)


def _at(matrix: logit.Floats, first: float | None, second: float | None) -> logit.Floats:
    """Return the design with one or both qualities set."""
    moved = matrix.copy()
    if first is not None:
        moved[:, 0] = first
    if second is not None:
        moved[:, 1] = second
    moved[:, 2] = moved[:, 0] * moved[:, 1]
    return moved


def _effect(
    params: logit.Floats,
    matrix: logit.Floats,
    binary: Sequence[bool],
    of: tuple[bool, bool] = (True, True),
) -> logit.Floats:
    """Return each row's effect of the first, of the second, or of both: differences or slopes."""
    places: list[tuple[float | None, float | None, float]] = [(None, None, 1.0)]
    for k in range(2):
        if of[k] and binary[k]:
            places = [
                (level if k == 0 else a, level if k == 1 else b, sign * (1 if level else -1))
                for a, b, sign in places
                for level in (1.0, 0.0)
            ]
    slopes = [of[k] and not binary[k] for k in range(2)]
    total = np.zeros(len(matrix))
    for a, b, sign in places:
        moved = _at(matrix, a, b)
        p = logit.probability(params, moved)
        steep = p * (1 - p)
        e1, e2 = params[0] + params[2] * moved[:, 1], params[1] + params[2] * moved[:, 0]
        if all(slopes):
            part = params[2] * steep + e1 * e2 * steep * (1 - 2 * p)
        elif any(slopes):
            part = (e1 if slopes[0] else e2) * steep
        else:
            part = p
        total += sign * part
    return total
