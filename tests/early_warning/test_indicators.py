"""The indicator system is readable, complete, and answers mistakes with help."""

import pytest

from crmlib.early_warning import IndicatorSystem
from crmlib.early_warning.expression import evaluate, parse
from crmlib.early_warning.indicators import GROUPS

MINIMAL = """
[source.use]
table = "months"
month = "month"
[[indicator]]
name = "bill"
group = "behavior"
source = "use"
value = "bill"
measure = "mean"
window = 3
bad = "low"
unit = "yuan"
"""


def test_the_builtin_system_has_every_group_and_the_three_signs_of_the_course(system):
    assert {i.group for i in system.indicators} == set(GROUPS)
    assert {i.sign for i in system.indicators if i.sign} == {
        "sales fall clearly",
        "new customers rise, share of old falls",
        "no answer, no wish to buy again",
    }
    assert all(i.unit and i.label and i.chinese for i in system.indicators)


def test_group_weights_are_kept_whatever_is_inside_the_group(system):
    table = system.to_frame()
    by_group = system.weights.groupby(table["group"]).sum()
    assert by_group["behavior"] == pytest.approx(0.30)
    assert by_group["competitor"] == pytest.approx(0.10)


def test_given_weights_replace_the_systems_own(system):
    weights = {name: k + 1 for k, name in enumerate(system.names)}
    changed = system.with_weights(weights)
    total = sum(weights.values())
    assert changed.weights.to_dict() == pytest.approx({n: w / total for n, w in weights.items()})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('measure = "mean"', 'measure = "maen"', "did you mean 'mean'"),
        ('group = "behavior"', 'group = "behaviors"', "did you mean 'behavior'"),
        ('source = "use"', 'source = "usage"', "source must be one of 'use'"),
        ('bad = "low"', 'bad = "down"', "bad must be one of 'high', 'low'"),
        ('unit = "yuan"', 'unti = "yuan"', "did you mean 'unit'"),
        ('unit = "yuan"', "", "lacks 'unit'"),
        ("window = 3", "", "window must be at least 1 month"),
        ("window = 3", 'window = "3"', "window must be int"),
        ("window = 3", "window = true", "window must be int"),
        ('value = "bill"', 'value = "bill +"', "is no expression"),
        ('value = "bill"', "value = \"__import__('os').system('x')\"", r"not understood|calls"),
        ('measure = "mean"', 'measure = "change"', "against must be at least 1"),
        ('month = "month"', "", "needs a source with a month"),
        ("[source.use]", "[source.use", "no valid TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_what_is_accepted(old, new, message):
    with pytest.raises(ValueError, match=message):
        IndicatorSystem.from_toml(MINIMAL.replace(old, new, 1), "mine.toml")


def test_a_name_given_twice_is_refused():
    again = MINIMAL + MINIMAL.partition("[[indicator]]")[2].join(["[[indicator]]", ""])
    with pytest.raises(ValueError, match="'bill' more than once"):
        IndicatorSystem.from_toml(again)


def test_fitting_leaves_out_what_has_no_table_and_says_why(system, op):
    tables = {name: op.tables[name] for name in ("months", "customers")}
    smaller, reasons = system.fitting(tables)
    assert "bill_change" in smaller.names
    assert reasons["satisfaction"] == "no table 'surveys'"
    assert set(smaller.names) | set(reasons) == set(system.names)
    assert smaller.weights.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "text",
    [
        "().__class__",
        "x[0]",
        "lambda: 1",
        "f'{x}'",
        "x if y else z",
        "[a for a in b]",
        "x**9",
    ],
)
def test_expressions_can_do_nothing_but_look_at_columns(text):
    with pytest.raises(ValueError, match=r"uses|is no expression"):
        parse(text, "value")


def test_expressions_say_which_column_is_missing(op):
    with pytest.raises(ValueError, match="did you mean 'bill'"):
        evaluate("bil - cost", op.months, "margin")


def test_missing_values_are_neither_true_nor_equal(op):
    ratings = op.complaints["rating"]
    assert evaluate("rating > 0", op.complaints, "x").sum() == ratings.notna().sum()
    assert evaluate("missing(rating)", op.complaints, "x").sum() == ratings.isna().sum()
    assert evaluate("not (rating > 0)", op.complaints, "x").sum() == ratings.isna().sum()
