"""What a printed book has around its lessons: cover, contents, openers, answers, running heads."""

from __future__ import annotations

from html import escape
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib.course.publish import BookError

if TYPE_CHECKING:
    from crmlib.course._printable import Book, Chapter, Lesson

#: Text, headings and code look the same on every machine: these fonts come in packages.
_FACES = (
    ("Book Serif", "matplotlib", "mpl-data/fonts/ttf/STIXGeneral.ttf", "normal", "normal"),
    ("Book Serif", "matplotlib", "mpl-data/fonts/ttf/STIXGeneralItalic.ttf", "normal", "italic"),
    ("Book Serif", "matplotlib", "mpl-data/fonts/ttf/STIXGeneralBol.ttf", "bold", "normal"),
    ("Book Serif", "matplotlib", "mpl-data/fonts/ttf/STIXGeneralBolIta.ttf", "bold", "italic"),
    ("Book Mono", "matplotlib", "mpl-data/fonts/ttf/DejaVuSansMono.ttf", "normal", "normal"),
    ("Book Mono", "matplotlib", "mpl-data/fonts/ttf/DejaVuSansMono-Bold.ttf", "bold", "normal"),
    ("Book Sans", "sphinx_revealjs", "{sans}-regular.ttf", "normal", "normal"),
    ("Book Sans", "sphinx_revealjs", "{sans}-italic.ttf", "normal", "italic"),
    ("Book Sans", "sphinx_revealjs", "{sans}-semibold.ttf", "bold", "normal"),
    ("Book Sans", "sphinx_revealjs", "{sans}-semibolditalic.ttf", "bold", "italic"),
)
#: The font for formulas, made when the site is built.
MATH_FONT = "_static/fonts/STIXTwoMath-Regular.woff"
_SANS = "_static/revealjs/dist/theme/fonts/source-sans-pro/source-sans-pro"


def package_file(package: str, path: str, extra: str = "publish") -> Path:
    """Return a file that a package brings, or say that the package is missing."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise BookError(f'This needs {package!r}: pip install "crmlib[{extra}]".')
    file = Path(found.origin).parent / path
    if not file.is_file():
        raise BookError(f"The package {package!r} no longer brings {path}.")
    return file


def math_font(site: Path) -> Path:
    """Return the font for formulas, which the site has, or say that the site is an old one."""
    file = site / MATH_FONT
    if not file.is_file():
        raise BookError(f"The site has no {MATH_FONT} to set formulas with; build it anew.")
    return file


def whole_book(book: Book, intro: Lesson, chapters: list[Chapter], about: dict[str, Any]) -> str:
    """Return the HTML of the book from cover to answers."""
    body = [
        _cover(about),
        _imprint(about),
        _contents(intro, chapters),
        f'<div class="lesson" style="page:intro">{intro.article.decode_contents()}</div>',
        *(_chapter(chapter) for chapter in chapters),
        _answers(book),
    ]
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(about["title"])}</title>
<style>{_fonts(math_font(book.site))}
{(about["css"]).read_text(encoding="utf-8")}
{_running_heads(intro, chapters)}</style>
</head><body class="book">{"".join(body)}</body></html>"""


def _fonts(math: Path) -> str:
    rules = [f'@font-face {{ font-family: "Book Math"; src: url("{math.as_uri()}"); }}']
    for family, package, path, weight, style in _FACES:
        file = package_file(package, path.format(sans=_SANS))
        rules.append(
            f'@font-face {{ font-family: "{family}"; font-weight: {weight}; '
            f'font-style: {style}; src: url("{file.as_uri()}"); }}'
        )
    return "\n".join(rules)


def _running_heads(intro: Lesson, chapters: list[Chapter]) -> str:
    """Name the chapter on left pages and the lesson on right ones."""
    rules = [_heads("intro", intro.title, intro.title)]
    for chapter in chapters:
        left = f"{chapter.number}\N{EM SPACE}{chapter.title}"
        for lesson in chapter.lessons:
            right = f"{lesson.number}\N{EM SPACE}{lesson.title}"
            rules.append(_heads(_name(lesson), left, right))
    rules.append(_heads("answers", "Answers", "Answers to the questions"))
    rules.append(_heads("contents", "Contents", "Contents"))
    return "\n".join(rules)


def _heads(name: str, left: str, right: str) -> str:
    return (
        f"@page {name}:left {{ @top-left {{ content: {_string(left)} }} }}\n"
        f"@page {name}:right {{ @top-right {{ content: {_string(right)} }} }}"
    )


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _name(lesson: Lesson) -> str:
    return "lesson-" + lesson.number.replace(".", "-")


def _cover(about: dict[str, Any]) -> str:
    return f"""<div class="cover">
<p class="authors">{escape(about["author"])}</p>
<p class="title">{escape(about["title"])}</p>
<p class="chinese" lang="zh-CN">{escape(about["chinese_title"])}</p>
<p class="subtitle">{escape(about["subtitle"])}</p>
<img class="emblem" alt="" src="{about["logo"].as_uri()}">
<p class="version">Edition of crmlib {escape(about["version"])}</p>
</div>"""


def _imprint(about: dict[str, Any]) -> str:
    return f"""<div class="imprint">
<p><b>{escape(about["title"])}</b><br><span lang="zh-CN">{escape(about["chinese_title"])}</span></p>
<p>{escape(about["author"])}<br>Edition of crmlib {escape(about["version"])},
© {escape(about["copyright"])}</p>
<p>Text and figures may be used and changed under the Creative Commons license
<a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>, the code under the BSD
3-Clause license.</p>
<p>This book is printed from the pages of the workbook's site. Every number in it was computed when
those pages were built. Left out, because they serve a reader at a screen: the reference of the
package function by function, and the data sheets of the single data sets.</p>
<p>The glossary is the index: it names the pages on which a term is used. References to the course's
documents, such as B30, lead to the syllabus map.</p>
</div>"""


def _contents(intro: Lesson, chapters: list[Chapter]) -> str:
    lines = ['<div class="contents"><h1>Contents</h1>', _entry(intro.top, "", "Introduction", 1)]
    for chapter in chapters:
        lines.append(_entry(chapter_top(chapter), chapter.number, chapter.title, 1))
        lines += [_entry(each.top, each.number, each.title, 2) for each in chapter.lessons]
    lines.append(_entry("answers", "", "Answers to the questions", 1))
    return "".join(lines) + "</div>"


def _entry(anchor: str, number: str, title: str, level: int) -> str:
    return (
        f'<a class="entry level{level}" href="#{anchor}"><span class="number">{number}</span>'
        f'<span class="words">{escape(title)}</span><span class="dots"></span>'
        f'<span class="at" data-page="{anchor}">000</span></a>'
    )


def chapter_top(chapter: Chapter) -> str:
    """Return the id of a chapter's opening page."""
    return f"chapter-{chapter.number}"


def _chapter(chapter: Chapter) -> str:
    kind = "Chapter" if chapter.number.isdigit() else "Appendix"
    lessons = "".join(_entry(each.top, each.number, each.title, 2) for each in chapter.lessons)
    chinese = f'<p class="chinese" lang="zh-CN">{escape(chapter.chinese)}</p>'
    opener = f"""<div class="opener">
<p class="kind">{kind}</p>
<h1 id="{chapter_top(chapter)}"><span class="number">{chapter.number} </span>{
        escape(chapter.title)
    }</h1>
{chinese if chapter.chinese else ""}
<div class="here">{lessons}</div></div>"""
    pages = "".join(
        f'<div class="lesson" style="page:{_name(lesson)}">{lesson.article.decode_contents()}</div>'
        for lesson in chapter.lessons
    )
    return opener + pages


def _answers(book: Book) -> str:
    """Return the answers to the self-checks, page by page, the right one first."""
    blocks = []
    for top, group in groupby(book.answers, key=lambda answer: answer[0].top):
        answers = list(group)
        lesson = answers[0][0]
        items = "".join(
            f'<p class="answer"><b class="which">{number}</b> '
            + " ".join(str(reply) for reply in replies)
            + "</p>"
            for _, number, replies in answers
        )
        blocks.append(
            f'<div class="answers-of"><h2 id="answers-{top}">{escape(lesson.name)}'
            f'<span class="page-note"> (page\N{NO-BREAK SPACE}<a href="#{top}" '
            f'data-page="{top}">000</a>)</span></h2>{items}</div>'
        )
    return (
        '<div class="answers" style="page:answers"><h1 id="answers">Answers to the questions</h1>'
        "<p>The right option comes first, then what speaks against the others.</p>"
        f"{''.join(blocks)}</div>"
    )
