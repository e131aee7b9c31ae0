"""Two steps to a segment: first what the customer is worth, then why he left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlib._checks import Numeric, like, listed, no_duplicates, numbers, one_of, same_currency
from crmlib._result import Result
from crmlib.recovery.loss import LossTypes
from crmlib.recovery.taxonomy import Taxonomy, taxonomy
from crmlib.value import tiers

#: What the course says to do with each tier.
TIER_POLICY = {
    "key": "by all means",
    "ordinary": "as far as possible",
    "small": "as it comes",
    "give up": "give up",
}


@dataclass(frozen=True, repr=False)
class Segments(Result):
    """The result of `segment`.

    Attributes
    ----------
    customers : pandas.DataFrame
        A row a lost customer: `value`, `tier`, `type`, `treat` (whether the policy allows an
        offer), `effort` (the tier's policy) and `reason` in words.
    currency : str or None
        Unit of the values.
    """

    customers: pd.DataFrame
    currency: str | None = None
    _title = "Lost customers by value and reason"

    def to_frame(self) -> pd.DataFrame:
        """Return the customers of each type (rows) and tier (columns), and those to treat."""
        table = pd.crosstab(self.customers["type"], self.customers["tier"], dropna=False)
        table = table[table.sum(axis=1) > 0]
        treated = self.customers.groupby("type", observed=False)["treat"].sum()
        unit = f" ({self.currency})" if self.currency else ""
        worth = self.customers.groupby("type", observed=False)["value"].sum()
        table.columns = table.columns.astype(str)
        table["to treat"] = treated.reindex(table.index)
        table[f"value{unit}"] = worth.reindex(table.index)
        return table


def segment(
    value: pd.Series,
    types: LossTypes | pd.Series,
    *,
    cuts: tuple[float, float] = (0.80, 0.95),
    give_up_at: float = 0.0,
    policy: Mapping[str, str] | None = None,
    using: Taxonomy | None = None,
    currency: str | None = None,
) -> Segments:
    """Divide lost customers by value, then by reason, and say whom the policy lets treat.

    Customers in the lowest tier are given up whatever their reason. Of the others, those pushed
    away on purpose are excluded, those bought away and moved away are treated only in the key
    tier, those with an unknown reason are interviewed first (no offer yet), and the rest are
    treated.

    Parameters
    ----------
    value : pandas.Series
        Future value of each lost customer if won back (second lifetime value), by customer.
    types : LossTypes or pandas.Series
        Result of `classify_loss`, or type codes by customer.
    cuts : tuple of two floats
        Cumulative shares of value that end the key and the ordinary tier.
    give_up_at : float
        Value at or below which a customer is given up.
    policy : mapping, optional
        Type code to 'target', 'high value only', 'exclude' or 'ask', where it differs from the
        taxonomy's.
    using : Taxonomy, optional
        Types and their policy; the course's by default.
    currency : str, optional
        Unit of the values.

    Returns
    -------
    Segments

    Raises
    ------
    ValueError
        If customers repeat or differ between `value` and `types`, or a type or policy is unknown.

    Examples
    --------
    >>> value = pd.Series([900.0, 80.0, 60.0], index=["c1", "c2", "c3"])
    >>> types = pd.Series(["bought away", "bought away", "pulled away"], index=value.index)
    >>> segment(value, types).customers["treat"].tolist()
    [True, False, True]
    """
    scheme = taxonomy() if using is None else using
    codes = types.customers["type"] if isinstance(types, LossTypes) else types
    no_duplicates(value.index, "value")
    no_duplicates(codes.index, "types")
    if len(codes) != len(value) or not value.index.isin(codes.index).all():
        missing = value.index.difference(codes.index)
        raise ValueError(
            f"value and types name different customers ({len(value):,} and {len(codes):,}"
            + (f"; types lacks {listed(missing, 5)})." if len(missing) else ").")
        )
    codes = codes.reindex(value.index).astype(object)
    rules = scheme.types["policy"].to_dict() | dict(policy or {})
    for code in {*codes.unique(), *(policy or {})}:
        one_of(code, scheme.types.index, "type")
    for name in (policy or {}).values():
        one_of(name, ["target", "high value only", "exclude", "ask"], "policy")
    tier = tiers(value, cuts=cuts, give_up_at=give_up_at)
    rule = codes.map(rules)
    given_up = (tier == "give up").to_numpy()
    key = (tier == "key").to_numpy()
    treat = ~given_up & (
        (rule == "target").to_numpy() | ((rule == "high value only").to_numpy() & key)
    )
    why = np.select(
        [
            given_up,
            (rule == "exclude").to_numpy(),
            (rule == "ask").to_numpy(),
            (rule == "high value only").to_numpy() & ~key,
        ],
        [
            "worth no effort",
            "excluded by type",
            "reason unknown: ask first",
            "type pays only for key customers",
        ],
        default="treat",
    )
    table = pd.DataFrame(
        {
            "value": numbers(value, "value"),
            "tier": tier,
            "type": pd.Categorical(codes, categories=list(scheme.types.index)),
            "treat": treat,
            "effort": tier.astype(object).map(TIER_POLICY),
            "reason": why,
        },
        index=value.index,
    )
    return Segments(table, same_currency(currency, value=value))


def worth_recovering(
    recovery_cost: object, customer_value: object, recovery_value: object = 0.0
) -> Numeric:
    """Return the surplus of the course's final test: customer value + recovery value - cost.

    Parameters
    ----------
    recovery_cost : float or array-like
        What winning the customer back takes, people and material, in money.
    customer_value : float or array-like
        What the customer will bring.
    recovery_value : float or array-like
        What the recovery brings beside that: saved replacement, word of mouth, information.

    Returns
    -------
    float, array or pandas.Series
        Recover where it is not negative. `cost_cap` is the same test with chances in it.

    Examples
    --------
    >>> worth_recovering(recovery_cost=120.0, customer_value=100.0, recovery_value=50.0)
    30.0
    """
    cost = numbers(recovery_cost, "recovery_cost", 0)
    value = numbers(customer_value, "customer_value")
    more = numbers(recovery_value, "recovery_value")
    return like(
        value + more - cost,
        "surplus",
        recovery_cost=recovery_cost,
        customer_value=customer_value,
        recovery_value=recovery_value,
    )
