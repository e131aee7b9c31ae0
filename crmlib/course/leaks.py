"""Search a finished site for solutions and hidden tests of the assignments, file by file.

A solution can come back in many coats: as text, as colored HTML, inside a notebook's JSON, in
an archive within an archive. Each file is brought to the same plain form, without marks, quotes
and spaces, and held against every secret passage.
"""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from pathlib import Path

from crmlib.course.exercises.editions import secret_lines
from crmlib.course.exercises.source import HIDDEN, Assignment, kind, marks

#: A line this long (in its plain form) is nobody's by chance.
_OWN = 60
#: So many lines of one passage are not either.
_TOGETHER = 3
#: Shorter passages say too little, such as ``x = 1``.
_SHORT = 20
_WORD = re.compile(r"\w+")
_MARK = re.compile("(BEGIN|END) (SOLUTION|HIDDEN TESTS)")
_ESCAPE = re.compile(r"\\[nrt]")
_TAG = re.compile(r"<[^>]*>")
_MARKUP = {".html", ".htm", ".svg", ".xml"}
_TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True)
class Passage:
    """Lines that belong together and that a student must not find.

    Attributes
    ----------
    assignment : str
    where : str
        The cell by its mark, or the planted mistake by its name.
    lines : tuple of str
    """

    assignment: str
    where: str
    lines: tuple[str, ...]

    @cached_property
    def sought(self) -> list[tuple[set[str], str]]:
        """Each line's words, and the line in the plain form in which files are searched."""
        return [(set(_WORD.findall(line)), plain(line)) for line in self.lines]

    def found_in(self, text: Text) -> bool:
        """Whether a text holds the passage, or enough of it."""
        # Words first: nearly every line of nearly every file is settled by them.
        near = [line for words, line in self.sought if words <= text.words]
        there = [line for line in near if line in text.plain]
        whole = len(there) == len(self.lines) and sum(map(len, there)) >= _SHORT
        return whole or len(there) >= _TOGETHER or any(len(line) >= _OWN for line in there)


@dataclass(frozen=True)
class Text:
    """What a file says, without markup."""

    content: str

    @cached_property
    def words(self) -> set[str]:
        """Its words."""
        return set(_WORD.findall(_ESCAPE.sub(" ", self.content)))

    @cached_property
    def plain(self) -> str:
        """Its plain form."""
        return plain(self.content)


def passages(assignments: Iterable[Assignment]) -> list[Passage]:
    """Return what must not be found: solutions, model answers, hidden tests, planted mistakes.

    Parameters
    ----------
    assignments : iterable of Assignment

    Returns
    -------
    list of Passage

    Examples
    --------
    ``passages(crmlib.course.exercises.source.assignments("exercises"))`` is what `leaks` takes.
    """
    found = []
    for one in assignments:
        secret = secret_lines(one)
        for cell in one.notebook.cells:
            if kind(cell) in ("answer", "written", "tests"):
                for name, block in _blocks(cell):
                    # nbgrader's marks around a solution are no part of it.
                    said = (line.strip() for line in block if not _MARK.search(line))
                    kept = tuple(line for line in said if line in secret)
                    found.append(Passage(one.name, f"{marks(cell)['grade_id']}{name}", kept))
        known = {line for cell in one.notebook.cells for line in cell.source.splitlines()}
        for mistake in one.mistakes:
            # What a mistake shares with the source is no secret, or is one already.
            own = [line for line in mistake.code.splitlines() if line not in known]
            lines = tuple(line.strip() for line in own if len(line.strip()) > _SHORT)
            if sum(map(len, lines)) > _OWN:  # a short one is written by chance
                found.append(Passage(one.name, f"mistake {mistake.name!r}", lines))
    return [one for one in found if one.lines]


def _blocks(cell: object) -> Iterator[tuple[str, list[str]]]:
    """Yield a cell's secrets: its hidden tests, and its solution or whole answer."""
    lines = str(getattr(cell, "source", "")).splitlines()
    hidden: list[str] = []
    inside = False
    for line in lines:
        inside = (inside or HIDDEN[0] in line) and HIDDEN[1] not in line
        if inside:
            hidden.append(line)
    if hidden:
        yield ", hidden tests", hidden
    if kind(cell) in ("answer", "written"):
        yield "", [line for line in lines if line not in hidden]


def plain(text: str) -> str:
    r"""Return a text without escapes, marks of Markdown, quotes and spaces.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> plain('rate = lost["a"]')
    'rate=lost[a]'
    >>> plain(r'"rate = lost[\"a\"]\n"')
    'rate=lost[a]'
    """
    return re.sub(r"[\s\\\"'`*_]+", "", _ESCAPE.sub("", text))


def leaks(site: Path | str, secrets: Iterable[Passage]) -> list[str]:
    """Search every file of a folder, archives included, and name what must not be there.

    Parameters
    ----------
    site : path
        A folder, or one file.
    secrets : iterable of Passage

    Returns
    -------
    list of str
        A sentence for each file and passage; empty when the folder may be published.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "page.html").write_text("<p><b>1 - (1 - monthly)</b> ** 12</p>")
    >>> leaks(folder, [Passage("1a", "yearly", ("return 1 - (1 - monthly) ** 12",))])
    []
    >>> leaks(folder, [Passage("1a", "yearly", ("1 - (1 - monthly) ** 12", "1 - monthly"))])
    ['page.html holds yearly of 1a.']
    """
    site, secrets = Path(site), list(secrets)
    files = sorted(path for path in site.rglob("*") if path.is_file()) if site.is_dir() else [site]
    found = []
    for path in files:
        name = path.relative_to(site).as_posix() if path != site else path.name
        for place, text in _texts(name, path):
            found += [
                f"{place} holds {one.where} of {one.assignment}."
                for one in secrets
                if one.found_in(text)
            ]
    return found


def _texts(name: str, source: Path | bytes) -> Iterator[tuple[str, Text]]:
    """Yield the name and the text of a file, or of every file within an archive."""
    with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as file:
        if file.read(4) == b"PK\x03\x04":  # zip, and what is one: wheels, office files
            with zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    if not member.is_dir():
                        yield from _texts(f"{name}/{member.filename}", archive.read(member))
            return
        file.seek(0)
        content = file.read()
    if name.lower().endswith(_TARS):
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for entry in archive:
                if (part := archive.extractfile(entry)) is not None:
                    yield from _texts(f"{name}/{entry.name}", part.read())
    elif b"\0" not in content[:1024]:  # pictures and fonts say nothing
        text = content.decode("utf-8", errors="replace")
        if Path(name).suffix.lower() in _MARKUP:
            text = unescape(_TAG.sub("", text))
        elif "\\u00" in text:  # JSON that hides quotes or tags
            text = re.sub(r"\\u([0-9a-fA-F]{4})", _character, text)
        yield name, Text(text)


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))
