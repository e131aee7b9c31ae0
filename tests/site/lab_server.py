"""A JupyterLab of the test's own, on a free port, with a home of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import pytest

MINUTES = 3 * 60_000
ROOM = ["--no-browser", "--allow-root", "--IdentityProvider.token="]


@contextmanager
def running(module_code, arguments, home, cwd):
    """Yield the address of a JupyterLab that Python code starts with `arguments`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (home / "lab.log").open("w")
    command = [sys.executable, "-c", module_code, *arguments, *ROOM, f"--port={port}"]
    env = {**os.environ, "HOME": str(home), "JUPYTER_PREFER_ENV_PATH": "1"}
    server = subprocess.Popen(command, cwd=cwd, env=env, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/api/status", server, home / "lab.log")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=60)
        log.close()


def wait_for(url, server, log):
    """Return once the server answers; fail with its log if it stops or stays silent."""
    deadline = time.monotonic() + MINUTES / 1000
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")
