// The strip of runs under the stage: what differs from the run before, and a card for each run that brings it back. It is the
// history of a visit, and its undo.
import { button, element, icon, named, write } from "./elements.js";
import { place, written, writtenEpoch } from "./format.js";
import { DASHES } from "./ghosts.js";
import * as runs from "./runs.js";
import { onClear } from "./storage.js";

const MOST_COMPARED = 8; // runs of a comparison, as in bn_lab/ui/compare/links.py
const WIDTH = 100, HEIGHT = 30, EDGE = 2; // of a thumbnail, in units of its own

export class Strip {
  /** `acts`: go(run), compare(runs), changed(): other runs lie under the stage, everywhere(isOn). */
  constructor(parent, acts) {
    this.acts = acts;
    this.line = element("p", "bn-change", { role: "status" });
    this.everywhere = element("input", "bn-everywhere", { type: "checkbox", role: "switch" });
    this.everywhere.addEventListener("change", () => acts.everywhere(this.everywhere.checked));
    this.everywhereText = element("span");
    this.switch = element("label", "bn-switch", {}, this.everywhere, this.everywhereText);
    this.compare = button("bn-button bn-small bn-compare", () => acts.compare(this.compared()));
    this.list = element("ul", "bn-cards");
    this.list.addEventListener("dragover", (event) => this.drag(event));
    this.list.addEventListener("drop", (event) => this.drop(event));
    const head = element("div", "bn-strip-head", {}, this.line, this.switch, this.compare);
    this.root = element("section", "bn-strip", {}, head, this.list);
    parent.append(this.root);
    this.cards = new Map(); // key of a run -> its card
    this.unsubscribe = [onClear(() => this.changed(() => {})), runs.onOther(() => this.hear())];
  }

  destroy() {
    for (const end of this.unsubscribe) end();
  }

  update({ texts, fields, hidden = [], embed }) {
    Object.assign(this, { texts, fields });
    this.root.hidden = Boolean(embed) || hidden.includes("runs");
    this.root.setAttribute("aria-label", texts["runs.label"] ?? "");
    write(this.everywhereText, texts["runs.everywhere"] ?? "");
    this.switch.title = texts["runs.everywhere_help"] ?? "";
    this.compare.hidden = hidden.includes("compare");
    this.compare.title = texts["runs.compare_help"] ?? "";
    for (const card of this.cards.values()) card.update(texts, fields);
    this.show();
  }

  show() {
    if (!this.texts || this.root.hidden) return;
    const known = runs.all(), ghosts = runs.ghosts();
    const canPin = known.filter(({ isPinned }) => isPinned).length < runs.MOST_PINNED;
    this.lying = JSON.stringify(ghosts.map(({ key }) => key));
    write(this.line, this.said(known, ghosts));
    this.switch.hidden = !ghosts.length;
    write(this.compare, place(this.texts["runs.compare"], { count: this.compared().length }));
    this.compare.disabled = this.compared().length < 2;
    for (const [key, card] of this.cards) {
      if (known.some((run) => run.key === key)) continue;
      card.root.remove();
      this.cards.delete(key);
    }
    known.forEach((run, at) => {
      const card = this.cards.get(run.key) ?? this.made(run.key);
      card.show(run, { at, count: known.length, dash: DASHES[ghosts.indexOf(run)], canPin });
      if (this.list.children[at] !== card.root) this.put(card.root, at);
    });
    const present = known.find(runs.isStaged)?.key;
    if (present !== this.presented && present !== undefined) this.reveal(this.cards.get(present).root);
    this.presented = present;
  }

  /** Have a card in sight, as far as that moves nothing but the cards. */
  reveal(root) {
    const card = root.getBoundingClientRect(), list = this.list.getBoundingClientRect();
    this.list.scrollLeft += Math.min(0, card.left - list.left) + Math.max(0, card.right - list.right);
  }

  /** Another page of this browser has changed the runs. */
  hear() {
    const { lying } = this;
    this.show();
    if (this.lying !== lying) this.acts.changed();
  }

  /** Put a card where it belongs; what has the focus keeps it. */
  put(root, at) {
    const focused = root.contains(document.activeElement) ? document.activeElement : null;
    this.list.insertBefore(root, this.list.children[at] ?? null);
    focused?.focus();
  }

  made(key) {
    const card = new Card(key, {
      go: (run) => this.acts.go(run),
      pin: (run) => this.changed(() => runs.pin(key, !run.isPinned)),
      remove: () => this.remove(key),
      move: (to) => this.changed(() => runs.move(key, to)),
    });
    this.cards.set(key, card);
    card.update(this.texts, this.fields);
    return card;
  }

  /** What differs from the run before; where that cannot be compared, that there is nothing pale. */
  said(known, [last]) {
    const { texts, fields } = this, now = runs.present();
    if (last) return place(texts["runs.change"], { change: runs.change(fields, last, now) });
    const other = runs.incomparable();
    if (other === undefined) return known.length > 1 ? "" : texts["runs.empty"] ?? "";
    const field = fields.find(({ name }) => name === "dataset"), name = (id) => runs.worded(field, id || field.usual);
    return place(texts["runs.incomparable"], { before: name(other), now: name(runs.dataOf(now)) });
  }

  /** The runs that Compare opens with: those that are pinned and the one on the stage; without pins all. */
  compared() {
    const known = runs.all(), hasPins = known.some(({ isPinned }) => isPinned);
    const others = known.filter((run) => !runs.isStaged(run) && (run.isPinned || !hasPins));
    const chosen = [...known.filter(runs.isStaged), ...others].slice(0, MOST_COMPARED);
    return known.filter((run) => chosen.includes(run));
  }

  changed(act) {
    act();
    this.acts.changed();
    this.show();
  }

  remove(key) {
    const at = runs.all().findIndex((run) => run.key === key);
    this.changed(() => runs.remove(key));
    const next = runs.all()[Math.min(at, runs.all().length - 1)];
    (next ? this.cards.get(next.key).go : this.compare).focus();
  }

  // Dragging a card, besides its buttons.

  drag(event) {
    const dragged = [...this.cards.values()].find(({ isDragged }) => isDragged);
    if (!dragged) return;
    event.preventDefault();
    const over = [...this.list.children].findIndex((root) => event.clientX < root.getBoundingClientRect().right);
    this.target = over < 0 ? this.list.children.length - 1 : over;
  }

  drop(event) {
    const dragged = [...this.cards.values()].find(({ isDragged }) => isDragged);
    if (!dragged || this.target === undefined) return;
    event.preventDefault();
    this.changed(() => runs.move(dragged.key, this.target));
  }
}

/** A run of the strip. */
class Card {
  /** `acts`: go(run), pin(run), remove(), move(to). */
  constructor(key, acts) {
    this.key = key;
    this.thumb = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true", class: "bn-thumb" });
    this.mark = svg("svg", { viewBox: "0 0 24 6", "aria-hidden": "true", class: "bn-dash" });
    this.what = element("span", "bn-what");
    this.result = element("span", "bn-result");
    this.go = button("bn-card-go", () => !this.isStaged && acts.go(this.run), {}, this.thumb,
      element("span", "bn-card-head", {}, this.mark, this.what), this.result);
    const tool = (name, act) => button(`bn-card-tool bn-card-${name}`, act, {}, icon(name));
    this.pin = tool("pin", () => acts.pin(this.run));
    this.tools = {
      left: tool("left", () => acts.move(this.at - 1)), right: tool("right", () => acts.move(this.at + 1)),
      pin: this.pin, remove: tool("remove", acts.remove),
    };
    const tools = element("span", "bn-card-tools", {}, ...Object.values(this.tools));
    this.root = element("li", "bn-card", { draggable: "true", "data-key": key }, this.go, tools);
    this.root.addEventListener("dragstart", (event) => {
      this.isDragged = true;
      event.dataTransfer.effectAllowed = "move";
    });
    this.root.addEventListener("dragend", () => (this.isDragged = false));
  }

  update(texts, fields) {
    Object.assign(this, { texts, fields, shown: undefined });
    this.colors = fields.find(({ name }) => name === "arms")?.colors ?? {};
  }

  show(run, { at, count, dash, canPin }) {
    const { texts, fields } = this, now = runs.present();
    Object.assign(this, { run, at });
    this.isStaged = runs.isStaged(run);
    const what = this.isStaged ? texts["runs.present"] ?? "" : runs.apart(fields, run, now) || texts["runs.same"] || "";
    const shown = JSON.stringify([what, run.trained, run.results, run.isPinned, at, count, dash, canPin]);
    if (shown === this.shown) return;
    this.shown = shown;
    write(this.what, what);
    this.root.classList.toggle("bn-present", this.isStaged);
    if (this.isStaged) this.root.setAttribute("aria-current", "true");
    else this.root.removeAttribute("aria-current");
    this.result.replaceChildren(...Object.entries(run.results).map(([arm, loss]) => {
      const made = element("span", "", {}, written(loss));
      made.style.setProperty("--arm", this.colors[arm] ?? "currentColor");
      return made;
    }));
    this.draw(run, dash);
    const arms = fields.find(({ name }) => name === "arms")?.options ?? {};
    const results = Object.entries(run.results).map(([arm, loss]) => `${arms[arm] ?? arm} ${written(loss)}`).join(", ");
    const label = place(texts[this.isStaged ? "runs.shown" : "runs.go"], { what, results, epoch: writtenEpoch(run.trained) });
    this.go.setAttribute("aria-label", label);
    this.go.title = label;
    for (const [name, tool] of Object.entries(this.tools)) named(tool, place(texts[`runs.${name}`], { what }));
    this.pin.setAttribute("aria-pressed", String(run.isPinned));
    this.pin.disabled = !run.isPinned && !canPin;
    if (this.pin.disabled) named(this.pin, place(texts["runs.pinned_most"], { count: runs.MOST_PINNED }));
    this.ends(at === 0, at === count - 1);
    this.tools.remove.hidden = this.isStaged; // it would be there again with the next moment
  }

  /** It can go no further at an end; the other arrow gets the focus that is lost by that. */
  ends(isFirst, isLast) {
    const { left, right } = this.tools, focused = document.activeElement;
    [left.disabled, right.disabled] = [isFirst, isLast];
    if (focused === left && isFirst) right.focus();
    else if (focused === right && isLast) left.focus();
  }

  /** The training losses, each arm a line; heights are logarithms, as far as there are any. */
  draw({ curves }, dash) {
    const { epochs, lines } = curves.loss;
    const drawn = Object.entries(lines).filter(([line]) => line.endsWith(".train"));
    const isLog = drawn.every(([, values]) => values.every((value) => value === null || value > 0));
    const height = (value) => (value === null ? NaN : isLog ? Math.log(value) : value);
    const heights = drawn.flatMap(([, values]) => values.map(height)).filter(Number.isFinite);
    const [low, high] = [Math.min(...heights), Math.max(...heights)], last = Math.max(epochs.length - 1, 1);
    const at = (value, k) => [
      (k / last) * WIDTH, EDGE + (1 - (height(value) - low) / (high - low || 1)) * (HEIGHT - 2 * EDGE),
    ].map((number) => number.toFixed(1)).join(" ");
    this.thumb.replaceChildren(...drawn.map(([line, values]) => {
      const points = values.map((value, k) => (value === null ? null : at(value, k)));
      const path = points.map((point, k) => (point === null ? "" : `${k && points[k - 1] !== null ? "L" : "M"}${point}`)).join("");
      return svg("path", { d: path, stroke: this.colors[line.split(".")[0]] ?? "currentColor" });
    }));
    this.mark.replaceChildren(...(dash ? [svg("path", { d: "M0 3H24", "stroke-dasharray": PATTERNS[dash] })] : []));
    this.mark.style.display = dash ? "" : "none";
  }
}

const PATTERNS = { dot: "2 3", dashdot: "6 3 2 3", longdash: "9 4", longdashdot: "9 3 2 3" };

function svg(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
