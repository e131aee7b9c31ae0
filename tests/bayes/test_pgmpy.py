"""pgmpy as the oracle: structures, scores, tables and posteriors agree with it."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

from crmlib.bayes import BayesNetClassifier, BayesNetwork, em, scores, structure
from crmlib.bayes.climb import FamilyScores, Limits, hill_climb
from crmlib.counts import Attribute, Encoder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pgmpy = pytest.importorskip("pgmpy", reason="the oracle needs crmlib[analysis]")
    from pgmpy import estimators
    from pgmpy.inference import CausalInference, VariableElimination
    from pgmpy.models import DiscreteBayesianNetwork
    from pgmpy.parameter_estimator import DiscreteBayesianEstimator, DiscreteEM, DiscreteMLE
    from pgmpy.readwrite import BIFReader, BIFWriter
    from pgmpy.structure_score import BIC, K2, BDeu

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


def table_of(nets, seed, rows=600, variables=6):
    frame = nets.sample(nets.random(seed, variables), rows, seed)
    # pgmpy knows only the states it meets.
    return frame.apply(lambda column: column.cat.remove_unused_categories())


@pytest.mark.parametrize("seed", range(8))
def test_posteriors_agree_whatever_is_missing(nets, seed):
    network = nets.random(seed, 7)
    frame = nets.sample(network, 60, gaps=0.3).drop(columns="v0")
    proba = BayesNetClassifier.from_network(network, "v0").predict_proba(frame)
    engine = VariableElimination(network.to_pgmpy())
    for row in range(12):
        evidence = frame.iloc[row].dropna().to_dict()
        found = engine.query(["v0"], evidence=evidence, show_progress=False)
        states = [found.state_names["v0"].index(level) for level in network.attributes[0].levels]
        np.testing.assert_allclose(proba[row], found.values[states], rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_interventions_agree(nets, seed):
    network = nets.random(seed, 6)
    cause, effect = next(
        (v, network.descendants(v)[-1]) for v in range(6) if network.descendants(v)
    )
    name = network.names[effect]
    setting = {network.names[cause]: "b"}
    engine = CausalInference(network.to_pgmpy())
    found = engine.query([name], do=setting, show_progress=False)
    states = [found.state_names[name].index(level) for level in network.attributes[effect].levels]
    mine = network.query(name, do=setting)
    np.testing.assert_allclose(mine, found.values[states], atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_tan_has_the_same_edges(nets, seed):
    frame = table_of(nets, seed)
    y = frame.pop("v5")
    model = BayesNetClassifier("tan").fit(frame, y.astype(object).rename("v5"))
    search = estimators.TreeSearch(frame.assign(v5=y), root_node="v0", n_jobs=1)
    theirs = search.estimate(estimator_type="tan", class_node="v5", show_progress=False)
    assert sorted(model.network_.edges) == sorted(theirs.edges())


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("bic", BIC),
        ("k2", K2),
        ("bdeu", lambda data: BDeu(data, equivalent_sample_size=10)),
    ],
)
def test_scores_agree(nets, name, theirs):
    frame = table_of(nets, 3)
    codes = Encoder().fit_encode(frame)
    family = FamilyScores(codes, scores.score_function(name))
    oracle = theirs(frame)
    for child, parents in [(0, ()), (1, (0,)), (2, (0, 4)), (5, (1, 2, 3))]:
        family.learn([(child, parents)])
        mine = family.known[child, parents]
        names = tuple(frame.columns[p] for p in parents)
        # pgmpy leaves out the structure's prior, as we do.
        assert mine == pytest.approx(oracle.local_score(frame.columns[child], names), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_climbing_scores_at_least_as_high(nets, seed):
    frame = table_of(nets, seed, rows=1500)
    family = FamilyScores(Encoder().fit_encode(frame), scores.score_function("bic"))
    mine = family.total(hill_climb(family, Limits(max_parents=5)))
    from pgmpy.causal_discovery import HillClimbSearch

    search = HillClimbSearch(scoring_method="bic-d", return_type="dag", show_progress=False)
    edges = list(search.fit(frame).causal_graph_.edges())
    theirs = family.total(structure.given_edges(edges, list(frame.columns)))
    assert mine >= theirs - 1e-9 * abs(theirs)


@pytest.mark.parametrize(
    ("prior", "strength", "estimator"),
    [
        ("mle", None, DiscreteMLE()),
        ("bdeu", 5, DiscreteBayesianEstimator(prior_type="BDeu", equivalent_sample_size=5)),
        ("laplace", 1, DiscreteBayesianEstimator(prior_type="K2")),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_tables_agree(nets, prior, strength, estimator, weighted):
    frame = table_of(nets, 5, rows=300).astype(str)
    weight = np.random.default_rng(0).integers(1, 5, len(frame)) if weighted else None
    used = frame if weight is None else frame.loc[frame.index.repeat(weight)]
    y = frame["v5"].astype(object)
    edges = [("v5", "v0"), ("v5", "v1"), ("v0", "v1"), ("v2", "v5"), ("v3", "v4")]
    model = BayesNetClassifier(edges, prior=prior, prior_strength=strength)
    mine = model.fit(frame.drop(columns="v5"), y, weight).network_
    theirs = DiscreteBayesianNetwork(edges)
    theirs.fit(used.reset_index(drop=True), estimator=estimator)
    other = BayesNetwork.from_pgmpy(theirs)
    for name in mine.names:
        a, b = mine.position(name), other.position(name)
        order = [
            [other.names[p] for p in other.parents[b]].index(mine.names[p]) for p in mine.parents[a]
        ]
        table = other.tables[b].transpose([*order, len(order)])
        np.testing.assert_allclose(mine.tables[a], table, atol=1e-12)


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_passes_of_expectation_maximization_agree(nets, seed):
    """pgmpy drops rows with single gaps, but sums out a column that is missing altogether."""
    network = nets.random(seed, 5, most_states=3)
    frame = nets.sample(network, 300, seed)
    hidden = next(v for v in range(5) if network.descendants(v))
    name = network.names[hidden]
    numbered = list(network.attributes)  # it numbers the states of what is hidden
    numbered[hidden] = Attribute(name, tuple(range(network.sizes[hidden])))
    network = BayesNetwork(tuple(numbered), network.parents, network.tables)
    estimator = DiscreteEM(
        init_cpds={cpd.variable: cpd for cpd in network.to_pgmpy().cpds},
        state_names={a.name: list(a.levels) for a in numbered if a.name != name},
        latent_card={name: network.sizes[hidden]},
        max_iter=4,
        atol=0,
        show_progress=False,
    )
    bare = DiscreteBayesianNetwork(network.edges, latents={name})
    bare.add_nodes_from(network.names)
    estimator.fit(bare, frame.drop(columns=name).astype(str))
    theirs = {cpd.variable: cpd for cpd in estimator.parameters_}
    matrix = np.array([frame[each].cat.codes for each in network.names], dtype=np.uint8)
    matrix[hidden] = network.sizes[hidden]
    known = []
    for v, parents in enumerate(network.parents):
        cells = np.zeros([network.sizes[u] for u in (*parents, v)])
        if hidden not in (*parents, v):
            np.add.at(cells, tuple(matrix[u] for u in (*parents, v)), 1)
        known.append(cells)
    gaps = em.find_gaps(matrix, network.sizes, network.parents)
    found = em.fill_gaps(
        known, gaps, network.parents, prior="mle", tol=0, max_iter=4, start=network.tables
    )
    for v, (each, parents) in enumerate(zip(network.names, network.parents, strict=True)):
        cpd = theirs[each]
        scope = [*(network.names[p] for p in parents), each]
        order = [cpd.variables.index(member) for member in scope]
        index = np.ix_(
            *[
                [cpd.state_names[member].index(level) for level in network.attributes[u].levels]
                for member, u in zip(scope, (*parents, v), strict=True)
            ]
        )
        np.testing.assert_allclose(found.tables[v], cpd.values.transpose(order)[index], atol=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_pgmpy_and_bif_are_there_and_back(nets, seed, tmp_path):
    network = nets.random(seed, 5)
    back = BayesNetwork.from_pgmpy(network.to_pgmpy())
    for name in network.names:
        np.testing.assert_allclose(back.query(name), network.query(name), atol=1e-12)
    assert sorted(back.edges) == sorted(network.edges)

    read = BayesNetwork.from_pgmpy(BIFReader(string=network.to_bif()).get_model())
    written = tmp_path / "net.bif"
    BIFWriter(network.to_pgmpy()).write(str(written))
    again = BayesNetwork.from_bif(written.read_text())
    for other in (read, again):
        assert sorted(other.edges) == sorted(network.edges)
        for name in network.names:
            np.testing.assert_allclose(
                other.query(name).sort_index(), network.query(name).sort_index(), atol=1e-4
            )


def test_a_pgmpy_model_without_tables_is_refused():
    with pytest.raises(ValueError, match="no table for 'a', 'b'"):
        BayesNetwork.from_pgmpy(DiscreteBayesianNetwork([("a", "b")]))


def test_pgmpy_is_imported_only_when_asked_for():
    code = (
        "import sys, pandas as pd\n"
        "from crmlib.bayes import BayesNetClassifier\n"
        "net = BayesNetClassifier().fit(pd.DataFrame({'a': ['x', 'y'], 'b': ['p', 'q']}), [0, 1])\n"
        "net.network_.to_bif(); net.network_.to_json()\n"
        "print(sorted({'pgmpy', 'ibis', 'numba', 'matplotlib.pyplot'} & set(sys.modules)))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert ran.stdout.strip() == "[]"
