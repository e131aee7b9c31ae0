"""Networks as JSON, as BIF and as pgmpy models, and back: never pickle."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import product
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from crmlib._checks import listed, optional
from crmlib.bayes.network import BayesNetwork
from crmlib.bayes.structure import as_parents
from crmlib.counts import Attribute

FORMAT, VERSION = "crmlib bayesian network", 1


def to_json(network: BayesNetwork) -> str:
    """Return the network as JSON: attributes, parents by position, and tables.

    The axes of a table are the parents and then the variable itself.

    Raises
    ------
    TypeError
        If a state is neither text, number nor truth value.
    """
    document = {
        "format": FORMAT,
        "version": VERSION,
        "variables": [
            {**attribute.to_dict(), "parents": list(parents), "table": table.tolist()}
            for attribute, parents, table in zip(
                network.attributes, network.parents, network.tables, strict=True
            )
        ],
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def from_json(text: str) -> BayesNetwork:
    """Rebuild what `to_json` wrote.

    Raises
    ------
    ValueError
        If the text is no such document.
    """
    document = json.loads(text)
    found = document.get("format") if isinstance(document, dict) else None
    if found != FORMAT or document.get("version") != VERSION:
        raise ValueError(
            f"This is no {FORMAT!r} of version {VERSION}: its format is {found!r}, its version "
            f"{document.get('version') if isinstance(document, dict) else None!r}."
        )
    variables = document["variables"]
    return BayesNetwork(
        tuple(Attribute.from_dict(record) for record in variables),
        tuple(tuple(record["parents"]) for record in variables),
        tuple(np.array(record["table"], dtype=np.float64) for record in variables),
    )


def to_bif(network: BayesNetwork, name: str = "crmlib") -> str:
    """Return the network in the Bayesian Interchange Format.

    BIF allows only simple words. Variables and states whose names are none get one
    ("Month-to-month" becomes "Month_to_month"); a property of each variable keeps the original,
    which `from_bif` restores and other programs pass over.
    """
    names = words([str(each) for each in network.names])
    states = [words([str(level) for level in a.levels]) for a in network.attributes]
    lines = [f"network {words([name])[0]} {{", "}"]
    for at, attribute in enumerate(network.attributes):
        kept = quote(json.dumps(attribute.to_dict(), ensure_ascii=False), safe="")
        lines += [
            f"variable {names[at]} {{",
            f"  type discrete [ {len(states[at])} ] {{ {', '.join(states[at])} }};",
            f"  property crmlib = {kept} ;",
            "}",
        ]
    for at, (parents, table) in enumerate(zip(network.parents, network.tables, strict=True)):
        if not parents:
            lines += [f"probability ( {names[at]} ) {{", f"  table {_numbers(table)};", "}"]
            continue
        given = ", ".join(names[p] for p in parents)
        lines.append(f"probability ( {names[at]} | {given} ) {{")
        rows = table.reshape(-1, table.shape[-1])
        for combination, row in zip(product(*(states[p] for p in parents)), rows, strict=True):
            lines.append(f"  ({', '.join(combination)}) {_numbers(row)};")
        lines.append("}")
    return "\n".join(lines) + "\n"


def _numbers(row: Any) -> str:
    return ", ".join(repr(float(value)) for value in row)


def words(texts: Sequence[str]) -> list[str]:
    """Return a different BIF word for each text, the text itself where it is one.

    Examples
    --------
    >>> words(["DSL", "<= 12", "> 12", "12"])
    ['DSL', '_12', '_12_2', '_12_3']
    """
    taken: set[str] = set()
    out = []
    for text in texts:
        word = re.sub(r"\W+", "_", text, flags=re.ASCII).rstrip("_") or "_"
        word = word if re.match(r"[A-Za-z_]", word) else f"_{word}"
        unique, number = word, 1
        while unique in taken:
            number += 1
            unique = f"{word}_{number}"
        taken.add(unique)
        out.append(unique)
    return out


_VARIABLE = re.compile(r"variable\s+([^\s{]+)\s*\{(.*?)\n\s*\}", re.DOTALL)
_STATES = re.compile(r"type\s+discrete\s*\[\s*(\d+)\s*\]\s*\{([^}]*)\}")
_KEPT = re.compile(r"property\s+\"?crmlib\s*=\s*([^\s;\"]+)")
_TABLE = re.compile(r"probability\s*\(([^)]*)\)\s*\{(.*?)\}", re.DOTALL)
_ENTRY = re.compile(r"(?:\(([^)]*)\)|\b(table|default)\b)\s*([^;]+);")


def from_bif(text: str) -> BayesNetwork:
    """Read a network in the Bayesian Interchange Format.

    Raises
    ------
    ValueError
        If a part is missing, unknown or of the wrong length; the message says which.
    """
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    names: list[str] = []
    states: list[list[str]] = []
    attributes = []
    for found in _VARIABLE.finditer(text):
        body = _STATES.search(found[2])
        if body is None:
            raise ValueError(f"BIF variable {found[1]!r} has no discrete states.")
        levels = [level.strip().strip('"') for level in body[2].split(",")]
        if len(levels) != int(body[1]):
            raise ValueError(
                f"BIF variable {found[1]!r} declares {body[1]} states and lists {len(levels)}."
            )
        names.append(found[1].strip('"'))
        states.append(levels)
        kept = _KEPT.search(found[2])
        attributes.append(
            Attribute(names[-1], tuple(levels))
            if kept is None
            else Attribute.from_dict(json.loads(unquote(kept[1])))
        )
        if len(attributes[-1].levels) != len(levels):
            raise ValueError(f"BIF variable {names[-1]!r} has a property that is not its own.")
    if not names:
        raise ValueError("This text holds no BIF variable.")
    sizes = [len(levels) for levels in states]
    parents: dict[int, list[int]] = {}
    tables: dict[int, Any] = {}
    for found in _TABLE.finditer(text):
        child, _, given = found[1].partition("|")
        family = [each.strip().strip('"') for each in [*given.split(","), child] if each.strip()]
        strange = [each for each in family if each not in names]
        if strange:
            raise ValueError(f"BIF table of {child.strip()!r} names {listed(strange)}.")
        places = [names.index(each) for each in family]
        at, above = places[-1], places[:-1]
        table = np.full([sizes[p] for p in places], np.nan)
        for key, word, values in _ENTRY.findall(found[2]):
            row = np.array([float(value) for value in re.split(r"[\s,]+", values.strip())])
            _fill(table, key, word, row, [states[p] for p in above], names[at])
        if np.isnan(table).any():
            raise ValueError(f"BIF table of {names[at]!r} lacks combinations of its parents.")
        order = np.argsort(above).tolist()
        parents[at] = [above[axis] for axis in order]
        tables[at] = table.transpose([*order, len(above)])
    absent = [names[v] for v in range(len(names)) if v not in tables]
    if absent:
        raise ValueError(f"BIF has no table for {listed(absent)}.")
    every = range(len(names))
    return BayesNetwork(
        tuple(attributes),
        tuple(tuple(parents[v]) for v in every),
        tuple(tables[v] for v in every),
    )


def _fill(
    table: Any, key: str, word: str, row: Any, states: Sequence[Sequence[str]], name: str
) -> None:
    """Write one entry of a BIF table: a row, a default, or all numbers at once."""
    if word == "table":
        # All numbers, the child's state slowest.
        if len(row) != table.size:
            raise ValueError(f"BIF table of {name!r} has {len(row)} numbers, not {table.size}.")
        shape = (table.shape[-1], *table.shape[:-1])
        table[...] = np.moveaxis(row.reshape(shape), 0, -1)
        return
    if len(row) != table.shape[-1]:
        raise ValueError(
            f"BIF table of {name!r} has a row of {len(row)} numbers for {table.shape[-1]} states."
        )
    if word == "default":
        table[np.isnan(table).any(axis=-1)] = row
        return
    values = [value.strip().strip('"') for value in key.split(",")]
    if len(values) != len(states) or any(v not in s for v, s in zip(values, states, strict=False)):
        raise ValueError(f"BIF table of {name!r} has a row for unknown states ({key}).")
    table[tuple(s.index(v) for v, s in zip(values, states, strict=True))] = row


def to_pgmpy(network: BayesNetwork) -> Any:
    """Return the network as a pgmpy ``DiscreteBayesianNetwork``; variables and states as text.

    Raises
    ------
    ImportError
        If pgmpy is not installed.
    """
    models = optional("pgmpy.models", "analysis")
    from pgmpy.factors.discrete import TabularCPD

    names = [str(name) for name in network.names]
    states = {
        name: [str(level) for level in attribute.levels]
        for name, attribute in zip(names, network.attributes, strict=True)
    }
    model = models.DiscreteBayesianNetwork()
    model.add_nodes_from(names)
    model.add_edges_from((str(parent), str(child)) for parent, child in network.edges)
    for v, (parents, table) in enumerate(zip(network.parents, network.tables, strict=True)):
        above = [names[p] for p in parents]
        model.add_cpds(
            TabularCPD(
                names[v],
                network.sizes[v],
                table.reshape(-1, network.sizes[v]).T,
                evidence=above or None,
                evidence_card=[network.sizes[p] for p in parents] or None,
                state_names={name: states[name] for name in [names[v], *above]},
            )
        )
    return model


def from_pgmpy(model: Any) -> BayesNetwork:
    """Return a pgmpy ``DiscreteBayesianNetwork`` as a network.

    Raises
    ------
    ValueError
        If a variable has no table.
    """
    names = list(model.nodes())
    tables = {name: model.get_cpds(name) for name in names}
    absent = [name for name in names if tables[name] is None]
    if absent:
        raise ValueError(f"The pgmpy model has no table for {listed(absent)}.")
    place = {name: v for v, name in enumerate(names)}
    edges = [(place[parent], place[child]) for parent, child in model.edges()]
    parents = as_parents(edges, len(names))
    attributes = tuple(
        Attribute(name, tuple(tables[name].state_names[name]), None, "str") for name in names
    )
    arrays = []
    for v, name in enumerate(names):
        table = tables[name]
        family = [names[p] for p in parents[v]] + [name]
        values = table.values.transpose([table.variables.index(each) for each in family])
        # pgmpy may hold a parent's states in another order in the child's table.
        for axis, each in enumerate(family):
            mine = list(attributes[place[each]].levels)
            theirs = list(table.state_names[each])
            values = values.take([theirs.index(state) for state in mine], axis=axis)
        arrays.append(np.ascontiguousarray(values, dtype=np.float64))
    return BayesNetwork(attributes, parents, tuple(arrays))
