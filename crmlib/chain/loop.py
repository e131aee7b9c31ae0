"""The loop: warn, call, lose, win back, count, and set the thresholds anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import recovery
from crmlib._checks import number, one_of
from crmlib._result import Result
from crmlib.chain.beliefs import Beliefs
from crmlib.chain.replay import Response, Round, offer_terms, replay
from crmlib.data.operator import Operator
from crmlib.early_warning import Cost
from crmlib.value import second_lifetime_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What returns can reset.
PARTS = ("calls", "comeback", "offers")


@dataclass(frozen=True, repr=False)
class Loop(Result):
    """The rounds of a firm that learns from its returns, or does not.

    Attributes
    ----------
    rounds : DataFrame
        A row a round. Warning: ``alarms``, ``control`` (left alone by chance), ``kept``,
        ``saved`` and ``warning_cost``; recovery: ``lost`` (could be asked back), ``offers``,
        ``back``, ``recovery_gain`` over leaving them alone and ``recovery_cost``, ``roi`` as the
        firm reckons it; ``profit`` and ``cumulated``, in money, by the truth; and the beliefs the
        round began with: ``success`` and ``comeback``.
    beliefs : Beliefs
        After the last round.
    learned : tuple of str
        What the outcomes reset; empty for a fixed rule.
    """

    rounds: pd.DataFrame
    beliefs: Beliefs
    learned: tuple[str, ...]

    @property
    def _title(self) -> str:  # type: ignore[override]
        name = "Learned" if self.learned else "Fixed"
        return f"{name} thresholds: profit {self.profit:,.0f} in {len(self.rounds)} rounds"

    @property
    def profit(self) -> float:
        """Profit of all rounds, in money."""
        return float(self.rounds["profit"].sum())

    def to_frame(self) -> pd.DataFrame:
        """Return the rounds."""
        return self.rounds

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the cumulated profit of warning and recovery together."""
        from crmlib.plots import lines

        name = "learned" if self.learned else "fixed"
        ax = lines(self.rounds[["cumulated"]].rename(columns={"cumulated": name}), ax)
        ax.set_ylabel("cumulated profit (money)")
        return ax


def close_the_loop(
    world: Operator | list[Round],
    months: Iterable[int] = (9, 12, 15, 18, 21),
    *,
    start: Beliefs | None = None,
    learn: Collection[str] = ("calls", "comeback"),
    control: float = 0.1,
    offers: pd.DataFrame | None = None,
    budget: float = np.inf,
    retention: float = 0.97,
    discount: float = 0.01,
    longest: int = 36,
    response: Response | None = None,
    random_state: int = 0,
) -> Loop:
    """Play rounds of customers, risk, alarm, loss type, value, cost cap, plan, return, thresholds.

    In every round the firm alarms where the expected profit of a call is above 0, by its beliefs;
    classifies who has left, values the second life, caps the cost, plans offers within the
    budget, and accounts for the returns. If it learns, a share of the alarmed and of the planned
    is left alone by chance; their outcomes reset the success of calls and the chances of offers,
    and what recovery brings back lowers what an alarm can save. Profit is what the decisions
    truly brought against doing nothing, control groups included.

    Parameters
    ----------
    world : Operator or list of Round
        A simulated operator with its truth; or `replay` of one, to play it more than once.
    months : iterable of int
        Months of decision, for an operator.
    start : Beliefs, optional
        What the firm believes before any outcome; the defaults of `Beliefs`.
    learn : collection of {'calls', 'comeback', 'offers'}
        What the returns reset: the success of calls and the share of lost value that comes back,
        which both move the thresholds of the warning; and the chances of offers. Learning those
        costs a control group and trials, which a few hundred lost customers a round may not
        repay: it is not done unless asked for. Nothing at all: a fixed rule.
    control : float
        Share left alone by chance, of the alarmed to learn of calls, of the planned to learn of
        offers. What is not learned of needs no control group and has none.
    offers : DataFrame, optional
        Terms of the offers; `offer_terms` of the operator by default.
    budget : float
        What a round's recovery plan may cost.
    retention : float
        Monthly retention of the second life that the firm reckons with.
    discount : float
        Discount rate a month.
    longest : int
        Months a second life counts at most.
    response : Response, optional
        What a call does, for an operator; see `replay`.
    random_state : int
        Seed.

    Returns
    -------
    Loop

    Raises
    ------
    ValueError
        No round, a share outside 0 to 1, or rounds without the terms of the offers.

    Examples
    --------
    >>> from crmlib.data import simulate
    >>> op = simulate(customers=1500, months=18, random_state=1)
    >>> loop = close_the_loop(op, [9, 12])
    >>> loop.rounds.index.tolist(), loop.learned
    ([9, 12], ('calls', 'comeback'))
    """
    number(control, "control", 0, 1, open_high=True)
    if isinstance(world, Operator):
        given = replay(
            world, months, response=response, discount=discount, longest=longest,
            random_state=random_state,
        )  # fmt: skip
        terms = offer_terms(world, discount=discount) if offers is None else offers
    else:
        given = world
        if offers is None:
            raise ValueError("offers is needed with a list of rounds: give `offer_terms(op)`.")
        terms = offers
    if not given:
        raise ValueError("There is no round to play.")
    parts = {one_of(part, PARTS, "learn") for part in learn}
    of_calls, of_offers = (control if part in parts else 0.0 for part in ("calls", "offers"))
    beliefs: Beliefs = Beliefs() if start is None else start
    rows: dict[int, dict[str, Any]] = {}
    kept: set[Any] = set()
    paid = stake = 0.0
    for number_of, now in enumerate(given):
        rng = np.random.default_rng([random_state, number_of])
        warned, alarms = _warn(now, beliefs, of_calls, rng)
        kept |= set(warned.pop("who"))
        lost = now.lost[~now.lost.index.isin(kept)]
        values = {"retention": retention, "discount": discount, "periods": longest}
        won, outcomes = _recover(lost, terms, beliefs, of_offers, budget, values, rng)
        paid += won.pop("reckoned")
        stake += won.pop("at_stake")
        rows[now.month] = {
            "success": beliefs.economics.success, "comeback": beliefs.comeback, **warned, **won,
        }  # fmt: skip
        beliefs = beliefs.learn(
            alarms if "calls" in parts else None,
            outcomes if "offers" in parts else None,
            paid / stake if "comeback" in parts and stake > 0 else None,
        )
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("month")
    # A customer kept does not come back: what recovery would have returned of him is not saved.
    table["saved"] *= 1 - table["returned"].sum() / max(table["gone"].sum(), 1e-9)
    table["profit"] = (
        table["saved"] - table["warning_cost"] + table["recovery_gain"] - table["recovery_cost"]
    )
    table["cumulated"] = table["profit"].cumsum()
    return Loop(table.drop(columns=["returned", "gone"]), beliefs, tuple(sorted(parts)))


def _warn(
    now: Round, beliefs: Beliefs, held: float, rng: np.random.Generator
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Alarm and call; return the account and what a firm sees of it."""
    base, e = now.customers, beliefs.economics
    at_stake = base["value"].to_numpy() * (1 - beliefs.comeback)
    alarm = Cost(e).decide(base["risk"].to_numpy(), at_stake)
    left_alone = rng.random(len(base)) < held
    called = alarm & ~left_alone
    lost, keepable = base["lost"].to_numpy(bool), base["keepable"].to_numpy(bool)
    kept = called & keepable
    takers = kept | (called & ~lost & (base["takes"].to_numpy() < e.taken))
    account = {
        "alarms": int(alarm.sum()),
        "control": int((alarm & left_alone).sum()),
        "kept": int(kept.sum()),
        "saved": float(base["value"].to_numpy()[kept].sum()),
        "warning_cost": float(e.contact * called.sum() + e.offer * takers.sum()),
        "who": base.index[kept].tolist(),
    }
    seen = pd.DataFrame({"treated": called, "lost": lost & ~kept})[alarm]
    return account, seen


def _recover(
    lost: pd.DataFrame,
    offers: pd.DataFrame,
    beliefs: Beliefs,
    held: float,
    budget: float,
    values: dict[str, Any],
    rng: np.random.Generator,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Classify, value, cap, plan and ask back; return the account and what a firm sees of it."""
    names = ("lost", "offers", "back", "recovery_gain", "recovery_cost", "returned", "gone")
    account: dict[str, Any] = dict.fromkeys((*names, "reckoned", "at_stake"), 0) | {"roi": np.nan}
    if lost.empty:
        return account, pd.DataFrame(columns=["type", "offer", "back"])
    types = recovery.classify_loss(lost)
    kind = types.customers["type"].astype(str)
    worth = second_lifetime_value(lost["margin"].clip(lower=0), **values)
    assert isinstance(worth, pd.Series)
    # Who gave no sign of a reason is most of them; asking first would be a campaign of its own.
    segments = recovery.segment(worth, types, policy={"unknown": "target"})
    gains = recovery.benefits(worth.to_frame())
    unasked = beliefs.chances(kind, pd.Index(["none"]))["none"]
    chances = beliefs.chances(kind, offers.index, rng if held else None)
    cap = pd.DataFrame(
        {
            name: recovery.cost_cap(
                gains["if_back"], chances[name], unasked=unasked, offer_cost=row["offer_cost"]
            )
            for name, row in offers.iterrows()
        }
    )
    worthwhile = (cap.to_numpy() > offers["contact_cost"].to_numpy()).any(axis=1)
    asked = gains.assign(
        unasked=unasked, treat=segments.customers["treat"].to_numpy(bool) & worthwhile
    )
    plan = recovery.plan(asked, offers, chances, budget=budget)
    made = plan.customers["offer"].astype(object).fillna("none").astype(str)
    control = (made != "none") & (rng.random(len(made)) < held)
    done = made.where(~control, "none")
    rows, column = np.arange(len(lost)), done.to_numpy()
    back = lost[[f"back_{name}" for name in ("none", *offers.index)]].to_numpy(bool)
    truly = lost[[f"worth_{name}" for name in ("none", *offers.index)]].to_numpy(float)
    place = pd.Index(["none", *offers.index]).get_indexer(pd.Index(column))
    returned, true_worth = back[rows, place], truly[rows, place]
    treated = (done != "none").to_numpy()
    contact = offers["contact_cost"].reindex(done).fillna(0.0).to_numpy()
    reckoned_offer = offers["offer_cost"].reindex(done).fillna(0.0).to_numpy() * returned
    # Discounts and upgrades are in the second life's margins already; the gift is paid beside.
    gift = np.where((done == "service").to_numpy() & returned, reckoned_offer, 0.0)
    seen = pd.DataFrame({"type": kind, "offer": done, "back": returned})
    ledger = pd.DataFrame(
        {
            "treated": treated,
            "contact": contact,
            "offer": np.where(treated, reckoned_offer, 0.0),
            "repurchase": np.where(returned, gains["repurchase"], 0.0),
        },
        index=lost.index,
    )[(made != "none").to_numpy()]
    if ledger["treated"].any() and ledger["contact"].sum() > 0:
        account["roi"] = recovery.roi(ledger).roi
    return account | {
        "lost": len(lost),
        "offers": int(treated.sum()),
        "back": int(returned[treated].sum()),
        "recovery_gain": float((true_worth - truly[:, 0])[treated].sum()),
        "recovery_cost": float((contact + gift).sum()),
        "returned": float((true_worth - contact - gift).sum()),
        "gone": float(worth.sum()),
        "reckoned": float((np.where(returned, worth, 0.0) - contact - reckoned_offer).sum()),
        "at_stake": float(worth.sum()),
    }, seen
