"""What a regained customer brings: the four benefits of recovery."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlib._checks import (
    Numeric,
    as_frame,
    like,
    no_duplicates,
    numbers,
    require_columns,
    same_currency,
)

#: The four benefits, in the order of the ledger.
BENEFITS = ("repurchase", "replacement", "communication", "information")


def communication_benefit(
    *,
    told_bad: npt.ArrayLike,
    lost_per_telling: npt.ArrayLike,
    told_good: npt.ArrayLike,
    won_per_telling: npt.ArrayLike,
    clv: npt.ArrayLike,
) -> Numeric:
    """Return what changed word of mouth is worth: (k_bad q_bad + k_good q_good) CLV.

    A customer who returns stops telling k_bad people not to buy, of whom a share q_bad would have
    stayed away, and tells k_good people to, of whom a share q_good comes.

    Parameters
    ----------
    told_bad, told_good : float or array-like
        People told, 0 or more. Complainers' reports put bad to good at about 2:1 (Goodman's notes
        on the TARP studies).
    lost_per_telling, won_per_telling : float or array-like
        Share of those told who act on it, 0 to 1.
    clv : float or array-like
        Lifetime value of one such customer, in money.

    Returns
    -------
    float, array or pandas.Series
        Money per regained customer.

    Raises
    ------
    ValueError
        If a share lies outside 0 to 1 or a number is negative.

    Examples
    --------
    >>> communication_benefit(told_bad=10, lost_per_telling=0.02, told_good=5,
    ...                       won_per_telling=0.01, clv=200.0)
    50.0
    """
    given = locals().copy()
    bad = numbers(told_bad, "told_bad", 0) * numbers(lost_per_telling, "lost_per_telling", 0, 1)
    good = numbers(told_good, "told_good", 0) * numbers(won_per_telling, "won_per_telling", 0, 1)
    return like((bad + good) * numbers(clv, "clv", 0), "communication", **given)


def replacement_benefit(
    acquisition_cost: npt.ArrayLike,
    *,
    replaced: npt.ArrayLike = 1.0,
    replacement_value: npt.ArrayLike = 0.0,
) -> Numeric:
    """Return what is saved because no new customer must be bought in place of the lost one.

    replaced x (acquisition cost - value of the replacement). The course's article counts the
    acquisition cost in full; but a firm that buys a replacement also gets what the replacement
    brings. Where the ledger credits the regained customer's revenue *and* the saved acquisition
    in full, one customer is counted twice: give the replacement's lifetime value to avoid that.

    Parameters
    ----------
    acquisition_cost : float or array-like
        Cost of winning one new customer, in money.
    replaced : float or array-like
        Share of lost customers the firm would replace, 0 to 1.
    replacement_value : float or array-like
        Lifetime value of the replacement before acquisition cost, in money; 0 is the course's
        simple rule.

    Returns
    -------
    float, array or pandas.Series
        Money per regained customer; negative where the replacement would have been the better
        customer.

    Raises
    ------
    ValueError
        If a cost is negative or a share lies outside 0 to 1.

    Examples
    --------
    >>> replacement_benefit(60.0), replacement_benefit(60.0, replaced=0.5, replacement_value=20.0)
    (60.0, 20.0)
    """
    given = locals().copy()
    saved = numbers(acquisition_cost, "acquisition_cost", 0)
    share = numbers(replaced, "replaced", 0, 1)
    return like(
        share * (saved - numbers(replacement_value, "replacement_value", 0)), "replacement", **given
    )


def benefits(
    lost: pd.DataFrame,
    *,
    second_lifetime_value: str = "second_lifetime_value",
    replacement: str | float = 0.0,
    communication: str | float = 0.0,
    information: str | float = 0.0,
    currency: str | None = None,
) -> pd.DataFrame:
    """Put the four benefits of winning a customer back side by side.

    Repurchase, replacement and communication come only if the customer returns; information
    comes from the interview, whether or not he does.

    Parameters
    ----------
    lost : pandas.DataFrame
        A row a lost customer (index).
    second_lifetime_value : str
        Column with the value of the resumed relation.
    replacement, communication, information : str or float
        Column, or one amount for all, in money per customer.
    currency : str, optional
        Unit of the amounts.

    Returns
    -------
    pandas.DataFrame
        `repurchase`, `replacement`, `communication`, `information`, and `if_back`, the sum of the
        first three.

    Raises
    ------
    ValueError
        If customers repeat, a column is missing, or an amount is missing.

    Examples
    --------
    >>> lost = pd.DataFrame({"second_lifetime_value": [120.0]}, index=["c1"])
    >>> benefits(lost, replacement=60.0, information=2.0).loc["c1"].tolist()
    [120.0, 60.0, 0.0, 2.0, 180.0]
    """
    as_frame(lost, "lost")
    no_duplicates(lost.index, "lost")
    sources = dict(
        zip(
            BENEFITS,
            [second_lifetime_value, replacement, communication, information],
            strict=True,
        )
    )
    require_columns(lost, [s for s in sources.values() if isinstance(s, str)], "lost")
    table = pd.DataFrame(index=lost.index)
    for name, source in sources.items():
        amount = lost[source] if isinstance(source, str) else source
        table[name] = np.broadcast_to(numbers(amount, name), len(lost))
    table["if_back"] = table["repurchase"] + table["replacement"] + table["communication"]
    unit = same_currency(currency, lost=lost)
    if unit is not None:
        table.attrs["currency"] = unit
    return table
