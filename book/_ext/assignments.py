"""The graded assignments on a page: what each asks, and the blank notebook to take away.

The directive ``assignments`` shows those of the folder ``exercises``. The blanks are made by what
`crmlib exercises release` uses, and lie in ``assignments/`` of the site.
"""

import re
from pathlib import Path

import nbformat
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from crmlib.course.exercises.editions import student_edition
from crmlib.course.exercises.source import assignments, kind

HEADER = ("Assignment", "Chapter", "Minutes", "Points", "Blank notebook")


def story(assignment):
    """Return what an assignment asks, in Markdown: its first cell without title and times."""
    first = next(cell for cell in assignment.notebook.cells if kind(cell) == "story")
    text = re.sub(r"\A# .*\n", "", first.source)
    return text.partition("\n**Time**")[0].strip()


def read(srcdir):
    """Return the assignments of a checkout in the order of the course."""
    return assignments(Path(srcdir, "exercises"))


class Assignments(SphinxDirective):
    """Show a table of all assignments, then what each asks."""

    def run(self):
        found = read(self.env.srcdir)
        self.env.crmlib_assignments = [one.name for one in found]
        for one in found:
            self.env.note_dependency(str(one.folder / f"{one.name}.ipynb"))
        up = "../" * self.env.docname.count("/")
        shown = [self._table(found, up)]
        for one in found:
            section = nodes.section("", nodes.title("", one.title), ids=[f"assignment-{one.name}"])
            section["names"] = [f"assignment-{one.name}"]
            lines = StringList(story(one).splitlines(), source=one.name)
            self.state.nested_parse(lines, 0, section)
            self.state.document.note_implicit_target(section, section)
            shown.append(section)
        return shown

    def _table(self, found, up):
        group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in HEADER), cols=len(HEADER))
        group += nodes.thead("", _row(*map(_text, HEADER)))
        body = nodes.tbody()
        for one in found:
            about, name = one.about, f"{one.name}.ipynb"
            chapter = "all" if about["chapter"] > 4 else str(about["chapter"])
            title = nodes.reference("", one.title, refid=f"assignment-{one.name}")
            file = nodes.reference("", name, refuri=f"{up}assignments/{name}")
            facts = (chapter, str(about["minutes"]), f"{one.points:g}")
            body += _row(title, *map(_text, facts), file)
        group += body
        caption = f"{len(found)} assignments"
        return nodes.table("", nodes.title("", caption), group, classes=["colwidths-auto"])


def _text(text):
    return nodes.Text(text)


def _row(*cells):
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))


def write_blanks(app, error):
    """Write the blank notebooks into the site, if a page offers them."""
    names = getattr(app.env, "crmlib_assignments", [])
    if error is not None or app.builder.format != "html" or not names:
        return
    folder = Path(app.outdir, "assignments")
    folder.mkdir(exist_ok=True)
    for one in read(app.srcdir):
        nbformat.write(student_edition(one), folder / f"{one.name}.ipynb")


def setup(app):
    app.add_directive("assignments", Assignments)
    app.connect("build-finished", write_blanks)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
