"""Lecture slides, drawn from the finished pages: their figures, and the numbers they computed.

A deck is a short Markdown file in ``book/slides``. It names a figure by its page and the words its
alt text begins with, and a number by the name the page glued it under. So a deck types no result
of its own, and when a page changes its deck changes with it, or the build stops and says where.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from crmlib._checks import listed, optional
from crmlib.course._bookparts import math_font, package_file
from crmlib.course._mathml import mathml
from crmlib.course._printable import read_article, read_toc
from crmlib.course.printed import about_book
from crmlib.course.publish import BookError, find_root

_REVEAL = "_static/revealjs"
#: What a deck needs of reveal.js and the licenses it comes under.
_SHIPPED = (
    "LICENSE",
    "dist/reset.css",
    "dist/reveal.css",
    "dist/reveal.js",
    "plugin/notes/notes.js",
    "dist/theme/fonts/source-sans-pro/LICENSE",
    "dist/theme/fonts/source-sans-pro/source-sans-pro-regular.woff",
    "dist/theme/fonts/source-sans-pro/source-sans-pro-italic.woff",
    "dist/theme/fonts/source-sans-pro/source-sans-pro-semibold.woff",
    "dist/theme/fonts/source-sans-pro/source-sans-pro-semibolditalic.woff",
)
_NUMBER = re.compile(r"\{\{\s*(?:([\w-]+)\.)?(\w+)\s*\}\}")
_PICTURE = re.compile(r"!\[([^\]]*)\]\(([\w-]+)(?:#(\d+))?\)")
_GLUED = re.compile(r"\{glue:\w+\}`([^`:]+)(?::[^`]*)?`")
_NOTE = re.compile(r"(?m)^Note:\s*")
_TIMING = re.compile(r"^\((\d+(?:\.\d+)?) min\)\s*")
#: Slides to be told apart from afar: the title, and a question to the class.
_GROUNDS = {"title": "#0b3c5d", "question": "#e6eff5"}
#: A tag, to be left alone, or a run of Chinese, to be marked as such for fonts and voices.
_CHINESE = re.compile(r"<[^>]*>|([\u3400-\u9fff]+)")
_NEEDED = ("title", "chinese", "chapter", "pages")


@dataclass(frozen=True)
class Slide:
    """One slide: its HTML, what to say, and the seconds it takes."""

    html: str
    note: str
    seconds: int
    kind: str = ""


@dataclass(frozen=True)
class Deck:
    """A lecture of some slides.

    Attributes
    ----------
    name : str
        The file's name without its ending; the deck is ``name.html``.
    title, chinese, chapter : str
        What the title slide says.
    slides : tuple of Slide
    """

    name: str
    title: str
    chinese: str
    chapter: str
    slides: tuple[Slide, ...]

    @property
    def minutes(self) -> int:
        """The time its notes plan for it."""
        return round(sum(slide.seconds for slide in self.slides) / 60)


@dataclass(frozen=True)
class Slides:
    """The finished slides.

    Attributes
    ----------
    index : pathlib.Path
        The page that lists the decks.
    decks : tuple of Deck
    pictures : int
        Number of figures shown.
    numbers : int
        Number of results quoted from the pages.
    megabytes : float
        Size of the folder.
    seconds : float
        Time it took.
    """

    index: Path
    decks: tuple[Deck, ...]
    pictures: int
    numbers: int
    megabytes: float
    seconds: float


def build_slides(site: Path | str, output: Path | str, *, root: Path | str | None = None) -> Slides:
    """Make the lecture slides of a finished site.

    Parameters
    ----------
    site : path
        The finished site; nothing is executed.
    output : path
        The folder to make, replaced as a whole. Within the site, slides link to its pages.
    root : path, optional
        The checkout with ``book/slides``; found from the current folder by default.

    Returns
    -------
    Slides

    Raises
    ------
    BookError
        If a deck asks for a figure or a number that its page does not have; the message names the
        deck, the slide and what there is.
    FileExistsError
        If `output` exists and is not a folder of slides.

    Examples
    --------
    ``build_slides("book/_build/html", "slides").index`` is the page to open; it needs a finished
    site, so this is not run as a test.
    """
    started = time.perf_counter()
    site, output, root = Path(site).resolve(), Path(output).resolve(), find_root(root)
    if output.exists() and not (output / "reveal" / "LICENSE").is_file():
        raise FileExistsError(f"{output} exists and holds no slides; name a folder to be made.")
    sources = sorted((root / "book" / "slides").glob("*.md"))
    if not sources:
        raise BookError(f"There are no decks in {root / 'book' / 'slides'}.")
    about = about_book(root)
    pages = _Pages(site, root, output)
    decks = tuple(_read_deck(source, pages) for source in sources)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".slides-") as folder:
        made = Path(folder) / "slides"
        _write(made, decks, pages, root, about)
        if output.exists():
            shutil.rmtree(output)
        made.rename(output)
    return Slides(
        index=output / "index.html",
        decks=decks,
        pictures=pages.pictures,
        numbers=pages.numbers,
        megabytes=sum(p.stat().st_size for p in output.rglob("*") if p.is_file()) / 1e6,
        seconds=time.perf_counter() - started,
    )


@dataclass
class _Page:
    """What a deck may take from a page."""

    path: str
    title: str
    figures: list[tuple[str, Path]]
    glued: dict[str, str]


@dataclass
class _Pages:
    """The pages of the site, read when first asked for."""

    site: Path
    root: Path
    output: Path
    images: dict[str, Path] = field(default_factory=dict)
    pictures: int = 0
    numbers: int = 0

    def __post_init__(self) -> None:
        first, parts = read_toc(self.root)
        paths = [first, *(page for _, pages in parts for page in pages)]
        self._paths = {path.rpartition("/")[2]: path for path in paths}
        self._read: dict[str, _Page] = {}

    def __getitem__(self, name: str) -> _Page:
        if name not in self._read:
            if name not in self._paths:
                raise BookError(f"there is no page {name!r}; pages are {listed(self._paths, 60)}")
            self._read[name] = self._page(self._paths[name])
        return self._read[name]

    def _page(self, path: str) -> _Page:
        article = read_article(self.site, path)
        for mark in article.select("a.headerlink"):
            mark.decompose()
        figures = []
        for image in article.select("img"):
            source = unquote(urlsplit(str(image["src"])).path)
            file = Path(os.path.normpath((self.site / path).parent / source))
            figures.append((" ".join(str(image.get("alt", "")).split()), file))
        title = article.h1.get_text().strip() if article.h1 is not None else path
        values = [span.get_text() for span in article.select(".pasted-text")]
        source_file = self.root / f"{path}.md"
        text = source_file.read_text(encoding="utf-8") if source_file.is_file() else ""
        names = _GLUED.findall(text)
        if len(names) != len(values):
            raise BookError(
                f"{path}.md quotes {len(names)} numbers and its page on the site shows "
                f"{len(values)}; build the site anew."
            )
        return _Page(path, title, figures, dict(zip(names, values, strict=True)))

    def number(self, page: str, name: str) -> str:
        """Return a number as its page prints it."""
        glued = self[page].glued
        if name not in glued:
            raise BookError(f"the page {page!r} quotes no {name!r}; it quotes {listed(glued, 60)}")
        self.numbers += 1
        return glued[name]

    def picture(self, page: str, begins: str, number: str) -> str:
        """Return the tag of a figure, named by the beginning of its alt text or its number."""
        figures = self[page].figures
        if number:
            found = figures[int(number) - 1 : int(number)] if int(number) else []
        else:
            found = [figure for figure in figures if begins and figure[0].startswith(begins)]
        if len(found) != 1:
            wanted = f"number {number}" if number else f"that begins with {begins!r}"
            there = "; ".join(f"#{at} {alt[:60]}" for at, (alt, _) in enumerate(figures, 1))
            raise BookError(
                f"the page {page!r} has {len(found)} figures {wanted}; it has {there or 'none'}"
            )
        alt, file = found[0]
        if not alt:
            raise BookError(f"the figure {file.name} of the page {page!r} has no alt text")
        self.images[file.name] = file
        self.pictures += 1
        return f'<img class="r-stretch" src="images/{file.name}" alt="{escape(alt)}">'

    def link(self, page: str) -> str:
        """Return a page's title, as a link when the slides lie within the site."""
        found = self[page]
        if not self.output.is_relative_to(self.site):
            return escape(found.title)
        target = Path(os.path.relpath(self.site / f"{found.path}.html", self.output)).as_posix()
        return f'<a href="{target}">{escape(found.title)}</a>'


def _read_deck(source: Path, pages: _Pages) -> Deck:
    """Read one Markdown file as a deck."""
    head, body = _front_matter(source)
    if missing := [key for key in _NEEDED if key not in head]:
        raise BookError(f"{source.name} lacks {listed(missing)} in its front matter.")
    page = str(head["pages"][0])
    slides = [_title_slide(head)]
    for number, text in enumerate(re.split(r"(?m)^---\s*$", body), 2):
        try:
            slides.append(_slide(text, page, pages))
        except BookError as error:
            raise BookError(f"{source.name}, slide {number}: {error}") from None
    try:
        slides.append(_reading(head["pages"], pages))
    except BookError as error:
        raise BookError(f"{source.name}, pages: {error}") from None
    return Deck(
        source.stem, str(head["title"]), str(head["chinese"]), str(head["chapter"]), tuple(slides)
    )


def _front_matter(source: Path) -> tuple[dict[str, Any], str]:
    text = source.read_text(encoding="utf-8")
    parts = re.split(r"(?m)^---\s*$", text, maxsplit=2)
    if len(parts) < 3 or parts[0].strip():
        raise BookError(f"{source.name} does not begin with front matter between two lines of ---.")
    head = optional("yaml", "publish").safe_load(parts[1])
    return (head if isinstance(head, dict) else {}), parts[2]


def _slide(text: str, page: str, pages: _Pages) -> Slide:
    """Fill one slide with the page's numbers and figures and set it."""
    parts = _NOTE.split(text, maxsplit=1)
    if len(parts) < 2:
        raise BookError("it has no speaker notes; begin them with a line 'Note: (2 min) ...'")
    shown, note = (_fill(part, page, pages) for part in parts)
    timing = _TIMING.match(note)
    if timing is None:
        raise BookError("its notes do not begin with their time, such as '(2 min)'")
    kind = "question" if re.search(r"(?m)^# .*\?\s*$", shown) and "<img" not in shown else ""
    return Slide(
        _markdown(shown), _markdown(note[timing.end() :]), round(60 * float(timing[1])), kind
    )


def _fill(text: str, page: str, pages: _Pages) -> str:
    def number(found: re.Match[str]) -> str:
        # A dollar sign in a number is money, not the beginning of a formula.
        return re.sub(r"([\\`*_$\[\]|<])", r"\\\1", pages.number(found[1] or page, found[2]))

    text = _NUMBER.sub(number, text)
    # Of its own, so that reveal.js can stretch the figure to what the words leave.
    return _PICTURE.sub(
        lambda found: f"\n\n{pages.picture(found[2], found[1], found[3] or '')}\n\n", text
    )


def _markdown(text: str) -> str:
    """Return HTML; a slide's heading is a second-level one, under the deck's title."""
    optional("markdown_it", "publish")
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    parser = MarkdownIt("commonmark", {"html": True, "typographer": False}).enable("table")
    parser.use(dollarmath_plugin, renderer=_math)
    html: str = re.sub(r"<(/?)h1>", r"<\1h2>", parser.render(text.strip()))
    return _CHINESE.sub(
        lambda found: f'<span lang="zh-CN">{found[1]}</span>' if found[1] else found[0], html
    )


def _math(content: str, options: dict[str, Any]) -> str:
    return mathml(content, display=bool(options.get("display_mode")))


def _title_slide(head: dict[str, Any]) -> Slide:
    return Slide(
        f'<p class="chapter">{escape(str(head["chapter"]))}</p>'
        f"<h1>{escape(str(head['title']))}</h1>"
        f'<p class="chinese" lang="zh-CN">{escape(str(head["chinese"]))}</p>',
        "<p>Let the title stand while the class settles.</p>",
        30,
        "title",
    )


def _reading(names: list[str], pages: _Pages) -> Slide:
    items = "".join(f"<li>{pages.link(str(name))}</li>" for name in names)
    return Slide(
        f"<h2>What to read</h2><ul>{items}</ul>"
        "<p>Each page ends with questions that answer at once.</p>",
        "<p>Name the page and the question on it that you will ask at the start of the next "
        "class.</p>",
        60,
        "reading",
    )


def _write(
    made: Path, decks: tuple[Deck, ...], pages: _Pages, root: Path, about: dict[str, Any]
) -> None:
    """Write decks, index and everything they show into one folder."""
    for name in _SHIPPED:
        file = package_file("sphinx_revealjs", f"{_REVEAL}/{name}")
        target = made / "reveal" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    (made / "images").mkdir()
    for name, file in pages.images.items():
        if not file.is_file():
            raise BookError(f"The site lacks the figure {file}.")
        shutil.copyfile(file, made / "images" / name)
    shutil.copyfile(about["logo"], made / "images" / Path(about["logo"]).name)
    shutil.copyfile(root / "book" / "slides" / "theme.css", made / "theme.css")
    if any(_has_math(deck) for deck in decks):
        font = math_font(pages.site)
        (made / "fonts").mkdir()
        for file in (font, font.with_name("STIXTwoMath-LICENSE.txt")):
            shutil.copyfile(file, made / "fonts" / file.name)
    for deck in decks:
        (made / f"{deck.name}.html").write_text(_deck_html(deck, about), encoding="utf-8")
    (made / "index.html").write_text(_index_html(decks, about), encoding="utf-8")


def _has_math(deck: Deck) -> bool:
    return any("<math" in slide.html for slide in deck.slides)


def _deck_html(deck: Deck, about: dict[str, Any]) -> str:
    sections = "\n".join(_section(slide) for slide in deck.slides)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(deck.title)} - {escape(about["title"])}</title>
<link rel="icon" href="images/{Path(about["logo"]).name}">
<link rel="stylesheet" href="reveal/dist/reset.css">
<link rel="stylesheet" href="reveal/dist/reveal.css">
<link rel="stylesheet" href="theme.css">
</head><body>
<main><div class="reveal"><div class="slides">
{sections}
</div></div></main>
<script src="reveal/dist/reveal.js"></script>
<script src="reveal/plugin/notes/notes.js"></script>
<script>Reveal.initialize({{width: 1280, height: 720, margin: 0.03, center: false, hash: true,
slideNumber: "c/t", transition: "none", backgroundTransition: "none",
defaultTiming: 60, pdfMaxPagesPerSlide: 1,
plugins: [RevealNotes]}});</script>
</body></html>
"""


def _section(slide: Slide) -> str:
    kind = f' class="{slide.kind}"' if slide.kind else ""
    if slide.kind in _GROUNDS:
        kind += f' data-background-color="{_GROUNDS[slide.kind]}"'
    return (
        f'<section{kind} data-timing="{slide.seconds}">{slide.html}'
        f'<aside class="notes">{slide.note}</aside></section>'
    )


def _index_html(decks: tuple[Deck, ...], about: dict[str, Any]) -> str:
    rows = "".join(_index_rows(decks))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Slides - {escape(about["title"])}</title>
<link rel="icon" href="images/{Path(about["logo"]).name}">
<link rel="stylesheet" href="theme.css"></head>
<body class="index"><main>
<h1>{escape(about["title"])}: the slides</h1>
<p class="chinese" lang="zh-CN">{escape(about["chinese_title"])}</p>
{rows}
<h2>Keys</h2>
<p><kbd>→</kbd> next, <kbd>←</kbd> back, <kbd>S</kbd> speaker's view with notes and time,
<kbd>O</kbd> overview, <kbd>F</kbd> full screen, <kbd>B</kbd> blank. To print a deck, add
<code>?print-pdf</code> to its address and print from the browser.</p>
</main></body></html>
"""


def _index_rows(decks: tuple[Deck, ...]) -> Iterator[str]:
    chapter = ""
    for deck in sorted(decks, key=lambda deck: (deck.name.split("-")[0], deck.name)):
        if deck.chapter != chapter:
            chapter = deck.chapter
            yield f"<h2>{escape(chapter)}</h2>"
        yield (
            f'<p><a href="{deck.name}.html">{escape(deck.title)}</a> '
            f'<span lang="zh-CN">{escape(deck.chinese)}</span><br>'
            f"{len(deck.slides)} slides, about {deck.minutes} minutes</p>"
        )
