"""Every page with code offers its notebook; launchers show only where a repository is named."""

import functools
import json
import shutil
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from crmlib.course import build_book

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))
open_in = pytest.importorskip("open_in")
pytestmark = pytest.mark.book

PAGES = sorted(path.relative_to(ROOT).with_suffix("") for path in ROOT.glob("chapters/*/*.md"))


def soup(site, page):
    html = (site / f"{page}.html").read_text(encoding="utf-8")
    return BeautifulSoup(html, "html.parser")


def downloads(site, page):
    links = soup(site, page).select(".dropdown-download-buttons a")
    return {link.get_text(strip=True): link["href"] for link in links}


def test_every_chapter_page_offers_its_notebook(site):
    for page in PAGES:
        offered = (site / page).parent / downloads(site, page)[".ipynb"]
        notebook = json.loads(offered.read_text(encoding="utf-8"))
        assert notebook["cells"][1]["id"] == f"{page.name}-001"


def test_numbers_in_the_notebooks_are_those_of_the_pages(site):
    page = "chapters/2-recovery-decisions/cost-cap"
    text = (site / "_notebooks" / f"{page}.ipynb").read_text(encoding="utf-8")
    article = soup(site, page).find("article").get_text()
    assert "of the book's own run" in text
    (shown,) = (line for line in article.splitlines() if line.startswith("Of those with the men"))
    assert shown.split(" visited")[0].split()[-1] in text


def test_a_page_without_code_offers_none(site):
    assert ".ipynb" not in downloads(site, "book/glossary")


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args):
        """Say nothing."""


@pytest.mark.browser
def test_the_button_saves_the_notebook(site, browser):
    handler = functools.partial(Quiet, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/{PAGES[0].as_posix()}.html")
        page.get_by_role("button", name="Download this page").click()
        with page.expect_download() as saved:
            page.locator(".btn-download-notebook-button").click()
        assert saved.value.suggested_filename == f"{PAGES[0].name}.ipynb"
        page.close()
        server.shutdown()


def test_with_no_repository_named_nothing_leads_outside(site):
    for page in PAGES:
        menus = soup(site, page).select(".article-header-buttons a")
        assert not [link["href"] for link in menus if "://" in link["href"]]
    assert not (site / "binder").exists()


def test_the_notebooks_are_small(site):
    sizes = [path.stat().st_size for path in (site / "_notebooks").rglob("*.ipynb")]
    assert max(sizes) < 100_000
    assert sum(sizes) < 2_000_000


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A small book whose instructor has named a repository and a JupyterLite edition."""
    folder = tmp_path_factory.mktemp("published")
    root = folder / "copy"
    for name in ("book", "datasets", "crmlib"):
        skip = shutil.ignore_patterns("_build", "__pycache__")
        shutil.copytree(ROOT / name, root / name, ignore=skip)
    config = (ROOT / "_config.yml").read_text(encoding="utf-8")
    named = "    open_in: {repository: 'https://github.com/me/mine', lite: lite}\n"
    config = config.replace("  config:\n", f"  config:\n{named}", 1)
    (root / "_config.yml").write_text(config, encoding="utf-8")
    shutil.copy(ROOT / "requirements.lock", root)
    head = (ROOT / f"{PAGES[0]}.md").read_text(encoding="utf-8").split("\n(")[0]
    page = f"{head}\n# Page\n\n```{{code-cell}} ipython3\n1 + 1\n```\n"
    (root / "book" / "intro.md").write_text(page, encoding="utf-8")
    (root / "book" / "_toc.yml").write_text("format: jb-book\nroot: book/intro\n")
    return build_book(root, folder / "out", say=lambda line: None).index.parent


def test_a_named_repository_gets_launchers(published):
    links = soup(published, "book/intro").select(".dropdown-launch-buttons a")
    assert {link.get_text(strip=True): link["href"] for link in links} == {
        "Colab": "https://colab.research.google.com/github/me/mine/blob/gh-pages/"
        "_notebooks/book/intro.ipynb",
        "Binder": "https://mybinder.org/v2/gh/me/mine/gh-pages"
        "?urlpath=lab/tree/_notebooks/book/intro.ipynb",
        "JupyterLite": "../lite/lab/index.html?path=book/intro.ipynb",
    }
    icons = [image["src"] for link in links for image in link.select("img")]
    assert len(icons) == 2
    assert all((published / "book" / icon).is_file() for icon in icons)


def test_binder_finds_what_to_install(published):
    from packaging.requirements import Requirement

    needs = (published / "binder" / "requirements.txt").read_text().split("\n")
    names = [Requirement(line).name for line in needs if line]
    assert names == ["crmlib", "jupyterlab"]
    assert (published / "binder" / "runtime.txt").read_text() == "python-3.11\n"


def test_a_repository_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "_config.yml").write_text(
        "title: Small\nsphinx: {config: {open_in: {repository: 'git@host:me/mine'}}}\n"
    )

    class App:
        srcdir, outdir = str(tmp_path), str(tmp_path / "html")

        class config:
            html_baseurl = ""

    with pytest.raises(open_in.ConfigError, match=r"https://github\.com/OWNER/NAME"):
        open_in.read_config(App())
