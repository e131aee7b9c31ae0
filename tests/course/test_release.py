"""A release is the same bytes twice, keeps its word when unpacked, and the book builds from it."""

import shutil
import subprocess
import zipfile
from pathlib import Path

import nbformat
import pytest

from crmlib.course import BookError, build_book, verify_release, write_release
from crmlib.course.exercises.source import read_assignment
from crmlib.course.leaks import leaks, passages

ROOT = Path(__file__).parents[2]
NAME = "1a-measuring-churn"
SKIP = shutil.ignore_patterns("_build", "__pycache__", ".*")
GIT = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.org")


def git(root, *words):
    subprocess.run(["git", *GIT, *words], cwd=root, check=True, capture_output=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A small book with one assignment, committed."""
    pytest.importorskip("hatchling")
    if shutil.which("git") is None:
        pytest.skip("no git: a release is made from a git checkout")
    root = tmp_path_factory.mktemp("checkout")
    for name in ("book", "datasets", "crmlib"):
        shutil.copytree(ROOT / name, root / name, ignore=SKIP)
    shutil.copytree(ROOT / "exercises" / NAME, root / "exercises" / NAME, ignore=SKIP)
    for name in ("_config.yml", "requirements.lock", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, root)
    for name in ("LICENSE-TEXT", "CITATION.cff"):
        shutil.copy(ROOT / name, root)
    (root / "book" / "intro.md").write_text("# A small book\n\nText.\n")
    (root / "book" / "_toc.yml").write_text("format: jb-book\nroot: book/intro\n")
    git(root, "init", "-q")
    git(root, "add", "--all", "--force")
    git(root, "commit", "-qm", "A small book")
    return root


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    (site / "notebooks").mkdir()
    (site / "index.html").write_text("<p>front</p>")
    (site / "notebooks" / "a.ipynb").write_text("{}")
    (site / "book.pdf").write_bytes(b"%PDF")
    return site


@pytest.fixture(scope="module")
def archive(checkout, site, tmp_path_factory):
    return write_release(site, tmp_path_factory.mktemp("dist"), root=checkout)


@pytest.fixture(scope="module")
def unpacked(archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    (top,) = folder.iterdir()
    return top


def test_it_holds_site_pdf_notebooks_wheel_sources_and_how_to_build(unpacked):
    for name in ("site/index.html", "book.pdf", "notebooks/a.ipynb", "source/_config.yml"):
        assert (unpacked / name).is_file()
    (wheel,) = (unpacked / "wheel").iterdir()
    with zipfile.ZipFile(wheel) as file:
        assert "crmlib/__init__.py" in file.namelist()
    text = (unpacked / "README.txt").read_text()
    assert wheel.name in text
    assert "crmlib book build" in text


def test_every_file_has_its_checksum_and_a_changed_one_is_named(unpacked, tmp_path):
    assert verify_release(unpacked) == []
    copy = tmp_path / "copy"
    shutil.copytree(unpacked, copy)
    (copy / "README.txt").write_text("other")
    (copy / "book.pdf").unlink()
    (copy / "more.txt").write_text("more")
    assert verify_release(copy) == [
        "book.pdf is missing.",
        "more.txt is not listed.",
        "README.txt has changed.",
    ]


def test_the_same_commit_and_site_give_the_same_bytes(checkout, site, archive, tmp_path):
    assert write_release(site, tmp_path, root=checkout).read_bytes() == archive.read_bytes()


def test_the_public_archive_holds_blanks_and_the_instructors_the_sources(
    checkout, site, unpacked, tmp_path
):
    source = read_assignment(ROOT / "exercises" / NAME)
    secrets = passages([source])
    assert leaks(unpacked, secrets) == []
    blank = nbformat.read(unpacked / "source" / "exercises" / NAME / f"{NAME}.ipynb", 4)
    assert len(blank.cells) == len(source.notebook.cells)
    whole = write_release(site, tmp_path, root=checkout, edition="instructor")
    assert whole.name.endswith("-instructor.zip")
    assert any(f"{NAME}.ipynb" in line for line in leaks(whole, secrets))


def test_what_is_not_committed_or_not_built_stops_it(checkout, site, tmp_path):
    with pytest.raises(BookError, match="no site in"):
        write_release(tmp_path, tmp_path / "out", root=checkout)
    extra = checkout / "book" / "extra.md"
    extra.write_text("# Extra")
    try:
        with pytest.raises(BookError, match=r"extra\.md"):
            write_release(site, tmp_path / "out", root=checkout)
    finally:
        extra.unlink()
    assert not (tmp_path / "out").exists()


@pytest.mark.book
def test_the_book_builds_from_the_unpacked_archive(unpacked, tmp_path):
    built = build_book(unpacked / "source", tmp_path / "out", say=lambda line: None)
    assert "A small book" in (built.index.parent / "book" / "intro.html").read_text()
