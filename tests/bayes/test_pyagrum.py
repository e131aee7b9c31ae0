"""A second engine: the posteriors of pyAgrum's lazy propagation, where pyAgrum is installed."""

import numpy as np
import pandas as pd
import pytest

from crmlib.bayes import BayesNetClassifier

gum = pytest.importorskip("pyagrum", reason="the second oracle needs pyagrum")

pytestmark = pytest.mark.filterwarnings("default")  # pyagrum's own


def loaded(network):
    """Return the network as pyAgrum's; its BIF reader would keep single precision only."""
    net = gum.BayesNet()
    for attribute in network.attributes:
        net.add(gum.LabelizedVariable(attribute.name, attribute.name, list(attribute.levels)))
    for parent, child in network.edges:
        net.addArc(parent, child)
    for v, parents in enumerate(network.parents):
        cpt = net.cpt(network.names[v])
        family = [network.names[u] for u in (*parents, v)]
        order = [family.index(name) for name in reversed(cpt.names)]  # the first varies fastest
        cpt.fillWith(network.tables[v].transpose(order).ravel().tolist())
    return net


@pytest.mark.parametrize("seed", range(6))
def test_lazy_propagation_gives_the_same_posteriors(nets, seed):
    network = nets.random(seed, 9)
    engine = gum.LazyPropagation(loaded(network))
    frame = nets.sample(network, 40, seed, gaps=0.4).drop(columns="v0")
    proba = BayesNetClassifier.from_network(network, "v0").predict_proba(frame)
    for row, record in enumerate(frame.astype(object).to_dict("records")):
        engine.setEvidence({name: v for name, v in record.items() if pd.notna(v)})
        found = engine.posterior("v0")
        labels = found.variable(0).labels()
        order = [labels.index(level) for level in network.attributes[0].levels]
        np.testing.assert_allclose(proba[row], found.toarray()[order], rtol=0, atol=1e-12)
