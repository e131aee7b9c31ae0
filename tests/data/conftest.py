"""Fixtures of the data tests: the real files where this machine has them, and no internet."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from crmlib.data import Dataset, load, readers, registry
from crmlib.data.registry import Entry, entry
from crmlib.data.sources import nearest

TOY = """
title = "Toy operator"
kind = "simulated"
description = "Five customers."
rows = 5
target = "left"
positive = "True"
share_positive = 0.4
license = "CC0-1.0"
license_note = ""
citation = "Nobody (2026). Toy operator."
homepage = "https://example.org/"
verified = "Made for a test."
obtain = "ask nobody"

[[files]]
name = "toy.csv"
aliases = ["toy-operator.csv"]
format = "csv"
url = "URL"
sha256 = "SHA"
size = SIZE

[schema]
"customer" = { dtype = "string", meaning = "Number.", role = "id", unique = true }
"months" = { dtype = "int", meaning = "Tenure.", low = 0, high = 72, unit = "months" }
"plan" = { dtype = "category", meaning = "Plan.", categories = ["S", "M", "L"], ordered = true }
"bill" = { dtype = "float", meaning = "Bill.", low = 0.0, nullable = true, missing = ["NA"] }
"since" = { dtype = "datetime", meaning = "Start.", format = "%Y-%m-%d", low = "2020-01-01" }
"left" = { dtype = "bool", meaning = "Left.", role = "target" }
"""


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory, monkeypatch) -> Path:
    """Each test has a cache of its own, not made yet, so that none reads or writes the user's."""
    folder = tmp_path_factory.mktemp("cache") / "crmlib"
    monkeypatch.setenv("CRMLIB_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session", autouse=True)
def _workbooks_are_parsed_once() -> Iterator[None]:
    """Parsing the survey's workbooks takes seconds; each is parsed once for all tests."""
    parse = readers._READERS["excel"]
    parsed: dict[Path, tuple] = {}

    def once(located):
        if located.path not in parsed:
            parsed[located.path] = parse(located)
        table, changes = parsed[located.path]
        return table.copy(), changes

    patch = pytest.MonkeyPatch()
    patch.setitem(readers._READERS, "excel", once)
    yield
    patch.undo()


@pytest.fixture
def real() -> Callable[..., Dataset]:
    """Load a set from this machine, or skip and say what is missing."""

    def loaded(name: str, **options: object) -> Dataset:
        if nearest(entry(name)) in {"download", "bring your own"}:
            pytest.skip(f"{name}: neither CRMLIB_DATA nor an installed package has its file")
        return load(name, **options)

    return loaded


@pytest.fixture
def toy(tmp_path, monkeypatch) -> Callable[..., Entry]:
    """Register a toy set as the only one, with the hash of the rows given."""
    monkeypatch.delenv("CRMLIB_DATA", raising=False)

    def register(rows: str = "", url: str = "") -> Entry:
        digest = sha256(rows.encode()).hexdigest() if rows else ""
        text = TOY.replace("URL", url).replace("SHA", digest).replace("SIZE", str(len(rows)))
        file = tmp_path / "registry" / "toy.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        made = registry.read(file)
        monkeypatch.setattr(registry, "entries", lambda: {"toy": made})
        return made

    return register
