"""Whom a threshold calls and what the calls earn, on scores of a page's own."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from crmlib._checks import number, numbers
from crmlib.course.widgets.widget import Control, Widget, money, room_above

if TYPE_CHECKING:
    import pandas as pd


def threshold_widget(
    y_true: npt.ArrayLike,
    scores: Mapping[str, npt.ArrayLike] | pd.DataFrame,
    *,
    threshold: float = 0.5,
    value: float = 200.0,
    success: float = 0.3,
    incentive_cost: float = 10.0,
    contact_cost: float = 1.0,
    currency: str = "$",
) -> Widget:
    """Show who is called and what it earns as the threshold moves.

    The account is that of `crmlib.profit.churn_costs`: a called leaver is worth
    g (V - d) - c, a called stayer costs d + c. Marked are the threshold that follows from the
    costs (`cost_threshold`) and the best one in hindsight (`mp`).

    Parameters
    ----------
    y_true : array-like of shape (n_customers,)
        1 for those who left, 0 for the others.
    scores : mapping or pandas.DataFrame
        Churn chances, 0 to 1, by the name of the model that gave them.
    threshold : float
        Where the slider starts.
    value, success, incentive_cost, contact_cost : float
        V, g, d and c, as in `cost_threshold`.
    currency : str
        Unit of the amounts: a word stands behind them, a sign before.

    Returns
    -------
    Widget

    Raises
    ------
    ValueError
        If there is no model, a chance lies outside 0 to 1, labels are not 0 and 1 with both
        present, or lengths differ.

    Examples
    --------
    >>> threshold_widget([1, 1, 0, 0], {"tree": [0.9, 0.6, 0.7, 0.1]})
    Whom does a threshold call, and what does it earn?
                      threshold  called leavers found profit per customer
    model
    tree                  0.500     75%          100%              $25.25
    tree, at p*           0.164     75%          100%              $25.25
    tree, at its best     0.600     75%          100%              $25.25
    """
    import pandas as pd

    from crmlib.profit import churn_costs, cost_threshold, mp, total_cost

    models = {str(name): np.asarray(given) for name, given in scores.items()}
    if not models:
        raise ValueError("scores names no model: give a table with a column of chances for each.")
    at = number(threshold, "threshold", 0, 1)
    worth, kept = number(value, "value", 0), number(success, "success", 0, 1)
    account = {
        "incentive_cost": number(incentive_cost, "incentive_cost", 0),
        "contact_cost": number(contact_cost, "contact_cost", 0),
    }
    limit = cost_threshold(value=worth, success=kept, **account)
    rows: dict[str, list[str]] = {}
    packed = []
    for name, given in models.items():
        score = numbers(given, f"scores[{name!r}]", 0, 1)
        best = mp(y_true, score, accept_rate=kept, clv=worth, **account).threshold
        left = np.asarray(y_true, dtype=float) == 1
        costs = churn_costs(np.full(len(score), worth), success=kept, **account)
        nothing = total_cost(left, np.zeros(len(score)), costs)
        cuts = {name: at, f"{name}, at p*": limit, f"{name}, at its best": best}
        for label, cut in cuts.items():
            called = score >= cut
            profit = (nothing - total_cost(left, called, costs)) / len(score)
            shares = [f"{called.mean():.0%}", f"{called[left].mean():.0%}"]
            rows[label] = [f"{cut:.3f}", *shares, money(profit, currency)]
        packed.append({"name": name, **_pack(left, score)})
    columns = ["threshold", "called", "leavers found", "profit per customer"]
    table = pd.DataFrame(rows, index=columns).T.rename_axis("model")
    data: dict[str, Any] = {"currency": currency, "models": packed}
    title = "Whom does a threshold call, and what does it earn?"
    controls = _controls(list(models), at, worth, kept, account)
    return Widget("threshold", title, controls, table, data)


def _controls(
    names: list[str], at: float, value: float, success: float, account: dict[str, float]
) -> tuple[Control, ...]:
    top = room_above(value, 1.5, default=500.0)
    gift, contact = account["incentive_cost"], account["contact_cost"]
    gift_top = room_above(gift, 3.0, default=top / 10)
    contact_top = room_above(contact, 10.0, default=top / 20)
    sliders = (
        Control("threshold", "threshold", at, 0, 1, 0.005, "percent", "阈值"),
        Control("value", "value kept, V", value, 0, top, top / 100, "money", "客户终身价值"),
        Control("success", "chance to persuade, g", success, 0, 1, 0.01, "percent"),
        Control("gift", "gift, d", gift, 0, gift_top, gift_top / 100, "money", "激励成本"),
        Control(
            "contact", "call, c", contact, 0, contact_top, contact_top / 100, "money", "接触成本"
        ),
    )
    if len(names) == 1:
        return sliders
    return (Control("model", "model", 0, choices=tuple(names)), *sliders)


def _pack(left: npt.NDArray[np.bool_], score: npt.NDArray[np.float64]) -> dict[str, str]:
    """Return scores and labels, highest score first, exact and short."""
    order = np.argsort(-score, kind="stable")
    sorted_scores = score[order].astype("<f8").tobytes()
    return {
        "scores": base64.b64encode(sorted_scores).decode(),
        "left": "".join("1" if one else "0" for one in left[order]),
    }
