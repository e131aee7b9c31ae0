"""Run the operator month by month."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from crmlib._checks import number
from crmlib.data.operator import (
    funnel,
    intention,
    loss,
    market,
    population,
    regain,
    satisfaction,
    service,
    usage,
)
from crmlib.data.operator.layout import lay_out
from crmlib.data.operator.operator import Operator
from crmlib.data.operator.population import Customers
from crmlib.data.operator.record import Recorder
from crmlib.data.operator.scenario import BASELINE, Scenario, read_scenario
from crmlib.data.operator.streams import Bools, Floats, Streams, uniform

BLOCK = 1 << 16  # customers simulated together: small enough for the processor's cache
THREADS = 2
LONG_RUN = 3_000_000  # customer-months above which a progress bar shows


def simulate(
    customers: int = 20_000,
    months: int = 24,
    scenario: str | Path | Mapping[str, Any] | Scenario = BASELINE,
    random_state: int = 0,
    *,
    progress: bool | None = None,
) -> Operator:
    """Simulate a telecom operator with known truth.

    Parameters
    ----------
    customers : int
        Customers at the start; others join every month.
    months : int
        Months to simulate; month 1 is the first.
    scenario : str, path, mapping or Scenario
        A scenario that ships with crmlib (`crmlib.data.operator.scenarios` lists them), a TOML
        file, or a dict of changes to the baseline.
    random_state : int
        Seed. The same call gives the same tables, byte for byte, with the same NumPy.
    progress : bool, optional
        Show a progress bar; by default only in long runs.

    Returns
    -------
    Operator
        With the CRM's tables as attributes and the truth apart, in ``.truth``.

    Raises
    ------
    TypeError, ValueError
        A count that is not positive, an unknown scenario or parameter, a value out of range.

    Notes
    -----
    The equations and every parameter with its source are in the data sheet
    ``datasets/simulated-operator.md``.

    Examples
    --------
    >>> op = simulate(customers=500, months=6, random_state=7)
    >>> op.months.columns.tolist()[:5]
    ['month', 'customer_id', 'minutes', 'data_gb', 'bill']
    >>> op.truth.losses["cause"].notna().all().item()
    True
    """
    customers, months = _count(customers, "customers", 1), _count(months, "months", 1)
    seed = _count(random_state, "random_state", 0)
    if months > 600:
        raise ValueError(f"months must be at most 600, got {months}.")
    chosen = read_scenario(scenario)
    streams, p = Streams(seed), chosen.at(1)
    common = Recorder()
    branches = population.found_branches(streams, p)
    everyone = population.draw_customers(streams, p, branches, customers, months)
    for t in range(1, months + 1):
        common.month = t
        funnel.fill_funnel(streams, chosen.at(t), everyone, t, common)
    common.month = 0
    world = _world(streams, chosen, branches, months, common)

    # Customers do not act on each other, so blocks of them are simulated apart, in any order.
    starts = range(0, len(everyone), BLOCK)
    if progress is None:
        progress = len(everyone) * months > LONG_RUN
    joiners = (len(everyone) - customers) // months

    def run(start: int) -> Recorder:
        record = Recorder()
        own = Streams(seed, 1 + start // BLOCK)
        for t, (p, field) in enumerate(world, start=1):
            before, now = (min(max(customers + joiners * s - start, 0), BLOCK) for s in (t - 1, t))
            if t == 1:
                first = _slice(everyone, start, start + before)
                usage.record_contracts(p, first, np.arange(before), 0, 0, record)
            if now:
                record.month = t
                c = _slice(everyone, start, start + now)
                _month(own, p, c, np.arange(before, now), field, t, record)
        return record

    from tqdm import tqdm

    with ThreadPoolExecutor(THREADS) as pool:
        bar = tqdm(total=len(starts), unit="block", disable=not progress, desc="simulate")
        records = [common]
        for record in pool.map(run, starts):
            records.append(record)
            bar.update()
        bar.close()
    return lay_out(chosen, streams, everyone, customers, months, records)


def _world(
    streams: Streams,
    chosen: Scenario,
    branches: population.Branches,
    months: int,
    record: Recorder,
) -> list[tuple[dict[str, Any], market.Market]]:
    """Return parameters and market of every month; they do not depend on the customers."""
    field = market.open_market(streams, chosen.at(1), branches, record)
    world = []
    for t in range(1, months + 1):
        p = chosen.at(t)
        record.month = t
        field.step(streams, p, t, record)
        world.append((p, copy(field)))
    return world


def _month(
    streams: Streams,
    p: Mapping[str, Any],
    c: Customers,
    new: Any,
    field: market.Market,
    t: int,
    record: Recorder,
) -> None:
    usage.record_contracts(p, c, new, t, 0, record)
    regain.come_back(p, c, t, record)
    usage.renew(streams, p, c, t, record)
    running = satisfaction.promote(streams, p, c, t, record)
    used = usage.use(streams, p, c, field, t)
    mood = service.serve(streams, p, c, field, t, record)
    performance = satisfaction.feel(streams, p, c, field, used, mood, t)
    satisfaction.survey(streams, p, c, used, performance, t, record)
    live = c.live.copy()
    hazard, who = loss.leave(streams, p, c, field, used.price_gap, running, t)
    _record_losses(streams, p, c, who, hazard, used.bill, t, record)
    _record_months(p, c, used, live, hazard, t, record)
    intention.ponder(streams, p, c, field, used.price_gap, t)
    regain.regain(streams, p, c, field, t, record)


def _record_losses(
    streams: Streams,
    p: Mapping[str, Any],
    c: Customers,
    who: Any,
    hazard: Floats,
    bill: Floats,
    t: int,
    record: Recorder,
) -> None:
    n, rng = len(who), streams.at("exit", t)
    wait = (uniform(rng, n) * p["regain.wait"]).astype(np.int16)
    prepaid = c.contract[who] == 0
    closed = (t + p["churn.silence"] * prepaid).astype(np.int16)
    c.campaign[who] = closed + 1 + wait
    cause = c.cause[who]
    names = loss.loss_causes().index
    known = np.isin(names[cause], ["extinct", "pushed"])
    asked = known | (uniform(rng, n) < p["churn.asked"])
    frank = known | (uniform(rng, n) < p["churn.truthful"])
    # Who hides the reason names the price half of the time, else any reason but the operator's.
    u = uniform(rng, n)
    excuse = np.where(u < 0.5, 0, ((2 * u - 1) * 13).astype(np.int8))
    ported = uniform(rng, n) < p["competition.portability"]
    voluntary = cause < np.flatnonzero(names == "moved")[0]
    ids, month = c.id[who], np.full(len(who), t, np.int16)
    record.add(
        "churn",
        month=closed,
        customer_id=ids,
        last_active=month,
        life=c.life[who].astype(np.int8),
        contract=c.contract[who].astype(np.int8),
        tenure=(t - np.where(c.life[who] == 2, c.returns[who] - 1, c.joined[who])).astype(np.int16),
        last_bill=bill[who],
        ported=ported & voluntary,
        interviewed=asked,
        stated_reason=np.where(asked, np.where(frank, cause, excuse), -1).astype(np.int8),
    )
    record.add(
        "truth.losses",
        month=month,
        customer_id=ids,
        life=c.life[who].astype(np.int8),
        cause=cause.copy(),
        hazard=hazard[who],
    )


def _record_months(
    p: Mapping[str, Any],
    c: Customers,
    used: usage.Usage,
    live: Bools,
    hazard: Floats,
    t: int,
    record: Recorder,
) -> None:
    # A prepaid account stays open, unused, until the operator takes it for lost.
    silent = ~live & (c.contract == 0) & (c.lost > 0) & (t - c.lost <= p["churn.silence"])
    rows = np.flatnonzero(live | silent)
    on = live[rows]

    def of(values: Floats) -> Floats:
        return values[rows] * on

    ids, month = c.id[rows], np.full(len(rows), t, np.int16)
    record.add(
        "months",
        month=month,
        customer_id=ids,
        minutes=of(used.minutes).astype(np.int32),
        data_gb=of(used.gb),
        bill=of(used.bill),
        discount=of(used.discount),
        cost=of(used.cost),
        paid_late=used.late[rows] & on,
    )
    tenure = t - c.joined[rows]
    stage = np.where(tenure < p["lifecycle.growth"], 1, 2)
    stage = np.where(tenure < p["lifecycle.development"], 0, stage)
    back = c.life[rows] == 2
    recent = t - c.returns[rows] < p["lifecycle.development"]
    stage = np.where(back & recent, 5, stage)
    stage = np.where(c.satisfaction[rows] < p["lifecycle.decline"], 3, stage)
    stage = np.where(~c.live[rows], 4, stage)
    record.add(
        "truth.months",
        month=month,
        customer_id=ids,
        hazard=np.where(on, hazard[rows], np.float32(np.nan)).astype(np.float32),
        satisfaction=c.satisfaction[rows],
        expectation=c.expectation[rows],
        price_gap=of(used.price_gap),
        intention=of(intention.strength(c)),
        reason=np.where(on, c.reason[rows], intention.NONE),
        stage=stage.astype(np.int8),
    )


def _slice(c: Customers, start: int, stop: int) -> Customers:
    """Return views of some customers: what is done to them is done to all."""
    return replace(c, **{f.name: getattr(c, f.name)[start:stop] for f in fields(c)})


def _count(value: object, name: str, low: int) -> int:
    checked = number(value, name, low)
    if checked != int(checked):
        raise ValueError(f"{name} must be a whole number, got {value!r}.")
    return int(checked)
