"""The portable expressions run on a local Spark session; skipped, visibly, where there is none."""

import shutil

import numpy as np
import pandas as pd
import pytest

from crmlib.counts import Encoder, SqlCounter, count_tables, level_counter

pytest.importorskip("pyspark", reason="pyspark is not installed")
ibis = pytest.importorskip("ibis")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("default")  # pyspark's own


@pytest.fixture(scope="module")
def connection():
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    yield ibis.pyspark.connect(session)
    session.stop()


def test_spark_learns_and_counts_as_memory_does(connection):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "plan": rng.choice(["a", "b", "c"], 200),
            "months": rng.integers(0, 60, 200),
            "churn": rng.choice(["no", "yes"], 200),
        }
    )
    connection._session.createDataFrame(frame).createOrReplaceTempView("customers")
    table = connection.table("customers")
    local, remote = Encoder(n_bins=4).fit(frame), Encoder(n_bins=4).fit_table(table)
    assert [(a.levels, a.edges) for a in remote.attributes_] == [
        (a.levels, a.edges) for a in local.attributes_
    ]
    sets = [["plan", "churn"], ["months"]]
    here = count_tables(local.encode(frame), sets)
    there = count_tables(remote.encode_table(table), sets)
    for a, b in zip(here, there, strict=True):
        np.testing.assert_array_equal(a, b)
    codes = local.encode(frame)
    memory = level_counter(
        type(codes)(codes.matrix[:2], codes.attributes[:2], codes.index), codes["churn"], 2
    )
    spark = SqlCounter(remote.encode_table(table), "churn")
    keep = [0, 1, 2, 4, 5, 6, 7]  # without the places for missing values
    np.testing.assert_array_equal(memory.counts(0, 1).rows, spark.counts(0, 1).rows[:, keep])
