"""Why customers leave: the taxonomies of the course and how a class of one maps to another.

Every taxonomy is defined on the same sixteen elementary causes (those of the simulated operator),
so that a loss coded once can be read in any of them, and two can be compared.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from crmlib._checks import one_of
from crmlib.data.operator import loss_causes
from crmlib.data.registry import folder


@cache
def _classes() -> pd.DataFrame:
    path = folder() / "operator" / "loss-taxonomies.csv"
    return pd.read_csv(path, keep_default_na=False)


def taxonomies() -> pd.DataFrame:
    """Return the taxonomies of loss reasons: how many classes each has, and where it is from.

    Returns
    -------
    DataFrame
        Indexed by taxonomy: `classes`, `source`, and its rows in the course inventory.

    Examples
    --------
    >>> int(taxonomies().loc["type_six", "classes"])
    6
    """
    by = _classes().groupby("taxonomy", sort=False)
    table = by[["source", "inventory"]].first()
    table.insert(0, "classes", by.size())
    return table


def taxonomy(name: str) -> pd.DataFrame:
    """Return the classes of a taxonomy in English and Chinese, with the causes each covers.

    Parameters
    ----------
    name : str
        One of `taxonomies`, or ``"cause"`` for the sixteen causes themselves.

    Returns
    -------
    DataFrame
        Indexed by class: `english`, `chinese`, `causes` (a list; empty if the simulated
        operator has no such loss).

    Examples
    --------
    >>> taxonomy("type_six").loc["bought away", "chinese"]
    '被收买'
    """
    if name == "cause":
        causes = loss_causes()[["english", "chinese"]].rename_axis("class")
        return causes.assign(causes=causes.index.to_series().map(lambda cause: [cause]))
    one_of(name, ["cause", *taxonomies().index], "taxonomy")
    mine = _classes().query("taxonomy == @name").set_index("class")
    return mine[["english", "chinese"]].assign(causes=mine["causes"].str.split())


def mapping(source: str, target: str) -> pd.DataFrame:
    """Map the classes of one taxonomy to those of another through the causes they share.

    Parameters
    ----------
    source, target : str
        Taxonomies, or ``"cause"``.

    Returns
    -------
    DataFrame
        Classes of `source` in rows, of `target` in columns: the number of causes they share. A
        row with one entry above 0 maps without doubt.

    Examples
    --------
    >>> table = mapping("type_six", "nature")
    >>> table.loc["moved away"].to_dict()
    {'natural': 2, 'non-natural': 1}
    """
    rows, columns = taxonomy(source)["causes"], taxonomy(target)["causes"]
    shared = [[len(set(mine) & set(theirs)) for theirs in columns] for mine in rows]
    return pd.DataFrame(shared, rows.index.rename(source), pd.Index(columns.index, name=target))


def recode(reasons: pd.Series[Any], source: str, target: str) -> pd.Series[Any]:
    """Read reasons coded in one taxonomy as classes of another.

    Parameters
    ----------
    reasons : Series
        Classes of `source`; missing stays missing.
    source, target : str
        Taxonomies, or ``"cause"``.

    Returns
    -------
    Series
        A category of `target`'s classes; missing where the class maps to none or to several.

    Raises
    ------
    ValueError
        A reason that is no class of `source`.

    Examples
    --------
    >>> recode(pd.Series(["money", "core"]), "cause", "type_six").tolist()
    ['bought away', 'unintentionally pushed away']
    """
    table = mapping(source, target)
    for reason in reasons.dropna().unique():
        one_of(reason, table.index, f"a class of {source!r}")
    sure = (table > 0).sum(axis=1) == 1
    to = table[sure].idxmax(axis=1)
    names = pd.Index(table.columns.tolist())
    coded = reasons.astype("object").map(to.to_dict())
    return pd.Series(pd.Categorical(coded, categories=names), index=reasons.index, name=target)
