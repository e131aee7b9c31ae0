"""Keep a compiled library from writing to the reader's screen."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_ONE_AT_A_TIME = Lock()


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """Send what compiled code prints to nowhere, for as long as the block runs.

    The HiGHS of recent SciPy prints a line of its own debugging for some solutions of an integer
    program, whatever the display option says. Python cannot catch
    it: the line goes straight to the file descriptor.

    Examples
    --------
    >>> with quiet_stdout():
    ...     _ = os.write(1, b"never seen")
    """
    with _ONE_AT_A_TIME:
        sys.stdout.flush()
        _flush_compiled()
        kept = os.dup(1)
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.close(nowhere)
            yield
        finally:
            _flush_compiled()
            os.dup2(kept, 1)
            os.close(kept)


def _flush_compiled() -> None:
    """Empty the buffers of the C library, so that nothing is printed late."""
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)
