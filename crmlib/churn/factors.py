"""Is a set of survey items fit for a factor analysis? Kaiser-Meyer-Olkin and Bartlett."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import plots
from crmlib._checks import as_frame
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class FactorFitness(Result):
    """Two answers to whether items share enough to be summed up in factors.

    Attributes
    ----------
    kmo : Series
        Measure of sampling adequacy of each item, from 0 to 1.
    kmo_overall : float
        The same over all items; Kaiser calls values from .8 meritorious, below .5 unacceptable.
    chi_square, degrees, p_value : float, int, float
        Bartlett's test of sphericity: that the items are uncorrelated.
    respondents : int
        Rows without a missing item, which alone are used.
    """

    kmo: pd.Series[float]
    kmo_overall: float
    chi_square: float
    degrees: int
    p_value: float
    respondents: int

    @property
    def _title(self) -> str:  # type: ignore[override]
        return (
            f"KMO {self.kmo_overall:.3f}; Bartlett chi-square {self.chi_square:,.1f}, "
            f"{self.degrees} degrees of freedom, p = {self.p_value:.3g}, n = {self.respondents:,}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the measure of sampling adequacy of each item."""
        return self.kmo.to_frame()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the measure of each item."""
        return plots.ranked_bars(self.kmo.rename("sampling adequacy"), ax, fmt="{:.2f}".format)


def factor_fitness(items: pd.DataFrame) -> FactorFitness:
    """Return the Kaiser-Meyer-Olkin measures and Bartlett's test of sphericity.

    With correlations r and partial correlations q (all other items held constant),
    ``KMO = sum r^2 / (sum r^2 + sum q^2)`` over pairs of different items (Kaiser 1970; Kaiser &
    Rice 1974), and ``chi2 = -(n - 1 - (2 p + 5) / 6) log det R`` with ``p (p - 1) / 2`` degrees of
    freedom (Bartlett 1950).

    Parameters
    ----------
    items : DataFrame
        A column of numbers for each of at least two items, a row for each respondent; rows with
        a missing item are left out.

    Returns
    -------
    FactorFitness

    Raises
    ------
    ValueError
        Fewer than two items or fewer respondents than items, a constant item, or one that the
        others determine.

    Examples
    --------
    >>> items = pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [1, 2, 3, 5, 4], "c": [2, 1, 4, 3, 5]})
    >>> round(factor_fitness(items).kmo_overall, 2)
    0.54
    """
    from scipy.stats import chi2

    complete = as_frame(items, "items").dropna().astype(float)
    n, p = complete.shape
    if p < 2 or n <= p:
        raise ValueError(f"items needs at least two items and more respondents, got {n} x {p}.")
    constant = [str(name) for name in complete.columns[complete.std() == 0]]
    if constant:
        raise ValueError(f"items has constant columns: {constant}.")
    r = np.corrcoef(complete.to_numpy(), rowvar=False)
    if np.linalg.matrix_rank(r) < p:
        raise ValueError("items holds a column that the others determine; leave it out.")
    q = _partial(r)
    off = ~np.eye(p, dtype=bool)
    r2, q2 = np.where(off, r**2, 0), np.where(off, q**2, 0)
    each = r2.sum(axis=0) / (r2.sum(axis=0) + q2.sum(axis=0))
    chi_square = -(n - 1 - (2 * p + 5) / 6) * np.linalg.slogdet(r)[1]
    degrees = p * (p - 1) // 2
    return FactorFitness(
        kmo=pd.Series(each, index=complete.columns, name="kmo"),
        kmo_overall=float(r2.sum() / (r2.sum() + q2.sum())),
        chi_square=float(chi_square),
        degrees=degrees,
        p_value=float(chi2.sf(chi_square, degrees)),
        respondents=n,
    )


def _partial(r: Any) -> Any:
    """Return the partial correlation of each pair of items, given all others."""
    inverse = np.linalg.inv(r)
    scale = np.sqrt(np.diag(inverse))
    return -inverse / np.outer(scale, scale)
