// What every other part uses: the data of the page, elements, numbers as text. Foreign text becomes text nodes only, never markup.

const data = JSON.parse(document.getElementById("run-data").textContent);
const run = data.run;
const cases = run.cases;

const VERDICTS = {
  fail: { word: "fail", mark: "✗", tone: "bad", wrong: true },
  error: { word: "error", mark: "!", tone: "warn", wrong: true },
  stale: { word: "stale", mark: "?", tone: "warn", wrong: true },
  xpass: { word: "xpass", mark: "?", tone: "warn", wrong: true },
  pass: { word: "pass", mark: "✓", tone: "good", wrong: false },
  xfail: { word: "xfail", mark: "−", tone: "calm", wrong: false },
  known_upstream: { word: "known upstream", mark: "−", tone: "calm", wrong: false },
  known_failure: { word: "known failure", mark: "−", tone: "warn", wrong: false },
  skip: { word: "skip", mark: "·", tone: "calm", wrong: false },
};

function verdictOf(name) {
  return VERDICTS[name] || { word: String(name), mark: "?", tone: "warn", wrong: true };
}

/** An element with attributes (`on…` are listeners) and children; what is null or false is left out. */
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  const present = children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
  node.append(...present);
  return node;
}

const number = (value) => (typeof value === "number" ? value : Number(String(value).replace("inf", "Infinity")));

/** A number as people read it; words such as NaN as they are. */
function show(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

function duration(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const HARMFUL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** A value of a request as JSON, without characters that change how text is shown. */
function json(value) {
  const text = JSON.stringify(value, null, 2);
  return text.replace(HARMFUL, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A name that may be broken after its separators. */
function breakable(text) {
  return text.split(/(?<=::|_)/).flatMap((part, index) => (index ? [el("wbr"), part] : [part]));
}

/** ` · call NAME` where a case makes several. */
const callOf = (entry, call) => (call && entry.calls.length > 1 ? ` · call ${call}` : "");

/** The index of the attempt that decided, and null for a case that did not run. */
const deciding = new Map(cases.map((entry, index) => [entry, data.deciding[index]]));

/** The findings of the attempt that decided. */
function findingsOf(entry) {
  const index = deciding.get(entry);
  return index === null ? [] : entry.attempts[index].findings;
}

/** What is wrong with a case, in a line. */
function reasonOf(entry) {
  const findings = findingsOf(entry);
  const own = findings.find((finding) => finding.responsible === entry.responsible) || findings[0];
  return own ? own.summary : entry.reason || "";
}

const elapsedOf = (entry) => entry.seconds.calls + entry.seconds.judge;
