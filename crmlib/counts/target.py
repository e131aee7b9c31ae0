"""Reading the target: classes and their codes, quickly where it is quick."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from crmlib._checks import listed

#: Whole numbers in so narrow a range are counted instead of sorted.
_NARROW = 256


def class_codes(
    y: Any, rows: int, classes: npt.ArrayLike | None = None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the classes, sorted, and the place of each row's class among them.

    Parameters
    ----------
    y : array of shape (rows,)
    rows : int
        Number of rows there should be.
    classes : array, optional
        The classes to expect, when they are known; y may lack some of them.

    Returns
    -------
    classes : array of shape (n_classes,)
    places : array of shape (rows,), unsigned integers
        Wide enough for two codes more than there are classes, as in `Attribute`.

    Raises
    ------
    TypeError
        If y mixes types.
    ValueError
        If y has another length, missing values, several columns, a class that is not
        expected, or is a continuous number.

    Examples
    --------
    >>> class_codes(["yes", "no", "yes"], 3)
    (array(['no', 'yes'], dtype='<U3'), array([1, 0, 1], dtype=uint8))
    >>> class_codes(["yes", "no"], 2, classes=["no", "maybe", "yes"])[1]
    array([2, 1], dtype=uint8)
    """
    if not isinstance(y, np.ndarray) or y.ndim != 1:
        y = column_or_1d(y, warn=True)
    if len(y) != rows:
        raise ValueError(f"y has {len(y)} entries for {rows} rows of X.")
    if y.dtype.kind in "iub":
        found, places = _whole(y)
    else:
        absent = pd.isna(y)
        if absent.any():
            first = int(np.flatnonzero(absent)[0])
            raise ValueError(
                f"y contains NaN: {int(absent.sum()):,} of its classes are missing, the first in "
                f"row {first}. Drop those rows, or name the class."
            )
        if y.dtype.kind == "f":
            if np.isinf(y).any():
                raise ValueError("y contains infinity: classes must be names or whole numbers.")
            check_classification_targets(y)
        if y.dtype == object and pd.api.types.infer_dtype(y).startswith("mixed"):
            kinds = sorted({type(value).__name__ for value in y})
            raise TypeError(f"y mixes types {', '.join(kinds)}: use one type of class.")
        places, found = pd.factorize(y, sort=True)
        found = np.asarray(found)
    if classes is not None:
        expected = np.unique(np.asarray(classes))
        place = {label: at for at, label in enumerate(expected.tolist())}
        strange = [label for label in found.tolist() if label not in place]
        if strange:
            raise ValueError(f"y holds {listed(strange)}, not among classes {listed(expected)}.")
        places = np.array([place[label] for label in found.tolist()], dtype=np.intp)[places]
        found = expected
    return found, places.astype(np.min_scalar_type(len(found) + 1), copy=False)


def _whole(y: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return classes and places of whole numbers or truth values."""
    if y.dtype.kind == "b":
        y, back = y.view(np.uint8), np.bool_
    else:
        back = y.dtype.type
    low, high = int(y.min()), int(y.max())
    if high - low >= _NARROW:
        places, found = pd.factorize(y, sort=True)
        return np.asarray(found), places
    shifted = (y - y.dtype.type(low)).astype(np.uint8)
    present = np.bincount(shifted, minlength=high - low + 1) > 0
    found = (np.flatnonzero(present) + low).astype(back)
    if present.all():
        return found, shifted
    return found, (np.cumsum(present) - 1).astype(np.uint8)[shifted]
