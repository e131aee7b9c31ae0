"""A network learned from a database is the network learned from its rows."""

import numpy as np
import pytest

from crmlib.bayes import BayesNetClassifier

ibis = pytest.importorskip("ibis", reason="the database engine needs crmlib[scale]")
pa = pytest.importorskip("pyarrow")


def stored(frame):
    return ibis.duckdb.connect().create_table("customers", pa.Table.from_pandas(frame))


@pytest.mark.parametrize("structure", ["naive", "tan", "forest", "hill-climb", "augmented"])
@pytest.mark.parametrize("missing", ["marginalize", "state"])
def test_table_and_rows_give_the_same_network(churn_frame, structure, missing):
    X, y = churn_frame
    value = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
    used = value > 0
    model = BayesNetClassifier(structure, missing=missing, n_bins=4)
    here = model.fit(X[used], y[used], value[used])
    edges, tables = here.network_.edges, here.network_.tables
    proba = here.predict_proba(X)
    table = stored(X.assign(churn=y, value=value))
    there = model.fit_table(table, "churn", "value")
    assert there.network_.edges == edges
    for a, b in zip(there.network_.tables, tables, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    np.testing.assert_allclose(there.predict_proba(X), proba, rtol=1e-11)


def test_classes_of_a_table_are_checked(churn_frame):
    X, y = churn_frame
    table = stored(X.assign(churn=y))
    model = BayesNetClassifier("naive", classes=["leave", "move", "stay"]).fit_table(table, "churn")
    assert model.predict_proba(X).shape == (len(X), 3)
    with pytest.raises(ValueError, match="'churn' holds 'leave', not among classes 'stay'"):
        BayesNetClassifier(classes=["stay"]).fit_table(table, "churn")
    gappy = stored(X.assign(churn=y.where(y == "stay", None)))
    with pytest.raises(ValueError, match=r"'churn' is missing in \d+ rows"):
        BayesNetClassifier("naive").fit_table(gappy, "churn")
