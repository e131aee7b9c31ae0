"""Weighted-entropy ID3: decision trees a manager can read, learned from counts at any size.

`WeightedID3Classifier` is a scikit-learn classifier; `gain_table` shows what the algorithm looks
at. `CHAIDClassifier` is the tree of market research, by tests instead of gain. The formulas, as
pure functions, are in `crmlib.tree.criteria` and `crmlib.tree.merge`.

>>> import pandas as pd
>>> customers = pd.DataFrame({"contract": ["monthly", "monthly", "yearly", "yearly"]})
>>> tree = WeightedID3Classifier().fit(customers, ["churn", "churn", "stay", "stay"])
>>> tree.rules()[["condition", "class", "confidence"]]
            condition  class  confidence
0  contract = monthly  churn         1.0
1   contract = yearly   stay         1.0
"""

from typing import Any

import pandas as pd

from crmlib.tree.chaid import CHAIDClassifier
from crmlib.tree.criteria import chi_square, entropy, information_gain, split_information
from crmlib.tree.id3 import WeightedID3Classifier

__all__ = [
    "CHAIDClassifier",
    "WeightedID3Classifier",
    "chi_square",
    "entropy",
    "gain_table",
    "information_gain",
    "split_information",
]


def gain_table(X: Any, y: Any, sample_weight: Any = None, **parameters: Any) -> pd.DataFrame:
    """Return what each attribute tells about the classes: the table ID3 chooses its root from.

    Parameters
    ----------
    X, y, sample_weight
        As in `WeightedID3Classifier.fit`.
    **parameters
        Of `WeightedID3Classifier`, such as `criterion` or `class_weight`.

    Returns
    -------
    DataFrame
        Gain and split information in bits, and their ratio, the largest gain first.

    Raises
    ------
    ValueError
        If there is only one class, which nothing can tell anything about.

    Examples
    --------
    >>> X = pd.DataFrame({"plan": ["a", "a", "b", "b"], "city": ["x", "y", "x", "y"]})
    >>> gain_table(X, ["no", "no", "yes", "yes"])["gain (bits)"].to_dict()
    {'plan': 1.0, 'city': 0.0}
    """
    tree = WeightedID3Classifier(**{**parameters, "max_depth": 1}).fit(X, y, sample_weight)
    return tree.gain_table(0)
