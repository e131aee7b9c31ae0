"""Protocols: how rows are divided into training and test rows, as small declared objects.

Each gives pairs of row positions, the same for every model and the same every time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedShuffleSplit

from crmlib._checks import number, whole

if TYPE_CHECKING:
    from crmlib.experiments.declare import Table

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Protocol(ABC):
    """The base of protocols: subclass it, say `divide`, and it can be declared.

    Attributes
    ----------
    first : int, optional
        Use only so many of the splits, for a quick look.
    """

    first: int | None = None

    @abstractmethod
    def divide(self, table: Table) -> Iterator[tuple[Any, Any]]:
        """Yield (training rows, test rows) as positions."""

    def splits(self, table: Table) -> list[tuple[Rows, Rows]]:
        """Return the splits of a table, at most `first` of them.

        Parameters
        ----------
        table : Table
            The data.

        Returns
        -------
        list of (array, array)
            Positions of training and of test rows.
        """
        found = [(np.asarray(a), np.asarray(b)) for a, b in self.divide(table)]
        return found[: self.first]


@dataclass(frozen=True, kw_only=True)
class ShuffleSplit(Protocol):
    """Random splits that keep the churn rate (Monte Carlo cross-validation).

    Attributes
    ----------
    repeats : int
        Number of splits.
    test_size : float
        Share of test rows.
    seed : int
        Of the shuffling.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib.experiments import Table
    >>> table = Table(pd.DataFrame({"x": range(8)}), pd.Series([True, False] * 4))
    >>> [len(test) for _, test in ShuffleSplit(repeats=2, test_size=0.25).splits(table)]
    [2, 2]
    """

    repeats: int = 10
    test_size: float = 0.25
    seed: int = 0

    def __post_init__(self) -> None:
        whole(self.repeats, "repeats", 1)
        number(self.test_size, "test_size", 0, 1, open_low=True, open_high=True)

    def divide(self, table: Table) -> Iterator[tuple[Any, Any]]:
        """Yield (training rows, test rows) as positions."""
        splitter = StratifiedShuffleSplit(
            self.repeats, test_size=self.test_size, random_state=self.seed
        )
        yield from splitter.split(table.X, table.y)


@dataclass(frozen=True, kw_only=True)
class KFold(Protocol):
    """Repeated cross-validation that keeps the churn rate; 5 x 2 is `folds=2, repeats=5`.

    Attributes
    ----------
    folds, repeats : int
        Folds, and how often rows are dealt anew.
    seed : int
        Of the dealing.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib.experiments import Table
    >>> table = Table(pd.DataFrame({"x": range(8)}), pd.Series([True, False] * 4))
    >>> len(KFold(folds=2, repeats=5).splits(table))
    10
    """

    folds: int = 10
    repeats: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        whole(self.folds, "folds", 2)
        whole(self.repeats, "repeats", 1)

    def divide(self, table: Table) -> Iterator[tuple[Any, Any]]:
        """Yield (training rows, test rows) as positions."""
        splitter = RepeatedStratifiedKFold(
            n_splits=self.folds, n_repeats=self.repeats, random_state=self.seed
        )
        yield from splitter.split(table.X, table.y)


@dataclass(frozen=True, kw_only=True)
class LearningCurve(Protocol):
    """Training rows grow, test rows stay: how good a model is after so many customers.

    Each repeat divides the rows once. The first `sizes[0]` training rows are the first split,
    the first `sizes[1]`, among them those before, the second; each keeps the churn rate.

    Attributes
    ----------
    sizes : tuple of int
        Numbers of training rows, ascending.
    repeats : int
        Number of divisions.
    test_size : float
        Share of test rows.
    seed : int
        Of the division.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib.experiments import Table
    >>> table = Table(pd.DataFrame({"x": range(20)}), pd.Series([True, False] * 10))
    >>> curve = LearningCurve(sizes=(4, 8), repeats=2)
    >>> [(curve.size(k), len(a), len(b)) for k, (a, b) in enumerate(curve.splits(table))]
    [(4, 4, 10), (8, 8, 10), (4, 4, 10), (8, 8, 10)]
    """

    sizes: tuple[int, ...] = (250, 500, 1000)
    repeats: int = 5
    test_size: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        whole(self.repeats, "repeats", 1)
        number(self.test_size, "test_size", 0, 1, open_low=True, open_high=True)
        for size in self.sizes:
            whole(size, "sizes", 2)
        if not self.sizes or list(self.sizes) != sorted(set(self.sizes)):
            raise ValueError(f"sizes must ascend, got {self.sizes}.")

    def size(self, split: int) -> int:
        """Return the number of training rows of a split, by its number.

        Parameters
        ----------
        split : int
            As in the results.
        """
        return self.sizes[split % len(self.sizes)]

    def divide(self, table: Table) -> Iterator[tuple[Any, Any]]:
        """Yield (training rows, test rows) as positions."""
        splitter = StratifiedShuffleSplit(
            self.repeats, test_size=self.test_size, random_state=self.seed
        )
        left = table.y.to_numpy().astype(bool)
        for rows, test in splitter.split(table.X, left):
            if self.sizes[-1] > len(rows):
                raise ValueError(f"sizes go to {self.sizes[-1]}, training rows to {len(rows)}.")
            # Each row stands at its place within its class, so that every beginning is mixed
            # as the whole is.
            place = np.empty(len(rows))
            for label in (False, True):
                same = left[rows] == label
                place[same] = (np.arange(same.sum()) + 0.5) / same.sum()
            ordered = rows[np.argsort(place, kind="stable")]
            for size in self.sizes:
                yield ordered[:size], test


@dataclass(frozen=True, kw_only=True)
class FixedSplit(Protocol):
    """The split that came with the data: the table's `split` column.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib.experiments import Table
    >>> table = Table(pd.DataFrame({"x": [1, 2]}), pd.Series([True, False]),
    ...               split=pd.Series(["train", "test"]))
    >>> FixedSplit().splits(table)
    [(array([0]), array([1]))]
    """

    def divide(self, table: Table) -> Iterator[tuple[Any, Any]]:
        """Yield (training rows, test rows) as positions."""
        if table.split is None:
            raise ValueError("FixedSplit needs a table with a split: 'train' or 'test' by row.")
        part = table.split.to_numpy()
        yield np.flatnonzero(part == "train"), np.flatnonzero(part == "test")
