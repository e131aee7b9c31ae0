"""What a fitted tree knows, in one place: the nodes, what their codes mean, and the classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from crmlib.counts import Attribute
from crmlib.tree.criteria import CRITERIA, xlogx
from crmlib.tree.structure import Floats, Ints, Tree


@dataclass(frozen=True, eq=False)
class Model:
    """A tree with the names of its attributes, values and classes.

    Parameters
    ----------
    tree : Tree
    attributes : tuple of Attribute
    classes : array of shape (n_classes,)
    class_weight : array of shape (n_classes,)
    criterion : str
    """

    tree: Tree
    attributes: tuple[Attribute, ...]
    classes: npt.NDArray[Any]
    class_weight: Floats
    criterion: str

    @cached_property
    def value(self) -> Floats:
        """What each node decides by: weighted class counts times class weights.

        A node whose classes all weigh nothing takes over from the node above.
        """
        value = self.tree.weighted * self.class_weight
        for node in np.flatnonzero(value.sum(axis=1) == 0):
            value[node] = value[max(self.tree.parent[node], 0)]
        return np.asarray(value)

    @cached_property
    def share(self) -> Floats:
        """Class probabilities at each node."""
        total = self.value.sum(axis=1, keepdims=True)
        return np.asarray(self.value / np.where(total > 0, total, 1.0))

    @cached_property
    def decision(self) -> Ints:
        """Class each node decides for, by position."""
        return np.asarray(np.argmax(self.value, axis=1))

    @cached_property
    def risk(self) -> Floats:
        """Share of the training weight at each node times its impurity, in bits."""
        guiasu = CRITERIA[self.criterion].guiasu
        counts = self.tree.weighted if guiasu else self.value
        weight = self.class_weight if guiasu else np.ones(len(self.classes))
        total = counts.sum(axis=1)
        logs = np.log2(total, out=np.zeros_like(total), where=total > 0)
        bits = (counts @ weight) * logs - xlogx(counts) @ weight
        return np.asarray(bits / total[0])

    def label(self, node: int) -> str:
        """Return the class a node decides for."""
        return str(self.classes[self.decision[node]])

    def condition(self, node: int) -> str:
        """Return how one gets from the node above to this one, such as "contract = monthly"."""
        above = int(self.tree.parent[node])
        if above < 0:
            return ""
        attribute = self.attributes[self.tree.attribute[above]]
        return condition(attribute, self.tree.codes(node))

    def value_text(self, node: int) -> str:
        """Return the value of the split above that leads here, such as "monthly"."""
        attribute = self.attributes[self.tree.attribute[self.tree.parent[node]]]
        return ", ".join(attribute.labels_of(self.tree.codes(node)))

    def sentence(self, node: int) -> str:
        """Return all conditions from the root to the node."""
        conditions = [self.condition(at) for at in self.tree.path(node)[1:]]
        return " and ".join(conditions) or "always"


def exact(value: float) -> str:
    """Return a number as short as it can be written without changing it."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def condition(attribute: Attribute, codes: Sequence[int]) -> str:
    """Return what codes say about their attribute.

    Examples
    --------
    >>> calls = Attribute.of_edges("calls", [2, 5])
    >>> condition(calls, [1]), condition(calls, [1, 2, 3])
    ('2 < calls <= 5', '(calls > 2 or calls is missing)')
    """
    parts = [_known(attribute, run) for run in attribute.runs(codes)]
    if attribute.missing in codes:
        parts.append(f"{attribute.name} is missing")
    return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"


def _known(attribute: Attribute, run: Sequence[int]) -> str:
    """Return what a run of codes says: values of a category, or neighboring ranges."""
    name = attribute.name
    if attribute.edges is None:
        values = ", ".join(str(attribute.levels[code]) for code in run)
        return f"{name} = {values}" if len(run) == 1 else f"{name} in {{{values}}}"
    edges = [exact(edge) for edge in attribute.edges]
    above = f"{edges[run[0] - 1]} < " if run[0] else ""
    if run[-1] < len(edges):
        return f"{above}{name} <= {edges[run[-1]]}"
    return f"{name} > {edges[run[0] - 1]}" if above else f"{name} is known"
