"""One long page of all pages of a finished site, numbered and linked as a book is.

Nothing is executed and no browser is needed: the pages' own HTML goes in, the book's HTML comes
out. Page numbers are left open (``data-page``), since only the printer knows them.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from crmlib._checks import optional
from crmlib.course._bookparts import whole_book
from crmlib.course.publish import BookError

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

#: What belongs to a screen: buttons, scripts, the marks that headings show under a mouse.
_SCREEN_ONLY = (
    "script, style, button, canvas, select, noscript, iframe, a.headerlink, details > summary, "
    ".toctree-wrapper, .screen-only, .crm-screen-only"
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass
class Lesson:
    """A page of the site and its place in the book."""

    page: str  #: the page's name in the table of contents
    number: str  #: "2.3", or "" for the introduction
    article: Tag
    title: str = ""
    top: str = ""  #: id of the heading

    @property
    def name(self) -> str:
        """Number and title, as the table of contents shows them."""
        return f"{self.number} {self.title}".strip()


@dataclass
class Chapter:
    """A part of the table of contents: "1", "2" ... for chapters, "A", "B" ... after them."""

    number: str
    title: str
    chinese: str
    lessons: list[Lesson] = field(default_factory=list)
    top: str = ""


@dataclass(frozen=True)
class Manuscript:
    """The book's HTML and what was counted while it was made."""

    html: str
    chapters: tuple[Chapter, ...]
    figures: int
    tables: int
    questions: int


def read_toc(root: Path) -> tuple[str, list[tuple[str, list[str]]]]:
    """Return the first page, and each part's name with its pages, from ``book/_toc.yml``."""
    yaml = optional("yaml", "publish")
    toc = yaml.safe_load((root / "book" / "_toc.yml").read_text(encoding="utf-8"))
    parts = [
        (str(part["caption"]), [str(entry["file"]) for entry in part["chapters"]])
        for part in toc.get("parts", [])
    ]
    return str(toc["root"]), parts


def read_article(site: Path, page: str) -> Tag:
    """Return the ``article`` of one page of the site, or say that the site lacks it."""
    bs4 = optional("bs4", "publish")
    path = site / f"{page}.html"
    if not path.is_file():
        raise BookError(f"{site} has no page {page}.html; build the site anew.")
    only = bs4.SoupStrainer("article")
    page_text = path.read_text(encoding="utf-8")
    article = bs4.BeautifulSoup(page_text, "html.parser", parse_only=only).find("article")
    if article is None:
        raise BookError(f"{path} has no <article>; is it a page of the book?")
    found: Tag = article
    return found


def manuscript(site: Path, root: Path, about: dict[str, Any]) -> Manuscript:
    """Return the book of a finished site.

    Parameters
    ----------
    site : pathlib.Path
        The finished site.
    root : pathlib.Path
        The checkout, for its table of contents.
    about : dict
        What `crmlib.course.printed.about_book` returns.
    """
    first, parts = read_toc(root)
    left_out = tuple(about["leave_out"])
    chapters = _chapters(site, parts, about["chapters"], left_out)
    intro = Lesson(first, "", read_article(site, first))
    lessons = [intro, *(lesson for chapter in chapters for lesson in chapter.lessons)]
    book = Book(site, lessons)
    for lesson in lessons:
        book.prepare(lesson)
    for chapter in chapters:
        book.number_figures_and_tables(chapter)
    book.link()
    return Manuscript(
        html=whole_book(book, intro, chapters, about),
        chapters=tuple(chapters),
        figures=book.figures,
        tables=book.tables,
        questions=len(book.answers),
    )


def _chapters(
    site: Path, parts: list[tuple[str, list[str]]], chinese: dict[str, str], out: tuple[str, ...]
) -> list[Chapter]:
    """Return the numbered parts: those with a Chinese name are chapters, appendices follow."""
    numbers, letters = iter(range(1, 100)), iter(_LETTERS.upper())
    chapters = []
    for title, pages in parts:
        kept = [page for page in pages if not page.startswith(out)] if out else pages
        if not kept:
            continue
        number = str(next(numbers)) if title in chinese else next(letters)
        lessons = [
            Lesson(page, f"{number}.{at}", read_article(site, page))
            for at, page in enumerate(kept, 1)
        ]
        chapters.append(Chapter(number, title, chinese.get(title, ""), lessons))
    return chapters


class Book:
    """The pages on their way into one: ids made unique, links turned inward."""

    def __init__(self, site: Path, lessons: list[Lesson]) -> None:
        bs4 = optional("bs4", "publish")
        self.soup: BeautifulSoup = bs4.BeautifulSoup("", "html.parser")
        self.site = site
        self.lessons = {lesson.page: lesson for lesson in lessons}
        self.ids: dict[tuple[str, str], Tag] = {}
        self.figures = 0
        self.tables = 0
        self.answers: list[tuple[Lesson, str, list[Tag]]] = []
        self._page_of: dict[str, Lesson] = {}
        self.uses: dict[str, list[str]] = {}  # of a glossary term: a place on each page
        self._anchored: dict[str, Tag] = {}
        self._made = 0

    def tag(self, name: str, text: str = "", **attributes: str) -> Tag:
        made = self.soup.new_tag(
            name, attrs={key.rstrip("_").replace("_", "-"): at for key, at in attributes.items()}
        )
        if text:
            made.string = text
        return made

    def anchor(self, tag: Tag) -> str:
        """Return the tag's id in the book, made when first asked for."""
        if "data-anchor" not in tag.attrs:
            self._made += 1
            tag["data-anchor"] = f"at{self._made}"
            self._anchored[f"at{self._made}"] = tag
        return str(tag["data-anchor"])

    # The page by itself ---------------------------------------------------------------

    def prepare(self, lesson: Lesson) -> None:
        """Take the screen off a page and note its ids."""
        article = lesson.article
        heading = article.h1
        if heading is None:
            raise BookError(f"The page {lesson.page} has no heading.")
        for quiz in article.select(".crm-quiz"):
            # The cell that shows the questions is plumbing; so is its fold.
            cell = quiz.find_parent(class_="cell")
            for fold in cell.select("details, .cell_input") if cell else ():
                fold.decompose()
        self._drop_lists_for_screens(article)
        for tag in article.select(_SCREEN_ONLY):
            tag.decompose()
        for fold in article.select("details"):
            fold.name = "div"
        lesson.title = " ".join(heading.get_text().split())
        lesson.top = self.anchor(heading)
        if lesson.number:
            heading.insert(0, self.tag("span", f"{lesson.number} ", class_="number"))
        # A chapter is a first-level heading, so a lesson is a second-level one.
        for level in (4, 3, 2, 1) if lesson.number else (4, 3, 2):
            for tag in article.find_all(f"h{level}"):
                tag.name = f"h{level + 1}"
        for tag in article.find_all(id=True):
            self.ids[lesson.page, str(tag["id"])] = tag
        for image in article.find_all("img"):
            image["src"] = self._file(lesson.page, str(image["src"]))
        self._print_questions(lesson)

    def _drop_lists_for_screens(self, article: Tag) -> None:
        """Drop sections the book has in a better place: its contents and its bibliography."""
        for tree in article.select("section > .toctree-wrapper"):
            if not tree.decomposed and tree.parent is not None:
                tree.parent.decompose()
        for section in article.find_all("section", id="references"):
            section.decompose()

    def _file(self, page: str, source: str) -> str:
        if urlsplit(source).scheme == "data":
            return source
        path = self.site / posixpath.normpath(
            posixpath.join(posixpath.dirname(page), unquote(urlsplit(source).path))
        )
        if not path.is_file():
            raise BookError(f"The page {page} shows {source}, which is not on the site.")
        return path.as_uri()

    def _print_questions(self, lesson: Lesson) -> None:
        """Turn each self-check into a question with lettered options; keep the answer."""
        for field_set in lesson.article.select(".crm-quiz fieldset"):
            legend = field_set.legend
            assert legend is not None
            number, _, _ = legend.get_text().partition(".")
            question = self.tag("div", class_="question")
            text = self.tag("p", class_="asked")
            text.extend(list(legend.contents))
            options = self.tag("ol", class_="options", type="a")
            replies = []
            for at, option in enumerate(field_set.find_all("div", recursive=False)):
                label, reply = option.label, option.p
                assert label is not None
                assert reply is not None
                item = self.tag("li")
                item.extend(list(label.contents))
                options.append(item)
                mark = reply.strong
                if mark is not None:
                    mark.decompose()
                reply.name = "span"
                reply.attrs = {"class": reply["class"]}
                reply.insert(0, self.tag("b", f"{_LETTERS[at]} "))
                replies.append(reply.extract())
            question.append(text)
            question.append(options)
            field_set.replace_with(question)
            # The right answer first, then why the others are not.
            replies.sort(key=lambda reply: "right" not in reply["class"])
            self.answers.append((lesson, number, replies))
        for quiz in lesson.article.select(".crm-quiz"):
            note = self.tag("p", "The answers are ", class_="to-answers")
            note.append(self._reference(f"answers-{lesson.top}", "at the end of the book"))
            note.append(".")
            quiz.append(note)

    # The pages together ---------------------------------------------------------------

    def number_figures_and_tables(self, chapter: Chapter) -> None:
        """Give every figure and table of a chapter its number and a caption."""
        figure = table = 0
        for lesson in chapter.lessons:
            for tag in lesson.article.find_all(["img", "table"]):
                if tag.name == "img":
                    figure += 1
                    self._caption(tag, f"Figure {chapter.number}.{figure}", _sentence(tag))
                elif tag.find_parent("table") is None:
                    table += 1
                    self._caption(tag, f"Table {chapter.number}.{table}", _table_title(tag))
        self.figures += figure
        self.tables += table

    def _caption(self, tag: Tag, number: str, text: str) -> None:
        kind = "picture" if tag.name == "img" else "tabular"
        frame = self.tag("figure", class_=kind)
        caption = self.tag("figcaption")
        caption.append(self.tag("b", number))
        caption.append(f" {text}")
        tag.wrap(frame)
        if kind == "picture":
            frame.append(caption)
        else:
            frame.insert(0, caption)

    def link(self) -> None:
        """Turn links between pages into links within the book, with page numbers."""
        for lesson in self.lessons.values():
            for link in lesson.article.find_all("a"):
                self._turn(lesson, link)
        self._list_uses()
        for lesson in self.lessons.values():
            for tag in lesson.article.select("[id], [data-anchor]"):
                tag.attrs.pop("id", None)
                if anchor := tag.attrs.pop("data-anchor", None):
                    tag["id"] = anchor

    def _turn(self, lesson: Lesson, link: Tag) -> None:
        href = urlsplit(str(link.get("href", "")))
        if str(link.get("href", "")).startswith(("#answers-", "#at")):
            return
        if href.scheme or href.netloc:
            return
        page = lesson.page
        if href.path:
            here = posixpath.dirname(lesson.page)
            page = posixpath.normpath(posixpath.join(here, unquote(href.path)))
            page = page.removesuffix(".html")
        if page not in self.lessons:  # not in the book: the words stay
            link.name = "span"
            link.attrs = {}
            return
        target = self.lessons[page]
        if href.fragment:
            found = self.ids.get((page, unquote(href.fragment)))
            if found is None:
                raise BookError(
                    f"The page {lesson.page} links to #{href.fragment} on {page}, "
                    "where there is no such place."
                )
            anchor = self.anchor(_visible(found))
        else:
            anchor = target.top
        shown = link.select_one(".std-ref, .doc")
        if link.select_one(".std-term") and target is not lesson:
            places = self.uses.setdefault(anchor, [])
            if not any(self._page_of[place] is lesson for place in places):
                place = self.anchor(link)
                self._page_of[place] = lesson
                places.append(place)
        link.attrs = {
            "href": f"#{anchor}",
            **{key: link[key] for key in ("data-anchor",) if key in link.attrs},
        }
        if shown is not None and target is not lesson:
            link.insert_after(self._page_note(anchor))

    def _list_uses(self) -> None:
        """Let the glossary serve as an index: the pages on which a term is used."""
        for anchor, places in self.uses.items():
            meaning = self._anchored[anchor].find_next_sibling("dd")
            if meaning is None:
                continue
            listed = meaning.find("p", class_="uses", recursive=False)
            if listed is None:
                listed = self.tag("p", class_="uses")
                meaning.append(listed)
            for place in places:
                listed.append(self.tag("a", "000", href=f"#{place}", data_page=place))
                listed.append(" ")

    def _page_note(self, anchor: str) -> Tag:
        note = self.tag("span", class_="page-note")
        note.append(" (page\N{NO-BREAK SPACE}")
        note.append(self.tag("span", "000", data_page=anchor))
        note.append(")")
        return note

    def _reference(self, anchor: str, words: str) -> Tag:
        span = self.tag("span")
        span.append(self.tag("a", words, href=f"#{anchor}"))
        span.append(self._page_note(anchor))
        return span


def _visible(tag: Tag) -> Tag:
    """Return the heading that an empty mark or a section stands for; else the tag itself."""
    if tag.name == "section":
        return tag.find(re.compile("^h[1-6]$")) or tag
    if tag.name == "span" and not tag.get_text(strip=True):
        return tag.find_next(re.compile("^h[1-6]$|^figure$|^table$|^p$")) or tag
    return tag


def _sentence(image: Tag) -> str:
    """Return the first sentence of a figure's alt text, or two when the first says little."""
    alt = " ".join(str(image.get("alt", "")).split())
    sentences = re.split(r"(?<=[a-z0-9%)])\.\s+(?=[A-Z0-9])", alt)
    shown = sentences[:1] if len(sentences[0]) > 24 else sentences[:2]
    return ". ".join(shown).rstrip(".") + "."


def _table_title(table: Tag) -> str:
    """Return the table's own caption, or where it stands and what its columns are."""
    if table.caption is not None:
        for number in table.caption.select(".caption-number"):
            number.decompose()
        text = table.caption.get_text().strip()
        table.caption.decompose()
        return text
    widget = table.find_parent(class_="crm-widget")
    if widget is not None and widget.figcaption is not None:
        return str(widget.figcaption.extract().get_text()).strip()
    heading = table.find_previous(re.compile("^h[1-6]$"))
    title = heading.get_text().strip().rstrip(".:") if heading is not None else ""
    columns = _columns(table) if "dataframe" in (table.get("class") or "") else []
    if len(columns) > 4:
        columns = [*columns[:3], f"{len(columns) - 3} more columns"]
    return f"{title} ({', '.join(columns)})" if columns else title


def _columns(table: Tag) -> list[str]:
    head = table.thead
    cells = head.find_all("th") if head is not None else []
    names = [" ".join(cell.get_text().split()) for cell in cells]
    return list(dict.fromkeys(name for name in names if name and not name.isdigit()))
