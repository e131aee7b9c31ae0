"""Open in: each page's clean notebook on the site, and the menus that offer it.

The download menu of a page with code offers its notebook, which lies on the site itself. Buttons
for Colab, Binder and JupyterLite appear where ``open_in`` in ``_config.yml`` names a repository or
a JupyterLite edition; with none named, no button leads anywhere it should not.
"""

from pathlib import Path
from urllib.parse import quote, urlsplit

from sphinx.errors import ConfigError

from crmlib.course import write_notebooks
from crmlib.course._pages import Pages

FOLDER = "_notebooks"
#: What Binder reads at the top of the published branch.
RUNTIME = "python-3.11\n"


def read_config(app):
    """Read the options and the pages with code once a build."""
    build = Path(app.outdir).parent
    app.open_in_pages = Pages(Path(app.srcdir), build, app.config.html_baseurl or "", None)
    options = app.open_in_pages.open_in
    if options.repository:
        parts = urlsplit(options.repository)
        if parts.netloc != "github.com" or len(parts.path.strip("/").split("/")) != 2:
            raise ConfigError(
                "open_in: repository must look like https://github.com/OWNER/NAME, which Colab "
                f"and Binder can read; got {options.repository!r}."
            )


def launchers(options, page):
    """Return the buttons that open a page's notebook somewhere else."""
    within = "/".join(filter(None, [options.folder.strip("/"), FOLDER, f"{page}.ipynb"]))
    buttons = []
    if options.repository:
        repository = urlsplit(options.repository).path.strip("/")
        place = f"{repository}/blob/{options.branch}/{within}"
        buttons.append(_button("Colab", f"https://colab.research.google.com/github/{place}", "png"))
        place = f"{repository}/{quote(options.branch, safe='')}"
        url = f"https://mybinder.org/v2/gh/{place}?urlpath=lab/tree/{within}"
        buttons.append(_button("Binder", url, "svg"))
    return buttons


def _button(name, url, kind):
    return {
        "type": "link",
        "text": name,
        "tooltip": f"Run this page on {name}",
        "icon": f"_static/images/logo_{name.lower()}.{kind}",
        "url": url,
    }


def add_buttons(app, pagename, templatename, context, doctree):
    """Offer the notebook in the download menu, and the launchers in one of their own."""
    if pagename not in app.open_in_pages.with_code or "header_buttons" not in context:
        return
    options, pathto = app.open_in_pages.open_in, context["pathto"]
    notebook = {
        "type": "link",
        "url": pathto(f"{FOLDER}/{pagename}.ipynb", 1),
        "text": ".ipynb",
        "icon": "fas fa-code",
        "tooltip": "Download this page as a notebook",
        "label": "download-notebook-button",
    }
    for group in context["header_buttons"]:
        if group.get("label") == "download-buttons":
            group["buttons"].insert(0, notebook)
    buttons = launchers(options, pagename)
    if options.lite:
        far = "://" in options.lite
        lite = options.lite if far else pathto(options.lite.strip("/"), 1)
        buttons.append(
            {
                "type": "link",
                "text": "JupyterLite",
                "tooltip": "Run this page in the browser alone",
                "icon": "fas fa-play",
                "url": f"{lite.rstrip('/')}/lab/index.html?path={pagename}.ipynb",
            }
        )
    if buttons:
        launch = {
            "type": "group",
            "tooltip": "Run this page",
            "icon": "fas fa-rocket",
            "buttons": buttons,
            "label": "launch-buttons",
        }
        context["header_buttons"].insert(0, launch)


def write(app, error):
    """Write the notebooks, and what Binder needs to run them, onto the site."""
    if error is not None or app.builder.format != "html":
        return
    site, pages = Path(app.outdir), app.open_in_pages
    write_notebooks(
        app.srcdir, site / FOLDER, build=site.parent, address=app.config.html_baseurl or ""
    )
    for page in pages.with_code:
        html = site / f"{page}.html"
        text = html.read_text(encoding="utf-8")
        # The theme opens every link of its menus in a new window, where JSON would show.
        link = f'{FOLDER}/{page}.ipynb"'
        text = text.replace(f'{link} target="_blank"', f"{link} download")
        html.write_text(text, encoding="utf-8")
    if pages.open_in.repository:
        binder = site / "binder"
        binder.mkdir(exist_ok=True)
        needs = f"{pages.requirement}\njupyterlab>=4.4\n"
        (binder / "requirements.txt").write_text(needs, encoding="utf-8")
        (binder / "runtime.txt").write_text(RUNTIME, encoding="utf-8")


def setup(app):
    app.add_config_value("open_in", {}, "html", [dict])
    app.connect("builder-inited", read_config)
    # After the theme has made its buttons.
    app.connect("html-page-context", add_buttons, priority=510)
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
