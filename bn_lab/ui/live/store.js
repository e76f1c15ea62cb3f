// What is known of the run on screen: one store for the page, filled by the feed, read by every panel.
// The layout of a frame is described in frame.py.

const listeners = new Set();

export const store = {
  run: null,
  state: "ready",
  epoch: 0, // progress; the whole part counts completed epochs
  epochs: 0,
  recorded: [], // epochs of all snapshots that the server has
  labels: {},
  sent: 0, // when the last frame left the server
  every: null, // ms after which to ask for the next one
  askForWords: null, // asks for the part of the page with words, and with it for a frame; set by the pulse
  outdated: false, // the rest of the page is drawn for another state
  curves: {}, // name -> Float32Array
  fields: {}, // name -> [offset, length] within a row
  rows: new Map(), // epoch -> Float32Array
  current: null, // {epoch, row}: the present state, not recorded; the next one replaces it
  known: [], // epochs of all rows, the present one included, ascending
  chosen: null, // the epoch the visitor chose to look at; null follows the run
  last: null, // bytes of the last frame, to tell a repeated one
};

/** Call `listener` after every change; returns the function that ends it. */
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function changed() {
  for (const listener of [...listeners]) listener();
}

/** The epoch on screen, or null while no snapshot is known. */
export const cursor = () => store.chosen ?? store.known.at(-1) ?? null;

export const rowAt = (epoch) => store.rows.get(epoch) ?? (store.current?.epoch === epoch ? store.current.row : undefined);

/** Look at the snapshot at `index` of `store.known`; the last one means to follow the run. */
export function choose(index) {
  store.chosen = index >= store.known.length - 1 ? null : store.known[Math.max(0, index)];
  changed();
}

/** Take a frame in. Repeating one, or one that arrives late, changes nothing but may add rows. */
export function receive(data) {
  const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
  if (same(bytes, store.last)) return;
  const frame = decode(bytes);
  const { header } = frame;
  // The page may be handed an older frame again while it is drawn anew, also one of a training that was replaced.
  if (header.sent < store.sent) return;
  store.sent = header.sent ?? 0;
  store.every = header.every ?? null;
  const restarted = header.epoch < store.epoch && ["ready", "queued"].includes(header.state);
  if (header.run !== store.run || restarted) clear(header.run);
  const late = header.epoch < store.epoch;
  const present = header.current ? frame.rows.pop() : undefined;
  for (const { epoch, row } of frame.rows) store.rows.set(epoch, row);
  if (!late) adopt(frame, present);
  store.known = [...store.rows.keys()].sort((a, b) => a - b);
  if (store.current && !(store.current.epoch <= store.known.at(-1))) store.known.push(store.current.epoch);
  // The visitor looked at a present state that is gone: the snapshot before it stands in.
  if (store.chosen !== null && !rowAt(store.chosen)) store.chosen = store.known.findLast((e) => e <= store.chosen) ?? null;
  changed();
}

function adopt({ header, curves, bytes }, present) {
  const { state, epoch, epochs, recorded, labels, fields, outdated } = header;
  Object.assign(store, { state, epoch, epochs, recorded: recorded ?? [], labels: labels ?? {}, curves, last: bytes });
  store.outdated = Boolean(outdated);
  if (Object.keys(fields).length) store.fields = fields;
  store.current = present ?? null;
}

function clear(run) {
  Object.assign(store, { run, epoch: 0, curves: {}, fields: {}, rows: new Map(), current: null, known: [] });
  Object.assign(store, { chosen: null, last: null });
}

/** {header, bytes, curves: {name: view}, rows: [{epoch, row: copy}]}; rows are copies, so that they do not keep the frame. */
export function decode(data) {
  const bytes = data.slice(); // numbers start at a multiple of four of the frame, not of the message that brought it
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const numbers = new Float32Array(bytes.buffer, 4 + length);
  const curves = {};
  for (const [name, [offset, count]] of Object.entries(header.curves)) curves[name] = numbers.subarray(offset, offset + count);
  const { epochs, offset, size } = header.rows;
  const rows = epochs.map((epoch, k) => ({ epoch, row: numbers.slice(offset + k * size, offset + (k + 1) * size) }));
  return { header, bytes, curves, rows };
}

function same(a, b) {
  return b !== null && a.length === b.length && a.every((value, k) => value === b[k]);
}
