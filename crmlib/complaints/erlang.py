"""Erlang's formulas: how long callers wait for a number of agents, with and without patience.

All three models have Poisson arrivals, exponential handling times and one queue in order of
arrival. `load` is the offered load a in erlangs: arrivals an hour times handling time in hours.

* Erlang B: who finds all agents busy is turned away.
* Erlang C: who finds all agents busy waits, for ever if need be (A. K. Erlang, 1917).
* Erlang A: who waits has a patience, exponential too, and leaves when it ends (Palm; the exact
  solution used here is that of Zeltyn and Mandelbaum 2005, Queueing Systems 51, 361-402, for
  exponential patience). Derived anew and tested against the stationary distribution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc, gammaln

from crmlib._checks import number


def erlang_b(agents: int, load: float) -> float:
    """Return the share of callers turned away if nobody can wait.

    B(0) = 1, B(c) = a B(c - 1) / (c + a B(c - 1)).

    Parameters
    ----------
    agents : int
        Number of agents, 0 or more.
    load : float
        Offered load in erlangs.

    Returns
    -------
    float

    Examples
    --------
    >>> round(erlang_b(5, 2), 4)
    0.0367
    """
    c = _agents(agents, 0)
    a = number(load, "load", 0, open_high=True)
    if a == 0:
        return float(c == 0)
    # 1/B grows without end where B fades below the smallest number: then B is 0.
    inverse = 1.0
    for k in range(1, c + 1):
        inverse = 1 + inverse * k / a
        if inverse > 1e300:
            return 0.0
    return 1 / inverse


def erlang_c(agents: int, load: float) -> float:
    """Return the share of callers who have to wait if nobody gives up.

    C = B / (1 - (a/c)(1 - B)) with B from `erlang_b`; 1 if the load is not below the agents.

    Parameters
    ----------
    agents : int
        Number of agents, 1 or more.
    load : float
        Offered load in erlangs.

    Returns
    -------
    float

    Examples
    --------
    >>> round(erlang_c(55, 48), 4)
    0.2387
    >>> erlang_c(3, 3)
    1.0
    """
    c = _agents(agents)
    a = number(load, "load", 0, open_high=True)
    if a >= c:
        return 1.0
    b = erlang_b(c, a)
    return b / (1 - a / c * (1 - b))


def mean_wait(agents: int, load: float, handling: float) -> float:
    """Return the mean wait of all callers if nobody gives up: C s / (c - a).

    Parameters
    ----------
    agents : int
        Number of agents, 1 or more.
    load : float
        Offered load in erlangs.
    handling : float
        Mean handling time s, in any unit.

    Returns
    -------
    float
        In the unit of `handling`; infinite if the load is not below the agents.

    Examples
    --------
    >>> round(mean_wait(10, 9, handling=0.1), 4)
    0.0669
    """
    c, s = _agents(agents), number(handling, "handling", 0, open_low=True)
    a = number(load, "load", 0, open_high=True)
    return float("inf") if a >= c else erlang_c(c, a) * s / (c - a)


def service_level(agents: int, load: float, handling: float, within: float) -> float:
    """Return the share of callers answered within a time if nobody gives up.

    1 - C exp(-(c - a) t / s); 0 if the load is not below the agents.

    Parameters
    ----------
    agents : int
        Number of agents, 1 or more.
    load : float
        Offered load in erlangs.
    handling, within : float
        Mean handling time s and target time t, in one unit.

    Returns
    -------
    float

    Examples
    --------
    >>> round(service_level(14, 10, handling=180, within=20), 5)
    0.88835
    """
    c, s = _agents(agents), number(handling, "handling", 0, open_low=True)
    a = number(load, "load", 0, open_high=True)
    t = number(within, "within", 0)
    return 0.0 if a >= c else float(1 - erlang_c(c, a) * np.exp(-(c - a) * t / s))


@dataclass(frozen=True)
class ErlangA:
    """How a queue of impatient callers behaves.

    Attributes
    ----------
    wait : float
        Share of callers who have to wait.
    abandoned : float
        Share who give up.
    mean_wait : float
        Mean time in the queue of all callers, those who give up among them.
    service_level : float
        Share of all callers who are answered within the target time.
    occupancy : float
        Share of their time that agents are busy.
    """

    wait: float
    abandoned: float
    mean_wait: float
    service_level: float
    occupancy: float


def erlang_a(
    agents: int, load: float, handling: float, patience: float, within: float = 0.0
) -> ErlangA:
    """Return how a queue behaves whose callers give up after an exponential patience.

    With x = c s'/s and y = a s'/s (s' the mean patience), the wait V that a caller of endless
    patience would have has on v > 0 the density ``y k(v) / D``, where ``k(v) = exp(y (1 -
    exp(-v/s')) - x v/s') / s'`` and ``D = 1/B(c - 1, a) + y int k``. Those who wait are the
    integral of it, those who give up weigh it with 1 - exp(-v/s'). Both integrals are incomplete
    gamma functions, computed on a log scale.

    Parameters
    ----------
    agents : int
        Number of agents, 1 or more.
    load : float
        Offered load in erlangs; it may exceed the agents.
    handling, patience, within : float
        Mean handling time, mean patience and target time, in one unit.

    Returns
    -------
    ErlangA

    Examples
    --------
    >>> queue = erlang_a(10, 11, handling=3, patience=3, within=0.5)
    >>> round(queue.abandoned, 4), round(queue.wait, 4)
    (0.1685, 0.6595)
    """
    c, s = _agents(agents), number(handling, "handling", 0, open_low=True)
    a = number(load, "load", 0, open_high=True)
    tau = number(patience, "patience", 0, open_low=True, open_high=True)
    t = number(within, "within", 0)
    if a == 0:
        return ErlangA(0.0, 0.0, 0.0, 1.0, 0.0)
    x, y = c * tau / s, a * tau / s
    # Everything in units of the largest term: 1/B(c - 1) or the integral.
    log_idle = _log_inverse_b(c - 1, a)
    log_all, log_stay = _log_tail(x, y, 0, 0.0), _log_tail(x, y, 1, 0.0)
    scale = np.logaddexp(log_idle, np.log(y) + log_all)
    wait = float(np.exp(np.log(y) + log_all - scale))
    stay = np.exp(np.log(y) + log_stay - scale)
    late = np.exp(np.log(y) + _log_tail(x, y, 1, t / tau) - scale)
    # Flow balance: what is answered keeps agents busy. P(gives up) = wait - stay.
    abandoned = float(max(wait - stay, 0.0))
    return ErlangA(
        wait, abandoned, abandoned * tau, float(1 - wait + stay - late), a * (1 - abandoned) / c
    )


def _log_tail(x: float, y: float, k: int, t: float) -> float:
    """Return log of int_t^inf exp(-k v) exp(y (1 - exp(-v)) - x v) dv (times in patiences).

    With z = y exp(-t) it is e^y y^-(x+k) times the lower incomplete gamma function at (x+k, z).
    """
    s, z = x + k, y * np.exp(-t)
    if z <= 0:
        return -np.inf
    if z > s:
        return float(y - s * np.log(y) + gammaln(s) + np.log(gammainc(s, z)))
    # gamma(s, z) = z^s e^-z sum_n z^n / (s (s+1) ... (s+n)): the terms fall where z <= s.
    terms = int(10 + 10 * np.sqrt(s) + 40 * min(1.0, z / s) + 60)
    ratio = z / (s + np.arange(1, terms + 1))
    total = (1 + np.cumprod(ratio).sum()) / s
    return float(y - z - s * t + np.log(total))


def _log_inverse_b(c: int, a: float) -> float:
    """Return log(1/B(c, a)) without overflow."""
    log = 0.0
    for k in range(1, c + 1):
        log = float(np.logaddexp(0.0, log + np.log(k / a)))
    return log


def _agents(agents: int, low: int = 1) -> int:
    c = number(agents, "agents", low, open_high=True)
    if c % 1:
        raise ValueError(f"agents must be a whole number, got {agents!r}.")
    return int(c)
