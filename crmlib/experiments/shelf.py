"""The shelf of declared experiments: those that come with crmlib, and files of your own.

A file in `published` or `benchmarks` that holds an `EXPERIMENT` is on the shelf; nothing else has
to be told of it.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from pkgutil import iter_modules

import pandas as pd

from crmlib._checks import one_of
from crmlib.experiments.declare import Experiment
from crmlib.experiments.results import MANIFEST, Results

SHELVES = ("published", "benchmarks")


@cache
def experiments() -> dict[str, Experiment]:
    """Return the experiments that come with crmlib, by name.

    Returns
    -------
    dict of str to Experiment

    Examples
    --------
    >>> experiments()["c50-rules"].title
    'Rules C5.0 printed for MLC++ churn'
    """
    found = {}
    for shelf in SHELVES:
        package = import_module(f"crmlib.experiments.{shelf}")
        for info in sorted(iter_modules(package.__path__), key=lambda info: info.name):
            declared = getattr(import_module(f"{package.__name__}.{info.name}"), "EXPERIMENT", None)
            if isinstance(declared, Experiment):
                found[declared.name] = declared
    return found


def find(name: str | Path) -> Experiment:
    """Return an experiment by its name, or from a Python file that declares `EXPERIMENT`.

    Parameters
    ----------
    name : str or Path
        A name from `experiments()`, or the path of a file ending in ``.py``.

    Returns
    -------
    Experiment

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the name is unknown, or the file declares no experiment.

    Examples
    --------
    >>> find("c5-rules")
    Traceback (most recent call last):
    ...
    ValueError: experiment must be one of ...; got 'c5-rules' (did you mean 'c50-rules'?).
    """
    if Path(name).suffix != ".py":
        return experiments()[one_of(str(name), experiments(), "experiment")]
    path = Path(name).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {name}.")
    # Registered under its name, so that worker processes and hashes find its code.
    module_name = path.stem
    spec = spec_from_file_location(module_name, path)
    assert spec is not None and spec.loader is not None  # noqa: PT018
    module = module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    declared = getattr(module, "EXPERIMENT", None)
    if not isinstance(declared, Experiment):
        raise ValueError(
            f"{name} declares no experiment: it must hold EXPERIMENT = Experiment(...)"
        )
    return declared


def stored(name: str) -> Results:
    """Return the results of a declared experiment that are kept with crmlib.

    Parameters
    ----------
    name : str
        A name from `experiments()`.

    Returns
    -------
    Results

    Raises
    ------
    FileNotFoundError
        If none are kept.

    Examples
    --------
    >>> stored("c50-rules").manifest["experiment"]
    'c50-rules'
    """
    return Results.read(stored_folder(name))


def kept() -> list[tuple[Experiment, Results | None]]:
    """Return every experiment of the shelf with the results kept of it, for `compare`.

    Returns
    -------
    list of (Experiment, Results or None)

    Examples
    --------
    >>> from crmlib.experiments import compare
    >>> table = compare(kept()).table
    >>> table.loc[table["experiment"] == "c50-rules", "verdict"].unique().tolist()
    ['reproduced']
    """
    return [
        (one, stored(name) if (stored_folder(name) / MANIFEST).is_file() else None)
        for name, one in experiments().items()
    ]


def stored_folder(name: str) -> Path:
    """Return where the results of an experiment are kept with crmlib; they need not be there."""
    return Path(__file__).with_name("results") / name


def shelf() -> pd.DataFrame:
    """Return the shelf as a table: what each experiment asks, and whether results are kept.

    Returns
    -------
    DataFrame
        Indexed by name: title, data sets, models or readings, published numbers, kept results.

    Examples
    --------
    >>> shelf().loc["c50-rules", "published numbers"].item() > 0
    True
    """
    rows = {
        name: {
            "title": one.title,
            "data": ", ".join(data.name for data in one.data),
            "models": len(one.models) + len(one.readings),
            "published numbers": len(one.claims),
            "results kept": (stored_folder(name) / MANIFEST).is_file(),
        }
        for name, one in experiments().items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")
