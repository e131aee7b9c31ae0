"""Figures look alike, say what they show, and refuse what they cannot draw."""

import io
from itertools import combinations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from crmlib import plots
from crmlib.plots.style import _CHINESE


@pytest.fixture(autouse=True)
def style():
    plots.use()


def luminance(color):
    """Relative luminance (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def as_a_deuteranope_sees(color):
    """Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB."""
    matrix = [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return np.clip(np.array(matrix) @ linear, 0, 1)


@pytest.mark.parametrize(("one", "other"), list(combinations(list(plots.PALETTE)[:4], 2)))
def test_the_first_colors_can_be_told_apart_without_red_or_green(one, other):
    apart = as_a_deuteranope_sees(plots.PALETTE[one]) - as_a_deuteranope_sees(plots.PALETTE[other])
    assert np.abs(apart).max() > 0.1


@pytest.mark.parametrize("name", ["blue", "vermilion", "green", "gray"])
def test_a_line_in_a_main_color_stands_out_from_paper(name):
    # WCAG 2.2, 1.4.11: graphical objects need a contrast of 3:1.
    assert 1.05 / (luminance(plots.PALETTE[name]) + 0.05) >= 3


def test_a_figure_brings_its_own_ground():
    # It must read the same on a dark page.
    assert to_rgb(mpl.rcParams["savefig.facecolor"]) == (1, 1, 1)


def test_the_same_figure_gives_the_same_bytes():
    def drawn():
        ax = plots.ranked_bars(pd.Series({"a": 1.0, "b": 2.0}))
        file = io.BytesIO()
        ax.figure.savefig(file, format="svg", metadata={"Date": None})
        return file.getvalue()

    assert drawn() == drawn()


@pytest.mark.skipif(
    plots.chinese_font() is None, reason=f"none of the fonts {_CHINESE} is installed"
)
def test_chinese_is_drawn_without_missing_glyphs():
    # A missing glyph is a warning, and warnings are errors here.
    fig, ax = plt.subplots()
    ax.set_title("客户流失 churn")
    fig.canvas.draw()


def test_bars_are_ranked_and_carry_their_values():
    ax = plots.ranked_bars(pd.Series({"small": 1.0, "large": 9.0, "middle": 4.0}, name="losses"))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["small", "middle", "large"]
    assert [text.get_text() for text in ax.texts] == ["1", "4", "9"]
    assert ax.get_title(loc="left") == "losses"


def test_a_highlighted_bar_keeps_its_color_and_the_others_lose_it():
    ax = plots.ranked_bars(pd.Series({"a": 1.0, "b": 2.0}), highlight="a")
    colors = {bar.get_facecolor()[:3] for bar in ax.patches}
    assert to_rgb(plots.PALETTE["blue"]) in colors
    assert len(colors) == 2


def test_dots_stand_in_the_order_of_the_table_with_their_intervals():
    table = pd.DataFrame(
        {"rate": [0.4, 0.1], "low": [0.3, 0.05], "high": [0.5, 0.2]}, index=["x", "y"]
    )
    ax = plots.dots(table, reference=0.25)
    at = dict(zip([t.get_text() for t in ax.get_yticklabels()], ax.get_yticks(), strict=True))
    assert at["x"] > at["y"]
    segments = ax.collections[0].get_segments()
    assert [tuple(segment[:, 0]) for segment in segments] == [(0.3, 0.5), (0.05, 0.2)]


def test_line_labels_do_not_lie_on_each_other():
    frame = pd.DataFrame({"a": [0, 1.00], "b": [0, 1.001], "c": [0, 0.999]})
    ax = plots.lines(frame)
    heights = sorted(text.xy[1] for text in ax.texts)
    low, high = ax.get_ylim()
    assert min(np.diff(heights)) >= 0.06 * (high - low)


def test_labels_take_the_color_of_their_line():
    ax = plots.lines(pd.DataFrame({"a": [0, 1], "b": [1, 0]}))
    colors = {line.get_label(): line.get_color() for line in ax.get_lines()}
    assert all(text.get_color() == colors[text.get_text()] for text in ax.texts)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.ranked_bars(pd.Series(dtype=float)), "values is empty"),
        (
            lambda: plots.ranked_bars(pd.Series({"a": 1.0}), highlight="z"),
            "'z' is none of the labels",
        ),
        (lambda: plots.dots(pd.DataFrame({"rate": [0.1]})), "lacks the columns 'low', 'high'"),
        (lambda: plots.lines(pd.DataFrame()), "frame is empty"),
        (lambda: plots.label_lines(plt.subplots()[1], names=["a"]), "1 entries for 0 lines"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_money_and_percent_are_written_as_such():
    _, ax = plt.subplots()
    plots.as_money(ax, "y", unit="¥")
    plots.as_percent(ax, "x", decimals=1)
    assert ax.yaxis.get_major_formatter()(-1234.5) == "\N{MINUS SIGN}¥1,234.5"
    assert ax.xaxis.get_major_formatter()(0.125) == "12.5%"


@pytest.mark.parametrize(
    ("low", "high", "some"),
    [(0, 1, "20%"), (0, 0.01, "0.2%"), (0.0101, 0.0104, "1.020%"), (0, 4, "100%")],
)
def test_ticks_of_a_share_tell_themselves_apart_without_idle_zeros(low, high, some):
    _, ax = plt.subplots()
    ax.set_ylim(low, high)
    plots.as_percent(ax)
    ax.figure.canvas.draw()
    texts = [label.get_text() for label in ax.get_yticklabels()]
    assert len(set(texts)) == len(texts)
    assert some in texts
    assert not all(text.endswith(".0%") for text in texts)


def test_names_beside_points_lie_on_no_other_name_or_point():
    from crmlib.plots._labels import label_points

    _, ax = plt.subplots()
    x, y = [0.50, 0.53, 0.2, 0.9], [0.50, 0.505, 0.2, 0.1]
    ax.scatter(x, y)
    label_points(ax, x, y, ["advice", "reliability", "price", "network"])
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    points = ax.transData.transform(np.column_stack([x, y]))
    assert not any(box.contains(*point) for box in boxes for point in points)
