"""Survival agrees with lifelines, closed forms, a published trial and planted effects."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.datasets import load_leukemia, load_rossi

from crmlib.churn import churn_hazard, hazard_ratios, restricted_mean, survival


@pytest.fixture(scope="module")
def leukemia():
    """Weeks in remission of 42 patients, half of them on 6-MP (Freireich et al. 1963)."""
    data = load_leukemia()
    return data.assign(group=np.where(data["Rx"] == 1, "placebo", "6-MP"))


def test_the_leukemia_trial_as_published(leukemia):
    """Medians 23 and 8 weeks and log-rank 16.79 are in every textbook of survival analysis."""
    stay = survival(leukemia["t"], leukemia["status"], leukemia["group"])
    assert stay.table["median"].to_dict() == {"6-MP": 23.0, "placebo": 8.0}
    assert stay.table["lost"].to_dict() == {"6-MP": 9, "placebo": 21}
    assert stay.chi_square == pytest.approx(16.79, abs=0.005)
    # Gehan's table: at risk after 0, 5, 10, 15 and 20 weeks.
    assert stay.at_risk([0, 6, 10, 16, 22]).loc["6-MP"].tolist() == [21, 21, 15, 11, 7]
    curve = stay.curves.loc["6-MP", "survival"]
    assert curve[[6, 7, 10, 13, 16, 22, 23]].round(4).tolist() == [
        0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482,
    ]  # fmt: skip
    assert "log-rank chi-square 16.79" in repr(stay)
    assert len(stay.plot().lines) == 2


def test_the_leukemia_hazard_ratio_as_published(leukemia):
    """Coefficient 1.572 (se 0.412) with Efron's ties, as R's survival has it."""
    fit = hazard_ratios(leukemia, "t", "status", ["Rx"])
    assert fit.table.loc["Rx", "coefficient"] == pytest.approx(1.572, abs=0.001)
    assert fit.table.loc["Rx", "se"] == pytest.approx(0.412, abs=0.001)
    assert fit.table.loc["Rx", "p proportional"] > 0.5
    assert fit.plot().get_xscale() == "log"


def test_an_effect_that_fades_is_found_out():
    """Rossi's study of arrests: the hazards of age are known not to be proportional."""
    fit = hazard_ratios(load_rossi(), "week", "arrest")
    assert fit.table["p proportional"].idxmin() == "age"
    assert fit.table.loc["age", "p proportional"] < 0.01
    layered = hazard_ratios(
        load_rossi(), "week", "arrest", ["fin", "prio"], strata=["wexp"], confidence=0.9
    )
    assert layered.table.index.tolist() == ["fin", "prio"]
    assert (layered.table["low"] < layered.table["hazard ratio"]).all()


@settings(max_examples=40)
@given(st.lists(st.integers(1, 12), min_size=2, max_size=30), st.integers(2, 12))
def test_without_censoring_means_are_plain_means(times, horizon):
    t = np.asarray(times, float)
    horizon = min(horizon, t.max())
    stay = survival(t, np.ones(len(t)), horizon=horizon).table.iloc[0]
    capped = np.minimum(t, horizon)
    assert stay["mean"] == pytest.approx(capped.mean())
    half = (stay["high"] - stay["low"]) / 2
    assert half == pytest.approx(1.959964 * capped.std() / np.sqrt(len(t)), abs=1e-6)


def test_restricted_mean_is_the_area_lifelines_integrates(leukemia):
    from lifelines.utils import restricted_mean_survival_time

    mine = leukemia[leukemia["Rx"] == 0]
    fit = KaplanMeierFitter().fit(mine["t"], mine["status"])
    expected = restricted_mean_survival_time(fit, t=20.0)
    found = survival(mine["t"], mine["status"], horizon=20.0).table["mean"].iloc[0]
    assert found == pytest.approx(expected, rel=1e-9)


def test_the_error_of_the_restricted_mean_is_that_of_repeated_samples():
    rng = np.random.default_rng(5)
    means, errors = [], []
    for _ in range(400):
        stay, seen = rng.exponential(10, 200), rng.uniform(5, 25, 200)
        t, lost = np.minimum(stay, seen), stay <= seen
        order = np.argsort(t)
        n = 200 - np.arange(200)
        s = np.cumprod(1 - lost[order] / n)
        keep = lost[order]
        mean, se = restricted_mean(t[order][keep], s[keep], n[keep], np.ones(keep.sum()), 12.0)
        means.append(mean)
        errors.append(se)
    assert np.mean(means) == pytest.approx(10 * (1 - np.exp(-1.2)), abs=0.06)
    assert np.std(means) == pytest.approx(np.mean(errors), rel=0.12)


@pytest.fixture(scope="module")
def observed(large):
    """Months each first life was seen, its cause of loss, and what the truth makes it depend on."""
    live = large.truth.months.dropna(subset=["hazard"])
    losses = large.truth.losses[large.truth.losses["life"] == 1].set_index("customer_id")
    last = live["customer_id"].map(losses["month"]).fillna(99)
    months = live[live["month"] <= last].groupby("customer_id").size().rename("months")
    frame = months.to_frame().join(large.customers.set_index("customer_id")["age"])
    frame["cause"] = losses["cause"].reindex(frame.index).astype(str)
    frame["young"] = (frame["age"] < 30).astype(float)
    return frame


@pytest.mark.parametrize(
    ("cause", "covariate", "parameter"),
    [("extinct", "age", "churn.extinct_age"), ("moved", "young", "churn.moved_young")],
)
def test_planted_hazard_ratios_are_found_by_cox_and_by_month(
    large, observed, cause, covariate, parameter
):
    planted = float(large.truth.parameters.set_index("parameter").loc[parameter, "value"])
    frame = observed.assign(lost=observed["cause"] == cause)
    found = hazard_ratios(frame, "months", "lost", [covariate]).table.loc[covariate]
    assert found["coefficient"] == pytest.approx(planted, abs=3.5 * found["se"])
    assert abs(planted) > 2 * found["se"]
    # The same from customer-months: each customer's rows, the last one with the loss.
    panel = frame.loc[frame.index.repeat(frame["months"])]
    panel = panel.assign(lost=panel["lost"] & ~panel.index.duplicated(keep="last"))
    by_month = churn_hazard(panel, [covariate]).effects.loc[covariate]
    assert by_month["coefficient"] == pytest.approx(found["coefficient"], abs=0.2 * found["se"])
    assert by_month["se"] == pytest.approx(found["se"], rel=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"durations": [1, -1]}, "durations must lie in"),
        ({"durations": [1]}, "have 1, 2 and 2 entries"),
        ({"by": ["a", None]}, "by is missing for 1"),
        ({"horizon": 9.0}, "beyond the 1 for which 'a'"),
    ],
)
def test_broken_observations_are_refused(change, message):
    given = {"durations": [1, 2], "lost": [1, 0], "by": ["a", "b"], **change}
    with pytest.raises(ValueError, match=message):
        survival(**given)


def test_broken_covariates_are_refused():
    frame = pd.DataFrame({"t": [1.0, 2, 3], "lost": [1, 1, 0], "x": [1.0, 1, 1], "y": [1, None, 2]})
    with pytest.raises(ValueError, match="'x' has one value only"):
        hazard_ratios(frame, "t", "lost", ["x"])
    with pytest.raises(ValueError, match="'y' has missing values"):
        hazard_ratios(frame, "t", "lost", ["y"])
    with pytest.raises(ValueError, match="nobody was lost"):
        hazard_ratios(frame.assign(lost=0, z=[1, 2, 3]), "t", "lost", ["z"])
    with pytest.raises(ValueError, match="lacks the column 'tt'"):
        hazard_ratios(frame, "tt", "lost")
