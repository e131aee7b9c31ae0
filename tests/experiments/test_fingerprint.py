"""A hash changes with what a number depends on, and with nothing else."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from crmlib.experiments import Table
from crmlib.experiments.fingerprint import closure, code, content, describe, said
from crmlib.tree import WeightedID3Classifier

FRAME = pd.DataFrame({"plan": ["a", "b", None], "calls": [1, 2, 3], "late": [True, False, True]})


@pytest.mark.parametrize(
    "other",
    [
        FRAME.rename(columns={"calls": "call"}),
        FRAME.assign(calls=[1, 2, 4]),
        FRAME.assign(plan=["a", None, "b"]),
        FRAME.assign(plan=["a", "b", "None"]),
        FRAME.assign(calls=["1", "2", "3"]),
        FRAME.iloc[:2],
        FRAME[["calls", "plan", "late"]],
    ],
)
def test_other_content_has_another_hash(other):
    assert content(other) != content(FRAME)


@pytest.mark.parametrize(
    "same",
    [
        FRAME.astype({"plan": "category"}),
        FRAME.astype({"calls": "float64"}),
        FRAME.set_axis([5, 6, 7]),
        FRAME.copy(),
    ],
)
def test_storage_does_not_count(same):
    assert content(same) == content(FRAME)


def test_every_part_of_a_table_counts():
    y = pd.Series([True, False, True], name="y")
    plain = Table(FRAME, y)
    others = [Table(FRAME, ~y), Table(FRAME, y, weight=y * 1.0), Table(FRAME, y, split=y)]
    assert len({content(table) for table in (plain, *others)}) == 4


def test_what_holds_no_table_is_refused():
    with pytest.raises(TypeError, match="must be a DataFrame"):
        content([1, 2])


def test_a_parameter_deep_inside_a_model_counts():
    def build(leaf):
        return make_pipeline(RandomForestClassifier(min_samples_leaf=leaf))

    assert describe(build(1), set()) == describe(build(1), set())
    assert describe(build(1), set()) != describe(build(2), set())


def test_a_generator_in_place_of_a_seed_is_refused():
    with pytest.raises(TypeError, match="built with a seed"):
        describe(RandomForestClassifier(random_state=np.random.RandomState(0)), set())


def test_the_code_a_model_rests_on_is_found():
    modules = set()
    describe(WeightedID3Classifier(), modules)
    found = code(modules)
    assert {"crmlib.tree.grow", "crmlib.tree.criteria", "crmlib.counts.encoder"} <= found.keys()
    assert not {name for name in found if name.startswith(("crmlib.bayes", "crmlib.plots"))}


def test_a_library_counts_by_its_version():
    import sklearn

    assert code(["sklearn.linear_model"]) == {"scikit-learn": sklearn.__version__}


def test_imports_inside_functions_are_found():
    assert "crmlib.counts.sql_levels" in closure("crmlib.tree.table") or "crmlib.counts" in closure(
        "crmlib.tree.table"
    )


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ('"""Doc."""\ndef f(x):\n    """Say."""\n    return x + 1\n', False),
        ("def f(x):\n    # why\n    return (x + 1)\n", False),
        ("def f(x):\n    return x + 2\n", True),
    ],
)
def test_code_counts_by_what_it_says(changed, counts):
    assert (said(changed) != said("def f(x):\n    return x + 1\n")) is counts
