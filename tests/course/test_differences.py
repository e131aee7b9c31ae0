"""A reviewer sees which pages say something new, and nothing else."""

import pytest

from crmlib.course import changed_pages
from crmlib.course.differences import summary

SHELL = "<html><nav>{nav}</nav><article><h1>Churn</h1>{text}</article><footer>{nav}</footer></html>"


@pytest.fixture
def sites(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        page = SHELL.format(nav=name, text="<p>26.5% <b>left</b>.</p><img alt='bars' src=x>")
        (tmp_path / name / "page.html").write_text(page)
    return tmp_path / "old", tmp_path / "new"


def write(site, name, text):
    (site / name).write_text(SHELL.format(nav="menu", text=text))


def test_menus_markup_dates_and_the_citation_are_no_change(sites):
    old, new = sites
    extra = "<details class='crm-cite'><p>2026</p></details><p>built 2026-01-0{} 10:00</p>"
    for at, site in enumerate(sites, 1):
        write(site, "same.html", "<p>26.5%  <i>left</i>.</p>" + extra.format(at))
    assert changed_pages(old, new) == []
    assert summary([]) == "No page says anything different."


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("<p>27.5% <b>left</b>.</p><img alt='bars' src=x>", "+27.5% left."),
        ("<p>26.5% left.</p><img alt='a line' src=x>", "+[picture: a line]"),
    ],
)
def test_a_new_number_or_picture_is_a_change(sites, text, line):
    old, new = sites
    write(new, "page.html", text)
    (change,) = changed_pages(old, new)
    assert (change.page, change.kind, change.more, change.fewer) == ("page.html", "changed", 1, 1)
    assert line in change.lines
    assert line in summary([change])


def test_pages_that_came_and_went_are_named(sites):
    old, new = sites
    write(old, "gone.html", "<p>x</p>")
    write(new, "fresh.html", "<p>x</p><p>y</p>")
    found = {
        change.page: (change.kind, change.more, change.fewer) for change in changed_pages(old, new)
    }
    assert found == {"fresh.html": ("added", 3, 0), "gone.html": ("removed", 0, 2)}


def test_a_page_cannot_break_out_of_the_summary(sites):
    old, new = sites
    write(new, "page.html", "<p>``` </p>")
    text = summary(changed_pages(old, new))
    assert text.count("```") == 2


def test_a_folder_without_pages_is_refused(sites, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no page"):
        changed_pages(sites[0], tmp_path / "empty")
