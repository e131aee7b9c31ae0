"""Scenarios: the operator's parameters as data, and what changes when.

`datasets/scenarios/baseline.toml` holds every parameter with value, unit and source; another
scenario names only what it changes, from the start (`[set]`) or for some months (`[[event]]`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crmlib._checks import number, one_of
from crmlib.data.registry import folder

BASELINE = "baseline"
# Read once when the customers are drawn or the tables are laid out: no event can change them.
_FIXED_SECTIONS = ("population.", "plan.")
_FIXED = (
    "service.branch_sd",
    "service.network_sd",
    "churn.silence",
    "regain.wait",
    "funnel.source_shares",
    "intention.opening",
    "intention.opening_months",
    "intention.opening_shares",
    "intention.quiet",
)
_BOUNDS: dict[str, tuple[float, float, bool]] = {  # low, high, is the low end itself refused?
    "probability": (0, 1, False),
    "shares": (0, 1, False),
    "months": (0, np.inf, False),
    "yuan": (0, np.inf, False),
    "GB": (0, np.inf, False),
    "minutes": (0, np.inf, False),
    "rate": (0, np.inf, False),
    "sd": (0, np.inf, False),
    "count": (1, np.inf, False),
    "ratio": (0, np.inf, True),
    "log": (-30, 30, False),
    "effect": (-30, 30, False),
}


def scenarios() -> list[str]:
    """Return the names of the scenarios that ship with crmlib.

    Returns
    -------
    list of str

    Examples
    --------
    >>> "price-war" in scenarios()
    True
    """
    return sorted(path.stem for path in (folder() / "scenarios").glob("*.toml"))


@dataclass(frozen=True)
class Event:
    """Parameters that hold from month `start` to month `end` (the end if None)."""

    name: str
    start: int
    end: int | None
    changes: Mapping[str, Any]

    def covers(self, month: int) -> bool:
        """Tell whether the event is on in this month (1 is the first)."""
        return self.start <= month and (self.end is None or month <= self.end)


@dataclass(frozen=True)
class Scenario:
    """A complete, checked set of parameters, with the events that change them.

    Attributes
    ----------
    name, title, about : str
        What the scenario is called and what happens in it.
    parameters : mapping of str to number, or tuple of numbers
        Parameters by dotted name, as they hold outside events.
    events : tuple of Event
        Changes for some months, in the order in which they are applied.
    """

    name: str
    title: str
    about: str
    parameters: Mapping[str, Any]
    events: tuple[Event, ...] = ()

    def at(self, month: int) -> dict[str, Any]:
        """Return the parameters that hold in a month (1 is the first).

        Examples
        --------
        >>> war = read_scenario("price-war")
        >>> war.at(1)["competition.price_index"] > war.at(12)["competition.price_index"]
        True
        """
        now = dict(self.parameters)
        for event in self.events:
            if event.covers(month):
                now |= event.changes
        return now

    def to_frame(self) -> pd.DataFrame:
        """Return every parameter with value, unit, source and whether the scenario changed it."""
        rows = [
            {
                "parameter": key,
                "value": self.parameters[key],
                "unit": spec["unit"],
                "source": spec["source"],
                "changed": self.parameters[key] != spec["value"],
                "events": ", ".join(e.name for e in self.events if key in e.changes),
            }
            for key, spec in _baseline()[1].items()
        ]
        return pd.DataFrame(rows).set_index("parameter")


def read_scenario(scenario: str | Path | Mapping[str, Any] | Scenario = BASELINE) -> Scenario:
    """Read a scenario by name, from a TOML file, or from a dict of changes.

    Parameters
    ----------
    scenario : str, path, mapping or Scenario
        One of `scenarios`; a file that ends in ``.toml``; or changes as a dict, nested
        (``{"churn": {"level": 0.3}}``) or dotted (``{"churn.level": 0.3}``), with
        ``"base"`` to start from another scenario than the baseline and ``"event"`` for a list
        of changes with ``name``, ``from``, ``to`` and ``set``.

    Returns
    -------
    Scenario

    Raises
    ------
    ValueError
        An unknown scenario or parameter (named, with the nearest), or a value outside its range.

    Examples
    --------
    >>> read_scenario({"complaints.registered": 0.9}).parameters["complaints.registered"]
    0.9
    >>> read_scenario({"complaints.registered": 1.9})
    Traceback (most recent call last):
    ...
    ValueError: complaints.registered must lie in [0, 1], got 1.9.
    """
    if isinstance(scenario, Scenario):
        return scenario
    if isinstance(scenario, Mapping):
        return _build("custom", scenario)
    path = Path(scenario)
    if path.suffix == ".toml":
        name = path.stem
    else:
        name = one_of(str(scenario), scenarios(), "scenario")
        path = folder() / "scenarios" / f"{name}.toml"
    if name == BASELINE and path.parent == folder() / "scenarios":
        return _baseline()[0]
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not valid TOML: {error}") from None
    return _build(name, raw)


def _build(name: str, raw: Mapping[str, Any]) -> Scenario:
    raw = dict(raw)
    base = read_scenario(raw.pop("base", BASELINE))
    title, about = raw.pop("title", name), raw.pop("about", "")
    events = [*base.events, *(_event(item) for item in raw.pop("event", ()))]
    changes = {**_flat(raw.pop("set", {})), **_flat(raw)}
    values = {**base.parameters, **{key: _checked(key, value) for key, value in changes.items()}}
    return Scenario(name, title, about, values, tuple(events))


def _event(raw: Mapping[str, Any]) -> Event:
    name = str(raw.get("name", "event"))
    for key in raw:
        one_of(key, ("name", "from", "to", "set"), f"a key of the event {name!r}")
    start = int(number(raw.get("from", 1), f"'from' of the event {name!r}", 1))
    end = None
    if "to" in raw:
        end = int(number(raw["to"], f"'to' of the event {name!r}", start))
    values = {key: _checked(key, value) for key, value in _flat(raw.get("set", {})).items()}
    for key in values:
        if key.startswith(_FIXED_SECTIONS) or key in _FIXED:
            raise ValueError(
                f"The event {name!r} cannot change {key!r}: it is read once, at the start. "
                "Set it for the whole scenario instead."
            )
    return Event(name, start, end, values)


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _checked(key: str, value: Any) -> Any:
    """Refuse an unknown parameter, a wrong length, a value outside the range of its unit."""
    specs = _baseline()[1]
    one_of(key, specs, "a parameter of the scenario")
    return _in_unit(key, value, specs[key]["unit"], specs[key]["value"])


def _in_unit(key: str, value: Any, unit: str, like: Any) -> Any:
    low, high, open_low = _BOUNDS[unit]
    if isinstance(like, tuple):
        if not isinstance(value, list | tuple | np.ndarray) or len(value) != len(like):
            raise ValueError(f"{key} must be a list of {len(like)} numbers, got {value!r}.")
        items = tuple(
            number(item, f"{key}[{i}]", low, high, open_low=open_low)
            for i, item in enumerate(value)
        )
        if unit == "shares" and abs(sum(items) - 1) > 1e-9:
            raise ValueError(f"{key} must sum to 1, got {value!r} with the sum {sum(items):g}.")
        return items
    result = number(value, key, low, high, open_low=open_low)
    if unit == "count":
        if result != int(result):
            raise ValueError(f"{key} must be a whole number, got {value!r}.")
        return int(result)
    return result


@cache
def _baseline() -> tuple[Scenario, Mapping[str, dict[str, Any]]]:
    path = folder() / "scenarios" / f"{BASELINE}.toml"
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    title, about = raw.pop("title"), raw.pop("about")
    specs: dict[str, dict[str, Any]] = {}
    for section, parameters in raw.items():
        for name, spec in parameters.items():
            value = tuple(spec["value"]) if isinstance(spec["value"], list) else spec["value"]
            key = f"{section}.{name}"
            specs[key] = {**spec, "value": _in_unit(key, value, spec["unit"], value)}
    values = {key: spec["value"] for key, spec in specs.items()}
    return Scenario(BASELINE, title, about, values), specs
