/* Lists the other versions of this page in the sidebar. CRMLIB_VERSIONS comes from ../versions.js:
   [{"version": "0.1.0", "folder": "0.1.0", "home": "book/intro", "pages": ["book/intro", ...]}, ...], newest first. */
(() => {
  const here = document.querySelector('meta[name="crmlib-version"]');
  const list = typeof CRMLIB_VERSIONS === "undefined" ? [] : CRMLIB_VERSIONS;
  const place = document.querySelector(".sidebar-primary-items__start");
  if (!here || !place || list.length < 2) return;
  const root = document.documentElement.dataset.content_root || "./";
  const box = document.createElement("details");
  box.className = "crm-versions";
  const label = document.createElement("summary");
  label.textContent = `Version ${here.content}`;
  const links = document.createElement("ul");
  for (const other of list) {
    const link = document.createElement("a");
    // The same page there, or that version's front page if it has no such page.
    const page = other.pages.includes(here.dataset.page) ? here.dataset.page : other.home;
    link.href = `${root}../${other.folder}/${page}.html`;
    link.textContent = other.version;
    if (other.version === here.content) link.setAttribute("aria-current", "true");
    links.append(document.createElement("li"));
    links.lastChild.append(link);
  }
  box.append(label, links);
  place.append(box);
})();
