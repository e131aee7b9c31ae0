"""The files a newcomer reads agree with each other and with the package."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import crmlib

ROOT = Path(__file__).parents[2]


def test_every_file_states_the_same_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    newest = re.search(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(), re.M)[1]
    assert {project["version"], crmlib.__version__, citation["version"], newest} == {
        crmlib.__version__
    }


def test_the_citation_file_has_what_a_reference_needs():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert {"title", "authors", "version", "date-released", "license", "message"} <= citation.keys()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_path_named_in_a_text_exists(page):
    text = (ROOT / page).read_text()
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
    assert links
    missing = [link for link in links if not (ROOT / link).exists()]
    assert not missing


def test_every_make_target_named_in_the_readme_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"`?make ([a-z]+)", (ROOT / "README.md").read_text()))
    assert {"book", "test", "lab", "help"} <= named <= targets
