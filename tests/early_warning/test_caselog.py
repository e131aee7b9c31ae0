"""The case log loses no signal and doubles none, whatever happens meanwhile."""

import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from crmlib.early_warning import CaseLog, RouteBook, Signals

PATHS = [p for p in sys.path if p]


def month_of(month, customers=range(200)):
    raised = pd.Timestamp("2024-01-01") + pd.DateOffset(months=month)
    frame = pd.DataFrame(
        {
            "customer_id": list(customers),
            "month": month,
            "risk": 0.2,
            "value": 100.0,
            "expected_loss": 20.0,
            "severity": "high",
            "reason": "behavior",
            "evidence": "bill fell",
            "department": "Sales",
            "person": "clerk",
            "raised": raised,
            "due": raised + pd.Timedelta(days=3),
        }
    )
    return Signals(frame, month)


@pytest.fixture
def log(tmp_path):
    with CaseLog(tmp_path / "cases.sqlite") as log:
        yield log


def test_logging_a_month_again_changes_nothing(log):
    first = log.record(month_of(5))
    before = log.to_frame()
    again = log.record(month_of(5))
    assert (first.opened, again.opened, again.known) == (200, 0, 200)
    pd.testing.assert_frame_equal(before, log.to_frame())
    assert len(log.history(1)) == 1


def test_a_signal_on_an_open_case_is_noted_there(log):
    log.record(month_of(5))
    second = log.record(month_of(6))
    assert (second.opened, second.repeated) == (0, 200)
    assert len(log.to_frame()) == 200
    assert log.history(1)["what"].tolist() == ["opened", "repeated"]
    # Closing the case does not make the second month open one when it is run again.
    log.move(1, "saved", "2024-07-02", "clerk")
    assert log.record(month_of(6)).known == 200
    assert log.record(month_of(7, [0])).opened == 1


# Runs months one after the other, and says so, until somebody kills it.
SCRIPT = """
import importlib.util, sys
sys.path[:0] = {paths!r}
from crmlib.early_warning import CaseLog
spec = importlib.util.spec_from_file_location("caselog_months", {here!r})
here = importlib.util.module_from_spec(spec)
spec.loader.exec_module(here)
with CaseLog({file!r}) as log:
    for month in range(1, 4000):
        log.record(here.month_of(month, range(500 * month, 500 * month + 500)))
        print(month, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 7])
def test_a_process_killed_while_logging_leaves_whole_months_only(tmp_path, lines):
    file = tmp_path / "cases.sqlite"
    script = SCRIPT.format(paths=PATHS, here=__file__, file=str(file))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as run:
        said = [int(run.stdout.readline()) for _ in range(lines)]
        # Spin a little, so that the blow falls somewhere inside the next month.
        until = time.perf_counter() + 0.003 * lines
        while time.perf_counter() < until:
            pass
        run.send_signal(signal.SIGKILL)
        said += [int(line) for line in run.stdout]
    assert run.returncode == -signal.SIGKILL

    with CaseLog(file) as log:
        per_month = log.to_frame().groupby("month").size()
        assert set(said) <= set(per_month.index), "a month that was logged is still there"
        assert (per_month == 500).all(), "a month is there as a whole or not at all"
        # Running everything again gives what one undisturbed run gives.
        months = range(1, said[-1] + 3)
        for month in months:
            log.record(month_of(month, range(500 * month, 500 * month + 500)))
        repeated = log.to_frame()
    with CaseLog(tmp_path / "calm.sqlite") as calm:
        for month in months:
            calm.record(month_of(month, range(500 * month, 500 * month + 500)))
        pd.testing.assert_frame_equal(repeated, calm.to_frame())


def test_an_error_in_the_middle_of_a_month_leaves_nothing_of_it(log):
    broken = month_of(5)
    broken.frame.loc[150, "severity"] = None
    broken.frame["due"] = broken.frame["due"].astype(object)
    broken.frame.loc[150, "due"] = None
    with pytest.raises(AttributeError):
        log.record(broken)
    assert log.to_frame().empty


def test_two_logs_on_one_file_do_not_double(tmp_path):
    with CaseLog(tmp_path / "a.sqlite") as one, CaseLog(tmp_path / "a.sqlite") as two:
        assert one.record(month_of(5)).opened == 200
        assert two.record(month_of(5)).known == 200


def test_only_legal_steps_are_taken(log):
    log.record(month_of(5, [1]))
    log.move(1, "acknowledged", "2024-06-01", "clerk", "called, no answer")
    log.move(1, "acted", "2024-06-02", "clerk")
    with pytest.raises(ValueError, match="is 'acted'; what may follow is 'saved'"):
        log.move(1, "acknowledged", "2024-06-03", "clerk")
    log.move(1, "lost", "2024-06-20", "clerk")
    with pytest.raises(ValueError, match="nothing: it is closed"):
        log.move(1, "saved", "2024-06-21", "clerk")
    assert log.history(1)["what"].tolist() == ["opened", "acknowledged", "acted", "lost"]
    assert "1 lost" in repr(log)


@pytest.mark.parametrize(
    ("case", "state", "day", "message"),
    [
        (1, "save", "2024-06-01", "did you mean 'saved'"),
        (9, "saved", "2024-06-01", "no case 9"),
        (1, "saved", "soon", "must be a date"),
    ],
)
def test_a_step_that_cannot_be_is_answered(log, case, state, day, message):
    log.record(month_of(5, [1]))
    with pytest.raises(ValueError, match=message):
        log.move(case, state, day, "clerk")


def test_a_case_past_its_deadline_climbs_the_chain_once_a_step(log):
    log.record(month_of(5, [1, 2]))  # raised 2024-06-01, due 2024-06-04
    log.move(2, "acted", "2024-06-02", "clerk")
    book = RouteBook.builtin()
    assert log.escalate("2024-06-04", book).empty
    assert log.escalate("2024-06-05", book)["tell"].tolist() == ["team leader"]
    assert log.escalate("2024-06-05", book).empty
    told = log.escalate("2024-06-30", book)
    assert told["tell"].tolist() == ["head of department", "managing director"]
    assert log.escalate("2024-07-30", book).empty
    assert log.overdue("2024-06-30").index.tolist() == [1]


def test_recent_customers_are_those_of_the_months_before(log):
    for month in (3, 4, 5, 6):
        log.record(month_of(month, [month]))
    assert log.recent(6, quiet=2) == {4, 5}


def test_a_file_that_is_no_log_is_refused(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to have a header" * 50)
    with pytest.raises(ValueError, match="is no case log"):
        CaseLog(file)
