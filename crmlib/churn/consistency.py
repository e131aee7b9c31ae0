"""Is quality the same from batch to batch? Shewhart's control charts, with run rules.

Here a batch is a product line, a region or a month of the whole operator; the charts that follow
single customers are those of `crmlib.early_warning`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmlib import plots
from crmlib._checks import as_frame, number, numbers, one_of, whole
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

KINDS = ("p", "c", "u", "xbar", "r", "i", "mr")
#: Western Electric's rules: so many of so many points in a row beyond so many sigma on one side.
RULES = {1: (1, 1, 3.0), 2: (2, 3, 2.0), 3: (4, 5, 1.0), 4: (8, 8, 0.0)}


@cache
def range_constants(n: int) -> tuple[float, float]:
    """Return mean and standard deviation of the range of n standard normal values: d2 and d3.

    Parameters
    ----------
    n : int
        Values in a batch, from 2 to 100.

    Returns
    -------
    (float, float)

    Notes
    -----
    ``d2 = int 1 - F^n - (1 - F)^n``, and the second moment is twice the integral of
    ``1 - F(y)^n - (1 - F(x))^n + (F(y) - F(x))^n`` over x < y (Tippett 1925), both by the
    trapezoidal rule.

    Examples
    --------
    >>> d2, d3 = range_constants(5)
    >>> round(d2, 3), round(d3, 3)
    (2.326, 0.864)
    """
    from scipy.stats import norm

    whole(n, "n", 2)
    number(n, "n", 2, 100)
    x = np.linspace(-8, 8, 1601)
    step, f = x[1] - x[0], norm.cdf(x)
    d2 = float((1 - f**n - (1 - f) ** n).sum() * step)
    low, high = f[:, None], f[None, :]
    inside = 1 - high**n - (1 - low) ** n + np.clip(high - low, 0, 1) ** n
    # Half of the diagonal belongs to the triangle x < y.
    second = 2 * (np.triu(inside, 1).sum() + np.trace(inside) / 2) * step**2
    return d2, float(np.sqrt(second - d2**2))


def run_rules(z: Floats) -> NDArray[np.bool_]:
    """Return which of Western Electric's four rules each point completes.

    Parameters
    ----------
    z : array, n
        Distance of each point from the center, in sigma; missing points break every run.

    Returns
    -------
    array of bool, n x 4
        One point beyond 3 sigma; 2 of 3 beyond 2 sigma on one side; 4 of 5 beyond 1 sigma on one
        side; 8 in a row on one side. The point that completes the pattern is flagged, and must
        itself lie beyond the line.

    References
    ----------
    Western Electric Company (1956). Statistical Quality Control Handbook.

    Examples
    --------
    >>> run_rules(np.array([2.1, 0.3, 2.2, 3.4]))[:, :2].astype(int).tolist()
    [[0, 0], [0, 0], [0, 1], [1, 1]]
    """
    z = np.asarray(z, float)
    found = np.zeros((len(z), len(RULES)), bool)
    for column, (least, window, line) in enumerate(RULES.values()):
        for side in (1, -1):
            beyond = side * z > line
            total = np.cumsum(np.append(np.zeros(window, int), beyond))
            found[:, column] |= beyond & (total[window:] - total[:-window] >= least)
    return found


@dataclass(frozen=True, repr=False)
class ControlChart(Result):
    """A Shewhart chart: each batch against the limits of chance.

    Attributes
    ----------
    table : DataFrame
        Indexed by batch: its `value`, the `center` line, the limits `lower` and `upper` at 3
        sigma, `rule_1` to `rule_4` (Western Electric's rules the batch completes) and `signal`,
        whether any does.
    kind : str
        The kind of chart.
    """

    table: pd.DataFrame
    kind: str

    @property
    def _title(self) -> str:  # type: ignore[override]
        signals, batches = int(self.table["signal"].sum()), len(self.table)
        return f"Control chart ({self.kind}): {signals} of {batches} batches signal"

    @property
    def stable(self) -> bool:
        """Whether no batch signals."""
        return not self.table["signal"].any()

    def to_frame(self) -> pd.DataFrame:
        """Return the table, one row for each batch."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the batches in order, with center and limits; signals are marked."""
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1] if ax is None else ax
        x = np.arange(len(self.table))
        ax.plot(x, self.table["value"], "o-", color=plots.PALETTE["blue"], markersize=4)
        ax.step(x, self.table["center"], where="mid", color=plots.PALETTE["gray"])
        for side in ("lower", "upper"):
            ax.step(x, self.table[side], "--", where="mid", color=plots.PALETTE["gray"])
        bad = self.table["signal"].to_numpy(bool)
        ax.plot(x[bad], self.table.loc[bad, "value"], "o", color=plots.PALETTE["vermilion"])
        shown = x[:: max(1, len(x) // 10)]
        ax.set_xticks(shown, [str(self.table.index[i]) for i in shown])
        name = self.table.index.name
        ax.set_xlabel("batch" if name is None else str(name))
        ax.set_ylabel(_MEASURE[self.kind])
        return ax


_MEASURE = {
    **{"p": "share with a defect", "c": "defects", "u": "defects a unit"},
    **{"xbar": "mean", "r": "range", "i": "value", "mr": "moving range"},
}


def control_chart(
    data: pd.Series[Any] | pd.DataFrame,
    kind: str,
    size: pd.Series[Any] | float | None = None,
    *,
    learn: int | None = None,
) -> ControlChart:
    """Chart the quality of batches in order and flag those that chance does not explain.

    ===== ============================ ======================= =============================
    kind  data                         center                  sigma
    ===== ============================ ======================= =============================
    p     defective items of `size`    p = sum data / sum size sqrt(p (1 - p) / size)
    c     defects                      mean c                  sqrt(c)
    u     defects in `size` units      u = sum data / sum size sqrt(u / size)
    xbar  a row of n values a batch    mean of means           mean range / (d2 sqrt(n))
    r     a row of n values a batch    mean range              d3 mean range / d2
    i     a value a batch              mean                    mean moving range / d2, n = 2
    mr    a value a batch              mean moving range       d3 mean moving range / d2, n = 2
    ===== ============================ ======================= =============================

    Parameters
    ----------
    data : Series or DataFrame
        Indexed by batch, in order: a Series for p, c, u, i and mr, for xbar and r a DataFrame
        with one column for each place in the batch.
    kind : {'p', 'c', 'u', 'xbar', 'r', 'i', 'mr'}
    size : Series or float
        Items (p) or units (u) of each batch; not for other kinds.
    learn : int, optional
        Take center and sigma from the first so many batches only, a time known to be good; from
        all by default.

    Returns
    -------
    ControlChart
        Lower limits of what cannot be negative end at 0.

    Raises
    ------
    ValueError
        Missing values, counts that are negative or above the size, a size too many or too few,
        or batches that do not vary.

    Notes
    -----
    Shewhart (1931); as in the NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2 and 6.3.3.
    With all four rules a stable process of known normal values signals every 91.75 batches on
    average, with the first alone every 370.4 (Champ and Woodall 1987). Values of a moving range
    are not independent, so for mr only the first rule is applied.

    Examples
    --------
    >>> faults = pd.Series([6, 4, 7, 19, 5, 4], index=list("ABCDEF"))
    >>> chart = control_chart(faults, "p", size=100)
    >>> chart.table.query("signal")[["value", "upper"]].round(3)
       value  upper
    D   0.19  0.154
    """
    one_of(kind, KINDS, "kind")
    if (size is not None) != (kind in ("p", "u")):
        raise ValueError("size goes with the kinds 'p' and 'u', and must be given there.")
    if isinstance(data, pd.DataFrame) != (kind in ("xbar", "r")):
        wanted = "a DataFrame, a row a batch" if kind in ("xbar", "r") else "a Series"
        raise TypeError(f"data must be {wanted} for kind {kind!r}, got {type(data).__name__}.")
    low = 0.0 if kind in ("p", "c", "u") else -np.inf
    values = numbers(data, "data", low)
    batches = len(values)
    first = slice(0, batches if learn is None else whole(learn, "learn", 2))
    if batches < 2 or batches < (first.stop or 0):
        raise ValueError(f"data has {batches} batches, {max(2, first.stop)} are needed.")
    if kind in ("p", "u"):
        value, center, sigma = _counts(values, data, size, kind, first)
    elif kind == "c":
        value, center = values, float(values[first].mean())
        sigma = np.full(batches, np.sqrt(center))
    else:
        value, center, spread = _measured(values, kind, first)
        sigma = np.full(batches, spread)
    if not (sigma > 0).all():
        raise ValueError("The batches learned from do not vary, so chance has no limits.")
    found = run_rules((value - center) / sigma)
    if kind == "mr":
        found[:, 1:] = False
    floor = -np.inf if kind in ("xbar", "i") else 0.0
    ceiling = 1.0 if kind == "p" else np.inf
    table = pd.DataFrame(
        {
            "value": value,
            "center": center,
            "lower": np.maximum(center - 3 * sigma, floor),
            "upper": np.minimum(center + 3 * sigma, ceiling),
            **{f"rule_{rule}": found[:, i] for i, rule in enumerate(RULES)},
            "signal": found.any(axis=1),
        },
        index=as_frame(data, "data").index if isinstance(data, pd.DataFrame) else data.index,
    )
    return ControlChart(table, kind)


def _counts(
    values: Floats, data: Any, size: Any, kind: str, first: slice
) -> tuple[Floats, float, Floats]:
    if isinstance(size, pd.Series) and not size.index.equals(data.index):
        raise ValueError("size must have the index of data.")
    sizes = np.broadcast_to(numbers(size, "size", 0, open_low=True), values.shape)
    if kind == "p" and (values > sizes).any():
        raise ValueError("data counts more defective items than the batch has (size).")
    center = float(values[first].sum() / sizes[first].sum())
    variance = center * (1 - center) if kind == "p" else center
    return values / sizes, center, np.sqrt(variance / sizes)


def _measured(values: Floats, kind: str, first: slice) -> tuple[Floats, float, float]:
    """Return values, center and sigma of the charts of measurements."""
    if kind in ("xbar", "r"):
        n = values.shape[1]
        d2, d3 = range_constants(n)
        ranges = np.ptp(values, axis=1)
        mean_range = float(ranges[first].mean())
        if kind == "r":
            return ranges, mean_range, d3 * mean_range / d2
        means = values.mean(axis=1)
        return means, float(means[first].mean()), mean_range / (d2 * np.sqrt(n))
    d2, d3 = range_constants(2)
    moving = np.append(np.nan, np.abs(np.diff(values)))
    mean_range = float(np.nanmean(moving[first]))
    if kind == "mr":
        return moving, mean_range, d3 * mean_range / d2
    return values, float(values[first].mean()), mean_range / d2
