"""A network learned on Spark is the one learned from the rows; skipped, visibly, without Spark."""

import shutil

import numpy as np
import pandas as pd
import pytest

from crmlib.bayes import BayesNetClassifier

pytest.importorskip("pyspark", reason="pyspark is not installed")
ibis = pytest.importorskip("ibis")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("default")  # pyspark's own


@pytest.fixture(scope="module")
def customers():
    rng = np.random.default_rng(0)
    n = 300
    plan = rng.choice(["a", "b", "c"], n)
    calls = rng.choice(["few", "many"], n)
    calls[plan == "c"] = "many"
    frame = pd.DataFrame({"plan": plan, "calls": calls, "months": rng.integers(0, 60, n)})
    frame["value"] = rng.integers(1, 4, n)
    frame["churn"] = np.where((calls == "many") & (rng.random(n) < 0.7), "yes", "no")
    frame.loc[rng.random(n) < 0.1, "calls"] = None
    return frame


@pytest.fixture(scope="module")
def table(customers, tmp_path_factory):
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    stored = tmp_path_factory.mktemp("spark") / "customers.parquet"
    customers.to_parquet(stored)
    yield ibis.pyspark.connect(session).read_parquet(stored)
    session.stop()


@pytest.mark.parametrize(
    ("structure", "missing"),
    [("tan", "marginalize"), ("naive", "state"), ("naive", "em")],
)
def test_spark_gives_the_network_of_the_rows(customers, table, structure, missing):
    X = customers.drop(columns=["churn", "value"])
    model = BayesNetClassifier(structure, missing=missing, n_bins=4)
    here = model.fit(X, customers["churn"], customers["value"])
    edges, tables, proba = here.network_.edges, here.network_.tables, here.predict_proba(X)
    there = model.fit_table(table, "churn", "value")
    assert there.network_.edges == edges
    for mine, theirs in zip(there.network_.tables, tables, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9)
    np.testing.assert_allclose(there.predict_proba(X), proba, rtol=1e-9)
