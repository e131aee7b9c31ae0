/* The cost cap as bars, one a question; a line marks what the contact costs. */
(function () {
  "use strict";
  const widgets = window.crmWidgets;
  const ROW = 42;

  function drawn(steps, values, data, width) {
    const { draw, format } = widgets;
    const height = steps.length * ROW + 26;
    const paper = draw.picture(width, height, "Bars: the cost cap after each question");
    const most = Math.max(...steps, values.contactCost, 1e-9);
    const across = draw.scale(0, most, 0, width - 84);
    steps.forEach((cap, at) => {
      const top = at * ROW;
      const last = at === steps.length - 1;
      paper.add("text", { class: "label", x: 0, y: top + 13 }, data.steps[at]);
      paper.add("rect", { class: "track", x: 0, y: top + 19, width: across(most), height: 14, rx: 3 });
      const shape = { x: 0, y: top + 19, width: Math.max(across(cap), 0), height: 14, rx: 3 };
      paper.add("rect", { class: last ? "bar strong" : "bar", ...shape });
      const place = { x: across(cap) + 6, y: top + 31, class: last ? "amount strong" : "amount" };
      paper.add("text", place, format.money(cap, data.currency));
    });
    const x = across(values.contactCost);
    const foot = steps.length * ROW;
    steps.forEach((_, at) => {
      paper.add("line", { class: "mark solid", x1: x, x2: x, y1: at * ROW + 16, y2: at * ROW + 36 });
    });
    const text = `contact ${format.money(values.contactCost, data.currency)}`;
    paper.add("text", { class: "marked", x: Math.min(x, width - text.length * 7), y: foot + 12 }, text);
    return paper.svg;
  }

  function sentence(values, cap, data) {
    const say = (amount) => widgets.format.money(amount, data.currency);
    if (values.chance === 0) return "Nobody comes back with this offer, so nothing may be spent on it.";
    if (values.benefit === 0) return "A customer who is back brings nothing, so nothing may be spent.";
    if (values.chance <= values.unasked) {
      return "As many would come unasked: the offer changes nothing, so nothing may be spent on it.";
    }
    if (cap === 0) return "The offer alone costs more than it brings: no contact is cheap enough.";
    const least = `At most ${say(cap)} may be spent for certain.`;
    if (values.contactCost <= cap) {
      return `${least} A contact at ${say(values.contactCost)} pays, with ${say(cap - values.contactCost)} to spare.`;
    }
    return `${least} A contact at ${say(values.contactCost)} is ${say(values.contactCost - cap)} too dear.`;
  }

  widgets.views.cap = function (values, data, width) {
    const { capSteps, netValue, offerCap } = widgets.formulas;
    const steps = capSteps(values);
    const cap = steps[steps.length - 1];
    const say = (amount) => widgets.format.money(amount, data.currency);
    return {
      picture: drawn(steps, values, data, width),
      figures: [
        ["cost cap", "挽救费用上限", say(cap)],
        ["net value of a contact", "", say(netValue(values))],
        ["dearest offer that pays", "", say(offerCap(values))],
      ],
      sentence: sentence(values, cap, data),
    };
  };
})();
