"""How CHAID joins categories: those whose classes do not differ become one branch (Kass 1980).

Everything here works on one table of counts, a row for each category that occurs, and knows
nothing of trees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmlib.tree.structure import Floats, Ints


@dataclass(frozen=True)
class Merged:
    """The branches that are left, and how surely their classes differ.

    Parameters
    ----------
    groups : tuple of tuples of int
        Categories of each branch, by their row in the table.
    statistic : float
        Pearson's chi-square of the branches against the classes.
    freedom : int
        Its degrees of freedom.
    log_p : float
        Natural logarithm of its p-value.
    multiplier : int
        In how many ways so many categories can form so many branches.
    """

    groups: tuple[tuple[int, ...], ...]
    statistic: float
    freedom: int
    log_p: float
    multiplier: int

    @property
    def log_adjusted(self) -> float:
        """Logarithm of the p-value times the multiplier, at most 0."""
        return min(0.0, self.log_p + math.log(self.multiplier))


def merge(
    table: Floats, *, ordered: bool, floating: bool, alpha: float, min_rows: float = 1
) -> Merged:
    """Join the two most similar categories, and again, until all that are left differ.

    Two categories are similar if the p-value of the chi-square test of their two rows is large.
    Then branches with too few rows join what is most similar to them.

    Parameters
    ----------
    table : array of shape (n_categories, n_classes)
        Counts; every category has rows.
    ordered : bool
        Whether only neighbors may join.
    floating : bool
        Whether the last of ordered categories, "missing", has no place and may join any.
    alpha : float
        Categories join while the p-value is above this.
    min_rows : float
        Rows a branch must have.

    Returns
    -------
    Merged

    Examples
    --------
    Customers with plan a and c leave alike.

    >>> plans = np.array([[10.0, 90.0], [60.0, 40.0], [11.0, 89.0]])
    >>> merge(plans, ordered=False, floating=False, alpha=0.05).groups
    ((0, 2), (1,))
    >>> merge(plans, ordered=True, floating=False, alpha=0.05).groups
    ((0,), (1,), (2,))
    """
    groups: list[tuple[int, ...]] = [(place,) for place in range(len(table))]
    counts = table.copy()
    alike = likeness(counts[:, None, :], counts[None, :, :])
    lone = ordered and floating  # whether "missing" still stands by itself, at the end
    while len(groups) > 1:
        allowed = _may_join(len(groups), ordered=ordered, floating=lone)
        at = _most_alike(alike, allowed)
        if alike[at] <= alpha:
            few = counts.sum(axis=1) < min_rows
            if not few.any():
                break
            at = _most_alike(alike, allowed & (few[:, None] | few[None, :]))
        keep, gone = at
        lone = lone and gone < len(groups) - 1
        groups[keep] = tuple(sorted(groups[keep] + groups[gone]))
        del groups[gone]
        counts[keep] += counts[gone]
        counts = np.delete(counts, gone, axis=0)
        alike = np.delete(np.delete(alike, gone, axis=0), gone, axis=1)
        alike[keep] = alike[:, keep] = likeness(counts[keep][None, :], counts)
    statistic, freedom = chi_square_of(counts)
    multiplier = bonferroni(len(table), len(groups), ordered=ordered, floating=floating)
    return Merged(tuple(groups), statistic, freedom, log_p_value(statistic, freedom), multiplier)


def likeness(one: Floats, other: Floats) -> Floats:
    """Return how alike the classes of two categories are: the p-value of the test of two rows.

    Where it is too small for a number, the negative statistic tells which are more alike.
    """
    from scipy.special import chdtrc

    both = one + other
    n_one, n_other = one.sum(axis=-1), other.sum(axis=-1)
    gap = one / n_one[..., None] - other / n_other[..., None]
    parts = np.divide(gap**2, both, out=np.zeros_like(both), where=both > 0)
    statistic = n_one * n_other * parts.sum(axis=-1)
    freedom = (both > 0).sum(axis=-1) - 1
    p = np.where(freedom > 0, chdtrc(np.maximum(freedom, 1), statistic), 1.0)
    return np.asarray(np.where(p > 0, p, -statistic))


def _may_join(n: int, *, ordered: bool, floating: bool) -> npt.NDArray[np.bool_]:
    """Return which pairs, the first before the second, may become one."""
    pairs = np.triu(np.ones((n, n), dtype=bool), 1)
    if ordered:
        pairs &= np.tri(n, k=1, dtype=bool)
    if floating:
        pairs[:-1, -1] = True
    return pairs


def _most_alike(alike: Floats, allowed: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Return the pair with the greatest likeness, the first of equals."""
    at = np.argmax(np.where(allowed, alike, -np.inf))
    keep, gone = divmod(int(at), len(alike))
    return keep, gone


def chi_square_of(counts: Floats) -> tuple[float, int]:
    """Return Pearson's chi-square of a table whose rows all hold something, and its freedom."""
    counts = counts[:, counts.sum(axis=0) > 0]
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    freedom = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    return float(((counts - expected) ** 2 / expected).sum()), freedom


def log_p_value(statistic: float, freedom: int) -> float:
    """Return the logarithm of chi-square's p-value, also where that is too small for a number.

    Examples
    --------
    >>> round(log_p_value(3.841, 1), 2), round(log_p_value(5000.0, 3), 1)
    (-3.0, -2496.0)
    """
    from scipy.special import chdtrc, gammaln

    if freedom == 0:
        return 0.0
    p = float(chdtrc(freedom, statistic))
    if p > 1e-300:
        return math.log(p)
    # The upper incomplete gamma function far out: x^(a-1) e^-x (1 + (a-1)/x + ...), with the
    # first three terms of the series.
    a, x = freedom / 2, statistic / 2
    series = 1 + (a - 1) / x * (1 + (a - 2) / x)
    return float((a - 1) * math.log(x) - x - gammaln(a) + math.log(series))


def bonferroni(categories: int, groups: int, *, ordered: bool, floating: bool) -> int:
    """Return in how many ways so many categories can be joined to so many groups.

    A split chosen among so many is significant by chance that much more often; Kass (1980)
    multiplies its p-value by this.

    Parameters
    ----------
    categories, groups : int
    ordered : bool
        Whether only neighbors may join.
    floating : bool
        Whether the last of ordered categories may join any.

    Returns
    -------
    int

    Examples
    --------
    >>> [bonferroni(4, 2, ordered=o, floating=f) for o, f in [(0, 0), (1, 0), (1, 1)]]
    [7, 3, 5]
    """
    c, r = categories, groups
    if not ordered:
        onto: int = sum((-1 if i % 2 else 1) * math.comb(r, i) * (r - i) ** c for i in range(r))
        return onto // math.factorial(r)
    if not floating:
        return math.comb(c - 1, r - 1)
    alone = math.comb(c - 2, r - 2) if r > 1 else 0
    return alone + r * math.comb(c - 2, r - 1)


def spread_over_empty(group_of: Ints) -> Ints:
    """Give every empty range (-1) to the nearest range that has a group, the lower of equals.

    Parameters
    ----------
    group_of : array of shape (n_levels,)
        Group of each range, in order.

    Examples
    --------
    >>> spread_over_empty(np.array([-1, 0, -1, -1, -1, 1])).tolist()
    [0, 0, 0, 0, 1, 1]
    """
    held = np.flatnonzero(group_of >= 0)
    if len(held) == 0:
        return group_of
    distance = np.abs(np.arange(len(group_of))[:, None] - held[None, :])
    return np.asarray(group_of[held[np.argmin(distance, axis=1)]])
