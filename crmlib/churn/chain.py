"""From staff to churn: how much of an effect runs along a chain, such as the service-profit chain.

And, for two quantities that act on each other month by month, which follows which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import plots
from crmlib._checks import as_frame, listed, number, optional, require_columns, whole
from crmlib._result import Result
from crmlib.churn.pls import correlate, regress

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Mediation(Result):
    """The ways from the first link of a chain to the last.

    Attributes
    ----------
    routes : DataFrame
        Indexed by route ("staff > quality > churn"; the one without a link between is the direct
        effect): `effect`, the product of its coefficients, in units of the last link for each of
        the first, with `low` and `high`, and its `share` of the total; then `indirect`, all
        routes but the direct one, and `total`.
    links : DataFrame
        Indexed by `cause` and `effect`: `coefficient`, `low`, `high`, in units of the effect for
        each of the cause.
    rows, resamples : int
        Rows used and bootstrap samples.
    """

    routes: pd.DataFrame
    links: pd.DataFrame
    rows: int
    resamples: int
    _title = "Effects along the chain"

    def to_frame(self) -> pd.DataFrame:
        """Return the routes with their effects."""
        return self.routes

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the effect of each route with its interval."""
        ax = plots.dots(self.routes, ax, value="effect", reference=0)
        ax.set_xlabel("effect")
        return ax


def mediation(
    data: pd.DataFrame,
    chain: Sequence[str],
    controls: Sequence[str] = (),
    *,
    cluster: str | None = None,
    resamples: int = 1000,
    confidence: float = 0.95,
    random_state: int | None = None,
) -> Mediation:
    """Split the effect of the first link of a chain on the last into the ways it takes.

    Each link is regressed by least squares on all links before it and the controls; the effect
    along a route is the product of its coefficients. All routes add up exactly to the total
    effect, the coefficient of the first link without the links between.

    Parameters
    ----------
    data : DataFrame
        Numbers, a row for each branch, customer or month; rows with a missing value are left out.
    chain : sequence of str
        Three columns or more in causal order: staff, service quality, satisfaction, churn. Churn
        of customers (0/1) makes the last link a linear probability.
    controls : sequence of str
        Columns held constant at every link.
    cluster : str, optional
        Column whose groups, not rows, are drawn by the bootstrap: the branch, if its customers
        share it.
    resamples : int
        Bootstrap samples of the percentile intervals.
    confidence : float
        Level of the intervals.
    random_state : int, optional
        Seed of the bootstrap.

    Returns
    -------
    Mediation

    Raises
    ------
    ValueError
        A column is missing, named twice or constant, one is determined by others, or there are
        too few rows.

    Notes
    -----
    Products of coefficients with bootstrap intervals: Preacher and Hayes (2008); the service-
    profit chain: Heskett, Jones, Loveman, Sasser and Schlesinger (1994). Coefficients are causes
    only if nothing unseen moves two links at once, which even an experiment on the first does not
    ensure for the later ones. For one mediator and a logit or probit see
    ``statsmodels.stats.mediation``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> staff = rng.normal(size=500)
    >>> quality = 0.5 * staff + rng.normal(size=500)
    >>> churn = -0.4 * quality + rng.normal(size=500)
    >>> data = pd.DataFrame({"staff": staff, "quality": quality, "churn": churn})
    >>> found = mediation(data, ["staff", "quality", "churn"], resamples=200, random_state=0)
    >>> found.routes.loc["staff > quality > churn", "effect"].round(1).item()
    -0.2
    """
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    whole(resamples, "resamples", 1)
    columns = [*chain, *controls]
    if len(chain) < 3:
        raise ValueError(f"chain needs a cause, a link and an effect, got {list(chain)}.")
    if len(set(columns)) < len(columns):
        raise ValueError(f"chain and controls name a column twice: {listed(columns)}.")
    keys = [*columns, *([cluster] if cluster and cluster not in columns else [])]
    require_columns(as_frame(data, "data"), keys, "data")
    known = data[keys].dropna()
    values = known[columns].to_numpy(float)
    if len(values) <= len(columns) + 1:
        raise ValueError(f"data has {len(values)} complete rows for {len(columns)} columns.")
    constant = [name for name, sd in zip(columns, values.std(axis=0), strict=True) if sd == 0]
    if constant:
        raise ValueError(f"data has constant columns: {listed(constant)}.")
    if np.linalg.matrix_rank(correlate(values)) < len(columns):
        raise ValueError(f"The columns {listed(columns)} hold one that the others determine.")
    k = len(chain)
    arrows = np.zeros((len(columns),) * 2, bool)
    arrows[:k, :k] = np.triu(np.ones((k, k), bool), 1)
    arrows[k:, :k] = True
    ways = [
        (0, *between, k - 1) for n in range(k - 1) for between in combinations(range(1, k - 1), n)
    ]

    def solve(sample: Any) -> tuple[Any, Any]:
        sd = sample.std(axis=0)
        slopes = regress(correlate(sample), arrows)[0] * sd[None, :] / sd[:, None]
        each = [np.prod([slopes[a, b] for a, b in pairwise(way)]) for way in ways]
        return slopes[:k, :k], np.array([*each, sum(each[1:]), sum(each)])

    slopes, effects = solve(values)
    drawn_slopes, drawn = _resample(
        values, known[cluster] if cluster else None, solve, resamples, random_state
    )
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    names = [" > ".join(chain[i] for i in way) for way in ways]
    low, high = np.quantile(drawn, tails, axis=0)
    routes = pd.DataFrame(
        {"effect": effects, "low": low, "high": high, "share": effects / effects[-1]},
        index=pd.Index([*names, "indirect", "total"], name="route"),
    )
    a, b = np.triu_indices(k, 1)
    low, high = np.quantile(drawn_slopes[:, a, b], tails, axis=0)
    links = pd.DataFrame(
        {"coefficient": slopes[a, b], "low": low, "high": high},
        index=pd.MultiIndex.from_arrays(
            [np.array(chain)[a], np.array(chain)[b]], names=["cause", "effect"]
        ),
    )
    return Mediation(routes, links, len(values), resamples)


def _resample(
    values: Any, groups: pd.Series[Any] | None, solve: Any, resamples: int, random_state: int | None
) -> tuple[Any, Any]:
    """Draw rows, or whole groups of rows, with replacement and solve each sample."""
    rng = np.random.default_rng(random_state)
    parts = None
    if groups is not None:
        codes = pd.factorize(groups)[0]
        parts = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    slopes, effects = [], []
    for _ in range(resamples):
        if parts is None:
            rows = rng.integers(len(values), size=len(values))
        else:
            rows = np.concatenate([parts[g] for g in rng.integers(len(parts), size=len(parts))])
        found = solve(values[rows])
        slopes.append(found[0])
        effects.append(found[1])
    return np.array(slopes), np.array(effects)


@dataclass(frozen=True, repr=False)
class BothDirections(Result):
    """Whether one quantity follows the other, the other the one, or both.

    Attributes
    ----------
    table : DataFrame
        Indexed by direction ("promotion > churn" and back): `effect`, the sum of the coefficients
        of all lags, with `se`, `low` and `high`, and `p` of the hypothesis that no lag counts.
    units, rows : int
        Units, and rows used in each regression.
    """

    table: pd.DataFrame
    units: int
    rows: int
    _title = "Which follows which"

    def to_frame(self) -> pd.DataFrame:
        """Return both directions."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the effect in both directions."""
        ax = plots.dots(self.table, ax, value="effect", reference=0)
        ax.set_xlabel("effect, sum over the lags")
        return ax


def both_directions(
    panel: pd.DataFrame,
    first: str,
    second: str,
    *,
    unit: str,
    time: str = "month",
    lags: int = 1,
    confidence: float = 0.95,
) -> BothDirections:
    """Regress each of two quantities on the past of both: Granger's test in a panel.

    Least squares with the past of the quantity itself, an effect of every unit and one of every
    period, so that neither lasting differences nor common shocks count; errors by unit.

    Parameters
    ----------
    panel : DataFrame
        A row a unit and period: churn rate and promotions (or price, or care) of each region or
        branch.
    first, second : str
        Columns with the two quantities.
    unit, time : str
        Columns of unit and period, a whole number without gaps.
    lags : int
        Periods of the past that may count.
    confidence : float
        Level of the intervals.

    Returns
    -------
    BothDirections
        Effects in units of the later quantity for each of the earlier.

    Raises
    ------
    ValueError
        Units with missing or double periods, fewer than three units, or too few periods.

    Notes
    -----
    That one follows the other (Granger 1969) is not yet that it is caused by it: both may follow
    plans. With effects of units the coefficients are biased by about one over the number of
    periods (Nickell 1981): use it for long panels.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rows, x, y = [], np.zeros(20), np.zeros(20)
    >>> for t in range(60):
    ...     x, y = 0.3 * x + rng.normal(size=20), 0.3 * y - 0.5 * x + rng.normal(size=20)
    ...     rows += [(r, t, x[r], y[r]) for r in range(20)]
    >>> panel = pd.DataFrame(rows, columns=["region", "month", "promotion", "churn"])
    >>> found = both_directions(panel, "promotion", "churn", unit="region").table
    >>> (found["p"] < 0.001).to_dict()
    {'promotion > churn': True, 'churn > promotion': False}
    """
    from scipy.stats import t as student

    api = optional("statsmodels.api", "analysis")
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    whole(lags, "lags", 1)
    require_columns(as_frame(panel, "panel"), [unit, time, first, second], "panel")
    if panel.duplicated([unit, time]).any():
        raise ValueError(f"panel must hold a {unit!r} and {time!r} once.")
    wide = {
        name: panel.pivot_table(index=unit, columns=time, values=name, observed=True).astype(float)
        for name in (first, second)
    }
    times = wide[first].columns.to_numpy(int)
    gaps = wide[first].isna().any(axis=None) or wide[second].isna().any(axis=None)
    if gaps or not wide[first].index.equals(wide[second].index) or (np.diff(times) != 1).any():
        raise ValueError("panel must hold both quantities of each unit in every period.")
    n, periods = wide[first].shape
    if n < 3 or periods - lags < 2 * lags + 3:
        raise ValueError(f"{n} units and {periods} periods are too few for {lags} lags.")
    units = np.repeat(np.arange(n), periods - lags)
    rows = {}
    for cause, effect in ((first, second), (second, first)):
        past = [
            _within(wide[name].to_numpy(), lags, lag)
            for name in (cause, effect)
            for lag in range(1, lags + 1)
        ]
        fit = api.OLS(_within(wide[effect].to_numpy(), lags, 0), np.column_stack(past)).fit(
            cov_type="cluster", cov_kwds={"groups": units}
        )
        pick = np.eye(2 * lags)[:lags]
        total = float(fit.params[:lags].sum())
        se = float(np.sqrt(fit.cov_params()[:lags, :lags].sum()))
        half = student.ppf((1 + confidence) / 2, n - 1) * se
        test = fit.f_test(pick)
        rows[f"{cause} > {effect}"] = {
            **{"effect": total, "se": se, "low": total - half, "high": total + half},
            "p": float(test.pvalue),
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("direction")
    return BothDirections(table, n, len(units))


def _within(values: Any, lags: int, lag: int) -> Any:
    """Return a lag in long form, freed of what is common to a unit and to a period."""
    x = values[:, lags - lag : values.shape[1] - lag]
    x = x - x.mean(axis=1, keepdims=True) - x.mean(axis=0, keepdims=True) + x.mean()
    return x.ravel()
