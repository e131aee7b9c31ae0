"""Complaints sorted by rules a person can read: for files that nobody has labeled."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from crmlib._checks import as_frame, require_columns
from crmlib._words import as_texts


@cache
def codebook_rules() -> pd.DataFrame:
    """Return crmlib's rules for telecom complaints, in English and Chinese.

    Returns
    -------
    pandas.DataFrame
        `category`, `zh`, `pattern`, in order of precedence.

    Examples
    --------
    >>> codebook_rules()["category"].tolist()[:3]
    ['data cap', 'billing', 'speed']
    """
    text = files("crmlib.complaints").joinpath("codebook.toml").read_text(encoding="utf-8")
    table = pd.DataFrame.from_dict(tomllib.loads(text), orient="index")
    return table.rename_axis("category").reset_index()


def codebook(texts: Iterable[str], rules: pd.DataFrame | None = None) -> pd.Series[Any]:
    """Sort texts by the first rule whose pattern they contain.

    Parameters
    ----------
    texts : iterable of str
        The complaints, in English or Chinese.
    rules : pandas.DataFrame, optional
        `category` and `pattern` (a regular expression, case ignored), in order of precedence;
        `codebook_rules()` by default.

    Returns
    -------
    pandas.Series
        Category by text; missing where no rule speaks.

    Raises
    ------
    ValueError
        If a pattern is no regular expression.

    Examples
    --------
    >>> codebook(["Data cap is a joke", "Slow internet", "Comcast", "多扣了20元"]).tolist()
    ['data cap', 'speed', nan, 'billing']
    """
    table = codebook_rules() if rules is None else as_frame(rules, "rules")
    require_columns(table, ["category", "pattern"], "rules")
    given = as_texts(texts)
    found = pd.Series(np.nan, given.index, dtype=object, name="category")
    for category, pattern in zip(table["category"], table["pattern"], strict=True):
        try:
            rule = re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            raise ValueError(f"rules: the pattern of {category!r} is wrong: {error}.") from None
        hit = np.array([rule.search(text) is not None for text in given])
        found[hit & found.isna().to_numpy()] = category
    return found
