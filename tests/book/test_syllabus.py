"""The syllabus map lists every item of the course, and no entry points nowhere."""

import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="the syllabus map is a Sphinx extension (extra: book)")

ROOT = Path(__file__).parents[2]
INVENTORY = ROOT.parent / "shared" / "course-inventory.md"

# The course's items: how many rows each part has; part F counts by chapter of the report.
PARTS = {"A": 52, "B": 57, "C": 13, "D": 9, "E": 24}
REPORT = (1, 10, 4, 6, 7, 5, 5, 6, 6, 3, 3, 4)
EXPECTED = [f"{part}{row}" for part, rows in PARTS.items() for row in range(1, rows + 1)]
EXPECTED += [
    f"F{chapter}.{row}" for chapter, rows in enumerate(REPORT, 1) for row in range(1, rows + 1)
]

GOOD = """
[A1]
item = "Goals"
kind = ["P"]
source = "S0"
chapter = 1
"""


@pytest.fixture(scope="module")
def syllabus():
    spec = spec_from_file_location("syllabus", ROOT / "book" / "_ext" / "syllabus.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def items(syllabus):
    return syllabus.read()


def one(syllabus, tmp_path, text):
    """Return the single item of a file that holds `text`."""
    path = tmp_path / "syllabus.toml"
    path.write_text(text, encoding="utf-8")
    return syllabus.read(path)


def test_every_item_of_the_course_is_there_once_and_in_order(items):
    assert [item.id for item in items] == EXPECTED


def test_the_map_agrees_with_the_course_inventory(items):
    if not INVENTORY.is_file():
        pytest.skip(f"no {INVENTORY.name} beside the checkout; the list in this test stands for it")
    text = INVENTORY.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-F][\d.]+) \| .*? \| (.*?) \| (.*?) \|", text, re.M)
    expected = [
        (name, tuple(re.split(", ?", kind)), re.sub(r" \((named only|cut)\)", "", source))
        for name, kind, source in rows
    ]
    assert [(item.id, item.kind, item.source) for item in items] == expected


def test_no_entry_of_the_map_points_nowhere(syllabus, items):
    assert syllabus.problems(items, ROOT) == []


def test_texts_and_anchors_tell_items_apart(items):
    assert all(item.item.strip() for item in items)
    assert len({item.anchor for item in items}) == len(items)


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ('pages = ["chapters/none"]', "A1: there is no page chapters/none.md."),
        ('functions = ["crmlib.none.f"]', "A1: there is no function crmlib.none.f."),
        ('functions = ["crmlib._checks.f"]', "A1: there is no function crmlib._checks.f."),
        ('functions = ["crmlib.__version__"]', "A1: there is no function crmlib.__version__."),
        ('functions = ["os.getcwd"]', "A1: there is no function os.getcwd."),
        ('functions = ["a b"]', "A1: there is no function a b."),
        ('exercises = ["none"]', "A1: there is no folder exercises/none."),
    ],
)
def test_an_entry_that_points_nowhere_is_found(syllabus, tmp_path, entry, complaint):
    assert syllabus.problems(one(syllabus, tmp_path, GOOD + entry), tmp_path) == [complaint]


def test_entries_that_point_somewhere_are_accepted(syllabus, tmp_path):
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "page.md").touch()
    (tmp_path / "exercises" / "bucket").mkdir(parents=True)
    coverage = """
pages = ["chapters/page"]
functions = ["crmlib.plots.use", "crmlib.recovery.segment"]
exercises = ["bucket"]
"""
    assert syllabus.problems(one(syllabus, tmp_path, GOOD + coverage), tmp_path) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + 'page = ["x"]', r"A1 has unknown keys \['page'\]"),
        (GOOD.replace("chapter = 1", ""), r"A1 lacks \['chapter'\]"),
        (GOOD.replace('"P"', '"X"'), r"A1: kind \['X'\] is not among"),
        (GOOD.replace("S0", "S9"), r"A1: source \['S9'\]"),
        (GOOD.replace("= 1", "= 5"), r"A1: chapter \[5\]"),
        (GOOD + 'gap = "lost"', r"A1: gap \['lost'\]"),
        (GOOD + 'pages = "chapters/page"', "A1: pages must be a list"),
        (GOOD.replace('["P"]', '"P"'), "A1: kind must be a list"),
        (GOOD.replace("A1", "G1"), r"G1: part \['G'\]"),
        (GOOD + GOOD, "(?i)twice|declare|overwrite"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(syllabus, tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        one(syllabus, tmp_path, text)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build a book of two pages; return a function that reads a built page."""
    source = tmp_path_factory.mktemp("book")
    (source / "conf.py").write_text(
        f"import sys; sys.path.insert(0, {str(ROOT / 'book' / '_ext')!r})\n"
        "extensions = ['myst_parser', 'syllabus', 'sphinx.ext.autodoc']\n"
        "nitpicky = True; syllabus_file = 'syllabus.toml'\n",
        encoding="utf-8",
    )
    (source / "syllabus.toml").write_text(
        GOOD
        + 'pages = ["lesson"]\nfunctions = ["crmlib.plots.use", "crmlib.hidden.f"]\n'
        + GOOD.replace("[A1]", '["F1.1"]').replace("Goals", "Definition"),
        encoding="utf-8",
    )
    (source / "index.md").write_text(
        "# Map\n\n```{toctree}\nlesson\n```\n```{syllabusmap}\n```\n"
        "```{eval-rst}\n.. autofunction:: crmlib.plots.use\n```\n",
        encoding="utf-8",
    )
    (source / "lesson.md").write_text("# What churn is\n\nSee {syllabus}`F1.1`.", encoding="utf-8")

    def build(folder):
        command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", ".", folder]
        return subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)

    result = build("out")
    assert result.returncode == 0, result.stderr
    return source, build


def test_the_page_marks_what_is_covered_and_what_is_not_yet(site):
    html = (site[0] / "out" / "index.html").read_text(encoding="utf-8")
    assert "1 of 2 items are on a page so far" in html
    covered = html[html.index('id="syllabus-a1"') : html.index('id="syllabus-part-b"')]
    assert 'href="lesson.html"' in covered
    assert "What churn is" in covered
    assert 'href="#crmlib.plots.use"' in covered
    assert "crmlib.hidden.f()" in covered
    assert "not yet" not in covered
    missing = html[html.index('id="syllabus-f1-1"') :]
    assert "<strong>not yet</strong>" in missing


def test_tables_have_captions_and_header_cells(site):
    html = (site[0] / "out" / "index.html").read_text(encoding="utf-8")
    assert html.count("<table") == html.count("<caption") == 7
    assert '<th class="stub"><p>A1</p></th>' in html


def test_a_link_to_an_item_says_what_the_item_is(site):
    html = (site[0] / "out" / "lesson.html").read_text(encoding="utf-8")
    assert 'href="index.html#syllabus-f1-1" title="F1.1: Definition"' in html


def test_a_link_to_an_item_that_is_none_fails_the_build(site):
    source, build = site
    (source / "lesson.md").write_text("# Lesson\n\n{syllabus}`A99`", encoding="utf-8")
    result = build("out-bad")
    assert result.returncode != 0
    assert "no syllabus item 'A99'" in result.stderr
