"""Learning curves: how good trees and their rivals are after so many customers."""

from __future__ import annotations

from crmlib.experiments.benchmarks.weighted_entropy import EXPERIMENT as FIRST
from crmlib.experiments.benchmarks.weighted_entropy import MODELS, PLAIN, WEIGHTED
from crmlib.experiments.declare import Experiment, Part
from crmlib.experiments.protocols import LearningCurve

SIZES = (125, 250, 500, 1000, 2000)
SHOWN = (PLAIN, WEIGHTED[0], WEIGHTED[1], "logistic regression", "boosted trees")
PROTOCOL = LearningCurve(sizes=SIZES, repeats=4, test_size=0.5, seed=0)

EXPERIMENT = Experiment(
    name="weighted-entropy-curves",
    title="Does weighted entropy help? Learning curves",
    question="Do weights help where customers are few?",
    data=tuple(one for one in FIRST.data if one.name in ("IBM Telco", "MLC++", "TV")),
    models=tuple(one for one in MODELS if one.name in SHOWN),
    protocol=PROTOCOL,
    metrics=("AUC", "EMP", "log loss"),
    inner_folds=FIRST.inner_folds,
    tune_on=FIRST.tune_on,
    quick=Part(data=("MLC++",), models=SHOWN[:2], splits=3),
    note="Repeats share rows; the larger training sets hold the smaller.",
)
