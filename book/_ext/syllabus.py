"""The syllabus map: which page, function and exercise cover each item of the course.

The items are in ``book/syllabus.toml``. The directive ``syllabusmap`` shows them as tables, one
for each part of the course, after a count of what is covered; the role ``syllabus`` links from
any page to an item's row. `read` and `problems` need no Sphinx application: tests use them too.
"""

from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from tomllib import load

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx.util.nodes import make_refnode

logger = logging.getLogger(__name__)

FILE = Path(__file__).parents[1] / "syllabus.toml"
PARTS = {
    "A": "Churn overview",
    "B": "Recovery decisions",
    "C": "Early warning",
    "D": "Complaint handling",
    "E": "Satisfaction, life cycle and retention",
    "F": "Report of a telecom company",
}
KINDS = {
    "D": "definition",
    "C": "classification",
    "M": "method",
    "F": "formula",
    "I": "indicator",
    "P": "process",
    "K": "case",
    "N": "number",
    "A": "analysis",
    "T": "table or figure",
}
SOURCES = ("S0", "S1", "S2", "S3", "S4")
GAPS = ("", "named only", "cut")
CHAPTERS = (1, 2, 3, 4)
NOT_YET = "not yet"


@dataclass(frozen=True)
class Item:
    """One item of the course and what covers it; the keys are explained in the file."""

    id: str
    item: str
    kind: tuple[str, ...]
    source: str
    chapter: int
    zh: str = ""
    gap: str = ""
    pages: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    exercises: tuple[str, ...] = ()

    @property
    def anchor(self):
        return nodes.make_id(f"syllabus-{self.id}")


def read(path=FILE):
    """Return the items of a syllabus file in order; a ValueError says what is wrong with it."""
    with Path(path).open("rb") as file:
        tables = load(file)
    known = {field.name: field.default is MISSING for field in fields(Item) if field.name != "id"}
    items = []
    for name, table in tables.items():
        if unknown := sorted(table.keys() - known):
            raise ValueError(f"{name} has unknown keys {unknown}; known are {list(known)}.")
        if missing := [key for key, needed in known.items() if needed and key not in table]:
            raise ValueError(f"{name} lacks {missing}.")
        values = {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
        items.append(_checked(Item(name, **values)))
    return items


def _checked(item):
    """Return the item if its values are among those allowed."""
    allowed = [
        ("part", {item.id[0]}, PARTS),
        ("kind", item.kind, KINDS),
        ("source", {item.source[:2]}, SOURCES),
        ("gap", {item.gap}, GAPS),
        ("chapter", {item.chapter}, CHAPTERS),
    ]
    for name, values, choices in allowed:
        if bad := [value for value in values if value not in choices]:
            raise ValueError(f"{item.id}: {name} {bad} is not among {list(choices)}.")
    for name in ("kind", "pages", "functions", "exercises"):
        if not isinstance(getattr(item, name), tuple):
            raise ValueError(f"{item.id}: {name} must be a list.")
    return item


def problems(items, root):
    """Return a sentence for each entry that points nowhere; `root` is the top of the checkout."""
    root = Path(root)
    found = []
    for item in items:
        for page in item.pages:
            if not any((root / f"{page}{suffix}").is_file() for suffix in (".md", ".ipynb")):
                found.append(f"{item.id}: there is no page {page}.md.")
        for name in item.functions:
            # With a colon, for a function may bear the name of the module it stands in.
            room, _, function = name.rpartition(".")
            try:
                public = name.startswith("crmlib.") and callable(resolve_name(f"{room}:{function}"))
            except (ImportError, AttributeError, ValueError):
                public = False
            if not public:
                found.append(f"{item.id}: there is no function {name}.")
        for folder in item.exercises:
            if not (root / "exercises" / folder).is_dir():
                found.append(f"{item.id}: there is no folder exercises/{folder}.")
    return found


_items = cache(read)


def _noted(env):
    """Return the file's path, and have Sphinx read this page again when the file changes."""
    path = Path(env.srcdir, env.config.syllabus_file)
    env.note_dependency(str(path))
    return path


class SyllabusMap(SphinxDirective):
    """Show the count of what is covered, then a table for each part."""

    def run(self):
        path = _noted(self.env)
        items = _items(path)
        parts = {
            f"{letter}. {title}": [item for item in items if item.id[0] == letter]
            for letter, title in PARTS.items()
        }
        shown = [self._summary(items, parts)]
        for title, members in parts.items():
            section = nodes.section(
                "", nodes.title("", title), ids=[f"syllabus-part-{title[0].lower()}"]
            )
            section += self._part(title[0], members)
            shown.append(section)
        return shown

    def _summary(self, items, parts):
        rows = [(title, *_counts(members)) for title, members in parts.items()]
        rows.append(("All parts", *_counts(items)))
        covered = sum(bool(item.pages) for item in items)
        return _table(
            f"{covered} of {len(items)} items are on a page so far",
            ("Part", "Items", "On a page", "With a function", "With an exercise"),
            [(None, [[nodes.Text(str(value))] for value in row]) for row in rows],
        )

    def _part(self, letter, items):
        covered = sum(bool(item.pages) for item in items)
        table = _table(
            f"Part {letter}: {covered} of {len(items)} items are on a page",
            ("ID", "Item", "Kind", "Course text", "Chapter", "Covered by"),
            [(item, self._cells(item)) for item in items],
        )
        for row in table.findall(lambda node: isinstance(node, nodes.row) and node["names"]):
            self.state.document.note_explicit_target(row)
        return table

    def _cells(self, item):
        name = f"{item.item} ({item.zh})" if item.zh else item.item
        kinds = ", ".join(KINDS[kind] for kind in item.kind)
        source = f"{item.source}, {item.gap}" if item.gap else item.source
        texts = [[nodes.Text(text)] for text in (item.id, name, kinds, source, str(item.chapter))]
        return [*texts, self._coverage(item)]

    def _coverage(self, item):
        links = [self._page(page) for page in item.pages] or [nodes.strong("", NOT_YET)]
        links += [self._function(name) for name in item.functions]
        links += [self._exercise(folder) for folder in item.exercises]
        joined = [links[0]]
        for link in links[1:]:
            joined += [nodes.Text(", "), link]
        return joined

    def _xref(self, content, **attributes):
        return pending_xref("", content, refdoc=self.env.docname, **attributes)

    def _page(self, page):
        return self._xref(
            nodes.inline("", page),
            refdomain="std",
            reftype="doc",
            reftarget=f"/{page}",
            refexplicit=False,
            refwarn=True,
        )

    def _function(self, name):
        """Link to the API page, or plain code where the function is on none."""
        return self._xref(
            nodes.literal("", f"{name}()"),
            refdomain="py",
            reftype="obj",
            reftarget=name,
            syllabus=True,
        )

    def _exercise(self, folder):
        """Link to the exercise's page if the book has one, else name its folder."""
        path = f"exercises/{folder}"
        pages = sorted(page for page in self.env.found_docs if page.startswith(f"{path}/"))
        return self._page(pages[0]) if pages else nodes.literal("", path)


def _counts(items):
    """Return how many items there are, and how many have a page, a function, an exercise."""
    lists = ("pages", "functions", "exercises")
    return len(items), *(sum(bool(getattr(item, name)) for item in items) for name in lists)


def _table(caption, header, rows):
    """Return a table with a caption; the first row and the first column are headers."""
    group = nodes.tgroup(cols=len(header))
    for column in range(len(header)):
        group += nodes.colspec(colwidth=1, stub=int(column == 0))
    group += nodes.thead("", _row([[nodes.Text(text)] for text in header]))
    body = nodes.tbody()
    for item, cells in rows:
        names = [item.anchor] if item else []
        body += _row(cells, ids=names, names=names)
    group += body
    return nodes.table("", nodes.title("", caption), group, classes=["syllabus", "colwidths-auto"])


def _row(cells: Iterable[list[nodes.Node]], **attributes):
    row = nodes.row("", **attributes)
    for cell in cells:
        row += nodes.entry("", nodes.paragraph("", "", *cell))
    return row


class SyllabusRole(SphinxRole):
    """Link to an item's row; the link's title says what the item is."""

    def run(self):
        path = _noted(self.env)
        item = next((item for item in _items(path) if item.id == self.text), None)
        if item is None:
            logger.warning("no syllabus item %r", self.text, location=self.get_location())
            return [nodes.literal(self.rawtext, self.text)], []
        return [
            pending_xref(
                self.rawtext,
                nodes.inline(self.rawtext, item.id),
                reftype="syllabus",
                reftarget=item.anchor,
                reftitle=f"{item.id}: {item.item}",
                refdoc=self.env.docname,
                refwarn=True,
            )
        ], []


def resolve(app, env, node, contnode):
    """Resolve links to rows; let a function without an API page stand as code."""
    if node.get("reftype") == "syllabus":
        docname, anchor = env.get_domain("std").anonlabels.get(node["reftarget"], ("", ""))
        if docname:
            return make_refnode(
                app.builder, node["refdoc"], docname, anchor, contnode, node["reftitle"]
            )
    return contnode if node.get("syllabus") else None


def forget(app):
    """Read the file anew in each build."""
    _items.cache_clear()


def setup(app):
    app.add_config_value("syllabus_file", str(FILE), "env")
    app.add_directive("syllabusmap", SyllabusMap)
    app.add_role("syllabus", SyllabusRole())
    app.connect("builder-inited", forget)
    app.connect("missing-reference", resolve)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
