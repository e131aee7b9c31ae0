"""What customers use and pay in a month, and when their contracts are renewed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crmlib.data.operator.intention import strength
from crmlib.data.operator.market import Market
from crmlib.data.operator.population import NEVER, TERMS, Customers, cheapest_plan, expected_bill
from crmlib.data.operator.record import Recorder
from crmlib.data.operator.streams import Bools, Floats, Streams, chance, normal, uniform

EVERYONE = slice(None)
TRACE = 0.01  # what is left of an old intention below this is forgotten


@dataclass
class Usage:
    """One month of everyone who has joined; only live rows mean something."""

    gb: Floats
    minutes: Floats
    bill: Floats  # yuan, after discount
    discount: Floats  # yuan
    cost: Floats  # yuan, variable cost and the account
    late: Bools
    price_gap: Floats  # log of reference price over bill: above 0 is a gain


def use(streams: Streams, p: Mapping[str, Any], c: Customers, market: Market, t: int) -> Usage:
    """Draw a month of use, bill it, and compare the bill with the price the customer expects."""
    n = len(c)
    start, end = uniform(streams.at("pause", t), n), uniform(streams.at("pause end", t), n)
    prepaid = c.contract == 0
    c.paused[:] = np.where(
        c.paused, end >= p["usage.pause_end"], prepaid & (start < p["usage.pause"])
    )

    sd = p["usage.noise_sd"]
    trend = p["usage.growth"] * (t - 1) + p["usage.season"] * np.sin(2 * np.pi * t / 12)
    mood = np.float32(p["usage.dissatisfied"]) * np.minimum(c.satisfaction, 0)
    noise = np.float32(sd) * normal(streams.at("data use", t), n)
    gb = c.demand_gb * np.exp(noise + mood + np.float32(trend - sd**2 / 2))
    noise = np.float32(sd) * normal(streams.at("voice use", t), n)
    minutes = c.demand_minutes * np.exp(noise + mood - np.float32(sd**2 / 2))
    active = ~c.paused
    gb, minutes = np.round(gb * active, 2), np.round(minutes * active)
    full, cost = _charge(p, c, gb, minutes, EVERYONE)
    promo = (c.promo_until >= t) & c.promo_discount
    rebate = np.float32(p["promotion.discount"]) * promo
    # The price is judged, and remembered, by what a customer would use: who holds back pays
    # less, but nothing has become cheaper for him.
    gap = _compare(p, c, market, full, np.round(full * (1 - rebate), 2), cost)

    less = _held_back(streams, p, c, t)
    rows = np.flatnonzero(active & (less > 0))
    share = np.exp(-less[rows])
    gb[rows], minutes[rows] = np.round(gb[rows] * share, 2), np.round(minutes[rows] * share)
    full[rows], cost[rows] = _charge(p, c, gb[rows], minutes[rows], rows)
    discount = np.round(full * rebate, 2)
    bill = np.round(full - discount, 2)

    late_odds = (
        np.float32(p["usage.late"])
        + np.float32(p["usage.late_price"]) * c.price_sensitivity
        + np.float32(p["usage.late_again"]) * (c.late_streak > 0)
        + np.float32(p["intention.late"]) * strength(c)
    )
    # Prepaid customers pay first, so they are never late.
    late = (uniform(streams.at("late", t), n) < chance(late_odds)) & ~prepaid
    c.late_streak[:] = np.where(late, c.late_streak + 1, 0)
    return Usage(gb, minutes, bill, discount, np.round(cost, 2), late, gap)


def _held_back(streams: Streams, p: Mapping[str, Any], c: Customers, t: int) -> Floats:
    """Return the log of use held back: by an intention to leave, or in a lull without any."""
    u = uniform(streams.at("lull", t), len(c))
    c.lull[:] = u < np.where(c.lull, np.float32(1 - p["usage.lull_end"]), p["usage.lull"])
    fades = np.float32(p["intention.withdraw"]) * c.withdrawal * c.depth
    less = fades + np.float32(p["usage.lull_depth"]) * c.lull
    return np.asarray(np.where(less > TRACE, less, 0), np.float32)


def _charge(
    p: Mapping[str, Any], c: Customers, gb: Floats, minutes: Floats, rows: slice | NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Return the bill before discount, and its variable cost, in yuan."""
    scale = np.float32(p["price.level"]) * c.price_factor[rows] * ~c.paused[rows]
    used = np.float32(p["plan.cost_gb"]) * gb + np.float32(p["plan.cost_minute"]) * minutes
    cost = used * c.cost_factor[rows] + np.float32(p["plan.cost_account"])
    return expected_bill(p, c.plan[rows], gb, minutes) * scale, cost


def _compare(
    p: Mapping[str, Any], c: Customers, market: Market, full: Floats, bill: Floats, cost: Floats
) -> Floats:
    """Return the price gap and let the memory of bill and cost move on."""
    active = ~c.paused
    first = c.remembered_bill == 0
    c.remembered_bill[:] = np.where(first & active, bill, c.remembered_bill)
    c.mean_cost[:] = np.where(first & active, cost, c.mean_cost)
    weight = np.float32(p["satisfaction.reference"])
    own = np.float32(p["price.level"]) * c.price_factor
    with np.errstate(divide="ignore", invalid="ignore"):
        market_price = full / own * market.market_index[c.region]
        gap = (
            weight * np.log(c.remembered_bill) + (1 - weight) * np.log(market_price) - np.log(bill)
        )
    gap = np.where(active & (bill > 0) & (c.remembered_bill > 0), gap, np.float32(0))
    keep = np.float32(p["satisfaction.price_memory"])
    for memory, new in ((c.remembered_bill, bill), (c.mean_cost, cost)):
        memory[:] = np.where(active, keep * memory + (1 - keep) * new, memory)
    return np.asarray(gap, np.float32)


def renew(streams: Streams, p: Mapping[str, Any], c: Customers, t: int, record: Recorder) -> None:
    """Renew terms that ended last month, on the plan that now fits best; others roll monthly."""
    n = len(c)
    u = uniform(streams.at("renewal", t), n)
    due = np.flatnonzero(c.live & (c.term_end == t - 1) & (c.life == 1))
    yes = due[u[due] < p["plan.renewal"]]
    growth = np.float32(np.exp(p["usage.growth"] * (t - 1)))
    c.plan[yes] = cheapest_plan(p, c.demand_gb[yes] * growth, c.demand_minutes[yes])
    c.term_end[yes] = t - 1 + TERMS[c.contract[yes]]
    record_contracts(p, c, yes, t, 1, record)


def record_contracts(
    p: Mapping[str, Any], c: Customers, who: Any, t: int, kind: int, record: Recorder
) -> None:
    """Write contract rows; kind 0 new, 1 renewal, 2 return."""
    end = c.term_end[who]
    fee = np.asarray(p["plan.fee"], np.float32)[c.plan[who]] * c.price_factor[who]
    start = np.full(len(who), t, np.int16) if t > 0 else np.minimum(c.joined[who], 0)
    # The running term of the opening base began one term before its end.
    if t == 0:
        start = np.where(end > NEVER, end - TERMS[c.contract[who]] + 1, start).astype(np.int16)
    record.add(
        "contracts",
        customer_id=c.id[who],
        kind=np.full(len(who), kind, np.int8),
        contract=c.contract[who].astype(np.int8),
        plan=c.plan[who].astype(np.int8),
        start=start,
        end=np.where(end > NEVER, end, 0).astype(np.int16),
        monthly_fee=np.round(fee * np.float32(p["price.level"]), 2),
        life=c.life[who].astype(np.int8),
    )
