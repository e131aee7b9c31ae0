"""An instructor grades a written answer in nbgrader's formgrader, and no regrading loses it."""

import nbformat
import pytest

from crmlib.course.exercises.feedback import feedback
from crmlib.course.exercises.grading import grade
from crmlib.course.exercises.sandbox import protection
from tests.exercises import tiny
from tests.site.lab_server import MINUTES, running

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(protection() != "bubblewrap", reason="bubblewrap is missing"),
]


def test_points_and_words_given_in_formgrader_stay(room, blank, tmp_path, browser):
    place = tmp_path / "in" / "li"
    place.mkdir(parents=True)
    right = tiny.answered(blank, **tiny.RIGHT)
    nbformat.write(right, place / "tiny.ipynb")
    first = grade(room, "tiny", place.parent, progress=False, jobs=1)
    assert first["score"].to_dict() == {"li": 6}
    with room.gradebook() as book:
        answer = book.find_submission_notebook("tiny", "tiny", "li").id

    start = "from jupyterlab.labapp import main; main()"
    with running(start, [], tmp_path, room.root) as address:
        page = browser.new_page()
        page.set_default_timeout(MINUTES)
        page.goto(f"{address}/formgrader/submissions/{answer}/?index=0")
        points = page.locator("input.score").last
        # The boxes are filled by a request; 6 points are there before a person writes.
        page.locator("input.score[placeholder='3']").wait_for()
        with page.expect_response(
            lambda it: "/api/grade/" in it.url and it.request.method == "PUT"
        ):
            points.fill("3.5")
            points.press("Tab")
        words = page.locator("textarea.comment").last
        with page.expect_response(lambda it: "/api/comment/" in it.url and it.status == 200):
            words.fill("Well said.")
            words.press("Tab")
        page.close()

    # The code changes and is graded again; what the person gave stays.
    nbformat.write(tiny.answered(right, rate="rate = 27.0"), place / "tiny.ipynb")
    second = grade(room, "tiny", place.parent, progress=False, jobs=1)
    assert second["status"].to_dict() == {"li": "graded"}
    grades = room.grades("tiny").set_index("cell")["score"]
    assert grades["why"] == 3.5
    assert grades["test-rate"] == 0
    assert "Well said." in feedback(room, "tiny")[0].read_text()
