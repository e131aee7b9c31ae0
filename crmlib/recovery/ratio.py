"""The doubt in a ratio of sums: delta method, bootstrap, and bias-corrected bootstrap.

The ratio is (mean benefit of the contacted - mean benefit of the control group) over (mean cost
of the contacted + fixed cost per contacted); without a control group the second mean is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from crmlib._checks import number, numbers, one_of
from crmlib.recovery.resample import bootstrap_sums

Floats = npt.NDArray[np.float64]
Method = Literal["delta", "percentile", "bca"]


@dataclass(frozen=True)
class RatioInterval:
    """A ratio of sums with its doubt.

    Attributes
    ----------
    ratio : float
        Estimate.
    low, high : float
        Ends of the interval.
    error : float
        Standard error (delta method) or standard deviation of the bootstrap draws.
    level : float
        Confidence level.
    method : str
        How the interval was found.
    draws : array or None
        Bootstrap draws, where there are any.
    """

    ratio: float
    low: float
    high: float
    error: float
    level: float
    method: str
    draws: Floats | None = None

    def probability(self, above: float) -> float:
        """Return P(ratio > above): share of draws, or by the normal distribution."""
        if self.draws is not None:
            return float((self.draws > above).mean())
        if self.error == 0:
            return float(self.ratio > above)
        return float(norm.sf(above, self.ratio, self.error))


def ratio_interval(
    benefit: npt.ArrayLike,
    cost: npt.ArrayLike,
    *,
    control: npt.ArrayLike | None = None,
    fixed_cost: float = 0.0,
    method: Method = "delta",
    level: float = 0.95,
    resamples: int = 2_000,
    blocks: int | None = None,
    random_state: int | np.random.Generator | None = None,
) -> RatioInterval:
    """Return total benefit over total cost, with an interval.

    - ``"delta"``: with R the ratio and e_i = b_i - R c_i, the standard error is
      sqrt(n/(n-1) sum e_i^2) / sum c, and the interval is symmetric.
    - ``"percentile"``: quantiles of bootstrap draws over customers.
    - ``"bca"``: the same, corrected for bias and skewness. The jackknife it needs is closed for a
      ratio of sums, (B - b_i) / (C - c_i), so it costs no more than the percentile interval.

    Parameters
    ----------
    benefit, cost : array-like of shape (n_contacted,)
        What each contacted customer brought and cost, in money.
    control : array-like of shape (n_control,), optional
        Benefits of customers left alone at random; their mean is subtracted.
    fixed_cost : float
        Cost of the campaign that does not depend on the customers, in money.
    method : {"delta", "percentile", "bca"}
        How to find the interval.
    level : float
        Confidence level.
    resamples : int
        Bootstrap samples.
    blocks : int, optional
        Draw blocks of customers (see `bootstrap_sums`): much faster, nearly the same.
    random_state : int or numpy Generator, optional
        Seed.

    Returns
    -------
    RatioInterval

    Raises
    ------
    ValueError
        If arrays differ in length, a value is missing, a cost is negative, there are fewer than
        two customers, or the total cost is 0.

    References
    ----------
    Efron (1987), "Better bootstrap confidence intervals", Journal of the American Statistical
    Association 82(397).

    Examples
    --------
    >>> found = ratio_interval([0, 0, 90, 30], [10, 10, 20, 20])
    >>> found.ratio, round(found.error, 2)
    (2.0, 1.12)
    """
    one_of(method, ["delta", "percentile", "bca"], "method")
    number(level, "level", 0, 1, open_low=True, open_high=True)
    b = numbers(benefit, "benefit").ravel()
    c = numbers(cost, "cost", 0).ravel()
    if len(b) != len(c) or len(b) < 2:
        raise ValueError(f"benefit and cost need two or more entries each, got {len(b)}, {len(c)}.")
    other = None if control is None else numbers(control, "control").ravel()
    if other is not None and len(other) < 2:
        raise ValueError(f"control needs two or more customers, got {len(other)}.")
    fixed = number(fixed_cost, "fixed_cost", 0) / len(b)
    unit = float(c.mean()) + fixed
    if unit == 0:
        raise ValueError("The total cost is 0: a ratio to it has no meaning.")
    base = 0.0 if other is None else float(other.mean())
    ratio = (float(b.mean()) - base) / unit
    if method == "delta":
        variance = (b - ratio * c).var(ddof=1) / len(b)
        if other is not None:
            variance += other.var(ddof=1) / len(other)
        error = float(np.sqrt(variance)) / unit
        reach = float(norm.ppf(0.5 + level / 2)) * error
        return RatioInterval(ratio, ratio - reach, ratio + reach, error, level, method)
    draws = _draws(b, c, other, fixed, resamples, blocks, random_state)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if method == "bca":
        tails = _corrected(tails, draws, ratio, b, c, other, fixed)
    low, high = np.quantile(draws, tails)
    return RatioInterval(
        ratio, float(low), float(high), float(draws.std(ddof=1)), level, method, draws
    )


def _draws(
    b: Floats,
    c: Floats,
    other: Floats | None,
    fixed: float,
    resamples: int,
    blocks: int | None,
    random_state: int | np.random.Generator | None,
) -> Floats:
    """Bootstrap the ratio; contacted and control customers are drawn apart."""
    rng = np.random.default_rng(random_state)
    size = None if blocks is None else min(blocks, len(b))
    means = bootstrap_sums(np.column_stack([b, c]), resamples, blocks=size, random_state=rng)
    means /= len(b)
    base: Floats | float = 0.0
    if other is not None:
        size = None if blocks is None else min(blocks, len(other))
        rest = bootstrap_sums(other[:, None], resamples, blocks=size, random_state=rng)
        base = rest[:, 0] / len(other)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = (means[:, 0] - base) / (means[:, 1] + fixed)
    if not np.isfinite(drawn).all():
        raise ValueError(
            "Some bootstrap samples cost nothing, so their ratio is undefined: too few customers "
            "have a cost. Use method='delta' or give the fixed cost."
        )
    return np.asarray(drawn)


def _corrected(
    tails: Floats,
    draws: Floats,
    ratio: float,
    b: Floats,
    c: Floats,
    other: Floats | None,
    fixed: float,
) -> Floats:
    """Shift the quantiles for median bias and acceleration (BCa)."""
    n = len(b)
    base = 0.0 if other is None else float(other.mean())
    left_b, left_c = (b.sum() - b) / (n - 1), (c.sum() - c) / (n - 1)
    groups = [(left_b - base) / (left_c + fixed)]
    if other is not None:
        m = len(other)
        groups.append((b.mean() - (other.sum() - other) / (m - 1)) / (c.mean() + fixed))
    cubes = squares = 0.0
    for jackknife in groups:
        size = len(jackknife)
        influence = (size - 1) * (jackknife.mean() - jackknife)
        cubes += float((influence**3).sum()) / size**3
        squares += float((influence**2).sum()) / size**2
    if squares == 0:
        return tails
    acceleration = cubes / (6 * squares**1.5)
    share = ((draws < ratio).sum() + (draws <= ratio).sum()) / (2 * len(draws))
    shift = norm.ppf(np.clip(share, 1 / (2 * len(draws)), 1 - 1 / (2 * len(draws))))
    z = shift + norm.ppf(tails)
    return np.asarray(norm.cdf(shift + z / (1 - acceleration * z)))
