// What the browser remembers of a visitor's choices: the language, the answers of the lesson, which groups of settings are open.
// (The speed is the stage's.) The rules by which each is read stand here; where they are kept, see storage.js.
import { element } from "./elements.js";
import { clear, onClear, read, write } from "./storage.js";
import { FOLDS_WAIT } from "./timing.js";

const MOST_ANSWERS = 50, LONGEST_NAME = 60, MOST_FOLDS = 20;
const FOLD = /st-key-(fold_\w+)/;

let forgotten = null; // the last time that everything was

const isName = (text) => typeof text === "string" && text.length <= LONGEST_NAME;

/** The language that was chosen, as a link says it; undefined where none was. */
export const language = () => read("language", (value) => (/^[a-z]{2}$/.test(value) ? value : undefined));

/** The chosen option of each step. */
const answers = () => read("answers", (value) => Object.fromEntries(
  Object.entries(value).filter((pair) => pair.every(isName)).slice(0, MOST_ANSWERS),
)) ?? {};

/** Names of the groups that are open. */
const folds = () => read("folds", (value) => value.filter(isName).slice(0, MOST_FOLDS)) ?? [];

const foldOf = (details) => FOLD.exec(details.closest('[class*="st-key-fold_"]')?.className ?? "")?.[1];

/** Told by the script what it knows, tells it what it does not. Everything is there once for a page. */
export class Remembered {
  opened = new WeakSet(); // groups that were opened here already, or need not be
  isAsked = false; // whether the script was told of the answers

  constructor(parent) {
    this.root = element("span", "bn-drawn", { hidden: true }); // of which page and link the latest run of the script was
    parent.append(this.root);
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    document.addEventListener("toggle", ({ target }) => this.fold(target), { capture: true, signal });
    this.unsubscribe = onClear(() => (this.isAsked = true)); // there is nothing to tell any more
  }

  /** `language`: chosen during this visit, or null; `answers`: those of the visit, null on other pages; `forget`: another each time. */
  update({ data, setTriggerValue }) {
    const { page = "", address = {}, forget = null, language: chosen = null, answers: known = null } = data;
    Object.assign(this.root.dataset, { page, address: new URLSearchParams(address).toString() });
    if (forget !== forgotten && forget !== null) clear();
    forgotten = forget;
    if (chosen !== null && chosen !== language()) write("language", chosen);
    if (known !== null) this.exchange(known, setTriggerValue);
    cancelAnimationFrame(this.frame);
    this.unfold(performance.now() + FOLDS_WAIT);
  }

  exchange(known, tell) {
    const stored = answers(), isNews = Object.keys(stored).some((step) => !(step in known));
    if (isNews && !this.isAsked) tell("answers", stored);
    this.isAsked = true;
    const all = { ...stored, ...known };
    if (JSON.stringify(all) !== JSON.stringify(stored)) write("answers", all);
  }

  fold(details) {
    const name = details instanceof HTMLDetailsElement && foldOf(details);
    if (!name || !this.opened.has(details)) return;
    const others = folds().filter((each) => each !== name);
    write("folds", details.open ? [...others, name] : others);
  }

  /** Open what was open, as it is drawn. */
  unfold(until) {
    const wanted = folds();
    for (const details of document.querySelectorAll('[class*="st-key-fold_"] details')) {
      if (this.opened.has(details)) continue;
      this.opened.add(details);
      if (!details.open && wanted.includes(foldOf(details))) details.querySelector("summary").click();
    }
    if (performance.now() < until) this.frame = requestAnimationFrame(() => this.unfold(until));
  }

  destroy() {
    this.listeners.abort();
    cancelAnimationFrame(this.frame);
    this.unsubscribe();
    this.root.remove();
  }
}
