// The page's line to the server: what the page wants goes out, frames come in. A websocket, opened again whenever it is cut;
// where none gets through, requests that each wait for the next frame. The messages are described in bn_lab/server/stream.py.
import { afterPaint } from "./paint.js";
import { onWant, receive, shown, wanted } from "./store.js";

const FIRST = 250; // ms before a line that was cut is opened again; twice as long after each further time
const LONGEST = 4000;
const ESTABLISHED = 5000; // ms after which an open line has proved that it gets through, although nothing came
const ATTEMPTS = 2; // without a single frame, before frames are asked for one by one
const AGAIN = 30_000; // ms between attempts to have a websocket all the same
const PACE = 250; // ms between two requests that bring nothing new, at least

const at = (name) => new URL(name, document.baseURI);

/** Once what was asked to be painted is on the screen. */
const painted = (act) => afterPaint(() => requestAnimationFrame(() => requestAnimationFrame(act)));

const after = (wait) => new Promise((resolve) => setTimeout(resolve, wait));

class Stream {
  #token = null;
  #isRefused = false; // the server does not know the token; a new one comes with the page's next script run
  #socket = null;
  #gotThrough = false; // a websocket did, some time
  #attempts = 0; // websockets in a row that did not
  #delay = FIRST;
  #opening; // timer
  #asked = ""; // what this line was last asked for
  #isAsking = false; // about to be asked for something
  #loop = null; // of requests, where there is no websocket
  #tag = ""; // of the latest frame that came by a request
  #request = null; // AbortController of the request that waits for a frame

  constructor() {
    onWant((isUrgent) => this.#ask(isUrgent));
    document.addEventListener("visibilitychange", () => this.#turn());
    window.addEventListener("online", () => this.#hurry());
  }

  /** How the page is connected: "open", "polling", "cut" or "refused". */
  get state() {
    if (this.#isRefused) return "refused";
    if (this.#socket?.readyState === WebSocket.OPEN) return "open";
    return this.#loop ? "polling" : "cut";
  }

  /** Use this token from now on. */
  use(token) {
    if (token === this.#token) return;
    this.#token = token;
    this.#isRefused = false;
    this.#hangUp();
    this.#open();
    if (this.#attempts >= ATTEMPTS) this.#poll();
  }

  #hangUp() {
    clearTimeout(this.#opening);
    const socket = this.#socket;
    this.#socket = null; // what it still has to say is of the past
    socket?.close();
    this.#request?.abort();
  }

  // The websocket.

  #open() {
    clearTimeout(this.#opening);
    const address = at("lab/stream");
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address.href);
    const ours = (act) => (event) => socket === this.#socket && act(event);
    let opened = Infinity;
    socket.binaryType = "arraybuffer";
    socket.onopen = ours(() => {
      opened = performance.now();
      this.#asked = "";
      this.#send({ hello: this.#token });
      this.#send({ hidden: document.hidden });
      this.#askNow();
    });
    socket.onmessage = ours(({ data }) => {
      if (typeof data === "string") return this.#heed(JSON.parse(data));
      this.#works();
      const { n } = receive(data);
      painted(ours(() => this.#send({ painted: n })));
    });
    socket.onclose = ours(() => {
      this.#socket = null;
      if (performance.now() - opened > ESTABLISHED) this.#works();
      this.#lost();
    });
    this.#socket = socket;
  }

  #works() {
    [this.#gotThrough, this.#attempts, this.#delay] = [true, 0, FIRST];
    this.#stopPolling();
  }

  #lost() {
    this.#attempts += this.#gotThrough ? 0 : 1;
    if (this.#attempts >= ATTEMPTS) {
      this.#openIn(AGAIN);
      this.#poll();
      return;
    }
    this.#openIn(this.#delay);
    this.#delay = Math.min(2 * this.#delay, LONGEST);
  }

  #openIn(wait) {
    const isLater = () => this.#loop && document.hidden; // who is not looked at can do with what there is
    this.#opening = setTimeout(() => (isLater() ? this.#openIn(AGAIN) : this.#open()), wait);
  }

  #heed({ refused }) {
    if (refused === undefined) return;
    console.warn(`The lab's server refuses this page: ${refused}`);
    this.#isRefused = true;
    this.#stopPolling();
    this.#hangUp();
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #hurry() {
    if (this.#token && !this.#isRefused && !this.#socket && !this.#loop) this.#open();
  }

  #turn() {
    this.#send({ hidden: document.hidden });
    this.#request?.abort(); // the next one says it
    if (!document.hidden) this.#hurry();
  }

  // What is asked for: the latest wish of an animation frame.

  #ask(isUrgent) {
    if (isUrgent) this.#asked = "";
    if (this.#isAsking) return;
    this.#isAsking = true;
    const soon = document.hidden ? setTimeout : requestAnimationFrame; // a hidden page has no animation frames
    soon(() => {
      this.#isAsking = false;
      this.#askNow();
    });
  }

  #askNow() {
    const message = wanted();
    if (!message || !this.#isNews(message)) return;
    this.#send(message);
    this.#request?.abort(); // the next one says it
  }

  /** Whether it wishes for something else than the last one; rows that came meanwhile are no other wish. */
  #isNews({ watch, epochs, parts, again = false }) {
    if (again) this.#asked = "";
    const wish = `${watch} ${shown().target} ${epochs} ${Object.keys(parts).filter((part) => !part.endsWith("!"))}`;
    if (wish === this.#asked) return false;
    this.#asked = wish;
    return true;
  }

  // Requests in the place of the websocket.

  async #poll() {
    if (this.#loop) return;
    const loop = (this.#loop = {});
    for (let wait = 0; loop === this.#loop; await after(wait)) {
      const begun = performance.now(), isHidden = document.hidden;
      this.#request = new AbortController();
      const { signal } = this.#request;
      const answer = await this.#fetch(signal).catch(() => (signal.aborted ? "other wishes" : "failed"));
      this.#request = null;
      if (answer === "failed") wait = this.#delay = Math.min(2 * this.#delay, LONGEST);
      else this.#delay = FIRST;
      if (answer === "nothing") wait = Math.max(0, PACE - (performance.now() - begun));
      if (answer === "other wishes" || answer === "news") wait = 0;
      if (isHidden && document.hidden) await this.#seen();
    }
  }

  #stopPolling() {
    this.#loop = null;
    this.#request?.abort();
  }

  async #fetch(signal) {
    const message = wanted();
    if (message) this.#isNews(message);
    const messages = [{ hello: this.#token }, { hidden: document.hidden }, { seen: this.#tag }, ...(message ? [message] : [])];
    const response = await fetch(at("lab/poll"), { method: "POST", body: JSON.stringify(messages), signal });
    if (response.status === 204) return "nothing";
    if (response.status === 400 || response.status === 403) {
      this.#heed(response.status === 400 ? await response.json() : { refused: "another site's page" });
      return "nothing";
    }
    if (!response.ok) return "failed";
    const { blocks, tag } = receive(await response.arrayBuffer());
    this.#tag = tag;
    await new Promise(painted);
    return blocks.length ? "news" : "nothing";
  }

  #seen() {
    return new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
  }
}

export const stream = new Stream();

/** Connect the page to the server as the visitor that this token stands for. */
export const connect = (token) => stream.use(token);
