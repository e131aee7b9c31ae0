"""Editions of an assignment: blank for students, complete for instructors, from one source."""

from __future__ import annotations

import copy
import hashlib
import hmac
import logging
from typing import Any

from crmlib.course.exercises.marking import seeded
from crmlib.course.exercises.source import (
    HIDDEN,
    Assignment,
    AssignmentError,
    kind,
    refuse_blank,
)

#: What nbgrader's preprocessors do to make a blank notebook, in its own order.
_RECORDED = ("LockCells", "ClearSolutions", "ClearOutput", "CheckCellMetadata", "ComputeChecksums")
_BLANK = ("ClearHiddenTests", "ClearMarkScheme", "ComputeChecksums", "CheckCellMetadata")


def student_edition(assignment: Assignment, *, seed: int | None = None) -> Any:
    """Return the blank notebook: no solution, no hidden test, no output, no rubric.

    Where the source is a blank itself, as in a public archive, it stays as it is.

    Parameters
    ----------
    assignment : Assignment
    seed : int, optional
        The student's own seed, where each gets their own data.

    Returns
    -------
    NotebookNode

    Raises
    ------
    AssignmentError
        If a seed is asked for and the assignment has no ``SEED`` in a locked cell, or if
        anything of a solution or hidden test would be left in the notebook.
    """
    if seed is not None and not assignment.seeded:
        raise AssignmentError(
            f"{assignment.name} has no line `SEED = ...` in a read-only cell, "
            "so its data cannot differ from student to student."
        )
    if assignment.blank:
        blank = copy.deepcopy(assignment.notebook)
    else:
        blank = _through(_BLANK, recorded_edition(assignment))
    for cell in blank.cells:
        if seed is not None and kind(cell) == "set-up":
            cell.source = seeded(cell.source, seed)
    if seed is not None:
        blank = _through(("ComputeChecksums",), blank)
    about = blank.metadata.get("crmlib", {})
    blank.metadata = type(blank.metadata)(
        {
            key: blank.metadata[key]
            for key in ("kernelspec", "language_info")
            if key in blank.metadata
        }
    )
    blank.metadata["crmlib"] = {**about, "assignment": assignment.name}
    _no_secret(assignment, blank)
    return blank


def recorded_edition(assignment: Assignment) -> Any:
    """Return the notebook as the gradebook keeps it: blank, with its hidden tests."""
    refuse_blank(assignment)
    return _through(_RECORDED, copy.deepcopy(assignment.notebook))


def student_seed(secret: bytes, assignment: str, student: str) -> int:
    """Return a student's seed: the same for ever, and not to be guessed without the secret.

    Examples
    --------
    >>> student_seed(b"key", "1a", "li") == student_seed(b"key", "1a", "li")
    True
    """
    digest = hmac.new(secret, f"{assignment}\0{student}".encode(), hashlib.sha256).digest()
    return 1 + int.from_bytes(digest[:4], "big") % 999_999


def _through(names: tuple[str, ...], notebook: Any) -> Any:
    """Send a notebook through nbgrader's preprocessors."""
    from nbgrader import preprocessors

    for name in names:
        step = getattr(preprocessors, name)()
        step.log.setLevel(logging.ERROR)
        notebook, _ = step.preprocess(notebook, {})
    return notebook


def _no_secret(assignment: Assignment, blank: Any) -> None:
    """Hold the blank against the source: no line of a secret may be in it."""
    text = "\n".join(str(cell) for cell in blank.cells)
    if any(word in text for word in ("BEGIN SOLUTION", "END SOLUTION", *HIDDEN)):
        raise AssignmentError(f"{assignment.name}: marks of solutions are left in the blank.")
    kept = {line.strip() for cell in blank.cells for line in cell.source.splitlines()}
    for line in secret_lines(assignment):
        if line in kept:
            raise AssignmentError(f"{assignment.name}: the blank would show the line {line!r}.")


def secret_lines(assignment: Assignment) -> set[str]:
    """Return the lines that stand in solutions or hidden tests and nowhere else in the source."""
    secret: set[str] = set()
    public: set[str] = set()
    if assignment.blank:
        return secret
    for cell in assignment.notebook.cells:
        inside = False
        marked = "BEGIN SOLUTION" in cell.source
        whole = kind(cell) in ("answer", "written") and not marked
        for line in cell.source.splitlines():
            inside = inside or "BEGIN SOLUTION" in line or HIDDEN[0] in line
            (secret if inside or whole else public).add(line.strip())
            inside = inside and "END SOLUTION" not in line and HIDDEN[1] not in line
    return {line for line in secret - public if len(line) > 12}  # not "return x"
