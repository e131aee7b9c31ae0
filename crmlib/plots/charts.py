"""The charts several pages draw; one that a single page draws belongs on that page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib._checks import as_frame, require_columns
from crmlib.plots.style import PALETTE, label_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def ranked_bars(
    values: pd.Series,
    ax: Axes | None = None,
    *,
    fmt: Callable[[float], str] = "{:,.3g}".format,
    highlight: str | None = None,
    color: str = PALETTE["blue"],
) -> Axes:
    """Draw a horizontal bar for each entry, the largest on top, its value written beside it.

    Parameters
    ----------
    values : pandas.Series of numbers
        One bar each; the index holds the labels, the name becomes the axis label.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.
    fmt : callable
        Turns a value into the text beside its bar.
    highlight : str, optional
        The label to show in color; the others become gray.
    color : str
        Color of the bars.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If `values` is empty, or `highlight` is no label of it.

    Examples
    --------
    >>> ax = ranked_bars(pd.Series({"price": 3, "network": 5}, name="losses"))
    >>> [text.get_text() for text in ax.texts]
    ['3', '5']
    """
    if len(values) == 0:
        raise ValueError("values is empty: there is no bar to draw.")
    ordered = values.sort_values()
    labels = [str(label) for label in ordered.index]
    if highlight is not None and highlight not in labels:
        raise ValueError(f"highlight {highlight!r} is none of the labels {labels}.")
    colors = [color if highlight in (None, label) else "#B8B8B8" for label in labels]
    ax = _axes(ax, height=0.5 + 0.36 * len(labels))
    places = np.arange(len(labels))
    ax.barh(places, ordered.to_numpy(float), color=colors, height=0.7)
    ax.set_yticks(places, labels)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False)
    ax.xaxis.set_visible(False)
    for side in ("bottom", "left"):
        ax.spines[side].set_visible(False)
    for place, value in zip(places, ordered.to_numpy(float), strict=True):
        ax.annotate(
            fmt(value), (max(value, 0.0), place), (5, 0), textcoords="offset points", va="center"
        )
    ax.margins(x=0.15)
    if values.name is not None:
        ax.set_title(str(values.name))
    return ax


def dots(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    value: str = "rate",
    low: str = "low",
    high: str = "high",
    reference: float | None = None,
) -> Axes:
    """Draw a dot and its interval for each row, so that rows can be compared with their doubt.

    Parameters
    ----------
    table : pandas.DataFrame
        The index holds the labels (top to bottom).
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.
    value, low, high : str
        Columns with the estimate and the ends of its interval.
    reference : float, optional
        A vertical line, such as the overall rate.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"rate": [0.43], "low": [0.41], "high": [0.44]}, index=["monthly"])
    >>> ax = dots(table, reference=0.27)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['monthly']
    """
    require_columns(as_frame(table, "table"), [value, low, high], "table")
    ax = _axes(ax, height=0.9 + 0.36 * len(table))
    places = np.arange(len(table))[::-1]
    center = table[value].to_numpy(float)
    if reference is not None:
        ax.axvline(reference, color=PALETTE["gray"], linewidth=1, linestyle="--", zorder=1)
    ax.hlines(places, table[low], table[high], color=PALETTE["blue"], linewidth=3, alpha=0.45)
    ax.plot(center, places, "o", color=PALETTE["blue"], markersize=7)
    ax.set_yticks(places, [str(label) for label in table.index])
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)
    ax.set_ylim(-0.6, len(table) - 0.4)
    return ax


def lines(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw each column of `frame` as a line over its index, named at its right end.

    Parameters
    ----------
    frame : pandas.DataFrame of numbers
        The index is the horizontal axis; its name becomes the axis label.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> frame = pd.DataFrame({"kept": [1.0, 0.8]}, index=pd.Index([0, 1], name="year"))
    >>> ax = lines(frame)
    >>> ax.get_xlabel(), [text.get_text() for text in ax.texts]
    ('year', ['kept'])
    """
    as_frame(frame, "frame")
    ax = _axes(ax)
    for column in frame.columns:
        ax.plot(frame.index.to_numpy(), frame[column].to_numpy(float), label=str(column))
    if frame.index.name is not None:
        ax.set_xlabel(str(frame.index.name))
    return label_lines(ax)


def _axes(ax: Axes | None, height: float | None = None) -> Axes:
    """Return `ax`, or a new one as tall as its content asks."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    width, default = plt.rcParams["figure.figsize"]
    return plt.subplots(figsize=(width, default if height is None else height))[1]
