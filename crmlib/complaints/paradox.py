"""The recovery paradox and double deviation, tested instead of told.

The paradox: a customer whose failure was put right very well is happier, or more loyal, than one
who never had a failure. A meta-analysis (de Matos, Henrique and Rossi 2007, Journal of Service
Research 10(1), 60-77) finds it for satisfaction, but not for repurchase intentions, word of mouth
or image. Double deviation: a failure followed by a bad answer hurts more than the failure alone.
Both are differences between groups, so they get an interval, and "no difference" must be shown by
an equivalence test (two one-sided tests, Schuirmann 1987), not by a failure to reject.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlib._checks import as_frame, listed, number, one_of, optional, require_columns
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NO_FAILURE = "no failure"
SILENT = "failure, not voiced"
RECOVERED = "recovered well"
ADEQUATE = "answered"
DOUBLE = "double deviation"
GROUPS = (NO_FAILURE, SILENT, RECOVERED, ADEQUATE, DOUBLE)


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """Groups beside a baseline group.

    Attributes
    ----------
    groups : pandas.DataFrame
        A row a group: `customers`, `mean`, `difference` from the baseline, `low`, `high` (Welch
        interval), `p` (Holm-adjusted), `equivalence p`, `verdict`.
    baseline, outcome : str
    margin : float
        Differences smaller than this do not matter; in units of the outcome.
    confidence : float
    """

    groups: pd.DataFrame
    baseline: str
    outcome: str
    margin: float
    confidence: float

    @property
    def _title(self) -> str:  # type: ignore[override]
        return f"{self.outcome} beside {self.baseline!r} (margin {self.margin:g})"

    def to_frame(self) -> pd.DataFrame:
        """Return the groups."""
        return self.groups

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the differences with their intervals inside or outside the margin."""
        from crmlib.plots import PALETTE, dots

        ax = dots(self.groups.drop(index=self.baseline), ax, value="difference", reference=0.0)
        ax.axvspan(-self.margin, self.margin, color=PALETTE["gray"], alpha=0.15, zorder=0)
        ax.set_xlabel(f"difference in {self.outcome} from {self.baseline!r}")
        return ax


def failure_groups(
    failed: ArrayLike,
    voiced: ArrayLike,
    handling: ArrayLike,
    *,
    well: float,
    poor: float,
) -> pd.Series[Any]:
    """Sort customers by what happened to them.

    Parameters
    ----------
    failed, voiced : array-like of bool
        Whether there was a failure, and whether the customer complained about it.
    handling : array-like of float
        Satisfaction with the handling, where there was one; missing elsewhere.
    well, poor : float
        From which handling a customer counts as recovered well, and up to which as double
        deviation.

    Returns
    -------
    pandas.Series
        'no failure', 'failure, not voiced', 'recovered well', 'answered' or 'double deviation';
        missing where a voiced complaint has no rating. The index of `failed`.

    Raises
    ------
    ValueError
        If lengths differ, `poor` is not below `well`, or one complained without a failure.

    Examples
    --------
    >>> failure_groups([False, True, True], [False, False, True], [np.nan, np.nan, 5],
    ...                well=4, poor=2).tolist()
    ['no failure', 'failure, not voiced', 'recovered well']
    """
    number(well, "well")
    number(poor, "poor", high=well, open_high=True)
    index = failed.index if isinstance(failed, pd.Series) else None
    hit, said = np.asarray(failed, bool), np.asarray(voiced, bool)
    grade = np.asarray(handling, float)
    if not len(hit) == len(said) == len(grade):
        raise ValueError(
            f"failed, voiced and handling have {len(hit)}, {len(said)} and {len(grade)} entries."
        )
    if (said & ~hit).any():
        raise ValueError(f"{int((said & ~hit).sum())} customers complained without a failure.")
    group = np.full(len(hit), ADEQUATE, object)
    group[said & (grade >= well)] = RECOVERED
    group[said & (grade <= poor)] = DOUBLE
    group[said & np.isnan(grade)] = None
    group[hit & ~said] = SILENT
    group[~hit] = NO_FAILURE
    return pd.Series(group, index=index, name="group", dtype=object)


def compare_groups(
    customers: pd.DataFrame,
    outcome: str,
    group: str = "group",
    *,
    baseline: str = NO_FAILURE,
    margin: float,
    confidence: float = 0.95,
) -> Comparison:
    """Compare the mean outcome of every group with that of a baseline group.

    Differences have Welch intervals; their p values are adjusted by Holm's method. The verdict is
    'higher' or 'lower' if the interval excludes 0, 'equivalent' if two one-sided tests put the
    difference inside the margin, and 'undecided' otherwise. A difference that is sure but smaller
    than the margin is 'higher, but within the margin' (or lower).

    Parameters
    ----------
    customers : pandas.DataFrame
        A row a customer. Rows without group or outcome are left out.
    outcome, group : str
        Columns. The outcome may be 0 or 1, such as staying.
    baseline : str
        The group the others are compared with.
    margin : float
        Largest difference that does not matter; choose it before you look.
    confidence : float
        Of the intervals; the equivalence test uses 1 - confidence as its level.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If columns or the baseline are missing, or a group has fewer than two customers or no
        spread at all.
    ImportError
        If statsmodels is not installed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> seen = pd.DataFrame({"group": ["no failure"] * 300 + ["recovered well"] * 300,
    ...                      "satisfaction": rng.normal(size=600) + np.repeat([0, 0.5], 300)})
    >>> compare_groups(seen, "satisfaction", margin=0.1).groups["verdict"].tolist()
    ['baseline', 'higher']
    """
    weightstats = optional("statsmodels.stats.weightstats", "analysis")
    frame = as_frame(customers, "customers")
    require_columns(frame, [outcome, group], "customers")
    number(margin, "margin", 0, open_low=True)
    alpha = 1 - number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    used = frame[[group, outcome]].dropna()
    values = {str(name): part.to_numpy(float) for name, part in used.groupby(group)[outcome]}
    one_of(baseline, values, "baseline")
    if len(values) < 2:
        raise ValueError(f"customers has only the group {listed(values)}: nothing to compare.")
    thin = [name for name, part in values.items() if len(part) < 2 or np.ptp(part) == 0]
    if thin:
        raise ValueError(f"group {listed(thin)} has fewer than two customers, or one value only.")

    names = [baseline, *sorted(set(values) - {baseline}, key=_place)]
    base = weightstats.DescrStatsW(values[baseline])
    rows = {baseline: {"customers": len(values[baseline]), "mean": base.mean,
                       "difference": 0.0}}  # fmt: skip
    for name in names[1:]:
        pair = weightstats.CompareMeans(weightstats.DescrStatsW(values[name]), base)
        low, high = pair.tconfint_diff(alpha=alpha, usevar="unequal")
        rows[name] = {
            "customers": len(values[name]),
            "mean": float(values[name].mean()),
            "difference": float(values[name].mean() - base.mean),
            "low": float(low),
            "high": float(high),
            "p": float(pair.ttest_ind(usevar="unequal")[1]),
            "equivalence p": float(pair.ttost_ind(-margin, margin, usevar="unequal")[0]),
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("group")
    table["p"] = [np.nan, *_holm(table["p"].to_numpy()[1:])]
    verdicts = [
        _verdict(alpha, *row)
        for row in table[["low", "high", "equivalence p"]].iloc[1:].itertuples(index=False)
    ]
    table["verdict"] = ["baseline", *verdicts]
    order = ["customers", "mean", "difference", "low", "high", "p", "equivalence p", "verdict"]
    return Comparison(table[order], baseline, outcome, margin, confidence)


def _holm(p: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Adjust p values by Holm's step-down method."""
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1)
    return adjusted


def _verdict(alpha: float, low: float, high: float, equivalence: float) -> str:
    inside = equivalence < alpha
    if low > 0 or high < 0:
        side = "higher" if low > 0 else "lower"
        return f"{side}, but within the margin" if inside else side
    return "equivalent" if inside else "undecided"


def _place(name: str) -> tuple[int, str]:
    return (GROUPS.index(name) if name in GROUPS else len(GROUPS), name)
