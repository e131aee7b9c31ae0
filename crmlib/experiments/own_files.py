"""What experiments share whose file only a user can have: the table, and trees that take texts."""

from __future__ import annotations

from typing import Any

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import TargetEncoder

from crmlib.data import Dataset
from crmlib.experiments import models
from crmlib.experiments.declare import Model, Table


def labeled(loaded: Dataset) -> Table:
    """Return attributes and who left; columns without any value, and gaps in texts, are dealt with.

    Parameters
    ----------
    loaded : Dataset
        The user's file, as `crmlib.data.load` returns it.
    """
    X = loaded.X.dropna(axis=1, how="all")
    texts = X.select_dtypes(["object", "string", "category"]).columns
    # A missing text is a value like any other; numbers keep their gaps.
    known = X[texts].astype(object).where(X[texts].notna(), "")
    return Table(X.assign(**{name: known[name].astype("category") for name in texts}), loaded.y)


def boosting() -> Any:
    """Return boosted trees; a text counts by the churn rate of its value, learned out of fold."""
    texts = make_column_selector(dtype_exclude="number")
    coded = make_column_transformer((TargetEncoder(random_state=0), texts), remainder="passthrough")
    return make_pipeline(coded, models.boosting())


#: Boosted trees that take columns of thousands of values, as such files have.
TREES = Model("boosted trees", boosting)
