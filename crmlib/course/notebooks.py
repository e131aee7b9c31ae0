"""Every page as a notebook that runs anywhere: JupyterLab, Colab, Binder, a browser alone.

The pages are MyST text. `write_notebooks` makes of each one with code a notebook in plain Markdown
that brings along what it needs: a set-up cell that installs crmlib where it is missing, and the
small files that lie beside the page.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crmlib import __version__
from crmlib._checks import optional
from crmlib.course._pages import Pages
from crmlib.course._plain import Plain, keys_cited
from crmlib.course.publish import BookError, find_root
from crmlib.data.registry import Entry, entries

_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
_FOLDED = {"remove-cell", "remove-input", "hide-cell", "hide-input"}

_SETUP = """\
# @title Set-up: run this cell first. Where crmlib {version} is there, it changes nothing.
from importlib.util import find_spec

if not all(map(find_spec, {modules!r})):
    %pip install --quiet {packages}

import crmlib

if crmlib.__version__ != "{version}":
    print("This page was written with crmlib {version}; here is", crmlib.__version__)"""

_BESIDE = """\
# @title The small files this page reads: run this cell, too.
from pathlib import Path

for name, text in {{
{files}
}}.items():
    if not Path(name).exists():
        Path(name).write_text(text, encoding="utf-8")"""

_IN_WORDS = "<details><summary>The figure in words</summary>\n\n{}\n\n</details>"


def write_notebooks(
    root: Path | str | None = None,
    output: Path | str | None = None,
    *,
    build: Path | str | None = None,
    address: str | None = None,
    requirement: str | None = None,
) -> list[Path]:
    """Write every page with code as a clean notebook, at its path in the book.

    Numbers quoted in the text are filled in from the last build, if that was made with this very
    package and these very cells; else the text names them, and the cell before prints them.

    Parameters
    ----------
    root : path, optional
        The checkout; found from the current folder by default.
    output : path, optional
        Folder for the notebooks; ``book/_build/notebooks`` in the checkout by default.
    build : path, optional
        Folder of the build whose executed pages are used; ``book/_build`` by default.
    address : str, optional
        Where the site is published; ``html.baseurl`` of ``_config.yml`` by default. Without one,
        links lead to the other notebooks, and to nothing outside them.
    requirement : str, optional
        What the set-up cell installs; by default this release, by its number or from the wheel
        that ``_config.yml`` names.

    Returns
    -------
    list of pathlib.Path
        The notebooks, in the order of the book.

    Raises
    ------
    BookError
        If there is no book, or a page cites or links what is not there.

    Examples
    --------
    It needs a checkout: ``write_notebooks(output="notebooks")[0]`` is the first notebook.
    """
    nbformat = optional("nbformat", "book")
    root = find_root(root)
    built = root / "book" / "_build"
    output = Path(output) if output else built / "notebooks"
    pages = Pages(root, Path(build) if build else built, address, requirement)
    written = []
    for page in pages.with_code:
        try:
            text = nbformat.writes(_notebook(pages, page)) + "\n"
        except (KeyError, ValueError) as error:
            raise BookError(f"{page}.md cannot be made a notebook: {error}") from error
        path = output / f"{page}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
        written.append(path)
    return written


def _notebook(pages: Pages, page: str) -> Any:
    """Return a page as a notebook."""
    new = optional("nbformat.v4", "book")
    text = pages.texts[page]
    source = optional("jupytext", "book").reads(text, fmt="md:myst").cells
    code = [cell.source for cell in source if cell.cell_type == "code"]
    values, authors, sets = pages.values(page, code), pages.authors, _sets(code)
    plain = Plain(values, pages.link_from(page), authors, pages.reference, pages.extensions)
    keys = keys_cited(text, pages.extensions)
    cited = tuple(sorted(keys, key=lambda key: (authors[key][0].lower(), key)))
    cells = [new.new_markdown_cell(_head(pages, page, sets, filled=bool(values)))]
    cells += [_folded(new.new_code_cell(cell)) for cell in _plumbing(pages, page, code, sets)]
    for cell in source:
        if cell.cell_type != "code":
            cells.append(new.new_markdown_cell(plain(cell.source, cited).strip()))
            continue
        hidden = not _FOLDED.isdisjoint(cell.metadata.get("tags", []))
        cells.append(_folded(new.new_code_cell(cell.source), hidden=hidden))
        if alt := cell.metadata.get("mystnb", {}).get("image", {}).get("alt"):
            cells.append(new.new_markdown_cell(_IN_WORDS.format(" ".join(alt.split()))))
    for number, cell in enumerate(cells):
        cell["id"] = f"{posixpath.basename(page)[:50]}-{number:03}"
    metadata = {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
    return new.new_notebook(cells=cells, metadata=metadata, nbformat_minor=5)


def _head(pages: Pages, page: str, sets: list[Entry], *, filled: bool) -> str:
    """Return the text above the page: where it is from, what to do first, its data."""
    online = f" [Read it online]({pages.address}/{page}.html)." if pages.address else ""
    numbers = (
        "Numbers in the sentences are those of the book's own run; folded cells print them anew."
        if filled
        else "Where a sentence shows a name such as `rate`, the cell before it prints the number."
    )
    head = f"*{pages.title}*: {pages.titles[page]}.{online} Run the next cell first. {numbers}"
    if sets:
        head += "\n\nData on this page:\n"
        head += "".join(f"\n- `{about.name}`: {_obtained(about)}" for about in sets)
    if any(file.url for about in sets for file in about.files):
        head += (
            "\n\nWithout a network, put the files into a folder and name it before the first "
            "`load`: `%env CRMLIB_DATA=folder`."
        )
    return head


def _obtained(about: Entry) -> str:
    for file in about.files:
        if file.url:
            return f"{about.title}; fetched at the first `load` ({file.size / 1e6:.1f} MB) and kept"
    for file in about.files:
        if file.package:
            return f"{about.title}; comes with the package {file.package}"
    return f"{about.title}; bring your own. {about.obtain}"


def _plumbing(pages: Pages, page: str, code: list[str], sets: list[Entry]) -> Iterator[str]:
    """Yield the cells that come first: set-up, and the small files beside the page."""
    shipped = {
        file.package: f"{file.package}=={file.version}"
        for about in sets
        for file in about.files
        if file.package and not any(other.url for other in about.files)
    }
    packages = " ".join(f'"{name}"' for name in (pages.requirement, *shipped.values()))
    yield _SETUP.format(version=__version__, modules=["crmlib", *shipped], packages=packages)
    folder = (pages.root / page).parent
    names = [text for text in dict.fromkeys(_strings(code)) if re.fullmatch(r"[\w.-]+\.\w+", text)]
    files = {name: folder / name for name in names if (folder / name).is_file()}
    if files:
        texts = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
        lines = [f"    {name!r}: {_literal(text)}," for name, text in texts.items()]
        yield _BESIDE.format(files="\n".join(lines))


def _sets(code: list[str]) -> list[Entry]:
    """Return the data sets that cells load by name, in the order of loading."""
    known = entries()
    return [known[text] for text in dict.fromkeys(_strings(code, "load")) if text in known]


def _strings(code: list[str], function: str | None = None) -> Iterator[str]:
    """Yield the strings in cells: all of them, or the first argument of one function's calls."""
    for cell in code:
        try:
            tree = ast.parse(cell)
        except SyntaxError:  # a magic
            continue
        for node in ast.walk(tree):
            values: list[ast.AST] = []
            if function is None:
                values = [node]
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == function:
                values = [*node.args[:1]]
            for value in values:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.value


def _literal(text: str) -> str:
    """Return a literal of a file's text, readable where the text allows."""
    readable = '"""' not in text and "\\" not in text and not text.endswith('"')
    return f'"""\\\n{text}"""' if readable else repr(text)


def _folded(cell: Any, *, hidden: bool = True) -> Any:
    """Fold a cell's code away, in JupyterLab and in Colab."""
    if hidden:
        cell.metadata.update(jupyter={"source_hidden": True}, cellView="form")
    return cell
