"""Mending published defects, on request and with a report; nothing here runs unasked.

A repair is a function from the frame to the mended frame and the changes it made. The registry
names the repair of each defect; a defect without one (a leak, say) is documented, not changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

COLUMNS = ["column", "rule", "rows", "before", "after"]


@dataclass(frozen=True)
class Change:
    """What a repair did to one column: how many rows, and one of them before and after."""

    column: str
    rule: str
    rows: int
    before: str
    after: str


Repair = Callable[[pd.DataFrame], tuple[pd.DataFrame, list[Change]]]


def report(changes: list[Change]) -> pd.DataFrame:
    """Return the changes as a table, one a row."""
    return pd.DataFrame([vars(change) for change in changes], columns=COLUMNS)


def changed(old: pd.Series[Any], new: pd.Series[Any], rule: str) -> list[Change]:
    """Return the change from `old` to `new`; an empty list if nothing changed."""
    differs = ~((old == new).fillna(False).astype(bool) | (old.isna() & new.isna()))
    rows = old.index[differs]
    if len(rows) == 0:
        return []
    before, after = old.loc[rows[0]], new.loc[rows[0]]
    return [Change(str(old.name), rule, len(rows), f"row {rows[0]}: {before}", str(after))]


def zero_total_charges(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Change]]:
    """Set the missing total charges of customers in their first month to 0: nothing was billed."""
    total = next(name for name in ("TotalCharges", "Total Charges") if name in frame)
    tenure = next(name for name in ("tenure", "Tenure Months") if name in frame)
    old = frame[total]
    new = old.mask(old.isna() & (frame[tenure] == 0), 0.0)
    return frame.assign(**{total: new}), changed(old, new, "tenure 0: nothing billed yet, so 0.0")


REPAIRS: dict[str, Repair] = {
    "zero_total_charges": zero_total_charges,
}
