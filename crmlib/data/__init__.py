"""Data: the registry of public sets, their loaders, and what is known to be wrong with them.

>>> from crmlib.data import catalog, load
>>> catalog().loc["ibm-telco", "title"]
'IBM Telco customer churn, version 1'
"""

from crmlib.data.dataset import Dataset, Sheet
from crmlib.data.loading import catalog, load, sheet

__all__ = ["Dataset", "Sheet", "catalog", "load", "sheet"]
