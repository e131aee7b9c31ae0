"""Profit measures are exact: equal to empulse, to brute force, and to the closed cases."""

import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta as beta_distribution
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import cross_val_score

from crmlib.profit import emp, emp_score, empb, mp, mp_score

needs_empulse = pytest.mark.skipif(
    importlib.util.find_spec("empulse") is None, reason="empulse is not installed"
)


def scored(n, seed, rate=0.2, digits=None):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < rate).astype(int)
    y[:2] = 0, 1
    s = rng.normal(y, 1.2)
    return y, s if digits is None else np.round(s, digits)


def brute_force(y, s, g, clv, d, f):
    """Best profit over all thresholds, one by one."""
    best = 0.0
    for t in np.unique(s):
        hit = s >= t
        churners, others = (hit & (y == 1)).sum(), (hit & (y == 0)).sum()
        best = max(best, churners * (g * (clv - d) - f) - others * (d + f))
    return best / len(y)


CASES = [
    {},
    {"clv": 50.0, "incentive_cost": 20.0, "contact_cost": 3.0},
    {"clv": 1000.0, "contact_cost": 0.0},
    {"alpha": 1.0, "beta": 1.0},
    {"alpha": 2.5, "beta": 0.7, "clv": 90.0},
]


@needs_empulse
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("data", [(50, 0.4, 1), (2_000, 0.05, None), (30_000, 0.2, 2)])
def test_emp_equals_empulse(case, data):
    from empulse.metrics import empc_score

    n, rate, digits = data
    y, s = scored(n, n, rate, digits)
    ours = emp(y, s, **case)
    assert ours.profit == pytest.approx(empc_score(y, s, **case), rel=1e-12, abs=1e-12)
    assert ours.share == pytest.approx(empc_score.optimal_rate(y, s, **case), abs=1e-12)


@needs_empulse
@pytest.mark.parametrize("rate", [0.05, 0.3, 0.9])
def test_mp_equals_empulse(rate):
    from empulse.metrics import mpc_score

    y, s = scored(5_000, 3, digits=2)
    ours = mp(y, s, accept_rate=rate)
    assert ours.profit == pytest.approx(mpc_score(y, s, accept_rate=rate), rel=1e-12, abs=1e-12)
    assert ours.share == pytest.approx(mpc_score.optimal_rate(y, s, accept_rate=rate), abs=1e-12)


@needs_empulse
@pytest.mark.parametrize("case", [{}, {"contact_cost": 2.0, "incentive_fraction": 0.2}])
@pytest.mark.parametrize("digits", [None, 1])
def test_empb_equals_empulse(case, digits):
    from empulse.metrics import empb_score

    y, s = scored(4_000, 5, digits=digits)
    clv = np.random.default_rng(6).uniform(20, 900, len(y))
    ours = empb(y, s, clv, **case)
    assert ours.profit == pytest.approx(empb_score(y, s, clv=clv, **case), rel=1e-12, abs=1e-12)
    assert ours.share == pytest.approx(empb_score.optimal_rate(y, s, clv=clv, **case), abs=1e-12)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=25).filter(
        lambda rows: len({label for label, _ in rows}) == 2
    ),
    st.floats(0, 1),
    st.floats(1, 500),
    st.floats(0, 0.9),
    st.floats(0, 20),
)
def test_mp_is_the_best_of_all_thresholds(rows, g, clv, share, f):
    y, s = (np.array(x, dtype=float) for x in zip(*rows, strict=True))
    found = mp(y, s, accept_rate=g, clv=clv, incentive_cost=share * clv, contact_cost=f)
    expected = brute_force(y, s, g, clv, share * clv, f)
    assert found.profit == pytest.approx(expected, abs=1e-9)
    assert found.share == pytest.approx((s >= found.threshold).mean())


def test_emp_is_the_integral_of_the_best_profit():
    y, s = scored(60, 9, 0.4, 1)
    integral, _ = quad(
        lambda g: brute_force(y, s, g, 200, 10, 1) * beta_distribution(6, 14).pdf(g),
        0,
        1,
        limit=400,
        epsabs=1e-9,
    )
    assert emp(y, s).profit == pytest.approx(integral, abs=1e-6)


def test_a_perfect_score_contacts_the_churners_only():
    y = np.repeat([1, 0], [20, 80])
    best = mp(y, y.astype(float), accept_rate=0.3)
    assert best.share == pytest.approx(0.2)
    assert best.threshold == 1.0
    assert best.profit == pytest.approx(0.2 * (0.3 * 190 - 1))


def test_a_hopeless_campaign_contacts_nobody():
    y, s = scored(500, 2)
    best = mp(y, s, accept_rate=0.01, clv=20, incentive_cost=15, contact_cost=5)
    assert (best.profit, best.share, best.threshold) == (0.0, 0.0, np.inf)


def test_choosing_the_threshold_after_the_rate_is_known_is_worth_at_least_as_much():
    y, s = scored(3_000, 4)
    clv = np.random.default_rng(1).uniform(20, 400, len(y))
    before, after = (empb(y, s, clv, choose=when).profit for when in ("before", "after"))
    assert after > before > 0


def test_empb_with_one_value_for_all_is_emp():
    y, s = scored(3_000, 8, digits=1)
    same = empb(
        y, s, np.full(len(y), 200.0), incentive_fraction=0.05, contact_cost=1.0, choose="after"
    )
    assert same.profit == pytest.approx(emp(y, s).profit, rel=1e-12)


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_only_the_order_of_scores_counts(seed):
    y, s = scored(200, seed)
    assert emp(y, np.exp(s)).profit == pytest.approx(emp(y, s).profit, rel=1e-12)
    shuffled = np.random.default_rng(seed).permutation(200)
    assert emp(y[shuffled], s[shuffled]).profit == pytest.approx(emp(y, s).profit, rel=1e-12)


def test_scores_serve_as_scikit_learn_scorers():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = (X[:, 0] + rng.normal(size=300) > 0.5).astype(int)
    for score in (emp_score, mp_score):
        scorer = make_scorer(score, response_method="predict_proba", clv=300.0)
        assert (cross_val_score(LogisticRegression(), X, y, scoring=scorer) > 0).all()


def test_result_prints_its_three_numbers_and_is_a_float():
    best = mp([1, 1, 0, 0], [0.9, 0.6, 0.7, 0.1])
    assert float(best) == best.profit
    assert list(best.to_frame().columns) == [
        "profit per customer (money)",
        "share to contact",
        "contact from score",
    ]
    assert "Maximum profit (MP)" in best._repr_html_()


@pytest.mark.parametrize(
    ("y", "s", "options", "message"),
    [
        ([1, 2], [0.1, 0.2], {}, "y_true must hold 1"),
        (["yes", "no"], [0.1, 0.2], {}, "y_true must hold 1"),
        ([0, 0], [0.1, 0.2], {}, "no churner"),
        ([1, 1], [0.1, 0.2], {}, "only churners"),
        ([1, 0], [0.1, np.nan], {}, "y_score must lie"),
        ([1, 0], [0.1], {}, "one length"),
        ([1, 0], [0.1, 0.2], {"clv": -5.0}, "clv must lie"),
        ([1, 0], [0.1, 0.2], {"incentive_cost": 250.0}, "incentive_cost must lie in"),
        ([1, 0], [0.1, 0.2], {"contact_cost": -1.0}, "contact_cost must lie"),
        ([1, 0], [0.1, 0.2], {"alpha": 0.0}, "alpha must lie"),
    ],
)
def test_bad_input_is_refused_by_name(y, s, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        emp(y, s, **options)
