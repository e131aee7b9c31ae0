"""Tests between models agree with published examples, other implementations and closed forms."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crmlib.experiments import (
    bayesian_signed_rank,
    correlated_t,
    decision,
    friedman,
    holm,
    nemenyi_distance,
    wilcoxon_holm,
)
from crmlib.experiments.statistics import groups

#: AUC of four trees on fourteen data sets, after Demšar (2006); typed from memory, and the mean
#: ranks which that paper prints follow from it.
DEMSAR = pd.DataFrame(
    {
        "C4.5": [0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661, 0.583, 0.775, 1.0, 0.94, 0.619,
                 0.972, 0.957],
        "C4.5+m": [0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668, 0.583, 0.838, 1.0, 0.962,
                   0.666, 0.981, 0.978],
        "C4.5+cf": [0.771, 0.59, 0.968, 0.654, 0.886, 0.916, 0.609, 0.563, 0.866, 1.0, 0.965,
                    0.614, 0.975, 0.946],
        "C4.5+m+cf": [0.798, 0.569, 0.967, 0.657, 0.898, 0.931, 0.685, 0.625, 0.875, 1.0, 0.962,
                      0.669, 0.973, 0.97],
    }
)  # fmt: skip


def test_mean_ranks_and_critical_distance_are_those_demsar_prints():
    found = friedman(DEMSAR)
    assert found.ranks.to_dict() == pytest.approx(
        {"C4.5": 3.143, "C4.5+m": 2.000, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964}, abs=0.0006
    )
    assert found.critical_distance == pytest.approx(1.25, abs=0.005)
    assert found.ranks.index[0] == "C4.5+m+cf"


@pytest.mark.parametrize(
    ("models", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)]
)
def test_critical_values_are_those_demsar_tabulates(models, q):
    scale = np.sqrt(models * (models + 1) / 6)
    assert nemenyi_distance(models, 1) / scale == pytest.approx(q, abs=0.002)


def test_critical_distance_agrees_with_another_implementation():
    posthocs = pytest.importorskip("scikit_posthocs", reason="an oracle: scikit-posthocs")
    p = posthocs.posthoc_nemenyi_friedman(DEMSAR.to_numpy()).to_numpy()
    ranks = (-DEMSAR).rank(axis=1).mean().to_numpy()
    apart = np.abs(ranks[:, None] - ranks[None, :]) > nemenyi_distance(4, 14)
    assert ((p < 0.05) == apart).all()


def test_groups_are_the_longest_runs_within_the_distance():
    assert groups([1, 2, 3], 5) == [(0, 2)]
    assert groups([1, 2, 4], 0.5) == []
    assert groups([1.0, 1.5, 2.2, 2.3, 4.0], 1.0) == [(0, 1), (1, 3)]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_holm_is_between_no_correction_and_bonferroni(p):
    corrected = holm(p)
    assert (corrected >= np.asarray(p) - 1e-12).all()
    assert (corrected <= np.minimum(len(p) * np.asarray(p), 1) + 1e-12).all() or len(p) > 1
    order = np.argsort(p, kind="stable")
    assert (np.diff(corrected[order]) >= 0).all()


def test_holm_agrees_with_statsmodels():
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(0).uniform(size=12) ** 2
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])


def test_a_model_that_equals_the_reference_is_not_different():
    scores = DEMSAR.assign(twin=DEMSAR["C4.5"])
    assert wilcoxon_holm(scores, "C4.5").loc["twin", "p Holm"] == 1.0


def test_the_signed_rank_of_demsars_first_pair_is_wilcoxons():
    table = wilcoxon_holm(DEMSAR[["C4.5", "C4.5+m"]], "C4.5")
    p = stats.wilcoxon(DEMSAR["C4.5+m"] - DEMSAR["C4.5"]).pvalue
    assert table["p"].iloc[0] == pytest.approx(p)


def test_the_bayesian_test_agrees_with_baycomp():
    baycomp = pytest.importorskip("baycomp", reason="an oracle: baycomp")
    rng = np.random.default_rng(1)
    for shift in (-0.01, 0.0, 0.008, 0.02):
        difference = rng.normal(shift, 0.01, size=10)
        left, rope, right = baycomp.SignedRankTest.probs(
            np.zeros(10), difference, rope=0.01, random_state=0
        )
        ours = bayesian_signed_rank(difference, 0.01)
        # baycomp's left is "the first is better": here the zeros.
        np.testing.assert_allclose(ours, [left, rope, right], atol=0.015)


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        ([0.05] * 8, "helps"),
        ([-0.05] * 8, "hurts"),
        ([0.001, -0.001] * 4, "no difference"),
        ([0.05, -0.05] * 2, "undecided"),
    ],
)
def test_clear_cases_are_decided_clearly(difference, expected):
    found = bayesian_signed_rank(difference, 0.01)
    assert found.sum() == pytest.approx(1)
    assert decision(found) == expected


def test_turning_the_difference_around_turns_the_answer_around():
    difference = np.array([0.03, -0.01, 0.02, 0.004, 0.015])
    ahead = bayesian_signed_rank(difference, 0.01)
    behind = bayesian_signed_rank(-difference, 0.01)
    assert ahead["better"] == pytest.approx(behind["worse"], abs=0.01)


def test_the_correlated_t_has_a_closed_form():
    z = np.array([0.01, 0.03, 0.02, 0.05, 0.00, 0.02, 0.01, 0.03, 0.04, 0.02])
    scale = z.std(ddof=1) * np.sqrt(1 / 10 + 1)  # rho one half
    expected = stats.t(9, z.mean(), scale).sf(0.01)
    assert correlated_t(z, 0.01)["better"] == pytest.approx(expected)
    assert correlated_t([0.02] * 5, 0.01).to_dict() == {"worse": 0, "equivalent": 0, "better": 1}


def test_the_correlated_t_agrees_with_baycomp():
    baycomp = pytest.importorskip("baycomp", reason="an oracle: baycomp")
    z = np.random.default_rng(2).normal(0.01, 0.02, size=10)
    left, rope, right = baycomp.CorrelatedTTest.probs(np.zeros(10), z, rope=0.01, runs=5)
    np.testing.assert_allclose(correlated_t(z, 0.01), [left, rope, right], atol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: friedman(DEMSAR.iloc[:1]), "two data sets"),
        (lambda: friedman(DEMSAR.iloc[:, :2]), "3 models"),
        (lambda: friedman(DEMSAR.where(DEMSAR < 1)), "missing entries"),
        (lambda: wilcoxon_holm(DEMSAR, "C4.6"), "did you mean 'C4.5'"),
        (lambda: bayesian_signed_rank([0.1], 0.01), "two entries"),
        (lambda: bayesian_signed_rank([0.1, 0.2], -1), "rope"),
        (lambda: nemenyi_distance(1, 5), "models"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_diagram_shows_every_model_and_joins_what_is_not_told_apart():
    ax = friedman(DEMSAR).plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == list(
        friedman(DEMSAR).ranks.index
    )
    assert len(ax.lines) == 2  # the dots, and one bar: all four are within 1.25 of each other
