"""Control charts customer by customer: when somebody leaves the band of their own habit.

A chart learns level and spread from a customer's first months and watches the rest. The EWMA
chart smooths, the CUSUM chart adds up: both see a small lasting fall sooner than a single limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from crmlib._checks import as_frame, number, one_of, require_columns
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]


def ewma(x: ArrayLike, mean: ArrayLike, smoothing: float = 0.3) -> Floats:
    """Return the exponentially weighted moving average z_t = s x_t + (1 - s) z_(t-1), z_0 = mean.

    A missing value leaves the average where it was.

    Parameters
    ----------
    x : array, series by time (or time alone)
        The values.
    mean : array, one a series
        The level the average starts from.
    smoothing : float, above 0, at most 1
        Weight of the newest value; 1 is a Shewhart chart.

    Returns
    -------
    array shaped like `x`

    References
    ----------
    Roberts, S. W. (1959). Control chart tests based on geometric moving averages. Technometrics 1.

    Examples
    --------
    >>> ewma([52.0, 47.0], 50.0).round(2).tolist()
    [50.6, 49.52]
    """
    number(smoothing, "smoothing", 0, 1, open_low=True)
    values = np.asarray(x, float)
    z = np.array(np.broadcast_to(np.asarray(mean, float), values.shape[:-1]), float)
    out = np.empty(values.shape)
    for t in range(values.shape[-1]):
        now = values[..., t]
        z = np.where(np.isnan(now), z, smoothing * now + (1 - smoothing) * z)
        out[..., t] = z
    return out


def ewma_width(periods: int, smoothing: float = 0.3, limit: float = 3.0) -> Floats:
    """Return the half-width of the EWMA band in standard deviations, for periods 1, 2, ...

    L sqrt(s / (2 - s) (1 - (1 - s)^(2 t))): narrow at first, then level.

    Parameters
    ----------
    periods : int
        Periods wanted.
    smoothing : float
        Weight s of the newest value.
    limit : float
        L, in standard deviations of the average.

    Returns
    -------
    array of float, one entry a period

    Examples
    --------
    >>> ewma_width(2, smoothing=0.3).round(4).tolist()
    [0.9, 1.0986]
    """
    number(smoothing, "smoothing", 0, 1, open_low=True)
    number(limit, "limit", 0, open_low=True)
    t = np.arange(1, periods + 1)
    width: Floats = limit * np.sqrt(smoothing / (2 - smoothing) * (1 - (1 - smoothing) ** (2 * t)))
    return width


def cusum(x: ArrayLike, mean: ArrayLike, slack: ArrayLike) -> tuple[Floats, Floats]:
    """Return the upper and the lower cumulative sum of a tabular CUSUM chart.

    U_t = max(0, U_(t-1) + x_t - mean - K),  D_t = max(0, D_(t-1) + mean - K - x_t).

    Parameters
    ----------
    x : array, series by time (or time alone)
        The values.
    mean : array, one a series
        The level.
    slack : array, one a series
        K, half of the shift to be seen, in the unit of `x`. A missing value leaves the sums.

    Returns
    -------
    (array, array)
        Upper and lower sums, shaped like `x`.

    References
    ----------
    Page, E. S. (1954). Continuous inspection schemes. Biometrika 41.

    Examples
    --------
    >>> up, down = cusum([102.0, 94.8, 98.3], 99.0, 1.0)
    >>> up.round(1).tolist(), down.round(1).tolist()
    ([2.0, 0.0, 0.0], [0.0, 3.2, 2.9])
    """
    values = np.asarray(x, float)
    shape = values.shape[:-1]
    m, k = (np.broadcast_to(np.asarray(v, float), shape) for v in (mean, slack))
    up, down = np.zeros(shape), np.zeros(shape)
    above, below = np.empty(values.shape), np.empty(values.shape)
    for t in range(values.shape[-1]):
        now = np.where(np.isnan(values[..., t]), np.nan, values[..., t] - m)
        up = np.where(np.isnan(now), up, np.maximum(0, up + now - k))
        down = np.where(np.isnan(now), down, np.maximum(0, down - now - k))
        above[..., t], below[..., t] = up, down
    return above, below


def run_length(
    kind: str,
    shift: float = 0.0,
    *,
    smoothing: float = 0.3,
    limit: float = 3.0,
    slack: float = 0.5,
    interval: float = 5.0,
    states: int = 301,
) -> float:
    """Return the mean number of months until a chart alarms, for a lasting shift of the mean.

    By the Markov chain of Brook and Evans (1972), for normal values, known level and spread, and
    level limits; the chart watches falls only. Without a shift it is the mean time between
    false alarms.

    Parameters
    ----------
    kind : {'ewma', 'cusum'}
    shift : float
        Fall of the mean, in standard deviations.
    smoothing, limit : float
        Of the EWMA chart.
    slack, interval : float
        Of the CUSUM chart, K and H in standard deviations.
    states : int
        Cells of the chain; more are more exact.

    Returns
    -------
    float, months

    Examples
    --------
    >>> round(run_length("cusum", slack=0.5, interval=5.0))
    931
    """
    from scipy.stats import norm

    one_of(kind, ("ewma", "cusum"), "kind")
    number(states, "states", 10)
    number(shift, "shift")
    if kind == "cusum":
        # The sum moves by a normal step of mean shift - K; below 0 it is 0.
        width = 2 * interval / (2 * states - 1)
        center = np.arange(states) * width
        step = norm(shift - slack, 1)
        edges = center + width / 2
        move = step.cdf(edges[None, :] - center[:, None])
        move[:, 1:] -= move[:, :-1].copy()
        start = 0
    else:
        # z = s x + (1 - s) z, x of mean shift; it alarms above the limit, and has a far floor.
        top = limit * np.sqrt(smoothing / (2 - smoothing))
        edges = np.linspace(-2 * max(top, 1.0) - 2, top, states + 1)
        center = (edges[1:] + edges[:-1]) / 2
        step = norm(shift, 1)
        reach = (edges[None, :] - (1 - smoothing) * center[:, None]) / smoothing
        below = step.cdf(reach)
        below[:, 0] = 0  # what falls below the floor stays in the lowest cell
        move = np.diff(below, axis=1)
        start = int(np.abs(center).argmin())
    length = np.linalg.solve(np.eye(len(move)) - move, np.ones(len(move)))
    return float(length[start])


@dataclass(frozen=True, repr=False)
class ControlCharts(Result):
    """A control chart for every customer.

    Attributes
    ----------
    table : DataFrame
        One row a customer with a habit: ``level``, ``spread`` (of the months learned from),
        ``statistic`` and ``limit`` in the latest month, ``alarm`` (in the latest month) and
        ``first_alarm`` (month).
    observed : DataFrame
        The variable as recorded, customers by months.
    statistic, limit : DataFrame
        The chart's statistic and its limit, customers by months watched.
    kind : str
        The kind of chart.
    variable : str
        What is watched.
    """

    table: pd.DataFrame
    observed: pd.DataFrame
    statistic: pd.DataFrame
    limit: pd.DataFrame
    kind: str
    variable: str

    @property
    def _title(self) -> str:  # type: ignore[override]
        share = self.table["alarm"].mean()
        return f"{self.kind.upper()} charts of {self.variable}: {share:.1%} in alarm"

    @property
    def position(self) -> pd.DataFrame:
        """How far each chart has gone from the level to its limit, by customer and month.

        1 is the limit, above it is an alarm. Missing where nothing was watched or observed.
        """
        if self.kind == "cusum":
            share = self.statistic / self.limit
        else:
            level = self.table["level"].to_numpy()[:, None]
            share = (level - self.statistic) / (level - self.limit)
        return share.where(self.observed.notna())

    def to_frame(self) -> pd.DataFrame:
        """Return the state of every chart in the latest month."""
        return self.table

    def plot(self, ax: Axes | None = None, customer: Any = None) -> Axes:
        """Draw the chart of a customer; of one in alarm by default."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        from crmlib.plots import PALETTE, label_lines

        if customer is None:
            alarmed = self.table.index[self.table["alarm"]]
            customer = alarmed[0] if len(alarmed) else self.table.index[0]
        if customer not in self.table.index:
            raise ValueError(f"There is no chart of customer {customer!r}.")
        ax = plt.subplots()[1] if ax is None else ax
        if self.kind == "ewma":
            ax.plot(self.observed.columns, self.observed.loc[customer], "o", color=PALETTE["gray"])
        line, band = self.statistic.loc[customer], self.limit.loc[customer]
        ax.plot(line.index, line, color=PALETTE["blue"], label=self.kind.upper())
        ax.plot(band.index, band, "--", color=PALETTE["vermilion"], label="limit")
        ax.set_xlabel("month")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_ylabel(self.variable if self.kind == "ewma" else "sum of falls (s.d.)")
        return label_lines(ax)


def control_charts(
    panel: pd.DataFrame,
    variable: str,
    kind: str = "ewma",
    *,
    customer: str = "customer_id",
    baseline: int = 6,
    borrow: float = 6.0,
    adjust: bool = True,
    smoothing: float = 0.3,
    limit: float = 3.0,
    slack: float = 0.5,
    interval: float = 5.0,
) -> ControlCharts:
    """Watch a variable for falls below each customer's own habit.

    Parameters
    ----------
    panel : DataFrame
        One row a customer and month: the customer, ``month`` and the variable.
    variable : str
        What is watched, such as the bill.
    kind : {'ewma', 'cusum'}
    customer : str
        The customer column.
    baseline : int
        Months a customer's habit is learned from, the customer's first; they raise no alarm.
        Who has fewer gets no chart.
    borrow : float
        Months' worth of trust in the spread of all customers: few months tell a spread badly, so
        each customer's relative variance is averaged with everybody's by these weights.
    adjust : bool
        Divide each month by what it does to everybody (the median ratio to the own level), so
        that a holiday month alarms nobody.
    smoothing, limit : float
        Of the EWMA chart.
    slack, interval : float
        Of the CUSUM chart, in standard deviations.

    Returns
    -------
    ControlCharts

    Raises
    ------
    ValueError
        A column is missing, a customer has a month twice, or nobody has a habit yet.

    Examples
    --------
    >>> rows = [(c, t, 50.0 + (t % 2) - 30 * (c == 1 and t > 9)) for c in range(5)
    ...         for t in range(1, 13)]
    >>> panel = pd.DataFrame(rows, columns=["customer_id", "month", "bill"])
    >>> charts = control_charts(panel, "bill")
    >>> charts.table.query("alarm").index.tolist()
    [1]
    """
    one_of(kind, ("ewma", "cusum"), "kind")
    as_frame(panel, "panel")
    require_columns(panel, [customer, "month", variable], "panel")
    number(baseline, "baseline", 2)
    number(borrow, "borrow", 0)
    number(slack, "slack", 0)
    number(interval, "interval", 0, open_low=True)
    if panel.duplicated([customer, "month"]).any():
        raise ValueError("panel must hold a customer and month once.")
    wide = panel.set_index([customer, "month"])[variable].unstack().astype(float)  # noqa: PD010
    months = range(int(wide.columns.min()), int(wide.columns.max()) + 1)
    wide = wide.reindex(columns=months)
    x = wide.to_numpy()
    if adjust:
        x = x / _common(x)
    age = np.cumsum(~np.isnan(x), axis=1)  # months seen so far
    learning = (age <= baseline) & ~np.isnan(x)
    level = _row_mean(x, learning)
    usable = (age[:, -1] >= baseline) & (level > 0)
    if not usable.any():
        raise ValueError(f"No customer has {baseline} months of {variable!r} with a mean above 0.")
    wide, x, learning, level = wide[usable], x[usable], learning[usable], level[usable]
    spread = _spread(x, learning, level, borrow)
    watched = ~learning
    if kind == "ewma":
        z = ewma(np.where(watched, x, np.nan), level, smoothing)
        since = np.clip(np.cumsum(watched & ~np.isnan(x), axis=1), 1, None)
        width = ewma_width(len(months), smoothing, limit)[since - 1]
        edge = level[:, None] - width * spread[:, None]
        alarm = (z < edge) & watched
    else:
        scaled = (np.where(watched, x, np.nan) - level[:, None]) / spread[:, None]
        z = cusum(scaled, 0.0, slack)[1]
        edge = np.full(z.shape, float(interval))
        alarm = (z > edge) & watched
    alarm &= ~np.isnan(x)
    first = np.where(alarm.any(axis=1), np.array(months)[alarm.argmax(axis=1)], np.nan)
    table = pd.DataFrame(
        {
            "level": level,
            "spread": spread,
            "statistic": z[:, -1],
            "limit": edge[:, -1],
            "alarm": alarm[:, -1],
            "first_alarm": pd.array(first, dtype="Float64").astype("Int64"),
        },
        index=wide.index,
    )
    # Before anything is watched there is neither statistic nor limit.
    shown = np.cumsum(watched & ~np.isnan(x), axis=1) > 0
    line, band = (
        pd.DataFrame(np.where(shown, v, np.nan), wide.index, wide.columns) for v in (z, edge)
    )
    return ControlCharts(table, wide, line, band, kind, variable)


def _row_mean(x: Floats, where: NDArray[np.bool_]) -> Floats:
    n = where.sum(axis=1)
    total = np.where(where, x, 0.0).sum(axis=1)
    mean: Floats = np.divide(total, n, out=np.full(len(x), np.nan), where=n > 0)
    return mean


def _common(x: Floats) -> Floats:
    """Return what each month does to everybody: the median ratio to the own mean before it.

    The months before are themselves freed of it. A month's factor needs no later month.
    """
    common = np.ones(x.shape[1])
    total, n = np.zeros(len(x)), np.zeros(len(x))
    for t in range(x.shape[1]):
        now = x[:, t]
        usual = np.divide(total, n, out=np.full(len(x), np.nan), where=n > 0)
        seen = ~np.isnan(now) & (usual > 0)
        if seen.any() and (ratio := float(np.median(now[seen] / usual[seen]))) > 0:
            common[t] = ratio
        total += np.nan_to_num(now / common[t])
        n += ~np.isnan(now)
    return common


def _spread(x: Floats, learning: NDArray[np.bool_], level: Floats, borrow: float) -> Floats:
    """Return each customer's standard deviation, helped by the relative one of everybody.

    Everybody: all whose habit was learned no later, so that nothing later is needed.
    """
    relative = np.where(learning, x / level[:, None] - 1, 0.0)
    free = learning.sum(axis=1) - 1.0
    squares = (relative**2).sum(axis=1)
    done = learning.shape[1] - 1 - learning[:, ::-1].argmax(axis=1)
    upto = [np.cumsum(np.bincount(done, v, minlength=x.shape[1])) for v in (squares, free)]
    everybody = (upto[0] / np.maximum(upto[1], 1))[done]
    own: Floats = level * np.sqrt((borrow * everybody + squares) / (borrow + free))
    # Somebody whose bill never moved still needs a band of some width.
    return np.maximum(own, 1e-9 * level)
