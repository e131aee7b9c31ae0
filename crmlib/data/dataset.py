"""What `load` returns: the frame, what to predict and from what, and the sheet that explains it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from crmlib._checks import listed
from crmlib._result import Result
from crmlib.data.registry import Entry


@dataclass(frozen=True, repr=False)
class Sheet(Result):
    """Where a data set comes from, under which license, how to cite it, what is wrong with it.

    `defects` is a table with a row for each known defect: what, how many rows, the evidence, and
    what `load(..., repair=True)` does about it.
    """

    entry: Entry
    source: str
    path: str = ""
    verified: bool = False

    @property
    def license(self) -> str:
        """The license's SPDX name, or 'not stated'."""
        return self.entry.license

    @property
    def citation(self) -> str:
        """How to cite the data."""
        return self.entry.citation

    @property
    def defects(self) -> pd.DataFrame:
        """The known defects, one a row."""
        rows = [
            {
                "defect": defect.key,
                "what": defect.what,
                "rows": defect.rows,
                "evidence": defect.evidence,
                "repair": defect.repair or "none",
            }
            for defect in self.entry.defects
        ]
        columns = ["defect", "what", "rows", "evidence", "repair"]
        return pd.DataFrame(rows, columns=columns).set_index("defect")

    @property
    def schema(self) -> pd.DataFrame:
        """The columns: type, role, unit and meaning."""
        rows = [
            {
                "column": column.name,
                "type": column.dtype,
                "role": column.role,
                "unit": column.unit,
                "meaning": column.meaning,
            }
            for column in self.entry.columns
        ]
        return pd.DataFrame(rows).set_index("column")

    def to_frame(self) -> pd.DataFrame:
        """Return the facts as a table: one a row."""
        entry = self.entry
        license_ = (
            f"{entry.license} ({entry.license_note})" if entry.license_note else entry.license
        )
        facts = {
            "title": entry.title,
            "kind": entry.kind,
            "rows": f"{entry.rows:,}",
            "columns": entry.width,
            "target": entry.target or "none",
            "license": license_,
            "citation": entry.citation,
            "homepage": entry.homepage,
            **self._origin(),
            "known defects": listed(defect.key for defect in entry.defects) or "none",
        }
        return pd.DataFrame({"fact": facts.values()}, index=pd.Index(facts, name="about"))

    def _origin(self) -> dict[str, str]:
        """Where the file was read, or where it can be had."""
        if not self.path:
            return {"can be had": self.source}
        verdict = "as registered" if self.verified else "not verified"
        return {"read from": f"{self.source}: {self.path}", "sha256": verdict}

    def __repr__(self) -> str:
        facts = self.to_frame()["fact"]
        return "\n".join(f"{name:<14}{fact}" for name, fact in facts.items())


@dataclass(frozen=True, repr=False, eq=False)
class Dataset:
    """A loaded data set.

    Attributes
    ----------
    name : str
        Its name in the registry.
    frame : DataFrame
        All columns the registry describes, typed; the same from whichever source it was read.
    sheet : Sheet
        Where it is from, license, citation, schema, known defects.
    repairs : DataFrame
        What was changed: column, rule, number of rows, an example before and after. Empty
        unless something was; rules that any reading of the file needs are always reported.
    ids : DataFrame or None
        Identifiers that only some of the sources hold, row by row with `frame`; None if the
        source read holds none.
    """

    name: str
    frame: pd.DataFrame
    sheet: Sheet
    repairs: pd.DataFrame
    ids: pd.DataFrame | None = None

    @property
    def target(self) -> str:
        """The column to predict; empty if the set has none."""
        return self.sheet.entry.target

    @property
    def leaks(self) -> list[str]:
        """The columns that give the target away; not in `X` unless asked for."""
        return self.sheet.entry.role("leak")

    @property
    def X(self) -> pd.DataFrame:
        """The columns one may predict from: features and, in an experiment, the treatment."""
        return self.features()

    @property
    def y(self) -> pd.Series[Any]:
        """The target: True for the positive label where there is one, else as in the frame."""
        entry = self.sheet.entry
        if not entry.target:
            raise ValueError(f"{self.name!r} has no target: it is not a prediction set.")
        target = self.frame[entry.target]
        if not entry.positive:
            return target
        if target.dtype == bool:
            return target
        return (target == entry.positive).rename(entry.target)

    @property
    def split(self) -> pd.Series[Any] | None:
        """The published split, 'train' or 'test' for each row; None if none was published."""
        bounds = self.sheet.entry.split
        if not bounds:
            return None
        parts = pd.Series(pd.NA, index=self.frame.index, dtype="object", name="split")
        for part, (first, last) in bounds.items():
            parts.loc[first:last] = part
        return parts.astype(pd.CategoricalDtype(list(bounds)))

    def features(self, *, leaks: bool = False) -> pd.DataFrame:
        """Return the columns to predict from.

        Parameters
        ----------
        leaks : bool
            Include the columns that give the target away.

        Examples
        --------
        >>> from crmlib.data import load
        >>> load("mlc-churn").features().shape
        (5000, 19)
        """
        roles = ["feature", "treatment", "leak"] if leaks else ["feature", "treatment"]
        return self.frame[self.sheet.entry.role(*roles)]

    def __repr__(self) -> str:
        return f"{self._headline()}\n{self.frame.head(5).to_string()}"

    def _repr_html_(self) -> str:
        head = f"<p><strong>{escape(self._headline())}</strong></p>"
        return head + self.frame.head(5).to_html(border=0)

    def _headline(self) -> str:
        entry = self.sheet.entry
        rows, columns = self.frame.shape
        text = f"{self.name}: {entry.title} ({entry.kind}), {rows:,} rows x {columns} columns"
        if entry.target:
            text += f", target {entry.target!r}"
        if entry.positive:
            text += f", {self.y.mean():.2%} {entry.positive}"
        if entry.defects:
            noun = "defect" if len(entry.defects) == 1 else "defects"
            text += f"; {len(entry.defects)} known {noun}, see .sheet.defects"
        return text
