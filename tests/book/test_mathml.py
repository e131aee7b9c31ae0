"""A formula is set whole and as TeX would set it, keeps its TeX, or stops the build."""

import os
import subprocess
import sys
from html import unescape

import nbformat
import pytest
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont

from crmlib.course import BookError
from crmlib.course._mathml import lines, mathml
from tests.book.extensions import ROOT, extension

pytestmark = pytest.mark.book


def formula(tex, display=False):
    """The formula's row, without the annotation."""
    return BeautifulSoup(mathml(tex, display=display), "html.parser").semantics.contents[0]


def signs(tex, display=False):
    """What is seen, token by token."""
    return [at.get_text() for at in formula(tex, display).find_all(["mi", "mn", "mo", "mtext"])]


def test_its_tex_is_kept_beside_it():
    tex = r"p < \frac{c}{g} \text{ & more}"
    soup = BeautifulSoup(mathml(tex), "html.parser")
    kept = soup.find("annotation", encoding="application/x-tex")
    assert unescape(kept.get_text()) == tex


def test_a_fraction_has_its_two_parts():
    parts = [part.get_text() for part in formula(r"\frac{a}{c}").mfrac.children]
    assert parts == ["a", "c"]


@pytest.mark.parametrize(
    ("tex", "display", "tag"),
    [
        (r"\sum_{t=1}^{\infty} m", True, "munderover"),
        (r"\sum_k p_k", False, "msub"),
        (r"\max_x f", True, "munder"),
        (r"\log_2 p", True, "msub"),
    ],
)
def test_limits_stand_where_tex_puts_them(tex, display, tag):
    assert formula(tex, display).find(["munderover", "munder", "msub"]).name == tag


def test_text_keeps_its_spaces_and_its_chinese():
    assert signs(r"\text{left in month } s \text{ 流失 率}") == [
        "left\N{NO-BREAK SPACE}in\N{NO-BREAK SPACE}month\N{NO-BREAK SPACE}",
        "s",
        "\N{NO-BREAK SPACE}流失\N{NO-BREAK SPACE}率",
    ]


def test_a_word_in_roman_is_one_word_and_a_letter_stays_upright():
    assert signs(r"\mathrm{CLV}") == ["CLV"]
    assert formula(r"\mathrm{d}x").mi["mathvariant"] == "normal"


@pytest.mark.parametrize(
    ("tex", "seen"),
    [
        (r"\lambda\,\tau", ["λ", "τ"]),
        (r"\mathbf{x}\mathbb{R}\mathbf{12}", ["𝐱", "ℝ", "𝟏𝟐"]),
        (r"\boldsymbol{\beta}", ["𝜷"]),
        (r"p^{*}", ["p", "∗"]),
        (r"a + \dots + z", ["a", "+", "⋯", "+", "z"]),
        (r"p_1, \dots", ["p", "1", ",", "…"]),
        (r"80\,\%", ["80", "%"]),
        (r"\lvert x \rvert", ["|", "x", "|"]),
    ],
)
def test_signs_and_alphabets(tex, seen):
    assert signs(tex) == seen


@pytest.mark.parametrize(
    ("tex", "prefix"),
    [
        ("|x| - y", False),
        ("|-x|", True),
        ("= -x", True),
        ("(-x)", True),
        ("a - x", False),
        ("(a)^2 - x", False),
        ("+ - x", True),
    ],
)
def test_a_minus_is_a_sign_where_nothing_stands_before_it(tex, prefix):
    (minus,) = (at for at in formula(tex).find_all("mo") if at.get_text() == "−")
    assert (minus.get("form") == "prefix") is prefix


@pytest.mark.parametrize(
    ("tex", "rooms"),
    [(r"p_k \log_2 p_k", 2), (r"\log(x)", 0), (r"\ln 2", 1), (r"-\log h", 1), (r"a\,b", 1)],
)
def test_names_of_functions_stand_apart(tex, rooms):
    assert len(formula(tex).find_all("mspace", width="0.167em")) == rooms


def test_signs_in_scripts_stand_close():
    script = formula("P^{T-1} + b").msup.find("mo")
    assert (script["lspace"], script["rspace"]) == ("0", "0")
    assert "lspace" not in formula("T-1").find("mo").attrs


def test_brackets_of_a_wanted_height_stretch():
    first, *_, last = formula(r"\Bigl(1-\frac{a}{c}\Bigr)").find_all("mo")
    for bracket in (first, last):
        assert bracket["stretchy"] == "true"
        assert float(bracket["minsize"].removesuffix("em")) > 1


@pytest.mark.parametrize(
    "tex", ["|x|", r"\lvert x\rvert", r"\lfloor x\rfloor", r"\langle x\rangle"]
)
def test_brackets_grow_only_where_tex_says_so(tex):
    for bracket in formula(tex).find_all("mo"):
        assert bracket.attrs == {"lspace": "0", "rspace": "0", "stretchy": "false"}


def test_brackets_grow_with_what_they_hold_where_tex_says_so():
    assert [at["stretchy"] for at in formula(r"\left|\frac{a}{c}\right|").find_all("mo")] == [
        "true",
        "true",
    ]


def test_greek_capitals_are_upright_and_small_letters_slanted():
    capital, small = formula(r"\Delta\delta").find_all("mi")
    assert capital["mathvariant"] == "normal"
    assert not small.attrs


def test_accents_are_as_wide_as_a_letter_and_lines_as_wide_as_what_they_cover():
    for tex in (r"\hat{p}", r"\bar{p}", r"\vec{p}"):
        assert formula(tex).mo["stretchy"] == "false"
    line = formula(r"\overline{ab}").mo
    assert line.get("stretchy") != "false"


@pytest.mark.parametrize("name", ["aligned", "align", "align*", "split"])
def test_lines_are_aligned_at_their_signs(name):
    table = formula(rf"\begin{{{name}}}a &= b \\ c &= d\end{{{name}}}", display=True)
    assert [cell["class"] for cell in table.find_all("mtd")] == [["right"], ["left"]] * 2
    assert "(1)" not in table.get_text()


def test_cases_stand_behind_a_brace():
    cases = formula(r"f = \begin{cases}1 & x > 0 \\ 0 & \text{else}\end{cases}")
    assert [at["class"] for at in cases.find_all("mtd")] == [["left"]] * 4
    assert cases.find("mo", form="prefix").get_text() == "{"


@pytest.mark.parametrize(
    "tex", ["a = b \\\\ c = d", "a = b\n\nc = d", "\\begin{cases}a\\end{cases} \\\\ b"]
)
def test_a_block_of_lines_is_one_table(tex):
    assert lines(tex).startswith(r"\begin{split}")
    assert len(formula(lines(tex), display=True).mtable.find_all("mtr", recursive=False)) == 2


def test_lines_within_an_environment_are_its_own():
    tex = r"\begin{cases}a \\ b\end{cases}"
    assert lines(tex) == tex


@pytest.mark.parametrize(
    ("tex", "reason"),
    [
        (r"\churn + 1", r"\churn is not known"),
        (r"\text{a \churn}", r"\churn is not known"),
        (r"\frac{1", "braces do not match"),
        (r"x}", "braces do not match"),
        (r"\frac{1}", "lacks a part"),
        (r"a^b^c", "double superscripts"),
        (r"\left( a", "right"),
        (r"a & b", "&"),
        (r"a \\ b", "aligned"),
        (r"\begin{gather}a\end{gather}", "no environment 'gather'"),
        (r"\begin{cases}a", "missing end"),
        (r"\boxed{x}", "menclose"),
        (r"\underbrace{a + b}_{c}", "brace"),
        (r"\begin{array}{c|c}a&b\end{array}", "columnlines"),
        (r"\text{a $x$}", "a formula within its text"),
        (r"\textbf{a}", "text is upright"),
        (r"a \tag{1}", r"\tag"),
        (r"\label{x} a", r"\label"),
    ],
)
def test_what_would_appear_half_is_refused(tex, reason):
    with pytest.raises(BookError) as refused:
        mathml(tex)
    assert tex in str(refused.value)
    assert reason in str(refused.value).split("cannot be set")[1]


# The extension ------------------------------------------------------------------------

CONF = """
extensions = ["myst_parser", "mathml"]
myst_enable_extensions = ["dollarmath", "amsmath"]
html_math_renderer = "mathml"
myst_update_mathjax = False
"""


def build(folder, page, *options):
    """Build a page with Sphinx as the book is built; return what it said, and the page."""
    (folder / "conf.py").write_text(CONF, encoding="utf-8")
    (folder / "index.md").write_text(page, encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-W",
            "-q",
            "-n",
            "-b",
            "html",
            *options,
            folder,
            folder / "out",
        ],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'book' / '_ext'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    html = folder / "out" / "index.html"
    return done, html.read_text(encoding="utf-8") if html.is_file() else ""


PAGE = """# A page

Inline $a/c$, and numbered, see {eq}`bucket`:

$$
N^* = \\frac{a}{c}
$$ (bucket)

\\begin{align*}
a &= b \\\\
c &= d
\\end{align*}

```{math}
:label: second
p = 1
```

```{eval-rst}
A docstring's :math:`x_1`.
```
"""


def test_pages_have_formulas_numbers_and_links_to_them(tmp_path):
    done, html = build(tmp_path, PAGE)
    assert done.returncode == 0, done.stderr
    soup = BeautifulSoup(html, "html.parser")
    assert len(soup.select("span.math > math")) == 2
    blocks = soup.select("div.math")
    assert [bool(block.find("math", display="block")) for block in blocks] == [True] * 3
    numbers = [block.select_one(".eqno") for block in blocks]
    assert [number and number.get_text()[:3] for number in numbers] == ["(1)", None, "(2)"]
    link = soup.select_one("p a.reference.internal")
    assert link.get_text() == "(1)"
    assert link["href"] == numbers[0].a["href"] == f"#{blocks[0]['id']}"
    assert len(blocks[1].select("mtr")) == 2
    assert "mathjax" not in html.lower()


def test_what_a_cell_answers_in_tex_is_a_formula_too(tmp_path):
    v4 = nbformat.v4
    answer = v4.new_output("display_data", {"text/latex": r"$\frac{a}{c}$"})
    cells = [v4.new_markdown_cell("# A cell"), v4.new_code_cell("churn", outputs=[answer])]
    about = {"language_info": {"name": "python"}}
    nbformat.write(v4.new_notebook(cells=cells, metadata=about), tmp_path / "cell.ipynb")
    options = ("nb_execution_mode=off", "extensions=myst_nb,mathml")
    page = "# A page\n\n```{toctree}\ncell\n```\n"
    done, _ = build(tmp_path, page, *(f"-D{option}" for option in options))
    assert done.returncode == 0, done.stderr
    soup = BeautifulSoup((tmp_path / "out" / "cell.html").read_text("utf-8"), "html.parser")
    assert soup.select_one(".cell_output mfrac").get_text() == "ac"


@pytest.mark.parametrize("tex", ["$\\churn$", "$$\n\\frac{1}\n$$"])
def test_a_refused_formula_stops_the_build_and_is_named_with_its_place(tmp_path, tex):
    done, _ = build(tmp_path, f"# A page\n\nText.\n\nMore text: {tex}\n")
    assert done.returncode != 0
    assert "index.md:5" in done.stderr
    assert tex.strip("$\n") in done.stderr


def test_the_font_is_small_and_still_sets_formulas(tmp_path):
    extension("mathml").write_font(tmp_path / "fonts" / "math.woff")
    (file,) = (tmp_path / "fonts").iterdir()
    assert file.stat().st_size < 400_000
    with TTFont(file) as font:
        codes = font.getBestCmap()
        variants = font["MATH"].table.MathVariants
        notice = font["name"].getDebugName(0)
    assert set(map(ord, "aΣλ∑∏⟺𝑝𝐱𝔼∗−")) <= codes.keys()
    grown = dict(
        zip(variants.VertGlyphCoverage.glyphs, variants.VertGlyphConstruction, strict=True)
    )
    for sign in "({[∑":
        assert len(grown[codes[ord(sign)]].MathGlyphVariantRecord) > 1, sign
    assert notice.startswith("Copyright 2001-2020 The STIX Fonts Project")


def test_the_license_of_the_font_lies_beside_it():
    license_text = (ROOT / "book/_static/fonts/STIXTwoMath-LICENSE.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in license_text
    assert "Copyright 2001-2020 The STIX Fonts Project" in license_text
