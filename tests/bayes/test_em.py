"""Expectation-maximization: the tables that make what is known of the rows most probable."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from crmlib.bayes import BayesNetClassifier, em, factors
from crmlib.bayes.parameters import conditional_table, prior_counts
from crmlib.counts import Encoder


def codes_of(network, rows, seed, gaps):
    """Return random codes of a network's variables; those from the number of states on lack."""
    rng = np.random.default_rng(seed)
    matrix = np.array([rng.integers(0, n, rows) for n in network.sizes], dtype=np.uint8)
    lacking = rng.random(matrix.shape) < gaps
    return np.where(lacking, np.array(network.sizes, dtype=np.uint8)[:, None], matrix)


def joint_of(tables, parents, sizes):
    """Return P(all variables), multiplied out."""
    joint = np.ones(sizes)
    for v, table in enumerate(tables):
        scope = (*parents[v], v)
        shape = [n if u in scope else 1 for u, n in enumerate(sizes)]
        joint = joint * table.transpose(np.argsort(scope)).reshape(shape)
    return joint


def brute_counts(tables, parents, sizes, matrix, weights):
    """Return expected counts and log-likelihood, a row at a time, from the joint distribution."""
    joint = joint_of(tables, parents, sizes)
    counts = [np.zeros(table.shape) for table in tables]
    value = 0.0
    for row, weight in zip(matrix.T, weights, strict=True):
        known = np.ones(sizes)
        for v, code in enumerate(row):
            if code < sizes[v]:
                only = np.eye(sizes[v])[code]
                known = known * only.reshape([-1 if u == v else 1 for u in range(len(sizes))])
        posterior = joint * known
        value += weight * np.log(posterior.sum())
        posterior = posterior / posterior.sum()
        for v in range(len(sizes)):
            scope = (*parents[v], v)
            summed = posterior.sum(axis=tuple(u for u in range(len(sizes)) if u not in scope))
            order = np.argsort(np.argsort(scope))
            counts[v] += weight * summed.transpose(order)
    return counts, value


def known_counts(network, matrix, weights):
    """Return each family's counts over the rows that lack none of its variables."""
    out = []
    for v, parents in enumerate(network.parents):
        scope = (*parents, v)
        table = np.zeros([network.sizes[u] for u in scope])
        for row, weight in zip(matrix.T, weights, strict=True):
            if all(row[u] < network.sizes[u] for u in scope):
                table[tuple(row[u] for u in scope)] += weight
        out.append(table)
    return out


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 6), st.floats(0, 1), st.sampled_from([1, 60, 10**6]))
def test_expected_counts_are_those_of_the_joint(nets, seed, variables, gaps, block):
    network = nets.random(seed, variables)
    matrix = codes_of(network, 15, seed, gaps)
    weights = np.random.default_rng(seed).integers(1, 4, 15).astype(float)
    known = known_counts(network, matrix, weights)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(em, "BLOCK_CELLS", block)
        found = em.find_gaps(matrix, network.sizes, network.parents, weights)
    counts, value = em.expected_counts(network.tables, known, found, network.parents)
    expected, log_likelihood = brute_counts(
        network.tables, network.parents, network.sizes, matrix, weights
    )
    for mine, theirs in zip(counts, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-12)
        assert mine.sum() == pytest.approx(weights.sum())
    assert value == pytest.approx(log_likelihood, rel=1e-10)


@pytest.mark.parametrize(("prior", "strength"), [("mle", 0.0), ("bdeu", 10.0), ("laplace", 0.5)])
def test_whole_runs_are_those_of_the_joint(nets, prior, strength):
    network = nets.random(8, 5)
    matrix = codes_of(network, 80, 8, 0.25)
    weights = np.ones(80)
    known = known_counts(network, matrix, weights)
    gaps = em.find_gaps(matrix, network.sizes, network.parents)
    how = {"prior": prior, "strength": strength}
    found = em.fill_gaps(known, gaps, network.parents, **how, tol=0, max_iter=25)
    tables = [
        conditional_table(n, *(("laplace", 1) if prior == "mle" else how.values())) for n in known
    ]
    for step in range(25):
        counts, value = brute_counts(tables, network.parents, network.sizes, matrix, weights)
        value += sum(
            (prior_counts(t.shape, prior, strength) * np.log(t + 1e-300)).sum() for t in tables
        )
        assert found.objective[step] == pytest.approx(value, rel=1e-9)
        tables = [conditional_table(n, prior, strength) for n in counts]
    for mine, theirs in zip(found.tables, tables, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-7, atol=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.floats(0.05, 0.8), st.sampled_from(["mle", "bdeu", "laplace"]))
def test_no_pass_lowers_the_objective(nets, seed, gaps, prior):
    network = nets.random(seed, 5)
    matrix = codes_of(network, 60, seed, gaps)
    known = known_counts(network, matrix, np.ones(60))
    found = em.fill_gaps(
        known,
        em.find_gaps(matrix, network.sizes, network.parents),
        network.parents,
        prior=prior,
        strength=3.0,
        max_iter=12,
    )
    assert (np.diff(found.objective) >= -1e-9 * np.abs(found.objective[:-1])).all()
    for table in found.tables:
        np.testing.assert_allclose(table.sum(axis=-1), 1)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 5))
def test_posteriors_of_factors_are_those_of_their_product(seed, variables, rows):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 4, variables)
    parts = []
    for _ in range(rng.integers(1, 6)):
        scope = tuple(int(v) for v in rng.permutation(variables)[: rng.integers(1, 4)])
        first = rows if rng.random() < 0.6 else 1
        parts.append(factors.Factor(scope, rng.random((first, *sizes[list(scope)])) + 0.01))
    covered = sorted({v for part in parts for v in part.scope})
    product = np.ones((rows, *sizes[covered]))
    for part in parts:
        order = np.argsort(part.scope)
        shape = [sizes[v] if v in part.scope else 1 for v in covered]
        product = product * part.table.transpose([0, *(1 + order)]).reshape(-1, *shape)
    total = product.reshape(rows, -1).sum(axis=1)
    found, log_total = factors.factor_posteriors(parts, rows)
    np.testing.assert_allclose(log_total, np.log(total), rtol=1e-10, atol=1e-12)
    for part, posterior in zip(parts, found, strict=True):
        axes = tuple(1 + at for at, v in enumerate(covered) if v not in part.scope)
        summed = product.sum(axis=axes) / total.reshape(-1, *[1] * len(part.scope))
        order = np.argsort(np.argsort(part.scope))
        np.testing.assert_allclose(posterior, summed.transpose([0, *(1 + order)]), rtol=1e-10)


def test_a_gap_in_the_effect_tells_nothing_more():
    """With X -> Y and Y missing at will, P(X) learns from all rows and P(Y | X) from the known."""
    x = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    y = np.array([0, 0, 1, 2, 0, 1, 1, 2, 2, 2])
    matrix = np.array([x, y], dtype=np.uint8)
    known = [np.array([4.0, 6.0]), np.array([[2.0, 1.0], [1.0, 2.0]])]
    gaps = em.find_gaps(matrix, [2, 2], ((), (0,)))
    found = em.fill_gaps(known, gaps, ((), (0,)), prior="mle", tol=0, max_iter=500)
    np.testing.assert_allclose(found.tables[0], [0.4, 0.6], rtol=1e-12)
    np.testing.assert_allclose(found.tables[1], [[2 / 3, 1 / 3], [1 / 3, 2 / 3]], atol=1e-7)


def test_a_gap_in_the_cause_has_its_closed_form():
    """With Y -> X and Y missing by X, the likelihood factors the other way round.

    The rows with both give P(Y | X), all rows P(X), and P(Y) = sum P(Y | X) P(X); the rows with
    both alone would give another P(Y), because the gaps are no random sample of them.
    """
    both = np.array([[30.0, 10.0], [5.0, 15.0]])  # x by y
    lost = np.array([10.0, 90.0])  # by x
    x = np.repeat([0, 1], both.sum(axis=1).astype(int) + lost.astype(int))
    y = np.concatenate([np.repeat([0, 1, 2], [*both[i].astype(int), int(lost[i])]) for i in (0, 1)])
    frame = pd.DataFrame({"y": np.array(["a", "b", None], dtype=object)[y]})
    model = BayesNetClassifier(
        [("y", "x")], prior="mle", missing="em", tol=1e-14, max_iter=2000
    ).fit(frame, pd.Series(x, name="x"))
    given = both / both.sum(axis=1, keepdims=True)
    of_x = np.bincount(x) / len(x)
    joint = of_x[:, None] * given
    np.testing.assert_allclose(model.network_.query("y"), joint.sum(axis=0), atol=1e-6)
    np.testing.assert_allclose(model.network_.cpt("x"), (joint / joint.sum(axis=0)).T, atol=1e-6)
    plain = BayesNetClassifier([("y", "x")], prior="mle").fit(frame, pd.Series(x, name="x"))
    assert abs(plain.network_.query("y")["a"] - joint[:, 0].sum()) > 0.1


@pytest.mark.parametrize("structure", ["naive", "tan", "forest", "hill-climb", "augmented"])
def test_without_gaps_nothing_changes(churn_frame, structure):
    X, y = churn_frame
    X = X[X.notna().all(axis=1)]
    y = y[X.index]
    plain = BayesNetClassifier(structure).fit(X, y)
    found = BayesNetClassifier(structure, missing="em").fit(X, y)
    assert found.network_.edges == plain.network_.edges
    for mine, theirs in zip(found.network_.tables, plain.network_.tables, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert found.n_iter_ == 2  # the second pass sees that nothing moves
    assert plain.n_iter_ == 1


@pytest.mark.parametrize("structure", ["naive", "tan", "hill-climb", [("churn", "calls")]])
def test_gaps_in_a_frame_are_filled_the_same_way_twice(churn_frame, structure):
    X, y = churn_frame
    weight = np.random.default_rng(3).integers(0, 3, len(X))
    first = BayesNetClassifier(structure, missing="em").fit(X, y, weight)
    again = BayesNetClassifier(structure, missing="em").fit(X, y, weight)
    plain = BayesNetClassifier(structure).fit(X, y, weight)
    assert first.network_.edges == plain.network_.edges
    for mine, theirs in zip(first.network_.tables, again.network_.tables, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert (np.diff(first.objective_) >= -1e-9).all()
    assert len(first.objective_) == first.n_iter_ > 1
    repeated = np.repeat(np.arange(len(X)), weight)
    other = BayesNetClassifier(structure, missing="em").fit(X.iloc[repeated], y.iloc[repeated])
    for mine, theirs in zip(first.network_.tables, other.network_.tables, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-8)


def test_stopping_early_is_said(churn_frame):
    with pytest.warns(ConvergenceWarning, match="stopped after max_iter=2 passes"):
        model = BayesNetClassifier("tan", missing="em", max_iter=2).fit(*churn_frame)
    assert model.n_iter_ == 2
    for wrong, message in [({"tol": -1}, "tol must lie in"), ({"max_iter": 0}, "max_iter must")]:
        with pytest.raises(ValueError, match=message):
            BayesNetClassifier(missing="em", **wrong).fit(*churn_frame)


def test_a_long_chain_of_gaps_is_summed_out_link_by_link():
    """Forty missing variables of three states: their joint table would have 3 to the 40 cells."""
    rng = np.random.default_rng(0)
    matrix = np.full((42, 30), 3, dtype=np.uint8)
    matrix[[0, 41]] = rng.integers(0, 3, (2, 30))
    parents = ((), *((v,) for v in range(41)))
    tables = [np.full(3, 1 / 3), *(rng.dirichlet([1, 1, 1], 3) for _ in range(41))]
    (gap,) = em.find_gaps(matrix, [3] * 42, parents)
    assert len(gap.weight) <= 9
    known = [
        np.bincount(matrix[0], minlength=3).astype(float),
        *(np.zeros((3, 3)) for _ in range(41)),
    ]
    counts, value = em.expected_counts(tables, known, [gap], parents)
    along = np.linalg.multi_dot(tables[1:])
    expected = np.log(along[matrix[0], matrix[41]]).sum() + 30 * np.log(1 / 3)
    assert value == pytest.approx(expected)
    for above, below in pairwise(counts[1:]):
        np.testing.assert_allclose(above.sum(axis=0), below.sum(axis=1))


def test_a_database_gives_the_same_tables(churn_frame):
    ibis = pytest.importorskip("ibis", reason="the database engine needs crmlib[scale]")
    pa = pytest.importorskip("pyarrow")
    X, y = churn_frame
    value = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
    used = value > 0
    stored = pa.Table.from_pandas(X.assign(churn=y, value=value))
    table = ibis.duckdb.connect().create_table("customers", stored)
    for weight in (None, "value"):
        rows = slice(None) if weight is None else used
        here = BayesNetClassifier("tan", missing="em", n_bins=4)
        here.fit(X[rows], y[rows], None if weight is None else value[rows])
        there = BayesNetClassifier("tan", missing="em", n_bins=4)
        there.fit_table(table if weight else table.drop("value"), "churn", weight)
        assert there.network_.edges == here.network_.edges
        assert there.n_iter_ == here.n_iter_
        for mine, theirs in zip(there.network_.tables, here.network_.tables, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-9)


def test_only_coded_rows_have_gaps():
    with pytest.raises(TypeError, match="Codes or in a CodedTable"):
        em.incomplete_rows(pd.DataFrame())
    codes = Encoder().fit_encode(pd.DataFrame({"a": ["x", None], "b": ["p", "q"]}))
    matrix, weights = em.incomplete_rows(codes, [1.0, 3.0])
    assert matrix.tolist() == [[1], [1]]
    assert weights.tolist() == [3.0]
