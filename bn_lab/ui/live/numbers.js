// What the numbers are and what they say, as text: beside the networks, in one sentence, as findings at the end, in a table.
import { fieldsOf, writtenBinding } from "./bind.js";
import { button, element, write } from "./elements.js";
import { place, written } from "./format.js";
import { cursor, need, shown, subscribe } from "./store.js";

const BESIDE = 3; // numbers beside a network
const WHILE_PRESENTING = 2; // of them: the style hides the others
const MARKS = /\*\*(.+?)\*\*|\*(.+?)\*/g; // of the catalogue's templates

/** The arms' numbers: three (two while presenting) beside each network, all of them on demand. */
export class Numbers {
  /** `number(field)` gives a value at the moment shown. */
  constructor(parent, number) {
    this.number = number;
    const controlled = { "aria-expanded": "false", "aria-controls": "bn-all-numbers" };
    this.more = button("bn-link bn-all", () => this.open(this.all.hidden), controlled);
    this.rows = element("div", "bn-arms");
    this.root = element("section", "bn-numbers", {}, this.more, this.rows);
    this.all = element("div", "bn-all-numbers", { id: "bn-all-numbers", hidden: true, tabindex: "0", role: "region" });
    this.all.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.open(false);
      this.more.focus();
    });
    parent.append(this.root, this.all);
    this.cells = [];
  }

  open(isOpen) {
    this.all.hidden = !isOpen;
    this.more.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.show();
  }

  update({ texts, arms, numbers }) {
    this.cells = [];
    write(this.more, texts["scene.all_numbers"] ?? "");
    this.more.hidden = numbers.length <= BESIDE;
    this.root.dataset.more = !this.more.hidden;
    this.all.setAttribute("aria-label", texts["scene.all_numbers"] ?? "");
    this.rows.replaceChildren(...arms.map((arm) => this.row(arm, numbers.slice(0, BESIDE), texts)));
    this.all.replaceChildren(this.table(arms, numbers));
  }

  row(arm, numbers, texts) {
    const values = element("dl", "bn-values");
    numbers.forEach(({ field, label, format }, k) => {
      const value = element("dd");
      this.cells.push([value, `${arm.id}.${field}`, format]);
      const pair = element("div", k < WHILE_PRESENTING ? "bn-value" : "bn-value bn-third", {}, element("dt", "", {}, label), value);
      values.append(pair);
    });
    const name = element("h3", "bn-name", { title: arm.name }, arm.name);
    const row = element("div", "bn-arm", { role: "group", "aria-label": place(texts["scene.numbers"], { arm: arm.name }) }, name, values);
    row.style.setProperty("--arm", arm.color);
    return row;
  }

  table(arms, numbers) {
    const head = element("tr", "", {}, element("td"));
    for (const arm of arms) {
      const cell = element("th", "", { scope: "col" }, arm.name);
      cell.style.setProperty("--arm", arm.color);
      head.append(cell);
    }
    const body = element("tbody");
    for (const { field, label, format } of numbers) {
      const line = element("tr", "", {}, element("th", "", { scope: "row" }, label));
      for (const arm of arms) {
        const cell = element("td");
        this.cells.push([cell, `${arm.id}.${field}`, format]);
        line.append(cell);
      }
      body.append(line);
    }
    return element("table", "", {}, element("thead", "", {}, head), body);
  }

  show() {
    for (const [cell, field, format] of this.cells) {
      if (this.all.hidden && cell.tagName === "TD") continue;
      write(cell, written(this.number(field), format));
    }
  }
}

/** The one sentence that the numbers of the moment support. */
export class Sentence {
  /** `number(field, at)` gives the value at this place of a field, at the moment shown. */
  constructor(parent, number) {
    this.number = number;
    this.root = element("p", "bn-sentence");
    this.heard = element("span", "bn-heard", { "aria-live": "polite" });
    parent.append(this.root, this.heard);
  }

  update({ texts, arms, sentences }) {
    Object.assign(this, { texts, arms, sentences });
    this.heard.textContent = "";
  }

  get text() {
    const [which, arm, other, value, otherValue] = [0, 1, 2, 3, 4].map((at) => this.number("sentence", at));
    const id = this.sentences[which] ?? "";
    const name = (at) => this.arms[at]?.name ?? "";
    return id && place(this.texts[`sentence.${id}`], {
      arm: name(arm), other: name(other), value: written(value), other_value: written(otherValue),
    });
  }

  show() {
    write(this.root, this.text);
  }

  /** Say it to those who listen: on pause, not with every moment. */
  announce(before) {
    write(this.heard, `${before} ${this.text}`);
  }
}

/** What the numbers of the target say, once it is trained: sentences that the server chose, in the language of the page. */
export class Findings {
  constructor(parent) {
    this.root = element("section", "bn-findings");
    parent.append(this.root);
    this.unsubscribe = subscribe(() => this.show());
  }

  /** @param data {recording, title, waiting, texts: template by id, arms: name by id} */
  update({ data }) {
    this.data = data;
    this.written = undefined;
    this.show();
  }

  show() {
    const { recording, title, waiting, texts } = this.data, now = shown();
    const findings = now.recording === recording ? now.findings : null;
    const written = JSON.stringify(findings);
    if (written === this.written) return;
    this.written = written;
    const lines = (findings ?? []).filter(({ id }) => texts[id]).map(({ id, values }) => this.line(texts[id], values));
    this.root.replaceChildren(element("h3", "", {}, title), findings ? element("ul", "", {}, ...lines) : element("p", "", {}, waiting));
    this.root.dataset.count = lines.length;
  }

  /** A template with its emphasis, and values in its places, which are never more than text. */
  line(template, values) {
    const line = element("li");
    let at = 0;
    for (const match of template.matchAll(MARKS)) {
      line.append(this.filled(template.slice(at, match.index), values));
      line.append(element(match[1] ? "strong" : "em", "", {}, this.filled(match[1] ?? match[2], values)));
      at = match.index + match[0].length;
    }
    line.append(this.filled(template.slice(at), values));
    return line;
  }

  filled(text, values) {
    return text.replace(/\{(\w+)\}/g, (_, name) => this.textOf(name, values[name]));
  }

  textOf(name, value) {
    if (name === "arm") return this.data.arms[value] ?? value;
    if (typeof value !== "number") return String(value ?? "–");
    return written(value, Number.isInteger(value) ? "whole" : "number");
  }

  destroy() {
    this.unsubscribe();
    this.root.remove();
  }
}

/** A table whose cells are texts or numbers of the moment on screen. */
export class Table {
  constructor(parent) {
    // The keyboard can scroll it.
    this.root = element("div", "bn-table", { tabindex: "0", role: "region", "data-painted": "0" });
    parent.append(this.root);
    this.bound = [];
    this.unsubscribe = subscribe((what) => this.hear(what));
    this.sight = new IntersectionObserver((entries) => this.see(entries.at(-1).isIntersecting));
    this.sight.observe(this.root);
    this.print = () => this.root.toggleAttribute("data-unfinished", !this.visible && this.root.dataset.cursor !== String(cursor() ?? ""));
    window.addEventListener("beforeprint", this.print);
  }

  /** @param data {recording, table: {columns, rows}, alt} */
  update({ data }) {
    this.recording = data.recording;
    this.root.dataset.recording = data.recording;
    this.root.setAttribute("aria-label", data.alt);
    this.bound = [];
    const head = element("tr", "", {}, ...data.table.columns.map((text) => element("th", "", { scope: "col" }, text)));
    const body = element("tbody", "", {}, ...data.table.rows.map((row) => this.row(row)));
    this.root.replaceChildren(element("table", "", {}, element("thead", "", {}, head), body));
    this.needs();
    this.show();
  }

  row(contents) {
    return element("tr", "", {}, ...contents.map((content, k) => {
      const cell = k === 0 ? element("th", "", { scope: "row" }) : element("td");
      if (typeof content === "string") cell.textContent = content;
      else this.bound.push([cell, content]);
      return cell;
    }));
  }

  see(visible) {
    this.visible = visible;
    this.needs();
    this.show();
  }

  get isBound() {
    return shown().recording === this.recording;
  }

  needs() {
    need(this, this.visible && this.isBound ? this.bound.flatMap(([, binding]) => fieldsOf(binding)) : null);
  }

  hear(what) {
    if (what === "shown") this.needs();
    if (what !== "state" && this.visible) this.show();
  }

  show() {
    const { isBound } = this;
    for (const [cell, binding] of this.bound) write(cell, writtenBinding(binding, isBound));
    this.root.dataset.painted = Number(this.root.dataset.painted) + 1;
    this.root.dataset.cursor = isBound ? cursor() ?? "" : "";
  }

  destroy() {
    need(this, null);
    window.removeEventListener("beforeprint", this.print);
    this.unsubscribe();
    this.sight.disconnect();
    this.root.remove();
  }
}
