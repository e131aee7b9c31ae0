"""Mending published defects, on request and with a report; nothing here runs unasked.

A repair is a function from the frame, and what the registry says of it, to the mended frame and
the changes it made. The registry names the repair of each defect; a defect without one (a leak,
say) is documented, not changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from crmlib.data.registry import Entry

COLUMNS = ["column", "rule", "rows", "before", "after"]


@dataclass(frozen=True)
class Change:
    """What a repair did to one column: how many rows, and one of them before and after."""

    column: str
    rule: str
    rows: int
    before: str
    after: str


Mended = tuple[pd.DataFrame, list[Change]]


def report(changes: list[Change]) -> pd.DataFrame:
    """Return the changes as a table, one a row."""
    return pd.DataFrame([vars(change) for change in changes], columns=COLUMNS)


def changed(old: pd.Series[Any], new: pd.Series[Any], rule: str) -> list[Change]:
    """Return the change from `old` to `new`; an empty list if nothing changed."""
    before, after = old.astype(object), new.astype(object)
    same = (before == after).fillna(False).astype(bool) | (before.isna() & after.isna())
    rows = old.index[~same]
    if len(rows) == 0:
        return []
    first = rows[0]
    return [
        Change(
            str(old.name),
            rule,
            len(rows),
            f"row {first}: {before.loc[first]}",
            f"{after.loc[first]}",
        )
    ]


def zero_total_charges(frame: pd.DataFrame, _: Entry) -> Mended:
    """Set the missing total charges of customers in their first month to 0: nothing was billed."""
    total = next(name for name in ("TotalCharges", "Total Charges") if name in frame)
    tenure = next(name for name in ("tenure", "Tenure Months") if name in frame)
    new = frame[total].mask(frame[total].isna() & (frame[tenure] == 0), 0.0)
    return _with(frame, new, "tenure 0: nothing billed yet, so 0.0")


def drop_duplicates(frame: pd.DataFrame, _: Entry) -> Mended:
    """Drop rows that repeat an earlier row; the index keeps the published row numbers."""
    kept = frame.drop_duplicates()
    gone = len(frame) - len(kept)
    if gone == 0:
        return frame, []
    rule = "rows that repeat an earlier row are dropped"
    return kept, [Change("(all)", rule, gone, f"{len(frame)} rows", f"{len(kept)} rows")]


def fix_suburban(frame: pd.DataFrame, _: Entry) -> Mended:
    """Spell the label 'Suburban' right."""
    new = frame["zip_code"].cat.rename_categories({"Surburban": "Suburban"})
    return _with(frame, new, "misspelled label")


def swap_day_and_month(frame: pd.DataFrame, _: Entry) -> Mended:
    """Read dates whose stored day is at most 12 month first."""
    changes: list[Change] = []
    for name in ("Date", "Date_month_year"):
        old = frame[name]
        swapped = pd.to_datetime(old.dt.strftime("%Y-%d-%m"), format="%Y-%m-%d", errors="coerce")
        new = old.mask(old.dt.day <= 12, swapped.astype(old.dtype))
        frame, more = _with(frame, new, "stored day at most 12: day and month were swapped")
        changes += more
    return frame, changes


def pad_zip_codes(frame: pd.DataFrame, _: Entry) -> Mended:
    """Give zip codes of four digits their leading zero back."""
    return _with(frame, frame["Zip code"].str.zfill(5), "leading zero restored")


def unify_district(frame: pd.DataFrame, _: Entry) -> Mended:
    """Spell the District of Columbia in one way."""
    return _with(frame, _merged(frame["State"], "District Of Columbia", "District of Columbia"),
                 "two spellings of one place")  # fmt: skip


def unify_volte(frame: pd.DataFrame, _: Entry) -> Mended:
    """Spell VoLTE in one way."""
    return _with(frame, _merged(frame["voice_mode"], "VOLTE", "VoLTE"), "two spellings of one mode")


def fill_blanks(frame: pd.DataFrame, entry: Entry) -> Mended:
    """Fill empty cells with what the source's dictionary says an empty cell means."""
    changes: list[Change] = []
    for column in entry.columns:
        if column.blank:
            old = frame[column.name]
            value = column.blank if column.dtype == "category" else float(column.blank)
            frame, more = _with(frame, old.fillna(value), f"blank means {column.blank}")
            changes += more
    return frame, changes


def unknown_to_missing(frame: pd.DataFrame, entry: Entry) -> Mended:
    """Turn values that can only mean 'unknown' into missing ones."""
    changes: list[Change] = []
    for column in entry.columns:
        if column.unknown:
            old = frame[column.name]
            new = old.mask(old.astype(str).isin(column.unknown))
            frame, more = _with(frame, new, "a code for unknown, not a value")
            changes += more
    return frame, changes


def mask_phone_numbers(frame: pd.DataFrame, entry: Entry) -> Mended:
    """Remove telephone numbers that respondents wrote into remarks."""
    changes: list[Change] = []
    for name in entry.role("text"):
        old = frame[name]
        new = old.str.replace(r"\d{11}", "[number removed]", regex=True)
        rows = int((old.notna() & (old != new)).sum())
        if rows:  # the report must not repeat what the repair removes
            rule = "telephone number of a respondent"
            changes.append(Change(name, rule, rows, "(11 digits)", "[number removed]"))
            frame = frame.assign(**{name: new})
    return frame, changes


def _with(frame: pd.DataFrame, new: pd.Series[Any], rule: str) -> Mended:
    name = str(new.name)
    return frame.assign(**{name: new}), changed(frame[name], new, rule)


def _merged(labels: pd.Series[Any], old: str, new: str) -> pd.Series[Any]:
    kept = [label for label in labels.cat.categories if label != old]
    kind = pd.CategoricalDtype(kept, ordered=labels.cat.ordered)
    return labels.astype(object).replace({old: new}).astype(kind)


#: The repairs the registry may name.
REPAIRS: dict[str, Callable[[pd.DataFrame, Entry], Mended]] = {
    function.__name__: function
    for function in (
        zero_total_charges,
        drop_duplicates,
        fix_suburban,
        swap_day_and_month,
        pad_zip_codes,
        unify_district,
        unify_volte,
        fill_blanks,
        unknown_to_missing,
        mask_phone_numbers,
    )
}
