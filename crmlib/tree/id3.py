"""The classifier: what a reader fits, asks and reads. The work is done by the files around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from crmlib._checks import listed, number, one_of
from crmlib.counts import Codes, level_counter
from crmlib.counts.target import class_codes
from crmlib.tree import explain, prune
from crmlib.tree.criteria import CRITERIA, Weights
from crmlib.tree.grow import Rules, grow
from crmlib.tree.model import Model
from crmlib.tree.readable import TreeClassifier
from crmlib.tree.structure import Floats, Ints, Tree, apply, spread

if TYPE_CHECKING:
    pass

PRUNINGS = ("reduced_error", "pessimistic", "cost_complexity")


class WeightedID3Classifier(TreeClassifier):
    """Multiway decision tree by (weighted) information gain: ID3 with C4.5's repairs, on counts.

    Every node splits on one attribute, with a branch for each of its values; numbers are cut
    into ranges first (`crmlib.counts.Encoder`). At unit weights and without stopping rules it
    is ID3 (Quinlan 1986).

    Parameters
    ----------
    criterion : str
        How splits are scored. "gain" is ID3; "gain_ratio" divides by split information among
        attributes of at least average gain (Quinlan 1993); "weighted_entropy" is the gain of
        Guiasu's weighted entropy (1971) and "weighted_entropy_ratio" its ratio; "eg2", "cs_id3"
        and "idx" weigh gain against `attribute_cost`. "historical_lambda" (I - lambda E) and
        "historical_interest" (an interest added to each branch share) are there for study:
        their scores can reward an attribute that tells nothing.
    class_weight : dict, "balanced" or None
        Weight of each class. With the weighted-entropy criteria it weighs the entropy's terms
        and leaves the counts alone; with all others it reweights the counts, so an integer is
        the same as repeated rows. Either way a leaf decides by weighted counts, and
        `predict_proba` is their share.
    attribute_weight : dict, optional
        Factor lambda on an attribute's score; 1 where not given, 0 bars the attribute. For
        "historical_lambda" it is lambda, for "historical_interest" alpha (0 where not given).
    attribute_cost : dict, optional
        Cost of asking for an attribute, for "eg2", "cs_id3" and "idx"; 1 where not given.
    cost_exponent : float
        Omega of EG2: 0 ignores costs.
    max_depth : int, optional
        Longest path from the root.
    min_samples_split, min_samples_leaf : int
        Rows a node needs to be split, and rows that at least two branches must have. Stopping
        rules and tests look at rows, not at weights.
    min_gain : float
        Least gain of a split, in bits.
    chi2_alpha : float, optional
        Split only by attributes whose chi-square test against the class has a p-value up to
        this (Quinlan 1986).
    pruning : {"reduced_error", "pessimistic", "cost_complexity"}, optional
        How the grown tree is cut back.
    validation_fraction : float
        Share of the rows of each class kept for reduced-error pruning.
    confidence : float
        Of pessimistic pruning; smaller prunes more.
    ccp_alpha : float
        Price of a leaf in bits, for cost-complexity pruning.
    missing : {"branch", "fractional", "error"}
        A missing value is a branch of its own, goes down all branches in shares (Quinlan 1993),
        or is refused.
    bins, n_bins, max_categories
        As in `crmlib.counts.Encoder`.
    engine : {"auto", "numpy", "numba"}
        What counts. "auto" takes the compiled kernel where it is installed and the table long
        enough; the tree is the same.
    random_state : int or RandomState, optional
        Which rows reduced-error pruning keeps out.

    Attributes
    ----------
    classes_ : array
    tree_ : Tree
        Flat arrays of the nodes; see `crmlib.tree.structure`.
    attributes_ : tuple of Attribute
        What the codes of each column mean.
    feature_importances_ : array of shape (n_features,)
    n_features_in_ : int
    feature_names_in_ : array of str, if the columns have such names

    See Also
    --------
    gain_table : The gains of a table without fitting a tree.

    Notes
    -----
    A value that no training row at the node had falls back to the node's own distribution. Of
    two equally good attributes the first column wins. Rows of weight 0 are left out.

    Examples
    --------
    >>> customers = pd.DataFrame(
    ...     {"contract": ["monthly", "monthly", "yearly", "yearly"], "calls": [9, 1, 8, 2]}
    ... )
    >>> tree = WeightedID3Classifier(bins={"calls": [5]})
    >>> print(tree.fit(customers, ["churn", "stay", "stay", "stay"]).to_text())
    contract
    ├── monthly: calls
    │   ├── <= 5: stay (1 row, 100%)
    │   └── > 5: churn (1 row, 100%)
    └── yearly: stay (2 rows, 100%)
    """

    def __init__(
        self,
        criterion: str = "gain",
        *,
        class_weight: Mapping[Any, float] | str | None = None,
        attribute_weight: Mapping[Any, float] | None = None,
        attribute_cost: Mapping[Any, float] | None = None,
        cost_exponent: float = 1.0,
        max_depth: int | None = None,
        min_samples_split: int = 2,
        min_samples_leaf: int = 1,
        min_gain: float = 0.0,
        chi2_alpha: float | None = None,
        pruning: str | None = None,
        validation_fraction: float = 0.25,
        confidence: float = 0.25,
        ccp_alpha: float = 0.0,
        missing: str = "branch",
        bins: Any = "quantile",
        n_bins: int = 8,
        max_categories: int = 1000,
        engine: str = "auto",
        random_state: Any = None,
    ) -> None:
        self.criterion = criterion
        self.class_weight = class_weight
        self.attribute_weight = attribute_weight
        self.attribute_cost = attribute_cost
        self.cost_exponent = cost_exponent
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_gain = min_gain
        self.chi2_alpha = chi2_alpha
        self.pruning = pruning
        self.validation_fraction = validation_fraction
        self.confidence = confidence
        self.ccp_alpha = ccp_alpha
        self.missing = missing
        self.bins = bins
        self.n_bins = n_bins
        self.max_categories = max_categories
        self.engine = engine
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Grow, and prune, a tree.

        Parameters
        ----------
        X : DataFrame, array of shape (n_rows, n_columns), or `Codes`
            The attributes. `Codes` are taken as they are; all else is coded, column by column.
        y : array of shape (n_rows,)
            Classes.
        sample_weight : array of shape (n_rows,), optional
            Weight of each row, such as a customer's value.

        Returns
        -------
        WeightedID3Classifier
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
        kept_out: tuple[Codes, npt.NDArray[Any], Floats | None] | None = None
        if self.pruning == "reduced_error":
            out = self._validation_rows(target)
            kept_out = codes.take(out), target[out], None if weights is None else weights[out]
            codes, target = codes.take(~out), target[~out]
            weights = None if weights is None else weights[~out]
        by_class = np.empty(0)
        if isinstance(self.class_weight, str):  # only "balanced" needs to know
            by_class = np.bincount(target, weights, len(self.classes_)).astype(np.float64)
        counter = level_counter(
            codes,
            target,
            len(self.classes_),
            weights,
            engine=self.engine,
            fractional=self.missing == "fractional",
        )
        self._finish(grow(counter, self._rules(by_class)), kept_out)
        return self

    def fit_table(
        self,
        table: Any,
        target: str,
        weight: str | None = None,
        validation: tuple[Any, Any] | None = None,
        *,
        stream: bool = False,
    ) -> Self:
        """Grow the tree `fit` would grow, from a database table that is never loaded.

        Each level is one query for counts; the rows stay where they are. Streamed, the table is
        read once, a batch at a time, and a row is kept in a few bytes: faster, if memory holds
        eight or sixteen bytes a row twice (and sixteen more where rows have weights).

        Parameters
        ----------
        table : ibis Table
            All columns but `target` and `weight` are attributes.
        target : str
            Column with the classes.
        weight : str, optional
            Column with row weights.
        validation : (X, y), optional
            Rows in memory for reduced-error pruning, which needs them.
        stream : bool
            Whether to read the table once instead of asking for counts; needs numba.

        Returns
        -------
        WeightedID3Classifier
            This classifier, fitted.

        Examples
        --------
        >>> import ibis, pyarrow
        >>> table = ibis.memtable(
        ...     pyarrow.table({"plan": ["a", "a", "b"], "churn": ["no", "no", "yes"]})
        ... )
        >>> WeightedID3Classifier().fit_table(table, "churn").rules()[["condition", "class"]]
          condition class
        0  plan = a    no
        1  plan = b   yes
        """
        from crmlib.tree.table import table_counter

        self._check_parameters()
        if (self.pruning == "reduced_error") != (validation is not None):
            raise ValueError(
                "validation=(X, y) and pruning='reduced_error' go together: rows in memory to "
                "prune by."
            )
        self.encoder_ = self._encoder()
        if stream and self.missing == "fractional":
            raise ValueError("stream=True cannot send a row down several branches: leave it out.")
        counter, levels = table_counter(self.encoder_, table, target, weight, stream=stream)
        self.classes_ = np.array(levels)
        self._take_attributes()
        root = counter.counts(0, 1).weighted[0, : counter.offsets[1]].sum(axis=0)
        grown = grow(counter, self._rules(root))
        kept_out = None
        if validation is not None:
            X, y = validation
            codes = self.encoder_.encode(X)
            kept_out = codes, class_codes(y, len(codes), self.classes_)[1], None
        self._finish(grown, kept_out)
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the class of each row."""
        if self._is_fractional():
            return np.asarray(self.classes_[np.argmax(self.predict_proba(X), axis=1)])
        return super().predict(X)

    def predict_proba(self, X: Any) -> Floats:
        """Return the class shares of each row's leaf, an array of shape (n_rows, n_classes)."""
        if not self._is_fractional():
            return super().predict_proba(X)
        codes = self._codes(X)
        missing = np.array([attribute.missing for attribute in codes.attributes])
        row, node, part = spread(self.tree_, codes, missing)
        shares = self.model_.share[node] * part[:, None]
        return np.column_stack(
            [np.bincount(row, column, minlength=len(codes)) for column in shares.T]
        )

    def apply(self, X: Any) -> Ints:
        """Return the node at which each row stops."""
        codes = self._codes(X)
        return apply(self.tree_, codes, compiled=_compiles(self.engine, len(codes)))

    def to_json(self) -> str:
        """Return the model as JSON; `from_json` brings it back without pickle."""
        from crmlib.tree import exchange

        model = self._fitted()
        return exchange.to_json(model, self.get_params(), hasattr(self, "feature_names_in_"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the classifier that `to_json` wrote; the format is in `crmlib.tree.exchange`."""
        from crmlib.tree import exchange

        parameters, model, named = exchange.from_json(text)
        self = cls(**parameters)
        self.classes_ = model.classes
        self.encoder_ = self._encoder()
        self.encoder_.attributes_ = model.attributes
        self._take_attributes(named=named)
        self.tree_, self.model_ = model.tree, model
        return self

    def gain_table(self, node: int = 0) -> pd.DataFrame:
        """Return what every attribute would have gained at a node, the best first."""
        return explain.gain_table(self._fitted(), node)

    def steps(self) -> pd.DataFrame:
        """Return the splits in the order in which the tree grew: node, condition, split, gain."""
        return explain.steps(self._fitted())

    @property
    def feature_importances_(self) -> Floats:
        """Share of each attribute in the gain of all splits, each weighed by what reaches it."""
        return explain.importances(self._fitted())

    def cost_complexity_path(self) -> pd.DataFrame:
        """Return the alphas at which cost-complexity pruning changes the tree, with its risk."""
        model = self._fitted()
        alphas, risks = prune.cost_complexity_path(model.tree, model.risk)
        return pd.DataFrame({"ccp_alpha": alphas, "risk (bits)": risks})

    def _check_parameters(self) -> None:
        criterion = CRITERIA[one_of(self.criterion, CRITERIA, "criterion")]
        one_of(self.missing, ("branch", "fractional", "error"), "missing")
        one_of(self.engine, ("auto", "numpy", "numba"), "engine")
        if self.pruning is not None:
            one_of(self.pruning, PRUNINGS, "pruning")
        if self.max_depth is not None:
            number(self.max_depth, "max_depth", 0)
        number(self.min_samples_split, "min_samples_split", 2)
        number(self.min_samples_leaf, "min_samples_leaf", 1)
        number(self.min_gain, "min_gain", 0)
        number(self.cost_exponent, "cost_exponent", 0)
        number(self.ccp_alpha, "ccp_alpha", 0)
        number(self.confidence, "confidence", 0, 1, open_low=True, open_high=True)
        number(self.validation_fraction, "validation_fraction", 0, 1, open_low=True, open_high=True)
        if self.chi2_alpha is not None:
            number(self.chi2_alpha, "chi2_alpha", 0, 1, open_low=True)
        for name, value in (self.attribute_cost or {}).items():
            number(value, f"attribute_cost[{name!r}]", 0, open_low=criterion.needs_cost)
        for name, value in (self.attribute_weight or {}).items():
            number(value, f"attribute_weight[{name!r}]", 0)

    def _rules(self, by_class: Floats) -> Rules:
        """Gather how to split and when to stop."""
        criterion = CRITERIA[self.criterion]
        names = [attribute.name for attribute in self.attributes_]
        weights = Weights(
            _by_name(self.attribute_weight, names, "attribute_weight", criterion.default_weight),
            _by_name(self.attribute_cost, names, "attribute_cost", 1.0),
            self.cost_exponent,
        )
        self.class_weight_ = self._class_weights(by_class)
        missing = np.array([attribute.missing for attribute in self.attributes_])
        return Rules(
            criterion=criterion,
            class_weight=self.class_weight_,
            weights=weights,
            n_codes=missing + 2,
            max_depth=np.inf if self.max_depth is None else self.max_depth,
            min_samples_split=self.min_samples_split,
            min_samples_leaf=self.min_samples_leaf,
            min_gain=self.min_gain,
            chi2_alpha=self.chi2_alpha,
            missing=missing if self.missing == "fractional" else None,
        )

    def _class_weights(self, by_class: Floats) -> Floats:
        """Return the weight of each class."""
        if self.class_weight is None:
            return np.ones(len(self.classes_))
        if isinstance(self.class_weight, str):
            one_of(self.class_weight, ["balanced"], "class_weight")
            balanced = by_class.sum() / len(by_class) / np.maximum(by_class, 1e-300)
            return np.asarray(np.where(by_class > 0, balanced, 1.0))
        for label, weight in self.class_weight.items():
            number(weight, f"class_weight[{label!r}]", 0)
        weights = _by_name(self.class_weight, self.classes_.tolist(), "class_weight", 1.0)
        if not weights.any():
            raise ValueError("Every class_weight is zero: no class counts.")
        return weights

    def _validation_rows(self, target: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Choose the rows reduced-error pruning keeps out, the same share of each class."""
        order = check_random_state(self.random_state).permutation(len(target))
        out = np.zeros(len(target), dtype=bool)
        for label in range(len(self.classes_)):
            rows = order[target[order] == label]
            out[rows[: int(len(rows) * self.validation_fraction)]] = True
        return out

    def _finish(
        self, grown: Tree, kept_out: tuple[Codes, npt.NDArray[Any], Floats | None] | None
    ) -> None:
        """Prune, and keep what predicting and reading need."""
        model = Model(grown, self.attributes_, self.classes_, self.class_weight_, self.criterion)
        if self.pruning == "pessimistic":
            grown = prune.pessimistic(grown, model.value, self.confidence)
        elif self.pruning == "cost_complexity":
            grown = prune.cost_complexity(grown, model.risk, self.ccp_alpha)
        elif kept_out is not None:
            codes, target, weights = kept_out
            grown = prune.reduced_error(
                grown, model.value, self._stopped(grown, codes, target, weights)
            )
        self.tree_, self.model_ = grown, replace(model, tree=grown)

    def _stopped(
        self, tree: Tree, codes: Codes, target: npt.NDArray[Any], weights: Floats | None
    ) -> Floats:
        """Return the class weights of the rows that stop at each node."""
        mass = self.class_weight_[target] * (1.0 if weights is None else weights)
        node, label = apply(tree, codes), target
        if tree.fractional:
            missing = np.array([attribute.missing for attribute in codes.attributes])
            row, node, share = spread(tree, codes, missing)
            label, mass = target[row], mass[row] * share
        n_classes = len(self.classes_)
        cells = np.bincount(node * n_classes + label, mass, len(tree) * n_classes)
        return cells.reshape(len(tree), n_classes).astype(np.float64)

    def _is_fractional(self) -> bool:
        check_is_fitted(self, "tree_")
        return self.tree_.fractional


def _by_name(
    given: Mapping[Any, float] | None, names: list[Any], argument: str, default: float
) -> Floats:
    """Return one number per name; a name nobody has is a mistake."""
    strange = [name for name in given or {} if name not in names]
    if strange:
        raise ValueError(f"{argument} names {listed(strange)}; there are {listed(names)}.")
    return np.array([(given or {}).get(name, default) for name in names], dtype=np.float64)


def _compiles(engine: str, rows: int) -> bool:
    """Whether the compiled loops are to be used."""
    from crmlib.counts.memory import KERNEL_PAYS, has_numba

    return engine == "numba" or (engine == "auto" and rows >= KERNEL_PAYS and has_numba())
