r"""Formulas as MathML: what a browser sets by itself, without a script.

latex2mathml reads the TeX. It passes on what it does not know, and writes some marks that no
browser heeds; so its result is mended to the spacing of TeX and checked, and a formula that would
appear half is refused.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from crmlib._checks import listed, optional
from crmlib.course._mathcore import check, mend
from crmlib.course.publish import BookError

#: latex2mathml reads other environments as if they were not there.
_ALIGNED = ("align", "align*", "aligned", "split")
_KNOWN = ("array", "cases", "matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix")
_ENVIRONMENT = re.compile(r"\\(begin|end)\{([^}]*)\}")
_ESCAPED = re.compile(r"\\[\\{}%$&#_]")


def mathml(tex: str, *, display: bool = False) -> str:
    r"""Return a formula as MathML, with its TeX in an annotation.

    Parameters
    ----------
    tex : str
        The formula, without dollar signs.
    display : bool
        Whether it stands on lines of its own.

    Returns
    -------
    str

    Raises
    ------
    BookError
        If it would not appear whole; the message says why.

    Examples
    --------
    >>> mathml("1 - c")
    '<math><semantics><mrow><mn>1</mn><mo>−</mo><mi>c</mi></mrow><annotation
    encoding="application/x-tex">1 - c</annotation></semantics></math>'
    >>> mathml(r"\churn")
    Traceback (most recent call last):
    ...
    crmlib.course.publish.BookError: The formula \churn cannot be set: \churn is not known
    """
    tex = tex.strip()
    try:
        row = _read(tex, display)
        mend(row)
        check(row)
    except ValueError as error:
        raise BookError(f"The formula {tex} cannot be set: {error}") from None
    math = ET.Element("math", {"display": "block"} if display else {})
    meaning = ET.SubElement(math, "semantics")
    meaning.append(row)
    ET.SubElement(meaning, "annotation", encoding="application/x-tex").text = tex
    return ET.tostring(math, encoding="unicode")


def lines(tex: str) -> str:
    r"""Return a block of TeX with its lines aligned, as Sphinx reads it.

    A blank line or ``\\`` outside an environment begins a new line.

    Examples
    --------
    >>> lines("a = b")
    'a = b'
    >>> print(lines("a = b \n\n c = d"))
    \begin{split}a = b \\ c = d\end{split}
    """
    parts = [part.strip() for part in re.split(r"\n\s*\n", tex) if part.strip()]
    whole = r" \\ ".join(parts)
    outside = re.sub(r"\\begin\{([^}]*)\}.*?\\end\{\1\}", "", whole, flags=re.DOTALL)
    return rf"\begin{{split}}{whole}\end{{split}}" if r"\\" in outside else whole


def _read(tex: str, display: bool) -> ET.Element:
    """Return latex2mathml's row of a formula, after what it would pass over in silence."""
    l2m = optional("latex2mathml.converter", "book")
    names = {name for _, name in _ENVIRONMENT.findall(tex)}
    if unknown := names - {*_KNOWN, *_ALIGNED, "equation", "equation*"}:
        raise ValueError(f"there is no environment {listed(sorted(unknown))} here")
    if re.search(r"\\tag\b", tex):
        raise ValueError(r"\tag is not known; a label gives a formula its number")
    bare = _ESCAPED.sub("", tex)
    if bare.count("{") != bare.count("}"):
        raise ValueError("its braces do not match")

    def known(found: re.Match[str]) -> str:
        if found[2].startswith("equation"):
            return ""
        return rf"\{found[1]}{{{'split' if found[2] in _ALIGNED else found[2]}}}"

    try:
        made = l2m.convert_to_element(
            _ENVIRONMENT.sub(known, tex), display="block" if display else "inline"
        )
    except Exception as error:
        # It raises what it happens upon: its own errors, StopIteration, KeyError.
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__.removesuffix("Error"))
        raise ValueError(words.lower() or "it is not understood") from None
    row: ET.Element = made[0]
    return row
