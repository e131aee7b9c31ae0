"""Grading a class: many submissions side by side, resumable, each on its own.

Workers mark; only this process writes, one submission at a time, its record last. So a crash
loses at most the submissions being marked at that moment, and a second run does only what is
new: a record holds the hash of all its grade depends on.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd

from crmlib import __version__
from crmlib._checks import whole
from crmlib.course.exercises.classroom import Classroom
from crmlib.course.exercises.intake import Submission, collect, read_notebook
from crmlib.course.exercises.marking import Marked, mark
from crmlib.course.exercises.referee import Verdict
from crmlib.course.exercises.sandbox import Limits
from crmlib.course.exercises.source import Assignment, read_assignment


@dataclass(frozen=True)
class Job:
    """What a worker needs to mark one submission."""

    folder: Path
    content: bytes
    seed: int | None
    limits: Limits
    hide: tuple[Path, ...]
    data: Mapping[str, Path]


def grade(
    room: Classroom,
    name: str,
    place: Path | str,
    *,
    jobs: int = 0,
    limits: Limits | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Grade the submissions of an assignment.

    Parameters
    ----------
    room : Classroom
    name : str
        The assignment.
    place : path
        The submissions: a folder or an archive (see `collect`).
    jobs : int, default 0
        Submissions marked at a time; 0 for one a core.
    limits : Limits, optional
    progress : bool, default True
        Show a progress bar.

    Returns
    -------
    DataFrame
        One row a student: ``score`` by the tests, ``status`` (graded, unchanged, refused),
        ``notes``, ``seconds``.
    """
    from tqdm.auto import tqdm

    assignment, limits = room.assignment(name), limits or Limits()
    rows: dict[str, dict[str, Any]] = {}
    todo: dict[str, tuple[Submission, str]] = {}
    for one in collect(place, name):
        stamp = _stamp(assignment, one, room.seed(name, one.student), limits)
        old = room.record(name, one.student)
        if old.get("stamp") == stamp:
            rows[one.student] = _row(old, "refused" if old.get("refusal") else "unchanged")
        else:
            todo[one.student] = (one, stamp)
    bar = tqdm(total=len(rows) + len(todo), initial=len(rows), disable=not progress, unit="student")

    def done(student: str, marked: Marked, refusal: str, seconds: float) -> None:
        one, stamp = todo[student]
        if one.content is not None:
            _keep(room, name, student, one.content)
        record = {
            "stamp": stamp,
            "refusal": refusal,
            "seconds": round(seconds, 2),
            "external_id": one.external_id,
        }
        room.save(assignment, student, marked, record)
        rows[student] = _row(
            {**record, "verdicts": [asdict(v) for v in marked.verdicts], "notes": marked.notes},
            "refused" if refusal else "graded",
        )
        bar.update()

    _mark_all(room, assignment, todo, limits, whole(jobs, "jobs", 0), done)
    bar.close()
    table = pd.DataFrame.from_dict(rows, orient="index").sort_index()
    return table.rename_axis("student")


def data_folders() -> dict[str, Path]:
    """Return the folders with data a submission may read, by environment variable."""
    from crmlib.data.sources import cache_folder

    places = {"CRMLIB_DATA": os.environ.get("CRMLIB_DATA", ""), "CRMLIB_CACHE": str(cache_folder())}
    return {key: Path(one).resolve() for key, one in places.items() if one and Path(one).is_dir()}


def _mark_all(
    room: Classroom,
    assignment: Assignment,
    todo: dict[str, tuple[Submission, str]],
    limits: Limits,
    jobs: int,
    done: Callable[[str, Marked, str, float], None],
) -> None:
    """Mark what is to do; a worker that dies takes only its own submission along."""
    waiting: dict[str, Job] = {}
    for student, (one, _) in todo.items():
        if one.content is None:
            done(student, refused(assignment, one.refusal), one.refusal, 0.0)
            continue
        seed = room.seed(assignment.name, student)
        hide, data = (room.root,), data_folders()
        waiting[student] = Job(assignment.folder, one.content, seed, limits, hide, data)
    alone = False
    while waiting:
        count = 1 if alone else min(jobs or os.cpu_count() or 1, len(waiting))
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            batch = list(waiting)[:1] if alone else list(waiting)
            running: dict[Future[Any], str] = {
                pool.submit(_work, waiting[student]): student for student in batch
            }
            for future in as_completed(running):
                student = running[future]
                try:
                    marked, refusal, seconds = future.result()
                except BrokenProcessPool:
                    if alone:
                        why = "the grader itself stopped on this submission"
                        done(student, refused(assignment, why), why, 0.0)
                        del waiting[student]
                    continue
                done(student, marked, refusal, seconds)
                del waiting[student]
        alone = True  # whoever is left was in a pool that broke: find out whose fault it was


def _work(job: Job) -> tuple[Marked, str, float]:
    """Mark one submission, in a worker."""
    started = time.perf_counter()
    assignment = read_assignment(job.folder)
    try:
        notebook = read_notebook(job.content)
    except ValueError as error:
        return refused(assignment, str(error)), str(error), time.perf_counter() - started
    marked = mark(
        assignment,
        notebook,
        seed=job.seed,
        limits=job.limits,
        hide=list(job.hide),
        data=job.data,
    )
    return marked, "", time.perf_counter() - started


def refused(assignment: Assignment, why: str) -> Marked:
    """Return the marks of a submission that could not be read: none, and why."""
    from nbformat.v4 import new_markdown_cell, new_notebook

    tests = assignment.tasks[assignment.tasks["kind"].eq("tests")]
    message = f"Not graded: {why}."
    verdicts = [
        Verdict(str(cell), float(points), 0.0, message) for cell, points in tests["points"].items()
    ]
    return Marked(verdicts, new_notebook(cells=[new_markdown_cell(message)]), notes=[message])


def _stamp(assignment: Assignment, one: Submission, seed: int | None, limits: Limits) -> str:
    """Return a hash of everything a grade depends on."""
    parts = [
        one.digest,
        str(seed),
        repr(limits),
        __version__,
        *(f"{cell.source}\0{cell.metadata}" for cell in assignment.notebook.cells),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _keep(room: Classroom, name: str, student: str, content: bytes) -> None:
    """Keep the submission as handed in, in nbgrader's layout."""
    path = room.root / "submitted" / student / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def _row(record: dict[str, Any], status: str) -> dict[str, Any]:
    return {
        "score": sum(one["score"] for one in record.get("verdicts", [])),
        "status": status,
        "notes": " ".join(record.get("notes", [])),
        "seconds": record.get("seconds", 0.0),
    }
