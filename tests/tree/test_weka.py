"""Weka's Id3 and J48 (its C4.5) classify as ours does; Id3 leaves open what ours falls back on."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmlib.tree import WeightedID3Classifier

#: Predictions of Weka 3.6.14 for the test rows below, "?" where it gives none:
#: java -cp weka.jar weka.classifiers.trees.Id3 -t train.arff -T test.arff -p 0
WEKA = "0?11001100000?10111110111011110101001101?10?1?10110111111100111100110?1111011011"
JAR = Path("/usr/share/java/weka.jar")


def tables():
    rng = np.random.default_rng(11)
    frame = pd.DataFrame({f"a{i}": rng.choice(list("uvwxyz")[: 2 + i], 240) for i in range(5)})
    signal = (frame["a1"] == "u") | frame["a3"].isin(["v", "w"])
    label = np.where(rng.random(240) < 0.15, ~signal, signal)
    frame["class"] = np.where(label, "yes", "no")
    return frame[:160], frame[160:]


def ours(train, test):
    model = WeightedID3Classifier().fit(train.drop(columns="class"), train["class"])
    rows = test.drop(columns="class")
    at_leaf = model.tree_.attribute[model.apply(rows)] < 0
    labels = np.where(model.predict(rows) == "yes", "1", "0")
    return "".join(np.where(at_leaf, labels, "?"))


def test_predictions_are_those_weka_printed():
    assert ours(*tables()) == WEKA


#: Of the J48 of the same Weka, the chance of "yes" of 80 test rows: 1,000 times what it prints,
#: each as its place among the values there are. java -cp weka.jar weka.classifiers.trees.J48 -S
#: -C 0.25 -M 10 -t train.arff -T test.arff -p 0 -distribution
J48 = {
    0.25: ([93], "0" * 80),
    0.6: (
        [25, 50, 68, 71, 73, 700, 743],
        "22132342224336313533521224240302233320332343232243432534363626123233324433232233",
    ),
}


def churners(lead):
    """Return rows of whom few leave, more by `lead` in a corner of the table."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({f"a{i}": rng.choice(list("uvwxyz")[: 2 + i], 680) for i in range(5)})
    chance = 0.06 + lead * ((frame["a1"] == "u") & frame["a3"].isin(["v", "w"]))
    frame["class"] = np.where(rng.random(680) < chance, "yes", "no")
    return frame[:600], frame[600:]


def pruned(train, pruning="pessimistic"):
    tree = WeightedID3Classifier("gain_ratio", min_samples_leaf=10, pruning=pruning)
    return tree.fit(train.drop(columns="class"), train["class"])


@pytest.mark.parametrize("lead", J48)
def test_pessimistic_pruning_leaves_the_chances_j48_printed(lead):
    train, test = churners(lead)
    values, places = J48[lead]
    printed = [values[int(place)] / 1000 for place in places]
    found = pruned(train).predict_proba(test.drop(columns="class"))[:, 1]
    np.testing.assert_allclose(found, printed, rtol=0, atol=0.0005)


def test_where_few_leave_pruning_cuts_the_tree_to_its_root_as_c45_does():
    """No leaf has a majority of leavers, so no split saves an error: errors are blind to rank."""
    train, test = churners(0.25)
    grown = pruned(train, pruning=None)
    assert (grown.tree_.attribute < 0).sum() > 20
    assert len(pruned(train).tree_.attribute) == 1
    leavers = test["class"] == "yes"
    chance = grown.predict_proba(test.drop(columns="class"))[:, 1]
    assert chance[leavers].mean() > chance[~leavers].mean()  # what the pruning threw away


@pytest.fixture
def weka(tmp_path):
    """Run a command of Weka on tables for training and testing; return the lines of test rows."""
    if shutil.which("java") is None or not JAR.exists():
        pytest.skip("Weka (Debian package weka) and Java are not installed")
    return lambda words, frames: run_weka(tmp_path, words, frames)


def run_weka(tmp_path, words, frames):
    for name, frame in zip(("train", "test"), frames, strict=True):
        head = [f"@attribute a{i} {{{','.join('uvwxyz'[: 2 + i])}}}" for i in range(5)]
        lines = ["@relation t", *head, "@attribute class {no,yes}", "@data"]
        text = "\n".join(lines) + "\n" + frame.to_csv(header=False, index=False)
        (tmp_path / f"{name}.arff").write_text(text)
    done = subprocess.run(
        f"java -cp {JAR} {words} -t train.arff -T test.arff -p 0".split(),
        cwd=tmp_path,
        capture_output=True,
        check=True,
        text=True,
    )
    return [line.split() for line in done.stdout.splitlines() if line[:6].strip().isdigit()]


def test_predictions_are_those_weka_prints_now(weka):
    found = [line[2] for line in weka("weka.classifiers.trees.Id3", tables())]
    code = {"1:no": "0", "2:yes": "1", "?": "?"}
    assert "".join(code[label] for label in found) == ours(*tables())


@pytest.mark.parametrize("lead", J48)
def test_chances_are_those_j48_prints_now(weka, lead):
    train, test = churners(lead)
    lines = weka("weka.classifiers.trees.J48 -S -C 0.25 -M 10 -distribution", (train, test))
    printed = [float(line[-1].split(",")[1].replace("*", "")) for line in lines]
    found = pruned(train).predict_proba(test.drop(columns="class"))[:, 1]
    np.testing.assert_allclose(found, printed, rtol=0, atol=0.0005)
