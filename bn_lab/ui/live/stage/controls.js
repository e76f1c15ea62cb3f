// The player's row: what is pressed here goes to the stage's acts, what is shown comes from it.
import { place, writtenEpoch } from "../format.js";
import { FOLLOW, SPEEDS } from "../player.js";
import { around, element, epochValue, icon, named, write } from "../elements.js";

const FRACTIONS = { 0.25: "¼", 0.5: "½" };

/** A button with its words, which a narrow stage leaves to its icon. */
function worded(button, text) {
  write(button.lastChild, text);
  named(button, text);
}

export class Controls {
  /** `acts`: toggle, back, forward, start, seekIndex(index), seekEpoch(epoch), speed(speed), newSeed, longer. */
  constructor(parent, acts) {
    const button = (name, act) => {
      const made = element("button", `bn-button bn-${name}`, { type: "button" }, icon(name));
      made.addEventListener("click", act);
      return made;
    };
    this.play = button("play", acts.toggle);
    this.icons = { play: this.play.firstChild, pause: icon("pause") };
    this.start = button("start", acts.start);
    this.back = button("back", acts.back);
    this.forward = button("forward", acts.forward);
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
    const written = (name, drawing, act) => {
      const made = element("button", `bn-button bn-worded bn-${name}`, { type: "button" }, icon(drawing), element("span"));
      made.addEventListener("click", act);
      return made;
    };
    this.newSeed = written("new-seed", "seed", acts.newSeed);
    this.longer = written("longer", "longer", acts.longer);
    const line = element("div", "bn-line", {}, element("div", "bn-told", {}, this.shown, this.status), this.timeline);
    const go = element("div", "bn-go", {}, this.play, this.start, this.back, this.forward);
    const more = element("div", "bn-more", {}, this.speed, this.newSeed, this.longer);
    this.root = element("div", "bn-player", { role: "group" }, go, line, more);
    parent.append(this.root);
  }

  /** Words and what may be pressed; `longer` is the label of its button, or null. */
  update({ texts, fixed, longer }) {
    Object.assign(this, { texts });
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
  }
}
