"""What a customer is worth: ranking, contribution margin and lifetime value.

The past is ranked with `abc`; what is left of revenue is `contribution_margin`; what is still to
come is `clv` (constant retention), `survival_clv` (a survival curve), `ShiftedBetaGeometric`
(customers who differ) or `markov_clv` (customers who leave and return). A regained customer has a
second lifetime value of its own. `propagate` turns doubt about the inputs into an interval.

Amounts are in one currency and rates are per period; nothing converts months to years.
"""

from crmlib.value.concentration import ABC, abc, gini, lorenz, tiers
from crmlib.value.heterogeneity import ShiftedBetaGeometric
from crmlib.value.lifetime import (
    clv,
    leverage_table,
    margin_by_tenure,
    residual_survival,
    retention_leverage,
    second_lifetime_value,
    survival_clv,
)
from crmlib.value.margin import contribution_margin
from crmlib.value.markov import markov_clv
from crmlib.value.uncertainty import Propagated, propagate

__all__ = [
    "ABC",
    "Propagated",
    "ShiftedBetaGeometric",
    "abc",
    "clv",
    "contribution_margin",
    "gini",
    "leverage_table",
    "lorenz",
    "margin_by_tenure",
    "markov_clv",
    "propagate",
    "residual_survival",
    "retention_leverage",
    "second_lifetime_value",
    "survival_clv",
    "tiers",
]
