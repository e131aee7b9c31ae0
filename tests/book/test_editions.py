"""What is published at an address, and what only an instructor sees, on a small book."""

import re
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from crmlib.course import build_book, check_site
from crmlib.course.exercises.source import assignments
from crmlib.course.leaks import leaks, passages

ROOT = Path(__file__).parents[2]
SKIP = shutil.ignore_patterns("_build", "__pycache__", ".*")
NAME = "1a-measuring-churn"
TOC = """format: jb-book
root: book/intro
parts:
  - caption: Guides
    chapters:
      - file: book/guides/exercises
      - file: book/assignments
      - file: book/guides/printed-and-slides
      - file: book/guides/publish
"""
pytestmark = pytest.mark.book


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small book with one assignment, and a page that has moved."""
    root = tmp_path_factory.mktemp("book")
    for name in ("book", "datasets", "crmlib"):
        shutil.copytree(ROOT / name, root / name, ignore=SKIP)
    shutil.copytree(ROOT / "exercises" / NAME, root / "exercises" / NAME, ignore=SKIP)
    for name in ("_config.yml", "CITATION.cff", "requirements.lock"):
        shutil.copy(ROOT / name, root)
    (root / "book" / "intro.md").write_text("# A small book\n\nWho left, and why?\n")
    (root / "book" / "_toc.yml").write_text(TOC)
    moved = '[moved]\n"old/tasks" = "book/assignments"\n'
    (root / "book" / "redirects.toml").write_text(moved)
    return root


def built(root, output, **wanted):
    return build_book(root, output, say=lambda line: None, **wanted).index.parent


def soup(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def published(small, tmp_path_factory):
    wanted = {"base_url": "https://x.example.org/b", "version": "1.0", "offers": True}
    return built(small, tmp_path_factory.mktemp("published"), **wanted)


@pytest.fixture(scope="module")
def instructors(small, tmp_path_factory):
    return built(small, tmp_path_factory.mktemp("instructor"), edition="instructor")


def test_a_published_page_has_what_chats_and_search_engines_show(published):
    page = soup(published / "book" / "intro.html")
    tags = {tag["property"]: tag["content"] for tag in page.select("meta[property]")}
    assert tags["og:url"] == "https://x.example.org/b/book/intro.html"
    assert tags["og:title"] == "A small book"
    assert tags["og:description"] == "Who left, and why?"
    card = tags["og:image"].removeprefix("https://x.example.org/b/")
    assert (published / card).read_bytes().startswith(b"\x89PNG")
    assert page.select_one('link[rel="canonical"]')["href"] == tags["og:url"]
    assert "https://x.example.org/b/book/intro.html" in page.select_one(".crm-cite pre").get_text()
    assert page.select_one('article a[href="../editions.html"]')
    assert page.select_one('meta[name="crmlib-version"]')["content"] == "1.0"
    assert not page.select('meta[name="robots"]')


def test_the_sitemap_lists_every_page_of_text(published):
    places = re.findall(r"<loc>(.*?)</loc>", (published / "sitemap.xml").read_text())
    names = [place.removeprefix("https://x.example.org/b/") for place in places]
    assert {"book/intro.html", "book/assignments.html"} <= set(names)
    assert all((published / name).is_file() for name in names)


def test_the_page_for_wrong_addresses_works_at_any_of_them(published):
    page = soup(published / "404.html")
    assert page.select_one("base")["href"] == "/b/404.html"
    first = page.find("link", rel="stylesheet") or page.find("script", src=True)
    assert page.decode().index("<base") < page.decode().index(str(first)[:30])
    assert page.select_one('article a[href="book/intro.html"]')


def test_an_old_address_leads_to_the_new_page(published):
    assert '"../book/assignments.html"' in (published / "old" / "tasks.html").read_text()


def test_a_published_site_passes_the_check(published):
    (published / "editions.html").write_text("<p>forms</p>")
    assert check_site(published) == []


def test_the_public_edition_has_the_blank_and_no_secret(small, published):
    assert (published / "assignments" / f"{NAME}.ipynb").is_file()
    assert leaks(published, passages(assignments(small / "exercises"))) == []


def test_the_instructors_edition_has_every_secret_and_says_so_on_every_page(small, instructors):
    secrets = passages(assignments(small / "exercises"))
    found = leaks(instructors / "instructor" / f"{NAME}.html", secrets)
    assert len(found) > 0.8 * len(secrets)
    for path in instructors.glob("book/*.html"):
        page = soup(path)
        assert "noindex" in page.select_one('meta[name="robots"]')["content"]
        assert "Do not publish" in page.select_one(".bd-header-announcement").get_text()
    page = soup(instructors / "instructor" / f"{NAME}.html").get_text()
    assert "Planted mistakes" in page
    assert "Rubric." in page
    assert check_site(instructors) == []


def test_the_instructors_index_leads_to_all_it_promises(instructors):
    links = soup(instructors / "instructor" / "index.html").select("article a[href]")
    targets = {link["href"] for link in links}
    assert f"{NAME}.html" in targets
    assert "../book/guides/exercises.html#exercises-guide" in targets
    assert "../book/guides/printed-and-slides.html#slides-guide" in targets


def test_editions_do_not_mix(small, instructors):
    """The instructor's site is built beside, and the checkout stays as it was."""
    assert not (small / "instructor").exists()
    assert "instructor" not in (small / "book" / "_toc.yml").read_text()
    assert not (instructors.parents[2] / "html").exists()
