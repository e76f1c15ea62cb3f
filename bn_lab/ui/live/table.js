// A table whose cells are texts or numbers of the moment on screen.
import { fieldsOf, writtenBinding } from "./bind.js";
import { cursor, need, shown, subscribe } from "./store.js";

export class Table {
  constructor(parent) {
    this.root = document.createElement("div");
    this.root.className = "bn-table";
    this.root.tabIndex = 0; // so that the keyboard can scroll it
    this.root.setAttribute("role", "region");
    this.root.dataset.painted = "0";
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
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    for (const text of data.table.columns) head.append(heading("col", text));
    const body = table.createTBody();
    this.bound = [];
    for (const row of data.table.rows) this.addRow(body.insertRow(), row);
    this.root.replaceChildren(table);
    this.needs();
    this.show();
  }

  addRow(line, row) {
    row.forEach((content, k) => {
      const cell = k === 0 ? heading("row", "") : document.createElement("td");
      if (typeof content === "string") cell.textContent = content;
      else this.bound.push([cell, content]);
      line.append(cell);
    });
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
    for (const [cell, binding] of this.bound) {
      const text = writtenBinding(binding, isBound);
      if (cell.textContent !== text) cell.textContent = text;
    }
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

function heading(scope, text) {
  const cell = document.createElement("th");
  cell.scope = scope;
  cell.textContent = text;
  return cell;
}
