"""A case on its way through the process, and the audit of a whole event log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib._checks import as_frame, listed, one_of, require_columns
from crmlib._result import Result
from crmlib.complaints.process import IllegalMove, Process, process

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Event:
    """A case entered a state: which, when, by whom, and a remark."""

    state: str
    at: pd.Timestamp
    by: str = ""
    note: str = ""


@dataclass(frozen=True, repr=False)
class Case(Result):
    """A complaint on its way: `advance` returns the case one legal step on.

    Cases never change in place, so a history cannot be rewritten by accident.

    Attributes
    ----------
    number : str
        The case's own number.
    severity : str
    remedy : str
        What the customer wants.
    history : tuple of Event
    process : Process

    Examples
    --------
    >>> case = open_case("C-17", "2026-03-02 09:00", severity="serious", remedy="refund")
    >>> case = case.advance("acknowledged", "2026-03-02 10:30", by="hotline")
    >>> case.state, str(case.due)
    ('acknowledged', '2026-03-02 18:30:00')
    >>> case.overdue("2026-03-03")
    True
    """

    number: str
    severity: str
    remedy: str
    history: tuple[Event, ...]
    process: Process

    @property
    def _title(self) -> str:  # type: ignore[override]
        return f"Case {self.number}, {self.severity}: {self.state}"

    @property
    def state(self) -> str:
        """Where the case is now."""
        return self.history[-1].state

    @property
    def due(self) -> pd.Timestamp | None:
        """When the case must have left its state, or have its answer, whichever comes first."""
        hours = self.process.hours(self.state, self.severity)
        if np.isinf(hours):
            return None
        due = self.history[-1].at + pd.Timedelta(hours=hours)
        total = self.process.total
        if all(event.state != total.until for event in self.history):
            whole = total.clock[self.process.severities.index(self.severity)]
            due = min(due, self.history[0].at + pd.Timedelta(hours=whole))
        return due

    def overdue(self, now: str | pd.Timestamp) -> bool:
        """Whether the deadline has passed."""
        due = self.due
        return due is not None and _moment(now, "now") > due

    def advance(self, state: str, at: str | pd.Timestamp, by: str = "", note: str = "") -> Case:
        """Return the case in its next state.

        Raises
        ------
        IllegalMove
            If the process has no such move.
        ValueError
            If `at` lies before the last event.
        """
        self.process.check(self.state, state)
        moment = _moment(at, "at")
        last = self.history[-1]
        if moment < last.at:
            raise ValueError(f"at {moment} lies before {last.at}, when it became {last.state!r}.")
        return replace(self, history=(*self.history, Event(state, moment, by, note)))

    def to_frame(self) -> pd.DataFrame:
        """Return the history, one event a row, with the hours spent in each state."""
        frame = pd.DataFrame([vars(event) for event in self.history])
        frame["hours"] = -frame["at"].diff(-1).dt.total_seconds() / 3600
        return frame


def open_case(
    number: str,
    at: str | pd.Timestamp,
    *,
    severity: str,
    remedy: str = "",
    by: str = "",
    steps: Process | None = None,
) -> Case:
    """Open a case in the first state of its process.

    Parameters
    ----------
    number : str
        A number no other case has.
    at : str or Timestamp
        When the complaint came in.
    severity : str
        A grade of the process: 'minor', 'serious' or 'critical' by default.
    remedy, by : str
        What the customer wants; who took it down.
    steps : Process, optional
        The ISO process by default.

    Returns
    -------
    Case

    Raises
    ------
    ValueError
        If the number is empty, the severity unknown or the time unreadable.

    Examples
    --------
    >>> open_case("", "2026-03-02", severity="minor")
    Traceback (most recent call last):
    ...
    ValueError: number is empty: every case needs a number of its own.
    """
    steps = process() if steps is None else steps
    if not str(number).strip():
        raise ValueError("number is empty: every case needs a number of its own.")
    one_of(severity, steps.severities, "severity")
    first = Event(steps.start, _moment(at, "at"), by)
    return Case(str(number), severity, remedy, (first,), steps)


@dataclass(frozen=True, repr=False)
class Audit(Result):
    """What an event log says about the process: illegal moves, late cases, time in each state.

    Attributes
    ----------
    states : pandas.DataFrame
        A row a state: cases that were in it, median and 90th percentile of hours, share late.
    illegal : pandas.DataFrame
        Moves the process does not have: case, from, to, at.
    late : pandas.DataFrame
        Stays longer than allowed: case, state, hours, allowed.
    answered_in_time : float
        Share that had the answer within the total time, of the cases answered, due or ended;
        withdrawn ones do not count.
    """

    states: pd.DataFrame
    illegal: pd.DataFrame
    late: pd.DataFrame
    answered_in_time: float
    _title = "Complaint process: time in each state"

    def to_frame(self) -> pd.DataFrame:
        """Return the table of states."""
        return self.states

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of stays that were too long, by state."""
        from crmlib.plots import ranked_bars

        late = self.states["share late"].dropna()
        return ranked_bars(late.rename("share of stays over the deadline"), ax, fmt="{:.0%}".format)


def audit(
    events: pd.DataFrame, now: str | pd.Timestamp | None = None, steps: Process | None = None
) -> Audit:
    """Hold an event log against the process.

    Parameters
    ----------
    events : pandas.DataFrame
        One row an event: `case`, `state`, `at` (time), `severity`. Any order.
    now : str or Timestamp, optional
        When stays that have not ended are measured; the last event by default.
    steps : Process, optional
        The ISO process by default.

    Returns
    -------
    Audit

    Raises
    ------
    ValueError
        If columns are missing, a state or severity is unknown, a case has two severities, or a
        time is missing.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "case": ["C1", "C1", "C2", "C2"],
    ...     "state": ["received", "acknowledged", "received", "closed"],
    ...     "at": pd.to_datetime(["2026-03-02 09:00", "2026-03-02 20:00"] * 2),
    ...     "severity": "serious",
    ... })
    >>> audit(log).illegal
      case      from      to                  at
    0   C2  received  closed 2026-03-02 20:00:00
    >>> audit(log).late[["case", "state", "hours", "allowed"]]
      case     state  hours  allowed
    0   C1  received   11.0      8.0
    1   C2  received   11.0      8.0
    """
    steps = process() if steps is None else steps
    frame = as_frame(events, "events")
    require_columns(frame, ["case", "state", "at", "severity"], "events")
    frame = frame[["case", "state", "at", "severity"]].assign(at=pd.to_datetime(frame["at"]))
    if frame.isna().any(axis=None):
        rows = frame.index[frame.isna().any(axis=1)]
        raise ValueError(f"events has missing values in {len(rows)} rows: {listed(rows, 5)}.")
    for column, known in (("state", steps.states), ("severity", steps.severities)):
        for value in frame[column].unique():
            one_of(value, known, f"events: {column}")
    grades = frame.groupby("case")["severity"].nunique()
    if (grades > 1).any():
        raise ValueError(f"events: case {listed(grades.index[grades > 1], 5)} has two severities.")
    end = frame["at"].max() if now is None else _moment(now, "now")
    if end < frame["at"].max():
        raise ValueError(f"now {end} lies before the last event, {frame['at'].max()}.")

    frame = frame.sort_values(["case", "at"], kind="stable", ignore_index=True)
    following = frame.groupby("case")[["state", "at"]].shift(-1)
    first = ~frame["case"].duplicated()
    illegal = _illegal(frame, following, first, steps)
    hours = (following["at"].fillna(end) - frame["at"]).dt.total_seconds() / 3600
    allowed = pd.Series(
        [steps.hours(*pair) for pair in zip(frame["state"], frame["severity"], strict=True)]
    )
    stays = frame.assign(hours=hours, allowed=allowed, late=hours > allowed)
    stays.loc[np.isinf(allowed), ["hours"]] = np.nan
    grouped = stays.groupby("state")
    states = pd.DataFrame(
        {
            "cases": grouped["case"].nunique(),
            "median hours": grouped["hours"].median(),
            "90 % hours": grouped["hours"].quantile(0.9),
            "share late": grouped["late"].mean().where(grouped["hours"].count() > 0),
        }
    ).reindex([name for name in steps.states if name in set(frame["state"])])
    late = stays.loc[stays["late"], ["case", "state", "severity", "hours", "allowed"]]
    return Audit(
        states.rename_axis("state"),
        illegal,
        late.reset_index(drop=True),
        _answered(frame, first, end, steps),
    )


def _illegal(
    frame: pd.DataFrame, following: pd.DataFrame, first: pd.Series[bool], steps: Process
) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for case, state, at, is_first, target, then in zip(
        frame["case"], frame["state"], frame["at"], first, following["state"], following["at"],
        strict=True,
    ):  # fmt: skip
        if is_first and state != steps.start:
            rows.append({"case": case, "from": "", "to": state, "at": at})
        if not pd.isna(target):
            try:
                steps.check(state, target)
            except IllegalMove:
                rows.append({"case": case, "from": state, "to": target, "at": then})
    return pd.DataFrame(rows, columns=["case", "from", "to", "at"])


def _answered(
    frame: pd.DataFrame, first: pd.Series[bool], end: pd.Timestamp, steps: Process
) -> float:
    """Share answered in time, of the cases that are answered, due, or ended without excuse."""
    total = steps.total
    opened = frame[first].set_index("case")
    limit = opened["severity"].map(dict(zip(steps.severities, total.clock, strict=True)))
    answer = frame[frame["state"] == total.until].groupby("case")["at"].min().reindex(opened.index)
    took = (answer.fillna(end) - opened["at"]).dt.total_seconds() / 3600
    ended = frame.loc[[steps.states[s].final for s in frame["state"]], "case"]
    excused = opened.index.isin(frame.loc[frame["state"].isin(total.unless), "case"])
    running = (took <= limit) & ~opened.index.isin(ended)
    judged = answer.notna() | ~(running | excused)
    in_time = answer.notna() & (took <= limit)
    return float(in_time[judged].mean()) if judged.any() else float("nan")


def _moment(value: object, name: str) -> pd.Timestamp:
    try:
        moment = pd.Timestamp(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a date and time, got {value!r}.") from None
    if pd.isna(moment):
        raise ValueError(f"{name} must be a date and time, got {value!r}.")
    return moment
