"""Path models reproduce published surveys, another implementation, regressions and closed forms."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from crmlib.churn import path_model
from crmlib.churn.pls import SCHEMES, correlate, cronbach_alpha, estimate, rho_a, total_effects
from crmlib.data import load
from crmlib.experiments.published.ecsi_mobi import BLOCKS as ECSI
from crmlib.experiments.published.ecsi_mobi import PATHS as ECSI_PATHS

mpl.use("Agg")

REPUTATION = {
    "COMP": ["comp_1", "comp_2", "comp_3"],
    "LIKE": ["like_1", "like_2", "like_3"],
    "CUSA": ["cusa"],
    "CUSL": ["cusl_1", "cusl_2", "cusl_3"],
}
REPUTATION_PATHS = [
    *[(cause, effect) for cause in ("COMP", "LIKE") for effect in ("CUSA", "CUSL")],
    ("CUSA", "CUSL"),
]
DRIVERS = {
    "QUAL": [f"qual_{i}" for i in range(1, 9)],
    "PERF": [f"perf_{i}" for i in range(1, 6)],
    "CSOR": [f"csor_{i}" for i in range(1, 6)],
    "ATTR": [f"attr_{i}" for i in range(1, 4)],
}


def survey(name):
    try:
        return load(name).frame
    except FileNotFoundError as error:
        pytest.skip(str(error).splitlines()[0])


@pytest.fixture(scope="module")
def mobi():
    return survey("ecsi-mobi")


@pytest.fixture(scope="module")
def reputation():
    items = survey("corp-reputation").drop(columns=["servicetype", "serviceprovider"]).astype(float)
    return items.fillna(items.mean())  # as the textbook does


def two_blocks(r, a, b, n=500):
    """Respondents whose sample correlations are exactly: a and b inside the blocks, r across."""
    wanted = np.full((4, 4), r)
    wanted[:2, :2], wanted[2:, 2:] = a, b
    np.fill_diagonal(wanted, 1)
    raw = np.random.default_rng(0).normal(size=(n, 4))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw, rowvar=False)).T)
    return pd.DataFrame(white @ np.linalg.cholesky(wanted).T, columns=["s1", "s2", "l1", "l2"])


TWO = {"satisfaction": ["s1", "s2"], "loyalty": ["l1", "l2"]}


def test_two_blocks_have_a_closed_form():
    """Equal items: weights 1 / sqrt(2 + 2a), path 2r / sqrt((1 + a)(1 + b))."""
    r, a, b = 0.3, 0.6, 0.44
    model = path_model(two_blocks(r, a, b), TWO, [("satisfaction", "loyalty")])
    path = 2 * r / np.sqrt((1 + a) * (1 + b))
    assert model.paths["satisfaction", "loyalty"] == pytest.approx(path, abs=1e-9)
    assert model.blocks.loc["loyalty", "r2"] == pytest.approx(path**2)
    assert model.items.loc["satisfaction", "weight"].tolist() == pytest.approx(
        [1 / np.sqrt(2 + 2 * a)] * 2
    )
    loading = np.sqrt((1 + a) / 2)
    assert model.items.loc["satisfaction", "loading"].tolist() == pytest.approx([loading] * 2)
    block = model.blocks.loc["satisfaction"]
    assert block["alpha"] == pytest.approx(2 * a / (1 + a))  # Spearman-Brown
    assert block["ave"] == pytest.approx(loading**2)
    assert block["rho_c"] == pytest.approx(4 * loading**2 / (4 * loading**2 + 2 * (1 - loading**2)))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_single_items_make_it_a_system_of_regressions(scheme):
    import statsmodels.api as sm

    rng = np.random.default_rng(1)
    x = rng.normal(size=300)
    m = 0.5 * x + rng.normal(size=300)
    data = pd.DataFrame({"x": x, "m": m, "y": 0.4 * m - 0.3 * x + rng.normal(size=300)})
    blocks = {name: [name] for name in data}
    model = path_model(data, blocks, [("x", "m"), ("x", "y"), ("m", "y")], scheme=scheme)
    z = (data - data.mean()) / data.std()
    fit = sm.OLS(z["y"], z[["x", "m"]]).fit()
    assert model.paths["x", "y"] == pytest.approx(fit.params["x"])
    assert model.paths["m", "y"] == pytest.approx(fit.params["m"])
    assert model.blocks.loc["y", "r2"] == pytest.approx(fit.rsquared)
    # The total effect of x is what a regression on x alone finds.
    assert model.effects.loc[("x", "y"), "total"] == pytest.approx(z["x"].corr(z["y"]))


def test_mode_b_of_two_blocks_is_the_canonical_correlation():
    from sklearn.cross_decomposition import CCA

    rng = np.random.default_rng(2)
    common = rng.normal(size=(400, 1))
    x = common * [1, 0.3, -0.5] + rng.normal(size=(400, 3))
    y = common * [0.7, 0.2] + rng.normal(size=(400, 2))
    items = pd.DataFrame(np.hstack([x, y]), columns=["x1", "x2", "x3", "y1", "y2"])
    blocks = {"x": ["x1", "x2", "x3"], "y": ["y1", "y2"]}
    model = path_model(items, blocks, [("x", "y")], mode="B")
    u, v = CCA(n_components=1, tol=1e-12, max_iter=10_000).fit_transform(x, y)
    canonical = abs(np.corrcoef(u.ravel(), v.ravel())[0, 1])
    assert abs(model.paths["x", "y"]) == pytest.approx(canonical, abs=1e-6)
    assert model.blocks[["alpha", "rho_a", "rho_c", "ave"]].isna().all(axis=None)


def test_ecsi_paths_are_the_published_ones(mobi):
    """Monecke and Leisch (2012), whose software weights by the centroid scheme."""
    published = {
        ("Image", "Expectation"): 0.505,
        ("Quality", "Satisfaction"): 0.513,
        ("Satisfaction", "Loyalty"): 0.483,
        ("Complaints", "Loyalty"): 0.071,
    }
    found = path_model(mobi, ECSI, ECSI_PATHS, scheme="centroid").paths
    assert {pair: round(found[pair], 3) for pair in published} == published


def test_reputation_is_the_published_one(reputation):
    """Hair et al. (2021): R squared of satisfaction and loyalty in the simple model."""
    model = path_model(reputation, REPUTATION, REPUTATION_PATHS)
    assert model.blocks.loc["CUSA", "r2"] == pytest.approx(0.295, abs=0.0005)
    assert model.blocks.loc["CUSL", "r2"] == pytest.approx(0.562, abs=0.0005)


def test_reputation_with_drivers_in_mode_b_is_the_published_one(reputation):
    """Hair et al. (2022), mediation chapter: COMP acts on loyalty through satisfaction alone."""
    paths = [(cause, effect) for cause in DRIVERS for effect in ("COMP", "LIKE")]
    mode = dict.fromkeys(DRIVERS, "B")
    model = path_model(reputation, DRIVERS | REPUTATION, paths + REPUTATION_PATHS, mode=mode)
    found = model.effects.round(3)
    assert found.loc[("COMP", "CUSA"), "direct"] == 0.146
    assert found.loc[("CUSA", "CUSL"), "direct"] == 0.505
    assert found.loc[("COMP", "CUSL"), ["direct", "indirect"]].tolist() == [0.006, 0.074]
    assert found.loc[("LIKE", "CUSL"), ["direct", "indirect"]].tolist() == [0.344, 0.220]


def test_another_implementation_agrees_to_the_last_digits(mobi):
    other = pytest.importorskip("seminr")
    constructs = other.constructs(*(other.composite(name, items) for name, items in ECSI.items()))
    joined = other.relationships(*(other.paths(a, b) for a, b in ECSI_PATHS))
    theirs = other.estimate_pls(mobi.astype(float), constructs, joined)
    mine = path_model(mobi, ECSI, ECSI_PATHS)
    paths = theirs.path_coef
    total = other.total_effects(paths)
    for cause, effect in mine.effects.index:
        row = mine.effects.loc[(cause, effect)]
        assert row["total"] == pytest.approx(total.get(cause, effect), abs=1e-6)
        if not np.isnan(row["direct"]):
            assert row["direct"] == pytest.approx(paths.get(cause, effect), abs=1e-6)
    table = other.reliability_table(theirs)
    for name in ECSI:
        for ours, column in {
            "alpha": "alpha",
            "rho_a": "rhoA",
            "rho_c": "rhoC",
            "ave": "AVE",
        }.items():
            assert mine.blocks.loc[name, ours] == pytest.approx(table.get(name, column), abs=1e-5)
    for name, item in mine.items.index:
        assert mine.items.loc[(name, item), "loading"] == pytest.approx(
            theirs.outer_loadings.get(item, name), abs=1e-6
        )


def test_scores_are_standardized_and_carry_the_paths(mobi):
    model = path_model(mobi, ECSI, ECSI_PATHS)
    scores = model.scores(mobi)
    assert np.allclose(scores.mean(), 0)
    assert np.allclose(scores.std(), 1)
    assert np.allclose(scores.corr(), model.correlations)
    gap = mobi.astype(float)
    gap.loc[gap.index[0], "CUSCO"] = np.nan
    assert model.scores(gap).iloc[0].isna().to_dict()["Complaints"]


def test_intervals_are_as_wide_as_theory_says():
    """A correlation r of n normal pairs has the standard error (1 - r^2) / sqrt(n)."""
    rng = np.random.default_rng(3)
    n = 1000
    x = rng.normal(size=n)
    items = pd.DataFrame({"x": x, "y": 0.5 * x + np.sqrt(0.75) * rng.normal(size=n)})
    blocks = {"x": ["x"], "y": ["y"]}
    model = path_model(items, blocks, [("x", "y")], resamples=400, random_state=0)
    row = model.effects.iloc[0]
    wanted = 2 * 1.96 * (1 - row["total"] ** 2) / np.sqrt(n)
    assert row["high"] - row["low"] == pytest.approx(wanted, rel=0.2)
    assert row["low"] < row["total"] < row["high"]


def test_the_bootstrap_repeats_with_its_seed():
    items = two_blocks(0.3, 0.6, 0.44, n=80)
    args = items, TWO, [("satisfaction", "loyalty")]
    first, second, other = (path_model(*args, resamples=60, random_state=s) for s in (1, 1, 2))
    assert first.effects.equals(second.effects)
    assert not first.effects.equals(other.effects)
    row = first.effects.iloc[0]
    assert row["low"] < row["total"] < row["high"]
    assert row["direct_low"] == row["low"]
    assert first.resamples == 60


def test_a_composite_points_where_its_items_point():
    items = two_blocks(-0.3, 0.6, 0.44)
    model = path_model(items, TWO, [("satisfaction", "loyalty")])
    assert (model.items["loading"] > 0).all()
    assert model.paths.iloc[0] < 0


def test_satisfaction_makes_loyalty_and_keeps_customers_at_the_operator(large):
    """Satisfaction lowers the true hazards; the model finds it in what customers answer."""
    answers = large.surveys.query("answered")
    items = answers.merge(large.truth.months[["month", "customer_id", "hazard"]])
    model = path_model(
        items,
        {
            "satisfaction": ["satisfaction"],
            "loyalty": ["loyalty", "recommend"],
            "churn": ["hazard"],
        },
        [("satisfaction", "loyalty"), ("satisfaction", "churn"), ("loyalty", "churn")],
        resamples=100,
        random_state=0,
    )
    assert model.effects.loc[("satisfaction", "loyalty"), "low"] > 0
    assert model.effects.loc[("loyalty", "churn"), "high"] < 0
    assert model.effects.loc[("satisfaction", "churn"), "high"] < 0  # in all: through loyalty


def test_the_diagram_shows_every_path():
    items = two_blocks(0.3, 0.6, 0.44)
    ax = path_model(items, TWO, [("satisfaction", "loyalty")]).plot()
    texts = [text.get_text() for text in ax.texts]
    assert "satisfaction" in texts
    assert any(text.startswith("loyalty\n$R^2$") for text in texts)
    assert "0.40" in texts


def test_models_that_make_no_sense_are_refused():
    items = two_blocks(0.3, 0.6, 0.44)
    path = [("satisfaction", "loyalty")]
    with pytest.raises(ValueError, match="circle through \\['satisfaction', 'loyalty'\\]"):
        path_model(items, TWO, [*path, ("loyalty", "satisfaction")])
    with pytest.raises(ValueError, match="more than once: 's1'"):
        path_model(items, {"satisfaction": ["s1"], "loyalty": ["s1", "l1"]}, path)
    with pytest.raises(ValueError, match="missing answers in 's2'"):
        path_model(items.assign(s2=items["s2"].where(items["s2"] < 1)), TWO, path)
    with pytest.raises(ValueError, match="joins nothing to 'price'"):
        path_model(items.assign(p=items["s1"]), TWO | {"price": ["p"]}, path)
    with pytest.raises(ValueError, match="the effect of a path must be one of"):
        path_model(items, TWO, [("satisfaction", "loyality")])
    with pytest.raises(ValueError, match="constant columns: 's1'"):
        path_model(items.assign(s1=1), TWO, path)
    with pytest.raises(ValueError, match="lacks the column 's3'"):
        path_model(items, TWO | {"satisfaction": ["s3"]}, path)
    r = correlate(np.random.default_rng(0).normal(size=(50, 4)))
    member = np.repeat(np.eye(2, dtype=bool), 2, axis=0)
    with pytest.raises(ArithmeticError, match="after 1 rounds"):
        estimate(r, member, np.triu(np.ones((2, 2), bool), 1), np.zeros(2, bool), rounds=1)


def test_formulas_at_their_edges():
    assert cronbach_alpha(np.eye(1)) == rho_a(np.eye(1), np.ones(1)) == 1
    assert cronbach_alpha(np.eye(3)) == 0
    chain = np.zeros((4, 4))
    chain[0, 1], chain[1, 2], chain[2, 3] = 0.5, 0.4, -0.3
    assert total_effects(chain)[0, 3] == pytest.approx(0.5 * 0.4 * -0.3)
