/* Turns the numbers a page carries into sliders, figures and a sentence; redraws at every move.

   A view is a function (values, data, width) that returns
   { picture: SVG, figures: [[name, Chinese, text], ...], sentence: text }. */
(function () {
  "use strict";
  const widgets = (window.crmWidgets = window.crmWidgets || { formulas: {}, views: {} });

  function make(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  /* English, then the Chinese key term marked as Chinese, so that it is read aloud as such. */
  function bilingual(parent, text, zh) {
    parent.append(text);
    if (!zh) return;
    const term = make("span", "crm-widget-zh", zh);
    term.lang = "zh-CN";
    parent.append(" ", term);
  }

  function written(value, control, currency) {
    const { number, money, percent } = widgets.format;
    if (control.unit === "percent") return percent(value, control.step < 0.01 ? 1 : 0);
    if (control.unit === "money") return money(value, currency);
    return number(value, Number.isInteger(control.step) && Number.isInteger(value) ? 0 : 1);
  }

  function slider(control, id, currency, moved) {
    const row = make("div", "crm-widget-control");
    const label = make("label");
    label.htmlFor = id;
    bilingual(label, control.label, control.zh);
    const shown = make("span", "crm-widget-value");
    shown.setAttribute("aria-hidden", "true"); // a screen reader hears it from the slider
    const input = make("input");
    Object.assign(input, { type: "range", id, name: control.name, min: control.low, max: control.high });
    input.step = control.step;
    row.append(label, shown, input);
    const show = (value) => {
      const text = written(value, control, currency);
      shown.textContent = text;
      input.setAttribute("aria-valuetext", text);
    };
    const set = (value) => {
      input.value = value;
      show(value);
    };
    input.addEventListener("input", () => {
      show(Number(input.value));
      moved(control.name, Number(input.value));
    });
    return { row, input, set };
  }

  function choice(control, id, currency, moved) {
    const row = make("div", "crm-widget-control");
    const label = make("label");
    label.htmlFor = id;
    bilingual(label, control.label, control.zh);
    const input = make("select");
    Object.assign(input, { id, name: control.name });
    control.choices.forEach((text, at) => input.add(new Option(text, at)));
    input.addEventListener("change", () => moved(control.name, Number(input.value)));
    row.append(label, input);
    return { row, input, set: (value) => (input.value = value) };
  }

  function list(figures) {
    return figures.map(([name, zh, text]) => {
      const pair = make("div");
      const term = make("dt");
      bilingual(term, name, zh);
      pair.append(term, make("dd", "", text));
      return pair;
    });
  }

  function build(figure, place) {
    const data = JSON.parse(figure.querySelector("script").textContent);
    const view = widgets.views[figure.dataset.widget];
    if (!view) return;
    const start = Object.fromEntries(data.controls.map((one) => [one.name, one.value]));
    let values = { ...start };

    const live = make("div", "crm-widget-live");
    const canvas = make("div", "crm-widget-picture");
    const figures = make("dl", "crm-widget-figures");
    const sentence = make("output", "crm-widget-sentence");
    sentence.setAttribute("aria-live", "polite");
    const board = make("div", "crm-widget-controls");
    board.setAttribute("role", "group");
    board.setAttribute("aria-label", `Sliders: ${data.title}`);

    const redraw = () => {
      const width = Math.floor(canvas.clientWidth) || 320;
      const drawn = view(values, data, width);
      canvas.replaceChildren(drawn.picture);
      figures.replaceChildren(...list(drawn.figures));
      if (sentence.textContent !== drawn.sentence) sentence.textContent = drawn.sentence;
    };
    const moved = (name, value) => {
      values = { ...values, [name]: value };
      redraw();
    };
    const parts = data.controls.map((control, at) => {
      const kind = control.choices.length ? choice : slider;
      return kind(control, `crm-widget-${place}-${at}`, data.currency, moved);
    });
    sentence.htmlFor = parts.map((part) => part.input.id).join(" ");
    const reset = () => {
      values = { ...start };
      parts.forEach((part, at) => part.set(data.controls[at].value));
      redraw();
    };
    const button = make("button", "", "Back to the start");
    button.type = "button";
    button.addEventListener("click", reset);

    board.append(...parts.map((part) => part.row), button);
    const shown = make("div", "crm-widget-shown");
    shown.append(canvas, sentence);
    live.append(figures, shown, board);
    figure.querySelector(".crm-widget-static").hidden = true;
    figure.append(live);
    reset();
    // A turned phone, a sidebar that opens: draw again in the new width.
    let drawnAt = canvas.clientWidth;
    new ResizeObserver(() => {
      if (Math.abs(canvas.clientWidth - drawnAt) < 1) return;
      drawnAt = canvas.clientWidth;
      redraw();
    }).observe(canvas);
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("figure.crm-widget").forEach(build);
  });
})();
