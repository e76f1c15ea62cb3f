// What the arms' numbers are at the moment shown: three (two while presenting) beside each network, all of them on demand,
// and the one sentence that they support.
import { place, written } from "../format.js";
import { element, write } from "../elements.js";

const FIRST = 3; // numbers beside a network
const SHORT = 2; // of them while presenting: the style hides the others

export class Numbers {
  /** `number(field)` gives a value at the moment shown. */
  constructor(parent, number) {
    this.number = number;
    this.more = element("button", "bn-link bn-all", { type: "button", "aria-expanded": "false", "aria-controls": "bn-all-numbers" });
    this.more.addEventListener("click", () => this.open(this.all.hidden));
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
    this.more.hidden = numbers.length <= FIRST;
    this.root.dataset.more = !this.more.hidden;
    this.all.setAttribute("aria-label", texts["scene.all_numbers"] ?? "");
    this.rows.replaceChildren(...arms.map((arm) => this.row(arm, numbers.slice(0, FIRST), texts)));
    this.all.replaceChildren(this.table(arms, numbers));
  }

  row(arm, numbers, texts) {
    const values = element("dl", "bn-values");
    numbers.forEach(({ field, label, format }, k) => {
      const value = element("dd");
      this.cells.push([value, `${arm.id}.${field}`, format]);
      const pair = element("div", k < SHORT ? "bn-value" : "bn-value bn-third", {}, element("dt", "", {}, label), value);
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
