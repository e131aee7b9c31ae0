"""A widget carries the numbers of crmlib, exact, and shows them where no script runs."""

import base64
import json

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from crmlib import recovery
from crmlib.course import budget_widget, cap_widget, split_widget, threshold_widget
from crmlib.profit import cost_threshold, mp
from crmlib.tree import entropy, information_gain, split_information

OUTLOOK = pd.DataFrame({"P": [4, 3, 2], "N": [0, 2, 3]}, index=["cloud", "rain", "sun"])
LABELS = np.array([1, 1, 0, 0, 1, 0])
SCORES = {"a": np.array([0.9, 1 / 3, 0.7, 0.1, 0.3, 0.3]), "b": np.linspace(0.0, 1.0, 6)}


def base_of_lost():
    rng = np.random.default_rng(4)
    index = [f"c{k}" for k in range(40)]
    lost = pd.DataFrame(
        {"if_back": rng.uniform(50, 900, 40), "unasked": rng.uniform(0, 0.2, 40)}, index=index
    )
    offers = pd.DataFrame(
        {"contact_cost": [2.0, 9.0], "offer_cost": [0.0, 60.0]}, index=["letter", "bonus"]
    )
    chances = pd.DataFrame(
        {"letter": rng.uniform(0.1, 0.3, 40), "bonus": rng.uniform(0.2, 0.9, 40)}, index=index
    )
    return lost, offers, chances


def budget(**kwargs):
    given = {"budgets": np.arange(0, 601, 100), "budget": 200} | kwargs
    return budget_widget(*base_of_lost(), **given)


WIDGETS = {
    "cap": lambda: cap_widget(1046.7, 0.39, unasked=0.1, offer_cost=600.0, contact_cost=12.0),
    "threshold": lambda: threshold_widget(LABELS, SCORES),
    "budget": budget,
    "split": lambda: split_widget(OUTLOOK, weight=3),
}


def spec_of(widget):
    soup = BeautifulSoup(widget._repr_html_(), "html.parser")
    return json.loads(soup.find("script", type="application/json").string)


def cells(widget):
    """The shown table as a dictionary: row label to its cells."""
    soup = BeautifulSoup(widget._repr_html_(), "html.parser")
    rows = soup.select("tbody tr")
    return {row.th.text: [cell.text for cell in row.find_all("td")] for row in rows}


@pytest.mark.parametrize("kind", WIDGETS)
def test_without_a_script_a_table_with_headers_stands(kind):
    soup = BeautifulSoup(WIDGETS[kind]()._repr_html_(), "html.parser")
    assert soup.figure["data-widget"] == kind
    assert len(soup.figcaption.text) > 10
    assert soup.find("input") is None, "a slider that does nothing would be a lie"
    assert all(header["scope"] in {"row", "col"} for header in soup.find_all("th"))
    assert all(header.text for header in soup.find_all("th")), "a header without a name"
    assert len(soup.select("tbody tr")) >= 3
    assert "nan" not in soup.table.text.lower()


@pytest.mark.parametrize("kind", WIDGETS)
def test_the_same_call_gives_the_same_bytes_and_asks_nobody(kind):
    html = WIDGETS[kind]()._repr_html_()
    assert html == WIDGETS[kind]()._repr_html_()
    assert "http" not in html
    assert "src=" not in html


@pytest.mark.parametrize("kind", WIDGETS)
def test_every_control_starts_between_its_ends(kind):
    for control in spec_of(WIDGETS[kind]())["controls"]:
        assert control["label"]
        if control["choices"]:
            assert 0 <= control["value"] < len(control["choices"])
        else:
            assert control["low"] <= control["value"] <= control["high"]
            assert 0 < control["step"] <= (control["high"] - control["low"]) / 2


def test_a_label_cannot_end_the_script_that_carries_it():
    table = OUTLOOK.rename(index={"cloud": "</script><b>cloud</b>"})
    html = split_widget(table)._repr_html_()
    assert html.count("</script>") == 1
    assert "<b>" not in html
    assert spec_of(split_widget(table))["branches"][0] == "</script><b>cloud</b>"


def test_the_cap_shows_the_five_steps_of_crmlib():
    widget = cap_widget(900.0, 0.4, unasked=0.1, offer_cost=50.0, hurdle=0.2, currency="$")
    shown = [row[0] for row in cells(widget).values()]
    last = recovery.cost_cap(900.0, 0.4, unasked=0.1, offer_cost=50.0, hurdle=0.2)
    assert shown == ["$900", "$360", "$270", "$250", f"${last:.0f}"]


def test_the_threshold_shows_three_cuts_of_every_model():
    rows = cells(threshold_widget(LABELS, SCORES, threshold=0.5))
    fair = cost_threshold(value=200, success=0.3, contact_cost=1, incentive_cost=10)
    best = mp(LABELS, SCORES["a"])
    assert rows["a, at p*"][0] == f"{fair:.3f}"
    assert rows["a, at its best"][0] == f"{best.threshold:.3f}"
    assert rows["a, at its best"][3] == f"${best.profit:.2f}"
    assert rows["a"][1:3] == ["33%", "33%"]
    assert len(rows) == 6


def test_scores_arrive_exact_and_with_their_labels():
    packed = spec_of(threshold_widget(LABELS, SCORES))["models"][0]
    scores = np.frombuffer(base64.b64decode(packed["scores"]), dtype="<f8")
    order = np.argsort(-SCORES["a"], kind="stable")
    assert scores.tolist() == SCORES["a"][order].tolist()
    assert packed["left"] == "".join(str(label) for label in LABELS[order])


def test_every_plan_is_that_of_crmlib():
    lost, offers, chances = base_of_lost()
    spec = spec_of(budget(effects=[0.5, 1.0]))
    for row, effect in zip(spec["plans"], [0.5, 1.0], strict=True):
        p0 = lost["unasked"].to_numpy()[:, None]
        for at, money in enumerate(spec["budgets"]):
            made = recovery.plan(lost, offers, p0 + effect * (chances - p0), budget=money)
            counted = made.customers["offer"].value_counts().reindex(offers.index)
            assert row["value"][at] == pytest.approx(made.allocation.value, rel=1e-12)
            assert row["cost"][at] == pytest.approx(made.allocation.cost, rel=1e-12)
            assert row["price"][at] == pytest.approx(made.allocation.price, rel=1e-12)
            assert row["customers"][at] == counted.tolist()


def test_chances_stay_chances_when_offers_work_better_than_estimated():
    lost, offers, chances = base_of_lost()
    chances["bonus"] = 0.95
    widget = budget_widget(lost, offers, chances, budgets=[0, 500], budget=500, effects=[1, 2])
    assert spec_of(widget)["plans"][1]["value"][1] > 0


def test_the_split_shows_the_gain_of_the_tree():
    rows = cells(split_widget(OUTLOOK))
    gain = information_gain(OUTLOOK)
    assert rows["gain (bits)"][2] == f"{gain:.3f}"
    assert rows["gain ratio"][2] == f"{gain / split_information(OUTLOOK.sum(axis=1)):.3f}"
    assert rows["all"] == ["9", "5", f"{entropy([9, 5]):.3f}"]


def test_a_weight_changes_the_split_as_in_the_tree():
    rows = cells(split_widget(OUTLOOK, weight=3))
    assert rows["gain (bits)"][2] == f"{information_gain(OUTLOOK, [1, 3]):.3f}"
    assert rows["sun"][2] == f"{entropy([2, 3], [1, 3]):.3f}"


def test_an_empty_split_is_shown_and_not_divided_by():
    rows = cells(split_widget(OUTLOOK * 0))
    assert rows["gain (bits)"][2] == "0.000"
    assert rows["gain ratio"][2] == "0.000"


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: cap_widget(-1.0, 0.4), "benefit"),
        (lambda: cap_widget(100.0, 1.4), "chance"),
        (lambda: cap_widget(100.0, 0.4, contact_cost=-1), "contact_cost"),
        (lambda: threshold_widget(LABELS, {}), "scores names no model"),
        (lambda: threshold_widget(LABELS, {"a": SCORES["a"] * 2}), "'a'"),
        (lambda: threshold_widget(LABELS, {"a": SCORES["a"][:3]}), "6"),
        (lambda: threshold_widget(LABELS * 0, SCORES), "no churner"),
        (lambda: threshold_widget(LABELS, SCORES, threshold=2.0), "threshold"),
        (lambda: budget(budgets=[0, 100, 500], budget=100), "budgets must rise in equal steps"),
        (lambda: budget(budget=150), "budgets must hold the start"),
        (lambda: budget(effects=[0.5, 0.75]), "effects must hold the start"),
        (lambda: budget(unasked="nowhere"), "nowhere"),
        (lambda: split_widget(OUTLOOK[["P"]]), "two classes"),
        (lambda: split_widget(OUTLOOK.iloc[:1]), "two to four answers"),
        (lambda: split_widget(-OUTLOOK), "table"),
        (lambda: split_widget(OUTLOOK, weight=0), "weight"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name(call, named):
    with pytest.raises(ValueError, match=named):
        call()
