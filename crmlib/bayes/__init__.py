"""Bayesian networks that predict at the speed of a lookup and explain one customer.

`BayesNetClassifier` learns a discrete network from contingency counts (`crmlib.counts`),
predicts exactly whatever is missing, and says why; `BayesNetwork` is the network itself, which
answers queries, prints its tables and is exchanged as JSON, BIF or a pgmpy model; `reliability`
shows whether its probabilities can be trusted as such.
"""

from crmlib.bayes.classifier import BayesNetClassifier
from crmlib.bayes.explain import Explanation, Information, WhatIf
from crmlib.bayes.network import BayesNetwork
from crmlib.bayes.reliability import Reliability, reliability

__all__ = [
    "BayesNetClassifier",
    "BayesNetwork",
    "Explanation",
    "Information",
    "Reliability",
    "WhatIf",
    "reliability",
]
