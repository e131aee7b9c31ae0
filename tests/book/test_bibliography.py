"""The bibliography can be read, and each work says who, what and when."""

import re
from pathlib import Path

import pytest

pybtex = pytest.importorskip("pybtex.database", reason="the book's bibliography (extra: book)")

FILE = Path(__file__).parents[2] / "book" / "references.bib"


@pytest.fixture(scope="module")
def works():
    # pybtex refuses a key that comes twice.
    return pybtex.parse_file(FILE, bib_format="bibtex").entries


def test_each_work_has_author_title_and_year(works):
    assert len(works) > 50
    for key, work in works.items():
        assert work.persons.get("author"), f"{key} has no author"
        assert work.fields.get("title"), f"{key} has no title"
        assert re.fullmatch(r"(19|20)\d\d", work.fields.get("year", "")), f"{key} has no year"


def test_keys_are_in_order_and_end_in_the_year(works):
    assert list(works) == sorted(works)
    for key, work in works.items():
        assert key.endswith(work.fields["year"]) or key == "iso10002"


def test_articles_name_their_journal(works):
    missing = [
        key
        for key, work in works.items()
        if work.type == "article" and not work.fields.get("journal")
    ]
    assert missing == []


def test_identifiers_are_bare_and_pages_are_ranges(works):
    for key, work in works.items():
        doi = work.fields.get("doi", "10.1/x")
        assert re.fullmatch(r"10\.\d+/\S+", doi), f"{key}: {doi} is no DOI"
        pages = work.fields.get("pages", "1--2")
        assert re.fullmatch(r"\d+(--\d+)?", pages), f"{key}: {pages} is no range of pages"
        if "--" in pages:
            first, last = map(int, pages.split("--"))
            assert first <= last, f"{key}: pages run backward"
