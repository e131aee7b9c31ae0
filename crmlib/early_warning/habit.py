"""The control chart as a threshold: an alarm for leaving the band of one's own habit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from crmlib._checks import number, one_of, require_columns, whole
from crmlib.early_warning.control import control_charts
from crmlib.early_warning.indicators import Base
from crmlib.early_warning.panel import month_numbers, tables_of


@dataclass(frozen=True)
class ControlChart:
    """Alarm where a customer falls below the band of the own habit, whatever the risk says.

    `EarlyWarning` adds the column ``chart`` for it: how far the customer's chart has gone on the
    way to its limit, 1 at the limit. It is the chart as it stood at the end of the month judged.

    Attributes
    ----------
    variable : str
        What is watched: a column of the table of customers by month, such as ``bill``.
    kind : {'ewma', 'cusum'}
        See `control_charts`.
    baseline : int
        Months a habit is learned from; who has fewer gets no alarm.
    limit : float or None
        The EWMA limit, in standard deviations of the average, or the CUSUM's, in standard
        deviations; by default 3 and 5.
    cases : int or None
        Alarms a month at most: those farthest out. No limit by default.

    Examples
    --------
    >>> ControlChart(cases=1).decide([0.8, 1.1, 1.4], [9, 9, 9]).tolist()
    [False, False, True]
    """

    variable: str = "bill"
    kind: str = "ewma"
    baseline: int = 6
    limit: float | None = None
    cases: int | None = None

    by = "chart"

    def __post_init__(self) -> None:
        one_of(self.kind, ("ewma", "cusum"), "kind")
        whole(self.baseline, "baseline", 2)
        if self.limit is not None:
            number(self.limit, "limit", 0, open_low=True)
        if self.cases is not None:
            whole(self.cases, "cases", 0)

    def fit(self, risk: ArrayLike) -> ControlChart:  # noqa: ARG002
        """Learn nothing from risks: every customer's own first months set the band."""
        return self

    def decide(self, risk: ArrayLike, value: ArrayLike) -> NDArray[np.bool_]:  # noqa: ARG002
        """Alarm beyond the limit; `risk` is the column ``chart`` here."""
        out = np.nan_to_num(np.asarray(risk, float), nan=0.0)
        alarm: NDArray[np.bool_] = out > 1
        if self.cases is not None:
            first = np.argsort(-out, kind="stable")[: self.cases]
            alarm &= np.isin(np.arange(len(out)), first)
        return alarm

    def position(self, panel: pd.DataFrame, tables: Any, base: Base) -> NDArray[np.float64]:
        """Return how far each row's chart has gone on the way to its limit; 1 is the limit.

        Parameters
        ----------
        panel : DataFrame
            With the customer and ``month``: the months judged.
        tables : mapping of DataFrame, or an operator
            The CRM tables by name.
        base : Base
            Names the table of customers by month.

        Returns
        -------
        array of float, one entry a row
            Missing where there is no habit yet, or nothing to compare with it.
        """
        frame = tables_of(tables)[base.table]
        require_columns(frame, [base.customer, base.month, self.variable], base.table)
        history = pd.DataFrame(
            {
                base.customer: frame[base.customer].to_numpy(),
                "month": month_numbers(frame[base.month], f"{base.table}.{base.month}"),
                self.variable: frame[self.variable].to_numpy(float),
            }
        )
        # No chart needs what comes after the last month judged.
        history = history[history["month"] <= panel["month"].max()]
        limits = {} if self.limit is None else {_LIMIT[self.kind]: self.limit}
        charts = control_charts(
            history,
            self.variable,
            self.kind,
            customer=base.customer,
            baseline=self.baseline,
            **limits,  # type: ignore[arg-type]
        )
        wide = charts.position
        row = wide.index.get_indexer(pd.Index(panel[base.customer]))
        column = wide.columns.get_indexer(pd.Index(panel["month"].astype(int)))
        found: NDArray[np.float64] = np.where(
            (row >= 0) & (column >= 0), wide.to_numpy()[row, column], np.nan
        )
        return found


_LIMIT = {"ewma": "limit", "cusum": "interval"}
