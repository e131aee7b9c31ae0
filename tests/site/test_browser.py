"""The site in a real browser, from disk: it asks nobody for anything, and everyone can use it."""

from pathlib import Path

import pytest

pytestmark = [pytest.mark.book, pytest.mark.browser]

PAGE = "chapters/1-churn-overview/what-churn-is.html"
#: Pages with a sum over a fraction, and with a formula that is wider than a phone.
FORMULAS = "chapters/2-recovery-decisions/customer-worth.html"
WIDE = "chapters/4-complaint-handling/staffing-the-line.html"
PHONE = {"width": 390, "height": 844}

#: What axe finds in the theme's own markup, each with the reason why it stays.
ALLOWED = {
    "region": "the theme puts its skip link and its search dialog outside the landmarks",
    "empty-table-header": "the corner of a pandas table, above its index, is an empty header cell",
    "summary-name": "the theme's arrow that opens a part of the sidebar is an icon without a name",
    "aria-allowed-role": "docutils marks up citations as the bibliography roles of DPUB-ARIA",
    "aria-deprecated-role": "the same",
    "aria-required-children": "the same",
}


@pytest.fixture
def page(browser):
    """A page that records what it asks for and what it complains about."""
    context = browser.new_context()
    tab = context.new_page()
    tab.set_default_timeout(120_000)  # a busy machine is no defect of a page
    tab.asked, tab.complaints = [], []
    tab.on("request", lambda request: tab.asked.append(request.url))
    tab.on("requestfailed", lambda request: tab.complaints.extend(failure(request)))
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.on(
        "console", lambda line: tab.complaints.append(line.text) if line.type == "error" else None
    )
    yield tab
    context.close()


def failure(request):
    """What failed; leaving a page aborts what it still loads, and that is no failure."""
    aborted = request.failure == "net::ERR_ABORTED"
    return [] if aborted else [f"{request.failure}: {request.url}"]


def pages_of(site):
    """Every page a reader reads: index.html only leads on, and _static holds templates."""
    pages = (path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return sorted(page for page in pages if page != "index.html" and "_static/" not in page)


def visit(page, site, name):
    page.goto((Path(site) / name).as_uri(), wait_until="load")


def external(urls):
    return [url for url in urls if not url.startswith(("file:", "data:", "blob:"))]


def test_no_page_asks_the_internet_or_complains(site, page):
    for name in pages_of(site):
        visit(page, site, name)
        page.wait_for_load_state("networkidle")
    assert external(page.asked) == []
    assert page.complaints == []


def test_the_index_leads_to_the_front_page(site, page):
    visit(page, site, "index.html")
    page.wait_for_url("**/book/intro.html")


def test_an_external_request_would_be_noticed(page, tmp_path):
    (tmp_path / "bad.html").write_text('<img src="http://127.0.0.1:9/x.png" alt="x">')
    visit(page, tmp_path, "bad.html")
    assert external(page.asked) == ["http://127.0.0.1:9/x.png"]
    assert page.complaints


def test_no_page_needs_a_script_for_its_formulas(site):
    pages = [path.read_text(encoding="utf-8") for path in site.rglob("*.html")]
    assert sum("<math" in page for page in pages) > 15
    assert not [page[:200] for page in pages if "mathjax" in page.lower()]
    assert not list(site.rglob("*mathjax*"))


def test_formulas_are_set_in_the_font_of_the_site(site, page):
    visit(page, site, PAGE)
    assert page.evaluate("""async () => {
        await document.fonts.ready;
        const used = getComputedStyle(document.querySelector("math")).fontFamily.split(",")[0];
        return [...document.fonts].some(
            font => `"${font.family.replaceAll('"', "")}"` === used && font.status === "loaded");
    }""")
    assert external(page.asked) == []


def test_a_fraction_stands_over_its_line_and_a_sum_over_its_limits(site, page):
    visit(page, site, FORMULAS)
    boxes = """name => [...document.querySelector(`div.math ${name}`).children].map(part => {
        const box = part.getBoundingClientRect();
        return [box.top, box.bottom];
    })"""
    over, under = page.evaluate(boxes, "mfrac")
    assert over[1] <= under[0]
    sign, below, above = page.evaluate(boxes, "munderover")
    assert above[1] <= sign[1]
    assert sign[0] <= below[0]
    assert above[0] < below[0]


def test_a_formula_that_is_too_wide_scrolls_in_its_own_box(site, page):
    page.set_viewport_size(PHONE)
    visit(page, site, WIDE)
    box = page.locator("div.math").first
    page.wait_for_function("document.querySelector('div.math').tabIndex === 0")
    beyond, before = box.evaluate("""at => {
        const [frame, formula] = [at, at.querySelector("math")].map(
            one => one.getBoundingClientRect());
        return [formula.right - frame.right, frame.left - formula.left];
    }""")
    assert beyond > 0
    assert before <= 0, "its beginning is seen first"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('div.math').scrollLeft > 0")


@pytest.mark.parametrize("term", ["churn", "bucket"])
def test_search_finds_a_term(site, page, term):
    page.goto((site / "search.html").as_uri() + f"?q={term}")
    # Results come one by one, and by now every page speaks of churn.
    page.wait_for_selector("#search-results li a[href*=what-churn-is]", timeout=60_000)


def test_the_theme_can_be_switched_and_is_remembered(site, page):
    visit(page, site, PAGE)
    seen = set()
    for _ in range(3):
        page.locator("button.theme-switch-button:visible").first.click()
        seen.add(page.evaluate("document.documentElement.dataset.theme"))
        mode = page.evaluate("document.documentElement.dataset.mode")
    assert seen == {"light", "dark"}
    page.reload()
    assert page.evaluate("document.documentElement.dataset.mode") == mode


def test_the_first_tab_leads_to_the_text(site, page):
    visit(page, site, PAGE)
    page.keyboard.press("Tab")
    assert "skip" in page.evaluate("document.activeElement.textContent").lower()
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main-content"


def test_a_question_is_answered_with_the_keyboard_alone(site, page):
    visit(page, site, PAGE)
    first = page.locator(".crm-quiz fieldset").first
    feedback = first.locator("p[role=status]")
    assert not any(feedback.nth(at).is_visible() for at in range(feedback.count()))
    first.locator("input").first.focus()
    page.keyboard.press("Space")
    shown = []
    for _ in range(feedback.count()):
        visible = [at for at in range(feedback.count()) if feedback.nth(at).is_visible()]
        assert len(visible) == 1
        shown += visible
        page.keyboard.press("ArrowDown")
    assert sorted(shown) == list(range(feedback.count()))
    assert first.locator("p.right").count() == 1


def test_no_page_is_wider_than_a_phone(site, page):
    page.set_viewport_size(PHONE)
    wide = {}
    for name in pages_of(site):
        visit(page, site, name)
        excess = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if excess > 0:
            wide[name] = excess
    assert wide == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_questions_lie_on_the_ground_of_their_page(site, page, theme):
    visit(page, site, PAGE)
    page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
    ground = """element => {
        const color = at => getComputedStyle(at).backgroundColor;
        while (element && color(element).endsWith(", 0)")) element = element.parentElement;
        return element && color(element);
    }"""
    of_question, of_page = (
        page.locator(at).first.evaluate(ground) for at in (".crm-quiz legend", "article h1")
    )
    assert of_question == of_page


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_beyond_the_theme(site, page, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for key in ("mode", "theme"):
        page.add_init_script(f"localStorage.setItem('{key}', '{theme}')")
    findings = {}
    for name in pages_of(site):
        visit(page, site, name)
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        for violation in axe.run(page).response["violations"]:
            if violation["id"] not in ALLOWED:
                nodes = [node["html"][:160] for node in violation["nodes"][:3]]
                findings.setdefault(violation["id"], []).append((name, nodes))
    assert findings == {}


def test_axe_would_notice_an_image_without_text(page, tmp_path):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    (tmp_path / "bad.html").write_text("<html><body><main><img src='x.png'></main></body></html>")
    visit(page, tmp_path, "bad.html")
    assert "image-alt" in {violation["id"] for violation in axe.run(page).response["violations"]}
