"""Interaction effects agree with cell means, with planted effects, and with their own spread."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from crmlib.churn import quality_interaction

mpl.use("Agg")


def customers(n, seed, b12=0.5):
    """Product and service quality lower churn; with b12 > 0 either makes the other matter less."""
    rng = np.random.default_rng(seed)
    x1, x2 = rng.normal(size=(2, n))
    p = expit(-1.5 - 0.8 * x1 - 0.6 * x2 + b12 * x1 * x2)
    return pd.DataFrame({"product": x1, "service": x2, "left": rng.random(n) < p, "p": p})


def test_two_by_two_cells_give_the_double_difference():
    cells = pd.DataFrame(
        {"product": [0, 0, 1, 1], "service": [0, 1, 0, 1], "left": [41, 22, 13, 9]}
    )
    stay, left = (
        cells.assign(n=100 - cells["left"], churn=0),
        cells.assign(n=cells["left"], churn=1),
    )
    rows = pd.concat([stay, left], ignore_index=True)
    rows = rows.loc[rows.index.repeat(rows["n"])]
    found = quality_interaction(rows, "churn", "product", "service").table
    rate = cells.set_index(["product", "service"])["left"] / 100
    double = rate[1, 1] - rate[1, 0] - rate[0, 1] + rate[0, 0]
    row = found.loc["product x service"]
    assert row["effect"] == pytest.approx(double)
    variance = (rate * (1 - rate) / 100).sum()  # four independent shares
    assert row["se"] == pytest.approx(np.sqrt(variance), rel=1e-4)
    # Half of the customers have each level of the other quality.
    first = (rate[1, 0] - rate[0, 0] + rate[1, 1] - rate[0, 1]) / 2
    assert found.loc["product", "effect"] == pytest.approx(first)


def test_the_cross_derivative_is_the_one_of_the_surface():
    data = customers(1500, 0)
    result = quality_interaction(data, "left", "product", "service")
    b1, b2, b12 = result.table["log_odds"]
    x1, x2 = data["product"], data["service"]
    shares = []
    for one in (0.001, -0.001):
        for two in (0.001, -0.001):
            a, b = x1 + one, x2 + two
            # The constant follows from any prediction; take it from the surface.
            shares.append(
                np.sign(one * two) * expit(_constant(result) + b1 * a + b2 * b + b12 * a * b)
            )
    assert np.allclose(sum(shares) / 0.002**2, result.each, atol=1e-4)
    assert result.each.mean() == pytest.approx(result.table["effect"].iloc[2])


def _constant(result):
    from scipy.optimize import brentq

    b1, b2, b12 = result.table["log_odds"]
    (x1, level), value = result.surface.index[0], result.surface["value"].iloc[0]
    return brentq(lambda c: expit(c + b1 * x1 + b2 * level + b12 * x1 * level) - value, -20, 20)


def test_the_planted_interaction_is_found():
    data = customers(60_000, 1)
    p, x1, x2 = data["p"], data["product"], data["service"]
    steep = p * (1 - p)
    truth = [
        ((-0.8 + 0.5 * x2) * steep).mean(),
        ((-0.6 + 0.5 * x1) * steep).mean(),
        (0.5 * steep + (-0.8 + 0.5 * x2) * (-0.6 + 0.5 * x1) * steep * (1 - 2 * p)).mean(),
    ]
    table = quality_interaction(data, "left", "product", "service").table
    assert (np.abs(table["effect"] - truth) < 3.5 * table["se"]).all()
    assert (np.abs(table["log_odds"] - [-0.8, -0.6, 0.5]) < 3.5 * table["log_odds_se"]).all()
    assert table["low"].iloc[2] > 0


def test_no_product_term_is_still_an_interaction_of_chances():
    """Ai and Norton's point: with b12 = 0 the chances do interact."""
    table = quality_interaction(customers(60_000, 2, b12=0.0), "left", "product", "service").table
    row = table.loc["product x service"]
    assert abs(row["log_odds"]) < 3.5 * row["log_odds_se"]
    assert row["low"] > 0


def test_standard_errors_are_the_spread_of_estimates():
    tables = [
        quality_interaction(customers(1500, seed), "left", "product", "service").table
        for seed in range(60)
    ]
    spread = np.std([table["effect"] for table in tables], axis=0, ddof=1)
    stated = np.mean([table["se"] for table in tables], axis=0)
    assert np.allclose(stated / spread, 1, atol=0.35)


def test_a_mixed_pair_is_a_difference_of_slopes():
    data = customers(4000, 3)
    data["hotline"] = (data["service"] > 0).astype(int)
    result = quality_interaction(data, "left", "product", "hotline", cluster=None)
    b = result.table["log_odds"].to_numpy()
    surface = result.surface["value"]
    ends = surface.groupby(level=1).agg(lambda line: line.iloc[-1] - line.iloc[0])
    assert np.sign(ends[1.0] - ends[0.0]) == np.sign(result.table["effect"].iloc[2])
    assert b[2] > 0


def test_good_staff_and_a_good_network_keep_customers_at_the_operator(op):
    """Failed encounters and network faults in the month raise the planted hazards."""
    months = op.truth.months.dropna(subset=["hazard"])
    marks = {}
    for name, kind in {"network": "network", "service": "encounter"}.items():
        bad = op.truth.incidents[op.truth.incidents["incident"] == kind]
        marks[name] = bad.groupby(["customer_id", "month"]).size().rename(name)
    data = months
    for name, bad in marks.items():
        data = data.join(bad, on=["customer_id", "month"])
        data[name] = data[name].isna().astype(int)
    # The outcome is drawn from the true hazard itself, ten times over: more losses, same truth.
    rng = np.random.default_rng(0)
    data["left"] = rng.random(len(data)) < -np.expm1(10 * np.log1p(-data["hazard"].clip(upper=0.5)))
    table = quality_interaction(data, "left", "network", "service", cluster="customer_id").table
    assert table.loc["network", "high"] < 0
    assert table.loc["service", "high"] < 0


def test_the_plot_has_a_line_for_each_level():
    result = quality_interaction(customers(1500, 4), "left", "product", "service")
    ax = result.plot()
    assert len(ax.lines) == 3
    assert ax.get_xlabel() == "product"


def test_data_that_cannot_be_judged_are_refused():
    data = customers(200, 5)
    with pytest.raises(ValueError, match="must hold both 0 and 1"):
        quality_interaction(data.assign(left=1), "left", "product", "service")
    with pytest.raises(ValueError, match="the others determine"):
        quality_interaction(
            data.assign(copy=data["product"]), "left", "product", "service", ["copy"]
        )
    with pytest.raises(ValueError, match="separate who left"):
        quality_interaction(data.assign(left=data["product"] > 0), "left", "product", "service")
    with pytest.raises(ValueError, match="lacks the column 'servcie'"):
        quality_interaction(data, "left", "product", "servcie")
