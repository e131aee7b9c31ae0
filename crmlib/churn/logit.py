"""A logistic regression and what it says on the scale of probabilities, with standard errors.

statsmodels fits; the delta method carries the covariance of the coefficients over to whatever is
computed from them, so that each question is a plain function of the coefficients.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmlib._checks import as_frame, listed, number, optional, require_columns

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Logit:
    """Coefficients of a logistic regression.

    Attributes
    ----------
    names : list of str
        The regressors; the constant comes last.
    params : array, k
        Coefficients, in log odds for each unit.
    cov : array, k x k
        Their covariance.
    rows : int
        Rows used.
    """

    names: list[str]
    params: Floats
    cov: Floats
    rows: int


def fit(x: pd.DataFrame, y: pd.Series[Any], groups: pd.Series[Any] | None = None) -> Logit:
    """Fit a logistic regression with a constant by maximum likelihood.

    Parameters
    ----------
    x : DataFrame
        Regressors.
    y : Series
        0 or 1.
    groups : Series, optional
        Cluster of each row for the covariance, such as the customer a row a month belongs to.

    Returns
    -------
    Logit

    Raises
    ------
    ValueError
        No maximum: a regressor is a copy of others, or separates who left from who stayed.
    """
    api = optional("statsmodels.api", "analysis")
    tools = optional("statsmodels.tools.sm_exceptions", "analysis")
    design = x.astype(float).assign(**{"(constant)": 1.0})
    if np.linalg.matrix_rank(design.to_numpy()) < design.shape[1]:
        raise ValueError(f"The regressors {listed(x.columns)} hold one that the others determine.")
    how: dict[str, Any] = {"disp": 0, "maxiter": 100}
    if groups is not None:
        how |= {"cov_type": "cluster", "cov_kwds": {"groups": pd.factorize(groups)[0]}}
    with warnings.catch_warnings():
        warnings.simplefilter("error", tools.PerfectSeparationWarning)
        warnings.simplefilter("error", tools.ConvergenceWarning)
        # On its way to a separation the fit overflows; the warnings above then say what it means.
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            done = api.Logit(y.to_numpy(float), design.to_numpy()).fit(**how)
        except (
            tools.PerfectSeparationWarning,
            tools.PerfectSeparationError,
            tools.ConvergenceWarning,
            np.linalg.LinAlgError,
        ):
            raise ValueError(
                f"No logistic regression on {listed(x.columns)}: some of them separate who left "
                "from who stayed. Leave such a column out, or join rare classes."
            ) from None
    return Logit(
        [str(c) for c in design], np.asarray(done.params), np.asarray(done.cov_params()), len(x)
    )


def prepare(
    data: pd.DataFrame, churn: str, columns: Sequence[str], cluster: str | None = None
) -> tuple[pd.DataFrame, pd.Series[Any], pd.Series[Any] | None]:
    """Check a table for a regression and return its complete numeric rows.

    Parameters
    ----------
    data : DataFrame
        A row a customer, or a customer and month.
    churn : str
        Column that says who left: bool, or 0 and 1.
    columns : sequence of str
        Regressors; categories become indicators, less the first.
    cluster : str, optional
        Column that groups rows which are not independent.

    Returns
    -------
    (DataFrame, Series, Series or None)
        Regressors, outcome and groups, on the same rows.

    Raises
    ------
    ValueError
        A column is missing, or the outcome is not binary or always the same.
    """
    keys = list(dict.fromkeys([churn, *columns, *([cluster] if cluster else [])]))
    require_columns(as_frame(data, "data"), keys, "data")
    whole = data[keys].dropna()
    y = whole[churn].astype(float)
    if set(y.unique()) != {0.0, 1.0}:
        raise ValueError(
            f"{churn!r} must hold both 0 and 1 and nothing else, got {y.unique()[:5]}."
        )
    x = pd.get_dummies(whole[list(columns)], drop_first=True, dtype=float).astype(float)
    return x.set_axis([str(c) for c in x], axis=1), y, whole[cluster] if cluster else None


def delta(f: Callable[[Floats], Any], model: Logit, confidence: float = 0.95) -> pd.DataFrame:
    """Estimate functions of the coefficients with standard errors by the delta method.

    Parameters
    ----------
    f : callable
        Takes coefficients, returns a number or several.
    model : Logit
        The fitted regression.
    confidence : float
        Level of the normal interval.

    Returns
    -------
    DataFrame
        A row for each number: `value`, `se`, `low`, `high`.

    Examples
    --------
    >>> model = Logit(["x"], np.array([2.0]), np.array([[0.25]]), 10)
    >>> delta(lambda b: 3 * b, model).round(2).iloc[0].to_dict()
    {'value': 6.0, 'se': 1.5, 'low': 3.06, 'high': 8.94}
    """
    from scipy.stats import norm

    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    value = np.atleast_1d(np.asarray(f(model.params), float))
    slopes = np.empty((len(value), len(model.params)))
    steps = 1e-5 * np.maximum(1.0, np.abs(model.params))
    for j, h in enumerate(steps):
        up, down = model.params.copy(), model.params.copy()
        up[j] += h
        down[j] -= h
        slopes[:, j] = (np.atleast_1d(f(up)) - np.atleast_1d(f(down))) / (2 * h)
    se = np.sqrt(np.einsum("ij,jk,ik->i", slopes, model.cov, slopes))
    half = norm.ppf((1 + confidence) / 2) * se
    return pd.DataFrame({"value": value, "se": se, "low": value - half, "high": value + half})


def probability(params: Floats, design: Floats) -> Floats:
    """Return the chances of the rows of a design whose last column is the constant.

    Parameters
    ----------
    params : array, k
        Coefficients.
    design : array, n x k
        Regressors and a column of ones.

    Returns
    -------
    array, n
    """
    from scipy.special import expit

    chance: Floats = expit(design @ params)
    return chance
