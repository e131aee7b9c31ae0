"""Code why customers left, by rules a person can read: from their words and from CRM fields.

Every code can be traced to what gave it. The rules are data (`phrases.toml`, `fields.toml`) and
can be replaced. A code is a cause of `taxonomy("cause")`; `recode` reads it in any other taxonomy.
"""

from __future__ import annotations

import operator
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib._checks import as_frame, listed, no_duplicates, one_of, require_columns
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COMPARE = {
    "==": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le,
    ">": operator.gt, "<": operator.lt,
}  # fmt: skip
_CONDITION = re.compile(r"(==|!=|>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)")


@cache
def _rules(name: str) -> dict[str, Any]:
    return tomllib.loads(files("crmlib.churn").joinpath(name).read_text(encoding="utf-8"))


def reason_phrases() -> pd.DataFrame:
    """Return the phrases that give away a reason, as `phrases.toml` holds them.

    Returns
    -------
    DataFrame
        `code` (a cause), `language` (``en``, ``zh``) and `pattern`, a regular expression; codes
        in order of precedence.

    Examples
    --------
    >>> table = reason_phrases()
    >>> table.loc[table["code"] == "price", "pattern"].iloc[0]
    'expensive'
    """
    book = {code: by for code, by in _rules("phrases.toml").items() if code != "negation"}
    rows = [
        (code, language, pattern)
        for code, by in book.items()
        for language, patterns in by.items()
        for pattern in patterns
    ]
    return pd.DataFrame(rows, columns=["code", "language", "pattern"])


def field_rules() -> pd.DataFrame:
    """Return the rules on CRM fields, as `fields.toml` holds them.

    Returns
    -------
    DataFrame
        `code` (a cause), `why`, and `when`: a mapping of field to condition, such as ``">= 2"``;
        rules in order of precedence.

    Examples
    --------
    >>> field_rules().loc[0, "when"]
    {'late_bills': '>= 3', 'ported': '== 0'}
    """
    return pd.DataFrame(_rules("fields.toml")["rule"])[["code", "why", "when"]]


@dataclass(frozen=True, repr=False)
class ReasonCodes(Result):
    """Reasons as coded, each with its evidence.

    Attributes
    ----------
    codes : Series
        The code of each case, missing where no rule speaks.
    hits : DataFrame
        A row for each time a rule spoke: `case` (its index label), `code`, `evidence` (the words
        or the values), `rule`, `at` (the place in the text, or of the rule).
    """

    codes: pd.Series[Any]
    hits: pd.DataFrame

    @property
    def coverage(self) -> float:
        """Share of cases with a code, from 0 to 1."""
        return float(self.codes.notna().mean())

    @property
    def several(self) -> float:
        """Share of the coded cases in which rules of more than one code spoke."""
        codes = self.hits.drop_duplicates(["case", "code"])["case"].value_counts()
        return float((codes > 1).mean())

    @property
    def _title(self) -> str:  # type: ignore[override]
        told = f"{self.coverage:.0%} of {len(self.codes):,} cases coded"
        return told if self.hits.empty else f"{told}, {self.several:.0%} of them with doubt"

    def why(self, case: object) -> pd.DataFrame:
        """Return what spoke for which code in one case.

        Raises
        ------
        KeyError
            There is no such case.

        Examples
        --------
        >>> code_texts(["the bill was wrong and the shop was rude"]).why(0)["evidence"].tolist()
        ['bill was wrong', 'rude']
        """
        if case not in self.codes.index:
            raise KeyError(f"There is no case {case!r}.")
        return self.hits[self.hits["case"] == case].drop(columns="case").reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """Return, by code, the cases that have it, their share, and the commonest evidence."""
        counts = self.codes.value_counts()
        commonest = self.hits.groupby("code")["evidence"].agg(lambda words: words.mode().iloc[0])
        table = pd.DataFrame({"cases": counts, "share": counts / len(self.codes)})
        table["commonest evidence"] = commonest.reindex(table.index)
        return table.rename_axis("code")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of all cases that each code has."""
        from crmlib.plots import ranked_bars

        share = self.to_frame()["share"].rename("share of cases")
        return ranked_bars(share, ax, fmt="{:.1%}".format)


def code_texts(texts: Iterable[str], phrases: pd.DataFrame | None = None) -> ReasonCodes:
    """Code reasons from what customers say, in English or Chinese.

    A phrase inside a longer one is not counted, and neither is one that is denied right before
    it ("not too expensive", 不贵). The code that most phrases speak for counts; of equals, the
    one that stands first among the phrases.

    Parameters
    ----------
    texts : iterable of str
        What customers said; a Series keeps its index. Missing and empty texts stay without a code.
    phrases : DataFrame, optional
        `code` and `pattern` (a regular expression, case ignored), in order of precedence;
        `reason_phrases()` by default.

    Returns
    -------
    ReasonCodes

    Raises
    ------
    TypeError
        `texts` is one string, or an entry is no text.
    ValueError
        A pattern is no regular expression, or the index of `texts` has labels twice.

    Examples
    --------
    >>> code_texts(["Too expensive", "网络老是出问题", "because"]).codes.tolist()
    ['price', 'core', nan]
    """
    if isinstance(texts, str):
        raise TypeError("texts must be many texts, got one string: wrap it in a list.")
    given = texts if isinstance(texts, pd.Series) else pd.Series(list(texts), dtype=object)
    no_duplicates(given.index, "texts")
    said = given.astype(object).where(given.notna().to_numpy(), "")
    foreign = [label for label, text in said.items() if not isinstance(text, str)]
    if foreign:
        raise TypeError(f"texts must hold strings; {listed(foreign, most=5)} is none.")
    table = reason_phrases() if phrases is None else as_frame(phrases, "phrases")
    require_columns(table, ["code", "pattern"], "phrases")
    rules = [(str(c), _compiled(p, str(c))) for c, p in zip(table["code"], table["pattern"],
                                                          strict=True)]  # fmt: skip
    denied = [_compiled(p, "negation") for ps in _rules("phrases.toml")["negation"].values()
              for p in ps]  # fmt: skip
    # Remarks recur: each distinct text is read once.
    found = {text: _read(text, rules, denied) for text in set(said)}
    rows = [(label, *hit) for label, text in said.items() for hit in found[text]]
    hits = pd.DataFrame(rows, columns=["case", "code", "evidence", "rule", "at"])
    order = list(dict.fromkeys(table["code"].astype(str)))
    return ReasonCodes(_first(hits, order, given.index, by_count=True), hits)


def code_fields(fields: pd.DataFrame, rules: pd.DataFrame | None = None) -> ReasonCodes:
    """Code reasons from the fields a CRM holds of a loss.

    Parameters
    ----------
    fields : DataFrame
        A row for each loss with the fields the rules name; `loss_fields` makes them. A condition
        on a missing value does not hold.
    rules : DataFrame, optional
        `code`, `why`, `when` as in `field_rules()`, which are the default; in order of precedence.

    Returns
    -------
    ReasonCodes

    Raises
    ------
    ValueError
        A field is not there, or a condition is not a comparison with a number.

    Examples
    --------
    >>> rules = pd.DataFrame({"code": ["core"], "why": ["faults"], "when": [{"faults": ">= 2"}]})
    >>> coded = code_fields(pd.DataFrame({"faults": [0, 3]}), rules)
    >>> coded.codes.tolist(), coded.why(1)["evidence"].tolist()
    ([nan, 'core'], ['faults 3 (>= 2)'])
    """
    table = field_rules() if rules is None else as_frame(rules, "rules")
    require_columns(table, ["code", "why", "when"], "rules")
    frame = as_frame(fields, "fields")
    no_duplicates(frame.index, "fields")
    require_columns(frame, dict.fromkeys(f for when in table["when"] for f in when), "fields")
    labels = frame.index.tolist()
    rows: list[tuple[object, str, str, str, int]] = []
    for place, (code, why, when) in enumerate(
        zip(table["code"], table["why"], table["when"], strict=True)
    ):
        holds = np.ones(len(frame), bool)
        for field, condition in when.items():
            compare, limit = _condition(condition, f"rules: {code!r}: {field}")
            holds &= compare(frame[field].to_numpy(float, na_value=np.nan), limit)
        for i in np.flatnonzero(holds):
            told = ", ".join(f"{f} {float(frame[f].iloc[i]):g} ({c})" for f, c in when.items())
            rows.append((labels[i], str(code), told, str(why), place))
    hits = pd.DataFrame(rows, columns=["case", "code", "evidence", "rule", "at"])
    # Evidence stands by case, in the order of the rules.
    position = pd.Series(range(len(frame)), frame.index)
    hits = hits.iloc[np.lexsort((hits["at"], hits["case"].map(position)))].reset_index(drop=True)
    order = list(dict.fromkeys(table["code"].astype(str)))
    return ReasonCodes(_first(hits, order, frame.index, by_count=False), hits)


def _read(
    text: str, rules: list[tuple[str, re.Pattern[str]]], denied: list[re.Pattern[str]]
) -> list[tuple[str, str, str, int]]:
    """Find the phrases of a text that count, in the order of the text."""
    spans = [(m.start(), m.end(), code, rule.pattern) for code, rule in rules
             for m in rule.finditer(text) if m.end() > m.start()]  # fmt: skip
    kept = []
    for start, end, code, pattern in sorted(spans):
        inside = any(s <= start and end <= e and e - s > end - start for s, e, _, _ in spans)
        if not inside and not any(d.search(text[:start]) for d in denied):
            kept.append((code, text[start:end], pattern, start))
    return kept


def _first(hits: pd.DataFrame, order: list[str], index: pd.Index[Any], *, by_count: bool) -> Any:
    """Choose the code of each case: the most hits if they count, then the order of the codes."""
    codes = pd.Series(pd.Categorical([None] * len(index), categories=order), index, name="code")
    if hits.empty:
        return codes
    tally = hits.groupby(["case", "code"], sort=False).agg(hits=("at", "size"), at=("at", "min"))
    tally = tally.reset_index()
    rank = tally["code"].map({code: i for i, code in enumerate(order)}) if by_count else tally["at"]
    weight = -tally["hits"] if by_count else 0
    tally = tally.assign(weight=weight, rank=rank).sort_values(["weight", "rank"], kind="stable")
    chosen = tally.drop_duplicates("case").set_index("case")["code"]
    codes[chosen.index] = chosen
    return codes


def _compiled(pattern: str, code: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"phrases: {pattern!r} of {code!r} is wrong: {error}.") from None


def _condition(text: object, where: str) -> tuple[Any, float]:
    match = _CONDITION.fullmatch(str(text).strip())
    if match is None:
        raise ValueError(
            f"{where}: a condition is a comparison with a number, such as '>= 2'; got {text!r}."
        )
    return _COMPARE[one_of(match.group(1), _COMPARE, where)], float(match.group(2))
