"""Complaint handling: from the first word of an unhappy customer to the return it brings.

>>> from crmlib import complaints
>>> complaints.process().start
'received'
"""

from crmlib._agreement import Agreement, agreement
from crmlib._hazard import ChurnHazard, churn_hazard
from crmlib._honest import CrossValidation, cross_validate, text_pipeline
from crmlib._pareto import Pareto
from crmlib._words import is_chinese, skeletons, words
from crmlib.complaints.cases import Audit, Case, Event, audit, open_case
from crmlib.complaints.codebook import codebook, codebook_rules
from crmlib.complaints.compensation import (
    CompensationPlan,
    best_compensation,
    compensation_cap,
    compensation_gain,
    compensation_plan,
)
from crmlib.complaints.content import Trend, distinctive_words, pareto, trend
from crmlib.complaints.dates import SwappedDates, find_swapped_dates
from crmlib.complaints.erlang import ErlangA, erlang_a, erlang_b, erlang_c, mean_wait, service_level
from crmlib.complaints.floor import CallCenterRun, run_call_center
from crmlib.complaints.hazard import complaint_panel
from crmlib.complaints.iceberg import Iceberg, Rate, dissatisfied, iceberg, iceberg_by
from crmlib.complaints.indices import (
    ComplaintReturn,
    Indices,
    complaint_indices,
    complaint_return,
    repurchase_benefit,
)
from crmlib.complaints.moves import Moves, count_moves, record_events
from crmlib.complaints.paradox import Comparison, compare_groups, failure_groups
from crmlib.complaints.process import IllegalMove, Process, State, Total, process
from crmlib.complaints.redress import Justice, justice
from crmlib.complaints.responses import response_codes
from crmlib.complaints.roles import Raci, raci
from crmlib.complaints.staffing import Roster, ServiceCurve, required_agents, roster, service_curve
from crmlib.complaints.triage import Routes, Triage, routes

__all__ = [
    "Agreement",
    "Audit",
    "CallCenterRun",
    "Case",
    "ChurnHazard",
    "Comparison",
    "CompensationPlan",
    "ComplaintReturn",
    "CrossValidation",
    "ErlangA",
    "Event",
    "Iceberg",
    "IllegalMove",
    "Indices",
    "Justice",
    "Moves",
    "Pareto",
    "Process",
    "Raci",
    "Rate",
    "Roster",
    "Routes",
    "ServiceCurve",
    "State",
    "SwappedDates",
    "Total",
    "Trend",
    "Triage",
    "agreement",
    "audit",
    "best_compensation",
    "churn_hazard",
    "codebook",
    "codebook_rules",
    "compare_groups",
    "compensation_cap",
    "compensation_gain",
    "compensation_plan",
    "complaint_indices",
    "complaint_panel",
    "complaint_return",
    "count_moves",
    "cross_validate",
    "dissatisfied",
    "distinctive_words",
    "erlang_a",
    "erlang_b",
    "erlang_c",
    "failure_groups",
    "find_swapped_dates",
    "iceberg",
    "iceberg_by",
    "is_chinese",
    "justice",
    "mean_wait",
    "open_case",
    "pareto",
    "process",
    "raci",
    "record_events",
    "repurchase_benefit",
    "required_agents",
    "response_codes",
    "roster",
    "routes",
    "run_call_center",
    "service_curve",
    "service_level",
    "skeletons",
    "text_pipeline",
    "trend",
    "words",
]
