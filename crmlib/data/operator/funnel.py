"""Where new customers come from: leads that marketing and sales qualify, lose or win.

The customers who join are given, so the funnel is drawn backwards: with a share w of leads won,
the leads lost before the n-th success are negative binomial. Seen forwards, each lead passes each
stage with the share of the scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from crmlib.data.operator.population import REGIONS, Customers
from crmlib.data.operator.record import Recorder
from crmlib.data.operator.streams import Streams

SOURCES = ("web", "shop", "referral", "outbound call")
STAGES = ("ready", "accepted", "qualified", "leads")  # from the narrow end to the wide
SHARES = ("won", "ready", "accepted", "qualified")  # share of each of STAGES that goes on


def fill_funnel(
    streams: Streams, p: Mapping[str, Any], c: Customers, t: int, record: Recorder
) -> None:
    """Record the month's leads by region and source: ML, MQL, SL, SQL and customers won."""
    new = c.joined == t
    cells = len(REGIONS) * len(SOURCES)
    cell = c.region[new].astype(np.intp) * len(SOURCES) + c.source[new]
    won = np.bincount(cell, minlength=cells)
    counts, below = {"won": won}, won
    rng = streams.at("funnel", t)
    for stage, share in zip(STAGES, SHARES, strict=True):
        chance = max(p[f"funnel.{share}"], 1e-3)
        lost = np.where(below > 0, rng.negative_binomial(np.maximum(below, 1), chance), 0)
        below = below + lost
        counts[stage] = below
    record.add(
        "leads",
        month=np.full(cells, t, np.int16),
        region=np.repeat(np.arange(len(REGIONS), dtype=np.int8), len(SOURCES)),
        source=np.tile(np.arange(len(SOURCES), dtype=np.int8), len(REGIONS)),
        **{name: counts[name].astype(np.int32) for name in (*STAGES[::-1], "won")},
    )
