"""Structures: optimal where a closed form says so, never worse than their start elsewhere."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.bayes import BayesNetClassifier, scores, structure
from crmlib.bayes.climb import FamilyScores, Limits, hill_climb
from crmlib.counts import Codes, Encoder, count_table


def planted(rows=3000, seed=0):
    """Return codes drawn from a known network, with a spurious column."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 3, rows)
    b = np.where(rng.random(rows) < 0.8, a, rng.integers(0, 3, rows))
    c = np.where(rng.random(rows) < 0.7, (a + b) % 2, rng.integers(0, 2, rows))
    frame = pd.DataFrame({"a": a, "b": b, "c": c, "noise": rng.integers(0, 3, rows)})
    return Encoder(bins="category").fit_encode(frame)


def all_dags(n):
    edges = list(combinations(range(n), 2))
    for choice in product((0, 1, 2), repeat=len(edges)):
        pairs = [(i, j) if c == 1 else (j, i) for (i, j), c in zip(edges, choice, strict=True) if c]
        parents = structure.as_parents(pairs, n)
        try:
            structure.topological(parents)
        except ValueError:
            continue
        yield parents


@pytest.mark.parametrize("name", ["bic", "bdeu", "k2"])
def test_climbing_finds_the_best_of_all_structures(name):
    family = FamilyScores(planted(), scores.score_function(name))
    best = max(family.total(parents) for parents in all_dags(4))
    found = hill_climb(family, Limits(), starts=4, patience=3)
    assert family.total(found) == pytest.approx(best, rel=1e-12)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(0, 4))
def test_climbing_keeps_its_limits_and_beats_its_start(seed, patience):
    rng = np.random.default_rng(seed)
    codes = planted(200, seed)
    edges = [(int(u), int(v)) for u, v in rng.permutation(list(combinations(range(4), 2)))]
    limits = Limits(
        required=edges[:1], forbidden=edges[1:3], tiers=[0, 1, 1, 2], max_parents=2, max_cells=20
    )
    family = FamilyScores(codes, scores.score_function("aic"))
    found = hill_climb(family, limits, starts=3, patience=patience, random_state=seed)
    structure.topological(found)
    assert edges[0][0] in found[edges[0][1]]
    for child, parents in enumerate(found):
        for parent in parents:
            assert (parent, child) not in edges[1:3]
            assert limits.tiers[parent] <= limits.tiers[child]
    assert all(len(parents) <= 2 for parents in found)
    start = structure.as_parents(edges[:1], 4)
    assert family.total(found) >= family.total(start)


def test_a_step_further_never_hurts():
    codes = planted(500, 3)
    family = FamilyScores(codes, scores.score_function("bic"))
    totals = [
        family.total(hill_climb(family, Limits(), starts=1, patience=patience))
        for patience in (0, 3, 10)
    ]
    assert totals == sorted(totals)


def test_the_last_digits_of_the_counts_change_nothing():
    """Databases sum in another order than memory: noise far below the tolerance must not matter."""
    codes = planted(700, 5)
    codes = Codes(codes.matrix[:2], codes.attributes[:2], codes.index)  # either way round fits
    found = set()
    for seed in range(6):
        noise = np.random.default_rng(seed)

        def shaken(counts, noise=noise):
            return scores.bic(counts) * (1 + 1e-14 * noise.standard_normal())

        found.add(hill_climb(FamilyScores(codes, shaken), Limits(), starts=6))
    assert len(found) == 1


def test_tan_is_the_tree_of_largest_conditional_information():
    codes = planted(800, 7)
    target = 3
    parents = structure.tan(codes, target)
    information = {
        pair: scores.conditional_mutual_information(
            count_table(codes, [codes.names[v] for v in (*pair, target)])
        )
        for pair in combinations(range(3), 2)
    }
    best = max(sum(information[p] for p in two) for two in combinations(information, 2))
    tree = [(p, v) for v in range(3) for p in parents[v] if p != target]
    assert sum(information[tuple(sorted(edge))] for edge in tree) == pytest.approx(best)
    assert all(target in parents[v] for v in range(3))
    assert parents[target] == ()


def test_fan_is_the_augmented_forest_of_highest_bic():
    target = 3
    for seed in (3, 7):
        codes = planted(300, seed)
        family = FamilyScores(codes, scores.score_function("bic"))
        augmented = [
            p
            for p in all_dags(4)
            if all(target in p[v] and len(p[v]) <= 2 for v in range(3)) and not p[target]
        ]
        best = max(family.total(p) for p in augmented)
        assert family.total(structure.fan(codes, target)) == pytest.approx(best, rel=1e-12)


def test_an_attribute_of_many_values_is_the_hub_of_tan_and_not_of_fan():
    """Mutual information is overestimated where cells are many and rows few."""
    rng = np.random.default_rng(0)
    rows = 800
    usage = rng.integers(0, 4, (5, rows))
    usage[1] = (usage[0] + (rng.random(rows) < 0.3)) % 4  # the only real edge
    frame = pd.DataFrame({f"usage{i}": values.astype(str) for i, values in enumerate(usage)})
    frame.insert(0, "state", rng.integers(0, 50, rows).astype(str))
    left = pd.Series(rng.random(rows) < 0.15 + 0.2 * (usage[2] == 3), name="left")
    edges = {
        kind: BayesNetClassifier(kind).fit(frame, left).network_.edges for kind in ("tan", "fan")
    }
    assert sum(parent == "state" for parent, _ in edges["tan"]) >= 4
    assert [edge for edge in edges["fan"] if edge[0] != "left"] == [("usage0", "usage1")]


def test_the_forest_leaves_noise_alone_and_never_loses_bic():
    codes = planted()
    parents = structure.forest(codes, target=2)
    assert parents[3] == ()
    assert all(3 not in each for each in parents)
    family = FamilyScores(codes, scores.score_function("bic"))
    trees = [p for p in all_dags(4) if all(len(each) <= 1 for each in p)]
    best = max(family.total(p) for p in trees)
    assert family.total(parents) == pytest.approx(best, rel=1e-12)


def test_scores_are_those_of_the_formulas():
    counts = np.array([[[3.0, 1.0], [0.0, 2.0]], [[5.0, 0.0], [0.0, 0.0]]])
    flat = counts.reshape(-1, 2)
    ll = sum(n * np.log(n / row.sum()) for row in flat for n in row if n)
    assert scores.log_likelihood(counts) == pytest.approx(ll)
    assert scores.bic(counts) == pytest.approx(ll - 0.5 * np.log(11) * 4)
    assert scores.aic(counts) == pytest.approx(ll - 4)
    # K2 in the factorials of Cooper & Herskovits: prod (r-1)! / (N+r-1)! prod n!
    from math import factorial

    k2 = np.prod(
        [
            factorial(1) / factorial(int(row.sum()) + 1) * np.prod([factorial(int(n)) for n in row])
            for row in flat
        ]
    )
    assert scores.k2(counts) == pytest.approx(np.log(k2))


@settings(max_examples=50)
@given(st.integers(0, 10**6))
def test_likelihood_equivalent_scores_do_not_see_directions(seed):
    table = np.random.default_rng(seed).integers(0, 30, (3, 4)).astype(float) + 1
    for name in ("bic", "aic", "bdeu"):
        score = scores.score_function(name)
        forward = score(table.sum(axis=1)) + score(table)
        backward = score(table.sum(axis=0)) + score(table.T)
        assert forward == pytest.approx(backward, rel=1e-10)


def test_classifier_options_reach_the_search(churn_frame):
    X, y = churn_frame
    model = BayesNetClassifier(
        "hill-climb",
        required=[("contract", "churn")],
        forbidden=[("calls", "churn")],
        tiers=[["contract", "months", "fiber"], ["calls"], ["churn"]],
    ).fit(X, y)
    edges = model.network_.edges
    assert ("contract", "churn") in edges
    assert ("calls", "churn") not in edges
    assert not [edge for edge in edges if edge[0] == "churn"]
    augmented = BayesNetClassifier("augmented").fit(X, y).network_.edges
    assert {("churn", name) for name in X.columns} <= set(augmented)


def test_incomplete_tables_are_searched_on_their_complete_rows(churn_frame):
    X, y = churn_frame
    full = X.notna().all(axis=1)
    bins = {"calls": [1, 3], "months": [12, 24]}
    a = BayesNetClassifier("hill-climb", bins=bins).fit(X, y).network_.edges
    b = BayesNetClassifier("hill-climb", bins=bins).fit(X[full], y[full]).network_.edges
    assert a == b
    with pytest.raises(ValueError, match="No row is complete"):
        BayesNetClassifier("hill-climb").fit(X[~full], y[~full])
