"""Losing and winning back customers in telecom.

The package follows one story: customers, counts, risk, alarm, loss type, value, cost cap,
plan, return, and back to the thresholds. Each room is a subpackage, loaded when first used:

>>> import crmlib
>>> crmlib.data.catalog().index[0]
'ibm-telco'
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "bayes",
    "chain",
    "churn",
    "complaints",
    "counts",
    "course",
    "data",
    "early_warning",
    "experiments",
    "plots",
    "profit",
    "recovery",
    "tree",
    "value",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"crmlib.{name}")
    raise AttributeError(f"module 'crmlib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
