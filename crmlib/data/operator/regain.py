"""Who comes back: unasked, or by a campaign whose offers are drawn at random, with a control group.

For each customer in a campaign one number u decides under every offer: he returns within three
months with offer k if u is below the chance p_k. So the potential outcomes of all offers are
known, and the observed one is the outcome of the offer drawn. A second number gives the length
of the second life under each offer in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crmlib.data.operator import intention
from crmlib.data.operator.loss import loss_causes
from crmlib.data.operator.market import Market
from crmlib.data.operator.population import NEVER, TERMS, Customers
from crmlib.data.operator.record import Recorder
from crmlib.data.operator.streams import Floats, Streams, chance, choose, single, uniform
from crmlib.data.operator.usage import record_contracts

OFFERS = ("none", "discount", "upgrade", "both", "service")
WINDOW = 3  # months in which a campaign may bring a customer back
LONGEST = 600  # months; no second life is longer
CHANNELS = ("phone", "message", "visit")
Where = NDArray[np.intp]


def return_chance(p: Mapping[str, Any], c: Customers, market: Market, who: Where, t: int) -> Floats:
    """Return the chance to be back within three months, by customer and offer (columns)."""
    group = _groups()[c.cause[who]]
    price, service, natural = (group == name for name in ("price", "service", "natural"))
    own = p["price.level"]
    cheaper = np.log(market.market_index[c.region[who]] / own)
    word = market.service_word
    odds = (
        p["regain.base"]
        + p["regain.strength"] * _strength(c, who)
        + p["regain.satisfaction"] * c.satisfaction[who]
        + price * (p["regain.price_leaver"] + p["regain.price_level"] * cheaper)
        + service * (p["regain.service_leaver"] + p["regain.service_reputation"] * word)
        + natural * p["regain.natural_leaver"]
        + p["regain.decay"] * (t - c.lost[who])
    )
    effects = np.zeros((len(who), len(OFFERS)), np.float32)
    effects[:, 1:] = p["regain.offers"]
    effects[:, (1, 3)] += (p["regain.price_discount"] * price)[:, None]
    effects[:, 4] += p["regain.service_service"] * service
    return chance((odds[:, None] + effects).astype(np.float32))


def second_rate(p: Mapping[str, Any], c: Customers, market: Market, who: Where) -> Floats:
    """Return the rate of loss a month in the second life, by customer and offer."""
    service = _groups()[c.cause[who]] == "service"
    dearer = np.log(p["price.level"] / market.market_index[c.region[who]])
    log_rate = (
        p["regain.second_base"]
        + p["regain.second_strength"] * _strength(c, who)
        + p["regain.second_service"] * service
        + p["regain.second_price_level"] * dearer
        + p["regain.second_reputation"] * market.service_word
    )
    effects = np.zeros(len(OFFERS))
    effects[1:] = p["regain.second_offers"]
    return single(np.exp(log_rate[:, None] + effects))


def second_terms(p: Mapping[str, Any], c: Customers, who: Where) -> tuple[Floats, Floats]:
    """Return the factors on bill and variable cost in the second life, by customer and offer."""
    service = _groups()[c.cause[who]] == "service"
    spend = np.where(service, p["regain.service_spend"], 1.0)[:, None]
    price = 1 - p["regain.discount"] * np.array([0, 1, 0, 1, 0])
    cost = 1 + p["regain.upgrade_cost"] * np.array([0, 0, 1, 1, 0])
    return (spend * price).astype(np.float32), (spend**0 * cost).astype(np.float32)


def regain(
    streams: Streams, p: Mapping[str, Any], c: Customers, market: Market, t: int, record: Recorder
) -> None:
    """Run the month's campaign and draw who comes back unasked."""
    n = len(c)
    u = uniform(streams.at("return", t), n)
    gone = ~c.live & (c.lost < t) & (c.lost > 0) & (c.life == 1) & (c.returns == 0)
    gone &= c.cause != _dead()
    _campaign(streams, p, c, market, np.flatnonzero(gone & (c.campaign == t)), t, record)

    waiting = (c.campaign < t) & (c.campaign > t - WINDOW)
    who = np.flatnonzero(gone & ~waiting & (c.campaign != t))
    monthly = 1 - (1 - return_chance(p, c, market, who, t)[:, 0]) ** (1 / WINDOW)
    back = who[u[who] < monthly]
    if len(back):
        rate = second_rate(p, c, market, back)[:, 0]
        price, cost = second_terms(p, c, back)
        _schedule(
            c,
            back,
            np.full(len(back), t + 1, np.int16),
            rate,
            uniform(streams.at("second life", t), len(back)),
        )
        c.price_factor[back], c.cost_factor[back] = price[:, 0], cost[:, 0]


def _campaign(
    streams: Streams,
    p: Mapping[str, Any],
    c: Customers,
    market: Market,
    who: Where,
    t: int,
    record: Recorder,
) -> None:
    n, rng = len(c), streams.at("campaign", t)
    control = uniform(rng, n)[who] < p["regain.control"]
    offer = np.where(control, 0, 1 + choose(rng, p["regain.offer_shares"], n)[who])
    channel = choose(rng, (0.6, 0.3, 0.1), n)[who]
    u, length = uniform(rng, n)[who], uniform(rng, n)[who]
    lag = 1 + (uniform(rng, n)[who] * WINDOW).astype(np.int16)

    chances = return_chance(p, c, market, who, t)
    rates = second_rate(p, c, market, who)
    price, cost = second_terms(p, c, who)
    returns = u[:, None] < chances
    tenure = _length(rates, length[:, None])
    margin = c.remembered_bill[who, None] * price - _cost(p, c, who, cost)
    rows = np.arange(len(who))
    back = returns[rows, offer]
    some = who[back]
    _schedule(c, some, t + lag[back], rates[rows, offer][back], length[back])
    c.price_factor[some] = price[rows, offer][back]
    c.cost_factor[some] = cost[rows, offer][back]

    ids, month = c.id[who], np.full(len(who), t, np.int16)
    record.add(
        "regain",
        month=month,
        customer_id=ids,
        control=control,
        offer=offer.astype(np.int8),
        contact=np.where(control, -1, channel).astype(np.int8),
        contact_cost=np.where(control, 0, p["regain.contact_cost"]).astype(np.float32),
        gift_cost=np.where((offer == 4) & back, p["regain.gift_cost"], 0).astype(np.float32),
        return_month=np.where(back, t + lag, 0).astype(np.int16),
    )
    truth: dict[str, NDArray[Any]] = {}
    for k, name in enumerate(OFFERS):
        truth[f"chance_{name}"] = chances[:, k]
        truth[f"returns_{name}"] = returns[:, k]
        truth[f"tenure_{name}"] = tenure[:, k]
        truth[f"hazard_{name}"] = -np.expm1(-rates[:, k])
        truth[f"margin_{name}"] = np.round(margin[:, k], 2).astype(np.float32)
    record.add("truth.offers", month=month, customer_id=ids, offer=offer.astype(np.int8), **truth)


def come_back(p: Mapping[str, Any], c: Customers, t: int, record: Recorder) -> None:
    """Start the second life of those whose first month back this is."""
    who = np.flatnonzero((c.returns == t) & ~c.live)
    c.live[who] = True
    c.life[who] = 2
    c.paused[who] = False
    c.late_streak[who] = 0
    c.reason[who], c.depth[who], c.lull[who] = intention.NONE, 0, False
    c.promo_until[who] = 0
    term = TERMS[c.contract[who]]
    c.term_end[who] = np.where(term > 0, t + term - 1, NEVER)
    record_contracts(p, c, who, t, 2, record)


def _schedule(c: Customers, who: Where, month: NDArray[np.int16], rate: Floats, u: Floats) -> None:
    c.returns[who] = month
    c.ends[who] = month + _length(rate, u) - 1
    c.second_hazard[who] = -np.expm1(-rate)


def _length(rate: Floats, u: Floats) -> NDArray[np.int16]:
    """Turn a uniform number into a geometric number of months with the hazard 1 - exp(-rate)."""
    return (1 + np.minimum(-np.log1p(-u) / rate, LONGEST - 1)).astype(np.int16)


def _cost(p: Mapping[str, Any], c: Customers, who: Where, factor: Floats) -> Floats:
    fixed = np.float32(p["plan.cost_account"])
    return np.asarray(fixed + (c.mean_cost[who, None] - fixed) * factor, np.float32)


def _strength(c: Customers, who: Where) -> Floats:
    """Strength of the first relation: log(1 + years) less 1, about 0 at the mean."""
    years = (c.lost[who] - c.joined[who]) / 12
    return np.asarray(np.log1p(np.maximum(years, 0)) - 1, np.float32)


def _groups() -> NDArray[Any]:
    return loss_causes()["group"].to_numpy(dtype=object)


def _dead() -> int:
    return int(loss_causes().index.get_loc("extinct"))  # type: ignore[arg-type]
