"""A student opens a chapter in JupyterLab, runs it and sees its figures."""

import re
from pathlib import Path

import pytest

from tests.site.lab_server import MINUTES, running

pytestmark = [pytest.mark.book, pytest.mark.browser]
ROOT = Path(__file__).parents[2]
PAGE = "1-churn-overview/what-churn-is.md"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab started as the README says, with a home of its own."""
    start = "from crmlib.cli import main; main()"
    with running(start, ["book", "lab"], tmp_path_factory.mktemp("home"), ROOT) as address:
        yield address


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
