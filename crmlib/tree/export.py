"""The tree as rules, text, a Graphviz graph and SQL."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmlib._checks import listed
from crmlib.counts import Attribute
from crmlib.tree.model import Model


def rules(model: Model) -> pd.DataFrame:
    """Return a row for every way to stop: the leaves, in the order a reader meets them."""
    tree = model.tree
    everyone = tree.rows[0].sum()
    records = []
    for node in _leaves_in_order(model, 0):
        counts = tree.rows[node]
        label = model.decision[node]
        total = counts.sum()
        confidence = counts[label] / total
        base = tree.rows[0, label] / everyone
        records.append(
            {
                "condition": model.sentence(node),
                "class": model.classes[label],
                "rows": total,
                "support": total / everyone,
                "confidence": confidence,
                "lift": confidence / base if base > 0 else np.nan,
                **{f"n({name})": count for name, count in zip(model.classes, counts, strict=True)},
                "node": node,
            }
        )
    table = pd.DataFrame(records)
    whole = ["rows", *(f"n({name})" for name in model.classes)]
    if (table[whole] % 1 == 0).all(axis=None):
        table[whole] = table[whole].astype("int64")
    return table


def _leaves_in_order(model: Model, node: int) -> list[int]:
    """Return the leaves below a node, branches in the order of their codes."""
    found, pending = [], [node]
    while pending:
        at = pending.pop()
        if model.tree.attribute[at] < 0:
            found.append(at)
        else:
            pending += reversed(model.tree.children(at).values())
    return found


def to_text(model: Model, max_depth: int | None = None) -> str:
    """Return the tree as lines, each branch indented under its split."""
    lines = []
    # Node, what leads to the line's text, and what its own branches are indented by.
    pending = [(0, "", "")]
    while pending:
        node, lead, indent = pending.pop()
        cut = max_depth is not None and model.tree.depth[node] >= max_depth
        lines.append(lead + _line(model, node, cut=cut))
        if model.tree.attribute[node] < 0 or cut:
            continue
        below = list(model.tree.children(node).values())
        branches = []
        for child in below:
            last = child == below[-1]
            lead = f"{indent}{'└── ' if last else '├── '}{model.value_text(child)}: "
            branches.append((child, lead, indent + ("    " if last else "│   ")))
        pending += reversed(branches)
    return "\n".join(lines)


def _line(model: Model, node: int, *, cut: bool) -> str:
    """Return what a node says of itself: its split, or its decision."""
    attribute = model.tree.attribute[node]
    if attribute >= 0 and not cut:
        return str(model.attributes[attribute].name)
    more = " ..." if attribute >= 0 else ""
    return decision_text(model, node) + more


def decision_text(model: Model, node: int) -> str:
    """Return the decision at a node, its rows and its class's share: "stay (2 rows, 100%)"."""
    counts = model.tree.rows[node]
    total = counts.sum()
    share = counts[model.decision[node]] / total
    noun = "row" if total == 1 else "rows"
    return f"{model.label(node)} ({total:,.10g} {noun}, {share:.0%})"


def to_graphviz(model: Model, max_depth: int | None = None) -> str:
    """Return the tree in the DOT language: a box a node, colored by its decision."""
    from crmlib.plots import PALETTE

    colors = list(PALETTE.values())
    lines = [
        "digraph tree {",
        '  node [shape=box, style="rounded,filled", fontname="sans-serif", fillcolor="white"];',
        '  edge [fontname="sans-serif"];',
    ]
    pending = [0]
    while pending:
        node = pending.pop(0)
        cut = max_depth is not None and model.tree.depth[node] >= max_depth
        color = colors[int(model.decision[node]) % len(colors)]
        text = _dot(_line(model, node, cut=cut))
        lines.append(f'  n{node} [label="{text}", color="{color}", penwidth=2];')
        if model.tree.attribute[node] < 0 or cut:
            continue
        for child in model.tree.children(node).values():
            lines.append(f'  n{node} -> n{child} [label="{_dot(model.value_text(child))}"];')
            pending.append(child)
    return "\n".join([*lines, "}"])


def _dot(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def to_sql(model: Model, output: str = "class", quote: str = '"') -> str:
    """Return nested CASE expressions that give the tree's predictions.

    A value that leads nowhere falls through to the node's own answer, as in `predict`.

    Raises
    ------
    ValueError
        If `output` is neither "class" nor a class, or missing values go down several branches.
    """
    if model.tree.fractional:
        raise ValueError(
            "missing='fractional' has no CASE expression: a missing value takes every branch. "
            "Fit with missing='branch' to predict in SQL."
        )
    if output == "class":
        answers = [_literal(label) for label in model.classes[model.decision].tolist()]
    else:
        names = [str(label) for label in model.classes]
        if str(output) not in names:
            raise ValueError(f"output must be 'class' or one of {listed(names)}; got {output!r}.")
        answers = [_literal(float(p)) for p in model.share[:, names.index(str(output))]]

    # Children come after their parents, so written backwards every child is ready.
    text: dict[int, str] = {}
    for node in range(len(model.tree) - 1, -1, -1):
        at = int(model.tree.attribute[node])
        if at < 0:
            text[node] = answers[node]
            continue
        attribute = model.attributes[at]
        column = _column(attribute, quote)
        branches = [
            f"WHEN {_test(attribute, column, model.tree.codes(child))} THEN {text.pop(child)}"
            for child in model.tree.children(node).values()
        ]
        text[node] = f"CASE {' '.join(branches)} ELSE {answers[node]} END"
    return text[0]


def _column(attribute: Attribute, quote: str) -> str:
    end = {"[": "]"}.get(quote, quote)
    return quote + str(attribute.name).replace(end, end * 2) + end


def _test(attribute: Attribute, column: str, codes: list[int]) -> str:
    """Return the SQL condition for codes; comparisons with NULL are never true."""
    # NaN is the one value that is over every number and different from itself elsewhere.
    floating = attribute.dtype.startswith(("float", "Float"))
    nan = f"{column} = CAST('NaN' AS DOUBLE PRECISION)" if floating else ""
    tests = [_known(attribute, column, nan, run) for run in attribute.runs(codes)]
    if attribute.missing in codes:
        tests.append(f"({column} IS NULL{nan and f' OR {nan}'})")
    return tests[0] if len(tests) == 1 else f"({' OR '.join(tests)})"


def _known(attribute: Attribute, column: str, nan: str, run: list[int]) -> str:
    """Return the SQL condition for values of a category, or for neighboring ranges."""
    if attribute.edges is None:
        values = ", ".join(_literal(attribute.levels[code]) for code in run)
        return f"{column} = {values}" if len(run) == 1 else f"{column} IN ({values})"
    edges = attribute.edges
    parts = []
    if run[0] > 0:
        parts.append(f"{column} > {_literal(float(edges[run[0] - 1]))}")
    if run[-1] < len(edges):
        parts.append(f"{column} <= {_literal(float(edges[run[-1]]))}")
    elif nan:
        parts.append(f"NOT {nan}")
    return " AND ".join(parts) or f"{column} IS NOT NULL"


def _literal(value: Any) -> str:
    """Return a value as SQL writes it; the exponent makes a number double precision."""
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        text = repr(value)
        return text if "e" in text else f"{text}e0"
    if isinstance(value, int | np.integer):
        return str(int(value))
    return "'" + str(value).replace("'", "''") + "'"


def alt_text(model: Model) -> str:
    """Return what the plot shows in a few sentences."""
    tree = model.tree
    if len(tree) == 1:
        return f"A decision tree without splits: {decision_text(model, 0)}."
    top = model.attributes[tree.attribute[0]].name
    parts = []
    for child in tree.children(0).values():
        below = tree.attribute[child]
        then = (
            decision_text(model, child)
            if below < 0
            else f"splits on {model.attributes[below].name}"
        )
        parts.append(f"{model.value_text(child)}: {then}")
    n_rows = f"{tree.rows[0].sum():,.10g}"
    return (
        f"Decision tree of {n_rows} rows with {len(tree.leaves)} leaves and depth "
        f"{int(tree.depth.max())}. The first split is on {top}. " + "; ".join(parts) + "."
    )
