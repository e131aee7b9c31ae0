"""How many people must answer: service-level curves and rosters for a forecast of calls."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib._checks import number
from crmlib._result import Result
from crmlib.complaints.erlang import erlang_a, erlang_c, mean_wait, service_level

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class ServiceCurve(Result):
    """What each number of agents achieves.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a number of agents: `service level`, `wait` (share who wait), `mean wait (s)`,
        `abandoned`, `occupancy`.
    load : float
        Offered load in erlangs.
    target, within : float
        Share to be answered, within so many seconds.
    """

    table: pd.DataFrame
    load: float
    target: float
    within: float

    @property
    def _title(self) -> str:  # type: ignore[override]
        return f"{self.load:.1f} erlangs; target {self.target:.0%} within {self.within:g} s"

    @property
    def agents(self) -> int | None:
        """The fewest agents in the table that reach the target, or None."""
        good = self.table.index[self.table["service level"] >= self.target]
        return int(good[0]) if len(good) else None

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw service level and occupancy over the number of agents, with the target."""
        from crmlib.plots import PALETTE, as_percent, label_lines

        ax = _axes(ax)
        for name in ("service level", "occupancy"):
            ax.plot(self.table.index, self.table[name], label=name)
        ax.axhline(self.target, color=PALETTE["gray"], linewidth=1, linestyle="--")
        if self.agents is not None:
            ax.axvline(self.agents, color=PALETTE["gray"], linewidth=1, linestyle=":")
        ax.set_xlabel("agents")
        return as_percent(label_lines(ax))


def service_curve(
    calls: float,
    handling: float,
    agents: range | list[int] | None = None,
    *,
    minutes: float = 60.0,
    target: float = 0.8,
    within: float = 20.0,
    patience: float | None = None,
) -> ServiceCurve:
    """Compute what each number of agents achieves for a number of calls.

    Parameters
    ----------
    calls : float
        Calls in the interval.
    handling : float
        Mean handling time in seconds: talk and wrap-up.
    agents : range or list of int, optional
        Numbers to try; by default from just below the load to well above the need.
    minutes : float
        Length of the interval.
    target, within : float
        Share of the calls to be answered within so many seconds.
    patience : float, optional
        Mean patience in seconds: Erlang A. Without it nobody gives up: Erlang C.

    Returns
    -------
    ServiceCurve

    Raises
    ------
    ValueError
        If a number is out of range or `agents` is empty.

    Examples
    --------
    >>> curve = service_curve(100, handling=180, minutes=30, agents=range(12, 16))
    >>> curve.agents
    14
    >>> curve.table["mean wait (s)"].round(1).tolist()
    [40.4, 17.1, 7.8, 3.7]
    """
    load = _load(calls, handling, minutes)
    number(target, "target", 0, 1, open_low=True, open_high=True)
    if agents is None:
        first = max(1, floor(load) - 2)
        agents = range(first, ceil(load + 3 * np.sqrt(load + 1)) + 4)
    if len(agents) == 0:
        raise ValueError("agents is empty: name at least one number of agents.")
    rows = {c: _row(c, load, handling, within, patience) for c in sorted(set(agents))}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("agents")
    return ServiceCurve(table, load, target, within)


def required_agents(
    calls: float,
    handling: float,
    *,
    minutes: float = 60.0,
    target: float = 0.8,
    within: float = 20.0,
    patience: float | None = None,
    shrinkage: float = 0.0,
) -> int:
    """Return the fewest people who reach the target.

    Parameters
    ----------
    calls, handling, minutes, target, within, patience
        As in `service_curve`.
    shrinkage : float
        Share of paid time not spent answering (breaks, training, leave), 0 to below 1.

    Returns
    -------
    int
        People to roster; 0 if there are no calls.

    Examples
    --------
    >>> required_agents(100, 180, minutes=30)
    14
    >>> required_agents(100, 180, minutes=30, shrinkage=0.3)
    20
    """
    load = _load(calls, handling, minutes)
    number(target, "target", 0, 1, open_low=True, open_high=True)
    away = number(shrinkage, "shrinkage", 0, 1, open_high=True)
    if load == 0:
        return 0

    def level(agents: int) -> float:
        return _row(agents, load, handling, within, patience)["service level"]

    # The level grows with the agents: double until it is enough, then halve the bracket.
    low, high = 0, max(1, ceil(load))
    while level(high) < target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if level(middle) >= target else (middle, high)
    return ceil(high / (1 - away) - 1e-9)


@dataclass(frozen=True, repr=False)
class Roster(Result):
    """People needed in each interval.

    Attributes
    ----------
    table : pandas.DataFrame
        A row an interval: `calls`, `load` (erlangs), `people`, `service level`, `occupancy`.
    minutes : float
        Length of an interval.
    """

    table: pd.DataFrame
    minutes: float

    @property
    def _title(self) -> str:  # type: ignore[override]
        return f"{self.hours:,.1f} paid hours, at most {self.table['people'].max()} people at once"

    @property
    def hours(self) -> float:
        """Paid hours in all."""
        return float(self.table["people"].sum() * self.minutes / 60)

    @property
    def answered(self) -> float:
        """Service level over all calls."""
        weight = self.table["calls"]
        if weight.sum() == 0:
            return float("nan")
        return float(np.average(self.table["service level"], weights=weight))

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the people needed as steps over the load."""
        from crmlib.plots import PALETTE

        ax = _axes(ax)
        x = np.arange(len(self.table))
        ax.fill_between(x, self.table["load"], step="mid", color=PALETTE["sky"], alpha=0.5)
        ax.step(x, self.table["people"], where="mid", color=PALETTE["blue"])
        every = max(1, len(x) // 8)
        ax.set_xticks(x[::every], [_clock(at) for at in self.table.index[::every]])
        ax.set_ylabel("people (line), load in erlangs (area)")
        return ax


def roster(
    calls: pd.Series[Any],
    handling: float,
    *,
    minutes: float,
    target: float = 0.8,
    within: float = 20.0,
    patience: float | None = None,
    shrinkage: float = 0.0,
) -> Roster:
    """Find the people needed in each interval of a forecast.

    Each interval is treated as if the queue had always been in it, which holds if calls are short
    beside the interval; `run_call_center` tells how far that goes.

    Parameters
    ----------
    calls : pandas.Series
        Calls by interval, in order.
    handling, minutes, target, within, patience, shrinkage
        As in `required_agents`.

    Returns
    -------
    Roster

    Raises
    ------
    ValueError
        If there is no interval, or calls are negative or missing.

    Examples
    --------
    >>> day = roster(pd.Series([20, 100, 0], ["8:00", "8:30", "9:00"]), 180, minutes=30)
    >>> day.table["people"].tolist(), day.hours
    ([4, 14, 0], 9.0)
    """
    n = pd.Series(calls, dtype=float)
    if n.empty:
        raise ValueError("calls is empty: there is no interval to staff.")
    if n.isna().any() or (n < 0).any():
        bad = n.index[n.isna() | (n < 0)]
        raise ValueError(f"calls must be 0 or more and not missing; see {list(bad[:5])}.")
    away = number(shrinkage, "shrinkage", 0, 1, open_high=True)
    cache: dict[float, dict[str, float]] = {}
    for value in n.unique():
        answering = required_agents(
            value, handling, minutes=minutes, target=target, within=within, patience=patience
        )
        load = _load(value, handling, minutes)
        got = _row(answering, load, handling, within, patience) if answering else {}
        cache[value] = {
            "calls": value,
            "load": load,
            "people": ceil(answering / (1 - away) - 1e-9),
            "service level": got.get("service level", float("nan")),
            "occupancy": got.get("occupancy", 0.0),
        }
    table = pd.DataFrame([cache[value] for value in n], index=n.index)
    table["service level"] = table["service level"].fillna(1.0)
    return Roster(table.astype({"people": int}), minutes)


def _row(
    agents: int, load: float, handling: float, within: float, patience: float | None
) -> dict[str, float]:
    if patience is None:
        return {
            "service level": service_level(agents, load, handling, within),
            "wait": erlang_c(agents, load),
            "mean wait (s)": mean_wait(agents, load, handling),
            "abandoned": 0.0,
            "occupancy": min(load / agents, 1.0),
        }
    queue = erlang_a(agents, load, handling, patience, within)
    return {
        "service level": queue.service_level,
        "wait": queue.wait,
        "mean wait (s)": queue.mean_wait,
        "abandoned": queue.abandoned,
        "occupancy": queue.occupancy,
    }


def _load(calls: float, handling: float, minutes: float) -> float:
    n = number(calls, "calls", 0, open_high=True)
    s = number(handling, "handling", 0, open_low=True, open_high=True)
    span = number(minutes, "minutes", 0, open_low=True, open_high=True)
    return n * s / (60 * span)


def _clock(at: object) -> str:
    return at.strftime("%H:%M") if isinstance(at, pd.Timestamp) else str(at)


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots()[1]
