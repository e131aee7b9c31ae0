"""requirements.lock pins all that pyproject asks for, with hashes, and names no host."""

import re

from tests.project.project_files import ROOT, declared, locked

LOCK = (ROOT / "requirements.lock").read_text()


def test_every_declared_requirement_is_pinned_to_a_version_it_allows():
    wrong = {}
    for name, requirement in declared().items():
        pins = locked().get(name, [])
        if not pins or not all(
            requirement.specifier.contains(pin, prereleases=True) for pin in pins
        ):
            wrong[name] = (str(requirement), pins)
    assert not wrong, f"renew the lock with `make lock`: {wrong}"


def test_every_pin_has_a_hash():
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    bare = [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry]
    assert not bare


def test_the_lock_names_no_host():
    assert not re.search(r"://|--index|--find-links|--extra-index|file:", LOCK)


def test_the_build_backend_is_pinned_too():
    # The package is installed without build isolation, so that no step fetches what is not pinned.
    assert "hatchling" in locked()
