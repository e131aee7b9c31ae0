"""Fixtures of the data tests: the real files where this machine has them, and no internet."""

from collections.abc import Callable

import pytest

from crmlib.data import Dataset, load
from crmlib.data.registry import entry
from crmlib.data.sources import nearest


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """Each test has a cache of its own, empty, so that none reads or writes the user's."""
    monkeypatch.setenv("CRMLIB_CACHE", str(tmp_path_factory.mktemp("cache") / "crmlib"))


@pytest.fixture
def real() -> Callable[..., Dataset]:
    """Load a set from this machine, or skip and say what is missing."""

    def loaded(name: str, **options: object) -> Dataset:
        if nearest(entry(name)) in {"download", "bring your own"}:
            pytest.skip(f"{name}: neither CRMLIB_DATA nor an installed package has its file")
        return load(name, **options)

    return loaded
