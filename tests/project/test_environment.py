"""environment.yml says what pyproject.toml says, in words conda understands."""

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from rattler import MatchSpec

from tests.project.project_files import ROOT, declared, locked

#: Where conda-forge's name is not PyPI's.
PYPI_NAMES = {
    "ibis-duckdb": "ibis-framework",
    "matplotlib-base": "matplotlib",
    "python-duckdb": "duckdb",
}
#: What conda needs said and pyproject says elsewhere or not at all.
CONDA_ONLY = {"python", "pip"}

ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())
SPECS = [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]
PIP = next(entry["pip"] for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict))
PIP_SPECS = [line for line in PIP if not line.startswith("-")]


def conda_requirements(specs):
    """Return conda specs as {canonical PyPI name: specifier}."""
    found = {}
    for spec in specs:
        match = MatchSpec(spec, strict=True)
        name = match.name.normalized if match.name is not None else ""
        if name not in CONDA_ONLY:
            pypi = canonicalize_name(PYPI_NAMES.get(name, name))
            found[pypi] = SpecifierSet(spec[len(name) :])
    return found


def pip_requirements(lines):
    """Return pip lines as {canonical name: specifier}."""
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(requirement.name): requirement.specifier for requirement in found}


def everything():
    return conda_requirements(SPECS) | pip_requirements(PIP_SPECS)


def test_it_has_each_requirement_of_pyproject_with_the_same_versions():
    wanted = {name: requirement.specifier for name, requirement in declared().items()}
    assert everything() == wanted


def test_nothing_is_named_twice():
    assert not conda_requirements(SPECS).keys() & pip_requirements(PIP_SPECS).keys()
    assert len(SPECS) == len(set(SPECS))


def test_all_specs_together_have_a_solution():
    # The lock is a solution of pyproject; it must be one of environment.yml as well.
    unmet = {
        name: (str(specifier), locked().get(name))
        for name, specifier in everything().items()
        if not all(specifier.contains(pin, prereleases=True) for pin in locked().get(name, [""]))
    }
    assert not unmet


def test_the_checkout_itself_is_installed_last():
    assert PIP[-1] == "--editable ."


@pytest.mark.parametrize("bad", ["numpy>>2", "numpy=>2.0,,", "num py>=2"])
def test_a_malformed_spec_is_noticed(bad):
    with pytest.raises(Exception, match=r".+"):
        conda_requirements([bad])
