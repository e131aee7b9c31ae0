"""What `simulate` returns: the tables a CRM would hold and, apart from them, the truth."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from crmlib._checks import listed, one_of, optional
from crmlib.data.operator.scenario import Event, Scenario

FORMATS = ("parquet", "csv")
_MANIFEST = "operator.json"


class Tables(Mapping[str, pd.DataFrame]):
    """Named tables, reached as items or as attributes.

    Examples
    --------
    >>> tables = Tables("Tables", {"churn": pd.DataFrame({"month": [1, 2]})})
    >>> len(tables.churn)
    2
    >>> tables.chrun
    Traceback (most recent call last):
    ...
    AttributeError: Tables has no table 'chrun'; it has 'churn'.
    """

    def __init__(self, title: str, tables: Mapping[str, pd.DataFrame]) -> None:
        self._title = title
        self._tables = dict(tables)

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name.startswith("_") or name not in self._tables:
            have = listed(self._tables, most=20) if not name.startswith("_") else ""
            raise AttributeError(f"{type(self).__name__} has no table {name!r}; it has {have}.")
        return self._tables[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._tables]

    def describe(self) -> pd.DataFrame:
        """Return rows, columns and memory of each table."""
        return pd.DataFrame(
            {
                "rows": {name: len(frame) for name, frame in self.items()},
                "columns": {name: ", ".join(frame.columns) for name, frame in self.items()},
                "MB": {
                    name: round(frame.memory_usage(deep=False).sum() / 1e6, 2)
                    for name, frame in self.items()
                },
            }
        ).rename_axis("table")

    def __repr__(self) -> str:
        rows = (f"  {name:<18}{len(frame):>12,} rows" for name, frame in self.items())
        return "\n".join([self._title, *rows])

    def _repr_html_(self) -> str:
        table = self.describe().to_html(border=0)
        return f"<p><strong>{self._title}</strong></p>{table}"


@dataclass(frozen=True, repr=False)
class Operator:
    """A simulated telecom operator.

    Attributes
    ----------
    tables : Tables
        What a CRM would hold: customers, contracts, months, incidents, surveys, complaints,
        contacts, promotions, competitor_offers, churn, regain, staff, branches. Each is an
        attribute of the operator too: ``op.customers``.
    truth : Tables
        What no CRM knows: latent needs, true hazards, every loss with its cause in every
        typology, the outcome of every offer, unvoiced complaints. For grading and for judging
        policies; never a feature of a model.
    scenario : Scenario
        The parameters it was made with.
    opening, months_simulated, random_state : int
        Customers at the start, months simulated (1 is the first), and the seed.
    """

    tables: Tables
    truth: Tables
    scenario: Scenario
    opening: int
    months_simulated: int
    random_state: int

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name.startswith("_") or name == "tables":
            raise AttributeError(name)
        if name in self.tables:
            return self.tables[name]
        raise AttributeError(
            f"Operator has no table {name!r}; it has {listed(self.tables, most=20)}."
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.tables]

    def describe(self) -> pd.DataFrame:
        """Return the course of the base: customers, joiners, losses, returns, rates by month.

        Returns
        -------
        DataFrame
            Indexed by month: customers live in the month, of them new and returned, losses at
            its end, the churn rate (losses over customers), the mean bill in yuan.
        """
        truth, months = self.truth.months, self.tables["months"]
        live = truth["hazard"].notna()
        by = months.loc[live].groupby("month", observed=True)
        losses = self.truth.losses.groupby("month").size()
        contracts = self.tables["contracts"]
        starts = contracts.pivot_table(
            index="start", columns="kind", values="customer_id", aggfunc="size", observed=False
        )
        table = pd.DataFrame({"customers": by.size()})
        table["new"] = starts["new"].reindex(table.index, fill_value=0)
        table["returned"] = starts["return"].reindex(table.index, fill_value=0)
        table["lost"] = losses.reindex(table.index, fill_value=0)
        table["churn_rate"] = table["lost"] / table["customers"]
        table["mean_bill_yuan"] = by["bill"].mean().round(2)
        return table.fillna({"new": 0, "returned": 0}).astype({"new": int, "returned": int})

    def write(self, folder: str | Path, *, format: str = "parquet", truth: bool = True) -> Path:
        """Write every table to a new folder; nothing is left behind if it fails.

        Parameters
        ----------
        folder : path
            Made by this call; it must not exist, or be a folder written by this method.
        format : {'parquet', 'csv'}
            Parquet keeps every type; CSV is for reading elsewhere.
        truth : bool
            Whether the truth goes along, in the subfolder ``truth``. Leave it out for students.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        FileExistsError
            The folder exists and holds something else.
        """
        one_of(format, FORMATS, "format")
        if format == "parquet":
            optional("pyarrow", "scale")
        folder = Path(folder)
        if folder.exists() and any(folder.iterdir()) and not (folder / _MANIFEST).exists():
            raise FileExistsError(f"{folder} holds other files; name a new folder.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as work:
            made = Path(work) / "made"
            _write_tables(self.tables, made, format)
            if truth:
                _write_tables(self.truth, made / "truth", format)
            manifest = json.dumps(self._manifest(format, truth=truth), ensure_ascii=False, indent=1)
            (made / _MANIFEST).write_text(manifest + "\n", encoding="utf-8")
            if folder.exists():
                folder.rename(Path(work) / "old")
            made.rename(folder)
        return folder

    def _manifest(self, format: str, *, truth: bool) -> dict[str, Any]:
        scenario = self.scenario
        events = [
            {"name": e.name, "from": e.start, "to": e.end, "set": dict(e.changes)}
            for e in scenario.events
        ]
        return {
            "format": format,
            "truth": truth,
            "customers": self.opening,
            "months": self.months_simulated,
            "random_state": self.random_state,
            "scenario": {"name": scenario.name, "title": scenario.title, "about": scenario.about},
            "parameters": dict(scenario.parameters),
            "events": events,
            "tables": list(self.tables),
        }

    @classmethod
    def read(cls, folder: str | Path) -> Operator:
        """Read an operator written as Parquet; its truth is empty if it was left out.

        Raises
        ------
        FileNotFoundError
            The folder was not written by `write`.
        ValueError
            It was written as CSV, which does not keep the types.
        """
        folder = Path(folder)
        if not (folder / _MANIFEST).exists():
            raise FileNotFoundError(f"{folder} has no {_MANIFEST}: Operator.write did not make it.")
        optional("pyarrow", "scale")
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != "parquet":
            raise ValueError(f"{folder} was written as {manifest['format']}; only Parquet is read.")
        tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in manifest["tables"]}
        paths = sorted((folder / "truth").glob("*.parquet")) if manifest["truth"] else []
        truth = {path.stem: pd.read_parquet(path) for path in paths}
        values = {
            k: tuple(v) if isinstance(v, list) else v for k, v in manifest["parameters"].items()
        }
        events = tuple(
            Event(
                e["name"],
                e["from"],
                e["to"],
                {k: tuple(v) if isinstance(v, list) else v for k, v in e["set"].items()},
            )
            for e in manifest["events"]
        )
        about = manifest["scenario"]
        return cls(
            Tables("CRM tables", tables),
            Tables("Truth", truth),
            Scenario(about["name"], about["title"], about["about"], values, events),
            manifest["customers"],
            manifest["months"],
            manifest["random_state"],
        )

    def __repr__(self) -> str:
        rows = (f"  {name:<18}{len(frame):>12,} rows" for name, frame in self.tables.items())
        return "\n".join([self._headline(), *rows, f"  and apart: truth ({listed(self.truth)})"])

    def _repr_html_(self) -> str:
        from html import escape

        table = self.tables.describe().to_html(border=0)
        return f"<p><strong>{escape(self._headline())}</strong></p>{table}"

    def _headline(self) -> str:
        return (
            f"Operator, scenario {self.scenario.title!r}: {self.opening:,} customers at the start, "
            f"{self.months_simulated} months, random_state={self.random_state}"
        )


def _write_tables(tables: Tables, folder: Path, format: str) -> None:
    folder.mkdir(parents=True)
    for name, frame in tables.items():
        if format == "parquet":
            frame.to_parquet(folder / f"{name}.parquet", index=False)
        else:
            frame.to_csv(folder / f"{name}.csv", index=False)
