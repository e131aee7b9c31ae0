"""Indicators are measured rightly, and from nothing that was not known yet."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.early_warning import Base, IndicatorSystem, base_mix, measure, signs
from crmlib.early_warning.labels import label

SYSTEM = """
[source.use]
table = "months"
month = "month"
[source.events]
table = "events"
month = "month"
[source.late]
table = "events"
month = "month + lag"
"""


def one(name, source, measure_, **more):
    given_ = {"value": "x", "window": 2, "against": 3, "bad": "high", "unit": "1", **more}
    given_ |= {"name": name, "group": "value", "source": source, "measure": measure_}
    lines = [f"{k} = {v!r}" for k, v in given_.items()]
    return "[[indicator]]\n" + "\n".join(lines).replace("'", '"') + "\n"


ALL = SYSTEM + "".join(
    [
        one("mean", "use", "mean"),
        one("change", "use", "change"),
        one("total", "events", "sum"),
        one("number", "events", "count"),
        one("last", "events", "last"),
        one("ever", "events", "last", window=0),
        one("since", "events", "since", window=4),
        one("until", "late", "until", window=0),
        one("elapsed", "late", "elapsed", window=0),
        one("big", "late", "count", where="x > 2"),
    ]
)


def by_hand(tables, who, t):
    """The same measures, written down row by row."""
    use = tables["months"].query("customer_id == @who and month <= @t")
    events = tables["events"][tables["events"]["customer_id"] == who]
    late = events.assign(month=events["month"] + events["lag"]).query("month <= @t")
    events = events.query("month <= @t")
    now, before = use[use["month"] > t - 2]["x"], use.query("@t - 5 < month <= @t - 2")["x"]
    change = np.nan
    if len(before) >= 1.5 and abs(before.mean()) > 1e-9:
        change = (now.mean() - before.mean()) / abs(before.mean())
    new = events[events["month"] > t - 2]
    in_order = events.sort_values("month", kind="stable")["x"].tolist()
    order_late = late.sort_values("month", kind="stable")["x"].tolist()
    return {
        "mean": now.mean(),
        "change": change,
        "total": new["x"].sum(),
        "number": len(new),
        "last": new.sort_values("month", kind="stable")["x"].iloc[-1] if len(new) else np.nan,
        "ever": in_order[-1] if in_order else np.nan,
        "since": min(t - events["month"].max(), 4) if len(events) else 4,
        "until": order_late[-1] - t if order_late else np.nan,
        "elapsed": t - order_late[-1] if order_late else np.nan,
        "big": ((late["month"] > t - 2) & (late["x"] > 2)).sum(),
    }


@st.composite
def small_tables(draw):
    seed = draw(st.integers(0, 10**6))
    rng = np.random.default_rng(seed)
    # The first month is always there: what was known before the records begin has no place.
    cells = [
        (c, m) for c in (1, 2, 3) for m in range(5, 13) if rng.random() < 0.8 or (c, m) == (1, 5)
    ]
    months = pd.DataFrame(cells, columns=["customer_id", "month"])
    months["x"] = rng.integers(0, 5, len(months)).astype(float)
    n = draw(st.integers(1, 12))
    events = pd.DataFrame(
        {
            "customer_id": rng.integers(1, 5, n),
            "month": rng.integers(5, 14, n),
            "x": rng.integers(0, 5, n).astype(float),
            "lag": rng.integers(0, 3, n),
        }
    )
    return {"months": months.sample(frac=1, random_state=seed), "events": events}


@settings(max_examples=12)
@given(small_tables())
def test_every_measure_equals_the_one_written_down_row_by_row(tables):
    panel = measure(IndicatorSystem.from_toml(ALL), tables)
    for row in panel.to_dict("records"):
        expected = by_hand(tables, row["customer_id"], row["month"])
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, rel=1e-5, nan_ok=True), (name, row)


def test_a_bill_that_never_moves_has_a_change_of_exactly_nothing(system):
    cells = [(c, m, 0.1 * c) for c in range(1, 40) for m in range(1, 13)]
    months = pd.DataFrame(cells, columns=["customer_id", "month", "bill"])
    panel = measure(system.only(["bill_change"]), {"months": months}, [12])
    assert (panel["bill_change"] == 0).all()


def poisoned(op, t):
    """The operator's tables, in which everything recorded after month t is something else."""
    tables = {name: frame.copy() for name, frame in op.tables.items()}
    rng = np.random.default_rng(0)
    for name, frame in tables.items():
        dated = "start" if name == "contracts" else "month" if "month" in frame else None
        if dated is None:
            continue
        later = (frame[dated] > t).to_numpy()
        for column in frame.columns.difference([dated, "customer_id", "region", "branch_id"]):
            values = frame[column].to_numpy().copy()
            values[later] = rng.permutation(values[later])[::-1]
            if frame[column].dtype.kind in "if":
                values[later] = 7
            frame[column] = pd.Series(values, frame.index).astype(frame[column].dtype)
    return tables


@pytest.mark.parametrize("t", [6, 12])
def test_information_planted_in_the_future_changes_no_indicator(op, system, t):
    tables = poisoned(op, t)
    pd.testing.assert_frame_equal(measure(system, op, [t]), measure(system, tables, [t]))
    later, poison = (measure(system, data, [t + 2])[system.names] for data in (op, tables))
    assert not later.equals(poison), "the poison must be poisonous"


def test_a_future_that_is_missing_changes_no_indicator_either(op, system):
    cut = {
        name: frame[frame["start" if name == "contracts" else "month"] <= 10]
        if "month" in frame or name == "contracts"
        else frame
        for name, frame in op.tables.items()
    }
    pd.testing.assert_frame_equal(measure(system, op, [10]), measure(system, cut, [10]))


def test_an_answer_given_next_month_is_not_known_this_month(system):
    months = pd.DataFrame({"customer_id": [1, 1], "month": [1, 2], "bill": 1.0, "cost": 0.0})
    complaint = {"customer_id": 1, "month": 1, "day": 25, "days_to_answer": 9.0}
    complaints = pd.DataFrame([{**complaint, "response": "no answer"}])
    tables = {"months": months, "complaints": complaints}
    panel = measure(system.only(["complaints", "poor_answers"]), tables)
    assert panel["complaints"].tolist() == [1, 1]
    assert panel["poor_answers"].tolist() == [0, 1]


def test_a_customer_known_to_be_lost_is_no_longer_judged(op, system):
    panel = measure(system.only(["bill_change"]), op)
    lost = op.churn.query("month == last_active")[["customer_id", "month"]]
    assert len(lost) > 0
    assert panel.merge(lost, on=["customer_id", "month"]).empty


def test_months_may_be_dates_or_texts(op, system):
    some = system.only(["bill_change", "incidents", "silent_months"])
    numbers = measure(some, op, [8])

    def text(month):
        return (pd.Period("2024-01", "M") + (month - 1)).strftime("%Y-%m")

    tables = {
        name: op.tables[name].assign(month=op.tables[name]["month"].map(text))
        for name in ("months", "incidents")
    }
    tables["churn"] = op.churn.assign(
        month=op.churn["month"].map(text), last_active=op.churn["last_active"].map(text)
    )
    texts = measure(some, tables, [12 * 2024 + 7])
    pd.testing.assert_frame_equal(numbers.drop(columns="month"), texts.drop(columns="month"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: pd.concat([f, f.head(1)]), "must hold a customer and month once"),
        (lambda f: f.assign(month=f["month"].where(f.index > 0)), "without customer or month"),
        (lambda f: f.assign(month="someday"), "'someday'"),
        (lambda f: f.drop(columns="bill"), "lacks the column 'bill'"),
        (lambda f: f.head(0), "is empty"),
    ],
)
def test_a_base_table_that_cannot_be_right_is_refused(op, system, change, message):
    with pytest.raises(ValueError, match=message):
        measure(system.only(["bill_change"]), {"months": change(op.months), "churn": op.churn})


def test_a_month_outside_the_records_is_refused(op, system):
    with pytest.raises(ValueError, match="months must lie from 1 to 18"):
        measure(system, op, [19])


def test_base_mix_counts_new_and_old_customers():
    people = {"customer_id": [1, 2, 3], "joined": [-20, 2, 2], "part": ["a", "a", "b"]}
    customers = pd.DataFrame(people)
    cells = [(c, m) for c, first in ((1, 1), (2, 2), (3, 2)) for m in range(first, 5)]
    months = pd.DataFrame(cells, columns=["customer_id", "month"])
    mix = base_mix({"months": months, "customers": customers}, "part", window=1)
    assert mix.loc["a", "old_share"].tolist() == [1, 0.5, 0.5, 0.5]
    assert mix.loc["a", "new"].tolist() == [0, 1, 0, 0]
    assert mix.loc["a", "sign"].tolist() == [False, True, False, False]
    assert np.isnan(mix.loc[("b", 1), "old_share"])


def test_the_signs_show_where_the_course_says(system):
    panel = pd.DataFrame({name: [np.nan, np.nan] for name in system.names})
    panel.loc[0, ["bill_change", "old_share_falls", "unanswered"]] = [-0.5, 1.0, 2.0]
    shown = signs(panel, system)
    assert shown.shape == (2, 3)
    assert shown.loc[0].all()
    assert not shown.loc[1].any()


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 4), st.one_of(st.none(), st.integers(1, 12)))
def test_labels_equal_those_written_down_row_by_row(seed, horizon, known_by):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 8))
    event = rng.integers(1, 10, n)
    seen = event + rng.integers(0, 3, n)
    churn = pd.DataFrame({"id": rng.integers(1, 4, n), "out": event, "seen": seen})
    cells = [(c, m) for m in range(1, 10) for c in (1, 2, 3)]
    panel = pd.DataFrame(cells, columns=["id", "month"])
    base = Base(customer="id", churn_month="out", churn_noticed="seen", churn_delay=2)
    got = label(panel, {"churn": churn}, base, horizon, known_by)
    for row, (_, lost) in zip(panel.itertuples(), got["lost"].items(), strict=True):
        known = churn if known_by is None else churn[churn["seen"] <= known_by]
        mine = known.loc[known["id"] == row.id, "out"]
        gone = (mine == row.month).any()
        if gone or (known_by is not None and row.month + horizon + 2 > known_by):
            assert np.isnan(lost)
        else:
            assert lost == ((mine > row.month) & (mine <= row.month + horizon)).any()


def test_losses_noticed_before_they_happened_are_refused(op, system):
    wrong = op.churn.assign(last_active=op.churn["month"] + 1)
    with pytest.raises(ValueError, match="noticed before they happened"):
        measure(system.only(["bill_change"]), {"months": op.months, "churn": wrong})
