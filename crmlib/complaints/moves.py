"""Which moves cases made between the states of their process, counted and drawn as a map."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib._checks import as_frame, one_of, require_columns
from crmlib._result import Result
from crmlib.complaints.process import Process, process

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Moves(Result):
    """How many cases made each move of a process, and each move it does not have.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a move: `from`, `to`, `cases`, `legal`. Legal moves that nobody made count 0.
    process : Process
        The process the cases were held against.

    Examples
    --------
    >>> log = pd.DataFrame({"case": [1, 1], "state": ["received", "closed"], "step": [0, 1]})
    >>> found = count_moves(log)
    >>> found.table.query("cases > 0").to_dict("records")
    [{'from': 'received', 'to': 'closed', 'cases': 1, 'legal': False}]
    """

    table: pd.DataFrame
    process: Process
    _title = "Moves between states"

    def to_frame(self) -> pd.DataFrame:
        """Return the table, a row a move."""
        return self.table

    def describe(self) -> str:
        """Return the moves that were made as a sentence, for the alternative text of the map.

        Returns
        -------
        str

        Examples
        --------
        >>> log = pd.DataFrame({"case": [1, 1], "state": ["received", "closed"], "step": [0, 1]})
        >>> count_moves(log).describe()
        '1 of 25 legal and illegal moves were made: received to closed 1 (illegal).'
        """
        made = self.table[self.table["cases"] > 0]
        parts = [
            f"{a} to {b} {n:,}{'' if legal else ' (illegal)'}"
            for a, b, n, legal in made.itertuples(index=False)
        ]
        head = f"{len(made)} of {len(self.table)} legal and illegal moves were made"
        return f"{head}: {', '.join(parts)}." if parts else f"{head}."

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the states and the moves, wider where more cases went, illegal ones dashed."""
        from crmlib.complaints._map import draw

        return draw(self.process, self.table, ax)


def count_moves(
    events: pd.DataFrame, steps: Process | None = None, *, order: str = "step"
) -> Moves:
    """Count the moves of an event log, and tell the legal from the illegal.

    Parameters
    ----------
    events : pandas.DataFrame
        A row an event: `case`, `state`, and the column named by `order`. Any order of rows.
    steps : Process, optional
        The ISO process by default.
    order : str
        Column that puts the events of a case in order: a number, or a time such as ``"at"``.

    Returns
    -------
    Moves

    Raises
    ------
    ValueError
        If a column is missing, a state is unknown, or an event has no place in the order.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "case": ["A", "A", "B", "B"], "step": [0, 1, 0, 1],
    ...     "state": ["received", "acknowledged", "received", "withdrawn"],
    ... })
    >>> count_moves(log).table.query("cases > 0")["to"].tolist()
    ['acknowledged', 'withdrawn']
    """
    steps = process() if steps is None else steps
    require_columns(as_frame(events, "events"), ["case", "state", order], "events")
    for state in events["state"].unique():
        one_of(state, steps.states, "events: state")
    if events[order].isna().any():
        raise ValueError(f"events: {order!r} is missing for some events.")
    rows = events.sort_values(["case", order], kind="stable")
    before, after = rows["state"].astype(str), rows["state"].astype(str).shift(-1)
    moved = rows["case"].eq(rows["case"].shift(-1))
    counts = Counter(zip(before[moved], after[moved], strict=True))
    legal = [(state.name, to) for state in steps.states.values() for to in state.next]
    illegal = sorted(set(counts) - set(legal))
    table = pd.DataFrame(legal + illegal, columns=["from", "to"])
    table["cases"] = [counts[pair] for pair in legal + illegal]
    table["legal"] = [True] * len(legal) + [False] * len(illegal)
    return Moves(table, steps)


def record_events(
    records: pd.DataFrame,
    steps: Process | None = None,
    *,
    unanswered: Sequence[str] = ("no answer",),
    accepted_from: float = 4.0,
    rejected_to: float = 2.0,
) -> pd.DataFrame:
    """Read from complaint records which states their cases were in.

    A record shows that a complaint came, whether and how it was answered, and perhaps a rating; it
    shows no state between. So the shortest legal way to the answer is taken; a case without an
    answer goes from the receipt to closing at once, which the process may forbid; and what the
    customer thought of the answer is known from the rating or not at all. A good rating is taken
    for acceptance, after which the case is closed, a poor one for rejection.

    Parameters
    ----------
    records : pandas.DataFrame
        A row a complaint: `complaint_id`, `response`, `rating` (missing where there was none).
    steps : Process, optional
        The ISO process by default. It must have the states accepted, rejected and closed.
    unanswered : sequence of str
        Responses that are no answer.
    accepted_from, rejected_to : float
        Ratings from which the customer accepts, and up to which the customer does not.

    Returns
    -------
    pandas.DataFrame
        A row an event: `case`, `state`, `step` (0 for the receipt).

    Raises
    ------
    ValueError
        If a column is missing, the process lacks a state, or the ratings overlap.

    Examples
    --------
    >>> records = pd.DataFrame({"complaint_id": [1, 2], "response": ["resolved", "no answer"],
    ...                         "rating": [5.0, None]})
    >>> record_events(records).groupby("case")["state"].last().tolist()
    ['closed', 'closed']
    """
    steps = process() if steps is None else steps
    require_columns(as_frame(records, "records"), ["complaint_id", "response", "rating"], "records")
    if rejected_to >= accepted_from:
        raise ValueError(f"rejected_to={rejected_to} must lie below accepted_from={accepted_from}.")
    for name in ("accepted", "rejected", "closed"):
        one_of(name, steps.states, "a state record_events needs")
    answered = _shortest(steps, steps.start, steps.total.until)
    silent = records["response"].astype(str).isin(list(unanswered)).to_numpy()
    rating = records["rating"].to_numpy(float)
    ways = {
        "silent": [steps.start, "closed"],
        "open": answered,
        "accepted": [*answered, "accepted", "closed"],
        "rejected": [*answered, "rejected"],
    }
    with np.errstate(invalid="ignore"):
        kind = np.select(
            [silent, rating >= accepted_from, rating <= rejected_to],
            ["silent", "accepted", "rejected"], "open",
        )  # fmt: skip
    parts = [
        pd.DataFrame({"case": case, "state": state, "step": at})
        for way, states in ways.items()
        for case in [records["complaint_id"].to_numpy()[kind == way]]
        for at, state in enumerate(states)
    ]
    return pd.concat(parts).sort_values(["case", "step"], kind="stable").reset_index(drop=True)


def _shortest(steps: Process, start: str, end: str) -> list[str]:
    """Return the states on the shortest legal way; of equal ones the first in the file."""
    ways = deque([[start]])
    seen = {start}
    while ways:
        way = ways.popleft()
        if way[-1] == end:
            return way
        for name in steps.states[way[-1]].next:
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    raise ValueError(f"no legal way leads from {start!r} to {end!r}.")
