"""Words of a text, in English and Chinese: what every count and every classifier starts from.

Chinese is written without spaces; jieba (an extra) cuts it into words. A text is cut by what it is
written in, so that one that mixes both languages keeps the words of both.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from crmlib._checks import optional

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_CHINESE = f"[{_HAN}]+"
_TOKEN = re.compile(rf"(?P<zh>{_CHINESE})|(?P<number>\d+(?:[.,]\d+)*)|(?P<word>[^\W\d_{_HAN}]+)")
NUMBER = "<number>"


def words(text: str) -> list[str]:
    """Cut a text into lower-case words; every number becomes '<number>'.

    Parameters
    ----------
    text : str
        English, Chinese or both.

    Returns
    -------
    list of str

    Raises
    ------
    TypeError
        If `text` is no string.
    ImportError
        If the text has Chinese in it and jieba is not installed.

    Examples
    --------
    >>> words("You took 20 yuan twice!")
    ['you', 'took', '<number>', 'yuan', 'twice']
    >>> words("营业员态度很差")
    ['营业员', '态度', '很差']
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, got {type(text).__name__} {text!r}.")
    found: list[str] = []
    for match in _TOKEN.finditer(text.lower()):
        if match.lastgroup == "zh":
            found += _cut(match.group())
        else:
            found.append(NUMBER if match.lastgroup == "number" else match.group())
    return found


def is_chinese(text: str) -> bool:
    """Say whether at least half of the letters of a text are Chinese characters.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_chinese("没有5G signal"), is_chinese("在地下室没有5G信号")
    (False, True)
    """
    chinese = sum(len(run) for run in re.findall(_CHINESE, text))
    letters = sum(letter.isalpha() for letter in text)
    return letters > 0 and 2 * chinese >= letters


def skeletons(texts: Iterable[str]) -> pd.Series[int]:
    """Give each distinct text a number; figures and letter case make no difference.

    Copies of one text in both the training and the test part of a cross-validation make a
    classifier look better than it is. Pass these numbers as its groups.

    Parameters
    ----------
    texts : iterable of str
        What customers wrote.

    Returns
    -------
    pandas.Series of int
        The number of each text, from 0 in the order of first appearance.

    Examples
    --------
    >>> skeletons(["Charged 5 yuan.", "No signal.", "charged 12 yuan"]).tolist()
    [0, 1, 0]
    """
    given = as_texts(texts)
    keys = [" ".join(words(text)) for text in given]
    return pd.Series(pd.factorize(np.asarray(keys, object))[0], index=given.index, name="skeleton")


def as_texts(texts: Iterable[str], name: str = "texts") -> pd.Series[str]:
    """Return texts as a Series, or raise an error that names the rows without one."""
    if isinstance(texts, str):
        raise TypeError(f"{name} must be many texts, got one string: wrap it in a list.")
    series = texts if isinstance(texts, pd.Series) else pd.Series(list(texts), dtype=object)
    if series.empty:
        raise ValueError(f"{name} is empty: there is nothing to read.")
    bad = [i for i, text in series.items() if not isinstance(text, str) or not text.strip()]
    if bad:
        rows = ", ".join(map(repr, bad[:5]))
        raise ValueError(f"{name} has {len(bad)} entries without text, first at {rows}.")
    return series


@lru_cache(maxsize=1 << 16)
def _cut(run: str) -> tuple[str, ...]:
    """Cut a run of Chinese; phrases recur, and every fold of a cross-validation reads all."""
    return tuple(_cutter().cut(run))


@lru_cache(maxsize=1)
def _cutter() -> Any:
    """Return a jieba tokenizer of our own, its dictionary read from the package.

    jieba's own `initialize` would talk to stderr and trust a cache in the shared temporary folder,
    for no gain in time.
    """
    with warnings.catch_warnings():
        # jieba 0.42.1 holds regular expressions that Python's compiler warns of when it first
        # meets them, and asks setuptools for a module that warns that it will go.
        escapes, gone = r".*invalid escape sequence", "pkg_resources is deprecated"
        warnings.filterwarnings("ignore", escapes, SyntaxWarning)
        warnings.filterwarnings("ignore", escapes, DeprecationWarning)
        warnings.filterwarnings("ignore", gone, DeprecationWarning)
        warnings.filterwarnings("ignore", gone, UserWarning)
        jieba = optional("jieba", "analysis")
    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    return cutter
