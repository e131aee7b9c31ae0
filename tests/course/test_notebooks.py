"""A page's clean notebook shows plain Markdown, keeps the page's code, and runs far from here."""

import json
import os
import re
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from crmlib import __version__
from crmlib.cli import main
from crmlib.course import BookError, check_notebooks, write_notebooks
from crmlib.course._plain import Plain, escaped, keys_cited

ROOT = Path(__file__).parents[2]
EXTENSIONS = ("colon_fence", "dollarmath", "deflist")
#: The quickest page of each chapter.
QUICK = (
    "chapters/1-churn-overview/telecom-quality-price",
    "chapters/2-recovery-decisions/two-hotels",
    "chapters/3-early-warning/entropy-and-id3",
    "chapters/4-complaint-handling/staffing-the-line",
)
ADDRESS = "https://book.example"
HEAD = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---
"""


def plain(text, **values):
    def link(kind, target, text):
        return f"[{text or kind}]({target})"

    authors = {"a2001": ("Able and Bond", "2001"), "b2002": ("Cole et al.", "2002")}
    rewrite = Plain(values, link, authors, lambda key: f"the entry of {key}", EXTENSIONS)
    return rewrite(text, tuple(sorted(keys_cited(text, EXTENSIONS))))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a {term}`customer <Customer>` leaves", "a customer leaves"),
        ("a {term}`lost\ncustomer` leaves", "a lost customer leaves"),
        ("see {doc}`sheet </datasets/x>`.", "see [sheet](/datasets/x)."),
        ("says {cite:t}`a2001`", "says Able and Bond (2001)"),
        ("known {cite:p}`a2001,b2002`", "known (Able and Bond, 2001; Cole et al., 2002)"),
        ("it is **{glue:text}`rate`**", r"it is **\$5 \| a\_b**"),
        ("it is {glue:text}`other`", "it is `other`"),
        ("| a |\n|---|\n| {glue:text}`rate` |\n", "| a |\n|---|\n| \\$5 \\| a\\_b |\n"),
        ("(here)=\n# Title", "# Title"),
        (
            "$\\{x\\}$ and `{term}` and `` {term}`x` ``",
            "$\\{x\\}$ and `{term}` and `` {term}`x` ``",
        ),
        ("```python\n{term}`x`\n```", "```python\n{term}`x`\n```"),
    ],
)
def test_roles_become_plain_words_and_the_rest_stays(written, shown):
    assert plain(written, rate="$5 | a_b") == shown


def test_a_box_becomes_a_quotation_and_an_answer_stays_folded():
    box = ":::{admonition} Goals\n:class: tip goals\n\n1. say {term}`churn`;\n2. go.\n:::\n"
    assert plain(box) == "> **Goals**\n>\n> 1. say churn;\n> 2. go.\n"
    answer = box.replace("tip goals", "dropdown")
    assert plain(answer).strip().splitlines()[0] == "<details><summary>Goals</summary>"
    assert "\n\n1. say churn;\n2. go.\n\n</details>" in plain(answer)


def test_a_box_in_a_list_keeps_its_place():
    text = "- one\n\n  :::{note}\n  so {term}`x`\n  :::\n- two {term}`y`\n"
    assert plain(text) == "- one\n\n  > **Note**\n  >\n  > so x\n- two y\n"


def test_references_are_those_the_text_cites_boxes_included():
    text = (
        ":::{note}\n{cite:t}`b2002`\n:::\n\n{cite:p}`a2001`\n\n```{bibliography}\n:list: x\n```\n"
    )
    assert plain(text).endswith("- the entry of a2001\n- the entry of b2002\n")


def test_what_cannot_be_shown_is_named():
    assert "Shown only" in plain("```{widget} cost-cap\n```\n")
    assert "widget cost-cap" in plain("```{widget} cost-cap\n```\n")


def test_an_escaped_value_is_read_as_it_was():
    from markdown_it import MarkdownIt

    hard = r"$1 *a* _b_ `c` [d](e) <i> | \ ~"
    (paragraph,) = (t for t in MarkdownIt().parse(escaped(hard)) if t.type == "inline")
    assert "".join(child.content for child in paragraph.children) == hard


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All notebooks of this checkout, with links to an address, and without executed values."""
    folder = tmp_path_factory.mktemp("notebooks")
    write_notebooks(ROOT, folder, build=folder / "none", address=ADDRESS)
    return folder


def notebooks(folder):
    return {
        path.relative_to(folder).with_suffix("").as_posix(): nbformat.read(path, 4)
        for path in sorted(folder.rglob("*.ipynb"))
    }


def text_of(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def test_every_chapter_page_has_its_notebook(folder):
    chapters = {
        f"{p.relative_to(ROOT).with_suffix('').as_posix()}" for p in ROOT.glob("chapters/*/*.md")
    }
    assert chapters <= notebooks(folder).keys()


def test_notebooks_are_valid_and_hold_no_outputs(folder):
    for name, notebook in notebooks(folder).items():
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3", name
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert not any(cell.outputs or cell.execution_count for cell in code), name


def test_no_notebook_holds_a_role_a_directive_or_a_label(folder):
    found = {
        name: re.findall(
            r"\{[a-z][\w:-]*\}`|^ *:{3,}.*|^```\{.*|^\([\w-]+\)=", text_of(notebook), re.M
        )
        for name, notebook in notebooks(folder).items()
    }
    assert {name: marks for name, marks in found.items() if marks} == {}


def test_the_code_of_the_page_is_kept_letter_by_letter(folder):
    import jupytext

    for name, notebook in notebooks(folder).items():
        page = jupytext.read(ROOT / f"{name}.md")
        code = [cell.source for cell in page.cells if cell.cell_type == "code"]
        assert [cell.source for cell in notebook.cells if cell.cell_type == "code"][
            -len(code) :
        ] == code


def test_the_first_code_cell_installs_this_release(folder):
    for name, notebook in notebooks(folder).items():
        first = next(cell for cell in notebook.cells if cell.cell_type == "code")
        assert f'"crmlib[analysis,experiments]=={__version__}"' in first.source, name


def test_links_lead_to_the_published_site_or_to_other_notebooks(folder, tmp_path):
    page = "chapters/2-recovery-decisions/cost-cap"
    text = text_of(notebooks(folder)[page])
    assert (
        f"[what a customer is worth]({ADDRESS}/chapters/2-recovery-decisions/customer-worth.html"
        in text
    )
    assert f"[Read it online]({ADDRESS}/{page}.html)" in text
    write_notebooks(ROOT, tmp_path, build=tmp_path / "none", address="")
    text = text_of(notebooks(tmp_path)[page])
    assert "[what a customer is worth](customer-worth.ipynb)" in text
    assert "online" not in text
    for name, notebook in notebooks(tmp_path).items():
        links = re.findall(r"\]\(([^)#:]+\.ipynb)\)", text_of(notebook))
        assert not [link for link in links if not (tmp_path / name).parent.joinpath(link).is_file()]


def test_the_same_checkout_gives_the_same_bytes(folder, tmp_path):
    again = write_notebooks(ROOT, tmp_path, build=tmp_path / "none", address=ADDRESS)
    for path in again:
        assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes()


@pytest.fixture
def checkout(tmp_path):
    """A book of one page that quotes a number and reads a file, with its executed page."""
    root = tmp_path / "root"
    (root / "book").mkdir(parents=True)
    (root / "_config.yml").write_text(
        "title: Small\nparse: {myst_enable_extensions: [colon_fence]}\n"
    )
    (root / "book" / "_toc.yml").write_text("format: jb-book\nroot: page\n")
    code = "open('small.csv').read()\nglue(rate='5 %')"
    page = f"# Page\n\n```{{code-cell}} ipython3\n{code}\n```\n\nIt is {{glue:text}}`rate`.\n"
    (root / "page.md").write_text(HEAD + page)
    (root / "small.csv").write_text('a\n"b\\c"\n')
    executed = root / "book" / "_build" / "jupyter_execute"
    executed.mkdir(parents=True)
    cell = {"cell_type": "code", "source": code}
    (executed / "page.ipynb").write_text(json.dumps({"cells": [cell]}))
    (executed / "page.glue.json").write_text(
        json.dumps({"rate": {"data": {"text/plain": "'5 %'"}}})
    )
    from crmlib.course.publish import _fingerprint

    stamp = root / "book" / "_build" / ".jupyter_cache" / "made-with"
    stamp.parent.mkdir()
    stamp.write_text(_fingerprint(root))
    return root


def only(root):
    (path,) = write_notebooks(root)
    return nbformat.read(path, 4)


def test_numbers_are_those_of_the_executed_page(checkout):
    assert "It is 5 %." in text_of(only(checkout))


def test_numbers_of_other_cells_or_of_another_package_are_not_used(checkout):
    page = checkout / "page.md"
    old = page.read_text()
    page.write_text(old.replace("5 %'", "6 %'"))
    assert "It is `rate`." in text_of(only(checkout))
    page.write_text(old)
    (checkout / "requirements.lock").write_text("another==1\n")
    assert "It is `rate`." in text_of(only(checkout))


def test_small_files_beside_the_page_travel_inside(checkout, tmp_path, monkeypatch):
    cells = [cell.source for cell in only(checkout).cells if cell.cell_type == "code"]
    monkeypatch.chdir(tmp_path)
    exec(cells[1])
    assert Path("small.csv").read_text() == (checkout / "small.csv").read_text()


def test_a_citation_of_nothing_is_an_error_that_names_the_page(checkout):
    page = checkout / "page.md"
    page.write_text(page.read_text() + "\n{cite:p}`nobody1900`\n")
    with pytest.raises(BookError, match=r"page\.md.*nobody1900"):
        write_notebooks(checkout)


def test_a_wheel_named_in_the_configuration_is_installed(checkout):
    config = checkout / "_config.yml"
    config.write_text(
        config.read_text()
        + "sphinx: {config: {open_in: {wheel: 'https://x.example/crmlib.whl'}}}\n"
    )
    first = next(cell for cell in only(checkout).cells if cell.cell_type == "code")
    assert '"crmlib[analysis,experiments] @ https://x.example/crmlib.whl"' in first.source


def test_the_command_writes_and_counts(checkout, monkeypatch, tmp_path):
    monkeypatch.chdir(checkout)
    done = CliRunner().invoke(main, ["book", "notebooks", "--output", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "1 notebooks in" in done.output
    assert (tmp_path / "out" / "page.ipynb").is_file()


class TestCleanRoom:
    """Execute notebooks with crmlib from its wheel."""

    def run(self, tmp_path, code, monkeypatch):
        monkeypatch.setenv("PYTHONPATH", str(ROOT))  # must not reach the room
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
        folder = tmp_path / "folder"
        folder.mkdir()
        nbformat.write(notebook, folder / "page.ipynb")
        (result,) = check_notebooks(folder, ROOT, say=lambda line: None)
        return result

    def test_it_holds_the_wheel_and_not_the_checkout(self, tmp_path, monkeypatch):
        code = (
            "import crmlib, os, sys\n"
            "from importlib.metadata import version\n"
            f"assert not crmlib.__file__.startswith({str(ROOT)!r}), crmlib.__file__\n"
            "assert crmlib.__file__.startswith(sys.prefix)\n"
            "assert version('crmlib') == crmlib.__version__\n"
            "assert os.listdir() == ['page.ipynb']"
        )
        result = self.run(tmp_path, code, monkeypatch)
        assert (result.outcome, result.message) == ("ran", "")

    def test_a_failing_cell_is_reported(self, tmp_path, monkeypatch):
        result = self.run(tmp_path, "raise FileNotFoundError('mine')", monkeypatch)
        assert result.outcome == "failed"
        assert "mine" in result.message

    def test_missing_data_skip_visibly(self, tmp_path, monkeypatch):
        monkeypatch.delenv("CRMLIB_DATA", raising=False)
        monkeypatch.setenv("CRMLIB_CACHE", str(tmp_path / "empty"))
        code = "from crmlib.data import load\nload('cell2cell')"
        result = self.run(tmp_path, code, monkeypatch)
        assert result.outcome == "skipped"
        assert "cell2cell" in result.message


def executed(folder, pages):
    """Execute pages in a clean room; fail if one fails, skip visibly if data are not here."""
    results = check_notebooks(folder, ROOT, pages=pages)
    failed = {result.page: result.message for result in results if result.outcome == "failed"}
    assert failed == {}
    if lacking := [result.page for result in results if result.outcome == "skipped"]:
        pytest.skip(f"data not to be had here: {', '.join(lacking)}; the others ran")


@pytest.mark.book
def test_a_page_of_each_chapter_runs_in_a_clean_room(folder):
    executed(folder, QUICK)


@pytest.mark.book
@pytest.mark.skipif(
    "CRMLIB_ALL_NOTEBOOKS" not in os.environ,
    reason="takes many minutes: set CRMLIB_ALL_NOTEBOOKS, or run crmlib book notebooks --check",
)
def test_every_page_runs_in_a_clean_room(folder):
    executed(folder, None)
