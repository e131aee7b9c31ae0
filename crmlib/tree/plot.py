"""A picture of the tree that can be read without a legend, a browser or Graphviz.

It grows from left to right, because labels are wide and not high. A node is a bar of its class
shares with the split, or the decision, beside it; the thickness of a branch shows how many rows
take it. Leaves have a line each, so the figure is as tall as it has leaves to show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.plots import PALETTE
from crmlib.tree.export import decision_text
from crmlib.tree.model import Model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BAR, _STEP = 0.34, 1.9


def plot(model: Model, ax: Axes | None = None, max_depth: int = 4) -> Axes:
    """Draw the tree down to `max_depth` and return the axes.

    Parameters
    ----------
    model : Model
    ax : matplotlib Axes, optional
        Where to draw; a new figure of fitting size by default.
    max_depth : int
        Deeper subtrees are drawn as leaves marked with an ellipsis.
    """
    height, shown = _heights(model, max_depth)
    lines = max(height.values()) + 1
    depth = max(int(model.tree.depth[node]) for node in shown)
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.subplots(figsize=(2.6 + 2.3 * (depth + 1), max(1.4, 0.62 + 0.36 * lines)))[1]
    everyone = model.tree.rows[0].sum()
    colors = list(PALETTE.values())
    for node in shown:
        x, y = int(model.tree.depth[node]) * _STEP, -height[node]
        if node:
            _branch(ax, model, node, (x, y), -height[int(model.tree.parent[node])], everyone)
        start = x
        for place, share in enumerate(model.share[node]):
            width = float(share) * _BAR
            color = colors[place % len(colors)]
            ax.barh(y, width, left=start, height=0.42, color=color, linewidth=0, zorder=3)
            start += width
        cut = model.tree.depth[node] >= max_depth and model.tree.attribute[node] >= 0
        if model.tree.attribute[node] < 0 or cut:
            label = colors[int(model.decision[node]) % len(colors)]
            text = decision_text(model, node) + (" ..." if cut else "")
            ax.annotate(text, (x + _BAR, y), (4, 0), color=label, **_AT)
        else:
            name = str(model.attributes[model.tree.attribute[node]].name)
            # Above its bar, on white: clear of the branches and of what is written on them.
            paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
            ax.annotate(name, (x, y), (0, 14), weight="bold", bbox=paper, **_AT)
    ax.set_xlim(-0.05, depth * _STEP + _BAR + 1.9)
    ax.set_ylim(-lines + 0.4, 0.6)
    ax.set_axis_off()
    return ax


_AT: dict[str, Any] = {
    "textcoords": "offset points",
    "va": "center",
    "ha": "left",
    "fontsize": 9,
    "zorder": 4,
}


def _heights(model: Model, max_depth: int) -> tuple[dict[int, float], list[int]]:
    """Return the line each shown node stands on, and the nodes, parents first."""
    order, pending = [], [0]
    below: dict[int, list[int]] = {}
    while pending:
        node = pending.pop()
        order.append(node)
        open_ = model.tree.attribute[node] >= 0 and model.tree.depth[node] < max_depth
        below[node] = list(model.tree.children(node).values()) if open_ else []
        pending += reversed(below[node])
    height: dict[int, float] = {}
    line = 0
    for node in order:
        if not below[node]:
            height[node] = float(line)
            line += 1
    for node in reversed(order):
        if below[node]:
            height[node] = (height[below[node][0]] + height[below[node][-1]]) / 2
    return height, order


def _branch(
    ax: Axes, model: Model, node: int, end: tuple[float, float], from_y: float, everyone: float
) -> None:
    """Draw the branch that leads to a node and name it."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    x, y = end
    start = x - _STEP + _BAR * 0.5
    bend = x - 0.62
    points = [(start, from_y), (start, y), (start, y), (bend, y), (x, y)]
    kinds = [Path.MOVETO, Path.CURVE3, Path.CURVE3, Path.LINETO, Path.LINETO]
    width = 0.7 + 5.0 * np.sqrt(model.tree.rows[node].sum() / everyone)
    ax.add_patch(
        PathPatch(
            Path(points, kinds),
            fill=False,
            edgecolor="#C9C9C9",
            linewidth=width,
            zorder=1,
            capstyle="round",
        )
    )
    ax.annotate(
        model.value_text(node),
        (x, y),
        (-5, 1),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=8,
        color=PALETTE["gray"],
        zorder=4,
    )
