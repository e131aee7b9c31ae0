"""Churn: who counts as lost, how fast the bucket leaks, why customers leave, what a stage is worth.

Where pandas, statsmodels, lifelines or scikit-learn do a thing in a few lines, the chapters show
those lines; here is what they would otherwise have to spell out.
"""

from crmlib._agreement import (
    Agreement,
    agreement,
)
from crmlib._hazard import (
    ChurnHazard,
    churn_hazard,
)
from crmlib._honest import (
    CrossValidation,
    cross_validate,
    text_pipeline,
)
from crmlib._pareto import Pareto
from crmlib.churn.association import (
    AssociationRules,
    association_rules,
)
from crmlib.churn.bucket import (
    LeakyBucket,
)
from crmlib.churn.carry import carry_forward
from crmlib.churn.chain import (
    BothDirections,
    Mediation,
    both_directions,
    mediation,
)
from crmlib.churn.classifications import (
    classification,
)
from crmlib.churn.clusters import (
    ClusterStability,
    cluster_stability,
    jaccard,
)
from crmlib.churn.coding import (
    ReasonCodes,
    code_fields,
    code_texts,
    field_rules,
    reason_phrases,
)
from crmlib.churn.consistency import (
    ControlChart,
    control_chart,
)
from crmlib.churn.differences import (
    DifferenceInDifferences,
    PromotionPhases,
    difference_in_differences,
    promotion_phases,
)
from crmlib.churn.factors import (
    FactorFitness,
    factor_fitness,
)
from crmlib.churn.fields import (
    loss_fields,
)
from crmlib.churn.funnel import (
    Funnel,
    funnel,
)
from crmlib.churn.interaction import (
    QualityInteraction,
    quality_interaction,
)
from crmlib.churn.labels import (
    WindowSensitivity,
    label_by_contract_end,
    label_by_inactivity,
    window_sensitivity,
)
from crmlib.churn.learned import (
    spoken_for,
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
from crmlib.churn.market import (
    Concentration,
    Switching,
    concentration,
    switching,
)
from crmlib.churn.paths import (
    PathModel,
    path_model,
)
from crmlib.churn.policy import (
    Interrupted,
    interrupted,
)
from crmlib.churn.price import (
    ChurnElasticity,
    PriceFairness,
    churn_elasticity,
    price_fairness,
)
from crmlib.churn.pricing import (
    BestPrice,
    best_price,
)
from crmlib.churn.promotion import (
    PromotionLift,
    promotion_lift,
)
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
    Rates,
    annual,
    churn_rates,
    cohort_triangle,
    pareto,
)
from crmlib.churn.reasons import (
    mapping,
    recode,
    taxonomies,
    taxonomy,
)
from crmlib.churn.satisfaction import (
    NetPromoterScore,
    acsi,
    disconfirmation,
    disconfirmation_grid,
    nps,
)
from crmlib.churn.segments import (
    RFM,
    SegmentTable,
    rfm,
    segment_table,
)
from crmlib.churn.survival import (
    HazardRatios,
    Survival,
    hazard_ratios,
    restricted_mean,
    survival,
)

__all__ = [
    "RFM",
    "STAGES",
    "Agreement",
    "AssociationRules",
    "BestPrice",
    "BothDirections",
    "ChurnElasticity",
    "ChurnHazard",
    "ClusterStability",
    "CohortTriangle",
    "Concentration",
    "ControlChart",
    "CrossValidation",
    "DifferenceInDifferences",
    "FactorFitness",
    "Funnel",
    "HazardRatios",
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
    "PromotionPhases",
    "QualityInteraction",
    "Rates",
    "ReasonCodes",
    "SegmentTable",
    "ServqualGaps",
    "Survival",
    "Switching",
    "ThreeDegrees",
    "Transitions",
    "WindowSensitivity",
    "acsi",
    "agreement",
    "annual",
    "association_rules",
    "best_price",
    "both_directions",
    "carry_forward",
    "churn_elasticity",
    "churn_hazard",
    "churn_rates",
    "classification",
    "cluster_stability",
    "code_fields",
    "code_texts",
    "cohort_triangle",
    "concentration",
    "control_chart",
    "cross_validate",
    "difference_in_differences",
    "disconfirmation",
    "disconfirmation_grid",
    "factor_fitness",
    "field_rules",
    "funnel",
    "hazard_ratios",
    "importance_performance",
    "interrupted",
    "jaccard",
    "kano",
    "label_by_contract_end",
    "label_by_inactivity",
    "loss_fields",
    "mapping",
    "markov_value",
    "mediation",
    "nps",
    "pareto",
    "path_model",
    "price_fairness",
    "promotion_lift",
    "promotion_phases",
    "quality_interaction",
    "reason_phrases",
    "recode",
    "restricted_mean",
    "rfm",
    "segment_table",
    "servqual_gaps",
    "spoken_for",
    "stage_census",
    "survival",
    "switching",
    "taxonomies",
    "taxonomy",
    "text_pipeline",
    "three_degrees",
    "transitions",
    "window_sensitivity",
]
