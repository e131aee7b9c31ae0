"""Proof that an assignment grades fairly.

Full marks for the solution, none for the blank, and for each planted mistake exactly the points
it should lose.
"""

from __future__ import annotations

import copy
from typing import Any

import pandas as pd

from crmlib.course.exercises.editions import student_edition
from crmlib.course.exercises.grading import data_folders
from crmlib.course.exercises.marking import Marked, mark_together
from crmlib.course.exercises.sandbox import Limits
from crmlib.course.exercises.source import (
    Assignment,
    AssignmentError,
    kind,
    marks,
    refuse_blank,
)

#: How many typical mistakes each task must be tried with.
MISTAKES = 3
#: Seconds the whole proof may take.
ALL_SECONDS = 1800.0


def prove(
    assignment: Assignment, *, seed: int | None = None, limits: Limits | None = None
) -> pd.DataFrame:
    """Mark the solution, the blank and every planted mistake.

    Parameters
    ----------
    assignment : Assignment
    seed : int, optional
        Prove it for a student with data of their own.
    limits : Limits, optional

    Returns
    -------
    DataFrame
        One row a submission: ``submission``, ``task``, ``score``, ``expected``, ``lost`` (the
        test cells that took points), ``should_lose``, and whether it is ``fair``.

    Raises
    ------
    AssignmentError
        If a planted mistake names a cell that is not there.
    """
    refuse_blank(assignment)
    tests = assignment.tasks[assignment.tasks["kind"].eq("tests")]
    full = float(tests["points"].sum())
    every = tuple(tests.index)
    blank = student_edition(assignment)
    cases: list[tuple[str, str, Any, tuple[str, ...]]] = [
        ("solution", "", assignment.notebook, ()),
        ("blank", "", blank, every),
    ]
    answers = {marks(cell)["grade_id"] for cell in blank.cells if kind(cell) == "answer"}
    for mistake in assignment.mistakes:
        unknown = {mistake.task} - answers | set(mistake.loses) - set(every)
        if unknown:
            raise AssignmentError(f"{assignment.name}: mistakes.toml names {sorted(unknown)}.")
        wrong = copy.deepcopy(assignment.notebook)
        for cell in wrong.cells:
            if marks(cell).get("grade_id") == mistake.task:
                cell.source = mistake.code
        cases.append((mistake.name, mistake.task, wrong, mistake.loses))
    rows = []
    limits = limits or Limits(total_seconds=ALL_SECONDS)
    every_one = mark_together(
        assignment, [one[2] for one in cases], seed=seed, limits=limits, data=data_folders()
    )
    for (name, task, _, loses), found in zip(cases, every_one, strict=True):
        lost = tuple(one.cell for one in found.verdicts if one.score < one.points)
        least = full - sum(tests["points"][list(loses)])
        rows.append(
            {
                "submission": name,
                "task": task,
                "score": found.score,
                "expected": least,
                "lost": lost,
                "should_lose": tuple(loses),
                "fair": found.score == least and set(lost) == set(loses),
                "why": _why(found),
            }
        )
    return pd.DataFrame(rows)


def unproved(assignment: Assignment) -> list[str]:
    """Return the tasks that are tried with too few typical mistakes."""
    counts = pd.Series([one.task for one in assignment.mistakes]).value_counts()
    tests = assignment.tasks[assignment.tasks["kind"].eq("tests")]
    return [task for task in dict.fromkeys(tests["answer"]) if counts.get(task, 0) < MISTAKES]


def _why(found: Marked) -> str:
    messages = [f"{one.cell}: {one.message}" for one in found.verdicts if one.message]
    return " | ".join([*messages, *found.notes])
