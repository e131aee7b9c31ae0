"""Colors, fonts and axes: what makes two figures of the book look like siblings."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Okabe and Ito's colors (Okabe & Ito 2008, "Color Universal Design"), in the order in which a
#: figure uses them. Yellow is left out: on white it is too faint for a line.
PALETTE = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "orange": "#E69F00",
    "gray": "#6E6E6E",
}
_INK = "#222222"
_GRID = "#D9D9D9"

#: Fonts that hold Chinese, as the large systems name them.
_CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
)


@lru_cache(maxsize=1)
def chinese_font() -> str | None:
    """Return the name of an installed font that holds Chinese, or None.

    Examples
    --------
    >>> chinese_font() is None or isinstance(chinese_font(), str)
    True
    """
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in _CHINESE if name in installed), None)


def use() -> None:
    """Set the style of the book for every figure drawn after this call.

    In a notebook, figures are also switched to SVG, which stays sharp at any size. Text in them
    is drawn as outlines, so a reader needs no font. Where an installed font holds Chinese, it
    stands in for the characters the main font lacks.

    Examples
    --------
    >>> import matplotlib as mpl
    >>> use()
    >>> mpl.rcParams["axes.spines.top"]
    False
    """
    import matplotlib as mpl
    from cycler import cycler

    fonts = ["DejaVu Sans", *([chinese_font()] if chinese_font() else [])]
    mpl.rcParams.update(
        {
            "axes.axisbelow": True,
            "axes.edgecolor": _INK,
            "axes.grid": True,
            "axes.labelcolor": _INK,
            "axes.prop_cycle": cycler(color=list(PALETTE.values())),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": "medium",
            "axes.titleweight": "bold",
            "figure.autolayout": False,
            "figure.constrained_layout.use": True,
            "figure.dpi": 110,
            "figure.facecolor": "white",
            "figure.figsize": (6.8, 3.8),
            "font.family": fonts,
            "font.size": 10.5,
            "grid.color": _GRID,
            "grid.linewidth": 0.6,
            "legend.frameon": False,
            "lines.linewidth": 2.0,
            "savefig.facecolor": "white",
            "svg.fonttype": "path",
            "svg.hashsalt": "crmlib",
            "text.color": _INK,
            "xtick.color": _INK,
            "ytick.color": _INK,
        }
    )
    _use_svg_in_notebooks()


def _use_svg_in_notebooks() -> None:
    """Ask the notebook for SVG, where there is one."""
    shell = sys.modules.get("IPython")
    if shell is None or shell.get_ipython() is None:
        return
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    # No date in the file: the same figure gives the same bytes.
    set_matplotlib_formats("svg", metadata={"Date": None})  # type: ignore[no-untyped-call]


def as_percent(ax: Axes, axis: Literal["x", "y"] = "y", decimals: int | None = None) -> Axes:
    """Write the ticks of an axis that holds shares (0 to 1) as percentages.

    Parameters
    ----------
    ax : matplotlib Axes
        The axes to change.
    axis : {"x", "y"}
        Which of its axes.
    decimals : int, optional
        Digits after the point; by default as few as tell the ticks apart.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = as_percent(Figure().subplots())
    >>> ax.yaxis.get_major_formatter()(0.25)
    '25%'
    """
    from matplotlib.ticker import FuncFormatter

    target = ax.xaxis if axis == "x" else ax.yaxis

    def text(value: float, _position: object = None) -> str:
        # The ticks are only known while the figure is drawn, and change with its limits.
        digits = _digits(100 * target.get_majorticklocs()) if decimals is None else decimals
        return f"{100 * value:.{digits}f}%"

    target.set_major_formatter(FuncFormatter(text))
    return ax


def _digits(ticks: np.ndarray) -> int:
    """Return the fewest digits (0 to 6) that move no tick by more than 5 % of the smallest step."""
    steps = np.diff(np.unique(ticks))
    steps = steps[steps > 1e-9]
    if not len(steps):
        return 0
    moved = (np.abs(ticks - ticks.round(digits)).max() for digits in range(6))
    return next((at for at, far in enumerate(moved) if far <= 0.05 * steps.min()), 6)


def as_money(ax: Axes, axis: Literal["x", "y"] = "y", unit: str = "$") -> Axes:
    """Write the ticks of an axis as money: thousands separated, the unit in front.

    Parameters
    ----------
    ax : matplotlib Axes
        The axes to change.
    axis : {"x", "y"}
        Which of its axes.
    unit : str
        Sign of the currency.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = as_money(Figure().subplots())
    >>> ax.yaxis.get_major_formatter()(12_500)
    '$12,500'
    """
    from matplotlib.ticker import FuncFormatter

    def text(value: float, _position: object = None) -> str:
        sign = "\N{MINUS SIGN}" if value < 0 else ""
        return f"{sign}{unit}{abs(value):,.10g}"

    target = ax.xaxis if axis == "x" else ax.yaxis
    target.set_major_formatter(FuncFormatter(text))
    return ax


def label_lines(ax: Axes, names: Sequence[str] | None = None) -> Axes:
    """Write each line's name at its right end, in its color, instead of in a legend.

    Labels that would lie on each other are moved apart.

    Parameters
    ----------
    ax : matplotlib Axes
        Holds the lines; its legend, if there is one, is taken away.
    names : sequence of str, optional
        What to write, one for each line; their labels by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If there are more or fewer names than lines.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> _ = ax.plot([0, 1], [0, 1], label="churn")
    >>> [text.get_text() for text in label_lines(ax).texts]
    ['churn']
    """
    lines = [line for line in ax.get_lines() if not str(line.get_label()).startswith("_")]
    texts = list(names) if names is not None else [str(line.get_label()) for line in lines]
    if len(texts) != len(lines):
        raise ValueError(f"names has {len(texts)} entries for {len(lines)} lines.")
    low, high = ax.get_ylim()
    gap = (high - low) * 0.065
    at = -float("inf")
    ends = [np.asarray(line.get_xydata())[-1] for line in lines]
    for (x, y), line, text in sorted(
        zip(ends, lines, texts, strict=True), key=lambda end: end[0][1]
    ):
        at = max(float(y), at + gap)
        ax.annotate(
            text,
            xy=(float(x), at),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=line.get_color(),
            annotation_clip=False,
        )
    if (legend := ax.get_legend()) is not None:
        legend.remove()
    return ax
