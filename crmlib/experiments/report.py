"""A folder for a paper: every table and figure of an experiment's results, and their hashes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from crmlib._result import Result
from crmlib.experiments.compare import compare
from crmlib.experiments.declare import Experiment
from crmlib.experiments.export import FIGURES, TABLES, save_figure, save_table
from crmlib.experiments.metrics import METRICS
from crmlib.experiments.results import Results, atomic
from crmlib.experiments.statistics import Ranks, friedman

FILES = "files.json"


def report(experiment: Experiment, results: Results, folder: str | Path) -> list[Path]:
    """Write tables (Markdown, LaTeX, CSV) and figures (SVG, PDF) of results.

    Parameters
    ----------
    experiment : Experiment
        What was run.
    results : Results
        Of the run.
    folder : str or Path
        Made if it is not there.

    Returns
    -------
    list of Path
        What was written: `scores`, the means by data set and model; `published`, the comparison,
        where there are published numbers; `ranks`, where there are several data sets; and last
        ``files.json``, the SHA-256 of each. The same results give the same bytes.

    Examples
    --------
    >>> import tempfile
    >>> from crmlib.experiments import find, stored
    >>> with tempfile.TemporaryDirectory() as place:
    ...     found = report(find("c50-rules"), stored("c50-rules"), place)
    ...     [path.name for path in found]
    ['scores.md', 'scores.tex', 'scores.csv', 'published.md', 'published.tex', 'published.csv',
     'files.json']
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    tables = {"scores": results.to_frame()}
    figures: dict[str, Result] = {}
    if experiment.claims:
        compared = compare(experiment, results)
        tables["published"] = compared.table
        if (compared.table["tolerance"] > 0).any() and compared.table["reproduced"].notna().any():
            figures["published"] = compared
    ranked = ranks(results)
    if ranked is not None:
        tables["ranks"] = ranked.to_frame().rename_axis("model").reset_index()
        figures["ranks"] = ranked
    written = [
        save_table(table, place / f"{name}.{form}")
        for name, table in tables.items()
        for form in TABLES
    ]
    for name, figure in figures.items():
        ax = figure.plot()
        written += [save_figure(ax, place / f"{name}.{form}") for form in FIGURES]
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in written}
    about = {"experiment": experiment.name, "numbers": results.manifest["numbers"], "files": hashes}
    atomic(place / FILES, json.dumps(about, indent=1, sort_keys=True) + "\n")
    return [*written, place / FILES]


def ranks(results: Results, measure: str | None = None) -> Ranks | None:
    """Return the ranks of models over data sets, or None where there are too few of either.

    Parameters
    ----------
    results : Results
        Of a run.
    measure : str, optional
        What ranks them; the first measure by default.

    Returns
    -------
    Ranks or None
        Models without a score on every data set are left out.

    Examples
    --------
    >>> from crmlib.experiments import stored
    >>> ranks(stored("c50-rules")) is None
    True
    """
    measures = [name for name in results.numbers["measure"].unique() if name in METRICS]
    if not measures:
        return None
    chosen = measure or measures[0]
    means = results.scores(chosen).groupby(level="data", sort=False).mean()
    means = means.dropna(axis="columns")
    if len(means) < 2 or means.shape[1] < 3:
        return None
    sign = 1 if METRICS[chosen].higher_is_better else -1
    return friedman(sign * means)
