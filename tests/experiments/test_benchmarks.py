"""Our own benchmarks run in their quick profile, and what they say again is what is kept."""

from importlib.util import find_spec

import numpy as np
import pytest

from crmlib.experiments import experiments, find, run, stored
from crmlib.experiments.benchmarks import chaid, extension, weighted_entropy

QUICK = sorted(
    name
    for name, one in experiments().items()
    if one.quick is not None and name.startswith(("weighted-entropy", "hillstrom-uplift", "fit"))
)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """Run the quick part of a benchmark once, or skip where its data are not at hand."""
    done = {}

    def results(name):
        if name not in done:
            try:
                done[name] = run(find(name), part=find(name).quick)
            except FileNotFoundError as error:
                pytest.skip(str(error).splitlines()[0])
        return done[name]

    return results


@pytest.mark.parametrize("name", QUICK)
def test_the_quick_profile_gives_a_number_for_every_cell(quick, name):
    results = quick(name)
    declared = find(name).part(find(name).quick)
    workers = {one.name: one.needs for one in (*declared.models, *declared.readings)}
    absent = {w for w, needs in workers.items() if any(find_spec(one) is None for one in needs)}
    assert set(results.numbers["model"]) == set(workers) - absent
    assert absent <= results.manifest["left out"].keys()  # named, not dropped in silence
    assert np.isfinite(results.numbers["value"]).all()


def test_trees_give_the_registered_numbers_again(quick):
    kept = stored("weighted-entropy").numbers
    again = quick("weighted-entropy").numbers
    again = again[again["model"].isin(["ID3", *weighted_entropy.WEIGHTED])]
    both = again.merge(kept, on=["data", "model", "split", "measure"], suffixes=("", " kept"))
    assert len(both) == len(again) > 0
    np.testing.assert_allclose(both["value"], both["value kept"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("more", [extension.EXPERIMENT, chaid.EXPERIMENT], ids=lambda one: one.name)
def test_an_extension_changes_nothing_but_the_models(more):
    first = weighted_entropy.EXPERIMENT
    assert more.data == first.data
    assert more.protocol == first.protocol
    assert (more.inner_folds, more.tune_on) == (first.inner_folds, first.tune_on)
    assert not {one.name for one in more.models} & {one.name for one in first.models}
    tuned = [one for one in (*first.models, *more.models) if one.grid]
    assert {len(one.grid) for one in tuned} == {4}


def test_without_pruning_the_tree_ranks_and_without_a_hub_the_network_does(quick):
    """The remedies of the two results that looked wrong, on a split of MLC++."""
    auc = quick("weighted-entropy-extension").scores("AUC").iloc[0]
    assert auc[extension.UNPRUNED] > 0.7
    assert auc[extension.FOREST_BAYES] > 0.8
