"""The complaint process: states, legal moves and deadlines, read from a file anybody can read.

The steps are those of ISO 10002:2018, "Guidelines for complaints handling in organizations":
receipt, tracking, acknowledgment, initial assessment, investigation, response, communicating
the decision, closing. (Seven of them were read in a certification body's summary; closing and all
hours are not from there.) Tracking is no state: it is the history every case carries.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib._checks import listed, number, one_of
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FIELDS = ("zh", "step", "meaning", "department", "next", "clock")


class IllegalMove(ValueError):
    """A case was to make a move its process does not have."""


@dataclass(frozen=True)
class State:
    """A state of a case: names, department, where it may go, and hours allowed by severity."""

    name: str
    zh: str
    step: int
    meaning: str
    department: str
    next: tuple[str, ...]
    clock: tuple[float, ...]

    @property
    def final(self) -> bool:
        """Whether a case ends here."""
        return not self.next


@dataclass(frozen=True)
class Total:
    """The state that must be reached, the hours allowed from the receipt, the ends that excuse."""

    until: str
    clock: tuple[float, ...]
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Process(Result):
    """States of a case, the moves between them, and how long each may take.

    Attributes
    ----------
    title : str
    start : str
        State of a new case.
    severities : tuple of str
        Grades, mild to grave; clocks are in their order.
    states : mapping of str to State
    total : Total
        From the receipt to the answer.
    """

    title: str
    start: str
    severities: tuple[str, ...]
    states: Mapping[str, State]
    total: Total

    @property
    def _title(self) -> str:  # type: ignore[override]
        return self.title

    def to_frame(self) -> pd.DataFrame:
        """Return a row a state: Chinese name, ISO step, department, hours, and next states."""
        rows = {
            name: {
                "zh": s.zh,
                "ISO step": s.step or "",
                "department": s.department,
                **{
                    f"{grade} (h)": s.clock[i] if s.clock else float("nan")
                    for i, grade in enumerate(self.severities)
                },
                "next": ", ".join(s.next),
            }
            for name, s in self.states.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("state")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the hours a case may stay in each state, by severity."""
        from crmlib.plots import PALETTE

        ax = _axes(ax)
        timed = [s for s in self.states.values() if s.clock][::-1]
        colors = list(PALETTE.values())
        height = 0.8 / len(self.severities)
        for i, grade in enumerate(self.severities):
            places = [k + (len(self.severities) - 1 - i) * height - 0.4 + height / 2
                      for k in range(len(timed))]  # fmt: skip
            ax.barh(places, [s.clock[i] for s in timed], height, color=colors[i], label=grade)
        ax.set_yticks(range(len(timed)), [s.name for s in timed])
        ax.set_xlabel("hours allowed")
        ax.legend()
        return ax

    def hours(self, state: str, severity: str) -> float:
        """Return the hours a case of this severity may stay in a state; infinite at an end."""
        clock = self.states[one_of(state, self.states, "state")].clock
        grade = self.severities.index(one_of(severity, self.severities, "severity"))
        return clock[grade] if clock else float("inf")

    def check(self, before: str, after: str) -> None:
        """Raise an `IllegalMove` that lists the legal moves, unless `before` -> `after` is one."""
        one_of(after, self.states, "state")
        allowed = self.states[one_of(before, self.states, "state")].next
        if after not in allowed:
            ways = f"from there it may become {listed(allowed)}" if allowed else "that is an end"
            raise IllegalMove(f"A case that is {before!r} cannot become {after!r}: {ways}.")


@lru_cache(maxsize=8)
def process(path: str | Path | None = None) -> Process:
    """Read a complaint process; crmlib's own, after ISO 10002:2018, by default.

    Parameters
    ----------
    path : str or path, optional
        A TOML file of the same form as `crmlib/complaints/process.toml`.

    Returns
    -------
    Process

    Raises
    ------
    ValueError
        If a field is missing or unknown, a state is named that is not there or cannot be reached,
        or from some state no end can be reached.

    Examples
    --------
    >>> iso = process()
    >>> iso.states["received"].next
    ('acknowledged', 'withdrawn')
    >>> iso.hours("received", "critical")
    2.0
    >>> iso.check("received", "closed")
    Traceback (most recent call last):
    ...
    crmlib.complaints.process.IllegalMove: A case that is 'received' cannot become 'closed': from
    there it may become 'acknowledged', 'withdrawn'.
    """
    source = files("crmlib.complaints").joinpath("process.toml") if path is None else Path(path)
    name = "process.toml" if path is None else str(path)
    try:
        return _read(tomllib.loads(source.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{name} is not valid TOML: {error}.") from error
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _read(raw: Mapping[str, Any]) -> Process:
    missing = [key for key in ("title", "start", "severities", "states", "total") if key not in raw]
    if missing:
        raise ValueError(f"the field {listed(missing)} is missing.")
    grades = tuple(str(grade) for grade in raw["severities"])
    if not grades:
        raise ValueError("severities is empty: a clock needs at least one grade.")
    states = {name: _state(name, spec, len(grades)) for name, spec in raw["states"].items()}
    one_of(raw["start"], states, "start")
    for state in states.values():
        for target in state.next:
            one_of(target, states, f"states.{state.name}: next")
    total = raw["total"]
    until = one_of(total.get("until"), states, "total: until")
    clock = _clock(total.get("clock", ()), len(grades), "total")
    unless = tuple(one_of(end, states, "total: unless") for end in total.get("unless", ()))
    whole = Total(until, clock, unless)
    made = Process(str(raw["title"]), raw["start"], grades, states, whole)
    lost = set(states) - _reached(made, {made.start})
    if lost:
        raise ValueError(f"no case can reach {listed(sorted(lost))} from {made.start!r}.")
    ends = {name for name, state in states.items() if state.final}
    stuck = [name for name in states if not (_reached(made, {name}) & ends)]
    if stuck:
        raise ValueError(f"from {listed(stuck)} a case can never come to an end.")
    return made


def _state(name: str, spec: Mapping[str, Any], grades: int) -> State:
    wrong = [key for key in spec if key not in _FIELDS]
    if wrong:
        raise ValueError(f"states.{name} has the unknown field {listed(wrong)}.")
    missing = [key for key in _FIELDS[:-1] if key not in spec]
    if missing:
        raise ValueError(f"states.{name} lacks the field {listed(missing)}.")
    following = tuple(spec["next"])
    clock = _clock(spec.get("clock", ()), grades if following else 0, f"states.{name}")
    return State(name, spec["zh"], int(spec["step"]), spec["meaning"], spec["department"],
                 following, clock)  # fmt: skip


def _clock(hours: Any, grades: int, name: str) -> tuple[float, ...]:
    if len(hours) != grades:
        want = f"{grades} numbers, one a severity" if grades else "nothing: it is an end"
        raise ValueError(f"{name}: clock must hold {want}, got {list(hours)}.")
    return tuple(number(h, f"{name}: clock", 0, open_low=True) for h in hours)


def _reached(made: Process, seen: set[str]) -> set[str]:
    todo = list(seen)
    while todo:
        new = [name for name in made.states[todo.pop()].next if name not in seen]
        seen.update(new)
        todo.extend(new)
    return seen


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots()[1]
