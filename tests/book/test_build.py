"""The book builds cleanly, and a page that is broken stops it."""

import shutil
from pathlib import Path

import pytest

from crmlib.course import BookError, build_book, find_root
from crmlib.course.publish import _drop_stale

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.book

HEAD = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---
"""
BAD = {
    "raises": "# Raises\n\n```{code-cell} ipython3\n1 / 0\n```\n",
    "warns": "# Warns\n\n```{code-cell} ipython3\nimport warnings as w\nw.warn('look out')\n```\n",
    "target": "# Target\n\n```{eval-rst}\nsee nowhere_\n```\n",
    "link": "# Link\n\n[nowhere](no-such-page.md)\n",
}


@pytest.fixture
def small_book(tmp_path):
    """A copy of the book with the front page only; pages can be added to it."""
    root = tmp_path / "copy"
    for folder in ("book", "datasets", "crmlib"):
        skip = shutil.ignore_patterns("_build", "__pycache__")
        shutil.copytree(ROOT / folder, root / folder, ignore=skip)
    shutil.copy(ROOT / "_config.yml", root)
    shutil.copy(ROOT / "CITATION.cff", root)
    shutil.copy(ROOT / "requirements.lock", root)
    (root / "book" / "intro.md").write_text("# A small book\n")

    def add(pages):
        for name, text in pages.items():
            (root / "book" / f"{name}.md").write_text(HEAD + text)
        chapters = "".join(f"  - file: book/{name}\n" for name in pages)
        toc = "format: jb-book\nroot: book/intro\n" + (f"chapters:\n{chapters}" if pages else "")
        (root / "book" / "_toc.yml").write_text(toc)
        return root

    return add


def test_the_book_builds_without_a_warning(site):
    assert (site / "index.html").is_file()
    assert (site / "chapters" / "1-churn-overview" / "what-churn-is.html").is_file()


def test_the_site_stays_small_enough_for_a_stick(site):
    megabytes = sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6
    assert megabytes < 40


@pytest.mark.parametrize("name", BAD)
def test_a_broken_page_stops_the_build_and_is_named(small_book, tmp_path, name):
    root = small_book({name: BAD[name]})
    with pytest.raises(BookError, match=rf"{name}\.md"):
        build_book(root, tmp_path / "out", say=lambda line: None)
    # A second build over the first must not call it good.
    with pytest.raises(BookError, match=rf"{name}\.md"):
        build_book(root, tmp_path / "out", say=lambda line: None)


def test_a_good_small_book_builds(small_book, tmp_path):
    said = []
    root = small_book({"good": "# Good\n\n```{code-cell} ipython3\n1 + 1\n```\n"})
    built = build_book(root, tmp_path / "out", say=said.append)
    assert built.index.is_file()
    assert any("book/good" in line for line in said)


def test_outputs_are_kept_until_the_package_changes(tmp_path):
    root, build = tmp_path / "root", tmp_path / "build"
    module = root / "crmlib" / "module.py"
    module.parent.mkdir(parents=True)
    module.write_text("a = 1\n")
    output = build / ".jupyter_cache" / "output"

    def kept(**kwargs):
        _drop_stale(root, build, **{"fresh": False, **kwargs})
        there = output.exists()
        output.write_text("executed")
        return there

    assert not kept()
    assert kept()
    module.write_text("a = 2\n")
    assert not kept()
    assert not kept(fresh=True)


def test_outside_a_checkout_the_message_says_where_to_go(tmp_path):
    with pytest.raises(BookError, match="in a checkout of the workbook"):
        find_root(tmp_path)


def test_the_root_is_found_from_a_folder_below_it():
    assert find_root(ROOT / "chapters" / "1-churn-overview") == ROOT
