"""The shape of every result: a frozen object that prints, tabulates and plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class Result:
    """Base of the result objects: say `to_frame` and `plot`, and it prints well everywhere.

    Subclasses are frozen dataclasses. `_title` is the line above the table; `to_frame` returns
    a table with named, unit-bearing columns; `plot` draws on an axes and returns it.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import pandas as pd
    >>> @dataclass(frozen=True, repr=False)
    ... class Rate(Result):
    ...     churned: int
    ...     customers: int
    ...     _title = "Churn rate"
    ...     def to_frame(self):
    ...         return pd.DataFrame({"churn rate": [self.churned / self.customers]})
    >>> Rate(26, 100)
    Churn rate
     churn rate
           0.26
    """

    _title: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return the result as a table."""
        raise TypeError(f"{type(self).__name__} has no table.")

    def plot(self, ax: Axes | None = None) -> Axes:  # noqa: ARG002 - the signature is the promise
        """Draw the result and return the axes."""
        raise TypeError(f"{type(self).__name__} has no plot.")

    def __repr__(self) -> str:
        frame = self.to_frame()
        table = frame.to_string(index=_named(frame.index), max_rows=20)
        return f"{self._title}\n{table}" if self._title else table

    def _repr_html_(self) -> str:
        from html import escape

        frame = self.to_frame()
        caption = f"<p><strong>{escape(self._title)}</strong></p>" if self._title else ""
        return caption + frame.to_html(index=_named(frame.index), max_rows=20, border=0)


def _named(index: pd.Index[Any]) -> bool:
    """Whether the index says something: a bare 0..n-1 does not."""
    import pandas as pd

    return not (isinstance(index, pd.RangeIndex) and index.name is None)
