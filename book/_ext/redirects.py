"""Pages that have moved: their old address leads on, on any web server and from a stick.

``book/redirects.toml`` names them. An old address that is a page again, or a new one that is
none, is a warning, and so stops the build.
"""

from html import escape
from os.path import relpath
from pathlib import Path
from tomllib import load

from sphinx.util import logging

logger = logging.getLogger(__name__)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>This page has moved</title>
<meta name="robots" content="noindex">
<script>location.replace("{target}" + ("{target}".includes("#") ? "" : location.hash))</script>
<noscript><meta http-equiv="refresh" content="0; url={target}"></noscript></head>
<body><main><h1>This page has moved</h1>
<p>It is now <a href="{target}">{target}</a>.</p></main></body></html>
"""


def problems(moved, pages):
    """Return a sentence for each entry of `moved` (old page to new) that cannot be kept."""
    found = []
    for old, new in moved.items():
        if old in pages:
            found.append(f"redirects.toml: {old} has moved, and is a page all the same.")
        if new.partition("#")[0] not in pages:
            found.append(f"redirects.toml: {old} leads to {new}, which is no page.")
        if Path(old).is_absolute() or ".." in Path(old).parts:
            found.append(f"redirects.toml: {old} is not a place within the site.")
    return found


def page(old, new):
    """Return the page that stands at the old address."""
    name, _, anchor = new.partition("#")
    target = relpath(f"{name}.html", Path(old).parent).replace("\\", "/")
    return PAGE.format(target=escape(target + (f"#{anchor}" if anchor else "")))


def check(app, env):
    """Read the table and warn of entries that cannot be kept."""
    with Path(app.srcdir, "book", "redirects.toml").open("rb") as file:
        env.crmlib_moved = load(file).get("moved", {})
    for problem in problems(env.crmlib_moved, env.found_docs):
        logger.warning(problem)


def write(app, error):
    """Write a page at each old address."""
    if error is not None or app.builder.format != "html":
        return
    for old, new in app.env.crmlib_moved.items():
        target = Path(app.outdir, f"{old}.html")
        if old not in app.env.found_docs and target.resolve().is_relative_to(Path(app.outdir)):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(page(old, new), encoding="utf-8")


def setup(app):
    app.connect("env-check-consistency", check)
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
