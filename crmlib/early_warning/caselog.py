"""The case log: every signal once, what was done about it, and who hears of delay.

An SQLite file in write-ahead mode. A month's signals are logged in one transaction, so that a
crash leaves all of them or none; logging a month again changes nothing. No signal is lost and
none is doubled.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from crmlib._checks import listed, number, one_of
from crmlib._result import Result
from crmlib.early_warning.signals import RouteBook, Signals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The states of a case and the states that may follow.
TRANSITIONS = {
    "open": ("acknowledged", "acted", "saved", "lost", "false alarm"),
    "acknowledged": ("acted", "saved", "lost", "false alarm"),
    "acted": ("saved", "lost", "false alarm"),
    "saved": (),
    "lost": (),
    "false alarm": (),
}
CLOSED = ("saved", "lost", "false alarm")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cases (
    case_id INTEGER PRIMARY KEY, customer NOT NULL, month INTEGER NOT NULL,
    severity TEXT NOT NULL, risk REAL, value REAL, reason TEXT, evidence TEXT,
    department TEXT NOT NULL, person TEXT NOT NULL, raised TEXT NOT NULL, due TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open', level INTEGER NOT NULL DEFAULT 0,
    UNIQUE (customer, month));
CREATE TABLE IF NOT EXISTS signals (
    customer NOT NULL, month INTEGER NOT NULL, case_id INTEGER NOT NULL REFERENCES cases,
    PRIMARY KEY (customer, month)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    event_id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES cases,
    day TEXT NOT NULL, what TEXT NOT NULL, who TEXT NOT NULL, note TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS cases_by_customer ON cases (customer, state);
CREATE INDEX IF NOT EXISTS events_by_case ON events (case_id);
"""


@dataclass(frozen=True, repr=False)
class Logged(Result):
    """What logging a month did.

    Attributes
    ----------
    opened : int
        New cases.
    repeated : int
        Signals on customers whose case was open already: noted there.
    known : int
        Signals the log held before, from an earlier run of the same month.
    """

    opened: int
    repeated: int
    known: int

    _title = "Logged"

    def to_frame(self) -> pd.DataFrame:
        """Return the three numbers."""
        row = {"opened": self.opened, "repeated": self.repeated, "known": self.known}
        return pd.DataFrame([row])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the three numbers."""
        from crmlib.plots import ranked_bars

        return ranked_bars(self.to_frame().iloc[0].astype(float).rename("signals"), ax)


class CaseLog:
    """A log of cases in an SQLite file; use it in a ``with`` block.

    Parameters
    ----------
    path : path
        The file; made if there is none.

    Raises
    ------
    ValueError
        The file is no case log.

    Examples
    --------
    >>> with CaseLog(":memory:") as log:
    ...     len(log.to_frame())
    0
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise ValueError(f"{path} is no case log: {error}.") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def record(self, signals: Signals) -> Logged:
        """Log a month's signals, all or none; a signal logged before is left as it is.

        A customer whose case is still open gets a note there and no second case.
        """
        opened = repeated = known = 0
        with self._transaction() as db:
            for row in signals.frame.to_dict("records"):
                customer, month = _plain(row[signals.customer]), int(row["month"])
                at = (customer, month)
                seen = "SELECT 1 FROM signals WHERE customer = ? AND month = ?"
                if db.execute(seen, at).fetchone():
                    known += 1
                    continue
                day = row["raised"].date().isoformat()
                running = db.execute(
                    "SELECT case_id FROM cases WHERE customer = ? AND state NOT IN (?, ?, ?)",
                    (customer, *CLOSED),
                ).fetchone()
                if running:
                    case_id = running[0]
                    repeated += 1
                    what, note = "repeated", f"month {month}, risk {row['risk']:.3f}"
                else:
                    case_id = self._open(row, at, day)
                    opened += 1
                    what, note = "opened", str(row["evidence"])
                self._event(case_id, day, what, "early warning", note)
                db.execute("INSERT INTO signals VALUES (?, ?, ?)", (*at, case_id))
        return Logged(opened, repeated, known)

    def _open(self, row: Mapping[Any, Any], at: tuple[Any, int], day: str) -> int:
        values = (
            *at,
            *(str(row["severity"]), float(row["risk"]), float(row["value"])),
            *(str(row[key]) for key in ("reason", "evidence", "department", "person")),
            *(day, row["due"].date().isoformat()),
        )
        names = "customer, month, severity, risk, value, reason, evidence, department, person"
        marks = ", ".join("?" * len(values))
        done = self._db.execute(
            f"INSERT INTO cases ({names}, raised, due) VALUES ({marks})", values
        )
        return int(done.lastrowid or 0)

    def _event(self, case_id: int, day: str, what: str, who: str, note: str) -> None:
        self._db.execute(
            "INSERT INTO events (case_id, day, what, who, note) VALUES (?, ?, ?, ?, ?)",
            (case_id, day, what, who, note),
        )

    def move(self, case_id: int, state: str, day: str, who: str, note: str = "") -> None:
        """Move a case to a state that may follow its own, and note who did it.

        Parameters
        ----------
        case_id : int
            The case.
        state : {'acknowledged', 'acted', 'saved', 'lost', 'false alarm'}
            The last three close the case.
        day : str
            Date, like ``2024-05-31``.
        who : str
            Who did it.
        note : str
            Anything worth knowing later.

        Raises
        ------
        ValueError
            There is no such case, or the state may not follow; the message says which may.
        """
        one_of(state, TRANSITIONS, "state")
        day = _day(day)
        with self._transaction() as db:
            found = db.execute("SELECT state FROM cases WHERE case_id = ?", (case_id,)).fetchone()
            if found is None:
                raise ValueError(f"There is no case {case_id!r}.")
            if state not in TRANSITIONS[found[0]]:
                after = listed(TRANSITIONS[found[0]]) or "nothing: it is closed"
                raise ValueError(f"Case {case_id} is {found[0]!r}; what may follow is {after}.")
            db.execute("UPDATE cases SET state = ? WHERE case_id = ?", (state, case_id))
            self._event(case_id, day, state, who, note)

    def overdue(self, day: str) -> pd.DataFrame:
        """Return the cases nobody has acted on by their deadline, as of a day."""
        where = "state IN ('open', 'acknowledged') AND due < ? ORDER BY due, case_id"
        return self._cases(where, (_day(day),))

    def escalate(self, day: str, book: RouteBook) -> pd.DataFrame:
        """Tell the next in the chain of every overdue case; doing it again tells nobody twice.

        Parameters
        ----------
        day : str
            Today.
        book : RouteBook
            Its chain, and the days between two steps.

        Returns
        -------
        DataFrame
            Whom to tell now of which case: ``case_id``, ``customer``, ``level``, ``tell``.
        """
        today = pd.Timestamp(_day(day))
        told = []
        with self._transaction() as db:
            for case in self.overdue(day).reset_index().to_dict("records"):
                late = (today - pd.Timestamp(case["due"])).days
                level = min(1 + (late - 1) // book.every, len(book.chain))
                for step in range(case["level"], level):
                    tell = book.chain[step]
                    self._event(case["case_id"], _day(day), "escalated", tell, f"{late} days late")
                    row = {"case_id": case["case_id"], "customer": case["customer"]}
                    told.append({**row, "level": step + 1, "tell": tell})
                at = (max(level, case["level"]), case["case_id"])
                db.execute("UPDATE cases SET level = ? WHERE case_id = ?", at)
        return pd.DataFrame(told, columns=["case_id", "customer", "level", "tell"])

    def recent(self, month: int, quiet: int) -> set[Any]:
        """Return customers with a signal in the `quiet` months before a month.

        The month itself is left out, so that a repeated run sees what the first one saw.
        """
        number(quiet, "quiet", 0)
        query = "SELECT customer FROM signals WHERE month >= ? AND month < ?"
        return {row[0] for row in self._db.execute(query, (month - quiet, month))}

    def history(self, case_id: int) -> pd.DataFrame:
        """Return everything that happened to a case, in order."""
        query = "SELECT day, what, who, note FROM events WHERE case_id = ? ORDER BY event_id"
        return pd.read_sql_query(query, self._db, params=(case_id,))

    def to_frame(self) -> pd.DataFrame:
        """Return all cases."""
        return self._cases("1 ORDER BY case_id", ())

    def _cases(self, where: str, values: tuple[Any, ...]) -> pd.DataFrame:
        query = f"SELECT * FROM cases WHERE {where}"
        return pd.read_sql_query(query, self._db, params=values, index_col="case_id")

    def __repr__(self) -> str:
        query = "SELECT state, COUNT(*) FROM cases GROUP BY state ORDER BY state"
        counts = [f"{n} {state}" for state, n in self._db.execute(query)]
        return f"Case log {self.path}: {', '.join(counts) or 'no case yet'}"


def _plain(value: Any) -> Any:
    """Return Python's own type, which SQLite can hold."""
    return value.item() if hasattr(value, "item") else value


def _day(day: str) -> str:
    try:
        return pd.Timestamp(day).date().isoformat()
    except (ValueError, TypeError):
        raise ValueError(f"day must be a date like '2024-05-31', got {day!r}.") from None
