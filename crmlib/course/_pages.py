"""The pages of a checkout, and what their texts refer to: labels, titles, references, numbers."""

from __future__ import annotations

import ast
import json
import posixpath
import re
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from crmlib import __version__
from crmlib._checks import one_of, optional
from crmlib.course._plain import Link, parse
from crmlib.course.publish import _fingerprint

#: What the pages need of crmlib beyond its core.
EXTRAS = ("analysis", "experiments")


@dataclass(frozen=True)
class Launchers:
    """Where readers find what the book publishes: the entry ``open_in`` of ``_config.yml``.

    Each is empty until the instructor who publishes an edition fills it in.

    Attributes
    ----------
    repository : str
        ``https://github.com/OWNER/NAME``, which Colab and Binder read from.
    branch : str
        The branch that holds the published site.
    folder : str
        The site's folder on that branch; empty for its top.
    wheel : str
        Address of crmlib's wheel; empty where the release is on PyPI.
    lite : str
        Address of the JupyterLite edition, or its path from the top of the site.
    """

    repository: str = ""
    branch: str = "gh-pages"
    folder: str = ""
    wheel: str = ""
    lite: str = ""


class Pages:
    """The pages of a checkout, and what their texts refer to."""

    def __init__(self, root: Path, build: Path, address: str | None, requirement: str | None):
        yaml = optional("yaml", "book")
        config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
        self.root, self.title = root, config["title"]
        self.extensions = tuple(config.get("parse", {}).get("myst_enable_extensions", ()))
        self.bibliography = [root / name for name in config.get("bibtex_bibfiles", [])]
        html = config.get("html", {})
        self.address = (html.get("baseurl", "") if address is None else address).rstrip("/")
        options = config.get("sphinx", {}).get("config", {}).get("open_in", {})
        known = [field.name for field in fields(Launchers)]
        self.open_in = Launchers(**{one_of(key, known, "open_in"): options[key] for key in options})
        wheel = f" @ {self.open_in.wheel}" if self.open_in.wheel else f"=={__version__}"
        self.requirement = requirement or f"crmlib[{','.join(EXTRAS)}]{wheel}"
        self.executed = build / "jupyter_execute" if _current(root, build) else None

    @cached_property
    def texts(self) -> dict[str, str]:
        """The source of every page of the table of contents."""
        toc = optional("sphinx_external_toc.parsing", "book").parse_toc_yaml(
            self.root / "book" / "_toc.yml"
        )
        files = {page: self.root / f"{page}.md" for page in toc}
        return {
            page: path.read_text(encoding="utf-8") for page, path in files.items() if path.is_file()
        }

    @cached_property
    def _tokens(self) -> dict[str, list[Any]]:
        return {page: parse(text, self.extensions) for page, text in self.texts.items()}

    @cached_property
    def with_code(self) -> list[str]:
        """The pages with code, in the order of the book."""
        return [
            page
            for page, tokens in self._tokens.items()
            if any(token.info.startswith("{code-cell}") for token in tokens)
        ]

    @cached_property
    def titles(self) -> dict[str, str]:
        """The title of every page."""
        found = {page: re.search(r"^# (.+)$", text, re.M) for page, text in self.texts.items()}
        return {page: match[1] if match else page for page, match in found.items()}

    @cached_property
    def labels(self) -> dict[str, str]:
        """The page on which each label stands."""
        return {
            token.content: page
            for page, tokens in self._tokens.items()
            for token in tokens
            if token.type == "myst_target"
        }

    @cached_property
    def entries(self) -> dict[str, Any]:
        """The bibliography, by key."""
        read = optional("pybtex.database", "book").parse_file
        return {
            key: entry
            for file in self.bibliography
            for key, entry in read(str(file), bib_format="bibtex").entries.items()
        }

    @cached_property
    def authors(self) -> dict[str, tuple[str, str]]:
        """Who wrote each entry, in short, and when."""
        return {key: _short(entry) for key, entry in self.entries.items()}

    def reference(self, key: str) -> str:
        """Return an entry of the bibliography as a line of Markdown."""
        (entry,) = self._style.format_entries([self.entries[key]])
        return " ".join(entry.text.render(self._markdown).split())

    @cached_property
    def _style(self) -> Any:
        return optional("pybtex.style.formatting.plain", "book").Style()

    @cached_property
    def _markdown(self) -> Any:
        return optional("pybtex.backends.markdown", "book").Backend()

    def values(self, page: str, code: list[str]) -> dict[str, str]:
        """Return what the executed page quotes; nothing if its cells were others."""
        if self.executed is None or not (self.executed / f"{page}.glue.json").is_file():
            return {}
        ran = json.loads((self.executed / f"{page}.ipynb").read_text(encoding="utf-8"))["cells"]
        cells = ["".join(cell["source"]) for cell in ran if cell["cell_type"] == "code"]
        if cells != code:
            return {}
        kept = json.loads((self.executed / f"{page}.glue.json").read_text(encoding="utf-8"))
        return {name: ast.literal_eval(at["data"]["text/plain"]) for name, at in kept.items()}

    def link_from(self, page: str) -> Link:
        """Return how a page links: to the site if it is published, else to other notebooks."""
        folder = posixpath.dirname(page)

        def link(kind: str, target: str, text: str) -> str:
            if kind == "online":
                return f"[{text}]({self.address}/{page}.html)" if self.address else text
            if kind == "syllabus":
                where, text = "book/syllabus-map", f"\\[{target}\\]"
                anchor = f"#syllabus-{target.lower()}"
            elif kind == "ref":
                where, anchor = self.labels[target], f"#{target}"
            else:
                where = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                anchor = ""
            text = text or self.titles[where]
            if self.address:
                return f"[{text}]({self.address}/{where}.html{anchor})"
            if where in self.with_code:
                return f"[{text}]({posixpath.relpath(where, folder or '.')}.ipynb)"
            return text

        return link


def _current(root: Path, build: Path) -> bool:
    """Whether the pages in `build` were executed by the package as it is now."""
    stamp = build / ".jupyter_cache" / "made-with"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _fingerprint(root)


def _short(entry: Any) -> tuple[str, str]:
    """Return "A", "A and B" or "A et al.", and the year."""
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [
        " ".join(str(part) for part in (*person.rich_prelast_names, *person.rich_last_names))
        for person in people
    ]
    who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    return who or entry.rich_fields["title"].render_as("text"), entry.fields.get("year", "n.d.")
