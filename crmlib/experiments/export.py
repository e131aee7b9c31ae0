"""Tables and figures for papers: Markdown, LaTeX, CSV; SVG, PDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib._checks import one_of
from crmlib.experiments.results import atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TABLES = ("md", "tex", "csv")
FIGURES = ("svg", "pdf")
_TEX = str.maketrans({char: f"\\{char}" for char in "&%$#_{}"} | {"\\": r"\textbackslash{}"})


def as_text(table: pd.DataFrame, form: str = "md", digits: int = 3) -> str:
    """Return a table as text for a paper or a page.

    Parameters
    ----------
    table : DataFrame
        What to write; its index is left out if it only counts.
    form : {"md", "tex", "csv"}
        Markdown, LaTeX (booktabs), or comma-separated values, which keep every digit.
    digits : int
        After the point, in Markdown and LaTeX.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the form is unknown.

    Examples
    --------
    >>> print(as_text(pd.DataFrame({"model": ["LR"], "AUC": [0.8491]})))
    | model | AUC |
    |---|---:|
    | LR | 0.849 |
    """
    one_of(form, TABLES, "form")
    if not isinstance(table.index, pd.RangeIndex):
        table = table.reset_index()
    if form == "csv":
        return table.to_csv(index=False, lineterminator="\n")
    numeric = [pd.api.types.is_numeric_dtype(table[name]) for name in table]
    names = [str(name) for name in table]
    cells = [
        [_cell(value, digits) for value in row] for row in table.itertuples(index=False, name=None)
    ]
    if form == "md":
        escaped = [[cell.replace("|", r"\|") for cell in row] for row in [names, *cells]]
        lines = [f"| {' | '.join(row)} |" for row in escaped]
        rule = "|".join("---:" if number else "---" for number in numeric)
        return "\n".join([lines[0], f"|{rule}|", *lines[1:]])
    rows = [" & ".join(cell.translate(_TEX) for cell in row) + r" \\" for row in [names, *cells]]
    layout = "".join("r" if number else "l" for number in numeric)
    head = [rf"\begin{{tabular}}{{{layout}}}", r"\toprule", rows[0], r"\midrule"]
    return "\n".join([*head, *rows[1:], r"\bottomrule", r"\end{tabular}"])


def _cell(value: Any, digits: int) -> str:
    if isinstance(value, float):
        if np.isnan(value):
            return ""
        return f"{value:,.0f}" if value.is_integer() and abs(value) >= 10 else f"{value:.{digits}f}"
    return str(value)


def save_figure(ax: Axes, path: str | Path) -> Path:
    """Write a figure as SVG or PDF, without a date: the same figure gives the same bytes.

    Parameters
    ----------
    ax : matplotlib Axes
        Of the figure.
    path : str or Path
        Ends in ``.svg`` or ``.pdf``.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the ending is another.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> save_figure(Figure().subplots(), "ranks.png")
    Traceback (most recent call last):
    ...
    ValueError: figures must be one of 'svg', 'pdf'; got 'png'.
    """
    import matplotlib as mpl

    place = Path(path)
    form = one_of(place.suffix.lstrip("."), FIGURES, "figures")
    part = place.with_name(f"{place.name}.part")
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}[form]
    with mpl.rc_context({"svg.hashsalt": "crmlib"}):
        ax.get_figure().savefig(part, format=form, metadata=undated)  # type: ignore[union-attr]
    part.replace(place)
    return place


def save_table(table: pd.DataFrame, path: str | Path, digits: int = 3) -> Path:
    r"""Write a table as Markdown, LaTeX or CSV, as the path's ending says.

    Parameters
    ----------
    table : DataFrame
        What to write.
    path : str or Path
        Ends in ``.md``, ``.tex`` or ``.csv``.
    digits : int
        As in `as_text`.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the ending is another.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_table(pd.DataFrame({"AUC": [0.5]}), f"{folder}/t.csv").read_text()
    'AUC\n0.5\n'
    """
    place = Path(path)
    form = one_of(place.suffix.lstrip("."), TABLES, "tables")
    atomic(place, as_text(table, form, digits).rstrip("\n") + "\n")
    return place
