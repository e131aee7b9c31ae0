"""KMO and Bartlett agree with regressions, with their closed forms, and with what they are for."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from crmlib.churn import factor_fitness

mpl.use("Agg")


def test_partial_correlations_are_those_of_residuals():
    rng = np.random.default_rng(0)
    common = rng.normal(size=(200, 1))
    items = pd.DataFrame(common + rng.normal(size=(200, 4)), columns=list("abcd"))
    result = factor_fitness(items)
    r2 = q2 = 0.0
    for i in range(4):
        for j in range(4):
            if i == j:
                continue
            others = sm.add_constant(items.drop(columns=items.columns[[i, j]]))
            left, right = (sm.OLS(items.iloc[:, k], others).fit().resid for k in (i, j))
            r2 += np.corrcoef(items.iloc[:, i], items.iloc[:, j])[0, 1] ** 2
            q2 += np.corrcoef(left, right)[0, 1] ** 2
    assert result.kmo_overall == pytest.approx(r2 / (r2 + q2))
    assert result.plot().get_title() == "sampling adequacy"


def test_equal_correlations_have_a_closed_form():
    """All correlations r, p items: the partial ones are r / (1 + (p - 2) r)."""
    r, p, n = 0.5, 5, 100
    wanted = np.full((p, p), r) + (1 - r) * np.eye(p)
    rng = np.random.default_rng(1)
    raw = rng.normal(size=(n, p))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw, rowvar=False)).T)
    items = pd.DataFrame(white @ np.linalg.cholesky(wanted).T)
    result = factor_fitness(items)
    partial = r / (1 + (p - 2) * r)
    assert result.kmo_overall == pytest.approx(r**2 / (r**2 + partial**2))
    assert np.allclose(result.kmo, result.kmo_overall)
    determinant = (1 - r) ** (p - 1) * (1 + (p - 1) * r)
    assert result.chi_square == pytest.approx(-(n - 1 - (2 * p + 5) / 6) * np.log(determinant))
    assert result.degrees == 10


def test_bartlett_holds_its_level_on_unrelated_items():
    rng = np.random.default_rng(2)
    p = [factor_fitness(pd.DataFrame(rng.normal(size=(120, 4)))).p_value for _ in range(300)]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.09


def test_the_operators_service_items_are_fit_for_factors(op):
    items = op.surveys[["tangibles", "reliability", "responsiveness", "assurance", "empathy"]]
    result = factor_fitness(items)
    assert result.respondents == op.surveys["answered"].sum()
    assert result.kmo_overall > 0.6
    assert result.p_value < 1e-10
    assert "KMO" in repr(result)


def test_items_that_cannot_be_judged_are_refused():
    rng = np.random.default_rng(3)
    items = pd.DataFrame(rng.normal(size=(20, 2)), columns=["a", "b"])
    with pytest.raises(ValueError, match="constant columns: \\['c'\\]"):
        factor_fitness(items.assign(c=1.0))
    with pytest.raises(ValueError, match="the others determine"):
        factor_fitness(items.assign(c=items["a"] + items["b"]))
    with pytest.raises(ValueError, match="more respondents, got 2 x 2"):
        factor_fitness(items[:2])
