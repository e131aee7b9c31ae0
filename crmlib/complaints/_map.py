"""The map of a process: states in rows by their distance from the receipt, ends at the sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib.complaints.process import Process
from crmlib.plots import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _HEIGHT = 1.5, 0.42
_SIDE = 2.45


def draw(steps: Process, table: pd.DataFrame, ax: Axes | None) -> Axes:
    """Draw states as boxes and moves as arrows with their counts."""
    rows = _rows(steps)
    ends = [name for name, state in steps.states.items() if state.final]
    at = {
        name: ((i - (len(row) - 1) / 2) * 2.0, -1.0 * y)
        for y, row in enumerate(rows)
        for i, name in enumerate(row)
    }
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.subplots(figsize=(6.8, 0.85 * len(rows) + 0.6))[1]
    sides = {name: (-1 if i % 2 == 0 else 1) for i, name in enumerate(ends)}
    _draw_ends(ax, table, at, sides)
    for name, (x, y) in at.items():
        _box(ax, name, x, y, _WIDTH, _HEIGHT)
    top = max(table["cases"].max(), 1)
    for before, after, cases, legal in table.itertuples(index=False):
        color = PALETTE["vermilion"] if not legal else PALETTE["blue"] if cases else "#B8B8B8"
        look = {
            "color": color,
            "linestyle": "-" if legal else "--",
            "linewidth": 1.0 + 3.0 * (cases / top) ** 0.5 if cases else 0.8,
        }
        start, end, bend = _route(at, sides, before, after)
        _arrow(ax, start, end, bend, f"{cases:,}" if cases else "", look)
    ax.set(xlim=(-_SIDE - 0.65, _SIDE + 0.65), ylim=(-len(rows) + 0.45, 0.6), aspect="equal")
    ax.axis("off")
    return ax


def _rows(steps: Process) -> list[list[str]]:
    """Put the states that are no ends in rows, by the number of moves from the start."""
    depth = {steps.start: 0}
    todo = [steps.start]
    for name in todo:
        for after in steps.states[name].next:
            if after not in depth:
                depth[after] = depth[name] + 1
                todo.append(after)
    rows: dict[int, list[str]] = {}
    for name, state in steps.states.items():
        if not state.final:
            rows.setdefault(depth[name], []).append(name)

    def back(name: str) -> int:
        return sum(depth[after] <= depth[name] for after in steps.states[name].next)

    # States that lead back stand on the left, so that the way forward is a line on the right.
    return [sorted(rows[y], key=back, reverse=True) for y in sorted(rows)]


def _draw_ends(
    ax: Axes, table: pd.DataFrame, at: dict[str, tuple[float, float]], sides: dict[str, int]
) -> None:
    """Draw each end as a bar along the states that lead to it, with its name upright."""
    for name, side in sides.items():
        levels = [at[before][1] for before in table.loc[table["to"] == name, "from"]]
        high, low = max(levels, default=0.0), min(levels, default=0.0)
        _box(ax, name, side * _SIDE, (high + low) / 2, 0.42, high - low + _HEIGHT, upright=True)


def _box(
    ax: Axes, name: str, x: float, y: float, width: float, height: float, *, upright: bool = False
) -> None:
    from matplotlib.patches import FancyBboxPatch

    shape = FancyBboxPatch(
        (x - width / 2, y - height / 2), width, height, boxstyle="round,pad=0,rounding_size=0.1",
        facecolor="#E8E8E8" if upright else "white", edgecolor="#222222", linewidth=1, zorder=3,
    )  # fmt: skip
    ax.add_patch(shape)
    ax.text(
        x, y, name.replace(" ", "\n", 1) if len(name) > 16 and not upright else name,
        ha="center", va="center", rotation=90 if upright else 0, fontsize=9, zorder=4,
    )  # fmt: skip


def _route(
    at: dict[str, tuple[float, float]], sides: dict[str, int], before: str, after: str
) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Return where a move starts and ends, and how far it bends."""
    x, y = at[before]
    half = _WIDTH / 2
    if after in sides:
        side = sides[after]
        alone = not any(level == y and side * (other - x) > 0 for other, level in at.values())
        # A neighbor in the way is passed below.
        start = (x + side * half, y) if alone else (x, y - _HEIGHT / 2)
        end = (side * (_SIDE - 0.21), y if alone else y - 0.36)
        return start, end, 0.0 if alone else side * 0.25
    u, v = at[after]
    if v == y:
        side = 1 if u > x else -1
        lift = 0.1 * side
        return (x + side * half, y + lift), (u - side * half, v + lift), 0.0
    if v < y:
        return (x, y - _HEIGHT / 2), (u, v + _HEIGHT / 2), 0.0
    # Back: along the left of the column, or slanting across.
    if u == x:
        return (x - half, y), (u - half, v), -0.45
    return (x - half / 2, y + _HEIGHT / 2), (u + half / 2, v - _HEIGHT / 2), 0.12


def _arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    bend: float,
    text: str,
    look: dict[str, Any],
) -> None:
    from matplotlib.patches import FancyArrowPatch

    arrow = FancyArrowPatch(
        start, end, arrowstyle="-|>", mutation_scale=11, shrinkA=0, shrinkB=1,
        connectionstyle=f"arc3,rad={bend}", zorder=2, **look,
    )  # fmt: skip
    ax.add_patch(arrow)
    if text:
        # The middle of the curve; arc3 bends to the side by half of its radius.
        x = (start[0] + end[0]) / 2 + bend * (end[1] - start[1]) / 2
        y = (start[1] + end[1]) / 2 - bend * (end[0] - start[0]) / 2
        ax.text(
            x, y, text, ha="center", va="center", fontsize=9, zorder=5, color="#222222",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
