"""Editions hold no secret; grading resumes, regrades what changed, and keeps what people gave."""

import copy
import json
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from crmlib.course.exercises.classroom import Classroom
from crmlib.course.exercises.editions import secret_lines, student_edition, student_seed
from crmlib.course.exercises.feedback import feedback
from crmlib.course.exercises.grading import grade
from crmlib.course.exercises.overview import overview, report
from crmlib.course.exercises.proof import prove, unproved
from crmlib.course.exercises.sandbox import protection
from crmlib.course.exercises.source import Assignment, AssignmentError, read_assignment
from tests.exercises import tiny

walled = pytest.mark.skipif(protection() != "bubblewrap", reason="bubblewrap is missing")


def hand_in(folder: Path, **students: Any) -> Path:
    for name, notebook in students.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, folder / name / "tiny.ipynb")
    return folder


def test_the_blank_holds_no_solution_and_no_hidden_test(
    assignment: Assignment, room: Classroom
) -> None:
    secrets = secret_lines(assignment)
    assert "rate = lost.mean()" in secrets
    assert tiny.SECRET in secrets
    for path in (room.root / "release").rglob("*"):
        if path.is_file():
            text = path.read_text()
            assert not [line for line in secrets if line in text]
            assert "mistake" not in text


def test_a_secret_left_in_the_blank_stops_the_release(tmp_path: Path) -> None:
    place = tiny.write(tmp_path)
    source = nbformat.read(place / "tiny.ipynb", 4)
    source.cells[0].source += "\n\nrate = lost.mean()"
    nbformat.write(source, place / "tiny.ipynb")
    assignment = read_assignment(place)
    assert "rate = lost.mean()" not in secret_lines(assignment)  # the story shows it on purpose
    source.cells[2].source = "rate = lost.mean()  # BEGIN SOLUTION"
    nbformat.write(source, place / "tiny.ipynb")
    with pytest.raises(RuntimeError, match="solution"):
        student_edition(read_assignment(place))


def test_a_source_that_is_a_blank_stays_one_and_cannot_be_graded(
    assignment: Assignment, tmp_path: Path
) -> None:
    """As in a public archive, from which the book must build."""
    (tmp_path / "tiny").mkdir()
    blank = student_edition(assignment)
    nbformat.write(blank, tmp_path / "tiny" / "tiny.ipynb")
    source = read_assignment(tmp_path / "tiny")
    assert student_edition(source) == blank
    assert secret_lines(source) == set()
    with pytest.raises(AssignmentError, match="students' blank"):
        Classroom.open(tmp_path / "course").release(source)
    with pytest.raises(AssignmentError, match="students' blank"):
        prove(source)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda cells: cells.append(copy.deepcopy(cells[2])), "grade_id of their own"),
        (lambda cells: cells[3].metadata["nbgrader"].update(locked=False), "not locked"),
        (lambda cells: cells[3].metadata["nbgrader"].update(points=0), "no points"),
        (lambda cells: cells[2].update(source="%matplotlib inline"), "no plain Python"),
        (lambda cells: cells[3].update(metadata=nbformat.NotebookNode()), "plain cell"),
        (lambda cells: cells.__delitem__(slice(3, None)), "nothing to grade"),
    ],
)
def test_a_source_that_breaks_a_rule_is_refused(tmp_path: Path, change: Any, message: str) -> None:
    place = tiny.write(tmp_path)
    source = nbformat.read(place / "tiny.ipynb", 4)
    change(source.cells)
    (place / "tiny.ipynb").write_text(json.dumps(source))
    with pytest.raises(AssignmentError, match=message):
        read_assignment(place)


def test_a_folder_without_its_notebook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssignmentError, match=r"no notebook .*\.ipynb"):
        read_assignment(tmp_path)


def test_a_second_release_asks_first(room: Classroom, assignment: Assignment) -> None:
    with pytest.raises(FileExistsError, match="--again"):
        room.release(assignment)
    assert room.release(assignment, again=True)


def test_an_unknown_assignment_is_named(room: Classroom) -> None:
    with pytest.raises(FileNotFoundError, match="released: tiny"):
        room.assignment("small")


@walled
def test_the_proof_finds_fair_and_unfair_tests(assignment: Assignment, tmp_path: Path) -> None:
    table = prove(assignment).set_index("submission")
    assert table["fair"].all()
    assert table["score"].to_dict() == {"solution": 6, "blank": 0, "counts": 3, "adds": 4}
    assert unproved(assignment) == ["rate", "yearly"]
    place = tiny.write(tmp_path)
    source = nbformat.read(place / "tiny.ipynb", 4)
    source.cells[6].source = "### BEGIN HIDDEN TESTS\nassert True\n### END HIDDEN TESTS"
    nbformat.write(source, place / "tiny.ipynb")
    unfair = prove(read_assignment(place)).set_index("submission")["fair"]
    assert unfair.to_dict() == {"solution": True, "blank": False, "counts": True, "adds": False}


@walled
def test_a_class_is_graded_regraded_and_reported(
    room: Classroom, assignment: Assignment, blank: Any, tmp_path: Path
) -> None:
    right = tiny.answered(blank, **tiny.RIGHT)
    partly = tiny.answered(blank, rate="rate = lost.mean()")
    place = hand_in(tmp_path / "in", li=right, wang=partly, zhao=right)
    first = grade(room, "tiny", place, progress=False, jobs=2)
    assert first["score"].to_dict() == {"li": 6, "wang": 3, "zhao": 6}

    with room.gradebook() as book:  # a person reads the written answers
        given = book.find_grade("why", "tiny", "tiny", "li")
        assert given.needs_manual_grade
        given.manual_score, given.needs_manual_grade = 3.5, False
        book.find_comment("why", "tiny", "tiny", "li").manual_comment = "<b>Well said</b>"
        book.db.commit()

    # A crash: one record is lost. And one student hands in anew.
    (room.root / "autograded" / "zhao" / "tiny" / "graded.json").unlink()
    hand_in(place, wang=right)
    second = grade(room, "tiny", place, progress=False, jobs=1)
    assert second["status"].to_dict() == {"li": "unchanged", "wang": "graded", "zhao": "graded"}
    grades = room.grades("tiny").set_index(["student", "cell"])
    assert grades.loc[("li", "why"), "score"] == 3.5
    assert not grades.loc[("li", "why"), "needs_manual_grade"]

    # The written answer changes: the grade given by hand stays, and asks to be looked at.
    hand_in(place, li=tiny.answered(right, why="Something else altogether."))
    grade(room, "tiny", place, progress=False, jobs=1)
    grades = room.grades("tiny").set_index(["student", "cell"])
    assert grades.loc[("li", "why"), "manual_score"] == 3.5
    assert grades.loc[("li", "why"), "needs_manual_grade"]

    page = next(one for one in feedback(room, "tiny") if "li" in one.parts).read_text()
    assert "&lt;b&gt;Well said&lt;/b&gt;" in page
    assert tiny.SECRET not in page
    found = overview(room, "tiny")
    assert found.students["score"].to_dict() == {"li": 9.5, "wang": 6, "zhao": 6}
    assert found.tasks.index[-1] != "why"
    files = {one.name: one for one in report(room, "tiny")}
    assert "Points Possible,,,,,10.0" in files["canvas.csv"].read_text()
    assert (
        BeautifulSoup(files["overview.html"].read_text(), "html.parser").find("h1").text == "Tiny"
    )


@walled
@pytest.mark.parametrize(
    ("member", "student"),
    [
        ("Li Wei_12345_assignsubmission_file_/tiny.ipynb", "Li-Wei"),
        ("liwei_12345_9_tiny.ipynb", "liwei"),
    ],
)
def test_what_a_platform_exports_comes_back_as_grades_it_takes(
    room: Classroom, tmp_path: Path, member: str, student: str
) -> None:
    blank = nbformat.read(room.root / "release" / "tiny" / "tiny.ipynb", 4)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as out:
        out.writestr(member, nbformat.writes(tiny.answered(blank, **tiny.RIGHT)))
    grade(room, "tiny", tmp_path / "all.zip", progress=False)
    files = {one.name: one for one in report(room, "tiny")}
    # Moodle's importer wants these three columns, by exactly these names, and takes the number
    # behind "Participant" (mod/assign/feedback/offline/importgradeslib.php).
    moodle = pd.read_csv(files["moodle.csv"])
    assert {"Identifier", "Grade", "Last modified (grade)"} <= set(moodle.columns)
    assert moodle.loc[0, ["Identifier", "Grade"]].tolist() == ["Participant 12345", 6.0]
    # Canvas wants the student's columns in this order, its assignment's title, and knows the
    # student by the second column (lib/gradebook_importer.rb).
    canvas = pd.read_csv(files["canvas.csv"])
    columns = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Tiny"]
    assert canvas.columns.tolist() == columns
    assert "Points Possible" in canvas.loc[0, "Student"]
    assert canvas.loc[1, ["Student", "ID", "Tiny"]].tolist() == [student, 12345, 6.0]


@walled
def test_a_written_answer_is_shown_as_text_and_nothing_else(
    room: Classroom, tmp_path: Path
) -> None:
    blank = nbformat.read(room.root / "release" / "tiny" / "tiny.ipynb", 4)
    why = (
        "# Because\n\n- *prices*\n\n<script>alert(1)</script> [here](javascript:alert(2)) "
        "![](https://example.org/seen.png)"
    )
    place = hand_in(tmp_path / "in", li=tiny.answered(blank, **{**tiny.RIGHT, "why": why}))
    grade(room, "tiny", place, progress=False)
    (path,) = feedback(room, "tiny")
    page = BeautifulSoup(path.read_text(), "html.parser")
    assert [one.text for one in page.find_all("h1")] == ["Tiny"]
    assert "Because" in [one.text for one in page.find_all("h3")]
    assert page.find("em").text == "prices"
    assert page.find("script") is None
    assert page.find("a") is None
    assert "img-src data:" in path.read_text()  # a picture from elsewhere is not asked for
    rows = [one.th.text for one in page.find("tbody").find_all("tr")]
    assert rows[0] == "the churn rate"
    report(room, "tiny")
    overview = (room.root / "reports" / "tiny" / "overview.html").read_text()
    assert "the churn rate" in overview


@walled
def test_each_student_has_data_of_their_own(assignment: Assignment, tmp_path: Path) -> None:
    room = Classroom.open(tmp_path / "course")
    paths = room.release(assignment, students=["li", "wang"])
    blanks = [nbformat.read(path, 4) for path in paths]
    seeds = [one.cells[1].source.splitlines()[0] for one in blanks]
    assert seeds[0] != seeds[1]
    assert seeds[0] == f"SEED = {room.seed('tiny', 'li')}"
    right = [tiny.answered(one, **tiny.RIGHT) for one in blanks]
    copied = tiny.answered(blanks[1], rate="rate = 0.197", yearly=tiny.RIGHT["yearly"])
    place = hand_in(tmp_path / "in", li=right[0], wang=copied)
    scores = grade(room, "tiny", place, progress=False)["score"]
    assert scores.to_dict() == {"li": 6, "wang": 3}


def test_seeds_differ_and_do_not_tell_the_secret() -> None:
    seeds = {student_seed(b"secret", "tiny", f"student {i}") for i in range(200)}
    assert len(seeds) > 195
    assert student_seed(b"secret", "tiny", "li") != student_seed(b"other", "tiny", "li")


@walled
def test_answers_that_are_alike_are_shown(room: Classroom, blank: Any, tmp_path: Path) -> None:
    long = (
        "def yearly(monthly):\n    kept = 1.0\n    for month in range(12):\n"
        "        kept = kept * (1 - monthly)\n    return 1 - kept"
    )
    renamed = long.replace("kept", "rest").replace("month ", "m ")
    place = hand_in(
        tmp_path / "in",
        li=tiny.answered(blank, yearly=long),
        wang=tiny.answered(blank, yearly=renamed),
        zhao=tiny.answered(blank, **tiny.RIGHT),
    )
    grade(room, "tiny", place, progress=False)
    alike = overview(room, "tiny").alike
    assert alike[["one", "two"]].to_numpy().tolist() == [["li", "wang"]]
