// Canvases that draw themselves anew when their size or the theme changes, and the colours that they draw with.

const surfaces = new Set();

/** The colours of the theme. */
function colours() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

/** A canvas of this height, or a square one. `draw` gets a context in CSS pixels. */
function surface(height, label, draw) {
  const canvas = el("canvas", { role: "img", "aria-label": label, style: height ? `height:${height}px` : null });
  const redraw = () => {
    const width = canvas.clientWidth;
    const own = height || width;
    if (!width || !own) return;
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(own * scale);
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    draw(context, width, own, colours());
  };
  const entry = { canvas, redraw, watch: new ResizeObserver(redraw) };
  entry.watch.observe(canvas);
  surfaces.add(entry);
  canvas.redraw = redraw;
  return canvas;
}

/** Forgets the canvases of the case that was shown before. */
function clearSurfaces() {
  for (const entry of surfaces) entry.watch.disconnect();
  surfaces.clear();
}

function redrawAll() {
  for (const entry of surfaces) entry.redraw();
}

/** Calls back with the place of a pointer on a canvas, or with nothing when it is gone. */
function onPlace(canvas, heard) {
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    heard([event.clientX - box.left, event.clientY - box.top, box.width, box.height]);
  };
  canvas.addEventListener("pointermove", place);
  canvas.addEventListener("pointerdown", place);
  canvas.addEventListener("pointerleave", () => heard(null));
}

function rgb(colour) {
  const hex = colour.replace("#", "");
  return [0, 2, 4].map((start) => parseInt(hex.slice(start, start + 2), 16));
}

/** A colour between two, at a fraction. */
function mix(from, to, fraction) {
  const share = Math.min(1, Math.max(0, fraction));
  return from.map((part, index) => Math.round(part + (to[index] - part) * share));
}

const css = (parts) => `rgb(${parts.join(" ")})`;

/** A bar with the colours of a scale and what its ends mean. */
function ramp(names, from, to) {
  const stops = names.map((name) => `var(--${name})`).join(",");
  return el("div", { class: "ramp" }, from, el("i", { style: `background:linear-gradient(90deg,${stops})` }), to);
}

function bytesOf(text) {
  const raw = atob(text);
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}

/** Packed numbers: little-endian floats. */
function floatsOf(text) {
  const bytes = bytesOf(text);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length >> 2 }, (_, index) => view.getFloat32(4 * index, true));
}
