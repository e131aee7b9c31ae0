"""Running an experiment: cells in parallel, each kept as soon as it is done."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from crmlib._checks import whole
from crmlib.experiments import fingerprint
from crmlib.experiments.cells import Cell, Outcome, plan, work
from crmlib.experiments.declare import Experiment, Model, Part, Reading
from crmlib.experiments.results import Results, atomic, surroundings

#: A progress bar appears only in runs of more cells than this.
MANY = 20


def run(
    experiment: Experiment,
    cache: str | Path | None = None,
    *,
    part: Part | None = None,
    jobs: int | None = 1,
    progress: bool | None = None,
) -> Results:
    """Run an experiment.

    Parameters
    ----------
    experiment : Experiment
        What to run.
    cache : str or Path, optional
        A folder that keeps the outcome of every cell under the hash of all it depends on: data,
        split, model, metrics, and the code of each. After a crash, or a change, only what is
        not there is computed.
    part : Part, optional
        Run only a part of it.
    jobs : int, optional
        Processes. None leaves it to joblib's configuration, through which other backends come
        in: inside ``joblib.parallel_config("dask")`` the cells go to a Dask cluster.
    progress : bool, optional
        Show a bar with the time to go; by default only where there are many cells.

    Returns
    -------
    Results
        Models whose library is missing, and data sets that are not at hand, are left out; the
        manifest and the title say so.

    Raises
    ------
    FileNotFoundError
        If none of the data sets is at hand; the message says how to get them.
    ImportError
        If no model can be built here.
    ValueError
        If data are not those that were declared.
    RuntimeError
        If a model or reading fails.

    Examples
    --------
    >>> from crmlib.experiments import Data, Experiment, Reading
    >>> def frame():
    ...     return pd.DataFrame({"left": [True, False, False, True]})
    >>> def rate(frame):
    ...     return {"churn rate": frame["left"].mean()}
    >>> tiny = Experiment("tiny", "Tiny", "How many leave?", (Data("four", frame),),
    ...                   readings=(Reading("rate", rate),))
    >>> run(tiny).numbers["value"].tolist()
    [0.5]
    """
    start = time.perf_counter()
    wanted = experiment if part is None else experiment.part(part)
    if jobs is not None:
        whole(jobs, "jobs", -64)
    wanted, left_out = _possible(wanted)
    about = surroundings(_packages(wanted))  # now: the checkout may move on during a long run
    tables, absent = _load(wanted)
    left_out |= absent
    hashes = {name: fingerprint.content(table) for name, table in tables.items()}
    _check_digests(wanted, hashes)
    cells = [
        cell for name, table in tables.items() for cell in plan(wanted, name, table, hashes[name])
    ]
    store = None if cache is None else Path(cache)
    known = {} if store is None else _kept(store, cells)
    missing = [cell for cell in cells if cell.key not in known]
    if progress is None:
        progress = len(missing) > MANY
    found = dict(known)
    for cell, outcome in _compute(missing, tables, jobs, progress):
        found[cell.key] = outcome
        if store is not None:
            store.mkdir(parents=True, exist_ok=True)
            atomic(store / f"{cell.key}.json", json.dumps(asdict(outcome)))
    numbers, spent = _tables(cells, found)
    manifest = {
        "experiment": wanted.name,
        "title": wanted.title,
        "part": None if part is None else asdict(part),
        "data": {
            name: {"content": hashes[name], "rows": len(getattr(table, "y", table))}
            for name, table in tables.items()
        },
        "protocol": fingerprint.describe(wanted.protocol, set()),
        "metrics": list(wanted.metrics),
        "numbers": fingerprint.content(numbers),
        "left out": left_out,
        "cells": {"all": len(cells), "computed now": len(missing)},
        "seconds": {
            "this run": round(time.perf_counter() - start, 1),
            "all cells": round(float(spent["seconds"].sum()), 1),
        },
        **about,
    }
    return Results(numbers, spent, manifest)


def _packages(experiment: Experiment) -> list[str]:
    """Return the packages that models need besides crmlib's own."""
    workers: list[Model | Reading] = [*experiment.models, *experiment.readings]
    modules = {name for worker in workers for name in worker.needs}
    return sorted(fingerprint.distributions()[module] for module in modules)


def _possible(experiment: Experiment) -> tuple[Experiment, dict[str, str]]:
    """Leave out models and readings whose library is not installed, and say which."""
    left_out: dict[str, str] = {}
    workers: list[Model | Reading] = [*experiment.models, *experiment.readings]
    for worker in workers:
        absent = [name for name in worker.needs if find_spec(name) is None]
        if absent:
            left_out[worker.name] = f"not installed: {', '.join(absent)}"
    kept = tuple(model for model in experiment.models if model.name not in left_out)
    readings = tuple(one for one in experiment.readings if one.name not in left_out)
    if not kept and not readings:
        told = "; ".join(f"{name}: {why}" for name, why in left_out.items())
        raise ImportError(f"No model of {experiment.name} can be built here. {told}")
    return replace(experiment, models=kept, readings=readings, claims=()), left_out


def _load(experiment: Experiment) -> tuple[dict[str, Any], dict[str, str]]:
    """Load the data sets there are, and say which are not."""
    tables: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for data in experiment.data:
        try:
            tables[data.name] = data.load()
        except FileNotFoundError as error:
            absent[data.name] = str(error)
    if not tables:
        told = "\n\n".join(absent.values())
        raise FileNotFoundError(f"{experiment.name}: no data set is at hand.\n{told}")
    return tables, {name: why.splitlines()[0] for name, why in absent.items()}


def _check_digests(experiment: Experiment, hashes: dict[str, str]) -> None:
    for data in experiment.data:
        if data.name in hashes and not hashes[data.name].startswith(data.digest):
            raise ValueError(
                f"{data.name} is not the data {experiment.name} was declared for: its content's "
                f"hash is {hashes[data.name][:16]}, declared is {data.digest}."
            )


def _kept(store: Path, cells: Sequence[Cell]) -> dict[str, Outcome]:
    """Return the outcomes the cache holds of these cells; a file it cannot read counts as none."""
    found = {}
    for cell in cells:
        try:
            raw = json.loads((store / f"{cell.key}.json").read_text(encoding="utf-8"))
            outcome = Outcome(**{**raw, "warned": tuple(raw["warned"])})
        except (OSError, ValueError, TypeError, KeyError):
            continue
        found[cell.key] = outcome
    return found


def _compute(
    cells: Sequence[Cell], tables: dict[str, Any], jobs: int | None, progress: bool
) -> Iterator[tuple[Cell, Outcome]]:
    """Yield cells with their outcomes as they are done."""
    from joblib import Parallel, delayed
    from tqdm import tqdm

    if not cells:
        return
    _carry_code(cells)
    # Outcomes come as they are done, each with its number: a kept cell is never lost again.
    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered")
    done = parallel(
        delayed(_numbered)(number, cell, tables[cell.data]) for number, cell in enumerate(cells)
    )
    with tqdm(total=len(cells), unit="cell", disable=not progress) as bar:
        for number, outcome in done:
            bar.update()
            yield cells[number], outcome


def _carry_code(cells: Sequence[Cell]) -> None:
    """Have code that only this process can import travel with the cells."""
    # Older versions of joblib bring their own copy of it.
    carriers = [
        module
        for name, module in sys.modules.items()
        if name in ("cloudpickle", "joblib.externals.cloudpickle")
    ]
    modules: set[str] = set()
    for worker in {cell.model: cell.worker for cell in cells}.values():
        built = worker.compute if isinstance(worker, Reading) else (worker.build, worker.build())
        fingerprint.describe(built, modules)
    for name in modules:
        known = fingerprint.installed(name) or name.partition(".")[0] in sys.stdlib_module_names
        if known or name.startswith("crmlib.") or name not in sys.modules:
            continue
        for carrier in carriers:
            carrier.register_pickle_by_value(sys.modules[name])


def _numbered(number: int, cell: Cell, table: Any) -> tuple[int, Outcome]:
    return number, work(cell, table)


def _tables(cells: Sequence[Cell], found: dict[str, Outcome]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return values and cells in the declared order, whatever the order of work."""
    values = [
        (cell.data, cell.model, cell.split, measure, value)
        for cell in cells
        for measure, value in found[cell.key].numbers.items()
    ]
    spent = [
        (cell.data, cell.model, cell.split, round(o.seconds, 4), o.chosen, "; ".join(o.warned))
        for cell in cells
        for o in (found[cell.key],)
    ]
    return (
        pd.DataFrame(values, columns=["data", "model", "split", "measure", "value"]),
        pd.DataFrame(spent, columns=["data", "model", "split", "seconds", "chosen", "warned"]),
    )
