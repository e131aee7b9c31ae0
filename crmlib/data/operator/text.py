"""Put complaints and leavers' remarks into words, in English or Chinese."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crmlib.data.registry import folder

LANGUAGES = ("English", "Chinese")
_KEYS = ("en", "zh")
ASIDE = 0.25  # share of complaints that mention a second topic in passing


@cache
def phrases() -> dict[str, Any]:
    """Return the phrases by language, as `datasets/operator/phrases.toml` holds them."""
    return tomllib.loads((folder() / "operator" / "phrases.toml").read_text(encoding="utf-8"))


def complaint_texts(
    rng: np.random.Generator,
    kinds: Sequence[str],
    kind: NDArray[np.integer[Any]],
    severity: NDArray[np.integer[Any]],
    language: NDArray[np.integer[Any]],
) -> list[str]:
    """Write one text for each complaint.

    Parameters
    ----------
    rng : Generator
        Where the choice of words comes from.
    kinds : sequence of str
        The kinds of complaint that the codes in `kind` stand for.
    kind, severity, language : arrays of int
        Code of the kind; 1 to 3; 0 English or 1 Chinese. One element for each text.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> text = complaint_texts(rng, ["network"], np.array([0]), np.array([1]), np.array([0]))
    >>> isinstance(text[0], str)
    True
    """
    n = len(kind)
    draws = rng.random((n, 7))
    other = (kind + 1 + (draws[:, 1] * (len(kinds) - 1)).astype(int)) % len(kinds)
    fill = _Fill(rng, n)
    both = [phrases()[key] for key in _KEYS]
    texts: list[str] = []
    for i in range(n):
        words = both[language[i]]
        opening, problem, aside, consequence, wish, also, grave = draws[i]
        parts = [_pick(words["opening"], opening)]
        parts.append(_pick(words["complaint"][kinds[kind[i]]], problem))
        if also < ASIDE and len(kinds) > 1:
            parts.append(_pick(words["complaint"][kinds[other[i]]], aside))
        texts.append(
            _sentence(words, parts)
            + words["space"]
            + words["space"].join(
                part
                for part in (
                    _pick(words["consequence"], consequence),
                    _pick(words["wish"], wish),
                    _pick(words["grave"], grave) if severity[i] == 3 else "",
                )
                if part
            )
        )
    return fill(texts, language)


def remarks(
    rng: np.random.Generator,
    causes: Sequence[str],
    cause: NDArray[np.integer[Any]],
    language: NDArray[np.integer[Any]],
) -> list[str]:
    """Write what leavers say at the exit interview; an empty text where the cause is -1."""
    n = len(cause)
    fill = _Fill(rng, n)
    draws = rng.random(n)
    texts = [
        _pick(phrases()[_KEYS[language[i]]]["remark"][causes[cause[i]]], draws[i])
        if cause[i] >= 0
        else ""
        for i in range(n)
    ]
    return fill(texts, language)


class _Fill:
    """Fill the braces of texts with numbers and places, drawn before the words."""

    def __init__(self, rng: np.random.Generator, n: int) -> None:
        self._counts = rng.integers(2, 6, n)
        self._days = rng.integers(2, 15, n)
        self._yuan = rng.integers(1, 31, n) * rng.choice([1, 5, 10], n)
        self._place = rng.random(n)

    def __call__(self, texts: list[str], language: NDArray[np.integer[Any]]) -> list[str]:
        filled: list[str] = []
        for i, text in enumerate(texts):
            if "{" not in text:
                filled.append(text)
                continue
            place = _pick(phrases()[_KEYS[language[i]]]["places"], self._place[i])
            filled.append(text.format(n=self._counts[i], d=self._days[i], y=self._yuan[i], p=place))
        return filled


def _sentence(words: dict[str, Any], parts: list[str]) -> str:
    opening, *problems = parts
    if words["space"]:
        body = " and ".join(problems)
        if not opening or opening[-1] not in ",":
            keep = opening.endswith("but")
            body = body if keep else body[0].upper() + body[1:]
        return f"{opening} {body}.".strip()
    return f"{opening}{''.join(problems)}"


def _pick(options: Sequence[str], u: float) -> str:
    return options[int(u * len(options))]
