// One case in full.

function differences(finding) {
  if (!finding.differences.length) return null;
  const row = (one) =>
    el(
      "tr",
      {},
      el("td", {}, el("code", {}, one.field), one.index && one.index.length ? el("span", { class: "of" }, ` at [${one.index.join(", ")}]`) : null, one.residue ? el("div", { class: "of" }, one.residue) : null),
      el("td", { class: "number" }, show(one.expected)),
      el("td", { class: "number" }, show(one.observed)),
      el("td", { class: "number" }, show(one.allowed)),
    );
  const head = el("tr", {}, el("th", {}, "value"), ["expected", "observed", "allowed"].map((word) => el("th", { class: "number" }, word)));
  return el("div", { class: "scroll" }, el("table", { class: "numbers" }, el("thead", {}, head), el("tbody", {}, finding.differences.map(row))));
}

const LIKELY = "likely cause: ";

function hint(text) {
  const isCause = text.startsWith(LIKELY);
  return el("p", { class: "likely" }, el("strong", {}, isCause ? "Likely cause: " : "Hint: "), isCause ? text.slice(LIKELY.length) : text);
}

function findingView(entry, finding) {
  const place = `${finding.check}${callOf(entry, finding.call)} · ${finding.responsible}`;
  return el(
    "div",
    { class: finding.responsible === "backend" ? "finding" : "finding other" },
    el("p", { class: "where" }, place),
    el("p", { class: "summary" }, finding.summary),
    finding.details.length ? el("ul", {}, finding.details.map((line) => el("li", {}, line))) : null,
    differences(finding),
    finding.likely_cause ? hint(finding.likely_cause) : null,
    finding.hint ? el("p", { class: "summary" }, `Hint: ${finding.hint}`) : null,
    finding.log.length ? el("details", { open: finding.log.length <= 12 }, el("summary", {}, `Log, last ${finding.log.length} lines`), el("pre", {}, finding.log.join("\n"))) : null,
  );
}

function attemptsView(entry) {
  const attempts = entry.attempts;
  const decided = deciding.get(entry);
  if (decided === null || (attempts.length === 1 && !attempts[0].findings.length)) return null;
  const heading = (index) => `Attempt ${index + 1}: ${verdictOf(attempts[index].verdict).word}`;
  const found = (index) => (attempts[index].findings.length ? attempts[index].findings.map((finding) => findingView(entry, finding)) : el("p", {}, "Nothing was wrong."));
  const others = [...attempts.keys()].filter((index) => index !== decided);
  const folded = others.map((index) => el("details", {}, el("summary", {}, heading(index)), found(index)));
  return el("section", {}, el("h3", {}, attempts.length > 1 ? heading(decided) : "Findings"), found(decided), folded);
}

/** How much of what is allowed is used: the mark is the limit, at four fifths of the bar. */
function usedBar(metric) {
  const used = number(metric.used);
  const width = Number.isNaN(used) ? 100 : Math.min(100, Math.max(0, used * 80));
  const kind = metric.verdict === "different" ? "different" : metric.verdict === "indistinguishable" ? "" : "within";
  const percent = used < 10 ? `${show(Math.round(used * 1000) / 10)} %` : `${show(Math.round(used))} ×`;
  const text = Number.isFinite(used) ? percent : String(metric.used);
  return el("div", { class: `used ${kind}` }, el("div", { class: "bar", "aria-hidden": "true" }, el("span", { style: `width:${width}%` })), text);
}

function metricsView(entry) {
  if (!entry.metrics.length) return null;
  const cell = (label, text) => el("td", { class: "number", "data-label": label }, text);
  const row = (metric) =>
    el(
      "tr",
      {},
      el("td", {}, metric.name, metric.unit ? ` (${metric.unit})` : "", el("div", { class: "of" }, `${metric.field} · ${metric.check}${callOf(entry, metric.call)}`)),
      cell("observed", show(metric.observed)),
      cell("noise floor", show(metric.noise_floor)),
      cell("allowed", `${metric.higher_is_better ? "≥" : "≤"} ${show(metric.allowed)}`),
      el("td", {}, usedBar(metric)),
      el("td", {}, String(metric.verdict).replace(/_/g, " ")),
    );
  const head = el("tr", {}, el("th", {}, "metric"), ["observed", "noise floor", "allowed"].map((word) => el("th", { class: "number" }, word)), el("th", {}, "of what is allowed"), el("th", {}, ""));
  const order = { different: 0, "within tolerance": 1, within_tolerance: 1 };
  const rank = (metric) => (order[metric.verdict] === undefined ? 2 : order[metric.verdict]);
  const rows = [...entry.metrics].sort((one, other) => rank(one) - rank(other));
  return el("section", {}, el("h3", {}, "Numbers against noise floor and allowance"), el("div", { class: "scroll" }, el("table", { class: "numbers metrics" }, el("thead", {}, head), el("tbody", {}, rows.map(row)))));
}

const isEmpty = (value) => value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);

function callsView(entry) {
  if (!entry.calls.length) return null;
  const part = (title, value) => (isEmpty(value) ? null : el("div", {}, el("p", { class: "where" }, title), el("pre", {}, json(value))));
  const view = (call) =>
    el("details", {}, el("summary", {}, el("code", {}, call.name), ` (${call.method})`), part("input", call.input), part("options", call.options), part("configuration", call.config));
  return el("section", {}, el("h3", {}, entry.calls.length === 1 ? "Call" : `${entry.calls.length} calls`), entry.calls.map(view));
}

function copyButton(text) {
  const button = el("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = el("textarea", { "aria-hidden": "true", style: "position:fixed;opacity:0" });
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return button;
}

function timesOf(entry) {
  const { wait, start, calls, judge } = entry.seconds;
  const parts = [["calls", calls], ["judging", judge], ["start", start], ["wait", wait]].filter(([, seconds]) => seconds >= 0.0005);
  return parts.map(([name, seconds]) => `${name} ${duration(seconds)}`).join(", ");
}

/** Everything that is known of a case. */
function caseView(entry, close) {
  const verdict = verdictOf(entry.verdict);
  const status = [entry.level, entry.place, timesOf(entry)].filter(Boolean).map((text) => el("span", {}, text));
  return [
    el("p", { class: "back" }, el("button", { type: "button", onclick: close }, "← All cases")),
    el("h2", {}, breakable(entry.name)),
    el("p", { class: "status" }, el("span", { class: `badge ${verdict.tone}` }, `${verdict.mark} ${verdict.word}`), entry.responsible ? el("span", {}, `responsible: ${entry.responsible}`) : null, status),
    entry.reason ? el("p", { class: "reason" }, entry.reason) : null,
    attemptsView(entry),
    entry.notes.map((note) => el("p", { class: "note" }, note)),
    el("div", { class: "command" }, el("code", {}, entry.reproduce), copyButton(entry.reproduce)),
    ...plotSections(entry),
    metricsView(entry),
    callsView(entry),
    entry.checks.length ? el("section", {}, el("h3", {}, "Checks"), el("ul", { class: "tags" }, entry.checks.map((check) => el("li", {}, check)))) : null,
  ].flat().filter(Boolean);
}
