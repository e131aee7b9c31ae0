"""Lift, dip and differences agree with means, regressions, and the operator's true hazards."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from crmlib.churn import difference_in_differences, promotion_lift, promotion_phases
from crmlib.data.operator import simulate

mpl.use("Agg")


@pytest.fixture(scope="module")
def crowd():
    """An offer's effect on a month's losses is some tenths of a percent: it takes a crowd."""
    return simulate(customers=100_000, months=20, random_state=7)


@pytest.fixture(scope="module")
def hazards(crowd):
    months = crowd.truth.months.dropna(subset=["hazard"])
    lost = crowd.truth.losses[["customer_id", "month"]].assign(left=1.0)
    return months.merge(lost, how="left").fillna({"left": 0.0})


@pytest.fixture(scope="module")
def offers(crowd):
    return crowd.promotions[crowd.promotions["month"].between(4, 16)]


def test_the_lift_is_the_difference_of_means():
    rng = np.random.default_rng(0)
    offers = pd.DataFrame(
        {"customer_id": range(400), "month": 5, "control": np.arange(400) % 4 == 0}
    )
    offers["accepted"] = ~offers["control"] & (np.arange(400) % 2 == 1)
    months = pd.DataFrame(
        [(c, t) for c in range(400) for t in range(1, 13)], columns=["customer_id", "month"]
    )
    months["bill"] = rng.normal(50, 5, len(months))
    result = promotion_lift(offers, months, "bill", length=3)
    wide = months.pivot_table(index="customer_id", columns="month", values="bill")
    during = wide[[5, 6, 7]].mean(axis=1).groupby(offers["control"]).mean()
    row = result.phases.loc["during"]
    assert row["lift"] == pytest.approx(during[False] - during[True])
    assert row["control"] == pytest.approx(during[True])
    assert result.accepted == pytest.approx(200 / 300)
    assert row["per_taker"] == pytest.approx(row["lift"] / result.accepted)
    assert result.months.index.tolist() == list(range(-3, 6))
    welch = wide[[5, 6, 7]].mean(axis=1).groupby(offers["control"]).agg(["var", "size"])
    assert row["se"] == pytest.approx(np.sqrt((welch["var"] / welch["size"]).sum()), rel=0.02)


def test_the_offers_effect_on_losses_is_the_one_on_hazards(hazards, offers):
    """Losses are drawn from the hazards: their lift is the hazards' lift and chance."""
    found = promotion_lift(offers, hazards, "left", length=3).phases
    truth = promotion_lift(offers, hazards, "hazard", length=3).phases
    gap = found["lift"] - truth["lift"]
    assert (gap.abs() < 3.5 * np.hypot(found["se"], truth["se"])).all()
    for result in (found, truth):  # planted: exp(-0.5) on every voluntary cause
        assert result.loc["during", "high"] < 0
    assert abs(truth.loc["before", "lift"]) < 3.5 * truth.loc["before", "se"]


def test_takers_of_a_discount_pay_what_the_discount_says(crowd, offers):
    offers = offers[offers["promotion"].isin(["discount", "limited time"])]
    months = crowd.months[crowd.months["bill"] > 0]
    result = promotion_lift(offers, months.assign(given=months["discount"]), "given", length=3)
    row = result.phases.loc["during"]
    parameters = crowd.truth.parameters.set_index("parameter")["value"]
    share = float(parameters["promotion.discount"])
    before_discount = (months["bill"] + months["discount"]).mean()
    # Takers mind prices more, and their bills differ a little from everybody's.
    assert row["per_taker"] == pytest.approx(share * before_discount, rel=0.2)
    assert result.plot().get_xlabel() == "months since the offer"


def regions(effect, seed=0, units=40, periods=12, start=7, slope=0.0):
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        [(u, t) for u in range(units) for t in range(1, periods + 1)], columns=["region", "month"]
    )
    rows["promoted"] = rows["region"] < units // 2
    level = rng.normal(2, 0.5, units)[rows["region"]]
    season = rng.normal(0, 0.3, periods)[rows["month"] - 1]
    on = rows["promoted"] & (rows["month"] >= start)
    trend = slope * rows["promoted"] * rows["month"]
    rows["churn"] = level + season + trend + effect * on + rng.normal(0, 0.2, len(rows))
    return rows


def test_the_effect_is_the_difference_of_differences_and_the_two_way_regression():
    import statsmodels.api as sm

    rows = regions(-0.3, units=8, periods=6, start=4)
    result = difference_in_differences(rows, "churn", "promoted", 4, unit="region")
    late = rows["month"] >= 4
    mean = rows.groupby(["promoted", late])["churn"].mean()
    double = mean[True, True] - mean[True, False] - mean[False, True] + mean[False, False]
    effect = result.table["effect"].iloc[0]
    assert effect == pytest.approx(double)
    dummies = pd.get_dummies(rows[["region", "month"]].astype("category"), drop_first=True)
    x = sm.add_constant(dummies.astype(float).assign(on=(rows["promoted"] & late).astype(float)))
    fit = sm.OLS(rows["churn"], x).fit(cov_type="cluster", cov_kwds={"groups": rows["region"]})
    assert effect == pytest.approx(fit.params["on"])
    # The two count degrees of freedom differently; the rest is the same sandwich.
    n, units, k = len(rows), 8, x.shape[1]
    theirs = units / (units - 1) * (n - 1) / (n - k)
    mine = units / (units - 2)
    assert result.table["se"].iloc[0] == pytest.approx(fit.bse["on"] * np.sqrt(mine / theirs))
    assert result.events.loc[-1, "effect"] == 0


def test_a_planted_effect_is_found_as_often_as_the_interval_says():
    hits = [
        difference_in_differences(regions(-0.3, seed), "churn", "promoted", 7, unit="region").table
        for seed in range(100)
    ]
    cover = np.mean([t["low"].iloc[0] <= -0.3 <= t["high"].iloc[0] for t in hits])
    assert 0.88 <= cover <= 1
    level = np.mean([t["trends_p"].iloc[0] < 0.05 for t in hits])
    assert level < 0.14  # the trends are parallel, so this is a false alarm


def test_trends_that_are_not_parallel_are_noticed():
    rows = regions(0.0, slope=0.1)
    table = difference_in_differences(rows, "churn", "promoted", 7, unit="region").table
    assert table["trends_p"].iloc[0] < 0.01
    assert table["p"].iloc[0] < 0.05  # and the "effect" is false


def test_the_event_study_shows_the_start():
    result = difference_in_differences(regions(-0.5), "churn", "promoted", 7, unit="region")
    assert result.events.loc[0:, "high"].max() < 0
    assert result.plot().get_xlabel() == "periods since the start"
    assert result.means.columns.tolist() == ["treated", "others"]


def test_a_series_shows_lift_and_dip():
    rng = np.random.default_rng(4)
    errors = []
    for _ in range(40):
        t = np.arange(1, 37)
        sales = 100 + 0.5 * t + 10 * ((t >= 20) & (t <= 22)) - 4 * (t > 22) + rng.normal(0, 1, 36)
        table = promotion_phases(pd.Series(sales, index=t), 20, 22).table
        errors.append((table["effect"] - [10, -4]) / table["se"])
    errors = np.array(errors)
    assert np.abs(errors.mean(axis=0)).max() < 0.8
    assert 0.6 < errors.std() < 2  # Newey-West is a little short in short series


def test_an_interrupted_series_is_a_regression_on_phases():
    series = pd.Series([1.0, 2, 3, 4, 9, 10, 5, 6], index=range(1, 9))
    result = promotion_phases(series, 5, 6, lags=0)
    # The trend before is exact (1, 2, 3, 4), so are the distances from it.
    assert result.table["effect"].tolist() == pytest.approx([4, -2])
    assert np.allclose(result.fitted["trend"], range(1, 9))
    assert result.plot().texts


def test_promotions_that_cannot_be_judged_are_refused():
    rows = regions(0.0)
    with pytest.raises(ValueError, match="start must lie inside the periods 1 to 12"):
        difference_in_differences(rows, "churn", "promoted", 1, unit="region")
    with pytest.raises(ValueError, match="1 of 40 units miss a period"):
        difference_in_differences(rows.iloc[1:], "churn", "promoted", 7, unit="region")
    switched, one = (
        rows.assign(promoted=rows["month"] > 6),
        rows.assign(promoted=rows["region"] == 0),
    )
    with pytest.raises(ValueError, match="must not change within"):
        difference_in_differences(switched, "churn", "promoted", 7, unit="region")
    with pytest.raises(ValueError, match="at least two units"):
        difference_in_differences(one, "churn", "promoted", 7, unit="region")
    with pytest.raises(ValueError, match="once"):
        difference_in_differences(pd.concat([rows, rows]), "churn", "promoted", 7, unit="region")
    with pytest.raises(ValueError, match="it has 2, 1 and 1"):
        promotion_phases(pd.Series([1.0, 2, 3, 4], index=range(1, 5)), 3, 3)
    offers = pd.DataFrame({"customer_id": [1, 2], "month": 2, "control": True})
    months = pd.DataFrame({"customer_id": [1, 2], "month": 2, "bill": 5.0})
    with pytest.raises(ValueError, match="both offered and control"):
        promotion_lift(offers, months, "bill", length=1)
    offers["control"] = [True, False]
    with pytest.raises(ValueError, match="no month 'before', 'after'"):
        promotion_lift(offers, months, "bill", length=1)
