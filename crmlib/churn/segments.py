"""Segments: recency, frequency and money of customers, and how churn differs between segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from crmlib._checks import as_frame, number, numbers, one_of, optional, require_columns, whole
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class SegmentTable(Result):
    """Churn by segment, and whether the segments differ.

    Attributes
    ----------
    table : DataFrame
        A row a segment: `customers`, `share` of all, `lost`, `churn_rate` with `low` and `high`,
        `index` (100 is the overall rate), `p`: of the segment against all others, corrected for
        the number of segments (Holm).
    rate : float
        Overall churn rate.
    chi_square, p : float
        Pearson's test that all segments have one rate.
    df : int
        Its degrees of freedom.
    cramers_v : float
        Effect size, 0 (no difference) to 1: what remains of a chi-square when the number of
        customers is taken out.
    smallest_expected : float
        Smallest expected count; below 5 the test is doubtful.
    """

    table: pd.DataFrame
    rate: float
    chi_square: float
    df: int
    p: float
    cramers_v: float
    smallest_expected: float

    @property
    def _title(self) -> str:  # type: ignore[override]
        doubt = "" if self.smallest_expected >= 5 else "; some segments are too small to trust it"
        return (
            f"Churn by segment: chi-square({self.df}) = {self.chi_square:.1f}, p = {self.p:.2g}, "
            f"Cramer's V {self.cramers_v:.2f}{doubt}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the table of segments."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the rates with their intervals, the overall rate as a line."""
        from crmlib.plots import as_percent, dots

        ax = dots(self.table, ax, value="churn_rate", reference=self.rate)
        ax.set_xlabel("churn rate")
        return as_percent(ax, "x")


def segment_table(
    lost: pd.Series[Any], segment: pd.Series[Any], *, confidence: float = 0.95
) -> SegmentTable:
    """Compare churn between segments: by place, age, values, behavior, or clusters.

    Parameters
    ----------
    lost : Series of bool
        Whether each customer left.
    segment : Series
        Segment of each customer, on the same index. A category keeps its order; a missing segment
        is one of its own, ``(missing)``. For numbers take `pandas.cut` first.
    confidence : float
        Level of the Wilson intervals.

    Returns
    -------
    SegmentTable

    Raises
    ------
    ValueError
        The indexes differ, a loss is missing, there is one segment only, or all or none left.
    ImportError
        statsmodels is not installed.

    References
    ----------
    Cramer, H. (1946). Mathematical Methods of Statistics. Holm, S. (1979). A simple sequentially
    rejective multiple test procedure. Scandinavian Journal of Statistics 6.

    Examples
    --------
    >>> contract = pd.Series(["monthly"] * 100 + ["yearly"] * 100)
    >>> lost = pd.Series([True] * 40 + [False] * 60 + [True] * 10 + [False] * 90)
    >>> found = segment_table(lost, contract)
    >>> found.table["index"].tolist(), round(found.cramers_v, 3)
    ([160.0, 40.0], 0.346)
    """
    proportion = optional("statsmodels.stats.proportion", "analysis")
    multiple = optional("statsmodels.stats.multitest", "analysis")
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    if not lost.index.equals(segment.index):
        raise ValueError("lost and segment have different indexes: align them on the customer.")
    gone = numbers(lost.to_numpy(float, na_value=np.nan), "lost", 0, 1)
    named = segment.cat.remove_unused_categories() if segment.dtype == "category" else segment
    codes, names = pd.factorize(named, sort=True, use_na_sentinel=True)
    labels = [str(name) for name in names]
    if (codes < 0).any():
        codes = np.where(codes < 0, len(labels), codes)
        labels.append("(missing)")
    if len(labels) < 2:
        raise ValueError("segment has one value only: nothing to compare.")
    if gone.sum() in (0, len(gone)):
        raise ValueError("lost has one value only: all customers left, or none.")
    n = np.bincount(codes, minlength=len(labels))
    k = np.bincount(codes, weights=gone, minlength=len(labels))
    counts = np.column_stack([k, n - k])
    chi_square, p, df, expected = stats.chi2_contingency(counts, correction=False)
    low, high = proportion.proportion_confint(k, n, 1 - confidence, method="wilson")
    rate, total = gone.mean(), n.sum()
    # Adjusted residual: the segment against all the others.
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (k - n * rate) / np.sqrt(n * rate * (1 - rate) * (1 - n / total))
    single = multiple.multipletests(2 * stats.norm.sf(np.abs(z)), method="holm")[1]
    table = pd.DataFrame(
        {"customers": n, "share": n / total, "lost": k.astype(int), "churn_rate": k / n,
         "low": low, "high": high, "index": 100 * k / n / rate, "p": single},
        pd.Index(labels, name="segment"),
    )  # fmt: skip
    v = float(np.sqrt(chi_square / total))  # two columns: min(rows, columns) - 1 is 1
    return SegmentTable(
        table, float(rate), float(chi_square), int(df), float(p), v, float(expected.min())
    )


@dataclass(frozen=True, repr=False)
class RFM(Result):
    """Recency, frequency, money and length of each customer's buying.

    Attributes
    ----------
    table : DataFrame
        A row a customer: `recency` (since the last purchase), `frequency` (purchases), `money`,
        `length` (from the first purchase to the last), their scores `R`, `F`, `M`, `L` from 1 to
        `bins` (high is good: a recent purchase has a high R), `score`, the digits of R, F and M,
        and `pattern`: a capital letter where the customer is better than the mean.
    bins : int
    """

    table: pd.DataFrame
    bins: int
    _title = "Recency, frequency, money and length"

    def to_frame(self) -> pd.DataFrame:
        """Return the table of customers."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the mean money by score of recency (across) and frequency (up)."""
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1] if ax is None else ax
        grid = self.table.pivot_table(index="F", columns="R", values="money", aggfunc="mean")
        scores = range(1, self.bins + 1)
        grid = grid.reindex(index=scores, columns=scores)
        image = ax.imshow(grid.to_numpy(float), origin="lower", cmap="Blues", aspect="auto")
        ax.set_xticks(range(self.bins), [str(i) for i in scores])
        ax.set_yticks(range(self.bins), [str(i) for i in scores])
        ax.set_xlabel("recency score")
        ax.set_ylabel("frequency score")
        ax.grid(visible=False)
        ax.figure.colorbar(image, ax=ax, label="mean money")
        return ax


def rfm(
    purchases: pd.DataFrame,
    now: Any,
    *,
    customer: str = "customer_id",
    when: str = "month",
    amount: str = "amount",
    money: str = "sum",
    bins: int = 5,
) -> RFM:
    """Score customers by when they bought last, how often, for how much, and for how long.

    A score tells how many customers are no better, in fifths rounded up: 5 is the best fifth.
    Customers with the same value have the same score, so a score can hold more or fewer than its
    share: where most paid last month, most have an R of 5.

    Parameters
    ----------
    purchases : DataFrame
        A row a purchase (a bill, a top-up).
    now : number or Timestamp
        As of when; not before the last purchase.
    customer, when, amount : str
        Columns with the customer, the time (numbers, or dates: then lengths are in days) and the
        amount, in one currency.
    money : {'sum', 'mean'}
        What `money` is: all amounts of a customer, or the mean of one.
    bins : int
        Scores, 2 to 9.

    Returns
    -------
    RFM

    Raises
    ------
    ValueError
        A column is missing, a value is missing, or a purchase is later than `now`.

    References
    ----------
    Hughes, A. M. (1994). Strategic Database Marketing. The length of the relation was added by
    Reinartz, W. J. and Kumar, V. (2000). On the profitability of long-life customers in a
    noncontractual setting. Journal of Marketing 64 (as a driver), and to the scores by Chang, H.
    H. and Tsay, S. F. (2004); the last two are given from memory and were not read.

    Examples
    --------
    >>> bills = pd.DataFrame({"customer_id": [1, 1, 2], "month": [1, 6, 2], "amount": [5, 7, 40]})
    >>> rfm(bills, now=6, bins=2).table[["recency", "frequency", "money", "length", "score"]]
                 recency  frequency  money  length score
    customer_id
    1                0.0          2   12.0     5.0   221
    2                4.0          1   40.0     0.0   112
    """
    frame = as_frame(purchases, "purchases")
    require_columns(frame, [customer, when, amount], "purchases")
    one_of(money, ["sum", "mean"], "money")
    k = whole(bins, "bins", 2, 9)
    gaps = frame[[customer, when, amount]].isna().any()
    if gaps.any():
        raise ValueError(f"purchases: column {gaps.idxmax()!r} has missing values.")
    if frame[when].max() > now:
        raise ValueError(f"purchases goes on until {frame[when].max()}, after now={now}.")
    by = frame.groupby(customer, observed=True)
    first, last = by[when].min(), by[when].max()
    recency, length = now - last, last - first
    if pd.api.types.is_datetime64_any_dtype(frame[when]):
        day = np.timedelta64(1, "D")
        recency, length = (pd.Series(x.to_numpy() / day, x.index) for x in (recency, length))
    table = pd.DataFrame(
        {"recency": recency.astype(float), "frequency": by.size(),
         "money": by[amount].agg(money).astype(float), "length": length.astype(float)}
    )  # fmt: skip
    better = {"L": table["length"], "R": -table["recency"], "F": table["frequency"],
              "M": table["money"]}  # fmt: skip
    for name, values in better.items():
        table[name] = np.ceil(k * values.rank(method="max") / len(values)).astype(int)
    table["score"] = table["R"].astype(str) + table["F"].astype(str) + table["M"].astype(str)
    letters = [np.where(v > v.mean(), name, name.lower()) for name, v in better.items()]
    table["pattern"] = ["".join(row) for row in zip(*letters, strict=True)]
    order = ["recency", "frequency", "money", "length", "R", "F", "M", "L", "score", "pattern"]
    return RFM(table[order], k)
