"""The hazard of leaving in discrete time, from a table of customer-months at risk.

A row is a customer in a month he could have left. With h the chance to leave in the month,
``log(-log(1 - h)) = a + b x``: proportional hazards in continuous time, seen month by month, with
covariates that may change each month (Allison 1982, Sociological Methodology 13, 61-98). exp(b) is
a hazard ratio. Rows with the same covariates are counted together, which leaves the likelihood as
it is and makes half a million rows a matter of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib._checks import as_frame, listed, number, one_of, optional, require_columns
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class ChurnHazard(Result):
    """Effects on the hazard of leaving.

    Attributes
    ----------
    effects : pandas.DataFrame
        A row a covariate: `coefficient`, `se`, `hazard ratio` with `low` and `high`, `p`.
    baseline : float
        Monthly chance to leave with all covariates at 0.
    months, losses : int
        Customer-months at risk, and losses among them.
    link : str
    """

    effects: pd.DataFrame
    baseline: float
    months: int
    losses: int
    link: str

    @property
    def _title(self) -> str:  # type: ignore[override]
        return f"{self.losses:,} losses in {self.months:,} customer-months ({self.link} link)"

    def to_frame(self) -> pd.DataFrame:
        """Return the effects."""
        return self.effects

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the ratios with their intervals, on a log scale."""
        from crmlib.plots import dots

        ax = dots(self.effects, ax, value="hazard ratio", reference=1.0)
        ax.set_xscale("log")
        ax.set_xlabel("hazard ratio" if self.link == "cloglog" else "odds ratio")
        return ax


def churn_hazard(
    panel: pd.DataFrame,
    covariates: Sequence[str] = ("complaint", "poor_answer"),
    *,
    event: str = "lost",
    link: str = "cloglog",
    confidence: float = 0.95,
) -> ChurnHazard:
    """Fit the monthly hazard of leaving.

    Parameters
    ----------
    panel : pandas.DataFrame
        A row a customer and month at risk.
    covariates : sequence of str
        Numeric or boolean columns; they may change from month to month.
    event : str
        Column that says whether the customer left in the month. For one cause of loss, mark only
        losses of that cause: the others are then censored.
    link : {'cloglog', 'logit'}
        'cloglog' gives hazard ratios, 'logit' odds ratios.
    confidence : float
        Of the intervals.

    Returns
    -------
    ChurnHazard

    Raises
    ------
    ValueError
        If columns are missing, not numeric, with gaps or constant, or nobody (or everybody) left.
    ImportError
        If statsmodels is not installed.

    Examples
    --------
    >>> panel = pd.DataFrame({"lost": [0, 0, 0, 1] * 50 + [0, 1] * 50,
    ...                       "complaint": [0] * 200 + [1] * 100})
    >>> fit = churn_hazard(panel, ["complaint"])
    >>> round(fit.baseline, 3), round(float(fit.effects["hazard ratio"].iloc[0]), 3)
    (0.25, 2.409)
    """
    sm = optional("statsmodels.api", "analysis")
    one_of(link, ["cloglog", "logit"], "link")
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    frame = as_frame(panel, "panel")
    names = list(covariates)
    if not names:
        raise ValueError("covariates is empty: name at least one column.")
    require_columns(frame, [event, *names], "panel")
    used = frame[[event, *names]]
    text = [n for n in used if not pd.api.types.is_numeric_dtype(used[n])]
    if text:
        raise ValueError(f"panel: column {listed(text)} must be numeric.")
    gaps = [n for n in used if used[n].isna().any()]
    if gaps:
        raise ValueError(f"panel: column {listed(gaps)} has missing values.")
    if set(used[event].unique()) != {0, 1}:
        raise ValueError(f"panel: {event!r} must hold both 0 (stayed) and 1 (left).")
    flat = [n for n in names if used[n].min() == used[n].max()]
    if flat:
        raise ValueError(f"panel: column {listed(flat)} has one value only.")

    cells = used.astype(float).value_counts(sort=False).rename("rows").reset_index()
    x = sm.add_constant(cells[names], has_constant="add")
    links = sm.families.links
    family = sm.families.Binomial(links.CLogLog() if link == "cloglog" else links.Logit())
    fit = sm.GLM(cells[event], x, family=family, freq_weights=cells["rows"]).fit()
    span = fit.conf_int(alpha=1 - confidence)
    effects = pd.DataFrame(
        {"coefficient": fit.params, "se": fit.bse, "hazard ratio": np.exp(fit.params),
         "low": np.exp(span[0]), "high": np.exp(span[1]), "p": fit.pvalues}
    )  # fmt: skip
    baseline = float(family.link.inverse(fit.params["const"]))
    return ChurnHazard(
        effects.drop(index="const").rename_axis("covariate"), baseline, len(used),
        int(used[event].sum()), link,
    )  # fmt: skip
