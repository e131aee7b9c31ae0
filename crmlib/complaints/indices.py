"""What complaint management achieves: its indices, and the return it brings.

Stauss and Seidel's complaint controlling asks for the articulation and the registration rate, the
shares of complainants who are convinced and disappointed, and what they do afterwards. Stauss and
Schoeler (2004, Managing Service Quality 14) set benefits against costs: information, attitude,
repurchase and communication benefit. The repurchase benefit is counted against what would have
happened without complaint management, not against nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib._checks import as_frame, listed, number, require_columns
from crmlib._result import Result
from crmlib.complaints.iceberg import Rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BENEFITS = ("information", "attitude", "repurchase", "communication")
NAMES_ZH = {
    "articulation": "投诉表达率",
    "registration": "投诉登记率",
    "convinced": "满意投诉者比例",
    "disappointed": "失望投诉者比例",
    "adequate answers": "有效答复率",
    "answered in time": "及时答复率",
    "follow-up complaints": "重复投诉率",
    "churn after a complaint": "投诉后流失率",
}


@dataclass(frozen=True, repr=False)
class Indices(Result):
    """Key figures of complaint handling, each a share with its interval.

    Attributes
    ----------
    table : pandas.DataFrame
        A row an index: `zh`, `hits`, `asked`, `rate`, `low`, `high`.
    """

    table: pd.DataFrame
    _title = "Complaint handling: key figures"

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the rates with their intervals."""
        from crmlib.plots import as_percent, dots

        return as_percent(dots(self.table, ax), "x")


def complaint_indices(
    complaints: pd.DataFrame,
    *,
    adequate: tuple[str, ...] = ("resolved", "partly resolved"),
    unanswered: tuple[str, ...] = ("no answer",),
    within_days: float = 15.0,
    convinced_from: float = 4.0,
    disappointed_to: float = 2.0,
    losses: pd.DataFrame | None = None,
    churn_months: int = 3,
    articulation: tuple[int, int] | None = None,
    registration: tuple[int, int] | None = None,
    confidence: float = 0.95,
) -> Indices:
    """Compute the key figures of a complaint file.

    Parameters
    ----------
    complaints : pandas.DataFrame
        A row a complaint: `customer_id`, `month`, `response`, `days_to_answer`, `rating` (missing
        where the customer gave none).
    adequate : tuple of str
        Responses that count as adequate.
    unanswered : tuple of str
        Responses that are no answer, however early the file dates them.
    within_days : float
        An answer in time takes no longer.
    convinced_from, disappointed_to : float
        Ratings from which a complainant is convinced, and up to which disappointed.
    losses : pandas.DataFrame, optional
        `customer_id` and `month` of losses, for the churn after a complaint.
    churn_months : int
        A loss counts if it comes in the month of the complaint or so many months after it.
        Complaints too near the end of the file to be followed so long are left out.
    articulation, registration : (int, int), optional
        Hits and number asked, as in `iceberg`.
    confidence : float
        Of the Wilson intervals.

    Returns
    -------
    Indices

    Raises
    ------
    ValueError
        If columns are missing, or the two rating limits overlap.

    Examples
    --------
    >>> file = pd.DataFrame({"customer_id": [1, 2, 2, 3], "month": [1, 1, 2, 2],
    ...     "response": ["resolved", "no answer", "resolved", "resolved"],
    ...     "days_to_answer": [2.0, 20.0, 3.0, 1.0], "rating": [5.0, 1.0, np.nan, 4.0]})
    >>> complaint_indices(file).table["rate"].round(3).to_dict()
    {'convinced': 0.667, 'disappointed': 0.333, 'adequate answers': 0.75,
    'answered in time': 0.75, 'follow-up complaints': 0.25}
    """
    frame = as_frame(complaints, "complaints")
    needed = ["customer_id", "month", "response", "days_to_answer", "rating"]
    require_columns(frame, needed, "complaints")
    number(disappointed_to, "disappointed_to", high=convinced_from, open_high=True)
    number(within_days, "within_days", 0)
    rated = frame["rating"].dropna()
    counts: dict[str, tuple[int, int]] = {}
    if articulation is not None:
        counts["articulation"] = articulation
    if registration is not None:
        counts["registration"] = registration
    if len(rated):
        counts["convinced"] = int((rated >= convinced_from).sum()), len(rated)
        counts["disappointed"] = int((rated <= disappointed_to).sum()), len(rated)
    n = len(frame)
    counts["adequate answers"] = int(frame["response"].isin(adequate).sum()), n
    in_time = (frame["days_to_answer"] <= within_days) & ~frame["response"].isin(unanswered)
    counts["answered in time"] = int(in_time.sum()), n
    counts["follow-up complaints"] = int(frame["customer_id"].duplicated().sum()), n
    if losses is not None:
        require_columns(losses, ["customer_id", "month"], "losses")
        counts["churn after a complaint"] = _churned(frame, losses, churn_months)
    rows = {
        name: Rate(hits, asked, confidence, name) for name, (hits, asked) in counts.items() if asked
    }
    table = pd.DataFrame.from_dict(
        {
            name: {"zh": NAMES_ZH[name], "hits": rate.hits, "asked": rate.asked,
                   "rate": rate.value, "low": rate.low, "high": rate.high}
            for name, rate in rows.items()
        },
        orient="index",
    )  # fmt: skip
    return Indices(table.rename_axis("index"))


@dataclass(frozen=True, repr=False)
class ComplaintReturn(Result):
    """What complaint management brings for what it costs.

    Attributes
    ----------
    benefits, costs : mapping of str to float
        Money by kind.
    low, high : float
        Interval of the return from the doubt in the benefits.
    chance : float
        Chance that the return is above the hurdle.
    hurdle : float
    """

    benefits: Mapping[str, float]
    costs: Mapping[str, float]
    low: float
    high: float
    chance: float
    hurdle: float

    @property
    def value(self) -> float:
        """Return on complaint management: (benefits - costs) / costs."""
        spent = sum(self.costs.values())
        return (sum(self.benefits.values()) - spent) / spent

    @property
    def _title(self) -> str:  # type: ignore[override]
        return (
            f"Return on complaint management {self.value:+.0%} ({self.low:+.0%} to "
            f"{self.high:+.0%}); above {self.hurdle:.0%} with a chance of {self.chance:.0%}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return benefits, costs (negative) and the sum."""
        rows = [("benefit", name, value) for name, value in self.benefits.items()]
        rows += [("cost", name, -value) for name, value in self.costs.items()]
        rows.append(("net", "sum", sum(row[2] for row in rows)))
        return pd.DataFrame(rows, columns=["side", "kind", "money"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw benefits and costs one after another up to the net result."""
        from crmlib.plots import PALETTE, as_money

        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
        table = self.to_frame()
        money = table["money"].to_numpy(float)
        start = np.r_[0, money[:-1].cumsum()]
        start[-1] = 0
        colors = {"benefit": PALETTE["green"], "cost": PALETTE["vermilion"], "net": PALETTE["blue"]}
        bars = ax.bar(
            range(len(table)), money, bottom=start, color=[colors[s] for s in table["side"]]
        )
        # The bars hang in the air, where autoscaling sees no reason for a margin.
        for bar in bars:
            bar.sticky_edges.y.clear()
        ax.margins(y=0.08)
        ax.axhline(0, color=PALETTE["gray"], linewidth=1)
        ax.set_xticks(range(len(table)), table["kind"], rotation=30, ha="right")
        ax.set_ylabel("money")
        return as_money(ax, unit="")


def complaint_return(
    benefits: Mapping[str, float],
    costs: Mapping[str, float],
    *,
    errors: Mapping[str, float] | None = None,
    hurdle: float = 0.0,
    confidence: float = 0.95,
    draws: int = 20_000,
    random_state: int | None = 0,
) -> ComplaintReturn:
    """Compute the return on complaint management: (benefits - costs) / costs, with its doubt.

    Parameters
    ----------
    benefits : mapping
        Money by kind: 'information', 'attitude', 'repurchase' (see `repurchase_benefit`),
        'communication'.
    costs : mapping
        Money by kind, such as 'staff', 'compensation', 'administration'.
    errors : mapping, optional
        Standard error of a benefit, in money; without one it counts as known. Drawn as normal.
    hurdle : float
        Return asked.
    confidence : float
        Of the interval.
    draws : int
        Draws of the benefits.
    random_state : int, optional
        Seed.

    Returns
    -------
    ComplaintReturn

    Raises
    ------
    ValueError
        If a benefit has an unknown name, a cost is negative, or the costs are 0 in all.

    Examples
    --------
    >>> found = complaint_return({"repurchase": 80_000, "information": 25_000},
    ...                          {"staff": 50_000, "compensation": 20_000})
    >>> round(found.value, 2)
    0.5
    """
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    number(hurdle, "hurdle")
    doubt = {} if errors is None else dict(errors)
    unknown = [name for name in (*benefits, *doubt) if name not in BENEFITS]
    if unknown:
        raise ValueError(f"benefits: {listed(unknown)} is no kind; kinds are {listed(BENEFITS)}.")
    stray = [name for name in doubt if name not in benefits]
    if stray:
        raise ValueError(f"errors: there is no benefit {listed(stray)}.")
    gains = {name: number(value, f"benefits: {name}") for name, value in benefits.items()}
    spent = {name: number(value, f"costs: {name}", 0) for name, value in costs.items()}
    if not sum(spent.values()) > 0:
        raise ValueError("costs are 0 in all: a return on nothing is not defined.")
    rng = np.random.default_rng(random_state)
    size = int(number(draws, "draws", 100))
    total = np.full(size, sum(gains.values()))
    for name, error in doubt.items():
        total = total + number(error, f"errors: {name}", 0) * rng.standard_normal(size)
    cost = sum(spent.values())
    returns = (total - cost) / cost
    low, high = np.quantile(returns, [0.5 - confidence / 2, 0.5 + confidence / 2])
    chance = float((returns > hurdle).mean())
    return ComplaintReturn(gains, spent, float(low), float(high), chance, hurdle)


def repurchase_benefit(
    cases: pd.DataFrame, *, value: str = "value", handled: str = "handled", stayed: str = "stayed"
) -> tuple[float, float]:
    """Return the margin that handling complaints kept, and its standard error.

    Complainants whose case was handled are compared with those whose case was not (lost on the
    way, or held back): sum of the handled customers' values times the difference of the shares
    that stayed. Without such a comparison every customer who would have stayed anyway would be
    booked as a success. The shares are of heads: where handling keeps the valuable better than
    the others, compute it by class of value.

    Parameters
    ----------
    cases : pandas.DataFrame
        A row a complainant.
    value, handled, stayed : str
        Columns: value at stake in money, and two of bool.

    Returns
    -------
    benefit, error : float
        Money.

    Raises
    ------
    ValueError
        If columns are missing or one of the two groups has fewer than two complainants.

    Examples
    --------
    >>> cases = pd.DataFrame({"value": 100.0, "handled": [True] * 50 + [False] * 50,
    ...                       "stayed": [True] * 45 + [False] * 5 + [True] * 40 + [False] * 10})
    >>> [round(x) for x in repurchase_benefit(cases)]
    [500, 354]
    """
    frame = as_frame(cases, "cases")
    require_columns(frame, [value, handled, stayed], "cases")
    if frame[[value, handled, stayed]].isna().any(axis=None):
        raise ValueError(f"cases must have no gaps in {listed([value, handled, stayed])}.")
    group = frame[handled].astype(bool)
    kept = frame[stayed].astype(float)
    sizes = int(group.sum()), int((~group).sum())
    if min(sizes) < 2:
        raise ValueError(f"cases has {sizes[0]} handled and {sizes[1]} other cases: need two each.")
    p, q = float(kept[group].mean()), float(kept[~group].mean())
    stake = float(frame.loc[group, value].sum())
    error = np.sqrt(p * (1 - p) / sizes[0] + q * (1 - q) / sizes[1])
    return stake * (p - q), stake * float(error)


def _churned(frame: pd.DataFrame, losses: pd.DataFrame, months: int) -> tuple[int, int]:
    window = int(number(months, "churn_months", 0))
    end = int(max(frame["month"].max(), losses["month"].max()))
    followed = frame[frame["month"] <= end - window]
    said = followed[["customer_id", "month"]].drop_duplicates()
    pairs = said.merge(losses[["customer_id", "month"]], on="customer_id", suffixes=("", "_lost"))
    gap = pairs["month_lost"] - pairs["month"]
    hit: Any = pairs[gap.between(0, window)][["customer_id", "month"]].drop_duplicates()
    return len(hit), len(said)
