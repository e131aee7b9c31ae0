"""Sets nobody may pass on: bring the file, and it is checked against the documented layout.

The files here are synthetic and small; the real ones were not at hand (see the registry).
"""

import zipfile

import numpy as np
import pandas as pd
import pytest

from crmlib.data import load
from crmlib.data.registry import entry


@pytest.fixture(autouse=True)
def _no_data_folder(monkeypatch):
    monkeypatch.delenv("CRMLIB_DATA", raising=False)


@pytest.mark.parametrize("name", ["cell2cell", "kdd-cup-2009", "orange-belgium", "beijing-voice"])
def test_without_the_file_the_message_says_what_to_do(name):
    with pytest.raises(FileNotFoundError) as error:
        load(name)
    message = str(error.value)
    assert entry(name).obtain in message
    assert f"load({name!r}, path=...)" in message
    assert "CRMLIB_DATA" in message


def test_cell2cell(tmp_path, made_table):
    table = made_table("cell2cell", 40)
    table["RoamingCalls"] = table["RoamingCalls"].astype(object)
    table.loc[3, "RoamingCalls"] = "NA"
    path = tmp_path / "cell2celltrain.csv"
    table.to_csv(path, index=False)
    with pytest.raises(ValueError, match="has 40 rows, 51047 expected"):
        load("cell2cell", path=tmp_path)
    data = load("cell2cell", path=path, verify=False)
    assert data.frame.shape == (40, 58)
    assert data.y.tolist() == (table["Churn"] == "Yes").tolist()
    assert data.frame["RoamingCalls"].isna().tolist() == [row == 3 for row in range(40)]
    assert data.leaks == ["RetentionCalls", "RetentionOffersAccepted", "MadeCallToRetentionTeam"]
    assert not set(data.leaks) & set(data.X)
    assert set(data.leaks) <= set(data.features(leaks=True))


def test_a_file_that_only_borrows_the_name_is_refused(tmp_path):
    path = tmp_path / "cell2celltrain.csv"
    path.write_text("state,accountlength,phonenumber,churn\nKS,128,415-382-4657,F\n")
    with pytest.raises(ValueError, match=r"lacks 58 of the columns of 'cell2cell'"):
        load("cell2cell", path=path)


def kdd(folder, table):
    labels = ["churn", "appetency", "upselling"]
    features = table.drop(columns=labels)
    features["Var209"] = ""
    for label in labels:
        lines = table[label].map({0: "-1", 1: "1"})
        (folder / f"orange_small_train_{label}.labels").write_text("\n".join(lines) + "\n")
    return table, features.to_csv(sep="\t", index=False)


@pytest.mark.parametrize("zipped", [False, True])
def test_kdd_cup_2009(tmp_path, zipped, made_table):
    table, text = kdd(tmp_path, made_table("kdd-cup-2009", 30))
    if zipped:
        with zipfile.ZipFile(tmp_path / "orange_small_train.data.zip", "w") as archive:
            archive.writestr("orange_small_train.data", text)
    else:
        (tmp_path / "orange_small_train.data").write_text(text)
    data = load("kdd-cup-2009", path=tmp_path, verify=False)
    assert data.frame.shape == (30, 233)
    assert data.y.tolist() == (table["churn"] == 1).tolist()
    assert data.frame["upselling"].tolist() == (table["upselling"] == 1).tolist()
    assert data.frame["Var209"].isna().all()
    assert data.X.shape == (30, 230)
    assert data.frame["Var1"].tolist() == table["Var1"].tolist()


def test_kdd_labels_are_checked_too(tmp_path, made_table):
    _, text = kdd(tmp_path, made_table("kdd-cup-2009", 30))
    path = tmp_path / "orange_small_train.data"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"_churn\.labels is not the registered file"):
        load("kdd-cup-2009", path=path)
    label = tmp_path / "orange_small_train_churn.labels"
    label.write_text("1\n-1\n")
    with pytest.raises(ValueError, match=r"has 2 lines, .* has 30 rows"):
        load("kdd-cup-2009", path=path, verify=False)
    label.unlink()
    with pytest.raises(FileNotFoundError, match=r"no orange_small_train_churn\.labels beside"):
        load("kdd-cup-2009", path=path, verify=False)


def test_orange_belgium(tmp_path, made_table):
    table = made_table("orange-belgium", 25)
    path = tmp_path / "churn_uplift_anonymized.csv"
    table.to_csv(path, index=False)
    data = load("orange-belgium", path=path, verify=False)
    assert data.frame.shape == (25, 180)
    assert data.X.shape == (25, 179), "160 components, 18 factors and the treatment"
    assert data.sheet.entry.role("treatment") == ["t"]
    assert data.y.tolist() == (table["y"] == 1).tolist()
    table.loc[4, "FACTOR8"] = "V3"
    table.to_csv(path, index=False)
    with pytest.raises(ValueError, match=r"column 'FACTOR8', rows 4: found 'V3'"):
        load("orange-belgium", path=path, verify=False)


def test_win_back_as_r_writes_it(tmp_path):
    """R writes whole numbers without a point and names no file hash of ours."""
    rows = 500
    rng = np.random.default_rng(1)
    back = rng.integers(0, 2, rows)
    table = pd.DataFrame(
        {
            "customer": np.arange(1, rows + 1),
            "reacquire": back,
            "duration_2": back * 400,
            "sclv": np.where(back == 1, 812.25, -5),
            "duration_1": rng.integers(60, 1100, rows),
            "offer": rng.choice([20, 25, 30], rows),
            "duration_lapse": rng.integers(8, 200, rows),
            "price_change": rng.normal(size=rows).round(2),
            "gender": rng.integers(0, 2, rows),
            "age": rng.integers(25, 76, rows),
        }
    )
    path = tmp_path / "customerWinBack.csv"
    table.to_csv(path, index=False)
    data = load("smcrm-winback", path=path)
    assert not data.sheet.verified
    assert data.y.sum() == back.sum()
    assert set(data.frame["gender"].cat.categories) == {"Female", "Male"}
    assert "sclv" not in data.X
