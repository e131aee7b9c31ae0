"""What the records say about a loss is counted from the tables, and from nothing after it."""

import pandas as pd
import pytest

from crmlib.data import simulate
from crmlib.recovery import classify_loss, lost_customers, potential_outcomes


@pytest.fixture
def crm():
    return {
        "churn": pd.DataFrame(
            {"customer_id": [7, 9, 7], "month": [8, 9, 20], "last_active": [8, 6, 20],
             "life": [1, 1, 2], "contract": "prepaid", "tenure": [30, 4, 2],
             "ported": [True, False, False], "stated_reason": ["price", None, None]}
        ),
        "months": pd.DataFrame(
            {"customer_id": [7] * 4 + [9] * 3, "month": [5, 6, 7, 8, 4, 5, 6],
             "bill": [9.0, 10, 20, 30, 50, 50, 50], "cost": [0.0, 5, 5, 5, 20, 20, 20],
             "paid_late": [True, False, True, True, True, True, True]}
        ),
        "complaints": pd.DataFrame(
            {"customer_id": [7, 7, 7, 9], "month": [1, 7, 8, 9],
             "response": ["no answer", "resolved", "wrong answer", "partly resolved"]}
        ),
        "incidents": pd.DataFrame({"customer_id": [9, 9], "month": [8, 30]}),
    }  # fmt: skip


def test_each_first_loss_is_one_row_counted_from_its_window(crm):
    lost = lost_customers(crm, window=3)
    assert lost.index.tolist() == [7, 9]
    assert lost["margin"].tolist() == [15.0, 30.0]
    assert lost["bill"].tolist() == [20.0, 50.0]
    assert lost["complaints"].tolist() == [2, 1]
    assert lost["complaints_open"].tolist() == [1, 0]
    assert lost["incidents"].tolist() == [0, 1]
    assert lost["overdue_days"].tolist() == [60, 90]
    assert lost["ported_out"].tolist() == [True, False]


def test_the_rules_read_the_table(crm):
    types = classify_loss(lost_customers(crm)).customers["type"]
    assert types.tolist() == ["unintentionally pushed away", "intentionally pushed away"]


def test_a_missing_table_or_column_is_named(crm):
    with pytest.raises(ValueError, match="lacks the table 'incidents'"):
        lost_customers({name: crm[name] for name in ("churn", "months", "complaints")})
    with pytest.raises(ValueError, match="paid_late"):
        lost_customers(crm | {"months": crm["months"].drop(columns="paid_late")})


def test_the_operator_has_a_row_for_every_first_loss():
    op = simulate(customers=2_000, months=12, random_state=3)
    lost = lost_customers(op.tables)
    assert len(lost) == (op.churn["life"] == 1).sum()
    assert lost.drop(columns="stated_reason").notna().all().all()
    margin = op.months.assign(margin=op.months["bill"] - op.months["cost"])
    who = lost.index[0]
    last = lost.loc[who, "last_active"]
    own = margin[(margin["customer_id"] == who) & margin["month"].between(last - 5, last)]
    assert lost.loc[who, "margin"] == pytest.approx(own["margin"].mean(), rel=1e-6)


def test_potential_outcomes_are_those_of_the_truth():
    op = simulate(customers=3_000, months=12, random_state=3)
    truth = op.truth.offers
    known = potential_outcomes(truth, discount=0.02)
    assert known.index.tolist() == truth["customer_id"].tolist()
    row = truth.iloc[5]
    keep = 1 - float(row["hazard_upgrade"])
    assert known["chance"]["both"].iloc[5] == pytest.approx(float(row["chance_both"]))
    assert known["back"]["none"].iloc[5] == row["returns_none"]
    worth = float(row["margin_upgrade"]) * keep / (1.02 - keep)
    assert known["worth"]["upgrade"].iloc[5] == pytest.approx(worth)


def test_potential_outcomes_need_the_outcome_without_an_offer():
    truth = simulate(customers=2_000, months=6, random_state=1).truth.offers
    with pytest.raises(ValueError, match="chance_none"):
        potential_outcomes(truth.drop(columns="chance_none"))
    with pytest.raises(ValueError, match="hazard_both"):
        potential_outcomes(truth.drop(columns="hazard_both"))
