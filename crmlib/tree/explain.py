"""Why the tree is as it is, why it decides as it does, and what would change its mind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from crmlib._checks import listed
from crmlib.counts import Codes
from crmlib.tree.model import Model, condition
from crmlib.tree.structure import Floats, Ints


def gain_table(model: Model, node: int = 0) -> pd.DataFrame:
    """Return gain, split information and gain ratio of every attribute at a node.

    Raises
    ------
    ValueError
        If there is no such node, or it was too small or too pure to be measured.
    """
    tree = model.tree
    if not 0 <= node < len(tree):
        raise ValueError(f"There is no node {node}; the tree has nodes 0 to {len(tree) - 1}.")
    if tree.measured[node] < 0:
        raise ValueError(
            f"Node {node} ({model.sentence(node)}) was not measured: it holds one class, too few "
            "rows, or lies at the greatest depth."
        )
    gain, info = tree.gains[tree.measured[node]], tree.split_info[tree.measured[node]]
    ratio = np.divide(gain, info, out=np.zeros_like(gain), where=info > 0)
    table = pd.DataFrame(
        {
            "gain (bits)": gain,
            "split information (bits)": info,
            "gain ratio": ratio,
            "chosen": np.arange(len(gain)) == tree.attribute[node],
        },
        index=pd.Index([attribute.name for attribute in model.attributes], name="attribute"),
    )
    return table.sort_values("gain (bits)", ascending=False, kind="stable")


def steps(model: Model) -> pd.DataFrame:
    """Return the splits, first to last: where, by what, and what was gained."""
    tree = model.tree
    splits = np.flatnonzero(tree.attribute >= 0)
    rows = tree.rows[splits].sum(axis=1)
    if (rows % 1 == 0).all():  # fractional only where missing values go down all branches
        rows = rows.astype(np.int64)
    return pd.DataFrame(
        {
            "node": splits,
            "condition": [model.sentence(int(node)) for node in splits],
            "split": [model.attributes[tree.attribute[node]].name for node in splits],
            "gain (bits)": tree.gains[tree.measured[splits], tree.attribute[splits]],
            "rows": rows,
        },
        index=pd.RangeIndex(1, len(splits) + 1, name="step"),
    )


def importances(model: Model) -> Floats:
    """Return each attribute's share of all gain, splits weighed by what reaches them."""
    tree = model.tree
    splits = np.flatnonzero(tree.attribute >= 0)
    reach = model.value[splits].sum(axis=1)
    gained = reach * tree.gains[tree.measured[splits], tree.attribute[splits]]
    total = np.bincount(tree.attribute[splits], gained, len(model.attributes))
    return np.asarray(total / total.sum() if total.sum() > 0 else total)


def decision_path(model: Model, codes: Codes, at: Ints) -> pd.DataFrame:
    """Return the nodes each row passes, with what the training rows there were.

    Where missing values go down several branches, the path ends at the node that meets one.
    """
    records = []
    for label, last in zip(codes.index, at, strict=True):
        for step, node in enumerate(model.tree.path(int(last))):
            records.append(
                {
                    "row": label,
                    "step": step,
                    "node": node,
                    "condition": model.condition(node) or "everyone",
                    "rows": model.tree.rows[node].sum(),
                    **{
                        f"P({name})": share
                        for name, share in zip(model.classes, model.share[node], strict=True)
                    },
                    "class": model.classes[model.decision[node]],
                }
            )
    return pd.DataFrame(records).set_index(["row", "step"])


def what_would_change(
    model: Model, codes: Codes, wanted: Any, fixed: Iterable[Any], most: int
) -> pd.DataFrame:
    """Return the least changes to one row that would lead to another decision.

    Every leaf of the wanted class is a way there; its changes are the attributes on its path
    where the row has another value. Fewest changes come first, then the surest leaf.

    Raises
    ------
    ValueError
        If there is not exactly one row, or `wanted` or `fixed` name nothing known.
    """
    if len(codes) != 1:
        raise ValueError(f"row must be one row, got {len(codes)}.")
    names = [attribute.name for attribute in model.attributes]
    strange = [name for name in fixed if name not in names]
    if strange:
        raise ValueError(f"fixed names {listed(strange)}; there are {listed(names)}.")
    classes = model.classes.tolist()
    if wanted is not None and wanted not in classes:
        raise ValueError(f"wanted must be one of {listed(classes)}; got {wanted!r}.")
    own = codes.matrix[:, 0]
    present = int(model.decision[_stop(model, own)])
    goal = None if wanted is None else classes.index(wanted)
    frozen = {names.index(name) for name in fixed}
    records = []
    for leaf in model.tree.leaves:
        label = int(model.decision[leaf])
        if label == present if goal is None else label != goal:
            continue
        changes = _changes(model, int(leaf), own)
        if any(attribute in frozen for attribute, _ in changes):
            continue
        records.append(
            {
                "changes": len(changes),
                "what": " and ".join(
                    condition(model.attributes[attribute], codes) for attribute, codes in changes
                )
                or "nothing",
                "class": model.classes[label],
                "probability": model.share[leaf, label],
                "node": int(leaf),
            }
        )
    table = pd.DataFrame(records, columns=["changes", "what", "class", "probability", "node"])
    ordered = table.sort_values(
        ["changes", "probability", "node"], ascending=[True, False, True], ignore_index=True
    )
    return ordered.head(most)


def _stop(model: Model, own: Any) -> int:
    """Return the node at which a row of codes stops."""
    node = 0
    while (attribute := int(model.tree.attribute[node])) >= 0:
        child = int(model.tree.branch[model.tree.first[node] + own[attribute]])
        if child < 0:
            break
        node = child
    return node


def _changes(model: Model, leaf: int, own: Any) -> list[tuple[int, list[int]]]:
    """Return attribute and codes of each step to the leaf that the row does not take by itself."""
    tree = model.tree
    found = []
    for node in tree.path(leaf)[1:]:
        attribute = int(tree.attribute[tree.parent[node]])
        codes = tree.codes(node)
        if own[attribute] not in codes:
            found.append((attribute, codes))
    return found
