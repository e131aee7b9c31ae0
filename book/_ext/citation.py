"""How to cite a page: a box at its end, with BibTeX made from CITATION.cff and the page's title."""

import re
from html import escape, unescape
from pathlib import Path

import yaml

BOX = """
<details class="crm-cite">
<summary>Cite this page</summary>
<p>{reference}</p>
<div class="highlight-bibtex notranslate"><div class="highlight"><pre>{bibtex}</pre></div></div>
</details>
"""
#: Characters with a meaning in BibTeX, and how they are written.
_SPECIAL = {char: f"\\{char}" for char in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def names(citation):
    """Return the authors of a CITATION.cff, each as a reference names them."""
    found = []
    for author in citation["authors"]:
        given, family = author.get("given-names", ""), author.get("family-names", "")
        found.append(author.get("name") or f"{given} {family}".strip())
    return found


def bibtex(citation, book, title, docname, address=""):
    """Return the BibTeX entry of a page.

    `citation` is a CITATION.cff as read, `book` the book's title, `docname` the page without
    suffix, `address` where it is published, if it is.
    """
    authors = [_author(one) for one in citation["authors"]]
    fields = {
        "author": " and ".join(authors),
        "title": f"{{{_tex(title)}}}",
        "year": str(citation["date-released"])[:4],
        "howpublished": f"In: {_tex(book)}",
        "note": f"Version {_tex(str(citation['version']))}",
        "url": address,
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key(docname, fields['year'])},", *lines, "}"])


def _author(author):
    """Return an author as BibTeX reads one: family name first, a group in braces."""
    if family := author.get("family-names"):
        return _tex(f"{family}, {author.get('given-names', '')}".strip(", "))
    return f"{{{_tex(author['name'])}}}"


def key(docname, year):
    """Return a page's key in a bibliography: its name and the year."""
    return re.sub(r"[^a-z0-9]+", "-", f"{docname.rpartition('/')[2]}-{year}".lower())


def reference(citation, book, title, address=""):
    """Return the reference as a sentence, in HTML."""
    authors = names(citation)
    listed = ", ".join(authors[:-1]) + (" and " if authors[1:] else "") + authors[-1]
    text = f"{escape(listed)} ({str(citation['date-released'])[:4]}). {escape(title)}."
    text += f" In: <cite>{escape(book)}</cite>, version {escape(str(citation['version']))}."
    return text + (f' <a href="{escape(address)}">{escape(address)}</a>' if address else "")


def _tex(text):
    return "".join(_SPECIAL.get(char, char) for char in text)


def words(html):
    """Return the text of a piece of HTML, such as a title."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def add_box(app, pagename, templatename, context, doctree):
    """Put the box at the end of a page; lists and the search have none."""
    citation, book = app.env.crmlib_citation, app.config.html_title
    if doctree is None or not citation:
        return
    title, address = words(context["title"]), context.get("pageurl") or ""
    context["body"] += BOX.format(
        reference=reference(citation, book, title, address),
        bibtex=escape(bibtex(citation, book, title, pagename, address)),
    )


def read(app):
    """Read CITATION.cff at the top of the checkout; a book without one has no boxes."""
    path = Path(app.srcdir, "CITATION.cff")
    found = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
    app.env.crmlib_citation = found


def setup(app):
    app.connect("builder-inited", read)
    app.connect("html-page-context", add_box)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
