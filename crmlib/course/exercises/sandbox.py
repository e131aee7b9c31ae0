"""A throw-away place to run a submission: no network, no secrets, limits on everything.

With bubblewrap the submission sees Python, crmlib and its data, all read-only, and a small folder
in memory; it sees no course, no gradebook, no other submission, no environment and no other
process. Without bubblewrap only the limits hold, and the grader says so.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess  # the whole point of this module
import sys
import sysconfig
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from crmlib.course.exercises.inside import PATIENCE
from crmlib.course.exercises.wire import WireError, receive, send


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes
    ----------
    cell_seconds : float
        Processor time of one cell; one that sleeps or waits may last five times as long.
    ask_seconds : float
        The same for one call that a test makes into the submission.
    total_seconds : float
        Time by the clock of the whole notebook, its tests included.
    memory : int
        Bytes, over all of its processes.
    processes : int
        Processes and threads of its own making.
    disk : int
        Bytes it may write; they vanish with the sandbox.
    output : int
        Characters one cell may print.
    """

    cell_seconds: float = 60.0
    ask_seconds: float = 20.0
    total_seconds: float = 900.0
    memory: int = 3_000_000_000
    processes: int = 64
    disk: int = 200_000_000
    output: int = 20_000


class SandboxError(Exception):
    """The submission ended its sandbox; `reason` says how."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def protection() -> str:
    """Return ``"bubblewrap"`` where submissions can be walled in, else ``"limits"``."""
    return "bubblewrap" if _bubblewrap_works() else "limits"


class Sandbox:
    """One run of a submission; leaves nothing behind.

    Parameters
    ----------
    limits : Limits
    hide : list of Path
        Folders the submission must not see even where they lie under something it may.
    data : dict of str to Path, optional
        Folders with data files, shown read-only, by the environment variable that names each.
    every : float
        Seconds between two looks at what all its processes use together.
    """

    def __init__(
        self,
        limits: Limits,
        hide: list[Path],
        data: Mapping[str, Path] | None = None,
        *,
        every: float = 0.05,
    ) -> None:
        data = data or {}
        self._every = every
        self._over = threading.Event()
        if os.name != "posix":
            raise OSError("Submissions can be graded on Linux (with a sandbox) and macOS only.")
        self.limits = limits
        self._folder = tempfile.TemporaryDirectory(
            prefix="crmlib-grade-", ignore_cleanup_errors=True
        )
        self._ended: str | None = None
        read, write = os.pipe()
        walled = _bubblewrap_works()
        if not walled:
            _warn_once()
        home = Path(self._folder.name)
        program = [sys.executable, "-I", "-c", _START, str(write), str(_package().parent)]
        command = [*_walls(limits, hide, data), *program] if walled else program
        self._process = subprocess.Popen(  # our own program, in its sandbox
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[write],
            env=_environment(Path("/home/student") if walled else home, data, walled=walled),
            cwd="/" if walled else home,
            preexec_fn=lambda: _limit(limits),  # noqa: PLW1509 - before any thread of ours is copied
            start_new_session=True,
        )
        os.close(write)
        assert self._process.stdin is not None  # for the type checker
        self._asked: Any = self._process.stdin
        self._answers: BinaryIO = os.fdopen(read, "rb")
        self._deadline = time.monotonic() + limits.total_seconds
        self._watch = threading.Thread(target=self._guard, daemon=True)
        self._watch.start()
        try:
            self._exchange({"output_limit": limits.output}, 60)
        except SandboxError:
            self.close()
            raise

    def run(self, code: str) -> dict[str, Any]:
        """Run one cell; return its status, error and outputs."""
        seconds = self.limits.cell_seconds
        reply = self._exchange(
            {"op": "run", "code": code, "seconds": seconds}, seconds * PATIENCE + 5
        )
        # Looked at now, so that the next cell is not blamed for what this one left running.
        excess = self._excess() or self._ended
        if excess:
            raise self._broken(excess)
        return reply

    def freeze(self) -> int:
        """Keep the values of this moment; return the number to ask for them."""
        number = self._exchange({"op": "freeze"}, 10).get("copy")
        if not isinstance(number, int):
            raise self._broken("answered with something that is no answer")
        return number

    def ask(self, copy: int, question: dict[str, Any]) -> dict[str, Any]:
        """Ask a kept moment for a value."""
        seconds = self.limits.ask_seconds
        return self._exchange(
            {**question, "copy": copy, "seconds": seconds}, seconds * PATIENCE + 10
        )

    @contextlib.contextmanager
    def branch(self) -> Iterator[None]:
        """Go on in a copy of the process; at the end all that happened in it is forgotten."""
        number = secrets.token_hex(8)
        self._exchange({"op": "branch"}, 10, number)
        yield
        self._exchange({"op": "leave"}, 10, number)  # the process that waited answers, to `branch`

    def close(self) -> None:
        """End every process of the sandbox and remove its folder."""
        self._kill("closed")
        self._process.wait()
        self._over.set()
        self._watch.join()
        for stream in (self._asked, self._answers):
            with contextlib.suppress(OSError):
                stream.close()
        self._folder.cleanup()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _exchange(
        self, message: dict[str, Any], seconds: float, number: str | None = None
    ) -> dict[str, Any]:
        number = number or secrets.token_hex(8)
        timer = threading.Timer(seconds, self._kill, ["did not stop when its time was up"])
        timer.daemon = True
        timer.start()
        try:
            send(self._asked, {**message, "order": number})
            reply: Any = receive(self._answers)
            if not isinstance(reply, dict) or reply.pop("order", None) != number:
                raise self._broken("answered with something that is no answer")
            return reply
        except (OSError, EOFError):
            self._process.wait()
            raise SandboxError(self._ended or "ended the process that runs the notebook") from None
        except WireError as error:
            raise self._broken(f"tampered with the line to the grader: {error}") from None
        finally:
            timer.cancel()

    def _broken(self, reason: str) -> SandboxError:
        self._kill(reason)
        return SandboxError(reason)

    def _kill(self, reason: str) -> None:
        if self._ended is None:
            self._ended = reason
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()

    def _guard(self) -> None:
        while self._process.poll() is None:
            excess = self._excess()
            if excess:
                self._kill(excess)
            self._over.wait(self._every)

    def _excess(self) -> str | None:
        """Look at what limits of single processes cannot see: the sum over all of them."""
        import psutil

        family: list[Any] = []
        with contextlib.suppress(psutil.Error):
            family = psutil.Process(self._process.pid).children(recursive=True)
        if sum(_threads(one) for one in family) > self.limits.processes + _OWN:
            return f"started more than {self.limits.processes} processes"
        if _memory(family) > self.limits.memory:
            return f"used more than {self.limits.memory / 1e9:.1f} GB of memory"
        if time.monotonic() > self._deadline:
            return f"took more than {self.limits.total_seconds:.0f} seconds in all"
        return None


#: bubblewrap, the notebook and its waiting copies.
_OWN = 40


def _threads(process: Any) -> int:
    import psutil

    try:
        return int(process.num_threads())
    except psutil.Error:
        return 0


def _memory(family: list[Any]) -> int:
    """Return what the processes hold together, pages they share counted once.

    The resident sizes are read first, because they are cheap; only where their sum would be too
    much is the share of each process asked for.
    """
    import psutil

    total = 0
    for one in family:
        with contextlib.suppress(psutil.Error):
            total += one.memory_info().rss
    if total < _CHEAP:
        return total
    total = 0
    for one in family:
        with contextlib.suppress(psutil.Error):
            full = one.memory_full_info()
            total += int(getattr(full, "pss", full.uss))
    return total


#: Below this sum of resident sizes, in bytes, nobody looks closer.
_CHEAP = 500_000_000


def _limit(limits: Limits) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.disk, limits.disk))
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))
    cpu = int(limits.total_seconds) + 10
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    if os.geteuid() != 0:  # counts a user's processes outside too, hence the room
        resource.setrlimit(resource.RLIMIT_NPROC, (4096, 4096))


def _environment(home: Path, data: Mapping[str, Path], *, walled: bool) -> dict[str, str]:
    threads = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "VECLIB_MAXIMUM")
    env = {f"{name}_NUM_THREADS": "1" for name in threads}
    env |= {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home) if not walled else "/tmp",  # the sandbox's own
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "IPYTHONDIR": f"{home}/.ipython",
        "MPLCONFIGDIR": f"{home}/.matplotlib",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LOKY_MAX_CPU_COUNT": "1",
    }
    return env | {name: str(folder) for name, folder in data.items()}


def _walls(limits: Limits, hide: list[Path], data: Mapping[str, Path]) -> list[str]:
    shown = _readable()
    command = [
        str(shutil.which("bwrap")),
        *("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *("--hostname", "sandbox", "--proc", "/proc", "--dev", "/dev"),
    ]
    for folder in ("/home/student", "/tmp", "/dev/shm"):  # the sandbox's own
        command += ["--size", str(limits.disk), "--tmpfs", folder]
    for top in map(Path, ("/bin", "/sbin", "/lib", "/lib64")):
        if top.is_symlink():
            command += ["--symlink", str(top.readlink()), str(top)]
        elif top.is_dir():
            command += ["--ro-bind", str(top), str(top)]
    for system in ("/usr", "/etc/ld.so.cache", "/etc/fonts", "/etc/alternatives", "/etc/localtime"):
        command += ["--ro-bind-try", system, system]
    for place in shown:
        if not place.is_relative_to("/usr"):
            command += ["--ro-bind", str(place), str(place)]
    for secret in hide:
        if any(secret.is_relative_to(one) for one in [Path("/usr"), *shown]):
            command += ["--tmpfs", str(secret), "--remount-ro", str(secret)]
    for place in data.values():
        command += ["--ro-bind", str(place), str(place)]
    for fonts in _font_lists():  # else every submission that draws spends seconds on making one
        command += ["--ro-bind", str(fonts), f"/home/student/.matplotlib/{fonts.name}"]
    return [*command, "--remount-ro", "/", "--chdir", "/home/student", "--"]


@cache
def _font_lists() -> list[Path]:
    import matplotlib as mpl
    from matplotlib import font_manager  # noqa: F401 - importing it writes the list

    return sorted(Path(mpl.get_cachedir()).glob("fontlist-*.json"))


def _readable() -> list[Path]:
    """Return the folders Python and its packages need, crmlib's own among them, outermost first."""
    package = _package()
    places = {
        Path(sys.prefix),
        Path(sys.base_prefix),
        Path(sys.executable).resolve().parent,
        package,
    }
    places |= {Path(sysconfig.get_paths()[key]) for key in ("purelib", "platlib", "stdlib")}
    places |= {one for one in [package.parent / "datasets"] if one.is_dir()}
    outer: list[Path] = []
    for place in sorted(places, key=lambda one: len(one.parts)):
        if not any(place.is_relative_to(one) for one in outer):
            outer.append(place)
    return outer


def _package() -> Path:
    import crmlib

    return Path(crmlib.__file__).resolve().parent


#: Start the inside half of this very crmlib, wherever it lies; -I keeps all else out of the path.
_START = (
    "import sys; sys.path.insert(0, sys.argv.pop()); "
    "from crmlib.course.exercises.inside import main; main()"
)


@cache
def _bubblewrap_works() -> bool:
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return False
    test = [bwrap, "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    return subprocess.run(test, capture_output=True, check=False).returncode == 0


@cache
def _warn_once() -> None:
    warnings.warn(
        "bubblewrap is not available: submissions run with limits on time, memory, files and "
        "processes only. They can READ YOUR FILES and USE THE NETWORK. Install bubblewrap, or "
        "grade on a machine that holds nothing of value.",
        stacklevel=3,
    )
