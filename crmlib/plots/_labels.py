"""Names beside points, each on the side where it lies on no other name or point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

#: Offset in points, and how the text is aligned there; tried in this order.
_SIDES = (
    ((6, 4), "left", "bottom"),
    ((6, -4), "left", "top"),
    ((-6, 4), "right", "bottom"),
    ((-6, -4), "right", "top"),
)


def label_points(ax: Axes, x: ArrayLike, y: ArrayLike, names: Sequence[str]) -> Axes:
    """Write a name beside each point; the limits of `ax` must be set by then.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> ax = label_points(ax, [0.5, 0.51], [0.5, 0.5], ["one", "two"])
    >>> [text.get_ha() for text in ax.texts]
    ['right', 'left']
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    points = ax.transData.transform(np.column_stack([x, y]))
    # Every point keeps its own place free, some six pixels around.
    taken = [(px - 6, py - 6, px + 6, py + 6) for px, py in points]
    for at, name in enumerate(names):
        others = taken[:at] + taken[at + 1 :]
        best, fewest = _SIDES[0], float("inf")
        for side in _SIDES:
            text = ax.annotate(
                name, (x[at], y[at]), side[0], textcoords="offset points", ha=side[1], va=side[2]
            )
            box = text.get_window_extent()
            text.remove()
            hits = sum(_meet((box.x0, box.y0, box.x1, box.y1), other) for other in others)
            if hits < fewest:
                best, fewest = side, hits
        text = ax.annotate(
            name, (x[at], y[at]), best[0], textcoords="offset points", ha=best[1], va=best[2]
        )
        box = text.get_window_extent()
        taken.append((box.x0, box.y0, box.x1, box.y1))
    return ax


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
