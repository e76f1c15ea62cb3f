// Runs that lie under the one on the stage, pale: their curves in the pictures of curves, and on demand the outlines of their
// histograms and their boundaries, at the epoch on screen. A template gets more traces and a further reach; what it draws of the
// run on the stage stays as it is.
import { isKnown, numbersOf } from "./store.js";

/** Kinds of line, one for each ghost; what a card of the strip shows, too. */
export const DASHES = ["dot", "dashdot", "longdash", "longdashdot"];
const OPACITY = 0.6, WIDTH = 1.5;
const CURVE = /^(.+)\.(train|validation)\.(\w+)\.median$/;
const GRAY = "#808495"; // as in bn_lab/figures/style.py
const LEVELS = 4; // a boundary of numbers: contours between the smallest and the largest, at most so many parts

const made = new WeakMap(); // template -> {key, figure}: the same is handed out as long as the same lies under it
const grids = new Map(); // recording -> the grid of its plane: boundaries on another one are not drawn

/**
 * A template with ghosts.
 * @param ghosts [{key, curves, trained, recording, label}]: `recording` where all its rows are to be drawn, `label` what differs
 * @param colors {arm: colour}
 * @param target the last epoch that is on the axis
 */
export function ghosted(figure, ghosts, colors, target, recording) {
  const plane = figure.data.find(({ type }) => type === "heatmap");
  if (plane) grids.set(recording, gridOf(plane));
  for (const id of grids.keys()) if (!isKnown(id)) grids.delete(id);
  if (!ghosts.length) return figure;
  const key = JSON.stringify([target, ghosts.map(({ key: name, trained, recording: rows, label }) => [name, trained, rows, label])]);
  if (made.get(figure)?.key !== key) made.set(figure, { key, figure: withGhosts(figure, ghosts, colors, target) });
  return made.get(figure).figure;
}

function withGhosts(figure, ghosts, colors, target) {
  const [traces, ends] = [[], {}];
  const reach = (axis, low, high) => {
    if (!figure.layout.meta?.ranges?.[axis] || !(low <= high)) return;
    ends[axis] = { low: [...(ends[axis]?.low ?? []), low], high: [...(ends[axis]?.high ?? []), high] };
  };
  const measure = measureOf(figure);
  ghosts.forEach((ghost, k) => {
    const dash = DASHES[k];
    if (measure) traces.push(...curves(figure, ghost, measure, colors, dash, target, reach));
    else if (ghost.recording) traces.push(...outlines(figure, ghost, dash, reach), ...boundaries(figure, ghost, dash));
  });
  if (!traces.length) return figure;
  const { ranges } = figure.layout.meta ?? {}, wider = { ...ranges };
  for (const [axis, { low, high }] of Object.entries(ends)) {
    wider[axis] = { ...ranges[axis], low: [...ranges[axis].low, ...low], high: [...ranges[axis].high, ...high] };
  }
  // Planes are opaque, so their lines lie above them; everything else lies under what is on the stage.
  const isPlane = figure.data.some(({ type }) => type === "heatmap");
  const data = isPlane ? [...figure.data, ...traces] : [...traces, ...figure.data];
  return { data, layout: { ...figure.layout, meta: { ...figure.layout.meta, ranges: wider } } };
}

/** The measure of which a picture draws curves; undefined where it draws none. */
function measureOf({ data }) {
  for (const { meta } of data) {
    const found = CURVE.exec(meta?.bind?.y?.curve ?? "");
    if (found) return found[3];
  }
  return undefined;
}

function curves({ layout }, { curves: known, label }, measure, colors, dash, target, reach) {
  const { epochs = [], lines = {} } = known[measure] ?? {}, count = epochs.filter((epoch) => epoch <= target).length;
  const isLog = layout.yaxis?.type === "log";
  return Object.entries(lines).map(([line, values]) => {
    const [arm, split] = line.split("."), y = values.slice(0, count);
    const drawn = y.filter((value) => value !== null && (value > 0 || !isLog));
    if (drawn.length) reach("yaxis", Math.min(...drawn), Math.max(...drawn));
    return {
      type: "scatter", mode: "lines", xaxis: "x", yaxis: "y", x: epochs.slice(0, count), y, opacity: OPACITY, showlegend: false,
      line: { color: colors[arm] ?? GRAY, width: split === "train" ? WIDTH : WIDTH / 2, dash },
      hovertemplate: `%{y}<extra>${safe(label)}</extra>`, meta: { ghost: true },
    };
  });
}

/** A text as Plotly shows it, whatever stands in it; `escape_plotly` of bn_lab/figures/style.py. */
const safe = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("%{", "%\u2060{");

/** The outlines of the same stages of the same layers. */
function outlines({ data }, { recording }, dash, reach) {
  return data.filter(({ fill, meta }) => fill === "tozeroy" && meta?.bind?.y?.row).map((trace) => {
    const { bind } = trace.meta, [field] = bind.y.row, stage = field.replace(/share$/, ""), layer = bind.x0.row[1];
    const [lows, highs] = ["low", "high"].map((end) => numbersOf(recording, `${stage}${end}`, layer).filter(Number.isFinite));
    reach(`xaxis${trace.xaxis.slice(1)}`, Math.min(...lows), Math.max(...highs));
    const { fill, fillcolor, hovertemplate, ...rest } = trace;
    const line = { ...trace.line, width: 1, dash };
    return { ...rest, line, opacity: OPACITY, hoverinfo: "skip", showlegend: false, meta: { ghost: true, bind: ofOther(bind, recording) } };
  });
}

/** The line where the network changed its mind; of numbers some lines of equal height. */
function boundaries({ data, layout }, { recording }, dash) {
  return data.filter(({ type, meta }) => type === "heatmap" && meta?.bind?.z).flatMap((trace) => {
    if (grids.get(recording) !== gridOf(trace)) return [];
    const { x0, dx, y0, dy, xaxis, yaxis, meta: { bind } } = trace, { cmin, cmax } = layout.coloraxis;
    const others = data.filter((each) => each.type === "contour" && each.xaxis === xaxis);
    const isSeveral = trace.zsmooth === false;
    const levels = others.length ? { start: 0.5, end: 0.5, size: 1 }
      : isSeveral ? { start: cmin + 1, end: cmax - 1, size: 1 }
        : { start: cmin + (cmax - cmin) / LEVELS, end: cmax - (cmax - cmin) / LEVELS, size: (cmax - cmin) / LEVELS };
    return [{
      type: "contour", x0, dx, y0, dy, xaxis, yaxis, contours: { ...levels, coloring: "none" }, opacity: OPACITY,
      line: { color: GRAY, width: 2, dash, smoothing: 1 }, showscale: false, showlegend: false, hoverinfo: "skip",
      meta: { ghost: true, bind: ofOther({ z: bind.z }, recording) },
    }];
  });
}

const gridOf = ({ x0, dx, y0, dy }) => [x0, dx, y0, dy].join(" ");

/** Bindings that are filled by another recording. */
const ofOther = (bind, recording) => Object.fromEntries(Object.entries(bind).map(([name, binding]) => [name, { ...binding, of: recording }]));
