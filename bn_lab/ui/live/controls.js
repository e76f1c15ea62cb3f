// What is pressed on the stage: the row above the player, the player's row, and the keyboard. What is pressed here goes to the
// stage's acts, what is shown comes from it.
import { button, details, dialog, element, icon, named, write } from "./elements.js";
import { around, epochValue, place, setting, writtenEpoch } from "./format.js";
import { FOLLOW, SPEEDS } from "./player.js";

const MOST_LAYERS = 3; // shown at once
const PATIENCE = [0, 2, 3, 5, 10, 20, 50, 100, 200]; // epochs; 0 never stops
const FRACTIONS = { 0.25: "¼", 0.5: "½" };

/** A button with its words, which a narrow stage leaves to its icon. */
function worded(button, text) {
  write(button.lastChild, text);
  named(button, text);
}

/** The player's row. */
export class Controls {
  /** `acts`: toggle, back, forward, start, seekIndex(index), seekEpoch(epoch), speed(speed), newSeed, longer, and `Changes`'. */
  constructor(parent, acts) {
    const drawn = (name, act) => button(`bn-button bn-${name}`, act, {}, icon(name));
    this.play = drawn("play", acts.toggle);
    this.icons = { play: this.play.firstChild, pause: icon("pause") };
    this.start = drawn("start", acts.start);
    this.back = drawn("back", acts.back);
    this.forward = drawn("forward", acts.forward);
    this.timeline = element("input", "bn-timeline", { type: "range", min: 0, max: 0, step: 1, value: 0 });
    this.timeline.addEventListener("input", () => acts.seekIndex(this.timeline.valueAsNumber));
    this.epoch = element("input", "bn-epoch", { type: "number", min: 0, step: "any", inputmode: "decimal" });
    this.epoch.addEventListener("change", () => Number.isFinite(this.epoch.valueAsNumber) && acts.seekEpoch(this.epoch.valueAsNumber));
    this.before = element("span");
    this.after = element("span");
    this.shown = element("span", "bn-shown", {}, this.before, this.epoch, this.after);
    this.status = element("span", "bn-status");
    this.speed = element("select", "bn-speed");
    this.speed.addEventListener("change", () => acts.speed(SPEEDS.find((speed) => String(speed) === this.speed.value)));
    this.newSeed = button("bn-button bn-worded bn-new-seed", acts.newSeed, {}, icon("seed"), element("span"));
    this.longer = button("bn-button bn-worded bn-longer", acts.longer, {}, icon("longer"), element("span"));
    const line = element("div", "bn-line", {}, element("div", "bn-progress", {}, this.shown, this.status), this.timeline);
    const go = element("div", "bn-go", {}, this.play, this.start, this.back, this.forward);
    this.changes = new Changes(acts);
    const more = element("div", "bn-more", {}, this.speed, this.changes.root, this.newSeed, this.longer);
    this.root = element("div", "bn-player", { role: "group" }, go, line, more);
    parent.append(this.root);
  }

  /** Words and what may be pressed; `longer` is the label of its button, or null. */
  update({ texts, fixed, longer, ...data }) {
    Object.assign(this, { texts });
    this.changes.update({ texts, ...data });
    for (const name of ["start", "back", "forward", "timeline", "epoch", "speed"]) named(this[name], texts[`player.${name}`]);
    this.root.setAttribute("aria-label", texts["player.label"] ?? "");
    const chosen = this.speed.value || "1";
    this.speed.replaceChildren(
      ...SPEEDS.map((speed) => new Option(
        speed === FOLLOW ? texts["player.follow"] ?? "" : place(texts["player.times"], { factor: FRACTIONS[speed] ?? speed }), speed,
      )),
    );
    this.speed.value = chosen;
    worded(this.newSeed, texts["player.new_seed"] ?? "");
    this.newSeed.disabled = Boolean(fixed?.seed);
    worded(this.longer, longer ?? this.longer.title); // where there is nothing longer its place stays: nothing moves
    this.longer.disabled = Boolean(fixed?.epochs) || !longer;
  }

  /**
   * Show where the player stands.
   *
   * `index` of `known` moments, of `planned` ones at the target; `epoch` is that of the moment, `trained` how far training is.
   */
  show({ playing, atEnd, index, known, planned, epoch, target, trained, speed, status }) {
    const { texts } = this;
    const name = playing ? "pause" : "play";
    if (this.play.firstChild !== this.icons[name]) this.play.replaceChildren(this.icons[name]);
    named(this.play, texts[`player.${playing ? "pause" : atEnd ? "again" : "play"}`]);
    const most = Math.max(1, planned - 1);
    if (this.timeline.max !== String(most)) this.timeline.max = most;
    if (this.timeline.valueAsNumber !== index) this.timeline.value = Math.max(0, index);
    this.timeline.style.setProperty("--part", `${(100 * Math.max(0, index)) / most}%`);
    this.timeline.style.setProperty("--trained", `${(100 * Math.max(0, known - 1)) / most}%`);
    const values = Object.fromEntries(Object.entries({ epoch, target, trained: Math.floor(trained) })
      .map(([name, value]) => [name, writtenEpoch(value)]));
    const [before, after] = around(texts["player.shown"], "epoch", values);
    write(this.before, before);
    write(this.after, after);
    this.epoch.max = target;
    if (document.activeElement !== this.epoch) {
      const value = epochValue(epoch);
      if (this.epoch.value !== value) this.epoch.value = value;
      this.epoch.style.setProperty("--letters", Math.max(String(target).length, 4)); // its width is that of the longest to come
    }
    this.timeline.setAttribute("aria-valuetext", place(texts["player.shown"], values));
    if (this.speed.value !== String(speed) && document.activeElement !== this.speed) this.speed.value = speed;
    write(this.status, status);
    this.changes.show(epoch, target);
  }
}

/** What opens beside the speed: numbers that change from the epoch on stage on, what changes already, and early stopping. */
class Changes {
  /** `acts`: change(field, epoch, value), takeBack(field, epoch), stopEarly(patience), waits() and early(arm) as the store's. */
  constructor(acts) {
    this.acts = acts;
    this.first = 1; // epoch from which on a number would change
    this.summary = element("summary", "bn-button bn-worded", {}, icon("change"), element("span"));
    this.from = element("p", "bn-from");
    this.rows = element("div", "bn-fields");
    this.patience = element("select", "bn-patience");
    this.patience.addEventListener("change", () => acts.stopEarly(Number(this.patience.value)));
    this.stop = element("span");
    this.note = element("p", "bn-note");
    const early = element("label", "bn-field", {}, this.stop, this.patience);
    this.panel = element("div", "bn-schedule", { role: "group" }, this.from, this.rows, early, this.note);
    this.root = details("bn-scheduled", this.summary, this.panel);
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.root.open) return;
      event.preventDefault();
      this.root.open = false;
      this.summary.focus();
    });
    this.selects = new Map(); // field -> its select
  }

  /** `changes`: {field, label, numbers: [[epoch, number]], stops, fixed} each; `validated`: whether there is a validation loss. */
  update({ texts, changes = [], validated, arms = [] }) {
    Object.assign(this, { texts, changes, validated, arms });
    const count = changes.reduce((sum, { numbers }) => sum + numbers.length - 1, 0);
    worded(this.summary, `${texts["player.change"] ?? ""}${count ? ` (${count})` : ""}`);
    this.panel.setAttribute("aria-label", texts["player.change"] ?? "");
    const focused = [...this.selects].find(([, select]) => select === document.activeElement)?.[0];
    const held = this.rows.contains(document.activeElement);
    this.selects.clear();
    this.rows.replaceChildren(...changes.map((each) => this.row(each)));
    if (held) (this.selects.get(focused) ?? this.summary).focus();
    write(this.stop, texts["player.stop"] ?? "");
    this.patience.title = texts["player.stop_help"] ?? "";
    this.patience.replaceChildren(...PATIENCE.map((epochs) => new Option(
      place(texts[epochs ? "player.stop_after" : "player.stop_never"], { epochs: writtenEpoch(epochs) }), epochs,
    )));
    this.patience.value = this.acts.waits();
    this.patience.disabled = !validated;
  }

  row({ field, label, numbers, stops, fixed }) {
    const select = element("select", "", { "data-field": field });
    select.append(...stops.map((stop) => new Option(setting(stop), stop)));
    select.value = this.now(numbers);
    select.addEventListener("change", () => this.acts.change(field, this.first, Number(select.value)));
    select.dataset.fixed = Boolean(fixed);
    this.selects.set(field, select);
    const chips = numbers.slice(1).map(([epoch, number]) => {
      const values = { label, value: setting(number), epoch: writtenEpoch(epoch) };
      const chip = button("bn-chip", () => this.acts.takeBack(field, epoch), {}, place(this.texts["player.change_to"], values), " ×");
      named(chip, place(this.texts["player.change_remove"], values));
      chip.disabled = Boolean(fixed);
      return chip;
    });
    return element("div", "", {}, element("label", "bn-field", {}, element("span", "", {}, label), select), ...chips);
  }

  /** The number that holds from there on. */
  now(numbers) {
    return numbers.findLast(([first]) => first <= this.first)[1];
  }

  /** Follow the playhead. */
  show(epoch, target) {
    this.first = Math.ceil(epoch) + 1;
    const isOver = this.first > target;
    write(this.from, place(this.texts[isOver ? "player.change_end" : "player.change_from"], { epoch: writtenEpoch(this.first) }));
    for (const { field, numbers } of this.changes) {
      const select = this.selects.get(field);
      select.disabled = isOver || select.dataset.fixed === "true";
      if (document.activeElement !== select || !this.root.open) select.value = this.now(numbers);
    }
    const waits = String(this.acts.waits()); // another stage may have set it
    if (this.patience.value !== waits && document.activeElement !== this.patience) this.patience.value = waits;
    write(this.note, this.validated ? this.stops() : this.texts["player.stop_needs"] ?? "");
  }

  /** Where each arm is best, and stops. */
  stops() {
    const said = this.arms.map(({ id, name }) => ({ arm: name, ...this.acts.early(id) })).filter(({ best }) => best);
    return said.map(({ arm, best, stop }) => place(
      this.texts[stop ? "player.stop_at" : "player.stop_so_far"], { arm, best: writtenEpoch(best), stop: writtenEpoch(stop) },
    )).join(" · ");
  }
}

/** The row above the player: which experiment is on stage, and how its pictures are looked at. */
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
    this.pick = details("bn-pick", this.picked, this.choices);
    this.pick.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.pick.open) return;
      event.preventDefault();
      this.pick.open = false;
      this.picked.focus();
    });
    this.present = button("bn-button bn-small bn-present", acts.present, {}, icon("present"));
    this.help = button("bn-button bn-small bn-help", acts.help, {}, "?");
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
    [...this.chips.children].forEach((chip, k) => {
      chip.setAttribute("aria-pressed", String(Boolean(chips[k].on)));
      chip.disabled = Boolean(chips[k].disabled);
    });
    write(this.sameText, texts["scene.same_scale"] ?? "");
    this.sameLabel.hidden = hidden.includes("layers");
    this.sameLabel.title = texts["scene.same_scale_help"] ?? "";
    this.same.checked = Boolean(scale);
    this.pick.hidden = depth <= MOST_LAYERS || hidden.includes("layers");
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
    return button("bn-chip", () => this.acts.chip(id), { "data-id": id }, label);
  }

  choice(layer) {
    const box = element("input", "", { type: "checkbox", value: layer });
    box.addEventListener("change", () => this.choose(layer, box.checked));
    return element("label", "", {}, box, String(layer));
  }

  /** At most three, at least one: the one chosen first makes room. */
  choose(layer, isChosen) {
    const others = this.layers.filter((each) => each !== layer);
    const chosen = isChosen ? [...others.slice(1 - MOST_LAYERS), layer] : others;
    if (chosen.length) this.acts.layers([...chosen].sort((a, b) => a - b));
    const shown = chosen.length ? chosen : this.layers;
    for (const { firstChild: box } of this.choices.children) box.checked = shown.includes(Number(box.value));
  }
}

// The keyboard: what a key does while no control has the focus, and the dialog that lists the keys.

/** What takes the keys itself. */
const CONTROL = "input, select, textarea, [contenteditable], [role=slider], [role=spinbutton], [role=tab], [role=radio], "
  + "[role=option], [role=combobox], [role=listbox], [role=menu], [role=menuitem], [role=textbox], [role=grid], summary";
/** What takes the space bar, but no arrows. */
const PRESSED = "button, a[href], [role=button], [role=link], [role=switch], [role=checkbox]";

/** Key to what it does; letters in both cases. */
const ACTS = {
  " ": "toggle", ArrowLeft: "back", ArrowRight: "forward", Home: "start", End: "end", p: "present", P: "present", "?": "help",
};

/** What the key means on the stage; undefined where a control or a dialog takes it, or it means nothing. */
export function meaning(event, isOurs = () => false) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return undefined;
  const act = ACTS[event.key];
  const at = event.target instanceof Element ? event.target : document.body;
  if (!act || at.closest(CONTROL)) return undefined;
  if (event.key === " " && at.closest(PRESSED)) return undefined;
  const open = at.closest("dialog, [role=dialog]") ?? document.querySelector("dialog:modal, [role=dialog][aria-modal=true]");
  return open && !isOurs(open) ? undefined : act;
}

/** The dialog that lists the keys. */
export class KeysDialog {
  constructor(parent) {
    this.root = dialog("bn-keys", { "aria-labelledby": "bn-keys-title" });
    parent.append(this.root);
  }

  update(texts) {
    const close = button("bn-button bn-close", () => this.root.close(), { "aria-label": texts["scene.close"] }, icon("close"));
    const rows = [
      [[texts["key.space_name"]], texts["key.space"]],
      [["←", "→"], texts["key.arrows"]],
      [["Home", "End"], texts["key.ends"]],
      [["P"], texts["key.present"]],
      [["?"], texts["key.help"]],
    ];
    const list = element("dl", "bn-key-list");
    for (const [keys, text] of rows) {
      list.append(element("dt", "", {}, ...keys.map((key) => element("kbd", "", {}, key))), element("dd", "", {}, text ?? ""));
    }
    const title = element("h2", "", { id: "bn-keys-title" }, texts["key.title"] ?? "");
    this.root.replaceChildren(element("header", "", {}, title, close), list);
  }

  open() {
    if (!this.root.open) this.root.showModal();
  }
}
