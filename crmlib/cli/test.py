"""`crmlib test`: everything that can be proved on this machine."""

from __future__ import annotations

import os
import subprocess
import sys

import click

from crmlib._checks import optional
from crmlib.cli._shared import messages


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Run every test this machine can run, and say at the end what was skipped and why.

    ARGUMENTS go on to pytest: `crmlib test tests/data` runs one folder,
    `crmlib test -m "not book"` leaves out the minutes-long build of the book.
    """
    from crmlib.course import find_root

    optional("pytest", "dev")
    with messages():
        root = find_root()
    command = [sys.executable, "-m", "pytest", "--numprocesses", str(min(os.cpu_count() or 1, 4))]
    # One file stays on one worker, so that what it builds is built once.
    command += ["--dist", "loadfile"]
    # Coverage says something about a full run only.
    command += arguments or ["--cov", "--cov-report=term:skip-covered"]
    raise SystemExit(subprocess.call(command, cwd=root))
