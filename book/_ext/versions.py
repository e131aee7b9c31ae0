"""The version switch: other editions of the site that lie beside this one.

It is there when the site is built for a version (`crmlib book publish --version`). The list is
``versions.js`` in the folder above the site, a script rather than data, for a page opened
from a stick may not read files. ``_static/versions.js`` shows the list when there is more than one.
"""

from html import escape


def add_switch(app, pagename, templatename, context, doctree):
    """Load the list and the switch."""
    version = app.config.crmlib_version
    if not version or pagename == "404":
        return
    root = "../" * pagename.count("/")
    context["metatags"] = context.get("metatags", "") + (
        f'\n<meta name="crmlib-version" content="{escape(version)}" data-page="{escape(pagename)}">'
        f'\n<script defer src="{root}../versions.js"></script>'
        f'\n<script defer src="{root}_static/versions.js"></script>'
    )


def setup(app):
    app.add_config_value("crmlib_version", "", "html")
    app.connect("html-page-context", add_switch, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
