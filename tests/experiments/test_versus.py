"""A plan's comparisons come out as planted, for scores and for losses."""

import numpy as np
import pandas as pd
import pytest

from crmlib.experiments import Part, Results, run, versus
from crmlib.experiments.benchmarks.weighted_entropy import EXPERIMENT, PLAIN, ROPE, WEIGHTED


def planted(lead, measure="AUC", datasets=8):
    """Two models on several data sets, the second ahead by `lead` give or take a little."""
    rng = np.random.default_rng(0)
    rows = []
    for data in range(datasets):
        base = rng.uniform(0.6, 0.9)
        ahead = lead + rng.normal(0, 0.002)
        for split in range(4):
            noise = rng.normal(0, 0.01)
            rows += [
                (f"d{data}", "plain", split, measure, base + noise),
                (f"d{data}", "other", split, measure, base + noise + ahead),
            ]
    numbers = pd.DataFrame(rows, columns=["data", "model", "split", "measure", "value"])
    return Results(numbers, pd.DataFrame())


@pytest.mark.parametrize(
    ("lead", "measure", "expected"),
    [
        (0.03, "AUC", "helps"),
        (-0.03, "AUC", "hurts"),
        (0.0, "AUC", "no difference"),
        (0.03, "log loss", "hurts"),
        (-0.03, "log loss", "helps"),
    ],
)
def test_the_decision_is_the_planted_one(lead, measure, expected):
    found = versus(planted(lead, measure), "plain", ["other"], {measure: 0.01})
    row = found.table.loc[(measure, "other")]
    assert row["decision"] == expected
    assert row[["worse", "equivalent", "better"]].sum() == pytest.approx(1)
    sign = -1 if measure == "log loss" else 1
    assert row["difference"] == pytest.approx(sign * lead, abs=0.003)


def test_eight_data_sets_all_one_way_give_the_smallest_p():
    found = versus(planted(0.03), "plain", ["other"], {"AUC": 0.01})
    assert found.table["p Holm"].item() == pytest.approx(2 / 2**8)
    assert found.datasets == 8


def test_a_model_that_lacks_a_data_set_is_refused():
    results = planted(0.03)
    numbers = results.numbers
    without = numbers[~((numbers["model"] == "other") & (numbers["data"] == "d3"))]
    with pytest.raises(ValueError, match="Not on every data set: 'other'"):
        versus(Results(without, pd.DataFrame()), "plain", ["other"], {"AUC": 0.01})


def test_the_picture_shares_each_bar_among_three_answers():
    ax = versus(planted(0.01), "plain", ["other"], {"AUC": 0.01}).plot()
    assert sum(bar.get_width() for bar in ax.patches) == pytest.approx(1)


def test_a_bit_of_the_registered_plan_runs():
    part = Part(data=("MLC++",), models=(PLAIN, WEIGHTED[1]), splits=1)
    table = run(EXPERIMENT, part=part).table()
    assert list(table.columns) == list(EXPERIMENT.metrics)
    assert table["AUC"].between(0.6, 0.95).all()
    assert EXPERIMENT.part(EXPERIMENT.quick).models


def test_the_registered_plan_compares_models_it_runs_on_measures_it_takes():
    names = {model.name for model in EXPERIMENT.models}
    assert {PLAIN, *WEIGHTED} <= names
    assert ROPE.keys() <= set(EXPERIMENT.metrics)
    tuned = [model for model in EXPERIMENT.models if model.grid]
    assert {len(model.grid) for model in tuned} == {4}
    assert len(EXPERIMENT.data) == 8
