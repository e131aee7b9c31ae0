"""A run gives the same bytes twice, computes nothing twice, and says what it left out."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from crmlib.experiments import (
    Data,
    Experiment,
    KFold,
    Model,
    Part,
    Reading,
    Results,
    ShuffleSplit,
    Table,
    cells,
    run,
)


def customers():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(200, 3)), columns=["a", "b", "c"])
    y = pd.Series(X["a"] + rng.normal(size=200) > 0.8, name="left")
    return Table(X, y, weight=pd.Series(np.arange(1, 201) / 100))


def logistic():
    return make_pipeline(StandardScaler(), LogisticRegression())


def rate():
    return DummyClassifier(strategy="prior")


def nowhere():
    raise FileNotFoundError("cell2cell: bring your own file.\nPut it into CRMLIB_DATA.")


TINY = Experiment(
    "tiny",
    "Tiny",
    "Does it run?",
    data=(Data("made up", customers),),
    models=(
        Model("logistic", logistic, ({"logisticregression__C": 0.1}, {"logisticregression__C": 1})),
        Model("rate", rate),
    ),
    protocol=KFold(folds=2, repeats=2),
    metrics=("AUC", "log loss", "EMP"),
)


def change(**parts):
    from dataclasses import replace

    return replace(TINY, **parts)


def test_the_same_command_gives_the_same_bytes(tmp_path):
    files = []
    for name in ("one", "two"):
        folder = run(TINY).write(tmp_path / name)
        files.append((folder / "numbers.parquet").read_bytes())
    assert files[0] == files[1]


def test_processes_change_nothing(tmp_path):
    pd.testing.assert_frame_equal(run(TINY, jobs=2).numbers, run(TINY).numbers)


def test_a_kept_cell_is_not_computed_again(tmp_path, monkeypatch):
    first = run(TINY, tmp_path)
    assert first.manifest["cells"] == {"all": 8, "computed now": 8}
    monkeypatch.setattr(
        sys.modules["crmlib.experiments.run"], "work", None
    )  # whoever works now fails
    again = run(TINY, tmp_path)
    assert again.manifest["cells"]["computed now"] == 0
    pd.testing.assert_frame_equal(again.numbers, first.numbers)


def test_a_crash_loses_only_the_cell_it_hit(tmp_path):
    def breaks():
        return DummyClassifier(strategy="constant", constant=7)

    broken = change(models=(*TINY.models, Model("broken", breaks)))
    with pytest.raises(RuntimeError, match="broken on made up, split 0: ValueError"):
        run(broken, tmp_path)
    assert run(TINY, tmp_path).manifest["cells"]["computed now"] == 0


@pytest.mark.parametrize("torn", ["", "{", '{"numbers": {}}', "[]"])
def test_a_torn_file_of_the_cache_is_computed_anew(tmp_path, torn):
    whole = run(TINY, tmp_path)
    victim = next(iter(sorted(tmp_path.glob("*.json"))))
    victim.write_text(torn)
    again = run(TINY, tmp_path)
    assert again.manifest["cells"]["computed now"] == 1
    pd.testing.assert_frame_equal(again.numbers, whole.numbers)


def test_a_change_reruns_only_what_it_touches(tmp_path):
    run(TINY, tmp_path)

    def another():
        return DummyClassifier(strategy="uniform", random_state=0)

    changed = change(models=(TINY.models[0], Model("rate", another)))
    assert run(changed, tmp_path).manifest["cells"]["computed now"] == 4
    more = change(metrics=("AUC",))
    assert run(more, tmp_path).manifest["cells"]["computed now"] == 8
    later = change(protocol=KFold(folds=2, repeats=3))
    assert run(later, tmp_path).manifest["cells"]["computed now"] == 4


def test_other_data_are_other_cells(tmp_path):
    run(TINY, tmp_path)

    def without_one():
        table = customers()
        return table.take(np.arange(199))

    changed = change(data=(Data("made up", without_one),))
    assert run(changed, tmp_path).manifest["cells"]["computed now"] == 8


def test_data_that_were_not_declared_are_refused():
    with pytest.raises(ValueError, match="made up is not the data tiny was declared for"):
        run(change(data=(Data("made up", customers, digest="0000"),)))


def test_a_model_without_its_library_is_left_out_and_named():
    absent = Model("other", logistic, needs=("no_such_library",))
    results = run(change(models=(*TINY.models, absent)))
    assert results.manifest["left out"] == {"other": "not installed: no_such_library"}
    assert "left out: other" in repr(results)
    with pytest.raises(ImportError, match="no_such_library"):
        run(change(models=(absent,)))


def test_data_that_are_not_at_hand_are_left_out_and_named():
    results = run(change(data=(*TINY.data, Data("Cell2Cell", nowhere))))
    assert results.manifest["left out"] == {"Cell2Cell": "cell2cell: bring your own file."}
    with pytest.raises(FileNotFoundError, match="Put it into CRMLIB_DATA"):
        run(change(data=(Data("Cell2Cell", nowhere),)))


def test_the_grid_is_chosen_inside_the_training_rows():
    seen = []

    class Spy(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            seen.append(len(X))
            return super().fit(X, y, sample_weight)

    spied = change(models=(Model("spy", Spy, ({"C": 0.1}, {"C": 1.0})),), inner_folds=2)
    run(spied, part=Part(splits=1))
    assert seen == [50, 50, 50, 50, 100]  # two settings in two halves of 100, then all of them


def test_a_grid_of_one_setting_is_used_as_it_is():
    fixed = change(models=(Model("fixed", LogisticRegression, ({"C": 0.5},)),))
    assert run(fixed).cells["chosen"].unique().tolist() == ["{'C': 0.5}"]


def test_weights_reach_the_model_only_where_they_are_asked_for():
    plain = run(change(models=(Model("m", LogisticRegression),)))
    weighed = run(change(models=(Model("m", LogisticRegression, weigh=True),)))
    assert not np.allclose(plain.numbers["value"], weighed.numbers["value"])

    def unweighted():
        return Table(customers().X, customers().y)

    with pytest.raises(RuntimeError, match="the table has no weight"):
        run(change(data=(Data("d", unweighted),), models=(Model("m", rate, weigh=True),)))


def test_what_a_model_warns_of_is_kept():
    def hasty():
        return LogisticRegression(max_iter=1)

    results = run(change(models=(Model("hasty", hasty),)))
    assert results.cells["warned"].str.contains("ConvergenceWarning").all()


def test_written_results_are_read_back_and_guarded(tmp_path):
    results = run(TINY)
    folder = results.write(tmp_path / "kept")
    again = Results.read(folder)
    pd.testing.assert_frame_equal(again.numbers, results.numbers)
    assert {path.name for path in folder.iterdir()} == {
        "numbers.parquet",
        "cells.csv",
        "manifest.json",
    }
    results.numbers.assign(value=0.5).to_parquet(folder / "numbers.parquet", index=False)
    with pytest.raises(ValueError, match="it was changed"):
        Results.read(folder)
    with pytest.raises(FileNotFoundError, match="holds no results"):
        Results.read(tmp_path / "empty")


def test_the_manifest_says_what_numbers_depend_on(tmp_path):
    manifest = json.loads((run(TINY).write(tmp_path) / "manifest.json").read_text())
    assert manifest["data"]["made up"]["rows"] == 200
    assert manifest["protocol"]["parameters"]["seed"] == 0
    assert {"python", "numpy", "scikit-learn", "crmlib"} <= manifest["versions"].keys()
    assert {"commit", "hardware", "seconds", "numbers"} <= manifest.keys()


def test_a_reading_is_a_cell_too(tmp_path):
    def frame():
        return pd.DataFrame({"left": [True, False]})

    def count(found):
        return {"rows": len(found)}

    reading = Experiment("r", "R", "?", (Data("d", frame),), readings=(Reading("n", count),))
    assert run(reading, tmp_path).numbers["value"].tolist() == [2.0]
    assert run(reading, tmp_path).manifest["cells"]["computed now"] == 0


def test_a_part_keeps_the_first_splits_of_the_whole():
    whole = run(TINY).numbers
    part = run(TINY, part=Part(models=("rate",), splits=1)).numbers
    same = whole[(whole["model"] == "rate") & (whole["split"] == 0)].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, same)
    with pytest.raises(ValueError, match="did you mean 'logistic'"):
        TINY.part(Part(models=("logistik",)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "Tiny one"}, "small letters"),
        ({"models": ()}, "models or readings"),
        ({"protocol": None}, "protocol and metrics"),
        ({"metrics": ("AUK",)}, "did you mean 'AUC'"),
        ({"models": TINY.models * 2}, "a name twice"),
    ],
)
def test_a_declaration_that_cannot_run_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        change(**wrong)


def test_splits_keep_the_churn_rate_and_never_overlap():
    table = customers()
    for protocol in (KFold(folds=4, repeats=2), ShuffleSplit(repeats=3, test_size=0.2)):
        for train, test in protocol.splits(table):
            assert not set(train) & set(test)
            assert table.y.iloc[test].mean() == pytest.approx(table.y.mean(), abs=0.02)


def test_the_machinery_counts_into_every_key():
    assert {name.rpartition(".")[2] for name in cells.MACHINERY} == {
        "cells",
        "metrics",
        "protocols",
    }


def offer():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"history": rng.random(2000)})
    given = pd.Series(rng.integers(0, 2, 2000))
    visits = pd.Series(rng.random(2000) < 0.1 + 0.6 * X["history"] * given)
    return Table(X, visits, treatment=given)


def test_a_model_of_lift_learns_from_the_treatment_and_beats_lots():
    from crmlib.experiments.models import ByLot
    from crmlib.recovery import TLearner

    declared = Experiment(
        "lift",
        "Lift",
        "Whom does it move?",
        (Data("offer", offer),),
        (Model("T-learner", TLearner, lift=True), Model("lots", ByLot, lift=True)),
        KFold(folds=2, repeats=2),
        ("Qini", "AUUC"),
    )
    qini = run(declared).scores("Qini").mean()
    assert qini["T-learner"] > 0.02
    assert abs(qini["lots"]) < 0.02
    bare = Data("bare", customers)
    with pytest.raises(RuntimeError, match="the table has no treatment"):
        run(Experiment("n", "N", "?", (bare,), declared.models, KFold(folds=2), ("Qini",)))
    with pytest.raises(RuntimeError, match="need to know who got the offer"):
        run(change(metrics=("Qini",)))


def test_training_rows_of_a_learning_curve_grow_and_its_test_rows_stay():
    from crmlib.experiments import LearningCurve

    table = customers()
    curve = LearningCurve(sizes=(20, 50, 100), repeats=2)
    splits = curve.splits(table)
    assert [curve.size(k) for k in range(6)] == [len(train) for train, _ in splits]
    for first in (0, 3):
        small, middle, large = (set(train) for train, _ in splits[first : first + 3])
        assert small < middle < large
        assert all((test == splits[first][1]).all() for _, test in splits[first : first + 3])
        assert not large & set(splits[first][1])
    rate = table.y.mean()
    for train, _ in splits:
        assert abs(table.y.iloc[train].sum() - rate * len(train)) <= 1
    with pytest.raises(ValueError, match="sizes must ascend"):
        LearningCurve(sizes=(50, 20))
    with pytest.raises(ValueError, match="sizes go to 150, training rows to 100"):
        LearningCurve(sizes=(150,)).splits(table)


def test_a_reading_without_its_library_is_left_out_and_named():
    readings = (Reading("here", len), Reading("there", len, needs=("no_such_library",)))
    declared = Experiment("r", "R", "?", (Data("d", pd.DataFrame),), readings=readings)
    with pytest.raises(ImportError, match="no_such_library"):
        run(declared, part=Part(models=("there",)))


def test_a_fit_is_measured_in_a_process_of_its_own():
    from crmlib.experiments import models, tables
    from crmlib.experiments.cost import fit_cost

    table = tables.iranian()
    cost = fit_cost(Model("forest", models.forest), table)
    assert cost["seconds"] > 0
    if sys.platform == "linux":
        assert cost["memory"] > 0
    with pytest.raises(RuntimeError, match=r"Measuring tree failed: .*max_depth"):
        fit_cost(Model("tree", models.id3, ({"max_depth": -1},)), table)
