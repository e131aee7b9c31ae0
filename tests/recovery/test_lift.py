"""Lift learners find planted effects, and policies are worth what potential outcomes say."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from crmlib.recovery import (
    DRLearner,
    TLearner,
    XLearner,
    campaign_depth,
    compare_rankings,
    doubly_robust_scores,
    lift_curve,
    policy_value,
    top_share,
)


def potential_outcomes(n=20_000, seed=0, share=0.5):
    """Both outcomes of every customer: risk and lift go different ways."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 4)), columns=["usage", "price", "service", "noise"])
    p0 = 1 / (1 + np.exp(1.5 - 1.2 * X["usage"]))
    lift = 0.25 * (X["price"] > 0) - 0.05
    p1 = np.clip(p0 + lift, 0, 1)
    draw = rng.random(n)
    y0, y1 = (draw < p0).astype(int), (draw < p1).astype(int)
    t = (rng.random(n) < share).astype(int)
    truth = pd.DataFrame({"p0": p0, "p1": p1, "lift": p1 - p0, "y0": y0, "y1": y1})
    return X, np.where(t == 1, y1, y0), t, truth


TREE = DecisionTreeClassifier(max_depth=5, min_samples_leaf=100, random_state=0)
LEARNERS = {
    "T": TLearner(TREE),
    "X": XLearner(TREE, effect=LinearRegression()),
    "DR": DRLearner(TREE, random_state=0),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_learners_rank_customers_by_the_planted_lift(name):
    X, y, t, _ = potential_outcomes()
    new, _, _, truth = potential_outcomes(5_000, seed=1)
    predicted = clone(LEARNERS[name]).fit(X, y, t).predict(new)
    assert np.corrcoef(predicted, truth["lift"])[0, 1] > 0.7
    assert predicted.mean() == pytest.approx(truth["lift"].mean(), abs=0.02)


@pytest.mark.parametrize("name", LEARNERS)
def test_treating_by_lift_beats_treating_by_chance_to_return(name):
    X, y, t, _ = potential_outcomes()
    new, _, _, truth = potential_outcomes(5_000, seed=1)
    lift = clone(LEARNERS[name]).fit(X, y, t).predict(new)
    likely = clone(TREE).fit(X, y).predict_proba(new)[:, 1]
    gained = {
        rule: truth.loc[top_share(score, 0.3), "lift"].sum()
        for rule, score in {"lift": lift, "likely": likely}.items()
    }
    assert gained["lift"] > 1.3 * gained["likely"]


def test_linear_effects_are_found_exactly_without_noise():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    t = rng.integers(0, 2, 400)
    y = X @ [1.0, 2.0, 0.0] + t * (0.5 + X @ [0.0, 1.0, -1.0])
    expected = 0.5 + X @ [0.0, 1.0, -1.0]
    for learner in (TLearner, XLearner, DRLearner):
        found = learner(outcome=LinearRegression()).fit(X, y, t).predict(X)
        np.testing.assert_allclose(found, expected, atol=1e-8)


def test_scores_average_to_the_lift_of_any_group():
    X, y, t, truth = potential_outcomes(40_000)
    psi = doubly_robust_scores(X, y, t, outcome=TREE, propensity=0.5, random_state=0)
    for group in (X["price"] > 0, X["price"] <= 0, X["usage"] > 1):
        assert psi[group].mean() == pytest.approx(truth.loc[group, "lift"].mean(), abs=0.02)


def test_wrong_outcome_model_is_saved_by_known_propensities():
    X, y, t, truth = potential_outcomes(40_000)
    psi = doubly_robust_scores(X[["noise"]], y, t, propensity=0.5, random_state=0)
    assert psi.mean() == pytest.approx(truth["lift"].mean(), abs=0.02)


def test_modeled_propensities_correct_a_campaign_that_chose_its_customers():
    rng = np.random.default_rng(2)
    X, _, _, truth = potential_outcomes(40_000)
    e = 1 / (1 + np.exp(-X["usage"]))
    t = (rng.random(len(X)) < e).astype(int)
    y = np.where(t == 1, truth["y1"], truth["y0"])
    naive = y[t == 1].mean() - y[t == 0].mean()
    psi = doubly_robust_scores(
        X, y, t, outcome=TREE, propensity=LogisticRegression(), random_state=0
    )
    assert abs(naive - truth["lift"].mean()) > 0.1
    assert psi.mean() == pytest.approx(truth["lift"].mean(), abs=0.025)


def test_learners_are_scikit_learn_estimators_and_repeatable():
    X, y, t, _ = potential_outcomes(2_000)
    for learner in LEARNERS.values():
        one, two = (clone(learner).fit(X, y, t) for _ in range(2))
        np.testing.assert_array_equal(one.predict(X), two.predict(X))
        assert one.n_features_in_ == 4
        assert list(one.feature_names_in_) == list(X.columns)


def test_a_group_in_which_nobody_returns_gives_a_constant():
    X, y, t, _ = potential_outcomes(1_000)
    y = np.where(t == 0, 0, y)
    assert (TLearner().fit(X, y, t).predict(X) >= 0).all()


@pytest.mark.parametrize(
    ("y", "t", "message"),
    [
        ([0, 1, 0], [1, 1, 1], "one group only"),
        ([0, 1, 0], [0, 1, 2], "treatment must hold 1"),
        ([0, 1], [0, 1, 1], "X has 3 rows"),
        ([0, np.nan, 1], [0, 1, 1], "y must lie"),
        ([5.0, 1.0, 9.0], [0, 1, 1], "give a regressor"),
    ],
)
def test_learners_refuse_what_is_no_experiment(y, t, message):
    with pytest.raises(ValueError, match=message):
        TLearner().fit(np.zeros((3, 1)), y, t)


def test_qini_of_the_true_lift_is_above_that_of_others():
    _, y, t, truth = potential_outcomes(40_000)
    rng = np.random.default_rng(0)
    best, risk, chance = (
        lift_curve(y, t, score).qini for score in (truth["lift"], truth["p0"], rng.random(len(y)))
    )
    assert best > 0.02
    assert best > risk + 0.01
    assert abs(chance) < 0.01


def test_lift_curve_by_hand():
    y = np.array([1, 1, 0, 0, 1, 0, 0, 0])
    t = np.array([1, 0, 1, 0, 1, 1, 0, 0])
    s = np.array([8, 8, 8, 8, 3, 3, 3, 3])
    found = lift_curve(y, t, s)
    # At the upper half: 1 of 2 treated, 1 of 2 control; in all: 2 of 4 and 1 of 4.
    assert found.table["gain"].tolist() == [0.0, 0.0, 0.25]
    assert found.auuc == pytest.approx(0.0625)
    assert found.qini == pytest.approx(0.0625 - 0.125)
    assert len(found.plot().get_lines()) == 2
    assert found.to_frame()["share targeted"].iloc[-1] == 1.0


def test_order_within_equal_scores_does_not_matter():
    _, y, t, truth = potential_outcomes(2_000)
    score = truth["lift"].round(1).to_numpy()
    shuffled = np.random.default_rng(0).permutation(2_000)
    one, two = lift_curve(y, t, score), lift_curve(y[shuffled], t[shuffled], score[shuffled])
    assert one.qini == pytest.approx(two.qini)


def test_policy_values_cover_the_potential_outcomes():
    hits = 0
    for seed in range(60):
        X, y, t, truth = potential_outcomes(2_000, seed=seed)
        policy = (X["price"] > 0).to_numpy()
        found = policy_value(100.0 * y, t, {"price": policy}, cost=5.0, level=0.9)
        true_value = np.mean(policy * (100.0 * truth["lift"] - 5.0))
        hits += found.table.loc["price", "low"] <= true_value <= found.table.loc["price", "high"]
    assert 47 <= hits <= 60


def test_doubly_robust_scores_narrow_the_interval():
    X, y, t, _ = potential_outcomes(10_000)
    policy = {"price": (X["price"] > 0).to_numpy()}
    psi = doubly_robust_scores(X, y, t, outcome=TREE, propensity=0.5, random_state=0)
    plain = policy_value(y, t, policy).table.loc["price", "error"]
    sharp = policy_value(y, t, policy, scores=psi).table.loc["price", "error"]
    assert sharp < 0.95 * plain


def test_rankings_are_compared_on_the_same_customers():
    X, y, t, _ = potential_outcomes()
    new, y_new, t_new, _ = potential_outcomes(20_000, seed=3)
    scores = pd.DataFrame(
        {
            "lift": clone(LEARNERS["DR"]).fit(X, y, t).predict(new),
            "likely to return": clone(TREE).fit(X, y).predict_proba(new)[:, 1],
        }
    )
    found = compare_rankings(y_new, t_new, scores, share=0.4, reference="likely to return")
    assert found.table.loc["lift", "difference"] > 0
    assert found.table.loc["lift", "p_value"] < 0.01
    assert found.table.loc["lift", "qini"] > found.table.loc["likely to return", "qini"]
    assert found.table["share"].tolist() == [0.4, 0.4]
    assert found.plot() is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"policies": {"a": [1, 0]}}, "Policy 'a' must hold"),
        ({"policies": {"a": [1, 0, 2, 0]}}, "Policy 'a' must hold"),
        ({"reference": "b"}, "reference 'b'"),
        ({"cost": -1.0}, "cost must lie"),
        ({"propensity": 1.0}, "propensity must lie"),
        ({"scores": [1.0]}, "scores has shape"),
    ],
)
def test_policies_without_meaning_are_refused(options, message):
    given = {"policies": {"a": [1, 0, 1, 0]}} | options
    with pytest.raises(ValueError, match=message):
        policy_value([1, 0, 1, 0], [1, 0, 1, 0], **given)


def hillstrom():
    folder = os.environ.get("CRMLIB_DATA")
    path = Path(folder) / "hillstrom-email.csv" if folder else None
    if path is None or not path.exists():
        pytest.skip("Hillstrom's e-mail experiment is absent: set CRMLIB_DATA to its folder")
    return pd.read_csv(path)


def test_hillstrom_effects_of_the_emails_on_visits():
    data = hillstrom()
    control = data[data["segment"] == "No E-Mail"]
    for arm, points in (("Mens E-Mail", 7.66), ("Womens E-Mail", 4.52)):
        both = pd.concat([data[data["segment"] == arm], control])
        t = (both["segment"] == arm).to_numpy(int)
        found = policy_value(both["visit"], t, {"all": np.ones(len(both))})
        assert 100 * found.table.loc["all", "value"] == pytest.approx(points, abs=0.05)


def test_hillstrom_lift_of_the_womens_email_is_ranked_better_than_by_chance():
    data = hillstrom()
    both = data[data["segment"] != "Mens E-Mail"].reset_index(drop=True)
    t = (both["segment"] == "Womens E-Mail").to_numpy(int)
    fields = pd.get_dummies(
        both[["recency", "history", "mens", "womens", "newbie", "zip_code", "channel"]], dtype=float
    )
    train = np.random.default_rng(0).random(len(both)) < 0.5
    learner = DRLearner(TREE, propensity=0.5, random_state=0)
    learner.fit(fields[train], both.loc[train, "visit"], t[train])
    risk = clone(TREE).fit(fields[train], both.loc[train, "visit"])
    scores = pd.DataFrame(
        {
            "lift": learner.predict(fields[~train]),
            "likely to visit": risk.predict_proba(fields[~train])[:, 1],
        }
    )
    found = compare_rankings(both.loc[~train, "visit"], t[~train], scores, share=0.5)
    assert found.table.loc["lift", "qini"] > found.table.loc["likely to visit", "qini"]
    assert found.table.loc["lift", "low"] > 0


def test_campaign_stops_where_the_next_customer_no_longer_pays():
    _, y, t, truth = potential_outcomes(40_000)
    found = campaign_depth(y, t, truth["lift"], benefit=100.0, contact_cost=5.0, customers=1_000)
    # Half the base has a lift of about 0.2, the others lose: contact the first half.
    assert found.best["share"] == pytest.approx(0.5, abs=0.03)
    expected = 500 * (100 * truth.loc[truth["lift"] > 0, "lift"].mean() - 5)
    assert found.best["profit"] == pytest.approx(expected, rel=0.1)
    assert found.to_frame()["share"].iloc[-1] == 1.0
    assert found.plot().texts


def test_campaign_by_hand_and_one_that_never_pays():
    y, t, s = [1, 0, 1, 1], [1, 0, 1, 0], [2, 2, 1, 1]
    found = campaign_depth(y, t, s, benefit=10.0, incentive_cost=2.0, contact_cost=1.0)
    # First two: lift 1, response 1: 2 (10 - 1 - 2). All: lift 1 - 0.5, response 1: 4 (5 - 1 - 2).
    assert found.table["profit"].tolist() == [0.0, 14.0, 8.0]
    dear = campaign_depth(y, t, s, benefit=10.0, contact_cost=50.0)
    assert (dear.best["share"], dear.best["profit"]) == (0.0, 0.0)
    with pytest.raises(ValueError, match="the benefit puts money on it"):
        campaign_depth([5.0, 0, 1, 1], t, s, benefit=1.0)
