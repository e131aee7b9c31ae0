"""What codes mean: the attribute behind a column, and a table of codes with its attributes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlib._checks import listed

CodeArray = npt.NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True)
class Attribute:
    """One column's dictionary: which code stands for which value or range of values.

    Codes 0 to K - 1 are the K levels, in order; K stands for a missing value and K + 1 for a
    value that was not there when the encoder learned.

    Parameters
    ----------
    name : hashable
        Name of the column.
    levels : tuple
        The categories in code order; for a number, the readable ranges.
    edges : tuple of float, optional
        Upper ends of all ranges but the last: the code of a number is the count of edges
        below it. None for categories.
    dtype : str
        Name of the dtype the column came with ("category", "str", "bool", "float64", ...).
    ordered : bool
        Whether the levels have an order.

    Examples
    --------
    >>> contract = Attribute("contract", ("monthly", "one year"))
    >>> contract.missing, contract.unseen, contract.labels
    (2, 3, ('monthly', 'one year', '(missing)'))
    """

    name: Hashable
    levels: tuple[Any, ...]
    edges: tuple[float, ...] | None = None
    dtype: str = "str"
    ordered: bool = False

    @property
    def missing(self) -> int:
        """Code of a missing value."""
        return len(self.levels)

    @property
    def unseen(self) -> int:
        """Code of a value the encoder never met."""
        return len(self.levels) + 1

    @property
    def size(self) -> int:
        """Number of codes that can be counted: the levels and missing."""
        return len(self.levels) + 1

    @property
    def labels(self) -> tuple[str, ...]:
        """Readable name of each countable code."""
        return (*(str(level) for level in self.levels), "(missing)")

    @classmethod
    def of_edges(cls, name: Hashable, edges: Sequence[float], dtype: str = "float64") -> Attribute:
        """Describe a number cut at `edges`.

        Examples
        --------
        >>> Attribute.of_edges("tenure", [12, 24]).levels
        ('<= 12', '12 to 24', '> 24')
        """
        cuts = tuple(float(edge) for edge in edges)
        texts = _texts(cuts)
        levels = tuple(_span(texts, code, code) for code in range(len(cuts) + 1))
        return cls(name, levels, cuts, dtype, ordered=True)

    def runs(self, codes: Sequence[int]) -> list[list[int]]:
        """Return the codes of levels together: of numbers, neighboring ranges; of categories, all.

        Examples
        --------
        >>> Attribute.of_edges("calls", [2, 5, 9]).runs([0, 1, 3, 4])
        [[0, 1], [3]]
        >>> Attribute("plan", ("a", "b", "c")).runs([0, 2])
        [[0, 2]]
        """
        known = sorted(code for code in codes if code < len(self.levels))
        runs: list[list[int]] = []
        for code in known:
            if runs and (self.edges is None or code == runs[-1][-1] + 1):
                runs[-1].append(code)
            else:
                runs.append([code])
        return runs

    def labels_of(self, codes: Sequence[int]) -> list[str]:
        """Return readable names of countable codes, neighboring ranges as one.

        Examples
        --------
        >>> Attribute.of_edges("calls", [2, 5, 9]).labels_of([1, 2, 4])
        ['2 to 9', '(missing)']
        """
        if self.edges is None:
            return [self.labels[code] for code in sorted(codes)]
        texts = _texts(self.edges)
        found = [_span(texts, run[0], run[-1]) for run in self.runs(codes)]
        return [*found, "(missing)"] if self.missing in codes else found

    def to_dict(self) -> dict[str, Any]:
        """Return the attribute as plain values that JSON can hold.

        Raises
        ------
        TypeError
            If a level is neither text, number nor truth value.
        """
        levels = [_plain(level, self.name) for level in self.levels]
        return {
            "name": _plain(self.name, "columns"),
            "levels": levels,
            "edges": None if self.edges is None else list(self.edges),
            "dtype": self.dtype,
            "ordered": self.ordered,
        }

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Attribute:
        """Rebuild what `to_dict` wrote."""
        edges = record["edges"]
        return cls(
            record["name"],
            tuple(record["levels"]),
            None if edges is None else tuple(edges),
            record["dtype"],
            record["ordered"],
        )


def _texts(cuts: Sequence[float]) -> list[str]:
    """Return edges with as few digits as tell them apart, and at least four."""
    return next(
        texts
        for digits in range(4, 18)
        if len(set(texts := [f"{cut:.{digits}g}" for cut in cuts])) == len(cuts)
    )


def _span(texts: list[str], first: int, last: int) -> str:
    """Return the name of the ranges `first` to `last` between edges written so."""
    if last < len(texts):
        return f"{texts[first - 1]} to {texts[last]}" if first else f"<= {texts[last]}"
    return f"> {texts[first - 1]}" if first else "any number"


@dataclass(frozen=True, eq=False)
class Codes:
    """A coded table: one row of small integers per attribute.

    Parameters
    ----------
    matrix : array of shape (n_attributes, n_rows), unsigned integers
        `matrix[a]` holds the codes of attribute a, contiguous in memory.
    attributes : tuple of Attribute
        What the codes mean.
    index : pandas.Index
        Row labels of the table the codes came from.

    Examples
    --------
    >>> from crmlib.counts import Encoder
    >>> codes = Encoder().fit_encode(pd.DataFrame({"plan": ["b", "a", None]}))
    >>> codes["plan"].tolist(), len(codes), codes.names
    ([1, 0, 2], 3, ('plan',))
    """

    matrix: CodeArray
    attributes: tuple[Attribute, ...]
    index: pd.Index[Any] = field(repr=False)

    @cached_property
    def names(self) -> tuple[Hashable, ...]:
        """Column names, in order."""
        return tuple(attribute.name for attribute in self.attributes)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, as of a table."""
        return self.matrix.shape[1], self.matrix.shape[0]

    @cached_property
    def largest(self) -> list[int]:
        """Largest code of each attribute."""
        return [int(row.max()) for row in self.matrix]

    def __len__(self) -> int:
        return int(self.matrix.shape[1])

    def __getitem__(self, name: Hashable) -> CodeArray:
        row: CodeArray = self.matrix[self.position(name)]
        return row

    def position(self, name: Hashable) -> int:
        """Return the place of a column, or raise a KeyError that lists the columns."""
        if name not in self.names:
            raise KeyError(f"There is no column {name!r}; there are {listed(self.names)}.")
        return self.names.index(name)

    def take(self, rows: npt.NDArray[Any]) -> Codes:
        """Return the chosen rows (positions or a mask)."""
        return Codes(np.ascontiguousarray(self.matrix[:, rows]), self.attributes, self.index[rows])

    def decode(self) -> pd.DataFrame:
        """Return values again: categories with their dtype and order, numbers as their ranges.

        Missing and unseen values both come back as missing.

        Examples
        --------
        >>> from crmlib.counts import Encoder
        >>> frame = pd.DataFrame({"plan": pd.Categorical(["b", None], ["b", "a"])})
        >>> Encoder().fit_encode(frame).decode().equals(frame)
        True
        """
        columns = {
            attribute.name: _decode(codes, attribute)
            for codes, attribute in zip(self.matrix, self.attributes, strict=True)
        }
        return pd.DataFrame(columns).set_index(self.index)


def _decode(codes: CodeArray, attribute: Attribute) -> Any:
    """Turn one row of codes into a column of the dtype it came from."""
    inside = codes < attribute.missing
    places = np.where(inside, codes, 0).astype(np.intp)
    if attribute.edges is not None or attribute.dtype == "category":
        return pd.Categorical.from_codes(
            np.where(inside, places, -1),
            pd.Index(list(attribute.levels), tupleize_cols=False),
            ordered=attribute.ordered,
        )
    values = np.array([*attribute.levels, None], dtype=object)
    column = pd.Series(values[np.where(inside, places, len(attribute.levels))], dtype=object)
    if attribute.dtype == "bool" and not inside.all():
        return column
    return column.astype(pd.api.types.pandas_dtype(attribute.dtype))


def _plain(value: Any, where: object) -> Any:
    """Return a value JSON keeps as it is."""
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(
        f"{where!r} holds {value!r} of type {type(value).__name__}; "
        "only text, numbers and truth values can be written down."
    )
