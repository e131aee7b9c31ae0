"""Is targeting by lift better? Qini and uplift curves, and the value of a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from crmlib._checks import as_frame, number, numbers
from crmlib._result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class LiftCurve(Result):
    """The result of `lift_curve`.

    Attributes
    ----------
    table : pandas.DataFrame
        `share` of customers targeted (0 to 1), `gain`: incremental outcomes per customer of the
        base, and `random`, what targeting as many at random would gain.
    qini : float
        Area between the gain and the random line.
    auuc : float
        Area under the gain.
    """

    table: pd.DataFrame
    qini: float
    auuc: float
    _title = "Incremental outcomes by share targeted"

    def to_frame(self) -> pd.DataFrame:
        """Return the curve at every tenth."""
        grid = np.arange(1, 11) / 10
        share = self.table["share"].to_numpy()
        return pd.DataFrame(
            {
                "share targeted": grid,
                "gain per customer": np.interp(grid, share, self.table["gain"]),
                "gain at random": np.interp(grid, share, self.table["random"]),
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the gain against targeting at random."""
        from crmlib.plots import PALETTE, as_percent

        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
        ax.plot(self.table["share"], self.table["gain"], color=PALETTE["blue"])
        ax.plot(
            self.table["share"], self.table["random"], color=PALETTE["gray"], linestyle="--",
            linewidth=1,
        )  # fmt: skip
        ax.set_xlabel("share of customers targeted, highest score first")
        ax.set_ylabel("incremental outcome per customer")
        ax.set_title(f"Qini {self.qini:.4f}")
        return as_percent(ax, "x")


def lift_curve(y: npt.ArrayLike, treatment: npt.ArrayLike, score: npt.ArrayLike) -> LiftCurve:
    """Return what targeting the highest scores would gain, from a random control group.

    Among the customers with the highest scores, N1 treated brought Y1 and N0 of the control group
    Y0. Treating all of them gains (Y1 - Y0 N1 / N0) / N per customer of the base, N being all the
    treated, who stand for the base: Radcliffe's Qini curve. Equal scores enter together.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        Outcome: back or not, or money.
    treatment : array-like of shape (n_customers,)
        1 with the offer, 0 without; assigned at random.
    score : array-like of shape (n_customers,)
        Who is targeted first: predicted lift, or risk, to compare.

    Returns
    -------
    LiftCurve
        With `.qini`, `.auuc`, `.table` and `.plot()`. Areas are per customer of the base, over
        shares from 0 to 1, and not normalized by a perfect model, which is never known.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing, or one group is empty.

    References
    ----------
    Radcliffe (2007), "Using control groups to target on predicted lift", Direct Marketing
    Analytics Journal.

    Examples
    --------
    >>> y, t = [1, 0, 0, 0], [1, 0, 1, 0]
    >>> found = lift_curve(y, t, [0.9, 0.9, 0.1, 0.1])
    >>> found.table["gain"].tolist(), found.qini
    ([0.0, 0.5, 0.5], 0.125)
    """
    outcome, treated, s = _experiment(y, treatment, score)
    order = np.argsort(-s, kind="stable")
    outcome, treated, s = outcome[order], treated[order], s[order]
    end = np.flatnonzero(np.append(s[1:] != s[:-1], True))
    n1, n0 = np.cumsum(treated)[end], np.cumsum(~treated)[end]
    y1 = np.cumsum(np.where(treated, outcome, 0.0))[end]
    y0 = np.cumsum(np.where(treated, 0.0, outcome))[end]
    with np.errstate(divide="ignore", invalid="ignore"):
        # Before the first control customer there is nothing to compare with.
        gain = np.where(n0 > 0, y1 - y0 * n1 / n0, y1)
    gain = np.concatenate([[0.0], gain]) / treated.sum()
    share = np.concatenate([[0.0], (end + 1) / len(s)])
    random = share * gain[-1]
    table = pd.DataFrame({"share": share, "gain": gain, "random": random})
    auuc = float(np.trapezoid(gain, share))
    return LiftCurve(table, auuc - float(np.trapezoid(random, share)), auuc)


@dataclass(frozen=True, repr=False)
class PolicyValue(Result):
    """The result of `policy_value` and `compare_policies`.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a policy: `share` treated, `value` per customer of the base over treating nobody,
        its `error`, `low` and `high`, and `p_value` of the difference to the reference.
    level : float
        Confidence level.
    reference : str or None
        Policy the others are compared with.
    """

    table: pd.DataFrame
    level: float
    reference: str | None = None

    @property
    def _title(self) -> str:  # type: ignore[override]
        return "Value of treating by policy, per customer of the base"

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the values with their intervals; the line marks treating nobody."""
        from crmlib.plots import dots

        return dots(self.table, ax, value="value", reference=0.0)


def policy_value(
    y: npt.ArrayLike,
    treatment: npt.ArrayLike,
    policies: Mapping[str, npt.ArrayLike] | pd.DataFrame,
    *,
    cost: npt.ArrayLike = 0.0,
    propensity: npt.ArrayLike | None = None,
    scores: npt.ArrayLike | None = None,
    reference: str | None = None,
    level: float = 0.95,
) -> PolicyValue:
    """Return what policies are worth against treating nobody, judged on one experiment.

    A policy's value is the mean over customers of d (psi - cost), d its decision and psi a score
    whose mean is the lift: y t / e - y (1 - t) / (1 - e) (inverse propensity), or, more precise,
    `doubly_robust_scores` given as `scores`. Policies are compared on the same customers, so that
    their common noise cancels. Decisions must come from other customers than these, or the best
    policy flatters itself.

    Parameters
    ----------
    y, treatment : array-like of shape (n_customers,)
        Outcome in money (or returns) and the treatment assigned.
    policies : mapping or DataFrame of name to array-like of bool
        Whom each policy would treat.
    cost : float or array-like
        Expected cost of treating a customer, in the unit of `y`.
    propensity : float or array-like, optional
        Chance of treatment in the experiment; the share treated by default.
    scores : array-like of shape (n_customers,), optional
        Doubly robust scores, instead of inverse propensity.
    reference : str, optional
        Policy the others are compared with, for the p-values.
    level : float
        Confidence level.

    Returns
    -------
    PolicyValue

    Raises
    ------
    ValueError
        If lengths differ, a group is empty, a decision is not True or False, or the reference is
        none of the policies.

    Examples
    --------
    >>> y, t = [9.0, 0.0, 0.0, 0.0], [1, 0, 1, 0]
    >>> found = policy_value(y, t, {"all": [1, 1, 1, 1], "first two": [1, 1, 0, 0]}, cost=1.0)
    >>> found.table["value"].tolist()
    [3.5, 4.0]
    """
    number(level, "level", 0, 1, open_low=True, open_high=True)
    outcome, treated, _ = _experiment(y, treatment, np.zeros(len(np.asarray(y))))
    n = len(outcome)
    if scores is None:
        e = treated.mean() if propensity is None else propensity
        chance = numbers(e, "propensity", 0, 1, open_low=True, open_high=True)
        psi = np.where(treated, outcome / chance, -outcome / (1 - chance))
    else:
        psi = numbers(scores, "scores")
        if psi.shape != (n,):
            raise ValueError(f"scores has shape {psi.shape} for {n} customers.")
    gain = psi - numbers(cost, "cost", 0)
    decided = {}
    for name, decision in policies.items():
        d = np.asarray(decision)
        if d.shape != (n,) or not np.isin(d, [0, 1]).all():
            raise ValueError(f"Policy {name!r} must hold True or False for each of {n} customers.")
        decided[str(name)] = d.astype(float) * gain
    if reference is not None and reference not in decided:
        raise ValueError(f"reference {reference!r} is none of the policies {list(decided)}.")
    z = float(norm.ppf(0.5 + level / 2))
    rows = {}
    for name, worth in decided.items():
        value, error = worth.mean(), worth.std(ddof=1) / np.sqrt(n)
        row = {
            "share": float(np.mean(np.asarray(policies[name]).astype(float))),
            "value": value,
            "error": error,
            "low": value - z * error,
            "high": value + z * error,
        }
        if reference is not None:
            difference = worth - decided[reference]
            spread = difference.std(ddof=1) / np.sqrt(n)
            row["difference"] = difference.mean()
            row["p_value"] = float(2 * norm.sf(abs(difference.mean()) / spread)) if spread else 1.0
        rows[name] = row
    return PolicyValue(pd.DataFrame.from_dict(rows, orient="index"), level, reference)


def top_share(score: npt.ArrayLike, share: float) -> npt.NDArray[np.bool_]:
    """Return the policy that treats this share of customers with the highest scores.

    Ties at the border go by position, so that exactly round(share x n) are treated.

    Parameters
    ----------
    score : array-like of shape (n_customers,)
        Predicted lift, expected profit, or risk.
    share : float
        0 to 1.

    Returns
    -------
    array of bool, shape (n_customers,)

    Examples
    --------
    >>> top_share([0.1, 0.9, 0.5, 0.2], 0.5).tolist()
    [False, True, True, False]
    """
    s = numbers(score, "score").ravel()
    count = round(number(share, "share", 0, 1) * len(s))
    chosen = np.zeros(len(s), dtype=bool)
    chosen[np.argsort(-s, kind="stable")[:count]] = True
    return chosen


def compare_rankings(
    y: npt.ArrayLike,
    treatment: npt.ArrayLike,
    scores: pd.DataFrame,
    *,
    share: float = 0.3,
    cost: npt.ArrayLike = 0.0,
    reference: str | None = None,
    level: float = 0.95,
) -> PolicyValue:
    """Compare rankings (risk, lift, value) by what treating their highest share is worth.

    Parameters
    ----------
    y, treatment : array-like of shape (n_customers,)
        Outcome and treatment of an experiment, on customers the scores were not learned from.
    scores : pandas.DataFrame of shape (n_customers, n_rankings)
        A column a ranking.
    share : float
        Share of customers the campaign can treat.
    cost : float or array-like
        Expected cost of treating a customer.
    reference : str, optional
        Ranking the others are compared with.
    level : float
        Confidence level.

    Returns
    -------
    PolicyValue
        With a column `qini` of each ranking added.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, t = rng.random(4000), rng.integers(0, 2, 4000)
    >>> y = (rng.random(4000) < 0.2 + 0.5 * x * t).astype(int)
    >>> found = compare_rankings(y, t, pd.DataFrame({"lift": x, "wrong": -x}), reference="wrong")
    >>> found.table.index[found.table["qini"] > 0].tolist()
    ['lift']
    """
    as_frame(scores, "scores")
    policies = {str(name): top_share(scores[name], share) for name in scores}
    found = policy_value(y, treatment, policies, cost=cost, reference=reference, level=level)
    table = found.table.copy()
    table["qini"] = [lift_curve(y, treatment, scores[name]).qini for name in scores]
    return PolicyValue(table, level, reference)


def _experiment(
    y: npt.ArrayLike, treatment: npt.ArrayLike, score: npt.ArrayLike
) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """Return outcome, treatment and score, checked."""
    outcome, s = numbers(y, "y"), numbers(score, "score")
    given = np.asarray(treatment)
    if outcome.ndim != 1 or not outcome.shape == given.shape == s.shape:
        raise ValueError(
            f"y, treatment and score differ in shape: {outcome.shape}, {given.shape}, {s.shape}."
        )
    if not np.isin(given, [0, 1]).all():
        raise ValueError("treatment must hold 1 (offer made) and 0 (left alone).")
    treated = given.astype(bool)
    if treated.all() or not treated.any():
        raise ValueError("treatment holds one group only: a lift needs a control group.")
    return outcome, treated, s
