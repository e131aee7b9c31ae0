"""A release: one archive with everything, checksums, and a way to build the book from it offline.

The same site and the same commit give the same bytes: names in order, one date (the
commit's), no trace of the machine, but for the fetched packages if they come along.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import crmlib
from crmlib._checks import one_of, optional
from crmlib.course._fetched import check_backend, check_fetched, file_hash, system
from crmlib.course.editions import EDITIONS
from crmlib.course.exercises.editions import student_edition
from crmlib.course.exercises.source import assignments
from crmlib.course.leaks import leaks, passages
from crmlib.course.publish import BookError, find_root

SUMS = "SHA256SUMS"
_README = """crmlib and its workbook, version {version}, commit {commit}

site/          the finished book: open site/index.html in a browser; it needs no network
{parts}wheel/         the package: pip install wheel/{wheel}
source/        everything the book is made from
{sums}     checksums: sha256sum --check {sums}

Build the book from source/ without a network
---------------------------------------------
{fetch}
    cd source
    export PIP_NO_INDEX=1 PIP_FIND_LINKS=../wheels
    python3 -m venv .venv
    .venv/bin/python -m pip install --require-hashes --requirement requirements.lock
    .venv/bin/python -m pip install --no-deps --no-build-isolation --editable .
    .venv/bin/crmlib book build

On Windows, in cmd: set PIP_NO_INDEX=1 and set PIP_FIND_LINKS=../wheels, each on a line of its own,
instead of the second line; py -3 instead of python3, and .venv\\Scripts\\ instead of .venv/bin/.

Pages on data that may not be passed on look for them in the folder that CRMLIB_DATA names.
{exercises}"""
_FETCH = """Once, where there is a network, and with the same system and Python, fetch the packages:

    python -m pip download --require-hashes --requirement source/requirements.lock --dest wheels

Then, anywhere:
"""
_THERE = """Nothing has to be fetched: the pinned packages are in wheels/, for {system}. With it:
"""
_BLANK = """
The assignments in source/exercises are blank, without solutions and hidden tests; what tests them
is in the instructor's archive (crmlib book release --edition instructor).
"""


def write_release(
    site: Path | str,
    output: Path | str | None = None,
    *,
    root: Path | str | None = None,
    edition: str = "public",
    wheels: Path | str | None = None,
) -> Path:
    """Write the archive of a release.

    Parameters
    ----------
    site : path
        A finished site, or a publication with PDF, notebooks and slides in it.
    output : path, optional
        Folder for the archive; ``dist`` in the checkout by default.
    root : path, optional
        The checkout; found from the current folder by default.
    edition : {"public", "instructor"}
        The public archive holds the assignments' blanks; the instructor's, their sources.
    wheels : path, optional
        Folder with the packages of ``requirements.lock`` for this Python and system, as
        ``pip download`` fetches them. They go into the archive, which then builds the book
        without a network.

    Returns
    -------
    pathlib.Path
        ``crmlib-VERSION-EDITION.zip``; with packages ``crmlib-VERSION-EDITION-wheels.zip``.

    Raises
    ------
    BookError
        If the site is not there, something is not committed, a solution would be in the
        public archive, or a fetched package is not the lock's or missing. Then nothing is written.

    Examples
    --------
    It needs a commit and a site, so this is not run as a test:
    ``write_release("book/_build/html")``.
    """
    one_of(edition, EDITIONS, "edition")
    root, site = find_root(root), Path(site).resolve()
    if not (site / "index.html").is_file():
        raise BookError(f"There is no site in {site}. `crmlib book build` makes one.")
    if dirty := _git(root, "status", "--porcelain").decode().strip():
        raise BookError(
            "A release holds what is committed, and these files are not:\n"
            + "\n".join(dirty.splitlines()[:10])
        )
    commit = _git(root, "rev-parse", "HEAD").decode().strip()
    when = int(_git(root, "log", "-1", "--format=%ct"))
    files: dict[str, bytes | Path] = dict(_sources(root, edition))
    fetched = _fetched(files, wheels)
    for path in sorted(path for path in site.rglob("*") if path.is_file()):
        name = path.relative_to(site).as_posix()
        place = name if name.startswith(("notebooks/", "slides/")) or name == "book.pdf" else ""
        files[place or f"site/{name}"] = path
    wheel, content = _wheel(files, when)
    files[f"wheel/{wheel}"] = content
    files["README.txt"] = _readme(files, commit, wheel, edition, bool(fetched)).encode()
    sums = {name: _hash(content) for name, content in files.items()}
    sums |= {name: digest for name, (_, digest) in fetched.items()}
    files[SUMS] = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()
    name = f"crmlib-{crmlib.__version__}-{edition}{'-wheels' if fetched else ''}"
    output = Path(output).resolve() if output else root / "dist"
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output, prefix=".release-") as folder:
        made = Path(folder) / f"{name}.zip"
        _write(made, name, files, when)
        secret = passages(assignments(root / "exercises")) if edition == "public" else []
        if found := leaks(made, secret):
            raise BookError("No release was written.\n  " + "\n  ".join(found))
        # Last, and not searched: by their hashes they are what the registry has.
        _write(made, name, {place: path for place, (path, _) in fetched.items()}, when)
        return made.replace(output / made.name)


def verify_release(folder: Path | str) -> list[str]:
    """Hold an unpacked release against its checksums.

    Parameters
    ----------
    folder : path
        Where SHA256SUMS lies.

    Returns
    -------
    list of str
        A sentence for each file that is missing, changed or not listed; empty when all is well.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "SHA256SUMS").write_text(f"{hashlib.sha256(b'x').hexdigest()}  a.txt")
    >>> verify_release(folder)
    ['a.txt is missing.']
    """
    folder = Path(folder)
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    found = [f"{name} is missing." for name in sorted(sums.keys() - there)]
    found += [f"{name} is not listed." for name in sorted(there - sums.keys() - {SUMS})]
    for name in sorted(sums.keys() & there):
        if file_hash(folder / name) != sums[name]:
            found.append(f"{name} has changed.")
    return found


def _git(root: Path, *words: str) -> bytes:
    try:
        return subprocess.run(
            ["git", "-C", str(root), *words], check=True, capture_output=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BookError(f"A release is made from a git checkout, and git says: {error}") from None


def _sources(root: Path, edition: str) -> Iterator[tuple[str, bytes]]:
    """Yield the committed files; for the public, assignments blank and without mistakes."""
    nbformat = optional("nbformat", "course")
    blanks = {}
    if edition == "public":
        for one in assignments(root / "exercises"):
            text = nbformat.writes(student_edition(one)) + "\n"
            blanks[f"exercises/{one.name}/{one.name}.ipynb"] = text.encode()
    with tarfile.open(fileobj=io.BytesIO(_git(root, "archive", "HEAD"))) as archive:
        for entry in archive:
            if not entry.isfile() or (blanks and entry.name.endswith("/mistakes.toml")):
                continue
            file = archive.extractfile(entry)
            assert file is not None
            yield f"source/{entry.name}", blanks.get(entry.name) or file.read()


def _fetched(
    files: dict[str, bytes | Path], wheels: Path | str | None
) -> dict[str, tuple[Path, str]]:
    """Return places, files and sums of the fetched packages, if they are wanted and all right."""
    if wheels is None:
        return {}
    lock = _text(files, "requirements.lock")
    check_backend(lock, _text(files, "pyproject.toml"))
    found = check_fetched(Path(wheels), lock)
    return {f"wheels/{name}": one for name, one in found.items()}


def _text(files: dict[str, bytes | Path], name: str) -> str:
    content = files.get(f"source/{name}")
    if not isinstance(content, bytes):
        raise BookError(f"The last commit has no {name}, which says what to fetch.")
    return content.decode("utf-8")


def _hash(content: bytes | Path) -> str:
    if isinstance(content, Path):
        return file_hash(content)
    return hashlib.sha256(content).hexdigest()


def _wheel(files: dict[str, bytes | Path], when: int) -> tuple[str, bytes]:
    """Build the wheel from the sources of the archive."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            if name.startswith("source/") and isinstance(content, bytes):
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", f"{folder}/out"]
        done = subprocess.run(
            command,
            cwd=f"{folder}/source",
            env={**os.environ, "SOURCE_DATE_EPOCH": str(when)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BookError(f"The wheel did not build.\n{done.stdout}{done.stderr}")
        (path,) = Path(folder, "out").glob("*.whl")
        return path.name, path.read_bytes()


def _readme(
    files: dict[str, bytes | Path], commit: str, wheel: str, edition: str, fetched: bool
) -> str:
    parts = {
        "book.pdf": "book.pdf       the book to print\n",
        "notebooks/": "notebooks/     every page with code as a notebook\n",
        "slides/": "slides/        the slides of the lectures\n",
    }
    there = "".join(
        line for start, line in parts.items() if any(name.startswith(start) for name in files)
    )
    if fetched:
        there += "wheels/        the packages that the book is built with\n"
    return _README.format(
        version=crmlib.__version__,
        commit=commit,
        parts=there,
        wheel=wheel,
        sums=SUMS,
        fetch=_THERE.format(system=system()) if fetched else _FETCH,
        exercises=_BLANK if edition == "public" else "",
    )


def _write(path: Path, top: str, files: dict[str, bytes | Path], when: int) -> None:
    """Write files into an archive, or add them; large ones piece by piece."""
    date = datetime.fromtimestamp(when, UTC).timetuple()[:6]
    with zipfile.ZipFile(path, "a") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{top}/{name}", date_time=date)
            packed = name.startswith("wheels/")  # already, so packing again gains nothing
            entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            entry.create_system = 3  # the same on every system
            entry.external_attr = 0o644 << 16
            content = files[name]
            if isinstance(content, bytes):
                archive.writestr(entry, content)
                continue
            entry.file_size = content.stat().st_size
            with content.open("rb") as source, archive.open(entry, "w") as target:
                shutil.copyfileobj(source, target, 1 << 20)
