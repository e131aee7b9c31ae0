"""Cells go to a Dask cluster through joblib's backend, and come back the same."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from crmlib.experiments import Data, Experiment, KFold, Model, Table, run


def customers():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(120, 3)), columns=["a", "b", "c"])
    return Table(X, pd.Series(X["a"] + rng.normal(size=120) > 0.5))


TINY = Experiment(
    "tiny",
    "Tiny",
    "Does it travel?",
    data=(Data("made up", customers),),
    models=(Model("logistic", LogisticRegression),),
    protocol=KFold(folds=2, repeats=2),
    metrics=("AUC",),
)


@pytest.mark.filterwarnings("ignore")  # what Dask itself warns of is not ours to judge
def test_a_local_cluster_gives_the_same_numbers():
    distributed = pytest.importorskip("distributed", reason="needs dask and distributed")
    import joblib

    alone = run(TINY)
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        together = run(TINY, jobs=None)
    pd.testing.assert_frame_equal(together.numbers, alone.numbers)
