"""The classifications of lost customers, read from a file anybody can read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from crmlib._checks import listed, one_of
from crmlib._result import Result

POLICIES = ("target", "high value only", "exclude", "ask")
OPERATORS = ("==", ">", ">=", "<", "<=", "is", "known")


@dataclass(frozen=True, repr=False)
class Taxonomy(Result):
    """Loss types with their policy, the reasons of other schemes, and rules from CRM fields.

    Attributes
    ----------
    types : pandas.DataFrame
        A row a type (index `code`): `zh`, `meaning`, `policy`, `action`, `source`.
    reasons : pandas.DataFrame
        A row a reason of another scheme: `scheme`, `code`, `zh`, `meaning`, `type`.
    rules : tuple of dict
        In the order in which they are tried: `name`, `type`, `when`.
    """

    types: pd.DataFrame
    reasons: pd.DataFrame
    rules: tuple[Mapping[str, Any], ...]
    _title = "How customers are lost"

    def to_frame(self) -> pd.DataFrame:
        """Return the types with Chinese name, policy and action."""
        return self.types[["zh", "policy", "action"]]

    @property
    def columns(self) -> list[str]:
        """The CRM columns the rules look at."""
        return list(dict.fromkeys(str(part[0]) for rule in self.rules for part in rule["when"]))

    def type_of(self, reason: str, scheme: str | None = None) -> str:
        """Return the loss type to which a reason of another scheme belongs.

        Parameters
        ----------
        reason : str
            Code or Chinese name.
        scheme : str, optional
            'S0', 'S1' or 'S4'; needed only where two schemes disagree.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            If the reason is not known, or its type depends on the scheme.
        """
        table = self.reasons if scheme is None else self.reasons[self.reasons["scheme"] == scheme]
        hits = table[(table["code"] == reason) | (table["zh"] == reason)]
        if hits.empty:
            one_of(reason, table["code"], "reason")
        if len(set(hits["type"])) > 1:
            schemes = listed(hits["scheme"])
            raise ValueError(f"{reason!r} means different types in {schemes}: say which scheme.")
        return str(hits["type"].iloc[0])


def taxonomy(path: str | Path | None = None) -> Taxonomy:
    """Return the course's classifications, or those of a file of your own.

    The six types of the article on recovery decide what to do; the four reasons of the slides
    (S0), the practice classes of the lectures (S1) and the causes of the report (S4) are mapped
    to them.

    Parameters
    ----------
    path : str or Path, optional
        A TOML file in the form of the package's `loss_types.toml`.

    Returns
    -------
    Taxonomy

    Raises
    ------
    ValueError
        If the file names an unknown policy, type or operator, or a code twice.

    Examples
    --------
    >>> loss = taxonomy()
    >>> loss.types.loc["pulled away", ["zh", "policy"]].tolist()
    ['被拉走', 'target']
    >>> loss.type_of("disappointment"), loss.type_of("趋利")
    ('unintentionally pushed away', 'bought away')
    """
    if path is None:
        text = files("crmlib.recovery").joinpath("loss_types.toml").read_text("utf-8")
    else:
        text = Path(path).read_text("utf-8")
    where = "loss_types.toml" if path is None else str(path)
    raw = tomllib.loads(text)
    types = pd.DataFrame(raw.get("type", [])).set_index("code")
    reasons = pd.DataFrame(
        raw.get("reason", []), columns=["scheme", "code", "zh", "meaning", "type"]
    )
    if not types.index.is_unique or "unknown" not in types.index:
        raise ValueError(f"{where} must name each type once, 'unknown' among them.")
    for policy in types["policy"]:
        one_of(policy, POLICIES, f"{where}: policy")
    for code in [*reasons["type"], *(rule["type"] for rule in raw.get("rule", []))]:
        one_of(code, types.index, f"{where}: type")
    for rule in raw.get("rule", []):
        for _, operator, _ in rule["when"]:
            one_of(operator, OPERATORS, f"{where}: operator of rule {rule['name']!r}")
    return Taxonomy(types, reasons, tuple(raw.get("rule", [])))
