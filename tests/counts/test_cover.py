"""Counting supersets once and summing out gives the tables of counting each set apart."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.counts import Encoder, count_tables, memory
from crmlib.counts.cover import cells_of, cover


@settings(max_examples=60)
@given(st.data())
def test_every_set_lies_in_a_superset_within_the_limit(data):
    sizes = data.draw(st.lists(st.integers(1, 9), min_size=2, max_size=8))
    columns = st.frozensets(st.integers(0, len(sizes) - 1), min_size=1, max_size=4)
    sets = data.draw(st.lists(columns, min_size=1, max_size=20))
    limit = data.draw(st.integers(2, 2000))
    chosen = cover(sets, sizes, limit)
    for wanted in sets:
        assert any(wanted <= superset for superset in chosen)
    for superset in chosen:
        assert cells_of(superset, sizes) <= limit or superset in sets


def test_pairs_of_twenty_columns_need_far_fewer_passes_than_pairs():
    pairs = [frozenset(pair) for pair in combinations(range(20), 2)]
    assert len(cover(pairs, [8] * 20, limit=8**5)) <= 40 < len(pairs) == 190


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("cells", [1, 64, 1 << 16, 1 << 24])
def test_tables_do_not_depend_on_what_is_counted_together(monkeypatch, weighted, cells):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.integers(0, 7, (900, 6)), columns=list("abcdef"))
    frame = frame.astype("category").mask(rng.random((900, 6)) < 0.05)
    codes = Encoder().fit_encode(frame)
    weights = rng.integers(0, 5, 900) if weighted else None
    sets = [["b", "a"], ["a", "b", "c"], ["f", "d", "e"], ["c"], ["a", "b"]]
    monkeypatch.setattr(memory, "COVER_CELLS", cells)
    monkeypatch.setattr(memory, "COUNT_ROWS", 101)
    for names, table in zip(sets, count_tables(codes, sets, weights), strict=True):
        slow = np.zeros([8] * len(names))
        np.add.at(slow, tuple(codes[name] for name in names), 1 if weights is None else weights)
        np.testing.assert_array_equal(table, slow)
