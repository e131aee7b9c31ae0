"""Early warning: see who is about to leave, and tell those who can do something about it.

Indicators, measured month by month from what was known then; a risk from any classifier; a
threshold by history, cost or capacity; signals with severity, department and deadline; a case
log that loses none and doubles none; and the look back that says what it was worth.
"""

from crmlib.early_warning.caselog import CaseLog, Logged
from crmlib.early_warning.control import (
    ControlCharts,
    control_charts,
    cusum,
    ewma,
    ewma_width,
    run_length,
)
from crmlib.early_warning.evaluate import (
    Drift,
    Evaluation,
    choose,
    drift,
    evaluate,
    precision_at,
    psi,
)
from crmlib.early_warning.habit import ControlChart
from crmlib.early_warning.indicators import Base, Indicator, IndicatorSystem, Source
from crmlib.early_warning.labels import label
from crmlib.early_warning.models import MODELS, ExpertModel, logistic, model_of
from crmlib.early_warning.panel import measure
from crmlib.early_warning.scoring import Scorer
from crmlib.early_warning.signals import Route, RouteBook, Signals, make_signals
from crmlib.early_warning.signs import base_mix, signs, tripped
from crmlib.early_warning.survival import SurvivalAlarm, TimeToChurn, durations
from crmlib.early_warning.thresholds import (
    Capacity,
    Cost,
    Economics,
    History,
    alarm_profit,
    break_even_risk,
    compare_thresholds,
    learn_success,
)
from crmlib.early_warning.watch import Backtest, EarlyWarning
from crmlib.early_warning.weights import (
    Weights,
    ahp_weights,
    entropy_weights,
    factor_weights,
    model_weights,
)

__all__ = [
    "MODELS",
    "Backtest",
    "Base",
    "Capacity",
    "CaseLog",
    "ControlChart",
    "ControlCharts",
    "Cost",
    "Drift",
    "EarlyWarning",
    "Economics",
    "Evaluation",
    "ExpertModel",
    "History",
    "Indicator",
    "IndicatorSystem",
    "Logged",
    "Route",
    "RouteBook",
    "Scorer",
    "Signals",
    "Source",
    "SurvivalAlarm",
    "TimeToChurn",
    "Weights",
    "ahp_weights",
    "alarm_profit",
    "base_mix",
    "break_even_risk",
    "choose",
    "compare_thresholds",
    "control_charts",
    "cusum",
    "drift",
    "durations",
    "entropy_weights",
    "evaluate",
    "ewma",
    "ewma_width",
    "factor_weights",
    "label",
    "learn_success",
    "logistic",
    "make_signals",
    "measure",
    "model_of",
    "model_weights",
    "precision_at",
    "psi",
    "run_length",
    "signs",
    "tripped",
]
