"""Drawing a network: layers from causes to effects, arrows as thick as they tell."""

from __future__ import annotations

from collections.abc import Hashable
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from crmlib.bayes.structure import Parents, topological
from crmlib.plots import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crmlib.bayes.network import BayesNetwork


def plot_network(
    network: BayesNetwork, ax: Axes | None = None, *, target: Hashable | None = None
) -> Axes:
    """Draw the variables as boxes and the edges as arrows.

    Parameters
    ----------
    network : BayesNetwork
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.
    target : hashable, optional
        A variable to show in color.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    KeyError
        If there is no variable `target`.

    Examples
    --------
    >>> from crmlib.bayes import BayesNetwork
    >>> from crmlib.counts import Attribute
    >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
    >>> table = np.array([[0.9, 0.1], [0.6, 0.4]])
    >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), table))
    >>> [text.get_text() for text in plot_network(net).texts if text.get_text()]
    ['plan', 'churn']
    """
    chosen = None if target is None else network.position(target)
    places = layout(network.parents)
    if ax is None:
        import matplotlib.pyplot as plt

        width = 1.2 + 1.5 * (np.ptp(places[:, 0]) + 1)
        height = 0.8 + 1.1 * (np.ptp(places[:, 1]) + 1)
        _, ax = plt.subplots(figsize=(min(width, 14), min(height, 12)))
    boxes = []
    for v, name in enumerate(network.names):
        is_target = v == chosen
        box = ax.text(
            float(places[v, 0]),
            float(places[v, 1]),
            fill(str(name), 16),
            ha="center",
            va="center",
            fontsize="small",
            color="white" if is_target else "#222222",
            bbox={
                "boxstyle": "round,pad=0.4",
                "facecolor": PALETTE["blue"] if is_target else "white",
                "edgecolor": PALETTE["blue"] if is_target else PALETTE["gray"],
            },
        )
        boxes.append(box.get_bbox_patch())
    strengths = network.strengths()
    most = max(float(strengths["information (nats)"].max()), 1e-12) if len(strengths) else 1.0
    for edge in strengths.itertuples(index=False):
        parent, child = (network.position(name) for name in edge[:2])
        start, end = places[parent], places[child]
        share = edge[2] / most
        # An arrow that skips layers bends round what lies between.
        bend = 0.0 if abs(start[1] - end[1]) <= 1 and start[1] != end[1] else 0.18
        ax.annotate(
            "",
            end,
            start,
            arrowprops={
                "arrowstyle": "-|>",
                "color": PALETTE["gray"],
                "linewidth": 0.6 + 3.2 * share,
                "alpha": 0.35 + 0.6 * share,
                "patchA": boxes[parent],  # arrows end where boxes begin
                "patchB": boxes[child],
                "shrinkA": 0,
                "shrinkB": 1,
                "connectionstyle": f"arc3,rad={bend}",
            },
        )
    ax.set_xlim(places[:, 0].min() - 0.7, places[:, 0].max() + 0.7)
    ax.set_ylim(places[:, 1].min() - 0.6, places[:, 1].max() + 0.6)
    ax.set_axis_off()
    return ax


def layout(parents: Parents, widest: int = 7) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return a place (x, y) for each variable: parents above children, few crossings.

    Each variable stands one layer below its lowest parent; a layer of more than `widest`
    variables is spread over several rows. Within a layer variables follow the mean place of
    their parents.

    Examples
    --------
    >>> layout(((), (0,), (0,))).tolist()
    [[0.0, 0.0], [-0.5, -1.0], [0.5, -1.0]]
    """
    depth = [0] * len(parents)
    for v in topological(parents):
        depth[v] = 1 + max((depth[p] for p in parents[v]), default=-1)
    places = np.zeros((len(parents), 2))
    line = 0
    for level in range(max(depth) + 1):
        members = [v for v in range(len(parents)) if depth[v] == level]
        pull = {v: float(np.mean([places[p, 0] for p in parents[v]] or [0])) for v in members}
        members.sort(key=lambda v: pull[v])
        rows = -(-len(members) // widest)
        for row in range(rows):
            part = members[row::rows]
            for at, v in enumerate(part):
                places[v] = at - (len(part) - 1) / 2, -line
            line += 1
    return places
