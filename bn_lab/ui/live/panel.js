// A figure which is filled from the store and painted by Plotly, when it can be seen.
import { fill } from "./bind.js";
import { loadPlotly } from "./plotly.js";
import { buttons } from "./save.js";
import { cursor, store, subscribe } from "./store.js";
import { theme } from "./style.js";

const HEIGHT = 360; // px, of a figure that does not say its own
const NARROW = 700; // px of width below which a figure's narrow arrangement is shown, if it has one
const AXIS = /^[xy]axis\d*$/;
const RANGE = /^([xy]axis\d*)\.(?:range|autorange)/;

/** Panels that wait for paint, one a picture of the page, so that several figures do not make one long pause. */
const waiting = new Set();
let frame = 0;
function pump() {
  const [panel] = waiting;
  waiting.delete(panel);
  frame = waiting.size ? requestAnimationFrame(pump) : 0;
  panel?.paint();
}

function paintSoon(panel) {
  waiting.add(panel);
  frame ||= requestAnimationFrame(pump);
}

const whenIdle = window.requestIdleCallback ?? ((act) => setTimeout(act, 200));

export class Panel {
  constructor(parent) {
    this.root = document.createElement("div");
    this.root.className = "bn-panel";
    this.root.setAttribute("role", "figure"); // not an image, within which the buttons would be none
    this.root.dataset.painted = "0";
    this.plot = document.createElement("div");
    this.root.append(this.plot);
    parent.append(this.root);
    this.zoomed = new Map(); // axis -> range, of axes that the visitor moved, while they mean the same
    this.limits = new Map(); // axis -> range of the data of this run
    this.buttons = buttons(this);
    this.request = () => this.ask();
    this.unsubscribe = subscribe(this.request);
    this.sight = new IntersectionObserver((entries) => this.see(entries.at(-1).isIntersecting));
    this.sight.observe(this.root);
    this.size = new ResizeObserver(this.request);
    this.size.observe(this.root);
    document.addEventListener("visibilitychange", this.request);
  }

  update({ data }, plotly) {
    const parsed = (figure) => (typeof figure === "string" ? JSON.parse(figure) : figure);
    const wide = parsed(data.figure);
    for (const axis of this.zoomed.keys()) {
      // A range means nothing on the other kind of axis.
      if (wide.layout?.[axis]?.type !== this.wide.layout?.[axis]?.type) this.zoomed.delete(axis);
    }
    if (data.run !== this.run || data.subject !== this.subject) this.zoomed.clear();
    this.limits.clear();
    const { run, subject, key: name, save } = data;
    Object.assign(this, { wide, narrow: parsed(data.narrow) ?? wide, run, subject, name, save: { ...save, alt: data.alt } });
    Object.assign(this, { source: plotly, config: configuration(this.buttons(save.words)) });
    this.root.setAttribute("aria-label", data.alt);
    this.arrange(); // before anything is painted: nothing jumps
    this.theme = theme(this.root); // a change of theme calls again, too
    loadPlotly(plotly).then((Plotly) => {
      this.Plotly = Plotly;
      this.ask();
    }, (error) => this.fail(error));
  }

  /** Take the arrangement that fits the width, and its height. */
  arrange() {
    const isNarrow = this.root.clientWidth > 0 && this.root.clientWidth < NARROW;
    if (isNarrow !== this.isNarrow && this.narrow !== this.wide) {
      this.zoomed.clear(); // axes of the one arrangement are not those of the other
      this.limits.clear();
    }
    this.isNarrow = isNarrow;
    this.figure = isNarrow ? this.narrow : this.wide;
    const height = `${this.figure.layout?.height ?? HEIGHT}px`;
    if (this.root.style.height !== height) this.root.style.height = height;
  }

  see(visible) {
    this.visible = visible;
    this.ask();
  }

  /**
   * Paint soon, if it can be seen; what is asked meanwhile is the same paint. The first paint takes several times as long as
   * the others, so a panel out of sight has it once, when the page has nothing else to do.
   */
  ask() {
    if (!this.Plotly || document.hidden) return;
    if (this.visible) paintSoon(this);
    else if (!this.prepared) whenIdle(() => paintSoon(this));
    this.prepared = true;
  }

  paint() {
    const width = this.root.clientWidth;
    if (!width || this.destroyed || (this.listening && !this.visible)) return;
    if (this.plot._dragging) return void setTimeout(this.request, 100); // not under the visitor's hand
    this.arrange();
    const bound = store.run === this.run, shown = { run: this.run, cursor: bound ? cursor() ?? "" : "" };
    const { data, layout } = fill(this.figure, this.limits, bound);
    const height = this.root.clientHeight;
    Object.assign(layout, { width, height, autosize: false, uirevision: `${this.run} ${this.name}` });
    layout.template = themed(layout.template, this.theme);
    this.keepZoom(layout);
    this.Plotly.react(this.plot, data, layout, this.config).then(() => this.painted(shown), (error) => this.fail(error));
  }

  painted(shown) {
    if (this.destroyed) return;
    if (!this.listening) {
      this.listening = true;
      this.plot.on("plotly_relayout", (change) => this.remember(change));
    }
    // The label says what the drawing shows; read letter by letter its ticks say nothing.
    for (const drawing of this.plot.querySelectorAll(".main-svg")) drawing.setAttribute("aria-hidden", "true");
    // These say what is on the screen, not what is on its way.
    Object.assign(this.root.dataset, { painted: Number(this.root.dataset.painted) + 1, ...shown });
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
    if (axes.size) this.ask();
  }

  fail(error) {
    this.root.dataset.error = String(error);
    console.error(error);
  }

  destroy() {
    this.destroyed = true;
    waiting.delete(this);
    this.unsubscribe();
    this.sight.disconnect();
    this.size.disconnect();
    document.removeEventListener("visibilitychange", this.request);
    if (this.listening) this.Plotly.purge(this.plot);
    this.root.remove();
  }
}

function configuration(buttons) {
  return {
    displaylogo: false,
    showSendToCloud: false,
    responsive: false,
    modeBarButtonsToRemove: ["toImage", "lasso2d", "select2d"],
    modeBarButtonsToAdd: buttons,
  };
}

/** The figure's own template under the page's theme. */
function themed(template, layout) {
  return { ...template, layout: merged(template?.layout ?? {}, layout) };
}

const isPlain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function merged(under, over) {
  const result = { ...under };
  for (const [name, value] of Object.entries(over)) result[name] = isPlain(value) ? merged(under[name] ?? {}, value) : value;
  return result;
}
