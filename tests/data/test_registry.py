"""The registry is complete, and everything it names exists."""

import re
from pathlib import Path

import pandas as pd
import pytest

from crmlib.data import catalog, registry
from crmlib.data.repairs import REPAIRS
from crmlib.data.schema import _READERS

ENTRIES = registry.entries()
FOLDER = Path(__file__).parents[2] / "datasets"
SPDX = {"Apache-2.0", "MIT", "CC-BY-4.0", "CC-BY-NC-ND-4.0", "GPL-3.0-only", "not stated"}
each = pytest.mark.parametrize("about", ENTRIES.values(), ids=ENTRIES)


def test_a_checkout_reads_its_own_registry():
    assert registry.folder() == FOLDER
    assert set(ENTRIES) == set(registry.ORDER)
    assert next(iter(ENTRIES)) == "ibm-telco"


def test_every_set_has_a_sheet_and_every_sheet_a_set():
    sheets = {path.stem for path in FOLDER.glob("*.md")} - {"index", "simulated-operator"}
    assert sheets == set(ENTRIES)
    for name in ENTRIES:
        text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
        assert f"```{{datasheet}} {name}\n```" in text
        assert "{code-cell}" not in text


@each
def test_every_fact_is_there(about):
    for field in ("title", "kind", "description", "citation", "homepage", "verified"):
        assert getattr(about, field).strip(), field
    assert about.license in SPDX
    assert about.license != "not stated" or about.license_note
    assert about.homepage.startswith("https://")
    assert about.rows > 0
    assert not about.target or about.column(about.target).role == "target"
    assert about.role("target") == ([about.target] if about.target else [])


@each
def test_every_file_can_be_known_and_found(about):
    assert about.files
    for file in about.files:
        assert not file.sha256 or re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert bool(file.sha256) or about.obtain
        assert bool(file.package) == bool(file.path) == bool(file.version)
        for url in [file.url] if file.url else []:
            assert re.search(r"/[0-9a-f]{40}/", url), "the address is pinned to a commit"
            assert file.sha256, "what is fetched is checked"
            assert file.size
        assert set(file.rename.values()) <= {column.name for column in about.columns}
        assert set(file.labels) <= {column.name for column in about.columns}
    assert about.obtain or any(file.url or file.package for file in about.files)


@each
def test_every_column_is_described(about):
    for column in about.columns:
        assert column.dtype in _READERS
        assert column.meaning.endswith("."), column.name
        assert "  " not in column.name
        assert column.name == column.name.strip()
        assert not column.categories or column.dtype == "category"
        assert column.dtype != "category" or len(set(column.categories)) == len(column.categories)
        assert column.dtype != "category" or column.categories, column.name


@each
def test_every_defect_teaches_and_every_repair_exists(about):
    names = {column.name for column in about.columns}
    for defect in about.defects:
        assert defect.what
        assert defect.evidence
        assert defect.lesson
        assert 0 <= defect.rows <= about.rows
        assert set(defect.columns) <= names
        assert not defect.rule or defect.rule in REPAIRS
        assert not defect.rule or defect.repair


def test_every_repair_is_used():
    used = {defect.rule for about in ENTRIES.values() for defect in about.defects}
    assert set(REPAIRS) == used - {""}


def test_sets_without_a_license_to_share_are_not_fetched():
    for name in ("beijing-voice", "beijing-internet"):
        assert not any(file.url for file in ENTRIES[name].files)


def test_the_catalog_says_where_each_set_is_here(monkeypatch, tmp_path):
    monkeypatch.setenv("CRMLIB_DATA", str(tmp_path))
    (tmp_path / "cell2celltrain.csv").write_text("x")
    table = catalog()
    assert isinstance(table, pd.DataFrame)
    assert table.index.name == "name"
    assert table.loc["cell2cell", "here"] == "CRMLIB_DATA"
    assert table.loc["ibm-telco-v2", "here"] == "download"
    assert table.loc["orange-belgium", "here"] == "bring your own"
    assert table.loc["hillstrom", "columns"] == 12


def test_a_misspelled_field_is_named(tmp_path, toy):
    toy()
    file = tmp_path / "registry" / "toy.toml"
    file.write_text(file.read_text().replace("license_note", "licence_note"))
    with pytest.raises(ValueError, match=r"toy\.toml is not a valid registry entry.*licence_note"):
        registry.read(file)


def test_an_unknown_role_is_refused(tmp_path, toy):
    toy()
    file = tmp_path / "registry" / "toy.toml"
    file.write_text(file.read_text().replace('role = "id"', 'role = "key"'))
    with pytest.raises(ValueError, match=r"role of 'customer' must be one of"):
        registry.read(file)


def test_an_installed_package_without_a_registry_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(registry, "__file__", str(tmp_path / "a" / "b" / "registry.py"))
    with pytest.raises(FileNotFoundError, match="reinstall crmlib"):
        registry.folder()


def test_an_installed_package_prefers_the_registry_inside_it(monkeypatch, tmp_path):
    inside = tmp_path / "crmlib" / "data" / "_registry"
    inside.mkdir(parents=True)
    (inside / "x.toml").write_text("")
    monkeypatch.setattr(registry, "__file__", str(tmp_path / "crmlib" / "data" / "registry.py"))
    assert registry.folder() == inside
