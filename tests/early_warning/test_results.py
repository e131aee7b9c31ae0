"""Every result prints, has a table with a name on every column, and draws itself."""

import numpy as np
import pandas as pd
import pytest

from crmlib.early_warning import (
    Capacity,
    Cost,
    EarlyWarning,
    Economics,
    RouteBook,
    ahp_weights,
    compare_thresholds,
    control_charts,
    learn_success,
)
from crmlib.early_warning.caselog import Logged


@pytest.fixture(scope="module")
def warning(op):
    return EarlyWarning(threshold=Capacity(40)).fit(op, 16)


@pytest.fixture(scope="module")
def results(op, warning):
    return list(make(op, warning))


def make(op, warning):
    scored = warning.score(op, 16)
    outcomes = pd.DataFrame({"treated": [1, 1, 0, 0], "lost": [0, 1, 1, 1]})
    yield warning.system_
    yield warning.scorer_
    yield warning.signals(scored)
    yield warning.drift(scored)
    past = warning.backtest(op, [11, 12], seeds=1)
    yield past
    yield past.evaluation
    yield RouteBook.builtin()
    yield ahp_weights([[1, 3], [1 / 3, 1]], ["survey", "bill"])
    yield compare_thresholds(
        scored["risk"], scored["value"], {"cost": Cost(), "forty": Capacity(40)}, Economics()
    )
    yield control_charts(op.months, "bill")
    yield learn_success(outcomes)
    yield Logged(3, 2, 1)


def test_every_result_prints_tabulates_and_draws(results):
    seen = set()
    for result in results:
        kind = type(result).__name__
        table = result.to_frame()
        assert isinstance(table, pd.DataFrame), kind
        assert all(isinstance(name, str) and name for name in table.columns), kind
        assert result._title.splitlines()[0] in repr(result), kind
        assert "<table" in result._repr_html_(), kind
        ax = result.plot()
        assert ax.has_data(), kind
        seen.add(kind)
    assert len(seen) == 12


def test_a_plot_goes_where_it_is_told(results):
    from matplotlib.figure import Figure

    for result in results:
        ax = Figure().subplots()
        assert result.plot(ax=ax) is ax, type(result).__name__


def test_the_charts_value_column_is_what_was_watched(op):
    charts = control_charts(op.months, "bill", adjust=False)
    who = charts.table.index[0]
    bills = op.months.query("customer_id == @who").set_index("month")["bill"]
    np.testing.assert_allclose(charts.observed.loc[who, bills.index], bills)
