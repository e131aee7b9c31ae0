"""Heterogeneous, Markov and uncertain lifetime values against closed forms and print."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crmlib.value import ShiftedBetaGeometric, clv, markov_clv, propagate

#: Fader & Hardie (2007), table 1: percent of two cohorts left after 0 to 7 years.
HIGH_END = [100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1]
REGULAR = [100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1]


@pytest.mark.parametrize(("alive", "a", "b"), [(HIGH_END, 0.668, 3.806), (REGULAR, 0.704, 1.182)])
def test_published_cohorts_give_the_published_parameters(alive, a, b):
    model = ShiftedBetaGeometric().fit_cohort(np.array(alive) * 10)
    assert (round(model.a_, 3), round(model.b_, 3)) == (a, b)


def test_forecast_stays_close_to_the_five_years_held_back():
    model = ShiftedBetaGeometric().fit_cohort(np.array(HIGH_END) * 10)
    held_back = np.array([46.8, 44.5, 42.7, 40.9, 39.4])
    np.testing.assert_allclose(100 * model.survival(np.arange(8, 13)), held_back, atol=2.0)


def test_customer_rows_give_the_same_fit_as_their_cohort():
    alive = np.array(HIGH_END) * 10
    lost = (-np.diff(alive)).round().astype(int)
    durations = np.concatenate([np.repeat(np.arange(1, 8), lost), np.full(int(alive[-1]), 7)])
    churned = np.arange(len(durations)) < lost.sum()
    rows = ShiftedBetaGeometric().fit(durations, churned)
    cohort = ShiftedBetaGeometric().fit_cohort(alive)
    assert rows.a_ == pytest.approx(cohort.a_, rel=1e-4)
    assert rows.b_ == pytest.approx(cohort.b_, rel=1e-4)


def test_survival_is_the_product_of_retention_rates():
    model = ShiftedBetaGeometric().fit_cohort(np.array(REGULAR))
    np.testing.assert_allclose(
        np.cumprod(model.retention(np.arange(1, 9))), model.survival(np.arange(1, 9))
    )
    assert model.to_frame(4).index.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("renewals", [0, 1, 5])
def test_closed_lifetime_value_is_the_long_sum(renewals):
    model = ShiftedBetaGeometric().fit_cohort(np.array(REGULAR))
    t = np.arange(1, 20_000)
    expected = (
        model.survival(renewals + t) / model.survival(renewals) * 1.1 ** -t.astype(float)
    ).sum()
    assert model.clv(7.0, discount=0.1, renewals=renewals) == pytest.approx(7 * expected)


def test_recovers_its_own_parameters_and_covers_the_truth():
    rng = np.random.default_rng(11)
    a, b, periods = 1.0, 4.0, 10
    t = np.arange(1, 20_000)
    truth = (
        np.exp(np.cumsum(np.log((b + t - 1) / (a + b + t - 1)))) * 1.1 ** -t.astype(float)
    ).sum()
    covered = 0
    for _ in range(40):
        drawn = rng.geometric(np.clip(rng.beta(a, b, 2000), 1e-9, 1))
        model = ShiftedBetaGeometric().fit(np.minimum(drawn, periods), drawn <= periods)
        low, high = model.clv_interval(discount=0.1, level=0.9)
        covered += low < truth < high
    assert 30 <= covered <= 40
    assert model.a_ == pytest.approx(a, rel=0.3)


def test_constant_retention_would_undervalue_those_who_stayed():
    model = ShiftedBetaGeometric().fit_cohort(np.array(REGULAR))
    average = (24.1 / 100) ** (1 / 7)
    assert model.clv(1.0, discount=0.1, renewals=7) > 1.3 * clv(1.0, average, discount=0.1)


@pytest.mark.parametrize(
    ("durations", "churned", "message"),
    [
        ([1, 2, 3], [True, True, True], "everybody has left"),
        ([1, 2, 3], [False, False, False], "nobody has left"),
        ([0, 2], [True, False], "duration 0"),
        ([1.5, 2], [True, False], "whole periods"),
        ([1, 2], [True], "differ in shape"),
        ([1, 2], [2, 0], "True and False"),
    ],
)
def test_durations_that_cannot_be_fitted_are_refused(durations, churned, message):
    with pytest.raises(ValueError, match=message):
        ShiftedBetaGeometric().fit(durations, churned)


def test_a_population_without_differences_is_refused():
    alive = 1e6 * 0.8 ** np.arange(6)
    with pytest.raises(ValueError, match="constant retention rate"):
        ShiftedBetaGeometric().fit_cohort(alive)


STATES = ["active", "lost"]


def moves(back):
    return pd.DataFrame([[0.8, 0.2], [back, 1 - back]], index=STATES, columns=STATES)


def test_markov_value_without_return_is_the_closed_form():
    value = markov_clv(moves(0.0), pd.Series({"lost": 0.0, "active": 10.0}), discount=0.1)
    assert value["active"] == pytest.approx(clv(10.0, 0.8, discount=0.1, first="start"))
    assert value["lost"] == 0


def test_a_chance_to_return_gives_the_lost_a_value_and_raises_that_of_the_active():
    margin = pd.Series({"active": 10.0, "lost": 0.0})
    without, with_return = (markov_clv(moves(p), margin, discount=0.1) for p in (0.0, 0.1))
    assert with_return["active"] > without["active"]
    assert with_return["lost"] > 0


def test_long_horizon_reaches_the_limit():
    margin = pd.Series({"active": 10.0, "lost": -1.0})
    limit = markov_clv(moves(0.1), margin, discount=0.1)
    np.testing.assert_allclose(markov_clv(moves(0.1), margin, discount=0.1, periods=500), limit)


def test_rows_that_do_not_add_up_are_named():
    bad = moves(0.1)
    bad.loc["lost", "lost"] = 0.5
    with pytest.raises(ValueError, match=r"row 'lost' adds up to 0\.6"):
        markov_clv(bad, pd.Series({"active": 1.0, "lost": 0.0}), discount=0.1)
    with pytest.raises(ValueError, match="one entry for each"):
        markov_clv(moves(0.1), pd.Series({"active": 1.0}), discount=0.1)


def test_propagated_normal_sum_has_the_closed_interval():
    result = propagate(
        lambda a, b, c: a + 2 * b + c,
        a=stats.norm(1, 3),
        b=stats.norm(0, 2),
        c=5.0,
        draws=200_000,
        level=0.9,
        random_state=0,
        name="sum",
    )
    np.testing.assert_allclose(result.interval, stats.norm(6, 5).interval(0.9), atol=0.08)
    assert result.probability(6) == pytest.approx(0.5, abs=0.005)
    assert result.at_risk(0.05) == pytest.approx(stats.norm(6, 5).ppf(0.05), abs=0.08)
    assert result.tornado.index.tolist() == ["b", "a"]
    np.testing.assert_allclose(result.tornado.loc["a"], 6 + stats.norm(0, 3).ppf([0.05, 0.95]))
    assert result.plot().get_xlabel().startswith("sum")
    assert "sum: 200,000 draws" in repr(result)


def test_same_seed_same_draws():
    one, other = (
        propagate(clv, margin=stats.norm(30, 3), retention=0.8, discount=0.1, random_state=4)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.draws, other.draws)


def test_propagate_needs_doubt_and_one_number_a_draw():
    with pytest.raises(ValueError, match="is uncertain"):
        propagate(clv, margin=1.0, retention=0.8, discount=0.1)
    with pytest.raises(ValueError, match="one number a draw"):
        propagate(lambda a: a.mean(), a=stats.norm())
