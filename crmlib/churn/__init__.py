"""Churn: who counts as lost, how fast the bucket leaks, why customers leave, what a stage is worth.

Where pandas, statsmodels, lifelines or scikit-learn do a thing in a few lines, the chapters show
those lines; here is what they would otherwise have to spell out.
"""

from crmlib._agreement import Agreement, agreement
from crmlib._hazard import ChurnHazard, churn_hazard
from crmlib._honest import CrossValidation, cross_validate, text_pipeline
from crmlib.churn.bucket import LeakyBucket
from crmlib.churn.coding import (
    ReasonCodes,
    code_fields,
    code_texts,
    field_rules,
    reason_phrases,
)
from crmlib.churn.factors import FactorFitness, factor_fitness
from crmlib.churn.fields import loss_fields
from crmlib.churn.labels import (
    WindowSensitivity,
    label_by_contract_end,
    label_by_inactivity,
    window_sensitivity,
)
from crmlib.churn.learned import spoken_for
from crmlib.churn.lifecycle import (
    STAGES,
    ThreeDegrees,
    Transitions,
    markov_value,
    stage_census,
    three_degrees,
    transitions,
)
from crmlib.churn.market import Concentration, Switching, concentration, switching
from crmlib.churn.quality import (
    ImportancePerformance,
    Kano,
    ServqualGaps,
    importance_performance,
    kano,
    servqual_gaps,
)
from crmlib.churn.rates import (
    CohortTriangle,
    Pareto,
    Rates,
    annual,
    churn_rates,
    cohort_triangle,
    pareto,
)
from crmlib.churn.reasons import mapping, recode, taxonomies, taxonomy
from crmlib.churn.satisfaction import (
    NetPromoterScore,
    acsi,
    disconfirmation,
    disconfirmation_grid,
    nps,
)

__all__ = [
    "STAGES",
    "Agreement",
    "ChurnHazard",
    "CohortTriangle",
    "Concentration",
    "CrossValidation",
    "FactorFitness",
    "ImportancePerformance",
    "Kano",
    "LeakyBucket",
    "NetPromoterScore",
    "Pareto",
    "Rates",
    "ReasonCodes",
    "ServqualGaps",
    "Switching",
    "ThreeDegrees",
    "Transitions",
    "WindowSensitivity",
    "acsi",
    "agreement",
    "annual",
    "churn_hazard",
    "churn_rates",
    "code_fields",
    "code_texts",
    "cohort_triangle",
    "concentration",
    "cross_validate",
    "disconfirmation",
    "disconfirmation_grid",
    "factor_fitness",
    "field_rules",
    "importance_performance",
    "kano",
    "label_by_contract_end",
    "label_by_inactivity",
    "loss_fields",
    "mapping",
    "markov_value",
    "nps",
    "pareto",
    "reason_phrases",
    "recode",
    "servqual_gaps",
    "spoken_for",
    "stage_census",
    "switching",
    "taxonomies",
    "taxonomy",
    "text_pipeline",
    "three_degrees",
    "transitions",
    "window_sensitivity",
]
