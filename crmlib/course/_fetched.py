"""The packages of a lock, fetched into a folder: each is what the lock says, and none is missing.

The lock names versions, markers and hashes. A file belongs to it by its hash alone, so a folder
that passes holds nothing that pip would not have taken from the registry itself.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crmlib._checks import listed, optional
from crmlib.course.publish import BookError

if TYPE_CHECKING:
    from packaging.markers import Marker
    from packaging.tags import Tag
    from packaging.version import Version


@dataclass
class Pin:
    """One package of a lock.

    Attributes
    ----------
    name : str
        As pip compares names: lower case, with hyphens.
    version : packaging.version.Version
    marker : packaging.markers.Marker or None
        For which systems it is.
    hashes : set of str
        SHA-256 of the files that may be installed.
    usable : list of str
        The files found that this Python on this system can install.
    """

    name: str
    version: Version
    marker: Marker | None
    hashes: set[str]
    usable: list[str] = field(default_factory=list)

    @property
    def needed(self) -> bool:
        """Whether it is for this Python on this system."""
        return self.marker is None or self.marker.evaluate()

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def read_lock(text: str) -> list[Pin]:
    """Read the pins of a lock with hashes.

    Parameters
    ----------
    text : str
        Lines such as ``six==1.17.0 --hash=sha256:...``, with backslashes where they are broken.

    Returns
    -------
    list of Pin

    Raises
    ------
    BookError
        If a line is no pin of one version with at least one SHA-256.

    Examples
    --------
    >>> lock = "six==1.17.0 ; sys_platform != 'none' --hash=sha256:00 --hash=sha256:11"
    >>> [str(pin) for pin in read_lock(lock) if pin.needed]
    ['six 1.17.0']
    """
    optional("packaging", "publish")
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name
    from packaging.version import Version

    pins = []
    for line in text.replace("\\\n", " ").splitlines():
        words, *hashes = line.partition("#")[0].split("--hash=")
        if not words.strip() and not hashes:
            continue
        try:
            one = Requirement(words.strip())
        except InvalidRequirement:
            raise BookError(
                f"The lock has a line that names no package: {words.strip()!r}"
            ) from None
        exact = [spec.version for spec in one.specifier if spec.operator == "=="]
        sums = {value.strip().removeprefix("sha256:") for value in hashes if "sha256:" in value}
        if len(exact) != 1 or not sums:
            raise BookError(f"The lock does not pin {one.name} to one version with a SHA-256.")
        pins.append(Pin(canonicalize_name(one.name), Version(exact[0]), one.marker, sums))
    return pins


def check_fetched(folder: Path, lock: str) -> dict[str, tuple[Path, str]]:
    """Hold a folder of fetched packages against a lock.

    Parameters
    ----------
    folder : Path
        What ``pip download --require-hashes`` fills.
    lock : str
        Text of the lock.

    Returns
    -------
    dict of str to (Path, str)
        Each file's name with its place and SHA-256, by name.

    Raises
    ------
    BookError
        If a file is none of the lock's, bears another's name, or a package that this Python on
        this system needs has no file that it can install. All of them are named.

    Examples
    --------
    ``check_fetched(Path("wheels"), Path("requirements.lock").read_text())``
    """
    optional("packaging", "publish")
    from packaging.tags import sys_tags

    if not folder.is_dir():
        raise BookError(f"There is no folder {folder} with fetched packages.")
    pins, tags = read_lock(lock), frozenset(sys_tags())
    by_hash = {digest: pin for pin in pins for digest in pin.hashes}
    found: dict[str, tuple[Path, str]] = {}
    wrong = []
    for path in sorted(folder.iterdir()):
        if not path.is_file():
            wrong.append(f"{path.name} is no file.")
            continue
        digest = file_hash(path)
        pin = by_hash.get(digest)
        if pin is None:
            wrong.append(f"{path.name} has none of the hashes in the lock.")
            continue
        claims, fits = _named(path.name, tags)
        if claims != (pin.name, pin.version):
            wrong.append(
                f"{path.name} is {pin} by its hash, and pip would not know it by this name."
            )
            continue
        found[path.name] = path, digest
        if fits:
            pin.usable.append(path.name)
    wrong += [
        f"{pin} has no file that this Python on this system can install."
        for pin in pins
        if pin.needed and not pin.usable
    ]
    if wrong:
        more = f"\n  and {len(wrong) - 20} more" if len(wrong) > 20 else ""
        raise BookError(
            f"{folder} is not what the lock asks for.\n  " + "\n  ".join(wrong[:20]) + more
        )
    return found


def check_backend(lock: str, project: str) -> None:
    r"""Make sure that what builds the package itself is among the pins.

    An installation without a network builds with ``--no-build-isolation``, so nothing else would
    bring the build backend.

    Parameters
    ----------
    lock : str
        Text of the lock.
    project : str
        Text of ``pyproject.toml``.

    Raises
    ------
    BookError
        If the lock lacks a requirement of the build, or pins another version.

    Examples
    --------
    >>> project = '[build-system]\nrequires = ["hatchling>=1.26"]'
    >>> check_backend("hatchling==1.27.0 --hash=sha256:00", project)
    """
    optional("packaging", "publish")
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pinned = {pin.name: pin.version for pin in read_lock(lock) if pin.needed}
    wants = tomllib.loads(project).get("build-system", {}).get("requires", [])
    lacking = [
        str(one)
        for one in map(Requirement, wants)
        if (name := canonicalize_name(one.name)) not in pinned
        or not one.specifier.contains(pinned[name], prereleases=True)
    ]
    if lacking:
        raise BookError(f"The lock lacks what builds the package itself: {listed(lacking)}.")


def system() -> str:
    """Name this Python and system, for which packages were fetched.

    Returns
    -------
    str

    Examples
    --------
    >>> system().startswith("Python 3.")
    True
    """
    optional("packaging", "publish")
    from packaging.markers import default_environment

    here = default_environment()
    return "Python {python_version} on {platform_system} ({platform_machine})".format(**here)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, read piece by piece.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str

    Examples
    --------
    >>> file_hash(Path(__file__)) == hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    True
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _named(name: str, tags: frozenset[Tag]) -> tuple[tuple[str, Version] | None, bool]:
    """Return name and version a file claims by its name, and whether it can be installed here."""
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    try:
        if name.endswith(".whl"):
            project, version, _, built_for = parse_wheel_filename(name)
            return (project, version), not tags.isdisjoint(built_for)
        project, version = parse_sdist_filename(name)
    except (InvalidSdistFilename, InvalidWheelFilename):
        return None, False
    return (project, version), True
