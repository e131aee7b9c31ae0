"""A case moves only as its process allows, its deadlines are kept, and a log is held to both."""

import itertools
from importlib.resources import files

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.complaints import IllegalMove, audit, open_case, process

TEXT = files("crmlib.complaints").joinpath("process.toml").read_text(encoding="utf-8")


def walk(case, states, hours=1):
    for k, state in enumerate(states, 1):
        case = case.advance(state, case.history[0].at + pd.Timedelta(hours=hours * k))
    return case


def log(case):
    return case.to_frame()[["state", "at"]].assign(case=case.number, severity=case.severity)


GOOD = ["acknowledged", "assessed", "decided", "decision communicated", "accepted", "closed"]


def test_a_case_can_go_the_whole_way_and_keeps_its_history():
    case = walk(open_case("C1", "2026-03-02", severity="minor"), GOOD)
    assert case.state == "closed"
    assert case.due is None
    assert case.to_frame()["hours"].tolist()[:-1] == [1.0] * 6
    assert [event.state for event in case.history] == ["received", *GOOD]


@settings(max_examples=60)
@given(st.data())
def test_only_listed_moves_are_possible(data):
    iso = process()
    case = open_case("C", "2026-01-01", severity=data.draw(st.sampled_from(iso.severities)))
    for hour in range(1, 8):
        target = data.draw(st.sampled_from(sorted(iso.states)))
        legal = target in iso.states[case.state].next
        if legal:
            case = case.advance(target, pd.Timestamp("2026-01-01") + pd.Timedelta(hours=hour))
            assert case.state == target
        else:
            with pytest.raises(IllegalMove, match=case.state):
                case.advance(target, "2026-02-01")


def test_advancing_leaves_the_earlier_case_as_it_was():
    case = open_case("C1", "2026-03-02", severity="minor")
    case.advance("acknowledged", "2026-03-02 01:00")
    assert case.state == "received"


def test_the_deadline_is_the_earlier_of_the_state_and_of_the_answer():
    case = open_case("C1", "2026-03-01", severity="critical")
    assert case.due == pd.Timestamp("2026-03-01 02:00")
    case = walk(case, ["acknowledged", "assessed", "under investigation", "waiting for customer"])
    # 72 h in this state would end later than the 120 h that the whole answer may take.
    case = case.advance("under investigation", "2026-03-05")
    assert case.due == pd.Timestamp("2026-03-06"), "120 h after the receipt, not 48 h from now"
    assert not case.overdue("2026-03-06")
    assert case.overdue("2026-03-06 00:01")


def test_time_does_not_run_backwards():
    case = open_case("C1", "2026-03-02", severity="minor")
    with pytest.raises(ValueError, match="lies before"):
        case.advance("acknowledged", "2026-03-01")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('start = "received"', 'start = "receive"', "did you mean 'received'"),
        ('next = ["closed"]', 'next = ["shut"]', "next must be one of"),
        ("clock = [48, 24, 12]", "clock = [48, 24]", "3 numbers, one a severity"),
        ("clock = [48, 24, 12]", "clock = [48, 24, -1]", r"clock must lie in \(0"),
        ("step = 8\nmeaning = \"Everything", "meaning = \"Everything", "lacks the field 'step'"),
        ("[states.closed]", "[states.closed]\nowner = 'me'", "unknown field 'owner'"),
        ('"escalated", "closed"', '"closed"', "no case can reach 'escalated'"),
        ("title =", "name =", "'title' is missing"),
        ("[total]", "[total", "not valid TOML"),
        ('until = "decision communicated"', 'until = "answer"', "until must be one of"),
        ('unless = ["withdrawn"]', 'unless = ["gone"]', "unless must be one of"),
    ],
)  # fmt: skip
def test_a_wrong_configuration_is_refused_by_name(tmp_path, old, new, message):
    assert old in TEXT
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=message) as error:
        process(path)
    assert "mine.toml" in str(error.value)


def test_a_state_without_a_way_out_is_refused(tmp_path):
    text = TEXT.replace('next = ["closed"]', 'next = ["rejected"]', 1)
    text = text.replace(', "escalated", "closed"]', ', "escalated"]')
    for name in ("withdrawn", "closed"):
        text = text.replace(f', "{name}"]', "]")
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"no case can reach|never come to an end"):
        process(path)


def test_a_changed_configuration_changes_what_is_legal(tmp_path):
    text = TEXT.replace('next = ["acknowledged", "withdrawn"]', 'next = ["acknowledged"]', 1)
    path = tmp_path / "strict.toml"
    path.write_text(text, encoding="utf-8")
    case = open_case("C1", "2026-03-02", severity="minor", steps=process(path))
    with pytest.raises(IllegalMove):
        case.advance("withdrawn", "2026-03-03")
    open_case("C1", "2026-03-02", severity="minor").advance("withdrawn", "2026-03-03")


def test_the_audit_of_legal_cases_finds_nothing_illegal_and_counts_the_late():
    fast = walk(open_case("A", "2026-03-02", severity="serious"), GOOD, hours=1)
    slow = walk(open_case("B", "2026-03-02", severity="serious"), GOOD, hours=100)
    found = audit(pd.concat([log(fast), log(slow)], ignore_index=True))
    assert found.illegal.empty
    assert set(found.late["case"]) == {"B"}
    late = set(found.late["state"])
    assert late == {"received", "acknowledged", "assessed", "decided", "accepted"}, late
    assert found.states.loc["received", "share late"] == 0.5
    assert found.states.loc["received", "median hours"] == 50.5
    assert found.answered_in_time == 0.5, "B was answered after 400 h, 240 are allowed"


def test_the_audit_finds_every_illegal_move():
    iso = process()
    pairs = [(a, b) for a, b in itertools.permutations(iso.states, 2)]
    events = pd.DataFrame(
        [
            {"case": k, "state": s, "at": pd.Timestamp("2026-03-02") + pd.Timedelta(hours=i)}
            for k, pair in enumerate(pairs)
            for i, s in enumerate(pair)
        ]
    ).assign(severity="minor")
    found = audit(events.sample(frac=1, random_state=0))
    moves = found.illegal[found.illegal["from"] != ""]
    wrong = {(a, b) for a, b in pairs if b not in iso.states[a].next}
    assert set(zip(moves["from"], moves["to"], strict=True)) == wrong
    starts = found.illegal[found.illegal["from"] == ""]
    assert len(starts) == sum(a != "received" for a, _ in pairs)


def test_ending_a_case_without_an_answer_does_not_make_the_record_look_better():
    answered = log(walk(open_case("A", "2026-03-02", severity="minor"), GOOD))
    start = open_case("B", "2026-03-02", severity="minor").advance("acknowledged", "2026-03-02")
    closed = walk(start, ["assessed", "under investigation", "waiting for customer", "closed"])
    gone = start.advance("withdrawn", "2026-03-02 05:00")
    fresh = open_case("B", "2026-03-02", severity="minor")
    for other, share in ((closed, 0.5), (gone, 1.0), (fresh, 1.0)):
        found = audit(pd.concat([answered, log(other)], ignore_index=True))
        assert found.answered_in_time == share, other.state
    late = audit(pd.concat([answered, log(fresh)], ignore_index=True), now="2026-04-02")
    assert late.answered_in_time == 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": "receive"}, "did you mean 'received'"),
        ({"severity": "deadly"}, "severity must be one of"),
        ({"at": pd.NaT}, "missing values in 1 rows"),
    ],
)
def test_a_bad_log_is_refused_by_name(change, message):
    events = log(walk(open_case("A", "2026-03-02", severity="minor"), GOOD))
    events.loc[0, list(change)] = list(change.values())
    with pytest.raises(ValueError, match=message):
        audit(events)


def test_an_audit_cannot_be_made_before_its_last_event():
    events = log(walk(open_case("A", "2026-03-02", severity="minor"), GOOD))
    with pytest.raises(ValueError, match="lies before the last event"):
        audit(events, now="2026-03-01")
    with pytest.raises(ValueError, match="two severities"):
        audit(events.assign(severity=["minor"] * 6 + ["serious"]))
    with pytest.raises(ValueError, match="lacks the column 'severity'"):
        audit(events.drop(columns="severity"))


def test_results_have_tables_and_plots():
    iso = process()
    assert iso.to_frame().loc["received", "zh"] == "受理"
    assert iso.to_frame()["ISO step"].isin([1, 3, 4, 5, 6, 7, 8, ""]).all()
    assert len(iso.plot().patches) == 3 * sum(1 for s in iso.states.values() if s.clock)
    found = audit(log(walk(open_case("A", "2026-03-02", severity="minor"), GOOD)))
    assert found.plot() is not None
    assert "received" in repr(found)
    assert "<table" in found._repr_html_()
