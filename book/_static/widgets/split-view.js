/* A gain is a drop: the entropy curve, a dot for each branch, and the fall from all to their mean. */
(function () {
  "use strict";
  const widgets = window.crmWidgets;
  const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);

  /* Counts as the sliders have them; weights enter in the entropy or in the counts. */
  function posed(values, data) {
    const raw = data.branches.map((_, v) => data.classes.map((__, k) => values[`n${v}${k}`]));
    const weight = values.weight === undefined ? 1 : values.weight;
    const byCounts = values.way === 1;
    return {
      raw,
      table: byCounts ? raw.map(([first, second]) => [first, weight * second]) : raw,
      weights: byCounts ? undefined : [1, weight],
      // Where a group with share q of the second class lies on the curve.
      height: (q) => widgets.formulas.entropy(byCounts ? [1 - q, weight * q] : [1 - q, q], byCounts ? undefined : [1, weight]),
    };
  }

  function drawn(made, data, width) {
    const { draw, format, formulas } = widgets;
    const paper = draw.picture(width, 296, "The entropy curve, with a dot for each branch");
    const curve = Array.from({ length: 201 }, (_, at) => [at / 200, made.height(at / 200)]);
    const high = Math.max(1, ...curve.map(([, bits]) => bits));
    const box = { left: 36, right: width - 12, top: 30, bottom: 252 };
    const at = draw.axes(
      paper,
      box,
      { low: -0.04, high: 1.04, name: `share of ${data.classes[1]}`, text: (x) => format.percent(x, 0) },
      { low: 0, high, name: "entropy (bits)", text: (y) => format.number(y, high > 1.5 ? 1 : 2) },
    );
    paper.add("path", { class: "curve faint", d: draw.path(curve.map(([x, y]) => [at.across(x), at.down(y)])) });
    const total = sum(made.raw.map(sum));
    if (total === 0) return paper.svg;
    const whole = data.classes.map((_, k) => sum(made.raw.map((row) => row[k])));
    const share = whole[1] / total;
    const before = formulas.entropy(data.classes.map((_, k) => sum(made.table.map((row) => row[k]))), made.weights);
    const after = formulas.meanEntropy(made.table, made.weights);
    const x = at.across(share);
    paper.add("line", { class: "mark", x1: box.left, x2: box.right, y1: at.down(after), y2: at.down(after) });
    const side = share > 0.5 ? { x: box.left + 4 } : { x: box.right, "text-anchor": "end" };
    paper.add("text", { class: "marked halo", y: at.down(after) - 6, ...side }, "mean of the branches");
    paper.add("line", { class: "fall", x1: x, x2: x, y1: at.down(before), y2: at.down(after) });
    made.raw.forEach((row, v) => {
      const n = sum(row);
      if (n === 0) return;
      const [cx, cy] = [at.across(row[1] / n), at.down(made.height(row[1] / n))];
      const r = 4 + 10 * Math.sqrt(n / total);
      paper.add("circle", { class: "branch", cx, cy, r });
      const text = data.branches[v];
      // Below its dot, or above where the axis is near; branches on the same spot step aside.
      const twins = made.raw.slice(0, v).filter((other) => sum(other) && Math.abs(other[1] / sum(other) - row[1] / n) < 0.03).length;
      const low = cy + r + 14 + twins * 15 > box.bottom - 2;
      const y = low ? cy - r - 5 - twins * 15 : cy + r + 14 + twins * 15;
      paper.add("text", { class: "label halo", x: draw.inside(cx, text, width), y, "text-anchor": "middle" }, text);
    });
    paper.add("circle", { class: "dot", r: 5.5, cx: x, cy: at.down(before) });
    const label = `gain ${format.number(before - after, 3)}`;
    const right = x - box.left < 90; // on the left there are fewer branches in the way
    const middle = (at.down(before) + at.down(after)) / 2 + 4;
    paper.add("text", { class: "amount strong halo", x: right ? x + 8 : x - 8, y: middle, "text-anchor": right ? "start" : "end" }, label);
    return paper.svg;
  }

  function sentence(made, gain, data) {
    const { number, percent } = widgets.format;
    const used = made.raw.filter((row) => sum(row) > 0).length;
    const whole = data.classes.map((_, k) => sum(made.raw.map((row) => row[k])));
    if (used === 0) return `There are no ${data.things}, so there is nothing to ask.`;
    const missing = whole.findIndex((count) => count === 0);
    if (missing >= 0) return `All ${data.things} are ${data.classes[1 - missing]}: nothing is open, and no question can tell anything.`;
    if (used === 1) return `All ${data.things} give the same answer, so it tells nothing, and the gain ratio is not defined.`;
    const before = gain + widgets.formulas.meanEntropy(made.table, made.weights);
    if (gain < 1e-12) return `Every branch has the same share of ${data.classes[1]}: the question tells nothing.`;
    if (gain > before - 1e-12) return `The question tells all: it takes away all ${number(before, 3)} bits.`;
    return `The question takes away ${number(gain, 3)} of ${number(before, 3)} bits, ${percent(gain / before, 0)} of what is open.`;
  }

  widgets.views.split = function (values, data, width) {
    const { informationGain, meanEntropy, splitInformation, gainRatio } = widgets.formulas;
    const { number } = widgets.format;
    const made = posed(values, data);
    const gain = informationGain(made.table, made.weights);
    const shares = splitInformation(made.table);
    return {
      picture: drawn(made, data, width),
      figures: [
        ["entropy before", "信息熵", `${number(gain + meanEntropy(made.table, made.weights), 3)} bits`],
        ["information gain", "信息增益", `${number(gain, 3)} bits`],
        ["split information", "", `${number(shares, 3)} bits`],
        ["gain ratio", "信息增益率", shares > 1e-12 ? number(gainRatio(made.table, made.weights), 3) : "not defined"],
      ],
      sentence: sentence(made, gain, data),
    };
  };
})();
