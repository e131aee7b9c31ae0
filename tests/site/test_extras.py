"""Search in two languages, redirects and the version switch, in a real browser and from disk."""

import json
import shutil

import pytest

from tests.book.extensions import ROOT, extension

pytestmark = [pytest.mark.book, pytest.mark.browser]

#: What a reader types, and a page on which it must find it.
QUERIES = {
    "客户流失": "what-churn-is",
    "流失率": "glossary",
    "挽回成本": "cost-cap",
    "贝叶斯网络": "bayesian-networks",
    "客户抱怨": "complaints-as-information",
    "信息增益": "entropy-and-id3",
    "Churn rate": "measuring-churn",
    "win-back": "customer-worth",
    "weighted entropy": "weighted-entropy",
    "complaint": "the-process",
    "lifetime value": "customer-worth",
    "cost 接触成本": "cost-cap",
}


@pytest.fixture
def page(browser):
    context = browser.new_context()
    tab = context.new_page()
    tab.set_default_timeout(120_000)
    tab.complaints = []
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    yield tab
    assert tab.complaints == []
    context.close()


def results(page, site, query):
    page.goto((site / "search.html").as_uri() + f"?q={query}")
    page.wait_for_function("Search.title && Search.title.innerText === 'Search Results'")
    return page.locator("#search-results li a").evaluate_all("links => links.map(a => a.href)")


@pytest.mark.parametrize("query", QUERIES)
def test_search_finds_terms_in_both_languages(site, page, query):
    assert any(QUERIES[query] in link for link in results(page, site, query))


@pytest.mark.parametrize("query", ["客户户口", "抱流", "qqxzv"])
def test_search_finds_nothing_where_there_is_nothing(site, page, query):
    assert results(page, site, query) == []


@pytest.mark.parametrize(
    "text", ["客户流失", "ABC分析 of 客户", "率", "don't", "流失率。留存率", "a_b 𝛼 x2"]
)
def test_a_query_is_cut_as_the_index_is(page, text):
    search = extension("chinese_search").EnglishAndChinese({})
    cut = page.evaluate(
        f"() => {{ {search.js_splitter_code}; return splitQuery({json.dumps(text)}) }}"
    )
    assert cut
    assert set(cut) <= set(search.split(text))


def test_a_moved_page_leads_on_with_the_place_in_it(page, tmp_path):
    write = extension("redirects").page
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "page.html").write_text("<title>New</title><p id=there>here")
    (tmp_path / "old" / "page.html").write_text(write("old/page", "new/page"))
    page.goto((tmp_path / "old" / "page.html").as_uri() + "#there")
    page.wait_for_url("**/new/page.html#there")


VERSIONS = [
    {"version": "0.2.0", "folder": "0.2.0", "home": "book/intro", "pages": ["book/intro"]},
    {"version": "0.1.0", "folder": "0.1.0", "home": "book/intro", "pages": ["book/intro", "b/c"]},
]
SHELL = """<html data-content_root="../"><head>
<meta name="crmlib-version" content="{version}" data-page="b/c">
<script defer src="../../versions.js"></script><script defer src="../_static/versions.js"></script>
</head><body><div class="sidebar-primary-items__start"></div></body></html>"""


@pytest.fixture
def two_versions(tmp_path):
    for version in ("0.1.0", "0.2.0"):
        folder = tmp_path / version
        for name in ("_static", "b", "book"):
            (folder / name).mkdir(parents=True)
        shutil.copy(ROOT / "book" / "_static" / "versions.js", folder / "_static")
        (folder / "b" / "c.html").write_text(SHELL.format(version=version))
        (folder / "book" / "intro.html").write_text("<h1>Front page</h1>")
    return tmp_path


def test_the_switch_leads_to_the_same_page_or_the_front_page_by_keyboard(page, two_versions):
    (two_versions / "versions.js").write_text(f"var CRMLIB_VERSIONS = {json.dumps(VERSIONS)};")
    page.goto((two_versions / "0.1.0" / "b" / "c.html").as_uri())
    page.wait_for_selector(".crm-versions")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    links = page.locator(".crm-versions a")
    assert links.evaluate_all("all => all.map(a => a.textContent)") == ["0.2.0", "0.1.0"]
    assert links.nth(1).get_attribute("href") == "../../0.1.0/b/c.html"
    assert links.nth(1).get_attribute("aria-current") == "true"
    page.keyboard.press("Enter")
    page.wait_for_url("**/0.2.0/book/intro.html")


@pytest.mark.parametrize("versions", [VERSIONS[1:], None], ids=["one version", "no list"])
def test_with_one_version_there_is_no_switch(page, two_versions, versions):
    if versions is not None:
        (two_versions / "versions.js").write_text(f"var CRMLIB_VERSIONS = {json.dumps(versions)};")
    page.goto((two_versions / "0.1.0" / "b" / "c.html").as_uri(), wait_until="load")
    assert page.locator(".crm-versions").count() == 0
