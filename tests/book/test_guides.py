"""The instructor's guide tells the truth about the book: pages, assignments, minutes, points."""

import re
from pathlib import Path

import pytest

from crmlib.course.exercises.source import read_assignment

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "book/guides/instructor.md").read_text(encoding="utf-8")
TOC = (ROOT / "book/_toc.yml").read_text(encoding="utf-8")
PAGES = re.findall(r"file: (chapters/\S+)", TOC)
NAMES = sorted(path.parent.name for path in ROOT.glob("exercises/*/mistakes.toml"))
#: Weeks of a syllabus, minutes in class a week, and the most minutes a student works at home.
SYLLABI = {"Four": (4, 180, 240), "Eight": (8, 120, 250), "Fourteen": (14, 90, 180)}
pytestmark = pytest.mark.book


def rows(heading):
    """Cells of the first table below a heading."""
    section = re.search(rf"^#+ {heading}$(.*?)(?=^#+ |^\(\w+\)=$|\Z)", GUIDE, re.S | re.M)[1]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def named(cell):
    return re.findall(r"\{doc\}`/([^`]+)`", cell)


def assignment(cell):
    found = re.fullmatch(r"`([^`]+)`", cell)
    return found and found[1]


def reading(page):
    """The minutes a page says that it takes."""
    text = (ROOT / f"{page}.md").read_text(encoding="utf-8")
    return int(re.search(r"^About (\d+) minutes", text, re.M)[1])


@pytest.fixture(scope="module")
def course():
    return {name: read_assignment(ROOT / "exercises" / name) for name in NAMES}


@pytest.mark.parametrize("name", SYLLABI)
def test_a_syllabus_names_pages_and_assignments_that_exist(name):
    weeks = rows(f"{name} weeks")
    assert [week[0] for week in weeks] == [str(n + 1) for n in range(SYLLABI[name][0])]
    pages = [page for week in weeks for page in named(week[1])]
    assert pages
    assert set(pages) <= set(PAGES)
    assert len(set(pages)) == len(pages), "no page is read twice"
    given = [one for week in weeks if (one := assignment(week[2]))]
    assert set(given) <= set(NAMES)
    assert len(set(given)) == len(given)
    assert given[-1] == "5-the-chain", "the project comes last"


@pytest.mark.parametrize("name", SYLLABI)
def test_a_syllabus_covers_each_chapter(name):
    weeks = rows(f"{name} weeks")
    read = {page.split("/")[1] for week in weeks for page in named(week[1])}
    assert read == {page.split("/")[1] for page in PAGES}
    given = {one[0] for week in weeks if (one := assignment(week[2]))}
    assert len(given) >= 4


@pytest.mark.parametrize("name", ["Eight", "Fourteen"])
def test_the_longer_syllabi_leave_no_page_out(name):
    assert {page for week in rows(f"{name} weeks") for page in named(week[1])} == set(PAGES)


def test_the_longest_syllabus_has_every_assignment():
    assert [one for week in rows("Fourteen weeks") if (one := assignment(week[2]))] == NAMES


@pytest.mark.parametrize("name", SYLLABI)
def test_no_assignment_comes_before_its_chapter(name):
    begun = set()
    for week in rows(f"{name} weeks"):
        begun |= {page.split("/")[1][0] for page in named(week[1])}
        one = assignment(week[2])
        assert not one or one[0] in begun or begun == set("1234")


@pytest.mark.parametrize("name", SYLLABI)
def test_a_syllabus_fits_its_hours(name, course):
    _, in_class, most = SYLLABI[name]
    for week in rows(f"{name} weeks"):
        one = assignment(week[2])
        own = 2 * sum(map(reading, named(week[1]))) + (course[one].about["minutes"] if one else 0)
        assert int(week[5]) == own, f"week {week[0]}"
        assert own <= most
        assert int(week[4]) == in_class


def test_the_rubric_has_the_points_of_each_assignment(course):
    table = rows("The rubric")
    assert [assignment(row[0]) for row in table] == NAMES
    for row in table:
        tasks = course[assignment(row[0])].tasks
        by_hand = tasks.loc[tasks["kind"].eq("written"), "points"].sum()
        assert (int(row[1]), int(row[2])) == (tasks["points"].sum() - by_hand, by_hand)
        assert sum(map(int, re.findall(r"\((\d)\)", row[3]))) == by_hand


def test_guides_come_with_the_student_and_the_instructor_first():
    guides = re.findall(r"file: book/guides/(\S+)", TOC)
    assert guides[:2] == ["student", "instructor"]
