"""CHAID grows the tree other programs grow, and reads like every tree here."""

import numpy as np
import pandas as pd
import pytest

from crmlib.tree import CHAIDClassifier


def customers(n=1200):
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "plan": rng.choice(list("abcdef"), n),
            "region": rng.choice(list("uvwxyz"), n),
            "tenure": rng.integers(0, 8, n),
        }
    )
    moody = (frame["tenure"] < 3) & frame["region"].isin(["u", "x"])
    leaves = rng.random(n) < 0.1 + 0.3 * frame["plan"].isin(["b", "e"]) + 0.25 * moody
    how = np.where(rng.random(n) < 0.3 + 0.3 * (frame["tenure"] > 4), "port", "stop")
    return frame, np.where(leaves, how, "stay")


RANGES = {"tenure": list(range(7))}
#: What CHAID 5.5.1 (PyPI, by M. Ritchie and others) prints for these customers:
#: Tree.from_pandas_df(frame, {"plan": "nominal", "region": "nominal", "tenure": "ordinal"},
#: "outcome", alpha_merge=0.05, max_depth=3, min_parent_node_size=2, min_child_node_size=1)
PRINTED = {
    "always": ("plan", "a, c, d, f | b, e", 140.4610591957486, 3.1569560402342094e-31),
    "plan in {a, c, d, f}": ("tenure", "<= 4 | > 4", 11.741825088209033, 0.0028202985125943152),
    "plan in {b, e}": ("tenure", "<= 4 | > 4", 19.424022450620583, 6.055180821075191e-05),
    "plan in {a, c, d, f} and tenure <= 4": (
        "region",
        "u, x | v, w, y, z",
        13.930203439198403,
        0.0009442668802933209,
    ),
    "plan in {a, c, d, f} and tenure > 4": (
        "region",
        "u, x, y, z | v, w",
        7.050051599587204,
        0.029451047528357865,
    ),
    "plan in {b, e} and tenure <= 4": (
        "region",
        "u, v, w, z | x, y",
        6.23635836012213,
        0.04423764391585842,
    ),
    "plan in {b, e} and tenure > 4": (
        "region",
        "u, v, w | x, y, z",
        6.743723208818125,
        0.03432567699587218,
    ),
}


def test_the_tree_is_that_of_another_program():
    tree = CHAIDClassifier(
        alpha_split=1,
        bonferroni=False,
        max_depth=3,
        min_samples_split=2,
        min_samples_leaf=1,
        bins=RANGES,
    ).fit(*customers())
    found = {}
    for node in np.flatnonzero(tree.tree_.attribute >= 0):
        row = tree.split_table(node).iloc[0]
        assert row["chosen"]
        numbers = pytest.approx(row["chi-square"]), pytest.approx(row["p-value"])
        found[tree.model_.sentence(node)] = (row.name, row["branches"], *numbers)
    assert found == PRINTED
    assert len(tree.tree_.leaves) == 8


def test_the_multiplier_stops_what_chance_alone_explains():
    """Thirty values of nothing: the best of very many ways to join them looks significant."""
    rng = np.random.default_rng(3)
    noise = pd.DataFrame({"branch": rng.choice([f"b{i}" for i in range(30)], 600)})
    left = rng.random(600) < 0.3
    assert len(CHAIDClassifier(bonferroni=False, max_depth=1).fit(noise, left).tree_) > 1
    assert len(CHAIDClassifier().fit(noise, left).tree_) == 1


def test_values_alike_share_a_branch_and_the_tree_says_so():
    X, y = customers()
    tree = CHAIDClassifier(max_depth=1, bins=RANGES).fit(X, y != "stay")
    assert tree.rules()["condition"].tolist() == ["plan in {a, c, d, f}", "plan in {b, e}"]
    assert [line[:14] for line in tree.to_text().splitlines()] == [
        "plan",
        "├── a, c, d, f",
        "└── b, e: Fals",
    ]
    assert "b, e: " in tree.alt_text()
    assert "\"plan\" IN ('b', 'e')" in tree.to_sql()
    assert 'label="a, c, d, f"' in tree.to_graphviz()
    texts = [text.get_text() for text in tree.plot().texts]
    assert "a, c, d, f" in texts


def test_neighboring_ranges_read_as_one():
    minutes = np.repeat([5.0, 15, 25, 35, 45], 60)
    X = pd.DataFrame({"minutes": np.r_[minutes, np.full(40, np.nan)]})
    y = np.r_[np.repeat([1, 0, 0, 1, 1], 60), np.ones(40, int)]
    tree = CHAIDClassifier(bins={"minutes": [10, 20, 30, 40]}).fit(X, y)
    assert tree.rules()["condition"].tolist() == [
        "(minutes <= 10 or minutes is missing)",
        "10 < minutes <= 30",
        "minutes > 30",
    ]
    changed = tree.what_would_change(X.iloc[[70]], wanted=1)
    assert changed["changes"].tolist() == [1, 1]
    assert set(changed["what"]) == set(tree.rules()["condition"]) - {"10 < minutes <= 30"}
    assert tree.what_would_change(X.iloc[[70]], wanted=1, fixed=["minutes"]).empty


def test_predictions_in_the_database_are_the_same():
    duckdb = pytest.importorskip("duckdb")
    X, y = customers()
    X["bill"] = np.random.default_rng(1).normal(20, 5, len(X)) + 4 * (y == "port")
    X.loc[::9, "bill"] = np.nan
    tree = CHAIDClassifier().fit(X, y)
    assert {"bill", "plan"} <= set(tree.to_text().replace(":", " ").split())
    new = X.assign(plan=np.where(X.index % 50 == 0, "new", X["plan"]))
    for output, expected in (("class", tree.predict(new)), ("stay", tree.predict_proba(new)[:, 1])):
        with duckdb.connect() as base:
            base.register("new", new)
            found = base.sql(f"SELECT {tree.to_sql(output)} AS p FROM new").df()["p"]
        np.testing.assert_array_equal(found, expected)


def test_a_database_table_gives_the_tree_of_its_rows():
    ibis, pyarrow = (pytest.importorskip(name) for name in ("ibis", "pyarrow"))
    X, y = customers()
    fitted = CHAIDClassifier(bins=RANGES).fit(X, y)
    table = ibis.memtable(pyarrow.Table.from_pandas(X.assign(outcome=y)))
    assert CHAIDClassifier(bins=RANGES).fit_table(table, "outcome").to_text() == fitted.to_text()


def test_what_a_node_never_saw_falls_back_to_it_and_empty_ranges_do_not():
    X = pd.DataFrame({"plan": np.repeat(["a", "b"], 50), "calls": np.tile([1, 9], 50)})
    y = np.where((X["plan"] == "b") & (X["calls"] == 9), "left", "stay")
    tree = CHAIDClassifier(bins={"calls": [2, 4, 6, 8]}).fit(X, y)
    new = pd.DataFrame({"plan": ["zzz", "b", "b"], "calls": [9, 3, 7]})
    at = tree.apply(new)
    assert at[0] == 0
    np.testing.assert_allclose(tree.predict_proba(new)[0], [0.25, 0.75])
    assert tree.predict(new[1:]).tolist() == ["stay", "left"]


def test_weights_speak_in_the_leaves_and_not_in_the_tests():
    X, y = customers()
    weight = np.where(y == "stay", 1.0, 50.0)
    plain = CHAIDClassifier().fit(X, y)
    heavy = CHAIDClassifier().fit(X, y, weight)
    np.testing.assert_array_equal(heavy.tree_.attribute, plain.tree_.attribute)
    share = plain.predict_proba(X) * np.array([50.0, 1.0, 50.0])
    expected = share / share.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(heavy.predict_proba(X), expected)
    zero = CHAIDClassifier().fit(X, y, (X["plan"] != "b").astype(float))
    assert zero.tree_.rows[0].sum() == (X["plan"] != "b").sum()


def test_what_was_not_tested_is_not_shown():
    X, y = customers()
    tree = CHAIDClassifier(max_depth=1).fit(X, y)
    with pytest.raises(ValueError, match="no node 9; the tree has nodes 0 to 2"):
        tree.split_table(9)
    with pytest.raises(ValueError, match=r"Node 1 \(plan in \{a, c, d, f\}\) was not tested"):
        tree.split_table(1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"alpha_merge": 0},
        {"alpha_split": 1.5},
        {"max_depth": -1},
        {"min_samples_split": 1},
        {"min_samples_leaf": 0},
        {"missing": "branch"},
    ],
)
def test_a_wrong_parameter_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CHAIDClassifier(**wrong).fit(*customers(50))
