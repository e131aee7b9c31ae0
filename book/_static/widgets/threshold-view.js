/* Profit against the threshold, and below it who is called. */
(function () {
  "use strict";
  const widgets = window.crmWidgets;
  const STEPS = 200;
  const unpacked = new WeakMap();

  function modelOf(values, data) {
    const packed = data.models[values.model || 0];
    if (!unpacked.has(packed)) unpacked.set(packed, widgets.formulas.unpack(packed));
    return unpacked.get(packed);
  }

  function curve(model, values) {
    const { called, profit } = widgets.formulas;
    return Array.from({ length: STEPS + 1 }, (_, at) => {
      const threshold = at / STEPS;
      return [threshold, profit(called(model, threshold), values)];
    });
  }

  function split(paper, top, width, name, parts) {
    const total = parts.reduce((sum, [, count]) => sum + count, 0);
    const { number } = widgets.format;
    paper.add("text", { class: "label", x: 0, y: top + 12 }, `${number(total, 0)} ${name}`);
    let x = 0;
    parts.forEach(([text, count, look], at) => {
      const length = total ? (count / total) * width : 0;
      paper.add("rect", { class: look, x, y: top + 19, width: length, height: 14 });
      const side = at ? { x: width, "text-anchor": "end" } : { x: 0 };
      paper.add("text", { class: "tick", y: top + 48, ...side }, `${number(count, 0)} ${text}`);
      x += length;
    });
  }

  function drawn(model, now, values, data, width, marked) {
    const { draw, format } = widgets;
    const paper = draw.picture(width, 372, "Profit against the threshold, and who is called");
    const points = curve(model, values);
    const profits = points.map(([, earned]) => earned);
    const high = Math.max(...profits, marked.best.profit, 0);
    const low = Math.min(...profits, 0);
    const box = { left: 46, right: width - 10, top: 36, bottom: 204 };
    const small = high - low < 4 ? (high - low < 0.4 ? 2 : 1) : 0;
    const at = draw.axes(
      paper,
      box,
      { low: 0, high: 1, name: "call from this risk on", text: (x) => format.percent(x, 0) },
      { low, high: high > low ? high : low + 1, name: `profit per customer (${data.currency})`, text: (y) => format.number(y, small) },
    );
    paper.add("line", { class: "axis", x1: box.left, x2: box.right, y1: at.down(0), y2: at.down(0) });
    if (marked.fair <= 1) {
      const x = at.across(marked.fair);
      paper.add("line", { class: "mark", x1: x, x2: x, y1: box.top, y2: box.bottom });
      paper.add("text", { class: "marked", x, y: box.top - 3, "text-anchor": "middle" }, "p*");
    }
    paper.add("path", { class: "curve", d: draw.path(points.map(([x, y]) => [at.across(x), at.down(y)])) });
    const here = { cx: at.across(values.threshold), cy: at.down(now.profit) };
    paper.add("line", { class: "drop", x1: here.cx, x2: here.cx, y1: here.cy, y2: box.bottom });
    paper.add("circle", { class: "dot", r: 6.5, ...here });
    const bars = [
      ["who left", [["called", now.found, "good"], ["missed", now.missed, "bad"]]],
      ["who stayed", [["called for nothing", now.bothered, "bad"], ["left alone", now.alone, "calm"]]],
    ];
    bars.forEach(([name, parts], row) => split(paper, 256 + row * 60, width, name, parts));
    return paper.svg;
  }

  function sentence(now, values, data, marked) {
    const { money, percent } = widgets.format;
    const share = now.customers ? (now.found + now.bothered) / now.customers : 0;
    const earned = money(now.profit, data.currency);
    const calls = share === 0
      ? "Nobody is called, which earns nothing."
      : `${percent(share, 0)} of the customers are called, which earns ${earned} per customer of the base.`;
    if (!Number.isFinite(marked.fair)) {
      return `${calls} Keeping a customer earns nothing here, so no risk is high enough for a call.`;
    }
    if (marked.fair > 1) return `${calls} By the costs no risk is high enough: p* lies above 100 %.`;
    return `${calls} By the costs a call pays from a risk of ${percent(marked.fair, 1)} on (p*).`;
  }

  widgets.views.threshold = function (values, data, width) {
    const { called, profit, costThreshold, best } = widgets.formulas;
    const { money, percent } = widgets.format;
    const model = modelOf(values, data);
    const now = called(model, values.threshold);
    now.profit = profit(now, values);
    const marked = { fair: costThreshold(values), best: best(model, values) };
    const atFair = profit(called(model, marked.fair), values);
    const all = now.found + now.missed;
    return {
      picture: drawn(model, now, values, data, width, marked),
      figures: [
        ["profit per customer", "", money(now.profit, data.currency)],
        ["leavers found", "", all ? percent(now.found / all, 0) : "none to find"],
        ["profit at p*", "", money(atFair, data.currency)],
        ["best in hindsight", "", money(marked.best.profit, data.currency)],
      ],
      sentence: sentence(now, values, data, marked),
    };
  };
})();
