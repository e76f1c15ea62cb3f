// What the numbers of the target say, once it is trained: sentences that the server chose, in the language of the page.
import { written } from "./format.js";
import { shown, subscribe } from "./store.js";

const MARKS = /\*\*(.+?)\*\*|\*(.+?)\*/g; // of the catalogue's templates

export class Findings {
  constructor(parent) {
    this.root = document.createElement("section");
    this.root.className = "bn-findings";
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
    const found = now.recording === recording ? now.findings : null;
    const written = JSON.stringify(found);
    if (written === this.written) return;
    this.written = written;
    const heading = document.createElement("h3");
    heading.textContent = title;
    const list = document.createElement("ul");
    for (const { id, values } of found ?? []) {
      if (texts[id]) list.append(this.line(texts[id], values));
    }
    const rest = document.createElement("p");
    rest.textContent = found ? "" : waiting;
    this.root.replaceChildren(heading, found ? list : rest);
    this.root.dataset.count = list.children.length;
  }

  /** A template with its emphasis, and values in its places, which are never more than text. */
  line(template, values) {
    const line = document.createElement("li");
    let at = 0;
    for (const match of template.matchAll(MARKS)) {
      line.append(this.filled(template.slice(at, match.index), values));
      const marked = document.createElement(match[1] ? "strong" : "em");
      marked.append(this.filled(match[1] ?? match[2], values));
      line.append(marked);
      at = match.index + match[0].length;
    }
    line.append(this.filled(template.slice(at), values));
    return line;
  }

  filled(text, values) {
    return text.replace(/\{(\w+)\}/g, (_, name) => this.told(name, values[name]));
  }

  told(name, value) {
    if (name === "arm") return this.data.arms[value] ?? value;
    if (typeof value !== "number") return String(value ?? "–");
    return written(value, Number.isInteger(value) ? "whole" : "number");
  }

  destroy() {
    this.unsubscribe();
    this.root.remove();
  }
}
