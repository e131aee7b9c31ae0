"""The real decks in a real browser: whole, legible, offline, without solutions."""

import re
from pathlib import Path

import pytest

from crmlib.course import build_slides

pytest.importorskip("sphinx_revealjs")
bs4 = pytest.importorskip("bs4")

ROOT = Path(__file__).parents[2]
DECKS = sorted(path.stem for path in (ROOT / "book" / "slides").glob("*.md"))
CHAPTERS = 4

pytestmark = pytest.mark.book


@pytest.fixture(scope="module")
def slides(site, tmp_path_factory):
    return build_slides(site, tmp_path_factory.mktemp("lectures") / "slides", root=ROOT)


@pytest.fixture
def deck_page(browser, slides):
    """A page that opens a deck and keeps what it asked for and complained about."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.outside, page.problems = [], []
    page.on(
        "request",
        lambda r: page.outside.append(r.url) if not r.url.startswith(("file:", "data:")) else None,
    )
    page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("requestfailed", lambda r: page.problems.append(r.url))

    def show(name, query=""):
        page.goto((slides.index.parent / f"{name}.html").as_uri() + query)
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        page.evaluate("document.fonts.ready")
        return page

    page.show = show
    yield page
    page.close()


def test_each_chapter_has_two_to_four_decks():
    assert len(DECKS) >= 8
    for chapter in range(1, CHAPTERS + 1):
        assert 2 <= sum(name.startswith(f"{chapter}-") for name in DECKS) <= 4


def test_every_picture_lies_beside_its_deck_and_is_described(slides):
    assert slides.pictures >= 30
    for name in DECKS:
        soup = bs4.BeautifulSoup((slides.index.parent / f"{name}.html").read_text(), "html.parser")
        for image in soup.select("img"):
            assert (slides.index.parent / image["src"]).stat().st_size
            assert len(image["alt"]) > 30


def test_quoted_numbers_are_the_pages_own(slides, site):
    """Read the page anew: the span that stands where the source has the number's name."""
    source = (ROOT / "chapters/2-recovery-decisions/cost-cap.md").read_text()
    page = (site / "chapters/2-recovery-decisions/cost-cap.html").read_text(encoding="utf-8")
    names = re.findall(r"\{glue:text\}`(\w+)`", source)
    values = re.findall(r'<span class="pasted-text">(.*?)</span>', page)
    worth = values[names.index("B")]
    deck = (slides.index.parent / "2-what-recovery-may-cost.html").read_text()
    assert f"A regained customer is worth {worth} yuan" in deck


def test_no_deck_types_a_result_of_its_own():
    """Percentages and money with decimals come from pages; set tasks say theirs in whole words."""
    for name in DECKS:
        text = (ROOT / "book" / "slides" / f"{name}.md").read_text(encoding="utf-8")
        typed = re.findall(r"(?<![{\w.])\d+\.\d+ ?%|[$€]\d", text)
        assert not typed, f"{name}: {typed}"


def test_no_solution_of_an_assignment_is_on_a_slide(slides):
    for file in slides.index.parent.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        for word in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "nbgrader"):
            assert word not in text


@pytest.mark.browser
@pytest.mark.parametrize("name", DECKS)
def test_a_deck_opens_from_the_disk_and_no_slide_leaves_its_frame(deck_page, name):
    page = deck_page.show(name)
    total = page.evaluate("Reveal.getTotalSlides()")
    assert total >= 8
    for number in range(total):
        page.evaluate(f"Reveal.slide({number})")
        page.evaluate("Reveal.layout()")
        beyond = page.evaluate(
            """() => {
              const slide = Reveal.getCurrentSlide(), frame = slide.parentElement;
              const edge = frame.getBoundingClientRect(), found = [];
              const parts = 'h1, h2, p, li, td, th, img, math';
              for (const part of slide.querySelectorAll(parts)) {
                if (part.closest('aside')) continue;
                const box = part.getBoundingClientRect();
                if (box.right > edge.right + 2 || box.bottom > edge.bottom + 2)
                  found.push(`${part.tagName} ${part.textContent.slice(0, 40)}`);
                if (part.tagName === 'IMG' && (!part.naturalWidth || box.height < 200))
                  found.push(`small or broken: ${part.alt.slice(0, 40)}`);
              }
              return found;
            }"""
        )
        assert not beyond, f"slide {number + 1}: {beyond}"
    assert not page.outside
    assert not page.problems


@pytest.mark.browser
def test_keys_turn_the_slides(deck_page):
    page = deck_page.show(DECKS[0])
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("Reveal.getIndices().h") == 1


@pytest.mark.browser
def test_the_speaker_sees_the_notes_in_a_window_of_their_own(deck_page):
    page = deck_page.show(DECKS[0])
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    notes = opened.value.locator(".speaker-controls-notes .value")
    page.keyboard.press("ArrowRight")
    notes.filter(has_text="show of hands").wait_for()


@pytest.mark.browser
def test_a_deck_prints_a_page_for_each_slide(deck_page):
    page = deck_page.show(DECKS[0], "?print-pdf")
    page.wait_for_selector(".pdf-page")
    assert page.locator(".pdf-page").count() == page.locator(".pdf-page section").count() >= 8
    assert not page.problems


@pytest.mark.browser
@pytest.mark.parametrize("name", ["index", DECKS[0], DECKS[4]])
def test_axe_finds_nothing(browser, slides, name):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto((slides.index.parent / f"{name}.html").as_uri())
    for number in range(1 if name == "index" else 4):
        if number:
            page.keyboard.press("ArrowRight")
        found = axe.run(page).response["violations"]
        assert not found, [(each["id"], each["nodes"][0]["html"]) for each in found]
    page.close()


@pytest.mark.browser
def test_the_index_leads_to_every_deck(browser, slides):
    page = browser.new_page()
    page.goto(slides.index.as_uri())
    targets = page.eval_on_selector_all("a[href]", "links => links.map(a => a.href)")
    assert {Path(target).stem for target in targets} == set(DECKS)
    assert page.locator("h2").count() == CHAPTERS + 1
    page.close()
