"""The operator is the same each time, holds together, keeps its secret, and refuses nonsense."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from crmlib.data.operator import (
    Operator,
    annual_churn,
    loss_causes,
    read_scenario,
    scenarios,
    simulate,
)

TABLES = [
    *("customers", "contracts", "months", "incidents", "surveys", "complaints", "contacts"),
    *("promotions", "competitor_offers", "leads", "churn", "regain", "staff", "branches"),
]


def digest(tables):
    total = hashlib.sha256()
    for name, frame in tables.items():
        total.update(name.encode())
        total.update(pd.util.hash_pandas_object(frame, index=True).to_numpy().tobytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def small():
    return simulate(1_500, 10, random_state=5)


def test_the_same_seed_gives_the_same_tables_and_another_seed_others(small):
    again, other = simulate(1_500, 10, random_state=5), simulate(1_500, 10, random_state=6)
    assert digest(again.tables) == digest(small.tables)
    assert digest(again.truth) == digest(small.truth)
    assert digest(other.tables) != digest(small.tables)


def test_more_months_leave_the_first_ones_as_they_were(small):
    longer = simulate(1_500, 14, random_state=5)
    first = longer.months[longer.months["month"] <= 10]
    pd.testing.assert_frame_equal(first, small.months)


def test_the_number_of_threads_and_blocks_in_flight_changes_nothing(small, monkeypatch):
    import sys

    module = sys.modules["crmlib.data.operator.simulate"]
    monkeypatch.setattr(module, "BLOCK", 400)
    many = simulate(1_500, 10, random_state=5)
    monkeypatch.setattr(module, "THREADS", 1)
    one = simulate(1_500, 10, random_state=5)
    assert digest(many.tables) == digest(one.tables)
    assert many.months["month"].is_monotonic_increasing
    assert not many.months.duplicated(["month", "customer_id"]).any()


def test_every_table_is_there_with_keys_that_hold(op):
    assert list(op.tables) == TABLES
    known = set(op.customers["customer_id"])
    for name in TABLES:
        frame = op.tables[name]
        assert len(frame) > 0, name
        if "customer_id" in frame:
            assert set(frame["customer_id"]) <= known, name
        if "month" in frame:
            assert frame["month"].between(1, 24).all(), name
    assert not op.months.duplicated(["month", "customer_id"]).any()
    assert op.complaints["complaint_id"].is_unique
    assert set(op.customers["branch_id"]) <= set(op.branches["branch_id"])
    assert (op.months[["minutes", "data_gb", "bill", "discount", "cost"]] >= 0).all().all()


def test_who_has_left_has_no_live_month_until_he_returns(op):
    live = op.truth.months.dropna(subset=["hazard"])
    spans = live.groupby("customer_id")["month"].agg(["min", "max", "size"])
    once = op.truth.losses.groupby("customer_id").filter(lambda rows: len(rows) == 1)
    once = once[~once["customer_id"].isin(op.truth.returns["customer_id"])]
    assert (spans.loc[once["customer_id"], "max"].to_numpy() == once["month"].to_numpy()).all()
    back = op.truth.returns
    gap = back.merge(op.truth.losses.query("life == 1"), on="customer_id", suffixes=("", "_lost"))
    assert (gap["month"] > gap["month_lost"]).all()


def test_potential_outcomes_agree_with_what_was_observed(op):
    outcomes = op.truth.offers.merge(op.regain, on=["customer_id", "month"], suffixes=("", "_crm"))
    assert (outcomes["offer"] == outcomes["offer_crm"]).all()
    closed = outcomes[outcomes["window_closed"]]
    chosen = np.select(
        [closed["offer"] == k for k in closed["offer"].cat.categories],
        [closed[f"returns_{k}"] for k in closed["offer"].cat.categories],
    )
    assert (closed["returned"].to_numpy() == chosen.astype(bool)).all()
    # The planned second life is the one lived: it ends in the month foretold, or after the end.
    back = closed[closed["returned"]].merge(
        op.truth.returns, on="customer_id", suffixes=("", "_back")
    )
    assert (back["return_month"] == back["month_back"]).all()
    foretold = np.select(
        [back["offer"] == k for k in back["offer"].cat.categories],
        [back[f"tenure_{k}"] for k in back["offer"].cat.categories],
    )
    assert (back["tenure"] == foretold).all()
    second = op.truth.losses.query("life == 2").merge(op.truth.returns, on="customer_id")
    assert len(second) > 20
    assert (second["month_x"] == second["month_y"] + second["tenure"] - 1).all()


def test_returning_with_an_offer_is_never_less_likely_than_without(op):
    offers = op.truth.offers
    for k in ("discount", "upgrade", "both", "service"):
        assert (offers[f"chance_{k}"] >= offers["chance_none"]).all()
        assert (offers[f"returns_{k}"] >= offers["returns_none"]).all()


def test_price_leavers_return_more_and_service_leavers_spend_more():
    op = simulate(30_000, 18, {"churn.level": 1.6}, random_state=2)
    offers = op.truth.offers.merge(
        op.truth.losses.query("life == 1")[["customer_id", "group"]], on="customer_id"
    )
    by = offers.groupby("group", observed=True)
    assert by["chance_discount"].mean()["price"] > by["chance_discount"].mean()["service"] + 0.05
    live = op.months.merge(op.truth.returns, on="customer_id", suffixes=("", "_back"))
    live["second"] = live["month"] >= live["month_back"]
    live = live[live["bill"] > 0]
    cause = op.truth.losses.query("life == 1").set_index("customer_id")["group"]
    live["group"] = live["customer_id"].map(cause)
    unasked = ~live["customer_id"].isin(op.regain["customer_id"])
    bills = live[unasked].groupby(["second", "group"], observed=True)["bill"].mean()
    ratio = bills[True] / bills[False]
    assert ratio["service"] > ratio["price"] + 0.05


def test_the_crm_tables_hold_no_column_of_the_truth(op):
    secret = {
        *("cause", "hazard", "segment", "stage", "voiced", "registered", "handling", "novelty"),
        *("price_sensitivity", "quality_sensitivity", "inertia", "price_gap", "management"),
        *("intention", "reason", "withdrawal"),
        *("interactional", "procedural", "distributive", "quality", "demand_gb"),
        *(
            c
            for c in op.truth.offers
            if c.startswith(("chance_", "returns_", "tenure_", "margin_"))
        ),
    }
    for name, frame in op.tables.items():
        assert not secret & set(frame.columns), name


def test_nothing_in_the_crm_before_a_loss_foretells_it_better_than_the_true_hazard(op):
    from sklearn.tree import DecisionTreeClassifier

    keys = ["customer_id", "month"]
    rows = op.truth.months.dropna(subset=["hazard"])[[*keys, "hazard"]]
    rows = rows.merge(op.months, on=keys).merge(op.customers, on="customer_id")
    lost = op.truth.losses[keys].assign(lost=True)
    rows = rows.merge(lost, on=keys, how="left")
    rows["lost"] = rows["lost"].notna()
    rows["tenure"] = rows["month"] - rows["joined"]
    terms = op.contracts.sort_values("start")[["customer_id", "start", "end", "contract"]]
    terms["start"] = terms["start"].clip(lower=1)
    rows = pd.merge_asof(
        rows.sort_values("month"), terms, left_on="month", right_on="start", by="customer_id"
    )
    rows["bound"] = (rows["end"] > rows["month"]) & (rows["end"] != 0)
    for name in ("incidents", "complaints", "contacts", "surveys", "promotions"):
        count = op.tables[name].groupby(keys).size().rename(name).reset_index()
        rows = rows.merge(count, on=keys, how="left").fillna({name: 0})
    early, late = rows[rows["month"] <= 14], rows[rows["month"] > 14]
    features = rows.columns.drop(["customer_id", "month", "hazard", "lost", "start", "end"])
    for name in features:
        if isinstance(rows[name].dtype, pd.CategoricalDtype):
            early, late = (part.assign(**{name: part[name].cat.codes}) for part in (early, late))
    best = roc_auc_score(late["lost"], late["hazard"])
    for name in features:
        value = late[name].astype(float)
        assert abs(roc_auc_score(late["lost"], value) - 0.5) < best - 0.5, name
    model = DecisionTreeClassifier(max_leaf_nodes=30, min_samples_leaf=1000, random_state=0)
    model.fit(early[features].astype(float), early["lost"])
    found = roc_auc_score(late["lost"], model.predict_proba(late[features].astype(float))[:, 1])
    assert 0.53 < found < best
    assert best > 0.65


def test_the_id_of_a_customer_says_nothing_about_the_loss(op):
    first = op.customers[op.customers["joined"] <= 0]
    lost = first["customer_id"].isin(op.truth.losses["customer_id"])
    assert abs(roc_auc_score(lost, first["customer_id"]) - 0.5) < 0.02


def test_a_prepaid_loss_is_noticed_only_after_months_of_silence(op):
    churn = op.churn
    prepaid = churn["contract"] == "prepaid"
    assert (churn.loc[prepaid, "month"] - churn.loc[prepaid, "last_active"] == 3).all()
    assert (churn.loc[~prepaid, "month"] == churn.loc[~prepaid, "last_active"]).all()
    silent = op.months.merge(
        op.truth.months.loc[op.truth.months["hazard"].isna(), ["customer_id", "month"]]
    )
    assert len(silent) > 0
    assert (silent[["minutes", "data_gb", "bill"]] == 0).all().all()
    pauses = op.months[(op.months["minutes"] == 0) & (op.months["data_gb"] == 0)]
    assert len(pauses) > len(silent)  # not everyone who is silent has left


def test_marginals_are_as_the_data_sheet_says(op):
    live = op.months.merge(op.truth.months.dropna(subset=["hazard"])[["month", "customer_id"]])
    first = live[live["month"] == 1]
    assert 14.5 < first["data_gb"].mean() < 16.5
    assert 112 < first["minutes"].mean() < 128
    assert 45 < live["bill"].mean() < 53
    assert 0.135 < annual_churn(op) < 0.165
    known = op.truth.customers["segment"].value_counts(normalize=True)
    shares = op.scenario.parameters["population.segment_shares"]
    assert np.allclose(known.sort_index().to_numpy(), shares, atol=0.01)
    assert 0.2 < op.surveys["answered"].mean() < 0.3
    share = op.regain[~op.regain["control"]]["returned"].mean()
    assert 0.15 < share < 0.5


def test_both_languages_and_many_wordings(op):
    texts = op.complaints
    assert 0.55 < (texts["language"] == "Chinese").mean() < 0.65
    chinese = texts["text"].str.contains("[\u4e00-\u9fff]", regex=True)
    assert (chinese == (texts["language"] == "Chinese")).all()
    assert texts["text"].nunique() > 0.95 * len(texts)
    assert not texts["text"].str.contains("[{}]", regex=True).any()
    named = op.churn["stated_reason"].notna()
    assert (op.churn.loc[named, "remark"].str.len() > 2).all()
    assert (op.churn.loc[~named, "remark"] == "").all()


def test_words_of_a_complaint_tell_its_kind_but_not_always(op):
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    both = op.complaints.merge(op.truth.complaints[["complaint_id", "incident"]])
    both = both[both["language"] == "English"]
    half = len(both) // 2
    model = make_pipeline(CountVectorizer(), LogisticRegression(max_iter=1000))
    model.fit(both["text"][:half], both["incident"][:half].astype(str))
    share = model.score(both["text"][half:], both["incident"][half:].astype(str))
    assert 0.75 < share < 0.99
    filed = (both["category"].astype(str) == both["incident"].astype(str)).mean()
    assert abs(filed - op.scenario.parameters["complaints.coded"]) < 0.03


def test_what_is_written_is_read_again(small, tmp_path):
    folder = small.write(tmp_path / "operator")
    again = Operator.read(folder)
    for name in small.tables:
        pd.testing.assert_frame_equal(again.tables[name], small.tables[name])
    for name in small.truth:
        pd.testing.assert_frame_equal(again.truth[name], small.truth[name])
    assert again.scenario.parameters == dict(small.scenario.parameters)
    assert (again.opening, again.months_simulated, again.random_state) == (1_500, 10, 5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["operator"]
    twin = simulate(1_500, 10, random_state=5).write(tmp_path / "twin")
    files = sorted(path.relative_to(folder) for path in folder.rglob("*.*"))
    assert len(files) == len(small.tables) + len(small.truth) + 1
    for file in files:
        assert (folder / file).read_bytes() == (twin / file).read_bytes(), file


def test_students_get_no_truth(small, tmp_path):
    folder = small.write(tmp_path / "students", truth=False)
    assert not (folder / "truth").exists()
    assert len(Operator.read(folder).truth) == 0


def test_writing_twice_replaces_and_a_strange_folder_is_left_alone(small, tmp_path):
    folder = small.write(tmp_path / "a", format="csv")
    assert (folder / "months.csv").read_text().startswith("month,customer_id,minutes")
    with pytest.raises(ValueError, match="only Parquet is read"):
        Operator.read(folder)
    small.write(folder)
    assert not (folder / "months.csv").exists()
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "thesis.txt").write_text("do not lose")
    with pytest.raises(FileExistsError, match="holds other files"):
        small.write(strange)
    assert (strange / "thesis.txt").read_text() == "do not lose"
    with pytest.raises(FileNotFoundError, match=r"operator\.json"):
        Operator.read(strange)


def test_a_failed_write_leaves_nothing(small, tmp_path, monkeypatch):
    def broken(self, *args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", broken)
    with pytest.raises(OSError, match="disk full"):
        small.write(tmp_path / "half")
    assert list(tmp_path.iterdir()) == []


def test_a_short_run_is_silent_and_a_long_one_is_not(capfd):
    simulate(300, 2)
    assert capfd.readouterr() == ("", "")
    simulate(300, 2, progress=True)
    assert "simulate" in capfd.readouterr().err


def test_it_survives_a_pickle(small):
    import pickle

    assert digest(pickle.loads(pickle.dumps(small)).tables) == digest(small.tables)


def test_it_prints_what_it_is(small):
    text = repr(small)
    assert "1,500 customers at the start" in text
    assert "complaints" in text
    assert "<table" in small._repr_html_()
    assert "<table" in small.truth._repr_html_()
    assert "churn" in dir(small)
    months = small.describe()
    assert months["customers"].iloc[0] == 1_500 + months["new"].iloc[0]
    assert (months["lost"] / months["customers"] == months["churn_rate"]).all()
    # The bucket: what is in it next month is what was there, plus inflow, less the leak.
    flow = months["customers"] - months["lost"] + (months["new"] + months["returned"]).shift(-1)
    assert (flow.dropna().to_numpy() == months["customers"].iloc[1:].to_numpy()).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"customers": 0}, ValueError, r"customers must lie in \[1, inf\], got 0"),
        ({"customers": 10.5}, ValueError, "customers must be a whole number"),
        ({"customers": "many"}, TypeError, "customers must be a number, got str"),
        ({"months": -1}, ValueError, "months must lie in"),
        ({"months": 10_000}, ValueError, "months must be at most 600"),
        ({"random_state": -1}, ValueError, "random_state must lie in"),
        ({"scenario": "price-wars"}, ValueError, "did you mean 'price-war'"),
        ({"scenario": {"churn.prise": 1}}, ValueError, "did you mean 'churn.price'"),
        (
            {"scenario": {"survey": {"invited": 1.5}}},
            ValueError,
            r"survey.invited must lie in \[0, 1\]",
        ),
        ({"scenario": {"survey.invited": "often"}}, TypeError, "survey.invited must be a number"),
        ({"scenario": {"price.level": 0}}, ValueError, r"price.level must lie in \(0, inf\]"),
        ({"scenario": {"plan.contract_shares": [0.5, 0.6, 0]}}, ValueError, "must sum to 1"),
        ({"scenario": {"plan.fee": [1, 2]}}, ValueError, "must be a list of 4 numbers"),
        ({"scenario": {"population.branches": 2.5}}, ValueError, "must be a whole number"),
        (
            {"scenario": {"event": [{"name": "boom", "set": {"plan.renewal": 0.1}}]}},
            ValueError,
            "The event 'boom' cannot change 'plan.renewal'",
        ),
        ({"scenario": {"event": [{"form": 3}]}}, ValueError, "did you mean 'from'"),
        (
            {"scenario": {"event": [{"from": 5, "to": 3}]}},
            ValueError,
            "'to' of the event 'event' must lie in",
        ),
    ],
)
def test_nonsense_is_refused_by_name(arguments, error, message):
    with pytest.raises(error, match=message):
        simulate(**{"customers": 50, "months": 2, **arguments})


def test_an_unknown_table_is_named(small):
    with pytest.raises(AttributeError, match="no table 'complains'"):
        _ = small.complains
    with pytest.raises(AttributeError, match="no table 'loses'"):
        _ = small.truth.loses


@pytest.mark.parametrize("customers", [1, 7, 60])
def test_a_tiny_operator_works(customers):
    op = simulate(customers, 3)
    assert len(op.months) >= customers
    assert op.describe()["customers"].iloc[0] >= customers


PROBABILITIES = read_scenario().to_frame().query("unit == 'probability'").index


@pytest.mark.parametrize("key", PROBABILITIES)
def test_any_probability_may_be_zero_or_one(key):
    for value in (0.0, 1.0):
        simulate(60, 5, {key: value, "churn.level": 2.0})


def test_the_causes_are_the_courses():
    causes = loss_causes()
    assert set(causes["type_six"]) == {
        *("intentionally pushed away", "unintentionally pushed away", "pulled away"),
        *("bought away", "left without intent", "moved away"),
    }
    assert set(causes["reason_four"]) == {
        *("natural extinction", "demand change", "gain-seeking", "disappointment"),
    }
    assert set(causes["dissatisfaction"]) - {""} == {
        *("price", "product", "service", "technology", "promotion", "political"),
    }
    assert causes["keaveney"].nunique() == 8
    assert causes["chinese"].str.contains("[\u4e00-\u9fff]", regex=True).all()


def test_all_scenarios_are_listed():
    assert scenarios() == [
        *("baseline", "churn-17.9", "hotel-price", "hotel-service"),
        *("number-portability", "price-war", "service-collapse"),
    ]
