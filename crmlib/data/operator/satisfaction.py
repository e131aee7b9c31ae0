"""Satisfaction by expectation and disconfirmation, the surveys that ask for it, and promotions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from crmlib.data.operator.intention import strength
from crmlib.data.operator.market import Market
from crmlib.data.operator.population import Customers
from crmlib.data.operator.record import Recorder
from crmlib.data.operator.streams import Bools, Floats, Streams, chance, choose, normal, uniform
from crmlib.data.operator.usage import Usage

PROMOTIONS = ("discount", "gift", "spend rebate", "points", "limited time", "joint")
MODES = ("phone", "web", "paper")


def feel(
    streams: Streams,
    p: Mapping[str, Any],
    c: Customers,
    market: Market,
    usage: Usage,
    mood: Floats,
    t: int,
) -> Floats:
    """Move satisfaction and expectation on by a month; return the performance customers met.

    Satisfaction S keeps a share m of itself and takes up the disconfirmation of quality
    (performance P less expectation E) and of price (log reference price less log bill), each
    weighted by how much the customer minds; incidents, answers and chance come on top::

        S = m S + (1 - m) (a q (P - E) + b s G) + mood + noise,    E = E + k (P - E)
    """
    performance = (market.quality[c.branch] + market.branches.network[c.region]).astype(np.float32)
    m = np.float32(p["satisfaction.memory"])
    pull = (
        np.float32(p["satisfaction.quality"])
        * c.quality_sensitivity
        * (performance - c.expectation)
        + np.float32(p["satisfaction.price"]) * c.price_sensitivity * usage.price_gap
    )
    noise = np.float32(p["satisfaction.noise_sd"]) * normal(streams.at("mood", t), len(c))
    moved = m * c.satisfaction + (1 - m) * pull + mood + noise
    c.satisfaction[:] = np.where(c.live, moved, c.satisfaction)
    c.expectation += np.float32(p["satisfaction.adaptation"]) * (performance - c.expectation)
    return performance


def survey(
    streams: Streams,
    p: Mapping[str, Any],
    c: Customers,
    usage: Usage,
    performance: Floats,
    t: int,
    record: Recorder,
) -> None:
    """Invite some customers, let them answer or not, and write down what they say."""
    n = len(c)
    rng = streams.at("survey", t)
    who = np.flatnonzero(c.live & (uniform(rng, n) < p["survey.invited"]))
    m = len(who)
    s, age = c.satisfaction[who], c.age[who].astype(np.float32)
    leaving = strength(c, who)
    odds = (
        p["survey.response"]
        + p["survey.response_mood"] * s
        + p["survey.response_extreme"] * s**2
        + p["survey.response_age"] * (age - 45) / 10
        + p["intention.answer"] * leaving
    )
    answers = uniform(rng, m) < chance(odds)
    mode = choose(rng, (0.5, 0.4, 0.1), m)
    lift = np.float32(p["survey.mode_bias"]) * (mode == 0)
    network = performance[who] - 0.3 * c.net_memory[who]
    staff = performance[who] - 0.5 * c.encounter_memory[who] - 0.5 * c.poor_memory[who]
    latent = {
        "satisfaction": 6.8 + 1.8 * s,
        "expectation": 7.0 + 1.5 * c.expectation[who],
        "price_fairness": 6.5 + 6 * c.price_sensitivity[who] * usage.price_gap[who] + 0.8 * s,
        "tangibles": 7.0 + 0.8 * performance[who],
        "reliability": 7.0 + 1.2 * network - 0.5 * c.billing_memory[who],
        "responsiveness": 6.8 + 1.3 * staff,
        "assurance": 7.0 + 1.2 * staff,
        "empathy": 6.6 + 1.2 * staff,
        "loyalty": 6.5 + 1.4 * s + 1.5 * c.inertia[who] - 2.5 * leaving,
        "recommend": 6.6 + 1.9 * s + 0.5 * c.inertia[who] - 1.5 * leaving,
    }
    sd = np.float32(p["survey.noise_sd"])
    items: dict[str, Floats] = {}
    for name, value in latent.items():
        said = np.round(value + lift + sd * normal(rng, m))
        low = 0 if name == "recommend" else 1
        items[name] = np.where(answers, np.clip(said, low, 10), np.nan).astype(np.float32)
    record.add(
        "surveys",
        month=np.full(len(who), t, np.int16),
        customer_id=c.id[who],
        mode=mode.astype(np.int8),
        answered=answers,
        **items,
    )


def promote(
    streams: Streams, p: Mapping[str, Any], c: Customers, t: int, record: Recorder
) -> Bools:
    """Offer promotions to customers chosen at random, some held back; return whom one runs for."""
    n = len(c)
    rng = streams.at("promotion", t)
    free = c.live & (c.promo_until < t)
    who = np.flatnonzero(free & (uniform(rng, n) < p["promotion.rate"]))
    m = len(who)
    kind = choose(rng, (0.4, 0.15, 0.15, 0.1, 0.1, 0.1), m)
    held = uniform(rng, m) < p["promotion.control"]
    odds = (
        p["promotion.accept"]
        + p["promotion.accept_price"] * (c.price_sensitivity[who] - 1)
        + p["intention.accept"] * strength(c, who)
    )
    accepted = ~held & (uniform(rng, m) < chance(odds))
    takers = who[accepted]
    c.promo_until[takers] = t + p["promotion.length"] - 1
    c.promo_discount[takers] = np.isin(kind[accepted], (0, 4))
    c.satisfaction[takers] += np.float32(p["promotion.delight"]) * ~c.promo_discount[takers]
    record.add(
        "promotions",
        month=np.full(len(who), t, np.int16),
        customer_id=c.id[who],
        promotion=kind.astype(np.int8),
        control=held,
        accepted=accepted,
    )
    running: Bools = c.promo_until >= t
    return running
