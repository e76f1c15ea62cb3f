// Painting: when pictures are painted, and how a picture that Plotly has laid out gets other numbers.
import { IDLE_WAIT, PAINT_BUDGET } from "./timing.js";

// When: one loop for the page, by the browser's own animation frames. A picture that asks again before its turn is painted once, so
// a slow browser shows fewer moments and never queues them. The playhead moves only once all pictures that are in view show where
// it is.

const waiting = new Set(); // what is in view and to be painted, oldest request first
const outOfSight = new Set(); // and never painted
let afterwards = []; // called once nothing waits
let move = () => false; // moves the playhead; says whether it will move again
let requested = 0;
let isResting = false; // until the next look at what is out of sight

/** Have `act(now)` called once an animation frame, while it answers true or somebody wakes the loop; not while pictures wait. */
export function onMove(act) {
  move = act;
}

export function wake() {
  requested ||= requestAnimationFrame(pass);
}

/** Have `picture.paint()` called soon. */
export function paintSoon(picture) {
  outOfSight.delete(picture);
  waiting.add(picture);
  wake();
}

/** Have it painted some time, when the page has nothing else to do: the first time takes several times as long as others. */
export function paintSometime(picture) {
  outOfSight.add(picture);
  rest();
}

export function paintNever(picture) {
  waiting.delete(picture);
  outOfSight.delete(picture);
}

/** Call `act` once all that was asked for is painted. */
export function afterPaint(act) {
  afterwards.push(act);
  wake();
}

function pass(now) {
  requested = 0;
  const goesOn = waiting.size > 0 || guarded(() => move(now));
  const begun = performance.now();
  for (const picture of waiting) {
    waiting.delete(picture);
    paint(picture);
    if (performance.now() - begun > PAINT_BUDGET) break;
  }
  if (!waiting.size) {
    const acts = afterwards;
    afterwards = [];
    for (const act of acts) guarded(act);
  }
  if (goesOn || waiting.size) wake();
}

/** Whatever breaks must not end the loop, on which the stream waits, too. */
function guarded(act) {
  try {
    return act();
  } catch (error) {
    console.error(error);
    return true;
  }
}

function paint(picture) {
  try {
    picture.paint();
  } catch (error) {
    picture.fail(error);
  }
}

const whenIdle = window.requestIdleCallback ?? ((act) => setTimeout(act, IDLE_WAIT));

function rest() {
  if (isResting || !outOfSight.size) return;
  isResting = true;
  setTimeout(() => whenIdle(() => {
    isResting = false;
    const [picture] = outOfSight;
    if (picture && !requested && !document.hidden) { // nothing moves, nothing waits
      outOfSight.delete(picture);
      paint(picture);
    }
    rest();
  }), IDLE_WAIT);
}

// How a figure that Plotly has laid out gets other numbers: lines, points and texts are put where they belong, a twentieth of the
// work of having all laid out anew, which is what lets a stage move. Only what is certain to look the same as Plotly would draw
// it is done here; for anything else (a range that grew, a point more, another kind of trace) `redraw` changes nothing and says
// so. It relies on how Plotly draws; a test compares both.

const FARTHEST = 1e5; // px: what lies beyond is cut off far away from the picture
const MARKUP = /[<&]/;

/**
 * @param plot the element in which Plotly drew
 * @param before {data, layout} that is drawn
 * @param after the same template with other numbers
 * @returns whether it is drawn now
 */
export function redraw(plot, before, after) {
  const acts = planned(plot, before, after);
  if (!acts) return false;
  for (const act of acts) act();
  plot.data = after.data; // which is what is saved
  plot.layout.annotations = after.layout.annotations?.map((annotation) => ({ ...annotation }));
  return true;
}

/** What there is to do, all of which can be done; undefined where only Plotly can. */
function planned(plot, before, after) {
  if (!hasSameRanges(before.layout, after.layout)) return undefined;
  const changed = after.data.map((trace, k) => changesOf(before.data[k], trace)), scalings = new Map(); // axis -> what scales it
  for (const [k, names] of changed.entries()) {
    const full = plot._fullData[k];
    if (!names.length || full.visible === "legendonly") continue; // or switched off by the visitor
    if (full.visible !== true) return undefined; // it had no points so far, of which Plotly makes nothing
    if (full.type !== "scatter" || names.some((name) => !["x", "y", "x0", "dx"].includes(name))) return undefined;
    for (const axis of axesOf(plot, full)) if (!scalings.has(axis)) scalings.set(axis, ranged(plot, axis, before.data, after.data));
  }
  if ([...scalings.values()].includes(undefined)) return undefined;
  const acts = [];
  for (const [k, names] of changed.entries()) {
    const full = plot._fullData[k];
    if (full.visible !== true || full.type !== "scatter") continue;
    // What lies beside something else on an axis that now reaches elsewhere is drawn there, too.
    if (!names.length && !axesOf(plot, full).some((axis) => scalings.get(axis))) continue;
    const act = moved(plot, full, k, after.data);
    if (!act) return undefined;
    acts.push(act);
  }
  const texts = rewritten(plot, before.layout.annotations ?? [], after.layout.annotations ?? []);
  return texts && [...[...scalings.values()].filter(Boolean), ...acts, ...texts];
}

/** Names of what a recording fills and what is another than before. */
const changesOf = (before, after) => Object.keys(after.meta?.bind ?? {}).filter((name) => !isSame(at(before, name), at(after, name)));

const subplotOf = (plot, { xaxis, yaxis }) => plot._fullLayout._plots[`${xaxis}${yaxis}`];

function axesOf(plot, full) {
  const subplot = subplotOf(plot, full);
  return subplot ? [subplot.xaxis, subplot.yaxis] : [];
}

const at = (trace, path) => path.split(".").reduce((holder, name) => holder?.[name], trace);

function isSame(a, b) {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b || a.length !== b.length || a.length === undefined) return false;
  for (let k = 0; k < a.length; k += 1) if (!isSame(a[k], b[k])) return false;
  return true;
}

/** Whether the axes that follow the numbers reach as far as before. */
function hasSameRanges(before, after) {
  return Object.keys(after.meta?.ranges ?? {}).every((axis) => (
    isSame(before[axis]?.range, after[axis]?.range) && isSame(before[axis]?.tickvals, after[axis]?.tickvals)
  ));
}

/** What draws a trace with its new numbers; undefined where only Plotly can. */
function moved(plot, full, k, after) {
  const group = plot.querySelector(`.scatterlayer .trace${full.uid}`), subplot = subplotOf(plot, full);
  if (!group || !subplot || plot._fullData[k + 1]?.fill?.startsWith("tonext")) return undefined;
  if (axesOf(plot, full).some(({ type }) => type !== "linear" && type !== "log")) return undefined;
  const draw = { markers: movedPoints, lines: movedLine }[full.mode];
  return draw?.(group, after[k], full, subplot, plot.calcdata[k]);
}

/**
 * What has an axis that takes in all numbers reach as far as the new ones; null where it does already, undefined where its ticks
 * would be others.
 */
function ranged({ _fullData: full }, axis, before, after) {
  if (!axis.autorange) return null;
  const letter = axis._id[0];
  const traces = before.map((_, k) => k).filter((k) => full[k].visible === true && full[k][`${letter}axis`] === axis._id);
  const [old, now] = [before, after].map((data) => extremes(traces.map((k) => data[k]), letter, axis.type === "log"));
  if (isSame(old, now)) return null;
  const isBare = axis.type === "linear" && !axis.showticklabels && !axis.showgrid && axis.rangemode === "tozero";
  if (!isBare || traces.some((k) => full[k].mode !== "lines") || !(old[0] >= 0 && now[0] >= 0 && old[1] > 0 && now[1] > 0)) return undefined;
  return () => {
    axis.range = [0, (axis.range[1] * now[1]) / old[1]];
    axis.setScale();
  };
}

function extremes(traces, letter, logarithmic) {
  let [least, most] = [Infinity, -Infinity];
  for (const { [letter]: values = [], [`${letter}0`]: start, [`d${letter}`]: step, x, y } of traces) {
    const steps = (letter === "x" ? y : x)?.length ?? 0;
    for (const value of values.length || start === undefined ? values : [start, start + (steps - 1) * step]) {
      if (!Number.isFinite(value) || (logarithmic && value <= 0)) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  return [least, most];
}

/** Places of a trace's points: [{x, y, px, py}] in its own numbers and in pixels, null where there is none. */
function pixels({ x, y, x0 = 0, dx = 1 }, { xaxis, yaxis }) {
  const length = x ? Math.min(x.length, y.length) : y.length;
  return Array.from({ length }, (_, k) => {
    const point = { x: x ? x[k] : x0 + k * dx, y: y[k] };
    point.px = pixel(xaxis, point.x);
    point.py = pixel(yaxis, point.y);
    return Number.isFinite(point.px) && Number.isFinite(point.py) ? point : null;
  });
}

function pixel(axis, value) {
  if (!Number.isFinite(value) || (axis.type === "log" && value <= 0)) return NaN;
  return Math.max(-FARTHEST, Math.min(axis.c2p(value), FARTHEST));
}

function movedPoints(group, trace, full, subplot, drawn) {
  const marks = group.querySelectorAll(".points > path.point");
  if (!marks.length || marks.length !== pixels(trace, subplot).filter(Boolean).length) return undefined;
  return () => {
    const points = pixels(trace, subplot); // the axes may reach elsewhere now
    points.filter(Boolean).forEach(({ px, py }, k) => marks[k].setAttribute("transform", `translate(${round(px)},${round(py)})`));
    setHover(drawn, points);
  };
}

function movedLine(group, trace, { line, fill }, subplot, drawn) {
  const [path, ...others] = group.querySelectorAll(".lines > path.js-line");
  const area = group.querySelector(".fills path.js-fill");
  const known = pixels(trace, subplot), isWhole = !known.includes(null);
  if (!path || others.length || !known.some(Boolean) || !SHAPES[line.shape]) return undefined;
  if (isSplit(known)) return undefined; // Plotly draws each piece as a line of its own
  if (fill === "none" ? area : fill !== "tozeroy" || !area || !isWhole || subplot.yaxis.type !== "linear") return undefined;
  return () => {
    const points = pixels(trace, subplot), shown = points.filter(Boolean), outline = SHAPES[line.shape](shown);
    path.setAttribute("d", `M${outline}`);
    if (area) {
      const ground = round(pixel(subplot.yaxis, 0));
      area.setAttribute("d", `M${round(shown.at(-1).px)},${ground}L${round(shown[0].px)},${ground}L${outline}`);
    }
    setHover(drawn, points);
  };
}

/** Whether there is a gap between two points. */
function isSplit(points) {
  const first = points.findIndex(Boolean), last = points.findLastIndex(Boolean);
  return points.slice(first, last).includes(null);
}

const SHAPES = {
  linear: (points) => points.map(({ px, py }) => `${round(px)},${round(py)}`).join("L"),
  hvh: ([first, ...points]) => {
    let path = `${round(first.px)},${round(first.py)}`, x = first.px;
    for (const { px, py } of points) {
      path += `H${round((x + px) / 2)}V${round(py)}H${round(px)}`;
      x = px;
    }
    return path;
  },
};

const round = (value) => Math.round(100 * value) / 100;

/** What Plotly writes beside a point under the mouse is of the new numbers, too. */
function setHover(drawn, points) {
  if (drawn.length !== points.length) return; // until Plotly lays it out again
  points.forEach((point, k) => Object.assign(drawn[k], point ? { x: point.x, y: point.y } : { x: undefined, y: undefined }));
}

/** What writes the texts of annotations that are other ones now; undefined where their lines are others. */
function rewritten(plot, before, after) {
  const acts = [];
  for (const [k, { text }] of after.entries()) {
    if (text === before[k].text) continue;
    const element = plot.querySelector(`.annotation[data-index="${k}"] .annotation-text`);
    const lines = text.split("<br>"), tspans = element ? [...element.querySelectorAll("tspan.line")] : [];
    if (!element || !text || lines.some((line) => MARKUP.test(line))) return undefined;
    if (lines.length > 1 ? tspans.length !== lines.length : tspans.length || element.children.length) return undefined;
    acts.push(() => lines.forEach((line, n) => ((tspans[n] ?? element).textContent = line)));
  }
  return acts;
}
