"""Who contacts whom, when, and who answers for it: the plan as a list of tasks with deadlines."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib._checks import as_frame, listed, no_duplicates, numbers, one_of, require_columns, whole
from crmlib._result import Result
from crmlib.recovery.export import write_table
from crmlib.recovery.planning import Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DEPARTMENTS = ("service", "decision", "sales", "after-sales", "supervision")
TIERS = ("key", "ordinary", "small")


def contact_sequence(path: str | Path | None = None) -> pd.DataFrame:
    """Return the steps of winning a customer back, with day, channel and responsibilities.

    Responsibilities follow the RACI scheme: who is responsible (does it), accountable (answers
    for it, exactly one), consulted before and informed after.

    Parameters
    ----------
    path : str or Path, optional
        A TOML file in the form of the package's `contact_sequence.toml`.

    Returns
    -------
    pandas.DataFrame
        A row a step: `zh`, `day`, `key`, `ordinary`, `small` (the channel for each tier, missing
        where the tier skips the step), `responsible`, `accountable`, `consulted`, `informed`,
        `offer`, `task`.

    Raises
    ------
    ValueError
        If a step lacks a field, names an unknown department or tier, or days fall.

    Examples
    --------
    >>> contact_sequence().loc["Make the offer", ["key", "responsible", "accountable"]].tolist()
    ['visit', 'sales', 'decision']
    """
    if path is None:
        text = files("crmlib.recovery").joinpath("contact_sequence.toml").read_text("utf-8")
    else:
        text = Path(path).read_text("utf-8")
    where = "contact_sequence.toml" if path is None else str(path)
    raw = tomllib.loads(text).get("step", [])
    steps = as_frame(pd.DataFrame(raw), where)
    needed = ["name", "zh", "day", "channel", "responsible", "accountable", "consulted",
              "informed", "offer", "task"]  # fmt: skip
    require_columns(steps, needed, where)
    for step in raw:
        people = [step["responsible"], step["accountable"], *step["consulted"], *step["informed"]]
        for person in people:
            one_of(person, DEPARTMENTS, f"{where}: a department of {step['name']!r}")
        for tier in step["channel"]:
            one_of(tier, TIERS, f"{where}: a tier of {step['name']!r}")
    numbers(steps["day"], f"{where}: day", 0)
    if not steps["day"].is_monotonic_increasing:
        raise ValueError(f"{where}: the days of the steps must not fall.")
    for tier in TIERS:
        steps[tier] = [channel.get(tier) for channel in steps["channel"]]
    for role in ("consulted", "informed"):
        steps[role] = [", ".join(people) for people in steps[role]]
    order = ["zh", "day", *TIERS, "responsible", "accountable", "consulted", "informed", "offer",
             "task"]  # fmt: skip
    return steps.set_index("name")[order]


@dataclass(frozen=True, repr=False)
class Schedule(Result):
    """The result of `schedule`.

    Attributes
    ----------
    tasks : pandas.DataFrame
        A row a task, in the order of deadlines: `due`, `customer`, `step`, `channel`, `offer`,
        `responsible`, `accountable`, `consulted`, `informed`, `task`.
    sequence : pandas.DataFrame
        The steps used.
    """

    tasks: pd.DataFrame
    sequence: pd.DataFrame

    @property
    def _title(self) -> str:  # type: ignore[override]
        first, last = self.tasks["due"].min(), self.tasks["due"].max()
        return f"{len(self.tasks):,} tasks from {first:%Y-%m-%d} to {last:%Y-%m-%d}"

    def to_frame(self) -> pd.DataFrame:
        """Return the tasks of each department (rows) by week (columns, Mondays)."""
        week = self.tasks["due"].dt.to_period("W").dt.start_time.dt.date
        table = pd.crosstab(self.tasks["responsible"], week)
        table.columns.name = "week of"
        return table

    def of(self, department: str) -> pd.DataFrame:
        """Return the tasks a department is responsible for.

        Parameters
        ----------
        department : str
            'service', 'decision', 'sales', 'after-sales' or 'supervision'.

        Returns
        -------
        pandas.DataFrame
        """
        one_of(department, DEPARTMENTS, "department")
        return self.tasks[self.tasks["responsible"] == department]

    def late(self, today: dt.date | str, done: Sequence[tuple[object, str]] = ()) -> pd.DataFrame:
        """Return the tasks that are due before a day and not done.

        Parameters
        ----------
        today : date or str
            Day from which one looks back.
        done : sequence of (customer, step)
            Tasks that are done.

        Returns
        -------
        pandas.DataFrame
            Late tasks with the number of working days they are late.
        """
        day = np.datetime64(pd.Timestamp(today).date(), "D")
        due = self.tasks["due"].to_numpy().astype("datetime64[D]")
        finished = pd.MultiIndex.from_frame(self.tasks[["customer", "step"]]).isin(list(done))
        open_ = (due < day) & ~finished
        late = self.tasks[open_].copy()
        late["working_days_late"] = np.busday_count(due[open_], day)
        return late

    def export(self, path: str | Path) -> Path:
        """Write the tasks to a .csv or .xlsx file, whole or not at all."""
        return write_table(self.tasks.set_index("due"), path)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the tasks due on each day, by department."""
        from crmlib.plots import lines

        count = pd.crosstab(self.tasks["due"], self.tasks["responsible"])
        count.index.name = "due"
        return lines(count, ax)


def schedule(
    made: Plan,
    *,
    start: dt.date | str,
    tier: pd.Series | None = None,
    urgency: pd.Series | None = None,
    contacts_per_day: int | None = None,
    sequence: pd.DataFrame | None = None,
    holidays: Sequence[dt.date | str] = (),
) -> Schedule:
    """Turn a plan into tasks with deadlines, most urgent customers first.

    Each customer's sequence starts on the day the team first has room for them; deadlines are
    working days (Monday to Friday, without holidays) after that.

    Parameters
    ----------
    made : Plan
        Result of `plan`; customers with an offer are scheduled.
    start : date or str
        First day. A weekend or holiday moves to the next working day.
    tier : pandas.Series, optional
        Tier of each customer ('key', 'ordinary', 'small'), as `segment` or `crmlib.value.tiers`
        gives; everybody is 'ordinary' by default.
    urgency : pandas.Series, optional
        Who comes first, by customer: `waiting_cost` is the right measure. Expected net value by
        default.
    contacts_per_day : int, optional
        First contacts the team can make in a day; without limit by default.
    sequence : pandas.DataFrame, optional
        Steps, from `contact_sequence`.
    holidays : sequence of date or str
        Days off.

    Returns
    -------
    Schedule
        With `.tasks`, `.of(department)`, `.late(today)`, `.to_frame()`, `.export(path)`.

    Raises
    ------
    ValueError
        If the plan has no offers, a scheduled customer lacks a tier or is to be given up, or the
        team can make no contact.

    Examples
    --------
    >>> from crmlib.recovery import plan
    >>> lost = pd.DataFrame({"if_back": [200.0, 90.0]}, index=["c1", "c2"])
    >>> offers = pd.DataFrame({"contact_cost": [1.0], "offer_cost": [5.0]}, index=["bonus"])
    >>> chances = pd.DataFrame({"bonus": [0.3, 0.2]}, index=lost.index)
    >>> made = plan(lost, offers, chances, budget=50, unasked=None)
    >>> tasks = schedule(made, start="2024-03-01", contacts_per_day=1).tasks
    >>> calls = tasks[tasks["step"] == "Make the offer"]
    >>> calls["customer"].tolist(), calls["due"].dt.day.tolist()
    (['c1', 'c2'], [5, 6])
    """
    chosen = made.selected
    if chosen.empty:
        raise ValueError("The plan makes no offer: there is nothing to schedule.")
    steps = contact_sequence() if sequence is None else sequence
    if urgency is None:
        order = chosen.index
    else:
        no_duplicates(urgency.index, "urgency")
        require_all(urgency, chosen.index, "urgency")
        ranked = pd.Series(numbers(urgency.loc[chosen.index], "urgency"), index=chosen.index)
        order = ranked.sort_values(ascending=False, kind="stable").index
    groups = pd.Series("ordinary", index=order)
    if tier is not None:
        no_duplicates(tier.index, "tier")
        require_all(tier, order, "tier")
        groups = tier.loc[order].astype(str)
        for name in groups.unique():
            one_of(name, TIERS, "the tier of a customer with an offer")
    days_off = np.array([np.datetime64(pd.Timestamp(day).date(), "D") for day in holidays], "M8[D]")
    first = np.busday_offset(
        np.datetime64(pd.Timestamp(start).date(), "D"), 0, roll="forward", holidays=days_off
    )
    room = (
        len(order) if contacts_per_day is None else whole(contacts_per_day, "contacts_per_day", 1)
    )
    begin = np.arange(len(order)) // room
    offer = chosen.loc[order, "offer"].astype(object).to_numpy()
    parts = []
    for place, (name, step) in enumerate(steps.iterrows()):
        channel = groups.map({t: step[t] for t in TIERS})
        wanted = channel.notna().to_numpy()
        due = np.busday_offset(first, begin[wanted] + int(step["day"]), holidays=days_off)
        part = pd.DataFrame(
            {
                "due": due.astype("datetime64[s]"),
                "customer": order[wanted],
                "step": name,
                "channel": channel[wanted].to_numpy(),
                "offer": offer[wanted] if step["offer"] else None,
            }
        )
        for role in ("responsible", "accountable", "consulted", "informed", "task"):
            part[role] = step[role]
        part["_place"] = place
        part["_rank"] = np.flatnonzero(wanted)
        parts.append(part)
    tasks = pd.concat([part for part in parts if len(part)], ignore_index=True)
    tasks = tasks.sort_values(["due", "_rank", "_place"], kind="stable", ignore_index=True)
    return Schedule(tasks.drop(columns=["_place", "_rank"]), steps)


def require_all(values: pd.Series, customers: pd.Index, name: str) -> None:
    """Raise a ValueError that names customers a Series lacks or leaves missing.

    Examples
    --------
    >>> require_all(pd.Series({"c1": 1}), pd.Index(["c1", "c2"]), "urgency")
    Traceback (most recent call last):
    ...
    ValueError: urgency lacks 1 customer with an offer: 'c2'.
    """
    absent = customers.difference(values.dropna().index)
    if len(absent):
        noun = "customer" if len(absent) == 1 else "customers"
        raise ValueError(f"{name} lacks {len(absent):,} {noun} with an offer: {listed(absent, 5)}.")
