"""CHAID, the tree of market research: it joins values that do not differ, then tests the split."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd

from crmlib._checks import number, one_of
from crmlib.counts import LevelCounter, level_counter
from crmlib.tree.grow_chaid import Limits, grow_chaid
from crmlib.tree.model import Model
from crmlib.tree.readable import TreeClassifier


class CHAIDClassifier(TreeClassifier):
    """Multiway decision tree by chi-square tests: CHAID (Kass 1980).

    At every node each attribute's values are joined while the two most alike do not differ
    significantly. The attribute whose branches then differ most surely splits the node, if its
    p-value, times the number of ways in which its values could have been joined, is small
    enough. Numbers are cut into ranges first (`crmlib.counts.Encoder`).

    Parameters
    ----------
    alpha_merge : float
        Values join while the p-value of their difference is above this; 1 joins none.
    alpha_split : float
        Largest adjusted p-value of a split.
    bonferroni : bool
        Whether p-values of splits are multiplied by the number of ways to join the values.
    max_depth : int, optional
        Longest path from the root.
    min_samples_split, min_samples_leaf : int
        Rows a node needs to be split, and rows of every branch: smaller ones join the branch
        most like them.
    missing : {"category", "error"}
        A missing value is a value like others that may join any branch, also where the others
        have an order; or it is refused.
    bins, n_bins, max_categories
        As in `crmlib.counts.Encoder`.

    Attributes
    ----------
    classes_ : array
    tree_ : Tree
        Flat arrays of the nodes; see `crmlib.tree.structure`.
    tested_ : dict
        What became of every attribute's values at each node; `split_table` shows it.
    attributes_ : tuple of Attribute
        What the codes of each column mean.
    n_features_in_ : int
    feature_names_in_ : array of str, if the columns have such names

    See Also
    --------
    WeightedID3Classifier : The tree by information gain, with a branch for every value.

    Notes
    -----
    Numbers and ordered categories join with neighbors only. A range without rows at a node goes
    with the nearest one that has some; any other value without rows there falls back to the
    node's own distribution. Tests look at rows, not at weights: a p-value needs to know how many
    customers there are, whatever they are worth. Kass's third step, splitting joined values
    again, is not done, as in SPSS by default.

    References
    ----------
    Kass, G. V. (1980). An exploratory technique for investigating large quantities of
    categorical data. Applied Statistics 29(2), 119-127.

    Examples
    --------
    >>> plans = np.repeat(["a", "b", "c"], 40)
    >>> left = np.tile([1, 0, 0, 0], 30) | (plans == "b")
    >>> tree = CHAIDClassifier().fit(pd.DataFrame({"plan": plans}), left)
    >>> print(tree.to_text())
    plan
    ├── a, c: 0 (80 rows, 75%)
    └── b: 1 (40 rows, 100%)
    """

    def __init__(
        self,
        alpha_merge: float = 0.05,
        alpha_split: float = 0.05,
        *,
        bonferroni: bool = True,
        max_depth: int | None = None,
        min_samples_split: int = 20,
        min_samples_leaf: int = 7,
        missing: str = "category",
        bins: Any = "quantile",
        n_bins: int = 10,
        max_categories: int = 1000,
    ) -> None:
        self.alpha_merge = alpha_merge
        self.alpha_split = alpha_split
        self.bonferroni = bonferroni
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.missing = missing
        self.bins = bins
        self.n_bins = n_bins
        self.max_categories = max_categories

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Grow a tree.

        Parameters
        ----------
        X : DataFrame, array of shape (n_rows, n_columns), or `Codes`
            The attributes. `Codes` are taken as they are; all else is coded, column by column.
        y : array of shape (n_rows,)
            Classes.
        sample_weight : array of shape (n_rows,), optional
            Weight of each row in the class shares of the leaves; rows of weight 0 are left out.

        Returns
        -------
        CHAIDClassifier
            This classifier, fitted.

        Raises
        ------
        TypeError
            If a column mixes types or holds what cannot be coded.
        ValueError
            If X is empty, y has missing values or another length, weights are negative or all
            zero, or a parameter is out of range; the message says which.
        """
        self._check_parameters()
        codes, target, weights = self._read(X, y, sample_weight)
        self._take_attributes()
        self._grow(level_counter(codes, target, len(self.classes_), weights))
        return self

    def fit_table(self, table: Any, target: str, weight: str | None = None) -> Self:
        """Grow the tree `fit` would grow, from a database table that is never loaded.

        Parameters
        ----------
        table : ibis Table
            All columns but `target` and `weight` are attributes.
        target : str
            Column with the classes.
        weight : str, optional
            Column with row weights.

        Returns
        -------
        CHAIDClassifier
            This classifier, fitted.

        Examples
        --------
        >>> import ibis, pyarrow
        >>> plan, left = ["a", "b"] * 30, [True, False] * 30
        >>> table = ibis.memtable(pyarrow.table({"plan": plan, "left": left}))
        >>> CHAIDClassifier().fit_table(table, "left").rules()[["condition", "class"]]
          condition  class
        0  plan = a   True
        1  plan = b  False
        """
        from crmlib.tree.table import table_counter

        self._check_parameters()
        self.encoder_ = self._encoder()
        counter, levels = table_counter(self.encoder_, table, target, weight)
        self.classes_ = np.array(levels)
        self._take_attributes()
        self._grow(counter)
        return self

    def split_table(self, node: int = 0) -> pd.DataFrame:
        """Return how every attribute would have split a node, the surest first.

        Parameters
        ----------
        node : int
            Number of the node, as in `rules`; the root by default.

        Returns
        -------
        DataFrame
            Branches after joining, chi-square, degrees of freedom, p-value, the number of ways to
            join so many values to so many branches, and the adjusted p-value.

        Raises
        ------
        ValueError
            If there is no such node, or it was too small, too deep or too pure to be tested.

        Examples
        --------
        >>> X = pd.DataFrame({"plan": ["a", "b", "c"] * 20, "city": ["x"] * 30 + ["y"] * 30})
        >>> tree = CHAIDClassifier().fit(X, [0, 1, 0] * 20)
        >>> tree.split_table()[["branches", "ways to join", "chosen"]]
                  branches  ways to join  chosen
        attribute
        plan      a, c | b             3    True
        city          x, y             1   False
        """
        model = self._fitted()
        if not 0 <= node < len(self.tree_):
            raise ValueError(
                f"There is no node {node}; the tree has nodes 0 to {len(self.tree_) - 1}."
            )
        if node not in self.tested_:
            raise ValueError(
                f"Node {node} ({model.sentence(node)}) was not tested: it holds one class, too "
                "few rows, or lies at the greatest depth."
            )
        records = {}
        for place, (codes, merged) in self.tested_[node].items():
            attribute = self.attributes_[place]
            branches = [
                ", ".join(attribute.labels_of([codes[category] for category in group]))
                for group in merged.groups
            ]
            records[attribute.name] = {
                "branches": " | ".join(branches),
                "chi-square": merged.statistic,
                "degrees of freedom": merged.freedom,
                "p-value": np.exp(merged.log_p),
                "ways to join": merged.multiplier,
                "adjusted p-value": np.exp(merged.log_adjusted),
                "chosen": place == self.tree_.attribute[node],
                "_order": self._limits().log_p(merged),
            }
        table = pd.DataFrame.from_dict(records, orient="index").rename_axis("attribute")
        return table.sort_values("_order", kind="stable").drop(columns="_order")

    def _check_parameters(self) -> None:
        one_of(self.missing, ("category", "error"), "missing")
        number(self.alpha_merge, "alpha_merge", 0, 1, open_low=True)
        number(self.alpha_split, "alpha_split", 0, 1, open_low=True)
        number(self.min_samples_split, "min_samples_split", 2)
        number(self.min_samples_leaf, "min_samples_leaf", 1)
        if self.max_depth is not None:
            number(self.max_depth, "max_depth", 0)

    def _limits(self) -> Limits:
        return Limits(
            alpha_merge=self.alpha_merge,
            alpha_split=self.alpha_split,
            bonferroni=self.bonferroni,
            max_depth=np.inf if self.max_depth is None else self.max_depth,
            min_samples_split=self.min_samples_split,
            min_samples_leaf=self.min_samples_leaf,
        )

    def _grow(self, counter: LevelCounter) -> None:
        """Grow from counts alone, and keep what predicting and reading need."""
        self.tree_, self.tested_ = grow_chaid(counter, self.attributes_, self._limits())
        equal = np.ones(len(self.classes_))
        self.model_ = Model(self.tree_, self.attributes_, self.classes_, equal, "gain")
