"""What every widget is: sliders, numbers for the script, and a table for those without it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Control:
    """One slider, or one list of choices, with its label.

    Attributes
    ----------
    name : str
        What the script calls the value.
    label : str
        What the reader reads beside it.
    value : float
        Where it starts; of a list of choices, the place of the first choice.
    low, high, step : float
        The ends of the slider and its smallest move.
    unit : {"number", "percent", "money"}
        How the value is written; a percent is kept as a share.
    zh : str
        The Chinese term, where the label is a key term.
    choices : tuple of str
        If there are any: a list to choose from instead of a slider.
    """

    name: str
    label: str
    value: float
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    unit: str = "number"
    zh: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Widget:
    """A picture that the reader moves; `cap_widget` and its siblings make one.

    Attributes
    ----------
    kind : str
        Which script draws it.
    title : str
        What it shows.
    controls : tuple of Control
        What the reader may move.
    table : pandas.DataFrame
        The numbers it starts from, as text; shown where no script runs.
    data : mapping
        What the script needs beside the controls, ready for JSON.
    """

    kind: str
    title: str
    controls: tuple[Control, ...]
    table: pd.DataFrame
    data: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"{self.title}\n{self.table.to_string()}"

    def _repr_html_(self) -> str:
        controls = [asdict(control) for control in self.controls]
        spec = {"title": self.title, "controls": controls, **self.data}
        # A "<" in a text must not end the script element that carries the numbers.
        text = json.dumps(spec, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
        return (
            f'<figure class="crm-widget" data-widget="{self.kind}">'
            f"<figcaption>{escape(self.title)}</figcaption>"
            f'<div class="crm-widget-static">{_table_html(self.table)}'
            "<p>The numbers it starts from. On the book's site, with scripts allowed, "
            "sliders move them.</p></div>"
            f'<script type="application/json">{text}</script></figure>'
        )


def money(amount: float, currency: str) -> str:
    """Write an amount as the pages do: ``1,047 yuan``, ``$6.90``.

    Examples
    --------
    >>> money(1046.7, "yuan"), money(-6.9, "$")
    ('1,047 yuan', '−$6.90')
    """
    digits = 0 if abs(amount) >= 100 or abs(amount - round(amount)) < 1e-6 else 2
    text = f"{abs(amount):,.{digits}f}"
    sign = "−" if amount < 0 and text.strip("0.,") else ""
    return f"{sign}{text} {currency}" if currency.isalpha() else f"{sign}{currency}{text}"


def room_above(value: float, factor: float, default: float) -> float:
    """Return a round end for a slider: 1, 2 or 5 times a power of ten, factor * value or more.

    Examples
    --------
    >>> room_above(1047.0, 1.5, default=100.0), room_above(0.0, 1.5, default=100.0)
    (2000.0, 100.0)
    """
    if value <= 0:
        return default
    power = 10.0 ** np.floor(np.log10(value * factor))
    return float(next(m * power for m in (1, 2, 5, 10) if m * power >= value * factor))


def _table_html(table: pd.DataFrame) -> str:
    """Return the table with a header for each row and column, and a name for the corner."""
    corner = "" if table.index.name is None else escape(str(table.index.name))
    names = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in table.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(str(label))}</th>'
        + "".join(f"<td>{escape(str(cell))}</td>" for cell in row)
        + "</tr>"
        for label, row in zip(table.index, table.to_numpy(), strict=True)
    )
    head = f'<thead><tr><th scope="col">{corner}</th>{names}</tr></thead>'
    return f'<table class="dataframe">{head}<tbody>{rows}</tbody></table>'
