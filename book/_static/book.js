// A formula that is wider than its place scrolls there; a keyboard reaches what scrolls.
addEventListener("load", () => {
  for (const formula of document.querySelectorAll("div.math")) {
    if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
  }
});

// The theme closes its search on Escape and forgets where the reader was: lead the focus back.
(() => {
  let before = null;
  const inSearch = (at) => at.closest?.(".search-button__wrapper");
  document.addEventListener("focusin", (event) => {
    if (!inSearch(event.target)) before = event.target;
  });
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && inSearch(event.target)) setTimeout(() => before?.focus());
  }, true);
})();
