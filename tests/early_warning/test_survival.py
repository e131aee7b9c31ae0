"""Time to churn: durations as far as known, hazards found again, chances that hold."""

import numpy as np
import pandas as pd
import pytest

from crmlib.early_warning import Base, IndicatorSystem, Scorer, SurvivalAlarm, durations, measure

SYSTEM = """
[source.use]
table = "months"
month = "month"
[[indicator]]
name = "bad"
group = "behavior"
source = "use"
value = "x"
measure = "last"
bad = "high"
unit = "1"
"""
BETA = 2.0


@pytest.fixture(scope="module")
def planted():
    """Customers who leave by a constant hazard that depends on one indicator's score."""
    pytest.importorskip("lifelines")
    rng = np.random.default_rng(0)
    n = 6000
    x = rng.random(n)
    hazard = 0.02 * np.exp(BETA * (x - 0.5))
    # Monthly: lost in month t + 1, t + 2, ... with the chance 1 - exp(-hazard).
    event = 1 + np.ceil(rng.exponential(1 / hazard)).astype(int)
    months = pd.DataFrame({"customer_id": np.arange(n), "month": 1, "x": x})
    months = pd.concat([months, months.iloc[:1].assign(month=13)])
    churn = pd.DataFrame({"customer_id": np.arange(n), "month": event})
    system = IndicatorSystem.from_toml(SYSTEM)
    tables = {"months": months, "churn": churn[churn["month"] <= 13]}
    panel = measure(system, tables, [1])
    return system, tables, panel, hazard


def test_the_planted_effect_and_the_chances_are_found(planted):
    system, tables, panel, hazard = planted
    alarm = SurvivalAlarm(Scorer.fit(panel, system), penalizer=0.0).fit(panel, tables, known_by=13)
    assert alarm.model_.params_["bad"] == pytest.approx(BETA, abs=0.25)
    forecast = alarm.predict(panel, months=12, level=0.3)
    truth = 1 - np.exp(-12 * hazard)
    assert np.abs(forecast.table["within_12"].to_numpy() - truth).mean() < 0.02
    assert (forecast.table.filter(regex="^within").diff(axis=1).iloc[:, 1:] >= 0).all().all()


def test_chances_equal_those_of_lifelines(planted):
    system, tables, panel, _ = planted
    scorer = Scorer.fit(panel, system)
    alarm = SurvivalAlarm(scorer).fit(panel, tables, known_by=13)
    some = panel.head(50)
    ours = alarm.predict(some, months=6).table.filter(regex="^within").to_numpy()
    theirs = 1 - alarm.model_.predict_survival_function(scorer.scores(some), times=range(1, 7)).T
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_an_alarm_comes_when_the_level_is_reached_within_the_notice(planted):
    system, tables, panel, _ = planted
    alarm = SurvivalAlarm(Scorer.fit(panel, system)).fit(panel, tables, known_by=13)
    table = alarm.predict(panel, months=8, level=0.15, notice=4).table
    for row in table.sample(200, random_state=0).to_dict("records"):
        over = [k for k in range(1, 9) if row[f"within_{k}"] >= 0.15]
        assert pd.isna(row["crossing"]) if not over else row["crossing"] == over[0]
        assert row["alarm"] == bool(over and over[0] <= 4)


def test_durations_see_nothing_after_the_month_of_asking():
    base = Base(churn_month="out", churn_noticed="seen", churn_delay=2)
    churn = pd.DataFrame({"customer_id": [1, 2, 3], "out": [5, 8, 1], "seen": [6, 8, 2]})
    panel = pd.DataFrame({"customer_id": [1, 2, 3, 4], "month": 1})
    known = durations(panel, {"churn": churn}, base, known_by=8)
    # 1 left after 4 months; 2 left in a month of which not all is noticed yet; 3 was gone.
    np.testing.assert_array_equal(known["months"], [4, 5, np.nan, 5])
    np.testing.assert_array_equal(known["lost"], [1, 0, np.nan, 0])
    before = durations(panel, {"churn": churn}, base, known_by=5)
    np.testing.assert_array_equal(before["lost"], [0, 0, np.nan, 0])


def test_it_ranks_the_operators_customers_better_than_chance(op, system):
    pytest.importorskip("lifelines")
    past = measure(system, op, [6])
    alarm = SurvivalAlarm(Scorer.fit(past, system)).fit(past, op, known_by=12)
    now = measure(system, op, [12])
    chance = alarm.predict(now, months=3).table["within_3"]
    lost = op.truth.losses.query("12 < month <= 15")["customer_id"]
    hit = chance.index.isin(lost)
    rank = chance.rank()
    auc = (rank[hit].sum() - hit.sum() * (hit.sum() + 1) / 2) / (hit.sum() * (~hit).sum())
    assert auc > 0.53


def test_what_cannot_be_learned_is_explained(planted):
    system, tables, panel, _ = planted
    scorer = Scorer.fit(panel, system)
    with pytest.raises(ValueError, match="call fit first"):
        SurvivalAlarm(scorer).predict(panel)
    kept = {**tables, "churn": tables["churn"].assign(month=99)}
    with pytest.raises(ValueError, match="Nobody was lost"):
        SurvivalAlarm(scorer).fit(panel, kept, known_by=13)
    alarm = SurvivalAlarm(scorer).fit(panel, tables, known_by=13)
    with pytest.raises(ValueError, match="months must lie in"):
        alarm.predict(panel, months=40)
    assert alarm.predict(panel, months=6).plot().get_ylabel() == "chance of loss"
