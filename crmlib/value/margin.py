"""Contribution margin of a customer, level by level."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from crmlib._checks import as_frame, no_duplicates, numbers, require_columns, same_currency


def contribution_margin(
    customers: pd.DataFrame,
    *,
    revenue: str | Sequence[str] = "revenue",
    variable_cost: str | Sequence[str] = "variable_cost",
    service_cost: str | Sequence[str] = (),
    attributed_cost: str | Sequence[str] = (),
    currency: str | None = None,
) -> pd.DataFrame:
    """Return what is left of a customer's revenue after each layer of cost.

    - margin 1 = revenue - variable cost (interconnection, energy, handset subsidy, ...)
    - margin 2 = margin 1 - direct service cost (calls to the hotline, repairs, ...)
    - margin 3 = margin 2 - acquisition and retention cost attributed to the customer

    Companies draw these layers differently; this is a common layout, not a standard. Decide on
    winning somebody back with the layer that holds every cost the return would cause.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row a customer (index), amounts per period in one currency.
    revenue, variable_cost, service_cost, attributed_cost : str or sequence of str
        Columns that are summed into the layer. Costs are positive numbers.
    currency : str, optional
        Unit of the amounts; kept in `.attrs["currency"]` of the result.

    Returns
    -------
    pandas.DataFrame
        `revenue`, `margin_1`, `margin_2`, `margin_3` (amounts) and `margin_ratio`, margin 3 as a
        share of revenue (missing where there is no revenue).

    Raises
    ------
    ValueError
        If customers repeat, a column is missing, or a cost is negative or missing.

    Examples
    --------
    >>> bill = pd.DataFrame({"revenue": [80.0], "network": [30.0], "calls": [6.0]})
    >>> contribution_margin(bill, variable_cost="network", service_cost="calls").iloc[0].to_dict()
    {'revenue': 80.0, 'margin_1': 50.0, 'margin_2': 44.0, 'margin_3': 44.0, 'margin_ratio': 0.55}
    """
    as_frame(customers, "customers")
    no_duplicates(customers.index, "customers")
    income = _total(customers, revenue)
    first = income - _total(customers, variable_cost, low=0.0)
    second = first - _total(customers, service_cost, low=0.0)
    third = second - _total(customers, attributed_cost, low=0.0)
    result = pd.DataFrame(
        {
            "revenue": income,
            "margin_1": first,
            "margin_2": second,
            "margin_3": third,
            "margin_ratio": (third / income).where(income > 0),
        }
    )
    unit = same_currency(currency, customers=customers)
    if unit is not None:
        result.attrs["currency"] = unit
    return result


def _total(
    customers: pd.DataFrame, columns: str | Sequence[str], low: float = -float("inf")
) -> pd.Series[float]:
    """Sum the named columns of each customer."""
    names = [columns] if isinstance(columns, str) else list(columns)
    require_columns(customers, names, "customers")
    total = pd.Series(0.0, index=customers.index)
    for name in names:
        total += numbers(customers[name], f"customers[{name!r}]", low)
    return total
