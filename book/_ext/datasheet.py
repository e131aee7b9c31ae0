"""Data sheets: what the registry knows of a set, as tables on a page of the book.

The directive ``datasheet`` takes the name of a set and shows its facts, its known defects and its
columns; ``datacatalog`` shows all sets in one table. Both read ``datasets/*.toml`` through
`crmlib.data.registry`, so that a page, a loader and a schema can never disagree.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.util.docutils import SphinxDirective

from crmlib.data import registry
from crmlib.data.schema import accepted

Cell = list[nodes.Node]


class DataSheet(SphinxDirective):
    """Show facts, defects and columns of one set, each as a section with a table."""

    required_arguments = 1

    def run(self):
        name = self.arguments[0]
        _noted(self.env, [name])
        try:
            about = registry.entry(name)
        except ValueError as error:
            raise self.error(str(error)) from error
        sections = [
            _section("Facts", name, _facts(about)),
            _section("Known defects", name, _defects(about)),
            _section("Columns", name, _columns(about)),
        ]
        for section in sections:
            self.state.document.note_implicit_target(section, section)
        return sections


class DataCatalog(SphinxDirective):
    """Show all sets in one table, each with a link to its sheet."""

    def run(self):
        entries = registry.entries()
        _noted(self.env, entries)
        header = ("Name", "Set", "Kind", "Rows", "Columns", "Target", "Share", "License")
        rows = [(self._link(about), *_overview(about)) for about in entries.values()]
        return [_table(f"{len(entries)} data sets", header, rows)]

    def _link(self, about):
        link = pending_xref(
            "",
            nodes.inline("", about.name),
            refdoc=self.env.docname,
            refdomain="std",
            reftype="doc",
            reftarget=f"/datasets/{about.name}",
            refexplicit=True,
            refwarn=True,
        )
        return [link]


def _overview(about):
    share = "" if about.share_positive is None else f"{about.share_positive:.1%}"
    texts = (about.title, about.kind, f"{about.rows:,}", about.width, about.target or "none", share)
    return (*map(_text, texts), _text(about.license))


def _facts(about):
    license_ = f"{about.license}: {about.license_note}" if about.license_note else about.license
    target = about.target or "none"
    if about.positive:
        target += f", positive label {about.positive}"
    if about.share_positive is not None:
        target += f", {about.share_positive:.2%} of rows"
    split = "; ".join(f"{part}: rows {a} to {b}" for part, (a, b) in about.split.items())
    facts = {
        "Set": _text(about.title),
        "What it is": _text(about.description),
        "Kind": _text(about.kind),
        "Size": _text(f"{about.rows:,} rows, {about.width} columns"),
        "Target": _text(target),
        "Published split": _text(split),
        "License": _text(license_),
        "Cite as": _text(about.citation),
        "Home": [nodes.reference("", about.homepage, refuri=about.homepage)],
        "Checked": _text(about.verified),
        "To obtain": _text(about.obtain),
    }
    rows = [(_text(name), cell) for name, cell in facts.items() if cell[0].astext()]
    for file in about.files:
        rows.append((_text("File"), _file(file)))
    code = f'load("{about.name}")'
    rows.append((_text("Load"), [nodes.literal(code, code)]))
    return _table(f"{about.title}: facts", ("Fact", "Value"), rows)


def _file(file):
    """Say in one cell what the file is called, where it is and by which hash it is known."""
    parts = [nodes.literal(file.name, file.name)]
    if file.package:
        parts += _text(f", shipped by the Python package {file.package} {file.version}")
    if file.url:
        parts += [nodes.Text(", "), nodes.reference("", "address", refuri=file.url)]
    if file.size:
        parts += _text(f", {file.size:,} bytes")
    parts += [nodes.Text(", sha256 "), nodes.literal("", file.sha256)] if file.sha256 else []
    parts += [] if file.sha256 else _text(", no hash registered")
    return parts + _text(f". {file.note}" if file.note else "")


def _defects(about):
    rows = [
        (
            _text(defect.key.replace("-", " ")),
            _text(defect.what),
            _text(f"{defect.rows:,}" if defect.rows else ""),
            _text(defect.evidence),
            _text(defect.lesson),
            _text(defect.repair or "none"),
        )
        for defect in about.defects
    ]
    header = ("Defect", "What", "Rows", "Evidence", "Lesson", "Repair")
    return _table(f"{about.title}: known defects", header, rows)


def _columns(about):
    rows = []
    for _, alike in groupby(about.columns, lambda column: replace(column, name="")):
        column, *more = alike
        meaning = _text(column.meaning)
        if column.published and column.published != column.name:
            meaning += [nodes.Text(" Published as "), nodes.literal("", column.published)]
            meaning += _text(".")
        unit = f" ({column.unit})" if column.unit else ""
        name = [nodes.literal("", column.name)]
        if more:  # anonymous columns come by the hundred
            name += [nodes.Text(" to "), nodes.literal("", more[-1].name)]
        values = _text(accepted(column).replace("'", "") + unit)
        rows.append((name, _text(_kind(column)), _text(column.role), values, meaning))
    header = ("Column", "Type", "Role", "Values", "Meaning")
    return _table(f"{about.title}: {len(about.columns)} columns", header, rows)


def _kind(column):
    return "ordered category" if column.ordered else column.dtype


def _section(title, name, table):
    identifier = nodes.make_id(f"{name}-{title}")
    heading = nodes.title("", title)
    return nodes.section("", heading, table, ids=[identifier], names=[identifier])


def _text(value):
    return [nodes.Text(str(value))]


def _table(caption: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]):
    """Return a table with a caption; its first row and first column are headers."""
    group = nodes.tgroup(cols=len(header))
    for column in range(len(header)):
        group += nodes.colspec(colwidth=1, stub=int(column == 0))
    group += nodes.thead("", _row([_text(text) for text in header]))
    body = nodes.tbody()
    for row in rows:
        body += _row(row)
    group += body
    return nodes.table("", nodes.title("", caption), group, classes=["datasheet", "colwidths-auto"])


def _row(cells):
    row = nodes.row()
    for cell in cells:
        row += nodes.entry("", nodes.paragraph("", "", *cell))
    return row


def _noted(env, names):
    """Have Sphinx read the page again when a registry file changes."""
    for name in names:
        env.note_dependency(str(Path(registry.folder(), f"{name}.toml")))


def forget(app):
    """Read the registry anew in each build."""
    registry.entries.cache_clear()


def setup(app):
    app.add_directive("datasheet", DataSheet)
    app.add_directive("datacatalog", DataCatalog)
    app.connect("builder-inited", forget)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
