"""What surrounds the customers in a month: competitors, regions, branches and their staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crmlib.data.operator.population import REGIONS, Branches
from crmlib.data.operator.record import Recorder
from crmlib.data.operator.streams import Bools, Floats, Streams, chance, normal, single, uniform

COMPETITORS = ("Alpha", "Beta", "Gamma")
NEW_MONTHS = 3  # a new account manager is learning for so long


@dataclass
class Market:
    """State of market, network and branches, moved on by `step`."""

    branches: Branches
    index_shock: Floats  # region x competitor
    service_word: float  # what is said about the service level, lags behind it
    hired: NDArray[np.int16]  # month in which the desk was last filled
    next_staff: int
    price_index: Floats = field(init=False)  # region x competitor
    gift: Floats = field(init=False)  # best gift in the region, yuan
    network_shock: Floats = field(init=False)  # log, by region
    quality: Floats = field(init=False)  # service quality by branch
    desk_left: Bools = field(init=False)

    @property
    def market_index(self) -> Floats:
        """Mean price of the competitors by region, own list price = 1."""
        return single(self.price_index.mean(axis=1))

    def advantage(self, own_level: float) -> Floats:
        """Log price advantage of the cheapest competitor by region, 0 if there is none."""
        return single(np.maximum(np.log(own_level / self.price_index.min(axis=1)), 0))

    def step(self, streams: Streams, p: Mapping[str, Any], t: int, record: Recorder) -> None:
        """Draw the month's offers, shocks, staff changes and branch quality, and record them."""
        self._offers(streams, p, t, record)
        shocks = normal(streams.at("region shocks", t), len(REGIONS))
        factor = np.log(np.asarray(p["incidents.region_factor"], np.float32))
        self.network_shock = factor + p["incidents.region_sd"] * shocks
        self._staff(streams, p, t, record)
        rate = p["service.reputation"]
        self.service_word += rate * (p["service.level"] - self.service_word)

    def _offers(self, streams: Streams, p: Mapping[str, Any], t: int, record: Recorder) -> None:
        shape = (len(REGIONS), len(COMPETITORS))
        rng = streams.at("competition", t)
        memory, sd = p["competition.index_memory"], p["competition.index_sd"]
        noise = normal(rng, shape[0] * shape[1]).reshape(shape)
        self.index_shock = memory * self.index_shock + np.sqrt(1 - memory**2) * sd * noise
        self.price_index = (p["competition.price_index"] * np.exp(self.index_shock)).astype(
            np.float32
        )
        pays = rng.random(shape) < p["competition.gift_chance"]
        size = np.round(p["competition.gift"] * rng.uniform(0.5, 1.5, shape))
        gifts = np.where(pays, size, 0).astype(np.float32)
        self.gift = gifts.max(axis=1)
        region, competitor = np.indices(shape)
        record.add(
            "competitor_offers",
            month=np.full(region.size, t, np.int16),
            region=region.ravel().astype(np.int8),
            competitor=competitor.ravel().astype(np.int8),
            price_index=np.round(self.price_index.ravel(), 3),
            gift=gifts.ravel(),
            bundle=(rng.random(shape) < p["competition.bundle_chance"]).ravel(),
        )

    def _staff(self, streams: Streams, p: Mapping[str, Any], t: int, record: Recorder) -> None:
        b = self.branches
        rng = streams.at("staff", t)
        desks, n = len(b.staff_branch), len(b.region)
        usual = np.clip(p["staff.leave"], 1e-9, 1 - 1e-9)
        odds = np.log(usual / (1 - usual))
        rate = chance(odds - p["staff.leave_management"] * b.management)
        self.desk_left = uniform(rng, desks) < rate[b.staff_branch]
        skill = normal(rng, desks)
        left = np.flatnonzero(self.desk_left)
        record.add("staff_left", staff_id=b.staff_id[left], left=np.full(len(left), t, np.int16))
        b.staff_id[left] = np.arange(self.next_staff, self.next_staff + len(left))
        b.staff_skill[left] = skill[left]
        self.next_staff += len(left)
        self.hired[left] = t
        self.record_staff(streams, left, t, record)

        learning = (self.hired > t - NEW_MONTHS) & (self.hired > 0)
        new = np.bincount(b.staff_branch, learning, n) / np.bincount(b.staff_branch, minlength=n)
        mean_skill = np.bincount(b.staff_branch, b.staff_skill, n) / np.bincount(
            b.staff_branch, minlength=n
        )
        noise = normal(streams.at("branch noise", t), n)
        self.quality = (
            b.quality
            + p["service.level"]
            + p["service.skill"] * mean_skill
            - p["service.vacancy"] * new
            + p["service.noise_sd"] * noise
        ).astype(np.float32)
        audit = 70 + 12 * self.quality + 4 * normal(streams.at("audit", t), n)
        record.add(
            "branches",
            branch_id=np.arange(1, n + 1, dtype=np.int16),
            month=np.full(n, t, np.int16),
            region=b.region.astype(np.int8),
            staff=np.bincount(b.staff_branch, minlength=n).astype(np.int16),
            left=np.bincount(b.staff_branch, self.desk_left, n).astype(np.int16),
            audit_score=np.round(np.clip(audit, 0, 100), 1).astype(np.float32),
        )
        record.add(
            "truth.branches",
            branch_id=np.arange(1, n + 1, dtype=np.int16),
            month=np.full(n, t, np.int16),
            management=b.management,
            mean_skill=mean_skill.astype(np.float32),
            learning=new.astype(np.float32),
            quality=self.quality,
        )

    def record_staff(
        self, streams: Streams, desks: NDArray[np.intp], t: int, record: Recorder
    ) -> None:
        """Write down who sits at these desks from month `t` on, with assessed skills."""
        b = self.branches
        rng = streams.at("assessment", t)
        scores = {
            name: np.round(
                np.clip(60 + 10 * b.staff_skill + 6 * normal(rng, len(b.staff_id)), 0, 100)[desks]
            ).astype(np.float32)
            for name in ("knowledge", "teamwork", "communication")
        }
        record.add(
            "staff",
            staff_id=b.staff_id[desks].copy(),
            desk=(desks + 1).astype(np.int32),
            branch_id=b.staff_branch[desks] + np.int16(1),
            hired=np.full(len(desks), t, np.int16),
            **scores,
        )


def open_market(
    streams: Streams, p: Mapping[str, Any], branches: Branches, record: Recorder
) -> Market:
    """Set the market up before the first month."""
    shape = len(REGIONS), len(COMPETITORS)
    first = normal(streams.at("competition"), shape[0] * shape[1]).reshape(shape)
    desks = len(branches.staff_branch)
    market = Market(
        branches=branches,
        index_shock=p["competition.index_sd"] * first,
        service_word=p["service.level"],
        hired=np.zeros(desks, np.int16),
        next_staff=desks + 1,
    )
    market.record_staff(streams, np.arange(desks), 0, record)
    return market
