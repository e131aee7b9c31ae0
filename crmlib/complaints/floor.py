"""A call center run in simulation: what Erlang's formulas leave out can be put in.

simpy (an extra) keeps the clock. Calls come as a Poisson process whose rate changes from interval
to interval, handling times may have any spread, callers may give up, and the number of agents
follows a roster; who is on a call when a shift ends finishes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmlib._checks import number, optional
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class CallCenterRun(Result):
    """Every call of a simulated day.

    Attributes
    ----------
    calls : pandas.DataFrame
        A row a call: `interval`, `arrived` and `waited` (seconds), `answered`.
    intervals : pandas.Index
        Names of the intervals.
    within : float
        Target time in seconds.
    """

    calls: pd.DataFrame
    intervals: pd.Index[Any]
    within: float

    @property
    def _title(self) -> str:  # type: ignore[override]
        return (
            f"{len(self.calls):,} calls: {self.service_level:.1%} answered within "
            f"{self.within:g} s, mean wait {self.mean_wait:.1f} s, {self.abandoned:.1%} gave up"
        )

    @property
    def service_level(self) -> float:
        """Share of all calls answered within the target time."""
        return float((self.calls["answered"] & (self.calls["waited"] <= self.within)).mean())

    @property
    def mean_wait(self) -> float:
        """Mean time in the queue in seconds, of all calls."""
        return float(self.calls["waited"].mean())

    @property
    def waited(self) -> float:
        """Share of the calls that were not answered at once."""
        return float((self.calls["waited"] > 0).mean())

    @property
    def abandoned(self) -> float:
        """Share of the calls given up."""
        return float((~self.calls["answered"]).mean())

    def to_frame(self) -> pd.DataFrame:
        """Return calls, service level, mean wait and share given up by interval."""
        good = self.calls["answered"] & (self.calls["waited"] <= self.within)
        grouped = self.calls.assign(good=good, gone=~self.calls["answered"]).groupby("interval")
        table = pd.DataFrame(
            {
                "calls": grouped.size(),
                "service level": grouped["good"].mean(),
                "mean wait (s)": grouped["waited"].mean(),
                "abandoned": grouped["gone"].mean(),
            }
        ).reindex(range(len(self.intervals)))
        table["calls"] = table["calls"].fillna(0).astype(int)
        return table.set_axis(self.intervals)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the service level by interval."""
        from crmlib.plots import PALETTE, as_percent

        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
        table = self.to_frame()
        x = np.arange(len(table))
        ax.plot(x, table["service level"], "o-", color=PALETTE["blue"], markersize=4)
        every = max(1, len(x) // 8)
        ax.set_xticks(x[::every], [str(at) for at in table.index[::every]])
        ax.set_ylabel(f"answered within {self.within:g} s")
        return as_percent(ax)


def run_call_center(
    calls: pd.Series[Any],
    agents: int | Iterable[int],
    handling: float,
    *,
    minutes: float,
    within: float = 20.0,
    patience: float | None = None,
    handling_cv: float = 1.0,
    warm_up: int = 0,
    random_state: int | None = 0,
) -> CallCenterRun:
    """Run a call center through the intervals of a day.

    Parameters
    ----------
    calls : pandas.Series
        Expected calls by interval.
    agents : int or iterable of int
        Agents in every interval, or one number for all.
    handling : float
        Mean handling time in seconds.
    minutes : float
        Length of an interval.
    within : float
        Target time in seconds.
    patience : float, optional
        Mean of the exponential patience in seconds; without it nobody gives up.
    handling_cv : float
        Coefficient of variation of the handling time, drawn from a gamma distribution;
        1 is exponential as in Erlang's models, 0 a fixed time.
    warm_up : int
        First intervals to leave out of the result.
    random_state : int, optional
        Seed.

    Returns
    -------
    CallCenterRun

    Raises
    ------
    ValueError
        If lengths differ, a number is out of range, nobody works although calls come and nobody
        gives up, or no call arrived.
    ImportError
        If simpy is not installed.

    Examples
    --------
    >>> day = run_call_center(pd.Series([60, 90]), [4, 6], handling=180, minutes=60)
    >>> day.to_frame()["calls"].tolist()
    [63, 95]
    """
    simpy = optional("simpy", "analysis")
    expected = pd.Series(calls, dtype=float)
    if expected.empty or expected.isna().any() or (expected < 0).any():
        raise ValueError("calls must hold numbers of 0 or more for at least one interval.")
    span = 60 * number(minutes, "minutes", 0, open_low=True, open_high=True)
    mean = number(handling, "handling", 0, open_low=True, open_high=True)
    spread = number(handling_cv, "handling_cv", 0, open_high=True)
    number(within, "within", 0)
    if patience is not None:
        number(patience, "patience", 0, open_low=True, open_high=True)
    skip = int(number(warm_up, "warm_up", 0, len(expected) - 1))
    staff = _staff(agents, len(expected))
    if patience is None and staff[-1] == 0 and expected.sum() > 0:
        raise ValueError("agents is 0 in the last interval: calls would wait without end.")

    rng = np.random.default_rng(random_state)
    arrivals = np.concatenate(
        [
            np.sort(rng.uniform(i * span, (i + 1) * span, rng.poisson(n)))
            for i, n in enumerate(expected)
        ]
    )
    if len(arrivals) == 0:
        raise ValueError("calls: not one call came; expect more of them or take another seed.")
    times = _durations(rng, mean, spread, len(arrivals))
    limits = None if patience is None else rng.exponential(patience, len(arrivals))
    waited, answered = _run(simpy, arrivals, times, limits, staff, span)
    interval = (arrivals // span).astype(int).clip(max=len(expected) - 1)
    table = pd.DataFrame(
        {"interval": interval, "arrived": arrivals, "waited": waited, "answered": answered}
    )
    kept = table[table["interval"] >= skip].reset_index(drop=True)
    if kept.empty:
        raise ValueError("calls: no call came after the warm-up.")
    kept["interval"] -= skip
    return CallCenterRun(kept, expected.index[skip:], within)


def _run(
    simpy: Any,
    arrivals: NDArray[np.float64],
    times: NDArray[np.float64],
    limits: NDArray[np.float64] | None,
    staff: NDArray[np.int64],
    span: float,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Play all calls; return what each waited and whether it was answered."""
    env = simpy.Environment()
    seats = max(int(staff.max()), 1)
    desk = simpy.PriorityResource(env, capacity=seats)
    waited = np.zeros(len(arrivals))
    answered = np.zeros(len(arrivals), np.bool_)

    def call(i: int) -> Any:
        with desk.request(priority=1) as turn:
            if limits is None:
                yield turn
            else:
                yield turn | env.timeout(limits[i])
            waited[i] = env.now - arrivals[i]
            if turn.triggered:
                answered[i] = True
                yield env.timeout(times[i])

    def ring() -> Any:
        for i, at in enumerate(arrivals):
            yield env.timeout(at - env.now)
            env.process(call(i))

    empty: list[Any] = []  # an empty seat is a request that goes before every call

    def shifts() -> Any:
        for present in staff:
            away = seats - present
            while len(empty) > away:
                seat = empty.pop()
                if seat.triggered:
                    desk.release(seat)
                else:  # still waiting for somebody to finish a call
                    seat.cancel()
            while len(empty) < away:
                empty.append(desk.request(priority=0))
            yield env.timeout(span)

    # Shifts begin before the calls of their interval: processes start in the order of creation.
    env.process(shifts())
    env.process(ring())
    env.run()
    return waited, answered


def _durations(rng: np.random.Generator, mean: float, spread: float, n: int) -> NDArray[np.float64]:
    if spread == 0:
        return np.full(n, mean)
    return rng.gamma(1 / spread**2, mean * spread**2, n)


def _staff(agents: int | Iterable[int], intervals: int) -> NDArray[np.int64]:
    if isinstance(agents, Iterable):
        given = np.asarray(list(agents), np.float64)
    else:
        given = np.full(intervals, agents, np.float64)
    if len(given) != intervals:
        raise ValueError(f"agents has {len(given)} entries for {intervals} intervals.")
    if np.isnan(given).any() or (given < 0).any() or (given % 1 != 0).any():
        raise ValueError("agents must be whole numbers of 0 or more.")
    return given.astype(np.int64)
