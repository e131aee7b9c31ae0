"""One encoder for every model that learns from counts: values in, small integer codes out."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data

from crmlib._checks import as_frame, listed, number, one_of
from crmlib.counts.binning import Floats, mdl_edges, quantile_edges, width_edges
from crmlib.counts.codes import Attribute, CodeArray, Codes
from crmlib.counts.columns import as_numbers, factorize, kind_of
from crmlib.counts.tables import checked_weights

if TYPE_CHECKING:
    from crmlib.counts.sql import CodedTable

Bins = str | Sequence[float]
METHODS = ("quantile", "width", "mdl", "category")


class Encoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Give every value a small integer code: categories by name, numbers by range.

    Text, truth values and pandas categories become one code each (a pandas category keeps its
    order, other values are sorted). Numbers are cut into ranges. A missing value has the code K
    and a value never met has K + 1, where K is the number of levels.

    Parameters
    ----------
    bins : {"quantile", "width", "mdl", "category"}, sequence of edges, or dict
        How numbers are cut: equal weight, equal width, by class entropy (Fayyad & Irani 1993,
        which needs `y`), not at all (each number is a category), or at given edges. A dict maps
        column names to any of these; columns it leaves out are cut by quantile.
    n_bins : int
        Ranges per number for "quantile" and "width".
    missing : {"code", "error"}
        Whether a missing value gets its code or is refused.
    unseen : {"code", "missing", "error"}
        Whether a category never met gets its own code, counts as missing or is refused.
    max_categories : int
        A column with more distinct categories is refused: it is more likely an identifier.

    Attributes
    ----------
    attributes_ : tuple of Attribute
        What the codes of each column mean.
    n_features_in_ : int
    feature_names_in_ : array of str, if the columns have such names

    Examples
    --------
    >>> customers = pd.DataFrame({"plan": ["gold", "basic", None], "calls": [3, 40, 7]})
    >>> encoder = Encoder(bins={"calls": [10]}).fit(customers)
    >>> encoder.transform(customers).tolist()
    [[1, 0], [0, 1], [2, 0]]
    >>> encoder.attributes_[1].levels
    ('<= 10', '> 10')
    """

    def __init__(
        self,
        bins: Bins | Mapping[Hashable, Bins] = "quantile",
        n_bins: int = 8,
        *,
        missing: str = "code",
        unseen: str = "code",
        max_categories: int = 1000,
    ) -> None:
        self.bins = bins
        self.n_bins = n_bins
        self.missing = missing
        self.unseen = unseen
        self.max_categories = max_categories

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn the levels and edges of every column.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_columns)
            The columns to code, without the class.
        y : array of shape (n_rows,), optional
            Classes; needed where a number is cut by "mdl".
        sample_weight : array of shape (n_rows,), optional
            Weight of each row in quantiles and class entropies. Rows of weight 0 teach nothing.

        Returns
        -------
        Encoder
            This encoder, fitted.

        Raises
        ------
        TypeError
            If a column mixes types or holds what cannot be coded; the message names it.
        ValueError
            If X is empty or has duplicate names, a category column has too many values, or
            edges are not ascending.
        """
        self.fit_encode(X, y, sample_weight)
        return self

    def fit_encode(self, X: Any, y: Any = None, sample_weight: Any = None) -> Codes:
        """Learn and code in one pass; parameters as in `fit`."""
        frame = self._frame(X, reset=True)
        self._check_parameters(frame.columns)
        labels = _class_places(y, len(frame)) if self.uses("mdl") and y is not None else None
        weights = None
        if sample_weight is not None:
            weights = checked_weights(sample_weight, len(frame), "sample_weight")
        if weights is None or weights.all():
            return self._codes(frame, self._learn_frame(frame, labels, weights))
        heavy = np.flatnonzero(weights)
        self._learn_frame(
            frame.iloc[heavy], None if labels is None else labels[heavy], weights[heavy]
        )
        return self._codes(frame, self._read(frame))

    def encode(self, X: Any) -> Codes:
        """Return the codes of a table as `Codes`, which counts and models take as they are."""
        check_is_fitted(self, "attributes_")
        frame = self._frame(X, reset=False)
        return self._codes(frame, self._read(frame))

    def fit_table(self, table: Any, target: str | None = None, weight: str | None = None) -> Self:
        """Learn from a database table what `fit` would learn from its rows.

        Quantiles are found by the database. Only the distinct values of a category column, and
        for "mdl" those of a number with their class counts, are fetched.

        Parameters
        ----------
        table : ibis Table
            The table to learn from; every column but `target` and `weight` is coded.
        target : str, optional
            Column with the classes; not coded.
        weight : str, optional
            Column with row weights; not coded. Rows of weight 0 take no part.
        """
        from crmlib.counts.learn import learn_attributes

        names = [name for name in table.columns if name not in (target, weight)]
        self._check_parameters(pd.Index(names))
        self.attributes_ = learn_attributes(self, table, target, weight)
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_features_in_ = len(names)
        return self

    def encode_table(self, table: Any) -> CodedTable:
        """Return a database table as `CodedTable`: its codes as expressions, nothing loaded."""
        from crmlib.counts.sql import CodedTable

        check_is_fitted(self, "attributes_")
        missing = [a.name for a in self.attributes_ if a.name not in table.columns]
        if missing:
            raise ValueError(
                f"The table lacks the columns {listed(missing)}. It has {listed(table.columns)}."
            )
        return CodedTable(table, self.attributes_, self.unseen)

    def transform(self, X: Any) -> CodeArray:
        """Return the codes as an array of shape (n_rows, n_columns)."""
        return np.ascontiguousarray(self.encode(X).matrix.T)

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> CodeArray:
        """Learn and code in one pass; parameters as in `fit`, result as in `transform`."""
        return np.ascontiguousarray(self.fit_encode(X, y, sample_weight).matrix.T)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """Return the column names: one code column for each column."""
        from sklearn.utils.validation import _check_feature_names_in

        check_is_fitted(self, "attributes_")
        return np.asarray(_check_feature_names_in(self, input_features))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "code"
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _frame(self, X: Any, *, reset: bool) -> pd.DataFrame:
        """Return X as a frame with the columns that were, or shall be, learned."""
        if isinstance(X, pd.DataFrame):
            as_frame(X, "X")
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        finite = "allow-nan" if self.missing == "code" else True
        array = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite=finite)
        return pd.DataFrame(array, columns=[f"x{place}" for place in range(array.shape[1])])

    def _check_parameters(self, columns: pd.Index[Any]) -> None:
        one_of(self.missing, ("code", "error"), "missing")
        one_of(self.unseen, ("code", "missing", "error"), "unseen")
        number(self.n_bins, "n_bins", 1, 10_000)
        number(self.max_categories, "max_categories", 1)
        for bins in self.bins.values() if isinstance(self.bins, Mapping) else [self.bins]:
            if isinstance(bins, str):
                one_of(bins, METHODS, "bins")
            elif not (np.diff(np.asarray(bins, dtype=np.float64)) > 0).all():
                raise ValueError(f"bins must be ascending edges, got {list(bins)}.")
        if isinstance(self.bins, Mapping):
            strange = [name for name in self.bins if name not in columns]
            if strange:
                raise ValueError(
                    f"bins names columns X lacks: {listed(strange)}. X has {listed(columns)}."
                )

    def bins_of(self, name: Hashable) -> Bins:
        """Return how a numeric column of this name is cut."""
        return self.bins.get(name, "quantile") if isinstance(self.bins, Mapping) else self.bins

    def uses(self, method: str) -> bool:
        """Return whether some number is cut by `method`."""
        every = self.bins.values() if isinstance(self.bins, Mapping) else [self.bins]
        return any(isinstance(bins, str) and bins == method for bins in every)

    def _learn_frame(
        self,
        frame: pd.DataFrame,
        labels: npt.NDArray[np.intp] | None,
        weights: Floats | None,
    ) -> list[_Read]:
        """Learn every column, and return what was read of them."""
        learned = [
            self._learn(frame.iloc[:, place], name, labels, weights)
            for place, name in enumerate(frame.columns)
        ]
        self.attributes_ = tuple(attribute for attribute, _ in learned)
        return [read for _, read in learned]

    def _read(self, frame: pd.DataFrame) -> list[_Read]:
        """Read every column the way it was learned."""
        # Faster than by position, which counts where a single customer is explained.
        columns = (column for _, column in frame.items())
        return [
            _read(column, attribute)
            for column, attribute in zip(columns, self.attributes_, strict=True)
        ]

    def _learn(
        self,
        column: pd.Series[Any],
        name: Hashable,
        labels: npt.NDArray[np.intp] | None,
        weights: Floats | None,
    ) -> tuple[Attribute, _Read]:
        """Learn one column, and return what was read of it."""
        bins = self.bins_of(name)
        if kind_of(column, name) == "number" and bins != "category":
            numbers = as_numbers(column, name)
            edges = learn_edges(numbers, bins, int(self.n_bins), name, labels, weights)
            attribute = Attribute.of_edges(name, edges.tolist(), str(column.dtype))
            return attribute, _Read(numbers=numbers)
        places, values = factorize(column)
        levels = values if isinstance(column.dtype, pd.CategoricalDtype) else sorted(values)
        check_categories(len(levels), name, int(self.max_categories))
        ordered = bool(getattr(column.dtype, "ordered", False))
        dtype = "category" if isinstance(column.dtype, pd.CategoricalDtype) else str(column.dtype)
        attribute = Attribute(name, tuple(levels), None, dtype, ordered)
        return attribute, _Read(places=places, values=values)

    def _codes(self, frame: pd.DataFrame, read: Sequence[_Read]) -> Codes:
        """Write what was read as codes, all columns in one matrix of the smallest dtype."""
        largest = max(attribute.unseen for attribute in self.attributes_)
        values = np.empty((len(read), len(frame)), dtype=np.min_scalar_type(largest))
        for target, column, attribute in zip(values, read, self.attributes_, strict=True):
            unseen = attribute.missing if self.unseen == "missing" else attribute.unseen
            column.write(attribute, unseen, target)
            if self.missing == "error" and (target == attribute.missing).any():
                row = int(np.flatnonzero(target == attribute.missing)[0])
                raise ValueError(
                    f"Column {attribute.name!r} has a missing value in row {row}, and "
                    "missing='error' refuses it."
                )
            if self.unseen == "error" and (target == attribute.unseen).any():
                row = int(np.flatnonzero(target == attribute.unseen)[0])
                raise ValueError(
                    f"Column {attribute.name!r} holds {frame[attribute.name].iloc[row]!r} in row "
                    f"{row}, which was never met; known are {listed(attribute.levels)}."
                )
        return Codes(values, self.attributes_, frame.index)


class _Read:
    """A column as read: its numbers, or the places of its values in a list of distinct ones."""

    def __init__(
        self,
        numbers: Floats | None = None,
        places: npt.NDArray[Any] | None = None,
        values: Sequence[Any] = (),
    ) -> None:
        self.numbers, self.places, self.values = numbers, places, values

    def write(self, attribute: Attribute, unseen: int, target: CodeArray) -> None:
        """Write the codes into `target`."""
        if self.numbers is not None:
            write_bins(self.numbers, attribute, target)
            return
        assert self.places is not None
        code = {level: place for place, level in enumerate(attribute.levels)}
        # The last entry serves the place -1, a missing value.
        table = np.array(
            [*(code.get(value, unseen) for value in self.values), attribute.missing],
            dtype=target.dtype,
        )
        translate(self.places, table, target)


def translate(places: npt.NDArray[Any], table: CodeArray, target: CodeArray) -> None:
    """Write ``table[places]`` into `target`; the place -1 means the last entry."""
    if len(table) <= 256 and target.dtype == np.uint8:
        # A byte string translates its bytes several times faster than NumPy takes by index.
        full = np.full(256, table[-1], dtype=np.uint8)
        full[: len(table) - 1] = table[:-1]
        narrow = places.astype(np.uint8, copy=False).tobytes()
        target[:] = np.frombuffer(narrow.translate(full.tobytes()), dtype=np.uint8)
    else:
        np.take(table, places, out=target, mode="wrap")


def _read(column: pd.Series[Any], attribute: Attribute) -> _Read:
    """Read a column the way it was learned."""
    if attribute.edges is not None:
        return _Read(numbers=as_numbers(column, attribute.name))
    places, values = factorize(column)
    return _Read(places=places, values=values)


def write_bins(numbers: Floats, attribute: Attribute, target: CodeArray) -> None:
    """Write the range of each number, the count of edges below it, into `target`."""
    edges = attribute.edges or ()
    if len(edges) > 32:
        target[:] = np.searchsorted(np.asarray(edges), numbers, side="left")
    else:  # a few comparisons of whole columns beat a search for each row
        target[:] = 0
        for edge in edges:
            target += numbers > edge
    absent = np.isnan(numbers)
    if absent.any():
        target[absent] = attribute.missing


def learn_edges(
    numbers: Floats,
    bins: Bins,
    n_bins: int,
    name: Hashable,
    labels: npt.NDArray[np.intp] | None = None,
    weights: Floats | None = None,
) -> Floats:
    """Return the edges of one numeric column."""
    if not isinstance(bins, str):
        return np.asarray(bins, dtype=np.float64)
    present = ~np.isnan(numbers)
    if not present.all():
        numbers = numbers[present]
        labels = None if labels is None else labels[present]
        weights = None if weights is None else weights[present]
    if len(numbers) == 0:
        return np.empty(0)
    if bins == "width":
        return width_edges(float(numbers.min()), float(numbers.max()), n_bins)
    if bins == "quantile" and weights is None:
        values, rows = np.unique(numbers, return_counts=True)
        return quantile_edges(values, rows.astype(np.float64), n_bins)
    values, inverse = np.unique(numbers, return_inverse=True)
    if bins == "quantile":
        return quantile_edges(values, np.bincount(inverse, weights).astype(np.float64), n_bins)
    if labels is None:
        raise ValueError(f"Column {name!r} is to be cut by 'mdl', which needs the classes y.")
    n_classes = int(labels.max()) + 1
    cells = np.bincount(inverse * n_classes + labels, weights, len(values) * n_classes)
    return mdl_edges(values, cells.astype(np.float64).reshape(-1, n_classes))


def check_categories(found: int, name: Hashable, most: int) -> None:
    """Refuse a column with too many categories."""
    if found > most:
        raise ValueError(
            f"Column {name!r} has {found:,} categories, more than max_categories={most:,}: drop it "
            "if it is an identifier, group its values, or raise max_categories."
        )


def _class_places(y: Any, rows: int) -> npt.NDArray[np.intp]:
    """Return classes as 0, 1, ...; the encoder needs to tell them apart, not to name them."""
    places, _ = pd.factorize(column_or_1d(y, warn=True), sort=True)
    if len(places) != rows:
        raise ValueError(f"y has {len(places)} entries for {rows} rows of X.")
    if (places < 0).any():
        row = int(np.flatnonzero(places < 0)[0])
        raise ValueError(f"y contains NaN: the class in row {row} is missing.")
    return np.asarray(places)
