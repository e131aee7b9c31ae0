"""A link that leads nowhere, a request to another server and a heavy page are found from disk."""

import pytest

from crmlib.course.links import check_site

FINE = {
    "index.html": '<a href="b/c.html#there">c</a> <a href="#top" id="top">up</a>'
    '<a href="https://example.org">elsewhere</a> <a href="mailto:a@b.c">mail</a>'
    '<img src="x.png"><link rel="canonical" href="https://example.org/">',
    "b/c.html": '<h1 id="there">c</h1><a href="../index.html?q=1">back</a><a href="..">up</a>',
    "x.png": "",
    "a.css": "a { background: url(x.png) }",
}
WRONG = {
    "a page": ('<a href="gone.html">x</a>', "the link gone.html leads nowhere"),
    "a place": ('<a href="b/c.html#gone">x</a>', "names a place that is not there"),
    "an own place": ('<a href="#gone">x</a>', "the link #gone names a place"),
    "a picture": ('<img src="gone.png">', "loads gone.png, which is not there"),
    "a form": ('<form action="gone.html"></form>', "the link gone.html leads nowhere"),
    "a script elsewhere": (
        '<script src="https://cdn.example.org/a.js"></script>',
        "asks for https://cdn.example.org/a.js",
    ),
    "a style elsewhere": (
        '<link rel="stylesheet" href="//cdn.example.org/a.css">',
        "asks for //cdn.example.org/a.css",
    ),
    "one of several pictures": (
        '<img srcset="x.png 1x, http://example.org/y.png 2x">',
        "asks for http://example.org/y.png",
    ),
    "a style in the page": (
        "<style>@import 'https://example.org/a.css';</style>",
        "asks for https://example.org/a.css",
    ),
    "a frame": ('<iframe src="http://example.org"></iframe>', "asks for http://example.org"),
}


@pytest.fixture
def small(tmp_path):
    for name, text in FINE.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_sound_site_has_nothing_to_complain_about(small):
    assert check_site(small) == []


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_its_page(small, name):
    text, message = WRONG[name]
    (small / "bad.html").write_text(text)
    (found,) = check_site(small)
    assert found.startswith("bad.html: ")
    assert message in found


def test_a_style_sheet_that_asks_elsewhere_is_named(small):
    (small / "b.css").write_text("@font-face { src: url('https://example.org/f.woff2') }")
    assert check_site(small) == ["b.css: asks for https://example.org/f.woff2."]


def test_a_heavy_page_is_named(small):
    (small / "heavy.html").write_text("x" * 1_000_001)
    assert check_site(small) == ["heavy.html: 1,000,001 bytes are more than 1,000,000."]


def test_a_folder_without_pages_is_no_site(tmp_path):
    with pytest.raises(ValueError, match="holds no page"):
        check_site(tmp_path)


@pytest.mark.book
def test_the_book_passes_its_own_check(site):
    assert check_site(site) == []
