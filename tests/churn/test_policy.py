"""Events and funnels: closed forms, statsmodels, and number portability as simulated."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from crmlib.churn import churn_rates, funnel, interrupted
from crmlib.data.operator import simulate


def test_a_broken_line_is_read_exactly():
    t = np.arange(1, 25)
    y = 5 + 0.2 * (t - 13) + (t >= 13) * (1.5 - 0.1 * (t - 13))
    found = interrupted(pd.Series(y, index=t), at=13, lags=0)
    assert found.table["estimate"].tolist() == pytest.approx([5, 0.2, 1.5, -0.1])
    assert found.effect.tolist() == pytest.approx((1.5 - 0.1 * np.arange(12)).tolist())
    assert found.series.loc[:12, "fitted"].tolist() == pytest.approx(y[:12].tolist())


def test_both_sides_are_two_separate_lines():
    """With a change of level and of slope the fit is that of two lines: the closed form."""
    rng = np.random.default_rng(4)
    y = pd.Series(rng.normal(size=30).cumsum(), index=np.arange(30))
    found = interrupted(y, at=18).table["estimate"]
    before = np.polyfit(np.arange(18) - 18, y[:18], 1)
    after = np.polyfit(np.arange(18, 30) - 18, y[18:], 1)
    assert found["level before"] == pytest.approx(before[1])
    assert found["slope before"] == pytest.approx(before[0])
    assert found["level change"] == pytest.approx(after[1] - before[1])
    assert found["slope change"] == pytest.approx(after[0] - before[0])


def test_standard_errors_are_newey_and_wests_by_hand():
    rng = np.random.default_rng(8)
    y = pd.Series(rng.normal(size=40).cumsum(), index=np.arange(40.0))
    found = interrupted(y, at=20, lags=3)
    since = y.index.to_numpy() - 20
    x = np.column_stack([np.ones(40), since, since >= 0, since * (since >= 0)])
    e = y.to_numpy() - x @ np.linalg.lstsq(x, y.to_numpy())[0]
    g = x * e[:, None]
    middle = g.T @ g
    for lag in range(1, 4):
        cross = g[lag:].T @ g[:-lag]
        middle += (1 - lag / 4) * (cross + cross.T)
    bread = np.linalg.inv(x.T @ x)
    cov = bread @ middle @ bread * 40 / 36
    assert found.table["se"].to_numpy() == pytest.approx(np.sqrt(np.diag(cov)))
    plain = interrupted(y, at=20, lags=0).table["se"]
    robust = sm.OLS(y.to_numpy(), x).fit(cov_type="HC1").bse
    assert plain.to_numpy() == pytest.approx(robust)
    assert interrupted(y, at=20).lags == 3  # 4 (40 / 100) ** (2 / 9) is 3.26


def monthly(operator):
    live = operator.truth.months.dropna(subset=["hazard"])
    by = live.groupby("month")["hazard"]
    losses = operator.truth.losses.groupby("month").size()
    return by.mean(), (losses / by.size()).rename("churn rate")


def test_number_portability_raises_the_level_by_what_the_simulator_knows():
    """The log of the rate, less that of the same operator without the event."""
    scene = {"customers": 15_000, "months": 24, "random_state": 2}
    hazard, rate = monthly(simulate(scenario="number-portability", **scene))
    calm_hazard, calm = monthly(simulate(**scene))
    truth = np.log(hazard) - np.log(calm_hazard)
    assert abs(truth[:12]).max() < 1e-6  # nothing before the event
    jump = truth[13]
    assert jump > 0.2
    found = interrupted(np.log(rate) - np.log(calm), at=13)
    level = found.table.loc["level change"]
    assert level["estimate"] == pytest.approx(jump, abs=max(3.5 * level["se"], 0.05))
    assert level["p"] < 0.01
    # The operator's own series alone, without the other for comparison, says so as well.
    alone = interrupted(np.log(rate), at=13).table.loc["level change"]
    assert alone["estimate"] == pytest.approx(jump, abs=3.5 * np.hypot(alone["se"], 0.05))
    # At a month in which nothing happened, nothing is found.
    before = (np.log(rate) - np.log(calm))[:12]
    assert (before.abs() < 1e-9).all()
    placebo = interrupted(np.log(calm), at=13).table.loc["level change"]
    assert placebo["low"] - 0.1 < 0 < placebo["high"] + 0.1
    ax = found.plot()
    assert ax.get_xlabel() == "month"
    assert {"observed", "fitted", "without the event"} == {
        text.get_text() for text in ax.get_legend().get_texts()
    }


def test_events_without_two_sides_are_refused():
    y = pd.Series([1.0, 2, 3, 4, 5, 6], index=range(6))
    with pytest.raises(ValueError, match="5 periods before 5 and 1 from it on"):
        interrupted(y, at=5)
    with pytest.raises(ValueError, match="ascending"):
        interrupted(y[::-1], at=3)
    with pytest.raises(ValueError, match="series must lie in"):
        interrupted(y.where(y > 1), at=3)


def test_the_funnel_of_the_operator_loses_what_the_scenario_says(op):
    found = funnel(op.leads)
    parameters = op.truth.parameters.set_index("parameter")["value"]
    for stage, name in zip(found.table.index, ("qualified", "accepted", "ready", "won"),
                           strict=True):  # fmt: skip
        row, planted = found.table.loc[stage], 1 - float(parameters[f"funnel.{name}"])
        se = np.sqrt(planted * (1 - planted) / row["entered"])
        assert row["loss_rate"] == pytest.approx(planted, abs=4 * se)
    assert found.table["share"].sum() == pytest.approx(1)
    assert found.conversion == pytest.approx(op.leads["won"].sum() / op.leads["leads"].sum())
    assert (found.table["passed"].iloc[:-1].to_numpy() == found.table["entered"].iloc[1:]).all()
    assert found.plot().get_xlabel().startswith("lost")


def test_a_funnel_that_widens_is_refused():
    with pytest.raises(ValueError, match="'won' holds more than 'leads'"):
        funnel(pd.DataFrame({"leads": [3], "won": [4]}), ["leads", "won"])
    with pytest.raises(ValueError, match="nobody is in 'leads'"):
        funnel(pd.DataFrame({"leads": [0], "won": [0]}), ["leads", "won"])


def test_the_trend_of_the_churn_rate_is_found():
    """A relation of 5,000 customers whose rate grows by 5 % a period, and one that does not."""
    rng = np.random.default_rng(0)
    ends = rng.integers(1, 13, 3_000)
    spans = pd.DataFrame({"start": 1, "end": np.where(rng.random(3_000) < 0.5, ends, np.nan)})
    rates = churn_rates(spans, 1, 12)
    trend = rates.trend()
    table = rates.table
    x = sm.add_constant(table.index.to_numpy(float))
    counts = np.column_stack([table["lost"], table["customers"] - table["lost"]])
    fit = sm.GLM(counts, x, family=sm.families.Binomial()).fit()
    assert trend["growth"] == pytest.approx(np.expm1(fit.params[1]))
    assert trend["low"] < trend["growth"] < trend["high"]
    # Half of the customers are lost at an even pace, so fewer and fewer carry the same losses.
    assert trend["low"] > 0
    steady = pd.DataFrame({"start": 1, "end": rng.geometric(0.05, 3_000).astype(float)})
    flat = churn_rates(steady, 1, 12).trend()
    assert flat["low"] - 0.01 < 0 < flat["high"] + 0.01
