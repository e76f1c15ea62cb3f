// Templates are drawn for a laptop; the stage also fills projectors, frames of other pages and telephones.

const ROOM = { wide: 252, narrow: 282 }; // px of the plotting area for which `figures/stage.py` draws the networks
const USUAL = 1010; // px of width for which it does, where it is not narrow
const NEAR = 0.2; // of a histogram's height: what is so near to its middle belongs to the arrows there
const EDGE = 3; // px on either side of the networks: letters reach a little beyond their place
const CROWDED = 1.25; // letters so much larger than the room is wide leave out what stands at its edges
const MOST = 0.55; // of a row's height that may go to what stands around its histograms

/** What of an object's numbers are pixels: those of letters, margins, lines, dots and of the room between them. */
const PIXELS = {
  font: ["size"], margin: ["l", "r", "t", "b"], line: ["width"], marker: ["size"], title: ["standoff"], pad: ["l", "r", "t", "b"],
};
const SHIFTS = ["xshift", "yshift"];

/** A copy of a Plotly figure with its letters, margins and lines `factor` times as large, letters of at least `least` pixels. */
export function scaled(figure, factor, least = 0) {
  return factor === 1 && !least ? figure : grown(figure, "", factor, least);
}

function grown(value, holder, factor, least) {
  if (Array.isArray(value)) return value.map((inner) => grown(inner, holder, factor, least));
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  const pixels = [...(PIXELS[holder.endsWith("font") ? "font" : holder] ?? []), ...SHIFTS];
  const copy = {};
  for (const [key, inner] of Object.entries(value)) {
    if (key === "meta") copy[key] = inner;
    else if (typeof inner !== "number" || !pixels.includes(key)) copy[key] = grown(inner, key, factor, least);
    else copy[key] = key === "size" && holder.endsWith("font") ? Math.max(least, inner * factor) : inner * factor;
  }
  return copy;
}

/**
 * A copy of the figure of the networks for this height and width. Its rows are divided in shares of a usual height; here what
 * stands above and below the histograms gets the pixels that its letters need, whatever the height, and the histograms the rest.
 */
export function fitted(figure, { factor, width, height, isNarrow }) {
  const { t = 0, b = 0 } = figure.layout.margin ?? {}, room = height - t - b;
  const cells = figure.layout.meta?.cells ?? [];
  if (!(room > 0) || !cells.length) return figure;
  const larger = (factor * ROOM[isNarrow ? "narrow" : "wide"]) / room;
  const domains = Object.entries(figure.layout).filter(([name, { domain } = {}]) => /^yaxis/.test(name) && domain);
  const rows = [...new Map(cells.map(({ y }) => [y[0], y])).values()].map(([bottom, top]) => {
    const inside = domains.map(([, { domain }]) => domain).find(([low, high]) => low >= bottom - 1e-6 && high <= top + 1e-6);
    const [low, high] = inside ?? [bottom, top], around = low - bottom + top - high;
    const grow = Math.min(larger, (MOST * (top - bottom)) / (around || 1));
    return { from: [bottom, low, high, top], to: [bottom, bottom + (low - bottom) * grow, top - (top - high) * grow, top], larger };
  });
  const move = (y) => moved(y, rows);
  const layout = { ...figure.layout, margin: { ...figure.layout.margin, l: EDGE, r: EDGE } };
  for (const [name, axis] of domains) {
    const [low, high] = axis.domain;
    if (rows.some(({ from }) => low >= from[0] - 1e-6 && high <= from[3] + 1e-6)) layout[name] = { ...axis, domain: axis.domain.map(move) };
  }
  layout.annotations = layout.annotations?.map((note) => ({ ...note, y: move(note.y) }));
  layout.shapes = layout.shapes?.map((shape) => (
    shape.path ? { ...shape, path: shape.path.replace(/,(-?[\d.]+)/g, (_, y) => `,${move(Number(y)).toFixed(5)}`) } : shape
  ));
  const isLabels = ({ mode, y }) => mode === "text" && Array.isArray(y);
  const isCrowded = !isNarrow && width > 0 && factor > (CROWDED * width) / USUAL;
  const isLeft = (x) => !isCrowded || (x > 0 && x < 1); // "input" and "output"
  const labels = (trace) => ({ ...trace, y: trace.y.map(move), text: trace.text.map((text, k) => (isLeft(trace.x[k]) ? text : "")) });
  return { data: figure.data.map((trace) => (isLabels(trace) ? labels(trace) : trace)), layout };
}

/**
 * Where a height of the template is now: a row's edges stay, what is between them moves with the ends of its histograms. Arrows
 * and what is written along them keep their distance from the middle of the histograms in pixels.
 */
function moved(y, rows) {
  const row = rows.find(({ from }) => y > from[0] + 1e-6 && y < from[3] - 1e-6);
  if (!row) return y;
  const { from, to, larger } = row, [middle, center] = [from, to].map(([, low, high]) => (low + high) / 2);
  if (Math.abs(y - middle) < (from[2] - from[1]) * NEAR) return center + (y - middle) * larger;
  const k = y < from[1] ? 0 : y <= from[2] ? 1 : 2;
  return to[k] + ((y - from[k]) * (to[k + 1] - to[k])) / (from[k + 1] - from[k] || 1);
}
