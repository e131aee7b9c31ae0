"""Waiting callers: closed forms against published values, another solution, and a simulation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crmlib.complaints import (
    erlang_a,
    erlang_b,
    erlang_c,
    mean_wait,
    required_agents,
    roster,
    run_call_center,
    service_curve,
    service_level,
)


@pytest.mark.parametrize(
    ("agents", "load", "share"),
    [(5, 2, 0.0367), (14, 10, 0.0568), (10, 5, 0.0184), (1, 1, 0.5), (0, 4, 1.0)],
)
def test_erlang_b_is_that_of_the_tables(agents, load, share):
    assert erlang_b(agents, load) == pytest.approx(share, abs=5e-5)


def test_erlang_c_is_that_of_published_examples():
    # The R package ErlangC prints these for 100 calls in 30 minutes of 180 s, 14 agents, 20 s.
    assert erlang_c(14, 10) == pytest.approx(0.1741319, abs=5e-8)
    assert service_level(14, 10, 180, 20) == pytest.approx(0.88835, abs=5e-6)
    assert mean_wait(14, 10, 180) == pytest.approx(7.83593701177724, rel=1e-13)
    # 360 calls in half an hour of 240 s each, 55 agents: an example many calculators print.
    assert erlang_c(55, 48) == pytest.approx(0.2387, abs=5e-5)
    assert mean_wait(55, 48, 240) == pytest.approx(8.184, abs=5e-4)
    assert service_level(55, 48, 240, 20) == pytest.approx(0.8668, abs=5e-5)
    assert mean_wait(10, 9, 0.1) == pytest.approx(0.0669, abs=5e-5)


@given(st.integers(1, 60), st.floats(0.01, 0.99))
def test_erlang_c_is_the_tail_of_the_stationary_distribution(agents, share):
    load = agents * share
    k = np.arange(agents)
    log = k * np.log(load) - np.array([np.sum(np.log(np.arange(1, n + 1))) for n in k])
    last = agents * np.log(load) - np.sum(np.log(np.arange(1, agents + 1)))
    tail = np.exp(last) * agents / (agents - load)
    assert erlang_c(agents, load) == pytest.approx(tail / (np.exp(log).sum() + tail), rel=1e-9)


def stationary(agents, load, handling, patience):
    """Solve the birth-and-death process of Erlang A itself: share who wait, share who give up."""
    rate, mu, theta = load / handling, 1 / handling, 1 / patience
    size = int(agents + 80 + 25 * np.sqrt(load * patience / handling + agents))
    size += int(6 * max(0.0, rate - agents * mu) * patience)
    n = np.arange(1, size + 1)
    deaths = np.minimum(n, agents) * mu + np.maximum(n - agents, 0) * theta
    log = np.r_[0, np.cumsum(np.log(rate) - np.log(deaths))]
    p = np.exp(log - log.max())
    p /= p.sum()
    queue = np.maximum(np.arange(size + 1) - agents, 0)
    return p[agents:].sum(), theta * (p * queue).sum() / rate


@given(st.integers(1, 150), st.floats(0.02, 3), st.floats(0.05, 50), st.floats(0.1, 10))
def test_erlang_a_solves_its_birth_and_death_process(agents, share, patience, handling):
    load, patience = agents * share, patience * handling
    queue = erlang_a(agents, load, handling, patience)
    wait, gone = stationary(agents, load, handling, patience)
    assert queue.wait == pytest.approx(wait, abs=1e-10)
    assert queue.abandoned == pytest.approx(gone, abs=1e-10)
    assert queue.mean_wait == pytest.approx(gone * patience, abs=1e-9 * patience)
    assert queue.occupancy == pytest.approx(load * (1 - gone) / agents, abs=1e-10)


@given(st.integers(1, 40), st.floats(0.1, 2))
def test_patience_as_long_as_a_call_makes_the_number_of_callers_poisson(agents, share):
    """Everyone in the system then leaves at one rate: the M/M/infinity queue, in closed form."""
    load = agents * share
    queue = erlang_a(agents, load, 3.0, 3.0)
    assert queue.wait == pytest.approx(stats.poisson.sf(agents - 1, load), rel=1e-9)


@given(st.integers(2, 60), st.floats(0.2, 0.95), st.floats(0, 3))
def test_endless_patience_gives_erlang_c_and_none_gives_erlang_b(agents, share, within):
    load = agents * share
    patient = erlang_a(agents, load, 1.0, 1e7, within)
    assert patient.wait == pytest.approx(erlang_c(agents, load), rel=1e-4)
    assert patient.service_level == pytest.approx(
        service_level(agents, load, 1.0, within), abs=1e-4
    )
    hasty = erlang_a(agents, load, 1.0, 1e-7)
    assert hasty.abandoned == pytest.approx(erlang_b(agents, load), rel=1e-3)


@given(st.integers(1, 40), st.floats(0.2, 2), st.floats(0.1, 20))
def test_the_service_level_of_erlang_a_is_the_integral_of_its_density(agents, share, patience):
    """Differentiate by the target time: those answered in [t, t+dt] have waited t and stayed."""
    load, step = agents * share, 1e-4
    at = [erlang_a(agents, load, 1.0, patience, t).service_level for t in (0.3, 0.3 + step)]
    queue = erlang_a(agents, load, 1.0, patience)
    x, y = agents * patience, load * patience
    t = (0.3 + step / 2) / patience
    log = y * -np.expm1(-t) - x * t - t
    norm = stats.poisson.pmf(agents - 1, load) / stats.poisson.cdf(agents - 1, load)
    density = norm * (1 - queue.wait) * y * np.exp(log) / patience
    assert (at[1] - at[0]) / step == pytest.approx(density, rel=1e-3, abs=1e-9)
    assert erlang_a(agents, load, 1.0, patience, 1e6).service_level == pytest.approx(
        1 - queue.abandoned
    )


def test_the_simulation_agrees_with_erlang_c():
    """Replications give the simulation's own error; the formula must lie within it."""
    hour = pd.Series(np.full(14, 900.0))
    runs = [
        run_call_center(hour, 10, 36, minutes=60, within=20, warm_up=2, random_state=seed)
        for seed in range(6)
    ]
    for found, formula in (
        ([run.mean_wait for run in runs], mean_wait(10, 9, 36)),
        ([run.waited for run in runs], erlang_c(10, 9)),
        ([run.service_level for run in runs], service_level(10, 9, 36, 20)),
    ):
        error = np.std(found, ddof=1) / np.sqrt(len(found))
        assert abs(np.mean(found) - formula) < 4 * error, (np.mean(found), formula, error)
        assert error < 0.1 * formula


def test_the_simulation_agrees_with_erlang_a():
    hour = pd.Series(np.full(14, 1_080.0))
    runs = [
        run_call_center(hour, 10, 36, minutes=60, patience=60, warm_up=2, random_state=seed)
        for seed in range(6)
    ]
    formula = erlang_a(10, 10.8, 36, 60, 20)
    for name in ("abandoned", "mean_wait", "service_level"):
        found = [getattr(run, name) for run in runs]
        error = np.std(found, ddof=1) / np.sqrt(len(found))
        assert abs(np.mean(found) - getattr(formula, name)) < 4 * error, name
        assert error < 0.1 * getattr(formula, name)


def test_calls_of_equal_length_halve_the_wait():
    """M/D/1: the Pollaczek-Khinchine formula gives half of the wait of M/M/1."""
    hour = pd.Series(np.full(40, 800.0))
    fixed = run_call_center(hour, 1, 3.6, minutes=60, handling_cv=0, warm_up=2, random_state=3)
    assert fixed.mean_wait == pytest.approx(0.8 / (2 * 0.2) * 3.6, rel=0.08)


def test_a_shift_that_ends_leaves_calls_to_be_finished_and_a_new_one_helps():
    calls = pd.Series([300.0, 300.0, 300.0], ["9:00", "10:00", "11:00"])
    few = run_call_center(calls, [3, 3, 3], 30, minutes=60, random_state=1)
    more = run_call_center(calls, [3, 6, 3], 30, minutes=60, random_state=1)
    assert len(few.calls) == len(more.calls)
    assert few.calls["answered"].all()
    few_at, more_at = few.to_frame()["mean wait (s)"], more.to_frame()["mean wait (s)"]
    assert few_at["9:00"] == pytest.approx(more_at["9:00"], rel=0.05)
    assert more_at["10:00"] < 0.2 * few_at["10:00"]
    nobody = run_call_center(calls, [3, 0, 3], 30, minutes=60, patience=20, random_state=1)
    assert nobody.to_frame().loc["10:00", "abandoned"] > 0.98
    assert nobody.to_frame().loc["11:00", "abandoned"] < 0.5


def test_no_more_agents_are_busy_than_are_there():
    calls = pd.Series([200.0, 200.0])
    run = run_call_center(calls, [2, 4], 30, minutes=60, handling_cv=0, random_state=2)
    start = run.calls["arrived"] + run.calls["waited"]
    for hour, most in ((0, 2), (1, 4)):
        inside = np.linspace(3_600 * hour + 60, 3_600 * (hour + 1) - 1, 500)
        busy = [((start <= t) & (t < start + 30)).sum() for t in inside]
        assert max(busy) == most


def test_the_fewest_agents_are_the_fewest():
    for calls in (1, 30, 100, 777):
        for patience in (None, 60):
            need = required_agents(calls, 200, patience=patience)
            curve = service_curve(
                calls, 200, range(max(1, need - 1), need + 1), patience=patience
            ).table["service level"]
            assert curve.loc[need] >= 0.8
            assert need == 1 or curve.loc[need - 1] < 0.8
    assert required_agents(0, 200) == 0
    assert required_agents(100, 200, patience=30) < required_agents(100, 200)


def test_the_curve_rises_and_names_its_target():
    curve = service_curve(300, 240)
    assert curve.table["service level"].is_monotonic_increasing
    assert curve.agents == required_agents(300, 240)
    assert service_curve(300, 240, [21]).agents is None
    ax = curve.plot()
    assert {text.get_text() for text in ax.texts} == {"service level", "occupancy"}
    assert "erlangs" in repr(curve)


def test_pooling_two_small_centers_saves_people():
    apart = 2 * required_agents(100, 180, minutes=30)
    assert required_agents(200, 180, minutes=30) < apart


def test_a_real_day_is_staffed_and_the_simulation_confirms_the_roster(bank_calls):
    """Calls of a bank on one day, in half hours; the handling time is ours, no one recorded it."""
    day = bank_calls.set_index("DateTime")["Calls"].loc["2003-03-04"]
    half_hours = day.resample("30min").sum().iloc[:-1]
    assert half_hours.sum() > 20_000
    plan = roster(half_hours, 180, minutes=30, target=0.8, within=20)
    assert (plan.table["service level"] >= 0.8).all()
    assert plan.table["people"].between(40, 400).all()
    busiest = plan.table.iloc[4:8]
    run = run_call_center(
        busiest["calls"], busiest["people"], 180, minutes=30, within=20, warm_up=1
    )
    assert 0.7 < run.service_level < 0.97
    short = run_call_center(
        busiest["calls"], busiest["people"] - 15, 180, minutes=30, within=20, warm_up=1
    )
    assert short.service_level < run.service_level - 0.2
    assert plan.plot() is not None


def test_real_calls_vary_more_than_a_poisson_process(bank_calls):
    """At one time of day over the days; a roster for the mean is a gamble on half of them."""
    calls = bank_calls.set_index("DateTime")["Calls"]
    eleven = calls[calls.index.strftime("%H:%M") == "11:00"]
    assert eleven.var() / eleven.mean() > 3
    safe = required_agents(eleven.quantile(0.9), 180, minutes=5)
    assert safe > required_agents(eleven.mean(), 180, minutes=5) + 10


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: erlang_b(-1, 2), "agents must lie"),
        (lambda: erlang_c(2.5, 2), "agents must be a whole number"),
        (lambda: erlang_c(2, -1), "load must lie"),
        (lambda: erlang_c(2, float("nan")), "load must lie"),
        (lambda: erlang_a(2, 1, 3, 0), "patience must lie"),
        (lambda: mean_wait(2, 1, 0), "handling must lie"),
        (lambda: service_level(2, 1, 1, -1), "within must lie"),
        (lambda: service_curve(10, 60, []), "agents is empty"),
        (lambda: required_agents(10, 60, target=1), "target must lie"),
        (lambda: required_agents(10, 60, shrinkage=1), "shrinkage must lie"),
        (lambda: roster(pd.Series([1, -2]), 60, minutes=30), "calls must be 0 or more"),
        (lambda: roster(pd.Series([], dtype=float), 60, minutes=30), "calls is empty"),
        (lambda: run_call_center(pd.Series([5.0]), [1, 2], 60, minutes=30), "2 entries for 1"),
        (lambda: run_call_center(pd.Series([5.0]), 0, 60, minutes=30), "wait without end"),
        (lambda: run_call_center(pd.Series([5.0]), 1.5, 60, minutes=30), "whole numbers"),
        (lambda: run_call_center(pd.Series([0.0]), 1, 60, minutes=30), "not one call came"),
        (lambda: run_call_center(pd.Series([5.0]), 1, 60, minutes=30, warm_up=1), "warm_up"),
    ],
)
def test_impossible_call_centers_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_overload_without_patience_is_said_not_computed():
    assert mean_wait(3, 3, 1) == float("inf")
    assert service_level(3, 4, 1, 100) == 0
    assert erlang_c(3, 4) == 1
    assert erlang_b(5_000, 1) == 0


def test_a_missing_simpy_is_named_with_its_extra(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "simpy", None)
    with pytest.raises(ImportError, match=r"crmlib\[analysis\]"):
        run_call_center(pd.Series([5.0]), 1, 60, minutes=30)


def test_the_same_seed_gives_the_same_day():
    one, two, other = (
        run_call_center(pd.Series([50.0]), 3, 120, minutes=60, random_state=s) for s in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one.calls, two.calls)
    assert not one.calls.equals(other.calls)
    assert one.plot() is not None
    assert "answered within" in repr(one)
