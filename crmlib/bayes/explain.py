"""Why this customer: weights of evidence, what would change it, and what to ask next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib._checks import listed, number
from crmlib._result import Result
from crmlib.bayes.structure import topological
from crmlib.counts import Codes
from crmlib.plots import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crmlib.bayes.classifier import BayesNetClassifier


@dataclass(frozen=True, repr=False)
class Explanation(Result):
    """How the evidence moves the log odds of a class, attribute by attribute.

    Parameters
    ----------
    label : hashable
        The class explained.
    probability, prior : float
        With, and without, the evidence.
    table : DataFrame
        A row per known attribute, the weightiest first. `weight` is the log odds it adds given
        the attributes before it in the network's order; these add up. `alone` is what it would
        add if it were all that is known, `last` what it adds when all else is known already.
        In nats.

    Notes
    -----
    Weight of evidence is Good's (1985): W(c : x) = log P(x | c) / P(x | not c). With several
    pieces the chain rule gives each one's weight given those before it; the order is the
    network's, parents first, so that in a tree-augmented network a weight is the log ratio of
    the attribute's own table. With prior="mle" a piece that settles the matter weighs infinitely
    much, and pieces after it have no weight (NaN).

    Examples
    --------
    >>> from crmlib.bayes import BayesNetClassifier
    >>> prices = pd.DataFrame({"price": ["high", "high", "high", "low", "low"] * 20})
    >>> churn = pd.Series(["yes", "yes", "no", "no", "no"] * 20, name="churn")
    >>> net = BayesNetClassifier([("price", "churn")]).fit(prices, churn)
    >>> net.explain({"price": "high"})
    P(churn = yes) = 0.654, 0.409 before the evidence
      attribute value  weight (nats)  alone (nats)  last (nats)
          price  high       1.003714      1.003714     1.003714
    """

    label: Any
    probability: float
    prior: float
    table: pd.DataFrame
    class_name: Any = "class"

    @property
    def _title(self) -> str:  # type: ignore[override]
        return (
            f"P({self.class_name} = {self.label}) = {self.probability:.3f}, "
            f"{self.prior:.3f} before the evidence"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the weights: attribute, value, weight, alone, last (nats).

        Examples
        --------
        >>> from crmlib.bayes import BayesNetClassifier
        >>> prices = pd.DataFrame({"price": ["high", "high", "high", "low", "low"] * 20})
        >>> churn = pd.Series(["yes", "yes", "no", "no", "no"] * 20, name="churn")
        >>> net = BayesNetClassifier([("price", "churn")]).fit(prices, churn)
        >>> net.explain({"price": "high"}).to_frame()["weight (nats)"].round(2).tolist()
        [1.0]
        """
        return self.table

    def to_text(self, most: int = 5) -> str:
        """Return the weightiest evidence in words.

        Examples
        --------
        >>> from crmlib.bayes import BayesNetClassifier
        >>> prices = pd.DataFrame({"price": ["high", "high", "high", "low", "low"] * 20})
        >>> churn = pd.Series(["yes", "yes", "no", "no", "no"] * 20, name="churn")
        >>> net = BayesNetClassifier([("price", "churn")]).fit(prices, churn)
        >>> print(net.explain({"price": "high"}).to_text())
        P(churn = yes) = 0.654, 0.409 before the evidence.
        price = high speaks for it: positive evidence (+1.00 nats).
        """
        known = self.table[self.table["weight (nats)"].abs() >= 0.005]
        lines = [f"{self._title}."]
        for row in known.head(most).to_dict("records"):
            weight = row["weight (nats)"]
            side = "for" if weight > 0 else "against"
            lines.append(
                f"{_says(row['attribute'], row['value'])} speaks {side} it: "
                f"{in_words(weight)} ({weight:+.2f} nats)."
            )
        rest = self.table["weight (nats)"].drop(known.head(most).index)
        if len(rest):
            lines.append(f"{len(rest)} other attributes add {rest.sum():+.2f} nats.")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None, most: int = 12) -> Axes:
        """Draw the weights as bars: to the right speaks for the class, to the left against it.

        Examples
        --------
        >>> from crmlib.bayes import BayesNetClassifier
        >>> prices = pd.DataFrame({"price": ["high", "high", "high", "low", "low"] * 20})
        >>> churn = pd.Series(["yes", "yes", "no", "no", "no"] * 20, name="churn")
        >>> net = BayesNetClassifier([("price", "churn")]).fit(prices, churn)
        >>> net.explain({"price": "high"}).plot().get_xlabel()
        'weight of evidence (nats)'
        """
        shown = self.table.head(most).iloc[::-1]
        weights = shown["weight (nats)"].to_numpy()
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(plt.rcParams["figure.figsize"][0], 1 + 0.34 * len(shown)))
        places = np.arange(len(shown))
        colors = [PALETTE["vermilion"] if weight > 0 else PALETTE["blue"] for weight in weights]
        ax.barh(places, weights, color=colors, height=0.7)
        labels = [_says(a, v) for a, v in zip(shown["attribute"], shown["value"], strict=True)]
        ax.set_yticks(places, labels)
        ax.tick_params(axis="y", length=0)
        ax.axvline(0, color=PALETTE["gray"], linewidth=1)
        for place, weight in zip(places, weights, strict=True):
            side = 1 if weight >= 0 else -1
            ax.annotate(
                f"{weight:+.2f}",
                (weight, place),
                (4 * side, 0),
                textcoords="offset points",
                va="center",
                ha="left" if side > 0 else "right",
            )
        ax.grid(visible=False, axis="y")
        ax.margins(x=0.2)
        ax.set_xlabel("weight of evidence (nats)")
        ax.set_title(
            f"P({self.class_name} = {self.label}): from {self.prior:.3f} to {self.probability:.3f}"
        )
        return ax


@dataclass(frozen=True, repr=False)
class WhatIf(Result):
    """A class's probability as it is, if attributes were seen otherwise, and if they were set.

    Parameters
    ----------
    label : hashable
        The class whose probability it is.
    table : DataFrame
        Rows "as is", "if seen" and "if set"; the probability, the change of the log odds, and
        which values the setting would change in turn and are therefore forgotten.
    changes : mapping of column to value
        The values seen or set instead.
    class_name : hashable
        Name of the class variable.

    Examples
    --------
    >>> from crmlib.bayes import BayesNetClassifier
    >>> prices = pd.DataFrame({"price": ["high", "high", "high", "low", "low"] * 20})
    >>> churn = pd.Series(["yes", "yes", "no", "no", "no"] * 20, name="churn")
    >>> net = BayesNetClassifier([("price", "churn")]).fit(prices, churn)
    >>> net.what_if({"price": "high"}, price="low")
    P(churn = yes) and what if price = low
             probability  change of log odds (nats) forgotten
    case
    as is       0.653846                   0.000000
    if seen     0.055556                  -3.469202
    if set      0.055556                  -3.469202
    """

    label: Any
    table: pd.DataFrame
    changes: Mapping[Any, Any]
    class_name: Any = "class"

    @property
    def _title(self) -> str:  # type: ignore[override]
        changed = ", ".join(f"{name} = {value}" for name, value in self.changes.items())
        return f"P({self.class_name} = {self.label}) and what if {changed}"

    def to_frame(self) -> pd.DataFrame:
        """Return the three cases with their probability and change of log odds (nats).

        Examples
        --------
        >>> from crmlib.bayes import BayesNetClassifier
        >>> prices = pd.DataFrame({"price": ["high", "high", "high", "low", "low"] * 20})
        >>> churn = pd.Series(["yes", "yes", "no", "no", "no"] * 20, name="churn")
        >>> net = BayesNetClassifier([("price", "churn")]).fit(prices, churn)
        >>> net.what_if({"price": "high"}, price="low").to_frame().index.tolist()
        ['as is', 'if seen', 'if set']
        """
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the three probabilities.

        Examples
        --------
        >>> from crmlib.bayes import BayesNetClassifier
        >>> prices = pd.DataFrame({"price": ["high", "high", "high", "low", "low"] * 20})
        >>> churn = pd.Series(["yes", "yes", "no", "no", "no"] * 20, name="churn")
        >>> net = BayesNetClassifier([("price", "churn")]).fit(prices, churn)
        >>> len(net.what_if({"price": "high"}, price="low").plot().patches)
        3
        """
        from crmlib.plots import ranked_bars

        shown = self.table["probability"].rename(self._title)
        return ranked_bars(shown, ax, fmt="{:.3f}".format, highlight="if set")


@dataclass(frozen=True, repr=False)
class Information(Result):
    """What each unknown attribute would tell about the class, on average over its answers.

    Parameters
    ----------
    entropy : float
        Of the class given what is known, in nats; no question can tell more.
    table : DataFrame
        attribute, information (nats), share of the entropy and, with costs, cost and nats per
        cost; the best question first.

    Examples
    --------
    >>> from crmlib.bayes import BayesNetClassifier
    >>> prices = pd.DataFrame({"price": ["high", "high", "high", "low", "low"] * 20})
    >>> churn = pd.Series(["yes", "yes", "no", "no", "no"] * 20, name="churn")
    >>> net = BayesNetClassifier([("price", "churn")]).fit(prices, churn)
    >>> net.value_of_information({})
    What to ask next
    attribute  information (nats)  share of entropy
        price            0.207596          0.306856
    """

    entropy: float
    table: pd.DataFrame
    _title = "What to ask next"

    def to_frame(self) -> pd.DataFrame:
        """Return the questions, the best first.

        Examples
        --------
        >>> from crmlib.bayes import BayesNetClassifier
        >>> prices = pd.DataFrame({"price": ["high", "high", "high", "low", "low"] * 20})
        >>> churn = pd.Series(["yes", "yes", "no", "no", "no"] * 20, name="churn")
        >>> net = BayesNetClassifier([("price", "churn")]).fit(prices, churn)
        >>> net.value_of_information({}).to_frame()["attribute"].tolist()
        ['price']
        """
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the information of each question.

        Examples
        --------
        >>> from crmlib.bayes import BayesNetClassifier
        >>> prices = pd.DataFrame({"price": ["high", "high", "high", "low", "low"] * 20})
        >>> churn = pd.Series(["yes", "yes", "no", "no", "no"] * 20, name="churn")
        >>> net = BayesNetClassifier([("price", "churn")]).fit(prices, churn)
        >>> len(net.value_of_information({}).plot().patches)
        1
        """
        from crmlib.plots import ranked_bars

        by_name = self.table.set_index("attribute")["information (nats)"]
        return ranked_bars(by_name.rename("Expected information about the class (nats)"), ax)


def _says(attribute: Any, value: str) -> str:
    """Return an attribute's value as a statement."""
    return f"{attribute} {value}" if value[:1] in {"<", ">"} else f"{attribute} = {value}"


def in_words(weight: float) -> str:
    """Return how strong a weight of evidence is, on the scale of Kass & Raftery (1995).

    Their scale is of 2 log B: below 2 "not worth more than a bare mention", to 6 "positive",
    to 10 "strong", above "very strong".

    Examples
    --------
    >>> in_words(-0.4), in_words(2.0), in_words(6.0)
    ('hardly worth a mention', 'positive evidence', 'very strong evidence')
    """
    doubled = 2 * abs(weight)
    if doubled < 2:
        return "hardly worth a mention"
    if doubled < 6:
        return "positive evidence"
    return "strong evidence" if doubled <= 10 else "very strong evidence"


def explain(model: BayesNetClassifier, codes: Codes, label: Any = None) -> Explanation:
    """Return the weights of evidence of one coded row; see `BayesNetClassifier.explain`."""
    posterior, network = model.posterior_, model.network_
    target = posterior.target
    every = [v for v in topological(network.parents) if v != target]
    row = codes.matrix[:, 0]
    place = {v: v - (v > target) for v in every}
    known = [v for v in every if row[place[v]] < network.sizes[v]]
    n = len(known)
    # Rows: nothing known, the first, the first two, ... all; each alone; all but each.
    matrix = np.empty((len(row), 3 * n + 1), dtype=np.intp)
    for v in every:
        matrix[place[v]] = network.sizes[v]
    for at, v in enumerate(known):
        state = row[place[v]]
        matrix[place[v], at + 1 : n + 1] = state
        matrix[place[v], n + 1 + at] = state
        matrix[place[v], 2 * n + 1 :] = state
        matrix[place[v], 2 * n + 1 + at] = network.sizes[v]
    scores = posterior.scores(matrix)
    state = _state_of(model, label, scores[n : n + 1])
    odds = posterior.log_odds(scores, state)
    if np.isnan(odds[n]):
        raise ValueError(
            "This row has probability zero in every class, so no evidence can be weighed: learn "
            "with prior='bdeu' or 'laplace'."
        )
    with np.errstate(invalid="ignore"):
        weights = np.diff(odds[: n + 1])
        alone = odds[n + 1 : 2 * n + 1] - odds[0]
        last = odds[n] - odds[2 * n + 1 :]
    attributes = [network.attributes[v] for v in known]
    table = pd.DataFrame(
        {
            "attribute": [attribute.name for attribute in attributes],
            "value": [
                str(attribute.levels[row[place[v]]])
                for v, attribute in zip(known, attributes, strict=True)
            ],
            "weight (nats)": weights,
            "alone (nats)": alone,
            "last (nats)": last,
        }
    )
    order = np.argsort(-np.abs(weights), kind="stable")
    chances = posterior.probabilities(scores)
    return Explanation(
        model.classes_[state],
        float(chances[n, state]),
        float(chances[0, state]),
        table.iloc[order].reset_index(drop=True),
        model.class_name_,
    )


def what_if(
    model: BayesNetClassifier, codes: Codes, changes: Mapping[Any, Any], label: Any = None
) -> WhatIf:
    """Return the probability as is, if seen and if set; see `BayesNetClassifier.what_if`."""
    network, target = model.network_, model.posterior_.target
    if not changes:
        raise ValueError("what_if needs at least one change, such as contract='two year'.")
    if model.class_name_ in changes:
        raise ValueError(f"{model.class_name_!r} is the class: change an attribute.")
    state = _state_of(model, label, model.posterior_.scores(codes.matrix))
    seen = _evidence(model, codes)
    changed = {network.position(name): network.code(name, v) for name, v in changes.items()}
    after = {v for place in changed for v in network.descendants(place)} - changed.keys()
    forgotten = [network.names[v] for v in sorted(after) if v in seen]
    kept = {v: code for v, code in seen.items() if v not in after}
    cases = {
        "as is": network.joint([target], seen)[state],
        "if seen": network.joint([target], {**seen, **changed})[state],
        "if set": network.do(changes).joint([target], {**kept, **changed})[state],
    }
    probability = pd.Series(cases, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log(probability) - np.log1p(-probability)
        moved = odds - odds["as is"]
    table = pd.DataFrame(
        {
            "probability": probability,
            "change of log odds (nats)": moved,
            "forgotten": ["", "", ", ".join(str(name) for name in forgotten)],
        }
    )
    table.index.name = "case"
    return WhatIf(model.classes_[state], table, dict(changes), model.class_name_)


def value_of_information(
    model: BayesNetClassifier, codes: Codes, costs: Mapping[Any, float] | None = None
) -> Information:
    """Return what each unknown attribute would tell; see the method of the classifier.

    The expected drop of the class's entropy is the mutual information of class and attribute
    given what is known.
    """
    from crmlib.bayes.scores import mutual_information

    network, target = model.network_, model.posterior_.target
    seen = _evidence(model, codes)
    names = [attribute.name for attribute in model.attributes_]
    strange = [name for name in costs or {} if name not in names]
    if strange:
        raise ValueError(f"costs names {listed(strange)}; there are {listed(names)}.")
    now = network.joint([target], seen)
    entropy = float(-(now[now > 0] * np.log(now[now > 0])).sum())
    rows = []
    for v, attribute in enumerate(network.attributes):
        if v != target and v not in seen:
            tells = min(mutual_information(network.joint([target, v], seen)), entropy)
            rows.append((attribute.name, tells, tells / entropy if entropy > 0 else 0.0))
    columns = ["attribute", "information (nats)", "share of entropy"]
    table = pd.DataFrame(rows, columns=columns)
    best = "information (nats)"
    if costs is not None:
        for name, cost in costs.items():
            number(cost, f"costs[{name!r}]", 0, open_low=True)
        table["cost"] = [float(costs.get(name, np.nan)) for name in table["attribute"]]
        best = "nats per cost"
        table[best] = table["information (nats)"] / table["cost"]
    table = table.sort_values(best, ascending=False, kind="stable", ignore_index=True)
    return Information(entropy, table)


def _evidence(model: BayesNetClassifier, codes: Codes) -> dict[int, int]:
    """Return the known variables of a row, by position in the network."""
    network, target = model.network_, model.posterior_.target
    variables = [v for v in range(len(network.names)) if v != target]
    row = codes.matrix[:, 0].tolist()
    return {v: c for v, c in zip(variables, row, strict=True) if c < network.sizes[v]}


def _state_of(model: BayesNetClassifier, label: Any, scores: Any) -> int:
    """Return the place of the class to explain."""
    if label is None:
        if len(model.classes_) == 2:
            return 1
        return int(np.argmax(model.posterior_.probabilities(scores)[0]))
    found = np.flatnonzero(model.classes_ == label)
    if not len(found):
        raise ValueError(f"There is no class {label!r}; there are {listed(model.classes_)}.")
    return int(found[0])
