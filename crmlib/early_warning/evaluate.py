"""What the alarms were worth: on months after those that were learned from, against baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from crmlib._checks import number, require_columns
from crmlib._result import Result
from crmlib.early_warning.thresholds import Economics, Threshold, decided_by

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STABLE, SHIFTED = 0.10, 0.25


def choose(
    scored: pd.DataFrame,
    threshold: Threshold | Mapping[int, Threshold],
    *,
    customer: str = "customer_id",
    quiet: int = 3,
    risk: str | None = None,
) -> NDArray[np.bool_]:
    """Decide month by month who gets an alarm, leaving in peace who had one lately.

    Parameters
    ----------
    scored : DataFrame
        One row a customer and month: the customer, ``month``, the column to decide by and
        ``value``.
    threshold : Threshold, or mapping of them by month
        Decides; quiet customers are not put before it.
    customer : str
        The customer column.
    quiet : int
        Months after an alarm in which the customer gets no other.
    risk : str, optional
        The column to decide by; the threshold's own by default, which is ``risk`` for most.

    Returns
    -------
    array of bool
        One entry a row.

    Examples
    --------
    >>> from crmlib.early_warning.thresholds import Capacity
    >>> scored = pd.DataFrame({"customer_id": [1, 2, 1, 2], "month": [1, 1, 2, 2],
    ...                        "risk": [0.9, 0.1, 0.9, 0.1], "value": 1.0})
    >>> choose(scored, Capacity(1)).tolist()
    [True, False, False, True]
    """
    require_columns(scored, [customer, "month", "value"], "scored")
    number(quiet, "quiet", 0)
    alarm = np.zeros(len(scored), bool)
    who, ids = pd.factorize(scored[customer])
    last = np.full(len(ids), -np.inf)
    for month in np.unique(scored["month"].to_numpy()):
        at = np.flatnonzero(scored["month"].to_numpy() == month)
        free = at[last[who[at]] < month - quiet]
        part = scored.iloc[free]
        now = threshold[int(month)] if isinstance(threshold, Mapping) else threshold
        by = decided_by(now) if risk is None else risk
        require_columns(part, [by], "scored")
        chosen = free[now.decide(part[by].to_numpy(), part["value"].to_numpy())]
        alarm[chosen] = True
        last[who[chosen]] = month
    return alarm


@dataclass(frozen=True, repr=False)
class Evaluation(Result):
    """Alarms judged by what came of the customers.

    Attributes
    ----------
    table : DataFrame
        One row a policy. Columns: ``alarms``; ``precision``, the share of alarms followed by a
        loss within the horizon; ``base_rate``, that share among all; ``lift``, their quotient;
        ``recall``, the share of losses that had an alarm in the months before; ``too_late``,
        alarms on customers who had left unnoticed; ``lead_months``, mean months from the first
        alarm to the loss; ``repeated``, the share of alarms that were not the customer's first;
        ``alarms_per_caught``; ``cost`` and ``profit`` in money; ``cost_per_saved``.
    months : tuple of int
        The months judged.
    horizon : int
        Months within which a loss counts.
    """

    table: pd.DataFrame
    months: tuple[int, ...]
    horizon: int

    @property
    def _title(self) -> str:  # type: ignore[override]
        first, last = min(self.months), max(self.months)
        return f"Alarms of months {first} to {last}, losses within {self.horizon} months"

    def to_frame(self) -> pd.DataFrame:
        """Return the table, policies in rows."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the precision of each policy."""
        from crmlib.plots import ranked_bars

        values = self.table["precision"].rename("share of alarms followed by a loss")
        return ranked_bars(values, ax, fmt="{:.1%}".format)


def evaluate(
    scored: pd.DataFrame,
    policies: Mapping[str, ArrayLike],
    economics: Economics,
    *,
    horizon: int = 3,
    customer: str = "customer_id",
) -> Evaluation:
    """Judge policies by what came of the customers they alarmed for.

    Parameters
    ----------
    scored : DataFrame
        One row a customer and month: the customer, ``month``, ``value``, and from
        `label` ``lost``, ``event`` and ``gone``.
    policies : mapping
        By name, an array of bool: for which rows there was an alarm.
    economics : Economics
        Costs of an alarm and its success; the profit counts each caught loss once, with its
        first alarm, and the cost of every alarm.
    horizon : int
        Months after an alarm within which a loss counts as caught.
    customer : str
        The customer column.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        A column is missing, or a policy has the wrong length.

    Examples
    --------
    >>> scored = pd.DataFrame({"customer_id": [1, 2, 3], "month": 5, "value": 100.0,
    ...                        "lost": [1.0, 0.0, 1.0], "event": [7, np.nan, 6], "gone": False})
    >>> result = evaluate(scored, {"ours": [True, True, False]}, Economics(contact=5))
    >>> result.table[["precision", "recall", "lead_months", "profit"]].round(2).values.tolist()
    [[0.5, 0.5, 2.0, 20.0]]
    """
    needed = [customer, "month", "value", "lost", "event", "gone"]
    require_columns(scored, needed, "scored")
    lost = scored["lost"].to_numpy(float) == 1
    gone = scored["gone"].to_numpy(bool)
    total = len(scored.loc[lost, [customer, "event"]].drop_duplicates())
    judged = ~gone & scored["lost"].notna().to_numpy()
    base = float(lost[judged].mean()) if judged.any() else np.nan
    rows = {}
    for name, chosen in policies.items():
        alarm = np.asarray(chosen, bool)
        if alarm.shape != lost.shape:
            raise ValueError(f"{name!r} has shape {alarm.shape} for {len(scored)} rows.")
        rows[name] = _judge(scored, alarm, total, base, economics, customer)
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("policy")
    return Evaluation(table, tuple(sorted({int(m) for m in scored["month"].unique()})), horizon)


def _judge(
    scored: pd.DataFrame,
    alarm: NDArray[np.bool_],
    total: int,
    base: float,
    e: Economics,
    customer: str,
) -> dict[str, Any]:
    lost = scored["lost"].to_numpy(float) == 1
    gone = scored["gone"].to_numpy(bool)
    n = int(alarm.sum())
    hits = scored.loc[alarm & lost, [customer, "event", "month", "value"]]
    first = hits.sort_values("month", kind="stable").drop_duplicates([customer, "event"])
    caught = len(first)
    precision = float((alarm & lost).sum()) / n if n else np.nan
    stayed = n - int((alarm & (lost | gone)).sum())
    offers = e.success * caught + e.taken * stayed
    cost = e.contact * n + e.offer * offers
    saved = e.success * caught
    return {
        "alarms": n,
        "precision": precision,
        "base_rate": base,
        "lift": precision / base if base else np.nan,
        "recall": caught / total if total else np.nan,
        "too_late": int((alarm & gone).sum()),
        "lead_months": float((first["event"] - first["month"]).mean()) if caught else np.nan,
        "repeated": float(scored.loc[alarm, customer].duplicated().mean()) if n else np.nan,
        "alarms_per_caught": n / caught if caught else np.nan,
        "cost": cost,
        "profit": float(e.success * first["value"].sum() - cost),
        "cost_per_saved": cost / saved if saved else np.nan,
    }


def precision_at(risk: ArrayLike, lost: ArrayLike, capacity: int) -> float:
    """Return the share of losses among the `capacity` customers of highest risk.

    Customers of equal risk at the margin count with their mean, so that the order of the table
    does not matter.

    Parameters
    ----------
    risk : array
        Chance or score, one entry a customer; larger is worse.
    lost : array
        What came of the customer: 1 lost, 0 kept.
    capacity : int
        Customers who can be called.

    Returns
    -------
    float, 0 to 1

    Examples
    --------
    >>> precision_at([0.9, 0.8, 0.1], [1, 0, 1], 2)
    0.5
    >>> precision_at([0.5, 0.5], [1, 0], 1)
    0.5
    """
    p, y = np.asarray(risk, float), np.asarray(lost, float)
    if p.shape != y.shape or p.ndim != 1:
        raise ValueError(f"risk and lost must be lists of one length, got {p.shape}, {y.shape}.")
    k = int(number(capacity, "capacity", 1, len(p)))
    cut = np.partition(p, len(p) - k)[len(p) - k]
    above, at = p > cut, p == cut
    return float((y[above].sum() + (k - above.sum()) * y[at].mean()) / k)


def psi(reference: ArrayLike, current: ArrayLike, bins: int = 10) -> float:
    """Return the population stability index of a variable between two samples.

    PSI = sum_b (c_b - r_b) ln(c_b / r_b) with the shares of the bins, which are quantiles of the
    reference; it is the symmetric Kullback-Leibler (Jeffreys) divergence. The missing are a bin
    of their own; half a case is added to every bin, so that an empty one gives a finite value.
    Below 0.10 counts as stable, above 0.25 as shifted: conventions of credit scoring, not a test
    (Siddiqi 2017).

    Parameters
    ----------
    reference, current : array
        The variable in the sample learned from, and now.
    bins : int
        Bins of equal size in the reference; fewer where values are tied.

    Returns
    -------
    float, at least 0

    Examples
    --------
    >>> psi(range(1000), range(1000))
    0.0
    >>> psi(range(1000), range(500, 1500)) > SHIFTED
    True
    """
    ref, now = np.asarray(reference, float), np.asarray(current, float)
    if not len(ref) or not len(now):
        raise ValueError("psi needs values in both samples; one of them is empty.")
    number(bins, "bins", 2)
    known = ref[~np.isnan(ref)]
    inner = np.unique(np.quantile(known, np.arange(1, bins) / bins)) if len(known) else known
    # A bin begins above its mark; so a mass of ties ends one bin and does not open another.
    count = [
        np.bincount(
            np.where(np.isnan(x), len(inner) + 1, np.searchsorted(inner, x, side="left")),
            minlength=len(inner) + 2,
        )
        + 0.5
        for x in (ref, now)
    ]
    r, c = (n / n.sum() for n in count)
    return float(np.sum((c - r) * np.log(c / r)))


@dataclass(frozen=True, repr=False)
class Drift(Result):
    """How far indicators and risk have moved since the model learned.

    Attributes
    ----------
    table : DataFrame
        By variable: ``psi``, the verdict, and the medians then and now.
    """

    table: pd.DataFrame

    _title = "Drift since the model learned (PSI)"

    def to_frame(self) -> pd.DataFrame:
        """Return the table, the largest drift first."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the index of each variable."""
        from crmlib.plots import ranked_bars

        return ranked_bars(self.table["psi"], ax, fmt="{:.2f}".format)


def drift(reference: pd.DataFrame, current: pd.DataFrame, bins: int = 10) -> Drift:
    """Compare every variable of two samples by its population stability index.

    Parameters
    ----------
    reference, current : DataFrame
        Numeric columns; those of the reference are compared.
    bins : int
        Bins of the index.

    Returns
    -------
    Drift

    Examples
    --------
    >>> drift(pd.DataFrame({"risk": range(100)}), pd.DataFrame({"risk": range(100)})).table
              psi verdict  median_then  median_now
    variable
    risk      0.0  stable         49.5        49.5
    """
    require_columns(current, reference.columns, "current")
    rows = {}
    for name in reference.columns:
        index = psi(reference[name], current[name], bins)
        verdict = "stable" if index < STABLE else "moving" if index <= SHIFTED else "shifted"
        medians = reference[name].median(), current[name].median()
        rows[name] = [index, verdict, *medians]
    columns = ["psi", "verdict", "median_then", "median_now"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return Drift(table.rename_axis("variable").sort_values("psi", ascending=False, kind="stable"))
