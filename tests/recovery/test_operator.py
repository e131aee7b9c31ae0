"""Recovery on the simulated operator, whose potential outcomes say who was right."""

import numpy as np
import pandas as pd
import pytest

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
    for name, learner in {"T": recovery.TLearner(), "DR": recovery.DRLearner()}.items():
        learner.fit(fields[learn], y[learn], t[learn])
        scores[name] = learner.predict(fields[~learn])
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


@pytest.mark.parametrize("learner", ["T", "DR"])
def test_targeting_by_lift_wins_more_customers_than_chance_by_the_truth(scored, learner):
    rows, scores = scored
    truth = rows[f"chance_{OFFER}"] - rows["chance_none"]
    chosen = recovery.top_share(scores[learner], 0.3)
    assert truth[chosen].mean() > 1.05 * truth.mean()


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
