"""What a prediction is judged by. Each metric takes the classes, the chances and the test table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn import metrics as sk

from crmlib._checks import number, numbers

if TYPE_CHECKING:
    from crmlib.experiments.declare import Table

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """A measure of predictions.

    Attributes
    ----------
    compute : callable
        Takes classes (bool), chances of leaving, and the table of test rows; returns a number.
    higher_is_better : bool
        Which way is up.
    unit : str
        For tables.
    rests_on : tuple of str
        Modules that compute it; where one changes, cached results are computed anew.
    """

    compute: Callable[[Any, Floats, Table | None], float]
    higher_is_better: bool = True
    unit: str = ""
    rests_on: tuple[str, ...] = ("sklearn.metrics",)


def top_lift(y_true: npt.ArrayLike, y_score: npt.ArrayLike, share: float = 0.1) -> float:
    """Return the churn rate among the highest scores over that of all.

    Parameters
    ----------
    y_true : array-like of shape (n_customers,)
        1 or True for churners.
    y_score : array-like of shape (n_customers,)
        Higher means likelier to churn.
    share : float
        Share of customers at the top.

    Returns
    -------
    float
        1 is no better than chance. Customers tied at the border count in proportion, so that
        the order of rows does not matter.

    Raises
    ------
    ValueError
        If scores are missing or nobody churned.

    Examples
    --------
    >>> top_lift([1, 0, 0, 0, 1, 0, 0, 0, 0, 0], [0.9, 0.1, 0.2, 0.3, 0.9, 0, 0, 0, 0, 0])
    5.0
    """
    score = numbers(y_score, "y_score")
    y = np.asarray(y_true, dtype=float)
    top = number(share, "share", 0, 1, open_low=True) * len(y)
    if not y.any():
        raise ValueError("Nobody churned: a lift needs churners.")
    border = np.sort(score)[::-1][int(np.ceil(top)) - 1]
    above, tied = score > border, score == border
    found = y[above].sum() + y[tied].mean() * (top - above.sum())
    return float(found / top / y.mean())


def _log_loss(y: Any, p: Floats, _: Table | None) -> float:
    # Chances of 0 and 1 are pulled in by a millionth: a tree's pure leaves would cost infinity.
    return float(sk.log_loss(y, np.clip(p, 1e-6, 1 - 1e-6), labels=[False, True]))


def _calibration(y: Any, p: Floats, _: Table | None) -> float:
    from crmlib.bayes import reliability

    return reliability(np.asarray(y).astype(int), p).calibration_error


def _mp(y: Any, p: Floats, _: Table | None) -> float:
    from crmlib.profit import mp_score

    return mp_score(y, p)


def _emp(y: Any, p: Floats, _: Table | None) -> float:
    from crmlib.profit import emp_score

    return emp_score(y, p)


def _savings(y: Any, p: Floats, table: Table | None) -> float:
    from crmlib.profit import savings

    return savings(y, p, _costs(table))


def _savings_at_half(y: Any, p: Floats, table: Table | None) -> float:
    from crmlib.profit import savings

    return savings(y, p, _costs(table), threshold=0.5)


def _qini(y: Any, p: Floats, table: Table | None) -> float:
    return float(_curve(y, p, table).qini)


def _auuc(y: Any, p: Floats, table: Table | None) -> float:
    return float(_curve(y, p, table).auuc)


def _curve(y: Any, p: Floats, table: Table | None) -> Any:
    from crmlib.recovery import lift_curve

    if table is None or table.treatment is None:
        raise ValueError("Qini and AUUC need to know who got the offer: give the Table treatment.")
    return lift_curve(np.asarray(y).astype(int), table.treatment.to_numpy(), p)


def _costs(table: Table | None) -> Any:
    if table is None or table.costs is None:
        raise ValueError("savings need the costs of the four outcomes: give the Table costs.")
    return table.costs


_MONEY = ("crmlib.profit",)
_LIFT = ("crmlib.recovery.targeting",)

#: The measures experiments name.
METRICS = {
    "AUC": Metric(lambda y, p, _: float(sk.roc_auc_score(y, p))),
    "AUPRC": Metric(lambda y, p, _: float(sk.average_precision_score(y, p))),
    "log loss": Metric(_log_loss, False, "nats"),
    "Brier": Metric(lambda y, p, _: float(np.mean((p - np.asarray(y)) ** 2)), False),
    "calibration error": Metric(_calibration, False, rests_on=("crmlib.bayes.reliability",)),
    "top-decile lift": Metric(lambda y, p, _: top_lift(y, p)),
    "MP": Metric(_mp, unit="money per customer", rests_on=_MONEY),
    "EMP": Metric(_emp, unit="money per customer", rests_on=_MONEY),
    "savings": Metric(_savings, unit="share of cost", rests_on=_MONEY),
    "savings at 0.5": Metric(_savings_at_half, unit="share of cost", rests_on=_MONEY),
    "Qini": Metric(_qini, unit="outcomes per customer", rests_on=_LIFT),
    "AUUC": Metric(_auuc, unit="outcomes per customer", rests_on=_LIFT),
    "accuracy": Metric(lambda y, p, _: float(sk.accuracy_score(y, p > 0.5))),
    "error": Metric(lambda y, p, _: float(1 - sk.accuracy_score(y, p > 0.5)), False),
    "precision": Metric(lambda y, p, _: float(sk.precision_score(y, p > 0.5, zero_division=0.0))),
    "recall": Metric(lambda y, p, _: float(sk.recall_score(y, p > 0.5))),
    "F1": Metric(lambda y, p, _: float(sk.f1_score(y, p > 0.5, zero_division=0.0))),
}
