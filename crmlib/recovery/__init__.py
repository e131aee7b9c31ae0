"""Winning lost customers back.

The chain in the order of its steps: `classify_loss` and `segment` (which loss, worth the effort
or not), `benefits` and `cost_cap` (what it brings, what it may cost), `plan` (who gets which
offer), `schedule` (who calls when), `roi` (what it returned).
"""

from crmlib.recovery.benefit import (
    BENEFITS,
    benefits,
    communication_benefit,
    replacement_benefit,
)
from crmlib.recovery.cap import (
    SELLING_CHANCES,
    cap_over_time,
    cost_cap,
    net_value,
    offer_cap,
    regain_chance,
    waiting_cost,
)
from crmlib.recovery.constrained import Limit, solve_constrained
from crmlib.recovery.controlling import lagged_correlation, monthly_controlling, return_rate
from crmlib.recovery.depth import CampaignDepth, campaign_depth
from crmlib.recovery.effort import optimal_effort, regain_profit, regain_ratio
from crmlib.recovery.knapsack import Allocation, knapsack
from crmlib.recovery.lift import DRLearner, TLearner, XLearner, doubly_robust_scores
from crmlib.recovery.loss import (
    LossTypes,
    TypeClassifier,
    classify_loss,
    learn_loss_types,
    mistreatment_cost,
)
from crmlib.recovery.planning import Plan, plan
from crmlib.recovery.ratio import RatioInterval, ratio_interval
from crmlib.recovery.records import lost_customers, potential_outcomes
from crmlib.recovery.resample import bootstrap_sums
from crmlib.recovery.returns import COSTS, COURSE_BAND, ROI, expected_roi, roi
from crmlib.recovery.segment import TIER_POLICY, Segments, segment, worth_recovering
from crmlib.recovery.strategies import Strategy, StrategyComparison, compare_strategies
from crmlib.recovery.targeting import (
    LiftCurve,
    PolicyValue,
    compare_rankings,
    lift_curve,
    policy_value,
    top_share,
)
from crmlib.recovery.tasks import DEPARTMENTS, Schedule, contact_sequence, schedule
from crmlib.recovery.taxonomy import Taxonomy, taxonomy

__all__ = [
    "BENEFITS",
    "COSTS",
    "COURSE_BAND",
    "DEPARTMENTS",
    "ROI",
    "SELLING_CHANCES",
    "TIER_POLICY",
    "Allocation",
    "CampaignDepth",
    "DRLearner",
    "LiftCurve",
    "Limit",
    "LossTypes",
    "Plan",
    "PolicyValue",
    "RatioInterval",
    "Schedule",
    "Segments",
    "Strategy",
    "StrategyComparison",
    "TLearner",
    "Taxonomy",
    "TypeClassifier",
    "XLearner",
    "benefits",
    "bootstrap_sums",
    "campaign_depth",
    "cap_over_time",
    "classify_loss",
    "communication_benefit",
    "compare_rankings",
    "compare_strategies",
    "contact_sequence",
    "cost_cap",
    "doubly_robust_scores",
    "expected_roi",
    "knapsack",
    "lagged_correlation",
    "learn_loss_types",
    "lift_curve",
    "lost_customers",
    "mistreatment_cost",
    "monthly_controlling",
    "net_value",
    "offer_cap",
    "optimal_effort",
    "plan",
    "policy_value",
    "potential_outcomes",
    "ratio_interval",
    "regain_chance",
    "regain_profit",
    "regain_ratio",
    "replacement_benefit",
    "return_rate",
    "roi",
    "schedule",
    "segment",
    "solve_constrained",
    "taxonomy",
    "top_share",
    "waiting_cost",
    "worth_recovering",
]
