"""Alarms are judged rightly: against closed forms, and against chance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy

from crmlib.early_warning import Capacity, Economics, choose, drift, evaluate, precision_at, psi


def scored(n=2000, months=(1, 2, 3), seed=0, horizon=3):
    rng = np.random.default_rng(seed)
    event = np.where(rng.random(n) < 0.2, rng.integers(2, 7, n), 99)
    rows = []
    for month in months:
        alive = event >= month
        frame = pd.DataFrame({"customer_id": np.arange(n)[alive], "month": month, "value": 100.0})
        frame["event"] = np.where(event[alive] < 99, event[alive], np.nan)
        frame["gone"] = frame["event"] == month
        lost = (frame["event"] > month) & (frame["event"] <= month + horizon)
        frame["lost"] = np.where(frame["gone"], np.nan, lost)
        frame["risk"] = rng.random(len(frame))
        rows.append(frame)
    return pd.concat(rows, ignore_index=True)


def test_the_figures_of_a_small_case_are_those_worked_by_hand():
    table = pd.DataFrame(
        [
            (1, 1, 3, 1.0, False),  # alarmed: caught two months ahead
            (1, 2, 3, 1.0, False),  # alarmed again: not caught twice
            (2, 1, np.nan, 0.0, False),  # alarmed: stayed
            (3, 1, 1, np.nan, True),  # alarmed: gone already
            (4, 1, 4, 1.0, False),  # missed
        ],
        columns=["customer_id", "month", "event", "lost", "gone"],
    ).assign(value=100.0)
    e = Economics(contact=5, offer=10, success=0.4, taken=0.5)
    row = evaluate(table, {"p": [1, 1, 1, 1, 0]}, e).table.loc["p"]
    assert row["alarms"] == 4
    assert row["precision"] == 0.5
    assert row["base_rate"] == 0.75
    assert row["recall"] == 0.5
    assert row["too_late"] == 1
    assert row["lead_months"] == 2
    assert row["repeated"] == 0.25
    assert row["alarms_per_caught"] == 4
    cost = 4 * 5 + 10 * (0.4 * 1 + 0.5 * 1)
    assert row["cost"] == pytest.approx(cost)
    assert row["profit"] == pytest.approx(0.4 * 100 - cost)
    assert row["cost_per_saved"] == pytest.approx(cost / 0.4)


def test_chance_catches_the_base_rate():
    table = scored(20_000)
    rng = np.random.default_rng(1)
    drawn = rng.random(len(table)) < 0.2
    row = evaluate(table, {"random": drawn}, Economics()).table.loc["random"]
    assert row["lift"] == pytest.approx(1, abs=0.06)


def test_a_perfect_alarm_catches_everything():
    table = scored()
    row = evaluate(table, {"all": table["lost"] == 1}, Economics()).table.loc["all"]
    assert row["precision"] == row["recall"] == 1
    assert row["lead_months"] > 1


def test_a_policy_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="'ours' has shape"):
        evaluate(scored(10), {"ours": [True]}, Economics())


@settings(max_examples=25)
@given(st.integers(0, 500), st.integers(0, 4))
def test_who_had_an_alarm_is_left_in_peace(seed, quiet):
    table = scored(30, months=(1, 2, 3, 4, 5), seed=seed)
    alarm = choose(table, Capacity(5), quiet=quiet)
    assert table[alarm].groupby("month").size().max() <= 5
    gaps = table[alarm].sort_values("month").groupby("customer_id")["month"].diff().dropna()
    assert (gaps > quiet).all()


def test_precision_at_capacity_does_not_depend_on_the_order_of_ties():
    rng = np.random.default_rng(0)
    risk, lost = rng.integers(0, 4, 300) / 4, rng.random(300) < 0.3
    order = rng.permutation(300)
    assert precision_at(risk, lost, 37) == pytest.approx(precision_at(risk[order], lost[order], 37))
    assert precision_at(risk, lost, 300) == pytest.approx(lost.mean())


@given(st.integers(0, 10**6))
def test_psi_is_the_jeffreys_divergence_of_the_bins(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=200), rng.normal(0.3, 1.2, size=300)
    marks = np.quantile(a, np.arange(1, 10) / 10)
    ca, cb = (np.bincount(np.searchsorted(marks, x), minlength=11) + 0.5 for x in (a, b))
    p, q = ca / ca.sum(), cb / cb.sum()
    assert psi(a, b) == pytest.approx(entropy(p, q) + entropy(q, p))
    assert psi(a, b) >= 0


def test_psi_sees_gaps_and_bears_ties():
    assert psi([0.0] * 90 + [1.0] * 10, [0.0] * 90 + [1.0] * 10) == 0
    assert psi([0.0] * 100, [0.0] * 50 + [np.nan] * 50) > 0.25
    assert np.isfinite(psi([np.nan] * 5, [1.0] * 5))
    with pytest.raises(ValueError, match="one of them is empty"):
        psi([], [1.0])


def test_drift_names_what_moved():
    rng = np.random.default_rng(0)
    then = pd.DataFrame({"same": rng.normal(size=5000), "moved": rng.normal(size=5000)})
    now = pd.DataFrame({"same": rng.normal(size=5000), "moved": rng.normal(1, 1, size=5000)})
    table = drift(then, now).table
    assert table["verdict"].to_dict() == {"moved": "shifted", "same": "stable"}
