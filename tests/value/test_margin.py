"""Contribution margins take off each layer of cost once."""

import pandas as pd
import pytest

from crmlib.value import contribution_margin

BILL = pd.DataFrame(
    {"plan": [80.0, 0.0], "roaming": [20.0, 0.0], "network": [30.0, 2.0], "calls": [6.0, 1.0],
     "bonus": [14.0, 0.0]},
    index=["c1", "c2"],
)  # fmt: skip
LAYERS = {
    "revenue": ["plan", "roaming"],
    "variable_cost": "network",
    "service_cost": "calls",
    "attributed_cost": "bonus",
}


def test_each_level_takes_off_its_layer():
    margins = contribution_margin(BILL, **LAYERS)
    assert margins.loc["c1", ["margin_1", "margin_2", "margin_3"]].tolist() == [70, 64, 50]
    assert margins.loc["c1", "margin_ratio"] == 0.5


def test_a_customer_without_revenue_has_a_loss_and_no_ratio():
    margins = contribution_margin(BILL, **LAYERS)
    assert margins.loc["c2", "margin_3"] == -3
    assert pd.isna(margins.loc["c2", "margin_ratio"])


def test_input_is_left_alone_and_the_currency_kept():
    before = BILL.copy()
    assert contribution_margin(BILL, **LAYERS, currency="CNY").attrs["currency"] == "CNY"
    pd.testing.assert_frame_equal(BILL, before)


def test_negative_costs_are_refused_by_row():
    with pytest.raises(ValueError, match=r"customers\['network'\] must lie in \[0.*first 'c1'"):
        contribution_margin(BILL.assign(network=[-30.0, 2.0]), **LAYERS)
