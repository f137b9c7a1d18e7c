// Maps: aligned errors of pairs of residues on both sides and their difference, and cosines of vectors of residues.

const QUARTER = 0.25;
const NO_NUMBER = 255;

/** Paints cells into a canvas, one pixel a cell, enlarged without blur. */
function paint(context, columns, rows, width, height, colourOf) {
  const image = new ImageData(columns, rows);
  for (let cell = 0; cell < columns * rows; cell += 1) {
    const parts = colourOf(cell);
    image.data.set(parts ? [...parts, 255] : [0, 0, 0, 0], 4 * cell);
  }
  const small = document.createElement("canvas");
  small.width = columns;
  small.height = rows;
  small.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, width, height);
  context.drawImage(small, 0, 0, width, height);
}

/** The maps of aligned errors of a structure. */
function pairFigure(maps, chains) {
  const names = residueNames(chains);
  const { size, residues } = maps;
  const expected = bytesOf(maps.expected);
  const observed = bytesOf(maps.observed);
  const sound = (cell) => expected[cell] !== NO_NUMBER && observed[cell] !== NO_NUMBER;
  let greatest = 4;
  let widest = 4;
  for (let cell = 0; cell < size * size; cell += 1) {
    for (const level of [expected[cell], observed[cell]]) if (level !== NO_NUMBER) greatest = Math.max(greatest, level);
    if (sound(cell)) widest = Math.max(widest, Math.abs(observed[cell] - expected[cell]));
  }
  const readout = el("output", { class: "readout" });
  const angstrom = (level) => (level === NO_NUMBER ? "no number" : `${(level * QUARTER).toFixed(2)} Å`);
  const nameAt = (index) => {
    const first = Math.ceil((index * residues) / size);
    const last = Math.ceil(((index + 1) * residues) / size) - 1;
    const name = (residue) => names[residue] || String(residue + 1);
    return first >= last ? name(first) : `${name(first)}…${name(last)}`;
  };
  const tell = (place) => {
    readout.textContent = "";
    if (!place) return;
    const at = (offset, length) => Math.min(size - 1, Math.max(0, Math.floor((offset / length) * size)));
    const [column, row] = [at(place[0], place[2]), at(place[1], place[3])];
    const cell = row * size + column;
    const apart = (observed[cell] - expected[cell]) * QUARTER;
    const change = sound(cell) ? `, difference ${apart > 0 ? "+" : ""}${apart.toFixed(2)} Å` : "";
    readout.textContent = `${nameAt(row)} × ${nameAt(column)}: reference ${angstrom(expected[cell])}, result ${angstrom(observed[cell])}${change}`;
  };
  const map = (title, colourOf) => {
    const canvas = surface(0, title, (context, width, height, colour) => {
      paint(context, size, size, width, height, colourOf(colour));
      context.strokeStyle = colour("line");
      context.strokeRect(0.5, 0.5, width - 1, height - 1);
    });
    onPlace(canvas, tell);
    return el("div", {}, el("p", {}, title), canvas);
  };
  const levels = (values) => (colour) => {
    const [low, high] = [rgb(colour("ramp-low")), rgb(colour("ramp-high"))];
    return (cell) => (values[cell] === NO_NUMBER ? null : mix(high, low, values[cell] / greatest));
  };
  const difference = (colour) => {
    const [less, middle, more] = [rgb(colour("less")), rgb(colour("middle")), rgb(colour("more"))];
    return (cell) => {
      if (!sound(cell)) return null;
      const share = (observed[cell] - expected[cell]) / widest;
      return mix(middle, share < 0 ? less : more, Math.abs(share));
    };
  };
  const averaged = residues > size ? ` (${residues} residues, averaged to ${size} × ${size})` : "";
  return el(
    "figure",
    { class: "wide" },
    el("figcaption", {}, `Predicted aligned error${averaged}`),
    el("div", { class: "maps" }, map("reference", levels(expected)), map("result", levels(observed)), map("difference", difference)),
    readout,
    ramp(["ramp-high", "ramp-low"], "0 Å", angstrom(greatest)),
    ramp(["less", "middle", "more"], `−${angstrom(widest)}`, `+${angstrom(widest)}`),
  );
}

/** The least and the greatest exponent of the scale of 1 − cosine. */
const EXPONENTS = [-7, 0];

/** The heat map of cosines: a row for each sample, a column for each residue. */
function cosineFigure(field, plot) {
  const { columns } = plot;
  const gaps = floatsOf(plot.gaps);
  const rows = plot.residues.length;
  let worst = -1;
  gaps.forEach((gap, cell) => {
    if (Number.isFinite(gap) && (worst < 0 || gap > gaps[worst])) worst = cell;
  });
  const told = (cell) => {
    const gap = gaps[cell];
    if (!Number.isFinite(gap)) return (cell % columns) < plot.residues[Math.floor(cell / columns)] ? "no number" : "padding";
    return `1 − cosine ${show(rounded(gap))}`;
  };
  const place = (cell) => `${rows > 1 ? `sample ${Math.floor(cell / columns) + 1}, ` : ""}residue ${(cell % columns) + 1}`;
  const usual = worst < 0 ? "" : `worst: ${place(worst)}, ${told(worst)}`;
  const readout = el("output", { class: "readout" }, usual);
  const height = Math.min(320, Math.max(36, rows * 18));
  const canvas = surface(height, `cosines of ${field}`, (context, width, own, colour) => {
    const [low, high] = [rgb(colour("ramp-low")), rgb(colour("far"))];
    paint(context, columns, rows, width, own, (cell) => {
      const gap = gaps[cell];
      if (!Number.isFinite(gap)) return null;
      const exponent = Math.log10(Math.max(gap, 10 ** EXPONENTS[0]));
      return mix(low, high, (exponent - EXPONENTS[0]) / (EXPONENTS[1] - EXPONENTS[0]));
    });
    context.strokeStyle = colour("line");
    context.strokeRect(0.5, 0.5, width - 1, own - 1);
  });
  onPlace(canvas, (at) => {
    if (!at) {
      readout.textContent = usual;
      return;
    }
    const column = Math.min(columns - 1, Math.max(0, Math.floor((at[0] / at[2]) * columns)));
    const row = Math.min(rows - 1, Math.max(0, Math.floor((at[1] / at[3]) * rows)));
    readout.textContent = `${place(row * columns + column)}: ${told(row * columns + column)}`;
  });
  const cut = Math.max(...plot.residues) > columns ? ` (the first ${columns} residues)` : "";
  return el(
    "figure",
    { class: "wide" },
    el("figcaption", {}, `Cosine of ${field} to the reference, residue by residue${cut}`),
    canvas,
    readout,
    ramp(["ramp-low", "far"], "1 − cosine ≤ 1e-7", "1"),
  );
}
