"""Incidents, contacts and complaints: what goes wrong, who says so, and how it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crmlib.data.operator.intention import strength
from crmlib.data.operator.market import Market
from crmlib.data.operator.population import Customers
from crmlib.data.operator.record import Recorder
from crmlib.data.operator.streams import Bools, Floats, Streams, chance, choose, normal, uniform

INCIDENTS = ("network", "billing", "encounter")
CHANNELS = ("hotline", "app", "shop", "letter")
RESPONSES = ("resolved", "partly resolved", "wrong answer", "no answer", "blame shifted")
TOPICS = ("inquiry", "incident", "complaint")
Where = NDArray[np.intp]


def serve(
    streams: Streams, p: Mapping[str, Any], c: Customers, market: Market, t: int, record: Recorder
) -> Floats:
    """Draw incidents, contacts and complaints of a month; return the change of satisfaction."""
    n = len(c)
    mood = np.zeros(n, np.float32)
    for memory, keep in (
        (c.net_memory, "incidents.memory"),
        (c.billing_memory, "incidents.memory"),
        (c.encounter_memory, "incidents.memory"),
        (c.poor_memory, "complaints.memory"),
        (c.staff_memory, "staff.memory"),
    ):
        np.multiply(memory, np.float32(p[keep]), out=memory)
    c.staff_memory += market.desk_left[c.desk]

    shock = np.exp(market.network_shock[c.region])
    network = _strike(streams, "network", t, np.minimum(p["incidents.network"] * shock, 1), c)
    # Who thinks of leaving reads the bill closely and disputes what others let pass.
    disputed = p["incidents.billing"] * (1 + np.float32(p["intention.dispute"]) * strength(c))
    billing = _strike(streams, "billing", t, np.minimum(disputed, 1), c)
    inquiry, asks = _contacts(streams, p, c, (network[0], billing[0]), t, record)
    quality = market.quality[c.branch]
    wrong = chance(p["service.encounter"] - p["service.encounter_quality"] * quality)
    contacted = inquiry | asks
    encounter = _strike(streams, "encounter", t, np.where(contacted, wrong, 0), c)

    memories = (c.net_memory, c.billing_memory, c.encounter_memory)
    for code, (who, u) in enumerate((network, billing, encounter)):
        kind = INCIDENTS[code]
        edges = np.cumsum(p["incidents.severity_shares"])[:-1]
        severity = (np.searchsorted(edges, u, side="right") + 1).astype(np.int8)
        mood[who] -= np.float32(p[f"satisfaction.{kind}"]) * severity
        memories[code][who] += severity
        _complain(streams, p, c, quality, (code, who, severity), mood, t, record)
    return mood


def _strike(
    streams: Streams, kind: str, t: int, rate: Floats, c: Customers
) -> tuple[Where, Floats]:
    """Return who is struck, and for each a fresh uniform number: the old one over its rate."""
    u = uniform(streams.at(kind, t), len(c))
    who = np.flatnonzero(c.live & ~c.paused & (u < rate))
    return who, u[who] / rate[who]


def _contacts(
    streams: Streams,
    p: Mapping[str, Any],
    c: Customers,
    struck: tuple[Where, Where],
    t: int,
    record: Recorder,
) -> tuple[Bools, Bools]:
    n = len(c)
    rng = streams.at("contacts", t)
    # Who thinks of leaving asks for terms and notice, and more often.
    asking = np.float32(p["service.contact"]) * (1 + np.float32(p["intention.ask"]) * strength(c))
    inquiry = c.live & (uniform(rng, n) < asking)
    asks = np.zeros(n, np.bool_)
    for who in struck:
        asks[who] = True
    asks &= uniform(rng, n) < p["service.contact_incident"]
    for topic, mask in ((0, inquiry), (1, asks)):
        who = np.flatnonzero(mask)
        channel = choose(rng, (0.5, 0.25, 0.22, 0.03), len(who))
        wait = -np.log1p(-uniform(rng, len(who))) * 4
        _record_contacts(record, t, c.id[who], channel, topic, wait)
    return inquiry, asks


def _record_contacts(
    record: Recorder,
    t: int,
    ids: NDArray[np.int32],
    channel: NDArray[np.uint8],
    topic: int,
    wait: Floats,
) -> None:
    record.add(
        "contacts",
        month=np.full(len(ids), t, np.int16),
        customer_id=ids,
        channel=channel.astype(np.int8),
        topic=np.full(len(ids), topic, np.int8),
        wait_minutes=np.round(wait, 1).astype(np.float32),
    )


def _complain(
    streams: Streams,
    p: Mapping[str, Any],
    c: Customers,
    quality: Floats,
    incident: tuple[int, Where, NDArray[np.int8]],
    mood: Floats,
    t: int,
    record: Recorder,
) -> None:
    """Let the struck voice it or not, the operator register it or not, and answer who spoke."""
    code, who, severity = incident
    n, kind = len(who), INCIDENTS[code]
    rng = streams.at(f"complaints about {kind}", t)
    odds = (
        np.float32(p[f"complaints.{kind}"])
        + np.float32(p["complaints.severity"]) * (severity - 1)
        + np.float32(p["intention.voice"]) * strength(c, who)
    )
    voiced = uniform(rng, n) < chance(odds)
    registered = voiced & (uniform(rng, n) < p["complaints.registered"])
    logged = (uniform(rng, n) < p["incidents.logged"]) & (kind != "encounter")

    grade = severity.astype(np.float32)
    days = 1 - np.log1p(-uniform(rng, n)) * np.float32(p["complaints.days"])
    paid = uniform(rng, n) < p["complaints.compensated"]
    money = np.float32(p["complaints.compensation"]) * grade
    money = np.round(money * np.exp(0.3 * normal(rng, n)) * paid)
    # The three kinds of justice, each 0 at what is usual.
    distributive = money / np.maximum(np.float32(p["complaints.compensation"]) * grade, 1) - 0.4
    procedural = -np.log(days / 4)
    interactional = quality[who] + np.float32(0.7) * normal(rng, n)
    handling = (
        p["complaints.handling"]
        + p["complaints.distributive"] * distributive
        + p["complaints.procedural"] * procedural
        + p["complaints.interactional"] * interactional
        + p["complaints.handling_sd"] * normal(rng, n)
    ).astype(np.float32)
    poor = handling < p["complaints.poor"]
    mood[who] += np.float32(p["complaints.recovery"]) * handling * voiced
    c.poor_memory[who] += voiced & poor

    response = np.where(handling > 0.4, 0, 1)
    response = np.where(poor, 2 + choose(rng, (0.35, 0.4, 0.25), n), response)
    rating = np.clip(np.round(3.2 + 1.1 * handling), 1, 5)
    rating = np.where(uniform(rng, n) < p["complaints.rated"], rating, np.nan)
    miscoded = uniform(rng, n)
    category = np.where(miscoded < p["complaints.coded"], code, (code + 1 + (miscoded > 0.95)) % 3)
    channel = choose(rng, (0.55, 0.25, 0.15, 0.05), n)
    day = (1 + uniform(rng, n) * 28).astype(np.int8)
    wait = -np.log1p(-uniform(rng, n)) * 6

    month = np.full(len(who), t, np.int16)
    ids = c.id[who]
    record.add(
        "incidents",
        month=month[logged],
        customer_id=ids[logged],
        incident=np.full(logged.sum(), code, np.int8),
        severity=severity[logged],
    )
    record.add(
        "truth.incidents",
        month=month,
        customer_id=ids,
        incident=np.full(len(who), code, np.int8),
        severity=severity,
        voiced=voiced,
        registered=registered,
    )
    r = registered
    record.add(
        "complaints",
        month=month[r],
        day=day[r],
        customer_id=ids[r],
        channel=channel[r].astype(np.int8),
        category=category[r].astype(np.int8),
        language=c.chinese[who[r]].astype(np.int8),
        days_to_answer=np.round(days[r], 1).astype(np.float32),
        response=response[r].astype(np.int8),
        compensation=money[r].astype(np.float32),
        rating=rating[r].astype(np.float32),
    )
    record.add(
        "truth.complaints",
        month=month[r],
        customer_id=ids[r],
        incident=np.full(r.sum(), code, np.int8),
        severity=severity[r],
        distributive=distributive[r].astype(np.float32),
        procedural=procedural[r].astype(np.float32),
        interactional=interactional[r].astype(np.float32),
        handling=handling[r],
    )
    spoke = who[voiced]
    _record_contacts(record, t, c.id[spoke], channel[voiced], 2, wait[voiced])
