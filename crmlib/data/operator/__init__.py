"""A simulated telecom operator: what its CRM holds and, apart, the truth behind it."""

from crmlib.data.operator.calibrate import annual_churn, calibrate
from crmlib.data.operator.loss import loss_causes
from crmlib.data.operator.operator import Operator, Tables
from crmlib.data.operator.scenario import Scenario, read_scenario, scenarios
from crmlib.data.operator.simulate import simulate

__all__ = [
    "Operator",
    "Scenario",
    "Tables",
    "annual_churn",
    "calibrate",
    "loss_causes",
    "read_scenario",
    "scenarios",
    "simulate",
]
