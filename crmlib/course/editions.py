"""Editions of the book: the public one, and the instructor's with a part more.

Both are built from the same pages. What differs is written into a copy of the sources, so that a
build never changes the checkout, and the pages' cached outputs serve every edition.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crmlib._checks import one_of, optional

EDITIONS = ("public", "instructor")
#: What a build reads besides the package.
_SOURCES = ("book", "chapters", "datasets", "exercises", "_config.yml", "CITATION.cff")
_BANNER = "Instructor's edition: it holds solutions and hidden tests. Do not publish it."


def changes(
    *, edition: str = "public", base_url: str = "", version: str = "", offers: bool = False
) -> dict[str, str]:
    """Return what a build is to have differently from the default one, checked; empty if nothing.

    Parameters
    ----------
    edition : {"public", "instructor"}
    base_url : str
        Address of the published site.
    version : str
        Name of the version, for the switch between versions.
    offers : bool
        Whether the front page links to the list of the book's other forms.

    Returns
    -------
    dict of str to str

    Raises
    ------
    ValueError
        If there is no such edition, the address is none, or the version could be no folder.

    Examples
    --------
    >>> changes(base_url="https://books.example.org/churn")
    {'base_url': 'https://books.example.org/churn/'}
    >>> changes(edition="public")
    {}
    """
    one_of(edition, EDITIONS, "edition")
    parts = urlsplit(base_url)
    if base_url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query):
        raise ValueError(
            f"base_url must be the address of a folder, such as https://name.example.org/book/; "
            f"got {base_url!r}."
        )
    if version and (version != Path(version).name or version.startswith(".") or " " in version):
        raise ValueError(f"version must be a name such as 0.1.0 or 2026-fall; got {version!r}.")
    found = {
        "edition": edition if edition != "public" else "",
        "base_url": base_url.rstrip("/") + "/" if base_url else "",
        "version": version,
        "offers": "editions.html" if offers else "",
    }
    return {key: value for key, value in found.items() if value}


def stage(root: Path, target: Path, wanted: Mapping[str, str], *, cache: Path) -> Path:
    """Copy the book's sources to `target` and write the changes of `changes` into them.

    Parameters
    ----------
    root : Path
        The checkout.
    target : Path
        A folder of the build; what it held is replaced.
    wanted : mapping
        As `changes` returns it.
    cache : Path
        Where executed pages are kept, so that they are not executed again.

    Returns
    -------
    Path
        `target`.

    Examples
    --------
    ``stage(root, build / "source", changes(edition="instructor"), cache=build / ".jupyter_cache")``
    is what `build_book` calls before it builds the instructor's edition.
    """
    yaml = optional("yaml", "book")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    skip = shutil.ignore_patterns("_build", "__pycache__", ".*")
    for name in _SOURCES:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=skip)
        elif source.is_file():
            shutil.copy(source, target / name)
    path = target / "_config.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    _configure(settings, wanted, cache)
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    if wanted.get("edition") == "instructor":
        from crmlib.course.instructor import add_pages

        add_pages(root, target)
    return target


def _configure(settings: dict[str, Any], wanted: Mapping[str, str], cache: Path) -> None:
    """Write into the settings of the book what an edition changes."""
    settings.setdefault("execute", {})["cache"] = str(cache)
    config = settings.setdefault("sphinx", {}).setdefault("config", {})
    if base := wanted.get("base_url"):
        config["html_baseurl"] = base
    if offers := wanted.get("offers"):
        config["crmlib_offers"] = offers
    if version := wanted.get("version"):
        config["crmlib_version"] = version
    if wanted.get("edition") == "instructor":
        config["crmlib_edition"] = "instructor"
        settings["title"] = f"{settings['title']}: instructor's edition"
        config.setdefault("html_theme_options", {})["announcement"] = _BANNER
