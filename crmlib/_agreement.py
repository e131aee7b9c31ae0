"""How far two coders agree beyond chance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from crmlib._checks import listed, number, one_of
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Agreement(Result):
    """How far two coders agree.

    Attributes
    ----------
    kappa, low, high : float
        Cohen's kappa and its bootstrap interval.
    observed, expected : float
        Share of agreement, and what chance would give.
    codes : pandas.DataFrame
        A row a code: how often each coder gave it, and kappa of this code against the rest.
    confusion : pandas.DataFrame
        First coder (rows) by second.
    """

    kappa: float
    low: float
    high: float
    observed: float
    expected: float
    codes: pd.DataFrame
    confusion: pd.DataFrame

    @property
    def _title(self) -> str:  # type: ignore[override]
        return (
            f"Cohen's kappa {self.kappa:.2f} ({self.low:.2f} to {self.high:.2f}); "
            f"{self.observed:.0%} agree, {self.expected:.0%} by chance"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the table of codes."""
        return self.codes

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the table of both coders' codes."""
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
        table = self.confusion.to_numpy()
        ax.imshow(table, cmap="Blues")
        for (i, j), count in np.ndenumerate(table):
            shade = "white" if count > table.max() / 2 else "black"
            ax.annotate(f"{count}", (j, i), ha="center", va="center", color=shade)
        names = [str(name) for name in self.confusion.index]
        ax.set_xticks(range(len(names)), names, rotation=30, ha="right")
        ax.set_yticks(range(len(names)), names)
        ax.set_xlabel("second coder")
        ax.set_ylabel("first coder")
        ax.grid(visible=False)
        return ax


def agreement(
    first: Iterable[Any],
    second: Iterable[Any],
    *,
    codes: Sequence[str] | None = None,
    weights: str | None = None,
    confidence: float = 0.95,
    draws: int = 1_000,
    random_state: int | None = 0,
) -> Agreement:
    """Measure how far two coders agree beyond chance.

    Cohen's kappa (1960): (observed - expected) / (1 - expected) agreement. Its interval comes
    from a percentile bootstrap over the cases.

    Parameters
    ----------
    first, second : iterable
        Code of each case by each coder, in one order.
    codes : sequence of str, optional
        The scheme, in order; by default the codes that occur, sorted.
    weights : {None, 'linear', 'quadratic'}
        For ordered codes: how much a near miss counts.
    confidence : float
        Of the interval.
    draws : int
        Bootstrap draws.
    random_state : int, optional
        Seed of the bootstrap.

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError
        If lengths differ, a code is missing or not in the scheme, or both coders used one code
        only: then chance explains everything and kappa is not defined.

    Examples
    --------
    >>> a = ["resolved"] * 20 + ["no answer"] * 15 + ["resolved"] * 5 + ["no answer"] * 10
    >>> b = ["resolved"] * 20 + ["no answer"] * 15 + ["no answer"] * 5 + ["resolved"] * 10
    >>> found = agreement(a, b)
    >>> round(found.kappa, 3), round(found.observed, 3), round(found.expected, 3)
    (0.4, 0.7, 0.5)
    """
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    if weights is not None:
        one_of(weights, ["linear", "quadratic"], "weights")
    a, b = (np.asarray(list(given), dtype=object) for given in (first, second))
    if len(a) != len(b) or len(a) == 0:
        raise ValueError(f"first and second have {len(a)} and {len(b)} codes; need equally many.")
    if pd.isna(a).any() or pd.isna(b).any():
        raise ValueError("first and second must not have missing codes: leave such cases out.")
    names = sorted({*map(str, a), *map(str, b)}) if codes is None else [str(code) for code in codes]
    foreign = sorted({*map(str, a), *map(str, b)} - set(names))
    if foreign:
        raise ValueError(f"code {listed(foreign)} is not in the scheme: {listed(names)}.")
    if len({*a, *b}) < 2:
        raise ValueError(f"both coders used {listed(set(a))} only: kappa is not defined.")
    place = {name: i for i, name in enumerate(names)}
    x, y = (np.array([place[str(code)] for code in column]) for column in (a, b))
    labels = list(range(len(names)))
    kappa = float(cohen_kappa_score(x, y, labels=labels, weights=weights))
    table = confusion_matrix(x, y, labels=labels)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    observed = np.trace(table) / len(x)
    expected = float(rows @ columns) / len(x) ** 2
    low, high = _bootstrap(table, weights, confidence, int(number(draws, "draws", 100)),
                           random_state)  # fmt: skip
    each = [
        float(cohen_kappa_score(x == i, y == i)) if 0 < rows[i] + columns[i] < 2 * len(x)
        else float("nan") for i in labels
    ]  # fmt: skip
    index = pd.Index(names, name="code")
    per_code = pd.DataFrame({"first": rows, "second": columns, "kappa": each}, index)
    confusion = pd.DataFrame(table, index.rename("first"), index.rename("second"))
    return Agreement(kappa, low, high, float(observed), expected, per_code, confusion)


def _bootstrap(
    table: np.ndarray[Any, Any], weights: str | None, confidence: float, draws: int,
    seed: int | None,
) -> tuple[float, float]:  # fmt: skip
    """Draw whole tables: resampling cases is a multinomial draw of their cells."""
    k, n = len(table), int(table.sum())
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n, table.ravel() / n, size=draws).reshape(draws, k, k)
    gap = np.abs(np.subtract.outer(np.arange(k), np.arange(k))).astype(float)
    cost = {None: (gap > 0).astype(float), "linear": gap, "quadratic": gap**2}[weights]
    seen = (drawn * cost).sum(axis=(1, 2)) * n
    chance = np.einsum("di,dj,ij->d", drawn.sum(axis=2), drawn.sum(axis=1), cost)
    defined = chance > 0
    kappas = 1 - seen[defined] / chance[defined]
    tails = [0.5 - confidence / 2, 0.5 + confidence / 2]
    low, high = np.quantile(kappas, tails)
    return float(low), float(high)
