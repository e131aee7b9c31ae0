"""A state lasts until the next record, whoever the customer and whatever the gaps."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.churn import carry_forward, transitions


def by_hand(frame, until):
    rows = []
    for customer, known in frame.groupby("customer_id"):
        now = dict(zip(known["month"], known["stage"], strict=True))
        state = None
        for month in range(int(known["month"].min()), until + 1):
            state = now.get(month, state)
            rows.append((customer, month, state))
    return pd.DataFrame(rows, columns=["customer_id", "month", "stage"])


keys = st.tuples(st.integers(1, 4), st.integers(1, 8))


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(keys, st.sampled_from("abc"), min_size=1), st.integers(0, 4))
def test_it_agrees_with_a_wide_table_filled_by_hand(known, more):
    rows = [(customer, month, stage) for (customer, month), stage in known.items()]
    frame = pd.DataFrame(rows, columns=["customer_id", "month", "stage"])
    until = int(frame["month"].max()) + more
    found = carry_forward(frame, until=until)
    pd.testing.assert_frame_equal(found, by_hand(frame, until), check_dtype=False)


def test_the_lost_of_the_operator_stay_lost_until_they_return(op):
    known = op.truth.months[["customer_id", "month", "stage"]]
    filled = carry_forward(known)
    assert len(filled.merge(known)) == len(known), "what is known does not change"
    assert (filled.groupby("customer_id")["month"].max() == 24).all(), "nobody vanishes"
    before, after = transitions(known).counts, transitions(filled).counts
    assert before.loc["termination", "recovery"] < after.loc["termination", "recovery"]


def test_a_category_stays_a_category_and_rows_of_others_do_not_leak():
    frame = pd.DataFrame({"who": [2, 1], "week": [3, 1], "band": pd.Categorical(["x", "y"])})
    found = carry_forward(frame, customer="who", state="band", period="week")
    assert found["who"].tolist() == [1, 1, 1, 2]
    assert found["band"].tolist() == ["y", "y", "y", "x"]
    assert isinstance(found["band"].dtype, pd.CategoricalDtype)


@pytest.mark.parametrize(
    ("rows", "until", "message"),
    [
        ({"customer_id": [1, 1], "month": [2, 2], "stage": ["a", "b"]}, None, "some have two"),
        ({"customer_id": [1], "month": [1.5], "stage": ["a"]}, None, "whole numbers"),
        ({"customer_id": [1], "month": [5], "stage": ["a"]}, 3, "period 5, after until=3"),
        ({"customer_id": [1], "month": [5]}, None, "lacks the column 'stage'"),
    ],
)
def test_what_cannot_be_filled_is_refused(rows, until, message):
    with pytest.raises(ValueError, match=message):
        carry_forward(pd.DataFrame(rows), until=until)
