"""Stages, moves and values agree with closed forms and with the operator's truth."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.churn import STAGES, markov_value, stage_census, three_degrees, transitions

mpl.use("Agg")


def test_the_census_counts_every_customer_and_month(op):
    census = stage_census(op.truth.months)
    assert list(census.columns) == list(STAGES)
    assert (census.sum(axis=1) == op.truth.months.groupby("month").size()).all()
    assert (census["potential"] == 0).all()


def test_moves_are_counted_as_a_slow_walk_counts_them(op):
    some = op.truth.months[op.truth.months["customer_id"] <= 40]
    result = transitions(some.sample(frac=1, random_state=0))
    slow = {}
    where = some.set_index(["customer_id", "month"])["stage"]
    for (customer, month), now in where.items():
        if (customer, month + 1) in where.index:
            move = now, where[customer, month + 1]
            slow[move] = slow.get(move, 0) + 1
    assert result.counts.to_numpy().sum() == sum(slow.values())
    for (now, later), n in slow.items():
        assert result.counts.loc[now, later] == n
    assert np.allclose(result.matrix.sum(axis=1), 1)
    assert result.matrix.loc["potential", "potential"] == 1  # never seen
    assert result.plot().get_xlabel() == "one period later"


def test_a_gap_is_no_move_and_a_double_row_is_refused():
    stages = pd.DataFrame({"customer_id": [1, 1], "month": [1, 3], "stage": ["growth", "decline"]})
    assert transitions(stages).counts.to_numpy().sum() == 0
    with pytest.raises(ValueError, match="one row for each customer and period"):
        transitions(stages.assign(month=1))
    with pytest.raises(ValueError, match="Unknown stages"):
        transitions(stages.assign(stage="grown"))


@given(st.floats(0.0, 0.99), st.floats(0.01, 0.5), st.floats(0.1, 100))
def test_two_stages_give_the_textbook_value(retention, discount, margin):
    """Margin at once, constant retention: m (1 + d) / (1 + d - r)."""
    names = ["active", "lost"]
    matrix = pd.DataFrame([[retention, 1 - retention], [0, 1]], names, names)
    value = markov_value(matrix, {"active": margin, "lost": 0}, discount)
    assert value["active"] == pytest.approx(margin * (1 + discount) / (1 + discount - retention))
    assert value["lost"] == 0


def test_the_value_is_the_mean_of_simulated_lives():
    names = ["growth", "decline", "lost"]
    matrix = pd.DataFrame([[0.8, 0.15, 0.05], [0.2, 0.5, 0.3], [0.1, 0, 0.9]], names, names)
    margins = pd.Series({"growth": 20.0, "decline": 8.0, "lost": -1.0})
    rng = np.random.default_rng(0)
    state, total = np.zeros(20_000, int), np.zeros(20_000)
    edges = matrix.to_numpy().cumsum(axis=1)
    for t in range(150):
        total += margins.to_numpy()[state] / 1.1**t
        state = (rng.random(20_000)[:, None] >= edges[state][:, :-1]).sum(axis=1)
    value = markov_value(matrix, margins, 0.1)["growth"]
    assert abs(total.mean() - value) < 4 * total.std() / np.sqrt(20_000)
    horizon = markov_value(matrix, margins, 0.1, periods=150)
    assert horizon["growth"] == pytest.approx(value, rel=1e-4)
    assert markov_value(matrix, margins, 0.1, periods=1).to_dict() == margins.to_dict()


@pytest.mark.parametrize(
    ("matrix", "margins", "discount", "message"),
    [
        ([[0.9, 0.3], [0, 1]], {"a": 1, "b": 0}, 0.1, "sum to at most 1"),
        ([[0.9, 0.1], [0, 1]], {"a": 1}, 0.1, "lacks the stages"),
        ([[0.9, 0.1], [0, 1]], {"a": 1, "b": 1}, 0.0, "no end"),
        ([[0.9, 0.1], [0, 1]], {"a": 1, "b": 1}, -0.1, "discount must lie in"),
    ],
)
def test_a_value_that_cannot_be_is_refused(matrix, margins, discount, message):
    with pytest.raises(ValueError, match=message):
        markov_value(pd.DataFrame(matrix, ["a", "b"], ["a", "b"]), margins, discount)


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=25))
def test_the_front_is_what_nobody_beats(rows):
    names = ["satisfaction", "retention", "contribution"]
    customers = pd.DataFrame(rows, columns=names)
    result = three_degrees(customers).table.sort_index()
    x = customers.to_numpy()
    for i in range(len(x)):
        beaten = ((x >= x[i]).all(axis=1) & (x > x[i]).any(axis=1)).any()
        assert result.loc[i, "unbeaten"] == (not beaten)
    assert result["score"].between(0, 1).all()


def test_three_degrees_weigh_and_refuse():
    customers = pd.DataFrame(
        {"satisfaction": [1.0, 9.0], "retention": [0.9, 0.2], "contribution": [50.0, 1.0]}
    )
    assert three_degrees(customers, (0, 0, 1)).table.index[0] == 0
    assert three_degrees(customers, (1, 0, 0)).table.index[0] == 1
    assert three_degrees(customers).plot().get_xlabel() == "satisfaction (rank)"
    with pytest.raises(ValueError, match="three numbers"):
        three_degrees(customers, (1, 1))
    with pytest.raises(ValueError, match="some are missing"):
        three_degrees(customers.assign(retention=np.nan))
