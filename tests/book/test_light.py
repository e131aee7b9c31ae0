"""What takes weight off the pages takes off nothing that is seen."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "book" / "_ext"))

import light

pytestmark = pytest.mark.book
SCRIPT = 'var i={bars:[448,512,["navicon"],"f0c9","M0 96"],"arrow-up":[384,512,[],"f062","M2 1"]};'


def test_only_icons_in_use_keep_their_outline():
    kept = light.only_icons(SCRIPT, {"arrow-up"})
    assert kept == 'var i={"arrow-up":[384,512,[],"f062","M2 1"]};'


def test_an_icon_is_kept_by_its_other_name():
    assert "navicon" in light.only_icons(SCRIPT, {"navicon"})


def test_the_style_sheet_keeps_its_fonts():
    sheet = '.fa{x:y}.fa-bars:before,.fa-navicon:before{content:"\\f0c9"}@font-face{src:url(a)}'
    assert light.without_icon_rules(sheet) == ".fa{x:y}@font-face{src:url(a)}"


def test_equal_dots_share_a_style_and_others_keep_theirs():
    dots = '<use xlink:href="#m" x="1.23456" y="2" style="a"/>\n  <use x="3" y="4" style="a"/>'
    other = '\n<use x="5" y="6" style="b"/>'
    slim = light.slim(dots + other)
    first, last = slim.split("</g>")
    assert first.startswith('<g style="a"><use xlink:href="#m" x="1.23" y="2"/>')
    assert 'style="b"' in last
    assert len(re.findall("<use", slim)) == 3


def test_what_a_figure_says_and_how_it_is_placed_stays():
    text = '<g transform="translate(1.23456 2)"><text>3.14159</text><path d="M 1.999999 -0.004 z"/>'
    assert light.slim(text) == text.replace("M 1.999999 -0.004", "M 2 -0")


@pytest.mark.parametrize(
    ("name", "body", "kept"),
    [
        ("sphinx-design.min.css", '<div class="sd-card">', True),
        ("mystnb.css", '<div class="cell docutils">', True),
        ("sphinx-design.min.css", "<p></p>", False),
        ("book.css", "", True),
    ],
)
def test_a_page_gets_what_it_needs(name, body, kept):
    assert light.needed(name, body) is kept
