"""Does learning pay? Learned against fixed thresholds on the same worlds, over several of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib._result import Result
from crmlib.chain.beliefs import Beliefs
from crmlib.chain.loop import close_the_loop
from crmlib.chain.replay import Response, offer_terms, replay
from crmlib.data.operator import Operator
from crmlib.early_warning import EarlyWarning

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class LoopComparison(Result):
    """Learned beside fixed thresholds, world by world.

    Attributes
    ----------
    table : DataFrame
        A row a world: profit ``learned`` and ``fixed`` over all rounds, and their ``difference``.
    curves : DataFrame
        Mean cumulated profit by month: ``learned``, ``fixed``; and of their difference the mean
        with ``low`` and ``high``, a 95 % interval over the worlds.
    """

    table: pd.DataFrame
    curves: pd.DataFrame

    @property
    def mean(self) -> float:
        """Mean difference of the profits, in money."""
        return float(self.table["difference"].mean())

    @property
    def error(self) -> float:
        """Standard error of the mean difference."""
        return float(self.table["difference"].std(ddof=1) / np.sqrt(len(self.table)))

    @property
    def _title(self) -> str:  # type: ignore[override]
        return (
            f"Learned against fixed thresholds on {len(self.table)} worlds: "
            f"{self.mean:+,.0f} (standard error {self.error:,.0f})"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the profits, world by world."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how far learning is ahead, cumulated, with its interval over the worlds."""
        import matplotlib.pyplot as plt

        from crmlib.plots import PALETTE

        ax = plt.subplots()[1] if ax is None else ax
        months, ahead = self.curves.index.to_numpy(), self.curves["difference"]
        ax.fill_between(
            months, self.curves["low"], self.curves["high"], color=PALETTE["blue"], alpha=0.2,
            linewidth=0,
        )  # fmt: skip
        ax.plot(months, ahead, color=PALETTE["blue"])
        ax.axhline(0, color=PALETTE["gray"], linewidth=1)
        ax.annotate("fixed thresholds", (months[0], 0), (0, 4), textcoords="offset points")
        ax.set_xlabel("month")
        ax.set_ylabel("learned less fixed, cumulated (money)")
        return ax


def compare_loops(
    make: Callable[[int], Operator],
    seeds: Iterable[int] = range(5),
    months: Iterable[int] = (9, 12, 15, 18, 21),
    *,
    start: Beliefs | None = None,
    learn: Collection[str] = ("calls", "comeback"),
    response: Response | None = None,
    warning: EarlyWarning | None = None,
    **options: Any,
) -> LoopComparison:
    """Play the loop with learned and with fixed thresholds on the same worlds.

    Both begin with the same beliefs and meet the same customers, with the same luck; the fixed
    rule calls everybody it alarms for and asks back everybody it planned for, the learning one
    pays for its control groups.

    Parameters
    ----------
    make : callable
        Makes an operator of a seed: ``lambda seed: simulate(8000, 24, random_state=seed)``.
    seeds : iterable of int
        A world each, two at least.
    months : iterable of int
        Months of decision.
    start : Beliefs, optional
        What both believe before any outcome; the defaults of `Beliefs`.
    learn : collection of {'calls', 'comeback', 'offers'}
        What the learning one learns; see `close_the_loop`.
    response : Response, optional
        What a call does; see `replay`.
    warning : EarlyWarning, optional
        As in `replay`.
    **options
        Passed on to `close_the_loop`.

    Returns
    -------
    LoopComparison

    Raises
    ------
    ValueError
        Fewer than two worlds.

    Examples
    --------
    >>> from crmlib.data import simulate
    >>> found = compare_loops(lambda seed: simulate(800, 15, random_state=seed), [1, 2], [9])
    >>> found.table.columns.tolist()
    ['learned', 'fixed', 'difference']
    """
    from scipy.stats import t as student

    at, worlds = list(months), list(seeds)
    if len(worlds) < 2:
        raise ValueError(f"seeds must name two worlds at least, got {len(worlds)}.")
    curves: dict[str, list[pd.Series]] = {"learned": [], "fixed": []}
    for seed in worlds:
        op = make(seed)
        rounds = replay(op, at, warning=warning, response=response, random_state=seed)
        shared: dict[str, Any] = {
            "start": start,
            "random_state": seed,
            "offers": offer_terms(op),
        } | options
        for name, found in curves.items():
            loop = close_the_loop(rounds, learn=learn if name == "learned" else (), **shared)
            found.append(loop.rounds["cumulated"])
    wide = {name: pd.concat(found, axis=1, keys=worlds) for name, found in curves.items()}
    ahead = wide["learned"] - wide["fixed"]
    half = student.ppf(0.975, len(worlds) - 1) * ahead.std(axis=1) / np.sqrt(len(worlds))
    middle = ahead.mean(axis=1)
    table = pd.DataFrame({name: found.iloc[-1] for name, found in wide.items()})
    table["difference"] = table["learned"] - table["fixed"]
    summary = {name: found.mean(axis=1) for name, found in wide.items()}
    summary |= {"difference": middle, "low": middle - half, "high": middle + half}
    return LoopComparison(table.rename_axis("world"), pd.DataFrame(summary))
