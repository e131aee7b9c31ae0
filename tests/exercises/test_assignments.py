"""Every assignment can be released, keeps its secrets, and grades fairly what students write."""

import ast
from pathlib import Path

import pytest

from crmlib.course.exercises.editions import secret_lines, student_edition
from crmlib.course.exercises.marking import mark, mark_together
from crmlib.course.exercises.proof import prove, unproved
from crmlib.course.exercises.sandbox import protection
from crmlib.course.exercises.source import (
    Assignment,
    assignments,
    kind,
    marks,
    read_assignment,
)
from tests.exercises import tiny

ROOT = Path(__file__).parents[2] / "exercises"
FOLDERS = sorted(path.parent for path in ROOT.glob("*/mistakes.toml"))
#: A student's seed, other than the one in the source.
OTHER = 123

each = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
walled = pytest.mark.skipif(protection() != "bubblewrap", reason="proving needs bubblewrap")


def test_every_folder_is_an_assignment_and_none_is_overlooked() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0].isdigit()}
    assert folders
    assert folders == {one.name for one in assignments(ROOT)} == {path.name for path in FOLDERS}


@each
def test_an_assignment_takes_an_hour_and_asks_for_a_judgment(folder: Path) -> None:
    assignment = read_assignment(folder)
    project = assignment.about["level"] == "project"
    minutes, points = ((90, 150), (30, 40)) if project else ((60, 90), (20, 30))
    assert minutes[0] <= assignment.about["minutes"] <= minutes[1]
    assert assignment.about["chapter"] == int(folder.name[0])
    assert points[0] <= assignment.points <= points[1]
    assert assignment.tasks["kind"].eq("written").any()
    answers = assignment.tasks[assignment.tasks["kind"].eq("tests")]
    assert 5 <= answers["answer"].nunique() <= 7
    assert answers["hidden"].all()


@each
def test_each_task_is_tried_with_three_mistakes_that_say_what_they_are(folder: Path) -> None:
    assignment = read_assignment(folder)
    assert unproved(assignment) == []
    names = [one.name for one in assignment.mistakes]
    assert len(names) == len(set(names))
    assert all(one.loses for one in assignment.mistakes)


@each
def test_the_blank_holds_no_secret(folder: Path) -> None:
    assignment = read_assignment(folder)
    blank = student_edition(assignment)
    kept = {line.strip() for cell in blank.cells for line in cell.source.splitlines()}
    assert secret_lines(assignment)
    assert not secret_lines(assignment) & kept
    assert not any(cell.get("outputs") for cell in blank.cells)


@each
def test_every_assertion_has_a_sentence_for_the_student(folder: Path) -> None:
    for cell in read_assignment(folder).notebook.cells:
        if kind(cell) != "tests":
            continue
        assert cell.source.startswith("# Tests: ")
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Assert):
                name = marks(cell)["grade_id"]
                where = f"{name}, line {node.lineno}"
                assert isinstance(node.msg, ast.Constant), f"{where}: no sentence"
                assert str(node.msg.value).endswith("."), f"{name}: {node.msg.value!r}"


@walled
@each
def test_grading_is_fair(folder: Path) -> None:
    _fair(read_assignment(folder), None)


@walled
@each
def test_grading_is_fair_for_a_student_with_data_of_their_own(folder: Path) -> None:
    assignment = read_assignment(folder)
    if not assignment.seeded:
        pytest.skip("all students have the same data")
    _fair(assignment, OTHER)


def _fair(assignment: Assignment, seed: int | None) -> None:
    found = prove(assignment, seed=seed)
    unfair = found[~found["fair"]]
    assert unfair.empty, unfair[["submission", "lost", "should_lose", "why"]].to_string()


@walled
def test_variants_marked_in_one_sandbox_are_marked_as_if_alone(assignment: Assignment) -> None:
    """Also when one leaves something behind, and when one ends the process."""
    blank = student_edition(assignment)
    variants = [
        tiny.answered(blank, **tiny.RIGHT),
        tiny.answered(blank, rate="lost[:] = True\nrate = 1.0", yearly=tiny.RIGHT["yearly"]),
        tiny.answered(blank, **tiny.RIGHT),
        tiny.answered(blank, rate="import os\nos._exit(1)", yearly=tiny.RIGHT["yearly"]),
        tiny.answered(blank, **tiny.RIGHT),
    ]
    together = [one.verdicts for one in mark_together(assignment, variants)]
    assert together == [mark(assignment, one).verdicts for one in variants]
    assert [sum(v.score for v in one) for one in together] == [6, 3, 6, 3, 6]
