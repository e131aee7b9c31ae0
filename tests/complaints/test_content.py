"""What complaints are about, how they change, and dates that were never what they seemed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.complaints import (
    codebook,
    codebook_rules,
    distinctive_words,
    find_swapped_dates,
    pareto,
    trend,
)


@given(st.lists(st.sampled_from("abcdef"), min_size=1), st.floats(0.05, 1))
def test_a_pareto_table_adds_up_and_the_vital_few_are_the_fewest(labels, cut):
    found = pareto(labels)
    table = found.table
    assert table["complaints"].sum() == len(labels)
    assert table["cumulative"].iloc[-1] == pytest.approx(1)
    assert table["complaints"].is_monotonic_decreasing
    vital = table.loc[found.vital(cut)]
    assert vital["share"].sum() >= cut - 1e-9
    assert vital["share"].iloc[:-1].sum() < cut


def test_weights_change_what_is_vital():
    labels = ["network"] * 9 + ["billing"]
    assert pareto(labels).vital() == ["network"]
    assert pareto(labels, [1] * 9 + [100]).vital() == ["billing"]


def test_missing_categories_are_counted_not_dropped():
    assert pareto(["a", None, None]).table.loc["(none)", "complaints"] == 2


@pytest.mark.parametrize("weight", [[-1, 2], [np.nan, 1], [0, 0]])
def test_bad_weights_are_refused(weight):
    with pytest.raises(ValueError, match="weight must hold"):
        pareto(["a", "b"], weight)


def test_an_empty_pareto_is_refused():
    with pytest.raises(ValueError, match="category is empty"):
        pareto([])


def test_a_planted_growth_is_found_inside_its_interval():
    rng = np.random.default_rng(1)
    customers = pd.Series(rng.integers(9_000, 11_000, 36).astype(float))
    planted = 0.03
    hits = 0
    for _ in range(40):
        rate = 0.02 * (1 + planted) ** np.arange(36)
        found = trend(pd.Series(rng.poisson(rate * customers)), customers, unit="customer")
        assert abs(found.growth - planted) < 0.01
        hits += found.low <= planted <= found.high
    assert hits >= 35


def test_false_alarms_are_as_rare_as_three_sigmas_promise_and_a_jump_is_seen():
    rng = np.random.default_rng(2)
    quiet = [trend(pd.Series(rng.poisson(12, 50))).table["signal"].mean() for _ in range(60)]
    assert np.mean(quiet) < 0.004
    jump = pd.Series(np.r_[rng.poisson(12, 30), 40])
    assert trend(jump).table["signal"].iloc[-1]


def test_the_interval_widens_with_dispersion():
    rng = np.random.default_rng(3)
    wild = trend(pd.Series(rng.negative_binomial(2, 0.05, 40)))
    calm = trend(pd.Series(rng.poisson(38, 40)))
    assert wild.dispersion > 5
    assert wild.high - wild.low > 2 * (calm.high - calm.low)


def test_the_simulated_months_have_no_trend_by_construction(op):
    live = op.months.groupby("month").size()
    counts = op.complaints.groupby("month").size()
    found = trend(counts, live, unit="customer")
    assert found.low < 0.0 < found.high
    assert found.plot().get_ylabel() == "complaints per customer"
    assert "%" in repr(found).splitlines()[0]


@pytest.mark.parametrize(
    ("counts", "exposure", "message"),
    [
        ([1, 2], None, "2 periods"),
        ([1, 2, 2.5], None, "whole numbers"),
        ([1, -2, 3], None, "whole numbers"),
        ([0, 0, 0], None, "not all 0"),
        ([1, 2, 3], [1, 0, 1], "positive in every period"),
        ([1, 2, 3], [1, 1], "different indexes"),
    ],
)
def test_bad_counts_are_refused(counts, exposure, message):
    with pytest.raises(ValueError, match=message):
        trend(pd.Series(counts), None if exposure is None else pd.Series(exposure))


def test_distinctive_words_name_the_categories(op):
    frame = op.complaints[op.complaints["language"] == "English"]
    truth = op.truth.complaints.set_index("complaint_id")["incident"]
    found = distinctive_words(frame["text"], truth.loc[frame["complaint_id"]], top=6)
    by = found.groupby("category")["word"].apply(set)
    assert by["network"] & {"signal", "calls", "coverage", "connection", "station"}
    assert by["billing"] >= {"yuan"}
    assert not (set(found["word"]) & {"the", "not", "<number>"})
    kept = distinctive_words(frame["text"], truth.loc[frame["complaint_id"]], skip=())
    assert "<number>" in set(kept["word"])
    assert (found["score"] > 0).all()
    with pytest.raises(ValueError, match="one value only"):
        distinctive_words(["a", "b"], ["x", "x"])


def swap(days):
    other = pd.to_datetime(days.dt.strftime("%Y-%d-%m"), format="%Y-%m-%d", errors="coerce")
    return days.where(days.dt.day > 12, other.astype(days.dtype))


@settings(max_examples=40)
@given(st.integers(0, 300), st.integers(40, 120), st.integers(0, 2**31), st.booleans())
def test_swapped_dates_are_found_and_repaired_exactly(start, length, seed, numbered):
    rng = np.random.default_rng(seed)
    first = pd.Timestamp("2015-01-01") + pd.Timedelta(days=start)
    days = pd.Series(np.sort(first + pd.to_timedelta(rng.integers(0, length, 400), "D")))
    order = np.arange(400.0) if numbered else None
    whole = find_swapped_dates(days, order)
    assert not whole.swapped
    assert whole.repaired.equals(days)
    broken = swap(days)
    if (
        broken.equals(days)
        or days.dt.to_period("M").nunique() > 4
        or days.dt.year.max() > days.dt.year.min()
    ):
        return
    found = find_swapped_dates(broken, order)
    certain = set(days[days.dt.day > 12].dt.month)
    if set(days.dt.month) <= certain:
        assert found.swapped
        assert found.repaired.equals(days)


def test_the_comcast_defect_is_found_from_the_data_and_repaired(comcast):
    stored, repaired = comcast
    order = pd.to_numeric(stored["Ticket #"], errors="coerce")
    found = find_swapped_dates(stored["Date"], order)
    assert found.swapped
    assert (found.ambiguous, found.changed) == (609, 572)
    assert round(found.order_stored, 3) == 0.524
    assert round(found.order_repaired, 3) == 0.999
    assert (found.months_stored, found.months_repaired) == (12, 3)
    assert str(found.repaired.min())[:10] == "2015-04-01"
    assert str(found.repaired.max())[:10] == "2015-06-30"
    pd.testing.assert_series_equal(found.repaired, repaired["Date"], check_names=False)
    assert len(found.plot().patches) == 24
    assert find_swapped_dates(stored["Date"]).swapped, "the months alone give it away"


def test_dates_without_evidence_are_refused_and_texts_too():
    early = pd.Series(pd.to_datetime(["2015-01-04", "2015-02-03"]))
    with pytest.raises(ValueError, match="no day above 12"):
        find_swapped_dates(early)
    with pytest.raises(TypeError, match="Series of datetime"):
        find_swapped_dates(pd.Series(["04-01-2015"]))
    with pytest.raises(ValueError, match="order has 1 numbers for 2"):
        find_swapped_dates(early, [1])


def test_the_first_rule_of_a_codebook_wins_and_a_wrong_pattern_is_named():
    rules = pd.DataFrame({"category": ["billing", "speed"], "pattern": ["bill", "slow"]})
    found = codebook(["Slow BILLING site", "slow", "rude"], rules)
    assert found.tolist()[:2] == ["billing", "speed"]
    assert pd.isna(found.iloc[2])
    with pytest.raises(ValueError, match="pattern of 'billing' is wrong"):
        codebook(["a"], rules.assign(pattern=["(", "slow"]))
    assert (codebook_rules()["zh"].str.len() >= 2).all()


def test_the_codebook_reads_both_languages_of_the_simulator(op):
    """Without any label it should find most of what the classifier has to be taught."""
    found = codebook(op.complaints["text"]).replace(
        {"outage": "network", "speed": "network", "television": "network",
         "service and staff": "encounter"}
    )  # fmt: skip
    truth = op.truth.complaints["incident"].astype(str).to_numpy()
    for language in ("English", "Chinese"):
        rows = (op.complaints["language"] == language).to_numpy()
        assert (found.to_numpy() == truth)[rows].mean() > 0.7, language


def test_comcast_tickets_are_about_bills_and_many_say_nothing(comcast):
    _, repaired = comcast
    found = pareto(codebook(repaired["Customer Complaint"]))
    assert found.table.index[0] == "billing"
    assert 0.25 < found.table.loc["billing", "share"] < 0.4
    assert 0.1 < found.table.loc["(none)", "share"] < 0.25, "'Comcast' and the like"
    assert len(found.vital()) < len(found.table)
    assert found.plot().get_ylabel().startswith("share")


def test_the_trend_over_twelve_months_is_the_defect_and_the_real_one_is_in_june(comcast):
    stored, repaired = comcast
    by_month = {
        name: frame["Date"].dt.month.value_counts().sort_index()
        for name, frame in (("stored", stored), ("repaired", repaired))
    }
    assert by_month["stored"].index.tolist() == list(range(1, 13))
    assert by_month["repaired"].to_dict() == {4: 545, 5: 399, 6: 1280}
    weeks = repaired.groupby(repaired["Date"].dt.to_period("W")).size().iloc[1:-1]
    chart = trend(weeks)
    assert chart.low > 0
    assert chart.table["signal"].idxmax().start_time >= pd.Timestamp("2015-04-01")
    assert str(chart.table["rate"].idxmax().start_time)[:7] == "2015-06"
