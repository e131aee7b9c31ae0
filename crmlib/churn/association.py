"""Association rules: what goes together among complaints, products, low ratings and leaving."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from crmlib._checks import as_frame, listed, number, whole
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class AssociationRules(Result):
    """Rules of the form: who has these, has that.

    Attributes
    ----------
    table : DataFrame
        A row a rule, the highest lift first: `if` and `then` (items joined by a plus sign),
        `customers` who have both sides, `support` (their share of all), `confidence` (their share
        of those with the left side), `lift` (confidence over the share of the right side), `p`
        (Fisher's exact test, one-sided: that lift is above 1 by chance).
    customers : int
        How many there are.
    """

    table: pd.DataFrame
    customers: int

    @property
    def _title(self) -> str:  # type: ignore[override]
        return f"{len(self.table):,} rules among {self.customers:,} customers"

    def to_frame(self) -> pd.DataFrame:
        """Return the table of rules."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each rule at its support and confidence; the color is its lift."""
        import matplotlib.pyplot as plt

        from crmlib.plots import as_percent

        ax = plt.subplots()[1] if ax is None else ax
        dots = ax.scatter(self.table["support"], self.table["confidence"], c=self.table["lift"])
        ax.figure.colorbar(dots, ax=ax, label="lift")
        ax.set_xlabel("support")
        ax.set_ylabel("confidence")
        return as_percent(as_percent(ax), "x")


def association_rules(
    items: pd.DataFrame,
    *,
    min_support: float = 0.01,
    min_confidence: float = 0.5,
    max_items: int = 3,
    then: str | None = None,
) -> AssociationRules:
    """Find the rules with enough customers behind them (Apriori).

    A set can only be frequent if all its parts are: sets are built up one item at a time from
    frequent ones. Thousands of rules are tried, so take `p` for an order, not for a proof.

    Parameters
    ----------
    items : DataFrame of bool
        A row a customer, a column an item: whether he has it.
    min_support : float
        Least share of customers who have all items of the rule, above 0.
    min_confidence : float
        Least confidence, 0 to 1.
    max_items : int
        Most items in a rule, both sides together; 2 or more.
    then : str, optional
        Only rules with this single item on the right side, such as ``"lost"``.

    Returns
    -------
    AssociationRules

    Raises
    ------
    ValueError
        A column is not boolean, or `then` is no column.

    References
    ----------
    Agrawal, R. and Srikant, R. (1994). Fast algorithms for mining association rules. Proceedings
    of the 20th VLDB Conference.

    Examples
    --------
    >>> items = pd.DataFrame({"late answer": [1, 1, 1, 0], "lost": [1, 1, 0, 0]}, dtype=bool)
    >>> found = association_rules(items, min_confidence=0.6, then="lost").table.iloc[0]
    >>> f"{found['if']}: confidence {found['confidence']:.3f}, lift {found['lift']:.3f}"
    'late answer: confidence 0.667, lift 1.333'
    """
    number(min_support, "min_support", 0, 1, open_low=True)
    number(min_confidence, "min_confidence", 0, 1)
    most = whole(max_items, "max_items", 2)
    frame = as_frame(items, "items")
    wrong = [c for c in frame if not pd.api.types.is_bool_dtype(frame[c])]
    if wrong:
        raise ValueError(f"items: column {listed(wrong)} must be boolean: whether he has it.")
    names = [str(c) for c in frame]
    if then is not None and then not in names:
        raise ValueError(f"then must be a column of items: {listed(names)}; got {then!r}.")
    has, n = frame.to_numpy(bool), len(frame)
    support = _frequent(has, max(1, int(np.ceil(min_support * n - 1e-9))), most)
    rows: list[dict[str, Any]] = []
    for itemset, both in support.items():
        for size in range(1, len(itemset)):
            for right in combinations(itemset, size):
                if then is not None and [names[i] for i in right] != [then]:
                    continue
                left = tuple(i for i in itemset if i not in right)
                a, c = support[left], support[right]
                if both / a >= min_confidence - 1e-12:
                    rows.append({
                        "if": " + ".join(names[i] for i in left),
                        "then": " + ".join(names[i] for i in right),
                        "customers": both, "support": both / n, "confidence": both / a,
                        "lift": both * n / (a * c),
                        "p": float(stats.hypergeom.sf(both - 1, n, a, c)),
                    })  # fmt: skip
    columns = ["if", "then", "customers", "support", "confidence", "lift", "p"]
    table = pd.DataFrame(rows, columns=columns)
    order = table.sort_values(["lift", "customers", "if", "then"], ascending=[False, False, True,
                                                                          True])  # fmt: skip
    return AssociationRules(order.reset_index(drop=True), n)


def _frequent(has: Any, least: int, most: int) -> dict[tuple[int, ...], int]:
    """Count the sets of items that at least so many customers have, smaller sets first."""
    rows: dict[tuple[int, ...], Any] = {
        (i,): has[:, i] for i in range(has.shape[1]) if has[:, i].sum() >= least
    }
    counts = {itemset: int(who.sum()) for itemset, who in rows.items()}
    for size in range(2, most + 1):
        grown: dict[tuple[int, ...], Any] = {}
        for itemset, who in rows.items():
            for i in range(itemset[-1] + 1, has.shape[1]):
                wider = (*itemset, i)
                if all(part in counts for part in combinations(wider, size - 1)):
                    both = who & has[:, i]
                    if both.sum() >= least:
                        grown[wider] = both
        if not grown:
            break
        rows = grown
        counts |= {itemset: int(who.sum()) for itemset, who in rows.items()}
    return counts
