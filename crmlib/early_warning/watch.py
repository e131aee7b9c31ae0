"""The whole early warning: learn from the past, judge a month, raise the signals, look back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone

from crmlib._checks import as_frame, listed, number, require_columns
from crmlib._result import Result
from crmlib.early_warning.evaluate import Drift, Evaluation, choose, drift, evaluate
from crmlib.early_warning.indicators import IndicatorSystem
from crmlib.early_warning.labels import label, notice_delay
from crmlib.early_warning.models import logistic
from crmlib.early_warning.panel import lay_grid, measure, tables_of
from crmlib.early_warning.scoring import Scorer
from crmlib.early_warning.signals import RouteBook, Signals, make_signals
from crmlib.early_warning.thresholds import Capacity, Economics, Threshold, decided_by

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class EarlyWarning(BaseEstimator):  # type: ignore[misc]
    """Early warning of churn: indicators, risk, thresholds, signals.

    Parameters
    ----------
    system : IndicatorSystem, optional
        What is watched; the built-in system by default.
    model : classifier, optional
        Any scikit-learn classifier with `predict_proba`. It gets a DataFrame of indicators in
        their own units, with gaps. By default logistic regression on ranks (`logistic`).
    threshold : Threshold, optional
        When a risk becomes an alarm; by default the 500 customers a month with the largest
        expected profit.
    routes : RouteBook, optional
        Severity, departments, deadlines; the built-in book by default.
    economics : Economics, optional
        What an alarm costs and earns; by default the threshold's own, if it has some.
    value : str, or Series by customer
        What is lost with a customer, in money, as the value rooms compute it; or the name of an
        indicator, taken as money a month for `value_months` months.
    value_months : int
        See `value`.
    horizon : int
        Months ahead in which a loss counts.
    history : int
        Months learned from: the latest whose outcome is known.
    quiet : int
        Months after an alarm in which the customer gets no other.
    sample : int
        Customer-months learned from at most, drawn by chance.
    random_state : int
        Seed of the sample and of the default model.

    Attributes
    ----------
    model_ : classifier
    scorer_ : Scorer
    threshold_ : Threshold
    routes_ : RouteBook
    learned_at_ : int
        The month in which it learned; nothing noticed later was seen.
    months_ : list of int
        The months learned from.
    reference_ : DataFrame
        Indicators and risk of the sample learned from, for drift.

    Examples
    --------
    >>> from crmlib.data import simulate
    >>> op = simulate(customers=1500, months=16, random_state=1)
    >>> warning = EarlyWarning(threshold=Capacity(20)).fit(op, month=16)
    >>> signals = warning.watch(op, month=16)
    >>> len(signals.frame), signals.month
    (20, 16)
    """

    def __init__(
        self,
        system: IndicatorSystem | None = None,
        *,
        model: Any = None,
        threshold: Threshold | None = None,
        routes: RouteBook | None = None,
        economics: Economics | None = None,
        value: str | pd.Series | Mapping[Any, float] = "margin",
        value_months: int = 24,
        horizon: int = 3,
        history: int = 6,
        quiet: int = 3,
        sample: int = 200_000,
        random_state: int = 0,
    ) -> None:
        self.system = system
        self.model = model
        self.threshold = threshold
        self.routes = routes
        self.economics = economics
        self.value = value
        self.value_months = value_months
        self.horizon = horizon
        self.history = history
        self.quiet = quiet
        self.sample = sample
        self.random_state = random_state

    def fit(self, tables: Any, month: int) -> Self:
        """Learn from what was known at the end of a month.

        Parameters
        ----------
        tables : mapping of DataFrame, or an operator
            The CRM tables by name.
        month : int
            Nothing that became known later is used, whatever the tables hold.

        Raises
        ------
        ValueError
            Too few months before it have a known outcome, or none of them saw a loss.
        """
        self._prepare()
        months = self._training_months(tables, month)
        panel = self._measure(tables, months)
        lost = label(panel, tables, self.system_.base, self.horizon, known_by=month)["lost"]
        return self._learn(panel, lost, month)

    def fit_panel(self, panel: pd.DataFrame, lost: ArrayLike) -> Self:
        """Learn from indicators already measured, such as a cross-section without a history.

        Parameters
        ----------
        panel : DataFrame
            One row a customer and month: the customer, ``month``, the indicators of the system,
            and, if the threshold decides by another column than ``risk``, that column.
        lost : array
            What came of each row: 1 lost, 0 kept, missing where it is not known.

        Raises
        ------
        ValueError
            A column is missing, or none of the rows was, or all were followed by a loss.
        """
        self._prepare()
        wanted = [self.system_.base.customer, "month", *self.system_.names]
        require_columns(as_frame(panel, "panel"), wanted, "panel")
        known = pd.Series(np.asarray(lost, float), panel.index)
        return self._learn(panel, known, int(panel["month"].max()))

    def _prepare(self) -> None:
        number(self.horizon, "horizon", 1)
        number(self.history, "history", 1)
        number(self.quiet, "quiet", 0)
        number(self.sample, "sample", 1)
        number(self.value_months, "value_months", 0, open_low=True)
        self.system_ = IndicatorSystem.builtin() if self.system is None else self.system
        own = getattr(self.threshold, "economics", None) or Economics()
        self.economics_ = own if self.economics is None else self.economics
        if isinstance(self.value, str) and self.value not in self.system_.names:
            raise ValueError(
                f"value names {self.value!r}, which is no indicator; give one of "
                f"{listed(self.system_.names, 30)}, or a Series of values by customer."
            )

    def _training_months(self, tables: Any, month: int) -> list[int]:
        base = self.system_.base
        grid = lay_grid(base, tables_of(tables))
        if not grid.first <= month <= grid.last:
            raise ValueError(f"month must lie from {grid.first} to {grid.last}, got {month}.")
        last = month - self.horizon - notice_delay(base, tables, month)
        months = list(range(max(grid.first, last - self.history + 1), last + 1))
        if not months:
            raise ValueError(
                f"No month before {month} has a known outcome yet: losses within {self.horizon} "
                f"months are noticed up to {notice_delay(base, tables, month)} months late, and "
                f"the records begin with month {grid.first}."
            )
        return months

    def _measure(self, tables: Any, months: Iterable[int]) -> pd.DataFrame:
        """Measure the indicators, and what the threshold decides by beside the risk."""
        panel = measure(self.system_, tables, months)
        position = getattr(self.threshold, "position", None)
        if position is None:
            return panel
        return panel.assign(**{self.threshold.by: position(panel, tables, self.system_.base)})  # type: ignore[union-attr]

    def _learn(self, panel: pd.DataFrame, outcome: pd.Series, month: int) -> Self:
        known = outcome.notna().to_numpy()
        panel, lost = panel[known], outcome[known].to_numpy(bool)
        if lost.all() or not lost.any():
            raise ValueError(
                f"Of {len(lost)} customer-months learned from, {int(lost.sum())} were followed by "
                "a loss; both outcomes are needed."
            )
        latest = panel[panel["month"] == panel["month"].max()]
        rng = np.random.default_rng(self.random_state)
        if len(panel) > self.sample:
            rows = np.sort(rng.choice(len(panel), self.sample, replace=False))
            panel, lost = panel.iloc[rows], lost[rows]
        self.scorer_ = Scorer.fit(panel, self.system_)
        features = panel[self.system_.names]
        self.model_ = self._new_model().fit(features, lost)
        risk = self._risk(features)
        base = Capacity(500, self.economics_) if self.threshold is None else self.threshold
        self.threshold_ = base.fit(risk)
        self.routes_ = self._grades(latest)
        self.learned_at_ = month
        self.months_ = sorted(int(m) for m in panel["month"].unique())
        self.reference_ = features.assign(risk=risk)
        return self

    def _grades(self, latest: pd.DataFrame) -> RouteBook:
        """Learn what is grave from the alarms there would have been in the latest month."""
        scored = latest.assign(risk=self._risk(latest[self.system_.names]))
        risk, value = scored["risk"].to_numpy(), self._values(latest)
        alarmed = self.threshold_.decide(scored[decided_by(self.threshold_)].to_numpy(), value)
        # Without a single alarm, all customers of the month have to do.
        typical = alarmed if alarmed.any() else np.ones(len(risk), bool)
        book = RouteBook.builtin() if self.routes is None else self.routes
        return book.fit(risk[typical] * value[typical])

    def _new_model(self) -> Any:
        return logistic(self.random_state) if self.model is None else clone(self.model)

    def _risk(self, features: pd.DataFrame) -> Any:
        lost = [bool(kind) for kind in self.model_.classes_].index(True)
        return np.asarray(self.model_.predict_proba(features))[:, lost]

    def _values(self, panel: pd.DataFrame) -> Any:
        if isinstance(self.value, str):
            return panel[self.value].to_numpy(float) * self.value_months
        values = pd.Series(self.value, dtype=float)
        found = values.reindex(panel[self.system_.base.customer]).to_numpy(float)
        if np.isnan(found).any():
            who = panel[self.system_.base.customer].to_numpy()[np.isnan(found)]
            raise ValueError(f"value lacks {len(who)} customers, for instance {listed(who[:3])}.")
        return found

    def score(self, tables: Any, month: int) -> pd.DataFrame:
        """Return indicators, risk, value and index of every customer at the end of a month.

        Parameters
        ----------
        tables : mapping of DataFrame, or an operator
            The CRM tables by name.
        month : int
            The month to judge.

        Returns
        -------
        DataFrame
            One row a customer: the customer, ``month``, the indicators, ``risk`` (chance to be
            lost within the horizon), ``value`` (money) and ``index`` (0 to 1).
        """
        self._learned()
        return self._score(self._measure(tables, [month]))

    def score_panel(self, panel: pd.DataFrame) -> pd.DataFrame:
        """Return risk, value and index beside indicators already measured.

        Parameters
        ----------
        panel : DataFrame
            As for `fit_panel`.

        Returns
        -------
        DataFrame
            As from `score`.
        """
        self._learned()
        wanted = [self.system_.base.customer, "month", *self.system_.names]
        require_columns(as_frame(panel, "panel"), wanted, "panel")
        return self._score(panel)

    def _score(self, panel: pd.DataFrame) -> pd.DataFrame:
        return panel.assign(
            risk=self._risk(panel[self.system_.names]),
            value=self._values(panel),
            index=self.scorer_.index(panel),
        )

    def _learned(self) -> None:
        if not hasattr(self, "model_"):
            raise ValueError("This EarlyWarning has not learned yet: call fit first.")

    def watch(self, tables: Any, month: int, recent: Collection[Any] = ()) -> Signals:
        """Raise the signals of a month.

        Parameters
        ----------
        tables : mapping of DataFrame, or an operator
            The CRM tables by name.
        month : int
            The month to judge, not before the one in which it learned.
        recent : collection of customers
            Who had an alarm lately and is left in peace; `CaseLog.recent` knows.

        Returns
        -------
        Signals
        """
        return self.signals(self.score(tables, month), recent)

    def signals(self, scored: pd.DataFrame, recent: Collection[Any] = ()) -> Signals:
        """Raise the signals of a month that has been scored.

        Parameters
        ----------
        scored : DataFrame
            From `score`: a single month.
        recent : collection of customers
            As in `watch`.
        """
        self._learned()
        months = scored["month"].unique()
        if len(months) != 1:
            raise ValueError(f"scored must hold one month, got {listed(months)}.")
        month = int(months[0])
        if month < self.learned_at_:
            raise ValueError(
                f"It learned in month {self.learned_at_}; signals of month {month} would use what "
                "was not known then. Fit it for that month."
            )
        free = scored[~scored[self.system_.base.customer].isin(set(recent))]
        by = decided_by(self.threshold_)
        require_columns(free, [by], "scored")
        alarm = self.threshold_.decide(free[by].to_numpy(), free["value"].to_numpy())
        return make_signals(free[alarm], self.scorer_, self.routes_, month=month)

    def drift(self, scored: pd.DataFrame) -> Drift:
        """Compare a scored month with the sample the model learned from."""
        self._learned()
        return drift(self.reference_, scored[self.reference_.columns])

    def backtest(
        self,
        tables: Any,
        months: Iterable[int],
        *,
        refit: int = 3,
        seeds: int = 5,
        progress: bool = False,
    ) -> Backtest:
        """Walk through past months as if they were now, and see what came of the alarms.

        Every `refit` months it learns anew from what was known then. Beside the model with its
        threshold stand four policies with as many alarms a month: the highest risks whatever the
        value, the rules of experience (the weight of the alarm values reached), the weighted
        index, and chance.

        Parameters
        ----------
        tables : mapping of DataFrame, or an operator
            The CRM tables by name.
        months : iterable of int
            Months to judge; their outcome must be known by the end of the records.
        refit : int
            Months between two fits.
        seeds : int
            Random policies to average.
        progress : bool
            Show a progress bar.

        Returns
        -------
        Backtest
        """
        from tqdm import tqdm

        self._prepare()
        number(refit, "refit", 1)
        months = sorted(set(months))
        tables = tables_of(tables)
        base, last = self.system_.base, lay_grid(self.system_.base, tables).last
        delay = notice_delay(base, tables)
        late = [m for m in months if m + self.horizon + delay > last]
        if late or not months:
            raise ValueError(
                f"months must not be empty nor later than {last - self.horizon - delay}, when the "
                f"outcome is not known yet; got {listed(late) or 'none'}."
            )
        # Measured once: a month's indicators use nothing later, whenever they are computed.
        needed = sorted({m for t in months[::refit] for m in self._training_months(tables, t)})
        panel = self._measure(tables, sorted({*needed, *months}))
        parts, drifts, thresholds = [], {}, {}
        for k, month in enumerate(tqdm(months, unit="month", disable=not progress)):
            if k % refit == 0:
                learn = self._training_months(tables, month)
                past = panel[panel["month"].isin(learn)]
                lost = label(past, tables, base, self.horizon, known_by=month)["lost"]
                self._learn(past, lost, month)
            scored = self._score(panel[panel["month"] == month])
            drifts[month] = self.drift(scored).table["psi"]
            thresholds[month] = self.threshold_
            scored["rules"] = self.scorer_.rules(scored)
            parts.append(scored.drop(columns=self.system_.names))
        scored = pd.concat(parts, ignore_index=True)
        scored = scored.join(label(scored, tables, base, self.horizon))
        return _judge_backtest(scored, thresholds, drifts, self, seeds)


@dataclass(frozen=True, repr=False)
class Backtest(Result):
    """A walk through past months.

    Attributes
    ----------
    evaluation : Evaluation
        All months together: the model, highest risks, rules, weighted index, chance.
    by_month : DataFrame
        The model's figures month by month.
    drift : DataFrame
        Population stability index of every variable (columns) by month.
    scored : DataFrame
        Every customer and month: risk, value, index, rules, alarm and what came of it.
    """

    evaluation: Evaluation
    by_month: pd.DataFrame
    drift: pd.DataFrame
    scored: pd.DataFrame

    @property
    def _title(self) -> str:  # type: ignore[override]
        return self.evaluation._title

    def to_frame(self) -> pd.DataFrame:
        """Return the policies side by side."""
        return self.evaluation.to_frame()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the precision of the alarms by month, beside the base rate."""
        from matplotlib.ticker import MaxNLocator

        from crmlib.plots import as_percent, lines

        named = {"precision": "alarms", "base_rate": "all customers"}
        table = self.by_month[list(named)].rename(columns=named)
        ax = as_percent(lines(table, ax))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_ylabel(f"lost within {self.evaluation.horizon} months")
        ax.set_ylim(bottom=0)
        return ax


def _judge_backtest(
    scored: pd.DataFrame,
    thresholds: Mapping[int, Threshold],
    drifts: Mapping[int, pd.Series],
    warning: EarlyWarning,
    seeds: int,
) -> Backtest:
    customer, economics = warning.system_.base.customer, warning.economics_
    ours = choose(scored, thresholds, customer=customer, quiet=warning.quiet)
    # The baselines get as many alarms a month, and leave customers in peace for as long.
    months = scored["month"].to_numpy()
    equal = {int(m): Capacity(int(ours[months == m].sum())) for m in np.unique(months)}

    def alarms(column: str, frame: pd.DataFrame = scored) -> Any:
        return choose(frame, equal, customer=customer, quiet=warning.quiet, risk=column)

    def judge(rows: pd.DataFrame, policies: Mapping[str, Any]) -> Evaluation:
        return evaluate(rows, policies, economics, horizon=warning.horizon, customer=customer)

    rng = np.random.default_rng(warning.random_state)
    draws = [
        judge(scored, {"random": alarms("chance", scored.assign(chance=rng.random(len(scored))))})
        for _ in range(seeds)
    ]
    chance = pd.concat([draw.table for draw in draws]).groupby(level=0).mean()
    others = {name: alarms(name) for name in ("risk", "rules", "index")}
    judged = judge(scored, {"model": ours, **others})
    table = pd.concat([judged.table, chance]).rename_axis("policy").astype({"alarms": int})
    monthly = {
        int(m): judge(scored[months == m], {"model": ours[months == m]}).table.loc["model"]
        for m in np.unique(months)
    }
    return Backtest(
        Evaluation(table, judged.months, judged.horizon),
        pd.DataFrame(monthly).T.rename_axis("month"),
        pd.DataFrame(dict(drifts)).T.rename_axis("month"),
        scored.assign(alarm=ours),
    )
