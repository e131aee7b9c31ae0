"""An assignment as its author writes it: one notebook in nbgrader's format, and planted mistakes.

Cells are of five kinds, as nbgrader's toolbar in JupyterLab marks them: *read-only* (set-up and
story), *autograded answer* (a solution between ``### BEGIN SOLUTION`` and ``### END SOLUTION``),
*autograder tests* (points; hidden tests between ``### BEGIN HIDDEN TESTS`` and
``### END HIDDEN TESTS``), *manually graded answer* (points, a rubric in the solution), and plain.
"""

from __future__ import annotations

import ast
import tomllib
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from crmlib._checks import listed, optional

#: What a test that the student may not see stands between.
HIDDEN = ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS")
#: The name the seed has in a notebook whose data differ from student to student.
SEED = "SEED"


class AssignmentError(ValueError):
    """An assignment's source that cannot be released; the message names the cell."""


@dataclass(frozen=True)
class Mistake:
    """A typical wrong answer, and what it must lose.

    Attributes
    ----------
    task : str
        The answer's cell, by its ``grade_id``.
    name : str
        The mistake, in a few words.
    code : str
        What the student writes instead of the solution.
    loses : list of str
        The test cells that must fail.
    """

    task: str
    name: str
    code: str
    loses: tuple[str, ...]


@dataclass(frozen=True)
class Assignment:
    """The source of one assignment.

    Attributes
    ----------
    name : str
        Its folder's and notebook's name.
    folder : Path
    notebook : NotebookNode
        Version 4, with solutions, hidden tests and stored outputs.
    """

    name: str
    folder: Path
    notebook: Any

    @property
    def about(self) -> dict[str, Any]:
        """Title, chapter, minutes and level, from the notebook's metadata."""
        return dict(self.notebook.metadata.get("crmlib", {}))

    @property
    def title(self) -> str:
        """The assignment's title."""
        return str(self.about.get("title", self.name))

    @property
    def blank(self) -> bool:
        """Whether it is a blank itself, as in a public archive: nothing in it is secret."""
        return "assignment" in self.about

    @property
    def points(self) -> float:
        """The most one can get."""
        return float(self.tasks["points"].sum())

    @cached_property
    def tasks(self) -> pd.DataFrame:
        """One row a graded cell: its kind, points, answer, and whether it has hidden tests."""
        rows, answer = [], ""
        for cell in self.notebook.cells:
            mark = marks(cell)
            if mark.get("solution"):
                answer = mark["grade_id"]
            if mark.get("grade"):
                written = bool(mark.get("solution"))
                rows.append(
                    {
                        "cell": mark["grade_id"],
                        "kind": "written" if written else "tests",
                        "points": float(mark["points"]),
                        "answer": answer,
                        "hidden": HIDDEN[0] in cell.source,
                    }
                )
        columns = ["cell", "kind", "points", "answer", "hidden"]
        return pd.DataFrame(rows, columns=columns).set_index("cell")

    @property
    def seeded(self) -> bool:
        """Whether its data can differ from student to student."""
        return any(seed_line(cell.source) is not None for cell in self.locked_code)

    @property
    def locked_code(self) -> list[Any]:
        """The set-up: read-only cells with code."""
        return [cell for cell in self.notebook.cells if kind(cell) == "set-up"]

    @property
    def mistakes(self) -> list[Mistake]:
        """The planted mistakes of ``mistakes.toml``."""
        path = self.folder / "mistakes.toml"
        if not path.is_file():
            return []
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("mistake", [])
        return [
            Mistake(one["task"], one["name"], one["code"], tuple(one["loses"])) for one in entries
        ]


def kind(cell: Any) -> str:
    """Return a cell's kind: set-up, answer, tests, written, story or plain."""
    mark = marks(cell)
    if mark.get("grade"):
        return "written" if mark.get("solution") else "tests"
    if mark.get("solution"):
        return "answer"
    if mark.get("locked"):
        return "set-up" if cell.cell_type == "code" else "story"
    return "plain"


def marks(cell: Any) -> dict[str, Any]:
    """Return nbgrader's marks of a cell; empty where there are none."""
    mark = cell.metadata.get("nbgrader", {})
    return dict(mark) if isinstance(mark, dict) else {}


def titles(assignment: Assignment) -> dict[str, str]:
    """Return what each part is called on pages: the title of its tests, or else its mark.

    Parameters
    ----------
    assignment : Assignment

    Returns
    -------
    dict of str to str
    """
    found = {}
    for cell in assignment.notebook.cells:
        first = str(cell.source).partition("\n")[0]
        name = str(marks(cell).get("grade_id", ""))
        _, told, title = first.partition("# Tests:")
        found[name] = title.strip() if told and kind(cell) == "tests" else name
    return found


def seed_line(source: str) -> int | None:
    """Return the number of the line that sets the seed, if there is one."""
    for number, line in enumerate(source.splitlines()):
        if line.replace(" ", "").startswith(f"{SEED}="):
            return number
    return None


def read_assignment(folder: Path | str) -> Assignment:
    """Read an assignment's source and check that it can be released.

    Parameters
    ----------
    folder : path
        Holds a notebook of the folder's own name.

    Returns
    -------
    Assignment

    Raises
    ------
    AssignmentError
        When the notebook is missing or a cell breaks a rule; the message names the cell.
    """
    nbformat = optional("nbformat", "course")
    folder = Path(folder).resolve()
    path = folder / f"{folder.name}.ipynb"
    if not path.is_file():
        raise AssignmentError(f"{folder.name}: there is no notebook {path.name} in the folder.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what nbformat would repair is refused below, by name
        assignment = Assignment(folder.name, folder, nbformat.read(path, as_version=4))
    _check(assignment)
    return assignment


def assignments(root: Path | str) -> list[Assignment]:
    """Return every assignment under `root`, by name."""
    folders = sorted(path.parent for path in Path(root).glob("*/*.ipynb"))
    return [read_assignment(one) for one in folders if (one / f"{one.name}.ipynb").is_file()]


def refuse_blank(assignment: Assignment) -> None:
    """Refuse a source that is only the students' blank: nothing can be graded with it.

    Parameters
    ----------
    assignment : Assignment

    Raises
    ------
    AssignmentError
        If it has neither solutions nor hidden tests.
    """
    if assignment.blank:
        raise AssignmentError(
            f"{assignment.name}: the notebook is the students' blank, without solutions and hidden "
            "tests. They are in the project's repository and in the instructor's archive."
        )


def _check(assignment: Assignment) -> None:
    name, seen = assignment.name, []
    for cell in assignment.notebook.cells:
        mark = marks(cell)
        if not mark:
            if any(word in cell.source for word in ("BEGIN SOLUTION", HIDDEN[0])):
                raise AssignmentError(f"{name}: a solution or hidden test stands in a plain cell.")
            continue
        seen.append(str(mark.get("grade_id", "")))
        if kind(cell) in ("set-up", "answer", "tests") and cell.cell_type == "code":
            _check_code(name, seen[-1], cell.source)
        if kind(cell) == "tests" and not mark.get("locked"):
            raise AssignmentError(f"{name}: the tests {seen[-1]!r} are not locked.")
        if mark.get("grade") and not float(mark.get("points", 0)) > 0:
            raise AssignmentError(f"{name}: {seen[-1]!r} is graded but has no points.")
    twice = sorted({one for one in seen if seen.count(one) > 1})
    if twice or "" in seen:
        raise AssignmentError(f"{name}: cells need a grade_id of their own: {listed(twice)}.")
    if assignment.tasks.empty:
        raise AssignmentError(f"{name}: there is nothing to grade.")


def _check_code(name: str, cell: str, source: str) -> None:
    try:
        ast.parse(source)
    except SyntaxError as error:
        raise AssignmentError(
            f"{name}: {cell!r} is no plain Python in line {error.lineno} ({error.msg}); "
            "magics cannot be graded."
        ) from None
