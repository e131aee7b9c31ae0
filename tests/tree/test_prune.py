"""Pruning: three ways, each against its definition or another implementation."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from sklearn.tree import DecisionTreeClassifier

from crmlib.tree import WeightedID3Classifier
from crmlib.tree.prune import upper_error


def planted(n=3000, seed=0, noise=0.15):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"a{i}": rng.integers(0, 2 + i % 4, n) for i in range(8)})
    y = ((frame["a1"] == 1) & (frame["a2"] != 3) | (frame["a3"] == 2)).to_numpy(dtype=int)
    flip = rng.random(n) < noise
    return frame, np.where(flip, 1 - y, y)


def labels_below(tree, decision, node):
    """Return the leaves under a node."""
    found, pending = [], [node]
    while pending:
        at = pending.pop()
        below = list(tree.children(at).values()) if tree.attribute[at] >= 0 else []
        pending += below
        if not below:
            found.append(at)
    return found


@pytest.mark.parametrize(
    "options",
    [
        {"pruning": "reduced_error", "random_state": 0},
        {"pruning": "pessimistic"},
        {"pruning": "cost_complexity", "ccp_alpha": 0.002},
    ],
    ids=lambda options: options["pruning"],
)
def test_pruning_makes_the_tree_smaller_and_better(options):
    X, y = planted()
    new, truth = planted(seed=1)
    grown = WeightedID3Classifier().fit(X, y)
    pruned = WeightedID3Classifier(**options).fit(X, y)
    assert 1 < len(pruned.tree_) < len(grown.tree_) / 2
    assert pruned.score(new, truth) > grown.score(new, truth) + 0.05


def test_pessimistic_pruning_follows_the_upper_limit():
    X, y = planted(600)
    grown = WeightedID3Classifier(max_depth=5).fit(X, y)
    tree, decision = grown.tree_, grown.model_.decision
    n = tree.rows.sum(1)
    wrong = n - tree.rows[np.arange(len(tree)), decision]
    price = n * upper_error(wrong, n, 0.25)
    # The definition, one node at a time from the last to the first.
    cost, leaf = price.copy(), tree.attribute < 0
    for node in range(len(tree) - 1, -1, -1):
        if tree.attribute[node] >= 0:
            below = sum(cost[child] for child in tree.children(node).values())
            leaf[node] = price[node] <= below + 1e-9
            cost[node] = price[node] if leaf[node] else below
    keep = [True] * len(tree)
    for node in range(1, len(tree)):
        keep[node] = keep[tree.parent[node]] and not leaf[tree.parent[node]]
    pruned = WeightedID3Classifier(max_depth=5, pruning="pessimistic").fit(X, y)
    assert len(pruned.tree_) == sum(keep)
    np.testing.assert_array_equal(pruned.tree_.rows, tree.rows[keep])


def test_the_upper_limit_is_that_of_quinlans_example():
    wrong, n = np.array([0.0, 0.0, 0.0, 1.0]), np.array([6.0, 9.0, 1.0, 16.0])
    limit = upper_error(wrong, n, 0.25)
    np.testing.assert_allclose(limit[:3], [0.206, 0.143, 0.75], atol=5e-4)
    assert (n * limit)[:3].sum() == pytest.approx(3.273, abs=0.005)
    assert binom.cdf(1, 16, limit[3]) == pytest.approx(0.25)
    assert upper_error(np.array([4.0]), np.array([4.0]), 0.25)[0] == 1


def test_a_smaller_confidence_prunes_more():
    X, y = planted()
    sizes = [
        len(WeightedID3Classifier(pruning="pessimistic", confidence=c).fit(X, y).tree_)
        for c in (0.95, 0.25, 1e-9)
    ]
    assert sizes[0] > sizes[1] > sizes[2]


def test_reduced_error_never_does_worse_on_the_rows_it_prunes_by():
    X, y = planted()
    model = WeightedID3Classifier(pruning="reduced_error", random_state=3).fit(X, y)
    again = WeightedID3Classifier(pruning="reduced_error", random_state=3).fit(X, y)
    other = WeightedID3Classifier(pruning="reduced_error", random_state=4).fit(X, y)
    assert model.to_json() == again.to_json()
    assert model.to_json() != other.to_json()
    target = y.astype(np.uint8)
    out = model._validation_rows(target)
    assert out.mean() == pytest.approx(0.25, abs=0.01)
    grown = WeightedID3Classifier().fit(X[~out], y[~out])
    assert model.score(X[out], y[out]) >= grown.score(X[out], y[out])
    assert model.tree_.rows[0].sum() == (~out).sum()


def binary(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 2, (500, 7))
    y = (X[:, 0] ^ (X[:, 1] & X[:, 2])) ^ (rng.random(500) < 0.2)
    return X, y.astype(int), rng.exponential(1.0, 500)


@pytest.mark.parametrize("seed", range(3))
def test_the_cost_complexity_path_is_scikit_learns(seed):
    X, y, value = binary(seed)
    mine = WeightedID3Classifier(max_depth=5).fit(X, y, value).cost_complexity_path()
    theirs = DecisionTreeClassifier(criterion="entropy", max_depth=5, random_state=0)
    path = theirs.cost_complexity_pruning_path(X, y, value)
    # Theirs may split pure nodes, which shows as links of no price.
    alphas = path.ccp_alphas[np.r_[True, np.diff(path.ccp_alphas) > 1e-12]]
    np.testing.assert_allclose(mine["ccp_alpha"], alphas, atol=1e-9)
    assert mine["risk (bits)"].iloc[-1] == pytest.approx(path.impurities[-1])


@pytest.mark.parametrize("alpha", [0.002, 0.01, 0.05])
def test_cost_complexity_pruning_is_scikit_learns(alpha):
    X, y, value = binary()
    mine = WeightedID3Classifier(max_depth=5, pruning="cost_complexity", ccp_alpha=alpha)
    theirs = DecisionTreeClassifier(
        criterion="entropy", max_depth=5, ccp_alpha=alpha, random_state=0
    )
    mine.fit(X, y, value)
    theirs.fit(X, y, value)
    assert len(mine.tree_.leaves) == theirs.get_n_leaves()
    np.testing.assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), atol=1e-12)


def test_a_pruned_tree_keeps_its_links():
    X, y = planted(800)
    tree = WeightedID3Classifier(pruning="pessimistic").fit(X, y).tree_
    for node in range(1, len(tree)):
        above = int(tree.parent[node])
        assert tree.children(above)[int(tree.code[node])] == node
        assert tree.depth[node] == tree.depth[above] + 1
    for node in np.flatnonzero(tree.attribute >= 0):
        below = sum(tree.rows[child] for child in tree.children(int(node)).values())
        np.testing.assert_allclose(below, tree.rows[node])
