"""Marking one submission: its cells in the sandbox, the source's tests outside of it."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crmlib.course.exercises.referee import Verdict, judge
from crmlib.course.exercises.sandbox import Limits, Sandbox, SandboxError
from crmlib.course.exercises.source import SEED, Assignment, kind, marks, seed_line

#: How often a submission is run anew without the cell that ended its process.
RESTARTS = 3


@dataclass(frozen=True)
class Marked:
    """A marked submission.

    Attributes
    ----------
    verdicts : list of Verdict
        One for each cell of tests.
    notebook : NotebookNode
        The submission with the source's own cells put back, and its outputs.
    written : dict of str to str
        The written answers, by cell.
    answers : dict of str to str
        The code of the answers, by cell.
    notes : list of str
        What was odd about the submission, in plain words.
    """

    verdicts: list[Verdict]
    notebook: Any
    written: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def score(self) -> float:
        """Points from the tests; written answers are marked by hand."""
        return sum(one.score for one in self.verdicts)


def mark(
    assignment: Assignment,
    submission: Any,
    *,
    seed: int | None = None,
    limits: Limits | None = None,
    hide: list[Path] | None = None,
    data: Mapping[str, Path] | None = None,
) -> Marked:
    """Mark a submission.

    Parameters
    ----------
    assignment : Assignment
        The source; its tests and set-up are used, never the submission's.
    submission : NotebookNode
    seed : int, optional
        The student's own seed, where the assignment has one.
    limits : Limits, optional
    hide : list of Path, optional
        Folders the submission must not see.
    data : dict of str to Path, optional
        Folders with data, by the environment variable that names each.

    Returns
    -------
    Marked
    """
    notebook, notes = restore(assignment, submission, seed)
    known, reference = _known(assignment, seed)
    skip: set[int] = set()
    limits = limits or Limits()
    for _ in range(RESTARTS + 1):
        with Sandbox(limits, [*(hide or []), assignment.folder.parent], data) as sandbox:
            stopped, moments = _run(sandbox, notebook, skip, notes)
            if stopped is None:
                verdicts = _judged(sandbox, notebook, moments, known, reference)
                break
        position, reason = stopped
        skip.add(position)
        notes.append(f"Cell {position + 1} {reason}; it was left out.")
    else:
        notes.append("The notebook stopped again and again; its tests were not run.")
        lost = [(marks(cell), "The notebook could not be run.") for cell in notebook.cells]
        verdicts = [
            Verdict(one["grade_id"], float(one["points"]), 0.0, why)
            for one, why in lost
            if one.get("grade") and not one.get("solution")
        ]
    return _marked(notebook, verdicts, notes)


def mark_together(
    assignment: Assignment,
    submissions: list[Any],
    *,
    seed: int | None = None,
    limits: Limits | None = None,
    data: Mapping[str, Path] | None = None,
) -> list[Marked]:
    """Mark variants of the author's own notebook in one sandbox, whose set-up runs once.

    Each goes on from the set-up in a process of its own. Not for strangers: one that stops the
    sandbox stops the others, which are then marked one by one.

    Parameters
    ----------
    assignment : Assignment
    submissions : list of NotebookNode
    seed : int, optional
    limits : Limits, optional
    data : dict of str to Path, optional

    Returns
    -------
    list of Marked
    """
    known, reference = _known(assignment, seed)
    limits = limits or Limits()
    done: list[Marked] = []
    try:
        with Sandbox(limits, [assignment.folder.parent], data, every=1.0) as sandbox:
            first, _ = restore(assignment, assignment.notebook, seed)
            start = next(i for i, cell in enumerate(first.cells) if kind(cell) == "answer")
            for cell in first.cells[:start]:
                if cell.cell_type == "code":
                    sandbox.run(str(cell.source))
            for submission in submissions:
                notebook, notes = restore(assignment, submission, seed)
                if [one.source for one in notebook.cells[:start]] != [
                    one.source for one in first.cells[:start]
                ]:
                    raise SandboxError("begins with a set-up of its own")
                with sandbox.branch():
                    stopped, moments = _run(sandbox, notebook, set(range(start)), notes)
                    if stopped is not None:
                        raise SandboxError(stopped[1])
                    verdicts = _judged(sandbox, notebook, moments, known, reference)
                done.append(_marked(notebook, verdicts, notes))
    except SandboxError:
        rest = submissions[len(done) :]
        done += [mark(assignment, one, seed=seed, limits=limits, data=data) for one in rest]
    return done


def _known(assignment: Assignment, seed: int | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the names of the set-up, and all names of the solution."""
    reference = solve(assignment, seed)
    names = _set_up_names(assignment)
    return {name: reference[name] for name in names if name in reference}, reference


def _judged(
    sandbox: Sandbox,
    notebook: Any,
    moments: dict[int, int],
    known: dict[str, Any],
    reference: dict[str, Any],
) -> list[Verdict]:
    return [
        judge(sandbox, moments[i], cell, known, reference)
        for i, cell in enumerate(notebook.cells)
        if i in moments
    ]


def _marked(notebook: Any, verdicts: list[Verdict], notes: list[str]) -> Marked:
    kinds = [(kind(cell), marks(cell).get("grade_id", ""), cell.source) for cell in notebook.cells]
    return Marked(
        verdicts,
        notebook,
        {name: text for what, name, text in kinds if what == "written"},
        {name: text for what, name, text in kinds if what == "answer"},
        notes,
    )


def solve(assignment: Assignment, seed: int | None = None) -> dict[str, Any]:
    """Run the source's own solution and return its names; the author's code, so no sandbox.

    Parameters
    ----------
    assignment : Assignment
    seed : int, optional

    Returns
    -------
    dict of str to object
    """
    key = (assignment.folder, _text(assignment), seed)
    if key not in _SOLVED:
        import matplotlib as mpl

        mpl.use("Agg")
        names: dict[str, Any] = {"__name__": "__solution__"}
        for cell in assignment.notebook.cells:
            if cell.cell_type == "code" and kind(cell) != "tests":
                source = cell.source if seed is None else seeded(cell.source, seed)
                exec(compile(source, f"<{assignment.name}>", "exec"), names)
        from matplotlib import pyplot as plt

        plt.close("all")
        _SOLVED.clear()  # one at a time: a class is graded assignment by assignment
        _SOLVED[key] = names
    return _SOLVED[key]


_SOLVED: dict[Any, dict[str, Any]] = {}


def seeded(source: str, seed: int) -> str:
    """Return a set-up cell with the student's seed in place of the source's.

    Examples
    --------
    >>> seeded("SEED = 1", 48213)
    'SEED = 48213'
    """
    line = seed_line(source)
    if line is None:
        return source
    lines = source.splitlines()
    lines[line] = f"{SEED} = {seed}"
    return "\n".join(lines)


def restore(assignment: Assignment, submission: Any, seed: int | None) -> tuple[Any, list[str]]:
    """Return the submission in the source's order, with the source's own cells, and what was odd.

    Only answers, written answers and the student's own cells are the student's.
    """
    notes: list[str] = []
    source = {
        marks(cell)["grade_id"]: cell
        for cell in assignment.notebook.cells
        if marks(cell).get("grade_id")
    }
    leading: list[Any] = []
    segments: dict[str, list[Any]] = {}
    current = leading
    for cell in submission.cells:
        name = str(marks(cell).get("grade_id", ""))
        if name in source and name not in segments:
            current = segments[name] = [_mine_or_yours(source[name], cell, seed, notes)]
        elif name in source:
            notes.append(f"{name!r} is there more than once; the first counts.")
        else:
            current.append(_plain(cell))
    order = [name for name in segments if kind(source[name]) != "story"]
    if order != [name for name in source if name in order]:
        notes.append("Cells had been moved; they were put back in order.")
    for name, cell in source.items():
        if name not in segments:
            segments[name] = [_mine_or_yours(cell, None, seed, notes)]
            if kind(cell) != "story":
                notes.append(f"{name!r} was missing; it was put back.")
    notebook = copy.deepcopy(submission)
    notebook.metadata = copy.deepcopy(assignment.notebook.metadata)
    notebook.cells = [*leading, *(cell for name in source for cell in segments[name])]
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook, list(dict.fromkeys(notes))


def _mine_or_yours(mine: Any, yours: Any, seed: int | None, notes: list[str]) -> Any:
    cell = copy.deepcopy(mine)
    if kind(mine) in ("answer", "written"):
        cell.source = "" if yours is None else str(yours.source)
    elif seed is not None and cell.cell_type == "code":
        cell.source = seeded(cell.source, seed)
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    if yours is not None and kind(yours) != kind(mine):
        notes.append(
            f"The marks of {marks(mine)['grade_id']!r} had been changed; they do not count."
        )
    return cell


def _plain(cell: Any) -> Any:
    plain = copy.deepcopy(cell)
    plain.metadata = type(cell.metadata)()
    if plain.cell_type == "code":
        plain.outputs, plain.execution_count = [], None
    plain.pop("attachments", None)
    return plain


def _run(
    sandbox: Sandbox, notebook: Any, skip: set[int], notes: list[str]
) -> tuple[tuple[int, str] | None, dict[int, int]]:
    """Run every cell; return where and why it stopped, and the kept moment of each test cell."""
    moments: dict[int, int] = {}
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        try:
            if kind(cell) == "tests":
                moments[i] = sandbox.freeze()
            elif i not in skip:
                result = sandbox.run(str(cell.source))
                cell.outputs = _outputs(result)
                late = f"Cell {i + 1} was stopped: its time was up."
                if result.get("status") == "timeout" and late not in notes:
                    notes.append(late)
        except SandboxError as stopped:
            return (i, stopped.reason), moments
    return None, moments


def _outputs(result: dict[str, Any]) -> list[Any]:
    """Turn what the sandbox sent into outputs of a notebook: text and pictures, nothing else."""
    from nbformat.v4 import new_output

    outputs = []
    sent = result.get("outputs")
    for one in sent[:50] if isinstance(sent, list) else []:
        if not isinstance(one, dict):
            continue
        if one.get("kind") == "image":
            data = {"image/png": str(one.get("png"))}
            outputs.append(new_output("display_data", data=data))
        else:
            name = "stderr" if one.get("name") == "stderr" else "stdout"
            outputs.append(new_output("stream", name=name, text=str(one.get("text"))))
    error = result.get("error")
    if isinstance(error, dict):
        name, value = str(error.get("name"))[:100], str(error.get("message"))[:1000]
        line = str(error.get("line", ""))[:10]
        trace = [f"{name}: {value}" + (f" (line {line})" if line else "")]
        outputs.append(new_output("error", ename=name, evalue=value, traceback=trace))
    return outputs


def _set_up_names(assignment: Assignment) -> set[str]:
    """Return the names that locked cells bind at top level."""
    names: set[str] = set()
    for cell in assignment.locked_code:
        for node in ast.parse(cell.source).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                names |= {(one.asname or one.name).split(".")[0] for one in node.names}
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
            else:
                names |= {
                    one.id
                    for one in ast.walk(node)
                    if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
                }
    return names


def _text(assignment: Assignment) -> str:
    return "\0".join(str(cell.source) for cell in assignment.notebook.cells)
