"""The indicator system: what is watched, where it comes from, and how much it counts.

It is a text file a manager can read and change. The one that ships holds the three signs of
churn and the groups of indicators the course names; another operator writes its own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib._checks import listed, number, one_of
from crmlib._result import Result
from crmlib.early_warning.expression import columns_of, parse

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GROUPS = ("behavior", "satisfaction", "loyalty", "value", "complaint", "competitor")
MEASURES = ("last", "mean", "sum", "count", "change", "since", "until", "elapsed")
_DATED = ("mean", "sum", "count", "change", "since")  # meaningless without a month


@dataclass(frozen=True)
class Source:
    """A table an indicator reads: which column dates a row, and whom the row is about.

    Attributes
    ----------
    name, table : str
    month : str
        Column or expression with the month in which the row became known; empty if the table
        holds what never changes.
    key : str
        Column that says whom the row is about: empty for the customer, else an attribute of
        customers such as the region.
    """

    name: str
    table: str
    month: str = ""
    key: str = ""


@dataclass(frozen=True)
class Indicator:
    """One indicator; the fields are those of the configuration file."""

    name: str
    group: str
    source: str
    measure: str
    bad: str
    unit: str
    label: str = ""
    chinese: str = ""
    value: str = "1"
    where: str = ""
    window: int = 0
    against: int = 0
    weight: float = 1.0
    alarm: float | None = None
    sign: str = ""


@dataclass(frozen=True)
class Base:
    """Where customers and losses are recorded: sections ``base`` and ``churn`` of the file."""

    table: str = "months"
    customer: str = "customer_id"
    month: str = "month"
    people: str = "customers"
    month_one: str = "2024-01"
    churn_table: str = "churn"
    churn_month: str = "month"
    churn_noticed: str = ""
    churn_delay: int | None = None


@dataclass(frozen=True, repr=False)
class IndicatorSystem(Result):
    """Indicators with their sources, groups and weights.

    Build one with `builtin` or `read`.

    Attributes
    ----------
    indicators : tuple of Indicator
    sources : dict of Source by name
    groups : dict of float by name
        Weight of each group; the weights in use sum to 1.
    base : Base
        Where customers, months and losses are recorded.

    Examples
    --------
    >>> system = IndicatorSystem.builtin()
    >>> system.weights.sum().round(6).item()
    1.0
    >>> system["bill_change"].sign
    'sales fall clearly'
    """

    indicators: tuple[Indicator, ...]
    sources: Mapping[str, Source]
    groups: Mapping[str, float]
    base: Base = Base()

    _title = "Indicator system"

    @classmethod
    def builtin(cls) -> IndicatorSystem:
        """Return the system that ships, for the tables of an operator's CRM."""
        text = (files("crmlib.early_warning") / "indicators.toml").read_text(encoding="utf-8")
        return cls.from_toml(text, "indicators.toml")

    @classmethod
    def read(cls, path: str | Path) -> IndicatorSystem:
        """Read a system from a TOML file.

        Raises
        ------
        FileNotFoundError, ValueError
            No such file, or a mistake in it; the message says where and what is accepted.
        """
        return cls.from_toml(Path(path).read_text(encoding="utf-8"), Path(path).name)

    @classmethod
    def from_toml(cls, text: str, name: str = "configuration") -> IndicatorSystem:
        """Return the system a TOML text describes; `name` stands in messages."""
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{name} is no valid TOML: {error}") from None
        _known(raw, ("base", "churn", "groups", "source", "indicator"), name)
        churn = {f"churn_{key}": value for key, value in raw.get("churn", {}).items()}
        base = _build(Base, {**raw.get("base", {}), **churn}, f"{name}: base or churn")
        sources = {
            key: _build(Source, {"name": key, **given}, f"{name}: source.{key}")
            for key, given in raw.get("source", {}).items()
        }
        indicators = tuple(
            _build(Indicator, given, f"{name}: indicator {given.get('name', f'number {i}')!r}")
            for i, given in enumerate(raw.get("indicator", []), start=1)
        )
        groups = {**dict.fromkeys((i.group for i in indicators), 1.0), **raw.get("groups", {})}
        system = cls(indicators, sources, groups, base)
        _validate(system, name)
        return system

    def __getitem__(self, name: str) -> Indicator:
        return next(i for i in self.indicators if i.name == one_of(name, self.names, "indicator"))

    def __len__(self) -> int:
        return len(self.indicators)

    @cached_property
    def names(self) -> list[str]:
        """Names of the indicators, in order."""
        return [indicator.name for indicator in self.indicators]

    @cached_property
    def weights(self) -> pd.Series:
        """Weight of each indicator in the index: group weight, shared out inside the group."""
        inside = pd.Series({i.name: i.weight for i in self.indicators}, dtype=float)
        group = pd.Series({i.name: i.group for i in self.indicators})
        share = inside / inside.groupby(group).transform("sum")
        weights = share * group.map(dict(self.groups)).astype(float)
        return (weights / weights.sum()).rename("weight").rename_axis("indicator")

    def with_weights(self, weights: Mapping[str, float] | pd.Series) -> IndicatorSystem:
        """Return the system with these weights for the indicators, in place of its own.

        Parameters
        ----------
        weights : Series or mapping
            A weight of at least 0 for every indicator; they are scaled to sum to 1.
        """
        given = pd.Series(weights, dtype=float)
        missing = [name for name in self.names if name not in given.index]
        if missing:
            raise ValueError(f"weights lacks {listed(missing)}.")
        if not (given >= 0).all() or not given.sum() > 0:
            raise ValueError(f"weights must be at least 0 and not all 0, got {given.to_dict()}.")
        given = given[self.names] / given[self.names].sum()
        group = pd.Series({i.name: i.group for i in self.indicators})
        totals = {str(key): float(x) for key, x in given.groupby(group).sum().items()}
        changed = tuple(replace(i, weight=float(given[i.name])) for i in self.indicators)
        return replace(self, indicators=changed, groups=totals)

    def only(self, names: Iterable[str]) -> IndicatorSystem:
        """Return the system with only these indicators, in its own order."""
        wanted = {one_of(name, self.names, "indicator") for name in names}
        kept = tuple(i for i in self.indicators if i.name in wanted)
        groups = {
            key: value for key, value in self.groups.items() if any(i.group == key for i in kept)
        }
        return replace(self, indicators=kept, groups=groups)

    def fitting(self, tables: Mapping[str, pd.DataFrame]) -> tuple[IndicatorSystem, dict[str, str]]:
        """Return the part of the system these tables can feed, and why the rest cannot.

        Returns
        -------
        IndicatorSystem, dict
            The smaller system, and for each indicator left out the reason.

        Raises
        ------
        ValueError
            Nothing is left.
        """
        reasons = {i.name: reason for i in self.indicators if (reason := self._lack(i, tables))}
        if len(reasons) == len(self):
            raise ValueError(
                f"The tables {listed(tables)} feed none of the indicators, for instance: "
                f"{next(iter(reasons.values()))}"
            )
        return self.only(name for name in self.names if name not in reasons), reasons

    def _lack(self, indicator: Indicator, tables: Mapping[str, pd.DataFrame]) -> str:
        source = self.sources[indicator.source]
        people = tables.get(self.base.people)
        if source.key and (people is None or source.key not in people):
            return f"no column {source.key!r} in a table {self.base.people!r}"
        if source.table == "base_mix" and source.table not in tables:
            return "" if people is not None and "joined" in people else "no column 'joined'"
        if source.table not in tables:
            return f"no table {source.table!r}"
        needed = [source.key or self.base.customer, *columns_of(indicator.value, indicator.name)]
        needed += columns_of(indicator.where, indicator.name) if indicator.where else []
        needed += columns_of(source.month, source.name) if source.month else []
        missing = [column for column in needed if column not in tables[source.table]]
        return f"{source.table} has no column {listed(missing)}" if missing else ""

    def to_frame(self) -> pd.DataFrame:
        """Return one row an indicator: group, label, source, measure, unit, weight, alarm, sign."""
        rows = [
            {
                "indicator": i.name,
                "group": i.group,
                "label": i.label or i.name,
                "chinese": i.chinese,
                "from": f"{self.sources[i.source].table}: {i.where or i.value}",
                "measure": _measure_text(i),
                "unit": i.unit,
                "bad": i.bad,
                "weight": round(float(self.weights[i.name]), 4),
                "alarm": i.alarm,
                "sign": i.sign,
            }
            for i in self.indicators
        ]
        return pd.DataFrame(rows).set_index("indicator")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the weight of every indicator."""
        from crmlib.plots import ranked_bars

        labels = [i.label or i.name for i in self.indicators]
        values = pd.Series(self.weights.to_numpy(), index=labels, name="weight in the index")
        return ranked_bars(values, ax, fmt="{:.1%}".format)


def _measure_text(i: Indicator) -> str:
    if i.measure == "change":
        return f"change, {i.window} months over {i.against} before"
    return f"{i.measure}, {i.window} months" if i.window else i.measure


def _known(given: Mapping[str, Any], allowed: Iterable[str], where: str) -> None:
    for key in given:
        one_of(key, allowed, f"{where}: a name")


def _build(kind: type[Any], given: Mapping[str, Any], where: str) -> Any:
    """Make the dataclass from what the file gives, refusing unknown, missing and mistyped keys."""
    wanted = {field.name: field for field in fields(kind)}
    _known(given, wanted, where)
    for key, field in wanted.items():
        if field.default is MISSING and key not in given:
            raise ValueError(f"{where} lacks {key!r}; it needs {listed(_required(kind))}.")
    types = {
        "str": str,
        "int": int,
        "int | None": int,
        "float": (int, float),
        "float | None": (int, float),
    }
    for key, value in given.items():
        accepted = types[str(wanted[key].type)]
        if isinstance(value, bool) or not isinstance(value, accepted):  # type: ignore[arg-type]
            raise ValueError(f"{where}: {key} must be {wanted[key].type}, got {value!r}.")
    return kind(**given)


def _required(kind: type[Any]) -> list[str]:
    return [field.name for field in fields(kind) if field.default is MISSING]


def _validate(system: IndicatorSystem, name: str) -> None:
    if not system.indicators:
        raise ValueError(f"{name} has no [[indicator]].")
    repeated = sorted({n for n in system.names if system.names.count(n) > 1})
    if repeated:
        raise ValueError(f"{name} names {listed(repeated)} more than once.")
    for key, weight in system.groups.items():
        one_of(key, GROUPS, f"{name}: a group")
        number(weight, f"{name}: weight of group {key!r}", 0)
    for source in system.sources.values():
        if source.month:
            parse(source.month, f"{name}: source.{source.name}.month")
    for i in system.indicators:
        where = f"{name}: indicator {i.name!r}"
        if not i.name.isidentifier():
            raise ValueError(f"{where}: name must be a plain word, got {i.name!r}.")
        one_of(i.group, GROUPS, f"{where}: group")
        one_of(i.source, system.sources, f"{where}: source")
        one_of(i.measure, MEASURES, f"{where}: measure")
        one_of(i.bad, ("high", "low"), f"{where}: bad")
        number(i.weight, f"{where}: weight", 0)
        parse(i.value, f"{where}: value")
        if i.where:
            parse(i.where, f"{where}: where")
        dated = bool(system.sources[i.source].month)
        if i.measure in _DATED and not dated:
            raise ValueError(f"{where}: measure {i.measure!r} needs a source with a month.")
        if i.measure in _DATED and i.window < 1:
            raise ValueError(f"{where}: window must be at least 1 month, got {i.window}.")
        if i.measure == "change" and i.against < 1:
            raise ValueError(f"{where}: against must be at least 1 month, got {i.against}.")
    if not system.weights.notna().all():
        raise ValueError(f"{name}: a group's weights must not all be 0.")
