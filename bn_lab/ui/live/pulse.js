// Asks, in the feed's place, for the part of the page that has words: it costs the server more than pictures, and is read slower.
import { store } from "./store.js";

export class Pulse {
  constructor(parent) {
    this.root = document.createElement("div");
    this.root.className = "bn-pulse";
    parent.append(this.root);
  }

  update({ setTriggerValue }) {
    store.askForWords = () => setTriggerValue("words", store.sent);
    this.ask = store.askForWords;
  }

  destroy() {
    if (store.askForWords === this.ask) store.askForWords = null;
    this.root.remove();
  }
}
