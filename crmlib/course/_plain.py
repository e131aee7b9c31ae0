"""MyST to plain Markdown: a page's text for a front end that knows no directive and no role.

The text is parsed by the parser that builds the site; only what JupyterLab and Colab cannot show is
replaced, and everything else stays letter by letter as the author wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from crmlib._checks import optional

#: Turns a role's target and text into a link, or into the text alone.
Link = Callable[[str, str, str], str]

_NAMED = re.compile(r"(?s)(.*?)\s*<([^<>]+)>")
_OPTION = re.compile(r":([\w-]+):[ \t]*(.*)")
_BOXES = {"note", "tip", "hint", "important", "warning", "caution", "danger", "seealso"}
_CITED = {"cite", "cite:p", "cite:t"}


@dataclass(frozen=True)
class Plain:
    """Rewrites the text of one page.

    Attributes
    ----------
    values : mapping of str to str
        What the page's executed cells gave for each quoted name.
    link : callable
        ``link(kind, target, text)`` for the kinds doc, ref, syllabus and online.
    authors : mapping
        For each citation key, its authors in short and its year.
    reference : callable
        The Markdown of one entry of the bibliography.
    extensions : tuple of str
        The MyST extensions the book has switched on.
    """

    values: Mapping[str, str]
    link: Link
    authors: Mapping[str, tuple[str, str]]
    reference: Callable[[str], str]
    extensions: tuple[str, ...]

    def __call__(self, text: str, cited: tuple[str, ...] = ()) -> str:
        """Return `text` as plain Markdown; `cited` are the keys its bibliography lists."""
        starts = [0]
        for line in text.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        parts, at = [], 0
        for token in parse(text, self.extensions):
            if token.map is None:
                continue
            begin, end = (starts[min(line, len(starts) - 1)] for line in token.map)
            if begin < at and token.type != "inline":
                continue  # inside a block that is replaced already
            if (new := self._block(token, cited)) is not None:
                indent = re.match(r"[ \t]*", text[begin:end])
                margin = indent[0] if indent else ""
                parts.append(text[at:begin] + "".join(f"{margin}{line}\n" for line in new))
                at = end
            elif token.type == "inline":
                for role in (child for child in token.children if child.type == "myst_role"):
                    found = _written(role).search(text, max(at, begin))
                    if found is None:
                        raise ValueError(f"The role {role.content!r} is not where it was parsed.")
                    parts.append(text[at : found.start()] + self._role(role))
                    at = found.end()
        return "".join([*parts, text[at:]])

    def _block(self, token: Any, cited: tuple[str, ...]) -> list[str] | None:
        """Return the lines that replace a block, or None where it may stay."""
        if token.type in {"myst_target", "myst_line_comment", "myst_block_break"}:
            return []
        info = re.match(r"\{([\w:.-]+)\}[ \t]*(.*)", token.info) if "fence" in token.type else None
        if info is None:
            return None
        name, argument = info[1], info[2].strip()
        options, body = _options(token.content)
        if name == "bibliography":
            return [line for key in cited for line in (f"- {self.reference(key)}",)]
        if name == "admonition" or name in _BOXES:
            title = self(argument or name.capitalize()).strip()
            inside = self(body, cited).strip().splitlines()
            if "dropdown" in options.get("class", "").split():
                head = f"<details><summary>{title}</summary>"
                return ["", head, "", *inside, "", "</details>", ""]
            return [f"> {line}".rstrip() for line in (f"**{title}**", "", *inside)]
        pointer = self.link("online", "", "on the page of the book")
        return ["> " + " ".join(f"*Shown only {pointer}: {name} {argument}".split()) + ".*"]

    def _role(self, role: Any) -> str:
        name, content = role.meta["name"], " ".join(role.content.split())
        named = _NAMED.fullmatch(content)
        text, target = (named[1], named[2]) if named else ("", content)
        if name.startswith("glue:"):
            value = self.values.get(content)
            return f"`{content}`" if value is None else escaped(value)
        if name in _CITED:
            return self._citation(content, in_text=name == "cite:t")
        if name in {"doc", "ref", "syllabus"}:
            return self.link(name, target, text)
        return text or target

    def _citation(self, keys: str, *, in_text: bool) -> str:
        cited = [self.authors[key.strip()] for key in keys.split(",")]
        if in_text:
            return ", ".join(f"{who} ({year})" for who, year in cited)
        return "(" + "; ".join(f"{who}, {year}" for who, year in cited) + ")"


def parse(text: str, extensions: tuple[str, ...]) -> list[Any]:
    """Return the tokens of a text."""
    return list(_parser(extensions).parse(text))


def keys_cited(text: str, extensions: tuple[str, ...]) -> list[str]:
    """Return the citation keys of a text, boxes included, in the order of their appearance."""
    keys: dict[str, None] = {}
    for token in parse(text, extensions):
        if "fence" in token.type and token.info.startswith("{"):
            keys |= dict.fromkeys(keys_cited(_options(token.content)[1], extensions))
        for child in token.children or []:
            if child.type == "myst_role" and child.meta["name"] in _CITED:
                keys |= dict.fromkeys(key.strip() for key in child.content.split(","))
    return list(keys)


def escaped(value: str) -> str:
    r"""Keep a value from being read as math, emphasis, a link or a cell's border.

    Examples
    --------
    >>> print(escaped("$0.57 of a_b"))
    \$0.57 of a\_b
    """
    return re.sub(r"([\\`*_$|<>\[\]])", r"\\\1", value)


@cache
def _parser(extensions: tuple[str, ...]) -> Any:
    config = optional("myst_parser.config.main", "book").MdParserConfig
    create = optional("myst_parser.parsers.mdit", "book").create_md_parser
    renderer = optional("markdown_it.renderer", "book").RendererHTML
    return create(config(enable_extensions=set(extensions)), renderer)


def _written(role: Any) -> re.Pattern[str]:
    """Return a pattern of a role as it stands in the source: a line may break in its middle."""
    words = r"\s+".join(map(re.escape, role.content.split()))
    return re.compile(rf"\{{{re.escape(role.meta['name'])}\}}(`+)\s*{words}\s*\1")


def _options(content: str) -> tuple[dict[str, str], str]:
    """Split a directive's body from the options above it."""
    lines, options = content.splitlines(), {}
    while lines and (match := _OPTION.fullmatch(lines[0].strip())):
        options[match[1]] = match[2].strip()
        del lines[0]
    return options, "\n".join(lines)
