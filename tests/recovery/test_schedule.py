"""The schedule gives every customer the steps of the tier, in time, with one who answers."""

import numpy as np
import pandas as pd
import pytest

from crmlib.recovery import contact_sequence, plan, schedule

N = 40
OFFERS = pd.DataFrame({"contact_cost": [1.0], "offer_cost": [5.0]}, index=["bonus"])


def made(n=N):
    customers = pd.Index([f"c{i:02d}" for i in range(n)], name="customer")
    lost = pd.DataFrame({"if_back": np.linspace(300, 100, n)}, index=customers)
    chances = pd.DataFrame({"bonus": 0.3}, index=customers)
    return plan(lost, OFFERS, chances, budget=1e6, unasked=None)


def tiers():
    names = ["key"] * 5 + ["ordinary"] * 15 + ["small"] * 20
    return pd.Series(names, index=[f"c{i:02d}" for i in range(N)])


def test_every_step_has_one_accountable_department_of_the_course():
    steps = contact_sequence()
    known = {"service", "decision", "sales", "after-sales", "supervision"}
    assert set(steps["accountable"]) | set(steps["responsible"]) <= known
    named = ", ".join(
        [*steps["consulted"], *steps["informed"], *steps["responsible"], *steps["accountable"]]
    )
    assert all(department in named for department in known)
    assert steps["day"].is_monotonic_increasing
    assert steps["zh"].str.len().min() >= 2


def test_each_customer_gets_the_steps_of_the_tier():
    found = schedule(made(), start="2024-03-04", tier=tiers()).tasks
    steps = contact_sequence()
    for customer, tier in tiers().items():
        mine = found[found["customer"] == customer]
        assert mine["step"].tolist() == steps.index[steps[tier].notna()].tolist()
        assert mine["channel"].tolist() == steps[tier].dropna().tolist()


def test_deadlines_are_working_days_and_the_offer_comes_after_the_apology():
    found = schedule(made(), start="2024-03-02", holidays=["2024-03-05"]).tasks
    assert (found["due"].dt.day_of_week < 5).all()
    assert not (found["due"] == "2024-03-05").any()
    assert found["due"].min() == pd.Timestamp("2024-03-04")
    first = found.pivot_table(index="customer", columns="step", values="due", aggfunc="first")
    assert (first["Make the offer"] == pd.Timestamp("2024-03-07")).all()
    assert (first["Make the offer"] > first["Apologize and listen"]).all()


def test_capacity_is_kept_and_the_urgent_come_first():
    urgency = pd.Series(np.arange(N, dtype=float), index=[f"c{i:02d}" for i in range(N)])
    found = schedule(made(), start="2024-03-04", urgency=urgency, contacts_per_day=7).tasks
    starts = found[found["step"] == "Find the cause"].set_index("customer")["due"]
    assert starts.value_counts().max() == 7
    assert starts.loc[[f"c{i:02d}" for i in range(N)][::-1]].is_monotonic_increasing


def test_only_offer_steps_name_the_offer():
    found = schedule(made(), start="2024-03-04").tasks
    before = found["step"].isin(["Find the cause", "Apologize and listen"])
    assert found.loc[before, "offer"].isna().all()
    assert (found.loc[~before, "offer"] == "bonus").all()


def test_departments_weeks_and_late_tasks_add_up(tmp_path):
    found = schedule(made(), start="2024-03-04", tier=tiers())
    assert found.to_frame().to_numpy().sum() == len(found.tasks)
    assert set(found.of("sales")["step"]) == {"Make the offer", "Remind", "Last word"}
    late = found.late("2024-03-08")
    assert (late["due"] < "2024-03-08").all()
    assert late["working_days_late"].min() == 2
    done = [("c00", step) for step in ("Find the cause", "Apologize and listen", "Make the offer")]
    assert "c00" not in set(found.late("2024-03-08", done)["customer"])
    path = found.export(tmp_path / "tasks.csv")
    assert len(pd.read_csv(path)) == len(found.tasks)
    assert found.plot().get_xlabel() == "due"
    assert "tasks from 2024-03-04" in repr(found)


def test_a_sequence_of_ones_own_is_checked(tmp_path):
    good = (
        '[[step]]\nname="Call"\nzh="电话"\nday=1\nchannel={ordinary="call"}\nresponsible="sales"\n'
        'accountable="sales"\nconsulted=[]\ninformed=["service"]\noffer=true\ntask="Call."\n'
    )
    file = tmp_path / "own.toml"
    file.write_text(good, encoding="utf-8")
    found = schedule(made(), start="2024-03-04", sequence=contact_sequence(file)).tasks
    assert len(found) == N
    for wrong, message in [
        (good.replace('"sales"', '"marketing"'), "a department of 'Call' must be one of"),
        (good.replace("ordinary=", "vip="), "a tier of 'Call'"),
        (good.replace("day=1\n", ""), "lacks the column 'day'"),
        (good + good.replace("day=1", "day=0"), "must not fall"),
    ]:
        other = tmp_path / f"{len(wrong)}-{len(message)}.toml"
        other.write_text(wrong, encoding="utf-8")
        with pytest.raises(ValueError, match=message):
            contact_sequence(other)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tier": tiers().iloc[1:]}, "tier lacks 1 customer with an offer: 'c00'"),
        ({"tier": tiers().replace("small", "give up")}, "the tier of a customer with an offer"),
        ({"urgency": pd.Series({"c00": 1.0})}, "urgency lacks 39 customers"),
        ({"contacts_per_day": 0}, "contacts_per_day must lie"),
    ],
)
def test_what_cannot_be_scheduled_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        schedule(made(), start="2024-03-04", **options)


def test_an_empty_plan_has_nothing_to_schedule():
    customers = pd.Index(["c1"])
    empty = plan(
        pd.DataFrame({"if_back": [1.0]}, index=customers),
        OFFERS,
        pd.DataFrame({"bonus": [0.1]}, index=customers),
        budget=10.0,
        unasked=None,
    )
    with pytest.raises(ValueError, match="nothing to schedule"):
        schedule(empty, start="2024-03-04")
