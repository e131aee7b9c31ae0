"""The planted effects can be found again, within their standard errors."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from crmlib.data.operator import loss_causes, simulate


def poisson(rows, cause, columns, offset=0.0):
    """Log-linear rates of one cause: rare events in discrete time are close to Poisson."""
    happened = (rows["cause"] == cause).to_numpy(float)
    x = sm.add_constant(np.column_stack([rows[c] for c in columns]).astype(float))
    offset = np.broadcast_to(offset, len(rows))
    fit = sm.GLM(happened, x, family=sm.families.Poisson(), offset=offset).fit()
    return dict(zip(["level", *columns], zip(fit.params, fit.bse, strict=True), strict=True))


def close(found, planted, name):
    estimate, error = found
    assert abs(estimate - planted) < 3 * error, (
        f"{name}: {estimate:.3f} +- {error:.3f}, not {planted}"
    )


def test_a_hazard_regression_finds_the_coefficients_of_price_losses(op, panel):
    p = op.scenario.parameters
    rows = panel.assign(gain=panel["price_sensitivity"] * panel["price_gap"])
    rows["thought"] = rows["intention"] * (rows["reason"] == "price")
    columns = ["gain", "satisfaction", "bound", "tenure", "inertia", "promotion", "thought"]
    found = poisson(rows, "price", columns)
    level = p["churn.price"] + p["churn.level"] - p["competition.switching_cost"]
    close(found["level"], level, "level")
    close(found["gain"], -p["churn.price_gap"], "gain")
    close(found["satisfaction"], p["churn.price_satisfaction"], "satisfaction")
    close(found["bound"], p["churn.bound"], "bound")
    close(found["tenure"], p["churn.tenure"], "tenure")
    close(found["inertia"], -1.0, "inertia")
    close(found["promotion"], p["promotion.effect"], "promotion")
    close(found["thought"], p["intention.effect"][0], "thought")


@pytest.mark.parametrize(
    ("cause", "incident"), [("core", "network"), ("encounter", "encounter"), ("billing", "billing")]
)
def test_a_hazard_regression_finds_what_an_incident_does(op, panel, cause, incident):
    p = op.scenario.parameters
    rows = panel.assign(thought=panel["intention"] * (panel["reason"] == "service"))
    columns = [incident, "satisfaction", "bound", "tenure", "inertia", "thought"]
    found = poisson(rows, cause, columns)
    close(found[incident], p[f"churn.{cause}_incident"], incident)
    close(found["satisfaction"], p[f"churn.{cause}_satisfaction"], "satisfaction")
    close(found["thought"], p["intention.effect"][2], "thought")
    estimate, error = found[incident]
    assert estimate > 3 * error


def test_the_true_hazard_is_calibrated(panel):
    happened = panel["cause"].notna()
    tenth = pd.qcut(panel["hazard"], 10, labels=False)
    by = pd.DataFrame({"p": panel["hazard"], "y": happened}).groupby(tenth)
    error = np.sqrt(by["p"].mean() * (1 - by["p"].mean()) / by.size())
    assert ((by["y"].mean() - by["p"].mean()).abs() < 4 * error).all()


@pytest.mark.filterwarnings("ignore:Starting with pandas version 4")  # inside lifelines
def test_cox_regression_finds_that_inertia_holds_customers():
    from lifelines import CoxPHFitter

    op = simulate(8_000, 12, random_state=3)
    losses = op.truth.losses.query("life == 1").set_index("customer_id")["month"]
    base = op.truth.customers.merge(op.customers[["customer_id", "joined"]])
    base = base[base["joined"] <= 0].set_index("customer_id")
    frame = pd.DataFrame(
        {
            "months": losses.reindex(base.index).fillna(12),
            "lost": base.index.isin(losses.index),
            "inertia": base["inertia"],
            "novelty": base["novelty"],
        }
    )
    fit = CoxPHFitter().fit(frame, "months", "lost")
    assert fit.summary.loc["inertia", "coef upper 95%"] < 0
    # About nine losses in ten are voluntary, and only those feel the inertia in full.
    assert -1.2 < fit.params_["inertia"] < -0.6


def test_the_control_group_finds_the_effect_of_each_offer():
    op = simulate(60_000, 18, {"churn.level": 1.6}, random_state=11)
    done = op.regain[op.regain["window_closed"]]
    share = done.groupby("offer", observed=True)["returned"].agg(["mean", "size"])
    truth = op.truth.offers.merge(done[["customer_id", "month"]])
    for offer in ("discount", "upgrade", "both", "service"):
        found = share.loc[offer, "mean"] - share.loc["none", "mean"]
        error = np.sqrt(
            (share["mean"] * (1 - share["mean"]) / share["size"])[["none", offer]].sum()
        )
        planted = (truth[f"chance_{offer}"] - truth["chance_none"]).mean()
        assert abs(found - planted) < 3 * error, offer
        assert found > 3 * error, offer
    assert share["mean"].idxmax() == "both"


def test_articulation_and_registration_follow_the_scenario(op):
    p = op.scenario.parameters
    months = op.truth.months[["customer_id", "month", "intention"]]
    iceberg = op.truth.incidents.merge(months, on=["customer_id", "month"])
    for kind in ("network", "billing", "encounter"):
        some = iceberg[iceberg["incident"] == kind]
        odds = p[f"complaints.{kind}"] + p["complaints.severity"] * (some["severity"] - 1)
        odds += p["intention.voice"] * some["intention"]
        expected = 1 / (1 + np.exp(-odds))
        error = np.sqrt((expected * (1 - expected)).mean() / len(some))
        assert abs(some["voiced"].mean() - expected.mean()) < 3 * error, kind
    voiced = iceberg[iceberg["voiced"]]
    rate = p["complaints.registered"]
    error = np.sqrt(rate * (1 - rate) / len(voiced))
    assert abs(voiced["registered"].mean() - rate) < 3 * error
    assert len(op.complaints) == iceberg["registered"].sum()


def test_regression_finds_the_three_kinds_of_justice(op):
    p, cases = op.scenario.parameters, op.truth.complaints
    columns = ["distributive", "procedural", "interactional"]
    fit = sm.OLS(cases["handling"], sm.add_constant(cases[columns].astype(float))).fit()
    for name in columns:
        close((fit.params[name], fit.bse[name]), p[f"complaints.{name}"], name)


def test_held_back_customers_find_that_promotions_keep(op):
    held = op.promotions[op.promotions["control"]]
    assert abs(len(held) / len(op.promotions) - op.scenario.parameters["promotion.control"]) < 0.01
    assert not held["accepted"].any()


def test_who_answers_a_survey_is_happier_than_who_is_asked(op):
    asked = op.surveys.merge(op.truth.months, on=["month", "customer_id"])
    answered = asked[asked["answered"]]
    difference = answered["satisfaction_y"].mean() - asked["satisfaction_y"].mean()
    assert difference > 2 * asked["satisfaction_y"].std() / np.sqrt(len(answered))
    x = pd.DataFrame(
        {
            "mood": asked["satisfaction_y"],
            "extreme": asked["satisfaction_y"] ** 2,
            "leaving": asked["intention"],
            "age": asked["customer_id"].map(op.customers.set_index("customer_id")["age"]).sub(45)
            / 10,
        }
    ).astype(float)
    fit = sm.Logit(asked["answered"].astype(float), sm.add_constant(x)).fit(disp=0)
    p = op.scenario.parameters
    close((fit.params["const"], fit.bse["const"]), p["survey.response"], "response")
    close((fit.params["mood"], fit.bse["mood"]), p["survey.response_mood"], "mood")
    close((fit.params["extreme"], fit.bse["extreme"]), p["survey.response_extreme"], "extreme")
    close((fit.params["age"], fit.bse["age"]), p["survey.response_age"], "age")
    close((fit.params["leaving"], fit.bse["leaving"]), p["intention.answer"], "leaving")


def test_satisfaction_is_disconfirmation_and_fades(op):
    """Regress this month's satisfaction on last month's, without incidents: the memory is found."""
    months = op.truth.months.dropna(subset=["hazard"]).sort_values(["customer_id", "month"])
    last = months.groupby("customer_id")[["satisfaction", "month"]].shift()
    quiet = months.assign(last=last["satisfaction"])[last["month"] == months["month"] - 1]
    hit = op.truth.incidents.assign(hit=True)[["customer_id", "month", "hit"]].drop_duplicates()
    gift = op.promotions.loc[op.promotions["accepted"], ["customer_id", "month"]].assign(gift=True)
    quiet = quiet.merge(hit, how="left").merge(gift, how="left")
    quiet = quiet[quiet["hit"].isna() & quiet["gift"].isna()]
    who = op.truth.customers.set_index("customer_id")
    branch = op.customers.set_index("customer_id")["branch_id"]
    quality = op.truth.branches.set_index(["branch_id", "month"])["quality"]
    index = pd.MultiIndex.from_arrays([quiet["customer_id"].map(branch), quiet["month"]])
    met = quality.loc[index].to_numpy() * quiet["customer_id"].map(who["quality_sensitivity"])
    gain = quiet["price_gap"] * quiet["customer_id"].map(who["price_sensitivity"])
    x = np.column_stack([quiet["last"], met, gain])
    fit = sm.OLS(quiet["satisfaction"].to_numpy(), sm.add_constant(x)).fit()
    p = op.scenario.parameters
    assert abs(fit.params[1] - p["satisfaction.memory"]) < 0.02
    assert abs(fit.params[3] - (1 - p["satisfaction.memory"]) * p["satisfaction.price"]) < 0.05


def test_every_typology_names_every_loss_it_covers(op):
    causes = loss_causes()
    losses = op.truth.losses
    assert len(causes) == 16
    for typology in ("group", "reason_four", "type_six", "nature", "cause_ten", "side", "keaveney"):
        expected = causes[typology].loc[losses["cause"].astype(str)].to_numpy()
        assert (losses[typology].astype(str).to_numpy() == expected).all()
    uncovered = losses["dissatisfaction"].isna()
    assert (causes["dissatisfaction"].loc[losses.loc[uncovered, "cause"].astype(str)] == "").all()
    assert losses["cause"].nunique() == 16
