"""The iceberg: how many customers were dissatisfied for every complaint on file.

Of the dissatisfied only some say so (articulation), and of what they say only some gets a record
(registration). Stauss and Seidel call finding out how much is missing the evidence part of
complaint controlling. With N complaints on file, articulation rate a and registration rate r::

    voiced = N / r,    dissatisfied = N / (a r)

Both rates come from samples, so the part under water is known with doubt. On a log scale, with n
customers asked and m voiced complaints followed up (delta method)::

    Var(log dissatisfied) = (1 - a r)/N + (1 - a)/(n a) + (1 - r)/(m r)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from crmlib._checks import as_frame, number, require_columns
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Rate(Result):
    """A rate from a sample, with its Wilson interval.

    Attributes
    ----------
    hits, asked : int
        How many of how many.
    confidence : float
        Of the interval.

    Examples
    --------
    >>> rate = Rate(45, 180)
    >>> rate.value, round(rate.low, 4), round(rate.high, 4)
    (0.25, 0.1924, 0.318)
    """

    hits: int
    asked: int
    confidence: float = 0.95
    name: str = "rate"

    def __post_init__(self) -> None:
        asked = number(self.asked, f"{self.name}: asked", 1)
        hits = number(self.hits, f"{self.name}: hits", 0, asked)
        number(self.confidence, "confidence", 0, 1, open_low=True, open_high=True)
        if asked % 1 or hits % 1:
            raise ValueError(f"{self.name}: hits and asked must be whole numbers.")

    @property
    def _title(self) -> str:  # type: ignore[override]
        return self.name

    @property
    def value(self) -> float:
        """The share."""
        return self.hits / self.asked

    @property
    def low(self) -> float:
        """Lower end of the Wilson interval."""
        return float(self._interval().low)

    @property
    def high(self) -> float:
        """Upper end of the Wilson interval."""
        return float(self._interval().high)

    def _interval(self) -> stats._result_classes.BinomTestResult:
        test = stats.binomtest(int(self.hits), int(self.asked))
        return test.proportion_ci(self.confidence, method="wilson")

    def to_frame(self) -> pd.DataFrame:
        """Return hits, asked, rate and interval."""
        return pd.DataFrame(
            {"hits": [self.hits], "asked": [self.asked], "rate": [self.value],
             "low": [self.low], "high": [self.high]}, index=pd.Index([self.name], name="rate of"),
        )  # fmt: skip


def dissatisfied(registered: float, articulation: float, registration: float) -> float:
    """Return how many were dissatisfied: registered / (articulation x registration).

    Parameters
    ----------
    registered : float
        Complaints on file.
    articulation, registration : float
        Share of the dissatisfied who complain; share of complaints that get a record. In (0, 1].

    Returns
    -------
    float

    Examples
    --------
    >>> dissatisfied(600, articulation=0.25, registration=0.6)
    4000.0
    """
    number(registered, "registered", 0)
    for value, name in ((articulation, "articulation"), (registration, "registration")):
        number(value, name, 0, 1, open_low=True)
    return registered / (articulation * registration)


@dataclass(frozen=True, repr=False)
class Iceberg(Result):
    """How large the iceberg is, level by level, with intervals.

    Attributes
    ----------
    levels : pandas.DataFrame
        Registered, lost on the way, kept quiet, dissatisfied in all: customers, low, high.
    articulation, registration : Rate
    confidence : float
    """

    levels: pd.DataFrame
    articulation: Rate
    registration: Rate
    confidence: float
    _title = "The iceberg of complaints"

    def to_frame(self) -> pd.DataFrame:
        """Return the levels."""
        return self.levels

    @property
    def per_registered(self) -> float:
        """Dissatisfied customers for each complaint on file."""
        customers = self.levels["customers"].astype(float)
        return float(customers["dissatisfied"] / customers["registered"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the levels as bars around the water line, the quiet ones lowest."""
        from crmlib.plots import PALETTE

        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
        names = ["registered", "voiced, not registered", "not voiced"]
        width = self.levels.loc[names, "customers"].to_numpy(float)
        colors = [PALETTE["sky"], PALETTE["blue"], "#00456B"]
        ax.barh([2, 1, 0], width, left=-width / 2, color=colors, height=0.95)
        for place, name, value in zip([2, 1, 0], names, width, strict=True):
            ax.annotate(f"{name}: {value:,.0f}", (value / 2, place), (6, 0),
                        textcoords="offset points", va="center")  # fmt: skip
        ax.axhline(1.5, color=PALETTE["gray"], linestyle="--", linewidth=1)
        ax.set_yticks([])
        ax.xaxis.set_visible(False)
        ax.grid(visible=False)
        for side in ("left", "bottom"):
            ax.spines[side].set_visible(False)
        ax.margins(x=0.35)
        return ax


def iceberg(
    registered: int,
    articulation: tuple[int, int],
    registration: tuple[int, int],
    *,
    confidence: float = 0.95,
    method: str = "delta",
    draws: int = 20_000,
    random_state: int | None = 0,
) -> Iceberg:
    """Estimate how many were dissatisfied, and how sure that is.

    Parameters
    ----------
    registered : int
        Complaints on file.
    articulation : (int, int)
        Of so many dissatisfied customers asked, so many had complained: (complained, asked).
    registration : (int, int)
        Of so many voiced complaints followed up, so many had a record: (recorded, followed).
    confidence : float
        Of the intervals.
    method : {'delta', 'posterior'}
        The log-normal closed form, or draws from the posteriors of the rates (Jeffreys prior)
        and of the total given them, which also holds for small samples.
    draws : int
        Draws of 'posterior'.
    random_state : int, optional
        Seed of the draws.

    Returns
    -------
    Iceberg

    Raises
    ------
    ValueError
        If a count is impossible, or a rate of 0 leaves the size unbounded ('delta').

    Examples
    --------
    >>> iceberg(600, articulation=(50, 200), registration=(120, 200)).levels.round()
                            customers     low    high
    level
    registered                  600.0   600.0   600.0
    voiced, not registered      400.0   276.0   524.0
    not voiced                 3000.0  1948.0  4052.0
    dissatisfied               4000.0  3037.0  5268.0
    """
    from crmlib._checks import one_of

    one_of(method, ["delta", "posterior"], "method")
    a = Rate(*articulation, confidence, "articulation")
    r = Rate(*registration, confidence, "registration")
    count = number(registered, "registered", 1)
    if count % 1:
        raise ValueError(f"registered must be a whole number, got {registered!r}.")
    if method == "delta":
        levels = _delta(count, a, r, confidence)
    else:
        levels = _posterior(count, a, r, confidence, int(number(draws, "draws", 100)), random_state)
    return Iceberg(levels.rename_axis("level"), a, r, confidence)


def iceberg_by(
    table: pd.DataFrame, *, confidence: float = 0.95, method: str = "delta"
) -> pd.DataFrame:
    """Estimate the iceberg of each category: those who suffer quietly differ by what went wrong.

    Parameters
    ----------
    table : pandas.DataFrame
        A row a category: `registered`, `complained`, `asked`, `recorded`, `followed`.
    confidence, method
        As in `iceberg`.

    Returns
    -------
    pandas.DataFrame
        `registered`, `dissatisfied`, `low`, `high` and `per registered` by category.

    Examples
    --------
    >>> iceberg_by(pd.DataFrame({"registered": [300], "complained": [50], "asked": [100],
    ...     "recorded": [60], "followed": [100]}, index=["billing"])).round(1)
             registered  dissatisfied    low    high  per registered
    billing         300        1000.0  763.3  1310.2             3.3
    """
    columns = ["registered", "complained", "asked", "recorded", "followed"]
    require_columns(as_frame(table, "table"), columns, "table")
    rows = {}
    for name, row in table[columns].iterrows():
        one = iceberg(
            int(row["registered"]),
            (int(row["complained"]), int(row["asked"])),
            (int(row["recorded"]), int(row["followed"])),
            confidence=confidence,
            method=method,
        )
        whole = one.levels.loc["dissatisfied"]
        rows[name] = {
            "registered": int(row["registered"]),
            "dissatisfied": whole["customers"],
            "low": whole["low"],
            "high": whole["high"],
            "per registered": one.per_registered,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _delta(count: float, a: Rate, r: Rate, confidence: float) -> pd.DataFrame:
    for rate in (a, r):
        if rate.hits == 0:
            raise ValueError(
                f"{rate.name} is 0 of {rate.asked}: the size has no upper end. "
                "Ask more customers, or use method='posterior'."
            )
    z = stats.norm.ppf(0.5 + confidence / 2)
    p, q = a.value, r.value
    odds_a, odds_r = (1 - p) / (a.asked * p), (1 - q) / (r.asked * q)
    voiced, total = count / q, count / (p * q)
    sd_voiced = np.sqrt((1 - q) / count + odds_r)
    sd_total = np.sqrt((1 - p * q) / count + odds_a + odds_r)
    # The two parts under water are differences, so their intervals are on the plain scale.
    sd_lost = voiced * sd_voiced
    sd_quiet = voiced * np.sqrt(sd_voiced**2 * (1 / p - 1) ** 2 + odds_a / p**2
                                + (1 - p) / (p**2 * voiced))  # fmt: skip
    rows = {
        "registered": (count, count, count),
        "voiced, not registered": _around(voiced - count, z * sd_lost),
        "not voiced": _around(total - voiced, z * sd_quiet),
        "dissatisfied": (total, *(total * np.exp(np.array([-z, z]) * sd_total))),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["customers", "low", "high"])


def _around(value: float, half: float) -> tuple[float, float, float]:
    return value, max(value - half, 0.0), value + half


def _posterior(
    count: float, a: Rate, r: Rate, confidence: float, draws: int, seed: int | None
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    p = rng.beta(a.hits + 0.5, a.asked - a.hits + 0.5, draws)
    q = rng.beta(r.hits + 0.5, r.asked - r.hits + 0.5, draws)
    # Those who were not seen before the count-th success, at the chance of being seen.
    lost = rng.negative_binomial(count, q)
    quiet = rng.negative_binomial(count + lost, p)
    total = count + lost + quiet
    tails = [0.5, 0.5 - confidence / 2, 0.5 + confidence / 2]
    rows = {
        "registered": (count, count, count),
        "voiced, not registered": np.quantile(lost, tails),
        "not voiced": np.quantile(quiet, tails),
        "dissatisfied": np.quantile(total, tails),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["customers", "low", "high"])
