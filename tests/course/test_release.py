"""A release is the same bytes twice, keeps its word when unpacked, and the book builds from it."""

import hashlib
import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from crmlib.course import BookError, build_book, verify_release, write_release
from crmlib.course._fetched import read_lock
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
    names = ("guides/exercises", "assignments", "guides/publish")
    chapters = "".join(f"  - file: book/{name}\n" for name in names)
    (root / "book" / "_toc.yml").write_text(
        f"format: jb-book\nroot: book/intro\nchapters:\n{chapters}"
    )
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


def tiny_wheel(name, tag="py3-none-any"):
    """A wheel of one module."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(f"{name}.py", "")
        file.writestr(f"{name}-1.0.dist-info/METADATA", f"Name: {name}\nVersion: 1.0\n")
    return f"{name}-1.0-{tag}.whl", buffer.getvalue()


@pytest.fixture(scope="module")
def locked(checkout, tmp_path_factory):
    """The small book with a lock of three tiny packages, and the folder into which they came."""
    root = tmp_path_factory.mktemp("locked") / "root"
    shutil.copytree(checkout, root)
    wheels = tmp_path_factory.mktemp("wheels")
    files = [tiny_wheel("here"), tiny_wheel("hatchling"), tiny_wheel("elsewhere")]
    sums = [hashlib.sha256(content).hexdigest() for _, content in files]
    (root / "requirements.lock").write_text(
        f"hatchling==1.0 \\\n    --hash=sha256:{sums[1]}\n"
        f"here==1.0 ; sys_platform == '{sys.platform}' \\\n    --hash=sha256:{'0' * 64} \\\n"
        f"    --hash=sha256:{sums[0]}\n"
        f"elsewhere==1.0 ; sys_platform == 'plan9' \\\n    --hash=sha256:{sums[2]}\n"
    )
    project = root / "pyproject.toml"
    project.write_text(project.read_text().replace("hatchling>=1.26", "hatchling>=1", 1))
    git(root, "commit", "-qam", "A small lock")
    for name, content in files[:2]:
        (wheels / name).write_bytes(content)
    return root, wheels


def test_fetched_packages_come_along_and_nothing_is_left_to_download(locked, site, tmp_path):
    root, wheels = locked
    made = write_release(site, tmp_path, root=root, wheels=wheels)
    assert made.name.endswith("-public-wheels.zip")
    with zipfile.ZipFile(made) as file:
        names = file.namelist()
        assert names == sorted(names)
        file.extractall(tmp_path / "out")
    (top,) = (tmp_path / "out").iterdir()
    assert verify_release(top) == []
    there = {path.name: path.read_bytes() for path in (top / "wheels").iterdir()}
    assert there == {path.name: path.read_bytes() for path in wheels.iterdir()}
    text = (top / "README.txt").read_text()
    assert "wheels/        the packages" in text
    assert "pip download" not in text
    assert "Nothing has to be fetched" in text
    again = write_release(site, tmp_path / "again", root=root, wheels=wheels)
    assert again.read_bytes() == made.read_bytes()


def test_without_packages_the_readme_says_how_to_fetch_them(unpacked):
    assert "pip download --require-hashes" in (unpacked / "README.txt").read_text()
    assert not (unpacked / "wheels").exists()


def foreign(wheels):
    name, content = tiny_wheel("other")
    (wheels / name).write_bytes(content)


def changed(wheels):
    (wheels / "here-1.0-py3-none-any.whl").write_bytes(b"changed")


def missing(wheels):
    (wheels / "here-1.0-py3-none-any.whl").unlink()


def renamed(wheels):
    (wheels / "here-1.0-py3-none-any.whl").rename(wheels / "hither-1.0-py3-none-any.whl")


def for_another_system(wheels):
    (wheels / "here-1.0-py3-none-any.whl").rename(wheels / "here-1.0-py3-none-plan9.whl")


def nested(wheels):
    (wheels / "more").mkdir()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (foreign, r"other-1\.0-py3-none-any\.whl has none of the hashes"),
        (changed, r"here-1\.0-py3-none-any\.whl has none of the hashes.*\n.*here 1\.0 has no file"),
        (missing, r"here 1\.0 has no file that this Python"),
        (renamed, r"hither-1\.0-py3-none-any\.whl is here 1\.0 by its hash"),
        (for_another_system, r"here 1\.0 has no file that this Python"),
        (nested, r"more is no file"),
        (shutil.rmtree, r"no folder .*wheels"),
    ],
)
def test_a_folder_that_is_not_the_locks_is_refused_by_name(locked, site, tmp_path, spoil, message):
    root, wheels = locked
    shutil.copytree(wheels, tmp_path / "wheels")
    spoil(tmp_path / "wheels")
    with pytest.raises(BookError, match=message):
        write_release(site, tmp_path / "dist", root=root, wheels=tmp_path / "wheels")
    assert not (tmp_path / "dist").exists()


def test_a_lock_without_what_builds_the_package_is_refused(checkout, locked, site, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(locked[0], root)
    shutil.copy(checkout / "pyproject.toml", root)  # asks for a newer hatchling
    git(root, "commit", "-qam", "Another build backend")
    with pytest.raises(BookError, match=r"hatchling>=1\.26"):
        write_release(site, tmp_path / "dist", root=root, wheels=locked[1])
    assert not (tmp_path / "dist").exists()


@pytest.mark.parametrize("line", ["six", "six>=1", "six==1.0", "-r other.txt"])
def test_a_line_that_pins_nothing_is_refused(line):
    with pytest.raises(BookError, match=r"six|other"):
        read_lock(line)


@pytest.mark.book
def test_the_book_builds_from_the_unpacked_archive(unpacked, tmp_path):
    built = build_book(unpacked / "source", tmp_path / "out", say=lambda line: None)
    assert "A small book" in (built.index.parent / "book" / "intro.html").read_text()
    offered = (built.index.parent / "assignments" / f"{NAME}.ipynb").read_text()
    assert (
        nbformat.reads(offered, 4).cells
        == nbformat.read(unpacked / "source" / "exercises" / NAME / f"{NAME}.ipynb", 4).cells
    )
