"""The classifier keeps scikit-learn's promises, and says what is wrong with bad input."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from crmlib.bayes import BayesNetClassifier, BayesNetwork
from crmlib.counts import Attribute, Encoder


@parametrize_with_checks(
    [
        BayesNetClassifier("naive", prior="laplace"),
        BayesNetClassifier("tan", n_bins=4),
        BayesNetClassifier("hill-climb", starts=2),
        BayesNetClassifier("forest", missing="error"),
        BayesNetClassifier("tan", missing="em", n_bins=4),
    ]
)
def test_it_is_a_scikit_learn_classifier(estimator, check):
    check(estimator)


def test_codes_and_frames_give_the_same_network(churn_frame):
    X, y = churn_frame
    encoder = Encoder()
    codes = encoder.fit_encode(X)
    for structure in ("tan", "hill-climb"):
        a = BayesNetClassifier(structure).fit(X, y)
        b = BayesNetClassifier(structure).fit(codes, y)
        np.testing.assert_array_equal(a.predict_proba(X), b.predict_proba(codes))


def test_weights_are_repetitions(churn_frame):
    X, y = churn_frame
    weight = np.random.default_rng(2).integers(0, 4, len(X))
    again = np.repeat(np.arange(len(X)), weight)
    for structure in ("naive", "tan", "forest", "hill-climb", "augmented"):
        a = BayesNetClassifier(structure).fit(X, y, weight)
        b = BayesNetClassifier(structure).fit(X.iloc[again], y.iloc[again])
        assert a.network_.edges == b.network_.edges
        np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), rtol=1e-10)


def test_it_learns_something_and_can_be_calibrated(churn_frame):
    X, y = churn_frame
    assert cross_val_score(BayesNetClassifier("tan"), X, y, scoring="roc_auc").mean() > 0.65
    model = CalibratedClassifierCV(BayesNetClassifier("tan"), method="isotonic", cv=3).fit(X, y)
    assert model.predict_proba(X).shape == (len(X), 2)


def test_missing_as_a_state_differs_from_summing_out(churn_frame):
    X, y = churn_frame
    X = X.copy()
    X.loc[y == "leave", "calls"] = np.nan  # the gap itself tells
    state = BayesNetClassifier("naive", missing="state").fit(X, y)
    assert state.network_.cpt("calls").columns[-1] == "(missing)"
    proba = state.predict_proba(X.assign(contract=None, fiber=None, months=np.nan))
    assert proba[y == "leave", 0].min() > proba[y == "stay", 0].mean()
    with pytest.raises(ValueError, match=r"missing value in row \d+, and missing='error'"):
        BayesNetClassifier(missing="error").fit(X, y)


def test_a_class_absent_from_a_fold_keeps_its_column(churn_frame):
    X, y = churn_frame
    classes = ["leave", "move", "stay"]
    model = BayesNetClassifier("tan", classes=classes).fit(X, y)
    proba = model.predict_proba(X)
    assert model.classes_.tolist() == classes
    assert proba.shape == (len(X), 3)
    assert 0 < proba[:, 1].max() < 0.1
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    with pytest.raises(ValueError, match="y holds 'leave', not among classes 'move', 'stay'"):
        BayesNetClassifier(classes=["move", "stay"]).fit(X, y)


def test_one_class_is_certain(churn_frame):
    X, _ = churn_frame
    proba = BayesNetClassifier("tan").fit(X, ["stay"] * len(X)).predict_proba(X)
    np.testing.assert_array_equal(proba, 1.0)


def test_values_never_met_are_missing_and_said_so(churn_frame):
    X, y = churn_frame
    model = BayesNetClassifier("tan").fit(X, y)
    new = X.head(3).assign(contract="ten years")
    with pytest.warns(
        UserWarning, match=r"'contract' holds values never met .* 'ten years'.* 3 rows"
    ):
        found = model.predict_proba(new)
    np.testing.assert_array_equal(found, model.predict_proba(new.assign(contract=None)))
    with pytest.raises(ValueError, match="'contract' has no state 'ten years'; it has 'month'"):
        model.network_.query("churn", {"contract": "ten years"})


def test_evidence_of_probability_zero_is_said_so():
    X = pd.DataFrame({"a": list("xxyy"), "b": list("ppqq")})
    model = BayesNetClassifier("naive", prior="mle").fit(X, [0, 0, 1, 1])
    row = pd.DataFrame({"a": ["x", "x"], "b": ["p", "q"]})
    with pytest.warns(UserWarning, match="1 rows have probability zero .* at position 1"):
        np.testing.assert_array_equal(model.predict_proba(row), [[1, 0], [0.5, 0.5]])
    with pytest.raises(ValueError, match="evidence has probability zero in this network: a = x"):
        model.network_.query("class", {"a": "x", "b": "q"})
    with pytest.raises(ValueError, match="probability zero in every class"):
        model.explain({"a": "x", "b": "q"})
    three = BayesNetClassifier("naive", prior="mle").fit(X, [0, 0, 1, 2])
    with pytest.warns(UserWarning, match="probability zero"):
        np.testing.assert_array_equal(three.predict_proba(row)[1], [0.5, 0.25, 0.25])


def test_columns_are_checked(churn_frame):
    X, y = churn_frame
    model = BayesNetClassifier().fit(X, y)
    with pytest.raises(ValueError, match=r"(?s)seen at fit time, yet now missing.*calls"):
        model.predict(X.drop(columns="calls"))
    with pytest.raises(ValueError, match=r"(?s)unseen at fit time.*extra"):
        model.predict(X.assign(extra=1))
    with pytest.raises(ValueError, match="row holds 'color'; there are 'contract'"):
        model.explain({"color": "red"})
    with pytest.raises(ValueError, match="The class is named 'churn', and so is a column of X"):
        BayesNetClassifier().fit(X.assign(churn=y), y)
    with pytest.raises(ValueError, match="Columns without any value: 'gone'"):
        BayesNetClassifier().fit(X.assign(gone=None), y)


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([("calls", "contract"), ("contract", "calls")], "cycle: (calls|contract) -> "),
        ([("calls", "calls")], "cycle: calls -> calls"),
        ([("call", "churn")], "names 'call', no variable of the network. There are 'contract'"),
        ([("calls", "churn", "x")], r"pairs \(parent, child\)"),
        (["calls"], r"pairs \(parent, child\)"),
        ("tam", "structure must be one of .*did you mean 'tan'"),
    ],
)
def test_bad_structures_are_refused(churn_frame, edges, message):
    with pytest.raises(ValueError, match=message):
        BayesNetClassifier(edges).fit(*churn_frame)


def test_tables_too_large_are_refused_with_their_size():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.integers(0, 20, (200, 8)), columns=list("abcdefgh"))
    y = pd.Series(rng.integers(0, 2, 200), name="churn")
    edges = [(name, "churn") for name in X]
    with pytest.raises(ValueError, match=r"'churn' with 'a', .* 51,200,000,000 cells .*20 x 2"):
        BayesNetClassifier(edges, bins="category").fit(X, y)
    with pytest.raises(ValueError, match=r"would have 800 cells \(20 x 20 x 2"):
        BayesNetClassifier("tan", bins="category", max_table=100).fit(X, y)
    small = BayesNetClassifier("hill-climb", bins="category", max_table=100, criterion="aic")
    assert all(table.size <= 100 for table in small.fit(X, y).network_.tables)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"prior": "flat"}, "prior must be one of"),
        ({"prior_strength": 0}, r"prior_strength must lie in \(0"),
        ({"missing": "drop"}, "missing must be one of"),
        ({"structure": "hill-climb", "criterion": "bice"}, "criterion must be one of"),
        ({"structure": "hill-climb", "starts": 0}, "starts must lie in"),
        ({"structure": "hill-climb", "tiers": [["calls"]]}, "every variable once"),
        (
            {
                "structure": "hill-climb",
                "required": [("calls", "churn")],
                "forbidden": [("calls", "churn")],
            },
            "calls -> churn is both required and ruled out",
        ),
    ],
)
def test_bad_parameters_are_refused(churn_frame, parameters, message):
    with pytest.raises(ValueError, match=message):
        BayesNetClassifier(**parameters).fit(*churn_frame)


def test_a_network_checks_itself():
    a, b = Attribute("a", ("x", "y")), Attribute("b", ("x", "y"))
    half = np.array([0.5, 0.5])
    with pytest.raises(ValueError, match="cycle: a -> b -> a"):
        BayesNetwork((a, b), ((1,), (0,)), (np.eye(2), np.eye(2)))
    with pytest.raises(ValueError, match=r"table of 'b' has shape \(2,\), not \(2, 2\)"):
        BayesNetwork((a, b), ((), (0,)), (half, half))
    with pytest.raises(ValueError, match="'a' must hold probabilities that sum to one"):
        BayesNetwork((a,), ((),), (np.array([0.5, 0.4]),))
    net = BayesNetwork((a, b), ((), ()), (half, half))
    with pytest.raises(KeyError, match="no variable 'c'; there are 'a', 'b'"):
        net.query("c")
    with pytest.raises(ValueError, match="'a' is both asked for and given"):
        net.query("a", {"a": "x"})
    with pytest.raises(ValueError, match="'b' is both observed and set"):
        net.query("a", {"b": "x"}, do={"b": "x"})


def test_the_hash_seed_changes_nothing(tmp_path):
    script = tmp_path / "learn.py"
    script.write_text(
        "import numpy as np, pandas as pd\n"
        "from crmlib.bayes import BayesNetClassifier\n"
        "rng = np.random.default_rng(5)\n"
        "X = pd.DataFrame({f'x{i}': rng.choice(['a', 'b', 'c'], 400) for i in range(7)})\n"
        "X['x6'] = X['x0'] + X['x1']\n"
        "y = np.where(X['x2'] == X['x0'], 'yes', 'no')\n"
        "for structure in ('tan', 'forest', 'hill-climb', 'augmented'):\n"
        "    net = BayesNetClassifier(structure, starts=3, patience=2).fit(X, y)\n"
        "    print(net.network_.edges, net.predict_proba(X).tobytes().hex())\n"
    )
    outputs = [
        subprocess.run(
            [sys.executable, str(script)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "4711")
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) > 1000
