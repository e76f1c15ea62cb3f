// The pictures of the stage in their places: the networks, the curves on the left, and one more on the right. In a narrow stage
// one of them fills the width, chosen by tabs.
import { Panel } from "../panel.js";
import { legible, pageColors } from "./letters.js";
import { fitted, scaled } from "./scale.js";
import { element, icon, named, write } from "./words.js";

/** What may stand in a place, the usual one first; several that there are make a choice. */
const NAMES = { left: ["loss", "rmse", "r2"], network: ["network"], right: ["boundary", "predictions", "metric"] };
const LEAST = 640; // px of width that the networks need to be drawn with all their words
const TABS = [["loss", "left"], ["layers", "network"], ["plane", "right"]];

export class Pictures {
  constructor(parent) {
    this.stage = parent;
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
    const told = { "data-name": name, "data-place": place, id: `bn-tab-${name}`, "aria-controls": `bn-place-${place}` };
    const tab = element("button", "bn-tab", { type: "button", role: "tab", ...told });
    tab.addEventListener("click", () => this.choose(place));
    return tab;
  }

  make(place) {
    const holder = element("div", "bn-holder");
    const root = element("div", "bn-place", { "data-place": place, id: `bn-place-${place}` }, holder);
    const choice = element("select", "bn-choice");
    choice.addEventListener("change", () => this.draw(place, choice.value));
    const made = { root, holder, choice, panel: new Panel(holder), name: undefined };
    if (place !== "network") root.append(this.tools(made));
    this.places.set(place, made);
    return made;
  }

  /** What may be done with a picture; to zoom it needs a button where a swipe scrolls the page. */
  tools(at) {
    at.zoom = element("button", "bn-button bn-tool bn-zoom", { type: "button", "aria-pressed": "false" }, icon("zoom"));
    at.zoom.addEventListener("click", () => {
      at.panel.zoom();
      at.zoom.setAttribute("aria-pressed", String(at.panel.isZooming));
    });
    at.saved = element("summary", "bn-button bn-tool", {}, icon("save"));
    at.formats = element("div", "bn-formats");
    at.save = element("details", "bn-save", {}, at.saved, at.formats);
    at.save.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !at.save.contains(relatedTarget)) at.save.open = false;
    });
    return element("div", "bn-tools", {}, at.zoom, at.save, at.choice);
  }

  /** The buttons that a picture below the stage has in its bar. */
  offer(at, texts) {
    named(at.zoom, texts["scene.zoom"]);
    named(at.saved, texts["scene.save"]);
    const { save } = this.data;
    at.save.hidden = !save;
    at.formats.replaceChildren(...(save ? at.panel.buttons(save.words) : []).map(({ name, title, click }) => {
      const button = element("button", "bn-button", { type: "button", title }, name.toUpperCase());
      button.addEventListener("click", () => {
        at.save.open = false;
        click();
      });
      return button;
    }));
  }

  /**
   * @param data as the stage got it
   * @param size {factor, least} of the letters in the pictures, {isNarrow}: whether one picture fills the width
   */
  update(data, addresses, size) {
    Object.assign(this, { data, addresses, isNarrow: size.isNarrow, size: { ...size, colors: pageColors(this.stage) } });
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
    const figure = sized((isNarrow && figures[`${name}_narrow`]) || figures[name], size);
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
    for (const { panel } of this.places.values()) panel.destroy();
  }
}

const MOST = 24;
const parsed = new Map(); // JSON text -> {figure, size, made}: a page hands the same templates over and over

/** A template, parsed once, with letters of this size; the networks for this height. */
function sized(template, size) {
  const key = typeof template === "string" ? template : JSON.stringify(template);
  if (!parsed.has(key)) {
    parsed.set(key, { figure: JSON.parse(key) });
    if (parsed.size > MOST) parsed.delete(parsed.keys().next().value);
  }
  const known = parsed.get(key), asked = JSON.stringify(size);
  if (known.size !== asked) {
    const figure = legible(scaled(known.figure, size.factor, size.least), ...size.colors);
    Object.assign(known, { size: asked, made: size.height ? fitted(figure, size) : figure });
  }
  return known.made;
}
