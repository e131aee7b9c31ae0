"""Reading the tree: rules, text, picture, Graphviz, SQL."""

import shutil
import subprocess
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from crmlib.tree import WeightedID3Classifier


def customers(n=600, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "plan": rng.choice(["gold", 'ba"sic', "o'neill"], n),
            "calls per day": rng.normal(10, 4, n),
            "roaming": rng.random(n) < 0.3,
            "months": rng.integers(0, 72, n),
        }
    )
    frame.loc[rng.random(n) < 0.1, "plan"] = None
    frame.loc[rng.random(n) < 0.1, "calls per day"] = np.nan
    risk = 0.1 + 0.5 * (frame["plan"] == "gold") + 0.3 * (frame["calls per day"] > 12)
    return frame, np.where(rng.random(n) < risk, "churn", "stay")


def fitted(**options):
    return WeightedID3Classifier(**{"max_depth": 3, "n_bins": 4, **options}).fit(*customers())


def test_rules_count_what_their_conditions_say():
    X, y = customers()
    model = fitted()
    table = model.rules()
    assert table["rows"].sum() == len(X)
    assert table["support"].sum() == pytest.approx(1)
    at = model.apply(X)
    base = (y == "churn").mean()
    for rule in table.itertuples():
        here = y[at == rule.node]
        assert rule.rows == len(here)
        assert table.loc[rule.Index, "n(churn)"] == (here == "churn").sum()
        confidence = (here == table.loc[rule.Index, "class"]).mean()
        assert rule.confidence == pytest.approx(confidence)
        share = base if table.loc[rule.Index, "class"] == "churn" else 1 - base
        assert rule.lift == pytest.approx(confidence / share)


def test_conditions_select_the_rows_of_their_rule():
    X, y = customers()
    X = X.rename(columns={"calls per day": "calls"})[["calls", "months"]].dropna()
    model = WeightedID3Classifier(max_depth=2).fit(X, y[X.index])
    at = model.apply(X)
    for rule in model.rules().itertuples():
        assert (X.eval(rule.condition).to_numpy() == (at == rule.node)).all()


def test_text_shows_every_leaf_and_can_be_cut():
    model = fitted()
    assert len(model.to_text().splitlines()) == len(model.tree_)
    top = model.to_text(max_depth=1).splitlines()
    assert len(top) == 1 + len(model.tree_.children(0))
    assert any(line.endswith("...") for line in top)


def test_a_tree_without_splits_can_be_read():
    model = WeightedID3Classifier().fit(pd.DataFrame({"a": ["x", "x"]}), ["stay", "stay"])
    assert model.to_text() == "stay (2 rows, 100%)"
    assert model.rules()["condition"].tolist() == ["always"]
    assert model.to_sql() == "'stay'"
    assert model.alt_text() == "A decision tree without splits: stay (2 rows, 100%)."
    assert "stay" in model.to_graphviz()
    assert model.plot().texts
    mpl.pyplot.close("all")


def test_graphviz_source_names_every_node_and_is_quoted():
    model = fitted()
    dot = model.to_graphviz()
    assert dot.count("->") == len(model.tree_) - 1
    assert dot.count("[label=") == 2 * len(model.tree_) - 1
    assert '\\"' in dot
    if shutil.which("dot") is None:
        pytest.skip("Graphviz is not installed: its source was not rendered")
    done = subprocess.run(["dot", "-Tsvg"], input=dot.encode(), capture_output=True, check=True)
    assert b"</svg>" in done.stdout


@pytest.mark.parametrize("output", ["class", "churn", "stay"])
@pytest.mark.parametrize(
    "options",
    [{}, {"max_depth": None, "n_bins": 9}, {"pruning": "pessimistic"}, {"bins": "width"}],
    ids=str,
)
def test_sql_predicts_in_the_database_what_predict_says(output, options):
    duckdb = pytest.importorskip("duckdb")
    pa = pytest.importorskip("pyarrow")
    model = fitted(**options)
    new, _ = customers(400, seed=1)
    new.loc[:5, "plan"] = "unheard of"
    new["roaming"] = new["roaming"].astype("boolean")
    new.loc[10:15, "roaming"] = None
    connection = duckdb.connect()
    connection.register("customers", pa.Table.from_pandas(new))
    answer = connection.sql(f"SELECT {model.to_sql(output)} AS p FROM customers").fetchall()
    found = [row[0] for row in answer]
    if output == "class":
        assert found == model.predict(new).tolist()
    else:
        column = model.classes_.tolist().index(output)
        np.testing.assert_allclose(found, model.predict_proba(new)[:, column], atol=1e-15)


def test_sql_tells_nan_from_null_and_from_large():
    duckdb = pytest.importorskip("duckdb")
    pa = pytest.importorskip("pyarrow")
    X = pd.DataFrame({"x": [1.0, 2.0, np.nan, np.nan, 9.0, 8.0]})
    model = WeightedID3Classifier().fit(X, ["low", "low", "gap", "gap", "high", "high"])
    connection = duckdb.connect()
    table = pa.table({"x": pa.array([float("nan"), None, 99.0, 1.5, -5.0])})
    connection.register("t", table)
    found = [row[0] for row in connection.sql(f"SELECT {model.to_sql()} FROM t").fetchall()]
    assert found == ["gap", "gap", "high", "low", "low"]


def test_sql_quotes_as_asked_and_refuses_what_it_cannot_say():
    model = fitted()
    assert "`calls per day`" in model.to_sql(quote="`") or "`plan`" in model.to_sql(quote="`")
    with pytest.raises(ValueError, match=r"output must be 'class' or one of 'churn', 'stay'"):
        model.to_sql("chrun")
    with pytest.raises(ValueError, match=r"missing='fractional' has no CASE expression"):
        fitted(missing="fractional").to_sql()


def test_the_plot_shows_every_split_branch_and_decision():
    model = fitted(max_depth=4)
    axes = model.plot()
    texts = [text.get_text() for text in axes.texts]
    shown = {text for text in texts if "rows" in text or "row," in text}
    splits = np.flatnonzero(model.tree_.attribute >= 0)
    names = [model.attributes_[a].name for a in model.tree_.attribute[splits]]
    for name in set(names):
        assert texts.count(name) == names.count(name)
    assert len(shown) > 3
    assert len(texts) == 2 * len(model.tree_) - 1
    mpl.pyplot.close("all")


def test_labels_of_the_plot_do_not_lie_on_each_other():
    model = fitted(max_depth=4)
    axes = model.plot()
    figure = axes.figure
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    boxes = [
        text.get_window_extent(renderer)
        for text in axes.texts
        if "row" in text.get_text() and "%" in text.get_text()
    ]
    boxes.sort(key=lambda box: -box.y0)
    for upper, lower in pairwise(boxes):
        assert not upper.overlaps(lower)
    window = figure.bbox
    assert all(box.x1 <= window.x1 and box.x0 >= window.x0 for box in boxes)
    mpl.pyplot.close("all")


def test_a_deep_tree_is_plotted_down_to_a_depth():
    model = fitted(max_depth=None)
    axes = model.plot(max_depth=1)
    assert sum(text.get_text().endswith("...") for text in axes.texts) >= 1
    assert len(axes.texts) == 1 + 2 * len(model.tree_.children(0))
    mpl.pyplot.close("all")


def test_alt_text_names_the_first_split_and_the_size():
    model = fitted()
    text = model.alt_text()
    assert "600 rows" in text
    assert f"{len(model.tree_.leaves)} leaves" in text
    assert f"first split is on {model.attributes_[model.tree_.attribute[0]].name}" in text
