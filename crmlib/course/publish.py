"""Build the book: every page executed, every warning an error.

Jupyter Book keeps the output of executed pages in a cache that knows the pages but not the
package they call. `build_book` drops that cache when the package, the data registry or the
pinned versions have changed, so that no page shows a number of yesterday's code.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from crmlib.course.editions import changes, stage

#: What decides the numbers on a page besides the page itself.
_INPUTS = ("crmlib/**/*.py", "crmlib/**/*.toml", "datasets/**/*.toml", "requirements.lock")
_EXECUTED = re.compile(r"(\S+)\.md: Executed notebook in ([\d.]+) seconds")
_EXECUTING = re.compile(r"(\S+)\.md: Executing notebook")
#: What Sphinx says of a problem: place, then its level. Kernels log in another form.
_PROBLEM = re.compile(r"(^|: )(WARNING|ERROR|CRITICAL|SEVERE): ")
_COLOR = re.compile(r"\x1b\[[\d;]*m")


class BookError(RuntimeError):
    """The book could not be built; the message says where to look."""


@dataclass(frozen=True)
class Site:
    """A finished site.

    Attributes
    ----------
    index : pathlib.Path
        The page to open.
    pages : int
        Number of HTML pages.
    megabytes : float
        Size of the folder on disk.
    seconds : float
        Time the build took.
    """

    index: Path
    pages: int
    megabytes: float
    seconds: float


def find_root(start: Path | str | None = None) -> Path:
    """Return the folder of the checkout that holds the book.

    Parameters
    ----------
    start : path, optional
        Where to look, with the folders above it; the current folder by default.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    BookError
        If neither the folder nor one above it holds ``_config.yml`` and ``book/_toc.yml``.

    Examples
    --------
    >>> find_root("/")
    Traceback (most recent call last):
    ...
    crmlib.course.publish.BookError: No book here: neither ... nor a folder above it holds ...
    """
    here = Path(start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "_config.yml").is_file() and (folder / "book" / "_toc.yml").is_file():
            return folder
    raise BookError(
        f"No book here: neither {here} nor a folder above it holds _config.yml and book/_toc.yml. "
        "Run the command in a checkout of the workbook."
    )


def build_book(
    root: Path | str | None = None,
    output: Path | str | None = None,
    *,
    fresh: bool = False,
    edition: str = "public",
    base_url: str = "",
    version: str = "",
    offers: bool = False,
    say: Callable[[str], object] = print,
) -> Site:
    """Execute every page and build the site, with warnings as errors.

    Parameters
    ----------
    root : path, optional
        The checkout; found from the current folder by default.
    output : path, optional
        Folder in which ``_build`` is made; ``book`` in the checkout by default.
    fresh : bool
        Execute every page anew, even those that have not changed.
    edition : {"public", "instructor"}
        The public site holds no solution. The instructor's has a part with each assignment's
        solution, hidden tests, rubric and planted mistakes, and asks not to be indexed.
    base_url : str
        The address the site will have, for what needs one: sitemap, link previews, a page for
        addresses that are none. Without it the site works anywhere, also from a stick.
    version : str
        The version its switch calls the current one; none by default, and then no switch.
    offers : bool
        Whether the front page links to ``editions.html``, which `publish_book` writes beside it.
    say : callable
        Receives a line for each page executed; `print` by default.

    Returns
    -------
    Site

    Raises
    ------
    BookError
        If a page raises, a link is broken, or anything else warns. The message holds the
        warnings and names the log.
    ValueError
        If there is no such edition, or the address is none.

    Notes
    -----
    The pages are always written anew: a second build over an old one would hide warnings.

    Examples
    --------
    It takes minutes, so this is not run as a test: ``build_book().index`` is the page to open.
    """
    started = time.perf_counter()
    root = find_root(root)
    output = Path(output).resolve() if output else root / "book"
    build = output / "_build"
    build.mkdir(parents=True, exist_ok=True)
    _drop_stale(root, build, fresh=fresh)
    checkout = root
    if wanted := changes(edition=edition, base_url=base_url, version=version, offers=offers):
        # A copy of the sources carries what is different, beside the default site.
        output = build / (edition if edition != "public" else "published")
        root = stage(root, output / "source", wanted, cache=build / ".jupyter_cache")
        build = output / "_build"
        build.mkdir(exist_ok=True)
    for name in ("html", ".doctrees", "jupyter_execute"):
        shutil.rmtree(build / name, ignore_errors=True)
    log = build / "build.log"
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command += [
        "build",
        str(root),
        "--toc",
        str(root / "book" / "_toc.yml"),
        "--path-output",
        str(output),
    ]
    command += ["-W", "-n", "--keep-going"]
    warnings = []
    with log.open("w", encoding="utf-8") as file:
        for line in _lines(command, root, checkout):
            file.write(line + "\n")
            if _PROBLEM.search(line):
                warnings.append(line)
            if message := _progress(line, root):
                say(message)
    site = build / "html"
    if warnings or _failed(log):
        shown = "\n  ".join(warnings[:20]) or "\n  ".join(_tail(log))
        raise BookError(f"The book did not build.\n  {shown}\nThe whole log is in {log}")
    return Site(
        index=site / "index.html",
        pages=sum(1 for _ in site.rglob("*.html")),
        megabytes=sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6,
        seconds=time.perf_counter() - started,
    )


def _drop_stale(root: Path, build: Path, *, fresh: bool) -> None:
    """Remove the outputs of executed pages when they may have changed."""
    stamp = build / ".jupyter_cache" / "made-with"
    now = _fingerprint(root)
    if fresh or not stamp.is_file() or stamp.read_text() != now:
        shutil.rmtree(stamp.parent, ignore_errors=True)
        stamp.parent.mkdir(parents=True)
        stamp.write_text(now)


def _fingerprint(root: Path) -> str:
    """Return a hash of everything a page's numbers depend on."""
    digest = hashlib.sha256()
    for pattern in _INPUTS:
        for path in sorted(root.glob(pattern)):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _lines(command: list[str], root: Path, checkout: Path) -> Iterator[str]:
    """Run `command` in `root` and yield what it prints, line by line and without colors."""
    # Pages import the crmlib of this checkout, whatever else is installed.
    path = os.pathsep.join(filter(None, [str(checkout), os.environ.get("PYTHONPATH")]))
    env = {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        command,
        cwd=root,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield _COLOR.sub("", line).rstrip()
        yield f"exit status {process.wait()}"


def _failed(log: Path) -> bool:
    return _tail(log, 1) != ["exit status 0"]


def _tail(log: Path, lines: int = 25) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines()[-lines:]


def _progress(line: str, root: Path) -> str | None:
    """Return what a reader wants to know of a line of the log, or None."""
    if match := _EXECUTED.search(line):
        return f"  executed {_short(match[1], root)} in {float(match[2]):.0f} s"
    if match := _EXECUTING.search(line):
        return f"  running  {_short(match[1], root)} ..."
    return None


def _short(path: str, root: Path) -> str:
    return path.removeprefix(f"{root}{os.sep}").replace(os.sep, "/")
