"""A fitted tree as JSON, readable by people and other programs, and back without pickle.

The document is one object::

    {"format": "crmlib tree", "version": 1,
     "parameters": {...},             constructor arguments of the classifier
     "classes": [...],                in the order of all counts
     "class_dtype": "...",            as NumPy names it
     "class_weight": [...],
     "criterion": "gain",
     "named": true,                   whether columns are known by name, not by place
     "attributes": [                  one per column, in order
       {"name", "levels", "edges", "dtype", "ordered"}],
     "fractional": false,
     "nodes": [                       breadth-first, the root first
       {"parent": -1, "code": -1,     which branch of the node above
        "attribute": 0,               what it splits on; -1 at a leaf
        "rows": [...], "weighted": [...],          by class
        "gains": [...], "split_info": [...]}]}     by attribute, null where not measured

A value's code is its place in the attribute's levels; a missing value has the next code. With
edges, the code is the number of edges below the value. To predict, start at the root and follow
the child whose code is that of the node's attribute until there is none; the answer is the class
with the largest weighted count times class weight.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from crmlib.counts import Attribute
from crmlib.tree.model import Model
from crmlib.tree.structure import Tree

FORMAT = "crmlib tree"
VERSION = 1


def to_json(model: Model, parameters: Mapping[str, Any], named: bool) -> str:
    """Return the document described above.

    Raises
    ------
    TypeError
        If a parameter, level or class is neither text, number nor truth value.
    """
    tree = model.tree
    document = {
        "format": FORMAT,
        "version": VERSION,
        "parameters": {name: _plain(value, name) for name, value in parameters.items()},
        "classes": _plain(model.classes, "classes"),
        "class_dtype": str(model.classes.dtype),
        "class_weight": model.class_weight.tolist(),
        "criterion": model.criterion,
        "named": named,
        "attributes": [attribute.to_dict() for attribute in model.attributes],
        "fractional": tree.fractional,
        "nodes": [
            {
                "parent": int(tree.parent[node]),
                "code": int(tree.code[node]),
                "attribute": int(tree.attribute[node]),
                "rows": tree.rows[node].tolist(),
                "weighted": tree.weighted[node].tolist(),
                "gains": _measured(tree, node, tree.gains),
                "split_info": _measured(tree, node, tree.split_info),
            }
            for node in range(len(tree))
        ],
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def from_json(text: str) -> tuple[dict[str, Any], Model, bool]:
    """Return the constructor arguments and the model of a document, and if columns have names.

    Raises
    ------
    ValueError
        If the text is no such document, or of another version.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"This is no JSON: {error}.") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"This is no document of the format {FORMAT!r}.")
    if document.get("version") != VERSION:
        raise ValueError(
            f"The document has version {document.get('version')}; this crmlib reads {VERSION}."
        )
    attributes = tuple(Attribute.from_dict(record) for record in document["attributes"])
    nodes = document["nodes"]
    split = np.array([node["attribute"] for node in nodes], dtype=np.intp)
    parent = np.array([node["parent"] for node in nodes], dtype=np.intp)
    code = np.array([node["code"] for node in nodes], dtype=np.intp)
    if len(nodes) == 0 or (parent >= np.arange(len(nodes))).any() or split.max() >= len(attributes):
        raise ValueError("The document's nodes are not in breadth-first order.")
    sizes = np.array([attribute.missing + 2 for attribute in attributes], dtype=np.intp)
    first = np.concatenate([[0], np.cumsum(np.where(split >= 0, sizes[split], 0))])
    branch = np.full(first[-1], -1, dtype=np.intp)
    below = np.arange(1, len(nodes))
    branch[first[parent[below]] + code[below]] = below
    depth = np.zeros(len(nodes), dtype=np.intp)
    for node in below:
        depth[node] = depth[parent[node]] + 1
    known = np.array([node["gains"] is not None for node in nodes])
    measured = np.where(known, np.cumsum(known) - 1, -1)
    tree = Tree(
        attribute=split,
        parent=parent,
        code=code,
        depth=depth,
        rows=_rows(nodes, "rows", len(document["classes"])),
        weighted=_rows(nodes, "weighted", len(document["classes"])),
        first=first,
        branch=branch,
        fractional=document["fractional"],
        measured=measured,
        gains=_rows(nodes, "gains", len(attributes)),
        split_info=_rows(nodes, "split_info", len(attributes)),
    )
    model = Model(
        tree,
        attributes,
        np.array(document["classes"], dtype=document["class_dtype"]),
        np.array(document["class_weight"], dtype=np.float64),
        document["criterion"],
    )
    parameters = {name: _back(value) for name, value in document["parameters"].items()}
    return parameters, model, document["named"]


def _measured(tree: Tree, node: int, values: Any) -> list[float] | None:
    row = tree.measured[node]
    return None if row < 0 else values[row].tolist()


def _rows(nodes: list[dict[str, Any]], field: str, width: int) -> Any:
    known = [node[field] for node in nodes if node[field] is not None]
    return np.array(known, dtype=np.float64).reshape(-1, width)


def _plain(value: Any, where: str) -> Any:
    """Return a value JSON keeps; a mapping becomes pairs, so that keys keep their type."""
    if isinstance(value, Mapping):
        return {"pairs": [[_plain(k, where), _plain(v, where)] for k, v in value.items()]}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item, where) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{where} is {value!r}: only text, numbers and truth values can be written.")


def _back(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _back(item) for key, item in value["pairs"]}
    return value
