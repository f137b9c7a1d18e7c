// The backbones of result and reference, one laid onto the other, turned by pointer or keys.

/** Pairs of neighbouring residues of one run of a chain. */
function bonds(chains, sides) {
  const found = [];
  let start = 0;
  for (const run of chains) {
    for (let residue = start; residue + 1 < start + run.count; residue += 1) {
      sides.forEach((points, side) => {
        if (Number.isFinite(points[3 * residue]) && Number.isFinite(points[3 * residue + 3])) found.push([residue, side]);
      });
    }
    start += run.count;
  }
  return found;
}

/** The direction in which points are spread most, by repeated multiplication with their covariance. */
function longestAxis(points, centre) {
  const covariance = [0, 1, 2].map(() => [0, 0, 0]);
  for (let at = 0; at < points.length; at += 3) {
    const from = [0, 1, 2].map((axis) => points[at + axis] - centre[axis]);
    if (!from.every(Number.isFinite)) continue;
    for (let row = 0; row < 3; row += 1) for (let column = 0; column < 3; column += 1) covariance[row][column] += from[row] * from[column];
  }
  let axis = [0.6, 0.5, 0.62];
  for (let round = 0; round < 40; round += 1) {
    const next = covariance.map((row) => row[0] * axis[0] + row[1] * axis[1] + row[2] * axis[2]);
    const length = Math.hypot(...next);
    if (!(length > 0)) return [1, 0, 0];
    axis = next.map((part) => part / length);
  }
  return axis;
}

const dot = (one, other) => one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
const cross = (one, other) => [one[1] * other[2] - one[2] * other[1], one[2] * other[0] - one[0] * other[2], one[0] * other[1] - one[1] * other[0]];

/** Rows of a rotation that lays an axis along the screen. */
function facing(axis) {
  const helper = Math.abs(axis[1]) < 0.9 ? [0, 1, 0] : [0, 0, 1];
  const depth = cross(axis, helper);
  const length = Math.hypot(...depth);
  const third = depth.map((part) => part / length);
  return [axis, cross(third, axis), third];
}

/** A rotation followed by turns about the screen's own axes. */
function turned(rows, across, up) {
  const [sin, cos, sinUp, cosUp] = [Math.sin(across), Math.cos(across), Math.sin(up), Math.cos(up)];
  const [x, y, z] = rows;
  const side = x.map((part, index) => cos * part + sin * z[index]);
  const deep = z.map((part, index) => cos * part - sin * x[index]);
  return [side, y.map((part, index) => cosUp * part - sinUp * deep[index]), deep.map((part, index) => cosUp * part + sinUp * y[index])];
}

/** Distance of each residue from its partner, in ångström. */
function deviations(expected, observed) {
  const residues = Math.min(expected.length, observed.length) / 3;
  return Float32Array.from({ length: residues }, (_, residue) => {
    const at = 3 * residue;
    return Math.hypot(observed[at] - expected[at], observed[at + 1] - expected[at + 1], observed[at + 2] - expected[at + 2]);
  });
}

/** The figure of both backbones. */
function backboneFigure(chains, expected, observed, apart) {
  const sides = [expected, observed];
  const lines = bonds(chains, sides);
  const finite = [0, 1, 2].map((axis) => expected.filter((value, index) => index % 3 === axis && Number.isFinite(value)));
  const centre = finite.map((values) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length));
  let reach = 1;
  for (const points of sides) {
    for (let at = 0; at < points.length; at += 3) {
      const far = Math.hypot(points[at] - centre[0], points[at + 1] - centre[1], points[at + 2] - centre[2]);
      if (Number.isFinite(far)) reach = Math.max(reach, far);
    }
  }
  const worst = apart.reduce((most, value) => (value > most ? value : most), 0);
  const scale = Math.max(1, worst);
  const home = facing(longestAxis(expected, centre));
  // As large as both backbones allow at first; a turn may bring a long one out of the frame, but not by much.
  const span = [0, 1].map((axis) => {
    let most = 1;
    for (const points of sides) {
      for (let at = 0; at < points.length; at += 3) {
        const off = Math.abs(dot(home[axis], [points[at] - centre[0], points[at + 1] - centre[1], points[at + 2] - centre[2]]));
        if (off > most) most = off;
      }
    }
    return most;
  });
  let rows = home;
  let zoom = 1;
  const draw = (context, width, height, colour) => {
    context.clearRect(0, 0, width, height);
    const safe = (0.48 * Math.min(width, height)) / reach;
    const fit = zoom * Math.min(2 * safe, (0.47 * width) / span[0], (0.47 * height) / span[1]);
    const placed = sides.map((points) => {
      const seen = new Float32Array(points.length);
      for (let at = 0; at < points.length; at += 3) {
        const from = [points[at] - centre[0], points[at + 1] - centre[1], points[at + 2] - centre[2]];
        seen[at] = width / 2 + fit * dot(rows[0], from);
        seen[at + 1] = height / 2 - fit * dot(rows[1], from);
        seen[at + 2] = dot(rows[2], from);
      }
      return seen;
    });
    const depth = ([residue, side]) => placed[side][3 * residue + 2] + placed[side][3 * residue + 5];
    const ordered = lines.map((line) => [depth(line), line]).sort((one, other) => one[0] - other[0]);
    const [near, far, back, ground] = ["near", "far", "expected", "surface"].map((name) => rgb(colour(name)));
    context.lineCap = "round";
    for (const [deep, [residue, side]] of ordered) {
      const seen = placed[side];
      const at = 3 * residue;
      const fade = 0.45 * (0.5 - deep / (4 * reach));
      const own = side === 0 ? back : mix(near, far, Math.max(apart[residue], apart[residue + 1]) / scale);
      context.strokeStyle = css(mix(own, ground, fade));
      context.lineWidth = side === 0 ? 1.25 : 2.75;
      context.beginPath();
      context.moveTo(seen[at], seen[at + 1]);
      context.lineTo(seen[at + 3], seen[at + 4]);
      context.stroke();
    }
  };
  const canvas = surface(360, `backbones of result and reference, greatest deviation ${show(rounded(worst))} Å`, draw);
  canvas.classList.add("turn");
  canvas.tabIndex = 0;
  const turn = (across, up) => {
    rows = turned(rows, across, up);
    canvas.redraw();
  };
  const held = new Map();
  canvas.addEventListener("pointerdown", (event) => {
    held.set(event.pointerId, [event.clientX, event.clientY]);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    const other = [...held].find(([id]) => id !== event.pointerId);
    held.set(event.pointerId, now);
    if (other) {
      const from = Math.hypot(before[0] - other[1][0], before[1] - other[1][1]);
      const to = Math.hypot(now[0] - other[1][0], now[1] - other[1][1]);
      zoom = Math.min(8, Math.max(0.5, (zoom * to) / Math.max(1, from)));
      canvas.redraw();
    } else {
      turn((now[0] - before[0]) / 120, (now[1] - before[1]) / 120);
    }
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => held.delete(event.pointerId));
  canvas.addEventListener("dblclick", () => {
    [rows, zoom] = [home, 1];
    canvas.redraw();
  });
  canvas.addEventListener("keydown", (event) => {
    const keys = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.15], ArrowDown: [0, 0.15] };
    if (keys[event.key]) turn(...keys[event.key]);
    else if (event.key === "+" || event.key === "-") zoom = Math.min(8, Math.max(0.5, zoom * (event.key === "+" ? 1.2 : 1 / 1.2)));
    else return;
    canvas.redraw();
    event.preventDefault();
    event.stopPropagation();
  });
  return el(
    "figure",
    { class: "wide" },
    el("figcaption", {}, "Alpha carbons, superposed", el("span", { class: "key", style: "--key:var(--expected)" }, "reference"), el("span", { class: "key", style: "--key:var(--near)" }, "result, by deviation")),
    canvas,
    ramp(["near", "far"], "0 Å", `${show(rounded(scale))} Å`),
    el("p", { class: "readout" }, "Drag to turn, two fingers or + and − to enlarge, double-click to start over."),
  );
}
