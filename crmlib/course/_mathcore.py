"""MathML as latex2mathml writes it, mended to TeX's spacing and checked for what browsers set."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from xml.etree import ElementTree as ET

#: How many parts each of these has; a browser sets none of them with fewer.
_PARTS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2} | dict.fromkeys(
    ("msubsup", "munderover"), 3
)
#: Elements and attributes of MathML Core, the part of MathML that browsers have in common.
_ROWS = {"mrow", "mstyle", "mphantom", "mpadded", "msqrt", "mtd"}
_TOKENS = {"mi", "mn", "mo", "mtext"}
_ELEMENTS = {*_ROWS, *_PARTS, *_TOKENS, "mspace", "mtable", "mtr"}
_SWITCHES = {"accent", "displaystyle", "fence", "largeop", "movablelimits", "stretchy"}
_LENGTHS = {"depth", "height", "lspace", "maxsize", "minsize", "rspace", "voffset", "width"}
_ATTRIBUTES = {*_SWITCHES, *_LENGTHS} | {
    *("class", "form", "linethickness", "mathcolor", "mathvariant", "scriptlevel")
}
_LENGTH = re.compile(r"-?(\d+\.?\d*|\.\d+)(em|ex|px|pt)|0")
_THIN = "0.167em"
#: Scripts of these stand above and below them in a formula of its own, as those of a sum do.
_LIMITS = {"lim", "max", "min", "sup", "inf"}
_UNDER_AND_OVER = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
_SCRIPTED = {*_UNDER_AND_OVER, *_UNDER_AND_OVER.values()}
#: Signs that TeX sets like a letter, without room around them.
_LETTERS = set("∞∅∂∇∀∃%&#$_′″‴")
#: Signs without room around them.
_CLOSE_BY = set("/.…⋯")
_CLOSE = set(")]}⌉⌋⟩")
#: Brackets that grow only where TeX says so, with \\left, \\right or a size.
_BARS = set("|‖⌈⌉⌊⌋⟨⟩")
#: An asterisk stands on the line's middle, not raised as in text; a browser stretches this line.
_BETTER = {"*": "∗", "―": "‾"}
_SIGNS = set("+−±∓")
_BETWEEN = _SIGNS | set("<>=≤≥≪≫≠≈∼≃≡∝×⋅∗→")
#: Names that TeX sets apart from what they apply to.
_FUNCTIONS = {
    *("arccos", "arcsin", "arctan", "cos", "cosh", "cot", "coth", "csc", "deg", "dim", "exp"),
    *("hom", "ker", "lg", "ln", "log", "sec", "sin", "sinh", "tan", "tanh"),
}
_ACCENTS = set("^~¯‾→˙¨ˇ˘´`")


def mend(at: ET.Element) -> None:
    r"""Mend an element and all it holds, in place.

    Raises
    ------
    ValueError
        If it holds a command that latex2mathml does not know, or a lonely sign of TeX's.
    """
    _read_text(at)
    for index, child in enumerate(at):
        mend(child)
        at[index] = _without_row(child)
    if at.tag in _SCRIPTED:
        _tighten(at)
    if at.tag in _ROWS:
        _join_upright(at)
        _space(at)
    elif at.tag in _UNDER_AND_OVER and len(at) and at[0].get("movablelimits"):
        at.tag = _UNDER_AND_OVER[at.tag]
    elif at.tag == "mover" and len(at) == 2 and at[1].text in _ACCENTS:
        _set_accent(at, at[1])
    elif at.tag == "mtable":
        _align(at)
    elif at.tag == "mspace" and at.get("width") == "negativethinmathspace":
        at.set("width", f"-{_THIN}")


def check(row: ET.Element) -> None:
    """Refuse what a browser would not set.

    Raises
    ------
    ValueError
    """
    for at in row.iter():
        if "linebreak" in at.attrib:
            raise ValueError(r"lines belong into \begin{aligned} ... \end{aligned}")
        if at.tag not in _ELEMENTS:
            raise ValueError(f"browsers do not set the element {at.tag} that it needs")
        if at.text in {"⏞", "⏟"}:
            raise ValueError("Chromium draws a brace over or under it without one of its ends")
        if len(at) != _PARTS.get(at.tag, len(at)):
            raise ValueError("a fraction, a root or a script lacks a part")
        for name, value in at.attrib.items():
            if name not in _ATTRIBUTES or (name in _LENGTHS and not _LENGTH.fullmatch(value)):
                raise ValueError(f"browsers do not heed the attribute {name}={value!r}")


def _read_text(at: ET.Element) -> None:
    """Give a token the characters that its text stands for."""
    text = at.text or ""
    if at.tag == "mtext":
        if re.search(r"(?<!\\)\$", text):
            raise ValueError("a formula within its text is not known")
        text = re.sub(r"\\([%&#$_])", r"\1", text)
    elif at.tag == "mo":
        text = re.sub(r"^\\([{}])$", r"\1", text)
    if unknown := re.search(r"\\([A-Za-z]+|.|$)", text):
        raise ValueError(f"{unknown[0]} is not known")
    if at.tag == "mi" and text in set("&{}$#^_~"):
        raise ValueError(f"a {text} stands where it has no meaning")
    if at.tag == "mi" and re.fullmatch(r"&#x000[4-7][0-9A-F];", text):
        at.set("mathvariant", "normal")  # so it writes a single upright letter
    text = unescape(text)
    if at.tag in _TOKENS:
        text = _in_variant(at, text)
    if at.tag == "mo":
        text = _BETTER.get(text, text)
    _choose_token(at, text)
    at.text = text or None


def _in_variant(at: ET.Element, text: str) -> str:
    """Return a text in bold or another alphabet: browsers heed the character, not the attribute."""
    variant = at.get("mathvariant", "normal")
    if variant == "normal":
        return text
    if at.tag == "mtext":
        raise ValueError(f"text is upright here, not {variant}")
    del at.attrib["mathvariant"]
    if variant == "italic" and len(text) == 1:
        return text  # as a browser sets it anyway

    def styled(character: str) -> str:
        name = re.sub("LATIN |GREEK | LETTER", "", unicodedata.name(character))
        style = variant.upper().replace("-ITALIC", " ITALIC")
        try:
            return unicodedata.lookup(f"MATHEMATICAL {style} {name}")
        except KeyError:
            raise ValueError(f"there is no {variant} {character}") from None

    return "".join(map(styled, text))


def _choose_token(at: ET.Element, text: str) -> None:
    """Say of a sign whether it is a letter or an operator, and how wide an operator stands."""
    if at.tag == "mi" and len(text) == 1 and text not in _LETTERS:
        if unicodedata.category(text)[0] in "SP":
            at.tag = "mo"
        elif "Α" <= text <= "Ω":
            at.set("mathvariant", "normal")  # TeX sets Greek capitals upright
    if at.tag == "mo" and text in _BARS and not at.get("fence"):
        at.attrib.update(lspace="0", rspace="0", stretchy="false")
    elif at.tag == "mo" and text in _LETTERS:
        at.tag = "mi"
    elif at.tag == "mo" and (text in _CLOSE_BY or (len(text) > 1 and text[0].isalpha())):
        at.attrib.update(lspace="0", rspace="0")
        if text in _LIMITS:
            at.set("movablelimits", "true")


def _without_row(at: ET.Element) -> ET.Element:
    """Return the only child of a row that groups nothing; an operator in braces is a letter."""
    if at.tag != "mrow" or at.attrib or len(at) != 1:
        return at
    if at[0].tag == "mo" and not at[0].get("fence"):
        at[0].attrib.update(lspace="0", rspace="0")
    return at[0]


def _tighten(scripted: ET.Element) -> None:
    """Let signs in scripts stand close, as TeX does."""
    for script in scripted[1:]:
        for at in script.iter("mo"):
            if at.text != ",":
                at.attrib.update(lspace="0", rspace="0")


def _set_accent(over: ET.Element, accent: ET.Element) -> None:
    """Keep an accent as wide as one letter, unless it is one of the wide kind."""
    if over.get("accent") == "true" or (
        accent.get("stretchy") == "true" and (accent.text or " ") in "¯→"
    ):
        accent.set("stretchy", "false")
    accent.attrib.pop("accent", None)
    over.set("accent", "true")


def _align(table: ET.Element) -> None:
    """Say by classes, which browsers heed, how a table's columns are aligned."""
    table.attrib.pop("rowspacing", None)
    if table.attrib.pop("columnspacing", "").startswith("0em"):
        table.set("class", "aligned")
    for cell in table.iter("mtd"):
        side = cell.attrib.pop("columnalign", "center")
        if side != "center":
            cell.set("class", side)


def _join_upright(row: ET.Element) -> None:
    """Make one name of the letters of one: CLV is a word, not C times L times V."""
    before: ET.Element | None = None
    for at in list(row):
        upright = at.tag == "mi" and at.get("mathvariant") == "normal" and (at.text or "").isalpha()
        if upright and before is not None:
            before.text = f"{before.text}{at.text}"
            row.remove(at)
        else:
            before = at if upright else None
    for at in row:
        if at.tag == "mi" and len(at.text or "") > 1:
            at.attrib.pop("mathvariant", None)  # a browser sets a word upright anyway


def _space(row: ET.Element) -> None:
    r"""Set operators as TeX does: a sign as a prefix, ``\log x`` apart, dots among signs raised."""
    parts = list(row)
    cores = [_core(at) for at in parts]
    for index, core in enumerate(cores):
        before = cores[index - 1] if index else None
        after = cores[index + 1] if index + 1 < len(cores) else None
        if core.tag == "mo" and core.text in _SIGNS and _begins(cores[:index]):
            core.set("form", "prefix")
        if core.text == "…" and after is not None and (after.text or "") in _BETWEEN:
            core.text = "⋯"
        if not _is_function(core):
            continue
        at = list(row).index(parts[index])
        if after is not None and (_is_term(after) or _is_function(after)):
            row.insert(at + 1, ET.Element("mspace", width=_THIN))
        if before is not None and (_is_term(before) or (before.text or "") in _CLOSE):
            row.insert(at, ET.Element("mspace", width=_THIN))


def _core(at: ET.Element) -> ET.Element:
    """Return what carries the scripts or the accent of an element, or the element."""
    while at.tag in _SCRIPTED and len(at):
        at = at[0]
    return at


def _is_function(core: ET.Element) -> bool:
    """Tell log, max and argmax from a letter, a word and a sign."""
    word = "".join((core.text or "").split())
    return word in _FUNCTIONS or (core.tag == "mo" and len(word) > 1 and word.isalpha())


def _is_term(core: ET.Element) -> bool:
    """Tell a letter, a number, a fraction from a sign, a function and a space."""
    return core.tag not in {"mo", "mspace"} and not _is_function(core)


def _begins(before: list[ET.Element]) -> bool:
    """Whether a sign after these begins something: it is no sum or difference of two terms."""
    last = next((at for at in reversed(before) if at.tag != "mspace"), None)
    if last is not None and last.text in {"|", "‖"}:
        return sum(at.text == last.text for at in before) % 2 == 1  # the first of two bars opens
    return last is None or (last.tag == "mo" and last.text not in _CLOSE | {"!", "…", "⋯"})
