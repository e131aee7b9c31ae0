"""Counting the levels of a growing tree in a database."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib._checks import optional
from crmlib.counts.levels import Edges, Ints, LevelCounts, slot_offsets
from crmlib.counts.queries import grouped, small_tables
from crmlib.counts.sql import CodedTable, refuse_unseen

if TYPE_CHECKING:
    import ibis.expr.types as ir


class SqlCounter:
    """The level counter of a database table.

    Nothing is stored there: every level counts the table anew, after joins with small tables
    that say how the nodes so far were split.
    """

    packed = False

    def __init__(self, source: CodedTable, target: Hashable, weight: str | None = None) -> None:
        self._source, self._weight = source, weight
        self._target = source.position(target)
        self._places = [p for p in range(len(source.attributes)) if p != self._target]
        attributes = [source.attributes[place] for place in self._places]
        self.offsets = slot_offsets([attribute.size for attribute in attributes])
        self.n_classes = len(source.attributes[self._target].levels)
        self.n_nodes = 1
        self._levels: list[tuple[Any, Any]] = []
        self._fractional = False
        self._level: LevelCounts | None = None

    def counts(self, start: int, stop: int) -> LevelCounts:
        """Return the counts of the frontier's nodes `start` to `stop`."""
        if self._level is None:
            self._level = self._count()
        whole = self._level
        rows = whole.rows[start:stop]
        same = whole.weighted is whole.rows
        return LevelCounts(rows, rows if same else whole.weighted[start:stop])

    def descend(self, split: Ints, edges: Edges, n_children: int) -> None:
        """Remember where the rows go; the next count follows them."""
        import pyarrow as pa

        nodes = np.flatnonzero(split >= 0)
        small = np.int32
        self._levels.append(
            (
                pa.table({"at": nodes.astype(small), "split": split[nodes].astype(small)}),
                pa.table(
                    {
                        "at": edges.node.astype(small),
                        "by": edges.code.astype(small),
                        "child": edges.child.astype(small),
                        "share": edges.share,
                    }
                ),
            )
        )
        self._fractional |= bool((edges.share != 1).any())
        self.n_nodes, self._level = n_children, None

    def _count(self) -> LevelCounts:
        """Ask the database for the tables of the whole frontier."""
        shape = (self.n_nodes, int(self.offsets[-1]), self.n_classes)
        rows = np.zeros(shape)
        weighted = rows if self._weight is None else np.zeros(shape)
        sums = [*(["s"] if self._fractional else []), *(["w"] if self._weight else [])]
        frames = [frame for level in self._levels for frame in level]
        with small_tables(self._source.table.get_backend(), frames) as lent:
            base = self._descended(lent)
            sets = [["node", f"c{place}", f"c{self._target}"] for place in self._places]
            for number, (node, code, label), counted in grouped(base, sets, sums):
                refuse_unseen(code, self._source.attributes[self._places[number]])
                cells = (node, self.offsets[number] + code, label)
                rows[cells] = counted[1 if self._fractional else 0]
                if self._weight is not None:
                    weighted[cells] = counted[-1]
        return LevelCounts(rows, weighted)

    def _descended(self, lent: Sequence[ir.Table]) -> ir.Table:
        """Return the coded table with the node each row has reached, and its share there."""
        ibis = optional("ibis", "scale")
        base = self._source.coded(self._weight)
        base = base.filter(base[f"c{self._target}"] < self.n_classes)
        kept = list(base.columns)
        base = base.mutate(node=ibis.literal(0, type="int32"))
        if self._fractional:
            base = base.mutate(s=ibis.literal(1.0))
        for (splits, _), nodes, edges in zip(self._levels, lent[::2], lent[1::2], strict=True):
            at = base.join(nodes, base.node == nodes.at)
            used = np.unique(splits["split"].to_numpy()).tolist()
            by = {split: at[f"c{self._places[split]}"] for split in used}
            code = at["split"].cases(*by.items(), else_=-1)
            at = at.mutate(code=code).drop("at", "split")
            moved = at.join(edges, (at.node == edges.at) & (at.code == edges.by))
            changed = {"node": moved["child"]}
            if self._fractional:
                changed["s"] = moved["s"] * moved["share"]
            base = moved.select(*kept, **changed)
        if self._fractional and self._weight is not None:
            base = base.mutate(w=base["w"] * base["s"])
        return base
