/* Whom a threshold calls, and what the calls earn: the formulas of crmlib.profit. */
(function () {
  "use strict";
  const widgets = (window.crmWidgets = window.crmWidgets || { formulas: {}, views: {} });

  /* Scores come exact, as the bytes of 64-bit floats, highest first; labels as 0 and 1. */
  function unpack({ scores, left }) {
    const bytes = Uint8Array.from(atob(scores), (letter) => letter.charCodeAt(0));
    const leavers = [0]; // leavers among the first k
    for (const label of left) leavers.push(leavers[leavers.length - 1] + (label === "1" ? 1 : 0));
    return { scores: new Float64Array(bytes.buffer), leavers };
  }

  /* Who is called at a threshold, of leavers and of stayers. */
  function called({ scores, leavers }, threshold) {
    let low = 0;
    let high = scores.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (scores[middle] >= threshold) low = middle + 1;
      else high = middle;
    }
    return counts({ scores, leavers }, low);
  }

  function counts({ scores, leavers }, first) {
    const all = leavers[scores.length];
    return {
      customers: scores.length,
      found: leavers[first],
      missed: all - leavers[first],
      bothered: first - leavers[first],
      alone: scores.length - all - (first - leavers[first]),
    };
  }

  /* Profit per customer of the base: g (V - d) - c for a leaver called, -(d + c) for a stayer. */
  function profit({ customers, found, bothered }, { value, success, gift, contact }) {
    if (customers === 0) return 0;
    const gain = found * (success * (value - gift) - contact);
    return (gain - bothered * (gift + contact)) / customers;
  }

  /* The risk from which a call pays, (c + d) / (g (V - d) + d); infinite where none does. */
  function costThreshold({ value, success, gift, contact }) {
    const gain = success * (value - gift) + gift;
    return gain > 0 ? (contact + gift) / gain : Infinity;
  }

  /* The best threshold in hindsight: { profit, threshold }; calling nobody is always possible. */
  function best(model, account) {
    let found = { profit: 0, threshold: Infinity };
    const { scores } = model;
    for (let first = 1; first <= scores.length; first += 1) {
      // Customers with the same score are called together.
      if (first < scores.length && scores[first] === scores[first - 1]) continue;
      const earned = profit(counts(model, first), account);
      if (earned > found.profit) found = { profit: earned, threshold: scores[first - 1] };
    }
    return found;
  }

  Object.assign(widgets.formulas, { unpack, called, profit, costThreshold, best });
})();
