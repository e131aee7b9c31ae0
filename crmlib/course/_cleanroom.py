"""A clean room: crmlib as a reader has it, from its wheel, far from the checkout.

The room is a virtual environment that holds the wheel and sees the libraries installed here, but
neither the checkout nor a variable that points into it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from crmlib._checks import optional
from crmlib.course.publish import BookError, find_root

#: Variables that would let a checkout or another environment into the room.
_LEAKS = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "JUPYTER_CONFIG_PATH")
_NO_DATA = re.compile(r"FileNotFoundError: ([^\n]*(?:\n[^\n]+)*)")


@dataclass(frozen=True)
class Checked:
    """What became of one notebook.

    Attributes
    ----------
    page : str
        Its path without suffix.
    outcome : str
        ``ran``, ``failed``, or ``skipped`` where its data cannot be had here.
    seconds : float
        Time it took, with the start of its kernel.
    message : str
        Why it failed or was skipped.
    """

    page: str
    outcome: str
    seconds: float
    message: str = ""


def build_wheel(root: Path, folder: Path) -> Path:
    """Build crmlib's wheel into `folder`, without a network.

    Raises
    ------
    BookError
        If it does not build.
    """
    optional("hatchling", "dev")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    done = subprocess.run(
        [*command, "--directory", str(folder)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = sorted(folder.glob("crmlib-*.whl"))
    if done.returncode or not wheels:
        raise BookError(f"The wheel did not build.\n{done.stdout}{done.stderr}")
    return wheels[-1]


def check_notebooks(
    folder: Path | str,
    root: Path | str | None = None,
    *,
    pages: Iterable[str] | None = None,
    timeout: int = 600,
    say: Callable[[str], object] = print,
) -> list[Checked]:
    """Execute notebooks in a clean room, each alone in an empty folder.

    Parameters
    ----------
    folder : path
        What `write_notebooks` has written.
    root : path, optional
        The checkout whose crmlib is built as a wheel; found from the current folder by default.
    pages : iterable of str, optional
        Which notebooks, by path without suffix; all of them by default.
    timeout : int
        Seconds a cell may take.
    say : callable
        Receives a line for each notebook; `print` by default.

    Returns
    -------
    list of Checked
        In the order of `pages`.

    Raises
    ------
    BookError
        If there are no notebooks, or the wheel does not build.

    Examples
    --------
    >>> check_notebooks("no-such-folder", ".", pages=[])
    Traceback (most recent call last):
    ...
    crmlib.course.publish.BookError: No notebooks in no-such-folder: write ...
    """
    folder = Path(folder)
    found = {p.relative_to(folder).with_suffix("").as_posix() for p in folder.rglob("*.ipynb")}
    pages = sorted(found) if pages is None else list(pages)
    if missing := [page for page in pages if page not in found] or not found:
        named = "" if missing is True else f" for {', '.join(missing)}"
        raise BookError(f"No notebooks in {folder}{named}: write them with crmlib book notebooks.")
    results = []
    with tempfile.TemporaryDirectory(prefix="crmlib-", ignore_cleanup_errors=True) as temporary:
        room = Path(temporary)
        python = furnish(room, build_wheel(find_root(root), room))
        for page in pages:
            result = _run(python, room, folder, page, timeout)
            results.append(result)
            say(f"  {result.outcome:8}{result.seconds:5.0f} s  {page}  {result.message}".rstrip())
    return results


def furnish(room: Path, wheel: Path) -> Path:
    """Make the environment in `room` and return its Python."""
    home = room / "venv"
    venv.create(home, symlinks=os.name != "nt")
    places = sysconfig.get_paths("venv", vars={"base": str(home), "platbase": str(home)})
    library = Path(places["purelib"])
    with zipfile.ZipFile(wheel) as archive:  # a wheel of pure Python only has to be unpacked
        archive.extractall(library)
    # The libraries installed here; a .pth file adds folders, and runs no .pth file in them, so
    # that an editable crmlib stays out.
    seen = [path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}]
    (library / "libraries.pth").write_text("\n".join(seen) + "\n", encoding="utf-8")
    python = Path(places["scripts"]) / ("python.exe" if os.name == "nt" else "python")
    kernel = room / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3 (ipykernel)", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    return python


def _run(python: Path, room: Path, folder: Path, page: str, timeout: int) -> Checked:
    """Execute a copy of one notebook in a folder of its own."""
    alone = room / "alone"
    shutil.rmtree(alone, ignore_errors=True)
    alone.mkdir()
    shutil.copy(folder / f"{page}.ipynb", alone / "page.ipynb")
    env = {name: value for name, value in os.environ.items() if name not in _LEAKS}
    env |= {"JUPYTER_PATH": str(room / "jupyter"), "IPYTHONDIR": str(room / "ipython")}
    env |= {"JUPYTER_CONFIG_DIR": str(room / "config")}
    command = [str(python), "-c", "from nbclient.cli import main; main()", "page.ipynb"]
    command += ["--kernel_name=python3", f"--timeout={timeout}", f"--startup_timeout={timeout}"]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=alone, env=env, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if not done.returncode:
        return Checked(page, "ran", seconds)
    output = re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr).strip()
    if "crmlib/data/sources.py" in output.replace("\\", "/") and (why := _NO_DATA.search(output)):
        return Checked(page, "skipped", seconds, " ".join(why[1].split())[:300])
    return Checked(page, "failed", seconds, output[-2000:])
