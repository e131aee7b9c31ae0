"""What tests of several rooms share: one build, one browser, one maker of tables."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from crmlib.course import BookError, build_book
from crmlib.data.registry import entry

ROOT = Path(__file__).parents[1]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the finished site, built anew from nothing, once for all workers.

    While writing tests, name a finished site in CRMLIB_SITE to spare the minutes.
    """
    if finished := os.environ.get("CRMLIB_SITE"):
        return Path(finished).resolve()
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    verdict = shared / "book.json"
    with FileLock(shared / "book.lock"):
        if not verdict.exists():
            try:
                build_book(ROOT, shared / "book", fresh=True)
                verdict.write_text(json.dumps(""))
            except BookError as error:
                verdict.write_text(json.dumps(str(error)))
    if problem := json.loads(verdict.read_text()):
        pytest.fail(problem)
    return shared / "book" / "_build" / "html"


def browser_path():
    """Where this machine's Chromium is, or None."""
    named = os.environ.get("CRMLIB_CHROMIUM")
    return named or next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium: the machine's own, or the one Playwright installed."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        path = browser_path()
        if path is None and not Path(driver.chromium.executable_path).exists():
            pytest.skip(
                "no Chromium: install it with the system's package manager or with "
                "`playwright install chromium`, or name one in CRMLIB_CHROMIUM"
            )
        found = driver.chromium.launch(executable_path=path, args=list(QUIET))
        yield found
        found.close()


@pytest.fixture
def made_table():
    """Return a function that makes a table of a data set's documented columns."""

    def made(name, rows):
        rng = np.random.default_rng(7)
        table = {}
        for column in entry(name).columns:
            if column.role == "id":
                table[column.name] = np.arange(rows)
            elif column.categories:
                table[column.name] = rng.choice(column.categories, rows)
            elif column.dtype == "bool":
                table[column.name] = rng.integers(0, 2, rows)
            elif column.dtype == "string":
                table[column.name] = rng.choice(["a", "b", ""], rows)
            else:
                table[column.name] = rng.normal(size=rows).round(3)
        return pd.DataFrame(table)

    return made
