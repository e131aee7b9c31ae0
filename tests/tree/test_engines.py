"""NumPy, the compiled kernel and the database grow the same tree."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crmlib.counts import Encoder, queries
from crmlib.tree import WeightedID3Classifier


def customers(n=1500, seed=0, gaps=True):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "plan": rng.choice(["gold", "basic", "o'neill"], n),
            "calls": rng.normal(10, 4, n).round(2),
            "months": rng.integers(0, 72, n),
            "roaming": rng.random(n) < 0.3,
            "city": rng.choice([f"city {i}" for i in range(30)], n),
        }
    )
    risk = 0.15 + 0.5 * (frame["plan"] == "basic") + 0.3 * (frame["months"] < 12)
    frame["churn"] = np.where(rng.random(n) < risk, "yes", "no")
    frame["value"] = rng.integers(0, 6, n).astype(float)
    if gaps:
        frame.loc[rng.random(n) < 0.08, "plan"] = None
        frame.loc[rng.random(n) < 0.08, "calls"] = np.nan
    return frame


def same_tree(a, b, *, measures=True):
    for field in ("attribute", "parent", "code", "depth", "branch"):
        np.testing.assert_array_equal(getattr(a.tree_, field), getattr(b.tree_, field), field)
    np.testing.assert_allclose(a.tree_.rows, b.tree_.rows, rtol=1e-9)
    np.testing.assert_allclose(a.tree_.weighted, b.tree_.weighted, rtol=1e-9)
    if measures:
        np.testing.assert_allclose(a.tree_.gains, b.tree_.gains, atol=1e-9)


OPTIONS = [
    {},
    {"criterion": "gain_ratio", "class_weight": {"yes": 3}, "min_samples_leaf": 5},
    {"criterion": "weighted_entropy", "class_weight": "balanced", "max_depth": 3},
    {"criterion": "eg2", "attribute_cost": {"plan": 4}, "pruning": "pessimistic"},
    {"bins": "mdl", "chi2_alpha": 0.05, "attribute_weight": {"city": 0.5}},
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_compiled_kernel_grows_numpys_tree(options, weighted):
    pytest.importorskip("numba")
    frame = customers(4000)
    X, y = frame.drop(columns=["churn", "value"]), frame["churn"]
    weight = frame["value"] if weighted else None
    numpy = WeightedID3Classifier(engine="numpy", **options).fit(X, y, weight)
    numba = WeightedID3Classifier(engine="numba", **options).fit(X, y, weight)
    assert len(numpy.tree_) > 3
    same_tree(numpy, numba)
    np.testing.assert_array_equal(numpy.predict(X), numba.predict(X))
    np.testing.assert_array_equal(numpy.apply(X), numba.apply(X))


def test_the_kernel_takes_rows_of_several_words_and_odd_lengths():
    pytest.importorskip("numba")
    rng = np.random.default_rng(0)
    for n in (1, 7, 8, 2047, 2049, 4100):
        X = pd.DataFrame({f"a{i}": rng.integers(0, 100, n) for i in range(20)})
        y = rng.integers(0, 2, n)
        options = {"bins": "category", "max_depth": 3}
        numpy = WeightedID3Classifier(engine="numpy", **options).fit(X, y)
        numba = WeightedID3Classifier(engine="numba", **options).fit(X, y)
        same_tree(numpy, numba)


@st.composite
def learners(draw):
    """Some rows of three classes, weights of every kind, and rules that stop for every reason."""
    n = draw(st.integers(1, 700))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    X = pd.DataFrame({f"a{i}": rng.integers(0, 2 + 3 * i, n) for i in range(5)})
    classes = draw(st.integers(1, 3))
    y = np.where(rng.random(n) < 0.5, X["a1"] % classes, rng.integers(0, classes, n))
    weight = draw(st.sampled_from([None, rng.integers(0, 3, n), rng.random(n)]))
    assume(0 in (y if weight is None else y[weight > 0]))
    options = {
        "bins": "category",
        "criterion": draw(
            st.sampled_from(["gain", "gain_ratio", "weighted_entropy", "weighted_entropy_ratio"])
        ),
        "class_weight": draw(st.sampled_from([None, "balanced", {0: 2.5}])),
        "attribute_weight": draw(st.sampled_from([None, {"a0": 2.0, "a2": 0.0}])),
        "max_depth": draw(st.sampled_from([None, 0, 1, 3])),
        "min_samples_split": draw(st.sampled_from([2, 30])),
        "min_samples_leaf": draw(st.sampled_from([1, 4])),
        "min_gain": draw(st.sampled_from([0.0, 0.05])),
        "chi2_alpha": draw(st.sampled_from([None, 0.1, 1.0])),
    }
    return X, y, weight, options


@settings(max_examples=150)
@given(learners())
def test_under_any_rules_the_engines_agree(learner):
    pytest.importorskip("numba")
    X, y, weight, options = learner
    numpy = WeightedID3Classifier(engine="numpy", **options).fit(X, y, weight)
    numba = WeightedID3Classifier(engine="numba", **options).fit(X, y, weight)
    same_tree(numpy, numba)
    np.testing.assert_allclose(numpy.tree_.split_info, numba.tree_.split_info, atol=1e-9)
    np.testing.assert_array_equal(numpy.tree_.measured, numba.tree_.measured)


def stored(frame):
    ibis = pytest.importorskip("ibis", reason="fit_table needs crmlib[scale]")
    pa = pytest.importorskip("pyarrow")
    return ibis.duckdb.connect().create_table("customers", pa.Table.from_pandas(frame))


FRACTIONAL = {"missing": "fractional"}
QUERIES = [
    (options, weighted, "grouping sets") for options in OPTIONS for weighted in (False, True)
]
QUERIES += [(FRACTIONAL, False, "grouping sets"), (FRACTIONAL, True, "union")]
QUERIES += [(OPTIONS[1], True, "union"), (OPTIONS[4], False, "union")]


@pytest.mark.parametrize(("options", "weighted", "query"), QUERIES, ids=str)
def test_a_table_never_loaded_gives_the_same_tree(options, weighted, query, monkeypatch):
    frame = customers(400)
    options = {"max_depth": 3, **options}
    if query == "union":
        monkeypatch.setattr(queries, "_grouping_sets", queries._union)
    table = stored(frame if weighted else frame.drop(columns="value"))
    X, y = frame.drop(columns=["churn", "value"]), frame["churn"]
    local = WeightedID3Classifier(**options).fit(X, y, frame["value"] if weighted else None)
    remote = WeightedID3Classifier(**options).fit_table(
        table, "churn", weight="value" if weighted else None
    )
    same_tree(local, remote)
    assert remote.classes_.tolist() == ["no", "yes"]
    np.testing.assert_array_equal(remote.predict(X), local.predict(X))
    np.testing.assert_allclose(remote.predict_proba(X), local.predict_proba(X))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_streamed_table_gives_the_same_tree(options, weighted, monkeypatch):
    pytest.importorskip("numba")
    from crmlib.tree import table as reader

    monkeypatch.setattr(reader, "_BATCH", 130)  # several batches
    frame = customers(700)
    table = stored(frame if weighted else frame.drop(columns="value"))
    X, y = frame.drop(columns=["churn", "value"]), frame["churn"]
    weight = "value" if weighted else None
    local = WeightedID3Classifier(**options).fit(X, y, frame["value"] if weighted else None)
    remote = WeightedID3Classifier(**options).fit_table(table, "churn", weight, stream=True)
    same_tree(local, remote)


def test_a_table_in_memory_can_be_streamed():
    pytest.importorskip("numba")
    ibis = pytest.importorskip("ibis")
    pa = pytest.importorskip("pyarrow")
    frame = customers(200).drop(columns="value")
    table = ibis.memtable(pa.Table.from_pandas(frame))
    local = WeightedID3Classifier().fit(frame.drop(columns="churn"), frame["churn"])
    same_tree(local, WeightedID3Classifier().fit_table(table, "churn", stream=True))
    with pytest.raises(ValueError, match="cannot send a row down several branches"):
        WeightedID3Classifier(missing="fractional").fit_table(table, "churn", stream=True)


def test_a_table_can_be_pruned_by_rows_in_memory():
    frame = customers(1200).drop(columns=["value", "city"])
    later = customers(400, seed=1).drop(columns=["value", "city"])
    rows = later.drop(columns="churn"), later["churn"]
    grown = WeightedID3Classifier().fit_table(stored(frame), "churn")
    model = WeightedID3Classifier(pruning="reduced_error")
    model.fit_table(stored(frame), "churn", validation=rows)
    assert 1 < len(model.tree_) < len(grown.tree_)
    assert model.score(*rows) >= grown.score(*rows)
    with pytest.raises(ValueError, match=r"validation=\(X, y\) and pruning='reduced_error' go"):
        model.fit_table(stored(frame), "churn")


def test_whole_number_and_truth_targets_keep_their_type():
    frame = customers(300).drop(columns=["value", "churn"])
    for target in (frame["months"] > 30, (frame["months"] > 30).astype(int) + 4):
        table = stored(frame.assign(target=target))
        model = WeightedID3Classifier(max_depth=2).fit_table(table, "target")
        local = WeightedID3Classifier(max_depth=2).fit(frame, target)
        assert model.classes_.tolist() == local.classes_.tolist()
        np.testing.assert_array_equal(model.predict(frame), local.predict(frame))


def test_table_refusals_name_what_is_wrong():
    frame = customers(50)
    table = stored(frame)
    model = WeightedID3Classifier()
    with pytest.raises(ValueError, match=r"no target 'chrun'; there are 'plan'"):
        model.fit_table(table, "chrun")
    with pytest.raises(ValueError, match=r"Target 'plan' is missing in \d+ rows"):
        model.fit_table(table, "plan")
    with pytest.raises(ValueError, match=r"Target 'calls' has type float64"):
        model.fit_table(table.filter(table.calls > 0, ~table.calls.isnan()), "calls")
    with pytest.raises(ValueError, match=r"table is empty"):
        model.fit_table(table.filter(table.value > 99), "churn")
    with pytest.raises(ValueError, match=r"no column 'valu'"):
        model.fit_table(table, "churn", weight="valu")


def test_codes_are_learned_from_as_they_are():
    frame = customers(400)
    X, y = frame.drop(columns=["churn", "value"]), frame["churn"]
    codes = Encoder().fit_encode(X)
    from_codes, from_frame = (
        WeightedID3Classifier().fit(codes, y),
        WeightedID3Classifier().fit(X, y),
    )
    same_tree(from_codes, from_frame)
    np.testing.assert_array_equal(from_codes.predict(codes), from_frame.predict(X))
    np.testing.assert_array_equal(from_codes.predict(X), from_frame.predict(X))
    other = Encoder(n_bins=3).fit_encode(X)
    with pytest.raises(ValueError, match=r"mean something else than those learned"):
        from_codes.predict(other)


def test_a_level_can_be_counted_in_pieces(monkeypatch):
    from crmlib.tree import grow

    frame = customers(900)
    X, y = frame.drop(columns=["churn", "value"]), frame["churn"]
    whole = WeightedID3Classifier().fit(X, y)
    monkeypatch.setattr(grow, "_CELLS", 300)
    same_tree(whole, WeightedID3Classifier().fit(X, y))
