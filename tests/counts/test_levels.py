"""Level counters: NumPy, the compiled kernel and the database see the same levels."""

import numpy as np
import pandas as pd
import pytest

from crmlib.counts import Codes, Edges, Encoder, SqlCounter, level_counter

SIZES = (2, 3, 12, 5, 40, 2, 7)


def coded(n, seed, sizes=SIZES):
    rng = np.random.default_rng(seed)
    # Every value occurs, so that every engine has the same slots.
    frame = pd.DataFrame(
        {f"a{i}": rng.permutation(np.arange(n) % size) for i, size in enumerate(sizes)}
    )
    encoder = Encoder(bins="category")
    return frame, encoder.fit_encode(frame), rng.integers(0, 3, n).astype(np.uint8)


def random_edges(counter, rng, depth):
    """Split every node by some attribute and drop some branches."""
    sizes = np.diff(counter.offsets)
    split = rng.integers(-1, len(sizes), counter.n_nodes)
    split[rng.integers(counter.n_nodes)] = depth % len(sizes)
    node, code = [], []
    for at, attribute in enumerate(split):
        if attribute >= 0:
            kept = np.flatnonzero(rng.random(sizes[attribute]) < 0.8)
            node += [at] * len(kept)
            code += kept.tolist()
    children = np.arange(len(node))
    return split, Edges(np.array(node, int), np.array(code, int), children, np.ones(len(node)))


def slow_level(codes, target, weights, node, n_nodes, offsets):
    out = np.zeros((n_nodes, offsets[-1], 3))
    for row in np.flatnonzero(node >= 0):
        for a in range(len(codes.matrix)):
            out[node[row], offsets[a] + codes.matrix[a, row], target[row]] += weights[row]
    return out


@pytest.mark.parametrize("engine", ["numpy", "numba", "sql"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [60, 3000])
def test_every_engine_counts_what_a_loop_counts(engine, weighted, n):
    frame, codes, target = coded(n, seed=n)
    rng = np.random.default_rng(7)
    weights = rng.integers(1, 5, n) / 2 if weighted else None
    if engine == "sql":
        ibis = pytest.importorskip("ibis")
        pa = pytest.importorskip("pyarrow")
        table = frame.assign(y=target, w=weights if weighted else 1.0)
        table = ibis.duckdb.connect().create_table("t", pa.Table.from_pandas(table))
        encoder = Encoder(bins="category").fit(frame.assign(y=target))
        counter = SqlCounter(encoder.encode_table(table), "y", "w" if weighted else None)
    else:
        if engine == "numba":
            pytest.importorskip("numba")
        counter = level_counter(codes, target, 3, weights, engine=engine)
    ones = np.ones(n)
    node = np.zeros(n, dtype=int)
    wide = np.diff(counter.offsets) - np.array(SIZES)  # the database has a place for missing
    keep = np.concatenate(
        [
            np.arange(first, first + size)
            for first, size in zip(counter.offsets, SIZES, strict=False)
        ]
    )
    offsets = np.concatenate([[0], np.cumsum(SIZES)])
    assert set(wide) <= {0, 1}
    for depth in range(3):
        whole = counter.counts(0, counter.n_nodes)
        expected = slow_level(codes, target, ones, node, counter.n_nodes, offsets)
        np.testing.assert_array_equal(whole.rows[:, keep], expected)
        if weighted:
            expected = slow_level(codes, target, weights, node, counter.n_nodes, offsets)
        np.testing.assert_allclose(whole.weighted[:, keep], expected)
        middle = counter.n_nodes // 2
        parts = [counter.counts(0, middle), counter.counts(middle, counter.n_nodes)]
        np.testing.assert_array_equal(np.concatenate([part.rows for part in parts]), whole.rows)
        split, edges = random_edges(counter, rng, depth)
        split = np.minimum(split, len(SIZES) - 1)
        inside = edges.code < np.array(SIZES)[split[edges.node]]
        edges = Edges(
            edges.node[inside], edges.code[inside], np.arange(inside.sum()), edges.share[inside]
        )
        child = {(v, c): k for v, c, k in zip(edges.node, edges.code, edges.child, strict=True)}
        node = np.array(
            [
                child.get((v, codes.matrix[split[v], row]), -1) if v >= 0 and split[v] >= 0 else -1
                for row, v in enumerate(node)
            ]
        )
        counter.descend(split, edges, len(edges.node))


def test_a_row_can_go_down_several_branches_in_shares():
    ibis = pytest.importorskip("ibis")
    pa = pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"x": ["a", "b", None, "a"], "z": ["p", "q", "q", "p"]})
    target = np.array([0, 1, 1, 0], dtype=np.uint8)
    encoder = Encoder().fit(frame)
    codes = encoder.encode(frame)
    edges = Edges(
        *(np.array(c) for c in ([0, 0, 0, 0], [0, 1, 2, 2], [0, 1, 0, 1])),
        np.array([1, 1, 2 / 3, 1 / 3]),
    )
    memory = level_counter(codes, target, 2, fractional=True)
    memory.descend(np.array([0]), edges, 2)
    table = ibis.duckdb.connect().create_table("t", pa.Table.from_pandas(frame.assign(y=target)))
    full = Encoder(bins="category").fit(frame.assign(y=target))
    database = SqlCounter(full.encode_table(table), "y")
    database.descend(np.array([0]), edges, 2)
    z = slice(int(memory.offsets[1]), int(memory.offsets[1]) + 2)
    there = slice(int(database.offsets[1]), int(database.offsets[1]) + 2)
    expected = [[[2, 0], [0, 2 / 3]], [[0, 0], [0, 4 / 3]]]
    np.testing.assert_allclose(memory.counts(0, 2).rows[:, z], expected)
    np.testing.assert_allclose(database.counts(0, 2).rows[:, there], expected)
    with pytest.raises(ValueError, match="cannot send a row down several branches"):
        level_counter(codes, target, 2, engine="numba", fractional=True)


def test_the_kernel_says_what_does_not_fit():
    pytest.importorskip("numba")
    _, codes, target = coded(500, 0, sizes=(2, 120))
    with pytest.raises(ValueError, match=r"'a1' has 1\d\d codes and there are 3 classes"):
        level_counter(codes, target, 3, engine="numba")


def test_unseen_codes_are_refused():
    codes = Encoder().fit(pd.DataFrame({"x": ["a"]})).encode(pd.DataFrame({"x": ["b"]}))
    assert isinstance(codes, Codes)
    with pytest.raises(ValueError, match=r"'x' holds values the encoder never met"):
        level_counter(codes, np.array([0], dtype=np.uint8), 2)
