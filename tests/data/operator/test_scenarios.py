"""Each scenario does what its title says, compared with the baseline at the same seed."""

import numpy as np
import pytest

from crmlib.data.operator import annual_churn, read_scenario, simulate

N, SEED = 14_000, 7


@pytest.fixture(scope="module")
def run():
    done = {}

    def get(name, months=18):
        key = name, months
        if key not in done:
            done[key] = simulate(N, months, name, SEED)
        return done[key]

    return get


def rate(op, first, last, **only):
    """Monthly rate of loss between two months, in all or for some customers."""
    losses = op.truth.losses
    live = op.truth.months.dropna(subset=["hazard"])
    for column, value in only.items():
        chosen = op.customers.loc[op.customers[column] == value, "customer_id"]
        losses, live = (x[x["customer_id"].isin(chosen)] for x in (losses, live))
    return losses["month"].between(first, last).sum() / live["month"].between(first, last).sum()


def test_the_17_9_percent_year():
    rates = [annual_churn(simulate(15_000, 12, "churn-17.9", seed)) for seed in range(20, 24)]
    # Runs differ by 0.43 points (standard deviation), as branches, networks and rivals differ.
    assert abs(np.mean(rates) - 0.179) < 3 * 0.0043 / np.sqrt(4)


def test_scenarios_equal_the_baseline_until_they_begin(run, op):
    for name, start in (("price-war", 7), ("service-collapse", 7), ("number-portability", 13)):
        before = run(name).months
        expected = op.months[op.months["month"] < start]
        assert (
            before[before["month"] < start]
            .reset_index(drop=True)
            .equals(expected.reset_index(drop=True))
        ), name


def test_a_price_war_pulls_customers_away(run, op):
    war = run("price-war")
    assert rate(war, 7, 15) > 1.5 * rate(op, 7, 15)
    pulled = war.truth.losses.query("7 <= month <= 15")["group"].value_counts(normalize=True)
    usual = op.truth.losses.query("7 <= month <= 15")["group"].value_counts(normalize=True)
    assert pulled["price"] > usual["price"] + 0.05
    offers = war.competitor_offers.groupby("month")["price_index"].mean()
    assert offers.loc[7:15].max() < offers.loc[:6].min()


def test_a_service_collapse_hits_its_region(run, op):
    fallen = run("service-collapse")
    east = rate(fallen, 8, 14, region="east") / rate(op, 8, 14, region="east")
    west = rate(fallen, 8, 14, region="west") / rate(op, 8, 14, region="west")
    assert east > 1.3
    assert east > west + 0.2
    answers = fallen.complaints.query("7 <= month <= 12")["days_to_answer"].mean()
    assert answers > 2 * op.complaints.query("7 <= month <= 12")["days_to_answer"].mean()


def test_number_portability_lowers_the_cost_of_switching(run, op):
    free = run("number-portability")
    planted = np.exp(
        read_scenario().parameters["competition.switching_cost"]
        - read_scenario("number-portability").at(13)["competition.switching_cost"]
    )
    # The same customers stand before month 13; nine losses in ten are voluntary and feel it.
    first = [run.truth.months.query("month == 13")["hazard"].mean() for run in (free, op)]
    assert 1 + 0.7 * (planted - 1) < first[0] / first[1] < planted
    # Then less: many of those who leave sooner were about to leave anyway.
    found = rate(free, 13, 18) / rate(op, 13, 18)
    assert 1 + 0.4 * (planted - 1) < found < first[0] / first[1]
    assert free.churn.query("month >= 17")["ported"].mean() > 0.4
    assert not free.churn.query("month < 13")["ported"].any()


def test_two_hotels_fast_return_by_price_slow_return_by_service(run):
    price, service = run("hotel-price", 36), run("hotel-service", 36)
    by_price, by_service = price.describe(), service.describe()
    # The same loss in the first half-year.
    assert (by_price["lost"].loc[:6] == by_service["lost"].loc[:6]).all()
    # Fast: in the first months of the recovery more come back by price.
    assert by_price["returned"].loc[8:12].sum() > 1.2 * by_service["returned"].loc[8:12].sum()
    # Steady: in the end the house with good service has more customers, who pay more.
    assert by_service["customers"].iloc[-1] > 1.03 * by_price["customers"].iloc[-1]
    assert by_service["churn_rate"].loc[25:].mean() < 0.9 * by_price["churn_rate"].loc[25:].mean()
    margin = {
        name: (op.months["bill"] - op.months["cost"]).groupby(op.months["month"]).sum()
        for name, op in {"price": price, "service": service}.items()
    }
    assert margin["service"].loc[7:15].sum() > margin["price"].loc[7:15].sum()


def test_a_scenario_is_built_on_another(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'title = "Mine"\nbase = "price-war"\n[set.survey]\ninvited = 0.5\n'
        '[[event]]\nname = "second war"\nfrom = 20\n[event.set]\ncompetition.gift = 300\n'
    )
    mine = read_scenario(path)
    assert (mine.name, mine.title) == ("mine", "Mine")
    assert mine.parameters["survey.invited"] == 0.5
    assert mine.at(8)["competition.gift"] == 120
    assert mine.at(16)["competition.gift"] == 40
    assert mine.at(20)["competition.gift"] == 300
    frame = mine.to_frame()
    assert frame.loc["survey.invited", "changed"]
    assert frame.loc["competition.gift", "events"] == "price war, second war"


def test_a_file_that_is_no_scenario_is_refused_by_name(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("title = ")
    with pytest.raises(ValueError, match=r"broken\.toml is not valid TOML"):
        read_scenario(path)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.toml"):
        read_scenario(tmp_path / "nowhere.toml")
    path.write_text("caption = 3")
    with pytest.raises(ValueError, match="'caption'"):
        read_scenario(path)


def test_every_parameter_has_a_unit_and_a_source():
    frame = read_scenario().to_frame()
    assert frame["unit"].notna().all()
    assert (frame["source"].str.len() > 0).all()
    assert not frame["changed"].any()
