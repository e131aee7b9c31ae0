"""Columns get the types the registry names, and a value that may not occur is named."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.data import load
from crmlib.data.registry import Column, Entry
from crmlib.data.schema import typed

GOOD = {
    "customer": ["a", "b", "c", "d", "e"],
    "months": ["0", "12", "24", "36", "72"],
    "plan": ["S", "M", "L", "S", "M"],
    "bill": ["", "10.5", "NA", "3", "7.25"],
    "since": ["2026-01-01", "2025-01-01", "2024-01-01", "2023-01-01", "2020-01-01"],
    "left": ["0", "1", "0", "0", "1"],
}


def put(column, row, value):
    table = pd.DataFrame(GOOD)
    table.loc[row, column] = value
    return table


def test_each_column_gets_its_type(toy):
    frame = typed(pd.DataFrame(GOOD), toy(), "toy.csv")
    assert frame["months"].dtype == np.int64
    assert frame["left"].dtype == bool
    assert frame["bill"].tolist()[1:2] == [10.5]
    assert frame["bill"].isna().tolist() == [True, False, True, False, False]
    assert frame["plan"].cat.ordered
    assert frame["plan"].max() == "L"
    assert frame["since"].dt.year.tolist() == [2026, 2025, 2024, 2023, 2020]
    assert frame["customer"].tolist() == list("abcde")


@pytest.mark.parametrize(
    ("column", "row", "value", "message"),
    [
        ("months", 4, "73", "column 'months', rows 4: found '73'; accepted: whole numbers from 0"),
        ("months", 2, "1.5", "column 'months', rows 2: found '1.5'"),
        ("months", 2, "many", "column 'months', rows 2: found 'many'"),
        ("months", 0, "", "column 'months', rows 0: found 'None|nan'"),
        ("plan", 3, "XL", "column 'plan', rows 3: found 'XL'; accepted: 'S', 'M', 'L'"),
        ("plan", 3, "s", "column 'plan', rows 3: found 's'"),
        ("bill", 1, "-1", "column 'bill', rows 1: found '-1.0'; accepted: numbers from 0, or mis"),
        ("bill", 1, "10,5", "column 'bill', rows 1: found '10,5'"),
        ("since", 1, "01.02.2025", "column 'since', rows 1: found '01.02.2025'"),
        ("since", 1, "2019-12-31", "column 'since', rows 1: found '2019-12-31"),
        ("left", 0, "2", "column 'left', rows 0: found '2'; accepted: 0 or 1"),
        ("left", 0, "", "column 'left', rows 0"),
        ("customer", 1, "a", "column 'customer', rows 0, 1: found 'a'; accepted: text, each once"),
    ],
)
def test_an_impossible_value_is_named(toy, column, row, value, message):
    import re

    with pytest.raises(ValueError, match=r"toy\.csv holds impossible values") as error:
        typed(put(column, row, value), toy(), "toy.csv")
    pattern = message if "|" in message else re.escape(message)
    assert re.search(pattern, str(error.value)), str(error.value)


def test_all_bad_columns_are_named_at_once(toy):
    table = put("months", 4, "73")
    table.loc[1, "bill"] = "-1"
    with pytest.raises(ValueError, match="impossible") as error:
        typed(table, toy(), "toy.csv")
    assert "'months'" in str(error.value)
    assert "'bill'" in str(error.value)


def test_a_missing_column_is_named_with_what_there_is(toy):
    table = pd.DataFrame(GOOD).rename(columns={"months": "tenure"})
    with pytest.raises(ValueError, match=r"lacks 1 of the columns of 'toy': 'months'\. It has"):
        typed(table, toy(), "toy.csv")


def test_a_column_too_many_is_left_out(toy):
    frame = typed(pd.DataFrame(GOOD).assign(extra="x"), toy(), "toy.csv")
    assert list(frame) == list(GOOD)


def test_a_short_line_and_an_empty_file_are_refused(toy, tmp_path):
    toy()
    path = tmp_path / "toy.csv"
    path.write_text("customer,months,plan,bill,since,left\na,1,S,2,2025-01-01\n")
    with pytest.raises(ValueError, match="column 'left', rows 0"):
        load("toy", path=path)
    path.write_text("")
    with pytest.raises(ValueError, match="cannot be read as csv"):
        load("toy", path=path)


def test_a_file_with_too_few_rows_is_refused_unless_asked_for(toy, tmp_path):
    toy()
    path = tmp_path / "toy.csv"
    path.write_text(pd.DataFrame(GOOD).head(3).to_csv(index=False))
    with pytest.raises(ValueError, match=r"has 3 rows, 5 expected"):
        load("toy", path=path)
    assert len(load("toy", path=path, verify=False).frame) == 3


def test_a_damaged_workbook_is_refused(tmp_path):
    path = tmp_path / "Telco_customer_churn.xlsx"
    path.write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(ValueError, match="cannot be read as excel"):
        load("ibm-telco-v2", path=path, verify=False)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_are_read_to_the_last_bit(numbers):
    entry = Entry("x", "", "", "", 0, "", "", "", "", (Column("v", "float", ""),), (), ())
    raw = pd.DataFrame({"v": [repr(number) for number in numbers]})
    assert typed(raw, entry, "x.csv")["v"].tolist() == numbers


def test_result_prints_and_answers(toy, tmp_path):
    toy()
    path = tmp_path / "toy.csv"
    path.write_text(pd.DataFrame(GOOD).to_csv(index=False))
    data = load("toy", path=path)
    assert data.target == "left"
    assert list(data.X) == ["months", "plan", "bill", "since"]
    assert data.y.tolist() == [False, True, False, False, True]
    assert data.split is None
    assert data.leaks == []
    assert "40.00% True" in repr(data)
    assert "<table" in data._repr_html_()
    assert "Toy operator" in repr(data.sheet)
    assert "<table" in data.sheet._repr_html_()
    assert data.sheet.license == "CC0-1.0"
    assert data.sheet.schema.loc["months", "unit"] == "months"
    assert data.sheet.citation in data.sheet.to_frame().loc["citation", "fact"]
    with pytest.raises(AttributeError):
        data.name = "other"


def test_a_set_without_a_target_says_so(real):
    mobi = real("ecsi-mobi")
    with pytest.raises(ValueError, match="'ecsi-mobi' has no target"):
        mobi.y  # noqa: B018 - the property raises


def test_importing_is_light():
    code = (
        "import sys, crmlib.data; print([m for m in ('pandera', 'pooch', 'openpyxl', 'requests',"
        " 'tqdm', 'sklearn', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
