// What is known of recordings, which of them this page shows and up to where, and the moment on screen: one store for the page,
// filled by the stream, read by pictures, tables and the stage. Frames, parts and fields are described in figures/frame.py.
import { onMove, wake } from "./paint.js";
import { Player, atOrBefore } from "./player.js";

const KEPT = 8; // recordings that are kept for a visitor who goes back and forth

export const player = new Player();

const recordings = new Map(); // id -> Recording, the one shown latest last
const needs = new Map(); // owner -> fields that are to be seen
const listeners = new Set();
const wanting = new Set(); // who is told when something else is wanted of the server

let triesAgain = false; // what has failed, until something is heard of it
let now = { recording: null, target: 0, epochs: 0 }; // what is shown; `epochs`: how far it is wanted
let seen = nothing(); // what there is of it
let sought = null; // an epoch to go to as soon as it is there
let due = null; // likewise the number of a moment

function nothing() {
  return { target: now.target, moments: [], regular: 0, playable: 0, done: false, parts: [] };
}

/** A growing table of float32: the rows of one part. */
class Part {
  count = 0; // rows that are there, from the first one without a gap

  constructor(size) {
    this.size = size;
    this.numbers = new Float32Array(size * 16);
  }

  /** Put rows where they belong; false where rows before them are missing. */
  add(start, count, numbers) {
    if (start > this.count) return false;
    const until = (start + count) * this.size;
    if (until > this.numbers.length) {
      const larger = new Float32Array(Math.max(until, 2 * this.numbers.length));
      larger.set(this.numbers);
      this.numbers = larger;
    }
    this.numbers.set(numbers, start * this.size);
    this.count = Math.max(this.count, start + count);
    return true;
  }

  row(k) {
    return this.numbers.subarray(k * this.size, (k + 1) * this.size);
  }
}

/** All that is known of one recording. */
class Recording {
  layouts = null; // part -> {axis, fields: {name: [offset, length]}, size}
  parts = new Map(); // name -> Part
  ends = new Map(); // target -> Map: part -> {start, row}, of the target's own last moment
  said = new Map(); // target -> what the server said of it last
  extremes = new Map(); // see bind.js

  /** The parts are laid out like this; rows of another layout are none of it any more. */
  describe(layouts) {
    if (this.layouts && JSON.stringify(this.layouts) !== JSON.stringify(layouts)) this.forget();
    this.layouts = layouts;
  }

  forget() {
    for (const table of [this.parts, this.ends, this.extremes]) table.clear();
  }

  add([part, start, count, size, end], numbers, target) {
    if (!count) return true;
    if (end) {
      if (!this.ends.has(target)) this.ends.set(target, new Map());
      this.ends.get(target).set(part, { start, row: numbers.slice() });
      return true;
    }
    if (this.parts.get(part)?.size !== size) this.parts.set(part, new Part(size));
    return this.parts.get(part).add(start, count, numbers);
  }

  rows(part) {
    return this.parts.get(part)?.count ?? 0;
  }

  /** Where a field is: {part, axis, offset, length}, in the first part that has it; undefined where none has. */
  find(field, axis, within) {
    for (const [part, layout] of Object.entries(this.layouts ?? {})) {
      if ((within && part !== within) || (axis && layout.axis !== axis) || !layout.fields[field]) continue;
      const [offset, length] = layout.fields[field];
      return { part, axis: layout.axis, offset, length };
    }
    return undefined;
  }
}

/** Call `listener(what)` after every change: "shown" (another recording or target), "rows", "state", "cursor". */
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Call `listener(isUrgent)` when the server is to be asked for something else; urgent: some rows got lost on the way. */
export function onWant(listener) {
  wanting.add(listener);
  return () => wanting.delete(listener);
}

const tell = (what) => [...listeners].forEach((listener) => listener(what));
const want = (isUrgent = false) => [...wanting].forEach((listener) => listener(isUrgent));

// What is shown.

/**
 * Show a recording up to a target, its furthest epoch.
 * @param epochs how far it is wanted now: 0 for the untrained moment alone, until somebody plays it
 */
export function show(recording, target, epochs = target) {
  const before = now;
  const isOther = recording !== before.recording;
  if (!isOther && target === before.target && epochs <= before.epochs) return;
  now = { recording, target, epochs: isOther ? epochs : Math.min(target, Math.max(epochs, before.epochs)) };
  if (isOther) {
    player.pause();
    player.seek(0);
    [seen, sought, due] = [nothing(), null, null];
    if (recording !== null) keep(recording);
  }
  survey();
  want();
  tell("shown");
}

function keep(id) {
  const recording = recordings.get(id) ?? new Recording();
  recordings.delete(id);
  recordings.set(id, recording);
  for (const old of recordings.keys()) {
    if (recordings.size <= KEPT) break;
    recordings.delete(old);
  }
}

/** Have the recording trained further, at most to the target. */
export function wantUntil(epochs = now.target) {
  const further = Math.min(epochs, now.target);
  if (further <= now.epochs) return;
  now.epochs = further;
  want();
}

/** The recording that is shown, as bindings read it. */
export const current = () => recordings.get(now.recording);

/**
 * What there is of it, up to the target. `moments`: epochs of all moments that are there, ascending; `regular`: how many of
 * them are the recording's own, the target's own comes after them; `playable`: how many have all that is in view; `done`: no
 * more will come; `parts`: what is in view.
 */
export const extent = () => seen;

/** What is shown, and what is known of it: recording, target, what the server says of it, and its `extent`. */
export function shown() {
  const said = current()?.said.get(now.target) ?? {};
  const { state = "ready", place = 0, seconds = 0, rate = 0, error = null, findings = null } = said;
  // Of a server that was started anew the page may have more than that knows.
  const epoch = Math.max(Math.min(said.epoch ?? 0, now.target), seen.moments.at(-1) ?? 0);
  return { ...now, state, epoch, place, seconds, rate, error, findings, ...seen };
}

// Which parts are needed.

/**
 * `owner` needs these fields as long as it is in view; nothing for `null`.
 * @param fields names, or {field, axis, part} where a name alone may mean several; unknown ones are remembered
 */
export function need(owner, fields) {
  if (!needs.has(owner) && !fields) return;
  if (fields) needs.set(owner, fields);
  else needs.delete(owner);
  const before = seen.parts.join();
  survey();
  if (seen.parts.join() !== before) want();
}

function neededParts(recording) {
  const parts = new Set(["summary"]);
  for (const fields of needs.values()) {
    for (const each of fields) {
      const { field, axis, part } = typeof each === "string" ? { field: each } : each;
      const found = recording?.find(field, axis, part);
      if (found) parts.add(found.part);
    }
  }
  return [...parts];
}

/** What the page wants of the server, as a message; null while it shows nothing. */
export function wanted() {
  const { recording, epochs, target } = now;
  if (recording === null) return null;
  const known = current(), parts = {};
  for (const part of seen.parts) {
    parts[part] = known.rows(part);
    const end = known.ends.get(target)?.get(part);
    if (end) parts[`${part}!`] = end.start + 1;
  }
  return { watch: recording, epochs, parts, ...(triesAgain && { again: true }) };
}

// What comes.

/** Take a frame in; returns its header. */
export function receive(buffer) {
  const { header, blocks } = decode(buffer);
  if (!recordings.has(header.recording)) return header; // of something that was shown long ago
  const recording = recordings.get(header.recording);
  if (header.layouts) recording.describe(header.layouts);
  const { state, epoch, place, seconds, rate, error, findings, moments } = header;
  recording.said.set(header.target, { state, epoch, place, seconds, rate, error, findings, moments });
  const complete = blocks.map(({ place: where, numbers }) => recording.add(where, numbers, header.target));
  if (header.recording !== now.recording) return header;
  triesAgain = false;
  survey();
  if (complete.includes(false)) want(true);
  else if (header.layouts) want(); // names of fields are names of parts now
  tell(blocks.length ? "rows" : "state");
  return header;
}

/** {header, blocks: [{place: [part, start, count, size, end], numbers}]}; the numbers are views of the frame. */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const numbers = new Float32Array(buffer, 4 + length);
  let at = 0;
  const blocks = header.blocks.map((place) => {
    const [, , count, size] = place;
    return { place, numbers: numbers.subarray(at, (at += count * size)) };
  });
  return { header, blocks };
}

/** Look again at what there is of what is shown. */
function survey() {
  const recording = current(), at = cursor();
  seen = nothing();
  if (recording) {
    Object.assign(seen, momentsOf(recording), { parts: neededParts(recording) });
    // Never fewer than are on screen: what comes into view later does not throw the others back.
    seen.playable = Math.min(seen.moments.length, Math.max(playable(recording), player.index + 1));
    seen.done = isDone(recording);
  }
  player.know(seen.playable, seen.done);
  // The target's own end moment comes last, and goes when the target moves on: the place on screen is an epoch, not a number.
  if (at !== null && seen.moments[player.index] !== at) player.seek(atOrBefore(seen.moments, at));
  if (sought !== null) goSought();
  if (due !== null) goDue();
  if (player.playing) wake();
}

/** A float32 as one would type it: 0.2, not 0.20000000298. */
const typed = (value) => Number(value.toPrecision(7));

function momentsOf(recording) {
  const place = recording.find("epoch", "moment", "summary");
  if (!place) return { moments: [], regular: 0 };
  const part = recording.parts.get(place.part), moments = [];
  for (let k = 0; k < (part?.count ?? 0); k += 1) {
    const epoch = typed(part.row(k)[place.offset]);
    if (epoch > now.target) break;
    moments.push(epoch);
  }
  const regular = moments.length;
  const end = typed(recording.ends.get(now.target)?.get("summary")?.row[place.offset] ?? NaN);
  if (end > (moments.at(-1) ?? -1)) moments.push(end);
  return { moments, regular };
}

/** How many moments have a row of every part that is in view. */
function playable(recording) {
  const { moments, regular } = seen;
  const growing = seen.parts.filter((part) => recording.layouts?.[part]?.axis === "moment");
  const rows = Math.min(regular, ...growing.map((part) => recording.rows(part)));
  const ends = recording.ends.get(now.target);
  return rows === regular && growing.every((part) => ends?.has(part)) ? moments.length : rows;
}

function isDone(recording) {
  const { moments } = seen;
  if (seen.playable < moments.length) return false;
  if (moments.at(-1) >= now.target) return true;
  const { state, moments: count } = recording.said.get(now.target) ?? {};
  return (state === "ended" || state === "failed") && moments.length >= count; // a run may end before its target
}

// The moment on screen.

/** Index of the moment on screen within `shown().moments`; -1 while there is none. */
export const index = () => (seen.moments.length ? player.index : -1);

/** The epoch on screen; null while there is none. */
export const cursor = () => seen.moments[player.index] ?? null;

/** The row of a part at a moment; undefined where it has not come. */
export function rowAt(part, moment) {
  const recording = current();
  if (!recording || moment < 0) return undefined;
  if (moment >= seen.regular) return recording.ends.get(now.target)?.get(part)?.row;
  return moment < recording.rows(part) ? recording.parts.get(part).row(moment) : undefined;
}

/** A number of the moment on screen; undefined where it is not known or not finite. */
export function number(field, k = 0) {
  const place = current()?.find(field, "moment");
  const value = place && rowAt(place.part, index())?.[place.offset + k];
  return Number.isFinite(value) ? value : undefined;
}

/** Whether another moment will be on screen soon, by itself: what only rows change can wait for that. */
export const isMoving = () => player.playing && !player.waiting;

function changed(act) {
  const before = cursor();
  player.know(seen.playable, seen.done);
  act();
  if (player.playing) wake();
  tell(cursor() === before ? "state" : "cursor");
}

export function play() {
  sought = due = null;
  if (shown().state === "failed") {
    triesAgain = true;
    want(true);
  }
  wantUntil();
  changed(() => player.play());
}

export const pause = () => changed(() => player.pause());

export const toggle = () => (player.playing ? pause() : play());

export const setSpeed = (speed) => changed(() => player.setSpeed(speed));

/** Go some moments on or back, and stay there; to one that is still to come as soon as it is there. */
export function step(moments) {
  const { playable: count, done } = seen;
  sought = null;
  due = moments > 0 && !done && player.index + moments >= count ? player.index + moments : null;
  changed(() => player.step(moments));
}

function goDue() {
  if (seen.playable <= due && !seen.done) return;
  player.seek(due);
  due = null;
}

export function seekIndex(k) {
  seek(seen.moments[Math.max(0, Math.min(k, seen.moments.length - 1))] ?? 0);
}

/** Go to the last moment at or before this epoch, `Infinity` for the end: at once, or as soon as it is there. */
export function seek(epoch) {
  [sought, due] = [epoch, null];
  changed(goSought);
}

export const home = () => seek(0);

/** Go to the newest moment. */
export const end = () => seekIndex(seen.moments.length - 1);

/** Begin like this: at an epoch (`null` for the start), playing or not. */
export function open(epoch, isPlaying) {
  [sought, due] = [epoch, null];
  if (isPlaying) wantUntil();
  changed(() => {
    if (sought !== null) goSought();
    if (isPlaying) player.play();
  });
}

function goSought() {
  const { moments, playable: count, done } = seen;
  if (!count) return;
  const isThere = done || moments[count - 1] >= sought;
  const { state, epoch } = shown();
  if (!isThere && (state === "ended" || epoch >= sought)) return; // its rows are on their way
  player.seek(isThere ? atOrBefore(moments.slice(0, count), sought) : count - 1);
  if (isThere) sought = null;
}

function move(time) {
  if (!player.playing) return false;
  const before = cursor();
  player.tick(time, seen.playable, seen.done);
  if (cursor() !== before) tell("cursor");
  else if (!player.playing) tell("state");
  return player.playing;
}

onMove(move);
