"""Experiments one can trust, extend and cite: declared, run, compared with what was published.

An `Experiment` says what is run: data, protocol, models, metrics, and the published numbers with
their sources. `run` computes it cell by cell and keeps what is done; `compare` sets published
beside reproduced. `find` takes an experiment from the shelf or from a file of your own, `stored`
the results that come with crmlib. Tests between models over several data sets are `friedman`,
`wilcoxon_holm`, `bayesian_signed_rank` and `correlated_t`.
"""

from crmlib.experiments.declare import (
    Claim,
    Data,
    Experiment,
    Model,
    Part,
    Reading,
    Source,
    Table,
)
from crmlib.experiments.metrics import METRICS, Metric, top_lift
from crmlib.experiments.protocols import FixedSplit, KFold, Protocol, ShuffleSplit
from crmlib.experiments.results import Results
from crmlib.experiments.run import run
from crmlib.experiments.shelf import experiments, find, shelf, stored

__all__ = [
    "METRICS",
    "Claim",
    "Data",
    "Experiment",
    "FixedSplit",
    "KFold",
    "Metric",
    "Model",
    "Part",
    "Protocol",
    "Reading",
    "Results",
    "ShuffleSplit",
    "Source",
    "Table",
    "experiments",
    "find",
    "run",
    "shelf",
    "stored",
    "top_lift",
]
