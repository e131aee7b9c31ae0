"""Data: the registry of public sets, their loaders, and a simulated operator with known truth.

>>> from crmlib.data import catalog, load
>>> catalog().loc["ibm-telco", "title"]
'IBM Telco customer churn, version 1'
"""

from crmlib.data.dataset import Dataset, Sheet
from crmlib.data.loading import catalog, load, sheet
from crmlib.data.operator import Operator, simulate

__all__ = ["Dataset", "Operator", "Sheet", "catalog", "load", "sheet", "simulate"]
