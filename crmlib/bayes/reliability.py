"""Do the probabilities mean what they say? Reliability tables, calibration error and log loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib._checks import number
from crmlib._result import Result
from crmlib.plots import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Reliability(Result):
    """Predicted against observed rates, in bins of equal numbers of rows.

    Parameters
    ----------
    table : DataFrame
        rows, mean predicted probability, observed rate; low and high end of the rate's 95 %
        Wilson interval.
    calibration_error : float
        Mean distance between predicted and observed, weighed by rows (the expected calibration
        error of Naeini, Cooper & Hauskrecht 2015, in bins of equal rows).
    log_loss : float
        Mean of -log of the probability given to what happened, in nats.
    brier : float
        Mean squared distance between probability and outcome.

    Examples
    --------
    >>> found = reliability([0, 0, 1, 1], [0.2, 0.2, 0.9, 0.9], n_bins=2)
    >>> round(found.calibration_error, 2), round(found.brier, 3)
    (0.15, 0.025)
    """

    table: pd.DataFrame
    calibration_error: float
    log_loss: float
    brier: float

    @property
    def _title(self) -> str:  # type: ignore[override]
        return (
            f"Calibration error {self.calibration_error:.3f}, log loss {self.log_loss:.3f}, "
            f"Brier score {self.brier:.3f}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the bins: rows, predicted, observed, low, high.

        Examples
        --------
        >>> found = reliability([0, 0, 1, 1], [0.2, 0.2, 0.9, 0.9], n_bins=2)
        >>> found.to_frame()["observed"].tolist()
        [0.0, 1.0]
        """
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw observed against predicted; a calibrated model lies on the diagonal.

        Examples
        --------
        >>> found = reliability([0, 0, 1, 1], [0.2, 0.2, 0.9, 0.9], n_bins=2)
        >>> len(found.plot().collections)
        1
        """
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(4.6, 4.4))
        predicted, observed = self.table["predicted"], self.table["observed"]
        ax.plot([0, 1], [0, 1], color=PALETTE["gray"], linewidth=1, linestyle="--")
        ax.vlines(predicted, self.table["low"], self.table["high"], color=PALETTE["sky"])
        ax.plot(predicted, observed, "o-", color=PALETTE["blue"])
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1)
        ax.set_aspect("equal")
        ax.set_xlabel("predicted probability")
        ax.set_ylabel("observed rate")
        ax.set_title(self._title, fontsize="small")
        return ax


def reliability(y: Any, probability: Any, positive: Any = None, n_bins: int = 10) -> Reliability:
    """Compare predicted probabilities with what happened.

    Networks that count evidence twice (naive, tree-augmented) push probabilities to the ends.
    ``sklearn.calibration.CalibratedClassifierCV(BayesNetClassifier(...), method="isotonic")``
    (or ``"sigmoid"`` for few rows) repairs the probabilities and leaves the ranking nearly alone.

    Parameters
    ----------
    y : array of shape (n_rows,)
        What happened: classes, or truth values.
    probability : array of shape (n_rows,)
        Predicted probability of `positive`.
    positive : class, optional
        The second of the two classes by default.
    n_bins : int
        Bins of equal numbers of rows; rows of equal probability stay together.

    Returns
    -------
    Reliability

    Raises
    ------
    ValueError
        If lengths differ, a probability is outside [0, 1], or y has not two classes and
        `positive` is not given.

    Examples
    --------
    >>> found = reliability([0, 0, 1, 1], [0.2, 0.2, 0.9, 0.9], n_bins=2)
    >>> found.to_frame()[["rows", "predicted", "observed"]]
       rows  predicted  observed
    0     2        0.2       0.0
    1     2        0.9       1.0
    """
    happened = np.asarray(y)
    predicted = np.asarray(probability, dtype=np.float64)
    if happened.ndim != 1 or happened.shape != predicted.shape or not len(happened):
        raise ValueError(
            f"y and probability must be columns of equal length, got shapes {happened.shape} and "
            f"{predicted.shape}."
        )
    if not ((predicted >= 0) & (predicted <= 1)).all():
        row = int(np.flatnonzero(~((predicted >= 0) & (predicted <= 1)))[0])
        raise ValueError(f"probability must lie in [0, 1]: it is {predicted[row]} in row {row}.")
    bins = int(number(n_bins, "n_bins", 1))
    if positive is None:
        classes = np.unique(happened)
        if len(classes) != 2:
            raise ValueError(f"y has {len(classes)} classes: say which one is positive.")
        positive = classes[1]
    outcome = happened == positive
    cuts = np.unique(np.quantile(predicted, np.arange(1, bins) / bins, method="inverted_cdf"))
    bin_of = np.searchsorted(cuts, predicted, side="left")
    _, bin_of = np.unique(bin_of, return_inverse=True)
    rows = np.bincount(bin_of)
    mean = np.bincount(bin_of, predicted) / rows
    rate = np.bincount(bin_of, outcome) / rows
    low, high = _wilson(rate, rows)
    table = pd.DataFrame(
        {"rows": rows, "predicted": mean, "observed": rate, "low": low, "high": high}
    )
    given = np.where(outcome, predicted, 1 - predicted)
    with np.errstate(divide="ignore"):
        loss = float(-np.log(given).mean())
    return Reliability(
        table,
        float((rows * np.abs(mean - rate)).sum() / rows.sum()),
        loss,
        float(((predicted - outcome) ** 2).mean()),
    )


def _wilson(rate: Any, rows: Any, z: float = 1.959963984540054) -> tuple[Any, Any]:
    """Return the Wilson interval of a rate (Wilson 1927)."""
    center = (rate + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * np.sqrt(rate * (1 - rate) / rows + z**2 / (4 * rows**2))
    return np.maximum(center - half, 0), np.minimum(center + half, 1)
