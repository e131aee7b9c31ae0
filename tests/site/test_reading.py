"""Anyone can read the site: by ear, by keyboard, enlarged, without motion, from a stick."""

import re
from itertools import pairwise
from pathlib import Path
from shutil import copytree
from urllib.parse import unquote, urlparse

import pytest

pytestmark = [pytest.mark.book, pytest.mark.browser]

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
#: WCAG 1.4.10: what a window of 1,280 shows at 400 %.
NARROW = {"width": 320, "height": 800}
MEGABYTE = 2**20

#: One page of each kind.
KINDS = {
    "chapter": "chapters/1-churn-overview/what-churn-is.html",
    "glossary": "book/glossary.html",
    "reference": "book/api/value.html",
    "data sheet": "datasets/hillstrom.html",
    "search": "search.html",
}

#: What a page may load beyond its megabyte, with the reason.
HEAVY = {
    "searchindex.js": "the index of all words of the book, on the search page only",
}

#: Headings, figures, landmarks and controls as they are shown, and what is wrong with them.
LOOK = """() => {
    const shown = at => at.getClientRects().length && getComputedStyle(at).visibility !== "hidden";
    const all = (what, within = document) => [...within.querySelectorAll(what)].filter(shown);
    const main = document.querySelector("main");
    const name = at => at.getAttribute("aria-label") || at.querySelector("title")?.textContent
        || document.getElementById(at.getAttribute("aria-labelledby"))?.textContent || "";
    const target = at => {
        const label = at.labels?.length ? at.labels[0] : at;
        const boxes = [at, label].map(one => one.getBoundingClientRect());
        return boxes.some(box => Math.min(box.width, box.height) >= 24);
    };
    return {
        language: document.documentElement.lang,
        title: document.title,
        headings: all("h1, h2, h3, h4, h5, h6", main).map(at => [+at.tagName[1], at.textContent]),
        outside: all("h1").filter(at => !main.contains(at)).length,
        pictures: all("img:not(.toggler)", main).map(at => at.getAttribute("alt")),
        drawings: all("svg[role=img]:not([aria-hidden=true])", main).map(name),
        marks: ["header", "nav, [role=navigation]", "main", "footer"].map(at => all(at).length),
        order: [...document.querySelectorAll("#pst-skip-link a, nav.bd-links, main h1, footer")]
            .map(at => at.tagName).filter((tag, at, tags) => tag !== tags[at - 1]),
        jumps: all("[tabindex]").filter(at => at.tabIndex > 0).length,
        small: all("button, input, select, summary", main).filter(at => !target(at))
            .map(at => at.outerHTML.slice(0, 120)),
    };
}"""

#: Everything the Tab key should reach, in the order of the page; radio buttons are one stop.
STOPS = """() => {
    const groups = new Set();
    const first = at => at.type !== "radio" || (!groups.has(at.name) && groups.add(at.name));
    window.stops = [...document.querySelectorAll(
        "a[href], button, input, select, textarea, summary, [tabindex]"
    )].filter(at => at.tabIndex >= 0 && !at.disabled && first(at)
        && at.checkVisibility({visibilityProperty: true}) && at.getClientRects().length);
    return window.stops.length;
}"""

#: Where the focus is, and whether one sees it.
FOCUS = """async () => {
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    const at = document.activeElement, style = getComputedStyle(at);
    const ring = style.opacity > 0 && [at, at.parentElement, at.firstElementChild].some(one =>
        one && (getComputedStyle(one).outlineStyle !== "none"
        || getComputedStyle(one).boxShadow !== "none"));
    const box = [at, ...at.querySelectorAll("*")].flatMap(one => [...one.getClientRects()])
        .find(one => one.width > 1 && one.height > 1) || at.getBoundingClientRect();
    const [x, y] = [box.x + Math.min(box.width / 2, 20), box.y + box.height / 2];
    const hit = document.elementFromPoint(x, y);
    return {
        stop: window.stops.indexOf(at),
        scrolls: at.scrollWidth > at.clientWidth || at.scrollHeight > at.clientHeight,
        ring,
        covered: !(hit && (at.contains(hit) || hit.contains(at))),
        html: at.outerHTML.slice(0, 120),
    };
}"""

#: What still moves although the reader asked for no motion.
MOVES = """() => [...document.querySelectorAll("*")].filter(at => {
    const style = getComputedStyle(at);
    const longest = list => Math.max(...list.split(",").map(parseFloat));
    return longest(style.animationDuration) > 0.01 && style.animationName !== "none"
        || longest(style.transitionDuration) > 0.01 || style.scrollBehavior === "smooth";
}).map(at => at.outerHTML.slice(0, 120))"""


def pages_of(site):
    pages = (path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return sorted(page for page in pages if page != "index.html" and "_static/" not in page)


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport=DESK, reduced_motion="reduce")
    tab = context.new_page()
    tab.set_default_timeout(120_000)  # a busy machine is no defect of a page
    yield tab
    context.close()


@pytest.fixture(scope="module")
def seen(site, browser):
    """What every page looks like, seen once: `LOOK`, its width when narrow, what it loads."""
    context = browser.new_context(viewport=DESK)
    tab = context.new_page()
    tab.set_default_timeout(120_000)
    loaded = {}
    tab.on("request", lambda request: loaded.setdefault(request.url, request.resource_type))
    found = {}
    for name in pages_of(site):
        loaded.clear()
        tab.set_viewport_size(DESK)
        tab.goto((site / name).as_uri(), wait_until="load")
        found[name] = tab.evaluate(LOOK) | {"bytes": weigh(loaded)}
        tab.set_viewport_size(NARROW)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        found[name]["excess"] = tab.evaluate(wide)
    context.close()
    return found


def weigh(loaded):
    """Bytes on disk of what a page loads but fonts, and of what is allowed to be heavy."""
    sizes = {"page": 0, "heavy": 0}
    for url, kind in loaded.items():
        if url.startswith("file:") and kind != "font":
            path = Path(unquote(urlparse(url).path))
            part = "heavy" if any(name in path.name for name in HEAVY) else "page"
            sizes[part] += path.stat().st_size
    return sizes


def faults(seen, check):
    """The pages with what `check` says is wrong with each."""
    return {name: wrong for name, facts in seen.items() if (wrong := check(facts))}


def test_every_figure_is_told_in_words_of_its_own(seen):
    def check(facts):
        texts = [*facts["pictures"], *facts["drawings"]]
        vague = [text for text in texts if not text or len(text) < 20]
        files = [text for text in texts if text and re.search(r"\.(png|svg|jpe?g|gif)$", text)]
        return vague + files + [text for text in set(texts) if texts.count(text) > 1]

    assert sum(len(facts["pictures"]) for facts in seen.values()) > 60
    assert faults(seen, check) == {}


def test_headings_are_an_outline_that_skips_no_level(seen):
    def check(facts):
        levels = [level for level, _ in facts["headings"]]
        skips = [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1]
        return levels[:1] != [1] or levels.count(1) != 1 or facts["outside"] or skips

    assert faults(seen, check) == {}


def test_a_page_is_named_and_read_from_the_skip_link_to_the_footer(seen):
    def check(facts):
        header, nav, main, footer = facts["marks"]
        reads = facts["order"][:1] == ["A"] and facts["order"][-1] == "FOOTER"
        after = "H1" not in facts["order"] or facts["order"].index("H1") > 1
        good = header and nav and main == 1 and footer and reads and after and not facts["jumps"]
        return not (good and facts["language"] == "en" and facts["title"])

    assert faults(seen, check) == {}
    titles = [facts["title"] for facts in seen.values()]
    assert len(set(titles)) == len(titles), "pages can be told apart in the list of tabs"


def test_an_enlarged_page_is_read_without_scrolling_sideways(seen):
    assert faults(seen, lambda facts: facts["excess"] > 0) == {}


def test_controls_in_the_text_are_large_enough_to_hit(seen):
    assert faults(seen, lambda facts: facts["small"]) == {}


def test_a_page_weighs_less_than_a_megabyte_without_fonts(seen):
    weights = {name: facts["bytes"]["page"] for name, facts in seen.items()}
    heaviest = sorted(weights.items(), key=lambda page: -page[1])[:5]
    assert heaviest[0][1] < MEGABYTE, heaviest
    assert [name for name, facts in seen.items() if facts["bytes"]["heavy"]] == ["search.html"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_tab_key_reaches_everything_in_order_and_is_seen(site, page, kind):
    page.goto((site / KINDS[kind]).as_uri(), wait_until="load")
    stops = page.evaluate(STOPS)
    assert stops > 20
    reached, dark, covered = [], [], []
    for _ in range(2 * stops):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus["stop"] < 0:
            if not focus["scrolls"]:
                break
            continue
        if reached and focus["stop"] <= reached[-1]:
            break
        reached.append(focus["stop"])
        dark += [focus["html"]] * (not focus["ring"])
        covered += [focus["html"]] * focus["covered"]
    assert reached == list(range(stops))
    assert dark == []
    assert covered == []


def test_the_search_is_opened_and_left_by_keyboard(site, page):
    page.goto((site / KINDS["chapter"]).as_uri(), wait_until="load")
    field = page.locator(".search-button__wrapper input[type=search]")
    button = page.locator("button.search-button-field:visible").first
    for keys in ("Enter", "Control+k"):
        button.focus()
        page.keyboard.press(keys)
        page.wait_for_function("document.activeElement.type === 'search'")
        page.keyboard.press("Escape")
        field.wait_for(state="hidden")
        page.wait_for_function("document.activeElement.matches('.search-button-field')")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.type === 'search'")
    page.keyboard.type("entropy")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a[href*=entropy]")


def test_the_sidebar_of_a_phone_is_opened_and_left_by_keyboard(site, page):
    page.set_viewport_size(PHONE)
    page.goto((site / KINDS["chapter"]).as_uri(), wait_until="load")
    link = page.locator("nav.bd-links a[href='measuring-churn.html']")
    assert not link.is_visible()
    page.locator("button.primary-toggle:visible").focus()
    page.keyboard.press("Enter")
    link.wait_for()
    arrived = "document.querySelector('.bd-sidebar-primary').getBoundingClientRect().x === 0"
    page.wait_for_function(arrived + " && !!document.activeElement.closest('.bd-sidebar-primary')")
    page.keyboard.press("Escape")
    link.wait_for(state="hidden")
    page.wait_for_function("document.activeElement.matches('.primary-toggle')")


def test_a_part_of_the_contents_is_unfolded_by_keyboard(site, page):
    page.goto((site / KINDS["chapter"]).as_uri(), wait_until="load")
    part = page.locator("nav.bd-links details > summary").first.element_handle()
    before = part.evaluate("at => at.parentElement.open")
    part.focus()
    page.keyboard.press("Enter")
    assert part.evaluate("at => at.parentElement.open") is not before


@pytest.mark.parametrize("kind", ["chapter", "glossary", "search"])
def test_nothing_moves_for_a_reader_who_asks_for_no_motion(site, browser, kind):
    context = browser.new_context(viewport=DESK, reduced_motion="reduce")
    tab = context.new_page()
    tab.goto((site / KINDS[kind]).as_uri(), wait_until="load")
    assert tab.evaluate(MOVES) == []
    context.close()


def test_the_site_works_from_a_stick_with_spaces_and_chinese_in_its_path(site, page, tmp_path):
    stick = copytree(site, tmp_path / "U 盘" / "客户流失 & recovery #1")
    failed = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto((stick / KINDS["chapter"]).as_uri(), wait_until="load")
    page.wait_for_selector("math")
    pictures = "[...document.images].filter(at => at.complete && !at.naturalWidth).length"
    assert page.evaluate(pictures) == 0
    page.locator("a.right-next").click()
    page.wait_for_url("**/measuring-churn.html")
    assert failed == []
    # Sphinx asks for each page found, to quote it; from a disk the browser refuses that.
    page.goto((stick / "search.html").as_uri() + "?q=流失")
    page.wait_for_selector("#search-results li a")


def test_a_poor_page_would_be_noticed(page, tmp_path):
    (tmp_path / "bad.html").write_text(
        "<html><body><main><h2>no first</h2><h4>skipped</h4><img src='a.png' alt='a.png'>"
        "<button style='width:9px;height:9px'></button><p style='width:2000px'>x</p></main>"
    )
    page.goto((tmp_path / "bad.html").as_uri())
    facts = page.evaluate(LOOK)
    assert [level for level, _ in facts["headings"]] == [2, 4]
    assert facts["pictures"] == ["a.png"]
    assert len(facts["small"]) == 1
    assert facts["marks"] == [0, 0, 1, 0]
