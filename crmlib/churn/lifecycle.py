"""The customer life cycle: how many are in each stage, where they go, and what a stage is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import plots
from crmlib._checks import as_frame, number, require_columns
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The seven stages of the course, English to Chinese.
STAGES = {
    "potential": "潜在期",
    "development": "开发期",
    "growth": "成长期",
    "maturity": "成熟期",
    "decline": "衰退期",
    "termination": "终止期",
    "recovery": "恢复期",
}


def stage_census(
    stages: pd.DataFrame,
    *,
    stage: str = "stage",
    period: str = "month",
    order: Sequence[str] = tuple(STAGES),
) -> pd.DataFrame:
    """Count the customers in each stage, period by period.

    Parameters
    ----------
    stages : DataFrame
        A row for each customer and period.
    stage, period : str
        Columns.
    order : sequence of str
        All stages, in order.

    Returns
    -------
    DataFrame
        Periods in rows, stages in columns in the given order; stages not met are 0.

    Examples
    --------
    >>> stages = pd.DataFrame({"month": [1, 1, 2], "stage": ["growth", "decline", "growth"]})
    >>> stage_census(stages)["growth"].tolist()
    [1, 1]
    """
    require_columns(as_frame(stages, "stages"), [stage, period], "stages")
    _known(stages[stage], order)
    counts = pd.crosstab(stages[period], stages[stage].astype("str"))
    return counts.reindex(columns=list(order), fill_value=0).rename_axis(columns=None)


@dataclass(frozen=True, repr=False)
class Transitions(Result):
    """Where customers in a stage are one period later.

    Attributes
    ----------
    counts : DataFrame
        Customers by stage now (rows) and one period later (columns).
    """

    counts: pd.DataFrame
    _title = "Chance to be in a stage one period later"

    @property
    def matrix(self) -> pd.DataFrame:
        """The transition matrix; a stage in which nobody was seen keeps its customers."""
        total = self.counts.sum(axis=1)
        shares = self.counts.div(total.where(total > 0), axis=0)
        for name in shares.index[total == 0]:
            shares.loc[name] = (shares.columns == name).astype(float)
        return shares

    def to_frame(self) -> pd.DataFrame:
        """Return the transition matrix."""
        return self.matrix

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the matrix with its numbers, without stages in which nobody was seen."""
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1] if ax is None else ax
        seen = (self.counts.sum() + self.counts.sum(axis=1)) > 0
        shares = self.matrix.loc[seen, seen]
        # The scale ends beyond 1, where the ground would be too dark for the numbers.
        ax.imshow(shares.to_numpy(), cmap="Blues", vmin=0, vmax=1.8, aspect="auto")
        for (i, j), share in np.ndenumerate(shares.to_numpy(float)):
            if share > 0:
                ax.text(j, i, f"{share:.2f}", ha="center", va="center")
        ax.set_xticks(range(shares.shape[1]), shares.columns, rotation=30, ha="right")
        ax.set_yticks(range(shares.shape[0]), shares.index)
        ax.set_xlabel("one period later")
        ax.set_ylabel("now")
        ax.grid(visible=False)
        return ax


def transitions(
    stages: pd.DataFrame,
    *,
    customer: str = "customer_id",
    stage: str = "stage",
    period: str = "month",
    order: Sequence[str] = tuple(STAGES),
) -> Transitions:
    """Count moves between stages from each period to the next.

    Parameters
    ----------
    stages : DataFrame
        A row for each customer and period. Periods without a row are gaps, not moves.
    customer, stage, period : str
        Columns.
    order : sequence of str
        All stages, in order.

    Returns
    -------
    Transitions

    Raises
    ------
    ValueError
        A missing column, an unknown stage, or two rows for a customer and period.

    Examples
    --------
    >>> stages = pd.DataFrame(
    ...     {"customer_id": [1, 1, 1], "month": [1, 2, 3], "stage": ["growth", "growth", "decline"]}
    ... )
    >>> transitions(stages).matrix.loc["growth", ["growth", "decline"]].tolist()
    [0.5, 0.5]
    """
    require_columns(as_frame(stages, "stages"), [customer, stage, period], "stages")
    _known(stages[stage], order)
    rows = stages[[customer, period]].assign(
        stage=pd.Categorical(stages[stage].astype("str"), list(order)).codes
    )
    rows = rows.sort_values([customer, period])
    same = rows[customer].to_numpy()[1:] == rows[customer].to_numpy()[:-1]
    step = np.diff(rows[period].to_numpy())
    if (same & (step == 0)).any():
        raise ValueError("stages must have one row for each customer and period; some have two.")
    moves = same & (step == 1)
    code = rows["stage"].to_numpy(np.intp)
    counts = np.zeros((len(order), len(order)), dtype=np.int64)
    np.add.at(counts, (code[:-1][moves], code[1:][moves]), 1)
    names = list(order)
    return Transitions(pd.DataFrame(counts, index=names, columns=names))


def markov_value(
    matrix: pd.DataFrame,
    margins: Mapping[str, float] | pd.Series[Any],
    discount: float,
    periods: int | None = None,
) -> pd.Series[float]:
    """Return the expected present value of a customer in each stage (Pfeifer & Carraway 2000).

    With transition matrix P, margin m of a period in each stage, and discount rate d a period,
    ``v = sum_t (P / (1 + d))^t m = (I - P / (1 + d))^-1 m``: the margin of the first period is
    received at once.

    Parameters
    ----------
    matrix : DataFrame
        Transition matrix; rows sum to 1, or to less if customers vanish.
    margins : mapping or Series
        Contribution margin a period in each stage, in money.
    discount : float
        Discount rate a period, at least 0.
    periods : int, optional
        Horizon, counting the first period; without end by default.

    Returns
    -------
    Series
        Value by stage, in money.

    Raises
    ------
    ValueError
        Rows that are no probabilities, a stage without a margin, or a sum that does not end.

    Examples
    --------
    >>> P = pd.DataFrame([[0.8, 0.2], [0.0, 1.0]], ["active", "lost"], ["active", "lost"])
    >>> markov_value(P, {"active": 10.0, "lost": 0.0}, 0.1).round(2).to_dict()
    {'active': 36.67, 'lost': 0.0}
    """
    as_frame(matrix, "matrix")
    number(discount, "discount", 0)
    if list(matrix.index) != list(matrix.columns):
        raise ValueError("matrix must have the same stages in rows and columns, in one order.")
    p = matrix.to_numpy(float)
    if (p < 0).any() or (p.sum(axis=1) > 1 + 1e-9).any() or np.isnan(p).any():
        raise ValueError("matrix must hold probabilities, with rows that sum to at most 1.")
    known = pd.Series(dict(margins), dtype=float)
    without = [str(name) for name in matrix.index if name not in known.index]
    if without:
        raise ValueError(f"margins lacks the stages {without}.")
    m = known.reindex(matrix.index).to_numpy()
    step = p / (1 + discount)
    if periods is None:
        if max(abs(np.linalg.eigvals(step))) >= 1 - 1e-12:
            raise ValueError(
                "The value has no end: with discount 0 a customer who never vanishes earns for "
                "ever. Give a discount above 0 or a number of periods."
            )
        value = np.linalg.solve(np.eye(len(m)) - step, m)
    else:
        value = np.zeros_like(m)
        for _ in range(int(number(periods, "periods", 1))):
            value = m + step @ value
    return pd.Series(value, index=matrix.index, name="value")


@dataclass(frozen=True, repr=False)
class ThreeDegrees(Result):
    """Satisfaction, retention and contribution of customers, and whom to look after first.

    Attributes
    ----------
    table : DataFrame
        The three degrees as ranks from 0 to 1, the weighted `score`, and `unbeaten`: whether
        no other customer is at least as good in all three and better in one (the Pareto front).
    """

    table: pd.DataFrame
    _title = "Three degrees"

    def to_frame(self) -> pd.DataFrame:
        """Return the table, the highest score first."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw satisfaction against contribution, larger where retention is higher."""
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1] if ax is None else ax
        ax.scatter(
            self.table["satisfaction"],
            self.table["contribution"],
            s=10 + 60 * self.table["retention"],
            c=[plots.PALETTE["vermilion" if best else "blue"] for best in self.table["unbeaten"]],
            alpha=0.6,
        )
        ax.set_xlabel("satisfaction (rank)")
        ax.set_ylabel("contribution (rank)")
        return ax


def three_degrees(
    customers: pd.DataFrame, weights: tuple[float, float, float] = (1 / 3, 1 / 3, 1 / 3)
) -> ThreeDegrees:
    """Rank customers by satisfaction, retention and contribution together.

    Parameters
    ----------
    customers : DataFrame
        A row for each customer with `satisfaction` (any scale), `retention` (chance to stay) and
        `contribution` (margin in money); more is better in all three.
    weights : tuple of float
        Of the three, in this order; scaled to sum to 1.

    Returns
    -------
    ThreeDegrees

    Examples
    --------
    >>> customers = pd.DataFrame(
    ...     {"satisfaction": [8, 5], "retention": [0.9, 0.4], "contribution": [20, 10]}
    ... )
    >>> three_degrees(customers).table["unbeaten"].tolist()
    [True, False]
    """
    names = ["satisfaction", "retention", "contribution"]
    require_columns(as_frame(customers, "customers"), names, "customers")
    if customers[names].isna().any().any():
        raise ValueError("customers must have all three degrees; some are missing.")
    w = np.array([number(value, "a weight", 0) for value in weights])
    if len(w) != 3 or w.sum() == 0:
        raise ValueError(f"weights must be three numbers, not all 0; got {weights!r}.")
    ranks = customers[names].rank(pct=True)
    values = ranks.to_numpy()
    table = ranks.assign(score=values @ (w / w.sum()), unbeaten=_unbeaten(values))
    return ThreeDegrees(table.sort_values("score", ascending=False, kind="stable"))


def _unbeaten(values: Any) -> Any:
    """Tell which rows no other row beats: at least as good in all columns, better in one."""
    kept: list[int] = []
    # Best sum first: whoever beats a row stands before it.
    for i in np.argsort(-values.sum(axis=1), kind="stable"):
        rivals = values[kept]
        if not ((rivals >= values[i]).all(axis=1) & (rivals > values[i]).any(axis=1)).any():
            kept.append(int(i))
    return np.isin(np.arange(len(values)), kept)


def _known(values: pd.Series[Any], order: Sequence[str]) -> None:
    strange = sorted(set(values.astype("str")) - set(order))
    if strange:
        raise ValueError(f"Unknown stages {strange}; the stages are {list(order)}.")
