// The page's connection to the server: what the page wants goes out, frames come in. A websocket, opened again whenever it is cut;
// where none gets through, requests that each wait for the next frame. The messages are described in bn_lab/server/stream.py.
import { afterPaint } from "./paint.js";
import { onWant, receive, shown, wanted } from "./store.js";
import { ESTABLISHED, LONGEST_RECONNECT, POLL_INTERVAL, RECONNECT, WEBSOCKET_RETRY } from "./timing.js";

const ATTEMPTS = 2; // without a single frame, before frames are asked for one by one

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
  #delay = RECONNECT;
  #opening; // timer
  #asked = ""; // what the server was last asked for on this connection
  #isAsking = false; // about to ask
  #loop = null; // of requests, where there is no websocket
  #tag = ""; // of the latest frame that came by a request
  #request = null; // AbortController of the request that waits for a frame

  constructor() {
    onWant((isUrgent) => this.#ask(isUrgent));
    document.addEventListener("visibilitychange", () => this.#tellVisibility());
    window.addEventListener("online", () => this.#openNow());
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
    this.#disconnect();
    this.#open();
    if (this.#attempts >= ATTEMPTS) this.#poll();
  }

  #disconnect() {
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
      if (typeof data === "string") return this.#receiveMessage(JSON.parse(data));
      this.#proven();
      const { n } = receive(data);
      painted(ours(() => this.#send({ painted: n })));
    });
    socket.onclose = ours(() => {
      this.#socket = null;
      if (performance.now() - opened > ESTABLISHED) this.#proven();
      this.#lost();
    });
    this.#socket = socket;
  }

  #proven() {
    [this.#gotThrough, this.#attempts, this.#delay] = [true, 0, RECONNECT];
    this.#stopPolling();
  }

  #lost() {
    this.#attempts += this.#gotThrough ? 0 : 1;
    if (this.#attempts >= ATTEMPTS) {
      this.#openIn(WEBSOCKET_RETRY);
      this.#poll();
      return;
    }
    this.#openIn(this.#delay);
    this.#delay = Math.min(2 * this.#delay, LONGEST_RECONNECT);
  }

  #openIn(wait) {
    const isLater = () => this.#loop && document.hidden; // a page that nobody looks at can do with requests
    this.#opening = setTimeout(() => (isLater() ? this.#openIn(WEBSOCKET_RETRY) : this.#open()), wait);
  }

  #receiveMessage({ refused }) {
    if (refused === undefined) return;
    console.warn(`The lab's server refuses this page: ${refused}`);
    this.#isRefused = true;
    this.#stopPolling();
    this.#disconnect();
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #openNow() {
    if (this.#token && !this.#isRefused && !this.#socket && !this.#loop) this.#open();
  }

  #tellVisibility() {
    this.#send({ hidden: document.hidden });
    this.#request?.abort(); // the next one says it
    if (!document.hidden) this.#openNow();
  }

  // What is asked for: once an animation frame, the latest.

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
    if (!message || !this.#isChange(message)) return;
    this.#send(message);
    this.#request?.abort(); // the next one says it
  }

  /** Whether it asks for something else than the last message; rows that came meanwhile make no difference. */
  #isChange({ watch, epochs, parts, again = false }) {
    if (again) this.#asked = "";
    const request = `${watch} ${shown().target} ${epochs} ${Object.keys(parts).filter((part) => !part.endsWith("!"))}`;
    if (request === this.#asked) return false;
    this.#asked = request;
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
      const answer = await this.#fetch(signal).catch(() => (signal.aborted ? "changed" : "failed"));
      this.#request = null;
      if (answer === "failed") wait = this.#delay = Math.min(2 * this.#delay, LONGEST_RECONNECT);
      else this.#delay = RECONNECT;
      if (answer === "nothing") wait = Math.max(0, POLL_INTERVAL - (performance.now() - begun));
      if (answer === "changed" || answer === "news") wait = 0;
      if (isHidden && document.hidden) await this.#untilVisible();
    }
  }

  #stopPolling() {
    this.#loop = null;
    this.#request?.abort();
  }

  async #fetch(signal) {
    const message = wanted();
    if (message) this.#isChange(message);
    const messages = [{ hello: this.#token }, { hidden: document.hidden }, { seen: this.#tag }, ...(message ? [message] : [])];
    const response = await fetch(at("lab/poll"), { method: "POST", body: JSON.stringify(messages), signal });
    if (response.status === 204) return "nothing";
    if (response.status === 400 || response.status === 403) {
      this.#receiveMessage(response.status === 400 ? await response.json() : { refused: "another site's page" });
      return "nothing";
    }
    if (!response.ok) return "failed";
    const { blocks, tag } = receive(await response.arrayBuffer());
    this.#tag = tag;
    await new Promise(painted);
    return blocks.length ? "news" : "nothing";
  }

  #untilVisible() {
    return new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
  }
}

export const stream = new Stream();

/** Connect the page to the server as the visitor that this token stands for. */
export const connect = (token) => stream.use(token);
