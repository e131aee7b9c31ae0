"""Set the level of churn of a scenario to a rate that was observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from crmlib._checks import number
from crmlib.data.operator.operator import Operator
from crmlib.data.operator.scenario import BASELINE, Scenario, read_scenario
from crmlib.data.operator.simulate import simulate


def calibrate(
    rate: float,
    scenario: str | Path | Mapping[str, Any] | Scenario = BASELINE,
    *,
    customers: int = 20_000,
    seeds: int = 10,
) -> float:
    """Find the `churn.level` at which the first year has the given annual churn rate.

    Parameters
    ----------
    rate : float
        Twelve times the mean monthly churn rate of the first twelve months, as operators report.
    scenario : str, path, mapping or Scenario
        The scenario whose level is to be changed.
    customers, seeds : int
        Size of a run, and how many runs (seeds 0, 1, ...) are averaged: branches, networks and
        competitors differ from run to run, and with them the rate.

    Returns
    -------
    float
        The level, to three decimals.

    Raises
    ------
    ValueError
        No level between -6 and 6 gives this rate.
    """
    from scipy.optimize import brentq

    number(rate, "rate", 0, 12, open_low=True, open_high=True)
    base = read_scenario(scenario)

    def miss(level: float) -> float:
        tried = replace(base, parameters={**base.parameters, "churn.level": level})
        runs = (annual_churn(simulate(customers, 12, tried, seed)) for seed in range(seeds))
        return sum(runs) / seeds - rate

    try:
        return round(float(brentq(miss, -6, 6, xtol=5e-4)), 3)
    except ValueError:
        raise ValueError(f"No churn.level from -6 to 6 gives the annual rate {rate:g}.") from None


def annual_churn(op: Operator) -> float:
    """Return twelve times the mean monthly churn rate, from the truth.

    Parameters
    ----------
    op : Operator
        A simulated operator, with its truth.

    Returns
    -------
    float

    Examples
    --------
    >>> 0.05 < annual_churn(simulate(customers=2_000, months=12)) < 0.4
    True
    """
    return float(12 * op.describe()["churn_rate"].mean())
