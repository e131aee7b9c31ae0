"""Who the customers are: branches, staff, latent needs and the contract they begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crmlib.data.operator.streams import Bools, Floats, Streams, choose, normal, single, uniform

SEGMENTS = ("price seeker", "quality seeker", "data native", "traditionalist")
REGIONS = ("north", "east", "south", "west", "center")
CONTRACTS = ("prepaid", "12 months", "24 months")
PLANS = ("S", "M", "L", "XL")
TERMS = np.array([0, 12, 24], np.int16)  # months, in the order of CONTRACTS
GENDERS = ("female", "male")
INCOMES = ("low", "middle", "high")


@dataclass
class Branches:
    """Branches and their staff (account managers); arrays by branch and by staff member."""

    region: NDArray[np.uint8]
    quality: Floats  # lasting part, in units of satisfaction
    management: Floats  # latent, mean 0
    staff_branch: NDArray[np.int16]  # who works at which desk; a desk is refilled when one leaves
    staff_skill: Floats
    staff_id: NDArray[np.int32]
    network: Floats  # lasting network quality of each region


@dataclass
class Customers:
    """Every customer who is there at the start or joins later; one array element each.

    Arrays above the blank line never change; those below are moved on month by month.
    """

    id: NDArray[np.int32]  # 1, 2, ...
    joined: NDArray[np.int16]  # month; 0 or less for the opening base
    segment: NDArray[np.uint8]
    region: NDArray[np.uint8]
    branch: NDArray[np.int16]
    desk: NDArray[np.int32]  # index of the account manager's desk
    age: NDArray[np.uint8]
    gender: NDArray[np.uint8]
    income: NDArray[np.uint8]
    chinese: Bools
    source: NDArray[np.uint8]
    price_sensitivity: Floats
    quality_sensitivity: Floats
    novelty: Floats
    inertia: Floats
    demand_gb: Floats
    demand_minutes: Floats
    withdrawal: Floats  # how much an intention to leave shows in use; 0: not at all

    contract: NDArray[np.uint8]
    plan: NDArray[np.uint8]
    term_end: NDArray[np.int16]  # last month of the term; a very early month if not bound
    expectation: Floats
    satisfaction: Floats
    remembered_bill: Floats
    mean_cost: Floats
    net_memory: Floats
    billing_memory: Floats
    encounter_memory: Floats
    poor_memory: Floats
    staff_memory: Floats
    late_streak: Floats
    reason: NDArray[np.int8]  # what a customer thinks of leaving for, -1 if he does not
    depth: Floats  # how far it has gone, 0 to 1; fades when he has made his peace
    lull: Bools  # uses less for reasons that have nothing to do with the operator
    paused: Bools
    promo_until: NDArray[np.int16]
    promo_discount: Bools
    price_factor: Floats  # discount and spending in the second life
    cost_factor: Floats
    live: Bools
    lost: NDArray[np.int16]  # last live month, 0 while live
    cause: NDArray[np.int8]
    life: NDArray[np.uint8]  # 1, after a return 2
    campaign: NDArray[np.int16]  # month of the regain campaign, 0 if none is due
    returns: NDArray[np.int16]  # first month of the second life, 0 if none
    ends: NDArray[np.int16]  # last month of the second life, 0 in the first
    second_hazard: Floats

    def __len__(self) -> int:
        return len(self.joined)


NEVER = np.int16(-10_000)


def found_branches(streams: Streams, p: Mapping[str, Any]) -> Branches:
    """Draw the branches, their management and their staff."""
    rng = streams.at("branches")
    n, per = p["population.branches"], p["population.staff_per_branch"]
    management = normal(rng, n)
    own = normal(rng, n)
    # Half of the lasting differences between branches go back to their management.
    quality = p["service.branch_sd"] * np.sqrt(0.5) * (management + own)
    skill = normal(rng, n * per)
    return Branches(
        region=choose(rng, p["population.region_shares"], n),
        quality=quality.astype(np.float32),
        management=management,
        staff_branch=np.repeat(np.arange(n, dtype=np.int16), per),
        staff_skill=skill,
        staff_id=np.arange(1, n * per + 1, dtype=np.int32),
        network=(p["service.network_sd"] * normal(rng, len(REGIONS))).astype(np.float32),
    )


def draw_customers(
    streams: Streams, p: Mapping[str, Any], branches: Branches, opening: int, months: int
) -> Customers:
    """Draw the opening base and all who will join, in the order of joining."""
    each = round(opening * p["population.arrivals"])
    n = opening + each * months
    joined = np.empty(n, np.int16)
    rng = streams.at("tenure")
    tenure = rng.exponential(p["population.tenure_mean"], opening)
    joined[:opening] = -np.minimum(tenure, 240).astype(np.int16)
    joined[opening:] = np.repeat(np.arange(1, months + 1, dtype=np.int16), each)

    rng = streams.at("segment")
    segment = choose(rng, p["population.segment_shares"], n)
    sd = p["population.trait_sd"]

    def trait(name: str) -> Floats:
        return single(p[f"population.{name}"])[segment]

    def spread(process: str, scale: float) -> Floats:
        """Lognormal with mean 1."""
        return single(np.exp(scale * normal(streams.at(process), n) - scale**2 / 2))

    def shift(process: str) -> Floats:
        return single(sd * normal(streams.at(process), n))

    demand_sd = p["population.demand_sd"]
    demand_gb = trait("data_gb") * spread("data demand", demand_sd)
    demand_minutes = trait("minutes") * spread("voice demand", demand_sd)
    age = trait("age") + p["population.age_sd"] * normal(streams.at("age"), n)
    branch = streams.at("branch").integers(0, len(branches.region), n).astype(np.int16)
    desk = branch.astype(np.int32) * p["population.staff_per_branch"] + streams.at("desk").integers(
        0, p["population.staff_per_branch"], n
    ).astype(np.int32)
    region = branches.region[branch]
    contract = choose(streams.at("contract"), p["plan.contract_shares"], n)
    plan = cheapest_plan(p, demand_gb, demand_minutes)
    income = np.digitize(
        np.asarray(p["plan.fee"], np.float32)[plan] / 50 + normal(streams.at("income"), n),
        [0.4, 1.8],
    )

    shows = uniform(streams.at("quiet"), n) >= p["intention.quiet"]
    term_end = _first_term_end(streams, p, contract, joined)
    reason, depth = _first_intention(streams, p, joined, term_end)

    def zeros(dtype: Any) -> NDArray[Any]:
        return np.zeros(n, dtype)

    return Customers(
        id=np.arange(1, n + 1, dtype=np.int32),
        joined=joined,
        segment=segment,
        region=region,
        branch=branch,
        desk=desk,
        age=np.clip(age, 18, 95).astype(np.uint8),
        gender=choose(streams.at("gender"), (0.5, 0.5), n),
        income=income.astype(np.uint8),
        source=choose(streams.at("source"), p["funnel.source_shares"], n),
        chinese=uniform(streams.at("language"), n) < p["population.chinese"],
        price_sensitivity=trait("price_sensitivity") * spread("price sensitivity", sd),
        quality_sensitivity=trait("quality_sensitivity") * spread("quality sensitivity", sd),
        novelty=trait("novelty") + shift("novelty"),
        inertia=trait("inertia") + shift("inertia"),
        demand_gb=demand_gb,
        demand_minutes=demand_minutes,
        withdrawal=spread("withdrawal", sd) * shows,
        contract=contract,
        plan=plan,
        term_end=term_end,
        expectation=trait("expectation") + shift("expectation"),
        satisfaction=(0.5 * normal(streams.at("first satisfaction"), n)).astype(np.float32),
        remembered_bill=zeros(np.float32),
        mean_cost=zeros(np.float32),
        net_memory=zeros(np.float32),
        billing_memory=zeros(np.float32),
        encounter_memory=zeros(np.float32),
        poor_memory=zeros(np.float32),
        staff_memory=zeros(np.float32),
        late_streak=zeros(np.float32),
        reason=reason,
        depth=depth,
        lull=zeros(np.bool_),
        paused=zeros(np.bool_),
        promo_until=zeros(np.int16),
        promo_discount=zeros(np.bool_),
        price_factor=np.ones(n, np.float32),
        cost_factor=np.ones(n, np.float32),
        live=np.ones(n, np.bool_),
        lost=zeros(np.int16),
        cause=np.full(n, -1, np.int8),
        life=np.ones(n, np.uint8),
        campaign=zeros(np.int16),
        returns=zeros(np.int16),
        ends=zeros(np.int16),
        second_hazard=zeros(np.float32),
    )


def cheapest_plan(p: Mapping[str, Any], gb: Floats, minutes: Floats) -> NDArray[np.uint8]:
    """Return the plan with the lowest expected bill for a demand a month.

    Examples
    --------
    >>> from crmlib.data.operator.scenario import read_scenario
    >>> p = read_scenario().parameters
    >>> cheapest_plan(p, np.float32([2, 60]), np.float32([50, 300])).tolist()
    [0, 3]
    """
    bills = np.stack([expected_bill(p, code, gb, minutes) for code in range(len(PLANS))])
    return np.asarray(bills.argmin(axis=0), np.uint8)


def expected_bill(
    p: Mapping[str, Any], plan: NDArray[np.uint8] | int, gb: Floats, minutes: Floats
) -> Floats:
    """Return the list bill in yuan: the fee and the capped overage of each service."""
    fee, data, voice = (
        np.asarray(p[f"plan.{key}"], np.float32)[plan] for key in ("fee", "data_gb", "minutes")
    )
    cap = np.float32(p["plan.overage_cap"])
    over = np.minimum(np.float32(p["plan.overage_gb"]) * np.maximum(gb - data, 0), cap)
    over += np.minimum(np.float32(p["plan.overage_minute"]) * np.maximum(minutes - voice, 0), cap)
    return np.asarray(fee + over, np.float32)


def _first_intention(
    streams: Streams, p: Mapping[str, Any], joined: NDArray[np.int16], term_end: NDArray[np.int16]
) -> tuple[NDArray[np.int8], Floats]:
    """Let a share of the opening base think of leaving already, fewer inside a long term."""
    n = len(joined)
    bound = term_end > p["intention.horizon"]
    rate = p["intention.opening"] * np.exp(p["intention.bound"] * bound)
    thinks = (joined <= 0) & (uniform(streams.at("first intention"), n) < rate)
    reason = choose(streams.at("first reason"), p["intention.opening_shares"], n).astype(np.int8)
    length = streams.at("first length").exponential(p["intention.opening_months"], n)
    depth = (1 - (1 - p["intention.pace"]) ** np.ceil(length)) * thinks
    return np.where(thinks, reason, np.int8(-1)), single(depth)


def _first_term_end(
    streams: Streams, p: Mapping[str, Any], contract: NDArray[np.uint8], joined: NDArray[np.int16]
) -> NDArray[np.int16]:
    """Place the opening base somewhere in its term, or beyond it; joiners start a term."""
    term = TERMS[contract]
    new = joined >= 1
    remaining = (uniform(streams.at("first term"), len(joined)) * term).astype(
        np.int16
    )  # 0 .. term - 1 months to go
    first = joined + term - 1  # end of the first term
    # A term that would have ended before the start was renewed, or is rolling since.
    renewed = uniform(streams.at("first renewal"), len(joined)) < p["plan.renewal"]
    end = np.where(new | (first >= 1), first, np.where(renewed, remaining, NEVER))
    return np.where(term > 0, end, NEVER).astype(np.int16)
