"""Publish the book: the public site, the other forms of it that there are, and checks before all.

A publication is written beside its place and swapped in when every check has passed, so that a
reader never meets half of one.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import crmlib
from crmlib._checks import one_of
from crmlib.course.editions import changes
from crmlib.course.exercises.source import assignments
from crmlib.course.leaks import leaks, passages
from crmlib.course.links import check_site
from crmlib.course.publish import BookError, build_book, find_root

#: By this file a folder is known as a publication, and may be replaced by the next.
RECORD = "published.json"


@dataclass(frozen=True)
class Form:
    """Another form of the book, and what makes it.

    Attributes
    ----------
    name : str
        What ``--without`` calls it.
    place : str
        Where it lies in the publication, and what a link opens.
    title : str
    module, function : str
        What makes it.
    call : callable
        Calls it with the function, the site, the checkout, the place and the site's address.
    """

    name: str
    place: str
    title: str
    module: str
    function: str
    call: Callable[[Callable[..., Any], Path, Path, Path, str], object]


FORMS = (
    Form(
        "pdf",
        "book.pdf",
        "The book as a PDF, to print",
        "crmlib.course.printed",
        "build_pdf",
        lambda make, site, root, place, _: make(site, place, root=root),
    ),
    Form(
        "slides",
        "slides",
        "Slides of the lectures",
        "crmlib.course.slides",
        "build_slides",
        lambda make, site, root, place, _: make(site, place, root=root),
    ),
    Form(
        "notebooks",
        "notebooks",
        "Every page with code as a notebook",
        "crmlib.course.notebooks",
        "write_notebooks",
        lambda make, _, root, place, address: make(root, place, address=address or None),
    ),
    Form(
        "lite",
        "lite",
        "JupyterLite: run the pages in the browser",
        "crmlib.course.lite",
        "build_lite",
        lambda make, _site, root, place, _address: make(root, place),
    ),
)
RELEASES = "releases"


@dataclass(frozen=True)
class Publication:
    """A finished publication.

    Attributes
    ----------
    index : pathlib.Path
        The page to open.
    forms : dict of str to str
        What lies beside the site, by name, and its title.
    left_out : dict of str to str
        What does not, and why.
    megabytes : float
        Size of the folder.
    """

    index: Path
    forms: dict[str, str]
    left_out: dict[str, str]
    megabytes: float


def publish_book(
    root: Path | str | None = None,
    output: Path | str | None = None,
    *,
    base_url: str = "",
    version: str = "",
    without: Iterable[str] = (),
    say: Callable[[str], object] = print,
) -> Publication:
    """Build the public site and its other forms, check them, and put them in place.

    Parameters
    ----------
    root : path, optional
        The checkout; found from the current folder by default.
    output : path, optional
        Where the publication goes; ``book/_build/publication`` by default.
    base_url : str
        The address it will have; without one there are no sitemap and no link previews.
    version : str
        Publish into a folder of this name in `output`, beside other versions, with a switch.
    without : iterable of str
        Forms to leave out: ``pdf``, ``slides``, ``notebooks``, ``lite``, ``releases``.
    say : callable
        Receives a line for each step.

    Returns
    -------
    Publication

    Raises
    ------
    BookError
        If the book does not build, a form cannot be made, `output` is a folder with other
        things in it, or a check fails; then the message lists what is wrong, and `output`
        is as it was.
    ValueError
        If `without` names no form, or address or version are none.

    Examples
    --------
    It takes minutes, so this is not run as a test: ``publish_book(output="public").index`` is
    the page to open.
    """
    root = find_root(root)
    without = set(without)
    for name in without:
        one_of(name, [*(form.name for form in FORMS), RELEASES], "without")
    wanted = changes(base_url=base_url, version=version)
    output = Path(output).resolve() if output else root / "book" / "_build" / "publication"
    target = output / version if version else output
    _refuse_foreign(target)
    base_url = wanted.get("base_url", "")
    if version and base_url:
        base_url = f"{base_url}{version}/"
    site = build_book(root, base_url=base_url, version=version, offers=True, say=say).index.parent
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".publishing-") as folder:
        made = Path(folder) / "site"
        shutil.copytree(site, made)
        forms, left_out = _make(made, site, root, without, say, base_url)
        _write_offers(made, forms)
        record = {
            "crmlib": crmlib.__version__,
            "version": version,
            "home": _home(made),
            "pages": _pages(site),
            "forms": forms,
            "left_out": left_out,
        }
        (made / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
        say("Checking links, requests, sizes, and that no solution is in it.")
        wrong = check_site(made) + leaks(made, passages(assignments(root / "exercises")))
        if wrong:
            raise BookError(
                f"Nothing was published: {len(wrong)} checks failed.\n  " + "\n  ".join(wrong)
            )
        _swap(made, target)
    if version:
        _write_versions(output)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file()) / 1e6
    return Publication(output / "index.html", forms, left_out, size)


def _make(
    made: Path,
    site: Path,
    root: Path,
    without: set[str],
    say: Callable[[str], object],
    address: str,
) -> tuple[dict[str, str], dict[str, str]]:
    """Make the other forms beside the site; return what there is and what is left out."""
    forms: dict[str, str] = {}
    left_out = dict.fromkeys(sorted(without), "by request")
    for form in FORMS:
        if form.name in without:
            continue
        if find_spec(form.module) is None:
            left_out[form.name] = "this version of crmlib does not make it"
            continue
        say(f"Making {form.name} ...")
        try:
            make = getattr(import_module(form.module), form.function)
            form.call(make, site, root, made / form.place, address)
        except (BookError, ImportError, OSError, ValueError) as error:
            raise BookError(
                f"{form.name} could not be made; `--without {form.name}` leaves it out.\n{error}"
            ) from error
        forms[form.place] = form.title
    archives = sorted((root / "dist").glob("crmlib-*-public.zip"))
    if archives and RELEASES not in without:
        (made / RELEASES).mkdir()
        for path in archives:
            shutil.copy(path, made / RELEASES)
            forms[f"{RELEASES}/{path.name}"] = "Everything in one archive, to keep"
    return forms, left_out


_OFFERS = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Other forms of this book</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: auto; padding: 1rem }}
:root {{ color-scheme: light dark }}</style></head>
<body><main><h1>Other forms of this book</h1>
<ul>
<li><a href="{home}.html">The site, to read in a browser</a></li>
{items}</ul></main></body></html>
"""


def _write_offers(made: Path, forms: dict[str, str]) -> None:
    """Write the page that lists the forms; the front page links to it."""
    items = []
    for place, title in forms.items():
        path = made / place
        if path.is_file():
            size = f" ({path.stat().st_size / 1e6:.1f} MB)"
            items.append(f'<li><a href="{escape(place)}">{escape(title)}</a>{size}</li>\n')
        elif (path / "index.html").is_file():
            items.append(f'<li><a href="{escape(place)}/index.html">{escape(title)}</a></li>\n')
        else:
            links = "".join(
                f'<li><a href="{escape(file.relative_to(made).as_posix())}">'
                f"{escape(file.relative_to(path).as_posix())}</a></li>\n"
                for file in sorted(path.rglob("*.ipynb"))
            )
            items.append(f"<li>{escape(title)}<ul>\n{links}</ul></li>\n")
    text = _OFFERS.format(home=escape(_home(made)), items="".join(items))
    (made / "editions.html").write_text(text, encoding="utf-8")


def _home(site: Path) -> str:
    """Return the front page, to which index.html leads."""
    match = re.search(r"url=([^\"]+)\.html", (site / "index.html").read_text(encoding="utf-8"))
    return match[1] if match else "index"


def _pages(site: Path) -> list[str]:
    """Return every page of a site, without suffix."""
    names = (path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html"))
    return sorted(name for name in names if not name.startswith("_"))


def _refuse_foreign(target: Path) -> None:
    """Do not replace a folder that something else has written."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        if (target / RECORD).is_file():
            return
        raise BookError(
            f"{target} holds something that is no publication of the book, and would be replaced. "
            "Name an empty folder, or one that an earlier `crmlib book publish` wrote."
        )


def _swap(made: Path, target: Path) -> None:
    """Put the new publication in the place of the old one."""
    old = made.parent / "old"
    if target.exists():
        target.rename(old)
    try:
        made.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise


_LEADS = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>The newest version</title>
<meta http-equiv="refresh" content="0; url={first}"></head>
<body><main><a href="{first}">The newest version</a></main></body></html>
"""


def _write_versions(output: Path) -> None:
    """List the versions that lie in a folder, and have its index lead to the newest."""
    found = []
    for record in output.glob(f"*/{RECORD}"):
        about = json.loads(record.read_text(encoding="utf-8"))
        if about["version"] == record.parent.name:
            entry = {key: about[key] for key in ("version", "home", "pages")}
            found.append(entry | {"folder": record.parent.name})
    found.sort(key=lambda one: _newness(one["version"]), reverse=True)
    text = json.dumps(found, ensure_ascii=False)
    first = f"{found[0]['folder']}/{found[0]['home']}.html"
    files = {
        "versions.json": text,
        "versions.js": f"var CRMLIB_VERSIONS = {text};\n",
        "index.html": _LEADS.format(first=escape(first)),
    }
    for name, content in files.items():
        path = output / f".{name}"
        path.write_text(content, encoding="utf-8")
        path.replace(output / name)


def _newness(version: str) -> list[tuple[int, str]]:
    """Order versions as people do: 0.10 after 0.9."""
    return [
        (int(part), "") if part.isdigit() else (-1, part)
        for part in re.findall(r"\d+|[a-z]+", version)
    ]
