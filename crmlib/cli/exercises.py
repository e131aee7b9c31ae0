"""`crmlib exercises`: hand assignments out, check them, grade them, look at the class."""

from __future__ import annotations

from pathlib import Path

import click

from crmlib.cli._shared import messages

_COURSE = click.option(
    "--course",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("course"),
    show_default=True,
    help="The course's folder; it is made when it is not there.",
)


@click.group()
def exercises() -> None:
    """Release, check, grade and report the graded exercises.

    \b
    An instructor's week:
      crmlib exercises list
      crmlib exercises release 1a-... --course my-course
      crmlib exercises grade   1a-... submissions.zip --course my-course
      crmlib exercises report  1a-... --course my-course
    A student:
      crmlib exercises check   1a-....ipynb
    """  # noqa: D301 - a real backspace, by which click keeps the lines apart


@exercises.command("list")
@click.option("--csv", is_flag=True, help="Write comma-separated values, for a script.")
def listing(csv: bool) -> None:
    """List the assignments: chapter, minutes, points, tasks."""
    import pandas as pd

    from crmlib.course.exercises.source import assignments

    rows = [
        {
            "assignment": one.name,
            "title": one.title,
            "chapter": one.about.get("chapter", ""),
            "minutes": one.about.get("minutes", ""),
            "points": one.points,
            "graded cells": len(one.tasks),
            "own data": one.seeded,
        }
        for one in assignments(_sources())
    ]
    table = pd.DataFrame(rows).set_index("assignment")
    click.echo(table.to_csv() if csv else table.to_string())


@exercises.command()
@click.argument("name")
@_COURSE
@click.option(
    "--students",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with one student a line: each gets a notebook with data of their own.",
)
@click.option("--again", is_flag=True, help="Replace an earlier release; grades stay.")
def release(name: str, course: Path, students: Path | None, again: bool) -> None:
    """Write the blank notebook of NAME and enter it into the gradebook.

    NAME is one of `crmlib exercises list`, or a folder with an assignment of your own.
    """
    from crmlib.course.exercises.classroom import Classroom
    from crmlib.course.exercises.source import read_assignment

    with messages():
        room = Classroom.open(course)
        roster = students.read_text(encoding="utf-8").split("\n") if students else []
        names = [line.strip() for line in roster if line.strip()]
        paths = room.release(read_assignment(_folder(name)), students=names or None, again=again)
    for path in paths:
        click.echo(path)


@exercises.command()
@click.argument("notebook", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(notebook: Path) -> None:
    """Run the visible tests of a student's NOTEBOOK and say which pass, and why not."""
    from crmlib.course.exercises.intake import read_notebook
    from crmlib.course.exercises.selfcheck import check_notebook

    with messages():
        found = check_notebook(read_notebook(notebook.read_bytes()), notebook.parent)
    for _, one in found.iterrows():
        click.echo(f"{one['result']:8} {one['tests']}  {one['why']}")
    click.echo("Tests you cannot see, and a reader of your written answers, decide the rest.")


@exercises.command()
@click.argument("name")
@click.argument("submissions", type=click.Path(exists=True, path_type=Path))
@_COURSE
@click.option("--jobs", default=0, show_default=True, help="Marked at a time; 0: one a core.")
@click.option("--seconds", default=60.0, show_default=True, help="Processor time of one cell.")
@click.option("--memory", default=3.0, show_default=True, help="Limit in GB for one submission.")
@click.option("--require-sandbox", is_flag=True, help="Refuse to grade where there is none.")
def grade(
    name: str,
    submissions: Path,
    course: Path,
    jobs: int,
    seconds: float,
    memory: float,
    require_sandbox: bool,
) -> None:
    """Grade SUBMISSIONS of the assignment NAME: a folder, or an archive of Moodle or Canvas.

    A second run grades only what is new or changed. Grades given by hand stay.
    """
    from crmlib.course.exercises.classroom import Classroom
    from crmlib.course.exercises.feedback import feedback
    from crmlib.course.exercises.grading import grade as run
    from crmlib.course.exercises.sandbox import Limits, protection

    walled = protection() == "bubblewrap"
    if not walled:
        click.secho(
            "NO SANDBOX: bubblewrap is missing. Submissions can read your files and use the "
            "network; only time, memory and output are limited.",
            fg="red",
            bold=True,
            err=True,
        )
        if require_sandbox:
            raise click.ClickException("Nothing was graded.")
    limits = Limits(
        cell_seconds=seconds, total_seconds=max(900.0, 15 * seconds), memory=int(memory * 1e9)
    )
    with messages():
        room = Classroom.open(course)
        table = run(room, name, submissions, jobs=jobs, limits=limits)
        pages = feedback(room, name)
    click.echo(table[["score", "status", "notes"]].to_string())
    counts = ", ".join(f"{n} {status}" for status, n in table["status"].value_counts().items())
    click.echo(f"\n{counts}. {len(pages)} feedback pages in {room.root / 'feedback'}")


@exercises.command()
@click.argument("name")
@_COURSE
def report(name: str, course: Path) -> None:
    """Write the overview of the class and the grades for Moodle, Canvas and spreadsheets."""
    from crmlib.course.exercises.classroom import Classroom
    from crmlib.course.exercises.feedback import feedback
    from crmlib.course.exercises.overview import overview
    from crmlib.course.exercises.overview import report as run

    with messages():
        room = Classroom.open(course)
        found, pages = overview(room, name), run(room, name)
        feedback(room, name)
    click.echo(found.tasks.to_string())
    for page in pages:
        click.echo(page)


@exercises.command()
@click.argument("names", nargs=-1)
def prove(names: tuple[str, ...]) -> None:
    """Prove that assignments grade fairly: solution, blank and planted mistakes."""
    from tqdm.auto import tqdm

    from crmlib.course.exercises.proof import prove as run
    from crmlib.course.exercises.proof import unproved
    from crmlib.course.exercises.source import assignments, read_assignment

    with messages():
        chosen = [read_assignment(_folder(one)) for one in names] or assignments(_sources())
        tables = {one.name: run(one) for one in tqdm(chosen, unit="assignment")}
    unfair = 0
    for one in chosen:
        table, missing = tables[one.name], unproved(one)
        wrong = table[~table["fair"]]
        unfair += len(wrong) + len(missing)
        click.echo(f"{one.name}: {len(table)} submissions, {len(wrong)} marked unfairly")
        for _, row in wrong.iterrows():
            click.echo(f"  {row['task']} {row['submission']}: {row['why'] or 'lost nothing'}")
        if missing:
            click.echo(f"  too few typical mistakes for {', '.join(missing)}")
    if unfair:
        raise SystemExit(1)


def _sources() -> Path:
    """Return the folder of the book's own assignments."""
    from crmlib.course.publish import find_root

    with messages():
        return find_root() / "exercises"


def _folder(name: str) -> Path:
    """Return the folder of an assignment: a path, or a name of the book's own."""
    place = Path(name)
    return place if place.is_dir() else _sources() / name
