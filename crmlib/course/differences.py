"""Which pages of a site have changed: what a reviewer wants to know before reading them."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

#: What changes with every build and says nothing about a page.
_ALWAYS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")
_EMPTY = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "wbr",
}
_LINES = {
    "p",
    "li",
    "tr",
    "h1",
    "h2",
    "h3",
    "h4",
    "dt",
    "dd",
    "pre",
    "div",
    "figcaption",
    "caption",
}


@dataclass(frozen=True)
class Change:
    """How a page differs between two sites.

    Attributes
    ----------
    page : str
        Its path in the site.
    kind : str
        ``added``, ``removed`` or ``changed``.
    more, fewer : int
        Lines of its text that came and went.
    lines : tuple of str
        The lines that differ, marked + or -.
    """

    page: str
    kind: str
    more: int
    fewer: int
    lines: tuple[str, ...] = ()


class _Text(HTMLParser):
    """Gather the text of a page's article, with the words of its pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._open: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img" and "article" in self._open:
            self.parts.append(f"\n[picture: {given.get('alt') or ''}]\n")
        if tag in _EMPTY:
            return
        quiet = tag in ("script", "style") or "crm-cite" in (given.get("class") or "")
        self._silent += bool(self._silent or quiet)
        self._open.append(tag)
        if tag in _LINES:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        while tag in self._open:
            self._silent = max(0, self._silent - 1)
            if self._open.pop() == tag:
                break
        if tag in _LINES:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if "article" in self._open and not self._silent:
            self.parts.append(data)


def page_text(html: str) -> list[str]:
    """Return what a page says, line by line, without menus, dates of the build, or the citation.

    Parameters
    ----------
    html : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> page_text('<nav>menu</nav><article><h1>Churn</h1><p>Who <b>left</b>?</p></article>')
    ['Churn', 'Who left?']
    """
    reader = _Text()
    reader.feed(html)
    lines = ("".join(reader.parts)).split("\n")
    return [_ALWAYS.sub("", text) for line in lines if (text := " ".join(line.split()))]


def changed_pages(old: Path | str, new: Path | str) -> list[Change]:
    """Compare what the pages of two sites say.

    Parameters
    ----------
    old, new : path
        Folders of finished sites.

    Returns
    -------
    list of Change
        By page; empty when both say the same.

    Raises
    ------
    ValueError
        If one of the folders holds no page.

    Examples
    --------
    >>> import tempfile
    >>> old, new = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
    >>> _ = (old / "a.html").write_text("<article><p>10 left.</p></article>")
    >>> _ = (new / "a.html").write_text("<article><p>12 left.</p></article>")
    >>> changed_pages(old, new)
    [Change(page='a.html', kind='changed', more=1, fewer=1, lines=('-10 left.', '+12 left.'))]
    """
    before, after = _pages(Path(old)), _pages(Path(new))
    found = []
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name, []), after.get(name, [])
        if one == other and (name in before) == (name in after):
            continue
        kind = "changed" if name in before and name in after else "added"
        kind = "removed" if name not in after else kind
        diff = [
            line
            for line in difflib.unified_diff(one, other, n=0, lineterm="")
            if line[0] in "+-" and not line.startswith(("+++", "---"))
        ]
        more = sum(line[0] == "+" for line in diff)
        found.append(Change(name, kind, more, len(diff) - more, tuple(diff)))
    return found


def summary(changes: list[Change], *, most: int = 12) -> str:
    """Return the changes in Markdown, with the first lines of each page folded away.

    Parameters
    ----------
    changes : list of Change
    most : int, default 12
        Lines shown of each page.

    Returns
    -------
    str

    Examples
    --------
    >>> print(summary([]))
    No page says anything different.
    """
    if not changes:
        return "No page says anything different."
    text = [f"{len(changes)} pages differ.", "", "| page | | lines |", "|---|---|---|"]
    text += [f"| {one.page} | {one.kind} | +{one.more} -{one.fewer} |" for one in changes]
    for one in (one for one in changes if one.kind == "changed"):
        lines = "\n".join(line[:300] for line in one.lines[:most]).replace("```", "'''")
        rest = f"\n... and {len(one.lines) - most} more" if len(one.lines) > most else ""
        text += ["", f"<details><summary>{one.page}</summary>", "", "```diff", lines + rest, "```"]
        text += ["", "</details>"]
    return "\n".join(text)


def _pages(site: Path) -> dict[str, list[str]]:
    paths = {path.relative_to(site).as_posix(): path for path in site.rglob("*.html")}
    if not paths:
        raise ValueError(f"{site} holds no page: there is no .html file in it.")
    left_out = ("_static/", "_sources/", "genindex.html", "search.html", "py-modindex.html")
    return {
        name: page_text(path.read_text(encoding="utf-8", errors="replace"))
        for name, path in paths.items()
        if not name.startswith(left_out)
    }
