"""Concentration and switching agree with hand computation and with the limit of many moves."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.churn import concentration, switching

mpl.use("Agg")


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=30))
def test_concentration_lies_between_monopoly_and_equal_firms(sizes):
    market = concentration(pd.Series(sizes))
    assert 10_000 / len(sizes) - 1e-6 <= market.hhi <= 10_000 + 1e-6
    assert 1 - 1e-9 <= market.equivalent <= len(sizes) + 1e-9
    assert market.cr(len(sizes)) == pytest.approx(1)
    assert market.to_frame()["share"].is_monotonic_decreasing


def test_equal_firms_and_a_monopoly():
    assert concentration(pd.Series([7] * 4)).hhi == pytest.approx(2500)
    assert concentration(pd.Series([7, 0])).hhi == pytest.approx(10_000)
    assert concentration(pd.Series({"A": 3, "B": 1})).plot().get_title().endswith("(HHI 6,250)")
    with pytest.raises(ValueError, match="known and at least 0"):
        concentration(pd.Series([1, -1]))


def test_switching_settles_where_many_rounds_lead():
    moves = pd.DataFrame(
        {
            "before": ["A"] * 10 + ["B"] * 10 + ["C"] * 5,
            "after": ["A"] * 7 + ["B"] * 2 + ["C"] + ["B"] * 6 + ["A"] * 4 + ["C"] * 4 + ["B"],
        }
    )
    result = switching(moves)
    assert result.net.sum() == 0
    assert result.net["A"] == 1
    shares = np.linalg.matrix_power(result.matrix.to_numpy(), 500)[0]
    assert np.allclose(result.equilibrium(), shares)
    assert np.allclose(result.matrix.sum(axis=1), 1)
    assert result.plot().texts[-1].get_text() == "+1"


def test_closed_parts_have_no_single_equilibrium():
    stay = switching(pd.DataFrame({"before": ["A", "B"], "after": ["A", "B"]}))
    with pytest.raises(ValueError, match="closed parts"):
        stay.equilibrium()
