"""How complaints are answered: the coding scheme as data."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import pandas as pd


@cache
def response_codes() -> pd.DataFrame:
    """Return the ways a complaint is answered: Chinese name, whether adequate, meaning.

    Returns
    -------
    pandas.DataFrame
        Indexed by code.

    Examples
    --------
    >>> codes = response_codes()
    >>> codes.index[~codes["adequate"]].tolist()
    ['wrong answer', 'no answer', 'blame shifted']
    """
    text = files("crmlib.complaints").joinpath("responses.toml").read_text(encoding="utf-8")
    return pd.DataFrame.from_dict(tomllib.loads(text), orient="index").rename_axis("response")
