"""A text classifier, and how good it is, told honestly: by groups, beside a majority vote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
    recall_score,
)
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing

from crmlib._checks import as_frame, number
from crmlib._result import Result
from crmlib._words import as_texts, skeletons, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MEASURES = ("accuracy", "balanced accuracy", "macro F1")


def text_pipeline(*, strength: float = 10.0) -> Pipeline:
    """Return words and word pairs, weighted by tf-idf, in front of a logistic regression.

    Parameters
    ----------
    strength : float
        Inverse of the regularization (scikit-learn's `C`).

    Returns
    -------
    sklearn.pipeline.Pipeline

    Examples
    --------
    >>> model = text_pipeline().fit(["no signal", "wrong bill", "no network"], ["n", "b", "n"])
    >>> model.predict(["signal lost"]).tolist()
    ['n']
    """
    number(strength, "strength", 0, open_low=True)
    vectors = TfidfVectorizer(
        tokenizer=words, token_pattern=None, lowercase=False, ngram_range=(1, 2), sublinear_tf=True
    )
    return Pipeline([("words", vectors), ("model", LogisticRegression(C=strength, max_iter=2000))])


@dataclass(frozen=True, repr=False)
class CrossValidation(Result):
    """Out-of-fold quality of a classifier beside the majority vote.

    Attributes
    ----------
    summary : pandas.DataFrame
        A row a measure: model, majority, difference and its 95 % interval.
    classes : pandas.DataFrame
        A row a label: precision, recall, F1, number of texts.
    confusion : pandas.DataFrame
        True label (rows) by predicted label.
    folds : pandas.DataFrame
        Every measure in every fold.
    predicted : pandas.Series
        Out-of-fold label of each text.
    probability : pandas.Series
        What the model gave that label, from 0 to 1; missing if the model gives none.
    judged : pandas.Series
        The label each text is judged by.
    """

    summary: pd.DataFrame
    classes: pd.DataFrame
    confusion: pd.DataFrame
    folds: pd.DataFrame
    predicted: pd.Series[Any]
    probability: pd.Series[Any]
    judged: pd.Series[Any]
    _title = "Cross-validation beside a majority vote"

    def to_frame(self) -> pd.DataFrame:
        """Return the summary."""
        return self.summary

    def coverage(self, levels: Iterable[float] = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)) -> pd.DataFrame:
        """Return what is coded, and how much of it rightly, if doubtful cases go to a person.

        Parameters
        ----------
        levels : iterable of float
            Least probability with which a label is taken, from 0 to 1.

        Returns
        -------
        pandas.DataFrame
            Indexed by level: `coverage`, the share of texts coded; `accuracy` among them.

        Raises
        ------
        ValueError
            The model gives no probabilities.

        Examples
        --------
        >>> texts = [f"{what} {who}" for what in ("no signal", "wrong bill") for who in "abcdefgh"]
        >>> report = cross_validate(texts, ["network"] * 8 + ["billing"] * 8, folds=4)
        >>> report.coverage([0.0, 0.999]).loc[0.0].to_dict()
        {'coverage': 1.0, 'accuracy': 1.0}
        """
        if self.probability.isna().any():
            raise ValueError("The model gives no probabilities: it has no predict_proba.")
        right = self.predicted == self.judged
        rows = []
        for level in levels:
            sure = self.probability >= number(level, "a level", 0, 1)
            share = float(right[sure].mean()) if sure.any() else float("nan")
            rows.append({"level": float(level), "coverage": sure.mean(), "accuracy": share})
        return pd.DataFrame(rows).set_index("level")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the gain over the majority vote with its interval."""
        from crmlib.plots import dots

        ax = dots(self.summary, ax, value="difference", reference=0.0)
        ax.set_xlabel("gain over the majority vote")
        return ax


def cross_validate(
    texts: Iterable[str] | pd.DataFrame,
    labels: Iterable[str],
    *,
    pipeline: Any = None,
    truth: Iterable[str] | None = None,
    groups: Iterable[object] | None = None,
    folds: int = 5,
    random_state: int | None = 0,
) -> CrossValidation:
    """Judge a text classifier by folds that share no text, beside a vote for the commonest label.

    The interval of a difference uses the corrected resampled t statistic, because the folds'
    training parts overlap: Var = (1/k + n_test/n_train) s² (Nadeau and Bengio 2003).

    Parameters
    ----------
    texts : iterable of str, or DataFrame
        What customers wrote, in English or Chinese. Or a table of fields, a row a case; then
        `pipeline` is needed, and each row is a group of its own by default.
    labels : iterable of str
        What the classifier learns from.
    pipeline : classifier, optional
        `text_pipeline()` by default.
    truth : iterable of str, optional
        What it is judged by, where this is better known than `labels` (labels checked by a
        second person, say). By default `labels`.
    groups : iterable, optional
        Texts of one group stay in one fold; by default texts equal but for their numbers.
    folds : int
        Number of folds, 2 or more.
    random_state : int, optional
        Seed of the folds.

    Returns
    -------
    CrossValidation

    Raises
    ------
    ValueError
        If lengths differ, a label is missing, or a label has fewer groups than there are folds.

    Examples
    --------
    >>> texts = [f"{what} {who}" for what in ("no signal", "wrong bill") for who in "abcdefgh"]
    >>> report = cross_validate(texts, ["network"] * 8 + ["billing"] * 8, folds=4)
    >>> report.summary.loc["accuracy", ["model", "majority"]].tolist()
    [1.0, 0.5]
    """
    table = isinstance(texts, pd.DataFrame)
    if table and pipeline is None:
        raise ValueError("texts is a table: pass the pipeline that reads its columns.")
    given: Any = as_frame(texts, "texts") if isinstance(texts, pd.DataFrame) else as_texts(texts)
    learned = _column(labels, given, "labels")
    judged = learned if truth is None else _column(truth, given, "truth")
    if groups is None:
        group = np.arange(len(given)) if table else skeletons(given).to_numpy()
    else:
        group = np.asarray(list(groups))
    if len(group) != len(given):
        raise ValueError(f"groups has {len(group)} entries for {len(given)} texts.")
    k = int(number(folds, "folds", 2))
    apart = pd.Series(group).groupby(learned).nunique()
    if (apart < k).any():
        label, least = apart.idxmin(), apart.min()
        raise ValueError(
            f"labels: {label!r} has {least} distinct texts (groups) for {k} folds; "
            "take fewer folds or put rare labels together."
        )
    model = text_pipeline() if pipeline is None else pipeline
    raw = given.reset_index(drop=True) if table else given.to_numpy(object)
    splitter = StratifiedGroupKFold(k, shuffle=True, random_state=random_state)
    predicted = np.empty(len(raw), object)
    probability = np.full(len(raw), np.nan)
    rows: list[dict[str, object]] = []
    for fold, (train, test) in enumerate(splitter.split(raw, learned, group)):
        part, rest = _safe_indexing(raw, train), _safe_indexing(raw, test)
        fitted = clone(model).fit(part, learned[train])
        told = fitted.predict(rest)
        if hasattr(fitted, "predict_proba"):
            probability[test] = fitted.predict_proba(rest).max(axis=1)
        vote = DummyClassifier().fit(part, learned[train]).predict(rest)
        predicted[test] = told
        for name, guess in (("model", told), ("majority", vote)):
            score = _scores(judged[test], guess)
            rows.append({"fold": fold, "who": name, "ratio": len(test) / len(train), **score})
    measured = pd.DataFrame(rows)
    names = sorted(set(judged) | set(learned))
    precision, recall, f1, support = precision_recall_fscore_support(
        judged, predicted, labels=names, zero_division=0
    )
    classes = pd.DataFrame(
        {"precision": precision, "recall": recall, "F1": f1, "texts": support},
        pd.Index(names, name="label"),
    )
    confusion = pd.DataFrame(
        confusion_matrix(judged, predicted, labels=names),
        pd.Index(names, name="true"),
        pd.Index(names, name="predicted"),
    )
    return CrossValidation(
        _summary(measured, k), classes, confusion, measured.drop(columns="ratio"),
        pd.Series(predicted, given.index, name="predicted"),
        pd.Series(probability, given.index, name="probability"),
        pd.Series(judged, given.index, name="judged"),
    )  # fmt: skip


def _scores(true: Any, guess: Any) -> dict[str, float]:
    # Only labels that occur are averaged: a fold may lack a rare one.
    seen = sorted(set(true))
    scores = (
        accuracy_score(true, guess),
        recall_score(true, guess, labels=seen, average="macro", zero_division=0),
        f1_score(true, guess, labels=seen, average="macro", zero_division=0),
    )
    return {name: float(score) for name, score in zip(_MEASURES, scores, strict=True)}


def _summary(table: pd.DataFrame, k: int) -> pd.DataFrame:
    by = {who: part.set_index("fold") for who, part in table.groupby("who")}
    gain = by["model"][list(_MEASURES)] - by["majority"][list(_MEASURES)]
    spread = np.sqrt((1 / k + by["model"]["ratio"].mean()) * gain.var(ddof=1))
    half = stats.t.ppf(0.975, k - 1) * spread
    mean = gain.mean()
    return pd.DataFrame(
        {
            "model": by["model"][list(_MEASURES)].mean(),
            "majority": by["majority"][list(_MEASURES)].mean(),
            "difference": mean,
            "low": mean - half,
            "high": mean + half,
        }
    ).rename_axis("measure")


def _column(values: Iterable[str], texts: Any, name: str) -> np.ndarray[Any, Any]:
    labels = np.asarray(list(values), dtype=object)
    if len(labels) != len(texts):
        raise ValueError(f"{name} has {len(labels)} entries for {len(texts)} texts.")
    missing = pd.isna(labels)
    if missing.any():
        raise ValueError(f"{name} is missing for {int(missing.sum())} texts.")
    return labels.astype(str).astype(object)
