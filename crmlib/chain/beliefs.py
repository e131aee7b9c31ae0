"""What a firm believes about its contacts and offers, and how outcomes change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from crmlib._checks import number
from crmlib.early_warning import Economics, learn_success


@dataclass(frozen=True)
class Beliefs:
    """What a firm takes its contacts and offers to do.

    Attributes
    ----------
    economics : Economics
        Costs of an alarm, and the success it is believed to have.
    chance : float
        Chance to win a lost customer back with an offer, before any outcome; the middle of the
        20 to 40 % quoted from Griffin & Lowenstein (`crmlib.recovery.SELLING_CHANCES`).
    unasked : float
        Chance that a lost customer returns by himself, before any outcome.
    trust : float
        How many customers' outcomes these are worth; those of a loss type are told apart from
        those of all customers with as much trust.
    comeback : float
        Share of the value lost with a leaving customer that returns with recovery, net of its
        cost. What comes back anyway is no reason for an alarm.
    seen : mapping
        Customers asked and back, by loss type and offer ("none": not asked).
    alarms : DataFrame or None
        Outcomes of alarms so far: ``treated`` and ``lost``.
    first_success : float or None
        The success believed in before the first outcome.

    Examples
    --------
    >>> believed = Beliefs().learn(recovery=pd.DataFrame(
    ...     {"type": "pulled away", "offer": "discount", "back": [True] * 30 + [False] * 10}))
    >>> bool(believed.mean("pulled away", "discount") > Beliefs().mean("pulled away", "discount"))
    True
    """

    economics: Economics = field(default_factory=lambda: Economics(contact=5.0, offer=10.0))
    chance: float = 0.3
    unasked: float = 0.1
    trust: float = 20.0
    comeback: float = 0.0
    seen: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    alarms: pd.DataFrame | None = None
    first_success: float | None = None

    def __post_init__(self) -> None:
        number(self.chance, "chance", 0, 1)
        number(self.unasked, "unasked", 0, 1)
        number(self.trust, "trust", 0, open_low=True)
        number(self.comeback, "comeback", high=1)

    def beta(self, kind: str, offer: str) -> tuple[float, float]:
        """Return the beta distribution of the chance to be back: a loss type and an offer."""
        first = self.unasked if offer == "none" else self.chance
        asked = sum(n for (_, o), (n, _) in self.seen.items() if o == offer)
        back = sum(k for (_, o), (_, k) in self.seen.items() if o == offer)
        pooled = (self.trust * first + back) / (self.trust + asked)
        n, k = self.seen.get((kind, offer), (0, 0))
        return self.trust * pooled + k, self.trust * (1 - pooled) + n - k

    def mean(self, kind: str, offer: str) -> float:
        """Return the believed chance to be back."""
        a, b = self.beta(kind, offer)
        return a / (a + b)

    def chances(
        self,
        types: pd.Series,
        offers: pd.Index,
        explore: np.random.Generator | None = None,
    ) -> pd.DataFrame:
        """Return the chance of every customer with every offer.

        Parameters
        ----------
        types : Series
            Loss types by customer.
        offers : Index
            The offers.
        explore : Generator, optional
            Draw each chance from its distribution instead of taking the mean (Thompson 1933):
            what is known badly is tried now and then.

        Returns
        -------
        DataFrame, customers by offers
        """
        out = pd.DataFrame(index=types.index, columns=offers, dtype=float)
        for kind in types.unique():
            rows = (types == kind).to_numpy()
            for offer in offers:
                a, b = self.beta(str(kind), str(offer))
                drawn: Any = a / (a + b)
                if explore is not None:
                    drawn = explore.beta(a, b, int(rows.sum()))
                out.loc[rows, offer] = drawn
        return out

    def learn(
        self,
        alarms: pd.DataFrame | None = None,
        recovery: pd.DataFrame | None = None,
        comeback: float | None = None,
    ) -> Beliefs:
        """Return the beliefs after outcomes: thresholds and chances made of them move along.

        Parameters
        ----------
        alarms : DataFrame, optional
            A row an alarm: ``treated`` (False: left alone by chance) and ``lost``.
        recovery : DataFrame, optional
            A row a lost customer: ``type``, ``offer`` ("none": not asked) and ``back``.
        comeback : float, optional
            The share of lost value that recovery was seen to bring back.

        Returns
        -------
        Beliefs
        """
        known, economics = self.alarms, self.economics
        first = self.first_success if self.first_success is not None else economics.success
        if alarms is not None and len(alarms):
            known = alarms if known is None else pd.concat([known, alarms], ignore_index=True)
            if known["treated"].any() and not known["treated"].all():
                # A belief of 0 or 1 could never change.
                mean = min(max(first, 0.01), 0.99)
                prior = (self.trust * mean, self.trust * (1 - mean))
                economics = learn_success(known, prior).update(economics)
        seen = dict(self.seen)
        if recovery is not None and len(recovery):
            grouped = recovery.groupby(["type", "offer"], observed=True)["back"]
            for (kind, offer), outcomes in grouped:
                n, k = seen.get((str(kind), str(offer)), (0, 0))
                seen[(str(kind), str(offer))] = (n + len(outcomes), k + int(outcomes.sum()))
        share = self.comeback if comeback is None else min(comeback, 1.0)
        return replace(
            self, economics=economics, seen=seen, alarms=known, comeback=share, first_success=first
        )
