"""From complaint to churn: the planted coefficient is found, with memory, and in closed form."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.complaints import churn_hazard, complaint_panel


def first_losses(op, cause=None):
    losses = op.truth.losses
    losses = losses[losses["life"] == 1]
    return losses if cause is None else losses[losses["cause"] == cause]


def test_the_planted_effect_of_a_poor_answer_is_found(all_registered):
    """Loss by the cause 'response'; the other causes end the observation."""
    op = all_registered
    parameters = op.truth.parameters.set_index("parameter")["value"]
    memory = float(parameters["complaints.memory"])
    panel = complaint_panel(op.months, op.complaints, first_losses(op), memory=memory)
    keys = ["customer_id", "month"]
    cause = first_losses(op, "response")[keys].assign(by_answer=1.0)
    panel = panel.merge(cause, on=keys, how="left").fillna({"by_answer": 0.0})
    # Who thinks of leaving for bad service complains more and leaves sooner: the truth says who.
    thinking = op.truth.months.assign(
        thinking=lambda month: month["intention"].where(month["reason"] == "service", 0.0)
    )
    panel = panel.merge(thinking[[*keys, "thinking"]], on=keys)
    measured = churn_hazard(panel, ["poor_answer", "thinking"], event="by_answer")
    found = measured.effects.loc["poor_answer"]
    planted = float(parameters["churn.response_poor"])
    assert np.log(found["low"]) < planted < np.log(found["high"])
    assert found["se"] < 0.3
    # Forgetting at another speed than the customers do blurs the effect.
    wrong = complaint_panel(op.months, op.complaints, first_losses(op), memory=0.0)
    wrong = wrong.merge(cause, on=keys, how="left").fillna({"by_answer": 0.0})
    wrong = wrong.merge(thinking[[*keys, "thinking"]], on=keys)
    blurred = churn_hazard(wrong, ["poor_answer", "thinking"], event="by_answer").effects
    assert blurred.loc["poor_answer", "coefficient"] < found["coefficient"]


def test_poor_answers_cost_customers_of_all_causes_and_good_ones_less(all_registered):
    op = all_registered
    panel = complaint_panel(op.months, op.complaints, first_losses(op))
    found = churn_hazard(panel)
    ratio = found.effects["hazard ratio"]
    assert ratio["poor_answer"] > ratio["complaint"]
    assert found.effects.loc["poor_answer", "low"] > 1.5
    assert found.losses == panel["lost"].sum()
    assert found.plot().get_xlabel() == "hazard ratio"


def test_unregistered_complaints_hide_part_of_the_effect(op, all_registered):
    """An operator that loses complaints sees a weaker link than there is."""
    effects = {}
    for name, one in (("all", all_registered), ("some", op)):
        panel = complaint_panel(one.months, one.complaints, first_losses(one))
        share = panel.loc[panel["lost"], "poor_answer"].gt(0).mean()
        effects[name] = share
    assert effects["some"] < 0.85 * effects["all"]


@settings(max_examples=30)
@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 200), st.integers(1, 200))
def test_one_yes_or_no_covariate_has_a_closed_form(a, b, c, d):
    """Fitted chances equal the shares, so the coefficient is a difference of links of shares."""
    panel = pd.DataFrame(
        {"lost": np.repeat([0, 1, 0, 1], [a, b, c, d]), "x": np.repeat([0, 0, 1, 1], [a, b, c, d])}
    )
    p, q = b / (a + b), d / (c + d)
    fit = churn_hazard(panel, ["x"])
    assert fit.baseline == pytest.approx(p, rel=1e-5)
    ratio = np.log1p(-q) / np.log1p(-p)
    assert fit.effects.loc["x", "hazard ratio"] == pytest.approx(ratio, rel=1e-4)
    odds = churn_hazard(panel, ["x"], link="logit").effects.loc["x", "hazard ratio"]
    assert odds == pytest.approx((d / c) / (b / a), rel=1e-4)


def test_counting_equal_rows_together_changes_nothing():
    rng = np.random.default_rng(0)
    x = pd.DataFrame({"a": rng.integers(0, 3, 4_000), "b": rng.integers(0, 2, 4_000)})
    chance = -np.expm1(-np.exp(-2 + 0.5 * x["a"] - 0.7 * x["b"]))
    panel = x.assign(lost=rng.random(4_000) < chance)
    found = churn_hazard(panel, ["a", "b"]).effects
    family = sm.families.Binomial(sm.families.links.CLogLog())
    rows = sm.GLM(panel["lost"].astype(float), sm.add_constant(x.astype(float)), family).fit()
    assert found["coefficient"].to_numpy() == pytest.approx(rows.params[1:].to_numpy(), rel=1e-5)
    assert found["se"].to_numpy() == pytest.approx(rows.bse[1:].to_numpy(), rel=1e-5)


def test_memory_fades_and_adds_up_and_the_future_is_not_known():
    months = pd.DataFrame({"customer_id": 7, "month": range(1, 6)})
    said = pd.DataFrame(
        {"customer_id": [7, 7, 7, 9], "month": [2, 3, 3, 1],
         "response": ["no answer", "no answer", "resolved", "no answer"]}
    )  # fmt: skip
    gone = pd.DataFrame({"customer_id": [7], "month": [4]})
    panel = complaint_panel(months, said, gone, memory=0.5)
    assert panel["month"].tolist() == [1, 2, 3, 4], "nobody is at risk after a loss"
    assert panel["lost"].tolist() == [False, False, False, True]
    assert panel["poor_answer"].tolist() == [0, 1, 1.5, 0.75]
    assert panel["complaint"].tolist() == [0, 0, 1, 0.5]


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        ({"lost": [0, 1], "x": ["a", "b"]}, "'x' must be numeric"),
        ({"lost": [0, 1], "x": [1.0, np.nan]}, "'x' has missing values"),
        ({"lost": [0, 0], "x": [1, 2]}, "must hold both 0"),
        ({"lost": [0, 2], "x": [1, 2]}, "must hold both 0"),
        ({"lost": [0, 1], "x": [1, 1]}, "'x' has one value only"),
        ({"lost": [0, 1]}, "lacks the column 'x'"),
    ],
)
def test_bad_panels_are_refused_by_name(panel, message):
    with pytest.raises(ValueError, match=message):
        churn_hazard(pd.DataFrame(panel), ["x"])


def test_bad_tables_are_refused_by_name():
    months = pd.DataFrame({"customer_id": [1], "month": [1]})
    said = pd.DataFrame({"customer_id": [1], "month": [1], "response": ["resolved"]})
    with pytest.raises(ValueError, match="complaints lacks the column 'response'"):
        complaint_panel(months, months, months)
    with pytest.raises(ValueError, match="losses: month must hold whole numbers"):
        complaint_panel(months, said, months.astype({"month": float}))
    with pytest.raises(ValueError, match="months has customer 1 in month 1 twice"):
        complaint_panel(pd.concat([months, months]), said, months)
    with pytest.raises(ValueError, match="memory must lie"):
        complaint_panel(months, said, months, memory=1.5)
