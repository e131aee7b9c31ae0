"""The risk may come from any of the models by name; each finds what was planted."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from crmlib.early_warning import MODELS, EarlyWarning, ExpertModel, IndicatorSystem, model_of


@pytest.fixture(scope="module")
def planted():
    """Losses that follow the incidents and, less, a fall of the bill; some gaps."""
    rng = np.random.default_rng(0)
    system = IndicatorSystem.builtin().only(["incidents", "bill_change"])
    n = 6000
    panel = pd.DataFrame(
        {
            "customer_id": range(n),
            "month": 1,
            "bill_change": rng.normal(0, 0.2, n),
            "incidents": rng.poisson(1.0, n).astype(float),
        }
    )
    odds = -3.5 + 1.0 * panel["incidents"] - 3.0 * panel["bill_change"]
    lost = rng.random(n) < 1 / (1 + np.exp(-odds))
    panel.loc[rng.random(n) < 0.1, "bill_change"] = np.nan
    return system, panel, lost


@pytest.mark.parametrize("name", MODELS)
def test_every_model_ranks_what_was_planted_and_gives_honest_chances(planted, name):
    system, panel, lost = planted
    half = np.arange(len(panel)) % 2 == 0
    features = panel[system.names]
    # One thread: boosting's threads wait for one another on a busy machine.
    with threadpool_limits(1):
        model = model_of(name, system).fit(features[half], lost[half])
    risk = model.predict_proba(features[~half])[:, 1]
    assert roc_auc_score(lost[~half], risk) > (0.6 if name == "rules" else 0.75)
    assert risk.mean() == pytest.approx(lost[~half].mean(), abs=0.03)


@pytest.mark.parametrize("name", ["tree", "network"])
def test_early_warning_learns_with_this_packages_own_models(op, name):
    warning = EarlyWarning(model=model_of(name)).fit(op, month=18)
    risk = warning.score(op, 18)["risk"]
    assert risk.between(0, 1).all()
    assert risk.std() > 0


def test_an_index_that_ranks_the_wrong_way_gives_everybody_the_base_rate(planted):
    system, panel, lost = planted
    model = ExpertModel(system).fit(panel[system.names], ~lost)
    risk = model.predict_proba(panel[system.names])[:, 1]
    np.testing.assert_allclose(risk, (~lost).mean())
    assert set(model.predict(panel[system.names])) == {True}


def test_an_unknown_model_is_answered_with_those_there_are():
    with pytest.raises(ValueError, match=r"model must be one of 'logistic'.*did you mean 'tree'"):
        model_of("trees")


def test_both_outcomes_are_needed(planted):
    system, panel, _ = planted
    with pytest.raises(ValueError, match="y must hold two classes, got 1"):
        ExpertModel(system).fit(panel[system.names], np.zeros(len(panel), bool))
