"""A student opens a blank assignment in JupyterLab, answers wrongly, then rightly, and sees it."""

import pytest

from tests.exercises import tiny
from tests.site.lab_server import MINUTES, running

pytestmark = pytest.mark.browser


@pytest.fixture
def lab(room, blank, tmp_path):
    """The address of a JupyterLab in the folder the assignment was handed out in."""
    import nbformat

    folder = tmp_path / "mine"
    folder.mkdir()
    blank.cells[1].source += "\nfrom crmlib.course import self_check\ncheck = self_check()"
    nbformat.write(blank, folder / "tiny.ipynb")
    start = "from jupyterlab.labapp import main; main()"
    with running(start, [], tmp_path, folder) as address:
        yield address


def test_a_wrong_and_a_right_answer_are_told_apart(lab, browser):
    page = browser.new_page()
    page.set_default_timeout(MINUTES)
    page.goto(f"{lab}/lab/tree/tiny.ipynb?reset")
    page.get_by_text("(ipykernel) | Idle").wait_for()
    answer(page, "rate = 27.0")
    page.get_by_text("the churn rate: not yet. a share lies between 0 and 1").wait_for()
    answer(page, tiny.RIGHT["rate"])
    page.get_by_text("the churn rate: right.").wait_for()
    # The tests are locked: typing into them changes nothing.
    cells = page.locator(".jp-CodeCell")
    cells.nth(2).locator(".cm-content").click()
    page.keyboard.type("rate = 0.5 #")
    assert "rate = 0.5 #" not in cells.nth(2).locator(".cm-content").inner_text()
    page.close()


def answer(page, code):
    """Type an answer into the first task, and run the set-up, the answer and its tests."""
    cell = page.locator(".jp-CodeCell").nth(1).locator(".cm-content")
    cell.click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(code)
    page.locator(".jp-CodeCell").nth(0).locator(".cm-content").click()
    for _ in range(3):
        page.keyboard.press("Shift+Enter")
