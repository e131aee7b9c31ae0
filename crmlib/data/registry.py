"""The registry: a TOML file per data set says where it is, what it holds, what is wrong with it.

A checkout keeps the files in `datasets/`; an installed crmlib carries them inside itself. Nothing
else in the package states a fact about a data set: loaders, schemas, data sheets and the book
all read these files.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from crmlib._checks import one_of

T = TypeVar("T")

#: Catalog order: the sets the book opens with come first.
ORDER = (
    "ibm-telco",
    "ibm-telco-v2",
    "mlc-churn",
    "iranian-churn",
    "hillstrom",
    "comcast-tickets",
    "beijing-voice",
    "beijing-internet",
    "smcrm-winback",
    "ecsi-mobi",
    "corp-reputation",
    "tv-churn",
    "bank-calls",
    "cell2cell",
    "kdd-cup-2009",
    "orange-belgium",
)

ROLES = (
    "feature",
    "target",
    "id",
    "leak",
    "outcome",
    "treatment",
    "cost",
    "constant",
    "redundant",
    "text",
)


@dataclass(frozen=True)
class File:
    """One file that holds the data: its names, its hash, and how to read it.

    `package` names an installed Python package that ships the file at `path`; the package itself
    is never imported. `url` is the address the file may be fetched from; empty if there is none.
    `rename` maps published column names to those of the frame, and `labels` the codes of a column
    to its labels, so that every file of a set gives the same frame. `beside` maps columns kept in
    files of their own, in the same folder, to those files' names, and `hashes` these to sha256.
    """

    name: str
    format: str
    sha256: str = ""
    size: int = 0
    aliases: tuple[str, ...] = ()
    url: str = ""
    package: str = ""
    path: str = ""
    version: str = ""
    note: str = ""
    read: dict[str, Any] = field(default_factory=dict)
    rename: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The file names that are looked for in a folder."""
        return (self.name, *self.aliases)


@dataclass(frozen=True)
class Column:
    """What is known of a column: type, role, unit, meaning, and the values it may hold.

    `published` is its name at the source where the frame's differs; `missing` lists codes that
    mean "missing" besides the empty cell; `blank` is what the source's dictionary says an empty
    cell means, and `unknown` lists values that can only mean "unknown": repairs use both.
    `partial` marks an identifier that not every source has, which is why it is kept beside the
    frame and not in it.
    """

    name: str
    dtype: str
    meaning: str
    role: str = "feature"
    unit: str = ""
    categories: tuple[str, ...] = ()
    ordered: bool = False
    low: float | None = None
    high: float | None = None
    nullable: bool = False
    published: str = ""
    missing: tuple[str, ...] = ()
    format: str = ""
    unique: bool = False
    blank: str = ""
    unknown: tuple[str, ...] = ()
    partial: bool = False


@dataclass(frozen=True)
class Defect:
    """A known defect: what it is, how many rows it touches, how it shows, and how it is mended.

    `repair` says in words what `load(..., repair=True)` does; `rule` names the function that
    does it in `crmlib.data.repairs`. Both are empty for what is documented but not changed.
    """

    key: str
    what: str
    rows: int
    evidence: str
    lesson: str
    columns: tuple[str, ...] = ()
    repair: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Entry:
    """A data set as the registry describes it."""

    name: str
    title: str
    kind: str
    description: str
    rows: int
    license: str
    license_note: str
    citation: str
    homepage: str
    columns: tuple[Column, ...]
    files: tuple[File, ...]
    defects: tuple[Defect, ...]
    target: str = ""
    positive: str = ""
    share_positive: float | None = None
    obtain: str = ""
    verified: str = ""
    split: dict[str, list[int]] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """The number of columns of the frame: identifiers kept beside it do not count."""
        return sum(not column.partial for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column called `name`."""
        return next(column for column in self.columns if column.name == name)

    def role(self, *roles: str) -> list[str]:
        """Return the names of the columns that play one of `roles`."""
        return [column.name for column in self.columns if column.role in roles]


def folder() -> Path:
    """Return the registry's folder: `datasets/` in a checkout, else the copy inside the package."""
    here = Path(__file__).resolve()
    inside = here.with_name("_registry")
    checkout = here.parents[2] / "datasets"
    found = next((place for place in (inside, checkout) if any(place.glob("*.toml"))), None)
    if found is None:
        raise FileNotFoundError(
            f"The data registry is neither in {checkout} (a checkout) nor in {inside} "
            "(an installed crmlib): reinstall crmlib."
        )
    return found


@cache
def entries() -> dict[str, Entry]:
    """Return every entry of the registry by name, in catalog order."""
    found = {path.stem: read(path) for path in folder().glob("*.toml")}
    known = [name for name in ORDER if name in found]
    return {name: found[name] for name in known + sorted(set(found) - set(known))}


def entry(name: str) -> Entry:
    """Return the entry called `name`, or raise a ValueError that lists the names there are.

    Examples
    --------
    >>> entry("ibm-telco").rows
    7043
    """
    return entries()[one_of(name, entries(), "name")]


def read(path: Path) -> Entry:
    """Read one registry file; a missing or misspelled field is refused with file and field."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        columns = tuple(
            _build(Column, {"name": name, **spec}) for name, spec in raw.pop("schema").items()
        )
        files = tuple(_build(File, spec) for spec in raw.pop("files"))
        defects = tuple(
            _build(Defect, {"key": key, **spec}) for key, spec in raw.pop("defects", {}).items()
        )
        made = _build(
            Entry,
            {"name": path.stem, "columns": columns, "files": files, "defects": defects, **raw},
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path.name} is not a valid registry entry: {error}.") from error
    for column in made.columns:
        one_of(column.role, ROLES, f"{path.name}: role of {column.name!r}")
    return made


def _build(kind: type[T], spec: dict[str, Any]) -> T:
    frozen = {key: tuple(v) if isinstance(v, list) else v for key, v in spec.items()}
    return kind(**frozen)
