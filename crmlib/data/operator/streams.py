"""Random streams with names: one for each process and month, so that none shifts another.

A stream is seeded by the user's seed and a key made from its name. Adding a process, or a month,
leaves every other draw as it was. What decides over use, incidents, mood, losses and returns is
drawn for every customer who has joined, live or not, so that two scenarios with the same seed
treat the same customer to the same luck; what follows a rare event is drawn for the event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]  # single precision throughout
Ints = NDArray[np.integer]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Streams:
    """Named random generators that grow from one seed, for one block of customers.

    Examples
    --------
    >>> a, b = Streams(7).at("churn", 3), Streams(7).at("churn", 3)
    >>> bool(a.random() == b.random())
    True
    """

    seed: int
    block: int = 0

    def at(self, process: str, month: int = 0) -> np.random.Generator:
        """Return the generator of a process in a month."""
        key = (crc32(process.encode()), month, self.block)
        return np.random.Generator(
            np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=key))
        )


def single(values: Any) -> Floats:
    """Hold numbers in single precision."""
    return np.asarray(values, np.float32)


def uniform(rng: np.random.Generator, n: int) -> Floats:
    """Draw `n` numbers from [0, 1)."""
    return rng.random(n, dtype=np.float32)


def normal(rng: np.random.Generator, n: int) -> Floats:
    """Draw `n` standard normal numbers."""
    return rng.standard_normal(n, dtype=np.float32)


def choose(rng: np.random.Generator, shares: Sequence[float], n: int) -> NDArray[np.uint8]:
    """Draw `n` codes 0, 1, ... with the given shares."""
    edges = np.cumsum(shares)[:-1].astype(np.float32)
    return np.searchsorted(edges, uniform(rng, n), side="right").astype(np.uint8)


def chance(log_odds: Floats | float) -> Floats:
    """Turn log odds into a probability.

    Examples
    --------
    >>> float(chance(0.0))
    0.5
    """
    return np.asarray(1 / (1 + np.exp(-np.asarray(log_odds, np.float32))), np.float32)
