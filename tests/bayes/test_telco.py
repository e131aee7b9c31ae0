"""Golden numbers on IBM Telco: what the networks reach there, and what they do not."""

import os
from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from crmlib.bayes import BayesNetClassifier
from crmlib.bayes.climb import FamilyScores, Limits, complete_rows, hill_climb
from crmlib.bayes.scores import bic
from crmlib.counts import Encoder

FILE = Path(os.environ.get("CRMLIB_DATA", "no-data"), "ibm-telco-v1.csv")
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="CRMLIB_DATA holds no ibm-telco-v1.csv")


@pytest.fixture(scope="module")
def telco():
    frame = pd.read_csv(FILE).drop(columns="customerID")
    frame["TotalCharges"] = pd.to_numeric(frame["TotalCharges"], errors="coerce")
    frame["SeniorCitizen"] = frame["SeniorCitizen"].astype(str)
    return frame


def test_several_starts_and_patience_raise_the_score(telco):
    codes, _ = complete_rows(Encoder(n_bins=5).fit_encode(telco))
    scores = FamilyScores(codes, bic)
    one = scores.total(hill_climb(scores, Limits(), starts=1))
    eight = scores.total(hill_climb(scores, Limits(), starts=8))
    patient = scores.total(hill_climb(scores, Limits(), starts=8, patience=10))
    assert [one, eight, patient] == pytest.approx([-86118.08, -86055.83, -85911.29], abs=0.01)


def test_logistic_regression_beats_every_network(telco):
    X, y = telco.drop(columns="Churn"), telco["Churn"]

    def out_of_fold(model):
        p = cross_val_predict(model, X, y, method="predict_proba", cv=5)[:, 1]
        return roc_auc_score(y, p), log_loss(y, p)

    logistic = out_of_fold(
        make_pipeline(
            Encoder(n_bins=5),
            OneHotEncoder(handle_unknown="ignore"),
            LogisticRegression(max_iter=2000),
        )
    )
    expected = {
        "naive": (0.823, 0.967),
        "tan": (0.838, 0.584),
        "augmented": (0.834, 0.465),
        "hill-climb": (0.820, 0.442),
    }
    for structure, (auc, loss) in expected.items():
        found = out_of_fold(BayesNetClassifier(structure, n_bins=5))
        assert found == pytest.approx((auc, loss), abs=0.004)
        assert found[0] < logistic[0]
        assert found[1] > logistic[1]
