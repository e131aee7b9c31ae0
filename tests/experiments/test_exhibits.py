"""What the research pages show is what the manifest says, and a change of data is noticed."""

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from crmlib.cli import main
from crmlib.experiments import exhibits as show

RESEARCH = Path(__file__).parents[2] / "book" / "research"
COMMITTED = show.read(RESEARCH / show.MANIFEST)
PAGES = sorted(RESEARCH.glob("*.md"))

PAGE = """# A page

```{code-cell} ipython3
---
mystnb:
  image:
    alt: A line.
---
import matplotlib.pyplot as plt
import pandas as pd

plt.plot([1, 2], [3, HEIGHT]);
```

```{code-cell} ipython3
:tags: [remove-cell]

print("rate =", 0.5)
frame = pd.DataFrame({"model": ["a"], "AUC": [HEIGHT / 3]})
frame
```
"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_research_page_shows_what_the_manifest_says(page):
    name = f"book/research/{page.name}"
    found = show.manifest({name: show.exhibits(page)})
    theirs, _ = show.split(COMMITTED, [name])
    assert show.differences(found, theirs) == [], (
        "if you meant the change: crmlib experiment export --update"
    )


def test_the_manifest_knows_pages_that_exist():
    named = {entry["page"] for entry in COMMITTED["exhibits"].values()}
    assert named <= {f"book/research/{page.name}" for page in PAGES}
    assert "book/research/published-rerun.md" in named


@pytest.fixture
def page(tmp_path):
    def written(height):
        path = tmp_path / "lines.md"
        path.write_text(PAGE.replace("HEIGHT", str(height)))
        return path

    return written


def test_tables_figures_and_printed_numbers_are_found(page):
    found = show.exhibits(page(4))
    assert [(one.name, one.kind) for one in found] == [
        ("lines-1", "figure"),
        ("lines-2", "text"),
        ("lines-3", "table"),
    ]
    assert found[2].text == "model,AUC\na,1.33333\n"


def test_a_change_of_data_is_noticed_in_table_and_figure(page):
    before = show.manifest({"lines.md": show.exhibits(page(4))})
    after = show.manifest({"lines.md": show.exhibits(page(5))})
    differing = {said.split(":")[0] for said in show.differences(after, before)}
    assert differing == {"lines-1", "lines-3"}
    assert show.differences(before, before) == []


def test_noise_in_the_last_digits_is_no_change(page):
    before = show.manifest({"lines.md": show.exhibits(page(4))})
    after = show.manifest({"lines.md": show.exhibits(page(4 + 1e-13))})
    assert show.differences(after, before) == []


def test_numbers_of_a_page_that_fits_models_count_where_the_versions_are_the_same(page):
    before, after = (show.manifest({"p": show.exhibits(page(height))}) for height in (4, 4.01))
    for made in (before, after):
        for entry in made["exhibits"].values():
            entry["live"] = True
    assert [said.split(": ")[1][:8] for said in show.differences(after, before)] == ["its data"] * 2
    before["made with"] = {"numpy": "0.1"}
    assert show.differences(after, before) == []
    after["exhibits"]["lines-3"]["rows"] = 7
    assert len(show.differences(after, before)) == 1


def test_the_same_page_gives_the_same_bytes_and_the_hash_is_that_of_the_csv(page, tmp_path):
    written = [
        [path for one in show.exhibits(page(4)) for path in one.write(tmp_path / place)]
        for place in ("a", "b")
    ]
    assert {path.suffix for path in written[0]} == {".csv", ".md", ".tex", ".svg", ".pdf"}
    assert [p.read_bytes() for p in written[0]] == [p.read_bytes() for p in written[1]]
    for one in show.exhibits(page(4)):
        csv = (tmp_path / "a" / f"{one.name}.csv").read_bytes()
        assert hashlib.sha256(csv).hexdigest() == one.digest


def test_a_cell_that_fails_is_named(tmp_path):
    path = tmp_path / "broken.md"
    path.write_text("```{code-cell} ipython3\n1 / 0\n```\n")
    with pytest.raises(RuntimeError, match=r"broken\.md, cell 1: ZeroDivisionError"):
        show.exhibits(path)


@pytest.fixture
def checkout(tmp_path, monkeypatch, page):
    research = tmp_path / "book" / "research"
    research.mkdir(parents=True)
    (tmp_path / "_config.yml").touch()
    (tmp_path / "book" / "_toc.yml").touch()
    for name in ("one.md", "two.md"):
        (research / name).write_text(page(4).read_text())
    monkeypatch.chdir(tmp_path)
    return research


def test_the_command_writes_checks_and_updates(checkout):
    def cli(*words):
        return CliRunner().invoke(main, ["experiment", "export", *words])

    assert "Say what to do" in cli().output
    missing = cli("--check")
    assert missing.exit_code == 1
    assert "one-1: book/research/one.md shows it, the manifest does not know it." in missing.output
    assert cli("--update").exit_code == 0
    assert "6 exhibits are what" in cli("--check").output
    known = json.loads((checkout / show.MANIFEST).read_text())["exhibits"]
    assert known["two-3"]["command"] == (
        "crmlib experiment export book/research/two.md --to exhibits/"
    )
    done = cli("book/research/two.md", "--to", "exhibits")
    assert done.exit_code == 0, done.output
    assert Path("exhibits/two-1.svg").is_file()
    assert not Path("exhibits/one-1.svg").exists()

    changed = checkout / "two.md"
    changed.write_text(changed.read_text().replace("[3, 4]", "[3, 9]"))
    said = cli("book/research/two.md", "--check")
    assert said.exit_code == 1
    assert "two-1: its data are not those of the manifest" in said.output
    assert cli("book/research/one.md", "--check").exit_code == 0
    assert cli("book/research/two.md", "--update").exit_code == 0
    assert cli("--check").exit_code == 0
    assert len(json.loads((checkout / show.MANIFEST).read_text())["exhibits"]) == 6
