"""Justice, paradox and double deviation: planted effects are found, nothing is overclaimed."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_ind

from crmlib.complaints import compare_groups, failure_groups, justice


def planted(op, name):
    table = op.truth.parameters.set_index("parameter")["value"]
    return float(table[f"complaints.{name}"])


def test_the_planted_effects_of_the_three_kinds_of_justice_are_found(op):
    found = justice(op.truth.complaints, "handling")
    for name in ("distributive", "procedural", "interactional"):
        row = found.effects.loc[name]
        assert row["low"] - 0.01 < planted(op, name) < row["high"] + 0.01, name
    assert found.effects["per sd"].idxmax() == "interactional"
    assert found.interactions_p > 0.01, "no products were planted"


def test_ratings_on_a_scale_keep_the_order_and_the_gaps_are_counted(op):
    rated = op.truth.complaints.assign(rating=op.complaints["rating"].to_numpy())
    found = justice(rated, "rating", controls=["severity"])
    assert found.cases + found.dropped == len(rated)
    assert found.cases == rated["rating"].notna().sum()
    effects = found.effects["effect"]
    assert effects["interactional"] > effects["distributive"] > 0
    # 1.1 points a unit of handling, less what rounding and the ends of the scale swallow.
    assert 0.9 < effects["interactional"] / planted(op, "interactional") < 1.15


def test_the_regression_is_that_of_a_formula():
    rng = np.random.default_rng(4)
    data = pd.DataFrame(rng.normal(size=(1_500, 3)), columns=["d", "p", "i"])
    data["y"] = (
        1 + data["d"] * data["i"] + data["p"] + rng.normal(size=1_500) * (1 + data["d"] ** 2)
    )
    found = justice(data, "y", ["d", "p", "i"])
    centered = data.assign(**{c: data[c] - data[c].mean() for c in "dpi"})
    other = smf.ols("y ~ d + p + i + d:p + d:i + p:i", centered).fit(cov_type="HC3")
    assert found.effects["effect"].to_numpy() == pytest.approx(other.params.to_numpy())
    assert found.effects["p"].to_numpy() == pytest.approx(other.pvalues.to_numpy(), abs=1e-12)
    joint = other.wald_test("d:p = 0, d:i = 0, p:i = 0", scalar=True)
    assert found.interactions_p == pytest.approx(float(joint.pvalue))
    assert found.interactions_p < 1e-6, "the planted product is found"
    assert found.plot().get_xlabel() == "effect of one unit on y"
    assert "R²" in repr(found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"d": "high"}, "column 'd' must be numeric"),
        ({"d": 1.0}, "column 'd' has one value only"),
        ({"d": np.nan}, "0 complete rows"),
    ],
)
def test_bad_justice_data_is_refused(change, message):
    data = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 3)), columns=["d", "p", "y"])
    with pytest.raises(ValueError, match=message):
        justice(data.assign(**change), "y", ["d", "p"])
    with pytest.raises(ValueError, match="lacks the column 'i'"):
        justice(data, "y", ["d", "i"])


def test_differences_are_those_of_welch_and_of_two_one_sided_tests():
    rng = np.random.default_rng(1)
    parts = {"no failure": rng.normal(0, 1, 80), "a": rng.normal(0.4, 2, 50),
             "b": rng.normal(0.1, 0.5, 200), "c": rng.normal(0.2, 1, 90)}  # fmt: skip
    frame = pd.concat([pd.DataFrame({"group": k, "y": v}) for k, v in parts.items()])
    found = compare_groups(frame, "y", margin=0.3).groups
    raw = {}
    for name in ("a", "b", "c"):
        test = stats.ttest_ind(parts[name], parts["no failure"], equal_var=False)
        raw[name] = test.pvalue
        interval = test.confidence_interval(0.95)
        assert found.loc[name, "low"] == pytest.approx(interval.low)
        assert found.loc[name, "high"] == pytest.approx(interval.high)
        tost = ttost_ind(parts[name], parts["no failure"], -0.3, 0.3, usevar="unequal")[0]
        assert found.loc[name, "equivalence p"] == pytest.approx(tost)
    assert found.loc[list(raw), "p"].to_numpy() == pytest.approx(
        multipletests(list(raw.values()), method="holm")[1]
    )


@pytest.mark.parametrize(
    ("gap", "n", "verdict"),
    [
        (1.0, 200, "higher"),
        (-1.0, 200, "lower"),
        (0.0, 5_000, "equivalent"),
        (0.0, 20, "undecided"),
        (0.1, 30_000, "higher, but within the margin"),
    ],
)
def test_verdicts_say_no_more_than_the_data(gap, n, verdict):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"group": np.repeat(["no failure", "x"], n),
         "y": rng.normal(size=2 * n) + np.repeat([0, gap], n)}
    )  # fmt: skip
    found = compare_groups(frame, "y", margin=0.2)
    assert found.groups.loc["x", "verdict"] == verdict


def test_a_false_paradox_is_as_rare_as_the_level_says():
    rng = np.random.default_rng(8)
    labels = np.repeat(["no failure", "recovered well"], [200, 60])
    wrong = 0
    for _ in range(250):
        frame = pd.DataFrame({"group": labels, "y": rng.normal(size=260)})
        verdict = compare_groups(frame, "y", margin=0.1).groups["verdict"].iloc[1]
        wrong += verdict in ("higher", "lower")
    assert 0.02 < wrong / 250 < 0.085


@pytest.fixture(scope="module")
def after_failure(all_registered):
    """Change of satisfaction in a month with one minor network failure, or with none."""
    truth = all_registered.truth
    keys = ["customer_id", "month"]
    feel = truth.months[[*keys, "satisfaction"]]
    before = feel.assign(month=feel["month"] + 1).rename(columns={"satisfaction": "before"})
    live = all_registered.months[keys].merge(feel).merge(before)
    events = truth.incidents
    count = events.groupby(keys).size().rename("events").reset_index()
    minor = events[(events["severity"] == 1) & (events["incident"] == "network")]
    handling = truth.complaints[[*keys, "incident", "handling"]]
    minor = minor.merge(handling, on=[*keys, "incident"], how="left")
    rows = live.merge(count, on=keys, how="left").merge(
        minor[[*keys, "voiced", "handling"]], on=keys, how="left"
    )
    rows = rows[rows["events"].isna() | ((rows["events"] == 1) & rows["voiced"].notna())]
    voiced = rows["voiced"].fillna(value=False).astype(bool)
    rows["group"] = failure_groups(
        rows["events"].notna(), voiced, rows["handling"], well=1.0, poor=-0.6
    )
    return rows.assign(change=rows["satisfaction"] - rows["before"])


def test_the_simulated_paradox_and_double_deviation_are_what_was_planted(
    all_registered, after_failure
):
    """A minor network failure costs .35; the answer adds half of the handling."""
    parameters = all_registered.truth.parameters.set_index("parameter")["value"]
    loss = float(parameters["satisfaction.network"])
    gain = float(parameters["complaints.recovery"])
    found = compare_groups(after_failure, "change", margin=0.05)
    handled = after_failure.groupby("group")["handling"].mean().fillna(0.0)
    for name, row in found.groups.drop(index="no failure").iterrows():
        truth = -loss + gain * handled[name]
        slack = 0.5 * (row["high"] - row["low"])
        assert abs(row["difference"] - truth) < 2 * slack, (name, truth, row.to_dict())
    verdict = found.groups["verdict"]
    assert verdict["recovered well"] == "higher", "the paradox, in satisfaction"
    assert verdict["failure, not voiced"] == "lower"
    assert found.groups["difference"].idxmin() == "double deviation"
    assert len(found.plot().get_yticklabels()) == 4


def test_the_paradox_in_satisfaction_is_not_one_in_loyalty(all_registered, after_failure):
    """Leaving within three months: recovery does not make leaving rarer than no failure did."""
    losses = all_registered.truth.losses.drop_duplicates("customer_id").set_index("customer_id")
    gap = after_failure["customer_id"].map(losses["month"]) - after_failure["month"]
    stayed = (~gap.between(0, 2)).astype(float)
    found = compare_groups(after_failure.assign(stayed=stayed), "stayed", margin=0.02)
    assert found.groups.loc["double deviation", "verdict"] == "lower"
    assert found.groups.loc["recovered well", "verdict"] != "higher"


def test_groups_are_refused_where_they_contradict_themselves():
    with pytest.raises(ValueError, match="1 customers complained without a failure"):
        failure_groups([False], [True], [3.0], well=4, poor=2)
    with pytest.raises(ValueError, match="poor must lie"):
        failure_groups([True], [True], [3.0], well=2, poor=4)
    with pytest.raises(ValueError, match="1, 2 and 1 entries"):
        failure_groups([True], [True, False], [3.0], well=4, poor=2)
    assert failure_groups([True], [True], [np.nan], well=4, poor=2).isna().all()


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"group": ["x", "x"], "y": [1, 2]}, "baseline must be one of 'x'"),
        ({"group": ["no failure"] * 2, "y": [1, 2]}, "only the group"),
        ({"group": ["no failure", "no failure", "x"], "y": [1, 2, 3]}, "'x' has fewer than two"),
        ({"group": ["no failure"] * 2 + ["x"] * 2, "y": [1, 2, 3, 3]}, "one value only"),
        ({"grp": ["x"], "y": [1]}, "did you mean 'grp'"),
    ],
)
def test_groups_that_cannot_be_compared_are_refused(frame, message):
    with pytest.raises(ValueError, match=message):
        compare_groups(pd.DataFrame(frame), "y", margin=1)
