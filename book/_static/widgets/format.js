/* How numbers are written, as the pages write them: 1,047 yuan, $6.90, 38.7 %, −3. */
(function () {
  "use strict";
  const widgets = (window.crmWidgets = window.crmWidgets || { formulas: {}, views: {} });

  function number(value, digits) {
    const text = Math.abs(value).toLocaleString("en-US", {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    return value < 0 && /[1-9]/.test(text) ? "−" + text : text;
  }

  function money(amount, currency) {
    if (!Number.isFinite(amount)) return "no limit";
    const whole = Math.abs(amount) >= 100 || Math.abs(amount - Math.round(amount)) < 1e-6;
    const text = number(Math.abs(amount), whole ? 0 : 2);
    const sign = amount < 0 && /[1-9]/.test(text) ? "−" : "";
    return /^[A-Za-z]+$/.test(currency) ? `${sign}${text} ${currency}` : `${sign}${currency}${text}`;
  }

  function percent(share, digits) {
    return number(100 * share, digits) + " %";
  }

  widgets.format = { number, money, percent };
})();
