"""What a run leaves: a table of values, what each cell took, and a manifest that says how."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crmlib._checks import optional
from crmlib._result import Result
from crmlib.experiments.fingerprint import content

NUMBERS, CELLS, MANIFEST = "numbers.parquet", "cells.csv", "manifest.json"


@dataclass(frozen=True, repr=False)
class Results(Result):
    """The results of an experiment.

    Attributes
    ----------
    numbers : DataFrame
        One number a row: `data`, `model`, `split`, `measure`, `value`. The same experiment on
        the same data with the same libraries gives the same bytes.
    cells : DataFrame
        One cell a row: `data`, `model`, `split`, processor `seconds`, the setting `chosen` from a
        grid, and what it `warned` of. Times vary, so this is never compared.
    manifest : dict
        Hashes of data and numbers, versions, seeds, commit, hardware, times; what was left out
        and why.
    """

    numbers: pd.DataFrame
    cells: pd.DataFrame
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def _title(self) -> str:  # type: ignore[override]
        splits = self.numbers["split"].nunique()
        many = f" over {splits} splits" if splits > 1 else ""
        left_out = self.manifest.get("left out", {})
        missing = f"; left out: {', '.join(left_out)}" if left_out else ""
        return f"{self.manifest.get('title', 'Results')}: means{many}{missing}"

    def to_frame(self) -> pd.DataFrame:
        """Return the mean of each measure over the splits, by data set and model."""
        return self.table().reset_index()

    def table(self, statistic: str = "mean") -> pd.DataFrame:
        """Return a statistic over the splits: a row a data set and model, a column a measure.

        Parameters
        ----------
        statistic : str
            Of pandas: "mean", "std", "min", "count" ...

        Examples
        --------
        >>> numbers = pd.DataFrame({"data": "Telco", "model": "LR", "split": [0, 1],
        ...                         "measure": "AUC", "value": [0.84, 0.86]})
        >>> Results(numbers, pd.DataFrame()).table().loc[("Telco", "LR"), "AUC"].item()
        0.85
        """
        grouped = self.numbers.groupby(["data", "model", "measure"], sort=False)["value"]
        wide = grouped.agg(statistic).unstack("measure")  # noqa: PD010 - sort=False keeps the order
        return wide[list(dict.fromkeys(self.numbers["measure"]))].rename_axis(columns=None)

    def scores(self, measure: str) -> pd.DataFrame:
        """Return one measure: a row a data set and split, a column a model.

        Parameters
        ----------
        measure : str
            A measure of the results.

        Raises
        ------
        ValueError
            If there is no such measure.
        """
        from crmlib._checks import one_of

        one_of(measure, self.numbers["measure"].unique(), "measure")
        chosen = self.numbers[self.numbers["measure"] == measure]
        wide = chosen.pivot_table("value", ["data", "split"], "model", sort=False)
        return wide[list(dict.fromkeys(chosen["model"]))].rename_axis(columns=None)

    def write(self, folder: str | Path) -> Path:
        """Write numbers (Parquet), cells (CSV) and manifest (JSON); nothing is left half-written.

        Parameters
        ----------
        folder : str or Path
            Made if it is not there.

        Returns
        -------
        Path
            The folder.
        """
        optional("pyarrow", "experiments")
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        part = place / f"{NUMBERS}.part"
        self.numbers.to_parquet(part, index=False, compression="zstd")
        part.replace(place / NUMBERS)
        atomic(place / CELLS, self.cells.to_csv(index=False, lineterminator="\n"))
        # The manifest comes last: where it is, all is.
        atomic(place / MANIFEST, json.dumps(self.manifest, indent=1, sort_keys=True) + "\n")
        return place

    @classmethod
    def read(cls, folder: str | Path) -> Results:
        """Read what `write` wrote, and check that the numbers are those of the manifest.

        Parameters
        ----------
        folder : str or Path
            Where they are.

        Returns
        -------
        Results

        Raises
        ------
        FileNotFoundError
            If there are no results.
        ValueError
            If the numbers were changed after the run.
        """
        optional("pyarrow", "experiments")
        place = Path(folder)
        if not (place / MANIFEST).is_file():
            raise FileNotFoundError(f"{place} holds no results: there is no {MANIFEST}.")
        manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        numbers = pd.read_parquet(place / NUMBERS)
        if content(numbers) != manifest["numbers"]:
            raise ValueError(f"{place / NUMBERS} is not what its manifest says: it was changed.")
        cells = pd.read_csv(place / CELLS, keep_default_na=False)
        return cls(numbers, cells, manifest)


def atomic(path: Path, text: str) -> None:
    """Write a text so that a crash leaves the old file or the new one, never a half.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     atomic(Path(folder) / "a.txt", "whole")
    ...     [path.name for path in Path(folder).iterdir()]
    ['a.txt']
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(path)


def surroundings(also: Iterable[str] = ()) -> dict[str, Any]:
    """Return what a number may depend on besides data and code: versions, hardware, commit.

    Parameters
    ----------
    also : iterable of str
        Further packages whose versions matter.

    Examples
    --------
    >>> sorted(surroundings())
    ['commit', 'hardware', 'versions']
    """
    from importlib import metadata

    from crmlib import __version__

    versions = {"python": platform.python_version(), "crmlib": __version__}
    for name in ("numpy", "scipy", "pandas", "scikit-learn", "pyarrow", "numba", *also):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    hardware = {
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "integer width": int(np.iinfo(np.intp).bits),
    }
    return {"versions": versions, "hardware": hardware, "commit": commit()}


def commit() -> str:
    """Return the commit crmlib stands at, with '+' where files differ from it; '' if none."""
    here = Path(__file__).parent
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip()
