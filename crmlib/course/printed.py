"""The book on paper: a PDF made from a finished site, with page numbers where a reader needs them.

Chromium sets the type. Only the finished PDF knows on which page a heading stands, so the book is
printed, its page numbers are read and written into contents and references, and it is printed
again, until nothing moves.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
import time
import tomllib
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import crmlib
from crmlib._checks import optional
from crmlib.course._printable import manuscript
from crmlib.course.publish import BookError, find_root

if TYPE_CHECKING:
    from playwright.sync_api import Page

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-file-access-from-files",  # fonts and figures lie on the disk
)
_NO_CHROMIUM = (
    "No Chromium to print with: install it with the system's package manager (on Debian and "
    "Ubuntu: apt-get install chromium) or with `playwright install chromium`, or name one in "
    "CRMLIB_CHROMIUM."
)
_NO_HAN = (
    "No font on this machine holds Chinese, so the terms of the book would print as boxes. "
    "Install one (on Debian and Ubuntu: apt-get install fonts-wqy-zenhei or fonts-noto-cjk)."
)
#: Width of the text in the print style, in CSS pixels: what a table has to fit into.
_TEXT_WIDTH = round((170 - 36) / 25.4 * 96)
_PASSES = 6
#: Radicals that share the glyph of a simplified character; Unicode's normal forms leave them alone
#: or name the traditional one.
_RADICALS = str.maketrans(
    "⻅⻉⻋⻓⻔⻘⻙⻚⻛⻜⻢⻥⻦⻧⻨⻩⻪⻬⻮⻰⼾⾭", "见贝车长门青韦页风飞马鱼鸟卤麦黄黾齐齿龙户青"
)
#: The last code on a line of a character map: what the glyph before it means.
_LAST_CODE = re.compile(r"(?m)^(.*> )<([0-9A-Fa-f]{4,})>$")


@dataclass(frozen=True)
class PrintedBook:
    """A finished PDF.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    pages : int
        Number of pages.
    figures, tables, questions : int
        What is numbered in it, and the self-check questions with their answers.
    megabytes : float
        Size of the file.
    seconds : float
        Time it took.
    """

    path: Path
    pages: int
    figures: int
    tables: int
    questions: int
    megabytes: float
    seconds: float


def about_book(root: Path | str) -> dict[str, Any]:
    """Return what cover and imprint say, from ``_config.yml`` and ``book/print.toml``.

    Parameters
    ----------
    root : path
        The checkout that holds the book.

    Returns
    -------
    dict
        ``title``, ``author`` and ``copyright`` of the site, ``chinese_title``, ``subtitle``,
        ``chapters`` (Chinese names by part) and ``leave_out`` (beginnings of page names) of the
        print file, the ``version`` of crmlib, and the paths ``logo`` and ``css``.

    Raises
    ------
    FileNotFoundError
        If one of the two files is missing.

    Examples
    --------
    >>> from crmlib.course import find_root
    >>> about_book(find_root())["chinese_title"]
    '客户流失与赢回'
    """
    root = Path(root).resolve()
    config = optional("yaml", "publish").safe_load(
        (root / "_config.yml").read_text(encoding="utf-8")
    )
    own = tomllib.loads((root / "book" / "print.toml").read_text(encoding="utf-8"))
    return {
        "title": str(config["title"]),
        "author": str(config["author"]),
        "copyright": str(config.get("copyright", "")),
        "version": crmlib.__version__,
        "logo": root / str(config["logo"]),
        "css": root / "book" / "_static" / "print.css",
        "leave_out": [],
        **own,
    }


def build_pdf(
    site: Path | str,
    output: Path | str,
    *,
    root: Path | str | None = None,
    say: Callable[[str], object] = print,
) -> PrintedBook:
    """Print the pages of a finished site as one book.

    Parameters
    ----------
    site : path
        The finished site; nothing is executed.
    output : path
        The PDF to write; it replaces an older one only when it is whole.
    root : path, optional
        The checkout with ``book/_toc.yml``; found from the current folder by default.
    say : callable
        Receives a line of progress; `print` by default.

    Returns
    -------
    PrintedBook

    Raises
    ------
    BookError
        If a page, a figure or a link's target is missing, if there is no Chromium or no font
        that holds Chinese, or if something does not fit the page.
    ImportError
        If playwright, pypdf or beautifulsoup4 is missing; the message names the extra.

    Examples
    --------
    It takes about a minute, so this is not run as a test:
    ``build_pdf("book/_build/html", "book.pdf").pages`` is the number of pages.
    """
    started = time.perf_counter()
    playwright = optional("playwright.sync_api", "publish")
    optional("pypdf", "publish")
    site, output, root = Path(site).resolve(), Path(output).resolve(), find_root(root)
    about = about_book(root)
    say("Collecting the pages ...")
    book = manuscript(site, root, about)
    # In a thread of its own: Playwright refuses to start beside a running event loop, and a
    # notebook has one.
    with ThreadPoolExecutor(1) as thread:
        pdf, headings = thread.submit(_printed, book.html, playwright, say).result()
    pages = _finish(pdf, output, about, headings, set(book.html))
    return PrintedBook(
        path=output,
        pages=pages,
        figures=book.figures,
        tables=book.tables,
        questions=book.questions,
        megabytes=output.stat().st_size / 1e6,
        seconds=time.perf_counter() - started,
    )


def _printed(html: str, playwright: Any, say: Callable[[str], object]) -> tuple[bytes, list[str]]:
    """Return the PDF that Chromium prints of the book, and its headings."""
    with tempfile.TemporaryDirectory() as folder, _chromium(playwright) as browser:
        source = Path(folder) / "book.html"
        source.write_text(html, encoding="utf-8")
        page = browser.new_page(viewport={"width": _TEXT_WIDTH, "height": 1000})
        page.route(lambda url: not url.startswith(("file:", "data:")), lambda route: route.abort())
        page.emulate_media(media="print")
        page.goto(source.as_uri(), wait_until="load", timeout=300_000)
        _prepare(page)
        return _print_until_stable(page, say), page.evaluate(_HEADINGS)


@contextmanager
def _chromium(playwright: Any) -> Iterator[Any]:
    """Start the machine's Chromium, or the one Playwright installed."""
    named = os.environ.get("CRMLIB_CHROMIUM")
    if named and not Path(named).is_file():
        raise BookError(f"CRMLIB_CHROMIUM names {named}, which is not a file. {_NO_CHROMIUM}")
    path = named or next(filter(None, map(shutil.which, _BROWSERS)), None)
    with playwright.sync_playwright() as driver:
        if path is None and not Path(driver.chromium.executable_path).exists():
            raise BookError(_NO_CHROMIUM)
        browser = driver.chromium.launch(executable_path=path, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def _prepare(page: Page) -> None:
    """Wait for the fonts, make wide things fit, and refuse what cannot be printed well."""
    page.set_default_timeout(300_000)
    page.evaluate("document.fonts.ready")
    if wrong := page.evaluate(_BAD_MATH):
        raise BookError(f"A formula of the book cannot be set: {wrong[0]}")
    if page.evaluate(_HAS_HAN) and not page.evaluate(_HAN_PRINTS):
        raise BookError(_NO_HAN)
    broken = page.evaluate(
        "[...document.images].filter(i => !i.naturalWidth).map(i => i.src.slice(0, 200))"
    )
    if broken:
        raise BookError(f"Pictures that do not load: {', '.join(broken)}")
    wide = page.evaluate(_FIT)
    if wide:
        raise BookError("Too wide for the page: " + "; ".join(wide))


def _print_until_stable(page: Page, say: Callable[[str], object]) -> bytes:
    pypdf = optional("pypdf", "publish")
    known: dict[str, int] = {}
    for at in range(1, _PASSES + 1):
        say(f"Printing, pass {at} ...")
        page.evaluate(_FILL, known)
        pdf = page.pdf(outline=True, tagged=True, prefer_css_page_size=True, print_background=True)
        found = _page_numbers(pypdf.PdfReader(io.BytesIO(pdf)))
        missing = set(page.evaluate(_ASKED)) - found.keys()
        if missing:
            raise BookError(f"Chromium printed no place for {sorted(missing)[:5]}.")
        if found == known:
            return pdf
        known = found
    raise BookError(f"The page numbers still move after {_PASSES} passes.")


def _page_numbers(reader: Any) -> dict[str, int]:
    """Return the page, counted from 1, of every place a link leads to."""
    at = {page.indirect_reference.idnum: n for n, page in enumerate(reader.pages, 1)}
    return {
        name.lstrip("/"): at[place.page.idnum] for name, place in reader.named_destinations.items()
    }


def _finish(
    pdf: bytes, output: Path, about: dict[str, Any], headings: list[str], used: set[str]
) -> int:
    """Name the book inside the file and put it in place, whole or not at all."""
    pypdf = optional("pypdf", "publish")
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    # Chromium writes some titles of the outline twice over; the headings themselves are right.
    marks = list(_marks(writer.root_object["/Outlines"]))
    if len(marks) != len(headings):
        raise BookError(f"The outline has {len(marks)} entries for {len(headings)} headings.")
    for mark, heading in zip(marks, headings, strict=True):
        mark[pypdf.generic.NameObject("/Title")] = pypdf.generic.TextStringObject(heading)
    _name_characters(writer, used)
    writer.add_metadata(
        {
            "/Title": about["title"],
            "/Author": about["author"],
            "/Subject": f"{about['chinese_title']}. {about['subtitle']}",
            "/Keywords": "churn, win-back, early warning, complaint handling, telecom",
            "/Creator": f"crmlib {about['version']}",
        }
    )
    writer.page_mode = "/UseOutlines"
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = output.with_name(f".{output.name}.part")
    try:
        writer.write(unfinished)
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)
    return len(writer.pages)


def _name_characters(writer: Any, used: set[str]) -> None:
    """Let a search find Chinese terms: say 户, not the radical ⼾ that shares its glyph.

    `used` holds the characters of the book, which decide between a simplified character and the
    traditional one that Unicode names.
    """
    generic = optional("pypdf", "publish").generic
    done = set()
    for page in writer.pages:
        for font in (page["/Resources"].get("/Font") or {}).values():
            table = font.get_object().raw_get("/ToUnicode") if "/ToUnicode" in font else None
            if table is None or table.idnum in done:
                continue
            done.add(table.idnum)
            stream = table.get_object()
            text = stream.get_data().decode("latin-1")
            named = _LAST_CODE.sub(lambda code: _unified(code, used), text)
            if named != text:
                fresh = generic.DecodedStreamObject()
                fresh.set_data(named.encode("latin-1"))
                writer._replace_object(table, fresh.flate_encode())


def _unified(code: re.Match[str], used: set[str]) -> str:
    """Return a code of a character map with radicals replaced by their ideographs."""
    characters = bytes.fromhex(code[2]).decode("utf-16-be", errors="replace")
    if not any("\u2e80" <= character <= "\u2fdf" for character in characters):
        return code[0]
    simplified = characters.translate(_RADICALS)
    known = set(simplified) <= used
    plain = simplified if known else unicodedata.normalize("NFKC", characters)
    return f"{code[1]}<{plain.encode('utf-16-be').hex().upper()}>"


def _marks(parent: Any) -> Iterator[Any]:
    """Yield the entries of an outline in reading order."""
    mark = parent.get("/First")
    while mark is not None:
        entry = mark.get_object()
        yield entry
        yield from _marks(entry)
        mark = entry.get("/Next")


_FILL = """known => {
  for (const place of document.querySelectorAll('[data-page]'))
    place.textContent = known[place.dataset.page] ?? '000';
  // A page that uses a term on three places is one page of the index.
  for (const list of document.querySelectorAll('.uses')) {
    const seen = new Set();
    for (const use of list.children) {
      use.hidden = known[use.dataset.page] !== undefined && seen.has(use.textContent);
      seen.add(use.textContent);
    }
  }
}"""

_ASKED = "[...document.querySelectorAll('[data-page]')].map(place => place.dataset.page)"

_HEADINGS = """[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(heading => {
  const words = heading.cloneNode(true);
  for (const note of words.querySelectorAll('.page-note')) note.remove();
  return words.textContent.replace(/\\s+/g, ' ').trim();
})"""

#: A formula that is not MathML, that the browser marks as an error, or that shows a command.
_BAD_MATH = """[...document.querySelectorAll('.math')].filter(formula =>
  !formula.querySelector('math') || formula.querySelector('merror')
  || [...formula.querySelectorAll('mi, mn, mo, mtext')].some(at => at.textContent.includes('\\\\'))
).map(formula => formula.textContent.slice(0, 200))"""

_HAS_HAN = "/\\p{Script=Han}/u.test(document.body.textContent)"

#: Two characters that look the same are boxes: drawn, they tell whether a font holds Chinese.
_HAN_PRINTS = """() => {
  const family = getComputedStyle(document.body).fontFamily;
  const drawn = text => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 48;
    const pen = canvas.getContext('2d');
    pen.font = `32px ${family}`;
    pen.fillText(text, 4, 36);
    return canvas.toDataURL();
  };
  return new Set(['客', '户', '流', '失'].map(drawn)).size === 4;
}"""

#: Smaller type for what is wider than the text, down to what can still be read; then lines break.
_FIT = """() => {
  const tooWide = (item, box) => item.scrollWidth > box.clientWidth + 1;
  const shrink = (item, box, smallest) => {
    let size = parseFloat(getComputedStyle(item).fontSize);
    while (tooWide(item, box) && size > smallest) item.style.fontSize = `${size -= 0.25}px`;
  };
  const wide = [];
  for (const code of document.querySelectorAll('pre')) {
    shrink(code, code, 8.2);
    if (tooWide(code, code)) code.classList.add('wraps');
  }
  for (const table of document.querySelectorAll('figure > table')) {
    const box = table.parentElement;
    if (table.rows.length <= 14) box.classList.add('small-table');
    const fits = () => table.offsetWidth <= box.clientWidth + 1;
    let size = parseFloat(getComputedStyle(table).fontSize);
    const shrinkTo = smallest => {
      while (!fits() && size > smallest) table.style.fontSize = `${size -= 0.25}px`;
    };
    shrinkTo(8.4);
    if (!fits()) table.classList.add('tight');
    shrinkTo(7);
    if (!fits()) table.style.overflowWrap = 'anywhere';
    if (!fits()) wide.push(box.innerText.slice(0, 80));
  }
  for (const formula of document.querySelectorAll('div.math')) {
    shrink(formula, formula, 8);
    if (tooWide(formula, formula)) wide.push(formula.parentElement.innerText.slice(0, 80));
  }
  return wide;
}"""
