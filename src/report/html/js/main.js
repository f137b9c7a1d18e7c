// Puts the parts together: addresses, keys, filters, theme.

const detailNode = document.getElementById("detail");
const CAUSES = 6;
const isNarrow = () => window.matchMedia("(max-width: 56rem)").matches;

function closeCase() {
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  followAddress();
}

function openCase(index) {
  clearSurfaces();
  const link = markCurrent(index);
  detailNode.replaceChildren(...(index === null ? [] : caseView(cases[index], closeCase)));
  detailNode.classList.toggle("open", index !== null);
  document.body.style.overflow = index !== null && isNarrow() ? "hidden" : "";
  detailNode.scrollTop = 0;
  return link;
}

/** Opens the case that the address names; without one, on a wide page, the first. */
function followAddress() {
  const match = /^#case=(.*)$/.exec(location.hash);
  if (match) {
    let name = match[1];
    try {
      name = decodeURIComponent(name);
    } catch {
      // An address that is not encoded is taken as it is.
    }
    const index = cases.findIndex((entry) => entry.name === name);
    openCase(index < 0 ? null : index);
    return;
  }
  openCase(isNarrow() || !shownCases.length ? null : shownCases[0]);
}

/** Moves the focus by rows of the list. */
function move(step) {
  const focused = document.activeElement && document.activeElement.closest ? document.activeElement.closest("#list a") : null;
  const from = focused ? shownCases.indexOf(Number(focused.dataset.index)) : shownCases.indexOf(currentCase);
  const to = Math.min(shownCases.length - 1, Math.max(0, from + step));
  while (to >= rowsMade && rowsMade < shownCases.length) moreRows();
  const link = listNode.querySelector(`[data-index="${shownCases[to]}"]`);
  if (link) link.focus();
}

const queryNode = document.getElementById("query");

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement ? document.activeElement.tagName : "");
  if (event.key === "Escape") {
    if (document.activeElement === queryNode && queryNode.value) {
      queryNode.value = "";
      choose({ query: "" });
    } else if (isTyping) {
      document.activeElement.blur();
    } else {
      const back = currentCase;
      closeCase();
      const link = listNode.querySelector(`[data-index="${back}"]`);
      if (link) link.focus();
    }
    return;
  }
  if (isTyping) {
    if (event.key === "Enter" && document.activeElement === queryNode && shownCases.length) location.hash = addressOf(shownCases[0]);
    return;
  }
  const keys = { "/": () => queryNode.focus(), j: () => move(1), k: () => move(-1) };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
}

function stored(change) {
  try {
    if (change !== undefined) localStorage.setItem("hydrotest-theme", change);
    return localStorage.getItem("hydrotest-theme") || "auto";
  } catch {
    return change || "auto";
  }
}

function setUpTheme() {
  const button = document.getElementById("theme");
  const themes = ["auto", "light", "dark"];
  let theme = themes.includes(stored()) ? stored() : "auto";
  const apply = () => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    redrawAll();
  };
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    stored(theme);
    apply();
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
  button.hidden = false;
  apply();
}

function setUpCauses() {
  const buttons = [...document.querySelectorAll("[data-cause]")];
  for (const button of buttons) {
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      const wasChosen = button.getAttribute("aria-pressed") === "true";
      for (const other of buttons) other.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-pressed", String(!wasChosen));
      choose({ cause: wasChosen ? null : new Set(data.causes[Number(button.dataset.cause)]) });
      if (!wasChosen) {
        if (!isNarrow() && shownCases.length) location.hash = addressOf(shownCases[0]);
        document.getElementById("cases").scrollIntoView({ block: "start" });
      }
    });
  }
}

/** Long lists of causes begin with the largest ones. */
function foldCauses() {
  const items = [...document.querySelectorAll(".causes li")].slice(CAUSES);
  if (items.length < 2) return;
  for (const item of items) item.hidden = true;
  const more = el("button", { type: "button", class: "more" }, `${items.length} more causes`);
  more.addEventListener("click", () => {
    for (const item of items) item.hidden = false;
    more.remove();
  });
  document.querySelector(".causes").append(more);
}

document.getElementById("cases").hidden = false;
for (const key of ["model", "suite", "level"]) fillSelect(key);
document.getElementById("order").addEventListener("change", (event) => choose({ order: event.target.value }));
queryNode.addEventListener("input", () => choose({ query: queryNode.value }));
document.addEventListener("keydown", onKey);
window.addEventListener("hashchange", followAddress);
window.addEventListener("popstate", followAddress);
setUpTheme();
setUpCauses();
foldCauses();
refresh();
followAddress();
document.documentElement.dataset.ready = String(Math.round(performance.now()));
