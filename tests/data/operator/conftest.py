"""One operator for all tests of its promises: small, yet with the power to see planted effects."""

import pytest

from crmlib.data.operator import simulate


@pytest.fixture(scope="session")
def op():
    return simulate(customers=14_000, months=24, random_state=7)


@pytest.fixture(scope="session")
def panel(op):
    """Live customer-months with what decides over a loss, rebuilt without the hazard."""
    import numpy as np
    import pandas as pd

    p = op.scenario.parameters
    truth = op.truth
    rows = truth.months.dropna(subset=["hazard"]).drop(columns="stage")
    keys = ["customer_id", "month"]
    rows = rows.sort_values(keys, ignore_index=True)

    def memory(events: pd.DataFrame, keep: float) -> np.ndarray:
        """Sum events by customer and month and let them fade."""
        grid = np.zeros((len(truth.customers) + 1, op.months_simulated + 1))
        np.add.at(grid, (events["customer_id"], events["month"]), events["weight"])
        for t in range(1, grid.shape[1]):
            grid[:, t] += keep * grid[:, t - 1]
        return grid[rows["customer_id"], rows["month"]]

    incidents = truth.incidents.assign(weight=truth.incidents["severity"])
    for kind in ("network", "billing", "encounter"):
        rows[kind] = memory(incidents[incidents["incident"] == kind], p["incidents.memory"])
    taken = op.promotions[op.promotions["accepted"]]
    running = [
        taken[["customer_id"]].assign(month=taken["month"] + k, weight=1)
        for k in range(p["promotion.length"])
    ]
    running = pd.concat(running)
    rows["promotion"] = memory(running[running["month"] <= op.months_simulated], 0.0)

    losses = truth.losses[[*keys, "life", "cause"]]
    rows = rows.merge(losses, on=keys, how="left")
    back = truth.returns.rename(columns={"month": "back"})[["customer_id", "back"]]
    rows = rows.merge(back, on="customer_id", how="left")
    rows = rows[~(rows["month"] >= rows["back"])]
    traits = truth.customers.merge(op.customers[["customer_id", "joined", "age", "region"]])
    rows = rows.merge(traits, on="customer_id")
    rows["tenure"] = np.log1p(np.maximum(rows["month"] - rows["joined"], 0) / 12)

    terms = op.contracts[op.contracts["end"] != 0]
    grid = np.zeros((len(truth.customers) + 1, op.months_simulated + 1), int)
    for term in terms.itertuples():
        first, last = max(term.start, 1), min(term.end - 1, op.months_simulated)
        grid[term.customer_id, first : last + 1] = 1
    rows["bound"] = grid[rows["customer_id"], rows["month"]]
    return rows
