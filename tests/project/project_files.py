"""What the project says it needs, read from each of the files that say it."""

import re
import tomllib
from functools import cache
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


@cache
def declared() -> dict[str, Requirement]:
    """Every requirement of pyproject.toml, core and extras, by canonical name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r for r in requirements if r.name != project["name"]}


@cache
def locked() -> dict[str, list[str]]:
    """The versions requirements.lock pins, by canonical name."""
    pins: dict[str, list[str]] = {}
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if match := re.match(r"([A-Za-z0-9][\w.\-]*)(?:\[[^\]]*\])?==([^\s;]+)", line):
            pins.setdefault(canonicalize_name(match[1]), []).append(match[2])
    return pins
