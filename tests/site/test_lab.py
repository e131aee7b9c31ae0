"""A student opens a chapter in JupyterLab, runs it and sees its figures."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytestmark = [pytest.mark.book, pytest.mark.browser]
ROOT = Path(__file__).parents[2]
PAGE = "1-churn-overview/what-churn-is.md"
MINUTES = 3 * 60_000


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab started as the README says, with a home of its own."""
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (home / "lab.log").open("w")
    command = [sys.executable, "-c", "from crmlib.cli import main; main()", "book", "lab"]
    command += ["--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token="]
    env = {**os.environ, "HOME": str(home), "JUPYTER_PREFER_ENV_PATH": "1"}
    server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT)
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


def external(urls):
    return [url for url in urls if not re.match(r"(data|blob):|(http|ws)://127\.0\.0\.1:", url)]


def test_a_chapter_opens_as_a_notebook_and_runs(lab, browser):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_default_timeout(MINUTES)
    page.goto(f"{lab}/lab/tree/{PAGE}?reset")
    # The status bar: a cell run before the kernel has said hello would be dropped.
    page.get_by_text("(ipykernel) | Idle").wait_for()
    page.click("text=Run >> nth=0")
    page.click("text=Run All Cells >> nth=0")
    # The questions are the last thing a page computes.
    page.wait_for_selector(".crm-quiz", state="attached")
    page.locator(".jp-CodeCell").first.scroll_into_view_if_needed()
    page.get_by_text("26.5% of 7,043 customers left").wait_for()
    assert page.locator(".jp-RenderedSVG, .jp-RenderedImage").count() > 0
    assert page.locator("[data-mime-type*=stderr], [data-mime-type*=error]").count() == 0
    # Boxes, terms and math are shown, not their source.
    page.locator(".jp-MarkdownCell").first.scroll_into_view_if_needed()
    page.get_by_text("The best-known data set on churn").wait_for()
    assert external(asked) == []
    page.close()
