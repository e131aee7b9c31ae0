"""The printed book: what contents and references promise is where they say it is."""

import asyncio
import re
import shutil
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from crmlib.cli import main
from crmlib.course import BookError, build_pdf
from crmlib.course import printed as printing
from crmlib.course._mathml import mathml
from tests.book.extensions import extension
from tests.conftest import browser_path

pypdf = pytest.importorskip("pypdf")
pytest.importorskip("sphinx_revealjs")

ROOT = Path(__file__).parents[2]
POINTS = 72 / 25.4
needs_chromium = pytest.mark.skipif(browser_path() is None, reason="no Chromium to print with")


def entries(marks, reader, level=1):
    """Yield level, title and page of the outline."""
    for mark in marks:
        if isinstance(mark, list):
            yield from entries(mark, reader, level + 1)
        else:
            yield level, mark.title, reader.get_destination_page_number(mark) + 1


def plain(text):
    """The text without ligatures and line ends, as a search would read it."""
    for ligature in "ﬀﬁﬂﬃﬄ":
        text = text.replace(ligature, unicodedata.normalize("NFKC", ligature))
    return " ".join(text.split())


def read(page):
    """Return the page's text, and where its pieces begin, in points from the left."""
    found = []

    def note(text, matrix, text_matrix, font, size):
        if text.strip():
            x = text_matrix[4] * matrix[0] + text_matrix[5] * matrix[2] + matrix[4]
            found.append((x, text))

    text = page.extract_text(visitor_text=note)
    return plain(text), found


# The real book ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def book(site, tmp_path_factory):
    """The whole book, and its pages as text."""
    if browser_path() is None:
        pytest.skip("no Chromium to print with")
    result = build_pdf(
        site, tmp_path_factory.mktemp("print") / "book.pdf", root=ROOT, say=lambda _: None
    )
    reader = pypdf.PdfReader(result.path)
    pages = [read(page) for page in reader.pages]
    return result, reader, [text for text, _ in pages], [starts for _, starts in pages]


@pytest.mark.book
@pytest.mark.browser
class TestTheBook:
    def test_contents_give_the_page_on_which_each_heading_stands(self, book):
        _, reader, texts, _ = book
        first = [page for level, _, page in entries(reader.outline, reader)][1]
        contents = " ".join(texts[2 : first - 1])
        answers = False
        for level, title, page in entries(reader.outline, reader):
            answers = answers or title.startswith("Answers")
            if answers and level > 1:  # the lessons' names stand above their answers once more
                assert plain(title) in texts[page - 1]
                continue
            if level > 2 or title in {"Contents", "Losing and Winning Back Customers"}:
                continue
            words = plain(title)
            if re.match(r"\d|[A-Z]\.?\d? ", words):
                assert re.search(rf"{re.escape(words)} ?{page}\b", contents), (title, page)
            assert words in texts[page - 1], f"{title} is not on page {page}"

    def test_the_outline_has_chapters_lessons_and_sections(self, book):
        _, reader, _, _ = book
        titles = [title for level, title, _ in entries(reader.outline, reader)]
        assert "1 Churn overview" in titles
        assert "2.3 What recovery may cost" in titles
        assert "In short" in titles
        doubled = [t for t in titles if len(t) > 6 and t[: len(t) // 2] == t[-(len(t) // 2) :]]
        assert not doubled

    def test_every_figure_and_table_is_numbered_once_and_in_order(self, book):
        result, _, texts, _ = book
        whole = " ".join(texts)
        for kind, number in (("Figure", result.figures), ("Table", result.tables)):
            found = re.findall(rf"\b{kind} ([1-9A-C])\.(\d+)\b", whole)
            chapters = dict.fromkeys(chapter for chapter, _ in found)
            assert len(found) == number > 80
            for chapter in chapters:
                numbers = [int(at) for which, at in found if which == chapter]
                assert numbers == list(range(1, len(numbers) + 1)), (kind, chapter)

    def test_no_link_within_the_book_is_dead(self, book):
        _, reader, _, _ = book
        places = reader.named_destinations
        inner = [
            note.get_object()
            for page in reader.pages
            for note in page.get("/Annots", [])
            if note.get_object().get("/Subtype") == "/Link"
        ]
        named = [str(note["/Dest"]).lstrip("/") for note in inner if "/Dest" in note]
        assert len(named) > 500
        assert {name for name in named if name not in places and f"/{name}" not in places} == set()
        outward = [note["/A"]["/URI"] for note in inner if "/A" in note and "/URI" in note["/A"]]
        assert outward
        assert not [address for address in outward if not address.startswith("http")]

    def test_references_name_pages_and_none_is_left_open(self, book):
        _, _, texts, _ = book
        whole = " ".join(texts)
        assert len(re.findall(r"\(page \d+\)", whole)) > 100
        assert "(page 000)" not in whole

    def test_all_fonts_are_in_the_file_and_chinese_is_text(self, book, site):
        _, reader, texts, _ = book
        fonts = {}
        for page in reader.pages:
            for used in (page["/Resources"].get("/Font") or {}).values():
                font = used.get_object()
                fonts[str(font.get("/BaseFont", "drawn"))] = font
        assert len(fonts) > 5
        for name, font in fonts.items():
            if font["/Subtype"] == "/Type3":  # its letters are drawings inside the file
                assert font["/CharProcs"], name
                continue
            inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            keys = inner["/FontDescriptor"].keys()
            assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(keys), name
        whole = "".join(texts)
        # Not a radical that looks the same: then a search would not find the word.
        assert not re.findall("[\u2e80-\u2fdf]", whole)
        for term in ("客户流失与赢回", "挽救费用上限", "流失预警", "门"):
            assert term in whole
        # Nor a traditional character for a simplified one.
        pages = "".join(page.read_text(encoding="utf-8") for page in site.rglob("*.html"))
        pages += (ROOT / "book" / "print.toml").read_text(encoding="utf-8")
        assert set(re.findall("[\u3400-\u9fff]", whole)) <= set(pages)

    def test_no_text_begins_beyond_the_margin(self, book):
        _, _, _, starts = book
        for number, pieces in enumerate(starts[1:], 2):
            beyond = [piece for piece in pieces if piece[0] > (170 - 18) * POINTS]
            assert not beyond, f"page {number}: {beyond[:3]}"

    def test_it_says_what_it_is_and_in_which_language(self, book):
        result, reader, texts, _ = book
        assert reader.metadata.title == "Losing and Winning Back Customers"
        assert reader.metadata.author == "The crmlib authors"
        assert "客户流失与赢回" in reader.metadata.subject
        root = reader.trailer["/Root"]
        assert root["/Lang"] == "en"
        assert root["/MarkInfo"]["/Marked"]
        assert "/StructTreeRoot" in root
        assert result.pages == len(reader.pages) == len(texts)
        box = reader.pages[5].mediabox
        assert (float(box.width), float(box.height)) == pytest.approx(
            (170 * POINTS, 240 * POINTS), abs=1
        )

    def test_nothing_of_the_screen_is_left(self, book):
        _, _, texts, _ = book
        whole = " ".join(texts)
        for words in ("Show code cell", "Hide code cell", "Link to this", "✗", "quiz("):
            assert words not in whole

    def test_questions_are_asked_in_their_lesson_and_answered_at_the_end(self, book, site):
        result, reader, texts, _ = book
        answers = next(
            page
            for _, title, page in entries(reader.outline, reader)
            if title.startswith("Answers")
        )
        right = "(0.25 - 0.10) x 400: only what the call changes."
        assert right not in " ".join(texts[: answers - 1])
        assert right in " ".join(texts[answers - 1 :])
        fields = sum(
            page.read_text(encoding="utf-8").count("<fieldset>")
            for page in (site / "chapters").rglob("*.html")
        )
        assert result.questions == fields > 100

    def test_what_readers_should_find_is_printed_in_its_place(self, book):
        _, _, texts, _ = book
        assert sum("What you should find" in text for text in texts) >= 30


# Small sites: the edges --------------------------------------------------------------

LESSON = """<html><body><article><section id="one"><h1>{title}<a class="headerlink">#</a></h1>
<p>{text}</p></section></article></body></html>"""


@pytest.fixture
def small(tmp_path):
    """A checkout and its site with one chapter; returns a function that writes a page."""
    root, site = tmp_path / "root", tmp_path / "root" / "book" / "_build" / "html"
    (site / "_static").mkdir(parents=True)
    (root / "book" / "_static").mkdir(parents=True)
    font = site / "_static" / "fonts" / "STIXTwoMath-Regular.woff"
    extension("mathml").write_font(font)
    for name in ("book/print.toml", "book/_static/print.css", "book/_static/logo.svg"):
        shutil.copy(ROOT / name, root / name)
    (root / "_config.yml").write_text(
        'title: A small book\nauthor: Nobody\ncopyright: "2026"\nlogo: book/_static/logo.svg\n'
    )
    (root / "book" / "_toc.yml").write_text(
        "root: intro\nparts:\n  - caption: Churn overview\n    chapters:\n"
        "      - file: one\n      - file: two\n"
    )

    def write(name, text, title="A title"):
        (site / f"{name}.html").write_text(LESSON.format(title=title, text=text), encoding="utf-8")

    (site / "index.html").write_text("<html></html>")
    write("intro", "Welcome.", "Introduction")
    write("one", "The first. <a class='reference internal' href='two.html'>"
          "<span class='doc'>The second</span></a>", "First lesson")  # fmt: skip
    write("two", "The second.", "Second lesson")
    write.root, write.site, write.pdf = root, site, tmp_path / "book.pdf"
    write.print = lambda: build_pdf(site, write.pdf, root=root, say=lambda _: None)
    return write


@needs_chromium
@pytest.mark.browser
class TestSmallBooks:
    def test_a_reference_shows_the_page_its_target_is_on(self, small):
        small.print()
        texts = [plain(page.extract_text()) for page in pypdf.PdfReader(small.pdf).pages]
        (there,) = (n for n, text in enumerate(texts, 1) if "The second." in text)
        assert any(f"The second (page {there})" in text for text in texts)

    def test_the_same_site_gives_the_same_pages(self, small):
        assert small.print().pages == small.print().pages

    def test_it_prints_beside_a_running_event_loop_as_in_a_notebook(self, small, browser):
        assert browser.is_connected()  # Playwright runs in this thread already

        async def cell():
            return small.print()

        with ThreadPoolExecutor(1) as notebook:
            assert notebook.submit(asyncio.run, cell()).result().pages == small.print().pages

    def test_a_wide_table_and_a_long_line_stay_within_the_margins(self, small):
        cells = "".join(f"<td>column{n}</td>" for n in range(22))
        code = "long_name + " * 20
        small("two", f"</p><table class='dataframe'><tr>{cells}</tr></table><pre>{code}</pre><p>")
        small.print()
        page = pypdf.PdfReader(small.pdf).pages[-2]
        _, starts = read(page)
        assert any("column21" in text or "21" in text for _, text in starts)
        assert max(x for x, _ in starts) < (170 - 18) * POINTS
        lines = [line for line in page.extract_text().splitlines() if "long_name" in line]
        assert len(lines) > 1

    def test_a_figure_is_captioned_with_the_first_sentence_of_its_alt_text(self, small):
        (small.site / "dot.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="9"/></svg>'
        )
        alt = "Churn rate by contract, in percent. Month-to-month 43."
        small("two", f"<img src='dot.svg' alt='{alt}'>")
        assert small.print().figures == 1
        text = " ".join(plain(page.extract_text()) for page in pypdf.PdfReader(small.pdf).pages)
        assert "Figure 1.1 Churn rate by contract, in percent." in text
        assert "Month-to-month 43" not in text

    def test_a_widget_is_printed_as_its_table_under_its_own_title(self, small):
        small(
            "two",
            '<figure class="crm-widget"><figcaption>The cap, step by step</figcaption>'
            '<div class="crm-widget-static"><table class="dataframe"><tr><td>1,047</td></tr>'
            '</table></div><script type="application/json">{"secret": 1}</script></figure>',
        )
        assert small.print().tables == 1
        text = " ".join(plain(page.extract_text()) for page in pypdf.PdfReader(small.pdf).pages)
        assert "Table 1.1 The cap, step by step 1,047" in text
        assert text.count("step by step") == 1

    def test_without_a_font_that_holds_chinese_it_says_so(self, small, monkeypatch):
        # The check itself: four characters drawn alike are boxes.
        monkeypatch.setattr(
            printing, "_HAN_PRINTS", printing._HAN_PRINTS.replace("['客', '户', '流', '失']",
                                                                  "['客', '客', '客', '客']")
        )  # fmt: skip
        with pytest.raises(BookError, match="fonts-wqy-zenhei"):
            small.print()
        assert not small.pdf.exists()

    @pytest.mark.parametrize(
        "formula",
        ["\\(\\frac{1\\)", "<math><mi>\\churn</mi></math>", "<math><merror>x</merror></math>"],
    )
    def test_a_formula_that_cannot_be_set_is_refused(self, small, formula):
        small("two", f"<span class='math'>{formula}</span>")
        with pytest.raises(BookError, match="formula"):
            small.print()

    def test_formulas_are_printed_in_the_font_of_the_site(self, small):
        small("two", f"<span class='math'>{mathml('p < c', display=True)}</span>")
        small.print()
        page = pypdf.PdfReader(small.pdf).pages[-2]
        fonts = [
            str(font.get_object()["/BaseFont"]) for font in page["/Resources"]["/Font"].values()
        ]
        assert any("STIXTwoMath" in name for name in fonts), fonts
        assert "annotation" not in page.extract_text()

    def test_an_older_book_stays_when_the_new_one_fails(self, small, monkeypatch):
        small.print()
        before = small.pdf.read_bytes()
        monkeypatch.setattr(
            pypdf.PdfWriter, "write", lambda *_: (_ for _ in ()).throw(OSError("disk full"))
        )
        with pytest.raises(OSError, match="disk full"):
            small.print()
        assert small.pdf.read_bytes() == before
        assert [path.name for path in small.pdf.parent.iterdir() if "part" in path.name] == []


class TestWhatIsMissing:
    def test_a_site_of_before_the_font_for_formulas_is_to_be_built_anew(self, small):
        (small.site / "_static" / "fonts" / "STIXTwoMath-Regular.woff").unlink()
        with pytest.raises(BookError, match="build it anew"):
            small.print()

    def test_a_link_that_leads_nowhere_is_named(self, small):
        small("one", "<a class='reference internal' href='two.html#gone'>there</a>")
        with pytest.raises(BookError, match="page one links to #gone on two"):
            small.print()

    def test_a_picture_that_is_not_on_the_site_is_named(self, small):
        small("one", "<img src='_images/gone.svg' alt='Gone.'>")
        with pytest.raises(BookError, match=r"page one shows _images/gone\.svg"):
            small.print()

    def test_a_page_that_is_not_on_the_site_is_named(self, small):
        (small.site / "two.html").unlink()
        with pytest.raises(BookError, match=r"no page two\.html"):
            small.print()

    def test_no_chromium_says_how_to_get_one(self, small, monkeypatch):
        monkeypatch.setenv("CRMLIB_CHROMIUM", "/nowhere/chromium")
        with pytest.raises(BookError, match="apt-get install chromium"):
            small.print()
        assert not small.pdf.exists()

    def test_no_playwright_names_the_extra(self, small, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "playwright", None)
        monkeypatch.setitem(__import__("sys").modules, "playwright.sync_api", None)
        with pytest.raises(ImportError, match=r"playwright"):
            small.print()

    def test_without_a_site_the_command_says_how_to_build_one(self, small, monkeypatch):
        (small.site / "index.html").unlink()
        monkeypatch.chdir(small.root)
        result = CliRunner().invoke(main, ["book", "pdf"])
        assert result.exit_code == 1
        assert "crmlib book build" in result.output
