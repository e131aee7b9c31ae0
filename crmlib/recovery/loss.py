"""Which type of loss? Rules from CRM fields, and the price of a classifier's mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import cross_val_predict

from crmlib._checks import as_frame, listed, no_duplicates, number, numbers, require_columns, whole
from crmlib._result import Result
from crmlib.recovery.taxonomy import Taxonomy, taxonomy

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class LossTypes(Result):
    """The result of `classify_loss`.

    Attributes
    ----------
    customers : pandas.DataFrame
        A row a lost customer: `type`, the `rule` that decided, `also` (another type that a later
        rule would have given, or ''), `policy` and `action`.
    unused : list of str
        Rules that could not be tried because a column is missing.
    """

    customers: pd.DataFrame
    unused: list[str]
    _title = "Types of loss"

    def to_frame(self) -> pd.DataFrame:
        """Return a row a type: customers, share, how many the records contradict, policy."""
        table = self.customers.groupby("type", observed=True)
        count = table.size()
        return pd.DataFrame(
            {
                "customers": count,
                "share (%)": (100 * count / count.sum()).round(1),
                "with contrary signs": table["also"].apply(lambda also: int((also != "").sum())),
                "policy": table["policy"].first(),
            }
        ).sort_values("customers", ascending=False, kind="stable")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the customers of each type."""
        from crmlib.plots import ranked_bars

        return ranked_bars(self.to_frame()["customers"].rename("lost customers by type"), ax)


def classify_loss(lost: pd.DataFrame, *, using: Taxonomy | None = None) -> LossTypes:
    """Give every lost customer a loss type by rules on CRM fields.

    Parameters
    ----------
    lost : pandas.DataFrame
        A row a lost customer (index). The package's rules look at these columns, each of which
        may be absent or hold missing values:

        - `ended_by`: 'firm', 'customer', 'third party' (an employer, a parent) or 'lapse'
        - `fraud`, `deceased`, `bankrupt`, `moved`, `in_coverage` (the new address can be served),
          `payment_failed`, `ported_out`: True or False
        - `overdue_days`: days a bill was unpaid at the end
        - `competitor`: name, where known; `competitor_bonus`: money received for switching
        - `complaints`, `complaints_open`, `incidents`: numbers in the months before the loss
    using : Taxonomy, optional
        Types and rules; the course's by default.

    Returns
    -------
    LossTypes
        With `.customers`, `.to_frame()` and `.plot()`. Who fits no rule is 'unknown', with the
        policy to ask first.

    Raises
    ------
    ValueError
        If customers repeat, or none of the columns is there.

    Examples
    --------
    >>> lost = pd.DataFrame({"ported_out": [True, True], "complaints": [0, 3]}, index=["c1", "c2"])
    >>> classify_loss(lost).customers[["type", "also"]].values.tolist()
    [['pulled away', ''], ['unintentionally pushed away', 'pulled away']]
    """
    as_frame(lost, "lost")
    no_duplicates(lost.index, "lost")
    scheme = taxonomy() if using is None else using
    if not set(scheme.columns) & set(lost.columns):
        raise ValueError(
            f"lost has none of the columns the rules look at: {listed(scheme.columns, 20)}."
        )
    n = len(lost)
    decided = np.full(n, "unknown", dtype=object)
    rule_name = np.full(n, "", dtype=object)
    also = np.full(n, "", dtype=object)
    unused = []
    for rule in scheme.rules:
        if any(column not in lost.columns for column, _, _ in rule["when"]):
            unused.append(str(rule["name"]))
            continue
        holds = np.ones(n, dtype=bool)
        for column, operator, wanted in rule["when"]:
            holds &= _holds(lost[column], operator, wanted)
        first = holds & (rule_name == "")
        contrary = holds & ~first & (decided != rule["type"]) & (also == "")
        decided[first], rule_name[first] = rule["type"], rule["name"]
        also[contrary] = rule["type"]
    kind = pd.Categorical(decided, categories=list(scheme.types.index))
    table = pd.DataFrame({"type": kind, "rule": rule_name, "also": also}, index=lost.index)
    for column in ("policy", "action"):
        table[column] = scheme.types[column].reindex(decided).to_numpy()
    return LossTypes(table, unused)


def _holds(column: pd.Series, operator: str, wanted: object) -> npt.NDArray[np.bool_]:
    """Return where a condition holds; a missing value never does."""
    known = column.notna().to_numpy()
    if operator == "known":
        return np.asarray(known == bool(wanted))
    if operator in ("==", "is"):
        if operator == "is" and not column.dropna().isin([True, False]).all():
            bad = next(x for x in column.dropna() if x not in (True, False))
            raise ValueError(
                f"lost[{column.name!r}] must hold True and False (or missing), found {bad!r}."
            )
        return np.asarray(known & (column == wanted).fillna(False).to_numpy(bool))
    given = numbers(column.dropna(), f"lost[{str(column.name)!r}]")
    compare = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal}
    result = np.zeros(len(column), dtype=bool)
    result[known] = compare[operator](given, number(wanted, "the rule's number"))
    return result


@dataclass(frozen=True, repr=False)
class TypeClassifier(Result):
    """The result of `learn_loss_types`: a fitted classifier and the price of its mistakes.

    Attributes
    ----------
    model : scikit-learn classifier
        Fitted to all customers whose type is known.
    confusion : pandas.DataFrame
        Cross-validated counts; rows are true types, columns predicted ones.
    cost : pandas.DataFrame
        Cost of treating the type of the row as that of the column, in money.
    predicted : pandas.Series
        Cross-validated type of each customer.
    """

    model: Any
    confusion: pd.DataFrame
    cost: pd.DataFrame
    predicted: pd.Series
    _title = "Learned loss types (cross-validated)"

    @property
    def accuracy(self) -> float:
        """Share of customers with the right type."""
        counts = self.confusion.to_numpy()
        return float(np.trace(counts) / counts.sum())

    @property
    def cost_per_customer(self) -> float:
        """Mean cost of the mistakes, in money."""
        counts = self.confusion.to_numpy()
        return float((counts * self.cost.to_numpy()).sum() / counts.sum())

    def to_frame(self) -> pd.DataFrame:
        """Return the confusion matrix with the recall and the cost of each true type."""
        table = self.confusion.copy()
        counts = self.confusion.to_numpy()
        total = counts.sum(axis=1)
        table["recall (%)"] = np.round(100 * np.diag(counts) / np.maximum(total, 1), 1)
        table["cost per customer (money)"] = (counts * self.cost.to_numpy()).sum(
            axis=1
        ) / np.maximum(total, 1)
        return table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the confusion matrix in shares of the true type."""
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=(6.8, 5.2))[1]
        counts = self.confusion.to_numpy(float)
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for (row, column), value in np.ndenumerate(share):
            ax.text(
                column, row, f"{value:.0%}", ha="center", va="center",
                color="white" if value > 0.5 else "black",
            )  # fmt: skip
        places = np.arange(len(self.confusion))
        ax.set_xticks(places, list(self.confusion.columns), rotation=30, ha="right")
        ax.set_yticks(places, list(self.confusion.index))
        ax.grid(visible=False)
        ax.set_xlabel("predicted type")
        ax.set_ylabel("true type")
        return ax


def learn_loss_types(
    model: Any,
    fields: pd.DataFrame,
    types: pd.Series,
    *,
    cost: pd.DataFrame | None = None,
    folds: int = 5,
) -> TypeClassifier:
    """Learn loss types from customers whose type is known, as from exit interviews.

    Parameters
    ----------
    model : scikit-learn classifier
        Any; this package's trees and networks, or a pipeline that encodes the fields first.
    fields : pandas.DataFrame
        CRM fields, a row a customer.
    types : pandas.Series
        Their types, same index.
    cost : pandas.DataFrame, optional
        Cost of treating one type (row) as another (column), as `mistreatment_cost` gives; by
        default every mistake costs 1.
    folds : int
        Folds of the cross-validation, stratified by type and in the given order of rows.

    Returns
    -------
    TypeClassifier

    Raises
    ------
    ValueError
        If indexes differ, a type is missing or rarer than the folds, or the cost table lacks a
        type.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> fields = pd.DataFrame({"ported_out": [0, 1] * 10, "complaints": [3, 0] * 10})
    >>> types = pd.Series(["unintentionally pushed away", "pulled away"] * 10)
    >>> learn_loss_types(DecisionTreeClassifier(), fields, types).accuracy
    1.0
    """
    as_frame(fields, "fields")
    if not fields.index.equals(types.index):
        raise ValueError("fields and types have different indexes: align them on the customer.")
    if types.isna().any():
        raise ValueError(f"types has {int(types.isna().sum())} missing entries.")
    count = whole(folds, "folds", 2)
    sizes = types.value_counts()
    if (sizes < count).any():
        rare = listed(sizes[sizes < count].index)
        raise ValueError(f"Types rarer than {count} folds: {rare}. Merge them or use fewer folds.")
    names = sorted(map(str, sizes[sizes > 0].index))
    if cost is None:
        cost = pd.DataFrame(1.0 - np.eye(len(names)), index=names, columns=names)
    else:
        require_columns(as_frame(cost, "cost"), names, "cost")
        require_columns(cost.T, names, "cost (rows)")
        cost = cost.loc[names, names]
        numbers(cost, "cost")
    labels = types.astype(str)
    predicted = cross_val_predict(clone(model), fields, labels, cv=count)
    counts = confusion_matrix(labels, predicted, labels=names)
    confusion = pd.DataFrame(
        counts, index=pd.Index(names, name="true type"), columns=pd.Index(names, name="predicted")
    )
    fitted = clone(model).fit(fields, labels)
    return TypeClassifier(fitted, confusion, cost, pd.Series(predicted, index=types.index))


def mistreatment_cost(profit: pd.DataFrame) -> pd.DataFrame:
    """Return what it costs to treat a loss type as another.

    Parameters
    ----------
    profit : pandas.DataFrame
        Expected profit per customer of the type in the row under the treatment meant for the type
        in the column, in money. Same names in rows and columns.

    Returns
    -------
    pandas.DataFrame
        Profit forgone against the treatment the type was meant to get; negative where the other
        treatment would have been better (which says that the policy is wrong).

    Raises
    ------
    ValueError
        If rows and columns name different types.

    Examples
    --------
    >>> profit = pd.DataFrame({"pulled away": [40.0, 5.0], "bought away": [0.0, 0.0]},
    ...                       index=["pulled away", "bought away"])
    >>> mistreatment_cost(profit).loc["pulled away"].tolist()
    [0.0, 40.0]
    """
    as_frame(profit, "profit")
    if set(profit.index) != set(profit.columns):
        raise ValueError("profit must name the same types in rows and columns.")
    square = profit[list(profit.index)]
    values = numbers(square, "profit")
    return pd.DataFrame(
        np.diag(values)[:, None] - values, index=square.index, columns=square.columns
    )
