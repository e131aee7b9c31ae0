"""What a page carries when it is published at a known address.

Every page says in one sentence what it is about. Where ``html_baseurl`` is set (`crmlib book
publish --base-url`), it also carries the tags and the picture that chats and networks show of a
link, and the site a ``sitemap.xml`` and a page for addresses that are none. Without an address
there is nothing of this: an invented one would lead nowhere.
"""

import re
from html import escape, unescape
from pathlib import Path
from textwrap import wrap
from urllib.parse import quote, urljoin, urlsplit
from xml.etree import ElementTree as ET

from docutils import nodes

LENGTH = 200
SIZE = (1200, 630)
BLUE, ORANGE, GROUND = "#12436d", "#f46a25", "#ffffff"
NOT_FOUND = """<h1>This page is not here</h1>
<p>The address may be misspelled, or the page may have moved.</p>
<ul><li><a href="{home}">The front page</a></li><li><a href="search.html">Search</a></li></ul>"""
OFFERS = """
<p><a href="{target}">Other forms of this book, to print, to keep or to run</a></p>"""


def description(doctree):
    """Return the first paragraph of a page's text, cut to a sentence or two."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section | nodes.document):
            text = " ".join(paragraph.astext().split())
            if len(text) > LENGTH:
                text = text[:LENGTH].rpartition(" ")[0].rstrip(",;:") + " ..."
            return text
    return ""


def card_name(pagename):
    """Return where the picture of a page lies, from the top of the site."""
    return f"_static/cards/{pagename.replace('/', '-')}.png"


def add_tags(app, pagename, templatename, context, doctree):
    """Add a page's tags to its head."""
    tags = {}
    if app.config.crmlib_edition == "instructor":
        tags['name="robots"'] = "noindex, nofollow"
    if doctree is not None:
        title = _words(context["title"])
        about = description(doctree) or title
        tags['name="description"'] = about
        if app.config.html_baseurl:
            tags |= {
                'property="og:type"': "article",
                'property="og:site_name"': app.config.html_title,
                'property="og:title"': title,
                'property="og:description"': about,
                'property="og:url"': context["pageurl"],
                'property="og:image"': urljoin(app.config.html_baseurl, card_name(pagename)),
                'property="og:image:width"': str(SIZE[0]),
                'property="og:image:height"': str(SIZE[1]),
                'property="og:image:alt"': f"{title}. A page of {app.config.html_title}",
                'name="twitter:card"': "summary_large_image",
            }
            app.env.crmlib_cards[pagename] = title
    context["metatags"] = context.get("metatags", "") + "".join(
        f'\n<meta {name} content="{escape(value)}">' for name, value in tags.items()
    )
    if pagename == app.config.root_doc and (offers := app.config.crmlib_offers):
        up = "../" * pagename.count("/")
        context["body"] += OFFERS.format(target=escape(up + offers))
    if pagename == "404":
        # It is shown at any address, so its links count from its own.
        home = urlsplit(app.config.html_baseurl).path or "/"
        context["metatags"] = f'\n<base href="{escape(home)}404.html">' + context["metatags"]
        context["pageurl"] = ""


def _words(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def not_found(app):
    """Give a published site a page for addresses that are none."""
    if app.config.html_baseurl:
        body = NOT_FOUND.format(home=app.builder.get_target_uri(app.config.root_doc))
        yield "404", {"title": "This page is not here", "body": body}, "page.html"


def sitemap(base, addresses):
    """Return a sitemap of `addresses`, which are relative to `base`, as bytes of XML."""
    root = ET.Element("urlset", xmlns="http://www.sitemaps.org/schemas/sitemap/0.9")
    for address in sorted(addresses):
        ET.SubElement(ET.SubElement(root, "url"), "loc").text = urljoin(base, quote(address))
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def draw_card(path, title, book):
    """Draw the picture of a page: its title, and the book it is from."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - a second, which most builds save

    from crmlib.plots.style import chinese_font  # noqa: PLC0415

    fonts = [font for font in ("DejaVu Sans", chinese_font()) if font]
    figure = Figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100, facecolor=GROUND)
    figure.add_artist(_band(figure))
    lines = wrap(title, 30)[:4]
    style = {"va": "top", "family": fonts, "parse_math": False}
    size = 48 if len(lines) < 4 else 40
    figure.text(
        0.07,
        0.84,
        "\n".join(lines),
        size=size,
        color=BLUE,
        weight="bold",
        linespacing=1.25,
        **style,
    )
    figure.text(0.07, 0.17, book, size=24, color="#444444", **style)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without a date or a version in it, the same page has the same bytes.
    figure.savefig(path, metadata={"Software": None})


def _band(figure):
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    return Rectangle((0, 0), 0.02, 1, transform=figure.transFigure, color=ORANGE)


def finish(app, error):
    """Write the sitemap and draw the cards."""
    base = app.config.html_baseurl
    if error is not None or app.builder.format != "html" or not base:
        return
    cards = app.env.crmlib_cards
    addresses = [app.builder.get_target_uri(page) for page in cards]
    Path(app.outdir, "sitemap.xml").write_bytes(sitemap(base, addresses))
    for page, title in cards.items():
        draw_card(Path(app.outdir, card_name(page)), title, app.config.html_title)


def start(app):
    app.env.crmlib_cards = {}


def setup(app):
    app.add_config_value("crmlib_edition", "public", "html")
    app.add_config_value("crmlib_offers", "", "html")
    app.connect("builder-inited", start)
    # After the theme, which writes tags of its own.
    app.connect("html-page-context", add_tags, priority=900)
    app.connect("html-collect-pages", not_found)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
