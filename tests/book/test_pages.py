"""Every chapter page follows the pattern, and its outputs are fit to print."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]
PAGES = sorted(ROOT.glob("chapters/*/*.md"))
SECTIONS = ("Try it", "Pitfalls", "Check yourself", "In short", "References")
pytestmark = pytest.mark.book


def ids(page):
    return page.stem


def prose(text):
    """The words a reader reads: no header, no code, no directive options."""
    text = re.sub(r"\A---.*?^---$", "", text, flags=re.S | re.M)
    text = re.sub(r"^```\{code-cell\}.*?^```$", "", text, flags=re.S | re.M)
    return re.findall(r"[A-Za-z][\w'-]*", re.sub(r"\{[\w:]+\}|^:{3,}.*$", " ", text, flags=re.M))


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_the_page_has_every_part_of_the_pattern(page):
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.M)
    assert "{admonition} After this page you can" in text
    assert headings[0].startswith("A question"), "the page opens with a question"
    assert [heading for heading in headings if heading in SECTIONS] == list(SECTIONS)
    assert page.with_suffix(".quiz.toml").is_file()


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_the_page_can_be_read_in_a_sitting(page):
    assert 800 <= len(prose(page.read_text(encoding="utf-8"))) <= 2000


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_cells_are_short_and_stored_without_outputs(page):
    text = page.read_text(encoding="utf-8")
    cells = re.findall(
        r"^```\{code-cell\}[^\n]*\n(?:---\n.*?\n---\n|(?::.*\n)+)?(.*?)^```$", text, re.S | re.M
    )
    assert cells
    longest = max((len(cell.strip().splitlines()) for cell in cells), default=0)
    assert longest <= 14


def rendered(site, page):
    html = site / page.relative_to(ROOT).with_suffix(".html")
    return BeautifulSoup(html.read_text(encoding="utf-8"), "html.parser").find("article")


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_figure_says_in_words_what_it_shows(site, page):
    images = rendered(site, page).find_all("img")
    assert images, "a page has a picture"
    vague = [image.get("src") for image in images if len(image.get("alt", "")) < 20]
    assert not vague


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_outputs_hold_no_warning_and_no_path_of_this_machine(site, page):
    outputs = [cell.get_text() for cell in rendered(site, page).select(".cell_output")]
    assert outputs
    bad = [
        text for text in outputs if re.search(r"Warning|Traceback|site-packages|/home/|/tmp/", text)
    ]
    assert not bad


def test_no_link_within_the_site_is_broken(site):
    broken = []
    anchors = {}
    for html in site.rglob("*.html"):
        soup = BeautifulSoup(html.read_text(encoding="utf-8"), "html.parser")
        anchors[html.resolve()] = (
            {tag["id"] for tag in soup.find_all(id=True)},
            soup.find_all("a", href=True),
        )
    for html, (_, links) in anchors.items():
        for link in links:
            target, _, anchor = link["href"].partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            path = (html.parent / target.split("?")[0]).resolve() if target else html
            if not path.exists() or (anchor and path in anchors and anchor not in anchors[path][0]):
                broken.append((html.name, link["href"]))
    assert not broken
