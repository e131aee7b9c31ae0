"""ROI: the bootstrap is exact, intervals cover, ratios are not confused, the ledger adds up."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crmlib.recovery import (
    COURSE_BAND,
    bootstrap_sums,
    expected_roi,
    lagged_correlation,
    monthly_controlling,
    ratio_interval,
    return_rate,
    roi,
)
from crmlib.value import propagate


def campaign(n=2_000, seed=0, back=0.3):
    rng = np.random.default_rng(seed)
    benefit = np.where(rng.random(n) < back, rng.lognormal(4, 0.6, n), 0.0)
    return benefit, rng.uniform(5, 15, n)


def test_bootstrap_counts_are_multinomial():
    # One column a row: the sums of an identity matrix are the counts themselves.
    n = 510
    counts = bootstrap_sums(np.eye(n), 1_500, random_state=1)
    np.testing.assert_array_equal(counts.sum(axis=1), n)
    assert counts.min() == 0
    np.testing.assert_array_equal(counts, np.round(counts))
    # Each count is Binomial(n, 1/n): compare the pooled frequencies.
    observed = np.bincount(counts.astype(int).ravel(), minlength=8)[:8] / counts.size
    expected = stats.binom(n, 1 / n).pmf(np.arange(8))
    assert (np.abs(observed - expected) < 5 * np.sqrt(expected / counts.size) + 1e-6).all()
    # Two counts correlate with -1/(n-1).
    pair = np.corrcoef(counts[:, :255].sum(axis=1), counts[:, 255:].sum(axis=1))[0, 1]
    assert pair == pytest.approx(-1.0)
    half_variance = counts[:, :255].sum(axis=1).var()
    assert half_variance == pytest.approx(n * 0.25, rel=0.15)


@pytest.mark.parametrize("n", [501, 5_000])
def test_fast_draws_have_the_law_of_plain_resampling(n):
    rows = np.column_stack(campaign(n))
    fast = bootstrap_sums(rows, 4_000, random_state=0)
    rng = np.random.default_rng(1)
    plain = np.array([rows[rng.integers(0, n, n)].sum(axis=0) for _ in range(4_000)])
    for column in range(2):
        assert stats.ks_2samp(fast[:, column], plain[:, column]).pvalue > 1e-3
    assert np.corrcoef(fast.T)[0, 1] == pytest.approx(np.corrcoef(plain.T)[0, 1], abs=0.08)


def test_blocks_keep_the_standard_error():
    rows = np.column_stack(campaign(10_000))
    exact = bootstrap_sums(rows, 2_000, random_state=0).std(axis=0)
    blocks = bootstrap_sums(rows, 2_000, blocks=2_000, random_state=0).std(axis=0)
    np.testing.assert_allclose(blocks, exact, rtol=0.12)


def test_same_seed_same_sums():
    rows = np.column_stack(campaign(3_000))
    one, two = (bootstrap_sums(rows, 50, random_state=3) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_delta_error_is_the_formula_and_near_the_bootstrap():
    b, c = campaign(5_000)
    found = ratio_interval(b, c)
    e = b - found.ratio * c
    assert found.error == pytest.approx(np.sqrt(5_000 / 4_999 * (e**2).sum()) / c.sum())
    drawn = ratio_interval(b, c, method="percentile", resamples=4_000, random_state=0)
    assert drawn.error == pytest.approx(found.error, rel=0.05)


@pytest.mark.parametrize("control", [False, True])
def test_bca_equals_scipy(control):
    b, c = campaign(300, back=0.1)
    other = campaign(200, seed=5, back=0.05)[0]

    def ratio(b, c, *rest, axis=-1):
        base = rest[0].mean(axis=axis) if rest else 0.0
        return (b.mean(axis=axis) - base) / c.mean(axis=axis)

    ours = ratio_interval(
        b, c, control=other if control else None, method="bca", resamples=20_000, random_state=0
    )
    if control:
        # scipy pairs all samples or none: hand it contacted rows as one complex sample.
        def statistic(z, rest, axis=-1):
            return ratio(z.real, z.imag, rest, axis=axis)

        theirs = stats.bootstrap(
            (b + 1j * c, other), statistic, n_resamples=20_000, method="BCa", rng=1
        )
    else:
        theirs = stats.bootstrap(
            (b, c), ratio, paired=True, n_resamples=20_000, method="BCa", rng=1
        )
    interval = theirs.confidence_interval
    np.testing.assert_allclose([ours.low, ours.high], interval, rtol=0.03, atol=0.01)


@pytest.mark.parametrize("method", ["delta", "percentile", "bca"])
def test_intervals_cover_the_truth_about_as_often_as_they_say(method):
    truth = 0.3 * np.exp(4 + 0.18) / 10
    hits = 0
    for seed in range(150):
        b, c = campaign(400, seed=seed)
        found = ratio_interval(b, c, method=method, level=0.9, resamples=300, random_state=seed)
        hits += found.low <= truth <= found.high
    assert 122 <= hits <= 147


def test_constant_rows_have_no_doubt():
    for method in ("delta", "percentile", "bca"):
        found = ratio_interval(np.full(50, 3.0), np.full(50, 2.0), method=method, resamples=100)
        assert (found.low, found.ratio, found.high) == pytest.approx((1.5, 1.5, 1.5))
    assert ratio_interval(np.full(9, 3.0), np.full(9, 2.0)).probability(1.4) == 1.0


@pytest.mark.parametrize(
    ("b", "c", "options", "message"),
    [
        ([1.0, 2], [1.0], {}, "two or more entries each"),
        ([1.0], [1.0], {}, "two or more entries each"),
        ([1.0, 2], [-1.0, 1], {}, "cost must lie"),
        ([1.0, np.nan], [1.0, 1], {}, "benefit must lie"),
        ([1.0, 2], [0.0, 0], {}, "total cost is 0"),
        ([1.0, 2], [1.0, 1], {"control": [1.0]}, "control needs two"),
        ([1.0, 2], [1.0, 1], {"method": "jackknife"}, "method must be one of"),
        ([1.0, 2], [1.0, 0], {"method": "percentile"}, "cost nothing"),
        ([1.0, 2], [1.0, 1], {"fixed_cost": -3.0}, "fixed_cost must lie"),
    ],
)
def test_ratios_without_meaning_are_refused(b, c, options, message):
    with pytest.raises(ValueError, match=message):
        ratio_interval(b, c, resamples=200, random_state=0, **options)


def outcomes(n=1_000, m=500, lift=0.2, base=0.1, seed=0):
    rng = np.random.default_rng(seed)
    treated = np.arange(n + m) < n
    back = rng.random(n + m) < np.where(treated, base + lift, base)
    return pd.DataFrame(
        {
            "treated": treated,
            "returned": back,
            "staff": np.where(treated, 4.0, 0.0),
            "contact": np.where(treated, 2.0, 0.0),
            "offer": np.where(treated & back, 20.0, 0.0),
            "repurchase": np.where(back, 60.0, 0.0),
            "replacement": np.where(back, 10.0, 0.0),
            "communication": np.where(back, 5.0, 0.0),
            "information": np.where(treated, 1.0, 0.0),
        },
        index=pd.Index([f"c{i}" for i in range(n + m)], name="customer"),
    )


def test_ledger_ratio_and_roi_follow_from_the_rows():
    table = outcomes()
    found = roi(table, fixed_cost=500.0)
    treated = table[table["treated"]]
    cost = treated[["staff", "contact", "offer"]].to_numpy().sum() + 500
    gain = treated[["repurchase", "replacement", "communication", "information"]].to_numpy().sum()
    assert found.gross.ratio == pytest.approx(gain / cost)
    control = table[~table["treated"]]
    caused = (
        gain - 1000 * control[["repurchase", "replacement", "communication"]].to_numpy().sum() / 500
    )
    assert found.benefit_cost_ratio == pytest.approx(caused / cost)
    assert found.roi == found.benefit_cost_ratio - 1
    frame = found.to_frame()
    assert frame.loc["profit", "incremental"] == pytest.approx(caused - cost)
    assert frame.loc["ROI", "gross"] == pytest.approx(gain / cost - 1)
    assert found.ledger.index.tolist() == [
        "staff", "contact", "offer", "fixed cost",
        "repurchase", "replacement", "communication", "information",
    ]  # fmt: skip


def test_gross_counting_flatters_a_campaign_that_causes_nothing():
    found = roi(outcomes(lift=0.0, base=0.3, n=4_000, m=4_000))
    assert found.gross.ratio > 1
    assert found.roi < -0.5
    assert found.probability(0.0) < 0.01


def test_41_percent_read_as_a_ratio_would_be_a_loss():
    low, high = COURSE_BAND
    table = pd.DataFrame({"contact": [10.0, 10.0], "repurchase": [14.1, 14.1]})
    found = roi(table, treated=None)
    assert found.roi == pytest.approx(low)
    assert found.benefit_cost_ratio == pytest.approx(1 + low)
    assert (low, high) == (0.41, 1.02)


@pytest.mark.parametrize("method", ["delta", "percentile", "bca"])
def test_probability_of_beating_the_hurdle_falls_with_the_hurdle(method):
    found = roi(outcomes(), method=method, resamples=500, random_state=0, hurdle=0.2)
    chances = [found.probability(h) for h in (-0.9, 0.0, 0.2, 3.0)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > 0.99 > 0.01 > chances[-1]
    assert found.probability() == found.probability(0.2)
    assert found.interval[0] < found.roi < found.interval[1]


def test_blocks_and_seed_reach_the_bootstrap():
    table = outcomes(6_000, 3_000)
    one, two = (
        roi(table, method="bca", blocks=500, resamples=300, random_state=1) for _ in range(2)
    )
    assert one.interval == two.interval
    slow = roi(table, method="bca", resamples=300, random_state=1)
    width, other = (x.interval[1] - x.interval[0] for x in (one, slow))
    assert width == pytest.approx(other, rel=0.25)


def test_without_a_control_group_there_is_only_gross():
    table = outcomes(m=0).drop(columns="treated")
    found = roi(table, treated=None)
    assert found.incremental is None
    assert list(found.to_frame().columns) == ["gross"]
    with pytest.raises(ValueError, match="treated=None if there was no control"):
        roi(table)


def test_plot_marks_the_courses_band_as_unverified():
    ax = roi(outcomes()).plot()
    assert [text.get_text() for text in ax.texts] == ["course figure, unverified"]
    assert len(ax.get_yticklabels()) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(staff=-1.0), r"outcomes\['staff'\] must lie .*'c0' with -1"),
        (lambda t: t.assign(repurchase=np.nan), "repurchase"),
        (lambda t: t.assign(contact=2.0), "500 control customers have a cost, first 'c1000'"),
        (lambda t: t.assign(treated=False), "Nobody was contacted"),
        (lambda t: t.assign(treated="yes"), "True or False for every customer"),
        (lambda t: t[["treated", "repurchase"]], "no cost column"),
        (lambda t: t[["treated", "staff"]], "no benefit column"),
        (lambda t: t.set_axis(["c0"] * len(t)), "more than once"),
        (lambda t: t.assign(currency=["CNY", "USD"] * 750), "mixes currencies: 'CNY', 'USD'"),
    ],
)
def test_bad_ledgers_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        roi(change(outcomes()))


def test_expected_roi_meets_the_realized_one():
    table = outcomes(200_000, 100_000)
    planned = expected_roi(
        chance=0.3, unasked=0.1, second_lifetime_value=60.0, replacement=10.0, communication=5.0,
        information=1.0, contact_cost=6.0, offer_cost=20.0,
    )  # fmt: skip
    assert roi(table).roi == pytest.approx(planned, abs=0.02)
    with pytest.raises(ValueError, match="expected cost must lie"):
        expected_roi(chance=0.3, second_lifetime_value=1.0, contact_cost=0.0)


def test_monte_carlo_over_parameters_gives_probability_and_tornado():
    doubt = propagate(
        expected_roi,
        chance=stats.beta(25, 75),
        unasked=stats.beta(5, 95),
        second_lifetime_value=stats.lognorm(0.3, scale=150),
        contact_cost=5.0,
        offer_cost=stats.uniform(30, 20),
        random_state=0,
    )
    assert 0.9 < doubt.probability(above=0.0) <= 1
    assert doubt.probability(above=1.0) < doubt.probability(above=0.0)
    assert doubt.tornado.index[0] == "second_lifetime_value"
    assert doubt.at_risk(0.05) < doubt.center


def test_return_rate_has_wilson_intervals():
    statsmodels = pytest.importorskip("statsmodels.stats.proportion")
    table = outcomes()
    found = return_rate(table, "treated")
    for treated, row in found.iterrows():
        part = table.loc[table["treated"] == treated, "returned"]
        low, high = statsmodels.proportion_confint(part.sum(), len(part), method="wilson")
        np.testing.assert_allclose(row[["low", "high"]].astype(float), [low, high])
    assert return_rate(table).loc["all", "contacted"] == 1500
    with pytest.raises(ValueError, match="True or False"):
        return_rate(table.assign(returned=2))


def test_monthly_controlling_adds_up_and_leaves_gaps_where_nobody_returned():
    table = pd.DataFrame(
        {
            "month": ["2024-01", "2024-01", "2024-02"],
            "returned": [True, False, False],
            "cost": [10.0, 10.0, 20.0],
            "benefit": [70.0, 0.0, 0.0],
        }
    )
    found = monthly_controlling(table)
    assert found["return_rate"].tolist() == [0.5, 0.0]
    assert found.loc["2024-01", "cost_per_return"] == 20.0
    assert np.isnan(found.loc["2024-02", "cost_per_return"])
    assert found["roi"].tolist() == [2.5, -1.0]
    assert found["roi_so_far"].tolist() == [2.5, 0.75]


def test_later_sales_are_found_at_their_lag():
    rng = np.random.default_rng(0)
    contacts = pd.Series(rng.normal(size=60))
    sales = contacts.shift(2).fillna(0) + 0.3 * rng.normal(size=60)
    found = lagged_correlation(contacts, sales)
    assert found["correlation"].idxmax() == 2
    assert (found.loc[2, "low"], found.loc[2, "p_value"]) > (0.8, 0)
    assert found["months"].tolist() == [60, 59, 58, 57]
    with pytest.raises(ValueError, match="different months"):
        lagged_correlation(contacts, sales.iloc[1:])
    with pytest.raises(ValueError, match="does not change"):
        lagged_correlation(contacts * 0, sales)
    with pytest.raises(ValueError, match="4 needed"):
        lagged_correlation(contacts.head(5), sales.head(5))
