/* Net value against the budget, with the rate of the next unit of money as a slope, and below it how
   many customers get which offer. */
(function () {
  "use strict";
  const widgets = window.crmWidgets;

  function customers(paper, plan, data, width, top) {
    const { number } = widgets.format;
    const total = plan.customers.reduce((sum, count) => sum + count, 0);
    const most = Math.max(1, ...data.plans.flatMap((row) => row.customers.map((one) => one.reduce((a, b) => a + b, 0))));
    paper.add("text", { class: "label", x: 0, y: top + 12 }, `${number(total, 0)} customers get an offer`);
    const across = (count) => (count / most) * width;
    paper.add("rect", { class: "track", x: 0, y: top + 19, width, height: 14 });
    const column = width / (width < 420 ? 2 : data.offers.length);
    let x = 0;
    plan.customers.forEach((count, at) => {
      const look = `part part-${at % 4}`;
      paper.add("rect", { class: look, x, y: top + 19, width: across(count), height: 14 });
      const perRow = Math.round(width / column);
      const left = (at % perRow) * column;
      const line = top + 43 + Math.floor(at / perRow) * 19;
      paper.add("rect", { class: look, x: left, y: line, width: 10, height: 10, rx: 2 });
      paper.add("text", { class: "tick", x: left + 15, y: line + 9.5 }, `${data.offers[at]}: ${number(count, 0)}`);
      x += across(count);
    });
  }

  function drawn(plan, values, data, width) {
    const { draw, format } = widgets;
    const { budgetCurve } = widgets.formulas;
    const rows = Math.ceil(data.offers.length / (width < 420 ? 2 : data.offers.length));
    const paper = draw.picture(width, 316 + 19 * rows, "Net value against the budget");
    const last = data.budgets[data.budgets.length - 1];
    const highest = Math.max(1, ...data.plans.flatMap((row) => row.value));
    const unit = last >= 10_000 ? 1000 : 1;
    const name = unit === 1 ? data.currency : `thousand ${data.currency}`;
    const text = (amount) => format.number(amount / unit, 0);
    const box = { left: 42, right: width - 12, top: 30, bottom: 216 };
    const at = draw.axes(
      paper,
      box,
      { low: 0, high: last, name: `budget (${name})`, text },
      { low: 0, high: highest, name: `net value (${name})`, text },
    );
    const line = (effect) => draw.path(budgetCurve(data, effect).map(([x, y]) => [at.across(x), at.down(y)]));
    paper.add("path", { class: "curve faint", d: line(1) });
    paper.add("path", { class: "curve", d: line(values.effect) });
    const here = { cx: at.across(plan.budget), cy: at.down(plan.value) };
    // The slope: what the next money brings, drawn a fifth of the budgets to either side.
    const reach = last / 5;
    const from = Math.max(0, plan.budget - reach);
    const until = Math.min(last, plan.budget + reach);
    const ends = [from, until].map((x) => [at.across(x), at.down(plan.value + plan.price * (x - plan.budget))]);
    const shown = ends.map(([x, y]) => [x, Math.max(y, 2)]);
    paper.add("path", { class: "mark", d: draw.path(shown) });
    paper.add("line", { class: "drop", x1: here.cx, x2: here.cx, y1: here.cy, y2: box.bottom });
    paper.add("circle", { class: "dot", r: 6.5, ...here });
    customers(paper, plan, data, width, 262);
    return paper.svg;
  }

  /* One unit of money in words: "yuan", "$1". */
  function one(currency) {
    return /^[A-Za-z]+$/.test(currency) ? currency : `${currency}1`;
  }

  function sentence(plan, data) {
    const { money } = widgets.format;
    const say = (amount) => money(amount, data.currency);
    if (plan.customers.every((count) => count === 0)) {
      const next = plan.price > 0 ? ` The first ${one(data.currency)} would bring ${say(plan.price)}.` : "";
      return `With ${say(plan.budget)} nobody gets an offer.${next}`;
    }
    const buys = `${say(plan.budget)} buy ${say(plan.value)} of net value.`;
    if (plan.price === 0) return `${buys} More money would bring nothing: ${say(plan.cost)} are all that can be spent well.`;
    return `${buys} The next ${one(data.currency)} would bring ${say(plan.price)}.`;
  }

  widgets.views.budget = function (values, data, width) {
    const plan = widgets.formulas.planAt(data, values.budget, values.effect);
    const say = (amount) => widgets.format.money(amount, data.currency);
    return {
      picture: drawn(plan, values, data, width),
      figures: [
        ["net value", "", say(plan.value)],
        ["expected cost", "挽回成本", say(plan.cost)],
        [`the next ${one(data.currency)} brings`, "", say(plan.price)],
      ],
      sentence: sentence(plan, data),
    };
  };
})();
