"""The entropy of a split, with a slider for every count in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from crmlib._checks import as_frame, number, numbers
from crmlib.course.widgets.widget import Control, Widget, room_above

if TYPE_CHECKING:
    import pandas as pd

#: The two places for a weight.
WAYS = ("weighted entropy", "weighted counts")


def split_widget(
    table: pd.DataFrame,
    *,
    weight: float | None = None,
    things: str = "customers",
) -> Widget:
    """Show entropy, information gain and gain ratio of a split while its counts move.

    The numbers are those of `crmlib.tree`: the entropy of the whole and of every branch, the
    drop from one to the mean of the others, and that drop over the entropy of the branches' shares.

    Parameters
    ----------
    table : pandas.DataFrame of shape (n_branches, 2)
        Counts of two classes (columns) for each answer (index); two to four answers.
    weight : float, optional
        If given, a slider for the weight of the second class starts here, and the reader chooses
        between weighted entropy and weighted counts.
    things : str
        What is counted, in the plural.

    Returns
    -------
    Widget

    Raises
    ------
    ValueError
        If the table has not two columns and two to four rows, a count is negative or missing, or
        the weight is not positive.

    Examples
    --------
    >>> import pandas as pd
    >>> outlook = pd.DataFrame({"P": [4, 3, 2], "N": [0, 2, 3]}, index=["cloud", "rain", "sun"])
    >>> split_widget(outlook, things="mornings")
    What does a question tell?
                   P  N entropy (bits)
    mornings
    cloud          4  0          0.000
    rain           3  2          0.971
    sun            2  3          0.971
    all            9  5          0.940
    gain (bits)               0.247
    gain ratio                0.156
    """
    import pandas as pd

    from crmlib.tree import entropy

    counts = numbers(as_frame(table, "table").to_numpy(), "table", 0)
    if counts.ndim != 2 or counts.shape[1] != 2 or not 2 <= len(counts) <= 4:
        raise ValueError(
            "table must have a column for each of two classes and two to four answers as rows, "
            f"got shape {counts.shape}."
        )
    start = None if weight is None else number(weight, "weight", 0)
    if start == 0:
        raise ValueError("weight must be positive, got 0.")
    weights = None if start is None else [1.0, start]
    branches = [str(label) for label in table.index]
    classes = [str(label) for label in table.columns]
    whole = counts.sum(axis=0)
    rows = {
        label: [*(f"{n:,.0f}" for n in row), f"{entropy(row, weights):.3f}"]
        for label, row in zip([*branches, "all"], [*counts, whole], strict=True)
    }
    gain, ratio = gain_and_ratio(counts, weights)
    rows |= {"gain (bits)": ["", "", f"{gain:.3f}"], "gain ratio": ["", "", f"{ratio:.3f}"]}
    shown = pd.DataFrame(rows, index=[*classes, "entropy (bits)"]).T.rename_axis(things)
    data: dict[str, Any] = {"branches": branches, "classes": classes, "things": things}
    controls = _controls(counts, branches, classes, start)
    return Widget("split", "What does a question tell?", controls, shown, data)


def gain_and_ratio(
    counts: npt.NDArray[np.float64], weights: list[float] | None
) -> tuple[float, float]:
    """Return information gain and gain ratio of one attribute, as the tree scores it."""
    from crmlib.tree.criteria import Weights, gain_ratio_score, split_sums

    slots = np.array([0, len(counts)])
    sums = split_sums(counts[None], slots, np.ones(2) if weights is None else np.array(weights))
    ratio = gain_ratio_score(sums, Weights(attribute=np.ones(1), cost=np.ones(1)))
    # 0, not the -0 of a split that tells nothing.
    return round(float(sums.gain[0, 0]), 12) + 0.0, float(ratio[0, 0])


def _controls(
    counts: npt.NDArray[np.float64], branches: list[str], classes: list[str], weight: float | None
) -> tuple[Control, ...]:
    top = room_above(float(counts.max()), 1.5, default=10.0)
    step = max(1.0, top / 200)
    sliders = tuple(
        Control(f"n{v}{k}", f"{branch}: {name}", float(counts[v, k]), 0, top, step)
        for v, branch in enumerate(branches)
        for k, name in enumerate(classes)
    )
    if weight is None:
        return sliders
    heavy = Control("weight", f"weight of {classes[1]}, w", weight, min(1.0, weight), 20, 0.5)
    return (Control("way", "where the weight enters", 0, choices=WAYS), heavy, *sliders)
