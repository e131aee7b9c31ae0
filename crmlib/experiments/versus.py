"""Several models against one, over all data sets of a run: what a registered plan asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from crmlib._checks import listed, one_of
from crmlib._result import Result
from crmlib.experiments.metrics import METRICS
from crmlib.experiments.results import Results
from crmlib.experiments.statistics import bayesian_signed_rank, decision, wilcoxon_holm

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Versus(Result):
    """Models against a reference, by measure.

    Attributes
    ----------
    table : DataFrame
        Indexed by measure and model: `difference`, the median over data sets of how much better
        the model is than the reference (for losses, how much lower); the `limit` below which
        that does not matter; the probabilities `worse`, `equivalent` and `better`; the
        `decision` they lead to; and the p-value of Wilcoxon's test, `p Holm`.
    reference : str
        The model the others are compared with.
    datasets : int
        Number of data sets.
    """

    table: pd.DataFrame
    reference: str
    datasets: int

    @property
    def _title(self) -> str:  # type: ignore[override]
        return f"Against {self.reference}, on {self.datasets} data sets"

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the three probabilities of the first measure as parts of a bar."""
        import matplotlib.pyplot as plt

        from crmlib.plots import PALETTE, as_percent

        shown = self.table.loc[self.table.index[0][0]]
        if ax is None:
            ax = plt.subplots(figsize=(7, 1 + 0.35 * len(shown)))[1]
        colors = {
            "worse": PALETTE["vermilion"],
            "equivalent": "#C8C8C8",
            "better": PALETTE["blue"],
        }
        left = 0.0 * shown["worse"]
        for name, color in colors.items():
            ax.barh(shown.index[::-1], shown[name][::-1], left=left[::-1], color=color, label=name)
            left = left + shown[name]
        ax.set_xlim(0, 1)
        ax.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
        return as_percent(ax, "x")


def versus(
    results: Results, reference: str, models: Iterable[str], limits: Mapping[str, float]
) -> Versus:
    """Compare models with one of them on the means of every data set.

    Parameters
    ----------
    results : Results
        Of a run on two data sets or more.
    reference : str
        The model the others are compared with.
    models : iterable of str
        The others; Holm's correction is over them.
    limits : mapping of str to float
        Measures, and the difference below which each does not matter in practice.

    Returns
    -------
    Versus

    Raises
    ------
    ValueError
        If a model or measure is not among the results, or a model lacks a data set.

    Examples
    --------
    >>> numbers = pd.DataFrame(
    ...     [(data, model, 0, "AUC", 0.8 + lead * (model == "b"))
    ...      for data, lead in {"x": 0.03, "y": 0.04, "z": 0.05, "u": 0.03, "v": 0.06}.items()
    ...      for model in "ab"],
    ...     columns=["data", "model", "split", "measure", "value"],
    ... )
    >>> versus(Results(numbers, pd.DataFrame()), "a", ["b"], {"AUC": 0.01}).table["decision"].item()
    'helps'
    """
    wanted = list(models)
    known = results.numbers["model"].unique()
    for name in (reference, *wanted):
        one_of(name, known, "model")
    rows = {}
    datasets = 0
    for measure, limit in limits.items():
        sign = 1 if METRICS[one_of(measure, METRICS, "measure")].higher_is_better else -1
        means = sign * results.scores(measure).groupby(level="data", sort=False).mean()
        means = means[[reference, *wanted]]
        datasets = len(means)
        lacking = means.columns[means.isna().any()]
        if len(lacking):
            raise ValueError(f"Not on every data set: {listed(lacking)}.")
        tested = wilcoxon_holm(means, reference)
        for name in wanted:
            chance = bayesian_signed_rank(means[name] - means[reference], limit)
            rows[measure, name] = {
                "difference": tested.loc[name, "difference"],
                "limit": limit,
                **chance.to_dict(),
                "decision": decision(chance),
                "p Holm": tested.loc[name, "p Holm"],
            }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(list(rows), names=["measure", "model"])
    return Versus(table, reference, datasets)
