"""Every submission ends with a grade or a named refusal, harms nothing and learns nothing."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pandas as pd
import psutil
import pytest

from crmlib.course.exercises.classroom import Classroom
from crmlib.course.exercises.feedback import feedback
from crmlib.course.exercises.grading import grade
from crmlib.course.exercises.overview import report
from crmlib.course.exercises.sandbox import Limits, Sandbox, SandboxError, protection
from crmlib.course.exercises.source import Assignment
from tests.exercises import hostile

pytestmark = pytest.mark.skipif(
    protection() != "bubblewrap", reason="bubblewrap is missing or may not make its walls here"
)

LIMITS = Limits(
    cell_seconds=3, ask_seconds=2, total_seconds=180, memory=1_500_000_000, disk=50_000_000
)
NAMES = [
    *hostile.CODE,
    "honest-before",
    "exfiltration",
    "deleted-tests",
    "duplicated-cells",
    "rewritten-tests",
    "edited-points",
    "no-metadata",
    "answers-instead-of-tests",
    "cells-upside-down",
    "own-data",
    "forged-result",
    "bad-json",
    "no-notebook",
    "a-list",
    "wrong-encoding",
    "empty-file",
    "only-spaces",
    "deep-json",
    "binary",
    "cells-that-are-none",
    "old-format",
    "nothing",
    "huge-file",
    "link",
    "linked-folder",
    "zz-honest-after",
]


@dataclass(frozen=True)
class Graded:
    """The class after grading."""

    room: Classroom
    table: pd.DataFrame
    fate: dict[str, float | None]
    pages: dict[str, str]
    before: dict[Path, str]


@pytest.fixture(scope="module")
def graded(assignment: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    folder = tmp_path_factory.mktemp("hostile")
    room = Classroom.open(folder / "course")
    (path,) = room.release(assignment)
    submissions = folder / "submissions"
    fate = hostile.hand_in(submissions, nbformat.read(path, as_version=4))
    before = _startup_files()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_TOKEN", "token-of-the-grader-3141")
        patch.setenv("TMPDIR", str(submissions.parent))  # the workers' sandboxes lie there
        table = grade(room, "tiny", submissions, jobs=2, limits=LIMITS, progress=False)
    pages = {page.parent.parent.name: page.read_text() for page in feedback(room, "tiny")}
    return Graded(room, table, fate, pages, before)


def test_the_suite_names_every_submission(graded: Graded) -> None:
    assert sorted(graded.fate) == sorted(NAMES) == list(graded.table.index)
    assert len(NAMES) >= 30


@pytest.mark.parametrize("name", NAMES)
def test_each_ends_with_its_grade_or_a_named_refusal(graded: Graded, name: str) -> None:
    row, score = graded.table.loc[name], graded.fate[name]
    if score is None:
        assert row["status"] == "refused"
        assert row["notes"].startswith("Not graded: ")
    else:
        assert (row["status"], row["score"]) == ("graded", score), row["notes"]
    attack = hostile.CODE.get(name)
    if attack:
        assert attack.note in row["notes"]


def test_the_cell_that_leaves_threads_behind_is_the_one_blamed() -> None:
    code = (
        "import threading, time\nfor _ in range(100):\n"
        "    threading.Thread(target=time.sleep, args=(10**6,), daemon=True).start()"
    )
    # The guard looks once an hour here: what is found is found right after the cell.
    with Sandbox(Limits(processes=8), [], every=3600) as sandbox:
        assert sandbox.run("1 + 1")["status"] == "ok"
        with pytest.raises(SandboxError, match="more than 8 processes"):
            sandbox.run(code)


def test_time_is_that_of_the_processor_and_waiting_has_an_end() -> None:
    busy = "while True:\n    pass"
    waits = "import time\ntime.sleep(1.5)\nawake = True"
    with Sandbox(Limits(cell_seconds=0.5), []) as sandbox:
        assert sandbox.run(busy)["status"] == "timeout"
        assert sandbox.run(waits)["status"] == "ok"
        assert sandbox.run("import time\ntime.sleep(10**6)")["status"] == "timeout"


def test_no_attack_changes_another_grade(graded: Graded) -> None:
    scores = graded.table["score"]
    assert scores["honest-before"] == scores["zz-honest-after"] == hostile.FULL
    book = graded.room.grades("tiny")
    auto = book.groupby("student")["auto_score"].sum()
    pd.testing.assert_series_equal(auto, scores, check_names=False)


@pytest.mark.parametrize(
    "secret",
    ["0.0171", "0.2303", "HIDDEN", "expected(", "token-of-the-grader-3141", "alembic", "CONNECTED"],
)
def test_no_page_shows_what_must_stay_hidden(graded: Graded, secret: str) -> None:
    assert [name for name, page in graded.pages.items() if secret in _output(page)] == []


def test_no_submission_sees_another_or_the_gradebook(graded: Graded) -> None:
    loot = graded.pages["reads-everything"]
    key = (graded.room.root / ".seed-secret").read_text()
    assert key not in loot
    assert "grade_id" not in _output(loot)
    assert "stolen" not in _output(graded.pages["network-call"])


def test_nothing_is_left_behind(graded: Graded) -> None:
    running = [
        one.info["pid"]
        for one in psutil.process_iter(["pid", "ppid", "cmdline"])
        if "crmlib.course.exercises.inside" in " ".join(one.info["cmdline"] or [])
        and one.info["ppid"] == 1  # its grader is gone; those of other tests have theirs
    ]
    assert running == []
    assert not Path("/usr/evil").exists()
    assert not (Path(tempfile.gettempdir()) / "evil").exists()
    assert _startup_files() == graded.before
    assert not list(graded.room.root.parent.glob("crmlib-grade-*"))


def test_pages_hold_no_script_and_ask_for_nothing(graded: Graded) -> None:
    for page in [*graded.pages.values(), report(graded.room, "tiny")[0].read_text()]:
        assert "<script" not in page.lower()
        assert "default-src 'none'" in page
        assert "http://" not in page
        assert "https://" not in page


def test_a_second_run_grades_nothing_anew(graded: Graded) -> None:
    submissions = graded.room.root.parent / "submissions"
    again = grade(graded.room, "tiny", submissions, jobs=1, limits=LIMITS, progress=False)
    assert set(again["status"]) == {"unchanged", "refused"}
    assert again["score"].equals(graded.table["score"])


def _output(page: str) -> str:
    """Return what a page shows besides the student's own code."""
    return re.sub(
        r'<pre class=code>.*?</pre>|<div class="text">.*?</div>', "", page, flags=re.DOTALL
    )


def _startup_files() -> dict[Path, str]:
    """Return what a shell and IPython read at their start, from the grader's own home."""
    home = Path.home()
    places = [home / ".bashrc", *home.glob(".ipython/profile_default/startup/*.py")]
    return {one: one.read_text() for one in places if one.is_file()}
