"""Every alarm reaches the department in charge, with a deadline."""

import pandas as pd
import pytest

from crmlib.early_warning import RouteBook, Scorer, make_signals
from crmlib.early_warning.indicators import GROUPS
from crmlib.early_warning.signals import SEVERITIES

BOOK = """
[severity]
amounts = [10, 20, 30]
[deadline]
low = 14
medium = 7
high = 3
critical = 1
[escalation]
days = 2
chain = ["lead", "head"]
[[route]]
department = "Care"
person = "clerk"
groups = ["satisfaction"]
[[route]]
department = "Rest"
person = "clerk"
"""


@pytest.fixture(scope="module")
def scorer(system):
    some = system.only(["incidents", "bill_change"])
    history = pd.DataFrame({"incidents": [0.0, 1, 2, 3], "bill_change": [-0.2, -0.1, 0.0, 0.1]})
    return Scorer.fit(history, some)


def alarms():
    return pd.DataFrame(
        {
            "customer_id": [7, 8],
            "risk": [0.1, 0.5],
            "value": [100.0, 80.0],
            "incidents": [5.0, 0.0],
            "bill_change": [0.2, -0.9],
        }
    )


def test_severity_reason_department_and_deadline_follow_the_book(scorer):
    signals = make_signals(alarms(), scorer, RouteBook.from_toml(BOOK), month=2)
    table = signals.frame.set_index("customer_id")
    assert table["severity"].to_dict() == {7: "medium", 8: "critical"}
    assert table["reason"].to_dict() == {7: "satisfaction", 8: "behavior"}
    assert table["department"].to_dict() == {7: "Care", 8: "Rest"}
    assert table["raised"].dt.strftime("%Y-%m-%d").unique().tolist() == ["2024-03-01"]
    assert (table["due"] - table["raised"]).dt.days.to_dict() == {7: 7, 8: 1}
    assert "Service incidents 5 severity points" in table.loc[7, "evidence"]
    assert signals.frame["customer_id"].tolist() == [8, 7], "the gravest first"
    assert signals.summary().loc["Rest", "critical"] == 1
    assert "2 signals of month 2" in repr(signals)


def test_a_month_without_alarms_is_an_empty_table(scorer):
    signals = make_signals(alarms().head(0), scorer, RouteBook.from_toml(BOOK), month=2)
    assert signals.frame.empty
    assert "severity" in signals.frame


def test_every_reason_and_severity_has_a_department_in_the_builtin_book():
    book = RouteBook.builtin()
    assert all(book.assign(g, s).department for g in GROUPS for s in SEVERITIES)
    days = [book.deadline[s] for s in SEVERITIES]
    assert days == sorted(days, reverse=True), "the graver, the sooner"


def test_severities_are_learned_from_past_alarms():
    book = RouteBook.builtin().fit(range(101))
    assert book.amounts == (50, 80, 95)
    assert book.severity([49.9, 50, 80, 95]) == ["low", "medium", "high", "critical"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('groups = ["satisfaction"]', 'groups = ["satisfied"]', "did you mean 'satisfaction'"),
        ("critical = 1", "criticals = 1", "did you mean 'critical'"),
        ("low = 14", "low = -1", "deadline.low"),
        ("amounts = [10, 20, 30]", "amounts = [30, 20, 10]", "3 rising numbers"),
        ('department = "Rest"', "", "lacks 'department'"),
        ('[[route]]\ndepartment = "Rest"\nperson = "clerk"', "", "must fit every alarm"),
        ("days = 2", "days = 0", "escalation.days"),
    ],
)
def test_a_mistake_in_the_book_is_named_with_what_is_accepted(old, new, message):
    with pytest.raises((ValueError, TypeError), match=message):
        RouteBook.from_toml(BOOK.replace(old, new, 1))


def test_a_customer_alarmed_twice_in_a_month_is_refused(scorer):
    twice = pd.concat([alarms(), alarms()])
    with pytest.raises(ValueError, match="each customer_id once"):
        make_signals(twice, scorer, RouteBook.from_toml(BOOK), month=2)
