"""Losses announce themselves as the data sheet says: how clearly, to whom, and never backward."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from crmlib.data.operator import loss_causes, read_scenario, simulate
from crmlib.data.operator.intention import REASONS
from crmlib.early_warning import IndicatorSystem, measure

KEYS = ["customer_id", "month"]
LEARNED, JUDGED = [9, 13], [17, 18, 19, 20, 21, 22]
AHEAD = 2  # a loss in this many months counts


@pytest.fixture(scope="module")
def system():
    return IndicatorSystem.builtin()


@pytest.fixture(scope="module")
def watched(op, system):
    """Indicators of customers still there at the end of a month, and whether they leave soon."""
    panel = measure(system, op, LEARNED + JUDGED)
    panel = panel.merge(op.truth.months.dropna(subset=["hazard"])[[*KEYS, "hazard"]], on=KEYS)
    return labeled(op, panel)


def labeled(op, rows):
    """Mark who is lost in the months that follow, leave out who is lost already."""
    for k in range(AHEAD + 1):
        gone = op.truth.losses[KEYS].assign(month=op.truth.losses["month"] - k, **{f"in_{k}": 1.0})
        rows = rows.merge(gone, on=KEYS, how="left")
    soon = rows[[f"in_{k}" for k in range(1, AHEAD + 1)]].notna().any(axis=1)
    return rows.assign(lost=soon)[rows["in_0"].isna()].reset_index(drop=True)


def area(rows, sign):
    known = sign.notna()
    return roc_auc_score(rows.loc[known, "lost"], sign[known].astype(float))


# Bands: three standard errors (about 0.012 each) around the values of a run six times as large.
@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("bill_change", 0.58, 0.66),  # sales fall
        ("data_change", 0.63, 0.71),
        ("minutes_change", 0.63, 0.71),
        ("complaints", 0.52, 0.58),
        ("incidents", 0.52, 0.58),
        ("since_contact", 0.56, 0.63),
        ("term_left", 0.59, 0.67),
        ("late_payments", 0.50, 0.55),
        # New customers rise, old share falls: a sign of a branch, which says nothing about whom.
        ("old_share_falls", 0.46, 0.54),
    ],
)
def test_each_sign_is_as_strong_as_the_data_sheet_says(watched, system, name, low, high):
    rows = watched[watched["month"].isin(JUDGED)]
    found = area(rows, rows[name] if system[name].bad == "high" else -rows[name])
    assert low < found < high


def test_no_answer_and_no_wish_to_buy_again_is_a_sign_where_someone_was_asked(op):
    offered = labeled(op, op.promotions.query("not control and month > 6"))
    asked = labeled(op, op.surveys.query("month > 6"))
    assert 0.58 < area(offered, ~offered["accepted"]) < 0.70
    assert 0.48 < area(asked, ~asked["answered"]) < 0.62


def test_a_model_warns_well_but_knows_less_than_the_truth(watched, system):
    early, late = (watched[watched["month"].isin(months)] for months in (LEARNED, JUDGED))

    def quality(names):
        model = HistGradientBoostingClassifier(
            max_iter=60, learning_rate=0.08, max_leaf_nodes=8, min_samples_leaf=100, random_state=0
        )
        risk = model.fit(early[names], early["lost"]).predict_proba(late[names])[:, 1]
        return roc_auc_score(late["lost"], risk)

    every = [indicator.name for indicator in system.indicators]
    terms = ["term_left", "tenure"]
    found = quality(every)
    assert 0.71 < found < 0.80
    assert found > quality(terms) + 0.08
    assert found > quality([name for name in every if name not in terms]) + 0.01
    assert found < roc_auc_score(late["lost"], late["hazard"]) - 0.05


def test_use_falls_before_the_losses_that_mature_and_only_before_those(op):
    losses = op.truth.losses.query("life == 1 and month > 8").reset_index(drop=True)
    use = op.months.set_index(KEYS)["data_gb"]
    habit = op.truth.customers.set_index("customer_id")["demand_gb"]

    def level(before):
        """Return log use against the customer's demand, some months before the loss."""
        index = pd.MultiIndex.from_arrays([losses["customer_id"], losses["month"] - before])
        found = use.reindex(index).to_numpy()
        with np.errstate(divide="ignore"):
            ratio = np.log(found / habit.loc[losses["customer_id"]].to_numpy())
        return pd.Series(np.where(np.isfinite(ratio), ratio, np.nan))

    maturing = [cause for causes in REASONS.values() for cause in causes]
    announced = losses["cause"].isin(maturing)
    course = pd.DataFrame({before: level(before) for before in (6, 4, 2, 1, 0)})
    mean, error = course[announced].mean(), course[announced].sem()
    assert mean[0] < mean[6] - 0.2
    assert (mean.diff().dropna() < 2 * error.iloc[1:]).all()  # step by step
    for reason, causes in REASONS.items():
        some = course[losses["cause"].isin(causes)]
        fall = (some[0] - some[6]).dropna()
        assert fall.mean() < -3 * fall.sem(), reason
    quiet = course[~announced]
    fall = (quiet[0] - quiet[6]).dropna()
    assert abs(fall.mean()) < 0.08
    assert set(losses.loc[~announced, "cause"]) == set(loss_causes().index) - set(maturing)


def test_most_whose_use_falls_stay(watched):
    fallen = watched[watched["data_change"] < -0.4]
    assert 0.04 < fallen["lost"].mean() < 0.15
    assert fallen["lost"].mean() > 2 * watched["lost"].mean()


def test_some_leave_without_a_sign(op):
    losses = op.truth.losses.query("life == 1").merge(op.truth.months[[*KEYS, "intention"]])
    thought = (losses["intention"] > 0).groupby(losses["cause"], observed=True).mean()
    maturing = [cause for causes in REASONS.values() for cause in causes]
    assert thought[["price", "offer", "core", "encounter"]].between(0.7, 0.9).all()
    assert thought[["money", "moved", "extinct", "unintended"]].max() < 0.25
    assert 0.6 < (losses["intention"] > 0).mean() < 0.8
    assert thought[maturing].min() > 0.5
    silent = (op.truth.customers["withdrawal"] == 0).mean()
    assert abs(silent - op.scenario.parameters["intention.quiet"]) < 0.02


def test_the_share_that_thinks_of_leaving_is_level(op):
    live = op.truth.months.dropna(subset=["hazard"])
    share = (live["intention"] > 0).groupby(live["month"]).mean()
    assert share.between(0.09, 0.125).all()


def test_a_regression_finds_what_sets_customers_thinking(panel, op):
    p = op.scenario.parameters
    rows = panel.sort_values(KEYS, ignore_index=True)
    same = rows["customer_id"].shift(-1) == rows["customer_id"]
    rows["next"] = rows["reason"].shift(-1)
    grid = np.zeros((len(op.truth.customers) + 1, op.months_simulated + 1))
    for term in op.contracts[op.contracts["end"] != 0].itertuples():
        grid[term.customer_id, max(term.start, 1) : max(term.end - p["intention.horizon"], 1)] = 1
    rows["bound"] = grid[rows["customer_id"], rows["month"]]
    rows["onset_shock"] = rows["price_sensitivity"] * np.maximum(-rows["price_gap"], 0)
    rows["onset_incident"] = rows[["network", "billing", "encounter"]].sum(axis=1)
    rows = rows.rename(columns={"novelty": "onset_novelty", "satisfaction": "onset_satisfaction"})
    voiced = op.truth.incidents.query("voiced").groupby("customer_id")["month"].min()
    # Who has complained may remember a poor answer, which the tables do not show for everyone.
    unheard = rows["month"] < rows["customer_id"].map(voiced).fillna(np.inf)
    idle = rows[same & rows["reason"].isna() & unheard]
    family = sm.families.Binomial(sm.families.links.CLogLog())
    for reason, columns in {
        "price": ["bound", "onset_shock"],
        "need": ["bound", "onset_novelty"],
        "service": ["bound", "onset_incident", "onset_satisfaction"],
    }.items():
        x = sm.add_constant(idle[columns].astype(float))
        started = (idle["next"] == reason).astype(float)
        fit = sm.GLM(started, x, family=family).fit()
        expected = [p[f"intention.{name}"] for name in (f"onset_{reason}", *columns)]
        assert (np.abs(fit.params - expected) < 3.5 * fit.bse).all(), (reason, fit.summary())


def test_no_use_is_made_up_from_a_loss_to_come(op):
    """Where nobody leaves after month 12, all had been the same until then."""
    kept = {"event": [{"name": "kept", "from": 12, "set": {"churn.level": -20.0}}]}
    other = simulate(14_000, 14, kept, random_state=7)
    for table in ("months", "contacts", "complaints", "surveys"):
        first, second = (run.tables[table].query("month <= 12") for run in (op, other))
        pd.testing.assert_frame_equal(
            first.drop(columns="text", errors="ignore").reset_index(drop=True),
            second.drop(columns="text", errors="ignore").reset_index(drop=True),
        )
    lost, kept = (run.truth.losses.query("month == 12")["customer_id"] for run in (op, other))
    assert len(lost) > 5 * len(kept)
    # Those whom the baseline loses in month 12 had held back before, in both worlds.
    use = other.months.set_index(KEYS)["data_gb"]
    course = pd.DataFrame({k: use.reindex([(i, k) for i in lost]).to_numpy() for k in (6, 12)})
    course = course.dropna()
    assert len(course) > 100
    assert course[12].mean() < 0.85 * course[6].mean()


def test_lulls_have_nothing_to_do_with_leaving():
    without = {"intention.withdraw": 0.0, "usage.dissatisfied": 0.0, "usage.noise_sd": 0.05}
    op = simulate(6_000, 12, without, random_state=5)
    live = op.months.merge(
        op.truth.months.dropna(subset=["hazard"])[[*KEYS, "hazard", "intention"]]
    )
    live = live[live["minutes"] > 0].merge(op.truth.customers[["customer_id", "demand_minutes"]])
    live = live[live["demand_minutes"] > 30]
    lull = live["minutes"] / live["demand_minutes"] < np.exp(-0.35)
    p = read_scenario().parameters
    start, end = p["usage.lull"], p["usage.lull_end"]
    late = lull[live["month"] > 8].mean()
    assert abs(late - start / (start + end)) < 0.006
    assert abs(live.loc[lull, "hazard"].mean() / live.loc[~lull, "hazard"].mean() - 1) < 0.2
