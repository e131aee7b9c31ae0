"""Loads the scripts of the widgets, on the pages that have one and nowhere else."""

import re

#: What every widget needs, in this order; then come formulas and drawing of each kind.
COMMON = ("format", "draw")
KIND = re.compile(r'<figure class="crm-widget" data-widget="(\w+)"')


def load_scripts(app, pagename, templatename, context, doctree):
    """Add style and scripts for the kinds of widgets in the page's body."""
    kinds = sorted(set(KIND.findall(context.get("body", ""))))
    if not kinds:
        return
    app.add_css_file("widgets/widgets.css")
    files = [*COMMON, *(f"{kind}{part}" for kind in kinds for part in ("", "-view")), "frame"]
    for name in files:
        # Deferred scripts run in the order of the page, after it is read and before it is shown.
        app.add_js_file(f"widgets/{name}.js", defer="defer")


def setup(app):
    app.connect("html-page-context", load_scripts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
