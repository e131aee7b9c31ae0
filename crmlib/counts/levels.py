"""What a tree asks of a table while it grows: the counts of one level, then the next.

A learner that grows level by level needs nothing but class counts. It holds a frontier of nodes,
asks for the table (attribute value x class) at each, decides, and says where the rows go. The
engines differ only in how they count; a learner cannot tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class LevelCounts:
    """Class counts at some nodes of the frontier, all attributes side by side.

    Parameters
    ----------
    rows : array of shape (n_nodes, n_slots, n_classes)
        Rows, unweighted; fractions where a row with a missing value went down several branches.
    weighted : array of the same shape
        Sum of the rows' weights; the same array as `rows` where there are none.
    """

    rows: Floats
    weighted: Floats


@dataclass(frozen=True)
class Edges:
    """Where the rows of the frontier go: one entry per branch that leads to the next frontier.

    Rows at `node` whose split attribute has `code` go to node `child` of the next frontier with
    `share` of their weight. A code with several entries sends its rows down all of them.
    """

    node: Ints
    code: Ints
    child: Ints
    share: Floats


class LevelCounter(Protocol):
    """Counts the current frontier of a growing tree; the frontier starts as the root.

    Attribute a owns the slots ``offsets[a]`` to ``offsets[a + 1]``, one for each of its codes.
    """

    offsets: Ints
    n_classes: int
    n_nodes: int
    #: Whether the rows lie packed, as in `crmlib.counts.packed`.
    packed: bool

    def counts(self, start: int, stop: int) -> LevelCounts:
        """Return the counts of the frontier's nodes `start` to `stop`."""

    def descend(self, split: Ints, edges: Edges, n_children: int) -> None:
        """Move the rows on: node i split by attribute ``split[i]`` (-1: its rows stay behind)."""


def slot_offsets(sizes: Any) -> Ints:
    """Return where each attribute's slots begin, and the end of the last.

    Examples
    --------
    >>> slot_offsets([2, 3])
    array([0, 2, 5])
    """
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)


def pack_groups(sizes: Any, limit: int) -> list[list[int]]:
    """Share attributes out into groups whose joint number of values is at most `limit`.

    Counting a group's joint values once and summing is cheaper than counting each attribute.
    First fit, largest first; an attribute too large for any group has one of its own.

    Examples
    --------
    >>> pack_groups([2, 12, 5, 3], limit=24)
    [[1, 0], [2, 3]]
    """
    groups: list[tuple[list[int], int]] = []
    for attribute in sorted(range(len(sizes)), key=lambda a: -int(sizes[a])):
        size = int(sizes[attribute])
        for place, (members, cells) in enumerate(groups):
            if cells * size <= limit:
                groups[place] = ([*members, attribute], cells * size)
                break
        else:
            groups.append(([attribute], size))
    return [members for members, _ in groups]
