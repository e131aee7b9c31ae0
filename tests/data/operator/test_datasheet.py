"""The data sheet says what there is."""

import re

from crmlib.data.operator import loss_causes, scenarios
from crmlib.data.registry import folder


def test_the_sheet_names_every_table_column_cause_and_scenario(op):
    sheet = (folder() / "simulated-operator.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([^`\n]+)`", sheet))
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^\n]*)$", sheet, flags=re.MULTILINE))
    for name, frame in op.tables.items():
        missing = set(frame.columns) - set(re.findall(r"`(\w+)`", rows[name]))
        assert not missing, f"{name}: {missing}"
    assert set(scenarios()) <= named
    for name in op.truth:
        assert f"`{name}`" in sheet, name
    for cause in loss_causes().index:
        assert re.search(rf"\b{cause}\b", sheet), cause


def test_the_seven_stages_are_there(op):
    stages = set(op.truth.months["stage"])
    assert stages == {
        *("development", "growth", "maturity", "decline", "termination", "recovery"),
    }
    assert (op.leads["leads"] > op.leads["won"]).any()  # the seventh: potential customers


def test_the_funnel_narrows_by_the_shares_of_the_scenario(op):
    p, total = op.scenario.parameters, op.leads[["leads", "qualified", "accepted", "ready", "won"]]
    total = total.sum()
    steps = [("qualified", "leads"), ("accepted", "qualified"), ("ready", "accepted")]
    for narrow, wide in [*steps, ("won", "ready")]:
        share = p[f"funnel.{narrow}"]
        error = (share * (1 - share) / total[wide]) ** 0.5
        assert abs(total[narrow] / total[wide] - share) < 4 * error, narrow
    joined = (op.customers["joined"] >= 1).sum()
    assert total["won"] == joined


def test_the_margin_foretold_is_earned_in_the_second_life(op):
    offers = op.truth.offers
    back = offers.merge(op.regain[op.regain["returned"]][["customer_id", "return_month"]])
    lived = op.months.merge(back, on="customer_id", suffixes=("", "_campaign"))
    lived = lived[(lived["month"] >= lived["return_month"]) & (lived["bill"] > 0)]
    lived["margin"] = lived["bill"] - lived["cost"]
    lived["foretold"] = 0.0
    for k in offers["offer"].cat.categories:
        lived.loc[lived["offer"] == k, "foretold"] = lived[f"margin_{k}"]
    by = lived.groupby("customer_id")[["margin", "foretold"]].mean()
    gap = by["margin"] - by["foretold"]
    assert len(by) > 100
    assert abs(gap.mean()) < 0.1 * by["foretold"].mean()
    assert by.corr().iloc[0, 1] > 0.8
