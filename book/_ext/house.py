"""What the book's site needs beyond its theme: it asks nothing of the internet.

Scripts that would call a server, and that the book does not use, are taken off the pages.
"""

import re
from pathlib import Path

#: Jupyter Book always loads sphinx-thebe, which fetches its engine from a CDN.
UNUSED_SCRIPTS = ("thebe",)


def drop_unused_scripts(app, pagename, templatename, context, doctree):
    """Take scripts off the page that would call a server."""

    def used(script):
        text = f"{getattr(script, 'filename', script)} {getattr(script, 'attributes', '')}"
        return not any(name in text for name in UNUSED_SCRIPTS)

    context["script_files"] = [script for script in context["script_files"] if used(script)]


def drop_font_preloads(app, error):
    """Take out the theme's font preloads: icons come from its script, and from a stick
    (``file:``) a browser refuses a preload across origins and reports an error.
    """
    if error is not None or app.builder.format != "html":
        return
    preload = re.compile(r'\s*<link rel="preload" as="font"[^>]*>')
    for page in Path(app.outdir).rglob("*.html"):
        page.write_text(preload.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")


def setup(app):
    app.add_js_file("book.js")
    app.connect("html-page-context", drop_unused_scripts, priority=900)
    app.connect("build-finished", drop_font_preloads)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
