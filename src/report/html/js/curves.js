// Curves over residues: confidence and deviation.

const MARGIN = { left: 40, right: 8, top: 8, bottom: 22 };

/** The name of a residue by its place in a structure. */
function residueNames(chains) {
  const names = [];
  for (const run of chains) {
    for (let index = 0; index < run.count; index += 1) names.push(`${run.chain}${run.first + index}`);
  }
  return names;
}

/** Where another chain begins, with its name. */
function chainStarts(chains) {
  const starts = [];
  let residue = 0;
  let last = null;
  for (const run of chains) {
    if (run.chain !== last) starts.push([residue, run.chain]);
    last = run.chain;
    residue += run.count;
  }
  return starts;
}

/** Round numbers between 0 and a greatest value. */
function ticks(greatest) {
  const raw = greatest / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
  return Array.from({ length: Math.floor(greatest / step + 1e-9) + 1 }, (_, index) => index * step);
}

/** A figure of curves. `series`: name, colour and values; `limit`: what is allowed, if anything. */
function curveFigure({ title, unit, series, chains, greatest, limit }) {
  const names = residueNames(chains);
  const starts = chainStarts(chains);
  const residues = Math.max(...series.map((one) => one.values.length));
  let chosen = null;
  const x = (index, width) => MARGIN.left + ((index + 0.5) / residues) * (width - MARGIN.left - MARGIN.right);
  const draw = (context, width, height, colour) => {
    const bottom = height - MARGIN.bottom;
    const y = (value) => bottom - (Math.min(value, greatest) / greatest) * (bottom - MARGIN.top);
    context.clearRect(0, 0, width, height);
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const tick of ticks(greatest)) {
      context.fillStyle = colour("grid");
      context.fillRect(MARGIN.left, Math.round(y(tick)), width - MARGIN.left - MARGIN.right, 1);
      context.fillStyle = colour("ink-3");
      context.fillText(show(tick), MARGIN.left - 6, y(tick));
    }
    context.textAlign = "left";
    for (const [residue, chain] of starts) {
      const left = x(residue - 0.5, width);
      context.fillStyle = colour("line");
      if (residue > 0) context.fillRect(left, MARGIN.top, 1, bottom - MARGIN.top);
      context.fillStyle = colour("ink-3");
      context.fillText(chain, left + 2, height - 9);
    }
    context.textAlign = "right";
    context.fillText(names[names.length - 1] || "", width - MARGIN.right, height - 9);
    if (limit !== null && limit !== undefined && limit <= greatest) {
      context.fillStyle = colour("limit");
      for (let left = MARGIN.left; left < width - MARGIN.right; left += 8) context.fillRect(left, y(limit), 4, 1);
    }
    for (const one of series) {
      context.strokeStyle = context.fillStyle = colour(one.colour);
      context.lineWidth = one.thick ? 2 : 1.5;
      context.lineJoin = "round";
      context.beginPath();
      let joined = false;
      one.values.forEach((value, index) => {
        const sound = Number.isFinite(value);
        if (sound && joined) context.lineTo(x(index, width), y(value));
        else if (sound) context.moveTo(x(index, width), y(value));
        joined = sound;
      });
      context.stroke();
    }
    if (chosen !== null) {
      context.fillStyle = colour("ink-3");
      context.fillRect(x(chosen, width), MARGIN.top, 1, bottom - MARGIN.top);
      for (const one of series) {
        const value = one.values[chosen];
        if (!Number.isFinite(value)) continue;
        context.fillStyle = colour(one.colour);
        context.beginPath();
        context.arc(x(chosen, width), y(value), 4, 0, 2 * Math.PI);
        context.fill();
      }
    }
  };
  const canvas = surface(170, `${title} of ${residues} residues`, draw);
  const readout = el("output", { class: "readout" });
  onPlace(canvas, (place) => {
    chosen = null;
    if (place) {
      const share = (place[0] - MARGIN.left) / (place[2] - MARGIN.left - MARGIN.right);
      chosen = Math.min(residues - 1, Math.max(0, Math.floor(share * residues)));
    }
    const told = (one) => `${series.length > 1 ? `${one.name} ` : ""}${show(rounded(one.values[chosen]))}${unit}`;
    readout.textContent = chosen === null ? "" : `${names[chosen] || chosen + 1}: ${series.map(told).join(", ")}`;
    canvas.redraw();
  });
  const keys = series.length > 1 && series.map((one) => el("span", { class: "key", style: `--key:var(--${one.colour})` }, one.name));
  const allowed = limit !== null && limit !== undefined && el("span", { class: "key", style: "--key:var(--limit)" }, `allowed ${show(limit)}${unit}`);
  return el("figure", {}, el("figcaption", {}, title, keys, allowed), canvas, readout);
}

/** Of a 32-bit number, the digits that it has. */
function rounded(value) {
  return value === undefined || Number.isNaN(value) ? "no number" : Number(value.toPrecision(6));
}
