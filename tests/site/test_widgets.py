"""The scripts of the widgets compute what crmlib computes, and everyone can use them."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmlib import recovery
from crmlib.course import budget_widget, cap_widget, split_widget, threshold_widget
from crmlib.profit import churn_costs, cost_threshold, mp, total_cost
from crmlib.tree import entropy, information_gain, split_information
from crmlib.tree.criteria import Weights, gain_ratio_score, split_sums

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "book" / "_static" / "widgets"
KINDS = ("cap", "threshold", "budget", "split")
PAGES = {
    "cap": "chapters/2-recovery-decisions/cost-cap.html",
    "budget": "chapters/2-recovery-decisions/the-plan.html",
    "threshold": "chapters/3-early-warning/score-to-money.html",
    "split": "chapters/3-early-warning/entropy-and-id3.html",
    "weighted split": "chapters/3-early-warning/weighted-entropy.html",
}
OUTLOOK = pd.DataFrame({"P": [4, 3, 2], "N": [0, 2, 3]}, index=["cloud", "rain", "sun"])


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def drawing(count, low=0.0, high=1.0, seed=11):
    """Random numbers, the ends among them."""
    drawn = np.random.default_rng(seed).uniform(low, high, count)
    drawn[:4] = [low, high, low, high]
    return drawn


@pytest.fixture
def page(browser):
    """A page that records what it asks for and what it complains about."""
    context = browser.new_context()
    tab = context.new_page()
    tab.set_default_timeout(120_000)  # a busy machine is no defect of a page
    tab.complaints, tab.asked = [], []
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.on("request", lambda request: tab.asked.append(request.url))
    yield tab
    context.close()


@pytest.fixture(scope="module")
def lost():
    rng = np.random.default_rng(4)
    index = [f"c{k}" for k in range(60)]
    table = pd.DataFrame(
        {"if_back": rng.uniform(50, 900, 60), "unasked": rng.uniform(0, 0.2, 60)}, index=index
    )
    offers = pd.DataFrame(
        {"contact_cost": [2.0, 9.0], "offer_cost": [0.0, 60.0]}, index=["letter", "bonus"]
    )
    chances = pd.DataFrame(
        {"letter": rng.uniform(0.1, 0.3, 60), "bonus": rng.uniform(0.2, 0.9, 60)}, index=index
    )
    return table, offers, chances


def document(body, folder):
    """Write a page with the scripts of all kinds, as the book's pages load them."""
    names = ["format", "draw", *(kind + part for kind in KINDS for part in ("", "-view")), "frame"]
    scripts = "".join(
        f'<script defer src="{(SCRIPTS / name).as_uri()}.js"></script>' for name in names
    )
    style = f'<link rel="stylesheet" href="{(SCRIPTS / "widgets.css").as_uri()}">'
    file = folder / "page.html"
    file.write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Widgets</title>'
        '<meta name="viewport" content="width=device-width">'
        f'{style}{scripts}</head><body style="margin:1rem"><main class="bd-content">{body}</main>'
        "</body></html>",
        encoding="utf-8",
    )
    return file.as_uri()


@pytest.fixture
def formulas(page, tmp_path):
    """Call a formula of the scripts with each of many lists of arguments."""
    page.goto(document("", tmp_path))

    def call(name, arguments):
        text = json.dumps([list(map(plain, one)) for one in arguments])
        code = "([name, text]) => JSON.parse(text).map(one => crmWidgets.formulas[name](...one))"
        return page.evaluate(code, [name, text])

    return call


def plain(value):
    return value.tolist() if isinstance(value, np.ndarray) else value


def test_cap_and_net_value_are_those_of_recovery(formulas):
    n = 400
    b, c = drawing(n, 0, 3000, 1), drawing(n, 0, 300, 2)
    p1, p0, h = drawing(n, seed=3), drawing(n, seed=4), drawing(n, 0, 2, 5)
    o = drawing(n, 0, 1500, 6)
    names = ("benefit", "chance", "unasked", "offerCost", "contactCost", "hurdle")
    given = [
        [dict(zip(names, one, strict=True))]
        for one in zip(*map(plain, (b, p1, p0, o, c, h)), strict=True)
    ]
    shared = {"unasked": p0}
    assert formulas("costCap", given) == close(
        recovery.cost_cap(b, p1, offer_cost=o, hurdle=h, **shared)
    )
    assert formulas("netValue", given) == close(
        recovery.net_value(b, p1, offer_cost=o, contact_cost=c, **shared)
    )
    assert formulas("offerCap", given) == close(
        recovery.offer_cap(b, p1, contact_cost=c, hurdle=h, **shared)
    )
    steps = np.array(formulas("capSteps", given))
    assert steps[:, 1] == close(recovery.cost_cap(b, p1))
    assert steps[:, 4] == close(recovery.cost_cap(b, p1, offer_cost=o, hurdle=h, **shared))


def test_entropy_and_gain_are_those_of_the_tree(formulas):
    rng = np.random.default_rng(7)
    tables = [rng.integers(0, 12, (rng.integers(2, 5), 2)).astype(float) for _ in range(300)]
    tables += [np.zeros((3, 2)), np.array([[5.0, 0], [3, 0]]), np.array([[5.0, 2], [0, 0]])]
    weights = [rng.uniform(0.5, 20, 2) for _ in tables]
    pairs = list(zip(tables, weights, strict=True))
    assert formulas("entropy", [[t[0], w] for t, w in pairs]) == close(
        [entropy(t[0], w) for t, w in pairs]
    )
    assert formulas("informationGain", pairs) == close([information_gain(t, w) for t, w in pairs])
    assert formulas("splitInformation", [[t] for t in tables]) == close(
        [split_information(t.sum(axis=1)) for t in tables]
    )
    counted = [t * w for t, w in pairs]
    assert formulas("informationGain", [[t] for t in counted]) == close(
        [information_gain(t) for t in counted]
    )


def test_gain_ratio_is_the_score_of_the_tree(formulas):
    rng = np.random.default_rng(8)
    tables = [rng.integers(0, 30, (rng.integers(2, 5), 2)).astype(float) for _ in range(300)]
    one = Weights(attribute=np.ones(1), cost=np.ones(1))

    def ratio(table):
        sums = split_sums(table[None], np.array([0, len(table)]), np.ones(2))
        return float(gain_ratio_score(sums, one)[0, 0])

    assert formulas("gainRatio", [[t] for t in tables]) == pytest.approx(
        [ratio(t) for t in tables], rel=1e-9, abs=1e-10
    )


def test_profit_and_thresholds_are_those_of_profit(page, tmp_path):
    rng = np.random.default_rng(9)
    y = rng.integers(0, 2, 500)
    # Rounded scores tie, and a tie must be called together.
    scores = {"fine": rng.beta(1 + y, 2), "coarse": rng.beta(1 + y, 2).round(1)}
    page.goto(document(threshold_widget(y, scores)._repr_html_(), tmp_path))
    for k, score in enumerate(scores.values()):
        for _ in range(40):
            cut = rng.choice([0.0, 1.0, rng.uniform(), score[rng.integers(500)]])
            v, g, d, c = rng.uniform(20, 500), rng.uniform(), rng.uniform(0, 20), rng.uniform(0, 9)
            account = {"value": v, "success": g, "gift": d, "contact": c}
            found = page.evaluate(
                """([k, cut, account]) => {
                    const f = crmWidgets.formulas;
                    const spec = JSON.parse(document.querySelector("figure script").textContent);
                    const model = f.unpack(spec.models[k]);
                    const now = f.called(model, cut);
                    return [f.profit(now, account), now.found, now.bothered,
                        f.costThreshold(account), f.best(model, account).profit];
                }""",
                [k, float(cut), account],
            )
            called = score >= cut
            costs = churn_costs(np.full(500, v), success=g, incentive_cost=d, contact_cost=c)
            earned = total_cost(y, np.zeros(500), costs) - total_cost(y, called, costs)
            assert found[0] == pytest.approx(earned / 500, rel=1e-9, abs=1e-9)
            assert found[1:3] == [called[y == 1].sum(), called[y == 0].sum()]
            fair = cost_threshold(value=v, success=g, contact_cost=c, incentive_cost=d)
            assert found[3] == close(fair)
            best = mp(y, score, accept_rate=g, clv=v, incentive_cost=d, contact_cost=c)
            assert found[4] == pytest.approx(best.profit, rel=1e-9, abs=1e-9)


def test_a_plan_is_found_for_every_budget_and_effect(page, tmp_path, lost):
    table, offers, chances = lost
    budgets, effects = np.arange(0, 801, 100), (0.5, 1.0, 1.5)
    widget = budget_widget(*lost, budgets=budgets, budget=300, effects=effects, hurdle=0.1)
    page.goto(document(widget._repr_html_(), tmp_path))
    p0 = table["unasked"].to_numpy()[:, None]
    for effect in effects:
        scaled = (p0 + effect * (chances - p0)).clip(0, 1)
        for money in budgets.tolist():
            found = page.evaluate(
                """([money, effect]) => {
                    const text = document.querySelector("figure script").textContent;
                    return crmWidgets.formulas.planAt(JSON.parse(text), money, effect);
                }""",
                [money, effect],
            )
            made = recovery.plan(table, offers, scaled, budget=money, hurdle=0.1).allocation
            assert [found["value"], found["cost"], found["price"]] == close(
                [made.value, made.cost, made.price]
            )


SHOW = {
    "cap": lambda: cap_widget(1046.7, 0.39, unasked=0.1, offer_cost=600.0, contact_cost=12.0),
    "threshold": lambda: threshold_widget([1, 1, 0, 0], {"a": [0.9, 0.6, 0.7, 0.1]}),
    "split": lambda: split_widget(OUTLOOK, things="mornings"),
    "weighted split": lambda: split_widget(OUTLOOK, weight=3),
}


def all_of(lost):
    budget = budget_widget(*lost, budgets=np.arange(0, 801, 100), budget=300)
    return [*(show() for show in SHOW.values()), budget]


def texts(page, at=0):
    """What the widget shows: its figures and its sentence."""
    figure = page.locator("figure.crm-widget").nth(at)
    return [*figure.locator("dd").all_inner_texts(), figure.locator("output").inner_text()]


def test_at_either_end_of_every_slider_stands_a_sentence_and_never_nan(page, tmp_path, lost):
    body = "".join(widget._repr_html_() for widget in all_of(lost))
    page.goto(document(body, tmp_path))
    rng = np.random.default_rng(2)
    for at in range(page.locator("figure.crm-widget").count()):
        figure = page.locator("figure.crm-widget").nth(at)
        sliders = figure.locator("input[type=range]")
        count = sliders.count()
        orders = [[key] * count for key in ("Home", "End")]
        orders += [rng.choice(["Home", "End", "PageUp"], count).tolist() for _ in range(6)]
        for keys in orders:
            for k, key in enumerate(keys):
                sliders.nth(k).press(key)
                shown = " ".join(texts(page, at)) + figure.locator("svg").inner_html()
                assert not re.search(r"NaN|Infinity|undefined|null|∞", shown), (at, keys, shown)
            assert re.search(r"\w.*\.$", texts(page, at)[-1])
    assert page.complaints == []


def test_impossible_starts_are_told_in_words(page, tmp_path):
    widgets = [
        cap_widget(0.0, 0.0),
        cap_widget(500.0, 0.0, contact_cost=3.0),
        cap_widget(500.0, 0.1, unasked=0.3),
        split_widget(OUTLOOK * 0, things="mornings"),
        split_widget(OUTLOOK.assign(N=0), things="mornings"),
        split_widget(OUTLOOK.mul([1, 0, 0], axis=0)),
        threshold_widget([1, 0], {"a": [0.9, 0.1]}, success=0.0, value=20.0, incentive_cost=0.0),
    ]
    page.goto(document("".join(one._repr_html_() for one in widgets), tmp_path))
    said = [
        "Nobody comes back",
        "Nobody comes back",
        "the offer changes nothing",
        "There are no mornings",
        "All mornings are P",
        "All customers are P",
        "no risk is high enough",
    ]
    for at, part in enumerate(said):
        assert part in texts(page, at)[-1]


def test_without_a_script_the_table_stands(browser, tmp_path, lost):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(document("".join(one._repr_html_() for one in all_of(lost)), tmp_path))
    for table in tab.locator("figure.crm-widget table").all():
        assert table.is_visible()
    assert tab.locator("input").count() == 0
    context.close()


def test_on_paper_the_table_stands(page, tmp_path):
    page.goto(document(SHOW["cap"]()._repr_html_(), tmp_path))
    assert page.locator("input").first.is_visible()
    assert not page.locator("table").is_visible()
    page.emulate_media(media="print")
    assert page.locator("table").is_visible()
    assert not page.locator("input").first.is_visible()


def test_reset_leads_back_to_the_start(page, tmp_path):
    page.goto(document(SHOW["cap"]()._repr_html_(), tmp_path))
    first = texts(page)
    page.locator("input[name=chance]").press("End")
    assert texts(page) != first
    page.get_by_role("button", name="Back to the start").press("Enter")
    assert texts(page) == first


def test_a_screen_reader_hears_name_and_value_of_every_slider(page, tmp_path, lost):
    page.goto(document("".join(one._repr_html_() for one in all_of(lost)), tmp_path))
    for control in page.locator("figure.crm-widget :is(input, select)").all():
        name = control.evaluate("element => element.labels[0].textContent")
        assert name.strip()
        assert page.get_by_label(name).count() >= 1
    chance = page.get_by_role("slider", name="chance with the offer")
    assert chance.get_attribute("aria-valuetext") == "39.0 %"
    chance.press("ArrowRight")
    assert chance.get_attribute("aria-valuetext") == "39.5 %"
    assert page.locator("output[aria-live=polite]").count() == len(all_of(lost))
    assert page.locator("[lang=zh-CN]").first.inner_text() == "挽救费用上限"


def numbers_in(texts_):
    """The first number of each text, and half of its last digit."""
    found = []
    for text in texts_:
        digits = re.search(r"−?[$]?[\d,]+(?:\.\d+)?", text)[0]
        value = float(digits.replace("−", "-").replace("$", "").replace(",", ""))
        after = len(digits.split(".")[1]) if "." in digits else 0
        found.append((value, 0.5000001 * 10**-after))
    return found


def assert_shown(texts_, expected):
    for (value, half), true in zip(numbers_in(texts_), expected, strict=True):
        assert value == pytest.approx(true, abs=half, rel=0)


def spec_of(page):
    return json.loads(page.locator("figure.crm-widget script").text_content())


def move(page, moves):
    """Press keys on sliders; return all values, those not moved as exact as the page has them."""
    values = {one["name"]: one["value"] for one in spec_of(page)["controls"]}
    for name, keys in moves.items():
        slider = page.locator(f"figure.crm-widget input[name={name}]")
        for key in keys:
            slider.press(key)
        values[name] = float(slider.input_value())
    return values


def visit(page, site, kind):
    page.goto((site / PAGES[kind]).as_uri())
    page.wait_for_selector(".crm-widget-live output")


@pytest.mark.book
def test_the_cap_of_the_page_moves_as_recovery_says(site, page):
    visit(page, site, "cap")
    for moves in ({}, {"chance": ["PageUp", "ArrowRight"], "offerCost": ["ArrowLeft"] * 7}):
        v = move(page, moves)
        shared = {"unasked": v["unasked"], "hurdle": v["hurdle"]}
        cap = recovery.cost_cap(v["benefit"], v["chance"], offer_cost=v["offerCost"], **shared)
        net = recovery.net_value(
            v["benefit"],
            v["chance"],
            unasked=v["unasked"],
            offer_cost=v["offerCost"],
            contact_cost=v["contactCost"],
        )
        dearest = recovery.offer_cap(
            v["benefit"], v["chance"], contact_cost=v["contactCost"], **shared
        )
        assert_shown(texts(page)[:3], [cap, net, dearest])
    assert page.complaints == []


@pytest.mark.book
def test_the_budget_of_the_page_moves_along_its_plans(site, page):
    visit(page, site, "budget")
    for moves in ({}, {"budget": ["ArrowRight"] * 3}, {"effect": ["Home"]}, {"budget": ["End"]}):
        move(page, moves)
        spec = spec_of(page)
        shown = page.locator("input[name=effect]").input_value()
        row = spec["plans"][spec["effects"].index(float(shown))]
        at = spec["budgets"].index(float(page.locator("input[name=budget]").input_value()))
        assert_shown(texts(page)[:3], [row["value"][at], row["cost"][at], row["price"][at]])
    assert page.complaints == []


@pytest.mark.book
def test_the_threshold_of_the_page_moves_as_profit_says(site, page):
    visit(page, site, "threshold")
    spec = spec_of(page)
    for k, model in enumerate(spec["models"]):
        page.locator("select[name=model]").select_option(str(k))
        score = np.frombuffer(base64.b64decode(model["scores"]), dtype="<f8")
        y = np.array([int(label) for label in model["left"]])
        move(page, {"threshold": ["ArrowLeft"] * 5})
        v = {
            one["name"]: float(page.locator(f"input[name={one['name']}]").input_value())
            for one in spec["controls"][1:]
        }
        account = {"incentive_cost": v["gift"], "contact_cost": v["contact"]}
        costs = churn_costs(np.full(len(y), v["value"]), success=v["success"], **account)
        fair = cost_threshold(value=v["value"], success=v["success"], **account)
        nothing = total_cost(y, np.zeros(len(y)), costs)
        at, at_fair = (
            (nothing - total_cost(y, score >= cut, costs)) / len(y)
            for cut in (v["threshold"], fair)
        )
        best = mp(y, score, accept_rate=v["success"], clv=v["value"], **account).profit
        found = 100 * (score >= v["threshold"])[y == 1].mean()
        assert_shown(texts(page)[:4], [at, found, at_fair, best])
    assert page.complaints == []


@pytest.mark.book
@pytest.mark.parametrize("kind", ["split", "weighted split"])
def test_the_split_of_the_page_moves_as_the_tree_says(site, page, kind):
    visit(page, site, kind)
    for moves in ({}, {"n00": ["ArrowLeft"] * 3}, {"n11": ["ArrowRight", "PageUp"]}):
        start = {one["name"]: one["value"] for one in spec_of(page)["controls"]}
        kept = getattr(page, "kept", start)
        page.kept = kept | {name: move(page, {name: keys})[name] for name, keys in moves.items()}
        v = page.kept
        branches = len(spec_of(page)["branches"])
        table = np.array([[v[f"n{b}{k}"] for k in (0, 1)] for b in range(branches)])
        weights = [1.0, v["weight"]] if "weight" in v else None
        gain, shares = information_gain(table, weights), split_information(table.sum(axis=1))
        before = entropy(table.sum(axis=0), weights)
        assert_shown(texts(page)[:4], [before, gain, shares, gain / shares])
    if kind == "weighted split":
        page.locator("select[name=way]").select_option("1")
        heavy = table * weights
        gain, shares = information_gain(heavy), split_information(heavy.sum(axis=1))
        assert_shown(texts(page)[:4], [entropy(heavy.sum(axis=0)), gain, shares, gain / shares])
    assert page.complaints == []


@pytest.mark.book
@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_a_widget(site, page, kind, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for key in ("mode", "theme"):
        page.add_init_script(f"localStorage.setItem('{key}', '{theme}')")
    visit(page, site, kind)
    found = axe.run(page, context="figure.crm-widget").response["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == []


@pytest.mark.book
@pytest.mark.parametrize("kind", PAGES)
def test_a_phone_shows_a_widget_whole(site, page, kind):
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, site, kind)
    widest = page.evaluate("document.documentElement.scrollWidth")
    assert widest <= 390
    picture = page.locator(".crm-widget-picture svg").bounding_box()
    assert 250 < picture["width"] <= 358
    smallest = page.evaluate(
        """() => Math.min(...[...document.querySelectorAll(".crm-widget-picture text")].map(
            at => parseFloat(getComputedStyle(at).fontSize)))"""
    )
    assert smallest >= 12, "text is not drawn smaller on a phone"
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".crm-widget-picture text")].filter(at => {
            const box = at.getBoundingClientRect();
            return box.left < 0 || box.right > window.innerWidth;
        }).map(at => at.textContent)"""
    )
    assert cut == []


@pytest.mark.book
def test_only_pages_with_a_widget_load_its_scripts(site):
    with_widget = set(PAGES.values())
    for html in (site / "chapters").rglob("*.html"):
        text = html.read_text(encoding="utf-8")
        name = html.relative_to(site).as_posix()
        assert ("_static/widgets/frame.js" in text) == (name in with_widget), name
        assert ("_static/widgets/widgets.css" in text) == (name in with_widget), name
