"""Every published defect, counted anew from the data, and every repair, held to its report."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from crmlib.data import registry


def defect(name, key):
    return next(d for d in registry.entry(name).defects if d.key == key)


def rows(data):
    """The report as a dictionary from column to number of rows changed."""
    return dict(zip(data.repairs["column"], data.repairs["rows"], strict=True))


def unchanged(plain, mended, *but):
    left = [column for column in plain.frame if column not in but]
    pd.testing.assert_frame_equal(plain.frame[left], mended.frame[left])


@pytest.mark.parametrize("name", registry.entries())
def test_shape_and_share_are_as_registered(real, name):
    about = registry.entry(name)
    data = real(name)
    assert data.frame.shape == (about.rows, about.width)
    assert data.sheet.verified
    if about.positive:
        assert data.y.dtype == bool
        assert data.y.mean() == pytest.approx(about.share_positive, abs=5e-5)


# IBM Telco, version 2


def test_v2_agrees_with_v1_but_for_dependents(real):
    first, second = real("ibm-telco"), real("ibm-telco-v2")
    if first.ids is None:
        pytest.skip("the packaged copy of ibm-telco has no customerID to match by")
    new = second.frame.set_index("CustomerID").loc[first.ids["customerID"]].reset_index()
    names = {re.sub(r"\W", "", str(column)).lower(): column for column in new}
    names |= {"tenure": "Tenure Months", "churn": "Churn Label"}
    differ = {}
    for column in first.frame:
        old = first.frame[column]
        if old.dtype == bool:
            old = old.map({True: "Yes", False: "No"})
        other = new[names[column.lower()]]
        both = (
            old.astype(object).fillna(-1).to_numpy() != other.astype(object).fillna(-1).to_numpy()
        )
        differ[column] = int(both.sum())
    assert {column for column, count in differ.items() if count} == {"Dependents"}
    assert differ["Dependents"] == defect("ibm-telco-v2", "dependents-disagree").rows == 551
    had = first.frame["Dependents"].to_numpy() == "Yes"
    has = new["Dependents"].to_numpy() == "Yes"
    assert ((had & ~has).sum(), (~had & has).sum()) == (517, 34)


def test_v2_leaks_are_leaks_and_not_features(real):
    from sklearn.metrics import roc_auc_score

    data = real("ibm-telco-v2")
    score, left = data.frame["Churn Score"], data.y
    assert (score[left].min(), score[~left].max()) == (65, 80)
    assert ((score < 65) | (score > 80)).sum() == 4839
    assert roc_auc_score(left, score) == pytest.approx(0.942, abs=5e-4)
    assert (data.frame["Churn Reason"].notna() == left).all()
    assert (data.frame["Churn Value"] == left).all()
    assert data.leaks == ["Churn Value", "Churn Score", "Churn Reason"]
    assert not {*data.leaks, "CustomerID", "Churn Label", "Count", "Lat Long"} & set(data.X)
    assert set(data.features(leaks=True)) - set(data.X) == set(data.leaks)


def test_v2_blank_charges(real):
    plain, mended = real("ibm-telco-v2"), real("ibm-telco-v2", repair=True)
    assert plain.frame["Total Charges"].isna().sum() == 11
    assert rows(mended) == {"Total Charges": 11}
    unchanged(plain, mended, "Total Charges")


# Iranian churn


def test_iranian_duplicates_go_on_request(real):
    plain, mended = real("iranian-churn"), real("iranian-churn", repair=True)
    again = plain.frame.duplicated()
    assert again.sum() == defect("iranian-churn", "duplicates").rows == 300
    assert plain.y[again].sum() == 49
    assert len(mended.frame) == 2850
    assert mended.y.mean() == pytest.approx(0.1565, abs=5e-5)
    assert mended.frame.index.tolist() == plain.frame.index[~again].tolist()
    assert rows(mended) == {"(all)": 300}


def test_iranian_ages_and_charges(real):
    frame = real("iranian-churn").frame
    assert set(zip(frame["Age Group"], frame["Age"], strict=True)) == {
        (1, 15), (2, 25), (3, 30), (4, 45), (5, 55)
    }  # fmt: skip
    assert (frame["Charge Amount"] > 9).sum() == defect("iranian-churn", "charge-above-scale").rows
    assert "Call Failure" in frame
    assert not any("  " in column for column in frame)


# Hillstrom


def test_hillstrom_arms_effects_and_label(real):
    plain, mended = real("hillstrom"), real("hillstrom", repair=True)
    arms = plain.frame["segment"].value_counts()
    assert arms[["Mens E-Mail", "Womens E-Mail", "No E-Mail"]].tolist() == [21307, 21387, 21306]
    visits = plain.frame.groupby("segment", observed=True)["visit"].mean()
    lift = (visits - visits["No E-Mail"]) * 100
    assert lift["Mens E-Mail"] == pytest.approx(7.66, abs=0.005)
    assert lift["Womens E-Mail"] == pytest.approx(4.52, abs=0.005)
    misspelled = plain.frame["zip_code"] == "Surburban"
    assert misspelled.sum() == defect("hillstrom", "misspelled-label").rows
    assert (mended.frame.loc[misspelled, "zip_code"] == "Suburban").all()
    assert rows(mended) == {"zip_code": 28776}
    unchanged(plain, mended, "zip_code")
    assert plain.frame.duplicated().sum() == defect("hillstrom", "no-identifier").rows
    floor = plain.frame["history"] == plain.frame["history"].min()
    assert floor.sum() == defect("hillstrom", "history-floor").rows
    assert not {"visit", "conversion", "spend"} & set(plain.X)
    assert plain.frame["conversion"].sum() == 578


# Comcast


def agreement(frame):
    number = pd.to_numeric(frame["Ticket #"], errors="coerce")
    known = number.notna()
    days = (frame.loc[known, "Date"] - pd.Timestamp("2015-01-01")).dt.days
    return spearmanr(number[known], days).statistic


def test_comcast_dates_agree_with_ticket_numbers_once_repaired(real):
    plain, mended = real("comcast-tickets"), real("comcast-tickets", repair=True)
    ambiguous = plain.frame["Date"].dt.day <= 12
    assert ambiguous.sum() == defect("comcast-tickets", "swapped-dates").rows == 609
    assert set(plain.frame.loc[ambiguous, "Date"].dt.day) == {4, 5, 6}
    assert agreement(plain.frame) == pytest.approx(0.524, abs=5e-4)
    assert agreement(mended.frame) == pytest.approx(0.999, abs=5e-4)
    dates = mended.frame["Date"]
    assert (dates.min(), dates.max()) == (pd.Timestamp("2015-04-01"), pd.Timestamp("2015-06-30"))
    assert (dates != plain.frame["Date"]).sum() == rows(mended)["Date"] == 572
    assert (dates == mended.frame["Date_month_year"]).all()
    assert (plain.frame["Date"] == plain.frame["Date_month_year"]).all()


def test_comcast_other_repairs(real):
    plain, mended = real("comcast-tickets"), real("comcast-tickets", repair=True)
    short = plain.frame["Zip code"].str.len() == 4
    assert short.sum() == defect("comcast-tickets", "lost-zeros").rows == rows(mended)["Zip code"]
    assert (mended.frame["Zip code"].str.len() == 5).all()
    assert mended.frame.loc[short, "Zip code"].str.startswith("0").all()
    assert short.sum() == 170
    assert (plain.frame["State"] == "District of Columbia").sum() == 1
    assert (mended.frame["State"] == "District of Columbia").sum() == 17
    assert "District Of Columbia" not in mended.frame["State"].cat.categories
    odd = plain.frame["Ticket #"].str.fullmatch(r"\d{6}")
    assert plain.frame.loc[~odd, "Ticket #"].tolist() == ["comcas"]
    slip = plain.frame.set_index("Ticket #").loc["346171"]
    assert (slip["City"], slip["State"], slip["Zip code"]) == ("Tewksbury", "Alabama", "1876")
    unchanged(plain, mended, "Date", "Date_month_year", "Zip code", "State")


def test_comcast_shifted_rows_are_joined_and_reported_either_way(real):
    data = real("comcast-tickets")
    shifted = data.frame["Ticket #"].isin(["256792", "326788", "352910"])
    assert data.frame.loc[shifted, "Customer Complaint"].str.contains(", ").all()
    if data.sheet.path.endswith(".tsv"):
        assert rows(data) == {"Customer Complaint": 3}
    else:
        assert data.repairs.empty


def test_comcast_is_the_same_from_both_files(real):
    import os
    from pathlib import Path

    from crmlib.data import load

    folder = Path(os.environ.get("CRMLIB_DATA", "."))
    both = [folder / f"comcast-complaints-2015.{end}" for end in ("tsv", "clean.csv")]
    if not all(path.is_file() for path in both):
        pytest.skip("CRMLIB_DATA does not hold both files")
    tab, comma = (load("comcast-tickets", path=path).frame for path in both)
    pd.testing.assert_frame_equal(tab, comma)


# Beijing survey


@pytest.mark.parametrize(
    ("name", "scores", "same", "tens"),
    [
        ("beijing-voice", ["satisfaction", "coverage", "clarity", "stability"], 3128, 2438),
        ("beijing-internet", ["satisfaction", "coverage", "speed", "stability"], 3416, 2190),
    ],
)
def test_many_tick_one_number(real, name, scores, same, tens):
    four = real(name).frame[scores]
    alike = four.eq(four["satisfaction"], axis=0).all(axis=1)
    assert alike.sum() == defect(name, "same-answers").rows == same
    assert (four == 10).all(axis=1).sum() == tens


def test_beijing_voice_defects(real):
    plain, mended = real("beijing-voice"), real("beijing-voice", repair=True)
    frame = plain.frame
    assert (frame["arpu_before"] == frame["arpu_broadband"]).all()
    assert (frame["arpu_before"] == 0).sum() == 5308
    assert (frame["mou"] == frame["voice_minutes"]).all()
    places = [column for column in frame if column.startswith("place_") and "remark" not in column]
    assert (frame[places].any(axis=1) == frame["had_problem"]).all()
    gone = ["is_4g", "is_5g", "real_name", "star", "arrears", "arrears_before"]
    silent = frame[gone].isna().all(axis=1)
    assert silent.sum() == defect("beijing-voice", "silent-lines").rows
    assert (frame.loc[silent, ["arpu", "mou", "data_volume"]] == 0).all(axis=None)
    assert frame.drop(columns="customer").duplicated().sum() == 1
    undefined = frame["data_share_elsewhere"].isna()
    assert undefined.sum() == defect("beijing-voice", "division-by-zero").rows == 2
    assert (frame.loc[undefined, "data_volume"] == 0).all()
    assert rows(mended) == {"voice_mode": 2574, "care_customer": 5233, "brand": 12, "model": 15}
    assert mended.frame["care_customer"].value_counts().to_dict() == {"No": 5233, "Yes": 200}
    assert mended.frame["visited_store"].isna().sum() == 2971, "a blank there is unknown, not no"
    assert (mended.frame["voice_mode"] == "VoLTE").sum() == 2578
    unchanged(plain, mended, "voice_mode", "care_customer", "brand", "model")


def test_beijing_internet_defects(real):
    plain, mended = real("beijing-internet"), real("beijing-internet", repair=True)
    frame = plain.frame
    blanks = {c.name for c in registry.entry("beijing-internet").columns if c.blank}
    assert set(defect("beijing-internet", "blank-means-zero").columns) == blanks
    assert frame["poor_honor_of_kings"].isna().sum() == 6679
    assert not mended.frame[sorted(blanks)].isna().any(axis=None)
    assert (frame["time_on_2g"] > 31 * 86400).sum() == 578
    assert frame["time_on_2g"].max() / 86400 == pytest.approx(831, abs=0.5)
    assert ((frame["age"] == 0).sum(), frame.loc[frame["age"] > 0, "age"].min()) == (18, 15)
    assert mended.frame["age"].isna().sum() == 18
    assert (frame["number_activated"] < frame["card_issued"]).sum() == 40
    systems = frame["operating_system"].value_counts()
    assert (systems["Android 10"], systems["Android10"]) == (1171, 348)
    assert rows(mended)["problem_remark"] == 1
    assert mended.frame["problem_remark"].dropna().str.fullmatch(r"\d{11}").sum() == 0
    report = mended.repairs.set_index("column").loc["problem_remark"]
    assert not re.search(r"\d{11}", " ".join(map(str, report))), "the report does not repeat it"
    changed_ = {*blanks, "age", "operating_system", "branch", "problem_remark"}
    assert set(rows(mended)) == changed_
    unchanged(plain, mended, *changed_)


def test_survey_columns_keep_their_chinese_names_in_the_schema():
    for name in ("beijing-voice", "beijing-internet"):
        about = registry.entry(name)
        for column in about.columns:
            assert column.name.isascii()
            assert column.published
            assert about.files[0].rename[column.published] == column.name


# Win-back, surveys, TV, calls


def test_win_back_defects(real):
    frame = real("smcrm-winback").frame
    lost = ~frame["reacquire"]
    assert (frame.loc[lost, "sclv"] == -5).sum() == lost.sum() == 205
    assert (frame.loc[lost, "duration_2"] == 0).all()
    assert (frame.loc[~lost, "sclv"] > 0).all()
    wrong = defect("smcrm-winback", "price-change-documented-wrong")
    assert (frame.loc[lost, "price_change"] != 0).sum() == wrong.rows


def test_ecsi_defects(real):
    frame = real("ecsi-mobi").frame
    loyalty = frame[["CUSL1", "CUSL2", "CUSL3"]].corr()["CUSL2"]
    assert loyalty[["CUSL1", "CUSL3"]].round(2).tolist() == [0.05, 0.10]
    assert frame.eq(frame["CUEX1"], axis=0).all(axis=1).sum() == 1


def test_reputation_missing_code(real):
    frame = real("corp-reputation").frame
    gaps = frame.isna().sum()
    assert gaps[gaps > 0].to_dict() == {"cusa": 1, "cusl_1": 3, "cusl_2": 4, "cusl_3": 3}
    assert frame.isna().any(axis=1).sum() == defect("corp-reputation", "minus-99").rows
    assert frame["cusl_2"].mean() == pytest.approx(5.28, abs=0.005)
    assert frame["cusl_2"].fillna(-99).mean() == pytest.approx(4.06, abs=0.005)
    assert frame["switch_4"].max() == 4
    assert frame["servicetype"].value_counts().to_dict() == {
        "Contract plan": 219, "Prepaid plan": 125
    }  # fmt: skip


def test_tv_defects_and_costs(real):
    data = real("tv-churn")
    features = data.X
    assert features.shape == (9379, 46)
    assert features.duplicated().sum() == defect("tv-churn", "duplicates").rows
    ends = data.y.groupby([features[column] for column in features]).transform("nunique")
    assert (ends > 1).sum() == 346
    assert features[ends > 1].drop_duplicates().shape[0] == 113
    counts = [f"x{number}" for number in range(22, 42)]
    fixed = [
        flag
        for flag in (f"x{number}" for number in range(1, 22))
        if any((features[flag] == (features[c] > features[c].min())).all() for c in counts)
        or any((features[flag] == (features[c] == features[c].min())).all() for c in counts)
    ]
    assert fixed == list(defect("tv-churn", "features-twice").columns)
    costs = data.frame[data.sheet.entry.role("cost")]
    assert list(costs) == ["C_FP", "C_FN", "C_TP", "C_TN"]
    assert (costs["C_TN"] == 0).all()


def test_bank_days(real):
    times = real("bank-calls").frame["DateTime"]
    days = times.dt.normalize()
    assert days.nunique() == 164
    assert set(days.value_counts()) == {169}
    assert times.dt.strftime("%H:%M").agg(["min", "max"]).tolist() == ["07:00", "21:00"]
    away = pd.bdate_range("2003-03-03", "2003-10-24").difference(pd.DatetimeIndex(days.unique()))
    assert away.strftime("%m-%d").tolist() == [
        "04-04", "04-07", "05-26", "07-04", "09-01", "10-14"
    ]  # fmt: skip
    assert np.all(np.diff(times) > np.timedelta64(0))


def test_same_answer_twice(real):
    one, two = real("comcast-tickets", repair=True), real("comcast-tickets", repair=True)
    pd.testing.assert_frame_equal(one.frame, two.frame)
    pd.testing.assert_frame_equal(one.repairs, two.repairs)
