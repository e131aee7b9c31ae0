/* Looks a plan up among those crmlib.recovery.plan made for the page; nothing is interpolated. */
(function () {
  "use strict";
  const widgets = (window.crmWidgets = window.crmWidgets || { formulas: {}, views: {} });

  function nearest(steps, value) {
    let found = 0;
    steps.forEach((step, at) => {
      if (Math.abs(step - value) < Math.abs(steps[found] - value)) found = at;
    });
    return found;
  }

  function planAt(data, budget, effect) {
    const row = data.plans[nearest(data.effects, effect)];
    const at = nearest(data.budgets, budget);
    return {
      budget: data.budgets[at],
      value: row.value[at],
      cost: row.cost[at],
      price: row.price[at],
      customers: row.customers[at],
    };
  }

  /* Budget and net value of every plan made for one effect. */
  function budgetCurve(data, effect) {
    const row = data.plans[nearest(data.effects, effect)];
    return data.budgets.map((budget, at) => [budget, row.value[at]]);
  }

  Object.assign(widgets.formulas, { planAt, budgetCurve });
})();
