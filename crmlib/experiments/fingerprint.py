"""Hashes of data, models and code: what a cached result depends on, and nothing else.

Code counts by what it says, not how it looks: comments, docstrings and layout leave a hash as it
is. A crmlib module counts with all crmlib modules it imports, a library with its version.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
#: Rooms that draw and describe; no number depends on them.
PRESENTATION = ("crmlib.plots", "crmlib._result")


def digest(*parts: object) -> str:
    """Return the SHA-256 of the parts' JSON.

    Examples
    --------
    >>> digest({"a": 1}) == digest({"a": 1}), digest(1) == digest("1")
    (True, False)
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def content(thing: object) -> str:
    """Return a hash of what a table (or anything that holds tables) contains.

    Column names, kinds and values count; whether a text is stored as category or object does
    not, nor does the index.

    Examples
    --------
    >>> a = pd.DataFrame({"plan": ["a", "b"], "calls": [1, 2]})
    >>> content(a) == content(a.astype({"plan": "category"})), content(a) == content(a.iloc[::-1])
    (True, False)
    """
    sha = hashlib.sha256()
    for name, column in _columns(thing):
        sha.update(name.encode() + b"\0")
        if pd.api.types.is_numeric_dtype(column.dtype):
            values = column.to_numpy(dtype=np.float64, na_value=np.nan)
            sha.update(b"n" + np.ascontiguousarray(values, dtype="<f8").tobytes())
        else:
            texts = column.astype(object).where(column.notna(), None)
            sha.update(b"t" + json.dumps([None if v is None else str(v) for v in texts]).encode())
    return sha.hexdigest()


def _columns(thing: object) -> Iterable[tuple[str, pd.Series[Any]]]:
    if isinstance(thing, pd.DataFrame):
        yield from ((str(name), thing[name]) for name in thing)
    elif isinstance(thing, pd.Series):
        yield str(thing.name), thing
    elif is_dataclass(thing) and not isinstance(thing, type):
        for field in fields(thing):
            part = getattr(thing, field.name)
            if part is not None:
                yield from ((f"{field.name}.{name}", col) for name, col in _columns(part))
    else:
        raise TypeError(
            f"Data must be a DataFrame, a Series or a dataclass of them, got "
            f"{type(thing).__name__}."
        )


def describe(thing: object, modules: set[str]) -> Any:
    """Return what a model or protocol is as JSON can hold it, and note the modules it comes from.

    Parameters
    ----------
    thing : object
        Numbers, texts, containers, functions, dataclasses, or anything with `get_params`.
    modules : set of str
        Names of modules are added to it.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> found = set()
    >>> describe(LogisticRegression(C=2.0), found)["parameters"]["C"], found
    (2.0, {'sklearn.linear_model._logistic'})
    """
    if thing is None or isinstance(thing, bool | int | str):
        return thing
    if isinstance(thing, float):
        return thing if np.isfinite(thing) else str(thing)
    if isinstance(thing, np.generic):
        return describe(thing.item(), modules)
    if isinstance(thing, np.ndarray):
        return describe(thing.tolist(), modules)
    if isinstance(thing, Mapping):
        return {str(key): describe(value, modules) for key, value in thing.items()}
    if isinstance(thing, list | tuple | set | frozenset):
        items = [describe(value, modules) for value in thing]
        return sorted(items, key=json.dumps) if isinstance(thing, set | frozenset) else items
    if isinstance(thing, np.random.RandomState | np.random.Generator):
        raise TypeError("A model must be built with a seed (random_state=0), not a generator.")
    if isinstance(thing, partial):
        return ["partial", describe((thing.func, thing.args, thing.keywords), modules)]
    if getattr(thing, "__module__", "") == "__main__" and hasattr(thing, "__qualname__"):
        return ["__main__", thing.__qualname__, _own_source(thing)]  # typed into a notebook
    if inspect.isroutine(thing) or isinstance(thing, type):
        modules.add(str(thing.__module__))
        return f"{thing.__module__}.{thing.__qualname__}"
    kind = type(thing)
    name = describe(kind, modules)
    if hasattr(thing, "get_params"):
        parameters: Any = thing.get_params(deep=False)
    elif is_dataclass(thing):
        parameters = {field.name: getattr(thing, field.name) for field in fields(thing)}
    elif hasattr(thing, "__dict__"):
        parameters = vars(thing)
    else:
        raise TypeError(f"Cannot tell what a {kind.__module__}.{kind.__qualname__} is made of.")
    return {
        "class": name,
        "parameters": describe(parameters, modules),
    }


def code(modules: Iterable[str]) -> dict[str, str]:
    """Return the hash or version of each piece of code the modules rest on.

    Examples
    --------
    >>> found = code(["crmlib.tree.criteria", "sklearn.tree"])
    >>> sorted(found)
    ['crmlib.tree.criteria', 'scikit-learn']
    """
    found: dict[str, str] = {}
    for module in sorted(set(modules)):
        top = module.partition(".")[0]
        if top == "crmlib":
            found |= {name: source(name) for name in closure(module)}
        elif top == "builtins" or (top in sys.stdlib_module_names and top != "__main__"):
            continue
        elif installed(module):
            name = distributions()[top]
            found[name] = metadata.version(name)
        else:
            found[module] = _file_source(module)
    return found


def installed(module: str) -> bool:
    """Return whether a module belongs to an installed package, and not to a file of the user.

    Examples
    --------
    >>> installed("sklearn.metrics"), installed("my_experiment")
    (True, False)
    """
    if module.partition(".")[0] not in distributions():
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is None or bool({"site-packages", "dist-packages"} & set(Path(file).parts))


@cache
def closure(module: str) -> tuple[str, ...]:
    """Return a crmlib module and all crmlib modules it imports, however indirectly."""
    seen: set[str] = set()
    todo = [module]
    while todo:
        name = todo.pop()
        if name in seen or name.startswith(PRESENTATION) or _path(name) is None:
            continue
        seen.add(name)
        todo.extend(_imports(name))
    return tuple(sorted(seen))


def _path(module: str) -> Path | None:
    place = ROOT.joinpath(*module.split(".")[1:])
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _imports(module: str) -> tuple[str, ...]:
    path = _path(module)
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8") if path else "")):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            # "from crmlib import plots" names modules; "from crmlib.tree import X" the room.
            modules = [name for name in inner if name.startswith("crmlib") and _path(name)]
            found += modules if len(modules) == len(inner) else [node.module, *modules]
    return tuple(name for name in found if name.startswith("crmlib."))


@cache
def source(module: str) -> str:
    """Return a hash of what a crmlib module says, without what it imports."""
    path = _path(module)
    return said(path.read_text(encoding="utf-8") if path else "")


def _file_source(module: str) -> str:
    """Hash a module that is nobody's package, such as a file of the user."""
    try:
        return said(inspect.getsource(sys.modules[module]))
    except (KeyError, OSError, TypeError):
        raise TypeError(
            f"The code of {module!r} cannot be found, so a result cannot be tied to it: define "
            "models and readings in a file."
        ) from None


def _own_source(thing: Any) -> Any:
    """Hash the source of one function, or of the methods of one class."""
    if isinstance(thing, type):
        # Python finds no source of a notebook's classes, but it does of their methods; those a
        # decorator made have none.
        methods = {name: part for name, part in vars(thing).items() if inspect.isfunction(part)}
        found = {name: _source_of(part) for name, part in methods.items()}
        return {name: hashed for name, hashed in found.items() if hashed}
    hashed = _source_of(thing)
    if hashed is None:
        raise TypeError(
            f"The code of {thing.__qualname__!r} cannot be found, so a result cannot be tied to "
            "it: define it in a file."
        )
    return hashed


def _source_of(function: Any) -> str | None:
    try:
        return said(dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None


def said(source: str) -> str:
    """Return a hash of what Python source says, whatever its comments, docstrings and layout.

    Examples
    --------
    >>> said("x = 1  # one") == said("x  =  1"), said("x = 1") == said("x = 2")
    (True, False)
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


@cache
def distributions() -> dict[str, str]:
    """Return the distribution that holds each importable package."""
    return {top: names[0] for top, names in metadata.packages_distributions().items()}
