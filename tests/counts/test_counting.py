"""Contingency counts: the same from memory, from DuckDB and from portable Ibis."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.counts import Codes, Encoder, count_pairs, count_table, count_tables, queries

ibis = pytest.importorskip("ibis", reason="the database engine needs crmlib[scale]")
pa = pytest.importorskip("pyarrow")


def customers(n=300, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "plan": rng.choice(["gold", "basic", 'it\'s "new"'], n),
            "calls": rng.normal(10, 4, n),
            "months": rng.integers(0, 72, n),
            "roaming": rng.random(n) < 0.3,
            "churn": rng.choice(["no", "yes"], n),
            "value": rng.integers(0, 5, n).astype(float),
        }
    )
    frame.loc[rng.random(n) < 0.1, "plan"] = None
    frame.loc[rng.random(n) < 0.1, "calls"] = np.nan
    return frame


def stored(frame):
    return ibis.duckdb.connect().create_table("customers", pa.Table.from_pandas(frame))


def test_counts_are_those_of_a_loop():
    codes = Encoder(n_bins=3).fit_encode(customers(200))
    weights = np.random.default_rng(1).random(200)
    table = count_table(codes, ["plan", "calls", "churn"], weights)
    slow = np.zeros([attribute.size for attribute in (codes.attributes[i] for i in (0, 1, 4))])
    for row in range(200):
        slow[codes["plan"][row], codes["calls"][row], codes["churn"][row]] += weights[row]
    np.testing.assert_allclose(table, slow, rtol=1e-13)


@pytest.fixture(params=["grouping sets", "union"])
def query(request, monkeypatch):
    """Run once with DuckDB's own query and once with the portable one."""
    if request.param == "union":
        monkeypatch.setattr(queries, "_grouping_sets", queries._union)
    return request.param


@pytest.mark.parametrize("bins", ["quantile", "width", "mdl"])
@pytest.mark.parametrize("weight", [None, "value"])
def test_database_and_memory_learn_and_count_the_same(query, bins, weight):
    frame = customers()
    used = frame if weight is None else frame[frame["value"] > 0]
    weights = None if weight is None else used["value"].to_numpy()
    columns = ["plan", "calls", "months", "roaming"]
    local = Encoder(bins=bins, n_bins=5).fit(used[columns], used["churn"], weights)
    table = stored(frame if weight else frame.drop(columns="value"))
    remote = Encoder(bins=bins, n_bins=5).fit_table(table, target="churn", weight=weight)
    assert [(a.name, a.levels, a.edges) for a in remote.attributes_] == [
        (a.name, a.levels, a.edges) for a in local.attributes_
    ]
    sets = [["plan"], ["calls", "months"], ["plan", "roaming", "calls"], ["months", "calls"]]
    here = count_tables(local.encode(used[columns]), sets, weights)
    there = count_tables(remote.encode_table(table), sets, weight)
    for a, b in zip(here, there, strict=True):
        np.testing.assert_array_equal(a, b)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.text("ab'\"\\%é中 ", max_size=3)),
            st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=False, width=64)),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_hostile_text_and_floats_count_the_same(rows):
    frame = pd.DataFrame(
        {
            "text": pd.Series([row[0] for row in rows], dtype=object),
            "x": pd.Series([row[1] for row in rows], dtype="float64"),
        }
    )
    local = Encoder(n_bins=4)
    codes = local.fit_encode(frame)
    table = stored(frame.astype({"text": "str"}))
    remote = Encoder(n_bins=4).fit_table(table)
    assert remote.attributes_[1].edges == local.attributes_[1].edges
    np.testing.assert_array_equal(
        count_table(local.encode_table(table), ["text", "x"]), count_table(codes, ["text", "x"])
    )


def test_more_columns_than_one_query_names():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 3, (50, 70))).rename(columns="c{}".format)
    encoder = Encoder().fit(frame)
    sets = [[name] for name in frame.columns]
    here = count_tables(encoder.encode(frame), sets)
    there = count_tables(encoder.encode_table(stored(frame)), sets)
    np.testing.assert_array_equal(np.array(here), np.array(there))


def test_pairs_are_every_pair_once():
    codes = Encoder(n_bins=3).fit_encode(customers(100))
    pairs = count_pairs(codes, given="churn")
    assert len(pairs) == 10
    first = pairs["plan", "roaming"]
    np.testing.assert_array_equal(first, count_table(codes, ["plan", "roaming", "churn"]))


def test_nothing_is_left_behind_in_the_database():
    table = stored(customers())

    def names():
        return table.get_backend().con.sql("SHOW ALL TABLES").fetchall()

    before = names()
    count_table(Encoder().fit_table(table).encode_table(table), ["plan"])
    assert names() == before


def test_an_empty_category_column_counts_as_missing():
    codes = Encoder().fit_encode(pd.DataFrame({"plan": [None, None], "x": [1, 2]}, dtype=object))
    np.testing.assert_array_equal(count_table(codes, ["plan"]), [2])


def test_refusals_name_what_is_wrong():
    codes = Encoder().fit_encode(pd.DataFrame({"plan": ["a", "b"]}))
    with pytest.raises(KeyError, match=r"no column 'plna'; there are 'plan'"):
        count_table(codes, ["plna"])
    with pytest.raises(ValueError, match=r"weight must not be negative: it is -1 in row 0"):
        count_table(codes, ["plan"], [-1, 2])
    with pytest.raises(ValueError, match=r"weight must be finite: it is nan in row 1"):
        count_table(codes, ["plan"], [1, np.nan])
    with pytest.raises(ValueError, match=r"weight has shape \(1,\); there are 2 rows"):
        count_table(codes, ["plan"], [1])
    unseen = Codes(codes.matrix + np.uint8(2), codes.attributes, codes.index)
    with pytest.raises(ValueError, match=r"'plan' holds values the encoder never met"):
        count_table(unseen, ["plan"])


def test_database_refusals_name_what_is_wrong():
    frame = customers()
    table = stored(frame)
    encoder = Encoder().fit_table(table)
    strange = encoder.encode_table(stored(frame.assign(plan="diamond")))
    with pytest.raises(ValueError, match=r"'plan' holds values the encoder never met"):
        count_table(strange, ["plan"])
    with pytest.raises(ValueError, match=r"no column 'valu'"):
        count_table(encoder.encode_table(table), ["plan"], "valu")
    negative = stored(frame.assign(value=-1.0))
    with pytest.raises(ValueError, match=r"'value' has 300 values that are missing, negative"):
        count_table(encoder.encode_table(negative), ["plan"], "value")
    with pytest.raises(ValueError, match=r"lacks the columns 'churn'"):
        encoder.encode_table(table.drop("churn"))
    with pytest.raises(ValueError, match=r"table is empty"):
        Encoder().fit_table(table.filter(table.months < 0))
    with pytest.raises(ValueError, match=r"'plan' has 3 categories, more than max_categories=2"):
        Encoder(max_categories=2).fit_table(table)
    with pytest.raises(TypeError, match=r"Column 'day' has type date"):
        Encoder().fit_table(table.mutate(day=ibis.date("2020-01-01")))
