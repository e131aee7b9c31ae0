/* Small helpers to draw in SVG: elements, scales, round marks on an axis. Sizes are real pixels, so
   that text on a phone is as large as anywhere. */
(function () {
  "use strict";
  const widgets = (window.crmWidgets = window.crmWidgets || { formulas: {}, views: {} });
  const SVG = "http://www.w3.org/2000/svg";

  function element(name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  /* A drawing with `add(name, attributes, text)`; `label` says what kind of picture it is. */
  function picture(width, height, label) {
    const svg = element("svg", {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: "img",
      "aria-label": label,
    });
    const add = (name, attributes, text) => svg.appendChild(element(name, attributes, text));
    return { svg, add };
  }

  function scale(low, high, from, to) {
    const span = high - low || 1;
    return (value) => from + ((value - low) / span) * (to - from);
  }

  /* Round numbers between low and high, about `count` of them. */
  function marks(low, high, count) {
    const rough = (high - low || 1) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((size) => size >= rough * 0.999);
    const found = [];
    for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) {
      found.push(at * step);
    }
    return found;
  }

  /* Axes of a plot in the box {left, right, top, bottom}: marks, faint lines, names. */
  function axes(paper, box, x, y) {
    const down = scale(y.low, y.high, box.bottom, box.top);
    const across = scale(x.low, x.high, box.left, box.right);
    for (const at of marks(y.low, y.high, 4)) {
      const height = down(at);
      paper.add("line", { class: "grid", x1: box.left, x2: box.right, y1: height, y2: height });
      paper.add("text", { class: "tick", x: box.left - 6, y: height + 4, "text-anchor": "end" }, y.text(at));
    }
    for (const at of marks(x.low, x.high, box.right - box.left < 330 ? 4 : 6)) {
      paper.add("text", { class: "tick", x: across(at), y: box.bottom + 19, "text-anchor": "middle" }, x.text(at));
    }
    paper.add("line", { class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom });
    const middle = (box.left + box.right) / 2;
    paper.add("text", { class: "name", x: middle, y: box.bottom + 38, "text-anchor": "middle" }, x.name);
    paper.add("text", { class: "name", x: 0, y: 12 }, y.name);
    return { across, down };
  }

  function path(points) {
    return points.map(([x, y], at) => `${at ? "L" : "M"}${x.toFixed(2)},${y.toFixed(2)}`).join("");
  }

  /* A text that stays inside the drawing, however far to one side its place is. */
  function inside(x, text, width) {
    const half = text.length * 3.5;
    return Math.min(Math.max(x, half), width - half);
  }

  widgets.draw = { picture, scale, marks, axes, path, inside };
})();
