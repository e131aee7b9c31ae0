"""A discrete Bayesian network: variables, parents and tables, and the questions it answers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib._checks import listed, number
from crmlib.bayes.factors import eliminate, reduced
from crmlib.bayes.scores import Floats
from crmlib.bayes.structure import Parents, topological
from crmlib.counts import Attribute

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class BayesNetwork:
    """A directed acyclic graph of discrete variables with a probability table for each.

    Parameters
    ----------
    attributes : tuple of Attribute
        The variables and their states.
    parents : tuple of tuples of int
        Positions of each variable's parents, ascending.
    tables : tuple of arrays, axes (parents..., variable)
        P(variable | parents), summing to one along the last axis.

    Raises
    ------
    ValueError
        If the edges form a cycle, or a table has the wrong shape, a negative entry or a row
        that does not sum to one.

    Examples
    --------
    >>> complaint = Attribute("complaint", ("no", "yes"))
    >>> churn = Attribute("churn", ("stay", "leave"))
    >>> net = BayesNetwork(
    ...     (complaint, churn),
    ...     ((), (0,)),
    ...     (np.array([0.8, 0.2]), np.array([[0.9, 0.1], [0.6, 0.4]])),
    ... )
    >>> net.query("complaint", {"churn": "leave"})
    complaint
    no     0.5
    yes    0.5
    Name: probability, dtype: float64
    >>> net.query("complaint", do={"churn": "leave"})
    complaint
    no     0.8
    yes    0.2
    Name: probability, dtype: float64
    """

    attributes: tuple[Attribute, ...]
    parents: Parents
    tables: tuple[Floats, ...]

    def __post_init__(self) -> None:
        if not len(self.attributes) == len(self.parents) == len(self.tables):
            raise ValueError("A network needs parents and a table for each of its attributes.")
        topological(self.parents, self.names)
        for place, table in enumerate(self.tables):
            shape = tuple(self.sizes[v] for v in (*self.parents[place], place))
            name = self.names[place]
            if table.shape != shape:
                raise ValueError(f"The table of {name!r} has shape {table.shape}, not {shape}.")
            if (table < 0).any() or not np.allclose(table.sum(axis=-1), 1, rtol=0, atol=1e-6):
                raise ValueError(
                    f"The table of {name!r} must hold probabilities that sum to one for every "
                    "combination of its parents."
                )

    @property
    def names(self) -> tuple[Hashable, ...]:
        """Names of the variables.

        Examples
        --------
        >>> net = BayesNetwork((Attribute("churn", ("no", "yes")),), ((),), (np.array([0.7, 0.3]),))
        >>> net.names
        ('churn',)
        """
        return tuple(attribute.name for attribute in self.attributes)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Number of states of each variable.

        Examples
        --------
        >>> net = BayesNetwork((Attribute("churn", ("no", "yes")),), ((),), (np.array([0.7, 0.3]),))
        >>> net.sizes
        (2,)
        """
        return tuple(len(attribute.levels) for attribute in self.attributes)

    @property
    def edges(self) -> list[tuple[Hashable, Hashable]]:
        """The (parent, child) names.

        Examples
        --------
        >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
        >>> table = np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), table))
        >>> net.edges
        [('plan', 'churn')]
        """
        names = self.names
        return [
            (names[parent], names[child])
            for child, parents in enumerate(self.parents)
            for parent in parents
        ]

    def __repr__(self) -> str:
        numbers = sum(table.size for table in self.tables)
        return (
            f"BayesNetwork({len(self.names)} variables, {len(self.edges)} edges, "
            f"{numbers:,} probabilities)"
        )

    def position(self, name: Hashable) -> int:
        """Return the place of a variable, or raise a KeyError that lists them.

        Examples
        --------
        >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
        >>> table = np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), table))
        >>> net.position("churn")
        1
        """
        if name not in self.names:
            raise KeyError(f"There is no variable {name!r}; there are {listed(self.names)}.")
        return self.names.index(name)

    def code(self, name: Hashable, value: Any) -> int:
        """Return the code of a variable's state; a number falls into its range.

        Raises
        ------
        ValueError
            If the variable has no such state; the message lists those it has.

        Examples
        --------
        >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
        >>> table = np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), table))
        >>> net.code("churn", "yes")
        1
        """
        attribute = self.attributes[self.position(name)]
        if value in attribute.levels:
            return attribute.levels.index(value)
        if attribute.edges is not None and not isinstance(value, str):
            return int(np.searchsorted(attribute.edges, number(value, str(name)), side="left"))
        raise ValueError(f"{name!r} has no state {value!r}; it has {listed(attribute.levels)}.")

    def cpt(self, name: Hashable) -> pd.DataFrame:
        """Return the table of a variable: a row per combination of parents, a column per state.

        Examples
        --------
        >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
        >>> table = np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), table))
        >>> net.cpt("churn")
        churn   no  yes
        plan
        a      0.9  0.1
        b      0.6  0.4
        """
        place = self.position(name)
        attribute = self.attributes[place]
        columns = pd.Index([str(level) for level in attribute.levels], name=str(name))
        rows = [self.attributes[v] for v in self.parents[place]]
        table = self.tables[place].reshape(-1, len(columns))
        if not rows:
            return pd.DataFrame(table, index=["probability"], columns=columns)
        states = [[str(level) for level in parent.levels] for parent in rows]
        names = [str(parent.name) for parent in rows]
        index: pd.Index[Any] = (
            pd.Index(states[0], name=names[0])
            if len(rows) == 1
            else pd.MultiIndex.from_product(states, names=names)
        )
        return pd.DataFrame(table, index=index, columns=columns)

    def query(
        self,
        variables: Hashable | Sequence[Hashable],
        evidence: Mapping[Any, Any] | None = None,
        *,
        do: Mapping[Any, Any] | None = None,
    ) -> pd.Series[float]:
        """Return the joint distribution of some variables, given what was seen and what was set.

        Parameters
        ----------
        variables : name or list of names
            What is asked for: one variable, or a list of different ones for their joint
            distribution.
        evidence : dict of name to state, optional
            What was observed. A missing value says nothing.
        do : dict of name to state, optional
            What was set from outside: the edges into these variables are cut first.

        Returns
        -------
        Series of probability, indexed by the states

        Raises
        ------
        KeyError
            If there is no such variable.
        ValueError
            If there is no such state, a variable is asked for and given, or the evidence has
            probability zero.

        Examples
        --------
        >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
        >>> table = np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), table))
        >>> net.query("churn", {"plan": "b"})["yes"].item()
        0.4
        >>> net.query(["plan", "churn"]).round(2).tolist()
        [0.45, 0.05, 0.3, 0.2]
        """
        asked = list(variables) if isinstance(variables, list) else [variables]
        keep = [self.position(name) for name in asked]
        if not keep or len(set(keep)) < len(keep):
            raise ValueError(f"variables must be different names, got {asked}.")
        network, seen = self._given(evidence, do)
        both = [self.names[v] for v in keep if v in seen]
        if both:
            raise ValueError(f"{listed(both)} is both asked for and given.")
        table = network.joint(keep, seen)
        levels = [[*self.attributes[v].levels] for v in keep]
        index = (
            pd.Index(levels[0], name=asked[0], tupleize_cols=False)
            if len(keep) == 1
            else pd.MultiIndex.from_product(levels, names=asked)
        )
        return pd.Series(table.ravel(), index=index, name="probability")

    def most_probable(
        self, evidence: Mapping[Any, Any] | None = None, *, do: Mapping[Any, Any] | None = None
    ) -> tuple[dict[Hashable, Any], float]:
        """Return the most probable explanation: the likeliest states of all other variables.

        Of equally likely states the first wins.

        Returns
        -------
        states : dict of name to state
        probability : float
            Of these states together, given the evidence.

        Examples
        --------
        >>> complaint = Attribute("complaint", ("no", "yes"))
        >>> net = BayesNetwork((complaint,), ((),), (np.array([0.8, 0.2]),))
        >>> net.most_probable()
        ({'complaint': 'no'}, 0.8)
        """
        network, seen = self._given(evidence, do)
        total, log_total = network.weights([], seen)
        _possible(total, evidence)
        fixed = dict(seen)
        for v in range(len(self.names)):
            if v not in fixed:
                table, _ = network.weights([v], fixed, maximize=True)
                fixed[v] = int(np.argmax(table))
        log_best = sum(
            np.log(network.tables[v][tuple(fixed[u] for u in (*network.parents[v], v))])
            for v in range(len(self.names))
        )
        states = {
            self.names[v]: self.attributes[v].levels[code]
            for v, code in fixed.items()
            if v not in seen
        }
        order = [name for name in self.names if name in states]
        probability = float(np.exp(log_best - log_total))
        return {name: states[name] for name in order}, probability

    def do(self, settings: Mapping[Any, Any]) -> BayesNetwork:
        """Return the network after some variables were set: their edges cut, their state certain.

        Examples
        --------
        >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
        >>> table = np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), table))
        >>> net.do({"churn": "yes"}).edges
        []
        """
        parents, tables = list(self.parents), list(self.tables)
        for name, value in settings.items():
            place = self.position(name)
            parents[place] = ()
            tables[place] = np.eye(self.sizes[place])[self.code(name, value)]
        return BayesNetwork(self.attributes, tuple(parents), tuple(tables))

    def joint(self, keep: Sequence[int], seen: Mapping[int, int]) -> Floats:
        """Return the distribution of variables, by position, given codes of others.

        Examples
        --------
        >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
        >>> table = np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), table))
        >>> net.joint([1], {0: 1})
        array([0.6, 0.4])
        """
        table, _ = self.weights(keep, seen)
        _possible(table, {self.names[v]: self.attributes[v].levels[c] for v, c in seen.items()})
        return np.asarray(table / table.sum())

    def weights(
        self, keep: Sequence[int], seen: Mapping[int, int], *, maximize: bool = False
    ) -> tuple[Floats, float]:
        """Return P(keep, seen) up to a factor, and the log of that factor.

        Examples
        --------
        >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
        >>> table = np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), table))
        >>> table, log_scale = net.weights([1], {0: 1})
        >>> (table * np.exp(log_scale)).round(3)  # P(plan = b, churn)
        array([0.3, 0.2])
        """
        relevant = list(range(len(self.parents))) if maximize else self.ancestors([*keep, *seen])
        observed = {v: np.array([code]) for v, code in seen.items()}
        factors = [reduced(self.tables[v], (*self.parents[v], v), observed) for v in relevant]
        table, log_scale = eliminate(factors, keep, 1, maximize=maximize)
        with np.errstate(divide="ignore"):
            return table[0], float(log_scale[0] + (np.log(table[0]) if not keep else 0.0))

    def ancestors(self, variables: Sequence[int]) -> list[int]:
        """Return the variables, by position, with all they depend on.

        Examples
        --------
        >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
        >>> table = np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), table))
        >>> net.ancestors([1]), net.ancestors([0])
        ([0, 1], [0])
        """
        found: set[int] = set()
        frontier = list(variables)
        while frontier:
            v = frontier.pop()
            if v not in found:
                found.add(v)
                frontier.extend(self.parents[v])
        return sorted(found)

    def descendants(self, variable: int) -> list[int]:
        """Return the variables, by position, that a path leads to.

        Examples
        --------
        >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
        >>> table = np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), table))
        >>> net.descendants(0), net.descendants(1)
        ([1], [])
        """
        return [
            v for v in range(len(self.parents)) if v != variable and variable in self.ancestors([v])
        ]

    def strengths(self) -> pd.DataFrame:
        """Return how much each edge tells: I(child; parent | the child's other parents), in nats.

        Computed from the network's own distribution; the strongest edge first.

        Examples
        --------
        >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
        >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), np.eye(2)))
        >>> net.strengths().round(3)
          parent  child  information (nats)
        0   plan  churn               0.693
        """
        from crmlib.bayes.scores import conditional_mutual_information

        rows = []
        for child, parents in enumerate(self.parents):
            for parent in parents:
                others = [v for v in parents if v != parent]
                table = self.joint([child, parent, *others], {})
                flat = table.reshape(self.sizes[child], self.sizes[parent], -1)
                rows.append(
                    (self.names[parent], self.names[child], conditional_mutual_information(flat))
                )
        frame = pd.DataFrame(rows, columns=["parent", "child", "information (nats)"])
        return frame.sort_values("information (nats)", ascending=False, ignore_index=True)

    def plot(self, ax: Axes | None = None, *, target: Hashable | None = None) -> Axes:
        """Draw the network; the thicker an arrow, the more it tells.

        Examples
        --------
        >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
        >>> table = np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), table))
        >>> ax = net.plot(target="churn")
        >>> sorted(text.get_text() for text in ax.texts if text.get_text())
        ['churn', 'plan']
        """
        from crmlib.bayes.plot import plot_network

        return plot_network(self, ax, target=target)

    def to_json(self) -> str:
        """Return the network as JSON; see `crmlib.bayes.exchange.to_json`.

        Examples
        --------
        >>> net = BayesNetwork((Attribute("churn", ("no", "yes")),), ((),), (np.array([0.7, 0.3]),))
        >>> BayesNetwork.from_json(net.to_json()).tables
        (array([0.7, 0.3]),)
        """
        from crmlib.bayes import exchange

        return exchange.to_json(self)

    @classmethod
    def from_json(cls, text: str) -> BayesNetwork:
        """Rebuild what `to_json` wrote.

        Examples
        --------
        >>> net = BayesNetwork((Attribute("churn", ("no", "yes")),), ((),), (np.array([0.7, 0.3]),))
        >>> BayesNetwork.from_json(net.to_json()).names
        ('churn',)
        """
        from crmlib.bayes import exchange

        return exchange.from_json(text)

    def to_bif(self, name: str = "crmlib") -> str:
        """Return the network in BIF; see `crmlib.bayes.exchange.to_bif`.

        Examples
        --------
        >>> net = BayesNetwork((Attribute("churn", ("no", "yes")),), ((),), (np.array([0.7, 0.3]),))
        >>> print(net.to_bif().splitlines()[-2])
          table 0.7, 0.3;
        """
        from crmlib.bayes import exchange

        return exchange.to_bif(self, name)

    @classmethod
    def from_bif(cls, text: str) -> BayesNetwork:
        """Read a network in BIF.

        Examples
        --------
        >>> net = BayesNetwork((Attribute("churn", ("no", "yes")),), ((),), (np.array([0.7, 0.3]),))
        >>> BayesNetwork.from_bif(net.to_bif()).tables
        (array([0.7, 0.3]),)
        """
        from crmlib.bayes import exchange

        return exchange.from_bif(text)

    def to_pgmpy(self) -> Any:
        """Return the network as a pgmpy model; see `crmlib.bayes.exchange.to_pgmpy`.

        Examples
        --------
        >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
        >>> table = np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), table))
        >>> list(net.to_pgmpy().edges())
        [('plan', 'churn')]
        """
        from crmlib.bayes import exchange

        return exchange.to_pgmpy(self)

    @classmethod
    def from_pgmpy(cls, model: Any) -> BayesNetwork:
        """Return a pgmpy model as a network.

        Examples
        --------
        >>> plan, churn = Attribute("plan", ("a", "b")), Attribute("churn", ("no", "yes"))
        >>> table = np.array([[0.9, 0.1], [0.6, 0.4]])
        >>> net = BayesNetwork((plan, churn), ((), (0,)), (np.array([0.5, 0.5]), table))
        >>> BayesNetwork.from_pgmpy(net.to_pgmpy()).edges
        [('plan', 'churn')]
        """
        from crmlib.bayes import exchange

        return exchange.from_pgmpy(model)

    def _given(
        self, evidence: Mapping[Any, Any] | None, do: Mapping[Any, Any] | None
    ) -> tuple[BayesNetwork, dict[int, int]]:
        """Return the network after the settings, and the codes of all that is given."""
        known = {k: v for k, v in (evidence or {}).items() if not _absent(v)}
        both = [name for name in known if name in (do or {})]
        if both:
            raise ValueError(f"{listed(both)} is both observed and set.")
        network = self.do(do) if do else self
        given = {**known, **(do or {})}
        return network, {self.position(name): self.code(name, v) for name, v in given.items()}


def _absent(value: Any) -> bool:
    return bool(np.ndim(value) == 0 and pd.isna(value))


def _possible(table: Floats, evidence: Mapping[Any, Any] | None) -> None:
    """Refuse evidence no state of the network can produce."""
    if not table.sum() > 0:
        given = ", ".join(f"{name} = {value}" for name, value in (evidence or {}).items())
        raise ValueError(
            f"The evidence has probability zero in this network: {given}. Learn the tables with "
            "prior='bdeu' or 'laplace' if rare combinations should stay possible."
        )
