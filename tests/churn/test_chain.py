"""Chains add up exactly, and agree with regressions, theory and the operator's branches."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from crmlib.churn import both_directions, mediation

mpl.use("Agg")
CHAIN = ["staff", "quality", "satisfaction", "churn"]


def service(n=800, seed=0):
    rng = np.random.default_rng(seed)
    size = rng.normal(size=n)
    staff = 0.4 * size + rng.normal(size=n)
    quality = 0.5 * staff + 0.3 * size + rng.normal(size=n)
    satisfaction = 0.6 * quality + 0.1 * staff + rng.normal(size=n)
    churn = -0.3 * satisfaction - 0.1 * quality + 0.2 * size + 0.5 * rng.normal(size=n)
    columns = np.column_stack([staff, quality, satisfaction, churn, size])
    return pd.DataFrame(columns, columns=[*CHAIN, "size"])


def test_routes_add_up_to_the_regression_without_the_links():
    data = service()
    result = mediation(data, CHAIN, ["size"], resamples=20, random_state=0)
    fit = sm.OLS(data["churn"], sm.add_constant(data[["staff", "size"]])).fit()
    assert result.routes.loc["total", "effect"] == pytest.approx(fit.params["staff"])
    full = sm.OLS(data["churn"], sm.add_constant(data[[*CHAIN[:3], "size"]])).fit()
    assert result.routes.loc["staff > churn", "effect"] == pytest.approx(full.params["staff"])
    assert result.links.loc[("satisfaction", "churn"), "coefficient"] == pytest.approx(
        full.params["satisfaction"]
    )
    routes = result.routes.drop(index=["indirect", "total"])
    assert routes["effect"].sum() == pytest.approx(fit.params["staff"])
    assert routes["share"].sum() == pytest.approx(1)
    assert len(routes) == 4


def test_the_planted_chain_is_found():
    result = mediation(service(20_000), CHAIN, ["size"], resamples=100, random_state=0)
    row = result.routes.loc["staff > quality > satisfaction > churn"]
    assert row["low"] < 0.5 * 0.6 * -0.3 < row["high"]
    direct = result.routes.loc["staff > churn"]
    assert direct["low"] < 0.01
    assert direct["high"] > -0.01


def test_one_mediator_has_the_interval_of_sobel():
    """Sobel (1982): the product ab has the variance a^2 var b + b^2 var a in large samples."""
    data = service(3000)
    outcome = sm.OLS(data["churn"], sm.add_constant(data[["staff", "quality"]])).fit()
    link = sm.OLS(data["quality"], sm.add_constant(data[["staff"]])).fit()
    a, b = link.params["staff"], outcome.params["quality"]
    se = np.hypot(a * outcome.bse["quality"], b * link.bse["staff"])
    mine = mediation(data, ["staff", "quality", "churn"], resamples=600, random_state=0).routes
    row = mine.loc["staff > quality > churn"]
    assert row["effect"] == pytest.approx(a * b)
    assert row["high"] - row["low"] == pytest.approx(2 * 1.96 * se, rel=0.15)


def test_whole_groups_are_drawn_where_rows_share_them():
    rng = np.random.default_rng(1)
    branches = pd.DataFrame(service(30, seed=2))
    data = branches.loc[np.repeat(np.arange(30), 20)].reset_index(drop=True)
    data["churn"] += rng.normal(0, 0.1, len(data))
    data["branch"] = np.repeat(np.arange(30), 20)
    args = data, CHAIN
    alone = mediation(*args, resamples=100, random_state=0).routes.loc["total"]
    shared = mediation(*args, cluster="branch", resamples=100, random_state=0).routes.loc["total"]
    assert shared["high"] - shared["low"] > 2.5 * (alone["high"] - alone["low"])
    again = mediation(*args, cluster="branch", resamples=100, random_state=0).routes.loc["total"]
    assert again.equals(shared)


def test_the_operators_branches_work_as_planted(large):
    """Skill makes quality (service.skill, 0.4); quality satisfies and keeps."""
    parameters = large.truth.parameters.set_index("parameter")["value"]
    customers = large.customers[["customer_id", "branch_id"]]
    months = large.truth.months.dropna(subset=["hazard"]).merge(customers)
    means = months.groupby(["branch_id", "month"])[["satisfaction", "hazard"]].mean().reset_index()
    data = large.truth.branches.merge(means)
    result = mediation(
        data,
        ["mean_skill", "quality", "satisfaction", "hazard"],
        ["learning"],
        cluster="branch_id",
        resamples=200,
        confidence=0.999,
        random_state=0,
    )
    skill = result.links.loc[("mean_skill", "quality")]
    assert skill["low"] < float(parameters["service.skill"]) < skill["high"]
    assert result.links.loc[("quality", "satisfaction"), "low"] > 0
    # Quality keeps customers by incidents met and answers given, not by mean satisfaction alone.
    assert result.links.loc[("quality", "hazard"), "high"] < 0
    assert result.plot().get_xlabel() == "effect"


def swing(onward, back, units=30, periods=80, seed=0):
    rng = np.random.default_rng(seed)
    level, x, y, rows = rng.normal(0, 3, units), np.zeros(units), np.zeros(units), []
    for t in range(periods):
        shock = rng.normal()
        x, y = (
            0.4 * x + back * y + shock + rng.normal(size=units),
            0.3 * y + onward * x + shock + rng.normal(size=units),
        )
        rows += [(u, t, x[u] + level[u], y[u] - level[u]) for u in range(units)]
    return pd.DataFrame(rows, columns=["region", "month", "promotion", "churn"])


def test_both_planted_directions_are_found():
    table = both_directions(swing(-0.3, 0.2), "promotion", "churn", unit="region").table
    # Nickell's bias is of the order of one over 80 periods.
    assert table.loc["promotion > churn", "effect"] == pytest.approx(-0.3, abs=0.06)
    assert table.loc["churn > promotion", "effect"] == pytest.approx(0.2, abs=0.06)
    assert (table["p"] < 1e-6).all()


def test_a_direction_that_is_not_there_is_rarely_found():
    p = [
        both_directions(swing(0.0, 0.2, 20, 60, seed), "promotion", "churn", unit="region", lags=2)
        .table["p"]
        .tolist()
        for seed in range(60)
    ]
    alarms, hits = (np.array(p) < 0.05).mean(axis=0)
    assert alarms < 0.17
    assert hits > 0.95


def test_the_within_regression_is_the_one_with_dummies():
    data = swing(-0.3, 0.2, 6, 12).sort_values(["region", "month"])
    result = both_directions(data, "promotion", "churn", unit="region")
    lagged = data.groupby("region")[["promotion", "churn"]].shift(1).add_suffix("_before")
    rows = data.join(lagged).dropna()
    dummies = pd.get_dummies(rows[["region", "month"]].astype("category"), drop_first=True)
    x = sm.add_constant(rows[["promotion_before", "churn_before"]].join(dummies.astype(float)))
    fit = sm.OLS(rows["churn"], x).fit()
    assert result.table.loc["promotion > churn", "effect"] == pytest.approx(
        fit.params["promotion_before"]
    )
    assert (result.units, result.rows) == (6, 66)
    assert "sum over the lags" in result.plot().get_xlabel()


def test_chains_and_panels_that_make_no_sense_are_refused():
    data = service(50)
    with pytest.raises(ValueError, match="a cause, a link and an effect"):
        mediation(data, ["staff", "churn"])
    with pytest.raises(ValueError, match="name a column twice"):
        mediation(data, CHAIN, ["staff"])
    with pytest.raises(ValueError, match="constant columns: 'quality'"):
        mediation(data.assign(quality=1.0), CHAIN)
    with pytest.raises(ValueError, match="the others determine"):
        mediation(data.assign(quality=2 * data["staff"]), CHAIN)
    panel = swing(0, 0, 4, 10)
    with pytest.raises(ValueError, match="in every period"):
        both_directions(panel.iloc[1:], "promotion", "churn", unit="region")
    with pytest.raises(ValueError, match="too few for 4 lags"):
        both_directions(panel, "promotion", "churn", unit="region", lags=4)
    with pytest.raises(ValueError, match="once"):
        both_directions(pd.concat([panel, panel]), "promotion", "churn", unit="region")
