"""Churn: who counts as lost, how fast the bucket leaks, why customers leave, what a stage is worth.

Where pandas, statsmodels, lifelines or scikit-learn do a thing in a few lines, the chapters show
those lines; here is what they would otherwise have to spell out.
"""

from crmlib.churn.bucket import LeakyBucket
from crmlib.churn.chain import BothDirections, Mediation, both_directions, mediation
from crmlib.churn.classifications import classification
from crmlib.churn.consistency import ControlChart, control_chart
from crmlib.churn.differences import (
    DifferenceInDifferences,
    Interrupted,
    difference_in_differences,
    interrupted,
)
from crmlib.churn.factors import FactorFitness, factor_fitness
from crmlib.churn.interaction import QualityInteraction, quality_interaction
from crmlib.churn.labels import (
    WindowSensitivity,
    label_by_contract_end,
    label_by_inactivity,
    window_sensitivity,
)
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
from crmlib.churn.paths import PathModel, path_model
from crmlib.churn.price import (
    ChurnElasticity,
    PriceFairness,
    churn_elasticity,
    price_fairness,
)
from crmlib.churn.pricing import BestPrice, best_price
from crmlib.churn.promotion import PromotionLift, promotion_lift
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
    "BestPrice",
    "BothDirections",
    "ChurnElasticity",
    "CohortTriangle",
    "Concentration",
    "ControlChart",
    "DifferenceInDifferences",
    "FactorFitness",
    "ImportancePerformance",
    "Interrupted",
    "Kano",
    "LeakyBucket",
    "Mediation",
    "NetPromoterScore",
    "Pareto",
    "PathModel",
    "PriceFairness",
    "PromotionLift",
    "QualityInteraction",
    "Rates",
    "ServqualGaps",
    "Switching",
    "ThreeDegrees",
    "Transitions",
    "WindowSensitivity",
    "acsi",
    "annual",
    "best_price",
    "both_directions",
    "churn_elasticity",
    "churn_rates",
    "classification",
    "cohort_triangle",
    "concentration",
    "control_chart",
    "difference_in_differences",
    "disconfirmation",
    "disconfirmation_grid",
    "factor_fitness",
    "importance_performance",
    "interrupted",
    "kano",
    "label_by_contract_end",
    "label_by_inactivity",
    "mapping",
    "markov_value",
    "mediation",
    "nps",
    "pareto",
    "path_model",
    "price_fairness",
    "promotion_lift",
    "quality_interaction",
    "recode",
    "servqual_gaps",
    "stage_census",
    "switching",
    "taxonomies",
    "taxonomy",
    "three_degrees",
    "transitions",
    "window_sensitivity",
]
