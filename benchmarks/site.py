"""How soon a page of the finished site is seen, from disk, and what it weighs.

``python benchmarks/site.py SITE`` opens pages of each kind in Chromium, in turn, three rounds, and
prints the medians of the first contentful paint, the bytes loaded without fonts, and the same as
a server would send them (gzip).
"""

import argparse
import gzip
import shutil
from pathlib import Path
from statistics import median
from urllib.parse import unquote, urlparse

from playwright.sync_api import sync_playwright

PAGES = (
    "book/intro.html",
    "chapters/1-churn-overview/what-churn-is.html",
    "chapters/2-recovery-decisions/the-chain.html",
    "chapters/3-early-warning/score-to-money.html",
    "book/glossary.html",
    "book/api/churn.html",
    "search.html",
)
PAINT = """() => new Promise(done => new PerformanceObserver((list, watching) => {
    const paint = list.getEntriesByName("first-contentful-paint")[0];
    if (paint) { watching.disconnect(); done(paint.startTime); }
}).observe({type: "paint", buffered: true}))"""


def visit(browser, url):
    """Milliseconds to the first contentful paint, and the files loaded, in a fresh context."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    loaded = {}
    page.on("request", lambda request: loaded.setdefault(request.url, request.resource_type))
    page.goto(url, wait_until="load")
    paint = page.evaluate(PAINT)
    context.close()
    files = [
        Path(unquote(urlparse(one).path))
        for one, kind in loaded.items()
        if one.startswith("file:") and kind != "font"
    ]
    return paint, files


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    site = options.site.resolve()
    paints, files = {page: [] for page in PAGES}, {}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        print(f"Chromium {browser.version}, {options.rounds} rounds")
        for _ in range(options.rounds):
            for page in PAGES:
                paint, files[page] = visit(browser, (site / page).as_uri())
                paints[page].append(paint)
        browser.close()
    print(f"{'page':50} first paint, ms    bytes   gzipped")
    for page in PAGES:
        raw = [path.read_bytes() for path in files[page]]
        whole, packed = sum(map(len, raw)), sum(len(gzip.compress(one)) for one in raw)
        print(f"{page:50} {median(paints[page]):15.0f} {whole:8} {packed:9}")


if __name__ == "__main__":
    main()
