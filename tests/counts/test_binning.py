"""Edges: equal weight, equal width, and cuts that pay for themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.counts.binning import mdl_edges, quantile_edges, width_edges

columns = st.lists(st.integers(-50, 50), min_size=1, max_size=80)


def table_of(column):
    values, rows = np.unique(np.array(column, dtype=float), return_counts=True)
    return values, rows.astype(float)


@given(columns, st.integers(1, 10))
def test_quantile_edges_are_the_inverted_distribution_function(column, n_bins):
    values, rows = table_of(column)
    edges = quantile_edges(values, rows, n_bins)
    if len(values) <= n_bins:
        expected = values[:-1]
    else:
        probabilities = np.arange(1, n_bins) / n_bins
        expected = np.unique(np.quantile(column, probabilities, method="inverted_cdf"))
        expected = expected[expected < values[-1]]
    np.testing.assert_array_equal(edges, expected)


@given(columns, st.integers(1, 10))
def test_a_weight_of_three_is_three_rows(column, n_bins):
    values, rows = table_of(column)
    np.testing.assert_array_equal(
        quantile_edges(values, 3 * rows, n_bins),
        quantile_edges(*table_of(column * 3), n_bins),
    )


def test_equal_widths():
    np.testing.assert_allclose(width_edges(0, 10, 4), [2.5, 5, 7.5])
    assert len(width_edges(3, 3, 4)) == 0


def slow_mdl(values, counts):
    """Fayyad & Irani's recursion, written from the formula one cut at a time."""

    def entropy(c):
        p = c[c > 0] / c.sum()
        return -(p * np.log2(p)).sum()

    total = counts.sum()
    best = None
    for cut in range(1, len(values)):
        left, right = counts[:cut].sum(0), counts[cut:].sum(0)
        after = (left.sum() * entropy(left) + right.sum() * entropy(right)) / total
        if best is None or after < best[0] - 1e-12:
            best = (after, cut)
    if best is None:
        return []
    after, cut = best
    whole, left, right = counts.sum(0), counts[:cut].sum(0), counts[cut:].sum(0)
    k, k1, k2 = ((c > 0).sum() for c in (whole, left, right))
    delta = np.log2(3**k - 2) - (k * entropy(whole) - k1 * entropy(left) - k2 * entropy(right))
    if entropy(whole) - after <= (np.log2(total - 1) + delta) / total:
        return []
    return [
        *slow_mdl(values[:cut], counts[:cut]),
        values[cut - 1],
        *slow_mdl(values[cut:], counts[cut:]),
    ]


@pytest.mark.parametrize("seed", range(12))
def test_mdl_edges_follow_the_formula(seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 40, 400)
    y = (rng.random(400) < np.choose(x // 10, [0.1, 0.8, 0.4, 0.95])) + (x > 35)
    values = np.unique(x).astype(float)
    counts = np.array([[np.sum((x == v) & (y == k)) for k in range(3)] for v in values], float)
    edges = mdl_edges(values, counts)
    np.testing.assert_array_equal(edges, slow_mdl(values, counts))
    assert len(edges) >= 2


def test_mdl_does_not_cut_noise():
    rng = np.random.default_rng(1)
    counts = rng.multinomial(20, [0.5, 0.5], size=30).astype(float)
    assert len(mdl_edges(np.arange(30.0), counts)) == 0
