// A table whose cells are texts or numbers of the snapshot on screen.
import { FORMATS, resolve } from "./bind.js";
import { cursor, store, subscribe } from "./store.js";

export class Table {
  constructor(parent) {
    this.root = document.createElement("div");
    this.root.className = "bn-table";
    this.root.tabIndex = 0; // so that the keyboard can scroll it
    this.root.setAttribute("role", "region");
    this.root.dataset.painted = "0";
    parent.append(this.root);
    this.bound = [];
    this.unsubscribe = subscribe(() => this.show());
  }

  update({ data }) {
    this.run = data.run;
    this.root.dataset.run = data.run;
    this.root.setAttribute("aria-label", data.alt);
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    for (const text of data.table.columns) head.append(heading("col", text));
    const body = table.createTBody();
    this.bound = [];
    for (const row of data.table.rows) this.addRow(body.insertRow(), row);
    this.root.replaceChildren(table);
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

  show() {
    const live = store.run === this.run;
    for (const [cell, binding] of this.bound) {
      const text = FORMATS[binding.format ?? "g3"](live ? resolve(binding) : undefined);
      if (cell.textContent !== text) cell.textContent = text;
    }
    this.root.dataset.painted = Number(this.root.dataset.painted) + 1;
    this.root.dataset.cursor = live ? cursor() ?? "" : "";
  }

  destroy() {
    this.unsubscribe();
    this.root.remove();
  }
}

function heading(scope, text) {
  const cell = document.createElement("th");
  cell.scope = scope;
  cell.textContent = text;
  return cell;
}
