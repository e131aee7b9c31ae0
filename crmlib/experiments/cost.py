"""What a fit costs: time of the processor and memory, each measured in a process of its own."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from crmlib.experiments.declare import Model, Table

#: Rows of the first fit, which is not measured: it imports and compiles.
WARM = 200


def fit_cost(model: Model, table: Table) -> dict[str, float]:
    """Measure one fit of a model, on a whole table, at the first setting of its grid.

    A new process fits it to a few rows, so that libraries are loaded and compiled, and then to
    the table. What the second fit takes is measured by the operating system, so that memory of
    compiled libraries counts as well as Python's. These are measurements: no two are quite equal.

    Parameters
    ----------
    model : Model
        What to fit; its functions must be importable, not typed into a notebook.
    table : Table
        All its rows are training rows.

    Returns
    -------
    dict
        "seconds" of the processor; "memory", the peak in megabytes beyond what the process held
        before the fit (missing where the system does not tell, which is everywhere but on Linux).

    Raises
    ------
    RuntimeError
        If the process fails; the message holds its last words.

    Examples
    --------
    >>> from crmlib.experiments import models, tables
    >>> fit_cost(Model("tree", models.id3), tables.iranian())["seconds"] > 0
    True
    """
    done = subprocess.run(
        [sys.executable, "-m", "crmlib.experiments.cost"],
        input=pickle.dumps((model, table)),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise RuntimeError(f"Measuring {model.name} failed: {said[-1] if said else 'no word'}")
    found: dict[str, float] = json.loads(done.stdout.decode().splitlines()[-1])
    return found


def measured(model: Model, table: Table) -> dict[str, float]:
    """Fit twice in this process, to a few rows and to all; measure the second fit."""
    from threadpoolctl import threadpool_limits

    few = np.sort(np.random.default_rng(0).permutation(len(table.X))[:WARM])
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")  # the benchmark itself keeps what models warn of
        _fit(model, table.take(few))
        before = _forget_peak()
        start = time.process_time()
        _fit(model, table)
        seconds = time.process_time() - start
    return {"seconds": seconds, "memory": (_status("VmHWM") - before) / 1024}


def _fit(model: Model, table: Table) -> None:
    built = model.build().set_params(**(model.grid[0] if model.grid else {}))
    left = table.y.to_numpy().astype(bool)
    weights = {}
    if model.weigh:
        assert table.weight is not None
        weights["sample_weight"] = table.weight.to_numpy()
    built.fit(table.X, left, **weights)


def _forget_peak() -> float:
    """Have Linux forget the highest memory so far; return what is held now, in kilobytes."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return float("nan")
    return _status("VmRSS")


def _status(field: str) -> float:
    """Return a field of this process's status, in kilobytes."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next((float(line.split()[1]) for line in lines if line.startswith(field)), float("nan"))


def main() -> None:
    """Read a model and a table from the standard input, print what the fit cost."""
    model, table = pickle.loads(sys.stdin.buffer.read())
    sys.stdout.write(json.dumps(_finite(measured(model, table))) + "\n")


def _finite(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if np.isfinite(value)}


if __name__ == "__main__":
    main()
