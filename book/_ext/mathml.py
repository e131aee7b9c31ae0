"""Writes formulas as MathML, which browsers set by themselves, and brings the font for it.

A formula that cannot be set whole is a warning, and so fails the build.
"""

from pathlib import Path

from docutils import nodes
from fontTools import subset
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from crmlib.course._bookparts import package_file
from crmlib.course._mathml import lines, mathml
from crmlib.course.publish import BookError

logger = logging.getLogger(__name__)

FONT = "STIXTwoMath-Regular"
#: Latin and Greek, accents, punctuation, arrows, operators, brackets and the alphabets of formulas.
CHARACTERS = (
    *(range(0x20, 0x7F), range(0xA0, 0x100), range(0x2B0, 0x370), range(0x391, 0x3F7)),
    *(range(0x2000, 0x2070), range(0x20D0, 0x2100), range(0x2100, 0x2150), range(0x2190, 0x2400)),
    *(range(0x25A0, 0x2600), range(0x27C0, 0x2800), range(0x1D400, 0x1D800)),
)
#: Smaller shapes for scripts, dotless letters under accents, and marks in their places.
FEATURES = ["ssty", "dtls", "flac", "ccmp", "kern", "mark", "mkmk"]


def visit_math(self, node):
    self.body.append(self.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    self.body.append(_set(node, node.astext()))
    self.body.append("</span>")
    raise nodes.SkipNode


def visit_math_block(self, node):
    """A formula of its own with its number and a link to itself, as Sphinx's MathJax has them."""
    self.body.append(self.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node.get("number"):
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, _("Link to this equation"))
        self.body.append("</span>")
    self.body.append(_set(node, lines(node.astext()), display=True))
    self.body.append("</div>\n")
    raise nodes.SkipNode


def _set(node, tex, display=False):
    try:
        return mathml(tex, display=display)
    except BookError as error:
        logger.warning("%s", error, location=node, type="mathml")
        return ""


def write_font(target):
    """Write what formulas can need of the math font, small enough for a web page.

    The font comes with ziamath; its license, which allows this, goes along.
    """
    options = subset.Options(flavor="woff", hinting=False, layout_features=FEATURES, name_IDs=["*"])
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for codes in CHARACTERS for code in codes])
    target.parent.mkdir(parents=True, exist_ok=True)
    with subset.load_font(package_file("ziamath", f"fonts/{FONT}.ttf", "book"), options) as font:
        subsetter.subset(font)
        subset.save_font(font, target, options)


def bring_font(app, error):
    if error is None and app.builder.format == "html":
        write_font(Path(app.outdir) / "_static" / "fonts" / f"{FONT}.woff")


def setup(app):
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    app.connect("build-finished", bring_font)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
