// The pictures of the stage in their places: the networks, the curves on the left, and one more on the right. In a narrow stage
// one of them fills the width, chosen by tabs.
import { Drawing } from "./drawing.js";
import { button, details, element, icon, named, write } from "./elements.js";
import { ghosted } from "./ghosts.js";
import { Panel } from "./panel.js";

/** What may stand in a place, the usual one first; several that there are make a choice. */
const NAMES = { left: ["loss", "rmse", "r2"], network: ["network"], right: ["boundary", "predictions", "metric"] };
const LEAST = 640; // px of width that the networks need to be drawn with all their words
const TABS = [["loss", "left"], ["layers", "network"], ["plane", "right"]];

export class Pictures {
  /** `acts`: draw(points, edit), when somebody has drawn points of the plane. */
  constructor(parent, acts) {
    Object.assign(this, { stage: parent, acts });
    this.tabs = element("div", "bn-tabs", { role: "tablist" });
    for (const [name, place] of TABS) this.tabs.append(this.tab(name, place));
    this.tabs.addEventListener("keydown", (event) => this.move(event));
    this.places = new Map(); // place -> {root, holder, panel, choice, name}
    this.network = this.make("network");
    this.plots = element("div", "bn-plots", {}, this.make("left").root, this.make("right").root);
    parent.append(this.tabs, this.network.root, this.plots);
    this.tabbed = "left";
  }

  tab(name, place) {
    const attributes = { "data-name": name, "data-place": place, id: `bn-tab-${name}`, "aria-controls": `bn-place-${place}` };
    return button("bn-tab", () => this.choose(place), { role: "tab", ...attributes });
  }

  make(place) {
    const holder = element("div", "bn-holder");
    const root = element("div", "bn-place", { "data-place": place, id: `bn-place-${place}` }, holder);
    const choice = element("select", "bn-choice");
    choice.addEventListener("change", () => this.draw(place, choice.value));
    const made = { root, holder, choice, panel: new Panel(holder), name: undefined };
    if (place !== "network") root.append(this.tools(made));
    if (place === "right") {
      this.drawing = new Drawing(made, this.acts.draw);
      root.querySelector(".bn-tools").prepend(this.drawing.toggle);
    }
    this.places.set(place, made);
    return made;
  }

  /** What may be done with a picture; to zoom it needs a button where a swipe scrolls the page. */
  tools(at) {
    const zoom = () => {
      at.panel.zoom();
      at.zoom.setAttribute("aria-pressed", String(at.panel.isZooming));
    };
    at.zoom = button("bn-button bn-tool bn-zoom", zoom, { "aria-pressed": "false" }, icon("zoom"));
    at.saved = element("summary", "bn-button bn-tool", {}, icon("save"));
    at.formats = element("div", "bn-formats");
    at.save = details("bn-save", at.saved, at.formats);
    return element("div", "bn-tools", {}, at.zoom, at.save, at.choice);
  }

  /** The buttons that a picture below the stage has in its bar. */
  offer(at, texts) {
    named(at.zoom, texts["scene.zoom"]);
    named(at.saved, texts["scene.save"]);
    const { save } = this.data;
    at.save.hidden = !save;
    at.formats.replaceChildren(...(save ? at.panel.buttons(save.words) : []).map(({ name, title, click }) => {
      const act = () => {
        at.save.open = false;
        click();
      };
      return button("bn-button", act, { title }, name.toUpperCase());
    }));
  }

  /**
   * @param data as the stage got it
   * @param size {factor, least} of the letters in the pictures, {isNarrow}: whether one picture fills the width
   * @param ghosts runs that lie under the one that is shown, see ghosts.js
   */
  update(data, addresses, size, ghosts = []) {
    Object.assign(this, { data, addresses, ghosts, isNarrow: size.isNarrow, size: { ...size, colors: pageColors(this.stage) } });
    this.setNarrow();
    const { texts, figures, hidden = [] } = data;
    const isHidden = { left: hidden.includes("curves"), right: hidden.includes("curves"), network: hidden.includes("layers") };
    for (const [place, { root, choice, name }] of this.places) {
      const names = NAMES[place].filter((each) => figures[each]);
      root.hidden = isHidden[place] || !names.length;
      choice.hidden = names.length < 2;
      choice.setAttribute("aria-label", texts["scene.measure"] ?? "");
      choice.replaceChildren(...names.map((each) => new Option(texts[`scene.${each}`] ?? each, each)));
      if (!root.hidden) this.draw(place, names.includes(name) ? name : names[0]);
      if (place !== "network") this.offer(this.places.get(place), texts);
    }
    for (const tab of this.tabs.children) {
      const { root, name } = this.places.get(tab.dataset.place);
      tab.hidden = root.hidden;
      write(tab, texts[tab.dataset.place === "network" ? "scene.layers_tab" : `scene.${name}`] ?? "");
    }
    this.tabs.setAttribute("aria-label", texts["scene.pictures"] ?? "");
    const open = [...this.tabs.children].filter((tab) => !tab.hidden).map((tab) => tab.dataset.place);
    const [left, right] = ["left", "right"].map((place) => this.places.get(place).root.hidden);
    this.plots.hidden = left && right;
    this.plots.dataset.single = left !== right;
    this.choose(open.includes(this.tabbed) ? this.tabbed : open[0]);
  }

  draw(place, name) {
    const at = this.places.get(place), { figures, alts = {} } = this.data;
    at.name = at.choice.value = name;
    const isNetwork = place === "network", { clientWidth: width } = at.root;
    const isNarrow = this.isNarrow || (isNetwork && width > 0 && width < LEAST * this.size.factor);
    const size = { ...this.size, isNarrow, ...(isNetwork && { width, height: this.networkHeight }) };
    const template = sized((isNarrow && figures[`${name}_narrow`]) || figures[name], size), { recording, target, fields } = this.data;
    const figure = ghosted(template, this.ghosts, armColors(fields), target, recording);
    if (place === "right") this.drawing.update(this.data.draw ?? null, this.data.texts, name === "boundary", this.data.token);
    at.panel.update({ data: { ...this.data.panel, figure, narrow: figure, key: name, alt: alts[name] ?? "", fit: true } }, this.addresses);
  }

  /** Pixels that the networks have, also where another picture has their place. */
  get networkHeight() {
    return this.network.root.clientHeight || this.places.get(this.tabbed).root.clientHeight;
  }

  /** The arrangement of the networks that is shown, as far as it says where its layers are. */
  get networkLayout() {
    return this.network.panel.figure?.layout;
  }

  choose(place) {
    this.tabbed = place;
    for (const tab of this.tabs.children) {
      const isOn = tab.dataset.place === place;
      tab.setAttribute("aria-selected", String(isOn));
      tab.tabIndex = isOn ? 0 : -1;
    }
    for (const [each, { root }] of this.places) root.classList.toggle("bn-tabbed", each === place);
  }

  /** A narrow stage shows one of the pictures, as a tab's panel. */
  setNarrow() {
    for (const [place, { root }] of this.places) {
      const name = TABS.find(([, each]) => each === place)[0];
      if (this.isNarrow) root.setAttribute("role", "tabpanel"), root.setAttribute("aria-labelledby", `bn-tab-${name}`);
      else root.removeAttribute("role"), root.removeAttribute("aria-labelledby");
    }
  }

  move(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1 }, open = [...this.tabs.children].filter((tab) => !tab.hidden);
    const at = open.indexOf(document.activeElement);
    if (!steps[event.key] || at < 0) return;
    event.preventDefault();
    const next = open[(at + steps[event.key] + open.length) % open.length];
    next.focus();
    this.choose(next.dataset.place);
  }

  destroy() {
    this.drawing.destroy();
    for (const { panel } of this.places.values()) panel.destroy();
  }
}

/** {arm: its colour} of all arms there are. */
const armColors = (fields = []) => fields.find(({ name }) => name === "arms")?.colors ?? {};

const MOST_TEMPLATES = 24; // kept, parsed and fitted
const parsed = new Map(); // JSON text -> {figure, size, made}: a page hands the same templates over and over

/** A template, parsed once, with letters of this size; the networks for this height. */
function sized(template, size) {
  const key = typeof template === "string" ? template : JSON.stringify(template);
  if (!parsed.has(key)) {
    parsed.set(key, { figure: JSON.parse(key) });
    if (parsed.size > MOST_TEMPLATES) parsed.delete(parsed.keys().next().value);
  }
  const known = parsed.get(key), asked = JSON.stringify(size);
  if (known.size !== asked) {
    const figure = legible(scaled(known.figure, size.factor, size.least), ...size.colors);
    Object.assign(known, { size: asked, made: size.height ? fitted(figure, size) : figure });
  }
  return known.made;
}

// Size: templates are drawn for a laptop; the stage also fills projectors, frames of other pages and telephones.

const ROOM = { wide: 252, narrow: 282 }; // px of the plotting area for which `figures/stage.py` draws the networks
const USUAL = 1010; // px of width for which it does, where it is not narrow
const NEAR = 0.2; // of a histogram's height: what is so near to its middle belongs to the arrows there
const EDGE = 3; // px on either side of the networks: letters reach a little beyond their place
const CROWDED = 1.25; // letters so much larger than the room is wide leave out what stands at its edges
const MOST_MARGIN = 0.55; // of a row's height that may go to what stands around its histograms

/** What of an object's numbers are pixels: those of letters, margins, lines, dots and of the room between them. */
const PIXELS = {
  font: ["size"], margin: ["l", "r", "t", "b"], line: ["width"], marker: ["size"], title: ["standoff"], pad: ["l", "r", "t", "b"],
};
const SHIFTS = ["xshift", "yshift"];

/** A copy of a Plotly figure with its letters, margins and lines `factor` times as large, letters of at least `least` pixels. */
function scaled(figure, factor, least = 0) {
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
function fitted(figure, { factor, width, height, isNarrow }) {
  const { t = 0, b = 0 } = figure.layout.margin ?? {}, room = height - t - b;
  const cells = figure.layout.meta?.cells ?? [];
  if (!(room > 0) || !cells.length) return figure;
  const larger = (factor * ROOM[isNarrow ? "narrow" : "wide"]) / room;
  const domains = Object.entries(figure.layout).filter(([name, { domain } = {}]) => /^yaxis/.test(name) && domain);
  const rows = [...new Map(cells.map(({ y }) => [y[0], y])).values()].map(([bottom, top]) => {
    const inside = domains.map(([, { domain }]) => domain).find(([low, high]) => low >= bottom - 1e-6 && high <= top + 1e-6);
    const [low, high] = inside ?? [bottom, top], around = low - bottom + top - high;
    const grow = Math.min(larger, (MOST_MARGIN * (top - bottom)) / (around || 1));
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

// Colour: one that is clear as a line or an area is often too pale for small letters.

const CONTRAST = 4.5; // of letters on what lies behind them, at least
const STEP = 0.08; // by which a colour is mixed with that of the page's text until it can be read

/** The colours of the page's text and ground as [red, green, blue], for `legible`. */
function pageColors(element) {
  const style = getComputedStyle(element);
  return [style.color, style.backgroundColor].map(channels);
}

/** A copy of a Plotly figure whose letters can be read on the ground; each keeps as much of its colour as that allows. */
function legible(figure, ink, ground) {
  const known = new Map();
  const read = (color) => {
    if (Array.isArray(color)) return color.map(read);
    if (typeof color !== "string") return color;
    if (!known.has(color)) known.set(color, mixed(channels(color), ink, ground));
    return known.get(color);
  };
  const walk = (value, holder) => {
    if (Array.isArray(value)) return value.map((inner) => walk(inner, holder));
    if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => {
      if (key === "meta") return [key, inner];
      return [key, key === "color" && holder.endsWith("font") ? read(inner) : walk(inner, key)];
    }));
  };
  return walk(figure, "");
}

function mixed(color, ink, ground) {
  let seen = color;
  for (let share = STEP; contrast(seen, ground) < CONTRAST && share <= 1; share += STEP) {
    seen = color.map((value, k) => Math.round((1 - share) * value + share * ink[k]));
  }
  return `rgb(${seen.join(",")})`;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function luminance(rgb) {
  const light = rgb.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2];
}

/** Of `#rrggbb` or `rgb(…)`. */
function channels(color) {
  if (color.startsWith("#")) return [1, 3, 5].map((k) => parseInt(color.slice(k, k + 2), 16));
  return color.match(/[\d.]+/g).slice(0, 3).map(Number);
}
