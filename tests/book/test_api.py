"""Every room of the package has a page in the book."""

import re
from pathlib import Path

import pytest

import crmlib

ROOT = Path(__file__).parents[2]
ROOMS = [name for name in crmlib.__all__ if not name.startswith("_")]


@pytest.mark.parametrize("room", ROOMS)
def test_the_room_has_a_page_and_the_page_is_in_the_book(room):
    page = ROOT / "book" / "api" / f"{room}.md"
    assert f"automodule:: crmlib.{room}\n" in page.read_text(encoding="utf-8")
    assert f"book/api/{room}\n" in (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8")


def test_every_folder_of_the_package_is_a_room_or_the_command_line():
    folders = {path.parent.name for path in (ROOT / "crmlib").glob("*/__init__.py")}
    assert folders - {"cli"} == set(ROOMS)


def test_no_page_describes_a_room_that_is_not_there():
    pages = {path.stem for path in (ROOT / "book" / "api").glob("*.md")} - {"index"}
    assert pages == set(ROOMS)
    toc = (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"book/api/(\w+)", toc)) - {"index"} == set(ROOMS)
