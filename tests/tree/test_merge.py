"""CHAID joins what does not differ, and knows how many ways there were to join."""

import math
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_ndtr
from scipy.stats import chi2, chi2_contingency

from crmlib.tree.merge import bonferroni, log_p_value, merge, spread_over_empty


def partitions(places):
    """Return every way to share places out to groups."""
    if not places:
        return [[]]
    head, *rest = places
    found = []
    for groups in partitions(rest):
        found.append([[head], *groups])
        found += [[*groups[:i], [head, *groups[i]], *groups[i + 1 :]] for i in range(len(groups))]
    return found


def may_be(group, categories, ordered, floating):
    """Whether CHAID could join these categories."""
    if not ordered:
        return True
    placed = [place for place in group if not (floating and place == categories - 1)]
    return all(b - a == 1 for a, b in zip(sorted(placed), sorted(placed)[1:], strict=False))


@pytest.mark.parametrize(("ordered", "floating"), [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("categories", range(2, 8))
def test_the_multiplier_counts_the_ways_to_join(categories, ordered, floating):
    allowed = [
        groups
        for groups in partitions(list(range(categories)))
        if all(may_be(group, categories, ordered, floating) for group in groups)
    ]
    for n in range(1, categories + 1):
        ways = sum(len(groups) == n for groups in allowed)
        assert bonferroni(categories, n, ordered=ordered, floating=floating) == ways


def test_multipliers_are_those_the_r_package_chaidr_prints():
    """Its vignette (CRAN, 2026) prints 714 for ten ranges and a gap; 28, 9 and 8 without gaps."""
    assert bonferroni(11, 5, ordered=True, floating=True) == 714
    found = [bonferroni(c, r, ordered=True, floating=False) for c, r in [(9, 3), (10, 2), (9, 2)]]
    assert found == [28, 9, 8]


@pytest.mark.parametrize("statistic", [0.5, 10.0, 1300.0, 1500.0, 40_000.0])
def test_small_p_values_keep_their_logarithm(statistic):
    one = math.log(2) + log_ndtr(-math.sqrt(statistic))
    assert log_p_value(statistic, 1) == pytest.approx(one, rel=1e-9)
    assert log_p_value(statistic, 2) == pytest.approx(-statistic / 2, rel=1e-9)
    x = statistic / 2
    six = -x + math.log(1 + x + x * x / 2)
    assert log_p_value(statistic, 6) == pytest.approx(six, rel=1e-9)


def test_where_both_ways_work_they_agree():
    assert log_p_value(1370.0, 5) == pytest.approx(chi2.logsf(1370.0, 5), rel=1e-6)


def p_value(table):
    table = table[:, table.sum(axis=0) > 0]
    return 1.0 if table.shape[1] < 2 else chi2_contingency(table, correction=False).pvalue


def joined_by_hand(table, ordered, floating, alpha):
    """Kass's second step in the plainest words there are."""
    groups = [[place] for place in range(len(table))]
    last = len(table) - 1
    while len(groups) > 1:
        pairs = [
            (a, b)
            for a, b in combinations(range(len(groups)), 2)
            if not ordered or b == a + 1 or (floating and groups[b] == [last])
        ]
        p = [p_value(np.array([table[groups[i]].sum(axis=0) for i in pair])) for pair in pairs]
        if max(p) <= alpha:
            break
        a, b = pairs[int(np.argmax(p))]
        groups[a] = sorted(groups[a] + groups[b])
        del groups[b]
    return groups


tables = arrays(
    np.float64,
    st.tuples(st.integers(2, 6), st.integers(2, 3)),
    elements=st.integers(0, 60).map(float),
).filter(lambda table: (table.sum(axis=1) > 0).all() and (table.sum(axis=0) > 0).all())


@given(tables, st.sampled_from([(False, False), (True, False), (True, True)]))
def test_joining_follows_kass(table, kind):
    ordered, floating = kind
    found = merge(table, ordered=ordered, floating=floating, alpha=0.05)
    groups = [list(group) for group in found.groups]
    assert sorted(chain.from_iterable(groups)) == list(range(len(table)))
    by_hand = joined_by_hand(table, ordered, floating, 0.05)
    if groups != by_hand:  # two pairs equally alike but for rounding: both orders are right
        assert not clear(table, ordered, floating)
    left = np.array([table[group].sum(axis=0) for group in groups])
    if len(left) > 1:
        whole = chi2_contingency(left, correction=False)
        assert found.statistic == pytest.approx(whole.statistic)
        assert found.freedom == whole.dof
        assert math.exp(found.log_p) == pytest.approx(whole.pvalue, rel=1e-6)
    else:
        assert (found.log_p, found.freedom) == (0.0, 0)


def clear(table, ordered, floating):
    """Whether a hair's breadth in the counts leaves the branches as they are."""
    moved = table + 1e-7 * np.arange(table.size).reshape(table.shape)
    return joined_by_hand(table, ordered, floating, 0.05) == joined_by_hand(
        moved, ordered, floating, 0.05
    )


@given(tables, st.integers(1, 80))
def test_every_branch_has_its_rows(table, least):
    found = merge(table, ordered=False, floating=False, alpha=1.0, min_rows=least)
    rows = [table[list(group)].sum() for group in found.groups]
    assert len(rows) == 1 or min(rows) >= least


def test_nothing_joins_at_level_one():
    table = np.array([[5.0, 5.0], [5.0, 5.0], [5.0, 5.0]])
    assert len(merge(table, ordered=False, floating=False, alpha=1.0).groups) == 3


def test_missing_joins_a_range_far_away_if_that_is_most_like_it():
    table = np.array([[90.0, 10.0], [50.0, 50.0], [10.0, 90.0], [45.0, 5.0]])
    free = merge(table, ordered=True, floating=True, alpha=0.05)
    assert free.groups == ((0, 3), (1,), (2,))
    bound = merge(table, ordered=True, floating=False, alpha=0.05)
    assert bound.groups == ((0,), (1,), (2,), (3,))
    assert free.multiplier > bound.multiplier


def test_differences_beyond_the_smallest_number_are_still_compared():
    table = np.array([[1e5, 0.0], [0.0, 1e5], [2e3, 9e4]])
    found = merge(table, ordered=False, floating=False, alpha=0.05, min_rows=95_000)
    assert found.groups == ((0,), (1, 2))
    assert found.log_p < -5_000


def test_empty_ranges_go_with_the_nearest():
    assert spread_over_empty(np.array([-1, -1])).tolist() == [-1, -1]
    assert spread_over_empty(np.array([-1, 1, -1, -1, 0, -1])).tolist() == [1, 1, 1, 0, 0, 0]
