"""The classifier: what a reader fits, asks and reads. The work is done by the files around it."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_is_fitted

from crmlib._checks import listed, number, one_of, whole
from crmlib.bayes import learn
from crmlib.bayes.network import BayesNetwork
from crmlib.bayes.parameters import PRIORS
from crmlib.bayes.posterior import ClassPosterior
from crmlib.bayes.scores import Floats
from crmlib.counts import Attribute, Codes
from crmlib.counts.classifier import CodesClassifier

if TYPE_CHECKING:
    from crmlib.bayes.explain import Explanation, Information, WhatIf

MISSING = ("marginalize", "em", "state", "error")


class BayesNetClassifier(CodesClassifier):
    """Classify with a discrete Bayesian network, exactly for any pattern of missing values.

    Parameters
    ----------
    structure : {"tan", "naive", "fan", "forest", "hill-climb", "augmented"} or list of pairs
        "naive": the class points at every attribute. "tan": and the attributes form a tree
        (Friedman, Geiger & Goldszmidt 1997). "fan": only those edges of it that raise the BIC,
        the better choice where an attribute has dozens of values. "augmented": and
        hill-climbing adds edges between attributes. "forest": the Chow-Liu forest of all
        variables, the class a root.
        "hill-climb": any edges, the class like all others. Or an expert's (parent, child) names.
    criterion : {"bic", "aic", "bdeu", "k2", "log_likelihood"}
        What hill-climbing climbs.
    prior : {"bdeu", "laplace", "mle"}
        What is added to the counts; see `crmlib.bayes.parameters.conditional_table`.
    prior_strength : float, optional
        Rows imagined by the prior: 10 in each table for "bdeu", 1 in each cell for "laplace".
    required, forbidden : list of (parent, child) names
        Edges hill-climbing must keep, and must not add.
    tiers : list of lists of names, optional
        Causes first: no edge leads from a later group to an earlier one.
    max_parents : int
        Most parents of a variable in hill-climbing.
    starts : int
        Climbs, which differ in which of equally good steps they take.
    patience : int
        Steps a climb goes on after its best structure (tabu search).
    missing : {"marginalize", "em", "state", "error"}
        A missing value is summed out, is a state of its own, or is refused. With
        "marginalize" a table learns from the rows that are complete in its variables, and
        hill-climbing from the rows that are complete. "em" finds the structure in the same way
        and then learns the tables from all that is known of every row, by
        expectation-maximization: right also where what is missing depends on what is known.
    tol : float
        Nats per row that a pass of expectation-maximization must gain to be followed by another.
    max_iter : int
        Most passes; a `ConvergenceWarning` says when they do not suffice.
    classes : list, optional
        All classes, where the training rows may lack some.
    bins, n_bins, max_categories
        As in `crmlib.counts.Encoder`.
    max_table : int
        Most cells of one probability table.
    random_state : int or RandomState, optional
        Of the order in which hill-climbing breaks ties; fixed by default.

    Attributes
    ----------
    classes_ : array
    network_ : BayesNetwork
        The class is its last variable. Answers queries, prints tables, plots and exports.
    class_name_ : hashable
        The class's name in the network: the name of y, or "class".
    attributes_ : tuple of Attribute
        What the codes of each column mean.
    n_iter_ : int
        Passes over the counts: one, unless expectation-maximization takes several.
    objective_ : array
        Only with missing="em": log-likelihood of all that is known plus log prior before each
        pass, in nats; it never falls.
    n_features_in_ : int
    feature_names_in_ : array of str, if the columns have such names

    Notes
    -----
    A value never met in training is treated as missing, with a warning. A row that no class can
    produce (only possible with prior="mle") gets the class distribution, with a warning.
    Naive and tree-augmented networks count evidence twice and are overconfident: calibrate them
    (`crmlib.bayes.reliability`) before probabilities are multiplied by money. On IBM Telco a
    logistic regression on the same ranges beats every network in both ranking and log loss; what
    a network adds is the explanation, the gaps and the questions.

    Examples
    --------
    >>> customers = pd.DataFrame(
    ...     {"contract": ["month", "month", "year", "year"], "calls": ["many", "few", "many", None]}
    ... )
    >>> net = BayesNetClassifier(structure="naive", prior="laplace")
    >>> net = net.fit(customers, pd.Series(["leave", "leave", "stay", "stay"], name="churn"))
    >>> net.predict_proba(pd.DataFrame({"contract": ["month", None], "calls": [None, None]}))
    array([[0.75, 0.25],
           [0.5 , 0.5 ]])
    >>> net.network_.edges
    [('churn', 'contract'), ('churn', 'calls')]
    """

    def __init__(
        self,
        structure: Any = "tan",
        *,
        criterion: str = "bic",
        prior: str = "bdeu",
        prior_strength: float | None = None,
        required: Any = (),
        forbidden: Any = (),
        tiers: Any = None,
        max_parents: int = 4,
        starts: int = 8,
        patience: int = 0,
        missing: str = "marginalize",
        tol: float = 1e-6,
        max_iter: int = 200,
        classes: Any = None,
        bins: Any = "quantile",
        n_bins: int = 8,
        max_categories: int = 1000,
        max_table: int = 1_000_000,
        random_state: Any = None,
    ) -> None:
        self.structure = structure
        self.criterion = criterion
        self.prior = prior
        self.prior_strength = prior_strength
        self.required = required
        self.forbidden = forbidden
        self.tiers = tiers
        self.max_parents = max_parents
        self.starts = starts
        self.patience = patience
        self.missing = missing
        self.tol = tol
        self.max_iter = max_iter
        self.classes = classes
        self.bins = bins
        self.n_bins = n_bins
        self.max_categories = max_categories
        self.max_table = max_table
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn structure and tables.

        Parameters
        ----------
        X : DataFrame, array of shape (n_rows, n_columns), or `Codes`
            The attributes. `Codes` are taken as they are; all else is coded, column by column.
        y : array of shape (n_rows,)
            Classes. The name of a Series becomes the class's name in the network.
        sample_weight : array of shape (n_rows,), optional
            Weight of each row; rows of weight 0 are left out.

        Returns
        -------
        BayesNetClassifier
            This classifier, fitted.

        Raises
        ------
        TypeError
            If a column mixes types or holds what cannot be coded.
        ValueError
            If X is empty, y has missing values or another length, edges are unknown or form a
            cycle, or a table would have more than `max_table` cells; the message says which.

        Examples
        --------
        >>> plans = pd.DataFrame({"plan": ["a", "a", "b", None]})
        >>> net = BayesNetClassifier("naive", missing="em").fit(plans, ["stay", "stay", "go", "go"])
        >>> net.classes_.tolist(), net.class_name_
        (['go', 'stay'], 'class')
        """
        self._check_parameters()
        y = y if y is None or isinstance(y, pd.Series) else column_or_1d(y, warn=True)
        codes, target, weights = self._read(X, y, sample_weight, self.classes)
        self._learned(codes.attributes, getattr(y, "name", None))
        levels = tuple(self.classes_.tolist())
        kind = "str" if self.classes_.dtype.kind in "OUT" else str(self.classes_.dtype)
        attribute = Attribute(self.class_name_, levels, None, kind)
        self._fit_counts(learn.with_class(self._stated(codes), target, attribute), weights)
        return self

    def fit_table(self, table: Any, target: str, weight: str | None = None) -> Self:
        """Learn the network `fit` would learn, from a database table that is never loaded.

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
        BayesNetClassifier
            This classifier, fitted.

        Examples
        --------
        >>> import ibis, pyarrow
        >>> table = ibis.memtable(
        ...     pyarrow.table({"plan": ["a", "a", "b"], "churn": ["no", "no", "yes"]})
        ... )
        >>> BayesNetClassifier("naive").fit_table(table, "churn").network_.edges
        [('churn', 'plan')]
        """
        from crmlib.counts.learn import learn_categories
        from crmlib.counts.queries import fetch

        self._check_parameters()
        self.encoder_ = self._encoder().fit_table(table, target, weight)
        found = learn_categories(table, target, int(self.max_categories))
        if self.classes is not None:
            strange = [level for level in found.levels if level not in self.classes]
            if strange:
                raise ValueError(
                    f"{target!r} holds {listed(strange)}, not among classes {listed(self.classes)}."
                )
            found = replace(found, levels=tuple(np.unique(self.classes).tolist()))
        absent = fetch(table.aggregate(n=table.count() - table[target].count()))["n"][0]
        if absent:
            raise ValueError(f"{target!r} is missing in {absent:,} rows: name that class.")
        self.classes_ = np.array(found.levels)
        attributes = self.encoder_.attributes_
        self._learned(attributes, target)
        coded = self.encoder_.encode_table(table)
        source: Any = replace(coded, attributes=(*attributes, found))
        if self.missing == "state":
            source = learn.StatedTable(source, (*self._states_of(attributes), found))
        self._fit_counts(source, weight)
        return self

    @classmethod
    def from_network(cls, network: BayesNetwork, target: Hashable) -> Self:
        """Return a classifier that predicts one variable of a ready network.

        Parameters
        ----------
        network : BayesNetwork
            Such as an expert's, or one read from BIF or pgmpy.
        target : hashable
            Name of the class.

        Examples
        --------
        >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
        >>> table = np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), table))
        >>> BayesNetClassifier.from_network(net, "churn").predict_proba(
        ...     pd.DataFrame({"plan": ["a", "b"]})
        ... )
        array([[0.9, 0.1],
               [0.6, 0.4]])
        """
        place = network.position(target)
        self = cls(network.edges)
        self.encoder_ = self._encoder()
        self.encoder_.attributes_ = tuple(a for a in network.attributes if a.name != target)
        self.classes_ = np.array(network.attributes[place].levels)
        self._learned(self.encoder_.attributes_, target)
        self._compile(network)
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the most probable class of each row; of equal ones the first.

        Examples
        --------
        >>> plans = pd.DataFrame({"plan": ["a", "a", "b", "b"]})
        >>> net = BayesNetClassifier("naive").fit(plans, ["stay", "stay", "go", "go"])
        >>> net.predict(pd.DataFrame({"plan": ["b", "a"]})).tolist()
        ['go', 'stay']
        """
        place = np.argmax(self.predict_proba(X), axis=1)
        return np.asarray(self.classes_[place])

    def predict_proba(self, X: Any) -> Floats:
        """Return P(class | what is known of the row), an array of shape (n_rows, n_classes).

        Examples
        --------
        >>> plans = pd.DataFrame({"plan": ["a", "a", "b", "b"]})
        >>> net = BayesNetClassifier("naive", prior="laplace")
        >>> net = net.fit(plans, ["stay", "stay", "go", "go"])
        >>> net.predict_proba(pd.DataFrame({"plan": ["b", None]}))
        array([[0.75, 0.25],
               [0.5 , 0.5 ]])
        """
        codes = self._codes(X)
        probabilities = self.posterior_.probabilities(self.posterior_.scores(codes.matrix))
        impossible = np.isnan(probabilities[:, 0])
        if impossible.any():
            warnings.warn(
                f"{int(impossible.sum()):,} rows have probability zero in every class, the first "
                f"at position {int(np.flatnonzero(impossible)[0])}: they get the class "
                "distribution. prior='bdeu' or 'laplace' keeps rare combinations possible.",
                UserWarning,
                stacklevel=2,
            )
            probabilities[impossible] = self.network_.joint([self.posterior_.target], {})
        return probabilities

    def explain(self, row: Any, label: Any = None) -> Explanation:
        """Return the weight of evidence of each known attribute of one row.

        Parameters
        ----------
        row : DataFrame of one row, Series, or dict of column to value
            Columns a dict or Series leaves out are unknown.
        label : class, optional
            The class to explain; of two classes the second, else the most probable.

        Returns
        -------
        Explanation

        Examples
        --------
        >>> customers = pd.DataFrame(
        ...     {"contract": ["month"] * 4 + ["year"] * 4, "calls": [9, 8, 2, 1, 2, 1, 2, 9]}
        ... )
        >>> churn = pd.Series(["yes", "yes", "yes", "no", "no", "no", "no", "no"], name="churn")
        >>> net = BayesNetClassifier("naive", prior="laplace", bins=[4]).fit(customers, churn)
        >>> print(net.explain({"contract": "month", "calls": 7}).to_text())
        P(churn = yes) = 0.797, 0.400 before the evidence.
        contract = month speaks for it: positive evidence (+1.03 nats).
        calls > 4 speaks for it: hardly worth a mention (+0.74 nats).
        """
        from crmlib.bayes.explain import explain

        return explain(self, self._row(row), label)

    def what_if(
        self, row: Any, changes: Mapping[Any, Any] | None = None, label: Any = None, **states: Any
    ) -> WhatIf:
        """Return what a class's probability would be if attributes were seen, or set, otherwise.

        Seeing and setting differ. *Seen*: among customers like this one but with the other
        value, how many churn? *Set*: if we changed the value of this very customer, what would
        happen? The second cuts the edges into the attribute and forgets the values it would
        change in turn (its descendants). It is as true as the edges are causal: in a naive or
        tree-augmented network they are not, and setting anything there leaves the class alone.

        Parameters
        ----------
        row : DataFrame of one row, Series, or dict of column to value
            The customer as it is; columns a dict or Series leaves out count as missing.
        changes : dict of column to value, optional
            The other values, of any attributes but not of the class. At least one change must
            come here or through `states`.
        label : class, optional
            As in `explain`.
        **states
            Changes, for columns whose name is a Python name.

        Returns
        -------
        WhatIf

        Examples
        --------
        >>> customers = pd.DataFrame({"price": ["high", "high", "high", "low", "low"] * 20})
        >>> churn = pd.Series(["yes", "yes", "no", "no", "no"] * 20, name="churn")
        >>> net = BayesNetClassifier([("price", "churn")]).fit(customers, churn)
        >>> net.what_if({"price": "high"}, price="low").to_frame()["probability"].round(2).tolist()
        [0.65, 0.06, 0.06]
        """
        from crmlib.bayes.explain import what_if

        return what_if(self, self._row(row), {**(changes or {}), **states}, label)

    def value_of_information(
        self, row: Any, costs: Mapping[Any, float] | None = None
    ) -> Information:
        """Return what asking for each unknown attribute would tell about the class, best first.

        Parameters
        ----------
        row : DataFrame of one row, Series, or dict of column to value
            What is known; columns a dict or Series leaves out count as missing.
        costs : dict of column to positive cost, optional
            Of asking, in any unit; ranks by information per cost.

        Returns
        -------
        Information

        Examples
        --------
        >>> customers = pd.DataFrame(
        ...     {"city": ["a", "a", "b", "b"] * 25, "price": ["high", "low"] * 50}
        ... )
        >>> net = BayesNetClassifier("naive").fit(customers, ["yes", "no"] * 50)
        >>> net.value_of_information({}).to_frame()["attribute"].tolist()
        ['price', 'city']
        """
        from crmlib.bayes.explain import value_of_information

        return value_of_information(self, self._row(row), costs)

    def _check_parameters(self) -> None:
        one_of(self.prior, PRIORS, "prior")
        one_of(self.missing, MISSING, "missing")
        number(self.max_table, "max_table", 1)
        number(self.tol, "tol", 0)
        whole(self.max_iter, "max_iter", 1)
        if self.prior_strength is not None:
            number(self.prior_strength, "prior_strength", 0, open_low=self.prior != "mle")

    def _learned(self, attributes: tuple[Attribute, ...], name: Hashable) -> None:
        """Take over what scikit-learn looks for, and name the class."""
        empty = [attribute.name for attribute in attributes if not attribute.levels]
        if empty and self.missing != "state":
            raise ValueError(f"Columns without any value: {listed(empty)}. Drop them.")
        self._take_attributes()
        names = [attribute.name for attribute in attributes]
        if name is not None and name in names:
            raise ValueError(
                f"The class is named {name!r}, and so is a column of X. Drop the column if it is "
                "the class itself, or rename y."
            )
        self.class_name_ = name
        if name is None:
            self.class_name_ = next(n for n in ("class", "class_", "class__") if n not in names)

    def _states_of(self, attributes: tuple[Attribute, ...]) -> tuple[Attribute, ...]:
        """Return the attributes as variables of the network."""
        if self.missing == "state":
            return tuple(learn.with_missing_state(attribute) for attribute in attributes)
        return attributes

    def _stated(self, codes: Codes) -> Codes:
        """Return the codes as states of the network's variables."""
        if self.missing != "state":
            return codes
        return Codes(codes.matrix, self._states_of(codes.attributes), codes.index)

    def _fit_counts(self, source: Any, weight: Any) -> None:
        """Learn from counts, wherever they come from."""
        target = len(self.attributes_)
        strength = self.prior_strength
        if strength is None:
            strength = 10.0 if self.prior == "bdeu" else 1.0
        search = learn.Search(
            self.structure,
            self.criterion,
            strength if self.prior == "bdeu" else 10.0,
            self.required,
            self.forbidden,
            self.tiers,
            self.max_parents,
            int(self.max_table),
            self.starts,
            self.patience,
            self.random_state,
        )
        parents = learn.find_structure(source, target, search, weight)
        how = (self.prior, strength, int(self.max_table), weight)
        self.n_iter_ = 1
        if self.missing != "em":
            self._compile(learn.learn_tables(source, parents, *how))
            return
        network, filled = learn.learn_tables_by_em(
            source, parents, *how, tol=float(self.tol), max_iter=int(self.max_iter)
        )
        self.objective_, self.n_iter_ = filled.objective, len(filled.objective)
        if not filled.converged:
            warnings.warn(
                f"Expectation-maximization was stopped after max_iter={self.max_iter} passes, "
                f"before a pass gained less than tol={self.tol:g} nats per row. Allow more "
                "passes or a larger tol.",
                ConvergenceWarning,
                stacklevel=3,
            )
        self._compile(network)

    def _compile(self, network: BayesNetwork) -> None:
        """Keep the network, and prepare it for prediction."""
        self.network_ = network
        self.posterior_ = ClassPosterior(
            network.sizes, network.parents, network.tables, network.position(self.class_name_)
        )

    def _codes(self, X: Any) -> Codes:
        """Return the codes of a table, and warn of values never met."""
        check_is_fitted(self, "network_")
        codes = self._learned_codes(X)
        for largest, attribute in zip(codes.largest, codes.attributes, strict=True):
            if largest >= attribute.unseen:
                unseen = codes[attribute.name] == attribute.unseen
                column = X[attribute.name] if isinstance(X, pd.DataFrame) else None
                such = "" if column is None else f", such as {column[unseen].iloc[0]!r}"
                warnings.warn(
                    f"Column {attribute.name!r} holds values never met in training{such}: "
                    f"in {int(unseen.sum()):,} rows they are treated as missing. Known are "
                    f"{listed(attribute.levels)}.",
                    UserWarning,
                    stacklevel=3,
                )
        return codes

    def _row(self, row: Any) -> Codes:
        """Return the codes of one row."""
        check_is_fitted(self, "network_")
        if isinstance(row, Mapping | pd.Series):
            names = [attribute.name for attribute in self.attributes_]
            record = dict(row.items())
            strange = [name for name in record if name not in (*names, self.class_name_)]
            if strange:
                raise ValueError(f"row holds {listed(strange)}; there are {listed(names)}.")
            row = pd.DataFrame({name: [record.get(name)] for name in names})
        codes = self._codes(row)
        if len(codes) != 1:
            raise ValueError(f"row must be a single row, got {len(codes)} rows.")
        return codes
