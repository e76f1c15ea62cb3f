// The row above the player: which experiment is on stage, and how its pictures are looked at.
import { element, icon, named, write } from "../elements.js";

const MOST = 3; // layers shown at once

export class Top {
  /** `acts`: chip(id), scale(isSame), layers(list), present, help. */
  constructor(parent, acts) {
    this.acts = acts;
    this.chips = element("div", "bn-chips", { role: "group" });
    this.same = element("input", "bn-same-scale", { type: "checkbox", role: "switch" });
    this.same.addEventListener("change", () => acts.scale(this.same.checked));
    this.sameText = element("span");
    this.sameLabel = element("label", "bn-switch", {}, this.same, this.sameText);
    this.picked = element("summary", "bn-button");
    this.choices = element("div", "bn-choices", { role: "group" });
    this.pick = element("details", "bn-pick", {}, this.picked, this.choices);
    this.pick.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !this.pick.contains(relatedTarget)) this.pick.open = false;
    });
    this.pick.addEventListener("keydown", ({ key }) => {
      if (key !== "Escape") return;
      this.pick.open = false;
      this.picked.focus();
    });
    this.present = element("button", "bn-button bn-small bn-present", { type: "button" }, icon("present"));
    this.present.addEventListener("click", acts.present);
    this.help = element("button", "bn-button bn-small bn-help", { type: "button" }, "?");
    this.help.addEventListener("click", acts.help);
    this.view = element("div", "bn-view", {}, this.pick, this.sameLabel, this.present, this.help);
    this.root = element("div", "bn-top", {}, this.chips, this.view);
    parent.append(this.root);
  }

  update({ texts, chips = [], depth, layers, scale, hidden = [] }) {
    this.layers = layers;
    this.chips.setAttribute("aria-label", texts["scene.chips"] ?? "");
    this.chips.hidden = hidden.includes("presets");
    const shape = JSON.stringify(chips.map(({ id, label }) => [id, label]));
    if (shape !== this.shape) this.chips.replaceChildren(...chips.map((chip) => this.chip(chip)));
    this.shape = shape;
    [...this.chips.children].forEach((button, k) => {
      button.setAttribute("aria-pressed", String(Boolean(chips[k].on)));
      button.disabled = Boolean(chips[k].disabled);
    });
    write(this.sameText, texts["scene.same_scale"] ?? "");
    this.sameLabel.hidden = hidden.includes("layers");
    this.sameLabel.title = texts["scene.same_scale_help"] ?? "";
    this.same.checked = Boolean(scale);
    this.pick.hidden = depth <= MOST || hidden.includes("layers");
    this.view.dataset.picks = !this.pick.hidden;
    this.picked.title = texts["scene.layers_help"] ?? "";
    write(this.picked, `${texts["scene.layers"] ?? ""} ${layers.join(", ")}`);
    this.choices.setAttribute("aria-label", texts["scene.layers_help"] ?? "");
    if (this.choices.children.length !== depth) {
      this.choices.replaceChildren(...Array.from({ length: depth }, (_, k) => this.choice(k + 1)));
    }
    for (const { firstChild: box } of this.choices.children) box.checked = layers.includes(Number(box.value));
    named(this.present, texts["scene.present"]);
    named(this.help, texts["key.help"]);
  }

  chip({ id, label }) {
    const button = element("button", "bn-chip", { type: "button", "data-id": id }, label);
    button.addEventListener("click", () => this.acts.chip(id));
    return button;
  }

  choice(layer) {
    const box = element("input", "", { type: "checkbox", value: layer });
    box.addEventListener("change", () => this.choose(layer, box.checked));
    return element("label", "", {}, box, String(layer));
  }

  /** At most three, at least one: the one chosen first makes room. */
  choose(layer, isChosen) {
    const others = this.layers.filter((each) => each !== layer);
    const chosen = isChosen ? [...others.slice(1 - MOST), layer] : others;
    if (chosen.length) this.acts.layers([...chosen].sort((a, b) => a - b));
    const seen = chosen.length ? chosen : this.layers;
    for (const { firstChild: box } of this.choices.children) box.checked = seen.includes(Number(box.value));
  }
}
