"""Feedback pages: what a student handed in, what each test found, what a grader wrote.

Plain pages without a script and without any request, which show only text and pictures: what a
submission printed, and HTML in what a student wrote, cannot become part of the page. Hidden
tests are not on them.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from crmlib.course.exercises.classroom import Classroom, write
from crmlib.course.exercises.source import Assignment, kind, marks, titles


def feedback(room: Classroom, name: str) -> list[Path]:
    """Write a feedback page for each graded submission of an assignment.

    Parameters
    ----------
    room : Classroom
    name : str

    Returns
    -------
    list of Path
    """
    import nbformat

    assignment = room.assignment(name)
    grades = room.grades(name)
    comments = _comments(room, name)
    pages = []
    for student, record in room.records(name).items():
        path = room.root / "autograded" / student / name / f"{name}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        mine = grades[grades["student"].eq(student)].set_index("cell")
        page = room.root / "feedback" / student / name / f"{name}.html"
        write(page, _page(assignment, student, notebook, record, mine, comments.get(student, {})))
        pages.append(page)
    return pages


def _comments(room: Classroom, name: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    with room.gradebook() as book:
        for submission in book.assignment_submissions(name):
            for notebook in submission.notebooks:
                found[submission.student.id] = {
                    one.name: one.manual_comment for one in notebook.comments if one.manual_comment
                }
    return found


def _page(
    assignment: Assignment,
    student: str,
    notebook: Any,
    record: dict[str, Any],
    grades: Any,
    comments: dict[str, str],
) -> str:
    verdicts = {one["cell"]: one for one in record.get("verdicts", [])}
    names = titles(assignment)
    rows = "".join(
        _row(names[cell], grade, verdicts.get(cell)) for cell, grade in grades.iterrows()
    )
    waiting = bool(grades["needs_manual_grade"].any())
    total = f"{grades['score'].sum():g} of {assignment.points:g} points"
    later = " so far; a written answer is still to be read" if waiting else ""
    notes = "".join(f"<li>{escape(note)}</li>" for note in record.get("notes", []))
    cells = "".join(_cell(cell, names, verdicts, comments) for cell in notebook.cells)
    return _PAGE.format(
        title=escape(f"{assignment.title}: {student}"),
        heading=escape(assignment.title),
        student=escape(student),
        total=escape(total + later),
        rows=rows,
        notes=f"<h2>Notes</h2><ul>{notes}</ul>" if notes else "",
        cells=cells,
        style=STYLE,
    )


def _row(title: str, grade: Any, verdict: dict[str, Any] | None) -> str:
    if grade["needs_manual_grade"]:
        state, word = "wait", "to be read"
    elif grade["score"] >= grade["max_score"]:
        state, word = "full", "right"
    else:
        state, word = "less", "partly" if grade["score"] > 0 else "not yet"
    message = verdict["message"] if verdict else ""
    score = f"{grade['score']:g} / {grade['max_score']:g}"
    return (
        f'<tr class="{state}"><th scope="row">{escape(title)}</th><td>{word}</td>'
        f"<td>{score}</td><td>{escape(message)}</td></tr>"
    )


def _cell(
    cell: Any, names: dict[str, str], verdicts: dict[str, Any], comments: dict[str, str]
) -> str:
    what, name = kind(cell), marks(cell).get("grade_id", "")
    if what == "tests":
        verdict = verdicts.get(name, {"score": 0, "points": 0, "message": ""})
        state = "full" if verdict["score"] == verdict["points"] else "less"
        score = f"{verdict['score']:g} of {verdict['points']:g} points"
        message = escape(str(verdict["message"]))
        said = f"<b>{escape(names.get(name, name))}: {score}.</b> {message}"
        return f'<p class="verdict {state}">{said}</p>'
    if cell.cell_type == "markdown":
        body = f'<div class="text">{_text(str(cell.source))}</div>'
    else:
        body = f"<pre class=code>{escape(str(cell.source))}</pre>"
    for output in cell.get("outputs", []):
        picture = output.get("data", {}).get("image/png", "")
        if output.output_type == "error":
            body += f'<pre class="error">{escape(chr(10).join(output.traceback))}</pre>'
        elif picture and _is_base64(picture):
            body += f'<img alt="Figure drawn by this cell" src="data:image/png;base64,{picture}">'
        else:
            body += f'<pre class="output">{escape(str(output.get("text", "")))}</pre>'
    comment = comments.get(name)
    if comment:
        body += f'<p class="comment"><b>Comment:</b> {escape(comment)}</p>'
    return f"<section>{body}</section>"


def _text(source: str) -> str:
    """Render Markdown; HTML in it stays text, and headings rank below those of the page."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(source)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
    return str(reader.renderer.render(tokens, reader.options, {}))


def _is_base64(text: str) -> bool:
    return text.replace("\n", "").rstrip("=").replace("+", "a").replace("/", "a").isalnum()


STYLE = """
:root { color-scheme: light dark; --line: #8886;
  --full: #0a7d4f; --less: #b3261e; --wait: #7a5c00; }
@media (prefers-color-scheme: dark) { :root { --full: #5fd3a1; --less: #ff9d94; --wait: #f0c95c; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .6rem; vertical-align: top;
  border-bottom: 1px solid var(--line); }
pre { overflow-x: auto; padding: .6rem; white-space: pre-wrap;
  border: 1px solid var(--line); border-radius: 4px; }
.text { padding: 0 .6rem; border-left: 1px solid var(--line); }
.text :is(h3, h4) { margin: .6rem 0; }
pre.code { border-left: 4px solid #4a78b5; } pre.error { border-color: var(--less); }
pre.output { border-style: dashed; } img { max-width: 100%; background: white; }
.full td:nth-child(2), .verdict.full b { color: var(--full); }
.less td:nth-child(2), .verdict.less b { color: var(--less); }
.wait td:nth-child(2) { color: var(--wait); }
.comment { border-left: 4px solid var(--wait); padding-left: .6rem; }
th.num, td.num { text-align: right; font-variant-numeric: tabular-nums; }
"""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title><style>{style}</style></head>
<body><main><h1>{heading}</h1><p><b>{student}</b>: {total}.</p>
<table><caption>What the tests found</caption>
<thead><tr><th scope="col">part</th><th scope="col">result</th>
<th scope="col">points</th><th scope="col">why</th></tr></thead>
<tbody>{rows}</tbody></table>{notes}
<h2>What you handed in</h2>{cells}</main></body></html>
"""
