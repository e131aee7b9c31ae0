"""A label says what it promises, and the window shows how often it is wrong."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.churn import label_by_contract_end, label_by_inactivity, window_sensitivity

mpl.use("Agg")


@pytest.fixture
def active(op):
    use = op.months[(op.months["minutes"] > 0) | (op.months["data_gb"] > 0)]
    return use[["customer_id", "month"]]


def test_the_label_finds_the_losses_of_the_operator(op, active):
    """Silence of three months finds every loss that is three months old; few others."""
    label = label_by_inactivity(active, window=3, last=24)
    truth = op.truth.months.dropna(subset=["hazard"]).groupby("customer_id")["month"].max()
    gone = truth[truth <= 21].index
    gone = gone[~gone.isin(op.truth.returns["customer_id"])].intersection(label.index)
    assert label.loc[gone, "lost"].all()
    alive = truth[truth == 24].index.intersection(label.index)
    lost_last = op.truth.losses.query("month == 24")["customer_id"]
    alive = alive[~alive.isin(lost_last)]
    assert label.loc[alive, "lost"].mean() < 0.02
    assert (label.loc[label["lost"], "noticed"] <= 24).all()


def test_a_longer_window_declares_fewer_losses_and_is_wrong_less_often(op, active):
    treated = op.regain[~op.regain["control"]]
    first = treated.groupby("customer_id")["month"].min()
    result = window_sensitivity(active, last=24, follow_up=6, contacted=first)
    table = result.to_frame()
    assert table["declared"].is_monotonic_decreasing
    assert table["pseudo_churn"].is_monotonic_decreasing
    assert table["pseudo_churn"].loc[1] > 2 * table["pseudo_churn"].loc[4]
    assert (table["low"] <= table["pseudo_churn"]).all()
    assert (table["pseudo_churn"] <= table["high"]).all()
    assert result.plot().get_xlabel() == "back, untouched, within 6 periods"


def test_a_return_after_a_contact_is_no_return_untouched():
    activity = pd.DataFrame({"customer_id": [1, 1, 2, 2], "month": [1, 5, 1, 5]})
    free = window_sensitivity(activity, last=12, windows=[2], follow_up=3)
    held = window_sensitivity(activity, last=12, windows=[2], follow_up=3, contacted={2: 4})
    late = window_sensitivity(activity, last=12, windows=[2], follow_up=3, contacted={2: 6})
    assert free.table.loc[2, ["declared", "returned"]].tolist() == [4, 2]
    assert held.table.loc[2, ["declared", "returned"]].tolist() == [4, 1]
    assert late.table.loc[2, ["declared", "returned"]].tolist() == [4, 2]


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 15)), min_size=1),
    st.integers(1, 6),
    st.integers(1, 5),
)
def test_the_window_counts_what_a_slow_walk_counts(rows, window, follow_up):
    activity = pd.DataFrame(rows, columns=["customer_id", "month"])
    last = 18
    declared = returned = 0
    for _, months in activity.groupby("customer_id")["month"]:
        there = set(months)
        for m in there:
            if any(m + k in there for k in range(1, window + 1)):
                continue  # active again before the silence is long enough
            if m + window + follow_up > last:
                continue
            declared += 1
            returned += any(m + window + k in there for k in range(1, follow_up + 1))
    table = window_sensitivity(activity, last, [window], follow_up=follow_up).table
    assert table.loc[window, ["declared", "returned"]].tolist() == [declared, returned]


def test_a_label_does_not_depend_on_the_order_of_the_rows(active):
    shuffled = active.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(
        label_by_inactivity(active, 2, 24), label_by_inactivity(shuffled, 2, 24)
    )


def test_the_end_of_a_contract_is_no_loss_if_another_follows_or_none_is_due():
    contracts = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "c", "d"],
            "start": [1, 13, 1, 1, 20],
            "end": [12, 24, 12, np.nan, 31],
        }
    )
    label = label_by_contract_end(contracts, last=15)
    assert label["lost"].to_dict() == {"a": False, "b": True, "c": False}
    assert label.loc["b", "noticed"] == 13
    assert pd.isna(label.loc["c", "last_covered"])
    assert not label_by_contract_end(contracts, last=15, grace=3).loc["b", "lost"]
    assert label_by_contract_end(contracts, last=16, grace=3).loc["b", "noticed"] == 16


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"window": 0}, ValueError, "window must lie in"),
        ({"last": 3}, ValueError, "activity has periods up to 5, after last=3"),
        ({"period": "moth"}, ValueError, "did you mean 'month'"),
        ({"activity": pd.DataFrame({"customer_id": [1], "month": [1.5]})}, TypeError, "whole"),
    ],
)
def test_bad_activity_is_refused(change, error, message):
    arguments = {"activity": pd.DataFrame({"customer_id": [1, 1], "month": [1, 5]})}
    with pytest.raises(error, match=message):
        label_by_inactivity(**{**arguments, "window": 2, "last": 6, **change})


def test_a_contract_that_ends_before_it_starts_is_refused():
    contracts = pd.DataFrame({"customer_id": [1, 2], "start": [1, 9], "end": [12, 3]})
    with pytest.raises(ValueError, match=r"1 rows do, first 1"):
        label_by_contract_end(contracts, last=15)
