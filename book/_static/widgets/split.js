/* Entropy, information gain and gain ratio: the formulas of crmlib.tree. */
(function () {
  "use strict";
  const widgets = (window.crmWidgets = window.crmWidgets || { formulas: {}, views: {} });
  /* Below this a gain is rounding, not information. */
  const TINY = 1e-12;

  const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);

  /* The (weighted) entropy of class counts in bits, -sum w_k p_k log2 p_k; 0 of nothing. */
  function entropy(counts, weights) {
    const total = sum(counts);
    if (total === 0) return 0;
    const terms = counts.map((count, k) => {
      const share = count / total;
      return share > 0 ? -(weights ? weights[k] : 1) * share * Math.log2(share) : 0;
    });
    return sum(terms) + 0;
  }

  /* What a question tells: the entropy of all less the mean entropy of the branches. */
  function informationGain(table, weights) {
    const total = sum(table.map(sum));
    if (total === 0) return 0;
    const whole = table[0].map((_, k) => sum(table.map((row) => row[k])));
    return entropy(whole, weights) - meanEntropy(table, weights);
  }

  function meanEntropy(table, weights) {
    const total = sum(table.map(sum));
    return total === 0 ? 0 : sum(table.map((row) => (sum(row) / total) * entropy(row, weights)));
  }

  /* The entropy of the branches' shares. */
  function splitInformation(table) {
    return entropy(table.map(sum));
  }

  /* Gain over split information; 0 where nothing is gained or all go one way. */
  function gainRatio(table, weights) {
    const gain = informationGain(table, weights);
    const shares = splitInformation(table);
    return gain > TINY && shares > TINY ? gain / shares : 0;
  }

  Object.assign(widgets.formulas, { entropy, informationGain, meanEntropy, splitInformation, gainRatio });
})();
