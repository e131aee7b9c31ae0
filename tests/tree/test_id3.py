"""The classifier is ID3: by hand, by brute force and beside other implementations."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from crmlib.tree import WeightedID3Classifier, entropy, gain_table


def weather():
    """Quinlan's Saturday mornings (Quinlan 1986, table 1)."""
    rows = """sunny hot high false N
    sunny hot high true N
    overcast hot high false P
    rain mild high false P
    rain cool normal false P
    rain cool normal true N
    overcast cool normal true P
    sunny mild high false N
    sunny cool normal false P
    rain mild normal false P
    sunny mild normal true P
    overcast mild high true P
    overcast hot normal false P
    rain mild high true N"""
    names = ["outlook", "temperature", "humidity", "windy", "class"]
    frame = pd.DataFrame([line.split() for line in rows.splitlines()], columns=names)
    return frame.drop(columns="class"), frame["class"]


def test_gains_of_the_weather_data_are_quinlans():
    table = gain_table(*weather())
    assert table["gain (bits)"].round(3).to_dict() == {
        "outlook": 0.247,
        "humidity": 0.152,
        "windy": 0.048,
        "temperature": 0.029,
    }
    assert table["gain ratio"].round(3).to_dict() == {
        "outlook": 0.156,
        "humidity": 0.152,
        "windy": 0.049,
        "temperature": 0.019,
    }
    assert table["chosen"].tolist() == [True, False, False, False]


@pytest.mark.parametrize("criterion", ["gain", "gain_ratio", "weighted_entropy"])
def test_the_weather_tree_is_quinlans(criterion):
    tree = WeightedID3Classifier(criterion).fit(*weather())
    assert tree.to_text().splitlines() == [
        "outlook",
        "├── overcast: P (4 rows, 100%)",
        "├── rain: windy",
        "│   ├── false: P (3 rows, 100%)",
        "│   └── true: N (2 rows, 100%)",
        "└── sunny: humidity",
        "    ├── high: N (3 rows, 100%)",
        "    └── normal: P (2 rows, 100%)",
    ]


def slow_tree(frame, y, weights, names):
    """ID3 by recursion, straight from its definition: nested dicts and class shares."""
    labels = sorted(set(y))
    totals = [weights[y == label].sum() for label in labels]
    if len(labels) == 1:
        return labels[0]
    best, best_gain = None, 1e-12
    for name in names:
        after = 0.0
        for value in frame[name].unique():
            mask = (frame[name] == value).to_numpy()
            after += weights[mask].sum() * entropy(
                [weights[mask & (y == label)].sum() for label in labels]
            )
        gain = entropy(totals) - after / weights.sum()
        if gain > best_gain * (1 + 1e-9):
            best, best_gain = name, gain
    if best is None:
        return labels[int(np.argmax(totals))]
    return best, {
        value: slow_tree(frame[m], y[m.to_numpy()], weights[m.to_numpy()], names)
        for value in sorted(frame[best].unique())
        for m in [frame[best] == value]
    }


def as_nested(model, node=0):
    tree = model.tree_
    if tree.attribute[node] < 0:
        return model.classes_[model.model_.decision[node]]
    attribute = model.attributes_[tree.attribute[node]]
    return attribute.name, {
        attribute.levels[code]: as_nested(model, child)
        for code, child in tree.children(node).items()
    }


@pytest.mark.parametrize("seed", range(20))
def test_small_trees_are_those_of_the_definition(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 60))
    frame = pd.DataFrame({f"a{i}": rng.choice(list("xyzw")[: 2 + i % 3], n) for i in range(4)})
    y = rng.choice(["no", "yes", "maybe"], n)
    weights = rng.integers(1, 4, n).astype(float)
    model = WeightedID3Classifier().fit(frame, y, weights)
    assert as_nested(model) == slow_tree(frame, y, weights, frame.columns)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 1.0, 1: 4.0}])
def test_on_binary_attributes_it_splits_as_scikit_learn_does(seed, class_weight):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 2, (400, 6))
    y = (X[:, 0] & X[:, 1] | (rng.random(400) < 0.2)).astype(int)
    value = rng.exponential(1.0, 400)  # no two attributes tie
    mine = WeightedID3Classifier(max_depth=3, class_weight=class_weight).fit(X, y, value)
    theirs = DecisionTreeClassifier(
        criterion="entropy", max_depth=3, class_weight=class_weight, random_state=0
    )
    if class_weight == "balanced":  # theirs balances rows, ours balances weights
        shares = np.bincount(y, value)
        theirs.set_params(class_weight=dict(enumerate(shares.sum() / 2 / shares)))
    theirs.fit(X, y, value)
    pairs = [(0, 0)]
    while pairs:
        a, b = pairs.pop()
        split = mine.tree_.attribute[a]
        if np.count_nonzero(mine.tree_.rows[a]) == 1:
            continue  # with fractional weights theirs may go on splitting a pure node
        assert (split if split >= 0 else -2) == theirs.tree_.feature[b]
        np.testing.assert_allclose(mine.model_.share[a], theirs.tree_.value[b, 0], atol=1e-12)
        if split >= 0:
            children = mine.tree_.children(a)
            pairs += [
                (children[0], theirs.tree_.children_left[b]),
                (children[1], theirs.tree_.children_right[b]),
            ]
    np.testing.assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), atol=1e-12)
    np.testing.assert_allclose(mine.feature_importances_, theirs.feature_importances_, atol=1e-9)


def random_table(seed, n=300, classes=2):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"a{i}": rng.choice(list("uvwxyz")[: 2 + i], n) for i in range(5)})
    signal = (frame["a1"] == "u") | (frame["a3"].isin(["v", "w"]))
    y = np.where(rng.random(n) < 0.2, rng.integers(0, classes, n), signal.astype(int))
    return frame, y


def same_tree(a, b, *, counts=True):
    assert a.tree_.attribute.tolist() == b.tree_.attribute.tolist()
    assert a.tree_.parent.tolist() == b.tree_.parent.tolist()
    assert a.tree_.code.tolist() == b.tree_.code.tolist()
    if counts:
        np.testing.assert_allclose(a.tree_.rows, b.tree_.rows, rtol=1e-9)
        np.testing.assert_allclose(a.tree_.weighted, b.tree_.weighted, rtol=1e-9)


@pytest.mark.parametrize("criterion", ["gain", "gain_ratio"])
def test_a_class_weight_of_three_is_three_times_the_rows(criterion):
    frame, y = random_table(0)
    repeats = np.where(y == 1, 3, 1)
    weighted = WeightedID3Classifier(criterion, class_weight={1: 3}).fit(frame, y)
    repeated = WeightedID3Classifier(criterion).fit(
        frame.loc[np.repeat(np.arange(len(y)), repeats)], np.repeat(y, repeats)
    )
    same_tree(weighted, repeated, counts=False)
    np.testing.assert_allclose(weighted.model_.value, repeated.model_.value)


def test_a_sample_weight_of_two_is_two_rows_and_zero_is_none():
    frame, y = random_table(1)
    weights = np.random.default_rng(0).integers(0, 3, len(y))
    order = np.repeat(np.arange(len(y)), weights)
    a = WeightedID3Classifier(max_depth=4).fit(frame, y, weights)
    b = WeightedID3Classifier(max_depth=4).fit(frame.loc[order], y[order])
    same_tree(a, b, counts=False)
    np.testing.assert_allclose(a.predict_proba(frame), b.predict_proba(frame))


@pytest.mark.parametrize(
    "parameters",
    [
        {"criterion": "weighted_entropy"},
        {"class_weight": {0: 1, 1: 1}},
        {"attribute_weight": {"a0": 1, "a4": 1}},
        {"criterion": "idx"},
        {"criterion": "cs_id3"},
        {"criterion": "eg2", "attribute_cost": {f"a{i}": 5 for i in range(5)}},
        {"criterion": "historical_lambda"},
        {"criterion": "historical_interest"},
    ],
)
def test_unit_weights_and_equal_costs_give_id3(parameters):
    frame, y = random_table(2)
    same_tree(
        WeightedID3Classifier(**parameters).fit(frame, y), WeightedID3Classifier().fit(frame, y)
    )


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_scaling_guiasus_weights_keeps_the_tree(seed, c):
    frame, y = random_table(seed, 80)
    a = WeightedID3Classifier("weighted_entropy", class_weight={0: 1, 1: 3}).fit(frame, y)
    b = WeightedID3Classifier("weighted_entropy", class_weight={0: c, 1: 3 * c}).fit(frame, y)
    same_tree(a, b)


def test_guiasus_weights_change_the_choice_of_the_split():
    # "a" tells class 0 apart, "b" tells class 1 apart; weight decides which matters.
    y = np.repeat([0, 1, 2], [40, 20, 40])
    frame = pd.DataFrame({"a": np.where(y == 0, "in", "out"), "b": np.where(y == 1, "in", "out")})
    plain = WeightedID3Classifier("weighted_entropy", max_depth=1).fit(frame, y)
    heavy = WeightedID3Classifier("weighted_entropy", max_depth=1, class_weight={1: 9}).fit(
        frame, y
    )
    assert plain.tree_.attribute[0] == 0
    assert heavy.tree_.attribute[0] == 1


def test_attribute_weights_multiply_and_zero_bars():
    frame, y = random_table(3)
    plain = WeightedID3Classifier(max_depth=1).fit(frame, y)
    gains = plain.gain_table()["gain (bits)"]
    first, second = gains.index[:2]
    lifted = {second: 1.01 * gains[first] / gains[second]}
    model = WeightedID3Classifier(max_depth=1, attribute_weight=lifted).fit(frame, y)
    assert model.steps()["split"].tolist() == [second]
    barred = WeightedID3Classifier(attribute_weight={first: 0}).fit(frame, y)
    assert first not in set(barred.steps()["split"])


def test_costs_turn_the_choice_to_the_cheaper_attribute():
    frame, y = random_table(3)
    gains = gain_table(frame, y)["gain (bits)"]
    dear = {gains.index[0]: 1000}
    for criterion in ("eg2", "cs_id3", "idx"):
        model = WeightedID3Classifier(criterion, max_depth=1, attribute_cost=dear).fit(frame, y)
        assert model.steps()["split"].iloc[0] != gains.index[0]
    free = WeightedID3Classifier("eg2", cost_exponent=0, attribute_cost=dear, max_depth=1)
    assert free.fit(frame, y).steps()["split"].iloc[0] == gains.index[0]


def test_gain_ratio_does_not_fall_for_many_values():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    frame = pd.DataFrame(
        {"id": [f"c{i}" for i in range(200)], "good": np.where(rng.random(200) < 0.1, 1 - y, y)}
        | {f"noise {i}": rng.integers(0, 2, 200) for i in range(4)}
    )
    assert WeightedID3Classifier(max_depth=1).fit(frame, y).tree_.attribute[0] == 0
    assert WeightedID3Classifier("gain_ratio", max_depth=1).fit(frame, y).tree_.attribute[0] == 1


def test_stopping_rules_hold():
    frame, y = random_table(4, 600)
    model = WeightedID3Classifier(max_depth=2).fit(frame, y)
    assert model.tree_.depth.max() == 2
    model = WeightedID3Classifier(min_samples_split=50).fit(frame, y)
    inner = model.tree_.attribute >= 0
    assert model.tree_.rows[inner].sum(1).min() >= 50
    model = WeightedID3Classifier(min_samples_leaf=30).fit(frame, y)
    for node in np.flatnonzero(model.tree_.attribute >= 0):
        sizes = [model.tree_.rows[child].sum() for child in model.tree_.children(node).values()]
        assert sorted(sizes)[-2] >= 30
    model = WeightedID3Classifier(min_gain=0.05).fit(frame, y)
    assert model.steps()["gain (bits)"].min() >= 0.05
    assert len(model.tree_) < len(WeightedID3Classifier().fit(frame, y).tree_)


def test_the_chi_square_rule_keeps_noise_out():
    rng = np.random.default_rng(0)
    noise = pd.DataFrame({f"a{i}": rng.integers(0, 4, 500) for i in range(6)})
    y = rng.integers(0, 2, 500)
    assert len(WeightedID3Classifier(chi2_alpha=1e-4).fit(noise, y).tree_) == 1
    assert len(WeightedID3Classifier().fit(noise, y).tree_) > 100
    frame, y = random_table(5)
    model = WeightedID3Classifier(chi2_alpha=0.01, max_depth=1).fit(frame, y)
    assert model.tree_.attribute[0] >= 0


def test_equal_attributes_go_to_the_first_column():
    frame, y = random_table(6)
    twice = pd.DataFrame({"copy": frame["a3"], "a3": frame["a3"]})
    model = WeightedID3Classifier().fit(twice, y)
    assert set(model.steps()["split"]) == {"copy"}


def test_fitting_twice_gives_the_same_and_leaves_inputs_alone():
    frame, y = random_table(7)
    before = frame.copy(), y.copy()
    a, b = WeightedID3Classifier().fit(frame, y), WeightedID3Classifier().fit(frame, y)
    assert a.to_json() == b.to_json()
    pd.testing.assert_frame_equal(frame, before[0])
    np.testing.assert_array_equal(y, before[1])
