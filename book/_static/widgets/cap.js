/* What winning a customer back may cost: the formulas of crmlib.recovery. */
(function () {
  "use strict";
  const widgets = (window.crmWidgets = window.crmWidgets || { formulas: {}, views: {} });

  /* The most that may be spent for certain: (p1 - p0) B / (1 + h) - p1 o, or 0. */
  function costCap({ benefit, chance, unasked = 0, offerCost = 0, hurdle = 0 }) {
    return Math.max(((chance - unasked) * benefit) / (1 + hurdle) - chance * offerCost, 0);
  }

  /* The expected net value of making the offer: (p1 - p0) B - p1 o - c. */
  function netValue({ benefit, chance, unasked = 0, offerCost = 0, contactCost = 0 }) {
    return (chance - unasked) * benefit - (chance * offerCost + contactCost);
  }

  /* The dearest offer that still pays; 0 where none does, or nobody would come back. */
  function offerCap({ benefit, chance, unasked = 0, contactCost = 0, hurdle = 0 }) {
    if (chance <= 0) return 0;
    return Math.max((((chance - unasked) * benefit) / (1 + hurdle) - contactCost) / chance, 0);
  }

  /* The caps of the five questions, one after another. */
  function capSteps({ benefit, chance, unasked, offerCost, hurdle }) {
    return [
      benefit,
      costCap({ benefit, chance }),
      costCap({ benefit, chance, unasked }),
      costCap({ benefit, chance, unasked, offerCost }),
      costCap({ benefit, chance, unasked, offerCost, hurdle }),
    ];
  }

  Object.assign(widgets.formulas, { costCap, netValue, offerCap, capSteps });
})();
