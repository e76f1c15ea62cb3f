// What is known of recordings, which of them this page shows and up to where, and the moment on screen: one store for the page,
// filled by the stream, read by pictures, tables and the stage.
import { onMove, wake } from "./paint.js";
import { Player, Recording, atOrBefore, decode, earlyStop } from "./player.js";

const MOST_RECORDINGS = 8; // in memory, for a visitor who goes back and forth

export const player = new Player();

const recordings = new Map(); // id -> Recording, the one shown latest last
const needs = new Map(); // who needs them, while it is in view -> fields
const listeners = new Set();
const wantListeners = new Set(); // called when something else is wanted of the server

let triesAgain = false; // a training that has failed is asked for again, until something comes of it
let view = { recording: null, target: 0, epochs: 0 }; // what is shown; `epochs`: how far it is wanted
let available = nothing(); // what there is of it, see `extent`
let patience = 0; // epochs without a better validation loss after which the player pauses; 0 for never
let watchedArms = []; // by whose validation loss
let stoppedBy = null; // {arm, best, stop} why it paused, as long as it stands there
let soughtEpoch = null; // to go to as soon as it is there
let soughtIndex = null; // likewise a moment by its number

function nothing() {
  return { target: view.target, moments: [], regular: 0, playable: 0, done: false, parts: [] };
}

/** Call `listener(what)` after every change: "shown" (another recording or target), "rows", "state", "cursor". */
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Call `listener(isUrgent)` when the server is to be asked for something else; urgent: some rows got lost on the way. */
export function onWant(listener) {
  wantListeners.add(listener);
  return () => wantListeners.delete(listener);
}

const notify = (what) => [...listeners].forEach((listener) => listener(what));
const want = (isUrgent = false) => [...wantListeners].forEach((listener) => listener(isUrgent));

// What is shown.

/**
 * Show a recording up to a target, its furthest epoch.
 * @param epochs how far it is wanted now: 0 for the untrained moment alone, until somebody plays it
 * @param prefix {recording, epochs}: another one that is the same for so many epochs, which are shown at once while this one is
 *   trained that far again; the player stays where it is, if it is there
 */
export function show(recording, target, epochs = target, prefix = null) {
  const before = view;
  const isOther = recording !== before.recording;
  if (!isOther && target === before.target && epochs <= before.epochs) return;
  view = { recording, target, epochs: isOther ? epochs : Math.min(target, Math.max(epochs, before.epochs)) };
  if (isOther) {
    const at = cursor(), like = recordings.get(prefix?.recording);
    player.pause();
    player.seek(0);
    [available, soughtEpoch, soughtIndex, stoppedBy] = [nothing(), null, null, null];
    if (recording !== null) remember(recording);
    if (like && recording !== null) current().takeOver(like, prefix.epochs);
    if (like && before.recording === prefix.recording && at !== null) soughtEpoch = Math.min(at, prefix.epochs);
  }
  refresh();
  want();
  notify("shown");
}

function remember(id) {
  const recording = recordings.get(id) ?? new Recording();
  recordings.delete(id);
  recordings.set(id, recording);
  for (const old of recordings.keys()) {
    if (recordings.size <= MOST_RECORDINGS) break;
    recordings.delete(old);
  }
}

/** Have the recording trained further, at most to the target. */
export function wantUntil(epochs = view.target) {
  const further = Math.min(epochs, view.target);
  if (further <= view.epochs) return;
  view.epochs = further;
  want();
}

/** The recording that is shown, as bindings read it. */
export const current = () => recordings.get(view.recording);

/**
 * What there is of it, up to the target. `moments`: epochs of all moments that are there, ascending; `regular`: how many of
 * them are the recording's own, the target's own comes after them; `playable`: how many have all that is in view; `done`: no
 * more will come; `parts`: what is in view.
 */
export const extent = () => available;

/** What is shown, and what is known of it: recording, target, what the server says of it, and its `extent`. */
export function shown() {
  const status = current()?.status.get(view.target) ?? {};
  const { state = "ready", place = 0, seconds = 0, rate = 0, error = null, findings = null } = status;
  // Of a server that was started anew the page may have more than that knows.
  const epoch = Math.max(Math.min(status.epoch ?? 0, view.target), available.moments.at(-1) ?? 0);
  return { ...view, state, epoch, place, seconds, rate, error, findings, ...available };
}

// Early stopping: a choice of the player. The training goes on, and nothing of it is lost.

const STOPPING = Symbol("early stopping"); // needs the losses, whatever is in view

/** Pause where the validation loss of one of these arms has not become better for so many epochs; never for 0. */
export function stopEarly(epochs, arms) {
  if (epochs === patience && arms.join() === watchedArms.join()) return;
  [patience, watchedArms, stoppedBy] = [epochs, arms, null];
  need(STOPPING, epochs ? arms.map((arm) => validation(arm)) : null);
  notify("state");
}

const validation = (arm) => ({ field: `${arm}.validation.loss.median`, axis: "epoch", part: "curves.loss" });

/** How patient it is; 0 where it never stops. */
export const waits = () => patience;

/** {best, stop, losses} of an arm as far as is known, see `earlyStop`; null where nothing is, or it never stops. */
export function early(arm) {
  const recording = current(), { field, axis, part } = validation(arm), place = patience ? recording?.find(field, axis, part) : null;
  if (!place) return null;
  const count = Math.min(recording.rows(place.part), view.target), table = recording.parts.get(place.part);
  const losses = Array.from({ length: count }, (_, k) => table.row(k)[place.offset]);
  const found = earlyStop(losses, patience);
  return found && { ...found, losses };
}

/** {arm, best, stop} for which the player stands still; null where it does not. */
export const stopped = () => stoppedBy;

/** Pause at the first stop that lies between two epochs. */
function pauseAtStop(from, to) {
  const stops = watchedArms.map((arm) => ({ arm, ...early(arm) })).filter(({ stop }) => stop > from && stop <= to);
  if (!patience || !stops.length) return;
  const { arm, best, stop } = stops.reduce((one, other) => (other.stop < one.stop ? other : one));
  player.seek(available.moments.findIndex((epoch) => epoch >= stop));
  player.pause();
  stoppedBy = { arm, best, stop };
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
  const before = available.parts.join();
  refresh();
  if (available.parts.join() !== before) want();
}

function neededParts(recording) {
  const parts = new Set(["summary"]);
  for (const fields of needs.values()) {
    for (const each of fields) {
      const { field, axis, part } = typeof each === "string" ? { field: each } : each;
      const place = recording?.find(field, axis, part);
      if (place) parts.add(place.part);
    }
  }
  return [...parts];
}

/** What the page wants of the server, as a message; null while it shows nothing. */
export function wanted() {
  const { recording, epochs, target } = view;
  if (recording === null) return null;
  const known = current(), parts = {};
  for (const part of available.parts) {
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
  recording.status.set(header.target, { state, epoch, place, seconds, rate, error, findings, moments });
  const complete = blocks.map(({ place: where, numbers }) => recording.add(where, numbers, header.target));
  if (header.recording !== view.recording) return header;
  triesAgain = false;
  refresh();
  if (complete.includes(false)) want(true);
  else if (header.layouts) want(); // names of fields are names of parts now
  notify(blocks.length ? "rows" : "state");
  return header;
}

/** Look again at what there is of what is shown. */
function refresh() {
  const recording = current(), at = cursor();
  available = nothing();
  if (recording) {
    Object.assign(available, momentsOf(recording), { parts: neededParts(recording) });
    // Never fewer than are on screen: what comes into view later does not throw the others back.
    available.playable = Math.min(available.moments.length, Math.max(playable(recording), player.index + 1));
    available.done = isDone(recording);
  }
  player.know(available.playable, available.done);
  // The target's own end moment comes last, and goes when the target moves on: the place on screen is an epoch, not a number.
  if (at !== null && available.moments[player.index] !== at) player.seek(atOrBefore(available.moments, at));
  if (soughtEpoch !== null) goToEpoch();
  if (soughtIndex !== null) goToIndex();
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
    if (epoch > view.target) break;
    moments.push(epoch);
  }
  const regular = moments.length;
  const end = typed(recording.ends.get(view.target)?.get("summary")?.row[place.offset] ?? NaN);
  if (end > (moments.at(-1) ?? -1)) moments.push(end);
  return { moments, regular };
}

/** How many moments have a row of every part that is in view. */
function playable(recording) {
  const { moments, regular } = available;
  const growing = available.parts.filter((part) => recording.layouts?.[part]?.axis === "moment");
  const rows = Math.min(regular, ...growing.map((part) => recording.rows(part)));
  const ends = recording.ends.get(view.target);
  return rows === regular && growing.every((part) => ends?.has(part)) ? moments.length : rows;
}

function isDone(recording) {
  const { moments } = available;
  if (available.playable < moments.length) return false;
  if (moments.at(-1) >= view.target) return true;
  const { state, moments: count } = recording.status.get(view.target) ?? {};
  return (state === "ended" || state === "failed") && moments.length >= count; // a run may end before its target
}

// The moment on screen.

/** Index of the moment on screen within `shown().moments`; -1 while there is none. */
export const index = () => (available.moments.length ? player.index : -1);

/** The epoch on screen; null while there is none. */
export const cursor = () => available.moments[player.index] ?? null;

/** The row of a part at a moment; undefined where it has not come. */
export function rowAt(part, moment) {
  const recording = current();
  if (!recording || moment < 0) return undefined;
  if (moment >= available.regular) return recording.ends.get(view.target)?.get(part)?.row;
  return moment < recording.rows(part) ? recording.parts.get(part).row(moment) : undefined;
}

/** A number of the moment on screen; undefined where it is not known or not finite. */
export function number(field, k = 0) {
  const place = current()?.find(field, "moment");
  const value = place && rowAt(place.part, index())?.[place.offset + k];
  return Number.isFinite(value) ? value : undefined;
}

// Another recording, of which the page still has rows.

/** Whether the page still knows a recording, which may be shown or not. */
export const isKnown = (id) => recordings.has(id);

/** A field of another recording at the epoch on screen, or at its last one before; undefined where it is not known. */
export function otherField(id, field) {
  const other = recordings.get(id), place = other?.find(field, "moment");
  const rows = place ? other.rows(place.part) : 0;
  if (!rows) return undefined;
  const at = Math.min(rows - 1, atOrBefore(numbersOf(id, "epoch").map(typed), cursor() ?? 0));
  return other.parts.get(place.part).row(at).subarray(place.offset, place.offset + place.length);
}

/** A number of all known moments of another recording. */
export function numbersOf(id, field, k = 0) {
  const other = recordings.get(id), place = other?.find(field, "moment");
  if (!place || k >= place.length) return [];
  const part = other.parts.get(place.part);
  return Array.from({ length: other.rows(place.part) }, (_, row) => part.row(row)[place.offset + k]);
}

/** The epoch to which it is on its way; null where it is not, or only to some moment after the last one. */
export const sought = () => soughtEpoch;

/** Whether it is on its way to a moment that is still to come. */
export const isSeeking = () => soughtEpoch !== null || soughtIndex !== null;

/** Whether another moment will be on screen soon, by itself: what only rows change can wait for that. */
export const isMoving = () => player.playing && !player.waiting;

function changed(act) {
  const before = cursor();
  stoppedBy = null;
  player.know(available.playable, available.done);
  act();
  if (player.playing) wake();
  notify(cursor() === before ? "state" : "cursor");
}

export function play() {
  soughtEpoch = soughtIndex = null;
  if (shown().state === "failed") {
    triesAgain = true;
    want(true);
  }
  wantUntil();
  changed(() => player.play());
}

export const pause = () => changed(() => player.pause());

export const setSpeed = (speed) => changed(() => player.setSpeed(speed));

/** Go some moments on or back, and stay there; to one that is still to come as soon as it is there. */
export function step(moments) {
  const { playable: count, done } = available;
  soughtEpoch = null;
  soughtIndex = moments > 0 && !done && player.index + moments >= count ? player.index + moments : null;
  changed(() => player.step(moments));
}

function goToIndex() {
  if (available.playable <= soughtIndex && !available.done) return;
  player.seek(soughtIndex);
  soughtIndex = null;
}

export function seekIndex(k) {
  seek(available.moments[Math.max(0, Math.min(k, available.moments.length - 1))] ?? 0);
}

/** Go to the last moment at or before this epoch, `Infinity` for the end: at once, or as soon as it is there. */
export function seek(epoch) {
  [soughtEpoch, soughtIndex] = [epoch, null];
  changed(goToEpoch);
}

export const home = () => seek(0);

/** Go to the newest moment. */
export const end = () => seekIndex(available.moments.length - 1);

/** Begin like this: at an epoch (`null` for the start), playing or not. */
export function open(epoch, isPlaying) {
  [soughtEpoch, soughtIndex] = [epoch, null];
  if (isPlaying) wantUntil();
  changed(() => {
    if (soughtEpoch !== null) goToEpoch();
    if (isPlaying) player.play();
  });
}

function goToEpoch() {
  const { moments, playable: count, done } = available;
  if (!count) return;
  const isThere = done || moments[count - 1] >= soughtEpoch;
  const { state, epoch } = shown();
  if (!isThere && (state === "ended" || epoch >= soughtEpoch)) return; // its rows are on their way
  player.seek(isThere ? atOrBefore(moments.slice(0, count), soughtEpoch) : count - 1);
  if (isThere) soughtEpoch = null;
}

function move(time) {
  if (!player.playing) return false;
  const before = cursor();
  player.tick(time, available.playable, available.done);
  if (cursor() !== before) pauseAtStop(before ?? 0, cursor());
  if (cursor() !== before) notify("cursor");
  else if (!player.playing) notify("state");
  return player.playing;
}

onMove(move);
