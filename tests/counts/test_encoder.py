"""The encoder: values to codes and back, defined codes for what is missing or new."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from crmlib.counts import Attribute, Encoder


@parametrize_with_checks([Encoder(), Encoder(bins="width"), Encoder(missing="error")])
def test_the_encoder_is_a_scikit_learn_transformer(estimator, check):
    check(estimator)


def frame():
    return pd.DataFrame(
        {
            "plan": pd.Categorical(["gold", "basic", None], ["gold", "silver", "basic"], True),
            "city": ["x", None, "w"],
            "roaming": [True, False, True],
            "calls": [3.0, np.nan, 40.0],
        },
        index=[10, 20, 30],
    )


def test_codes_follow_category_order_sorted_text_and_ranges():
    codes = Encoder(bins={"calls": [10]}).fit_encode(frame())
    assert codes["plan"].tolist() == [0, 2, 3]
    assert codes["city"].tolist() == [1, 2, 0]
    assert codes["roaming"].tolist() == [1, 0, 1]
    assert codes["calls"].tolist() == [0, 2, 1]
    assert codes.matrix.dtype == np.uint8
    assert codes.shape == (3, 4)


def test_decoding_restores_dtype_names_order_and_index():
    original = frame()
    back = Encoder(bins={"calls": [10]}).fit_encode(original).decode()
    pd.testing.assert_frame_equal(back.drop(columns="calls"), original.drop(columns="calls"))
    assert back["calls"].tolist()[::2] == ["<= 10", "> 10"]
    assert back["calls"].cat.ordered
    assert back["calls"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("storage", ["str", "object", "category", "string"])
def test_text_codes_do_not_depend_on_how_text_is_stored(storage):
    values = ["b", "a", None, "c", "a"]
    codes = Encoder().fit_encode(pd.DataFrame({"x": pd.Series(values, dtype=storage)}))
    assert codes["x"].tolist() == [1, 0, 3, 2, 0]


def test_numbers_in_objects_and_nullable_columns_are_numbers():
    table = pd.DataFrame(
        {"a": pd.Series([1, 2.5, None], dtype=object), "b": pd.array([1, None, 3], dtype="Int64")}
    )
    encoder = Encoder().fit(table)
    assert [attribute.edges for attribute in encoder.attributes_] == [(1.0,), (1.0,)]
    assert encoder.transform(table).tolist() == [[0, 0], [1, 2], [2, 1]]


def test_unseen_policies():
    learn, new = pd.DataFrame({"plan": ["a", "b"]}), pd.DataFrame({"plan": ["b", "z"]})
    assert Encoder().fit(learn).encode(new)["plan"].tolist() == [1, 3]
    assert Encoder(unseen="missing").fit(learn).encode(new)["plan"].tolist() == [1, 2]
    with pytest.raises(ValueError, match=r"'plan' holds 'z' in row 1, .* known are 'a', 'b'"):
        Encoder(unseen="error").fit(learn).encode(new)


def test_missing_can_be_refused():
    with pytest.raises(ValueError, match=r"'city' has a missing value in row 1"):
        Encoder(missing="error").fit(frame()[["city"]])


def test_more_than_254_levels_take_wider_codes():
    plans = [f"plan {i:03}" for i in range(300)]
    codes = Encoder().fit_encode(pd.DataFrame({"plan": plans}))
    assert codes.matrix.dtype == np.uint16
    assert codes["plan"].tolist() == list(range(300))


def test_255_and_256_distinct_values_with_missing_keep_their_codes():
    for n in (254, 255, 256):
        plans = [f"plan {i:03}" for i in range(n)]
        codes = Encoder().fit_encode(pd.DataFrame({"plan": [*plans, None]}))
        assert codes["plan"].tolist() == list(range(n + 1))


@settings(max_examples=60)
@given(
    st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=1, max_size=40),
    st.sampled_from(["quantile", "width", "mdl"]),
    st.integers(1, 6),
)
def test_the_code_of_a_number_is_the_count_of_edges_below_it(column, bins, n_bins):
    table = pd.DataFrame({"x": pd.Series(column, dtype="float64")})
    labels = np.arange(len(column)) % 2
    encoder = Encoder(bins=bins, n_bins=n_bins)
    codes = encoder.fit_encode(table, labels)["x"]
    attribute = encoder.attributes_[0]
    for value, code in zip(column, codes, strict=True):
        expected = attribute.missing if value is None else sum(value > e for e in attribute.edges)
        assert code == expected


def test_inputs_are_left_untouched_and_fitting_twice_gives_the_same():
    table, copy = frame(), frame()
    first = Encoder().fit(table).attributes_
    assert Encoder().fit(table).attributes_ == first
    pd.testing.assert_frame_equal(table, copy)


def test_set_output_and_pipelines_keep_names():
    encoder = Encoder().set_output(transform="pandas")
    out = make_pipeline(FunctionTransformer(), encoder).fit_transform(frame())
    assert list(out.columns) == ["plan", "city", "roaming", "calls"]
    assert out.index.tolist() == [10, 20, 30]


def test_rows_of_weight_zero_do_not_move_quantiles():
    table = pd.DataFrame({"x": np.arange(100.0)})
    weights = np.where(table["x"] < 50, 1.0, 0.0)
    light = Encoder(n_bins=5).fit(table, sample_weight=weights).attributes_[0].edges
    assert light == Encoder(n_bins=5).fit(table[:50]).attributes_[0].edges


def test_attributes_survive_plain_values():
    for attribute in Encoder().fit(frame()).attributes_:
        assert Attribute.from_dict(attribute.to_dict()) == attribute


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (pd.DataFrame({"plan": ["a", 1]}), TypeError, r"'plan' mixes str 'a' with int 1"),
        (pd.DataFrame({"plan": [{"a": 1}]}), TypeError, r"'plan' holds mixed values such as \{"),
        (pd.DataFrame({"day": pd.to_datetime(["2020-01-01"])}), TypeError, r"'day' has dtype date"),
        (pd.DataFrame({"x": [1.0, np.inf]}), ValueError, r"'x' holds infinity in row 1"),
        (pd.DataFrame({"x": []}), ValueError, r"X is empty: 0 rows, 1 columns"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), ValueError, r"duplicate column names: 'x'"),
    ],
)
def test_what_cannot_be_coded_is_named(table, error, message):
    with pytest.raises(error, match=message):
        Encoder().fit(table)


def test_an_identifier_is_refused():
    table = pd.DataFrame({"customer": [f"c{i}" for i in range(100_000)]})
    with pytest.raises(ValueError, match=r"'customer' has 100,000 categories, more than max_"):
        Encoder().fit(table)
    assert len(Encoder(max_categories=100_000).fit(table).attributes_[0].levels) == 100_000


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"bins": "quantil"}, r"did you mean 'quantile'"),
        ({"bins": [2, 1]}, r"bins must be ascending edges, got \[2, 1\]"),
        ({"bins": {"y": "width"}}, r"bins names columns X lacks: 'y'. X has 'x'"),
        ({"n_bins": 0}, r"n_bins must lie in"),
        ({"missing": "drop"}, r"missing must be one of"),
        ({"bins": "mdl"}, r"'x' is to be cut by 'mdl', which needs the classes y"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        Encoder(**parameters).fit(pd.DataFrame({"x": [1, 2, 3]}))


def test_text_where_numbers_were_learned_is_named():
    encoder = Encoder().fit(pd.DataFrame({"x": [1, 2, 3]}))
    with pytest.raises(ValueError, match=r"'x' was learned as numbers, but holds 'many'"):
        encoder.encode(pd.DataFrame({"x": ["1", "many"]}))
