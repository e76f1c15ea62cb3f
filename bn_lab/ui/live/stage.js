// The stage: what one sees first. The player, each arm's network with its numbers, one sentence, the curves. It follows the
// playhead of the store by itself; only a new seed, training longer, another experiment and what is drawn are the script's.
import { isPlain, sayMoment } from "./address.js";
import { Controls, KeysDialog, Top, meaning } from "./controls.js";
import { button, element, icon, named, write } from "./elements.js";
import { around, place, written, writtenEpoch } from "./format.js";
import { LayerButtons, LayerDialog } from "./layers.js";
import { Numbers, Sentence } from "./numbers.js";
import { zoomTo, zoomed } from "./panel.js";
import { Pictures } from "./pictures.js";
import { SPEEDS } from "./player.js";
import * as runs from "./runs.js";
import { onClear, read, write as remember } from "./storage.js";
import * as store from "./store.js";
import { connect, stream } from "./stream.js";
import { Strip } from "./strip.js";
import { CONNECTION_CHECK, KEEPING, MOMENT_REST } from "./timing.js";

const NARROW = 700; // px of width below which one picture fills it
const USUAL = { width: 1000, height: 740, text: 14 }; // px of a stage, and of its text there
const LARGEST = 1.6; // times the usual size, at most
const SMALLEST = 9.5; // px of the smallest letters in pictures
const PRESENTED = { height: 1080, text: 20 }; // px of a screen, and of the smallest text on it while presenting

const still = matchMedia("(prefers-reduced-motion: reduce)");

let returning; // the run of the strip that the script was asked for
const SPEED = "speed"; // as the browser remembers it

store.setSpeed(read(SPEED, (speed) => (SPEEDS.includes(speed) ? speed : undefined)) ?? 1);
onClear(() => store.setSpeed(1));

let opened; // what was opened last, and which time: a stage that comes back after another page stays where it was

/** Whether Streamlit can be asked for a run of the script: what it is asked before is lost. */
const isConnected = () => document.querySelector("[data-testid=stApp]")?.dataset.testConnectionState === "CONNECTED";

export class Stage {
  constructor(parent) {
    const number = store.number;
    this.root = element("section", "bn-stage");
    this.top = new Top(this.root, {
      chip: (id) => this.act("chip", { id }),
      scale: (same) => this.act("scale", { same }),
      layers: (layers) => this.act("layers", { layers }),
      present: () => this.present(!this.isPresenting),
      help: () => this.keys.open(),
    });
    this.controls = new Controls(this.root, {
      toggle: () => this.toggle(),
      start: () => store.home(),
      back: () => store.step(-1),
      forward: () => this.forward(),
      seekIndex: (index) => store.seekIndex(index),
      seekEpoch: (epoch) => this.seek(epoch),
      speed: (speed) => this.setSpeed(speed),
      newSeed: () => this.act("new_seed"),
      longer: () => this.act("longer"),
      change: (field, epoch, value) => this.act("change", { field, epoch, value }),
      takeBack: (field, epoch) => this.act("take_back", { field, epoch }),
      stopEarly: (patience) => store.stopEarly(patience, this.data.arms.map(({ id }) => id)),
      waits: () => store.waits(),
      early: (arm) => store.early(arm),
    });
    this.pictures = new Pictures(this.root, { draw: (points, edit) => this.act("draw", { points, edit }) });
    this.numbers = new Numbers(this.root, number);
    this.sentence = new Sentence(this.root, number);
    this.layers = new LayerButtons(this.pictures.network.root, (arm, layer) => this.dialog.open(arm, layer, this.data, this.addresses));
    this.dialog = new LayerDialog(this.root, { number, compute: (arm, layer, epoch) => this.act("compute", { arm, layer, epoch }) });
    this.keys = new KeysDialog(this.root);
    this.strip = new Strip(this.root, {
      go: (run) => this.go(run),
      compare: (chosen) => this.act("compare", { runs: chosen.map(({ query }) => query) }),
      everywhere: () => this.fit(true),
      changed: () => this.fit(true),
    });
    this.failure = element("p", "bn-failure", { role: "alert", hidden: true });
    this.leave = button("bn-button bn-leave", () => this.present(false), {}, icon("close"));
    this.controls.root.append(this.leave);
    this.root.append(this.failure);
    parent.append(this.root);
    this.unsubscribe = store.subscribe(() => this.show());
    this.size = new ResizeObserver(() => this.fit());
    this.size.observe(this.root);
    this.sight = new IntersectionObserver((entries) => (this.inSight = entries.at(-1).isIntersecting));
    this.sight.observe(this.root);
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    document.addEventListener("keydown", (event) => this.press(event), { signal });
    document.addEventListener("fullscreenchange", () => this.leftFullScreen(), { signal });
    window.addEventListener("pagehide", () => this.keep(true), { signal });
    this.looks = setInterval(() => this.look(), CONNECTION_CHECK);
  }

  update({ data: given, setTriggerValue }, addresses) {
    const before = this.data, data = { ...given, panel: { recording: given.recording, save: given.save } };
    Object.assign(this, { data, addresses, setTriggerValue });
    const { recording, target, epochs, token, arms, language, texts, embed, can_longer: longer, hidden = [] } = data;
    const isOther = before && before.recording !== recording, wasPlaying = store.player.playing || Boolean(this.isAwaited);
    if (isOther) this.dialog.root.close(); // it is about the other one
    this.keep(true);
    this.root.lang = language;
    this.root.setAttribute("aria-label", texts["scene.label"] ?? "");
    this.root.style.setProperty("--bn-count", arms.length);
    this.root.style.setProperty("--bn-net-share", `${arms.length}fr`);
    Object.assign(this.root.dataset, { recording, target, embed: Boolean(embed), hidden: hidden.join(" ") });
    this.top.update(data);
    this.controls.update({ ...data, longer });
    this.numbers.update(data);
    this.numbers.root.hidden = hidden.includes("numbers");
    this.sentence.update(data);
    this.sentence.root.hidden = hidden.includes("findings");
    this.keys.update(texts);
    named(this.leave, texts["scene.leave"]);
    connect(token);
    runs.stage(data.run, recording, Boolean(embed));
    store.show(recording, target, epochs, data.prefix);
    store.stopEarly(store.waits(), arms.map(({ id }) => id));
    this.strip.update(data);
    // Its card has curves also where no picture with them is in sight.
    const losses = arms.map(({ id }) => ({ field: `${id}.train.loss.median`, axis: "epoch", part: "curves.loss" }));
    store.need(this, this.strip.root.hidden ? null : losses);
    this.fit(true);
    const opening = `${recording} ${data.open?.id}`;
    if (opening !== opened) {
      opened = opening;
      this.open(data.open ?? {}, wasPlaying);
    } else if (target > (before?.target ?? target) && this.isLonger) {
      this.isLonger = false;
      this.play();
    }
    if (data.present && data.present !== before?.present) this.present(true);
    this.said = null; // by this address
    this.show();
  }

  act(act, values = {}) {
    this.isLonger = act === "longer"; // then it plays on, once there is more to play
    this.setTriggerValue("act", { act, ...values });
  }

  // The player.

  /** As the script says; where it leaves that open, what was playing before plays on. */
  open({ epoch = null, playing = false }, wasPlaying) {
    const plays = playing ?? wasPlaying, run = returning;
    returning = undefined;
    this.isAwaited = still.matches && plays;
    if (this.isAwaited) store.wantUntil();
    const isReturn = run && runs.isStaged(run);
    store.open(isReturn ? run.epoch : epoch === "end" ? Infinity : epoch, plays && !still.matches);
    if (!isReturn) return zoomTo(null, {});
    store.wantUntil(Math.ceil(run.epoch));
    zoomTo(this.data.recording, run.zoom);
  }

  /** Bring a run of the strip back as it was left. */
  go(run) {
    returning = run;
    this.act("go", { query: run.query, epoch: run.epoch });
  }

  /** Keep what there is of the run on the stage, now or soon. */
  keep(isNow = false) {
    if (!isNow) return void (this.keeping ??= setTimeout(() => this.keep(true), KEEPING));
    clearTimeout(this.keeping);
    this.keeping = undefined;
    if (runs.keep(zoomed())) this.strip.show();
  }

  /** Who wants no motion sees the end, as soon as it is there. */
  play() {
    if (!still.matches) return store.play();
    this.isAwaited = true;
    store.wantUntil();
    this.show();
  }

  pause() {
    this.isAwaited = false;
    store.pause();
  }

  toggle() {
    if (store.player.playing || this.isAwaited) this.pause();
    else this.play();
  }

  /** At the newest moment of something that nobody has asked to be trained, forward means train. */
  forward() {
    const { playable, epochs, target } = store.shown();
    if (epochs < target && store.index() >= playable - 1) store.wantUntil();
    store.step(1);
  }

  seek(epoch) {
    if (epoch > store.shown().epoch) store.wantUntil(Math.ceil(epoch));
    store.seek(epoch);
  }

  setSpeed(speed) {
    store.setSpeed(speed);
    remember(SPEED, speed);
  }

  /** Have the address say where the playhead rests: a link that is copied now opens there. */
  sayMoment() {
    const moment = this.moment();
    if (moment === this.said) return;
    this.said = moment;
    clearTimeout(this.saying);
    const say = () => {
      if (moment !== undefined && !sayMoment(this.data.address, moment)) this.saying = setTimeout(say, MOMENT_REST);
    };
    this.saying = setTimeout(say, MOMENT_REST);
  }

  /** How a link opens what is on screen now, see `PLAY` in ui/session.py; undefined while it is on its way there. */
  moment() {
    const { done, playable } = store.shown(), epoch = store.cursor(), isPlainLink = isPlain(this.data.address);
    if (store.player.playing || this.isAwaited) return isPlainLink ? "" : "play";
    if (epoch === null || store.isSeeking()) return undefined;
    if (done && store.index() >= playable - 1) return "all";
    return epoch || isPlainLink ? String(epoch) : "";
  }

  press(event) {
    if (event.defaultPrevented || (!this.inSight && !this.isPresenting)) return;
    if (event.key === "Escape" && this.isPresenting && !document.querySelector("dialog:modal")) return this.present(false);
    const act = meaning(event, (dialog) => dialog === this.dialog.root);
    if (!act) return;
    event.preventDefault();
    const acts = {
      toggle: () => this.toggle(),
      back: () => store.step(-1),
      forward: () => this.forward(),
      start: () => store.home(),
      end: () => store.end(),
      present: () => this.present(!this.isPresenting),
      help: () => this.keys.open(),
    };
    acts[act]();
  }

  // What is shown.

  show() {
    if (!this.data) return;
    const shown = store.shown(), { player } = store, epoch = store.cursor();
    if (shown.recording !== this.data.recording) return;
    if (this.isAwaited && shown.done) {
      this.isAwaited = false;
      store.end();
      return;
    }
    const index = Math.max(0, store.index());
    this.controls.show({
      playing: player.playing || Boolean(this.isAwaited),
      atEnd: shown.done && index >= shown.playable - 1,
      index,
      known: shown.playable,
      planned: this.planned(shown),
      epoch: epoch ?? 0,
      target: shown.target,
      trained: shown.epoch,
      speed: player.speed,
      status: this.status(shown),
    });
    this.numbers.show();
    this.sentence.show();
    this.dialog.show();
    this.keep();
    this.sayMoment();
    if (this.wasPlaying && !player.playing) this.announce(epoch ?? 0);
    this.wasPlaying = player.playing;
    const isFailed = shown.state === "failed";
    this.failure.hidden = !isFailed;
    if (isFailed) write(this.failure, this.data.texts["player.failed"] ?? "");
    Object.assign(this.root.dataset, {
      state: shown.state, epoch: Math.floor(shown.epoch), cursor: epoch ?? "", playing: player.playing,
    });
  }

  /** How many moments there are once it is trained: the timeline has their length from the beginning. */
  planned({ moments, target, done }) {
    if (done) return moments.length;
    return Math.max(moments.length, this.data.moments ?? 0) || target + 1;
  }

  look() {
    if (stream.state === "refused" && isConnected()) this.act("renew"); // a run of the script brings a new token
    const isCut = stream.state === "cut", before = this.isAway;
    this.isAway = isCut && this.wasCut;
    this.wasCut = isCut;
    if (this.isAway !== before) this.show();
  }

  status({ state, place: inLine, seconds, rate, epoch, target, done }) {
    const { texts } = this.data;
    const text = (key, values = {}) => place(texts[`player.${key}`], values);
    if (this.isAway) return text("away");
    if (store.stopped()) {
      const { arm, best } = store.stopped(), { name } = this.data.arms.find(({ id }) => id === arm) ?? { name: arm };
      return text("stopped", { arm: name, best: writtenEpoch(best) });
    }
    if (state === "queued") return inLine ? text("queued", { place: inLine }) : text("starting");
    if (state === "training" && rate > 0) return text("training_rate", { rate: written(Math.round(rate), "whole") });
    if (state === "ended" && done && epoch < target) return text("ended_early");
    if (state === "ended") return text("ended", { seconds: seconds.toFixed(seconds < 10 ? 1 : 0) });
    return text(state);
  }

  announce(epoch) {
    const { texts } = this.data, { target, epoch: trained } = store.shown();
    const [before, after] = around(texts["player.shown"], "epoch", {
      target: writtenEpoch(target), trained: writtenEpoch(Math.floor(trained)),
    });
    this.sentence.announce(`${before}${writtenEpoch(epoch)}${after}.`);
  }

  // Its room.

  /** Fit texts and pictures to the room there is; only where the room has changed, or for new data. */
  fit(isNew = false) {
    if (!this.data) return;
    const { clientWidth: width, clientHeight: height } = this.root;
    if (!width) return;
    const isNarrow = width < NARROW && !this.isPresenting;
    const grown = Math.min(width / USUAL.width, height / USUAL.height, LARGEST);
    const factor = isNarrow ? 1 : Math.round(20 * Math.max(1, grown)) / 20;
    const least = this.isPresenting ? Math.round((PRESENTED.text * innerHeight) / PRESENTED.height) : 0;
    this.root.dataset.narrow = document.documentElement.dataset.bnNarrow = isNarrow;
    this.root.style.setProperty("--bn-scale", this.isPresenting ? Math.max(factor, least / USUAL.text) : factor);
    const letters = this.isPresenting ? Math.max(factor, least / SMALLEST) : factor;
    const size = { factor: letters, least, isNarrow }, fitted = JSON.stringify([size, width, this.pictures.networkHeight]);
    if (isNew || fitted !== this.fitted) this.pictures.update(this.data, this.addresses, size, this.ghosts());
    this.fitted = fitted;
    // The player of a narrow stage lies at the bottom of the window: from edge to edge, or beside a sidebar.
    const { left, right } = this.root.getBoundingClientRect(), isAtEdge = innerWidth < NARROW;
    this.root.style.setProperty("--bn-left", isAtEdge ? "0" : `${left}px`);
    this.root.style.setProperty("--bn-width", isAtEdge ? "100%" : `${right - left}px`);
    this.placeLayers();
  }

  /** What lies under the run on the stage; its histograms and boundaries only on demand. */
  ghosts() {
    if (this.strip.root.hidden || this.isPresenting) return []; // nothing would say what they are
    const isEverywhere = this.strip.everywhere.checked, { fields } = this.data;
    return runs.ghosts().map((run, k) => ({
      ...run, label: runs.apart(fields, run, runs.present()), recording: isEverywhere && k === 0 ? run.recording : undefined,
    }));
  }

  placeLayers() {
    const { root } = this.pictures.network, layout = this.pictures.networkLayout;
    const { t = 0, b = 0 } = layout?.margin ?? {};
    this.root.style.setProperty("--bn-net-top", `${t}px`);
    this.root.style.setProperty("--bn-net-bottom", `${b}px`);
    this.layers.update(this.data, layout, root.clientWidth, root.clientHeight);
  }

  // Presenting.

  get isPresenting() {
    return this.root.dataset.present === "true";
  }

  /** The stage over the whole window, and over the whole screen where the browser lets it. */
  present(isOn) {
    if (isOn === this.isPresenting) return;
    this.root.dataset.present = isOn;
    if (isOn) this.root.requestFullscreen?.().catch(() => {}); // not after a click of one's own: the window must do
    else if (document.fullscreenElement === this.root) document.exitFullscreen();
    this.fit(true);
  }

  leftFullScreen() {
    if (!document.fullscreenElement && this.isPresenting) this.present(false);
  }

  destroy() {
    this.keep(true);
    store.need(this, null);
    this.unsubscribe();
    this.listeners.abort();
    this.size.disconnect();
    this.sight.disconnect();
    clearInterval(this.looks);
    clearTimeout(this.saying);
    this.dialog.clear();
    this.strip.destroy();
    this.pictures.destroy();
    delete document.documentElement.dataset.bnNarrow;
    this.root.remove();
  }
}
