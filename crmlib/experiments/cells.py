"""The work of a run, cut into cells: a model on one split of a data set, or one reading of it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from crmlib.experiments import fingerprint
from crmlib.experiments.declare import Experiment, Model, Reading, Table
from crmlib.experiments.metrics import METRICS
from crmlib.experiments.protocols import Rows

#: A cell's own code; what models, metrics and readings rest on is added cell by cell.
MACHINERY = tuple(f"crmlib.experiments.{name}" for name in ("cells", "metrics", "protocols"))


@dataclass(frozen=True)
class Judging:
    """How models are judged: metrics, and the inner cross-validation of those with a grid."""

    metrics: tuple[str, ...]
    inner_folds: int
    tune_on: str


@dataclass(frozen=True)
class Cell:
    """A piece of work, and the hash of all that its outcome depends on."""

    data: str
    model: str
    split: int
    key: str
    worker: Model | Reading
    rows: tuple[Rows, Rows] | None = None
    judging: Judging | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a cell. Only `numbers` may be compared; the rest varies from run to run.

    `seconds` are those of the processor: on a busy machine the clock says little.
    """

    numbers: Mapping[str, float]
    seconds: float
    chosen: str = ""
    warned: tuple[str, ...] = ()


def plan(experiment: Experiment, data: str, table: Any, content: str) -> list[Cell]:
    """Return the cells of one data set.

    Parameters
    ----------
    experiment : Experiment
        Without the models that cannot be built here.
    data : str
        Name of the data set.
    table : object
        What its `load` returned.
    content : str
        Its hash.
    """
    cells = []
    for reading in experiment.readings:
        modules: set[str] = {*MACHINERY[:1]}
        about = fingerprint.describe(reading.compute, modules)
        key = fingerprint.digest(content, reading.name, about, _code(modules))
        cells.append(Cell(data, reading.name, 0, key, reading))
    if not experiment.models:
        return cells
    assert experiment.protocol is not None
    judging = Judging(experiment.metrics, experiment.inner_folds, experiment.tune_on)
    splits = experiment.protocol.splits(table)
    for model in experiment.models:
        modules = {module for name in experiment.metrics for module in METRICS[name].rests_on}
        about = fingerprint.describe(
            (model.build(), model.grid, model.weigh, model.lift, judging), modules
        )
        same = (content, model.name, about, _code(modules))
        for number, rows in enumerate(splits):
            key = fingerprint.digest(*same, *(part.tolist() for part in rows))
            cells.append(Cell(data, model.name, number, key, model, rows, judging))
    return cells


def _code(modules: set[str]) -> dict[str, str]:
    """Return hashes and versions of the code, the machinery by itself and not what it imports."""
    outside = {name for name in modules if not name.startswith("crmlib.experiments.")}
    inside = {name for name in modules if name.startswith("crmlib.experiments.")}
    found = fingerprint.code({*outside, "numpy", "pandas", "scipy", "sklearn"})
    for name in inside:  # a declared file: what it imports, but for the machinery
        found |= {
            module: source
            for module, source in fingerprint.code({name}).items()
            if not module.startswith("crmlib.experiments.") or module == name
        }
    return found | {name: fingerprint.source(name) for name in MACHINERY}


def work(cell: Cell, table: Any) -> Outcome:
    """Do the work of a cell.

    Parameters
    ----------
    cell : Cell
        What to do.
    table : object
        The data set.

    Returns
    -------
    Outcome

    Raises
    ------
    RuntimeError
        If the model or reading fails; the message names it, its data and its split.
    """
    start = time.process_time()
    chosen: Any = ""
    with warnings.catch_warnings(record=True) as caught, threadpool_limits(1):
        warnings.simplefilter("always")
        try:
            if isinstance(cell.worker, Reading):
                values = dict(cell.worker.compute(table))
            else:
                values, chosen = _judge(cell, table)
        except Exception as error:
            raise RuntimeError(
                f"{cell.model} on {cell.data}, split {cell.split}: {type(error).__name__}: {error}"
            ) from error
    said = sorted({f"{one.category.__name__}: {one.message}" for one in caught})
    values = {name: float(value) for name, value in values.items()}
    return Outcome(values, time.process_time() - start, str(chosen or ""), tuple(said))


def _judge(cell: Cell, table: Table) -> tuple[dict[str, float], Any]:
    assert isinstance(cell.worker, Model)
    assert cell.rows is not None and cell.judging is not None  # noqa: PT018
    train, test = (table.take(rows) for rows in cell.rows)
    chosen = tune(cell.worker, train, cell.judging)
    chances = _chances(cell.worker, chosen, train, test)
    left = test.y.to_numpy().astype(bool)
    values = {name: METRICS[name].compute(left, chances, test) for name in cell.judging.metrics}
    return values, chosen


def tune(model: Model, train: Table, judging: Judging) -> Mapping[str, Any]:
    """Return the setting of a model's grid that does best inside the training rows.

    Parameters
    ----------
    model : Model
        With or without a grid.
    train : Table
        Training rows; no other row is seen.
    judging : Judging
        Number of folds, and the metric that decides. Of equally good settings the first wins.
    """
    if len(model.grid) < 2:
        return model.grid[0] if model.grid else {}
    metric = METRICS[judging.tune_on]
    folds = StratifiedKFold(judging.inner_folds, shuffle=True, random_state=0)
    parts = [(train.take(a), train.take(b)) for a, b in folds.split(train.X, train.y)]
    found = []
    for setting in model.grid:
        values = [
            metric.compute(b.y.to_numpy().astype(bool), _chances(model, setting, a, b), b)
            for a, b in parts
        ]
        found.append(float(np.mean(values)))
    best = np.argmax(found) if metric.higher_is_better else np.argmin(found)
    return model.grid[int(best)]


def _chances(model: Model, setting: Mapping[str, Any], train: Table, test: Table) -> Any:
    """Fit on some rows, return the chances of leaving of others (or what ranks them by lift)."""
    fitted = model.build().set_params(**setting)
    left = train.y.to_numpy().astype(bool)
    if model.lift:
        if train.treatment is None:
            raise ValueError("it ranks by lift, and the table has no treatment.")
        fitted.fit(train.X, left.astype(int), train.treatment.to_numpy())
        return np.asarray(fitted.predict(test.X), float)
    if model.weigh:
        if train.weight is None:
            raise ValueError("it weighs rows, and the table has no weight.")
        fitted.fit(train.X, left, sample_weight=train.weight.to_numpy())
    else:
        fitted.fit(train.X, left)
    return np.asarray(fitted.predict_proba(test.X)[:, list(fitted.classes_).index(True)], float)
