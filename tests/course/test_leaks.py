"""A solution that comes back in the finished site is found, whatever coat it wears."""

import io
import json
import tarfile
import zipfile
from html import escape
from pathlib import Path

import nbformat
import pytest

from crmlib.course.exercises.editions import student_edition
from crmlib.course.exercises.source import assignments, read_assignment
from crmlib.course.leaks import leaks, passages

ROOT = Path(__file__).parents[2]
NAME = "1a-measuring-churn"


@pytest.fixture(scope="module")
def secrets():
    return passages(assignments(ROOT / "exercises"))


@pytest.fixture(scope="module")
def passage(secrets):
    return next(one for one in secrets if one.where == "value" and one.assignment == NAME)


def zipped(name, content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def tarred(name, content):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def colored(text):
    """As a highlighter writes it: each word in a tag."""
    return " ".join(f"<span class='n'>{escape(word)}</span>" for word in text.split(" "))


COATS = {
    "page.md": lambda text: text.encode(),
    "page.html": lambda text: f"<pre>{colored(text)}</pre>".encode(),
    "book.ipynb": lambda text: json.dumps({"source": text.splitlines(True)}).encode(),
    "script.js": lambda text: f"var a = {json.dumps(text)};".replace('\\"', "\\u0022").encode(),
    "indented.txt": lambda text: text.replace("\n", "\n        ").encode(),
    "a.zip": lambda text: zipped("deep/x.py", text.encode()),
    "a.whl": lambda text: zipped("inner.zip", zipped("x.ipynb", json.dumps(text).encode())),
    "a.tar.gz": lambda text: tarred("x.md", text.encode()),
    "no-suffix": lambda text: zipped("x", text.encode()),
}


@pytest.mark.parametrize("name", COATS)
def test_a_planted_solution_is_found_and_named(tmp_path, secrets, passage, name):
    (tmp_path / "fine.html").write_text("<p>Nothing here.</p>")
    assert leaks(tmp_path, secrets) == []
    (tmp_path / name).write_bytes(COATS[name]("\n".join(passage.lines)))
    found = leaks(tmp_path, secrets)
    assert any(line.startswith(name) and "value of 1a-measuring-churn" in line for line in found)


@pytest.mark.parametrize("where", ["test-choose, hidden tests", "advice", "mistake"])
def test_hidden_tests_model_answers_and_mistakes_are_secrets_too(tmp_path, secrets, where):
    one = next(p for p in secrets if p.assignment == NAME and p.where.startswith(where))
    (tmp_path / "page.md").write_text("\n".join(one.lines))
    assert any(one.where in line for line in leaks(tmp_path, secrets))


def test_every_assignment_has_secrets_of_each_kind(secrets):
    for folder in sorted(path.parent.name for path in ROOT.glob("exercises/*/mistakes.toml")):
        where = [one.where for one in secrets if one.assignment == folder]
        assert any("hidden tests" in text for text in where)
        assert any("mistake" in text for text in where)
        assert any("," not in text and "mistake" not in text for text in where)


def test_the_source_of_an_assignment_is_full_of_secrets_and_its_blank_has_none(tmp_path, secrets):
    source = read_assignment(ROOT / "exercises" / NAME)
    nbformat.write(student_edition(source), tmp_path / "blank.ipynb")
    assert leaks(tmp_path, secrets) == []
    nbformat.write(source.notebook, tmp_path / "source.ipynb")
    assert len(leaks(tmp_path, secrets)) > 10


@pytest.mark.book
def test_the_public_site_holds_no_solution_and_no_hidden_test(site, secrets):
    assert leaks(site, secrets) == []


@pytest.mark.book
def test_the_public_site_offers_every_blank_assignment(site):
    folders = {path.parent.name for path in ROOT.glob("exercises/*/mistakes.toml")}
    blanks = {path.stem: path for path in (site / "assignments").glob("*.ipynb")}
    assert set(blanks) == folders
    page = (site / "book" / "assignments.html").read_text(encoding="utf-8")
    for name, path in blanks.items():
        expected = nbformat.writes(student_edition(read_assignment(ROOT / "exercises" / name)))
        assert nbformat.reads(path.read_text(encoding="utf-8"), 4) == nbformat.reads(expected, 4)
        assert f'href="../assignments/{name}.ipynb"' in page
