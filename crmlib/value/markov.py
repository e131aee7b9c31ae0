"""Lifetime value when a customer moves between states, leaving and coming back among them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlib._checks import as_frame, number, numbers, whole


def markov_clv(
    transition: pd.DataFrame,
    margin: pd.Series,
    *,
    discount: float,
    periods: int | None = None,
) -> pd.Series[float]:
    """Return the expected value of a customer in each state: v = (I - P/(1+d))^-1 m.

    The margin of the state a customer is in is earned at once, later ones are discounted. A
    lost customer who may return is a state like any other, so the value of winning customers
    back shows in the value of every state that leads there.

    Parameters
    ----------
    transition : pandas.DataFrame of shape (n_states, n_states)
        Chance to go from the state of the row to that of the column in one period; rows add up
        to 1 (1e-9), the same names label rows and columns.
    margin : pandas.Series of shape (n_states,)
        Margin of a period in each state; negative where the firm spends more than it earns.
    discount : float
        Discount rate per period, above 0 unless `periods` is given.
    periods : int, optional
        Horizon (margins earned at 0 .. periods - 1); without limit by default.

    Returns
    -------
    pandas.Series
        Expected value by state.

    Raises
    ------
    ValueError
        If names differ, chances leave 0 to 1, or a row does not add up to 1.

    References
    ----------
    Pfeifer & Carraway (2000), "Modeling customer relationships as Markov chains", Journal of
    Interactive Marketing 14(2).

    Examples
    --------
    >>> states = ["active", "lost"]
    >>> moves = pd.DataFrame([[0.8, 0.2], [0.1, 0.9]], index=states, columns=states)
    >>> markov_clv(moves, pd.Series({"active": 10.0, "lost": 0.0}), discount=0.1).round(1).to_dict()
    {'active': 55.0, 'lost': 27.5}
    """
    as_frame(transition, "transition")
    if set(transition.index) != set(transition.columns) or not transition.index.is_unique:
        raise ValueError("transition must name the same states, once each, in rows and columns.")
    states = transition.index
    moves = numbers(transition[list(states)], "transition", 0, 1)
    wrong = np.abs(moves.sum(axis=1) - 1) > 1e-9
    if wrong.any():
        state, total = states[wrong][0], moves.sum(axis=1)[wrong][0]
        raise ValueError(f"transition row {state!r} adds up to {total:g}, not to 1.")
    if set(getattr(margin, "index", ())) != set(states):
        raise ValueError(f"margin must be a Series with one entry for each of {list(states)}.")
    earned = numbers(margin.reindex(states), "margin")
    d = number(discount, "discount", 0, open_low=periods is None)
    if periods is None:
        value = np.linalg.solve(np.eye(len(states)) - moves / (1 + d), earned)
    else:
        value = np.zeros(len(states))
        for _ in range(whole(periods, "periods", 1)):
            value = earned + moves @ value / (1 + d)
    return pd.Series(value, index=states, name="value")
