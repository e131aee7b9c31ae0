"""The book's directives show what the registry says, in tables anybody can read."""

import sys
from io import StringIO
from pathlib import Path

import pytest

from crmlib.data import registry

sphinx = pytest.importorskip("sphinx.application", reason="the book's tools are not installed")
bs4 = pytest.importorskip("bs4")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Build pages of MyST text with the extension; return their parsed HTML and the warnings."""
    monkeypatch.syspath_prepend(str(ROOT / "book" / "_ext"))

    def built(**pages):
        from sphinx.util.docutils import docutils_namespace

        source = tmp_path / "source"
        (source / "datasets").mkdir(parents=True)
        for name, text in pages.items():
            (source / "datasets" / f"{name.replace('_', '-')}.md").write_text(text)
        names = [f"datasets/{name.replace('_', '-')}" for name in pages]
        toc = "\n".join(names)
        (source / "index.md").write_text(f"# Home\n\n```{{toctree}}\n{toc}\n```\n")
        heard = StringIO()
        settings = {"extensions": ["myst_parser", "datasheet"], "html_theme": "basic"}
        with docutils_namespace():
            sphinx.Sphinx(
                str(source),
                None,
                str(tmp_path / "html"),
                str(tmp_path / "trees"),
                "html",
                confoverrides=settings,
                status=None,
                warning=heard,
            ).build()
        sys.modules.pop("datasheet", None)
        html = {
            name: bs4.BeautifulSoup(
                (tmp_path / "html" / f"{name}.html").read_text(encoding="utf-8"), "html.parser"
            )
            for name in names
        }
        return html, heard.getvalue()

    return built


def test_a_sheet_shows_facts_defects_and_columns(build):
    html, warnings = build(ibm_telco="# T\n\n## S\n\n```{datasheet} ibm-telco\n```\n")
    assert not warnings
    tables = html["datasets/ibm-telco"].find_all("table")
    assert len(tables) == 3
    for table in tables:
        assert table.caption is not None
        assert table.thead.find_all("th"), "the first row is a header"
        assert all(row.find("th") for row in table.tbody.find_all("tr")), "so is the first column"
    facts, defects, columns = (table.get_text(" ") for table in tables)
    about = registry.entry("ibm-telco")
    assert about.citation in facts
    assert about.files[0].sha256 in facts
    assert all(defect.evidence in defects for defect in about.defects)
    assert all(column.meaning in columns for column in about.columns)


def test_a_run_of_like_columns_takes_one_row(build):
    html, _ = build(kdd_cup_2009="# T\n\n## S\n\n```{datasheet} kdd-cup-2009\n```\n")
    columns = html["datasets/kdd-cup-2009"].find_all("table")[2]
    assert len(columns.tbody.find_all("tr")) == 5
    assert "Var1 to Var190" in " ".join(columns.tbody.tr.th.get_text(" ").split())


def test_the_catalog_links_every_sheet(build):
    pages = {name.replace("-", "_"): "# Sheet" for name in registry.entries()}
    html, warnings = build(**pages, overview="# Sets\n\n```{datacatalog}\n```\n")
    assert not warnings
    table = html["datasets/overview"].find("table")
    links = [row.th.a["href"] for row in table.tbody.find_all("tr")]
    assert links == [f"{name}.html" for name in registry.entries()]


def test_an_unknown_set_is_an_error_of_the_page(build):
    _, warnings = build(x="# T\n\n```{datasheet} ibm-telko\n```\n")
    assert "did you mean 'ibm-telco'" in warnings
