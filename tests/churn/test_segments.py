"""Segments, clusters and rules agree with other software, published tables and slow counts."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import jaccard_score

from crmlib.churn import association_rules, cluster_stability, jaccard, rfm, segment_table


def test_churn_by_contract_is_what_ibm_telco_is_known_for():
    """Contract of the IBM sample: 42.7, 11.3 and 2.8 % lost, counts as in every analysis of it."""
    counts = {"Month-to-month": (1655, 3875), "One year": (166, 1473), "Two year": (48, 1695)}
    lost = np.concatenate([np.arange(n) < k for k, n in counts.values()])
    contract = np.repeat(list(counts), [n for _, n in counts.values()])
    found = segment_table(pd.Series(lost), pd.Series(contract))
    assert found.table["churn_rate"].round(3).tolist() == [0.427, 0.113, 0.028]
    assert found.rate == pytest.approx(0.2654, abs=5e-5)
    assert found.chi_square == pytest.approx(1184.6, abs=0.05)
    assert found.df == 2
    assert found.cramers_v == pytest.approx(0.41, abs=0.001)
    assert (found.table["p"] < 1e-40).all()
    assert found.plot().get_xlabel() == "churn rate"
    assert "too small" not in repr(found)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=4, max_size=60))
def test_the_test_is_scipys_and_the_residual_a_two_sample_z(rows):
    segment = pd.Series([f"s{s}" for s, _ in rows])
    lost = pd.Series([gone for _, gone in rows])
    if segment.nunique() < 2 or lost.nunique() < 2:
        with pytest.raises(ValueError, match="one value only"):
            segment_table(lost, segment)
        return
    found = segment_table(lost, segment)
    cross = pd.crosstab(segment, lost)
    assert found.chi_square == pytest.approx(stats.chi2_contingency(cross, correction=False)[0])
    v = stats.contingency.association(cross, method="cramer")
    assert found.cramers_v == pytest.approx(v)
    assert found.table["customers"].sum() == len(rows)
    if len(found.table) == 2:  # then each residual squared is the chi-square
        p = stats.chi2.sf(found.chi_square, 1)
        assert found.table["p"].iloc[0] == pytest.approx(min(1, 2 * p))


def test_segments_the_operator_really_has_differ_and_a_coin_does_not(op):
    lost = op.customers["customer_id"].isin(op.truth.losses["customer_id"])
    first = op.contracts.drop_duplicates("customer_id").set_index("customer_id")["contract"]
    contract = op.customers["customer_id"].map(first)
    assert segment_table(lost, contract).p < 1e-6
    coin = pd.Series(np.random.default_rng(3).integers(0, 3, len(lost)), lost.index)
    chance = segment_table(lost, coin)
    assert chance.p > 0.001
    assert chance.cramers_v < 0.04


def test_a_missing_segment_is_one_of_its_own_and_small_ones_are_said_to_be():
    found = segment_table(pd.Series([1, 0, 1, 0]), pd.Series(["a", "a", "b", None]))
    assert found.table.index.tolist() == ["a", "b", "(missing)"]
    assert "too small" in repr(found)
    with pytest.raises(ValueError, match="different indexes"):
        segment_table(pd.Series([1, 0]), pd.Series(["a", "b"], index=[5, 6]))
    order = pd.Series(pd.Categorical(["old", "young"], ["young", "old", "none"], ordered=True))
    assert segment_table(pd.Series([1, 0]), order).table.index.tolist() == ["young", "old"]


@pytest.fixture(scope="module")
def bills(op):
    return op.months[op.months["bill"] > 0].rename(columns={"bill": "amount"})


def test_scores_follow_the_places(bills):
    found = rfm(bills, now=24)
    table = found.table
    for score, value, sign in (("R", "recency", -1), ("F", "frequency", 1), ("M", "money", 1)):
        assert table[score].between(1, 5).all()
        means = (sign * table[value]).groupby(table[score]).agg(["min", "max"])
        assert (means["min"].iloc[1:].to_numpy() > means["max"].iloc[:-1].to_numpy()).all()
    # Money has hardly any ties, so its scores are fifths.
    assert table["M"].value_counts(normalize=True).between(0.19, 0.21).all()
    mine = bills[bills["customer_id"] == table.index[7]]
    assert table["money"].iloc[7] == pytest.approx(mine["amount"].sum(), rel=1e-5)
    assert table["length"].iloc[7] == mine["month"].max() - mine["month"].min()
    assert ((table["pattern"].str[3] == "M") == (table["money"] > table["money"].mean())).all()
    assert found.plot().get_xlabel() == "recency score"


def test_dates_are_counted_in_days_and_months_as_they_are(bills):
    some = bills[bills["customer_id"] < 50]
    start = pd.Timestamp("2024-01-01")
    dated = some.assign(month=start + pd.to_timedelta(some["month"] * 10, unit="D"))
    days = rfm(dated, now=start + pd.Timedelta(days=240)).table
    months = rfm(some, now=24).table
    assert (days["recency"] == 10 * months["recency"]).all()
    assert (days["score"] == months["score"]).all()


def test_recent_customers_are_the_ones_who_stay(op, bills):
    """Scored at month 18: of those silent for longer, more have left by the end."""
    table = rfm(bills[bills["month"] <= 18], now=18).table
    gone = op.churn.set_index("customer_id")["last_active"].groupby(level=0).max()
    lost = pd.Series(table.index.isin(gone.index[gone > 12]), table.index)
    found = segment_table(lost, table["R"].map({5: "5"}).fillna("1-4"))
    assert found.table["churn_rate"]["1-4"] > found.table["churn_rate"]["5"]
    with pytest.raises(ValueError, match="after now=3"):
        rfm(bills, now=3)


@pytest.fixture(scope="module")
def clouds():
    rng = np.random.default_rng(1)
    centers = np.repeat([[0.0, 0], [9, 0], [0, 9]], 40, axis=0)
    return pd.DataFrame(centers + rng.normal(size=(120, 2)), columns=["x", "y"])


def test_three_clouds_are_found_again_and_a_fourth_is_not(clouds):
    three = cluster_stability(clouds, KMeans(3, n_init=3), draws=12)
    assert three.table["jaccard"].min() > 0.97
    assert (three.table["verdict"] == "stable").all()
    assert sorted(three.table["customers"]) == [40, 40, 40]
    four = cluster_stability(clouds, KMeans(4, n_init=3), draws=12)
    assert four.table["jaccard"].min() < 0.75
    assert four.table["jaccard"].max() > 0.85
    assert four.table["dissolved"].max() > 0
    again = cluster_stability(clouds, KMeans(4, n_init=3), draws=12)
    pd.testing.assert_frame_equal(four.table, again.table)
    assert three.plot().get_xlim()[1] > 1


def test_noise_is_no_cluster(clouds):
    far = pd.concat([clouds, pd.DataFrame({"x": [50.0], "y": [50.0]})], ignore_index=True)
    found = cluster_stability(far, DBSCAN(eps=1.5, min_samples=4), draws=10)
    assert found.labels.iloc[-1] == -1
    assert -1 not in found.table.index
    with pytest.raises(ValueError, match="no cluster"):
        cluster_stability(clouds, DBSCAN(eps=1e-9), draws=3)
    with pytest.raises(ValueError, match="'x' must be numeric"):
        cluster_stability(clouds.astype({"x": str}), KMeans(2))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=20))
def test_jaccard_is_scikit_learns(pairs):
    a, b = zip(*pairs, strict=True)
    if any(a) or any(b):
        assert jaccard(a, b) == pytest.approx(jaccard_score(a, b))
    else:
        assert np.isnan(jaccard(a, b))


@pytest.fixture(scope="module")
def baskets():
    """The nine transactions of AllElectronics in Han and Kamber's textbook."""
    sold = ["125", "24", "23", "124", "13", "23", "13", "1235", "123"]
    return pd.DataFrame({f"I{i}": [str(i) in basket for basket in sold] for i in range(1, 6)})


def test_the_textbook_rules_come_out(baskets):
    rules = association_rules(baskets, min_support=2 / 9, min_confidence=0).table
    rules = rules.set_index(["if", "then"])
    confidence = {
        ("I1 + I2", "I5"): 0.5, ("I1 + I5", "I2"): 1.0, ("I2 + I5", "I1"): 1.0,
        ("I1", "I2 + I5"): 2 / 6, ("I2", "I1 + I5"): 2 / 7, ("I5", "I1 + I2"): 1.0,
    }  # fmt: skip
    for rule, expected in confidence.items():
        assert rules.loc[rule, "confidence"] == pytest.approx(expected)
        assert rules.loc[rule, "customers"] == 2
    # Frequent: 5 items, 6 pairs, the triples I1 I2 I3 and I1 I2 I5.
    assert len(rules) == 6 * 2 + 2 * 6


@settings(max_examples=12)
@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=12),
       st.sampled_from([0.1, 0.3, 0.6]))  # fmt: skip
def test_no_rule_is_missed_and_none_made_up(rows, least):
    items = pd.DataFrame(rows, columns=list("abcd"))
    rules = association_rules(items, min_support=least, min_confidence=0.5, max_items=4).table
    found = dict(zip(zip(rules["if"], rules["then"], strict=True), rules["lift"], strict=True))
    expected = {}
    for size in range(2, 5):
        for itemset in combinations("abcd", size):
            both = items[list(itemset)].all(axis=1).mean()
            for k in range(1, size):
                for left in combinations(itemset, k):
                    right = [i for i in itemset if i not in left]
                    a, c = (items[list(side)].all(axis=1).mean() for side in (left, right))
                    if both >= least - 1e-9 and both > 0 and both / a >= 0.5 - 1e-9:
                        expected[" + ".join(left), " + ".join(right)] = both / a / c
    assert found == pytest.approx(expected)


def test_p_is_fishers_and_rules_can_be_asked_for_one_item(baskets):
    found = association_rules(baskets, min_support=0.1, min_confidence=0.1, then="I5")
    assert set(found.table["then"]) == {"I5"}
    rule = found.table.set_index("if").loc["I1"]
    cross = pd.crosstab(baskets["I1"], baskets["I5"])
    assert rule["p"] == pytest.approx(stats.fisher_exact(cross, alternative="greater")[1])
    assert found.plot().get_xlabel() == "support"
    with pytest.raises(ValueError, match="then must be a column"):
        association_rules(baskets, then="I9")
    with pytest.raises(ValueError, match="'I1' must be boolean"):
        association_rules(baskets.astype({"I1": int}))
