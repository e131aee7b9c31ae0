"""From alarms to signals: how grave, for what reason, to whom, and until when."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlib._checks import listed, number, one_of, require_columns
from crmlib._result import Result
from crmlib.early_warning.indicators import GROUPS
from crmlib.early_warning.panel import month_start
from crmlib.early_warning.scoring import Scorer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SEVERITIES = ("low", "medium", "high", "critical")
COLUMNS = (
    *("month", "risk", "value", "expected_loss", "severity", "reason", "evidence"),
    *("department", "person", "raised", "due"),
)


@dataclass(frozen=True)
class Route:
    """A department in charge, and the alarms it is in charge of (empty: of all)."""

    department: str
    person: str
    chinese: str = ""
    groups: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class RouteBook(Result):
    """Severity, routes, deadlines and escalation, as the configuration says.

    Attributes
    ----------
    routes : tuple of Route
        The first that fits an alarm is taken.
    deadline : dict
        Days to act, by severity.
    chain : tuple of str
        Who is told when the deadline has passed, one after the other.
    every : int
        Days between two steps of the chain.
    quantiles : tuple of float
        Shares of past alarms' expected loss at which medium, high and critical begin.
    amounts : tuple of float or None
        The same in money; learned from the quantiles by `fit` unless given.

    Examples
    --------
    >>> book = RouteBook.builtin()
    >>> book.assign("complaint", "medium").department
    'Complaint management'
    """

    routes: tuple[Route, ...]
    deadline: Mapping[str, int]
    chain: tuple[str, ...]
    every: int
    quantiles: tuple[float, ...] = (0.5, 0.8, 0.95)
    amounts: tuple[float, ...] | None = None

    _title = "Who is in charge, by when"

    @classmethod
    def builtin(cls) -> RouteBook:
        """Return the book that ships."""
        text = (files("crmlib.early_warning") / "routes.toml").read_text(encoding="utf-8")
        return cls.from_toml(text, "routes.toml")

    @classmethod
    def read(cls, path: str | Path) -> RouteBook:
        """Read a book from a TOML file."""
        return cls.from_toml(Path(path).read_text(encoding="utf-8"), Path(path).name)

    @classmethod
    def from_toml(cls, text: str, name: str = "configuration") -> RouteBook:
        """Return the book a TOML text describes; `name` stands in messages.

        Raises
        ------
        ValueError
            A mistake in the text; the message says where and what is accepted.
        """
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{name} is no valid TOML: {error}") from None
        _accept(raw, ("severity", "deadline", "escalation", "route"), name)
        severity = raw.get("severity", {})
        _accept(severity, ("quantiles", "amounts"), f"{name}: severity")
        marks = {key: _rising(value, f"{name}: severity.{key}") for key, value in severity.items()}
        deadline = {key: raw.get("deadline", {}).get(key) for key in SEVERITIES}
        _accept(raw.get("deadline", {}), SEVERITIES, f"{name}: deadline")
        for key, days in deadline.items():
            number(days, f"{name}: deadline.{key} (days)", 0)
        escalation = raw.get("escalation", {})
        _accept(escalation, ("days", "chain"), f"{name}: escalation")
        every = int(number(escalation.get("days", 1), f"{name}: escalation.days", 1))
        routes = tuple(
            _route(r, f"{name}: route {k}") for k, r in enumerate(raw.get("route", []), 1)
        )
        if not routes or routes[-1].groups or routes[-1].severity:
            raise ValueError(
                f"{name}: the last [[route]] must fit every alarm: no groups, no severity."
            )
        return cls(routes, deadline, tuple(escalation.get("chain", ())), every, **marks)

    def fit(self, expected_loss: ArrayLike) -> RouteBook:
        """Return the book with severity amounts learned from the expected loss of past alarms."""
        if self.amounts is not None:
            return self
        past = np.asarray(expected_loss, float)
        if not len(past):
            raise ValueError("There is no past alarm to learn severities from; give amounts.")
        return replace(self, amounts=tuple(float(x) for x in np.quantile(past, self.quantiles)))

    def severity(self, expected_loss: ArrayLike) -> list[str]:
        """Return the severity of each expected loss (money)."""
        if self.amounts is None:
            raise ValueError("The severity amounts are not known yet: fit the book to past alarms.")
        steps = np.searchsorted(self.amounts, np.asarray(expected_loss, float), side="right")
        return [SEVERITIES[k] for k in steps]

    def assign(self, reason: str, severity: str) -> Route:
        """Return the first route that fits."""
        one_of(reason, GROUPS, "reason"), one_of(severity, SEVERITIES, "severity")
        return next(
            r
            for r in self.routes
            if (not r.groups or reason in r.groups) and (not r.severity or severity in r.severity)
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a route."""
        rows = [
            {
                "department": r.department,
                "chinese": r.chinese,
                "person": r.person,
                "groups": ", ".join(r.groups) or "all others",
                "severity": ", ".join(r.severity) or "any",
            }
            for r in self.routes
        ]
        return pd.DataFrame(rows)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the days to act by severity."""
        from crmlib.plots import ranked_bars

        days = pd.Series({key: float(value) for key, value in self.deadline.items()})
        return ranked_bars(days.rename("days to act"), ax, fmt="{:.0f}".format)


@dataclass(frozen=True, repr=False)
class Signals(Result):
    """The signals of one month.

    Attributes
    ----------
    frame : DataFrame
        One row a signal, the gravest first: customer, month, risk, value, expected loss (money),
        severity, reason, evidence, department, person, ``raised`` and ``due`` (dates).
    month : int
    customer : str
        Name of the customer column.
    """

    frame: pd.DataFrame
    month: int
    customer: str = "customer_id"

    @property
    def _title(self) -> str:  # type: ignore[override]
        grave = int((self.frame["severity"] == "critical").sum())
        return f"{len(self.frame)} signals of month {self.month}, {grave} of them critical"

    def to_frame(self) -> pd.DataFrame:
        """Return the signals."""
        return self.frame

    def summary(self) -> pd.DataFrame:
        """Return the number of signals by department and severity."""
        table = pd.crosstab(self.frame["department"], self.frame["severity"])
        return table.reindex(columns=SEVERITIES, fill_value=0)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the number of signals by department."""
        from crmlib.plots import ranked_bars

        counts = self.frame["department"].value_counts().astype(float)
        return ranked_bars(counts.rename("signals"), ax, fmt="{:,.0f}".format)


def make_signals(
    alarmed: pd.DataFrame,
    scorer: Scorer,
    book: RouteBook,
    *,
    month: int,
) -> Signals:
    """Say of every alarm how grave it is, why, who is in charge and until when.

    Parameters
    ----------
    alarmed : DataFrame
        One row a customer with an alarm: the customer, ``risk``, ``value`` and the indicators.
    scorer : Scorer
        Gives the reason: the group that adds most to the customer's index.
    book : RouteBook
        Fitted, or with amounts of its own.
    month : int
        The month judged; signals are raised on the first day after it.

    Returns
    -------
    Signals

    Examples
    --------
    >>> from crmlib.early_warning import IndicatorSystem
    >>> system = IndicatorSystem.builtin().only(["incidents", "bill_change"])
    >>> history = pd.DataFrame({"incidents": [0, 1, 2], "bill_change": [-0.1, 0.0, 0.1]})
    >>> alarmed = history.tail(1).assign(customer_id=7, risk=0.2, value=500.0)
    >>> book = RouteBook.builtin().fit([50, 80, 200])
    >>> make_signals(alarmed, Scorer.fit(history, system), book, month=3).frame.T[0].iloc[4:8]
    expected_loss                                         100.0
    severity                                             medium
    reason                                         satisfaction
    evidence         Service incidents 2 severity points
    Name: 0, dtype: object
    """
    system = scorer.system
    customer = system.base.customer
    require_columns(alarmed, [customer, "risk", "value", *system.names], "alarmed")
    if alarmed[customer].duplicated().any():
        raise ValueError(f"alarmed must hold each {customer} once.")
    raised = month_start(month + 1, system.base.month_one)
    loss = alarmed["risk"].to_numpy(float) * alarmed["value"].to_numpy(float)
    groups = scorer.groups(alarmed)
    reasons = [str(name) for name in groups.idxmax(axis=1)] if len(groups) else []
    severity = book.severity(loss)
    routes = [book.assign(why, grave) for why, grave in zip(reasons, severity, strict=True)]
    frame = pd.DataFrame(
        {
            customer: alarmed[customer].to_numpy(),
            "month": month,
            "risk": alarmed["risk"].to_numpy(float),
            "value": alarmed["value"].to_numpy(float),
            "expected_loss": loss,
            "severity": severity,
            "reason": reasons,
            "evidence": _evidence(alarmed, scorer),
            "department": [r.department for r in routes],
            "person": [r.person for r in routes],
            "raised": raised,
            "due": [raised + pd.Timedelta(days=book.deadline[s]) for s in severity],
        }
    )
    order = np.lexsort((frame[customer], -frame["expected_loss"]))
    return Signals(frame.iloc[order].reset_index(drop=True), month, customer)


def _evidence(alarmed: pd.DataFrame, scorer: Scorer, most: int = 3) -> list[str]:
    """Name the indicators that add most to each customer's index, with their values."""
    system = scorer.system
    scores = scorer.scores(alarmed)
    excess = (scores.to_numpy() - 0.5) * system.weights[scores.columns].to_numpy()
    excess = np.nan_to_num(excess, nan=-1.0)
    order = np.argsort(-excess, axis=1, kind="stable")[:, :most]
    values = alarmed[system.names].to_numpy(float)
    names = [i.label or i.name for i in system.indicators]
    units = [i.unit for i in system.indicators]
    texts = []
    for k, columns in enumerate(order):
        told = [j for j in columns if excess[k, j] > 0]
        parts = [f"{names[j]} {values[k, j]:.3g} {units[j]}" for j in told]
        texts.append("; ".join(parts) or "no single indicator stands out")
    return texts


def _accept(given: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
    for key in given:
        one_of(key, allowed, f"{where}: a name")


def _rising(values: Any, where: str) -> tuple[float, ...]:
    steps = len(SEVERITIES) - 1
    if not isinstance(values, list) or len(values) != steps or sorted(values) != values:
        raise ValueError(f"{where} must be {steps} rising numbers, got {values!r}.")
    return tuple(number(value, where, 0) for value in values)


def _route(given: Mapping[str, Any], where: str) -> Route:
    _accept(given, ("department", "person", "chinese", "groups", "severity"), where)
    missing = [key for key in ("department", "person") if not given.get(key)]
    if missing:
        raise ValueError(f"{where} lacks {listed(missing)}.")
    for key, allowed in (("groups", GROUPS), ("severity", SEVERITIES)):
        for value in given.get(key, ()):
            one_of(value, allowed, f"{where}: {key}")
    return Route(
        str(given["department"]),
        str(given["person"]),
        str(given.get("chinese", "")),
        tuple(given.get("groups", ())),
        tuple(given.get("severity", ())),
    )
