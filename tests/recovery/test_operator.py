"""Recovery on the simulated operator, whose potential outcomes say who was right."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from crmlib import recovery
from crmlib.data import simulate

OFFER = "discount"


@pytest.fixture(scope="module")
def campaign():
    """The operator's own campaign: an offer or none, drawn by chance; and the truth beside."""
    op = simulate(customers=25_000, months=20, random_state=5)
    rows = op.regain.merge(op.truth.offers, on=["customer_id", "month"], suffixes=("", "_true"))
    rows = rows[rows["window_closed"] & rows["offer"].isin(["none", OFFER])]
    left = op.churn.drop_duplicates("customer_id").set_index("customer_id")
    left = left.reindex(rows["customer_id"])
    fields = pd.DataFrame(
        {
            "ported": left["ported"].fillna(False).to_numpy(float),
            "tenure": left["tenure"].fillna(left["tenure"].median()).to_numpy(float),
            "bill": left["last_bill"].fillna(left["last_bill"].median()).to_numpy(float),
            "price": left["stated_reason"].isin(["price", "offer", "money"]).to_numpy(float),
            "moved": (left["stated_reason"] == "moved").to_numpy(float),
            "away": rows["month"].to_numpy() - left["last_active"].fillna(0).to_numpy(float),
        }
    )
    return rows.reset_index(drop=True), fields


@pytest.fixture(scope="module")
def scored(campaign):
    """Lift and chance to return, learned on half of the customers, for the other half."""
    rows, fields = campaign
    learn = np.random.default_rng(0).random(len(rows)) < 0.5
    y, t = rows["returned"].to_numpy(int), (rows["offer"] == OFFER).to_numpy(int)
    scores = {}
    learners = {"T": recovery.TLearner(), "X": recovery.XLearner(), "DR": recovery.DRLearner()}
    for name, learner in learners.items():
        learner.fit(fields[learn], y[learn], t[learn])
        scores[name] = learner.predict(fields[~learn])
    alone = learn & (t == 0)  # those without an offer show who comes back unasked
    likely = make_pipeline(StandardScaler(), LogisticRegression()).fit(fields[alone], y[alone])
    scores["returns anyway"] = likely.predict_proba(fields[~learn])[:, 1]
    return rows[~learn].reset_index(drop=True), pd.DataFrame(scores)


def test_the_mean_lift_is_that_of_the_potential_outcomes(campaign):
    rows, _ = campaign
    truth = (rows[f"returns_{OFFER}"].astype(int) - rows["returns_none"].astype(int)).mean()
    everybody = recovery.policy_value(
        rows["returned"].astype(int),
        rows["offer"] == OFFER,
        {"all": np.ones(len(rows), int)},
    ).table.loc["all"]
    assert everybody["low"] < truth < everybody["high"]
    assert truth > 0.05


@pytest.mark.parametrize("learner", ["T", "X", "DR"])
def test_targeting_by_lift_wins_more_customers_than_chance_by_the_truth(scored, learner):
    rows, scores = scored
    truth = rows[f"chance_{OFFER}"] - rows["chance_none"]
    chosen = recovery.top_share(scores[learner], 0.3)
    assert truth[chosen].mean() > 1.15 * truth.mean()


def test_the_customers_at_the_highest_risk_are_those_an_offer_changes_least(scored):
    """Who seems lost for good is: in this world a gain grows with the chance to return unasked.

    So a list by that chance does about as well as one by lift, and one by risk does worse than
    drawing lots.
    """
    rows, scores = scored
    truth = rows[f"chance_{OFFER}"] - rows["chance_none"]
    by = {name: truth[recovery.top_share(scores[name], 0.3)].mean() for name in scores}
    assert by["returns anyway"] == pytest.approx(by["T"], rel=0.1)
    risk = truth[recovery.top_share(-scores["returns anyway"], 0.3)].mean()
    assert risk < 0.85 * truth.mean() < 0.85 * by["T"]


def test_the_qini_of_the_experiment_agrees_with_the_truth_about_who_ranks_better(scored):
    rows, _ = scored
    y, t = rows["returned"].astype(int), rows["offer"] == OFFER
    truth = rows[f"chance_{OFFER}"] - rows["chance_none"]
    assert recovery.lift_curve(y, t, truth).qini > recovery.lift_curve(y, t, -truth).qini


def test_the_estimated_value_of_a_policy_covers_what_it_truly_brings(scored):
    rows, scores = scored
    chosen = recovery.top_share(scores["T"], 0.5)
    found = recovery.policy_value(
        rows["returned"].astype(int), rows["offer"] == OFFER, {"lift": chosen}, level=0.99
    ).table.loc["lift"]
    gained = rows[f"returns_{OFFER}"].astype(int) - rows["returns_none"].astype(int)
    assert found["low"] < (gained * chosen).mean() < found["high"]
