"""What a page shows: its tables, figures and printed numbers, as files with a hash.

The page is its own list: its cells are run in order, and what a cell shows is an exhibit. Numbers
are written with six significant digits and hashed as CSV text, a figure by the data it draws. Bytes
of a drawing depend on versions of libraries and on fonts; its data do not.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import io
import json
import linecache
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib._result import Result
from crmlib.experiments.export import FIGURES, TABLES, save_figure, save_table
from crmlib.experiments.results import atomic

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

#: The manifest, beside the pages it is about.
MANIFEST = "exhibits.json"
#: Packages whose versions a number of a page may depend on, where the page fits models itself.
RESTS_ON = ("numpy", "pandas", "scikit-learn", "scipy")
_CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
_OPTIONS = re.compile(r"\A---\n.*?^---\n|\A(?::[^\n]*\n)+", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Exhibit:
    """Something that a page shows.

    Attributes
    ----------
    name : str
        The page's name and a running number.
    kind : {"table", "figure", "text"}
        A figure's table is what it draws; a text's is its lines.
    table : DataFrame
        The content.
    axes : matplotlib Axes, optional
        Of a figure.
    live : bool
        The page computes it by fitting models; others rest on results that are kept.
    """

    name: str
    kind: str
    table: pd.DataFrame
    axes: Axes | None = None
    live: bool = False

    @property
    def text(self) -> str:
        """The content as CSV: what is hashed."""
        return self.table.map(_short).to_csv(index=False, lineterminator="\n")

    @property
    def digest(self) -> str:
        """The SHA-256 of the content as CSV."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def write(self, folder: str | Path) -> list[Path]:
        """Write a table as Markdown, LaTeX and CSV; of a figure also SVG and PDF.

        Parameters
        ----------
        folder : str or Path
            Made if it is not there.

        Returns
        -------
        list of Path
            The first is the CSV file whose SHA-256 is `digest`.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        written = [place / f"{self.name}.csv"]
        atomic(written[0], self.text)
        if self.kind == "table":
            forms = [form for form in TABLES if form != "csv"]
            written += [save_table(self.table, place / f"{self.name}.{form}") for form in forms]
        if self.axes is not None:
            written += [save_figure(self.axes, place / f"{self.name}.{form}") for form in FIGURES]
        return written


def exhibits(page: str | Path) -> list[Exhibit]:
    r"""Run a page's cells and return what they show.

    Parameters
    ----------
    page : str or Path
        A MyST page with ``{code-cell}`` blocks.

    Returns
    -------
    list of Exhibit

    Raises
    ------
    FileNotFoundError
        If there is no such page.
    RuntimeError
        If a cell fails; the message says which.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = Path(folder) / "sums.md"
    ...     _ = page.write_text("```{code-cell} ipython3\nprint(1 + 1)\n```\n")
    ...     [(one.name, one.kind, one.text) for one in exhibits(page)]
    [('sums-1', 'text', 'line\n2\n')]
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    path = Path(page)
    source = path.read_text(encoding="utf-8")
    live = "run(" in source
    found: list[Exhibit] = []
    names: dict[str, Any] = {"__name__": "__main__"}
    kept = plt.get_backend()
    plt.switch_backend("agg")
    try:
        with mpl.rc_context():
            for number, match in enumerate(_CELL.finditer(source), start=1):
                for kind, value in _shown(match[1], names, f"<{path.name}, cell {number}>"):
                    name = f"{path.stem}-{len(found) + 1}"
                    axes = value if kind == "figure" else None
                    table = drawn(value) if kind == "figure" else value
                    found.append(Exhibit(name, kind, table, axes, live))
                plt.close("all")
    finally:
        plt.switch_backend(kept)
    return found


def _shown(code: str, names: dict[str, Any], place: str) -> Iterator[tuple[str, Any]]:
    """Run a cell; yield what a notebook would show of it."""
    import matplotlib.pyplot as plt

    code = _OPTIONS.sub("", code, count=1)
    lines = code.splitlines(keepends=True)
    linecache.cache[place] = (len(code), None, lines, place)  # the code's hash needs its source
    body = ast.parse(code, place).body
    last = body[-1] if body and isinstance(body[-1], ast.Expr) else None
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), _main(names):
            exec(compile(ast.Module(body[: -1 if last else None], []), place, "exec"), names)
            value = None
            if last:
                value = eval(compile(ast.Expression(last.value), place, "eval"), names)
    except Exception as error:
        raise RuntimeError(f"{place[1:-1]}: {type(error).__name__}: {error}") from error
    if said.getvalue().strip():
        yield "text", pd.DataFrame({"line": said.getvalue().rstrip("\n").split("\n")})
    for part in value if isinstance(value, tuple) else (value,):
        if isinstance(part, Result):
            yield "table", _flat(part.to_frame())
        elif isinstance(part, pd.DataFrame | pd.Series):
            yield "table", _flat(part)
    for figure in map(plt.figure, plt.get_fignums()):
        for ax in figure.axes[:1]:
            yield "figure", ax


@contextlib.contextmanager
def _main(names: dict[str, Any]) -> Iterator[None]:
    """Let classes that a cell defines find the module they say they are from."""
    from types import ModuleType

    module = ModuleType("__main__")
    module.__dict__.update(names)
    module.__dict__.setdefault("__builtins__", __builtins__)
    before = sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        yield
    finally:
        sys.modules["__main__"] = before


def _flat(shown: pd.DataFrame | pd.Series[Any]) -> pd.DataFrame:
    table = shown.to_frame() if isinstance(shown, pd.Series) else shown
    if not isinstance(table.index, pd.RangeIndex):
        table = table.reset_index()
    if table.columns.nlevels > 1:
        table.columns = pd.Index([" ".join(map(str, name)).strip() for name in table.columns])
    return table


def _short(value: Any) -> Any:
    """Six significant digits: what is left of a number on any machine."""
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{round(float(value), 9) + 0.0:.6g}"
    return value


def drawn(axes: Axes) -> pd.DataFrame:
    """Return what a figure draws, in the units of its axes: points, outlines and texts.

    Parameters
    ----------
    axes : matplotlib Axes
        Any of the figure's; all of them count.

    Returns
    -------
    DataFrame
        A row a point or text: `part` (number and kind of what it belongs to), `x`, `y`, `text`.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> _ = axes.plot([1, 2], [3, 4])
    >>> drawn(axes).query("part == '0 Line2D'")[["x", "y"]].to_numpy().tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    figure = axes.get_figure()
    assert figure is not None
    rows: list[tuple[str, float, float, str]] = []
    number = 0
    for ax in figure.axes:
        ticks = (*ax.get_xticklabels(), *ax.get_yticklabels())
        labels = [ax.get_title(), ax.get_xlabel(), ax.get_ylabel(), *(t.get_text() for t in ticks)]
        for artist in ax.get_children():
            points = _points(artist)
            if artist is ax.patch or not points:
                continue
            rows += [(f"{number} {type(artist).__name__}", *point) for point in points]
            number += 1
        rows += [("label", np.nan, np.nan, label) for label in labels if label]
    return pd.DataFrame(rows, columns=["part", "x", "y", "text"])


def _points(artist: Artist) -> list[tuple[float, float, str]]:
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch, Rectangle
    from matplotlib.text import Text

    if isinstance(artist, Text):
        x, y = artist.get_position()
        return [(float(x), float(y), artist.get_text())] if artist.get_text() else []
    if isinstance(artist, Line2D):
        pairs: Any = np.asarray(artist.get_xydata())
    elif isinstance(artist, Rectangle):
        pairs = np.asarray(artist.get_bbox().get_points())
    elif isinstance(artist, Patch):
        pairs = np.asarray(artist.get_path().vertices)
    elif isinstance(artist, Collection):
        outlines = [np.asarray(path.vertices) for path in artist.get_paths()]
        offsets = np.asarray(artist.get_offsets())
        pairs = offsets if len(offsets) > 1 or not outlines else np.concatenate(outlines)
    else:
        return []
    return [(float(x), float(y), "") for x, y in pairs]


def manifest(pages: Mapping[str, list[Exhibit]]) -> dict[str, Any]:
    """Return the manifest of pages: command, kind and hash of each exhibit.

    Parameters
    ----------
    pages : mapping of str to list of Exhibit
        What each page shows, by the page's path in the repository.
    """
    from importlib import metadata

    return {
        "hash": "SHA-256 of the exhibit's CSV file; of a figure, of the data it draws",
        "made with": {name: metadata.version(name) for name in RESTS_ON},
        "exhibits": {
            one.name: {
                "page": page,
                "command": f"crmlib experiment export {page} --to exhibits/",
                "kind": one.kind,
                "rows": len(one.table),
                "columns": [str(name) for name in one.table],
                "live": one.live,
                "sha256": one.digest,
            }
            for page, found in pages.items()
            for one in found
        },
    }


def differences(found: Mapping[str, Any], committed: Mapping[str, Any]) -> list[str]:
    """Return what differs between two manifests, a sentence each; none if nothing does.

    Parameters
    ----------
    found, committed : mapping
        As `manifest` returns them. Of an exhibit that a page computes by fitting models, numbers
        count only where the libraries have the same versions; its rows and columns always do.

    Examples
    --------
    >>> differences({"made with": {}, "exhibits": {}},
    ...             {"made with": {}, "exhibits": {"a-1": {"page": "a.md"}}})
    ['a-1: a.md shows it no more.']
    """
    same = found["made with"] == committed["made with"]
    said = []
    for name, old in committed["exhibits"].items():
        new = found["exhibits"].get(name)
        if new is None:
            said.append(f"{name}: {old['page']} shows it no more.")
            continue
        for key in ("page", "command", "kind", "rows", "columns"):
            if new[key] != old[key]:
                said.append(f"{name}: {key} is {new[key]!r}, the manifest says {old[key]!r}.")
        if new["sha256"] != old["sha256"] and (same or not old["live"]):
            said.append(f"{name}: its data are not those of the manifest ({new['page']}).")
    said += [
        f"{name}: {new['page']} shows it, the manifest does not know it."
        for name, new in found["exhibits"].items()
        if name not in committed["exhibits"]
    ]
    return said


def split(
    committed: Mapping[str, Any], pages: Iterable[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a manifest of some pages, and one of the others.

    Parameters
    ----------
    committed : mapping
        As `manifest` returns it.
    pages : iterable of str
        Paths of pages in the repository.

    Examples
    --------
    >>> both = {"made with": {}, "exhibits": {"a-1": {"page": "a.md"}, "b-1": {"page": "b.md"}}}
    >>> [list(part["exhibits"]) for part in split(both, ["b.md"])]
    [['b-1'], ['a-1']]
    """
    wanted = set(pages)
    parts: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for name, entry in committed["exhibits"].items():
        parts[entry["page"] not in wanted][name] = entry
    return {**committed, "exhibits": parts[0]}, {**committed, "exhibits": parts[1]}


def read(path: str | Path) -> dict[str, Any]:
    """Return a committed manifest; an empty one where there is none."""
    place = Path(path)
    if not place.is_file():
        return {"made with": {}, "exhibits": {}}
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return found


def write(path: str | Path, found: Mapping[str, Any]) -> None:
    """Write a manifest, sorted, so that a change of one page changes its lines only."""
    atomic(Path(path), json.dumps(found, indent=1, sort_keys=True) + "\n")
