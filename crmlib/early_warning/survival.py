"""When, not only whether: time to churn from a survival model, and alarms with a lead time.

A proportional-hazards model learns from customers at a month of the past how long each stayed
after it. Who is still there at the last month known is censored, not kept for good.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib._checks import listed, number, optional, require_columns
from crmlib._result import Result
from crmlib.early_warning.indicators import Base
from crmlib.early_warning.labels import next_event, notice_delay
from crmlib.early_warning.panel import losses, tables_of
from crmlib.early_warning.scoring import Scorer

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def durations(panel: pd.DataFrame, tables: Any, base: Base, known_by: int) -> pd.DataFrame:
    """Return how long each customer stayed after the month judged, as far as is known.

    Parameters
    ----------
    panel : DataFrame
        With the customer and ``month``.
    tables : mapping of DataFrame, or an operator
        The CRM tables by name.
    base : Base
        Names the table of losses.
    known_by : int
        The month in which the question is asked. Customers whose loss is not known by then have
        been seen up to it, less the delay with which losses are noticed.

    Returns
    -------
    DataFrame
        Index of the panel: ``months`` (from the month judged to the loss, or to the last month
        seen) and ``lost`` (whether it ends with a loss). Missing where nothing was seen.

    Examples
    --------
    >>> churn = pd.DataFrame({"customer_id": [1], "month": [5]})
    >>> panel = pd.DataFrame({"customer_id": [1, 2], "month": [3, 3]})
    >>> durations(panel, {"churn": churn}, Base(), known_by=8).to_numpy().tolist()
    [[2.0, 1.0], [5.0, 0.0]]
    """
    require_columns(panel, [base.customer, "month"], "panel")
    delay = notice_delay(base, tables, known_by)
    seen = losses(base, tables_of(tables))
    seen = seen[seen["noticed"] <= known_by]
    # Losses of the last months are only partly noticed yet; they would tell of bad luck only.
    last = known_by - delay
    month = panel["month"].to_numpy(float)
    event = next_event(panel, seen[seen["event"] <= last], base.customer)
    gone = next_event(panel, seen, base.customer) == month
    lost = event > month
    until = np.where(lost, event, last) - month
    nothing = gone | (until <= 0)
    return pd.DataFrame(
        {
            "months": np.where(nothing, np.nan, until),
            "lost": np.where(nothing, np.nan, lost),
        },
        index=panel.index,
    )


@dataclass(frozen=True, repr=False)
class TimeToChurn(Result):
    """When each customer is expected to leave.

    Attributes
    ----------
    table : DataFrame
        One row a customer: ``within_1`` ... ``within_h``, the chance to be lost within so many
        months; ``crossing``, the first month ahead in which that chance reaches the level
        (missing if it does not); ``alarm``, whether that is within the notice.
    level : float
        Chance of loss that is too much.
    notice : int
        Months the departments need.
    """

    table: pd.DataFrame
    level: float
    notice: int

    @property
    def _title(self) -> str:  # type: ignore[override]
        n = int(self.table["alarm"].sum())
        return f"{n} customers reach a {self.level:.0%} chance of loss within {self.notice} months"

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the mean chance of loss by month ahead: of those in alarm, and of all."""
        from matplotlib.ticker import MaxNLocator

        from crmlib.plots import as_percent, lines

        chances = self.table.filter(regex=r"^within_\d+$")
        months = pd.Index([int(str(c).partition("_")[2]) for c in chances], name="months ahead")
        mean = {"all customers": chances.mean().to_numpy()}
        if self.table["alarm"].any():
            mean["in alarm"] = chances[self.table["alarm"]].mean().to_numpy()
        ax = as_percent(lines(pd.DataFrame(mean, index=months), ax))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_ylabel("chance of loss")
        return ax


class SurvivalAlarm:
    """Time-to-churn alarms from a proportional-hazards model (Cox, fitted by lifelines).

    Parameters
    ----------
    scorer : Scorer
        Scores the indicators 0 to 1, so that one unit of each means the same; the missing count
        as middling.
    penalizer : float
        Ridge penalty; with many related indicators some is needed.
    sample : int
        Customers learned from at most, drawn by chance.
    random_state : int
        Seed of the sample.

    Attributes
    ----------
    model_ : lifelines.CoxPHFitter
    names_ : list of str
        The indicators used: those that vary.

    References
    ----------
    Cox, D. R. (1972). Regression models and life-tables. Journal of the Royal Statistical
    Society B 34.

    Examples
    --------
    >>> from crmlib.data import simulate
    >>> from crmlib.early_warning import IndicatorSystem, measure
    >>> op = simulate(customers=800, months=12, random_state=1)
    >>> system = IndicatorSystem.builtin().only(["tenure", "term_left", "incidents"])
    >>> past, now = measure(system, op, [6]), measure(system, op, [12])
    >>> alarm = SurvivalAlarm(Scorer.fit(past, system)).fit(past, op, known_by=12)
    >>> alarm.predict(now, months=3).table["within_3"].between(0, 1).all().item()
    True
    """

    def __init__(
        self,
        scorer: Scorer,
        *,
        penalizer: float = 0.01,
        sample: int = 20_000,
        random_state: int = 0,
    ) -> None:
        self.scorer = scorer
        self.penalizer = number(penalizer, "penalizer", 0)
        self.sample = int(number(sample, "sample", 10))
        self.random_state = random_state

    def fit(self, panel: pd.DataFrame, tables: Any, known_by: int) -> SurvivalAlarm:
        """Learn from customers at past months and how long they stayed.

        Parameters
        ----------
        panel : DataFrame
            From `measure`; one month is enough, of several the
            rows of a customer count as if they were different customers.
        tables : mapping of DataFrame, or an operator
            The CRM tables by name.
        known_by : int
            As in `durations`.

        Raises
        ------
        ValueError
            Nobody was lost in the time seen.
        """
        lifelines = optional("lifelines", "analysis")
        known = durations(panel, tables, self.scorer.system.base, known_by)
        rows = np.flatnonzero(known["months"].notna())
        if len(rows) > self.sample:
            rng = np.random.default_rng(self.random_state)
            rows = np.sort(rng.choice(rows, self.sample, replace=False))
        frame = self._features(panel.iloc[rows])
        self.names_ = [str(name) for name in frame.columns[frame.std() > 1e-2]]
        if not self.names_:
            raise ValueError("No indicator varies between the customers learned from.")
        known = known.iloc[rows].reset_index(drop=True)
        if not known["lost"].sum() > 0:
            raise ValueError(
                f"Nobody was lost between month {panel['month'].min()} and {known_by}, as far as "
                "was known then."
            )
        frame = frame[self.names_].reset_index(drop=True).join(known)
        self.model_ = lifelines.CoxPHFitter(penalizer=self.penalizer)
        with _quiet():
            self.model_.fit(frame, "months", "lost")
        return self

    def _features(self, panel: pd.DataFrame) -> pd.DataFrame:
        return self.scorer.scores(panel).fillna(0.5)

    def predict(
        self, panel: pd.DataFrame, *, months: int = 6, level: float = 0.1, notice: int | None = None
    ) -> TimeToChurn:
        """Say when each customer is expected to leave.

        Parameters
        ----------
        panel : DataFrame
            Customers now.
        months : int
            Months ahead; not further than the model has seen.
        level : float
            Chance of loss that is too much, 0 to 1.
        notice : int, optional
            Months the departments need to act: an alarm for those who reach the level within
            them. All `months` by default.

        Returns
        -------
        TimeToChurn
        """
        if not hasattr(self, "model_"):
            raise ValueError("This SurvivalAlarm has not learned yet: call fit first.")
        base = self.model_.baseline_cumulative_hazard_.iloc[:, 0]
        number(months, "months", 1, float(base.index.max()))
        number(level, "level", 0, 1)
        need = months if notice is None else int(number(notice, "notice", 1, months))
        # H(t | x) = H0(t) exp((x - mean) b); the baseline steps at the months seen.
        ahead = np.arange(1, months + 1)
        steps = base.to_numpy()[np.searchsorted(base.index.to_numpy(), ahead, side="right") - 1]
        with _quiet():
            partial = self.model_.predict_partial_hazard(self._features(panel)[self.names_])
        chance = -np.expm1(-np.outer(partial.to_numpy(), steps))
        over = chance >= level
        crossing = np.where(over.any(axis=1), over.argmax(axis=1) + 1.0, np.nan)
        customer = self.scorer.system.base.customer
        table = pd.DataFrame(
            chance, index=pd.Index(panel[customer], name=customer), columns=_within(months)
        )
        table["crossing"] = pd.array(crossing, dtype="Float64").astype("Int64")
        table["alarm"] = np.nan_to_num(crossing, nan=np.inf) <= need
        return TimeToChurn(table, level, need)

    def __repr__(self) -> str:
        names = getattr(self, "names_", None)
        return f"SurvivalAlarm({'not fitted' if names is None else listed(names)})"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep from users what lifelines and pandas have to settle between them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Starting with pandas version")
        yield


def _within(months: int) -> list[str]:
    return [f"within_{k}" for k in range(1, months + 1)]
