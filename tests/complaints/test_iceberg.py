"""The part under water: closed form, coverage, and the simulated operator's truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from crmlib.complaints import Rate, dissatisfied, iceberg, iceberg_by


@given(st.integers(1, 500), st.data())
def test_the_wilson_interval_is_that_of_statsmodels(asked, data):
    hits = data.draw(st.integers(0, asked))
    rate = Rate(hits, asked)
    low, high = proportion_confint(hits, asked, method="wilson")
    assert rate.low == pytest.approx(low, abs=1e-12)
    assert rate.high == pytest.approx(high, abs=1e-12)


def test_the_closed_form_is_the_formula():
    assert dissatisfied(600, 0.25, 0.6) == pytest.approx(4000)
    levels = iceberg(600, (50, 200), (120, 200)).levels
    assert levels["customers"].tolist() == pytest.approx([600, 400, 3000, 4000])
    sd = np.sqrt((1 - 0.15) / 600 + 0.75 / (200 * 0.25) + 0.4 / (200 * 0.6))
    low, high = 4000 * np.exp(np.array([-1, 1]) * 1.959964 * sd)
    assert levels.loc["dissatisfied", ["low", "high"]].tolist() == pytest.approx([low, high])


@given(
    st.integers(30, 5_000), st.integers(50, 2_000), st.integers(50, 2_000),
    st.floats(0.1, 0.95), st.floats(0.1, 0.95),
)  # fmt: skip
def test_the_levels_add_up_to_the_whole(count, asked, followed, p, q):
    found = iceberg(count, (max(1, int(asked * p)), asked), (max(1, int(followed * q)), followed))
    level = found.levels["customers"]
    parts = level[["registered", "voiced, not registered", "not voiced"]].sum()
    assert parts == pytest.approx(level["dissatisfied"])
    assert (found.levels["low"] <= found.levels["customers"] + 1e-9).all()
    assert (found.levels["high"] >= found.levels["customers"] - 1e-9).all()
    assert found.per_registered == pytest.approx(level["dissatisfied"] / count)


def draw(rng, whole=4_000, p=0.3, q=0.6, asked=250, followed=200):
    voiced = rng.binomial(whole, p)
    registered = rng.binomial(voiced, q)
    rates = (rng.binomial(asked, p), asked), (rng.binomial(followed, q), followed)
    return whole, voiced, registered, rates


@pytest.mark.parametrize("method", ["delta", "posterior"])
def test_the_intervals_cover_the_truth_as_often_as_they_say(method):
    rng = np.random.default_rng(5)
    runs = 300
    hits = np.zeros(3)
    for _ in range(runs):
        whole, voiced, registered, rates = draw(rng)
        levels = iceberg(registered, *rates, method=method, draws=2_000).levels
        truth = [voiced - registered, whole - voiced, whole]
        for k, value in enumerate(truth, 1):
            hits[k - 1] += levels["low"].iloc[k] <= value <= levels["high"].iloc[k]
    assert (hits / runs > 0.91).all(), hits / runs
    assert (hits / runs < 0.99).all(), hits / runs


def test_both_methods_agree_on_large_samples():
    one, two = (iceberg(6_000, (2_500, 10_000), (6_000, 10_000), method=m).levels
                for m in ("delta", "posterior"))  # fmt: skip
    pd.testing.assert_frame_equal(one, two, rtol=0.01)


def test_the_operators_true_iceberg_is_found(op):
    """A survey of 400 who had an incident, and the contact log against the complaint file."""
    truth = op.truth.incidents
    asked = truth.sample(400, random_state=1)
    voiced = int((op.contacts["topic"] == "complaint").sum())
    found = iceberg(
        len(op.complaints), (int(asked["voiced"].sum()), 400), (len(op.complaints), voiced)
    )
    whole = found.levels.loc["dissatisfied"]
    assert whole["low"] < len(truth) < whole["high"]
    parameters = op.truth.parameters.set_index("parameter")["value"]
    rate = float(parameters["complaints.registered"])
    assert found.registration.low < rate < found.registration.high


def test_the_quiet_ones_are_not_the_same_in_every_category(op):
    """Of twenty surveys of 300 each, the 95 % intervals hold the truth in nearly all."""
    parts = dict(list(op.truth.incidents.groupby("incident", observed=True)))
    inside = []
    for seed in range(20):
        rows = {}
        for kind, part in parts.items():
            asked = part.sample(300, random_state=seed)
            rows[kind] = {
                "registered": int(part["registered"].sum()),
                "complained": int(asked["voiced"].sum()),
                "asked": 300,
                "recorded": int((part["voiced"] & part["registered"]).sum()),
                "followed": int(part["voiced"].sum()),
            }
        found = iceberg_by(pd.DataFrame.from_dict(rows, orient="index"))
        assert found["per registered"].idxmin() == "billing", "money lost makes people speak up"
        real = np.array([len(parts[kind]) for kind in found.index])
        inside += ((found["low"] < real) & (real < found["high"])).tolist()
    assert 0.88 <= np.mean(inside) <= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, (1, 2), (1, 2)), "registered must lie"),
        ((2.5, (1, 2), (1, 2)), "registered must be a whole number"),
        ((5, (3, 2), (1, 2)), "articulation: hits must lie in"),
        ((5, (1, 0), (1, 2)), "articulation: asked must lie"),
        ((5, (1, 2), (0, 2)), "registration is 0 of 2"),
        ((5, (1.5, 2), (1, 2)), "articulation: hits and asked must be whole"),
    ],
)
def test_impossible_counts_are_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        iceberg(*arguments)


def test_unknown_methods_and_rates_are_refused():
    with pytest.raises(ValueError, match="method must be one of"):
        iceberg(5, (1, 2), (1, 2), method="bayes")
    with pytest.raises(ValueError, match="articulation must lie in"):
        dissatisfied(5, 0, 0.5)
    with pytest.raises(ValueError, match="lacks the column 'followed'"):
        iceberg_by(pd.DataFrame({"registered": [1], "complained": 1, "asked": 2, "recorded": 1}))


def test_no_complaint_heard_still_gives_an_answer_with_a_prior():
    levels = iceberg(10, (0, 50), (5, 10), method="posterior").levels
    assert levels.loc["dissatisfied", "low"] > 200


def test_the_result_draws_a_water_line():
    found = iceberg(600, (50, 200), (120, 200))
    assert len(found.plot().patches) == 3
    assert "dissatisfied" in repr(found)
    assert "articulation" in repr(found.articulation)
