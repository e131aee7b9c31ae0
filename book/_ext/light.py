"""Makes a finished site light: a page loads what it shows, and little else.

The theme brings all 2,000 icons of Font Awesome, as a script and as style rules; figures carry
millionths of a point, and a style for each of thousands of equal dots. None of that is seen.
"""

import re
from pathlib import Path

#: An icon's outline in Font Awesome's script, and an icon's rule in its style sheet.
_OUTLINE = re.compile(
    r'(?:"([a-z0-9-]+)"|([a-z0-9]+)):\[\d+,\d+,\[([^\]]*)\],"[a-f0-9]+",(?:"[^"]*"|\[[^\]]*\])\],?'
)
_RULE = re.compile(r'(?:\.fa-[a-z0-9-]+:before,?)+\{content:"[^"]*"\}')
#: Marks of one scatter plot: the same style again and again.
_DOTS = re.compile(r'(<use [^>]*?) style="([^"]*)"/>(?:\s*<use [^>]*? style="\2"/>)+')
_ICON = re.compile(r"\bfa-([a-z0-9-]+)")
#: What a page must hold to need a script or a style sheet, by a part of the file's name.
_NEEDED_BY = {
    "sphinx-design": "sd-",
    "design-tabs": "sd-",
    "mystnb": 'class="cell',
}


def needed(name, body):
    """Whether a page with this body needs the script or style sheet with this name."""
    marks = [mark for part, mark in _NEEDED_BY.items() if part in name.lower()]
    return all(mark in body for mark in marks)


def only_icons(script, used):
    """Font Awesome's script with the outlines of the icons in use."""

    def keep(outline):
        others = set(re.findall(r'"([^"]+)"', outline[3]))
        return outline[0] if ({outline[1] or outline[2]} | others) & used else ""

    return _OUTLINE.sub(keep, script)


def without_icon_rules(sheet):
    """Font Awesome's style sheet with its fonts and sizes: the script draws the icons."""
    return _RULE.sub("", sheet)


def slim(svg):
    """A figure whose places are exact to a hundredth of a point, and whose dots share a style."""

    def number(found):
        return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")

    def places(found):
        return f'{found[1]}{re.sub(r"-?[0-9]+[.][0-9]{3,}", number, found[2])}"'

    def together(run):
        style = f' style="{run[2]}"'
        return f"<g{style}>{run[0].replace(style, '')}</g>"

    return _DOTS.sub(together, re.sub(r'(\s(?:d|x|y)=")([^"]*)"', places, svg))


def lighten(site):
    """Lighten a finished site in place.

    Parameters
    ----------
    site : pathlib.Path
    """
    texts = [*site.rglob("*.html"), *(site / "_static/scripts").glob("*.js")]
    texts += site.glob("_static/*.js")
    used = {name for path in texts for name in _ICON.findall(path.read_text(encoding="utf-8"))}
    for path in site.glob("_static/vendor/fontawesome/*/js/all.min.js"):
        _rewrite(path, lambda script: only_icons(script, used))
    for path in site.glob("_static/vendor/fontawesome/*/css/all.min.css"):
        _rewrite(path, without_icon_rules)
    for path in site.glob("_images/*.svg"):
        _rewrite(path, slim)


def _rewrite(path, change):
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def drop_what_a_page_does_not_need(app, pagename, templatename, context, doctree):
    """Take scripts and style sheets off a page that nothing on it needs."""
    body = context.get("body", "")

    def name(file):
        return f"{getattr(file, 'filename', file)} {getattr(file, 'attributes', '')}"

    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if needed(name(file), body)]


def lighten_what_was_built(app, error):
    if error is None and app.builder.format == "html":
        lighten(Path(app.outdir))


def setup(app):
    app.connect("html-page-context", drop_what_a_page_does_not_need, priority=950)
    app.connect("build-finished", lighten_what_was_built)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
