"""What a learned coder of reasons looked at: the words that spoke for a code, and against it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from crmlib._checks import one_of


def spoken_for(model: Any, text: str, code: str | None = None) -> pd.DataFrame:
    """Return what each word of a text gave to a code in a learned coder.

    A linear model adds up weights: the score of a code is its intercept plus, for each word or
    pair of words, tf-idf times coefficient. The table is that sum, taken apart.

    Parameters
    ----------
    model : fitted pipeline
        Of `text_pipeline`: words first, a linear classifier last.
    text : str
        What the customer said.
    code : str, optional
        The code to explain; by default the one the model gives.

    Returns
    -------
    DataFrame
        Indexed by word (or pair), the weightiest first: `weight`, in log odds against the mean
        of all codes (with two codes: against the other). The last row, ``(intercept)``, is how
        frequent the code is; the sum is the score.

    Raises
    ------
    ValueError
        The model does not know the code.

    Examples
    --------
    >>> from crmlib.churn import text_pipeline
    >>> model = text_pipeline().fit(["too dear", "no signal", "weak signal"], ["p", "n", "n"])
    >>> spoken_for(model, "signal lost").index.tolist()
    ['signal', '(intercept)']
    """
    vectors, linear = model[0], model[-1]
    check_is_fitted(linear)
    row = vectors.transform([text])
    known = [str(name) for name in linear.classes_]
    code = str(linear.predict(row)[0]) if code is None else one_of(code, known, "code")
    if len(known) == 2:  # scikit-learn keeps the weights of the second class only
        sign = 1.0 if known.index(code) else -1.0
        weights, intercept = sign * linear.coef_[0], sign * linear.intercept_[0]
    else:
        weights, intercept = linear.coef_[known.index(code)], linear.intercept_[known.index(code)]
    given = row.multiply(weights).tocoo()
    names = vectors.get_feature_names_out()[given.coords[1]]
    table = pd.Series(given.data, pd.Index(names, name="word"), dtype=float)
    table = table.sort_values(key=np.abs, ascending=False, kind="stable")
    table["(intercept)"] = float(intercept)
    return table.rename("weight").to_frame()
