"""Taking submissions in: folders, nbgrader's layout, and the archives Moodle and Canvas export.

Nothing of a submission is run or trusted here. A file that cannot be a submission is refused by
name, and the others go on.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

#: The largest notebook that is read, in bytes.
SIZE_LIMIT = 20_000_000
#: The most files and bytes an archive may hold.
ARCHIVE_FILES, ARCHIVE_BYTES = 5_000, 2_000_000_000
#: Moodle: ``Li Wei_12345_assignsubmission_file_/tiny.ipynb`` (or without the folder).
_MOODLE = re.compile(r"^(?P<name>[^/]+?)_(?P<id>\d+)_assignsubmission_file_?[/]?")
#: Canvas: ``liwei_LATE_12345_67890_tiny-2.ipynb``.
_CANVAS = re.compile(r"^(?P<name>[^_/]+)(?:_LATE)?_(?P<id>\d+)_(?P<file>\d+)_(?P<rest>.+)$")
_SAFE = re.compile(r"[^\w.@-]+", re.UNICODE)


@dataclass(frozen=True)
class Submission:
    """One student's file.

    Attributes
    ----------
    student : str
        As the folder or the archive names the student; safe as a file name.
    content : bytes or None
        The notebook, unread.
    refusal : str
        Why there is nothing to grade; empty when there is.
    external_id : str
        The learning platform's number of the student or submission, if it gave one.
    """

    student: str
    content: bytes | None
    refusal: str = ""
    external_id: str = ""

    @property
    def digest(self) -> str:
        """The content's SHA-256, or that of the refusal."""
        return hashlib.sha256(self.content or self.refusal.encode()).hexdigest()


def collect(place: Path | str, assignment: str) -> list[Submission]:
    """Find the submissions of an assignment in a folder or an archive.

    A folder holds a folder for each student (with the notebook in it, or in a folder of the
    assignment's name, as nbgrader has it), or notebooks named after students. An archive is
    what Moodle or Canvas exports, or a zipped folder.

    Parameters
    ----------
    place : path
    assignment : str

    Returns
    -------
    list of Submission
        One for each student, by name.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `place`, or nothing in it.
    ValueError
        If `place` is a file but no archive.
    """
    place = Path(place)
    if place.is_dir():
        found = list(_from_folder(place, assignment))
    elif place.is_file():
        found = list(_from_archive(place))
    else:
        raise FileNotFoundError(f"There is no folder or archive {place.name}.")
    if not found:
        raise FileNotFoundError(f"{place.name} holds no submission.")
    students: dict[str, Submission] = {}
    for one in found:
        if one.student in students:
            one = Submission(one.student, None, "handed in more than once", one.external_id)  # noqa: PLW2901
        students[one.student] = one
    return [students[name] for name in sorted(students)]


def read_notebook(content: bytes) -> Any:
    """Return the notebook in `content`.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    NotebookNode

    Raises
    ------
    ValueError
        In words for the student, when it is no notebook.
    """
    import nbformat

    if not content.strip():
        raise ValueError("the file is empty")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("the file is not in UTF-8") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what nbformat repairs does not matter to a grade
            notebook = nbformat.reads(text, as_version=4)
        cells = [_whole(cell) for cell in notebook.cells]
    except RecursionError:
        raise ValueError("the file is no notebook (nested too deep)") from None
    except Exception as error:  # a stranger's file may break the reader in any way
        raise ValueError(f"the file is no notebook ({type(error).__name__})") from None
    if len(cells) > 500:  # no assignment has a tenth of it
        raise ValueError(f"the notebook has {len(cells):,} cells")
    notebook.cells = cells
    return notebook


def _whole(cell: Any) -> Any:
    """Return a cell if its parts have the types they must have."""
    if cell["cell_type"] not in ("code", "markdown", "raw") or not isinstance(cell["source"], str):
        raise TypeError("a cell that is none")
    if not isinstance(cell.setdefault("metadata", type(cell)()), dict):
        raise TypeError("a cell whose metadata are none")
    return cell


def _from_folder(place: Path, assignment: str) -> Iterator[Submission]:
    for entry in sorted(place.iterdir()):
        if entry.name.startswith("."):
            continue
        student, number = _student(entry.name)
        if entry.is_symlink():
            yield Submission(student, None, "a link instead of a file", number)
        elif entry.is_dir():
            yield _read(student, number, *_notebook_in(entry, assignment))
        elif entry.suffix == ".ipynb":
            student, number = _student(entry.stem)
            yield _read(student, number, entry, "")


def _notebook_in(folder: Path, assignment: str) -> tuple[Path | None, str]:
    """Return the one notebook of a student's folder, or why there is none."""
    inner = folder / assignment
    place = inner if inner.is_dir() and not inner.is_symlink() else folder
    named = place / f"{assignment}.ipynb"
    if named.is_symlink():
        return None, "a link instead of a file"
    if named.is_file():
        return named, ""
    others = [one for one in sorted(place.glob("*.ipynb")) if not one.is_symlink()]
    if len(others) == 1:
        return others[0], ""
    linked = any(one.is_symlink() for one in place.glob("*.ipynb"))
    if linked:
        return None, "a link instead of a file"
    return (
        None,
        f"{len(others)} notebooks, none named {assignment}.ipynb" if others else "no notebook",
    )


def _read(student: str, number: str, path: Path | None, why: str) -> Submission:
    if path is None:
        return Submission(student, None, why, number)
    try:
        size = path.stat().st_size
        if size > SIZE_LIMIT:
            return Submission(student, None, f"the file has {size / 1e6:.0f} MB", number)
        return Submission(student, path.read_bytes(), "", number)
    except OSError as error:
        return Submission(student, None, f"the file cannot be read ({error.strerror})", number)


def _from_archive(place: Path) -> Iterator[Submission]:
    try:
        with zipfile.ZipFile(place) as archive:
            yield from _members(archive)
    except zipfile.BadZipFile:
        raise ValueError(f"{place.name} is neither a folder nor a zip archive.") from None


def _members(archive: zipfile.ZipFile) -> Iterator[Submission]:
    members = [one for one in archive.infolist() if not one.is_dir()]
    if len(members) > ARCHIVE_FILES or sum(one.file_size for one in members) > ARCHIVE_BYTES:
        raise ValueError("The archive would unpack to more than a class can hand in.")
    for one in members:
        path = PurePosixPath(one.filename.replace("\\", "/"))
        student, number = _student(_who(path))
        if path.is_absolute() or ".." in path.parts or re.match(r"^[A-Za-z]:", str(path)):
            yield Submission(student, None, "a path that leads out of the archive", number)
        elif one.external_attr >> 28 == 0xA:  # Unix: a symbolic link
            yield Submission(student, None, "a link instead of a file", number)
        elif path.suffix == ".zip":
            yield _inner(archive, one, student, number)
        elif path.suffix == ".ipynb" and not path.name.startswith("."):
            yield _member(archive, one, student, number)


def _member(
    archive: zipfile.ZipFile, one: zipfile.ZipInfo, student: str, number: str
) -> Submission:
    if one.file_size > SIZE_LIMIT:
        return Submission(student, None, f"the file has {one.file_size / 1e6:.0f} MB", number)
    try:
        with archive.open(one) as file:
            content = file.read(SIZE_LIMIT + 1)  # what the archive says of its size may be a lie
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError):
        return Submission(student, None, "the file cannot be unpacked", number)
    if len(content) > SIZE_LIMIT:
        return Submission(student, None, "the file is larger than it says", number)
    return Submission(student, content, "", number)


def _inner(archive: zipfile.ZipFile, one: zipfile.ZipInfo, student: str, number: str) -> Submission:
    """Read the one notebook of an archive in the archive."""
    outer = _member(archive, one, student, number)
    if outer.content is None:
        return outer
    try:
        with zipfile.ZipFile(io.BytesIO(outer.content)) as inner:
            found = [item for item in inner.infolist() if item.filename.endswith(".ipynb")]
            if len(found) != 1:
                return Submission(student, None, f"{len(found)} notebooks in the archive", number)
            return _member(inner, found[0], student, number)
    except zipfile.BadZipFile:
        return Submission(student, None, "a damaged archive", number)


def _who(path: PurePosixPath) -> str:
    """Return the part of a path that names the student."""
    parts = [part for part in path.parts if part not in ("/", "..", ".")]
    if len(parts) >= 2 and parts[0] == "submitted":
        parts = parts[1:]
    named = len(parts) > 1 or _MOODLE.match(parts[0]) or _CANVAS.match(parts[0])
    return parts[0] if named else PurePosixPath(parts[0]).stem


def _student(name: str) -> tuple[str, str]:
    """Return a student's name and the platform's number, from a folder's or a file's name."""
    for pattern in (_MOODLE, _CANVAS):
        found = pattern.match(name)
        if found:
            return _clean(found["name"]), found["id"]
    return _clean(name), ""


def _clean(name: str) -> str:
    return _SAFE.sub("-", name).strip("-.")[:80] or "unnamed"
