"""Posteriors are exact for every pattern of missing values: against the joint, multiplied out."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.bayes import BayesNetClassifier, factors, posterior


def by_definition(nets, network, target, row):
    """Return P(target | row) by summing the joint; NaN marks what is missing."""
    joint = nets.joint(network)
    at = tuple(
        slice(None) if v == target or row[v] is None else row[v] for v in range(len(network.sizes))
    )
    axes = tuple(
        axis
        for axis, v in enumerate([v for v in range(len(row)) if isinstance(at[v], slice)])
        if v != target
    )
    weight = joint[at].sum(axis=axes)
    return weight / weight.sum()


@settings(max_examples=120)
@given(st.integers(0, 10**6), st.integers(2, 8), st.floats(0, 1), st.booleans())
def test_posterior_is_that_of_the_joint(nets, seed, variables, gaps, crowded):
    network = nets.random(seed, variables)
    rng = np.random.default_rng(seed + 1)
    target = int(rng.integers(variables))
    codes = np.array([rng.integers(0, n, 20) for n in network.sizes])
    codes[rng.random(codes.shape) < gaps] = 9
    model = posterior.ClassPosterior(network.sizes, network.parents, network.tables, target)
    if crowded:  # nothing fits a shared lookup, nothing is kept
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(posterior, "LOOKUP_CELLS", 1)
            patch.setattr(posterior, "KEPT_CONFIGURATIONS", 0)
            patch.setattr(posterior, "GAP_ROWS", 7)
            patch.setattr(posterior, "LOOKUP_ROWS", 3)
            model = posterior.ClassPosterior(network.sizes, network.parents, network.tables, target)
            found = model.probabilities(model.scores(np.delete(codes, target, axis=0)))
    else:
        found = model.probabilities(model.scores(np.delete(codes, target, axis=0)))
    for row in range(20):
        states = [
            int(c) if c < n else None for c, n in zip(codes[:, row], network.sizes, strict=True)
        ]
        expected = by_definition(nets, network, target, states)
        np.testing.assert_allclose(found[row], expected, rtol=1e-11, atol=1e-14)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(2, 7))
def test_queries_and_most_probable_states_are_those_of_the_joint(nets, seed, variables):
    network = nets.random(seed, variables)
    rng = np.random.default_rng(seed)
    joint = nets.joint(network)
    asked = [int(v) for v in rng.permutation(variables)[: rng.integers(1, 3)]]
    seen = {v: int(rng.integers(network.sizes[v])) for v in range(variables) if rng.random() < 0.4}
    seen = {v: code for v, code in seen.items() if v not in asked}
    rest = [v for v in range(variables) if v not in seen]
    given_seen = joint[tuple(seen.get(v, slice(None)) for v in range(variables))]
    given_seen = given_seen / given_seen.sum()
    others = tuple(axis for axis, v in enumerate(rest) if v not in asked)
    expected = given_seen.sum(axis=others).transpose(np.argsort(np.argsort(asked)))
    evidence = {network.names[v]: network.attributes[v].levels[c] for v, c in seen.items()}
    found = network.query([network.names[v] for v in asked], evidence)
    np.testing.assert_allclose(found.to_numpy(), expected.ravel(), rtol=1e-11, atol=1e-14)

    states, probability = network.most_probable(evidence)
    assert probability == pytest.approx(given_seen.max(), rel=1e-9)
    best = tuple(network.code(network.names[v], states[network.names[v]]) for v in rest)
    assert given_seen[best] == pytest.approx(given_seen.max(), rel=1e-9)


def test_intervention_is_the_truncated_factorization(nets):
    for seed in range(20):
        network = nets.random(seed, 5)
        cut = network.do({"v2": "b"})
        joint = np.ones(network.sizes)
        for v, table in enumerate(network.tables):
            if v != 2:
                scope = (*network.parents[v], v)
                shape = [n if u in scope else 1 for u, n in enumerate(network.sizes)]
                joint = joint * table.transpose(np.argsort(scope)).reshape(shape)
        truncated = joint[:, :, 1]
        np.testing.assert_allclose(
            network.query("v0", do={"v2": "b"}), truncated.sum(axis=(1, 2, 3)), rtol=1e-10
        )
        np.testing.assert_allclose(nets.joint(cut)[:, :, 1], truncated, rtol=1e-12)


def test_a_long_chain_of_evidence_does_not_underflow():
    rng = np.random.default_rng(0)
    names = [f"x{i}" for i in range(500)]
    X = pd.DataFrame(rng.integers(0, 3, (400, 500)), columns=names)
    edges = [("class", name) for name in names] + list(pairwise(names))
    model = BayesNetClassifier(edges, bins="category").fit(X, rng.integers(0, 2, 400))
    proba = model.predict_proba(X)
    assert np.isfinite(proba).all()
    found = model.network_.query("class", X.iloc[0].to_dict())
    np.testing.assert_allclose(found, proba[0], rtol=1e-9, atol=1e-300)


def test_gaps_in_a_table_cost_no_exactness_in_any_structure(nets):
    for structure in ("naive", "tan", "forest", "hill-climb", "augmented"):
        frame = nets.sample(nets.random(3, 7, most_parents=2), 1500, gaps=0.15)
        y = frame.pop("v6").astype(object).fillna("a")
        model = BayesNetClassifier(structure).fit(frame, y)
        proba = model.predict_proba(frame)
        rows = np.random.default_rng(0).choice(len(frame), 25, replace=False)
        for row in rows:
            exact = model.network_.query("v6", frame.iloc[row].to_dict())
            np.testing.assert_allclose(proba[row], exact, rtol=1e-12)


def test_inference_too_large_is_refused_with_its_size(nets, monkeypatch):
    monkeypatch.setattr(factors, "MAX_CELLS", 5)
    network = nets.random(1, 7)
    with pytest.raises(ValueError, match=r"needs a table of \d+ numbers \(1 rows of \d x .*than 5"):
        network.query(["v0", "v1", "v2"])


def test_codes_beyond_the_states_are_missing_values(churn_frame):
    X, y = churn_frame
    model = BayesNetClassifier("tan").fit(X, y)
    codes = model.encoder_.encode(X.head(4))
    strange = codes.matrix.copy()
    strange[0] = codes.attributes[0].unseen
    unseen = type(codes)(strange, codes.attributes, codes.index)
    with pytest.warns(
        UserWarning, match="'contract' holds values never met in training: in 4 rows"
    ):
        found = model.predict_proba(unseen)
    np.testing.assert_array_equal(found, model.predict_proba(X.head(4).assign(contract=None)))
    other = BayesNetClassifier("tan").fit(X.assign(contract="x"), y)
    with pytest.raises(ValueError, match="mean something else than those learned"):
        other.predict(codes)
