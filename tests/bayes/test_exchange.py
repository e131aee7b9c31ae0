"""A network survives JSON and BIF to the last digit, and refuses what is broken."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.bayes import BayesNetClassifier, BayesNetwork
from crmlib.bayes.exchange import words


def same(a, b):
    assert a.attributes == b.attributes
    assert a.parents == b.parents
    for left, right in zip(a.tables, b.tables, strict=True):
        np.testing.assert_array_equal(left, right)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_json_and_bif_round_trips_are_exact(nets, seed, variables):
    network = nets.random(seed, variables)
    same(BayesNetwork.from_json(network.to_json()), network)
    same(BayesNetwork.from_bif(network.to_bif()), network)


def test_names_bif_cannot_hold_come_back(churn_frame):
    X, y = churn_frame
    X = X.rename(columns={"contract": '合同 {type}; "x"'}).assign(fiber=X["fiber"].astype(int))
    network = BayesNetClassifier("tan", bins={"fiber": "category"}).fit(X, y).network_
    same(BayesNetwork.from_bif(network.to_bif()), network)
    same(BayesNetwork.from_json(network.to_json()), network)
    model = BayesNetClassifier.from_network(BayesNetwork.from_bif(network.to_bif()), "churn")
    direct = BayesNetClassifier("tan", bins={"fiber": "category"}).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), direct.predict_proba(X))


def test_the_class_may_stand_anywhere_in_a_ready_network(nets):
    network = nets.random(4, 5)
    frame = nets.sample(network, 200, gaps=0.3)
    for target in network.names:
        X = frame.drop(columns=target)
        proba = BayesNetClassifier.from_network(network, target).predict_proba(X)
        for row in (0, 17, 60):
            exact = network.query(target, X.iloc[row].to_dict())
            np.testing.assert_allclose(proba[row], exact, rtol=1e-11)


@given(st.lists(st.text(max_size=4), max_size=6, unique=True))
def test_bif_words_are_words_and_differ(texts):
    found = words(texts)
    assert len(set(found)) == len(texts)
    assert all(word.isascii() and word.isidentifier() for word in found)


HAND = """
// as other programs write it
network unknown { property version 1; }
variable Rain { type discrete [ 2 ] { yes, no }; }
variable Wet {
  type discrete[2] { "yes", "no" };
}
probability ( Wet | Rain ) { (yes) 0.9, 0.1; default 0.2 0.8; }
probability ( Rain ) { table 0.3, 0.7; }
"""


def test_bif_of_other_programs_is_read():
    network = BayesNetwork.from_bif(HAND.replace("}; }\nvariable", "};\n}\nvariable"))
    assert network.edges == [("Rain", "Wet")]
    assert network.query("Rain", {"Wet": "yes"})["yes"] == pytest.approx(0.27 / 0.41)
    whole = HAND.replace("(yes) 0.9, 0.1; default 0.2 0.8;", "table 0.9, 0.2, 0.1, 0.8;")
    network = BayesNetwork.from_bif(whole.replace("}; }\nvariable", "};\n}\nvariable"))
    assert network.query("Rain", {"Wet": "yes"})["yes"] == pytest.approx(0.27 / 0.41)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[ 2 ]", "[ 3 ]", "'Rain' declares 3 states and lists 2"),
        ("probability ( Rain ) { table 0.3, 0.7; }", "", "no table for 'Rain'"),
        ("default 0.2 0.8;", "", "'Wet' lacks combinations"),
        ("| Rain", "| Snow", "names 'Snow'"),
        ("(yes)", "(maybe)", r"unknown states \(maybe\)"),
        ("table 0.3, 0.7", "table 0.3", "'Rain' has 1 numbers, not 2"),
        ("default 0.2 0.8", "default 0.2", "a row of 1 numbers for 2 states"),
        ("0.3, 0.7", "0.3, 0.8", "'Rain' must hold probabilities that sum to one"),
        ('type discrete[2] { "yes", "no" }', "type continuous", "no discrete states"),
    ],
)
def test_broken_bif_is_refused(old, new, message):
    text = HAND.replace("}; }\nvariable", "};\n}\nvariable")
    assert old in text
    with pytest.raises(ValueError, match=message):
        BayesNetwork.from_bif(text.replace(old, new))
    with pytest.raises(ValueError, match="no BIF variable"):
        BayesNetwork.from_bif("")


def test_foreign_json_is_refused(nets):
    for text in ("[]", "{}", json.dumps({"format": "crmlib tree", "version": 1})):
        with pytest.raises(ValueError, match="no 'crmlib bayesian network' of version 1"):
            BayesNetwork.from_json(text)
    document = json.loads(nets.random(0).to_json())
    document["variables"][0]["parents"] = [0]
    with pytest.raises(ValueError, match="cycle"):
        BayesNetwork.from_json(json.dumps(document))


def test_states_json_cannot_hold_are_refused():
    X = pd.DataFrame({"when": pd.Categorical([pd.Period("2024"), pd.Period("2025")])})
    network = BayesNetClassifier("naive").fit(X, [0, 1]).network_
    with pytest.raises(TypeError, match="'when' holds Period"):
        network.to_json()
