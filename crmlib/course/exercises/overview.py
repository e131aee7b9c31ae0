"""The class at a glance: grades for the learning platform, hardest tasks, answers too alike."""

from __future__ import annotations

import io
import tokenize
from dataclasses import dataclass
from difflib import SequenceMatcher
from html import escape
from itertools import combinations
from pathlib import Path

import pandas as pd

from crmlib.course.exercises.classroom import Classroom, write
from crmlib.course.exercises.feedback import STYLE
from crmlib.course.exercises.source import Assignment, titles

#: Answers of fewer tokens are alike without anyone having copied.
SHORT_ANSWER = 25


@dataclass(frozen=True)
class Overview:
    """How a class did in one assignment.

    Attributes
    ----------
    students : DataFrame
        One row a student: points, share, and how many answers are still to be read.
    tasks : DataFrame
        One row a graded cell, hardest first: mean share of its points, share with none.
    alike : DataFrame
        Pairs of answers, most alike first.
    """

    students: pd.DataFrame
    tasks: pd.DataFrame
    alike: pd.DataFrame


def overview(room: Classroom, name: str, *, alike: float = 0.9) -> Overview:
    """Sum up an assignment.

    Parameters
    ----------
    room : Classroom
    name : str
    alike : float, default 0.9
        From which likeness (0 to 1) pairs of answers are listed.

    Returns
    -------
    Overview

    Raises
    ------
    ValueError
        If nothing of the assignment has been graded.
    """
    grades = room.grades(name)
    if grades.empty:
        raise ValueError(f"No submission of {name} has been graded yet.")
    by_student = grades.groupby("student")
    students = pd.DataFrame(
        {
            "score": by_student["score"].sum(),
            "max_score": by_student["max_score"].sum(),
            "to_read": by_student["needs_manual_grade"].sum(),
        }
    )
    students.insert(2, "share", students["score"] / students["max_score"])
    records = room.records(name)
    students["notes"] = [" ".join(records.get(one, {}).get("notes", [])) for one in students.index]
    students["id"] = [records.get(one, {}).get("external_id", "") for one in students.index]
    settled = grades[~grades["needs_manual_grade"]]
    shares = (settled["score"] / settled["max_score"]).groupby(settled["cell"])
    tasks = pd.DataFrame(
        {
            "mean": shares.mean(),
            "nothing": shares.agg(lambda share: float((share == 0).mean())),
            "graded": shares.size(),
        }
    )
    return Overview(students, tasks.sort_values("mean"), _alike(records, alike))


def _alike(records: dict[str, dict[str, object]], least: float) -> pd.DataFrame:
    """Compare answers token by token, names left out: renaming a variable hides nothing."""
    rows = []
    answers: dict[str, dict[str, list[str]]] = {}
    for student, record in records.items():
        code = record.get("answers", {})
        for cell, source in code.items() if isinstance(code, dict) else []:
            answers.setdefault(cell, {})[student] = _tokens(source)
    for cell, by_student in answers.items():
        for one, two in combinations(sorted(by_student), 2):
            a, b = by_student[one], by_student[two]
            if min(len(a), len(b)) < SHORT_ANSWER:
                continue
            matcher = SequenceMatcher(None, a, b, autojunk=False)
            if matcher.real_quick_ratio() >= least and matcher.ratio() >= least:
                rows.append({"cell": cell, "one": one, "two": two, "likeness": matcher.ratio()})
    table = pd.DataFrame(rows, columns=["cell", "one", "two", "likeness"])
    return table.sort_values("likeness", ascending=False, ignore_index=True)


def _tokens(source: str) -> list[str]:
    """Return the shape of some code: keywords and signs as they are, names as one."""
    import keyword

    shape = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.NAME:
                shape.append(token.string if keyword.iskeyword(token.string) else "name")
            elif token.type in (tokenize.OP, tokenize.NUMBER, tokenize.STRING):
                shape.append(token.string)
    except (tokenize.TokenError, SyntaxError):
        return source.split()
    return shape


def report(room: Classroom, name: str) -> list[Path]:
    """Write the class overview as a page, and the grades for Moodle, Canvas and spreadsheets.

    ``moodle.csv`` is an offline grading worksheet; where grades of an earlier import are to be
    replaced, let Moodle update records that were changed more recently. ``canvas.csv`` is imported
    in the gradebook, into the assignment that has the notebook's title. Both find the students of
    an archive that the platform exported; others are found by name where it is theirs.

    Parameters
    ----------
    room : Classroom
    name : str

    Returns
    -------
    list of Path
        The page and the CSV files.
    """
    found = overview(room, name)
    folder = room.root / "reports" / name
    page, plain, moodle, canvas = (
        folder / one for one in ("overview.html", "grades.csv", "moodle.csv", "canvas.csv")
    )
    write(page, _html(room.assignment(name), found))
    write(plain, found.students.to_csv())
    scores = found.students["score"]
    identifier = [f"Participant {one}" if one else "" for one in found.students["id"]]
    write(
        moodle,
        pd.DataFrame(
            {
                "Identifier": identifier,
                "Full name": found.students.index,
                "Grade": scores,
                "Maximum Grade": found.students["max_score"],
                "Last modified (grade)": "-",  # without it Moodle refuses the worksheet
            }
        ).to_csv(index=False),
    )
    title = room.assignment(name).title  # Canvas finds its assignment by exactly this name
    write(
        canvas,
        pd.DataFrame(
            {
                "Student": ["    Points Possible", *found.students.index],
                "ID": ["", *found.students["id"]],
                "SIS User ID": "",
                "SIS Login ID": ["", *found.students.index],
                "Section": "",
                title: [found.students["max_score"].max(), *scores],
            }
        ).to_csv(index=False),
    )
    return [page, plain, moodle, canvas]


def _html(assignment: Assignment, found: Overview) -> str:
    title, names = assignment.title, titles(assignment)
    students, tasks = found.students, found.tasks
    mean, median = students["share"].mean(), students["share"].median()
    to_read = int(students["to_read"].sum())
    waiting = f" {to_read} written answers are still to be read." if to_read else ""
    rows = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th><td class="num">{one.score:g}</td>'
        f'<td class="num">{one.share:.0%}</td><td class="num">{one.to_read:g}</td>'
        f"<td>{escape(str(one.notes))}</td></tr>"
        for name, one in students.sort_values("score", ascending=False).iterrows()
    )
    hardest = "".join(
        f'<tr><th scope="row">{escape(names[str(name)])}</th><td class="num">{one["mean"]:.0%}</td>'
        f'<td class="num">{one["nothing"]:.0%}</td><td class="num">{one["graded"]:.0f}</td>'
        f"<td>{_bar(one['mean'])}</td></tr>"
        for name, one in tasks.iterrows()
    )
    alike = "".join(
        f"<tr><td>{escape(str(one.cell))}</td><td>{escape(str(one.one))}</td>"
        f"<td>{escape(str(one.two))}</td>"
        f'<td class="num">{one.likeness:.0%}</td></tr>'
        for one in found.alike.head(30).itertuples()
    )
    none_alike = "<p>No two answers of some length are nearly the same.</p>"
    return _PAGE.format(
        title=escape(title),
        style=STYLE,
        summary=f"{len(students)} students; mean {mean:.0%}, median {median:.0%}.{waiting}",
        histogram=_histogram(students["share"]),
        hardest=hardest,
        students=rows,
        alike=_ALIKE.format(rows=alike) if alike else none_alike,
    )


def _bar(share: float) -> str:
    return (
        f'<svg width="120" height="12" role="img" aria-label="{share:.0%}">'
        '<rect width="120" height="12" fill="#8883"/>'
        f'<rect width="{120 * share:.1f}" height="12" fill="#4a78b5"/></svg>'
    )


def _histogram(share: pd.Series) -> str:
    """Draw how many students lie in each tenth, as bars with their numbers."""
    tenth = (share.clip(0, 1) * 10).astype(int).clip(upper=9)
    counts = [int((tenth == i).sum()) for i in range(10)]
    top = max(*counts, 1)
    bars = "".join(
        f'<rect x="{40 * i + 4}" y="{110 - 90 * n / top:.1f}" width="32" '
        f'height="{90 * n / top:.1f}" fill="#4a78b5"/>'
        f'<text x="{40 * i + 20}" y="{104 - 90 * n / top:.1f}" text-anchor="middle">'
        f"{n or ''}</text>"
        f'<text x="{40 * i + 20}" y="126" text-anchor="middle">{10 * i}</text>'
        for i, n in enumerate(counts)
    )
    text = ", ".join(f"{10 * i} to {10 * i + 10} %: {n}" for i, n in enumerate(counts) if n)
    return (
        f'<svg viewBox="0 0 404 132" width="100%" style="max-width:32rem" role="img" '
        f'aria-label="Students by share of points. {text}." font-size="11" fill="currentColor">'
        f"{bars}</svg>"
    )


_ALIKE = """<table><thead><tr><th scope="col">answer</th><th scope="col">student</th>
<th scope="col">student</th><th scope="col" class="num">alike</th></tr></thead>
<tbody>{rows}</tbody></table>
<p>Alike is no proof: look at both answers.</p>"""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}: overview</title><style>{style}</style></head>
<body><main><h1>{title}</h1><p>{summary}</p>
<h2>Distribution</h2><p>Students in each tenth of the points, in %.</p>{histogram}
<h2>Hardest tasks</h2><table><thead><tr>
<th scope="col">part</th><th scope="col" class="num">mean</th>
<th scope="col" class="num">nothing</th><th scope="col" class="num">graded</th>
<th scope="col"><span>share of the points</span></th>
</tr></thead><tbody>{hardest}</tbody></table>
<h2>Students</h2><table><thead><tr>
<th scope="col">student</th><th scope="col" class="num">points</th>
<th scope="col" class="num">share</th><th scope="col" class="num">to read</th>
<th scope="col">notes</th>
</tr></thead><tbody>{students}</tbody></table>
<h2>Answers that are alike</h2>{alike}</main></body></html>
"""
