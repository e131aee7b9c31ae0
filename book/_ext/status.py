"""With what the book was built: the versions behind its numbers, as a table."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

#: The libraries that a number in the book may depend on.
LIBRARIES = (
    "crmlib", "numpy", "pandas", "scipy", "scikit-learn", "statsmodels", "lifelines", "pgmpy",
    "matplotlib", "jupyter-book", "sphinx", "myst-nb",
)  # fmt: skip


def facts():
    """Return what the build ran on, as pairs of a name and its version."""
    # A build that is to be repeated byte by byte names its own time.
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    found = {"built (UTC)": f"{now:%Y-%m-%d %H:%M}", "Python": platform.python_version()}
    found["system"] = f"{platform.system()} {platform.machine()}"
    return found | {name: version(name) for name in LIBRARIES}


class BuiltWith(SphinxDirective):
    """Show the date, Python and the main libraries in a table."""

    def run(self):
        group = nodes.tgroup("", nodes.colspec(colwidth=1, stub=1), nodes.colspec(colwidth=1))
        group["cols"] = 2
        group += nodes.thead("", _row("What", "Version"))
        group += nodes.tbody("", *(_row(*pair) for pair in facts().items()))
        caption = nodes.title("", "Date and versions of this build")
        self.env.note_reread()
        return [nodes.table("", caption, group, classes=["colwidths-auto"])]


def _row(*texts):
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", text)) for text in texts))


def setup(app):
    app.add_directive("builtwith", BuiltWith)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
