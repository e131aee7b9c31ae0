"""The glossary: each term once, in order, in both languages, and its links resolve."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "book"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
BRITISH = re.compile(
    r"\b(?:\w*(?:behaviour|colour|favour|honour|labour|neighbour|organis|personalis|optimis[ei]|"
    r"minimis|maximis|prioritis|realis[ei]|recognis|modelling|modelled|labell|cancelled|cancelling|"
    r"judgement|catalogue|centre)\w*|analys(?:e|ed|ing)|programmes?|licences?|defence|fulfil)\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def entries():
    """The glossary's entries: a list of names, English first, and the definition."""
    text = (BOOK / "glossary.md").read_text(encoding="utf-8")
    body = re.search(r":::\{glossary\}\n(.*)\n:::", text, re.DOTALL)[1]
    found = []
    for entry in body.strip().split("\n\n"):
        lines = entry.splitlines()
        names = [line for line in lines if not line.startswith(" ")]
        found.append((names, " ".join(line.strip() for line in lines[len(names) :])))
    return found


def test_there_are_terms_for_the_whole_course(entries):
    assert len(entries) >= 90


def test_no_name_comes_twice(entries):
    names = [name.casefold() for group, _ in entries for name in group]
    assert sorted(names) == sorted(set(names))


def test_terms_are_in_english_alphabetical_order(entries):
    english = [names[0].casefold() for names, _ in entries]
    assert english == sorted(english)


def test_each_term_has_an_english_and_a_chinese_name_and_a_definition(entries):
    for names, definition in entries:
        assert re.match(r"[A-Z]", names[0]), names
        assert not CHINESE.search(names[0]), names
        assert any(CHINESE.search(name) for name in names[1:]), f"{names[0]} has no Chinese name"
        assert len(definition) > 40, f"{names[0]} has no definition"
        assert definition.endswith("."), f"{names[0]}: the definition stops short"


@pytest.mark.parametrize("page", ["glossary.md", "syllabus.toml", "syllabus-map.md"])
def test_the_spelling_is_american(page):
    assert BRITISH.findall((BOOK / page).read_text(encoding="utf-8")) == []


def test_the_spelling_check_knows_british_forms_from_american_ones():
    assert BRITISH.findall("behaviour, to analyse, modelling, organisation, centre") == [
        "behaviour",
        "analyse",
        "modelling",
        "organisation",
        "centre",
    ]
    assert BRITISH.findall("behavior, two analyses, realistic, optimism, cancellation") == []


def test_terms_and_sources_resolve_in_both_languages(entries, tmp_path):
    pytest.importorskip("sphinxcontrib.bibtex", reason="builds a small book (extra: book)")
    for name in ("glossary.md", "bibliography.md", "references.bib"):
        shutil.copy(BOOK / name, tmp_path)
    (tmp_path / "conf.py").write_text(
        "extensions = ['myst_parser', 'sphinxcontrib.bibtex']\n"
        "myst_enable_extensions = ['colon_fence']\n"
        "bibtex_bibfiles = ['references.bib']; bibtex_reference_style = 'author_year'\n",
        encoding="utf-8",
    )
    (tmp_path / "index.md").write_text(
        "# Book\n\n```{toctree}\nglossary\nbibliography\n```\n\n"
        "{term}`churn rate` and {term}`客户流失率`, {cite:t}`reichheld1990`\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", ".", "out"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    html = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert html.count('href="glossary.html#term-') == 2
    glossary = (tmp_path / "out" / "glossary.html").read_text(encoding="utf-8")
    assert glossary.count("<dt ") == sum(len(names) for names, _ in entries)
