"""Who leaves in a month and why: competing causes, each with a log-linear hazard.

In month t the rate of cause k for customer i is ``r_ik = exp(a_k + x_ik b_k)``. The chance to
leave at the end of the month is ``1 - exp(-sum_k r_ik)`` (the complementary log-log link), and
given a loss the cause is k with the chance ``r_ik / sum r``. A regression of the losses on the
covariates therefore finds the coefficients of the scenario file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmlib.data.operator.intention import REASONS, strength
from crmlib.data.operator.market import Market
from crmlib.data.operator.population import Customers
from crmlib.data.operator.streams import Bools, Floats, Streams, uniform
from crmlib.data.registry import folder

BLOCK = 1 << 15  # customers whose sixteen rates fit the processor's cache


@cache
def loss_causes() -> pd.DataFrame:
    """Return the causes of loss and what each is called in every typology of the course.

    Returns
    -------
    DataFrame
        Indexed by cause: English and Chinese name, broad group, and the classes of the course:
        the four reasons, the six loss types, the dissatisfaction losses, natural or not, the
        ten causes of the report, the four sides of the telecom market, and the eight switching
        categories of Keaveney (1995).

    Examples
    --------
    >>> loss_causes().loc["money", "type_six"]
    'bought away'
    """
    return pd.read_csv(
        folder() / "operator" / "loss-causes.csv", index_col="cause", keep_default_na=False
    )


@cache
def matured_from() -> tuple[tuple[int, ...], ...]:
    """Return for each reason to think of leaving the rows of the causes that come of it.

    Examples
    --------
    >>> matured_from()[0]
    (0,)
    """
    rows = {str(cause): row for row, cause in enumerate(loss_causes().index)}
    return tuple(tuple(rows[cause] for cause in causes) for causes in REASONS.values())


def log_rates(
    p: Mapping[str, Any],
    c: Customers,
    market: Market,
    price_gap: Floats,
    running: Bools,
    t: int,
    rows: slice | NDArray[np.intp],
) -> Floats:
    """Return the log rate a month of each cause (rows, in the order of `loss_causes`)."""
    b = {key[6:]: np.float32(p[key]) for key in p if key.startswith("churn.")}
    region, s = c.region[rows], c.satisfaction[rows]
    sensitive = c.price_sensitivity[rows]
    tenure = (t - c.joined[rows]).astype(np.float32)
    term_end = c.term_end[rows]
    bond = (
        b["level"]
        - np.float32(p["competition.switching_cost"])
        - c.inertia[rows]
        + b["bound"] * (term_end > t)
        + b["tenure"] * np.log1p(np.maximum(tenure, 0) / 12)
        + np.float32(p["promotion.effect"]) * running[rows]
    )
    advantage = market.advantage(p["price.level"])[region]
    gift = (market.gift / 100)[region]
    age = c.age[rows].astype(np.float32)
    out = np.empty((16, len(s)), np.float32)
    out[0] = b["price"] - b["price_gap"] * sensitive * price_gap[rows] + b["price_satisfaction"] * s
    out[1] = b["offer"] + b["offer_advantage"] * sensitive * advantage + b["offer_satisfaction"] * s
    out[2] = b["money"] + b["money_gift"] * sensitive * gift
    out[3] = b["core"] + b["core_incident"] * c.net_memory[rows] + b["core_satisfaction"] * s
    out[4] = (
        b["encounter"]
        + b["encounter_incident"] * c.encounter_memory[rows]
        + b["encounter_satisfaction"] * s
    )
    out[5] = (
        b["billing"]
        + b["billing_incident"] * c.billing_memory[rows]
        + b["billing_satisfaction"] * s
    )
    out[6] = b["response"] + b["response_poor"] * c.poor_memory[rows]
    out[7] = b["staff"] + b["staff_left"] * c.staff_memory[rows]
    out[8] = b["technology"] + b["technology_data"] * np.log(c.demand_gb[rows] / 15)
    out[9] = b["demand"]
    out[10] = b["variety"] + b["variety_novelty"] * c.novelty[rows]
    out[11] = b["conduct"] + b["conduct_scandal"]
    out[:12] += bond
    intention, reason = strength(c, rows), c.reason[rows]
    for code, causes in enumerate(matured_from()):
        grown = np.float32(p["intention.effect"][code]) * intention * (reason == code)
        for row in causes:
            out[row] += grown
    out[12] = b["moved"] + b["moved_young"] * (age < 30)
    out[13] = b["extinct"] + b["extinct_age"] * (age - 50)
    out[14] = b["pushed"] + b["pushed_late"] * c.late_streak[rows]
    out[15] = b["unintended"] + b["unintended_end"] * (term_end == t)
    return out


def hazards(
    p: Mapping[str, Any], c: Customers, market: Market, price_gap: Floats, running: Bools, t: int
) -> Floats:
    """Return the true chance of leaving at the end of the month, for everyone who has joined."""
    n = len(c)
    total = np.empty(n, np.float32)
    for start in range(0, n, BLOCK):
        rows = slice(start, min(start + BLOCK, n))
        total[rows] = np.exp(log_rates(p, c, market, price_gap, running, t, rows)).sum(axis=0)
    # Who came back leaves by the hazard of the second life, fixed at the return.
    return np.where(c.life == 2, c.second_hazard, -np.expm1(-total)).astype(np.float32)


def leave(
    streams: Streams,
    p: Mapping[str, Any],
    c: Customers,
    market: Market,
    price_gap: Floats,
    running: Bools,
    t: int,
) -> tuple[Floats, Any]:
    """Draw who leaves at the end of the month and why; return all hazards and who left."""
    n = len(c)
    hazard = hazards(p, c, market, price_gap, running, t)
    u = uniform(streams.at("churn", t), n)
    first = c.live & (c.life == 1) & (u < hazard)
    who = np.flatnonzero(first | (c.live & (c.life == 2) & (c.ends <= t)))
    pick = uniform(streams.at("cause", t), n)[who]
    for start in range(0, len(who), BLOCK):
        some = who[start : start + BLOCK]
        rates = np.exp(log_rates(p, c, market, price_gap, running, t, some))
        edges = np.cumsum(rates, axis=0) / rates.sum(axis=0)
        c.cause[some] = (pick[start : start + BLOCK] >= edges[:-1]).sum(axis=0)
    c.live[who] = False
    c.lost[who] = t
    return hazard, who
