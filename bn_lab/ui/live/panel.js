// A figure which is filled from the store and painted by Plotly, when it can be seen.
import { fill, readBy } from "./bind.js";
import { element } from "./elements.js";
import { paintNever, paintSometime, paintSoon, redraw } from "./paint.js";
import { buttons } from "./save.js";
import { current, cursor, extent, index, isMoving, need, rowAt, shown, subscribe, waits } from "./store.js";
import { theme } from "./style.js";
import { DRAG_WAIT, SETTLE } from "./timing.js";

const HEIGHT = 360; // px, of a figure that does not say its own
const NARROW = 700; // px of width below which a figure's narrow arrangement is shown, if it has one
const AXIS = /^[xy]axis\d*$/;
const RANGE = /^([xy]axis\d*)\.(?:range|autorange)/;
const TOUCH = window.matchMedia("(pointer: coarse)");

const panels = new Set();
let returning = {}; // {recording, zoom}: what was zoomed when this recording was left

/**
 * What the visitor moved in the pictures of the recording on screen: {picture: [[axis, range, type, subject], …]}. On an axis of
 * another type, or in a picture of another subject, a range means nothing; both are null where the figure does not say them.
 */
export function zoomed() {
  const moved = [...panels].filter((panel) => panel.isBound && panel.zoomed.size);
  const ranges = (panel) => [...panel.zoomed].map(([axis, range]) => [axis, range, ...panel.meaning(axis)]);
  return Object.fromEntries(moved.map((panel) => [panel.place, ranges(panel)]));
}

/** Show the pictures of a recording as they were left, also those that come later; until this is called for another one. */
export function zoomTo(recording, zoom) {
  returning = { recording, zoom };
  for (const panel of panels) if (panel.recording === recording) panel.comeBack();
}

export class Panel {
  constructor(parent) {
    panels.add(this);
    this.plot = element("div");
    // Not an image, within which the buttons would be none.
    this.root = element("div", "bn-panel", { role: "figure", "data-painted": "0" }, this.plot);
    parent.append(this.root);
    this.zoomed = new Map(); // axis -> range, of axes that the visitor moved, while they mean the same
    this.isTouched = TOUCH.matches;
    this.isZooming = !this.isTouched; // on a touch screen a swipe scrolls the page until the visitor wants to zoom
    this.edition = 0; // counts figures, zooms, and whatever else Plotly is to lay out anew
    this.buttons = buttons(this);
    this.request = () => this.ask();
    this.unsubscribe = subscribe((what) => this.hear(what));
    this.sight = new IntersectionObserver((entries) => this.see(entries.at(-1).isIntersecting));
    this.sight.observe(this.root);
    this.size = new ResizeObserver(this.request);
    this.size.observe(this.root);
    document.addEventListener("visibilitychange", this.request);
    this.print = () => this.root.toggleAttribute("data-unfinished", !this.isCurrent);
    window.addEventListener("beforeprint", this.print);
  }

  /**
   * @param data {recording, figure, narrow, subject, key, alt, save, fit}; `fit`: as large as the place where it stands, without
   *   a bar of buttons of its own, instead of a height that the figure says
   * @param plotly address of plotly.js
   */
  update({ data }, plotly) {
    const { recording, subject, key: name, save, fit = false } = data, { source: before = {} } = this;
    if (data.figure !== before.figure || data.narrow !== before.narrow) this.take(data.figure, data.narrow);
    const isOther = recording !== this.recording;
    if (isOther || subject !== this.subject) this.zoomed.clear();
    Object.assign(this, { source: data, plotly, recording, subject, name, fit, save: { ...save, alt: data.alt } });
    this.config = { ...configuration(save ? this.buttons(save.words) : []), displayModeBar: fit ? false : "hover" };
    this.root.classList.toggle("bn-figure", fit);
    this.root.dataset.recording = recording;
    if (fit) this.root.dataset.name = name;
    this.root.setAttribute("aria-label", data.alt);
    this.arrange(); // before anything is painted: nothing jumps
    if (isOther && recording === returning.recording) this.comeBack();
    this.needs();
    this.theme = theme(this.root); // a change of theme calls again, too
    this.look = JSON.stringify([this.theme, save?.words, name, subject, fit]);
    loadPlotly(plotly).then((Plotly) => {
      this.Plotly = Plotly;
      this.ask();
    }, (error) => this.fail(error));
  }

  /** Which picture of the page it is. */
  get place() {
    return `${this.fit ? "stage " : ""}${this.name}`;
  }

  comeBack() {
    const ranges = returning.zoom?.[this.place] ?? [];
    const meant = ranges.filter(([axis, , ...meaning]) => JSON.stringify(meaning) === JSON.stringify(this.meaning(axis)));
    this.zoomed = new Map(meant.map(([axis, range]) => [axis, range]));
    this.again({});
  }

  /** [type, subject] by which a range of an axis is to be read. */
  meaning(axis) {
    return [this.figure.layout?.[axis]?.type ?? null, this.subject ?? null];
  }

  take(figure, narrow) {
    const parsed = (each) => (typeof each === "string" ? JSON.parse(each) : each);
    const before = this.wide;
    this.wide = parsed(figure);
    this.narrow = narrow && narrow !== figure ? parsed(narrow) : this.wide;
    for (const axis of this.zoomed.keys()) {
      // A range means nothing on the other kind of axis.
      if (this.wide.layout?.[axis]?.type !== before.layout?.[axis]?.type) this.zoomed.delete(axis);
    }
  }

  /** Take the arrangement that fits the width, and its height. */
  arrange() {
    const isNarrow = this.root.clientWidth > 0 && this.root.clientWidth < NARROW;
    if (isNarrow !== this.isNarrow && this.narrow !== this.wide) this.zoomed.clear(); // other axes in the other arrangement
    this.isNarrow = isNarrow;
    const figure = isNarrow ? this.narrow : this.wide;
    if (figure !== this.figure) {
      Object.assign(this, { figure, axes: axesOf(figure), reads: readBy(figure) });
      this.edition += 1;
      this.needs();
    }
    const height = this.fit ? "100%" : `${this.figure.layout?.height ?? HEIGHT}px`;
    if (this.root.style.height !== height) this.root.style.height = height;
  }

  // What it asks for, and when it is painted.

  see(visible) {
    this.visible = visible;
    this.needs();
    this.ask();
  }

  needs() {
    need(this, this.visible && this.isBound && this.reads ? this.reads.fields : null);
  }

  /** Whether what is shown is what this figure is about. */
  get isBound() {
    return shown().recording === this.recording;
  }

  hear(what) {
    if (what === "shown") this.needs();
    if (what === "state" && isMoving()) return;
    if (what === "rows" && isMoving()) return; // the next moment brings them along
    this.ask();
  }

  /**
   * Paint soon, if it can be seen; what is asked meanwhile is the same paint. The first paint takes several times as long as
   * the others, so a panel out of sight has it once, when the page has nothing else to do.
   */
  ask() {
    if (!this.Plotly || document.hidden) return;
    if (this.visible) paintSoon(this);
    else if (!this.isDrawn) paintSometime(this);
  }

  paint() {
    const width = this.root.clientWidth;
    if (!width || this.destroyed || (this.isDrawn && !this.visible)) return;
    if (this.isLaying) return void (this.isAskedAgain = true);
    if (this.plot._dragging) return void setTimeout(this.request, DRAG_WAIT); // not under the visitor's hand
    this.arrange();
    const isBound = this.isBound, height = this.root.clientHeight;
    if (isBound && (this.isDrawn || this.visible) && !this.hasRows()) return; // what it shows stays until they are there
    const shows = { recording: this.recording, cursor: isBound ? cursor() ?? "" : "" };
    const frame = [this.recording, this.edition, this.look, width, height, isBound].join(" ");
    const numbers = isBound ? this.progress().join(" ") : "";
    const isSame = frame === this.frame;
    if (isSame && numbers === this.numbers) return void Object.assign(this.root.dataset, shows); // nothing moves with the playhead
    Object.assign(this, { frame, numbers });
    const picture = fill(this.figure, isBound);
    if (isSame && this.isDrawn && redraw(this.plot, this.picture, picture)) {
      this.settle();
      this.painted(shows);
    } else this.lay(picture, width, height).then(() => this.painted(shows), (error) => this.fail(error));
    this.picture = picture;
  }

  /** Whether Plotly has drawn the figure, or one with the same axes. */
  get isDrawn() {
    return this.listening && this.laid === this.axes;
  }

  /**
   * Have Plotly draw a picture from the ground up. Between figures with other axes it begins anew, for it would have no places
   * for the lines of the new ones; and it draws one at a time, for what it has begun it finishes later.
   */
  async lay({ data, layout: filled }, width, height) {
    clearTimeout(this.settling);
    if (this.laid !== this.axes) this.clear();
    this.laid = this.axes;
    const layout = { ...filled, width, height, autosize: false, uirevision: `${this.recording} ${this.name}` };
    layout.dragmode = this.isZooming ? layout.dragmode ?? "zoom" : false;
    layout.template = themed(layout.template, this.theme);
    this.keepZoom(layout);
    this.plot.style.touchAction = this.isZooming ? "none" : "pan-y pinch-zoom";
    this.isLaying = true;
    try {
      await this.Plotly.react(this.plot, [...data, ...placeholders(data)], layout, this.config);
    } finally {
      this.isLaying = false;
      if (this.destroyed) this.clear();
      else if (this.isAskedAgain) this.ask();
      this.isAskedAgain = false;
    }
  }

  clear() {
    if (this.laid !== undefined) this.Plotly.purge(this.plot);
    Object.assign(this, { laid: undefined, listening: false });
  }

  /** Have Plotly lay out what was only redrawn, once nothing moves any more. */
  settle() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => (isMoving() ? this.settle() : this.again({})), SETTLE);
  }

  /** Whether all of the moment on screen that it draws has come. */
  hasRows() {
    const moment = index();
    if (moment < 0) return true;
    return this.reads.rows.every(({ field, axis, part }) => {
      const place = current().find(field, axis, part);
      return !place || rowAt(place.part, moment) !== undefined;
    });
  }

  /** Whether it shows all that there is: what is out of sight waits, and is not printed half done. */
  get isCurrent() {
    if (!this.isBound || !this.reads) return this.isDrawn;
    const { target, regular } = extent(), counts = { moment: regular, epoch: Math.min(Math.floor(shown().epoch), target), once: 1 };
    return this.numbers === this.progress().join(" ") && this.reads.fields.every(({ field, axis = "moment", part }) => {
      const place = current()?.find(field, axis, part);
      return !place || current().rows(place.part) >= counts[axis];
    });
  }

  /** What its numbers depend on: the moment, and how much there is. */
  progress() {
    const { moments, parts, target } = extent(), { follows, grows } = this.reads;
    const counts = grows ? parts.map((part) => current().rows(part)) : [];
    return [waits(), follows ? cursor() : "", moments.length > 0, current().layouts !== null, ...(grows ? [target, moments.length] : []), ...counts];
  }

  painted(shows) {
    if (this.destroyed) return;
    if (!this.listening) {
      this.listening = true;
      this.plot.on("plotly_relayout", (change) => this.remember(change));
    }
    // The label says what the drawing shows; read letter by letter its ticks say nothing.
    for (const drawing of this.plot.querySelectorAll(".main-svg")) drawing.setAttribute("aria-hidden", "true");
    // These say what is on the screen, not what is on its way.
    Object.assign(this.root.dataset, { painted: Number(this.root.dataset.painted) + 1, ...shows });
    this.afterPaint?.();
  }

  /** Have a swipe zoom, or scroll the page; in the latter case what was zoomed is shown whole again. */
  zoom(isZooming = !this.isZooming) {
    if (!isZooming) this.zoomed.clear();
    this.again({ isZooming });
  }

  again(changes) {
    Object.assign(this, changes);
    this.edition += 1;
    this.ask();
  }

  /**
   * Plotly's uirevision keeps legend choices, but gives a zoom up as soon as the template's range changes, which a range that
   * grows with the data does. So the ranges that the visitor set are kept here, and Plotly keeps none.
   */
  keepZoom(layout) {
    for (const [axis, range] of this.zoomed) layout[axis] = { ...layout[axis], range: [...range], autorange: false };
    for (const axis of Object.keys(layout)) {
      if (AXIS.test(axis)) layout[axis] = { ...layout[axis], uirevision: false };
    }
  }

  remember(change) {
    const axes = new Set(Object.keys(change).map((name) => RANGE.exec(name)?.[1]).filter(Boolean));
    for (const axis of axes) {
      const { range, _rangeInitial0: from, _rangeInitial1: to } = this.plot._fullLayout[axis];
      const reset = change[`${axis}.autorange`] || (range[0] === from && range[1] === to);
      if (reset) this.zoomed.delete(axis);
      else this.zoomed.set(axis, [...range]);
    }
    if (axes.size) this.again({});
  }

  fail(error) {
    this.root.dataset.error = String(error);
    console.error(error);
  }

  destroy() {
    this.destroyed = true;
    panels.delete(this);
    clearTimeout(this.settling);
    paintNever(this);
    need(this, null);
    this.unsubscribe();
    this.sight.disconnect();
    this.size.disconnect();
    document.removeEventListener("visibilitychange", this.request);
    window.removeEventListener("beforeprint", this.print);
    if (!this.isLaying) this.clear();
    this.root.remove();
  }
}

const axesOf = ({ layout = {} }) => Object.keys(layout).filter((name) => AXIS.test(name)).join();

/** A point that is nowhere, on each pair of axes where nothing is drawn yet: Plotly has no place for the lines of the others. */
function placeholders(data) {
  const filled = new Map();
  for (const trace of data) {
    const axes = `${trace.xaxis ?? "x"} ${trace.yaxis ?? "y"}`;
    filled.set(axes, filled.get(axes) || hasPoints(trace));
  }
  const look = { type: "scatter", mode: "markers", x: [null], y: [null], showlegend: false, hoverinfo: "skip" };
  return [...filled.keys()].filter((axes) => !filled.get(axes)).map((axes) => {
    const [xaxis, yaxis] = axes.split(" ");
    return { ...look, xaxis, yaxis };
  });
}

/** Whether Plotly makes anything of a trace: of points as many as have both places, of a field any if it has a number. */
function hasPoints({ x, y, z }) {
  if (z) return z.some((row) => row.some(Number.isFinite));
  return [x, y].every((places) => !places || places.length > 0) && Boolean(x ?? y);
}

function configuration(buttons) {
  return {
    displaylogo: false,
    showSendToCloud: false,
    responsive: false,
    modeBarButtonsToRemove: ["toImage", "lasso2d", "select2d", ...(TOUCH.matches ? ["zoom2d", "pan2d"] : [])],
    modeBarButtonsToAdd: buttons,
  };
}

/** The figure's own template under the page's theme. */
function themed(template, layout) {
  return { ...template, layout: merged(template?.layout ?? {}, layout) };
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function merged(under, over) {
  const result = { ...under };
  for (const [name, value] of Object.entries(over)) result[name] = isObject(value) ? merged(under[name] ?? {}, value) : value;
  return result;
}

let loading; // plotly.js, once for the page

function loadPlotly(url) {
  loading ??= loadScript(url).catch((error) => {
    loading = undefined; // a later panel may try again
    throw error;
  });
  return loading;
}

async function loadScript(url) {
  const script = Object.assign(document.createElement("script"), { src: url });
  await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${url} cannot be loaded`));
    document.head.append(script);
  });
  return window.Plotly;
}
