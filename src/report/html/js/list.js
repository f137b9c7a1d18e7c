// The list of cases: what is shown of them, in which order, and rows that are made as they come into view.

const PIECE = 100;
const filters = { query: "", verdict: "", model: "", suite: "", level: "", order: "wrong", cause: null };
const listNode = document.getElementById("list");
const haystacks = new Map();
let shownCases = [];
let rowsMade = 0;
let currentCase = null;

function haystack(index) {
  if (!haystacks.has(index)) {
    const entry = cases[index];
    const words = [entry.name, entry.reason || "", entry.responsible || "", ...findingsOf(entry).map((one) => `${one.check} ${one.summary} ${one.likely_cause || ""}`)];
    haystacks.set(index, words.join("\n").toLowerCase());
  }
  return haystacks.get(index);
}

function matchesOthers(index, left) {
  const entry = cases[index];
  const same = ["model", "suite", "level"].every((key) => !filters[key] || entry[key] === filters[key]);
  if (!same || (filters.cause !== null && !filters.cause.has(index))) return false;
  if (left !== "verdict" && filters.verdict && entry.verdict !== filters.verdict) return false;
  return left === "query" || filters.query.toLowerCase().split(/\s+/).every((word) => !word || haystack(index).includes(word));
}

function ordered(indices) {
  if (filters.order === "slow") return indices.sort((one, other) => elapsedOf(cases[other]) - elapsedOf(cases[one]));
  const rank = Object.keys(VERDICTS);
  const place = (index) => {
    const found = rank.indexOf(cases[index].verdict);
    return found < 0 ? 0 : found;
  };
  return filters.order === "wrong" ? indices.sort((one, other) => place(one) - place(other) || one - other) : indices;
}

const addressOf = (index) => `#case=${encodeURIComponent(cases[index].name)}`;

function row(index) {
  const entry = cases[index];
  const verdict = verdictOf(entry.verdict);
  const parts = entry.name.split("::");
  const last = parts.pop();
  const why = reasonOf(entry);
  return el(
    "li",
    {},
    el(
      "a",
      { href: addressOf(index), "data-index": index, "aria-current": index === currentCase ? "true" : null },
      el("span", { class: `mark ${verdict.tone}`, title: verdict.word }, verdict.mark),
      el("span", { class: "name" }, parts.length ? el("span", { class: "path" }, breakable(`${parts.join("::")}::`)) : null, breakable(last)),
      el("span", { class: "time" }, entry.attempts.length ? duration(elapsedOf(entry)) : ""),
      why ? el("span", { class: "why" }, why) : null,
    ),
  );
}

function moreRows() {
  const until = Math.min(shownCases.length, rowsMade + PIECE);
  const piece = document.createDocumentFragment();
  for (; rowsMade < until; rowsMade += 1) piece.append(row(shownCases[rowsMade]));
  listNode.append(piece);
  const sentinel = listNode.lastElementChild;
  watcher.disconnect();
  if (rowsMade < shownCases.length && sentinel) watcher.observe(sentinel);
}

const watcher = new IntersectionObserver((seen) => {
  if (seen.some((entry) => entry.isIntersecting)) moreRows();
}, { rootMargin: "600px" });

function chips() {
  const counts = new Map();
  cases.forEach((entry, index) => {
    if (matchesOthers(index, "verdict")) counts.set(entry.verdict, (counts.get(entry.verdict) || 0) + 1);
  });
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const chip = (value, text) =>
    el("button", { type: "button", "aria-pressed": String(filters.verdict === value), onclick: () => choose({ verdict: filters.verdict === value ? "" : value }) }, text);
  const present = Object.keys(VERDICTS).filter((verdict) => counts.has(verdict) || filters.verdict === verdict);
  document.getElementById("verdicts").replaceChildren(
    chip("", `all ${total}`),
    ...present.map((verdict) => chip(verdict, `${VERDICTS[verdict].word} ${counts.get(verdict) || 0}`)),
  );
}

/** Shows the cases that the filters leave. */
function refresh() {
  const all = cases.map((_, index) => index);
  shownCases = ordered(all.filter((index) => matchesOthers(index)));
  rowsMade = 0;
  listNode.replaceChildren();
  listNode.scrollTop = 0;
  if (shownCases.length) moreRows();
  else listNode.append(el("li", { class: "none" }, "No case matches."));
  document.getElementById("shown").textContent = shownCases.length === cases.length ? "" : `${shownCases.length} of ${cases.length} cases`;
  chips();
}

function choose(changes) {
  Object.assign(filters, changes);
  refresh();
}

function fillSelect(key) {
  const select = document.getElementById(key);
  const values = [...new Set(cases.map((entry) => entry[key]))].sort();
  select.replaceChildren(el("option", { value: "" }, "all"), ...values.map((value) => el("option", { value }, value)));
  select.addEventListener("change", () => choose({ [key]: select.value }));
}

/** Marks the case that is open, and makes its row if there is none yet. */
function markCurrent(index) {
  for (const link of listNode.querySelectorAll('[aria-current="true"]')) link.removeAttribute("aria-current");
  currentCase = index;
  const place = shownCases.indexOf(index);
  while (place >= rowsMade && rowsMade < shownCases.length) moreRows();
  const link = index === null ? null : listNode.querySelector(`[data-index="${index}"]`);
  if (link) link.setAttribute("aria-current", "true");
  return link;
}
