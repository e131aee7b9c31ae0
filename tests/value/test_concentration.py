"""ABC classes, Lorenz curve, Gini coefficient and tiers keep their promises."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crmlib.value import abc, gini, lorenz, tiers

amounts = arrays(
    float, st.integers(1, 60), elements=st.floats(0, 1e6, allow_subnormal=False)
).filter(lambda a: a.sum() > 1e-3 and (a[a > 0] > 1e-9).all())


@given(amounts)
def test_gini_is_the_mean_difference_over_twice_the_mean(values):
    pairs = np.abs(values[:, None] - values[None, :]).mean()
    assert gini(values) == pytest.approx(pairs / (2 * values.mean()), abs=1e-9)


@given(amounts)
def test_gini_is_one_minus_twice_the_area_under_the_lorenz_curve(values):
    curve = lorenz(values)
    area = np.trapezoid(curve["value"], curve["customers"])
    assert gini(values) == pytest.approx(1 - 2 * area, abs=1e-9)


def test_gini_of_an_exponential_population_is_one_half():
    values = -np.log(1 - (np.arange(200_000) + 0.5) / 200_000)
    assert gini(values) == pytest.approx(0.5, abs=1e-4)


@given(amounts)
def test_every_customer_has_one_class_and_classes_fall_with_value(values):
    ranked = abc(pd.DataFrame({"revenue": values})).customers
    assert sorted(ranked.index) == list(range(len(values)))
    assert ranked["value"].is_monotonic_decreasing
    assert ranked["class"].cat.codes.is_monotonic_increasing


@given(amounts, st.floats(0.1, 100))
def test_classes_do_not_depend_on_the_unit_of_money(values, rate):
    one = abc(pd.DataFrame({"revenue": values})).classes
    other = abc(pd.DataFrame({"revenue": values * 2.0 ** round(np.log2(rate))})).classes
    pd.testing.assert_series_equal(one, other)


def test_class_a_ends_with_the_customer_who_reaches_the_cut():
    # Cumulative shares .50, .80, .95, 1: the third starts at the cut and is a B.
    table = pd.DataFrame({"revenue": [50, 30, 15, 5]}, index=list("abcd"))
    assert abc(table).classes.tolist() == ["A", "A", "B", "C"]


def test_one_customer_with_most_of_the_revenue_is_an_a():
    assert abc(pd.DataFrame({"revenue": [90.0, 10.0]})).classes.tolist() == ["A", "B"]


def test_customers_at_a_loss_are_in_the_last_class_and_do_not_inflate_shares():
    result = abc(pd.DataFrame({"margin": [60.0, 40.0, -30.0, 0.0]}), "margin")
    assert result.classes.tolist() == ["A", "A", "C", "C"]
    assert result.customers["cumulative"].max() == pytest.approx(1.0)


def test_table_names_the_currency_and_adds_up():
    frame = pd.DataFrame({"revenue": [800.0, 120, 50, 30]})
    table = abc(frame, currency="CNY").to_frame()
    assert table["revenue (CNY)"].sum() == 1000
    assert table["customers"].tolist() == [1, 2, 1]
    assert "Gini" in repr(abc(frame))


def test_plot_ends_at_the_whole_value():
    ax = abc(pd.DataFrame({"revenue": [8.0, 1, 1]})).plot()
    assert ax.get_lines()[0].get_ydata()[-1] == pytest.approx(1.0)
    assert {"A", "B", "C"} & {text.get_text() for text in ax.texts}


def test_tiers_give_up_customers_without_value_and_keep_the_order():
    value = pd.Series([30.0, 800, -4, 120, 0, 50], index=list("nkolpm"))
    result = tiers(value)
    assert result.index.tolist() == value.index.tolist()
    assert result.to_dict() == {
        "n": "small", "k": "key", "o": "give up", "l": "ordinary", "p": "give up", "m": "ordinary",
    }  # fmt: skip
    assert tiers(value, give_up_at=1000).eq("give up").all()


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (pd.DataFrame({"revenue": [1.0, np.nan]}), {}, "1 of 2 entries does not, first 1 with nan"),
        (pd.DataFrame({"revenue": [1.0, 2]}, index=["a", "a"]), {}, "customer more than once: 'a'"),
        (pd.DataFrame({"revenue": [0.0, 0]}), {}, "positive total"),
        (pd.DataFrame({"revenu": [1.0]}), {}, "did you mean 'revenu'"),
        (pd.DataFrame({"revenue": ["x"]}), {}, "not numbers|numeric"),
        (pd.DataFrame({"revenue": [1.0]}), {"cuts": (0.9, 0.8)}, "cuts must rise"),
        (pd.DataFrame({"revenue": [1.0]}), {"labels": ("A", "B")}, "3 labels"),
        (
            pd.DataFrame({"revenue": [1.0, 2], "currency": ["CNY", "USD"]}),
            {},
            "mixes currencies",
        ),
    ],
)
def test_bad_tables_are_refused_with_the_reason(frame, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        abc(frame, **options)
