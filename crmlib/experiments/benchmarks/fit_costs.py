"""Time and memory of a fit of every model of the benchmark: measurements, not results."""

from __future__ import annotations

from functools import partial

from crmlib.experiments import tables
from crmlib.experiments.benchmarks import extension, weighted_entropy
from crmlib.experiments.cost import fit_cost
from crmlib.experiments.declare import Data, Experiment, Part, Reading

MODELS = (*weighted_entropy.MODELS, *extension.MODELS)

EXPERIMENT = Experiment(
    name="fit-costs",
    title="What a fit costs",
    question="What do the benchmark's models take in time and memory?",
    data=(Data("TV", tables.television), Data("MLC++", tables.mlc)),
    readings=tuple(Reading(one.name, partial(fit_cost, one), one.needs) for one in MODELS),
    quick=Part(data=("MLC++",), models=("ID3",)),
    note="One fit, at the first setting of the grid, on all rows; numbers vary from run to run.",
)
