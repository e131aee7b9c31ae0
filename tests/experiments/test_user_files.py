"""Experiments on files that only a user can have: they say so, and run on made files like them."""

from functools import partial

import numpy as np
import pytest

from crmlib.data import load
from crmlib.data.registry import entry
from crmlib.experiments import Part, find, run
from crmlib.experiments.published import cell2cell, kdd_cup, orange_belgium

LABELS = ("churn", "appetency", "upselling")


def write(table, name, folder):
    if name == "kdd-cup-2009":
        features = table.drop(columns=list(LABELS)).assign(Var209="")
        features.to_csv(folder / "orange_small_train.data", sep="\t", index=False)
        for label in LABELS:
            lines = table[label].map({0: "-1", 1: "1"})
            (folder / f"orange_small_train_{label}.labels").write_text("\n".join(lines) + "\n")
    else:
        table.to_csv(folder / entry(name).files[0].name, index=False)


@pytest.mark.parametrize(
    ("name", "module", "rows"),
    [("cell2cell", cell2cell, 60), ("kdd-cup-2009", kdd_cup, 60)],
)
def test_it_runs_on_a_made_file(name, module, rows, tmp_path, monkeypatch, made_table):
    write(made_table(name, rows), name, tmp_path)
    monkeypatch.setattr(module, "load", partial(load, path=tmp_path, verify=False))
    results = run(find(name), part=Part(splits=1))
    assert set(results.numbers["model"]) == {model.name for model in find(name).models}
    assert results.table().notna().all(axis=None)


def test_orange_belgiums_protocol_runs_on_a_made_file(tmp_path, monkeypatch, made_table):
    table = made_table("orange-belgium", 151)
    write(table, "orange-belgium", tmp_path)
    monkeypatch.setattr(orange_belgium, "load", partial(load, path=tmp_path, verify=False))
    monkeypatch.setattr(orange_belgium, "REPEATS", 1)
    monkeypatch.setattr(orange_belgium, "PARTS", 1)
    found = run(find("orange-belgium")).table().droplevel("data")
    assert list(found.index) == ["random ranking", "churn risk", "two models", "X-learner"]
    assert found.loc[["churn risk", "two models", "X-learner"], "AUUC"].notna().all()
    by_group = table.groupby("t")["y"].mean()
    assert found.loc["random ranking", "AUUC"] == pytest.approx((by_group[0] - by_group[1]) / 2)


@pytest.mark.parametrize("name", ["cell2cell", "kdd-cup-2009", "orange-belgium"])
def test_without_the_file_it_says_where_to_get_it(name, tmp_path, monkeypatch):
    monkeypatch.delenv("CRMLIB_DATA", raising=False)
    monkeypatch.setenv("CRMLIB_CACHE", str(tmp_path))
    with pytest.raises(FileNotFoundError) as error:
        run(find(name))
    assert entry(name).obtain in str(error.value)


def test_every_repeat_deals_the_rows_anew_into_folds_of_one_size():
    rng = np.random.default_rng(0)
    found = list(orange_belgium.divisions(100, rng))
    assert len(found) == 30
    for train, test in found:
        assert len(test) == 33
        assert sorted([*train, *test]) == list(range(100))
    first = [set(test) for _, test in found[:3]]
    assert len(set.union(*first)) == 99
    assert first[0] != set(found[3][1])


def test_the_area_is_larger_where_those_whom_the_offer_keeps_come_first():
    rng = np.random.default_rng(0)
    offer = rng.random(4000) < 0.5
    moved = np.arange(4000) % 4 == 0
    left = ~(moved & offer)  # those the offer moves stay with it; all others leave
    right, wrong = (orange_belgium.uplift_area(left, offer, sign * moved) for sign in (1.0, -1.0))
    # Ranked right, the gain rises over the first quarter to 1/4 and stays: 1/4 - 1/32.
    assert right == pytest.approx(1 / 4 - 1 / 32, abs=0.01)
    assert wrong == pytest.approx(1 / 32, abs=0.01)


def test_two_models_find_whom_the_offer_keeps():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 2))
    offer = rng.random(3000) < 0.5
    left = rng.random(3000) < np.where(offer & (X[:, 0] > 0), 0.1, 0.5)
    for build in (orange_belgium.TwoModels, orange_belgium.Crossed):
        score = build().fit(X, left, offer).predict(X)
        assert score[X[:, 0] > 0.5].mean() > score[X[:, 0] < -0.5].mean() + 0.2
    risk = orange_belgium.Risk().fit(X, left, offer).predict(X)
    assert abs(risk[X[:, 0] > 0.5].mean() - risk[X[:, 0] < -0.5].mean()) < 0.1
