"""A course's folder: releases, submissions, grades, feedback, in nbgrader's layout.

``source/`` and ``release/`` hold assignments, ``submitted/``, ``autograded/`` and ``feedback/``
hold a folder for each student, ``gradebook.db`` the grades. So nbgrader's own formgrader opens
the folder, and written answers are graded there, in a browser.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from crmlib.course.exercises.editions import recorded_edition, student_edition, student_seed
from crmlib.course.exercises.marking import Marked
from crmlib.course.exercises.source import Assignment, kind, marks, read_assignment

_CONFIG = """\
# nbgrader's own tools (formgrader among them) read this.
c = get_config()
c.CourseDirectory.course_id = {name!r}
"""


@dataclass(frozen=True)
class Classroom:
    """A course's folder.

    Attributes
    ----------
    root : Path
    """

    root: Path

    @classmethod
    def open(cls, root: Path | str) -> Classroom:
        """Open the folder of a course; make it when it is not there.

        Parameters
        ----------
        root : path

        Returns
        -------
        Classroom
        """
        room = cls(Path(root).resolve())
        for name in ("source", "release", "submitted", "autograded", "feedback"):
            (room.root / name).mkdir(parents=True, exist_ok=True)
        config = room.root / "nbgrader_config.py"
        if not config.exists():
            write(config, _CONFIG.format(name=room.root.name))
        key = room.root / ".seed-secret"
        if not key.exists():
            write(key, secrets.token_hex(32))
            key.chmod(0o600)
        return room

    @property
    def database(self) -> str:
        """The gradebook's address for SQLAlchemy."""
        return f"sqlite:///{self.root / 'gradebook.db'}"

    def assignment(self, name: str) -> Assignment:
        """Read an assignment that was released here.

        Parameters
        ----------
        name : str

        Returns
        -------
        Assignment

        Raises
        ------
        FileNotFoundError
            If it was not; the message names those that were.
        """
        folder = self.root / "source" / name
        if not folder.is_dir():
            there = sorted(one.name for one in (self.root / "source").iterdir())
            raise FileNotFoundError(
                f"{name} was not released in {self.root.name}; "
                f"released: {', '.join(there) or 'none'}."
            )
        return read_assignment(folder)

    def seed(self, assignment: str, student: str) -> int | None:
        """Return the student's seed if the assignment was released with one for each."""
        about = self._release_record(assignment)
        if not about.get("per_student"):
            return None
        secret = (self.root / ".seed-secret").read_text(encoding="utf-8").strip().encode()
        return student_seed(secret, assignment, student)

    def release(
        self, assignment: Assignment, *, students: list[str] | None = None, again: bool = False
    ) -> list[Path]:
        """Write the blank notebook, and enter the assignment into the gradebook.

        Parameters
        ----------
        assignment : Assignment
        students : list of str, optional
            Give each of them their own data: a blank notebook in a folder of theirs.
        again : bool, default False
            Replace a release that is there.

        Returns
        -------
        list of Path
            The notebooks to hand out.

        Raises
        ------
        FileExistsError
            If it was released before and `again` is not said.
        """
        import nbformat

        target = self.root / "release" / assignment.name
        if target.exists() and not again:
            raise FileExistsError(
                f"{assignment.name} was released before. Release it again with --again; "
                "grades stay, and changed tests make every submission be graded anew."
            )
        blanks: dict[Path, Any] = {}
        if students:
            self._record_release(assignment.name, per_student=True)
            for one in students:
                path = target / one / f"{assignment.name}.ipynb"
                seed = self.seed(assignment.name, one)
                blanks[path] = student_edition(assignment, seed=seed)
        else:
            self._record_release(assignment.name, per_student=False)
            blanks[target / f"{assignment.name}.ipynb"] = student_edition(assignment)
        shutil.rmtree(target, ignore_errors=True)
        for path, blank in blanks.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, nbformat.writes(blank))
        source = self.root / "source" / assignment.name
        if source != assignment.folder:
            shutil.rmtree(source, ignore_errors=True)
            shutil.copytree(assignment.folder, source)
        self._enter(assignment)
        return list(blanks)

    def save(
        self, assignment: Assignment, student: str, marked: Marked, record: dict[str, Any]
    ) -> None:
        """Enter a marked submission: notebook, grades, then the record that says it is done.

        Grades and comments given by hand are never touched; where the written answer they were
        given for has changed, they are marked to be looked at again.
        """
        import nbformat

        folder = self.root / "autograded" / student / assignment.name
        folder.mkdir(parents=True, exist_ok=True)
        old = self.record(assignment.name, student)
        graded = with_verdicts(marked)
        write(folder / f"{assignment.name}.ipynb", nbformat.writes(graded))
        self._grade(assignment, student, marked, old.get("written", {}))
        full = {
            **record,
            "verdicts": [asdict(one) for one in marked.verdicts],
            "written": marked.written,
            "answers": marked.answers,
            "notes": marked.notes,
        }
        write(folder / "graded.json", json.dumps(full, indent=1, ensure_ascii=False))

    def record(self, assignment: str, student: str) -> dict[str, Any]:
        """Return what is known of a graded submission; empty when it was not graded."""
        path = self.root / "autograded" / student / assignment / "graded.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return dict(found)

    def records(self, assignment: str) -> dict[str, dict[str, Any]]:
        """Return the records of all graded submissions, by student."""
        places = sorted((self.root / "autograded").glob(f"*/{assignment}/graded.json"))
        names = [place.parent.parent.name for place in places]
        return {name: self.record(assignment, name) for name in names}

    def grades(self, assignment: str) -> pd.DataFrame:
        """Return one row a student and graded cell: points by the tests and by hand.

        Parameters
        ----------
        assignment : str

        Returns
        -------
        DataFrame
            With ``student``, ``cell``, ``max_score``, ``auto_score``, ``manual_score``,
            ``extra_credit``, ``score`` and ``needs_manual_grade``.
        """
        rows = []
        with self.gradebook() as book:
            for submission in book.assignment_submissions(assignment):
                for notebook in submission.notebooks:
                    rows += [
                        {
                            "student": submission.student.id,
                            "cell": grade.name,
                            "max_score": grade.max_score,
                            "auto_score": grade.auto_score,
                            "manual_score": grade.manual_score,
                            "extra_credit": grade.extra_credit,
                            "score": grade.score,
                            "needs_manual_grade": bool(grade.needs_manual_grade),
                        }
                        for grade in notebook.grades
                    ]
        return pd.DataFrame(rows)

    @contextmanager
    def gradebook(self) -> Iterator[Any]:
        """Open nbgrader's gradebook."""
        from nbgrader.api import Gradebook

        # nbgrader calls a program of this environment, which need not be the shell's own.
        programs = str(Path(sys.executable).parent)
        if programs not in os.environ.get("PATH", "").split(os.pathsep):
            os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", "")])
        with warnings.catch_warnings():
            # nbgrader's own sessions make SQLAlchemy warn at each new submission.
            warnings.filterwarnings("ignore", module="nbgrader")
            book = Gradebook(self.database)
            try:
                yield book
            finally:
                book.close()

    def _enter(self, assignment: Assignment) -> None:
        """Record the assignment's cells, as nbgrader's own release does."""
        from nbgrader.preprocessors import SaveCells

        with self.gradebook() as book:
            book.update_or_create_assignment(assignment.name)
        about = {"notebook": assignment.name, "assignment": assignment.name}
        step = SaveCells()
        step.preprocess(
            recorded_edition(assignment), {"nbgrader": {**about, "db_url": self.database}}
        )

    def _grade(
        self, assignment: Assignment, student: str, marked: Marked, before: dict[str, str]
    ) -> None:
        scores = {one.cell: one.score for one in marked.verdicts}
        untouched = {
            marks(cell)["grade_id"]: cell.source.strip()
            for cell in student_edition(assignment).cells
            if kind(cell) == "written"
        }
        with self.gradebook() as book:
            book.update_or_create_student(student)
            book.update_or_create_submission(assignment.name, student)
            for cell in assignment.tasks.index:
                grade = book.find_grade(cell, assignment.name, assignment.name, student)
                if cell in scores:
                    grade.auto_score = scores[cell]
                    grade.needs_manual_grade = False
                else:
                    answer = marked.written.get(cell, "").strip()
                    blank = answer in ("", untouched.get(cell, ""))
                    changed = cell in before and before[cell].strip() != answer
                    grade.auto_score = 0.0 if blank else None
                    by_hand = grade.manual_score is not None
                    grade.needs_manual_grade = (not blank and not by_hand) or (by_hand and changed)
            book.db.commit()

    def _record_release(self, assignment: str, *, per_student: bool) -> None:
        about = {**self._release_records(), assignment: {"per_student": per_student}}
        write(self.root / "releases.json", json.dumps(about, indent=1))

    def _release_record(self, assignment: str) -> dict[str, Any]:
        return dict(self._release_records().get(assignment, {}))

    def _release_records(self) -> dict[str, Any]:
        path = self.root / "releases.json"
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def with_verdicts(marked: Marked) -> Any:
    """Return the marked notebook with what each test found as the test cell's output."""
    import copy

    from nbformat.v4 import new_output

    notebook = copy.deepcopy(marked.notebook)
    verdicts = {one.cell: one for one in marked.verdicts}
    for cell in notebook.cells:
        verdict = verdicts.get(marks(cell).get("grade_id", ""))
        if verdict is None or cell.cell_type != "code":
            continue
        if verdict.score == verdict.points:
            cell.outputs = []
        elif verdict.score > 0:
            data = {"text/plain": f"{verdict.score:g}"}
            cell.outputs = [new_output("execute_result", data=data, execution_count=1)]
        else:
            text = verdict.message
            cell.outputs = [
                new_output("error", ename="AssertionError", evalue=text, traceback=[text])
            ]
    return notebook


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
