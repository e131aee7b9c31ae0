"""A publication is whole and checked, or it is not there."""

import json
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from crmlib.course import BookError, Site, publish_book, publishing
from crmlib.course.editions import changes
from crmlib.course.publishing import FORMS

PAGES = {
    "index.html": '<meta http-equiv="Refresh" content="0; url=book/intro.html" />',
    "book/intro.html": '<a href="page.html">page</a>',
    "book/page.html": "<p>Text</p>",
}
NONE = dict.fromkeys(form.name for form in FORMS)


class Checkout:
    """A checkout whose site is these pages, built at once."""

    def __init__(self, root):
        self.root, self.pages, self.asked = root, dict(PAGES), []
        (root / "book").mkdir(parents=True)
        (root / "_config.yml").write_text("title: Small")
        (root / "book" / "_toc.yml").write_text("root: book/intro")

    def build(self, root, *, say, **wanted):
        self.asked.append(wanted)
        site = self.root / "built"
        for name, text in self.pages.items():
            path = site / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Site(site / "index.html", len(self.pages), 0.0, 0.0)

    def publish(self, output, **wanted):
        return publish_book(self.root, output, say=lambda line: None, **wanted)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    made = Checkout(tmp_path / "root")
    monkeypatch.setattr(publishing, "build_book", made.build)
    monkeypatch.setattr(publishing, "find_spec", sys.modules.get)
    for form in FORMS:
        monkeypatch.delitem(sys.modules, form.module, raising=False)
    return made


def give(monkeypatch, name, function):
    """Let the module of a form be there, with a function that makes it."""
    form = next(form for form in FORMS if form.name == name)
    module = ModuleType(form.module)
    module.__spec__ = ModuleSpec(form.module, None)
    setattr(module, form.function, function)
    monkeypatch.setitem(sys.modules, form.module, module)


def test_a_site_is_published_with_what_there_is_and_says_what_is_not(checkout, tmp_path):
    found = checkout.publish(tmp_path / "out")
    assert found.index.is_file()
    assert (tmp_path / "out" / "book" / "page.html").read_text() == "<p>Text</p>"
    assert found.forms == {}
    assert set(found.left_out) == set(NONE)
    assert checkout.asked == [{"base_url": "", "version": "", "offers": True}]


def test_forms_that_can_be_made_are_beside_the_site_and_on_a_page(checkout, tmp_path, monkeypatch):
    give(monkeypatch, "pdf", lambda site, place, root: place.write_bytes(b"%PDF"))

    def notebooks(root, place, address):
        assert address == "https://x.example.org/book/"
        (place / "a").mkdir(parents=True)
        (place / "a" / "page.ipynb").write_text("{}")

    give(monkeypatch, "notebooks", notebooks)
    address = "https://x.example.org/book"
    found = checkout.publish(tmp_path / "out", base_url=address)
    assert set(found.forms) == {"book.pdf", "notebooks"}
    offers = (tmp_path / "out" / "editions.html").read_text()
    for link in ("book.pdf", "notebooks/a/page.ipynb", "book/intro.html"):
        assert f'href="{link}"' in offers
    again = checkout.publish(tmp_path / "out", base_url=address, without=["pdf"])
    assert again.left_out["pdf"] == "by request"
    assert not (tmp_path / "out" / "book.pdf").exists()


def test_a_form_that_fails_stops_it_and_says_how_to_go_on(checkout, tmp_path, monkeypatch):
    def fail(site, place, root):
        raise BookError("there is no Chromium")

    give(monkeypatch, "pdf", fail)
    with pytest.raises(BookError, match=r"--without pdf(.|\n)*no Chromium"):
        checkout.publish(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("book/bad.html", '<a href="gone.html">x</a>', "leads nowhere"),
        ("book/bad.html", '<script src="https://example.org/a.js"></script>', "asks for"),
        ("book/bad.html", "x" * 1_000_001, "bytes are more"),
    ],
)
def test_a_failed_check_lists_what_is_wrong_and_leaves_the_old_one(
    checkout, tmp_path, name, text, message
):
    checkout.publish(tmp_path / "out")
    before = sorted(path for path in tmp_path.rglob("out/**/*"))
    checkout.pages[name] = text
    with pytest.raises(BookError, match=rf"{name}: .*{message}"):
        checkout.publish(tmp_path / "out")
    assert sorted(path for path in tmp_path.rglob("out/**/*")) == before
    assert not list(tmp_path.glob(".publishing-*"))


def test_a_folder_of_something_else_is_not_replaced(checkout, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("years of work")
    with pytest.raises(BookError, match="no publication of the book"):
        checkout.publish(tmp_path / "out")
    assert (tmp_path / "out" / "thesis.docx").read_text() == "years of work"


def test_versions_lie_beside_each_other_newest_first(checkout, tmp_path):
    out = tmp_path / "out"
    for version in ("0.9.0", "0.10.0"):
        checkout.publish(out, version=version, base_url="https://x.example.org/book")
    assert checkout.asked[-1]["base_url"] == "https://x.example.org/book/0.10.0/"
    listed = json.loads((out / "versions.json").read_text())
    assert [one["version"] for one in listed] == ["0.10.0", "0.9.0"]
    assert "book/page" in listed[0]["pages"]
    assert (out / "versions.js").read_text() == f"var CRMLIB_VERSIONS = {json.dumps(listed)};\n"
    assert "url=0.10.0/book/intro.html" in (out / "index.html").read_text()
    assert (out / "0.9.0" / "book" / "page.html").is_file()


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"base_url": "example.org/book"}, "base_url must be the address"),
        ({"base_url": "ftp://example.org/"}, "base_url must be the address"),
        ({"version": "../up"}, "version must be a name"),
        ({"version": ".hidden"}, "version must be a name"),
        ({"edition": "teacher"}, "edition must be one of"),
    ],
)
def test_what_cannot_be_an_address_a_version_or_an_edition_is_refused(wanted, message):
    with pytest.raises(ValueError, match=message):
        changes(**wanted)


def test_a_form_that_there_is_not_cannot_be_left_out(checkout, tmp_path):
    with pytest.raises(ValueError, match="without must be one of"):
        checkout.publish(tmp_path / "out", without=["epub"])
