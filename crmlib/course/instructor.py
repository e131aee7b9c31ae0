"""Pages for the instructor: each assignment with its solution, hidden tests, rubric, mistakes.

They are written into the copy of the sources from which the instructor's edition is built, as
notebooks with their stored outputs, which the build shows and does not execute.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from crmlib._checks import optional
from crmlib.course.exercises.source import (
    Assignment,
    assignments,
    kind,
    marks,
    refuse_blank,
)

FOLDER = "instructor"
_WHAT = {
    "answer": "Solution",
    "tests": "Tests",
    "written": "Model answer and rubric",
}
_INDEX = """# For the instructor

```{{warning}}
These pages hold the solutions and hidden tests of all assignments. Do not publish them, and do not
put them where students can read them.
```

Each assignment has a page: the source notebook with the stored outputs of its solution, the hidden
tests, the rubric, and the mistakes it is proved against. {{ref}}`exercises-guide` says how to hand
out and to grade; `crmlib exercises prove` marks every planted mistake again.

| assignment | chapter | minutes | points by tests | points by hand | planted mistakes |
|---|---|---|---|---|---|
{rows}

The slides' notes are in the decks themselves: `crmlib book slides --output slides` makes the decks
from a finished site, and the key S in a deck opens the speaker's view; {{ref}}`slides-guide` has
the other keys.
"""


def add_pages(root: Path, source: Path) -> list[str]:
    """Write the part for the instructor into a copy of the book's sources.

    Parameters
    ----------
    root : Path
        The checkout, with the assignments.
    source : Path
        The copy; its table of contents gets one part more.

    Returns
    -------
    list of str
        The pages, without suffix, as the table of contents names them.

    Examples
    --------
    ``add_pages(root, copy)`` is what `stage` does for the instructor's edition.
    """
    nbformat, yaml = optional("nbformat", "course"), optional("yaml", "book")
    found = assignments(root / "exercises")
    folder = source / FOLDER
    folder.mkdir()
    for one in found:
        refuse_blank(one)
        nbformat.write(page(one), folder / f"{one.name}.ipynb")
    rows = "\n".join(_row(one) for one in found)
    (folder / "index.md").write_text(_INDEX.format(rows=rows), encoding="utf-8")
    pages = [f"{FOLDER}/{one.name}" for one in found]
    path = source / "book" / "_toc.yml"
    contents = yaml.safe_load(path.read_text(encoding="utf-8"))
    sections = [{"file": name} for name in pages]
    chapter = {"file": f"{FOLDER}/index", "sections": sections}
    part = {"caption": "For the instructor", "chapters": [chapter]}
    contents.setdefault("parts", []).append(part)
    path.write_text(yaml.safe_dump(contents, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return [f"{FOLDER}/index", *pages]


def page(assignment: Assignment) -> Any:
    """Return an assignment as a page: its notebook, each part named, and its planted mistakes.

    Parameters
    ----------
    assignment : Assignment

    Returns
    -------
    NotebookNode

    Examples
    --------
    ``page(read_assignment("exercises/1a-measuring-churn"))`` has all cells of the source.
    """
    nbformat = optional("nbformat", "course")
    shown = copy.deepcopy(assignment.notebook)
    cells = []
    for cell in shown.cells:
        if what := _WHAT.get(kind(cell)):
            mark = marks(cell)
            points = f", {float(mark['points']):g} points" if mark.get("grade") else ""
            cells.append(nbformat.v4.new_markdown_cell(f"**{what}** `{mark['grade_id']}`{points}"))
        cell.metadata = type(cell.metadata)()
        cells.append(cell)
    cells.append(nbformat.v4.new_markdown_cell(_mistakes(assignment)))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    shown.cells = cells
    shown.metadata["mystnb"] = {"execution_mode": "off"}
    return shown


def _mistakes(assignment: Assignment) -> str:
    """Return the planted mistakes in Markdown, by task."""
    text = [
        "## Planted mistakes",
        "What a student may write instead, and the tests that must then take points.",
    ]
    for one in assignment.mistakes:
        loses = ", ".join(f"`{name}`" for name in one.loses) or "nothing"
        text += [f"**{one.task}**: {one.name}. It loses {loses}."]
        text += [f"```python\n{one.code.strip()}\n```"]
    return "\n\n".join(text)


def _row(one: Assignment) -> str:
    by_tests = one.tasks.loc[one.tasks["kind"].eq("tests"), "points"].sum()
    facts = (one.about.get("chapter", ""), one.about.get("minutes", ""), f"{by_tests:g}")
    by_hand = f"{one.points - by_tests:g}"
    cells = (f"[{one.title}]({one.name}.ipynb)", *facts, by_hand, len(one.mistakes))
    return f"| {' | '.join(map(str, cells))} |"
