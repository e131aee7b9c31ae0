"""What the course counts up besides reasons: promotions, price strategies, sides of quality."""

from __future__ import annotations

from functools import cache

import pandas as pd

from crmlib._checks import one_of
from crmlib.data.registry import folder


@cache
def _lists() -> pd.DataFrame:
    return pd.read_csv(folder() / "course" / "classifications.csv", keep_default_na=False)


def classification(name: str) -> pd.DataFrame:
    """Return a list of the course in English and Chinese.

    Parameters
    ----------
    name : {'promotion types', 'price strategies', 'product quality', 'service quality'}
        The six promotion types carry the names the simulated operator uses.

    Returns
    -------
    DataFrame
        Indexed by item: `english`, `chinese`, `meaning`, and where the course has it (`source`,
        and `inventory`, its row in the course inventory).

    Examples
    --------
    >>> classification("promotion types").loc["spend rebate", "chinese"]
    '满减'
    """
    one_of(name, _lists()["list"].unique(), "name")
    mine: pd.DataFrame = _lists().query("list == @name").drop(columns="list").set_index("item")
    return mine
