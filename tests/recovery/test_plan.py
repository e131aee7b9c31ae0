"""A recovery plan keeps its budget, says why, and refuses tables that do not fit together."""

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from crmlib.recovery import net_value, plan
from crmlib.recovery.planning import REASONS

OFFERS = pd.DataFrame(
    {
        "contact_cost": [1.0, 5.0, 9.0],
        "offer_cost": [0.0, 20.0, 60.0],
        "spill_over": [0.0, 4.0, 30.0],
        "hours": [0.0, 0.2, 0.4],
        "channel": ["mail", "call", "call"],
    },
    index=pd.Index(["letter", "bonus", "upgrade"], name="offer"),
)


def lost_base(n=300, seed=0):
    rng = np.random.default_rng(seed)
    customers = pd.Index([f"c{i}" for i in range(n)], name="customer")
    unasked = rng.beta(1, 12, n)
    lift = np.sort(rng.beta(2, 8, (n, 3)), axis=1)
    chances = pd.DataFrame(
        unasked[:, None] + (1 - unasked[:, None]) * lift, index=customers, columns=OFFERS.index
    )
    lost = pd.DataFrame(
        {
            "if_back": rng.lognormal(5, 0.8, n),
            "unasked": unasked,
            "information": 0.5,
            "region": rng.choice(["north", "south"], n, p=[0.85, 0.15]),
        },
        index=customers,
    )
    return lost, chances


def test_each_row_holds_the_value_the_formula_gives():
    lost, chances = lost_base()
    made = plan(lost, OFFERS, chances, budget=2_000)
    for customer, row in made.selected.head(20).iterrows():
        offer = OFFERS.loc[row["offer"]]
        p1 = chances.loc[customer, row["offer"]]
        expected = net_value(
            lost.loc[customer, "if_back"],
            p1,
            unasked=lost.loc[customer, "unasked"],
            contact_cost=offer["contact_cost"],
            offer_cost=offer["offer_cost"] + offer["spill_over"],
            information=0.5,
        )
        assert row["net_value"] == pytest.approx(expected)
        assert row["cost"] == pytest.approx(offer["contact_cost"] + p1 * offer["offer_cost"])
        assert row["uplift"] == pytest.approx(p1 - lost.loc[customer, "unasked"])


def test_budget_is_kept_and_sums_agree():
    lost, chances = lost_base()
    made = plan(lost, OFFERS, chances, budget=800)
    assert made.customers["cost"].sum() <= 800
    assert made.customers["cost"].sum() == pytest.approx(made.allocation.cost)
    assert made.customers["net_value"].sum() == pytest.approx(made.allocation.value)
    assert made.allocation.gap < 1e-6
    table = made.to_frame()
    assert table["customers"].sum() == len(made.selected)
    assert "proven gap" in repr(made)


def test_spill_over_guard_turns_customers_away_from_the_loud_offer():
    lost, chances = lost_base()
    quiet = plan(lost, OFFERS.assign(spill_over=0.0), chances, budget=4_000)
    loud = plan(lost, OFFERS.assign(spill_over=[0.0, 0.0, 200.0]), chances, budget=4_000)
    assert (loud.customers["offer"] == "upgrade").sum() < (
        quiet.customers["offer"] == "upgrade"
    ).sum()


def test_spill_over_limit_is_kept():
    lost, chances = lost_base()
    made = plan(lost, OFFERS, chances, budget=4_000, spill_over_limit=60)
    chosen = made.selected
    spill = (chosen["chance"] * OFFERS["spill_over"].reindex(chosen["offer"]).to_numpy()).sum()
    assert spill <= 60 + 1e-6
    assert len(chosen)


def test_crediting_every_return_to_the_offer_overstates_the_plan():
    lost, chances = lost_base()
    gross = plan(lost, OFFERS, chances, budget=2_000, unasked=None)
    net = plan(lost, OFFERS, chances, budget=2_000)
    assert gross.allocation.value > net.allocation.value
    with pytest.raises(ValueError, match="unasked=None to credit every return"):
        plan(lost.drop(columns="unasked"), OFFERS, chances, budget=2_000)


def test_excluded_customers_get_nothing_and_the_reason_says_so():
    lost, chances = lost_base()
    lost["treat"] = np.arange(len(lost)) % 2 == 0
    made = plan(lost, OFFERS, chances, budget=3_000)
    excluded = made.customers[~lost["treat"]]
    assert excluded["offer"].isna().all()
    assert (excluded["reason"] == REASONS[1]).all()
    assert (made.explain("c1")["verdict"] == "customer not to be treated").all()


def test_hurdle_leaves_out_offers_that_return_too_little():
    lost, chances = lost_base()
    made = plan(lost, OFFERS, chances, budget=5_000, hurdle=1.5)
    chosen = made.selected
    assert (chosen["net_value"] >= 1.5 * chosen["cost"] - 1e-9).all()
    assert (made.customers["reason"] == REASONS[3]).any()


def test_every_customer_has_the_reason_that_the_numbers_give():
    lost, chances = lost_base(800, seed=3)
    lost.loc[lost.index[:50], "if_back"] = 1.0
    made = plan(lost, OFFERS, chances, budget=700)
    none = made.customers[made.customers["offer"].isna()]
    assert set(none["reason"]) == {REASONS[2], REASONS[4]}
    poor = none.index[none["reason"] == REASONS[2]]
    assert all((made.explain(c)["net_value"] <= 0).all() for c in poor[:10])
    outbid = none.index[none["reason"] == REASONS[4]]
    for customer in outbid[:10]:
        useful = made.explain(customer).query("net_value > 0")
        assert (useful["per_unit"] <= made.allocation.price + 1e-6).all()
        assert useful["verdict"].str.contains("where the budget earns|did not fit").all()


def test_explanation_of_a_chosen_offer_compares_the_others():
    lost, chances = lost_base()
    made = plan(lost, OFFERS, chances, budget=800)
    customer = made.selected.index[0]
    told = made.explain(customer)
    assert (told["verdict"] == "chosen").sum() == 1
    assert told.index.equals(OFFERS.index)
    with pytest.raises(KeyError, match="is not among"):
        made.explain("nobody")


def test_side_constraints_hold():
    lost, chances = lost_base()
    made = plan(
        lost, OFFERS, chances, budget=1_000, hours=6.0, channel_caps={"mail": 30},
        floor=("region", 0.15),
    )  # fmt: skip
    offer = made.selected["offer"]
    assert OFFERS["hours"].reindex(offer).sum() <= 6 + 1e-9
    assert (offer == "letter").sum() <= 30
    share = made.customers["offer"].notna().groupby(lost["region"]).mean()
    assert (share >= 0.15).all()
    assert made.customers["cost"].sum() <= 1_000


def test_floor_that_cannot_be_met_is_explained():
    lost, chances = lost_base()
    with pytest.raises(ValueError, match="No plan meets all constraints"):
        plan(lost, OFFERS, chances, budget=10, floor=("region", 0.9))


def test_exact_and_greedy_agree_within_the_gap():
    lost, chances = lost_base(60, seed=5)
    fast = plan(lost, OFFERS, chances, budget=300, method="greedy")
    exact = plan(lost, OFFERS, chances, budget=300, method="exact")
    assert fast.allocation.value <= exact.allocation.value + 1e-6 <= fast.allocation.bound + 1e-5
    auto = plan(lost, OFFERS, chances, budget=300)
    assert auto.allocation.value == pytest.approx(exact.allocation.value, rel=1e-6)


def test_budget_below_the_cheapest_offer_gives_an_empty_plan():
    lost, chances = lost_base()
    made = plan(lost, OFFERS, chances, budget=0.5)
    assert made.selected.empty
    assert made.to_frame()["customers"].sum() == 0
    assert made.plot() is not None


def test_tables_in_another_order_are_matched_by_customer():
    lost, chances = lost_base()
    made = plan(lost, OFFERS, chances, budget=800)
    shuffled = plan(lost, OFFERS, chances.sample(frac=1, random_state=1)[::-1], budget=800)
    pd.testing.assert_frame_equal(made.customers, shuffled.customers)
    columns = plan(lost, OFFERS, chances[["upgrade", "letter", "bonus"]], budget=800)
    pd.testing.assert_frame_equal(made.customers, columns.customers)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_export_reads_back_and_leaves_no_temporary_file(tmp_path, ending):
    lost, chances = lost_base()
    made = plan(lost, OFFERS, chances, budget=800)
    path = made.export(tmp_path / f"plan.{ending}")
    read = pd.read_csv(path) if ending == "csv" else pd.read_excel(path)
    assert read["customer"].tolist() == made.selected.index.tolist()
    np.testing.assert_allclose(read["net_value"], made.selected["net_value"])
    assert [p.name for p in tmp_path.iterdir()] == [f"plan.{ending}"]


def test_export_keeps_the_old_file_when_writing_fails(tmp_path, monkeypatch):
    lost, chances = lost_base()
    made = plan(lost, OFFERS, chances, budget=800)
    path = tmp_path / "plan.csv"
    path.write_text("old")

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    with pytest.raises(OSError, match="disk full"):
        made.export(path)
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_names_that_look_like_formulas_stay_text(tmp_path):
    lost, chances = lost_base(5)
    names = pd.Index(["=1+1", "c1", "c2", "c3", "c4"], name="customer")
    made = plan(lost.set_axis(names), OFFERS, chances.set_axis(names), budget=1_000)
    path = made.export(tmp_path / "plan.xlsx", all_customers=True)
    sheet = load_workbook(path).active
    cell = next(cell for (cell,) in sheet.iter_rows(max_col=1) if cell.value == "=1+1")
    assert cell.data_type == "s"


def test_export_refuses_other_endings_and_folders(tmp_path):
    lost, chances = lost_base(5)
    made = plan(lost, OFFERS, chances, budget=100)
    with pytest.raises(ValueError, match=r"the ending of 'plan\.pdf'"):
        made.export(tmp_path / "plan.pdf")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        made.export(tmp_path / "none" / "plan.csv")


def _spoil(**changes):
    lost, chances = lost_base(6)
    offers = OFFERS.copy()
    tables = {"lost": lost, "offers": offers, "chances": chances, "budget": 100.0}
    for name, change in changes.items():
        tables[name] = change(tables[name]) if callable(change) else change
    budget = tables.pop("budget")
    options = tables.pop("options", {})
    return plan(tables["lost"], tables["offers"], tables["chances"], budget=budget, **options)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"offers": lambda t: t.assign(contact_cost=-1.0)}, "contact_cost must lie in .*'letter'"),
        ({"offers": lambda t: t.assign(offer_cost=np.nan)}, "offer_cost must lie"),
        (
            {"offers": lambda t: t.drop(columns="offer_cost")},
            "offers lacks the column 'offer_cost'",
        ),
        ({"offers": lambda t: t.set_axis(["a", "a", "b"])}, "offer 'a' twice"),
        ({"offers": lambda t: t.iloc[:0]}, "offers is empty"),
        ({"chances": lambda t: t + 1}, "chances must lie in .*column 'letter'"),
        ({"chances": lambda t: t.drop(columns="bonus")}, "chances lacks the column 'bonus'"),
        ({"chances": lambda t: t.assign(gift=0.1)}, "no offers: 'gift'"),
        ({"chances": lambda t: t.iloc[1:]}, "chances lacks 'c0'"),
        ({"lost": lambda t: t.set_axis(["c0"] * 6)}, "customer more than once: 'c0'"),
        ({"lost": lambda t: t.drop(columns="if_back")}, "lost lacks the column 'if_back'"),
        ({"lost": lambda t: t.assign(unasked=-0.1)}, "unasked"),
        ({"lost": lambda t: t.assign(treat=None)}, "True or False for every customer"),
        ({"budget": -5.0}, "budget must lie"),
        ({"budget": float("nan")}, "budget must lie"),
        ({"options": {"hours": -1.0}}, "hours must lie"),
        ({"options": {"channel_caps": {"fax": 3}}}, "channel_caps must be one of"),
        ({"options": {"floor": ("regions", 0.1)}}, "did you mean 'region'"),
        ({"options": {"method": "best"}}, "method must be one of"),
    ],
)
def test_bad_input_is_refused_with_the_reason(changes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        _spoil(**changes)


def test_currencies_that_differ_are_refused():
    lost, chances = lost_base(6)
    lost.attrs["currency"] = "CNY"
    assert plan(lost, OFFERS, chances, budget=10.0).currency == "CNY"
    with pytest.raises(ValueError, match="lost says 'CNY', offers says 'USD'"):
        plan(lost, OFFERS.assign(currency="USD"), chances, budget=10.0)
    with pytest.raises(ValueError, match="currency says 'EUR', lost says 'CNY'"):
        plan(lost, OFFERS, chances, budget=10.0, currency="EUR")


def test_verdicts_give_the_numbers_that_decided():
    lost = pd.DataFrame({"if_back": [100.0, 100.0]}, index=["c1", "c2"])
    offers = pd.DataFrame(
        {"contact_cost": [1.0, 10.0, 30.0, 90.0, 1.0], "offer_cost": 0.0},
        index=["letter", "call", "visit", "gift", "poor letter"],
    )
    chances = pd.DataFrame(
        {"letter": [0.2] * 2, "call": [0.4] * 2, "visit": [0.6] * 2, "gift": [0.7] * 2,
         "poor letter": [0.1] * 2},
        index=lost.index,
    )  # fmt: skip
    # Net values 19, 30, 30, -20, 9; the budget reaches for one call and one letter.
    made = plan(lost, offers, chances, budget=11.5, unasked=None, method="greedy")
    letter = made.customers.index[made.customers["offer"] == "letter"][0]
    told = made.explain(letter)["verdict"]
    assert told["letter"] == "chosen"
    assert told["call"] == (
        "11.00 more for 9.00 more cost: 1.22 per unit, where the budget earns 1.22 elsewhere"
    )
    assert told["gift"] == "returns less than its cost"
    assert told["poor letter"] == "10.00 less net value than the chosen offer"
    strict = plan(lost, offers, chances, budget=100.0, unasked=None, hurdle=2.0)
    assert strict.explain("c1").loc["visit", "verdict"] == (
        "earns 1.00 per unit, below the hurdle of 2"
    )
    capped = plan(
        lost, offers.assign(hours=[0.0, 1.0, 1.0, 1.0, 0.0]), chances, budget=100.0, unasked=None,
        hours=1.0,
    )  # fmt: skip
    held = capped.customers.index[capped.customers["offer"] == "letter"][0]
    assert capped.explain(held).loc["call", "verdict"] == (
        "better alone, but not within the constraints of the whole plan"
    )


def test_plot_marks_a_finite_budget():
    lost, chances = lost_base()
    made = plan(lost, OFFERS, chances, budget=800)
    ax = made.plot()
    assert ax.get_lines()[0].get_xdata()[-1] == pytest.approx(made.allocation.cost)
    assert [text.get_text() for text in ax.texts] == ["budget"]
    assert not plan(lost, OFFERS, chances, budget=np.inf).plot().texts
