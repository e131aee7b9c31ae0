"""Triage: what a complaint is about, how grave it is and who has to answer, from its text."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from crmlib._checks import listed, number, one_of
from crmlib._honest import text_pipeline
from crmlib._result import Result
from crmlib._words import as_texts


@dataclass(frozen=True, repr=False)
class Routes(Result):
    """Which department answers for which category, and from which grade a case is escalated.

    Attributes
    ----------
    departments : mapping of str to str
        Department and its Chinese name.
    categories : pandas.DataFrame
        A row a category: `zh`, `department`.
    grades : mapping of str to str
        Grades of severity, mild to grave, and their Chinese names.
    escalate_from : str
        The grade from which supervision is told.
    """

    departments: Mapping[str, str]
    categories: pd.DataFrame
    grades: Mapping[str, str]
    escalate_from: str
    _title = "Which department answers"

    def to_frame(self) -> pd.DataFrame:
        """Return the categories with their departments."""
        return self.categories.assign(department_zh=self.categories["department"].map(
            dict(self.departments)
        ))  # fmt: skip


@lru_cache(maxsize=8)
def routes(path: str | Path | None = None) -> Routes:
    """Read the routes of complaints; crmlib's own by default.

    Parameters
    ----------
    path : str or path, optional
        A TOML file of the same form as `crmlib/complaints/routes.toml`.

    Returns
    -------
    Routes

    Raises
    ------
    ValueError
        If a category names a department that is not listed, or a field is missing.

    Examples
    --------
    >>> routes().to_frame()
                zh   department department_zh
    category
    network    网络质量  after-sales          售后部门
    billing    资费账单        sales          销售部门
    encounter  服务接触      service          客服部门
    """
    source = files("crmlib.complaints").joinpath("routes.toml") if path is None else Path(path)
    name = "routes.toml" if path is None else str(path)
    raw = tomllib.loads(source.read_text(encoding="utf-8"))
    try:
        departments, severity = dict(raw["departments"]), raw["severity"]
        table = pd.DataFrame.from_dict(raw["categories"], orient="index")[["zh", "department"]]
        grades = dict(zip(severity["grades"], severity["zh"], strict=True))
        start = one_of(severity["escalate_from"], grades, "severity: escalate_from")
    except KeyError as error:
        raise ValueError(f"{name}: the field {error} is missing.") from None
    for category, department in table["department"].items():
        one_of(department, departments, f"{name}: categories.{category}: department")
    return Routes(departments, table.rename_axis("category"), grades, start)


class Triage(BaseEstimator):  # type: ignore[misc]
    """Sort complaints by category, severity and department, and say when a person should look.

    Parameters
    ----------
    pipeline : scikit-learn classifier of texts, optional
        `text_pipeline()` by default; cloned for each of the two questions.
    routes : Routes, optional
        crmlib's own by default.
    confidence : float
        A complaint whose category has a lower probability than this is marked for review.

    Attributes
    ----------
    category_, severity_ : fitted pipelines
        `severity_` is None if no severities were given.

    Examples
    --------
    >>> texts = ["no signal at home", "wrong bill again", "signal is gone", "bill too high"]
    >>> triage = Triage().fit(texts, ["network", "billing", "network", "billing"])
    >>> triage.predict(["the signal is weak"])[["category", "department"]]
      category   department
    0  network  after-sales
    """

    def __init__(
        self, pipeline: Any = None, *, routes: Routes | None = None, confidence: float = 0.6
    ) -> None:
        self.pipeline = pipeline
        self.routes = routes
        self.confidence = confidence

    def fit(
        self, texts: Iterable[str], category: Iterable[str], severity: Iterable[str] | None = None
    ) -> Triage:
        """Learn from complaints that people have sorted.

        Parameters
        ----------
        texts : iterable of str
            The complaints, in English or Chinese.
        category : iterable of str
            Categories the routes know.
        severity : iterable of str, optional
            Grades the routes know.

        Returns
        -------
        Triage

        Raises
        ------
        ValueError
            If a text is empty, a label unknown, the lengths differ, or there is only one category.
        """
        number(self.confidence, "confidence", 0, 1)
        known = self._routes()
        given = as_texts(texts)
        model = text_pipeline() if self.pipeline is None else self.pipeline
        self.category_ = clone(model).fit(
            given.to_numpy(object), _labels(category, given, known.categories.index, "category")
        )
        self.severity_ = None
        if severity is not None:
            grades = _labels(severity, given, known.grades, "severity")
            self.severity_ = clone(model).fit(given.to_numpy(object), grades)
        return self

    def predict(self, texts: Iterable[str]) -> pd.DataFrame:
        """Return category, its probability, department, severity, escalation and review.

        Parameters
        ----------
        texts : iterable of str
            The complaints, in English or Chinese.

        Returns
        -------
        DataFrame
            The index of `texts`. `escalate`: supervision is told; `review`: a person should look.
        """
        check_is_fitted(self, "category_")
        known = self._routes()
        given = as_texts(texts)
        chance = self.category_.predict_proba(given.to_numpy(object))
        category = self.category_.classes_[chance.argmax(axis=1)]
        out = pd.DataFrame({"category": category, "probability": chance.max(axis=1)}, given.index)
        out["department"] = known.categories["department"].loc[category].to_numpy()
        if self.severity_ is not None:
            grades = list(known.grades)
            severity = self.severity_.predict(given.to_numpy(object))
            out["severity"] = pd.Categorical(severity, grades, ordered=True)
            out["escalate"] = [
                grades.index(grade) >= grades.index(known.escalate_from) for grade in severity
            ]
        out["review"] = out["probability"] < self.confidence
        return out

    def _routes(self) -> Routes:
        return routes() if self.routes is None else self.routes


def _labels(
    values: Iterable[str], texts: pd.Series[str], known: Iterable[str], name: str
) -> np.ndarray[Any, Any]:
    labels = np.asarray(list(values), dtype=object)
    if len(labels) != len(texts):
        raise ValueError(f"{name} has {len(labels)} labels for {len(texts)} texts.")
    allowed = list(known)
    unknown = sorted({str(label) for label in labels} - set(allowed))
    if unknown:
        raise ValueError(f"{name} has labels without a route: {listed(unknown)}. "
                         f"Known are {listed(allowed)}.")  # fmt: skip
    if len(set(labels)) < 2:
        raise ValueError(f"{name} has only the label {listed(set(labels))}: nothing to learn.")
    return labels
