"""Decks take figures and numbers from the pages, and say so when they cannot."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from crmlib.cli import main
from crmlib.course import BookError, build_slides

bs4 = pytest.importorskip("bs4")
pytest.importorskip("sphinx_revealjs")

ROOT = Path(__file__).parents[2]
PAGE = """<html><body><article><h1>The bucket<a class="headerlink">#</a></h1>
<p>It loses <span class="pasted-text">12%</span>, or <span class="pasted-text">$5.20</span>.</p>
<img src="../_images/a.svg" alt="Three bars. Read as a rate, 12.">
<img src="../_images/b.svg" alt="Three lines."></article></body></html>"""
SOURCE = "It loses {glue:text}`rate`, or {glue:text}`cost`.\n"
HEAD = "---\ntitle: A deck\nchinese: 桶\nchapter: 1 Churn\npages: [bucket]\n---\n"
NOTE = "\n\nNote: (2 min) Say it.\n"


@pytest.fixture
def course(tmp_path):
    """A checkout with one page, its site, and a way to write the one deck."""
    root, site = tmp_path / "root", tmp_path / "site"
    for folder in (root / "book" / "_static", root / "book" / "slides", root / "one"):
        folder.mkdir(parents=True)
    for folder in (site / "one", site / "_images"):
        folder.mkdir(parents=True)
    for name in ("book/print.toml", "book/slides/theme.css", "book/_static/logo.svg"):
        shutil.copy(ROOT / name, root / name)
    (root / "_config.yml").write_text("title: T\nauthor: A\nlogo: book/_static/logo.svg\n")
    (root / "book" / "_toc.yml").write_text(
        "root: intro\nparts:\n  - caption: Churn overview\n    chapters: [{file: one/bucket}]\n"
    )
    (root / "one" / "bucket.md").write_text(SOURCE)
    (site / "one" / "bucket.html").write_text(PAGE)
    (site / "index.html").write_text("<html></html>")
    for name in "ab":
        (site / "_images" / f"{name}.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')

    def build(text, head=HEAD, output=tmp_path / "slides"):
        (root / "book" / "slides" / "deck.md").write_text(head + text, encoding="utf-8")
        return build_slides(site, output, root=root)

    build.root, build.site, build.output = root, site, tmp_path / "slides"
    return build


def html(made, name="deck"):
    text = (made.index.parent / f"{name}.html").read_text(encoding="utf-8")
    return bs4.BeautifulSoup(text, "html.parser")


def test_a_quoted_number_is_the_pages_own(course):
    made = course("# It loses {{rate}}\n\nThat is {{ bucket.cost }}, not more." + NOTE)
    slide = html(made).select("section")[1]
    assert slide.h2.get_text() == "It loses 12%"
    # A dollar sign in a number does not begin a formula.
    assert "That is $5.20, not more." in slide.get_text()
    assert made.numbers == 2


def test_a_formula_is_set_in_the_font_of_the_site(course):
    fonts = course.site / "_static" / "fonts"
    fonts.mkdir(parents=True)
    names = {"STIXTwoMath-Regular.woff", "STIXTwoMath-LICENSE.txt"}
    for name in names:
        (fonts / name).write_text(name)
    made = course("# It loses\n\n$$N = \\frac{a}{c}$$\n\nand $c$." + NOTE)
    block, inline = html(made).select("section math")
    assert (block.get("display"), inline.get("display")) == ("block", None)
    assert block.mfrac.get_text() == "ac"
    assert {file.name for file in (made.index.parent / "fonts").iterdir()} == names


def test_a_deck_without_a_formula_brings_no_font_for_them(course):
    assert not (course("# It loses" + NOTE).index.parent / "fonts").exists()


def test_a_formula_that_cannot_be_set_is_named_with_its_slide(course):
    with pytest.raises(BookError, match=r"deck\.md, slide 2: The formula \\churn cannot be set"):
        course("# It loses\n\n$\\churn$" + NOTE)


def test_a_site_of_before_the_font_is_to_be_built_anew(course):
    with pytest.raises(BookError, match="build it anew"):
        course("# It loses\n\n$c$" + NOTE)


def test_a_figure_is_named_by_how_its_alt_text_begins_or_by_its_number(course):
    made = course("![Three bars](bucket)" + NOTE + "---\n![](bucket#2)" + NOTE)
    images = html(made).select("section img")
    assert [image["alt"] for image in images] == ["Three bars. Read as a rate, 12.", "Three lines."]
    assert all((made.index.parent / image["src"]).is_file() for image in images)


def test_chinese_terms_are_marked_as_chinese_and_pictures_keep_their_words(course):
    page = course.site / "one" / "bucket.html"
    page.write_text(PAGE.replace("Three lines.", "Three lines 三线."), encoding="utf-8")
    slide = html(course("# Lost 流失率\n\n![Three lines](bucket)" + NOTE)).select("section")[1]
    assert [part.get_text() for part in slide.select("span[lang=zh-CN]")] == ["流失率"]
    assert slide.img["alt"] == "Three lines 三线."


def test_notes_are_the_speakers_and_carry_their_time(course):
    made = course("# A\n\nNote: (2.5 min) Ask **them**.\n")
    slide = html(made).select("section")[1]
    assert slide["data-timing"] == "150"
    notes = slide.select_one("aside.notes")
    assert notes.get_text().strip() == "Ask them."
    assert "Ask" not in slide.h2.get_text()
    assert made.decks[0].minutes == round((30 + 150 + 60) / 60)


def test_a_deck_has_a_title_and_ends_with_what_to_read(course):
    sections = html(course("# A" + NOTE)).select("section")
    assert sections[0].h1.get_text() == "A deck"
    assert sections[0].select_one("[lang=zh-CN]").get_text() == "桶"
    assert "The bucket" in sections[-1].get_text()


def test_slides_within_the_site_link_to_its_pages_and_others_only_name_them(course):
    outside = html(course("# A" + NOTE)).select("section")[-1]
    assert outside.a is None
    inside = html(course("# A" + NOTE, output=course.site / "slides")).select("section")[-1]
    assert (course.site / "slides" / inside.a["href"]).resolve().is_file()


def test_a_question_to_the_class_stands_out(course):
    sections = html(course("# Why?" + NOTE + "---\n# So." + NOTE)).select("section")
    assert "question" in sections[1]["class"]
    assert not sections[2].get("class")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# {{rat}}" + NOTE, r"deck\.md, slide 2: the page 'bucket' quotes no 'rat'; .*'rate'"),
        ("# A" + NOTE + "---\n# {{no.rate}}" + NOTE, r"deck\.md, slide 3: there is no page 'no'"),
        ("![Four](bucket)" + NOTE, r"slide 2: .* 0 figures .*'Four'; it has #1 Three bars"),
        ("![Three](bucket)" + NOTE, r"slide 2: .* 2 figures .*'Three'"),
        ("![](bucket#3)" + NOTE, r"slide 2: .* 0 figures number 3"),
        ("![](bucket)" + NOTE, r"slide 2: .* 0 figures"),
        ("# No notes", r"deck\.md, slide 2: it has no speaker notes"),
        ("# A\n\nNote: no time", r"deck\.md, slide 2: .* time"),
    ],
)
def test_what_is_missing_stops_the_build_and_is_named(course, text, says):
    with pytest.raises(BookError, match=says):
        course(text)
    assert not course.output.exists()


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("# no head", "does not begin with front matter"),
        ("---\ntitle: A\n---\n", "lacks 'chinese', 'chapter', 'pages'"),
        (HEAD.replace("bucket", "gone"), r"there is no page 'gone'"),
    ],
)
def test_a_deck_without_its_head_is_refused(course, head, says):
    with pytest.raises(BookError, match=says):
        course("# A" + NOTE, head=head)


def test_a_site_older_than_its_pages_is_refused(course):
    (course.root / "one" / "bucket.md").write_text(SOURCE + "{glue:text}`new`")
    with pytest.raises(BookError, match=r"bucket\.md quotes 3 numbers .* shows 2; build the site"):
        course("# {{rate}}" + NOTE)


def test_a_figure_without_alt_text_is_refused(course):
    page = course.site / "one" / "bucket.html"
    page.write_text(PAGE.replace("Three lines.", ""))
    with pytest.raises(BookError, match="no alt text"):
        course("![](bucket#2)" + NOTE)


def test_the_older_slides_stay_when_new_ones_fail_and_foreign_folders_always(course):
    course("# Old" + NOTE)
    with pytest.raises(BookError):
        course("# {{gone}}" + NOTE)
    assert "Old" in (course.output / "deck.html").read_text()
    course("# New" + NOTE)
    assert "Old" not in (course.output / "deck.html").read_text()
    (mine := course.site.parent / "mine").mkdir()
    with pytest.raises(FileExistsError, match="holds no slides"):
        course("# A" + NOTE, output=mine)
    assert [path.name for path in course.output.parent.glob(".slides-*")] == []


def test_a_checkout_without_decks_says_where_they_belong(course):
    for deck in (course.root / "book" / "slides").glob("*.md"):
        deck.unlink()
    with pytest.raises(BookError, match="no decks in"):
        build_slides(course.site, course.output, root=course.root)


def test_the_command_tells_what_it_made(course, monkeypatch):
    course("# A" + NOTE)
    monkeypatch.chdir(course.root)
    result = CliRunner().invoke(main, ["book", "slides", "--site", str(course.site)])
    assert result.exit_code == 0, result.output
    assert "1 decks, 0 figures" in result.output
    assert (course.root / "slides" / "index.html").is_file()
    (course.site / "one" / "bucket.html").unlink()
    result = CliRunner().invoke(main, ["book", "slides", "--site", str(course.site)])
    assert result.exit_code == 1
    assert "no page one/bucket.html" in result.output
