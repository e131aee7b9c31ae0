"""From counts to conditional probability tables."""

from __future__ import annotations

import numpy as np

from crmlib._checks import number, one_of
from crmlib.bayes.scores import Floats

PRIORS = ("bdeu", "laplace", "mle")


def conditional_table(counts: Floats, prior: str = "bdeu", strength: float = 10.0) -> Floats:
    """Return P(child | parents) from the counts of a family.

    Parameters
    ----------
    counts : array, axes (parents..., child)
        Weights of the rows in every cell.
    prior : {"bdeu", "laplace", "mle"}
        "bdeu" adds `strength` / cells to every cell, so that all tables of a network rest on the
        same number of imagined rows (Buntine 1991); "laplace" adds `strength` to every cell;
        "mle" adds nothing.
    strength : float
        Rows imagined: in the whole table for "bdeu", in each cell for "laplace".

    Returns
    -------
    array of the same shape, summing to one along the last axis
        A combination of parents without any weight gets equal probabilities.

    Examples
    --------
    >>> conditional_table(np.array([[3.0, 1.0], [0.0, 0.0]]), "mle")
    array([[0.75, 0.25],
           [0.5 , 0.5 ]])
    >>> conditional_table(np.array([3.0, 1.0]), "laplace", 1.0)
    array([0.66666667, 0.33333333])
    """
    one_of(prior, PRIORS, "prior")
    number(strength, "strength", 0, open_low=prior != "mle")
    table = counts + prior_counts(counts.shape, prior, strength)
    total = table.sum(axis=-1, keepdims=True)
    states = table.shape[-1]
    out: Floats = np.full(table.shape, 1 / states)
    np.divide(table, total, out=out, where=total > 0)
    return out


def prior_counts(shape: tuple[int, ...], prior: str, strength: float) -> Floats:
    """Return what a prior adds to each cell of a table of that shape.

    Examples
    --------
    >>> prior_counts((2, 2), "bdeu", 10.0)[0].tolist()
    [2.5, 2.5]
    """
    cells = max(int(np.prod(shape)), 1)
    added = {"bdeu": strength / cells, "laplace": strength, "mle": 0.0}[prior]
    return np.full(shape, added)
