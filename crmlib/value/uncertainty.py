"""From uncertain inputs to an uncertain result: any formula, any distributions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlib._checks import number, whole
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    Formula = Callable[..., Any]


@dataclass(frozen=True, repr=False)
class Propagated(Result):
    """The result of `propagate`: draws of the outcome, and which input moves it most.

    Attributes
    ----------
    draws : array of shape (n_draws,)
        Outcomes.
    tornado : pandas.DataFrame
        A row an uncertain input, widest first: `low` and `high`, the outcome when only this
        input is at the low and high end of its interval and the others at their medians.
    center : float
        Outcome with every input at its median.
    level : float
        Level of the intervals.
    name : str
        What the outcome is called.
    """

    draws: npt.NDArray[np.float64]
    tornado: pd.DataFrame
    center: float
    level: float
    name: str

    @property
    def _title(self) -> str:  # type: ignore[override]
        return f"{self.name}: {len(self.draws):,} draws"

    @property
    def interval(self) -> tuple[float, float]:
        """Central interval of the draws at `level`."""
        tail = (1 - self.level) / 2
        low, high = np.quantile(self.draws, [tail, 1 - tail])
        return float(low), float(high)

    def probability(self, above: float = 0.0) -> float:
        """Return the share of draws above a value: P(ROI > hurdle), P(CLV > cost)."""
        return float((self.draws > above).mean())

    def at_risk(self, share: float = 0.05) -> float:
        """Return the outcome that only this share of the draws stays below (value at risk)."""
        return float(np.quantile(self.draws, number(share, "share", 0, 1)))

    def to_frame(self) -> pd.DataFrame:
        """Return mean, median, standard deviation, interval and P(> 0) in one row."""
        low, high = self.interval
        percent = f"{100 * self.level:g} %"
        return pd.DataFrame(
            {
                "mean": [self.draws.mean()],
                "median": [np.median(self.draws)],
                "standard deviation": [self.draws.std(ddof=1)],
                f"low ({percent})": [low],
                f"high ({percent})": [high],
                "P(above 0)": [self.probability(0.0)],
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the tornado: how far each input alone moves the outcome."""
        from crmlib.plots import PALETTE

        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=(6.8, 0.9 + 0.4 * len(self.tornado)))[1]
        places = np.arange(len(self.tornado))[::-1]
        low, high = (self.tornado[side].to_numpy(float) for side in ("low", "high"))
        ax.barh(places, low - self.center, left=self.center, color=PALETTE["orange"], height=0.6)
        ax.barh(places, high - self.center, left=self.center, color=PALETTE["blue"], height=0.6)
        ax.axvline(self.center, color=PALETTE["gray"], linewidth=1)
        ax.set_yticks(places, [str(label).replace("_", " ") for label in self.tornado.index])
        ax.set_xlabel(f"{self.name} (orange: input low, blue: input high)")
        ax.grid(visible=False, axis="y")
        return ax


def propagate(
    formula: Formula,
    /,
    *,
    draws: int = 10_000,
    level: float = 0.90,
    random_state: int | np.random.Generator | None = None,
    name: str | None = None,
    **inputs: Any,
) -> Propagated:
    """Draw the uncertain inputs of a formula many times and look at what comes out.

    Parameters
    ----------
    formula : callable
        Takes the inputs as keyword arguments, arrays of draws among them, and returns an array;
        `clv` and most formulas of this package do.
    draws : int
        Number of draws.
    level : float
        Level of the intervals and of the tornado's low and high ends.
    random_state : int or numpy Generator, optional
        Seed.
    name : str, optional
        What the outcome is called; the formula's name by default.
    **inputs : float or frozen scipy.stats distribution
        Certain inputs are passed on as they are; uncertain ones are drawn independently.

    Returns
    -------
    Propagated
        With `.interval`, `.probability(above)`, `.at_risk(share)`, `.tornado`, `.plot()`.

    Raises
    ------
    ValueError
        If no input is uncertain, or the formula does not return one number a draw.

    Examples
    --------
    >>> from scipy import stats
    >>> from crmlib.value import clv
    >>> worth = propagate(clv, margin=stats.norm(30, 3), retention=stats.beta(80, 20),
    ...                   discount=0.1, random_state=1)
    >>> worth.tornado.index.tolist()
    ['retention', 'margin']
    >>> 50 < worth.interval[0] < 80 < worth.interval[1] < 120
    True
    """
    count = whole(draws, "draws", 2)
    number(level, "level", 0, 1, open_low=True, open_high=True)
    uncertain = {key: value for key, value in inputs.items() if hasattr(value, "rvs")}
    certain = {key: value for key, value in inputs.items() if key not in uncertain}
    if not uncertain:
        raise ValueError(
            f"None of the inputs {list(inputs)} is uncertain: give at least one as a frozen "
            "scipy.stats distribution."
        )
    rng = np.random.default_rng(random_state)
    sampled = {key: value.rvs(size=count, random_state=rng) for key, value in uncertain.items()}
    outcome = np.asarray(formula(**certain, **sampled), dtype=float)
    if outcome.shape != (count,):
        raise ValueError(
            f"The formula returned shape {outcome.shape} for {count} draws: it must return one "
            "number a draw."
        )
    medians = {key: float(value.median()) for key, value in uncertain.items()}
    center = float(np.asarray(formula(**certain, **medians)))
    tail = (1 - level) / 2
    rows = {}
    for key, value in uncertain.items():
        ends = [
            float(np.asarray(formula(**certain, **{**medians, key: float(value.ppf(q))})))
            for q in (tail, 1 - tail)
        ]
        rows[key] = ends
    tornado = pd.DataFrame.from_dict(rows, orient="index", columns=["low", "high"])
    width = (tornado["high"] - tornado["low"]).abs()
    tornado = tornado.loc[width.sort_values(ascending=False, kind="stable").index]
    tornado.index.name = "input"
    title = name if name is not None else getattr(formula, "__name__", "outcome")
    return Propagated(outcome, tornado, center, level, title)
