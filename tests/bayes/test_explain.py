"""Explanations add up, setting is not seeing, questions are ranked by what they tell."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from crmlib.bayes import BayesNetClassifier, BayesNetwork, reliability
from crmlib.bayes.plot import layout
from crmlib.counts import Attribute

mpl.use("Agg")


@pytest.fixture
def model(churn_frame):
    X, y = churn_frame
    return BayesNetClassifier("tan", n_bins=4).fit(X, y)


@pytest.fixture
def causal():
    """Price raises complaints, complaints raise churn; the region moves price and churn."""
    names = ("region", "price", "complaint", "churn")
    return BayesNetwork(
        tuple(Attribute(name, ("no", "yes")) for name in names),
        ((), (0,), (1,), (0, 2)),
        (
            np.array([0.6, 0.4]),
            np.array([[0.8, 0.2], [0.3, 0.7]]),
            np.array([[0.9, 0.1], [0.5, 0.5]]),
            np.array([[[0.95, 0.05], [0.7, 0.3]], [[0.8, 0.2], [0.4, 0.6]]]),
        ),
    )


def logit(p):
    return np.log(p / (1 - p))


@pytest.mark.parametrize("structure", ["naive", "tan", "hill-climb", "augmented", "forest"])
def test_weights_add_up_to_the_change_of_log_odds(churn_frame, structure):
    X, y = churn_frame
    model = BayesNetClassifier(structure, n_bins=4).fit(X, y)
    for place in (0, 5, 9, 31):
        row = X.iloc[[place]]
        found = model.explain(row)
        table = found.to_frame()
        moved = logit(found.probability) - logit(found.prior)
        assert table["weight (nats)"].sum() == pytest.approx(moved, abs=1e-10)
        assert found.probability == pytest.approx(model.predict_proba(row)[0, 1], rel=1e-12)
        assert set(table["attribute"]) == set(X.columns[row.notna().to_numpy()[0]])
        # Each piece alone, and each piece last, by two other predictions.
        for record in table.to_dict("records"):
            name = record["attribute"]
            only = model.predict_proba(row.where((row.columns == name)[None]))[0, 1]
            without = model.predict_proba(row.where((row.columns != name)[None]))[0, 1]
            alone, last = record["alone (nats)"], record["last (nats)"]
            assert alone == pytest.approx(logit(only) - logit(found.prior), abs=1e-9)
            assert last == pytest.approx(logit(found.probability) - logit(without), abs=1e-9)


def test_a_naive_weight_is_the_ratio_of_its_table(churn_frame):
    X, y = churn_frame
    model = BayesNetClassifier("naive").fit(X, y)
    table = model.explain({"contract": "month"}).to_frame()
    cpt = model.network_.cpt("contract")["month"]
    assert table["weight (nats)"].item() == pytest.approx(np.log(cpt["stay"] / cpt["leave"]))


def test_several_classes_are_explained_one_against_the_rest(churn_frame):
    X, y = churn_frame
    y = y.where(X["months"] > 20, "young")
    model = BayesNetClassifier("tan").fit(X, y)
    row = X.iloc[[2]]
    for label, p in zip(model.classes_, model.predict_proba(row)[0], strict=True):
        found = model.explain(row, label)
        moved = logit(p) - logit(found.prior)
        assert found.to_frame()["weight (nats)"].sum() == pytest.approx(moved, abs=1e-10)
    assert model.explain(row).label == model.predict(row)[0]
    with pytest.raises(ValueError, match="no class 'gone'; there are 'leave', 'stay', 'young'"):
        model.explain(row, "gone")


def test_words_say_side_strength_and_rest(model):
    text = model.explain({"contract": "month", "calls": 5, "fiber": True}, "leave").to_text(1)
    first, second, rest = text.splitlines()
    assert first.startswith("P(churn = leave) = 0.")
    assert " speaks for it: " in second
    assert second.endswith(" nats).")
    assert rest.startswith("2 other attributes add ")


def test_what_settles_the_matter_weighs_infinitely():
    X = pd.DataFrame({"a": list("xxyy"), "b": list("ppqp")})
    model = BayesNetClassifier("naive", prior="mle").fit(X, [0, 0, 1, 1])
    found = model.explain({"a": "y", "b": "p"})
    weights = found.to_frame().set_index("attribute")["weight (nats)"]
    assert weights["a"] == np.inf
    assert np.isnan(weights["b"])
    assert found.probability == 1


def test_nothing_known_is_the_prior(model):
    found = model.explain({})
    assert len(found.to_frame()) == 0
    assert found.probability == found.prior
    assert "before the evidence" in repr(found)


def test_seeing_is_not_setting(causal):
    model = BayesNetClassifier.from_network(causal, "churn")
    row = {"price": "no", "complaint": "no"}
    table = model.what_if(row, price="yes").to_frame()
    seen = causal.query("churn", {"price": "yes", "complaint": "no"})["yes"]
    # The complaint would react to the price, so what was seen of it no longer counts.
    put = causal.query("churn", do={"price": "yes"})["yes"]
    assert table["probability"].tolist() == pytest.approx(
        [causal.query("churn", row)["yes"], seen, put]
    )
    assert table.loc["if set", "forgotten"] == "complaint"
    back_door = sum(
        causal.query("region")[r] * causal.query("churn", {"price": "yes", "region": r})["yes"]
        for r in ("no", "yes")
    )
    assert put == pytest.approx(back_door)
    # What lies upstream is kept.
    kept = model.what_if({"region": "yes"}, {"price": "yes"}).to_frame()
    direct = causal.query("churn", {"region": "yes"}, do={"price": "yes"})["yes"]
    assert kept.loc["if set", "probability"] == pytest.approx(direct)


def test_setting_an_effect_of_the_class_does_nothing(churn_frame):
    X, y = churn_frame
    model = BayesNetClassifier("naive").fit(X, y)
    table = model.what_if({"contract": "month"}, contract="two year").to_frame()
    assert table.loc["if set", "probability"] == pytest.approx(model.explain({}).prior)
    with pytest.raises(ValueError, match="at least one change"):
        model.what_if({"contract": "month"})
    with pytest.raises(ValueError, match="'churn' is the class"):
        model.what_if({"contract": "month"}, churn="stay")
    with pytest.raises(ValueError, match="'contract' has no state 'ten'"):
        model.what_if({"contract": "month"}, contract="ten")


def test_information_is_the_expected_drop_of_entropy(model, churn_frame):
    X, _ = churn_frame
    row = {"fiber": True}
    found = model.value_of_information(row)
    now = model.predict_proba(
        X.head(1).assign(contract=None, calls=np.nan, months=np.nan, fiber=True)
    )[0]
    entropy = -(now * np.log(now)).sum()
    assert found.entropy == pytest.approx(entropy)
    table = found.to_frame()
    assert table["attribute"].tolist()[-1] != "fiber"
    assert table["information (nats)"].is_monotonic_decreasing
    network = model.network_
    expected = 0.0
    answers = network.query("contract", row)
    for answer, chance in answers.items():
        after = network.query("churn", {**row, "contract": answer})
        expected += chance * -(after * np.log(after)).sum()
    got = table.set_index("attribute").loc["contract", "information (nats)"]
    assert got == pytest.approx(entropy - expected, abs=1e-12)
    costs = {"contract": 1.0, "calls": 1000.0, "months": 2.0}
    by_cost = model.value_of_information(row, costs).to_frame()
    assert by_cost["attribute"].tolist()[-1] == "calls"
    with pytest.raises(ValueError, match="costs names 'cals'"):
        model.value_of_information(row, {"cals": 1})
    with pytest.raises(ValueError, match=r"costs\['calls'\] must lie in \(0"):
        model.value_of_information(row, {"calls": 0})


def test_numbers_fall_into_their_range(model):
    low = model.network_.attributes[1].edges[0]
    by_number = model.network_.query("churn", {"calls": low})
    by_range = model.network_.query("churn", {"calls": f"<= {low:g}"})
    pd.testing.assert_series_equal(by_number, by_range)


def test_results_draw(model, causal):
    found = model.explain({"contract": "month", "calls": 5})
    ax = found.plot()
    assert [text.get_text() for text in ax.get_yticklabels()][-1].startswith(
        str(found.to_frame()["attribute"].iloc[0])
    )
    assert "calls > " in " ".join(text.get_text() for text in ax.get_yticklabels())
    assert len(model.what_if({"calls": 5}, contract="month").plot().patches) == 3
    assert len(model.value_of_information({}).plot().patches) == 4
    ax = model.network_.plot(target="churn")
    labels = [text.get_text() for text in ax.texts if text.get_text()]
    assert sorted(labels) == sorted(str(name) for name in model.network_.names)
    with pytest.raises(KeyError, match="no variable 'chrun'"):
        causal.plot(target="chrun")
    mpl.pyplot.close("all")


def test_a_table_reads_by_the_states_of_its_parents(causal):
    table = causal.cpt("churn")
    assert table.index.names == ["region", "complaint"]
    assert table.columns.tolist() == ["no", "yes"]
    assert table.loc[("yes", "no"), "yes"] == 0.2
    assert table.sum(axis=1).tolist() == pytest.approx([1] * 4)
    assert causal.cpt("region").index.tolist() == ["probability"]
    with pytest.raises(KeyError, match="no variable 'chrun'"):
        causal.cpt("chrun")


def test_layout_puts_parents_above_children_and_none_on_another(nets):
    for seed in range(20):
        parents = nets.random(seed, 12).parents
        places = layout(parents, widest=3)
        assert len({tuple(place) for place in places.tolist()}) == 12
        for child, above in enumerate(parents):
            assert all(places[p, 1] > places[child, 1] for p in above)


def test_strengths_are_conditional_information(causal, nets):
    table = causal.strengths().set_index(["parent", "child"])["information (nats)"]
    joint = nets.joint(causal)
    cells = joint.sum(axis=1)  # region, complaint, churn
    expected = sum(
        p * np.log(p * cells[:, c].sum() / (cells[:, c, x].sum() * cells[r, c].sum()))
        for (r, c, x), p in np.ndenumerate(cells)
    )
    assert table["region", "churn"] == pytest.approx(expected)


def test_reliability_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    p = rng.random(2000)
    y = rng.random(2000) < p**2
    found = reliability(y, p)
    observed, predicted = calibration_curve(y, p, n_bins=10, strategy="quantile")
    np.testing.assert_allclose(found.table["observed"], observed, atol=0.011)
    np.testing.assert_allclose(found.table["predicted"], predicted, atol=0.002)
    assert found.log_loss == pytest.approx(log_loss(y, p))
    assert found.brier == pytest.approx(brier_score_loss(y, p))
    assert found.calibration_error == pytest.approx(1 / 6, abs=0.02)
    assert reliability(rng.random(5000) < 0.3, np.full(5000, 0.3)).calibration_error < 0.03
    assert len(found.plot().collections) == 1
    mpl.pyplot.close("all")


def test_reliability_refuses_what_is_no_probability():
    with pytest.raises(ValueError, match=r"in \[0, 1\]: it is 1.5 in row 1"):
        reliability([0, 1], [0.5, 1.5])
    with pytest.raises(ValueError, match="equal length"):
        reliability([0, 1], [0.5])
    with pytest.raises(ValueError, match="3 classes: say which"):
        reliability([0, 1, 2], [0.5, 0.5, 0.5])


@pytest.mark.parametrize(("method", "left"), [("isotonic", 0.06), ("sigmoid", 0.08)])
def test_calibration_repairs_an_overconfident_network(method, left):
    from sklearn.calibration import CalibratedClassifierCV

    rng = np.random.default_rng(1)
    y = rng.random(3000) < 0.4
    told = np.where(rng.random(3000) < 0.7, y, ~y)
    X = pd.DataFrame({f"copy {i}": told for i in range(6)})  # one piece of evidence, six times
    X["else"] = rng.random(3000) < 0.5
    raw = BayesNetClassifier("naive").fit(X[:2000], y[:2000])
    calibrated = CalibratedClassifierCV(raw, method=method, cv=3).fit(X[:2000], y[:2000])
    before = reliability(y[2000:], raw.predict_proba(X[2000:])[:, 1])
    after = reliability(y[2000:], calibrated.predict_proba(X[2000:])[:, 1])
    assert before.calibration_error > 0.2
    assert after.calibration_error < left
    assert after.log_loss < before.log_loss
