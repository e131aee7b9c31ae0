"""Partial least squares path modeling on a correlation matrix: weights, paths, effects.

Wold's algorithm needs the data only through the correlations of the items: the variance of a
composite is ``w' R w`` and its correlation with another ``w' R v``. So nothing here has as many
rows as there are respondents, and a bootstrap costs a correlation matrix a round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SCHEMES = ("path", "factor", "centroid")


@dataclass(frozen=True)
class Fit:
    """What the algorithm found: p items, k composites.

    Attributes
    ----------
    weights : array, p x k
        Of the standardized items in each composite, which has variance 1.
    loadings : array, p x k
        Correlation of each item with each composite; those outside its block are cross-loadings.
    composites : array, k x k
        Correlations of the composites.
    paths : array, k x k
        Standardized coefficients, causes in rows, effects in columns.
    r2 : array, k
        Share of variance explained; missing for a composite without causes.
    """

    weights: Floats
    loadings: Floats
    composites: Floats
    paths: Floats
    r2: Floats


def estimate(
    r: Floats,
    member: Bools,
    arrows: Bools,
    formative: Bools,
    scheme: str = "path",
    tolerance: float = 1e-10,
    rounds: int = 1000,
) -> Fit:
    """Estimate weights by Wold's alternation, then the paths by least squares.

    Outer step: the score of a composite is ``Y = X w``, variance 1. Inner step: its proxy is
    ``Z = Y E``, where E links neighbors: by their correlation (factor), by its sign (centroid),
    or, in the path scheme, by the regression coefficient of a cause and the correlation of an
    effect. New weights: ``cov(X, Z)`` in mode A, the regression of Z on the block in mode B.

    Parameters
    ----------
    r : array, p x p
        Correlations of the items.
    member : array of bool, p x k
        Which item belongs to which composite.
    arrows : array of bool, k x k
        ``arrows[i, j]``: composite i acts on composite j.
    formative : array of bool, k
        Mode B for this composite, else mode A.
    scheme : {'path', 'factor', 'centroid'}
        Inner weights.
    tolerance : float
        Stop when the weights of a round differ by less in sum.
    rounds : int
        Give up after so many.

    Returns
    -------
    Fit

    Raises
    ------
    ArithmeticError
        The weights do not come to rest.

    Notes
    -----
    Wold (1982); Lohmöller (1989); Tenenhaus, Esposito Vinzi, Chatelin and Lauro (2005). The sign
    of a composite is free; it is set so that the loadings of its block add up to no less than 0.

    Examples
    --------
    >>> r = np.full((4, 4), 0.3) + 0.7 * np.eye(4)
    >>> r[:2, :2] = r[2:, 2:] = [[1, 0.6], [0.6, 1]]
    >>> member = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], bool)
    >>> arrows = np.array([[0, 1], [0, 0]], bool)
    >>> fit = estimate(r, member, arrows, np.array([False, False]))
    >>> fit.paths[0, 1].round(3).item()
    0.375
    """
    weights = unit(member.astype(float), r)
    for _ in range(rounds):
        proxies = r @ weights @ _inner(weights.T @ r @ weights, arrows, scheme)
        new = np.where(member, proxies, 0.0)
        for j in np.flatnonzero(formative):
            block = member[:, j]
            new[block, j] = np.linalg.solve(r[np.ix_(block, block)], proxies[block, j])
        new = unit(new, r)
        change = np.abs(new - weights).sum()
        weights = new
        if change < tolerance:
            break
    else:
        raise ArithmeticError(f"The weights still move by {change:.2g} after {rounds} rounds.")
    loadings = r @ weights
    signs = np.where((loadings * member).sum(axis=0) < 0, -1.0, 1.0)
    weights, loadings = weights * signs, loadings * signs
    composites = weights.T @ r @ weights
    paths, r2 = regress(composites, arrows)
    return Fit(weights, loadings, composites, paths, r2)


def correlate(values: Floats) -> Floats:
    """Return the correlations of columns.

    Parameters
    ----------
    values : array, n x p
        Respondents in rows, items in columns.

    Returns
    -------
    array, p x p
    """
    z = values - values.mean(axis=0)
    z /= np.sqrt((z**2).sum(axis=0))
    r: Floats = z.T @ z
    return r


def unit(weights: Floats, r: Floats) -> Floats:
    """Scale each column so that its composite has variance 1.

    Parameters
    ----------
    weights : array, p x k
        Of the items in each composite.
    r : array, p x p
        Correlations of the items.

    Returns
    -------
    array, p x k
    """
    scaled: Floats = weights / np.sqrt(np.einsum("pk,pq,qk->k", weights, r, weights))
    return scaled


def regress(correlations: Floats, arrows: Bools) -> tuple[Floats, Floats]:
    """Regress each variable on its causes, everything standardized.

    Parameters
    ----------
    correlations : array, k x k
        Of the variables.
    arrows : array of bool, k x k
        Causes in rows, effects in columns.

    Returns
    -------
    (array k x k, array k)
        Coefficients, and the R squared of each effect.
    """
    paths, r2 = np.zeros(arrows.shape), np.full(len(arrows), np.nan)
    for j in np.flatnonzero(arrows.any(axis=0)):
        causes = arrows[:, j]
        paths[causes, j] = np.linalg.solve(
            correlations[np.ix_(causes, causes)], correlations[causes, j]
        )
        r2[j] = paths[:, j] @ correlations[:, j]
    return paths, r2


def total_effects(paths: Floats) -> Floats:
    """Return direct plus indirect effects: ``(I - B)^-1 - I`` for paths B without a circle.

    Parameters
    ----------
    paths : array, k x k
        Causes in rows, effects in columns.

    Returns
    -------
    array, k x k

    Examples
    --------
    >>> total_effects(np.array([[0, 0.5, 0.2], [0, 0, 0.4], [0, 0, 0]]))[0, 2].item()
    0.4
    """
    identity = np.eye(len(paths))
    total: Floats = np.linalg.inv(identity - paths) - identity
    return total


def cronbach_alpha(r: Floats) -> float:
    """Return Cronbach's alpha of a block of standardized items, ``p / (p - 1) (1 - p / sum r)``.

    Parameters
    ----------
    r : array, p x p
        Correlations of the items.

    Returns
    -------
    float
        1 for a single item, which shows no error of measurement.

    Examples
    --------
    >>> round(cronbach_alpha(np.array([[1, 0.5], [0.5, 1]])), 3)
    0.667
    """
    p = len(r)
    return 1.0 if p == 1 else float(p / (p - 1) * (1 - p / r.sum()))


def rho_a(r: Floats, weights: Floats) -> float:
    """Return the reliability of a mode A composite of Dijkstra and Henseler (2015), rho_A.

    ``(w'w)^2  w'(R - diag R) w / w'(ww' - diag ww') w``: the squared correlation of the composite
    with the factor behind it.

    Parameters
    ----------
    r : array, p x p
        Correlations of the items of the block.
    weights : array, p
        Their weights, scaled to a composite of variance 1.

    Returns
    -------
    float
        1 for a single item.
    """
    if len(r) == 1:
        return 1.0
    outer = np.outer(weights, weights)
    shared = weights @ (r - np.diag(np.diag(r))) @ weights
    scale = weights @ (outer - np.diag(np.diag(outer))) @ weights
    return float((weights @ weights) ** 2 * shared / scale)


def composite_reliability(loadings: Floats) -> float:
    """Return the composite reliability (rho_C, Dillon-Goldstein's rho) of loadings l.

    ``(sum l)^2 / ((sum l)^2 + sum (1 - l^2))`` (Fornell and Larcker 1981).

    Parameters
    ----------
    loadings : array, p
        Of the items of the block.

    Returns
    -------
    float

    Examples
    --------
    >>> round(composite_reliability(np.array([0.8, 0.9])), 3)
    0.84
    """
    common = loadings.sum() ** 2
    return float(common / (common + (1 - loadings**2).sum()))


def order(arrows: Bools, names: Sequence[str]) -> list[int]:
    """Return the step of each variable: 0 without causes, else one after its latest cause.

    Parameters
    ----------
    arrows : array of bool, k x k
        Causes in rows, effects in columns.
    names : sequence of str
        Names of the variables, for the message.

    Returns
    -------
    list of int

    Raises
    ------
    ValueError
        The arrows run in a circle.
    """
    steps = [-1] * len(arrows)
    for step in range(len(arrows)):
        early = np.array([s >= 0 for s in steps])
        ready = [j for j in range(len(arrows)) if not early[j] and early[arrows[:, j]].all()]
        for j in ready:
            steps[j] = step
    if -1 in steps:
        circle = [name for name, step in zip(names, steps, strict=True) if step < 0]
        raise ValueError(f"The paths run in a circle through {circle}; cut it at one path.")
    return steps


def _inner(composites: Floats, arrows: Bools, scheme: str) -> Floats:
    near = arrows | arrows.T
    if scheme == "centroid":
        return np.where(near, np.sign(composites), 0.0)
    links = np.where(near, composites, 0.0)
    if scheme == "path":
        # What acts on j enters with its regression coefficient, what j acts on by correlation.
        links = np.where(arrows, regress(composites, arrows)[0], links)
    return links
