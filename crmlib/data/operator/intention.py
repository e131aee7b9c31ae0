"""Intention to leave: what most losses announce themselves by.

Some customers leave at once. Others are set thinking by something that happened, look around,
withdraw step by step, and then leave or make their peace. The intention is a state that moves
forward in time: use, contacts, late payment and the hazard of a month all depend on the state
at its start, and nothing depends on a loss that has not been drawn yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crmlib.data.operator.market import Market
from crmlib.data.operator.population import Customers
from crmlib.data.operator.streams import Bools, Floats, Streams, uniform

# What sets customers thinking, and the causes of loss that come of it. Nobody thinks long about
# a gift, a scandal, a death, a move or a contract that lapsed: those losses give no sign.
REASONS: dict[str, tuple[str, ...]] = {
    "price": ("price",),
    "offer": ("offer",),
    "service": ("core", "encounter", "billing", "response", "staff"),
    "need": ("technology", "demand", "variety"),
}
NONE = np.int8(-1)
EVERYONE = slice(None)


def strength(c: Customers, rows: slice | NDArray[np.intp] = EVERYONE) -> Floats:
    """Return how far each customer's intention has grown, 0 (none) to 1."""
    return np.asarray(c.depth[rows] * (c.reason[rows] >= 0), np.float32)


def onset_rates(
    p: Mapping[str, Any], c: Customers, market: Market, price_gap: Floats, t: int
) -> Floats:
    """Return the rate a month at which each reason sets a customer thinking (rows: reasons)."""
    b = {key[10:]: np.float32(p[key]) for key in p if key.startswith("intention.onset_")}
    bound = np.float32(p["intention.bound"]) * (c.term_end > t + p["intention.horizon"])
    advantage = market.advantage(p["price.level"])[c.region]
    failed = c.net_memory + c.billing_memory + c.encounter_memory
    out = np.empty((len(REASONS), len(c)), np.float32)
    out[0] = b["onset_price"] + b["onset_shock"] * c.price_sensitivity * np.maximum(-price_gap, 0)
    out[1] = b["onset_offer"] + b["onset_advantage"] * c.price_sensitivity * advantage
    out[2] = b["onset_service"] + b["onset_incident"] * failed + b["onset_poor"] * c.poor_memory
    out[2] += b["onset_satisfaction"] * c.satisfaction
    out[3] = b["onset_need"] + b["onset_novelty"] * c.novelty
    out += bound
    return np.exp(out, out=out)


def ponder(
    streams: Streams, p: Mapping[str, Any], c: Customers, market: Market, price_gap: Floats, t: int
) -> None:
    """Move intentions on at the end of month `t`, for the month that follows."""
    u = uniform(streams.at("intention", t), len(c))
    rates = onset_rates(p, c, market, price_gap, t)
    total = -np.expm1(-rates.sum(axis=0))
    first = c.live & (c.life == 1)
    onset = first & (c.reason < 0) & (u < total)
    peace = (c.reason >= 0) & (u >= 1 - np.float32(p["intention.peace"]))
    c.reason[peace] = NONE
    who = np.flatnonzero(onset)
    edges = np.cumsum(rates[:, who], axis=0) / rates[:, who].sum(axis=0)
    c.reason[who] = (u[who] / total[who] >= edges[:-1]).sum(axis=0)
    deepen(p, c)


def deepen(p: Mapping[str, Any], c: Customers) -> None:
    """Let intentions grow toward 1 and what is left of past ones fade."""
    pace = np.float32(p["intention.pace"])
    aim: Bools = c.reason >= 0
    c.depth += pace * (aim - c.depth)
