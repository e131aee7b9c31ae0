"""What a model is worth in money, and the thresholds that follow.

A churn score is judged by the profit of the campaign it leads to: `mp`, `emp`, `empb` at the best
threshold, `savings` for decisions taken one by one, `curve` along the whole ranking.
`campaign_profit` is the account of one campaign; `cost_threshold` and `capacity_threshold` say
whom to contact, and `threshold_from_returns` resets them from what came back.
"""

from crmlib.profit.campaign import (
    campaign_profit,
    capacity_threshold,
    cost_threshold,
    threshold_from_returns,
)
from crmlib.profit.curves import Curve, curve
from crmlib.profit.measures import MaximumProfit, emp, emp_score, empb, mp, mp_score
from crmlib.profit.savings import bayes_threshold, churn_costs, savings, total_cost

__all__ = [
    "Curve",
    "MaximumProfit",
    "bayes_threshold",
    "campaign_profit",
    "capacity_threshold",
    "churn_costs",
    "cost_threshold",
    "curve",
    "emp",
    "emp_score",
    "empb",
    "mp",
    "mp_score",
    "savings",
    "threshold_from_returns",
    "total_cost",
]
