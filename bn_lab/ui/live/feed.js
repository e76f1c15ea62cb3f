// The replay bar: takes frames in, and lets the visitor look at any snapshot known.
import { choose, cursor, receive, store, subscribe } from "./store.js";

const STEP = 100; // ms between two pictures of a replay
const SETTLE = 300; // ms in which the answer to a button is painted, before the page is drawn again
const PATIENCE = 2000; // ms after which a question without an answer is asked again: one that meets a redrawn page is lost
const REST = 100; // ms in which the rest of an answer comes: Streamlit drops what it has not sent yet when it is asked again
const WORDS = 500; // ms between two looks at the words around the pictures, at least
const PICTURES = 80; // a replay shows at most about so many, however long the run

/** Whether the server is running the page's script, or has been asked to. */
const isAnswering = () =>
  (document.querySelector("[data-testid=stApp]")?.dataset.testScriptState ?? "notRunning") !== "notRunning";

const written = (epoch) => (Number.isInteger(epoch) ? `${epoch}` : epoch.toFixed(1));

/** A text from Python with its places, such as `{epoch}`, filled. */
const place = (text = "", values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

export class Feed {
  constructor(parent) {
    this.root = document.createElement("div");
    this.root.className = "bn-feed";
    this.button = document.createElement("button");
    this.button.type = "button";
    this.slider = document.createElement("input");
    Object.assign(this.slider, { type: "range", min: 0, max: 0, step: 1 });
    this.label = document.createElement("span");
    this.root.append(this.button, this.slider, this.label);
    parent.append(this.root);
    this.button.addEventListener("click", () => (this.timer ? this.pause() : this.play()));
    this.slider.addEventListener("input", () => {
      this.pause();
      choose(this.slider.valueAsNumber);
    });
    this.unsubscribe = subscribe(() => this.show());
    this.asked = "";
  }

  update({ data, setTriggerValue }) {
    if (data) receive(data);
    this.show();
    this.askForNext(setTriggerValue);
    this.askForMissing(setTriggerValue);
    this.askForPage(setTriggerValue);
  }

  /**
   * Python says how soon it has time for the next frame, and is asked for it by the clock, not so much later as a frame takes
   * to come: who is slow to paint or to answer gets fewer. A hidden page is content with the heartbeat of its fragment.
   */
  askForNext(setTriggerValue) {
    if (store.sent === this.answered) return; // drawn anew, nothing new
    this.answered = store.sent;
    if (!store.every) return void clearTimeout(this.upcoming);
    this.askAfter(Math.max(REST, store.every / 4, (this.askedAt ?? 0) + store.every - performance.now()), setTriggerValue);
  }

  askAfter(wait, setTriggerValue) {
    clearTimeout(this.upcoming);
    this.upcoming = setTimeout(() => {
      // A click that is being answered goes first, however long it takes: a question would cut its answer short.
      if (isAnswering() && performance.now() - (this.askedAt ?? 0) < PATIENCE) return this.askAfter(REST, setTriggerValue);
      if (!document.hidden) this.ask(setTriggerValue);
      this.askAfter(Math.max(PATIENCE, 3 * store.every), setTriggerValue); // lost, or late: a frame that comes ends this
    }, wait);
  }

  /** One question at a time: for the next frame, or now and then for the words around it, which bring a frame, too. */
  ask(setTriggerValue) {
    const now = (this.askedAt = performance.now());
    const due = now - (this.wordsAt ?? 0) >= Math.max(WORDS, 4 * store.every);
    if (!due || !store.askForWords) return setTriggerValue("tick", store.sent);
    this.wordsAt = now;
    store.askForWords();
  }

  /** The rest of the page is drawn for another state. To draw it keeps the browser busy, so the pictures come first. */
  askForPage(setTriggerValue) {
    if (!store.outdated) {
      clearTimeout(this.asking);
      this.asking = undefined;
      return;
    }
    const say = () => {
      this.asking = setTimeout(say, PATIENCE); // until a frame says that the page is drawn for the present state
      setTriggerValue("outdated", store.run);
    };
    this.asking ??= setTimeout(say, SETTLE);
  }

  /** A run at rest can be replayed whole: ask Python for what this page has not seen of its record, until it is there. */
  askForMissing(setTriggerValue) {
    const { run, state, recorded, rows } = store;
    const request = `${run} ${recorded.length}`;
    if (state === "running" || state === "queued" || request === this.asked) return;
    if (recorded.every((epoch) => rows.has(epoch))) return;
    this.asked = request;
    setTriggerValue("missing", run);
    clearTimeout(this.again);
    this.again = setTimeout(() => {
      this.asked = "";
      this.askForMissing(setTriggerValue);
    }, PATIENCE);
  }

  show() {
    const { known, labels, run, state, epoch, epochs, chosen } = store;
    const shown = cursor();
    if (chosen !== null && known.length < 2) this.pause();
    const index = chosen === null ? known.length - 1 : known.indexOf(chosen);
    const values = { epoch: written(shown ?? Math.floor(epoch)), epochs, last: Math.floor(epoch) };
    const text = place(chosen === null ? labels.following : labels.replaying, values);
    this.slider.max = Math.max(0, known.length - 1);
    this.slider.value = Math.max(0, index);
    this.slider.style.setProperty("--part", `${(100 * this.slider.value) / Math.max(1, this.slider.max)}%`);
    this.slider.disabled = this.button.disabled = known.length < 2;
    this.slider.setAttribute("aria-label", labels.slider ?? "");
    this.slider.setAttribute("aria-valuetext", text);
    write(this.button, (this.timer ? labels.pause : labels.play) ?? "");
    write(this.label, text);
    Object.assign(this.root.dataset, { run: run ?? "", runState: state, epoch: Math.floor(epoch), cursor: shown ?? "" });
  }

  play() {
    if (store.chosen === null) choose(0); // at the end: from the start again
    this.timer = setInterval(() => this.next(), STEP);
    this.show();
  }

  next() {
    if (store.chosen === null) return this.pause();
    const stride = Math.max(1, Math.ceil(store.known.length / PICTURES));
    choose(store.known.indexOf(store.chosen) + stride);
    if (store.chosen === null) this.pause();
  }

  pause() {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.show();
  }

  destroy() {
    clearInterval(this.timer);
    clearTimeout(this.asking);
    clearTimeout(this.again);
    clearTimeout(this.upcoming);
    this.unsubscribe();
    this.root.remove();
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
