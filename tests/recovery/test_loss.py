"""Loss types, their rules, a learned classifier and the two-step segmentation."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from crmlib.recovery import (
    TIER_POLICY,
    classify_loss,
    learn_loss_types,
    mistreatment_cost,
    segment,
    taxonomy,
    worth_recovering,
)

SIX = {
    "intentionally pushed away": ("有意推走", "exclude"),
    "unintentionally pushed away": ("无意推走", "target"),
    "pulled away": ("被拉走", "target"),
    "bought away": ("被收买", "high value only"),
    "left without intent": ("无意离去", "target"),
    "moved away": ("迁移", "high value only"),
}


def test_the_six_types_have_the_courses_names_and_policy():
    types = taxonomy().types
    found = {
        code: (row["zh"], row["policy"]) for code, row in types.iterrows() if code != "unknown"
    }
    assert found == SIX
    assert types.loc["unknown", "policy"] == "ask"


def test_every_scheme_is_there_and_maps_to_a_type():
    reasons = taxonomy().reasons
    assert (reasons["scheme"] == "S0").sum() == 4
    assert set(reasons["scheme"]) == {"S0", "S1", "S4"}
    assert set(reasons["type"]) <= set(SIX)
    ten = ["product quality", "service quality", "price", "competition", "integrity", "experience",
           "need change", "sales-staff turnover", "market swings or cash",
           "firm strategy change"]  # fmt: skip
    assert set(ten) <= set(reasons[reasons["scheme"] == "S4"]["code"])
    assert not reasons.duplicated(["scheme", "code"]).any()


def test_reasons_are_found_by_english_and_chinese_name():
    loss = taxonomy()
    assert loss.type_of("gain-seeking") == loss.type_of("趋利") == "bought away"
    assert loss.type_of("需求变化", "S0") == "pulled away"
    assert loss.type_of("需求变化", "S4") == "moved away"
    with pytest.raises(ValueError, match="say which scheme"):
        loss.type_of("需求变化")
    with pytest.raises(ValueError, match="did you mean 'price'"):
        loss.type_of("prise")


def test_each_rule_finds_the_customer_it_is_meant_for():
    cases = {
        "ended by the firm": {"ended_by": "firm"},
        "fraud": {"fraud": True},
        "bills unpaid for 90 days": {"overdue_days": 120},
        "died": {"deceased": True},
        "bankrupt": {"bankrupt": True},
        "moved out of the area": {"moved": True, "in_coverage": False},
        "took a switching bonus": {"competitor_bonus": 300.0, "ported_out": True},
        "complaint not solved": {"complaints_open": 1},
        "repeated complaints": {"complaints": 2},
        "repeated network or billing faults": {"incidents": 4},
        "payment failed": {"payment_failed": True},
        "contract ended by a third party": {"ended_by": "third party"},
        "contract lapsed": {"ended_by": "lapse"},
        "took the number to a competitor": {"ported_out": True},
        "named a competitor": {"competitor": "Unicom"},
        "one complaint": {"complaints": 1},
    }
    lost = pd.DataFrame(list(cases.values()), index=list(cases))
    found = classify_loss(lost)
    assert found.customers["rule"].to_dict() == {name: name for name in cases}
    assert found.unused == []
    assert {rule["name"] for rule in taxonomy().rules} == set(cases)


def test_missing_fields_are_no_evidence_and_leave_the_type_unknown():
    lost = pd.DataFrame({"ported_out": [None, True, False], "complaints": [np.nan, np.nan, 0]})
    found = classify_loss(lost)
    assert found.customers["type"].tolist() == ["unknown", "pulled away", "unknown"]
    assert found.customers["policy"].tolist() == ["ask", "target", "ask"]
    assert "fraud" in found.unused


def test_contrary_signs_are_reported():
    lost = pd.DataFrame({"fraud": [True], "complaints": [5]})
    found = classify_loss(lost)
    assert found.customers.iloc[0][["type", "also"]].tolist() == [
        "intentionally pushed away",
        "unintentionally pushed away",
    ]
    assert found.to_frame()["with contrary signs"].sum() == 1
    assert found.plot().texts


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        (pd.DataFrame({"x": [1]}), "none of the columns"),
        (pd.DataFrame({"fraud": ["yes"]}), "True and False .* found 'yes'"),
        (pd.DataFrame({"complaints": ["many"]}), "complaints"),
        (pd.DataFrame({"fraud": [True, True]}, index=["a", "a"]), "more than once"),
        (pd.DataFrame({"fraud": []}), "lost is empty"),
    ],
)
def test_bad_tables_are_refused(lost, message):
    with pytest.raises((ValueError, TypeError), match=message):
        classify_loss(lost)


def test_a_taxonomy_of_ones_own_is_checked(tmp_path):
    file = tmp_path / "own.toml"
    good = (
        '[[type]]\ncode="unknown"\nzh=""\nmeaning=""\npolicy="ask"\naction=""\nsource=""\n'
        '[[type]]\ncode="angry"\nzh=""\nmeaning=""\npolicy="target"\naction=""\nsource=""\n'
        '[[rule]]\nname="r"\ntype="angry"\nwhen=[["complaints", ">", 0]]\n'
    )
    file.write_text(good, encoding="utf-8")
    found = classify_loss(pd.DataFrame({"complaints": [0, 2]}), using=taxonomy(file))
    assert found.customers["type"].tolist() == ["unknown", "angry"]
    for wrong, message in [
        (good.replace('"ask"', '"maybe"'), "policy must be one of"),
        (good.replace('type="angry"', 'type="agnry"'), "did you mean 'angry'"),
        (good.replace('">"', '"~"'), "operator of rule 'r'"),
    ]:
        other = tmp_path / f"{abs(hash(wrong))}.toml"
        other.write_text(wrong, encoding="utf-8")
        with pytest.raises(ValueError, match=message):
            taxonomy(other)


def interviews(n=600, noise=0.1, seed=0):
    rng = np.random.default_rng(seed)
    types = rng.choice(
        ["pulled away", "unintentionally pushed away", "bought away"], n, p=[0.5, 0.4, 0.1]
    )
    told = np.where(rng.random(n) < noise, rng.permutation(types), types)
    fields = pd.DataFrame({"said": told, "tenure": rng.integers(1, 60, n)})
    return fields, pd.Series(types)


def test_learned_types_have_a_confusion_that_adds_up_and_a_cost():
    fields, types = interviews()
    model = make_pipeline(OneHotEncoder(), DecisionTreeClassifier(max_depth=3, random_state=0))
    found = learn_loss_types(model, fields[["said"]], types)
    assert found.confusion.to_numpy().sum() == 600
    assert found.accuracy > 0.9
    assert found.cost_per_customer == pytest.approx(1 - found.accuracy)
    assert found.accuracy == pytest.approx((found.predicted == types).mean())
    assert found.model.predict(fields[["said"]]).shape == (600,)
    assert len(found.plot().texts) == 9
    table = found.to_frame()
    recall = 100 * np.diag(found.confusion) / found.confusion.sum(axis=1)
    np.testing.assert_allclose(table["recall (%)"], recall, atol=0.05)
    wrong = found.confusion.sum(axis=1) - np.diag(found.confusion)
    np.testing.assert_allclose(
        table["cost per customer (money)"], wrong / found.confusion.sum(axis=1)
    )


def test_mistakes_cost_what_the_wrong_treatment_forgoes():
    names = ["bought away", "pulled away", "unintentionally pushed away"]
    profit = pd.DataFrame(
        [[0.0, -10.0, -5.0], [-2.0, 40.0, 10.0], [0.0, 5.0, 60.0]], index=names, columns=names
    )
    cost = mistreatment_cost(profit)
    assert np.diag(cost).tolist() == [0.0, 0.0, 0.0]
    assert cost.loc["pulled away", "bought away"] == 42.0
    fields, types = interviews(noise=0.3)
    model = make_pipeline(OneHotEncoder(), DecisionTreeClassifier(max_depth=2, random_state=0))
    found = learn_loss_types(model, fields[["said"]], types, cost=cost)
    by_hand = np.mean([cost.loc[t, p] for t, p in zip(types, found.predicted, strict=True)])
    assert found.cost_per_customer == pytest.approx(by_hand)


def test_learning_refuses_what_cannot_be_learned():
    fields, types = interviews(30)
    model = DecisionTreeClassifier()
    with pytest.raises(ValueError, match="different indexes"):
        learn_loss_types(model, fields, types.iloc[1:])
    with pytest.raises(ValueError, match="rarer than 20 folds"):
        learn_loss_types(model, fields, types, folds=20)
    with pytest.raises(ValueError, match="missing entries"):
        learn_loss_types(model, fields, types.where(types != "bought away"))
    with pytest.raises(ValueError, match="cost lacks"):
        learn_loss_types(model, fields, types, cost=pd.DataFrame({"x": [1]}), folds=2)


def six_customers():
    value = pd.Series(
        [900.0, 880.0, 860.0, 840.0, 820.0, 800.0, 40.0, 30.0, 0.0], index=list("abcdefghi")
    )
    types = pd.Series([*SIX, "bought away", "pulled away", "pulled away"], index=value.index)
    return value, types


def test_default_policy_is_the_courses_rule():
    value, types = six_customers()
    found = segment(value, types, cuts=(0.98, 0.99)).customers
    # Key customers: everybody but those pushed away on purpose.
    assert found["treat"].tolist() == [False, True, True, True, True, True, False, True, False]
    assert found.loc["a", "reason"] == "excluded by type"
    assert found.loc["g", "reason"] == "type pays only for key customers"
    assert found.loc["i", "reason"] == "worth no effort"
    assert found["effort"].tolist() == [TIER_POLICY[tier] for tier in found["tier"]]


def test_unknown_reasons_are_asked_first_and_policies_can_be_changed():
    value, types = six_customers()
    types["b"] = "unknown"
    assert segment(value, types).customers.loc["b", "reason"] == "reason unknown: ask first"
    changed = segment(value, types, policy={"intentionally pushed away": "target"}).customers
    assert changed.loc["a", "treat"]
    with pytest.raises(ValueError, match="policy must be one of"):
        segment(value, types, policy={"pulled away": "perhaps"})


def test_segments_count_every_customer_once():
    value, types = six_customers()
    table = segment(value, types, currency="CNY").to_frame()
    assert table[["key", "ordinary", "small", "give up"]].to_numpy().sum() == 9
    assert table["value (CNY)"].sum() == value.sum()


def test_segment_matches_customers_by_name_not_by_place():
    value, types = six_customers()
    one = segment(value, types).customers
    other = segment(value, types[::-1]).customers
    pd.testing.assert_frame_equal(one, other)
    with pytest.raises(ValueError, match="types lacks 'a'"):
        segment(value, types.iloc[1:])


def test_segment_takes_the_classifiers_result():
    lost = pd.DataFrame({"ported_out": [True], "fraud": [False]}, index=["c1"])
    found = segment(pd.Series([10.0], index=["c1"]), classify_loss(lost))
    assert found.customers.loc["c1", "treat"]


def test_final_test_of_the_course_is_value_plus_recovery_value_less_cost():
    value = pd.Series([100.0, 20.0], index=["c1", "c2"])
    surplus = worth_recovering(60.0, value, 10.0)
    assert surplus.to_dict() == {"c1": 50.0, "c2": -30.0}
    with pytest.raises(ValueError, match="recovery_cost must lie"):
        worth_recovering(-1.0, value)
