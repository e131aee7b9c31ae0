"""The first repeat of `weighted_entropy` once more, with calibration error.

What both runs measure must agree to the last digit but for changes of libraries.
"""

from __future__ import annotations

from dataclasses import replace

from crmlib.experiments.benchmarks.weighted_entropy import EXPERIMENT as FIRST
from crmlib.experiments.declare import Part
from crmlib.experiments.protocols import KFold

EXPERIMENT = replace(
    FIRST,
    name="weighted-entropy-calibration",
    title="Does weighted entropy help? Calibration",
    question="How far are chances from rates, and do the registered numbers come again?",
    protocol=KFold(folds=2, repeats=5, seed=0, first=2),
    metrics=("AUC", "log loss", "calibration error"),
    quick=Part(data=("MLC++",), models=("ID3", "ID3, weighted counts"), splits=1),
    note="The first two of ten splits.",
)
