"""Weka's Id3 classifies as ours does, and leaves unclassified what ours falls back on."""

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


def test_predictions_are_those_weka_prints_now(tmp_path):
    if shutil.which("java") is None or not JAR.exists():
        pytest.skip("Weka (Debian package weka) and Java are not installed")
    for name, frame in zip(("train", "test"), tables(), strict=True):
        head = [f"@attribute a{i} {{{','.join('uvwxyz'[: 2 + i])}}}" for i in range(5)]
        lines = ["@relation t", *head, "@attribute class {no,yes}", "@data"]
        text = "\n".join(lines) + "\n" + frame.to_csv(header=False, index=False)
        (tmp_path / f"{name}.arff").write_text(text)
    command = f"java -cp {JAR} weka.classifiers.trees.Id3 -t train.arff -T test.arff -p 0"
    done = subprocess.run(
        command.split(),
        cwd=tmp_path,
        capture_output=True,
        check=True,
        text=True,
    )
    found = [line.split()[2] for line in done.stdout.splitlines() if line[:6].strip().isdigit()]
    code = {"1:no": "0", "2:yes": "1", "?": "?"}
    assert "".join(code[label] for label in found) == ours(*tables())
