"""The theory of weighted entropy, property by property."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import chi2_contingency
from sklearn.tree import DecisionTreeClassifier

from crmlib.tree import chi_square, entropy, information_gain, split_information
from crmlib.tree.criteria import CRITERIA, Weights, split_sums

tables = hnp.arrays(
    np.float64,
    st.tuples(st.integers(2, 6), st.integers(2, 4)),
    elements=st.integers(0, 60).map(float),
).filter(lambda table: table.sum() > 0)
weights = st.lists(st.floats(0.01, 20), min_size=4, max_size=4).map(np.array)


def ones(table):
    return np.ones(table.shape[1])


def sums_of(table, w=None, **options):
    offsets = np.array([0, len(table)])
    return split_sums(table[None], offsets, ones(table) if w is None else w, **options)


@given(tables, weights)
def test_guiasu_gain_is_the_weighted_divergence_of_branches(table, w):
    """G = sum_k w_k p_k KL(P(v | k) || P(v))."""
    w = w[: table.shape[1]]
    p = table / table.sum()
    p_v, p_k = p.sum(1, keepdims=True), p.sum(0)
    ratio = np.divide(p, p_v * p_k, out=np.ones_like(p), where=p > 0)
    divergence = (w * p * np.log2(ratio)).sum()
    assert information_gain(table, w) == pytest.approx(divergence, abs=1e-9)
    assert sums_of(table, w).gain[0, 0] == pytest.approx(divergence, abs=1e-9)


@given(tables, weights)
def test_guiasu_gain_lies_between_nothing_and_the_entropy(table, w):
    w = w[: table.shape[1]]
    assert -1e-9 <= information_gain(table, w) <= entropy(table.sum(0), w) + 1e-9


@given(tables, weights, weights, st.floats(0.1, 9))
def test_guiasu_gain_is_linear_in_the_weights(table, w, u, c):
    w, u = w[: table.shape[1]], u[: table.shape[1]]
    together = information_gain(table, c * w + u)
    apart = c * information_gain(table, w) + information_gain(table, u)
    assert together == pytest.approx(apart, abs=1e-8)


@given(tables, weights)
def test_merging_branches_never_raises_the_gain(table, w):
    assume(len(table) > 2)
    merged = np.vstack([table[0] + table[1], table[2:]])
    w = w[: table.shape[1]]
    assert information_gain(merged, w) <= information_gain(table, w) + 1e-9


@given(tables, weights)
def test_grouping_axiom(table, w):
    """Learning the merged branch first and its parts next tells as much as all at once."""
    w = w[: table.shape[1]]
    pair = table[:2]
    assume(pair.sum() > 0)
    merged = np.vstack([pair.sum(0), table[2:]])
    share = pair.sum() / table.sum()
    stepwise = information_gain(merged, w) + share * information_gain(pair, w)
    assert stepwise == pytest.approx(information_gain(table, w), abs=1e-9)


@given(tables, st.randoms(use_true_random=False))
def test_order_of_values_and_classes_does_not_matter(table, random):
    rows, columns = list(range(len(table))), list(range(table.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    shuffled = table[rows][:, columns]
    assert information_gain(shuffled) == pytest.approx(information_gain(table), abs=1e-9)


@given(tables, weights, st.floats(0.1, 50))
def test_reweighted_gain_ignores_the_scale_and_is_never_negative(table, w, c):
    w = w[: table.shape[1]]
    gain = information_gain(table * w)
    assert gain >= -1e-9
    assert information_gain(table * (c * w)) == pytest.approx(gain, abs=1e-9)


@given(tables)
def test_whole_class_weights_are_repeated_rows(table):
    w = np.arange(1, table.shape[1] + 1)
    repeated = np.repeat(table, w, axis=1)  # the same class several times ...
    columns = np.split(repeated, np.cumsum(w)[:-1], axis=1)
    summed = np.column_stack([part.sum(1) for part in columns])  # ... counted together
    assert information_gain(table * w) == pytest.approx(information_gain(summed), abs=1e-12)


@settings(max_examples=40)
@given(tables.filter(lambda t: (t.sum(0) > 0).all() and (t.sum(1) > 0).all()), weights)
def test_reweighted_gain_is_scikit_learns_impurity_decrease(table, w):
    table, w = table[:2], w[: table.shape[1]]
    assume((table.sum(0) > 0).all() and (table.sum(1) > 0).all())
    x, y = np.nonzero(table)
    fitted = DecisionTreeClassifier(
        criterion="entropy", max_depth=1, class_weight=dict(enumerate(w))
    ).fit(x[:, None], y, sample_weight=table[x, y])
    tree = fitted.tree_
    assume(tree.node_count == 3)
    n = tree.weighted_n_node_samples
    decrease = tree.impurity[0] - (n[1:] * tree.impurity[1:]).sum() / n[0]
    assert information_gain(table * w) == pytest.approx(decrease, abs=1e-12)


def test_the_entropy_of_a_pure_group_prints_as_zero():
    assert str(entropy([4, 0])) == str(entropy([0, 4], class_weight=[1, 3])) == "0.0"


def test_the_weighted_entropy_does_not_peak_at_one_half():
    p = np.linspace(0, 1, 100_001)
    values = [entropy([x, 1 - x], [3, 1]) for x in p[40_000:50_001:10]]
    best = 40_000 + 10 * int(np.argmax(values))
    assert p[best] == pytest.approx(0.427, abs=5e-4)
    assert max(values) == pytest.approx(2.033, abs=5e-4)


def test_mixtures_of_the_two_weightings_can_be_negative():
    """Why the two ways to weigh classes are not mixed: a counterexample to each mixture."""
    rng = np.random.default_rng(0)
    guiasu_with_weighted_shares = reweighted_with_plain_shares = 0
    for _ in range(4000):
        n, w = rng.integers(0, 20, (3, 2)).astype(float), rng.uniform(0.1, 10, 2)
        if (n.sum(1) == 0).any() or (n.sum(0) == 0).any():
            continue
        shares = (n * w).sum(1) / (n * w).sum()
        gain = entropy(n.sum(0), w) - shares @ [entropy(row, w) for row in n]
        guiasu_with_weighted_shares += gain < -1e-9
        shares = n.sum(1) / n.sum()
        gain = entropy(n.sum(0) * w) - shares @ [entropy(row * w) for row in n]
        reweighted_with_plain_shares += gain < -1e-9
    assert guiasu_with_weighted_shares > 0
    assert reweighted_with_plain_shares > guiasu_with_weighted_shares


def score(name, table, weight=1.0, cost=1.0, omega=1.0):
    criterion = CRITERIA[name]
    sums = sums_of(table, branch_entropy=True)
    return float(criterion.score(sums, Weights(np.array([weight]), np.array([cost]), omega))[0, 0])


def test_historical_scores_go_wrong_as_described():
    irrelevant = np.array([[3.0, 1.0], [3.0, 1.0]])
    assert information_gain(irrelevant) == pytest.approx(0)
    assert score("historical_lambda", irrelevant, 2) == pytest.approx(-0.811, abs=5e-4)
    assert score("historical_lambda", irrelevant, 0.5) == pytest.approx(0.406, abs=5e-4)
    assert score("historical_interest", irrelevant, 0.3) == pytest.approx(-0.487, abs=5e-4)
    informative = np.array([[3.0, 1.0], [0.0, 4.0]])
    gain = information_gain(informative)
    assert score("historical_lambda", informative, 1) == pytest.approx(gain)
    assert score("historical_interest", informative, 0) == pytest.approx(gain)


def test_cost_scores_follow_their_formulas():
    table = np.array([[3.0, 1.0], [0.0, 4.0]])
    gain = information_gain(table)
    assert score("eg2", table, cost=3, omega=2) == pytest.approx((2**gain - 1) / 16)
    assert score("eg2", table, cost=3, omega=0) == pytest.approx(2**gain - 1)
    assert score("cs_id3", table, cost=3) == pytest.approx(gain**2 / 3)
    assert score("idx", table, cost=3) == pytest.approx(gain / 3)
    assert score("gain", table, weight=2) == pytest.approx(2 * gain)


@given(tables)
def test_split_information_is_the_entropy_of_the_branches(table):
    assert sums_of(table).split_info[0, 0] == pytest.approx(
        split_information(table.sum(1)), abs=1e-9
    )


@given(tables)
def test_chi_square_is_scipys(table):
    assume((table.sum(1) > 0).sum() > 1 and (table.sum(0) > 0).sum() > 1)
    used = table[table.sum(1) > 0][:, table.sum(0) > 0]
    expected = chi2_contingency(used, correction=False)
    statistic, p = chi_square(table[None], np.array([0, len(table)]))
    assert statistic[0, 0] == pytest.approx(expected.statistic, abs=1e-8)
    assert p[0, 0] == pytest.approx(expected.pvalue, abs=1e-10)


@given(tables)
def test_chi_square_cannot_reject_what_does_not_vary(table):
    table[:, 1:] = 0
    assume(table.sum() > 0)
    assert chi_square(table[None], np.array([0, len(table)]))[1][0, 0] == 1


def test_nothing_has_no_entropy():
    assert entropy([0, 0]) == 0
    assert information_gain([[0, 0], [0, 0]]) == 0
