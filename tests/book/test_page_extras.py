"""What a page carries besides its text: how to cite it, previews, redirects, versions, status."""

import io
import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from bs4 import BeautifulSoup

from tests.book.extensions import ROOT, extension

pytest.importorskip("sphinx", reason="these are Sphinx extensions (extra: book)")
PAGE = "chapters/1-churn-overview/measuring-churn.html"
CITATION = {
    "authors": [
        {"name": "The R&D group"},
        {"given-names": "Li Na", "family-names": "Wang"},
        {"family-names": "Madonna"},
    ],
    "version": "1.2",
    "date-released": "2026-11-21",
}


def parsed(entry):
    """Read a BibTeX entry with another program than the one that wrote it."""
    bibtex = pytest.importorskip("pybtex.database.input.bibtex")
    entries = bibtex.Parser().parse_stream(io.StringIO(entry)).entries
    assert len(entries) == 1
    return next(iter(entries.items()))


def test_the_citation_is_bibtex_that_another_program_reads():
    entry = extension("citation").bibtex(
        CITATION, "Losing & Winning", "50 % of {all} C_1 $", "a/b/some-page", "https://x.org/p.html"
    )
    key, read = parsed(entry)
    assert key == "some-page-2026"
    assert read.fields["year"] == "2026"
    assert read.fields["title"] == r"{50 \% of \{all\} C\_1 \$}"
    assert read.fields["url"] == "https://x.org/p.html"
    group, wang, madonna = read.persons["author"]
    assert group.last_names == [r"{The R\&D group}"]
    assert (wang.first_names, wang.middle_names, wang.last_names) == (["Li"], ["Na"], ["Wang"])
    assert madonna.last_names == ["Madonna"]


def test_without_an_address_the_citation_names_none():
    assert "url" not in extension("citation").bibtex(CITATION, "Book", "Page", "page")
    assert "href" not in extension("citation").reference(CITATION, "Book", "Page")


@pytest.mark.book
def test_every_page_of_text_says_how_to_cite_it(site):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    for path in sorted(site.glob("chapters/*/*.html")):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        box = soup.select_one("article details.crm-cite")
        key, read = parsed(box.select_one(".highlight pre").get_text())
        title = soup.select_one("h1").get_text().rstrip("#").strip()
        assert key.startswith(path.stem)
        assert read.fields["title"] == f"{{{title}}}"
        assert str(citation["version"]) in read.fields["note"]
    assert "crm-cite" not in (site / "search.html").read_text(encoding="utf-8")


@pytest.mark.book
def test_every_page_says_in_a_sentence_what_it_is_about(site):
    said = {}
    for path in sorted(site.glob("chapters/*/*.html")):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        said[path.name] = soup.select_one('meta[name="description"]')["content"]
    assert all(30 <= len(text) <= 210 for text in said.values())
    assert len(set(said.values())) == len(said)


@pytest.mark.book
def test_the_default_site_names_no_address_of_its_own(site):
    assert not (site / "sitemap.xml").exists()
    assert not (site / "404.html").exists()
    page = (site / PAGE).read_text(encoding="utf-8")
    assert not re.search(r'og:|rel="canonical"|name="robots"|versions\.js', page)


def test_a_sitemap_lists_whole_addresses():
    xml = extension("published").sitemap("https://x.org/book/", ["b/c d.html", "a.html"])
    places = [node.text for node in ET.fromstring(xml).iter() if node.tag.endswith("loc")]
    assert places == ["https://x.org/book/a.html", "https://x.org/book/b/c%20d.html"]


def test_a_card_has_the_size_it_is_announced_with_and_the_same_bytes_twice(tmp_path):
    published = extension("published")
    for name in ("one", "two"):
        published.draw_card(
            tmp_path / f"{name}.png", "A $5 offer, 客户流失, and a long title", "Book"
        )
    content = (tmp_path / "one.png").read_bytes()
    assert content == (tmp_path / "two.png").read_bytes()
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == published.SIZE
    assert len(content) < 100_000


MOVES = {
    "kept": ({"old": "new"}, []),
    "kept with a place on the page": ({"old": "new#part"}, []),
    "to nowhere": ({"old": "gone"}, ["leads to gone, which is no page"]),
    "still a page": ({"new": "other"}, ["new has moved, and is a page all the same"]),
    "out of the site": ({"../old": "new"}, ["not a place within the site"]),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_redirect_that_cannot_be_kept_is_named(name):
    moved, expected = MOVES[name]
    found = extension("redirects").problems(moved, {"new", "other"})
    assert len(found) == len(expected)
    assert all(text in line for text, line in zip(expected, found, strict=True))


def test_the_table_of_redirects_can_be_read():
    table = tomllib.loads((ROOT / "book" / "redirects.toml").read_text(encoding="utf-8"))
    assert set(table) == {"moved"}


@pytest.mark.book
def test_the_status_page_has_every_page_with_code_its_time_and_result(site):
    soup = BeautifulSoup((site / "book/status.html").read_text(encoding="utf-8"), "html.parser")
    built, run = soup.select("article table")
    versions = dict(
        [cell.get_text(strip=True) for cell in row.find_all(["th", "td"])]
        for row in built.select("tbody tr")
    )
    assert {"built (UTC)", "crmlib", "numpy", "pandas"} <= set(versions)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", versions["built (UTC)"])
    rows = {
        cells[0]: cells[1:]
        for row in run.select("tbody tr")
        if (cells := [cell.get_text(strip=True) for cell in row.find_all("td")])
    }
    chapters = {
        str(path.relative_to(ROOT).with_suffix("")) for path in ROOT.glob("chapters/*/*.md")
    }
    assert {Path(name).as_posix() for name in chapters} <= set(rows)
    for date, _, seconds, status in rows.values():
        assert re.match(r"\d{4}-", date)
        assert float(seconds) > 0
        assert status == "✅"


def test_a_build_that_is_repeated_states_the_time_it_was_given(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    assert extension("status").facts()["built (UTC)"] == "2001-09-09 01:46"
