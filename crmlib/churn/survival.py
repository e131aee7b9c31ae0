"""How long customers stay: survival curves with what a reader needs beside them, and Cox ratios.

lifelines fits; here its answers are put in one table each: numbers at risk, medians, restricted
means with their standard errors, the log-rank test, and the check of proportional hazards. For
hazards by month from a panel there is `churn_hazard`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from crmlib._checks import as_frame, listed, number, numbers, optional, require_columns
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crmlib._checks import Numeric


def restricted_mean(
    time: Sequence[float] | Numeric,
    survival: Sequence[float] | Numeric,
    at_risk: Sequence[float] | Numeric,
    lost: Sequence[float] | Numeric,
    horizon: float,
) -> tuple[float, float]:
    """Return the mean time stayed up to a horizon, and its standard error.

    The area under the Kaplan-Meier curve up to the horizon; its variance sums, over the times of
    loss, the squared area that is left times d / (n (n - d)) (Greenwood's terms).

    Parameters
    ----------
    time, survival, at_risk, lost : array-like
        Times of loss in ascending order, the curve right after each, customers at risk right
        before it, and losses at it.
    horizon : float
        In the unit of `time`.

    Returns
    -------
    tuple of float
        Mean and standard error, in the unit of `time`.

    Examples
    --------
    Three customers who left after 1, 2 and 6 months stayed (1 + 2 + 4) / 3 of 4 months.

    >>> mean, se = restricted_mean([1, 2, 6], [2/3, 1/3, 0], [3, 2, 1], [1, 1, 1], horizon=4)
    >>> round(mean, 3), round(se, 3)
    (2.333, 0.72)
    """
    number(horizon, "horizon", 0, open_low=True)
    t, s, n, d = (
        numbers(x, name)
        for x, name in (
            (time, "time"),
            (survival, "survival"),
            (at_risk, "at_risk"),
            (lost, "lost"),
        )
    )
    inside = t < horizon
    t, s, n, d = t[inside], s[inside], n[inside], d[inside]
    edges = np.concatenate([[0.0], t, [horizon]])
    areas = np.diff(edges) * np.concatenate([[1.0], s])
    left = areas[::-1].cumsum()[::-1][1:]  # area between each time of loss and the horizon
    # Where nobody is left after a time of loss, no area is left either.
    terms = np.divide(d, n * (n - d), out=np.zeros_like(d), where=n > d)
    return float(areas.sum()), float(np.sqrt((left**2 * terms).sum()))


@dataclass(frozen=True, repr=False)
class Survival(Result):
    """Kaplan-Meier curves by group.

    Attributes
    ----------
    table : DataFrame
        A row a group: `customers`, `lost`, `median` with `median_low` and `median_high` (infinite
        where the curve does not fall to a half), `mean` time stayed up to the horizon with `low`
        and `high`.
    curves : DataFrame
        A row a group and time: `survival`, `low`, `high`, `at_risk` (right before that time).
    horizon : float
        Up to which the mean is taken: by default the last time seen in every group.
    chi_square, p : float
        Log-rank test that all groups stay equally long; missing with one group.
    """

    table: pd.DataFrame
    curves: pd.DataFrame
    horizon: float
    chi_square: float
    p: float

    @property
    def _title(self) -> str:  # type: ignore[override]
        title = f"Time stayed (mean up to {self.horizon:g})"
        if np.isnan(self.p):
            return title
        return f"{title}; log-rank chi-square {self.chi_square:.2f}, p = {self.p:.2g}"

    def to_frame(self) -> pd.DataFrame:
        """Return the table of groups."""
        return self.table

    def at_risk(self, times: Iterable[float]) -> pd.DataFrame:
        """Return how many are still observed right before each time, by group.

        Examples
        --------
        >>> survival([1, 2, 6], [1, 0, 1]).at_risk([0, 2, 3]).loc["all"].tolist()
        [3, 2, 1]
        """
        wanted = np.asarray(list(times), float)
        rows = {}
        for group, curve in self.curves.groupby(level=0, sort=False):
            seen = curve.index.get_level_values(1).to_numpy(float)
            counts = np.append(curve["at_risk"].to_numpy(int), 0)
            rows[group] = counts[np.searchsorted(seen, wanted, side="left")]
        return pd.DataFrame.from_dict(rows, orient="index", columns=wanted)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the curves with their intervals as bands."""
        import matplotlib.pyplot as plt

        from crmlib.plots import as_percent, label_lines

        ax = plt.subplots()[1] if ax is None else ax
        for group, curve in self.curves.groupby(level=0, sort=False):
            t = curve.index.get_level_values(1).to_numpy(float)
            line = ax.step(t, curve["survival"], where="post", label=str(group))[0]
            ax.fill_between(
                t, curve["low"], curve["high"], step="post", alpha=0.15, color=line.get_color(),
                linewidth=0,
            )  # fmt: skip
        ax.set_ylim(0, 1)
        ax.set_xlabel("time since joining")
        return label_lines(as_percent(ax))


def survival(
    durations: Iterable[float],
    lost: Iterable[object],
    by: Iterable[object] | None = None,
    *,
    horizon: float | None = None,
    confidence: float = 0.95,
) -> Survival:
    """Estimate how long customers stay, by group, when many are still there.

    Kaplan-Meier curves, medians and the log-rank test are lifelines'; the restricted mean and
    its error are `restricted_mean`.

    Parameters
    ----------
    durations : iterable of float
        Time each customer was observed, 0 or more.
    lost : iterable of bool
        Whether it ended with a loss; else the customer was still there.
    by : iterable, optional
        Group of each customer.
    horizon : float, optional
        Up to which the mean is taken; by default the shortest of the groups' last times.
    confidence : float
        Of the intervals.

    Returns
    -------
    Survival

    Raises
    ------
    ValueError
        Lengths differ, a duration is negative or missing, a group is missing, or the horizon is
        beyond what some group was observed for.
    ImportError
        lifelines is not installed.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958). Nonparametric estimation from incomplete observations.
    Journal of the American Statistical Association 53.

    Examples
    --------
    >>> stay = survival([2, 3, 5, 8, 8, 8], [1, 1, 1, 1, 0, 0], by=list("aababb"))
    >>> stay.table[["customers", "lost", "median"]].to_numpy().tolist()
    [[3.0, 3.0, 3.0], [3.0, 1.0, inf]]
    """
    lifelines = optional("lifelines", "analysis")
    tests, utils = (optional(f"lifelines.{m}", "analysis") for m in ("statistics", "utils"))
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    t = numbers(list(durations), "durations", 0)
    event = numbers(np.asarray(list(lost), float), "lost", 0, 1)
    group = np.full(len(t), "all", object) if by is None else np.asarray(list(by), object)
    if not len(t) == len(event) == len(group) or len(t) == 0:
        raise ValueError(
            f"durations, lost and by have {len(t)}, {len(event)} and {len(group)} entries; "
            "need equally many, at least one."
        )
    if pd.isna(group).any():
        raise ValueError(f"by is missing for {int(pd.isna(group).sum())} customers.")
    codes, names = pd.factorize(group, sort=True)
    ends = [t[codes == i].max() for i in range(len(names))]
    until = min(ends) if horizon is None else number(horizon, "horizon", 0, open_low=True)
    if until > min(ends):
        raise ValueError(
            f"horizon {until:g} is beyond the {min(ends):g} for which "
            f"{names[int(np.argmin(ends))]!r} was observed."
        )
    z = stats.norm.ppf(0.5 + confidence / 2)
    rows, curves = [], []
    for i in range(len(names)):
        mine = codes == i
        with _quiet():
            fit = lifelines.KaplanMeierFitter(alpha=1 - confidence).fit(t[mine], event[mine])
            band = fit.confidence_interval_survival_function_
            median_low, median_high = utils.median_survival_times(band).to_numpy().ravel()
        events = fit.event_table
        curve = pd.DataFrame(
            {"survival": fit.survival_function_.iloc[:, 0], "low": band.iloc[:, 0],
             "high": band.iloc[:, 1], "at_risk": events["at_risk"].astype(int)}
        )  # fmt: skip
        gone = events["observed"] > 0
        mean, se = restricted_mean(
            events.index[gone].to_numpy(float), curve.loc[gone, "survival"].to_numpy(),
            events.loc[gone, "at_risk"].to_numpy(float),
            events.loc[gone, "observed"].to_numpy(float),
            until,
        )  # fmt: skip
        rows.append({
            "customers": int(mine.sum()), "lost": int(event[mine].sum()),
            "median": float(fit.median_survival_time_), "median_low": float(median_low),
            "median_high": float(median_high), "mean": mean, "low": mean - z * se,
            "high": mean + z * se,
        })  # fmt: skip
        curves.append(curve)
    chi_square = p = float("nan")
    if len(names) > 1:
        with _quiet():
            test = tests.multivariate_logrank_test(t, codes, event)
        chi_square, p = float(test.test_statistic), float(test.p_value)
    return Survival(
        pd.DataFrame(rows, pd.Index(names, name="group")),
        pd.concat(curves, keys=list(names), names=["group", "time"]),
        float(until), chi_square, p,
    )  # fmt: skip


@dataclass(frozen=True, repr=False)
class HazardRatios(Result):
    """Effects on the hazard of leaving, and whether they hold over the whole time.

    Attributes
    ----------
    table : DataFrame
        A row a covariate: `coefficient`, `se`, `hazard ratio` with `low` and `high`, `p`, and
        `p proportional`: how well the residuals fit an effect that does not change with time. A
        small one says that it does.
    concordance : float
        Chance that of two customers the one with the higher risk leaves first: 0.5 is guessing.
    model : lifelines.CoxPHFitter
        For everything else lifelines has.
    """

    table: pd.DataFrame
    concordance: float
    model: Any

    @property
    def _title(self) -> str:  # type: ignore[override]
        lost = int(self.model.event_observed.sum())
        return (
            f"{lost:,} losses among {len(self.model.event_observed):,} customers, "
            f"concordance {self.concordance:.2f}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the table of covariates."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the ratios with their intervals, on a log scale."""
        from crmlib.plots import dots

        ax = dots(self.table, ax, value="hazard ratio", reference=1.0)
        ax.set_xscale("log")
        ax.set_xlabel("hazard ratio")
        return ax


def hazard_ratios(
    customers: pd.DataFrame,
    duration: str,
    lost: str,
    covariates: Sequence[str] | None = None,
    *,
    strata: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> HazardRatios:
    """Fit Cox's proportional hazards and check them.

    Fit (Efron's ties) and test are lifelines'; the test is of the scaled Schoenfeld residuals
    against the rank of time (Grambsch and Therneau 1994).

    Parameters
    ----------
    customers : DataFrame
        A row a customer.
    duration, lost : str
        Columns with the time observed, and whether it ended with a loss.
    covariates : sequence of str, optional
        Numeric or boolean columns, categories (their first level is the reference) or texts; all
        others by default.
    strata : sequence of str, optional
        Columns whose groups have a baseline of their own: for a covariate whose effect is not
        proportional.
    confidence : float
        Of the intervals.

    Returns
    -------
    HazardRatios

    Raises
    ------
    ValueError
        A column is missing, holds gaps or one value only, or nobody was lost.
    ImportError
        lifelines is not installed.

    References
    ----------
    Cox, D. R. (1972). Regression models and life-tables. Journal of the Royal Statistical
    Society B 34. Grambsch, P. M. and Therneau, T. M. (1994). Proportional hazards tests and
    diagnostics based on weighted residuals. Biometrika 81.

    Examples
    --------
    >>> months = [1, 2, 3, 4, 5, 6, 7, 8]
    >>> young = [1, 1, 0, 1, 0, 1, 0, 0]
    >>> customers = pd.DataFrame({"months": months, "lost": True, "young": young})
    >>> fit = hazard_ratios(customers, "months", "lost")
    >>> bool(fit.table.loc["young", "hazard ratio"] > 1)
    True
    """
    lifelines = optional("lifelines", "analysis")
    tests = optional("lifelines.statistics", "analysis")
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    frame = as_frame(customers, "customers")
    layers = list(strata or [])
    others = [str(c) for c in frame if c not in {duration, lost, *layers}]
    names = others if covariates is None else list(covariates)
    require_columns(frame, [duration, lost, *names, *layers], "customers")
    if not names:
        raise ValueError("covariates is empty: name at least one column.")
    used = frame[[duration, lost, *names, *layers]]
    gaps = [c for c in used if used[c].isna().any()]
    if gaps:
        raise ValueError(f"customers: column {listed(gaps)} has missing values.")
    flat = [c for c in names if (used[c] == used[c].iloc[0]).all()]
    if flat:
        raise ValueError(f"customers: column {listed(flat)} has one value only.")
    if not used[lost].astype(float).sum() > 0:
        raise ValueError(f"customers: nobody was lost, {lost!r} is never true.")
    coded = pd.get_dummies(used[names], drop_first=True, dtype=float).astype(float)
    effects = list(coded.columns)
    coded[[duration, lost]] = used[[duration, lost]].astype(float)
    coded[layers] = used[layers]
    model = lifelines.CoxPHFitter(alpha=1 - confidence)
    with _quiet():
        model.fit(coded, duration, lost, strata=layers or None)
        check = tests.proportional_hazard_test(model, coded, time_transform="rank")
    fit = model.summary.loc[effects]
    bounds = np.exp(model.confidence_intervals_.loc[effects].to_numpy())
    table = pd.DataFrame(
        {"coefficient": fit["coef"], "se": fit["se(coef)"], "hazard ratio": fit["exp(coef)"],
         "low": bounds[:, 0], "high": bounds[:, 1], "p": fit["p"],
         "p proportional": check.summary.loc[effects, "p"]}
    )  # fmt: skip
    return HazardRatios(table.rename_axis("covariate"), float(model.concordance_index_), model)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep from users what lifelines and pandas have to settle between them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Starting with pandas version")
        yield
