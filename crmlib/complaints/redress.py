"""What makes complainants content: the three kinds of justice and what each is worth.

Satisfaction with complaint handling is regressed on distributive justice (what the customer gets),
procedural justice (how fast and how well the way there was) and interactional justice (how the
customer was treated), with their pairwise products: a remedy given rudely may be worth less. Tax,
Brown and Chandrashekaran (1998, Journal of Marketing 62(4), 60-76) tie complaint handling to these
three; in the experiment of Blodgett, Hill and Tax (1997, Journal of Retailing 73(2)) interactional
justice had the largest effect on repatronage and word of mouth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib._checks import as_frame, listed, number, optional, require_columns
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DIMENSIONS = ("distributive", "procedural", "interactional")


@dataclass(frozen=True, repr=False)
class Justice(Result):
    """Effects of the kinds of justice on an outcome.

    Attributes
    ----------
    effects : pandas.DataFrame
        A row a term: `effect` (per unit), `low`, `high`, `p`, and `per sd`: the effect of one
        standard deviation in standard deviations of the outcome.
    r_squared : float
    cases : int
        Complaints used; `dropped` had a gap.
    dropped : int
    interactions_p : float
        p value of the joint test that all products are 0; missing without products.
    outcome : str
    """

    effects: pd.DataFrame
    r_squared: float
    cases: int
    dropped: int
    interactions_p: float
    outcome: str

    @property
    def _title(self) -> str:  # type: ignore[override]
        return f"{self.outcome}: R² {self.r_squared:.2f} from {self.cases:,} complaints"

    def to_frame(self) -> pd.DataFrame:
        """Return the effects."""
        return self.effects

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the effects with their intervals."""
        from crmlib.plots import dots

        ax = dots(self.effects.drop(index="constant"), ax, value="effect", reference=0.0)
        ax.set_xlabel(f"effect of one unit on {self.outcome}")
        return ax


def justice(
    complaints: pd.DataFrame,
    outcome: str,
    dimensions: Sequence[str] = DIMENSIONS,
    *,
    interactions: bool = True,
    controls: Sequence[str] = (),
    confidence: float = 0.95,
) -> Justice:
    """Regress an outcome on the kinds of justice, by least squares with robust errors (HC3).

    The dimensions are centered before they are multiplied, so the effect of one is that at the
    average of the others.

    Parameters
    ----------
    complaints : pandas.DataFrame
        A row a complaint. Rows with a gap in the columns used are left out and counted.
    outcome : str
        Column of the outcome, such as satisfaction with the handling.
    dimensions : sequence of str
        Columns of the kinds of justice, in any unit.
    interactions : bool
        Whether to add the pairwise products.
    controls : sequence of str
        Further numeric columns, such as the severity.
    confidence : float
        Of the intervals.

    Returns
    -------
    Justice

    Raises
    ------
    ValueError
        If a column is missing, not numeric or constant, or there are too few complaints.
    ImportError
        If statsmodels is not installed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> cases = pd.DataFrame(rng.normal(size=(400, 3)), columns=list(DIMENSIONS))
    >>> cases["content"] = 0.6 * cases["interactional"] + rng.normal(size=400) / 2
    >>> justice(cases, "content").effects["effect"].drop("constant").idxmax()
    'interactional'
    """
    sm = optional("statsmodels.api", "analysis")
    number(confidence, "confidence", 0, 1, open_low=True, open_high=True)
    terms = [*dimensions, *controls]
    frame = as_frame(complaints, "complaints")
    if not terms:
        raise ValueError("dimensions is empty: name at least one column.")
    require_columns(frame, [outcome, *terms], "complaints")
    text = [c for c in (outcome, *terms) if not pd.api.types.is_numeric_dtype(frame[c])]
    if text:
        raise ValueError(f"complaints: column {listed(text)} must be numeric.")
    used = frame[[outcome, *terms]].astype(float).dropna()
    columns = len(terms) + (len(dimensions) * (len(dimensions) - 1) // 2 if interactions else 0)
    if len(used) < columns + 3:
        raise ValueError(f"complaints has {len(used)} complete rows for {columns} effects.")
    flat = [name for name in used if used[name].min() == used[name].max()]
    if flat:
        raise ValueError(f"complaints: column {listed(flat)} has one value only.")

    x = used[terms] - used[terms].mean()
    products = [f"{a} × {b}" for a, b in combinations(dimensions, 2)] if interactions else []
    for name, (a, b) in zip(products, combinations(dimensions, 2), strict=False):
        x[name] = x[a] * x[b]
    x.insert(0, "constant", 1.0)
    fit = sm.OLS(used[outcome], x).fit(cov_type="HC3")
    span = fit.conf_int(alpha=1 - confidence)
    effects = pd.DataFrame(
        {"effect": fit.params, "low": span[0], "high": span[1], "p": fit.pvalues,
         "per sd": fit.params * x.std() / used[outcome].std()}
    )  # fmt: skip
    effects.loc["constant", "per sd"] = np.nan
    joint = float("nan")
    if products:
        picks = np.array([[float(name == column) for column in x] for name in products])
        joint = float(fit.wald_test(picks, scalar=True).pvalue)
    return Justice(
        effects.rename_axis("term"), float(fit.rsquared), len(used), len(frame) - len(used),
        joint, outcome,
    )  # fmt: skip
