"""What an experiment is: data, protocol, models, measures, and what was published of it.

Everything here is a small frozen object. Functions stand in for what is heavy (loading a table,
building a model), so that declaring an experiment costs nothing and needs no optional library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from crmlib._checks import as_frame, listed, one_of
from crmlib.experiments.metrics import METRICS
from crmlib.experiments.protocols import Protocol

TRACED = ("read", "abstract", "unverified")


@dataclass(frozen=True)
class Table:
    """What models see: attributes, class, and what some measures need besides.

    Attributes
    ----------
    X : DataFrame
        Attributes, a row a customer.
    y : Series of bool
        True for those who left.
    costs : DataFrame, optional
        Costs of the four outcomes, as `crmlib.profit.churn_costs` gives them; for "savings".
    weight : Series, optional
        Weight of a customer, such as the monthly charge; for models that weigh rows.
    split : Series, optional
        'train' or 'test' for each row, where one was published; for `FixedSplit`.
    treatment : Series, optional
        1 for those who got an offer, 0 for the control group; for models of lift and "Qini".
    """

    X: pd.DataFrame
    y: pd.Series[Any]
    costs: pd.DataFrame | None = None
    weight: pd.Series[float] | None = None
    split: pd.Series[Any] | None = None
    treatment: pd.Series[int] | None = None

    def __post_init__(self) -> None:
        as_frame(self.X, "X")
        if len(self.y) != len(self.X):
            raise ValueError(f"X has {len(self.X)} rows, y {len(self.y)}.")
        if not set(np.unique(self.y.to_numpy())) <= {False, True}:
            raise ValueError(f"y must hold True and False, got {listed(self.y.unique())}.")

    def take(self, rows: Any) -> Table:
        """Return some rows, by position."""
        parts = {
            name: None if part is None else part.iloc[rows] for name, part in vars(self).items()
        }
        return Table(**parts)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Data:
    """A data set of an experiment.

    Attributes
    ----------
    name : str
        Its label in results.
    load : callable
        Takes nothing, returns a `Table` (or whatever the experiment's readings take). It raises
        FileNotFoundError where the data are not at hand.
    digest : str
        The first hexadecimal digits of the content's hash. Other content is refused; empty
        accepts any.
    """

    name: str
    load: Callable[[], Any]
    digest: str = ""


@dataclass(frozen=True)
class Model:
    """A model of an experiment.

    Attributes
    ----------
    name : str
        Its label in results.
    build : callable
        Takes nothing, returns an unfitted scikit-learn classifier with `predict_proba`. All
        preprocessing is part of it, so that it is learned from training rows only.
    grid : tuple of dict
        Parameter settings to choose from by cross-validation within the training rows; empty for
        none.
    needs : tuple of str
        Modules it imports that crmlib does not require. Where one is missing the model is left
        out, and the results say so.
    weigh : bool
        Pass the table's `weight` to `fit` as `sample_weight`.
    lift : bool
        It ranks by lift, as the learners of `crmlib.recovery` do: ``fit(X, y, treatment)``, and
        `predict` gives the score. "Qini" and "AUUC" judge it.
    """

    name: str
    build: Callable[[], Any]
    grid: tuple[Mapping[str, Any], ...] = ()
    needs: tuple[str, ...] = ()
    weigh: bool = False
    lift: bool = False


@dataclass(frozen=True)
class Reading:
    """A computation on the whole table, for results that are no prediction.

    Attributes
    ----------
    name : str
        Its label in results.
    compute : callable
        Takes what `Data.load` returned, returns numbers by name.
    needs : tuple of str
        Modules it imports that crmlib does not require; as in `Model`.
    """

    name: str
    compute: Callable[[Any], Mapping[str, float]]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """Where a published number stands, and whether anyone here has seen it there.

    Attributes
    ----------
    text : str
        Author, year, title.
    where : str
        Page, table or section.
    traced : {"read", "abstract", "unverified"}
        Read at the place, read in the abstract, or only known from elsewhere.
    url : str
        Address, if there is one.
    """

    text: str
    where: str
    traced: str
    url: str = ""

    def __post_init__(self) -> None:
        one_of(self.traced, TRACED, "traced")


@dataclass(frozen=True)
class Claim:
    """A published number that a run should reproduce.

    Attributes
    ----------
    measure : str
        The measure or reading it is a value of.
    value : float
        As published.
    tolerance : float
        Largest gap that counts as reproduced, in the measure's unit.
    source : Source
        Where it stands.
    model : str
        The model or reading it belongs to.
    data : str
        The data set; may be empty where the experiment has only one.
    spread : float, optional
        The published standard deviation.
    gap : str
        Why the numbers differ, where that is known.
    """

    measure: str
    value: float
    tolerance: float
    source: Source
    model: str
    data: str = ""
    spread: float | None = None
    gap: str = ""


@dataclass(frozen=True)
class Part:
    """A part of an experiment: some data sets, some models, the first splits.

    Attributes
    ----------
    data, models : tuple of str, optional
        Names to keep; all by default.
    splits : int, optional
        Number of splits to keep; all by default.
    """

    data: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    splits: int | None = None


@dataclass(frozen=True)
class Experiment:
    """An experiment: models on data by a protocol, or readings of data; and the published values.

    Attributes
    ----------
    name : str
        What the command line calls it: small letters, digits and hyphens.
    title, question : str
        For people.
    data : tuple of Data
        Where it runs.
    models : tuple of Model
        What is compared; with `protocol` and `metrics`.
    protocol : Protocol, optional
        How rows are divided into training and test rows.
    metrics : tuple of str
        Names from `METRICS`.
    readings : tuple of Reading
        What is computed on whole tables, instead of or besides models.
    claims : tuple of Claim
        What was published.
    inner_folds : int
        Folds within the training rows, for models with a grid.
    tune_on : str
        The metric that chooses among a grid.
    quick : Part, optional
        A part that runs in minutes at most.
    note : str
        What a reader of the results should know.

    Raises
    ------
    ValueError
        If names are not unique or unknown, or models come without protocol and metrics.

    Examples
    --------
    >>> from crmlib.data import load
    >>> def iranian():
    ...     return load("iranian-churn").frame
    >>> def customers(frame):
    ...     return {"customers": len(frame)}
    >>> Experiment("size", "Size", "How many?", data=(Data("Iranian", iranian),),
    ...            readings=(Reading("count", customers),)).readings[0].name
    'count'
    """

    name: str
    title: str
    question: str
    data: tuple[Data, ...]
    models: tuple[Model, ...] = ()
    protocol: Protocol | None = None
    metrics: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    claims: tuple[Claim, ...] = ()
    inner_folds: int = 3
    tune_on: str = "log loss"
    quick: Part | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not self.name or not set(self.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"):
            raise ValueError(f"name must be small letters, digits and hyphens, got {self.name!r}.")
        if not self.data or not (self.models or self.readings):
            raise ValueError(f"{self.name}: an experiment has data, and models or readings.")
        if self.models and (self.protocol is None or not self.metrics):
            raise ValueError(f"{self.name}: models need a protocol and metrics.")
        for metric in (*self.metrics, self.tune_on):
            one_of(metric, METRICS, "metric")
        for kind in ("data", "models", "readings"):
            names: list[str] = [one.name for one in getattr(self, kind)]
            if len(set(names)) < len(names):
                raise ValueError(f"{self.name}: {kind} has a name twice among {listed(names)}.")
        sets = [data.name for data in self.data]
        workers = [*(m.name for m in self.models), *(r.name for r in self.readings)]
        for claim in self.claims:
            one_of(claim.model, workers, f"{self.name}: model of a claim")
            if claim.data or len(sets) > 1:
                one_of(claim.data, sets, f"{self.name}: data of a claim")

    def part(self, part: Part) -> Experiment:
        """Return the experiment restricted to a part of it.

        Parameters
        ----------
        part : Part
            What to keep.

        Returns
        -------
        Experiment
        """
        data, models, readings = self.data, self.models, self.readings
        if part.data is not None:
            known = [one.name for one in data]
            wanted = [one_of(name, known, "data") for name in part.data]
            data = tuple(one for one in data if one.name in wanted)
        if part.models is not None:
            known = [*(m.name for m in models), *(r.name for r in readings)]
            wanted = [one_of(name, known, "models") for name in part.models]
            models = tuple(one for one in models if one.name in wanted)
            readings = tuple(one for one in readings if one.name in wanted)
        protocol = self.protocol
        if protocol is not None and part.splits is not None:
            protocol = replace(protocol, first=part.splits)
        kept = {*(m.name for m in models), *(r.name for r in readings)}
        sets = {one.name for one in data}
        claims = tuple(
            claim
            for claim in self.claims
            if claim.model in kept and (claim.data or self.data[0].name) in sets
        )
        if len(sets) < len(self.data):  # a claim without data means the only set there was
            claims = tuple(replace(c, data=c.data or self.data[0].name) for c in claims)
        return replace(
            self, data=data, models=models, readings=readings, protocol=protocol, claims=claims
        )
