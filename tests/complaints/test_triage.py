"""Complaints are sorted from their words, in both languages, and the quality is told honestly."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.dummy import DummyClassifier

from crmlib.complaints import (
    Triage,
    cross_validate,
    is_chinese,
    routes,
    skeletons,
    text_pipeline,
    words,
)


def test_words_of_a_mixed_text_are_cut_by_their_script():
    assert words("5G信号没有了, NO signal!") == [
        "<number>", "g", "信号", "没有", "了", "no", "signal"
    ]  # fmt: skip
    assert words("1,200.50 yuan") == ["<number>", "yuan"]
    assert words("…!") == []


def test_chinese_is_told_from_english(op):
    head = op.complaints.head(500)
    guess = head["text"].map(is_chinese).map({True: "Chinese", False: "English"})
    assert (guess == head["language"].astype(str)).mean() > 0.99


def test_jieba_is_imported_without_a_word_and_without_a_general_filter(tmp_path):
    """Every warning is an error, and jieba is compiled from its source as after an installation."""
    (source,) = importlib.util.find_spec("jieba").submodule_search_locations
    for file in Path(source).rglob("*"):
        target = tmp_path / "jieba" / file.relative_to(source)
        if file.is_file() and file.suffix != ".pyc":
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(file)
    # A dictionary of three words is read in no time.
    (tmp_path / "jieba" / "dict.txt").unlink()
    small = "营业员 144 n\n态度 5033 n\n很差 10 a\n"
    (tmp_path / "jieba" / "dict.txt").write_text(small, encoding="utf-8")
    code = (
        f"import sys, warnings; sys.path.insert(0, {str(tmp_path)!r})\n"
        "sys.dont_write_bytecode = True\n"
        "from crmlib.complaints import words\n"
        "words('no signal')\n"
        "assert 'jieba' not in sys.modules, 'jieba is loaded only when Chinese is read'\n"
        "before = list(warnings.filters)\n"
        "assert words('营业员态度很差')[0] == '营业员'\n"
        f"assert sys.modules['jieba'].__file__.startswith({str(tmp_path)!r})\n"
        "assert warnings.filters == before\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_a_missing_jieba_is_named_with_its_extra(monkeypatch):

    module = sys.modules["crmlib.complaints.words"]
    module._cutter.cache_clear()
    module._cut.cache_clear()
    monkeypatch.setitem(sys.modules, "jieba", None)
    with pytest.raises(ImportError, match=r"crmlib\[analysis\]"):
        words("没有信号")
    assert words("no signal") == ["no", "signal"]


def test_texts_equal_but_for_figures_are_one_group():
    groups = skeletons(["Charged 5 yuan", "charged 700 yuan", "被扣5元", "被扣12元", "no signal"])
    assert groups.tolist() == [0, 0, 1, 1, 2]


def test_triage_learns_both_languages_and_beats_the_clerks_it_learned_from(op):
    complaints, truth = op.complaints, op.truth.complaints["incident"].astype(str)
    train, test = slice(0, 1_500), slice(1_500, 3_000)
    triage = Triage().fit(complaints["text"][train], complaints["category"].astype(str)[train])
    found = triage.predict(complaints["text"][test])
    right = found["category"] == truth[test]
    clerks = (complaints["category"].astype(str) == truth)[test].mean()
    for language in ("English", "Chinese"):
        share = right[complaints["language"][test] == language].mean()
        assert share > clerks, f"{language}: {share:.3f} against {clerks:.3f} as filed"
    sure = ~found["review"]
    assert right[sure].mean() > right[~sure].mean() + 0.1, "doubt is where the errors are"
    expected = routes().categories["department"].loc[found["category"]].to_numpy()
    assert (found["department"] == expected).all()


def test_grave_words_escalate(sorted_complaints):
    frame = sorted_complaints
    half = len(frame) // 2
    triage = Triage().fit(frame["text"][:half], frame["incident"][:half], frame["severity"][:half])
    found = triage.predict(frame["text"][half:])
    critical = frame["severity"][half:] == "critical"
    assert (found["escalate"] == (found["severity"] == "critical")).all()
    assert found.loc[critical, "escalate"].mean() > 0.9
    assert found.loc[~critical, "escalate"].mean() < 0.02


def test_cross_validation_tells_what_can_be_learned_and_what_cannot(sorted_complaints):
    frame = sorted_complaints
    category = cross_validate(frame["text"], frame["category"], truth=frame["incident"], folds=3)
    gain = category.summary.loc["macro F1"]
    assert gain["low"] > 0.3
    assert category.summary.loc["balanced accuracy", "majority"] == pytest.approx(1 / 3)
    # Minor and serious complaints are written in the same words: no honest report says otherwise.
    mild = frame[frame["severity"] != "critical"]
    severity = cross_validate(mild["text"], mild["severity"], folds=3).summary.loc["accuracy"]
    assert severity["difference"] < 0.03, severity.to_dict()


def test_the_report_is_computed_from_the_folds(sorted_complaints):
    frame = sorted_complaints.head(600)
    report = cross_validate(frame["text"], frame["incident"], folds=4)
    assert report.confusion.to_numpy().sum() == len(frame)
    assert (report.predicted.index == frame.index).all()
    diagonal = np.trace(report.confusion) / len(frame)
    assert (report.predicted == frame["incident"]).mean() == pytest.approx(diagonal)
    folds = report.folds.set_index(["who", "fold"])["accuracy"]
    gain = folds["model"] - folds["majority"]
    assert report.summary.loc["accuracy", "difference"] == pytest.approx(gain.mean())
    # Nadeau and Bengio: four folds of a quarter each give 1/4 + 1/3 as the factor.
    half = stats.t.ppf(0.975, 3) * np.sqrt((1 / 4 + 1 / 3) * gain.var())
    assert report.summary.loc["accuracy", "high"] - gain.mean() == pytest.approx(half, rel=0.02)
    assert report.plot().get_xlabel().startswith("gain")
    assert "majority" in report._repr_html_()


def test_a_classifier_that_knows_nothing_gains_nothing(sorted_complaints):
    frame = sorted_complaints.head(300)
    report = cross_validate(frame["text"], frame["incident"], pipeline=DummyClassifier(), folds=3)
    assert (report.summary["difference"] == 0).all()


def test_copies_of_a_text_stay_in_one_fold():
    """Without groups the copies would give the labels away; with them chance is all there is."""
    rng = np.random.default_rng(0)
    base = [f"text {a} {b}" for a in "abcdefghij" for b in "klmnopqrst"]
    label = rng.choice(["x", "y"], len(base))
    texts, labels = base * 4, list(label) * 4
    fair = cross_validate(texts, labels, folds=5).summary.loc["accuracy", "model"]
    leaky = cross_validate(texts, labels, folds=5, groups=range(len(texts)))
    assert leaky.summary.loc["accuracy", "model"] > 0.95
    assert fair < 0.7


def test_the_same_seed_gives_the_same_report(sorted_complaints):
    frame = sorted_complaints.head(300)
    one, two = (cross_validate(frame["text"], frame["incident"], folds=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.summary, two.summary)
    pd.testing.assert_series_equal(one.predicted, two.predicted)


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        ([], [], "texts is empty"),
        (["a", " "], ["network", "billing"], "1 entries without text, first at 1"),
        (["a", None], ["network", "billing"], "1 entries without text"),
        (["a", "b"], ["network"], "1 labels for 2 texts"),
        (["a", "b"], ["network", "netwrk"], "labels without a route: 'netwrk'"),
        (["a", "b"], ["network"] * 2, "only the label 'network'"),
    ],
)
def test_bad_training_data_is_refused_by_name(texts, labels, message):
    with pytest.raises(ValueError, match=message):
        Triage().fit(texts, labels)


def test_bad_cross_validation_input_is_refused():
    with pytest.raises(TypeError, match="wrap it in a list"):
        cross_validate("one text", ["network"])
    with pytest.raises(ValueError, match="'b' has 1 distinct texts"):
        cross_validate(["t", "u", "v"], ["a", "a", "b"], folds=2)
    with pytest.raises(ValueError, match="labels is missing for 1"):
        cross_validate(["t", "u"], ["a", None], folds=2)
    with pytest.raises(ValueError, match="strength must lie"):
        text_pipeline(strength=0)


def test_a_route_to_an_unknown_department_is_refused(tmp_path):
    from importlib.resources import files

    text = files("crmlib.complaints").joinpath("routes.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(text.replace('department = "sales"', 'department = "sale"'), encoding="utf-8")
    with pytest.raises(ValueError, match="did you mean 'sales'"):
        routes(path)
    path.write_text("[departments]\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine\.toml: the field 'severity' is missing"):
        routes(path)
