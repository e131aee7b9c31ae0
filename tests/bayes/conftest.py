"""Random networks and tables for the tests of the Bayesian room."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crmlib.bayes import BayesNetwork
from crmlib.counts import Attribute


def random_network(seed, variables=6, most_states=4, most_parents=3):
    """Return a random network; variable i is named "v<i>" and its states "a", "b", ..."""
    rng = np.random.default_rng(seed)
    attributes = tuple(
        Attribute(f"v{v}", tuple("abcdefgh"[: rng.integers(2, most_states + 1)]))
        for v in range(variables)
    )
    order = rng.permutation(variables)
    parents = [()] * variables
    for at, v in enumerate(order):
        some = rng.permutation(order[:at])[: rng.integers(0, most_parents + 1)]
        parents[v] = tuple(sorted(int(u) for u in some))
    tables = []
    for v in range(variables):
        shape = [len(attributes[u].levels) for u in (*parents[v], v)]
        table = rng.gamma(0.7, size=shape) + 0.01
        tables.append(table / table.sum(axis=-1, keepdims=True))
    return BayesNetwork(attributes, tuple(parents), tuple(tables))


def full_joint(network):
    """Return P(all variables), one axis each: the definition, multiplied out."""
    joint = np.ones(network.sizes)
    for v, table in enumerate(network.tables):
        scope = (*network.parents[v], v)
        order = np.argsort(scope)
        shape = [n if u in scope else 1 for u, n in enumerate(network.sizes)]
        joint = joint * table.transpose(order).reshape(shape)
    return joint


def sample(network, rows, seed=0, gaps=0.0):
    """Return a table drawn from the network, with missing values."""
    rng = np.random.default_rng(seed)
    joint = full_joint(network).ravel()
    cells = rng.choice(len(joint), rows, p=joint / joint.sum())
    codes = np.unravel_index(cells, network.sizes)
    frame = pd.DataFrame(
        {
            a.name: pd.Categorical.from_codes(code, list(a.levels))
            for a, code in zip(network.attributes, codes, strict=True)
        }
    )
    return frame.mask(rng.random(frame.shape) < gaps) if gaps else frame


@pytest.fixture(scope="session")
def nets():
    """The makers above: random networks, their joint, tables drawn from them."""
    return SimpleNamespace(random=random_network, joint=full_joint, sample=sample)


@pytest.fixture
def churn_frame():
    """A small table of customers with numbers, categories and gaps, and their class."""
    rng = np.random.default_rng(11)
    n = 600
    frame = pd.DataFrame(
        {
            "contract": rng.choice(["month", "one year", "two year"], n, p=[0.5, 0.3, 0.2]),
            "calls": rng.poisson(2, n).astype(float),
            "months": rng.integers(1, 72, n).astype(float),
            "fiber": rng.random(n) < 0.4,
        }
    )
    logit = 1.2 * (frame["contract"] == "month") + 0.4 * frame["calls"] + frame["fiber"] - 2.5
    churn = np.where(rng.random(n) < 1 / (1 + np.exp(-logit)), "leave", "stay")
    frame.loc[rng.random(n) < 0.1, "calls"] = np.nan
    frame.loc[rng.random(n) < 0.1, "contract"] = None
    return frame, pd.Series(churn, name="churn")
