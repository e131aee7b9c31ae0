"""Key figures, returns, coding and roles: counted right, with doubt, refused where undefined."""

from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa

from crmlib.complaints import (
    agreement,
    complaint_indices,
    complaint_return,
    raci,
    repurchase_benefit,
    response_codes,
)


def test_the_key_figures_of_the_simulated_file_are_its_counts(op):
    losses = op.truth.losses[op.truth.losses["life"] == 1]
    voiced = int((op.contacts["topic"] == "complaint").sum())
    found = complaint_indices(
        op.complaints, losses=losses, registration=(len(op.complaints), voiced)
    ).table
    complaints = op.complaints
    rated = complaints["rating"].dropna()
    assert found.loc["convinced", "rate"] == pytest.approx((rated >= 4).mean())
    assert found.loc["disappointed", "asked"] == len(rated)
    late = complaints["days_to_answer"] > 15
    silent = complaints["response"] == "no answer"
    assert found.loc["answered in time", "hits"] == (~late & ~silent).sum(), "no answer is none"
    # Days to the answer are 1 plus an exponential of mean 4: a closed form.
    closed = 1 - np.exp(-(15 - 1) / 4)
    dated = complaint_indices(complaints, unanswered=()).table.loc["answered in time"]
    assert dated["rate"] == pytest.approx(1 - late.mean())
    assert dated["low"] - 0.01 < closed < dated["high"] + 0.01
    low, high = found.loc["registration", ["low", "high"]]
    assert low < 0.6 < high
    assert (found["zh"].str.len() > 3).all()


def test_churn_after_a_complaint_follows_only_whom_it_can():
    complaints = pd.DataFrame(
        {"customer_id": [1, 2, 3, 4, 1], "month": [1, 1, 5, 9, 1], "response": "resolved",
         "days_to_answer": 1.0, "rating": np.nan}
    )  # fmt: skip
    losses = pd.DataFrame({"customer_id": [1, 2, 3, 8], "month": [4, 5, 5, 10]})
    found = complaint_indices(complaints, losses=losses, churn_months=3).table
    # Customer 4 complained in month 9 of 10; 2 left four months later; 1 counts once a month.
    row = found.loc["churn after a complaint"]
    assert (row["hits"], row["asked"]) == (2, 3)
    assert "convinced" not in found.index, "nobody gave a rating"
    with pytest.raises(ValueError, match="disappointed_to must lie"):
        complaint_indices(complaints, disappointed_to=4)
    with pytest.raises(ValueError, match="lacks the column 'rating'"):
        complaint_indices(complaints.drop(columns="rating"))


def test_complaints_precede_losses_more_often_than_other_months_do(op):
    losses = op.truth.losses[op.truth.losses["life"] == 1]
    after = complaint_indices(op.complaints, losses=losses, churn_months=2).table
    usual = 3 * len(losses) / len(op.months)
    assert after.loc["churn after a complaint", "low"] > usual


@given(
    st.lists(st.floats(0, 1e6), min_size=4, max_size=4),
    st.lists(st.floats(1, 1e6), min_size=1, max_size=4),
)
def test_the_return_is_benefits_over_costs_less_one(gains, spent):
    names = ["information", "attitude", "repurchase", "communication"]
    found = complaint_return(
        dict(zip(names, gains, strict=True)), {f"c{i}": c for i, c in enumerate(spent)}, draws=100
    )
    assert found.value == pytest.approx(sum(gains) / sum(spent) - 1)
    assert found.low == pytest.approx(found.high)
    money = found.to_frame().set_index("side")["money"]
    assert money["net"] == pytest.approx(sum(gains) - sum(spent), abs=1e-6)


def test_the_doubt_of_the_return_is_that_of_the_benefits():
    found = complaint_return(
        {"repurchase": 90_000, "communication": 10_000}, {"staff": 80_000},
        errors={"repurchase": 20_000, "communication": 5_000}, hurdle=0.25,
    )  # fmt: skip
    sd = np.hypot(20_000, 5_000) / 80_000
    assert found.high - found.value == pytest.approx(1.96 * sd, rel=0.03)
    assert found.chance == pytest.approx(0.5, abs=0.01)
    ax = found.plot()
    assert len(ax.patches) == 4
    highest = max(bar.get_y() + max(bar.get_height(), 0) for bar in ax.patches)
    assert highest < ax.get_ylim()[1], "the tallest bar is not cut off"
    assert "Return on complaint management +25%" in repr(found)


@pytest.mark.parametrize(
    ("benefits", "costs", "errors", "message"),
    [
        ({"luck": 1}, {"staff": 1}, None, "'luck' is no kind"),
        ({"attitude": 1}, {"staff": -1}, None, "costs: staff must lie"),
        ({"attitude": 1}, {"staff": 0}, None, "return on nothing"),
        ({"attitude": 1}, {}, None, "return on nothing"),
        ({"attitude": 1}, {"staff": 1}, {"repurchase": 1}, "no benefit 'repurchase'"),
    ],
)
def test_impossible_returns_are_refused(benefits, costs, errors, message):
    with pytest.raises(ValueError, match=message):
        complaint_return(benefits, costs, errors=errors)


def test_filing_alone_keeps_nobody_and_the_benefit_does_not_claim_it(op):
    """The simulator answers registered and unregistered complaints alike: the benefit is nil."""
    voiced = op.truth.incidents[op.truth.incidents["voiced"]]
    losses = op.truth.losses.drop_duplicates("customer_id").set_index("customer_id")["month"]
    gap = voiced["customer_id"].map(losses) - voiced["month"]
    cases = pd.DataFrame(
        {"value": 400.0, "handled": voiced["registered"], "stayed": ~gap.between(0, 2)}
    )
    benefit, error = repurchase_benefit(cases)
    assert abs(benefit) < 3 * error
    gross = 400 * cases.loc[cases["handled"], "stayed"].sum()
    assert gross > 20 * error, "counting all who stayed would have claimed this much"


def test_a_planted_repurchase_benefit_is_found():
    rng = np.random.default_rng(0)
    handled = rng.random(20_000) < 0.6
    stayed = rng.random(20_000) < np.where(handled, 0.85, 0.75)
    value = rng.lognormal(6, 0.5, 20_000)
    cases = pd.DataFrame({"value": value, "handled": handled, "stayed": stayed})
    benefit, error = repurchase_benefit(cases)
    assert abs(benefit - 0.1 * value[handled].sum()) < 3 * error
    with pytest.raises(ValueError, match="0 other cases"):
        repurchase_benefit(cases[cases["handled"]])
    with pytest.raises(ValueError, match="must have no gaps"):
        repurchase_benefit(cases.assign(value=np.nan))


def coders(seed, n=300, right=0.8):
    rng = np.random.default_rng(seed)
    names = np.array(response_codes().index)
    truth = rng.choice(names, n, p=[0.4, 0.25, 0.15, 0.12, 0.08])
    return [np.where(rng.random(n) < right, truth, rng.choice(names, n)) for _ in range(2)]


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_kappa_is_that_of_two_other_libraries(weights):
    a, b = coders(1)
    scheme = list(response_codes().index)
    found = agreement(a, b, codes=scheme, weights=weights, draws=4_000)
    assert found.kappa == pytest.approx(cohen_kappa_score(a, b, labels=scheme, weights=weights))
    other = cohens_kappa(found.confusion.to_numpy(), wt={None: None, "linear": "linear",
                         "quadratic": "quadratic"}[weights])  # fmt: skip
    assert found.kappa == pytest.approx(other.kappa)
    # The bootstrap interval beside the asymptotic one.
    assert found.low == pytest.approx(other.kappa_low, abs=0.02)
    assert found.high == pytest.approx(other.kappa_upp, abs=0.02)


def test_agreement_of_nobody_and_of_twins():
    rng = np.random.default_rng(2)
    names = list(response_codes().index)
    a, b = rng.choice(names, 400), rng.choice(names, 400)
    chance = agreement(a, b)
    assert chance.low < 0 < chance.high
    assert chance.observed == pytest.approx(chance.expected, abs=0.06)
    assert agreement(a, a).kappa == 1
    assert agreement(a, a).low == 1


def test_the_clerks_of_the_simulator_are_as_good_as_planted(op):
    """85 % are filed under the right heading; agreement with the truth says so, kappa less."""
    truth = op.truth.complaints["incident"].astype(str)
    found = agreement(op.complaints["category"].astype(str), truth, draws=500)
    assert found.observed == pytest.approx(0.85, abs=0.015)
    shares = truth.value_counts(normalize=True)
    chance = (shares * op.complaints["category"].value_counts(normalize=True)).sum()
    assert found.kappa == pytest.approx((found.observed - chance) / (1 - chance))
    assert found.high < 0.85
    assert found.plot().get_xlabel() == "second coder"


@pytest.mark.parametrize(
    ("a", "b", "options", "message"),
    [
        (["x"], ["x", "y"], {}, "1 and 2 codes"),
        ([], [], {}, "0 and 0 codes"),
        (["x", None], ["x", "y"], {}, "missing codes"),
        (["x", "x"], ["x", "x"], {}, "kappa is not defined"),
        (["x", "z"], ["x", "y"], {"codes": ["x", "y"]}, "'z' is not in the scheme"),
        (["x", "y"], ["x", "y"], {"weights": "cubic"}, "weights must be one of"),
    ],
)
def test_codes_that_cannot_be_compared_are_refused(a, b, options, message):
    with pytest.raises(ValueError, match=message):
        agreement(a, b, **options)


def test_the_simulator_answers_in_the_terms_of_the_scheme(op):
    assert set(op.complaints["response"].cat.categories) == set(response_codes().index)


def test_every_task_has_one_who_answers_for_it_and_someone_who_does_it():
    table = raci().table.drop(columns="zh")
    assert (table.map(lambda letters: letters.count("A")).sum(axis=1) == 1).all()
    assert (table.map(lambda letters: letters.count("R")).sum(axis=1) >= 1).all()
    load = raci().load()
    assert load["A"].sum() == len(table)
    assert (load[["R", "A"]].sum(axis=1) > 0).all(), "no department only watches"
    assert raci().plot().get_yticklabels()[0].get_text() == "encourage complaints"
    assert raci().table.loc["investigate", "zh"] == "调查核实"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"acknowledge" = { zh = "确认收到", service = "AR" }',
         '"acknowledge" = { zh = "确认收到", service = "AR", sales = "A" }',
         "'service', 'sales' is accountable; it must be exactly one"),
        ('service = "AR" }', 'service = "A" }', "nobody is responsible"),
        ('service = "AR" }', 'service = "R" }', "nobody is accountable"),
        ('service = "AR" }', 'servce = "AR" }', "did you mean 'service'"),
        ('service = "AR" }', 'service = "AX" }', "service has 'AX'; roles are"),
        ('zh = "确认收到", ', "", "the field 'zh' is missing"),
    ],
)  # fmt: skip
def test_a_wrong_table_of_roles_is_refused_by_task(tmp_path, old, new, message):
    text = files("crmlib.complaints").joinpath("roles.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        raci(path)
    with pytest.raises(ValueError, match="department must be one of"):
        raci().tasks_of("marketing")


def test_departments_are_the_same_in_every_configuration():
    from crmlib.complaints import process, routes

    known = set(raci().departments)
    assert set(routes().departments) == known
    assert {state.department for state in process().states.values()} <= known
    assert set(raci().departments.items()) == set(routes().departments.items())
