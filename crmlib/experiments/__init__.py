"""Experiments one can trust, extend and cite: declared, run, compared with what was published.

An `Experiment` says what is run: data, protocol, models, metrics, and the published numbers with
their sources. `run` computes it cell by cell and keeps what is done; `compare` sets published
beside reproduced. `find` takes an experiment from the shelf or from a file of your own, `stored`
the results that come with crmlib. Tests between models over several data sets are `friedman`,
`wilcoxon_holm`, `bayesian_signed_rank` and `correlated_t`.
"""

from crmlib.experiments.compare import Comparison, compare
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
from crmlib.experiments.export import as_text, save_figure, save_table
from crmlib.experiments.metrics import METRICS, Metric, top_lift
from crmlib.experiments.protocols import (
    FixedSplit,
    KFold,
    LearningCurve,
    Protocol,
    ShuffleSplit,
)
from crmlib.experiments.report import ranks, report
from crmlib.experiments.results import Results
from crmlib.experiments.run import run
from crmlib.experiments.shelf import experiments, find, kept, shelf, stored
from crmlib.experiments.statistics import (
    Ranks,
    bayesian_signed_rank,
    correlated_t,
    decision,
    friedman,
    holm,
    nemenyi_distance,
    wilcoxon_holm,
)
from crmlib.experiments.versus import Versus, versus

__all__ = [
    "METRICS",
    "Claim",
    "Comparison",
    "Data",
    "Experiment",
    "FixedSplit",
    "KFold",
    "LearningCurve",
    "Metric",
    "Model",
    "Part",
    "Protocol",
    "Ranks",
    "Reading",
    "Results",
    "ShuffleSplit",
    "Source",
    "Table",
    "Versus",
    "as_text",
    "bayesian_signed_rank",
    "compare",
    "correlated_t",
    "decision",
    "experiments",
    "find",
    "friedman",
    "holm",
    "kept",
    "nemenyi_distance",
    "ranks",
    "report",
    "run",
    "save_figure",
    "save_table",
    "shelf",
    "stored",
    "top_lift",
    "versus",
    "wilcoxon_holm",
]
