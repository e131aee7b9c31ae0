"""What every fitted tree can do: predict, and be read as rules, text, SQL or a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from crmlib.counts import Codes
from crmlib.counts.classifier import CodesClassifier
from crmlib.tree import explain, export
from crmlib.tree.model import Model
from crmlib.tree.structure import Floats, Ints, Tree, apply

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class TreeClassifier(CodesClassifier):
    """Base of the tree classifiers; they set ``tree_``, ``model_`` and ``classes_`` in `fit`."""

    tree_: Tree
    model_: Model

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the class of each row."""
        at = self.apply(X)
        return np.asarray(self.classes_[self.model_.decision[at]])

    def predict_proba(self, X: Any) -> Floats:
        """Return the class shares of each row's leaf, an array of shape (n_rows, n_classes)."""
        at = self.apply(X)
        return np.asarray(self.model_.share[at])

    def predict_log_proba(self, X: Any) -> Floats:
        """Return the logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def apply(self, X: Any) -> Ints:
        """Return the node at which each row stops."""
        codes = self._codes(X)
        return apply(self.tree_, codes)

    def rules(self) -> pd.DataFrame:
        """Return a row for every leaf: condition, support, confidence, lift and class counts.

        Support is the number of training rows and their share, confidence the share of the
        predicted class among them, lift its ratio to that class's share of all rows; all
        unweighted.
        """
        return export.rules(self._fitted())

    def to_text(self, max_depth: int | None = None) -> str:
        """Return the tree as indented text."""
        return export.to_text(self._fitted(), max_depth)

    def to_graphviz(self, max_depth: int | None = None) -> str:
        """Return the tree in Graphviz's DOT language."""
        return export.to_graphviz(self._fitted(), max_depth)

    def to_sql(self, output: str = "class", quote: str = '"') -> str:
        """Return a SQL CASE expression that predicts inside a database.

        Parameters
        ----------
        output : str
            "class" for the predicted class, or one of the classes for its probability.
        quote : str
            Quotation mark around column names.
        """
        return export.to_sql(self._fitted(), output, quote)

    def plot(self, ax: Axes | None = None, *, max_depth: int = 4) -> Axes:
        """Draw the tree and return the axes; `alt_text` says the same in words."""
        from crmlib.tree.plot import plot

        return plot(self._fitted(), ax, max_depth)

    def alt_text(self) -> str:
        """Return a sentence or two that describe the plot to who cannot see it."""
        return export.alt_text(self._fitted())

    def decision_path(self, X: Any) -> pd.DataFrame:
        """Return the nodes each row passes: condition, training rows and class shares there."""
        return explain.decision_path(self._fitted(), self._codes(X), self.apply(X))

    def what_would_change(
        self, row: Any, wanted: Any = None, fixed: Any = (), most: int = 5
    ) -> pd.DataFrame:
        """Return the least changes to one row that would lead to another decision.

        Parameters
        ----------
        row : DataFrame or Codes of one row
            The customer whose decision it is.
        wanted : class, optional
            The decision to reach; any other than the present one by default.
        fixed : sequence of column names
            Attributes that cannot change, such as age.
        most : int
            Number of alternatives to return.

        Returns
        -------
        DataFrame
            One row each: number of changes, the changes, the class and its probability.
        """
        codes = self._codes(row)
        return explain.what_would_change(self._fitted(), codes, wanted, fixed, most)

    def _codes(self, X: Any) -> Codes:
        check_is_fitted(self, "tree_")
        return self._learned_codes(X)

    def _fitted(self) -> Model:
        check_is_fitted(self, "tree_")
        return self.model_
