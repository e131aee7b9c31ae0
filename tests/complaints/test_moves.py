"""Moves are counted as the cases made them, and the map shows each legal move once."""

import itertools

import pandas as pd
import pytest
from matplotlib.patches import FancyArrowPatch

from crmlib.complaints import count_moves, process, record_events


def log(*ways):
    return pd.DataFrame(
        [
            {"case": case, "state": state, "step": step}
            for case, way in enumerate(ways)
            for step, state in enumerate(way)
        ]
    )


def test_moves_are_counted_one_by_one_whatever_the_order_of_the_rows():
    events = log(
        ["received", "acknowledged", "assessed", "under investigation", "decided"],
        ["received", "acknowledged", "withdrawn"],
        ["received", "closed"],
        ["received"],
    )
    table = count_moves(events.sample(frac=1, random_state=0)).table.set_index(["from", "to"])
    assert table.loc[("received", "acknowledged"), "cases"] == 2
    assert table.loc[("acknowledged", "withdrawn"), "cases"] == 1
    assert not table.loc[("received", "closed"), "legal"]
    assert table["cases"].sum() == 4 + 2 + 1


def test_every_legal_move_is_in_the_table_once_and_nobody_made_it():
    iso = process()
    table = count_moves(log(["received"])).table
    assert table["legal"].all()
    assert (table["cases"] == 0).all()
    pairs = {(state.name, to) for state in iso.states.values() for to in state.next}
    assert set(zip(table["from"], table["to"], strict=True)) == pairs
    assert len(table) == len(pairs)


def test_the_map_has_a_box_a_state_and_an_arrow_a_move_with_its_count():
    found = count_moves(log(["received", "acknowledged"], ["received", "closed"]))
    ax = found.plot()
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    assert len(arrows) == len(found.table)
    texts = [text.get_text().replace("\n", " ") for text in ax.texts]
    assert set(found.process.states) <= set(texts)
    assert texts.count("1") == 2
    dashed = [arrow for arrow in arrows if arrow.get_linestyle() == "--"]
    assert len(dashed) == 1


def test_no_two_states_of_the_map_lie_on_each_other():
    ax = count_moves(log(["received"])).plot()
    ax.figure.canvas.draw()
    boxes = [p.get_window_extent() for p in ax.patches if not isinstance(p, FancyArrowPatch)]
    assert len(boxes) == len(process().states)
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_the_description_says_what_the_map_shows():
    words = count_moves(log(["received", "acknowledged"], ["received", "closed"])).describe()
    assert "received to acknowledged 1, " in words
    assert "received to closed 1 (illegal)." in words


def test_records_become_the_shortest_legal_way_that_they_prove():
    records = pd.DataFrame(
        {
            "complaint_id": [1, 2, 3, 4],
            "response": ["resolved", "wrong answer", "partly resolved", "no answer"],
            "rating": [5, 2, None, 1],
        }
    )
    ways = record_events(records).groupby("case")["state"].agg(list)
    answer = ["received", "acknowledged", "assessed", "decided", "decision communicated"]
    assert ways[1] == [*answer, "accepted", "closed"]
    assert ways[2] == [*answer, "rejected"]
    assert ways[3] == answer, "nobody knows what the customer thought"
    assert ways[4] == ["received", "closed"], "a rating does not make an answer"
    for before, after in itertools.pairwise(ways[1]):
        process().check(before, after)


def test_the_operators_records_are_all_on_the_map(op):
    table = count_moves(record_events(op.complaints)).table
    start = table.loc[table["from"] == "received", "cases"].sum()
    assert start == len(op.complaints)
    illegal = table.loc[~table["legal"], "cases"].sum()
    assert illegal == op.complaints["response"].eq("no answer").sum() > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: count_moves(log(["received", "recieved"])), "did you mean 'received'"),
        (lambda: count_moves(log(["received"]).drop(columns="step")), "lacks the column 'step'"),
        (lambda: count_moves(log(["received"]).assign(step=[None])), "'step' is missing for some"),
        (lambda: record_events(pd.DataFrame({"rating": [1]})), "lacks the columns 'complaint_id'"),
    ],
)
def test_a_log_that_cannot_be_read_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_ratings_that_overlap_are_refused(op):
    with pytest.raises(ValueError, match="must lie below accepted_from"):
        record_events(op.complaints.head(), rejected_to=4.0)
