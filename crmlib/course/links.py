"""Check a finished site from disk: links within it, requests out of it, the size of its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: The most a page may weigh; fonts, scripts and pictures are files of their own.
PAGE_BYTES = 1_000_000
#: Attributes by which a page loads something without being asked.
_LOADS = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "input": ("src",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
#: Relations of <link> that make a browser ask; "canonical" and the like only name.
_ASKING = {
    "stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload",
    "manifest", "apple-touch-icon",
}  # fmt: skip
_IN_CSS = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"')\s;]+)""")
_EXTERNAL = re.compile(r"(?i)(?:https?|wss?|ftp):|//")


@dataclass
class Page:
    """What a page of a site is made of.

    Attributes
    ----------
    anchors : set of str
        Places within it that a link can name.
    links : list of str
        Where it leads, as written.
    loads : list of str
        What it loads, as written.
    """

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Gather a page's anchors, links and loads."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        page = self.page
        page.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag in ("a", "area") and "href" in given:
            page.links.append(given["href"])
        elif tag == "form" and given.get("action"):
            page.links.append(given["action"])
        elif tag == "link" and set(given.get("rel", "").lower().split()) & _ASKING:
            page.loads.append(given.get("href", ""))
        for name in _LOADS.get(tag, ()):
            if name == "srcset":
                page.loads += [part.split()[0] for part in given.get(name, "").split(",") if part]
            elif given.get(name):
                page.loads.append(given[name])
        page.loads += _IN_CSS.findall(given.get("style", ""))
        self._style = tag == "style"

    def handle_data(self, data: str) -> None:
        if self._style:
            self.page.loads += _IN_CSS.findall(data)

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - as HTMLParser has it
        self._style = False


def read_page(html: str) -> Page:
    """Return a page's anchors, links and loads.

    Parameters
    ----------
    html : str

    Returns
    -------
    Page

    Examples
    --------
    >>> page = read_page('<h1 id="top"><a href="b.html#x">b</a></h1><img src="c.png">')
    >>> page.anchors, page.links, page.loads
    ({'top'}, ['b.html#x'], ['c.png'])
    """
    reader = _Reader()
    reader.feed(html)
    return reader.page


def check_site(site: Path | str, *, page_bytes: int = PAGE_BYTES) -> list[str]:
    """Check every page and style sheet of a site.

    Parameters
    ----------
    site : path
        The folder of a finished site.
    page_bytes : int, default 1,000,000
        The most a page may weigh.

    Returns
    -------
    list of str
        A sentence for each link that leads nowhere (anchors included), each request that would
        leave the site, and each page that is too heavy. Empty when all is well.

    Raises
    ------
    ValueError
        If the folder holds no page.

    Notes
    -----
    What a script asks for when it runs cannot be read from a file; the tests of the site watch
    a browser for that.

    Examples
    --------
    >>> import tempfile
    >>> site = Path(tempfile.mkdtemp())
    >>> _ = (site / "index.html").write_text('<a href="gone.html">there</a>')
    >>> check_site(site)
    ['index.html: the link gone.html leads nowhere.']
    """
    site = Path(site).resolve()
    pages = {path: read_page(_text(path)) for path in sorted(site.rglob("*.html"))}
    if not pages:
        raise ValueError(f"{site} holds no page: there is no .html file in it.")
    found = []
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        # Pieces of pages, which scripts put together, lie among the static files.
        if "_static/" in name:
            continue
        if (size := path.stat().st_size) > page_bytes:
            found.append(f"{name}: {size:,} bytes are more than {page_bytes:,}.")
        found += [f"{name}: {text}" for text in _problems(path, page, pages, site)]
    for path in sorted(site.rglob("*.css")):
        name = path.relative_to(site).as_posix()
        outside = [one for one in _IN_CSS.findall(_text(path)) if _EXTERNAL.match(one)]
        found += [f"{name}: asks for {one}." for one in dict.fromkeys(outside)]
    return found


def _problems(path: Path, page: Page, pages: dict[Path, Page], site: Path) -> Iterator[str]:
    # The list of versions lies above the site of each version.
    versions = site.parent / "versions.js"
    for load in dict.fromkeys(page.loads):
        if _EXTERNAL.match(load):
            yield f"asks for {load}."
        elif (target := _target(load, path)) and not (target.exists() or target == versions):
            yield f"loads {load}, which is not there."
    for link in dict.fromkeys(page.links):
        if _EXTERNAL.match(link):
            continue
        target = _target(link, path)
        if target is None:
            continue
        if target.is_dir():
            target /= "index.html"
        if not target.exists():
            yield f"the link {link} leads nowhere."
        elif target in pages:
            anchor = unquote(urlsplit(link).fragment)
            # A page that draws itself, such as a deck of slides, has places no file shows.
            if anchor and not anchor.startswith("/") and anchor not in pages[target].anchors:
                yield f"the link {link} names a place that is not there."


def _target(link: str, path: Path) -> Path | None:
    """Return the file a link means; None if it means none, such as mailto: or javascript:."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    if not parts.path:
        return path
    return (path.parent / unquote(parts.path)).resolve()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
