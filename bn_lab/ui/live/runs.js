// The runs of this browser: what was on the stage and has been trained, each with its link, the moment and the zoom at which it
// was left, its curves, thinned, and its place in the strip under the stage. Those that learn the same data as the run on the
// stage may lie under it as pale curves: the one that was there before, and those that are pinned.
import { keptEpochs } from "./bind.js";
import { place, setting, written } from "./format.js";
import * as storage from "./storage.js";
import * as store from "./store.js";

const NAME = "runs"; // in the browser's storage; runs on data of a visitor's own live as long as the page
const MOST = 16; // runs of the strip
export const MOST_PINNED = MOST - 1; // what is pinned never goes for another one
const MOST_GHOSTS = 4; // drawn under the one on the stage
const POINTS = 120; // of a curve: as many as a picture of half a page can show apart, and little to keep
const DIGITS = 4; // of its numbers
const CURVES = "curves.", LINE = /^(.+\.(?:train|validation))\.\w+\.median$/;

/** A run is one whatever its number of epochs: trained longer it goes on. */
const keyOf = ({ epochs, ...query }) => JSON.stringify(Object.entries(query).sort());

function isRun({ key, query, isPinned, epoch, zoom, trained, curves, results }) {
  const ranges = Object.values(zoom).flat(), isRange = ([axis, range]) => /^[xy]axis\d*$/.test(axis) && isLine(range);
  const lines = Object.values(curves).flatMap((each) => [each.epochs, ...Object.values(each.lines)]);
  return key === keyOf(query) && Object.values(query).every((text) => typeof text === "string") && typeof isPinned === "boolean"
    && epoch >= 0 && trained >= 1 && ranges.every(isRange) && curves.loss && [...lines, Object.values(results)].every(isLine);
}

const isLine = (values) => Array.isArray(values) && values.every((value) => value === null || Number.isFinite(value));

const valid = (value) => value.filter(isRun);

let runs = storage.read(NAME, valid) ?? []; // in the order of the strip
let staged = null; // the run on the stage: {key, recording, query, isPrivate}
let before = null; // the data set of the run that was there before it
let vacant = 0; // place of the strip where the card of the run on the stage will be
let forgotten; // key of the run that was on the stage when everything was forgotten, as long as it is there
let isEmbedded = false; // a slide remembers nothing
const turns = new Set(); // keys of what was on the stage in this visit, the latest last

storage.onClear(forget);
storage.onOther(NAME, valid, merge);

function forget() {
  [runs, before, forgotten] = [[], null, staged?.key];
  turns.clear();
}

/** Call `listener()` when another page of this browser has changed the runs; returns what ends that. */
export const onOther = (listener) => storage.onOther(NAME, valid, () => listener());

/** Take over what another page made of the strip; what that one never had, and the run on the stage, stay as they are here. */
function merge(theirs, old = []) {
  if (!theirs) return forget();
  const mine = new Map(runs.map((run) => [run.key, run])), named = new Set(theirs.map(({ key }) => key));
  const gone = new Set(old.map(({ key }) => key).filter((key) => !named.has(key)));
  const own = runs.filter((run) => !named.has(run.key) && (isStaged(run) || !gone.has(run.key)));
  runs = [...own, ...theirs.map((run) => {
    const known = mine.get(run.key);
    return { ...run, recording: known?.recording, ...(isStaged(run) && known), isPinned: run.isPinned };
  })];
  while (runs.length > MOST) drop();
}

/** Have the browser remember the strip; what is too much for it are the last runs. */
function save() {
  if (isEmbedded) return;
  const kept = runs.filter(({ key, isPrivate }) => !isPrivate && key !== forgotten).map(({ recording, ...run }) => run);
  while (kept.length && JSON.stringify(kept).length > storage.LONGEST) kept.pop();
  storage.write(NAME, kept.length ? kept : undefined);
}

/**
 * All runs in the order of the strip: [{key, query, recording, isPrivate, isPinned, epoch, zoom, trained, curves, results}].
 *
 * `query`: what the link of the experiment says; `recording`: whose rows may still be in the store; `epoch`: of the moment at
 * which it was left; `trained`: epochs that are known; `zoom`: as `zoomed` in panel.js has it; `curves`, `results`: as
 * `curvesOf` and `resultsOf` make them.
 */
export const all = () => runs;

/** Whether this is the run on the stage. */
export const isStaged = ({ key }) => key === staged?.key;

/** The data set of a run, as the parameter of a link; empty for the usual one. */
export const dataOf = ({ query }) => query.dataset ?? "";

/** What kind of data that is: what was drawn by hand is one, wherever its points are. Losses compare within one. */
const kindOf = (dataset) => dataset.split(":")[0];

const isAlike = (run) => kindOf(dataOf(run)) === kindOf(dataOf(staged));

/** There is another run on the stage now, or the same one goes on; to be called before the store shows it. */
export function stage({ query, private: isPrivate }, recording, isSlide = false) {
  const key = keyOf(query), at = runs.findIndex(isStaged);
  isEmbedded = isSlide;
  if (key === staged?.key) return void Object.assign(staged, { query, recording });
  if (staged && isDrawnOn(query) && !runs[at]?.isPinned && !runs.some((run) => run.key === key)) {
    if (at >= 0) [runs, vacant] = [runs.toSpliced(at, 1), at]; // it is the same drawing, some points further
  } else {
    if (at >= 0) before = dataOf(staged);
    vacant = 0;
  }
  forgotten = undefined;
  staged = { key, query, recording, isPrivate };
  turns.delete(key);
  turns.add(key);
  for (const each of turns) if (each !== key && !runs.some((run) => run.key === each)) turns.delete(each);
}

/** Whether nothing differs from the run on the stage but what is drawn. */
function isDrawnOn({ dataset = "", ...rest }) {
  const { dataset: old = "", ...others } = staged.query;
  return [dataset, old].every((each) => kindOf(each) === "drawn") && keyOf(rest) === keyOf(others);
}

/**
 * Keep what there is of the run on the stage, as soon as an epoch of it is trained.
 * @param zoom what the visitor moved in the pictures
 * @returns whether the strip has changed
 */
export function keep(zoom) {
  const { recording, target } = store.shown();
  if (!staged || recording !== staged.recording) return false;
  const curves = curvesOf(store.current(), target), trained = curves.loss?.epochs.at(-1) ?? 0;
  if (!trained) return false;
  let run = runs.find(isStaged);
  if (!run) {
    run = { key: staged.key, isPinned: false, isPrivate: staged.isPrivate, trained: 0 };
    runs = runs.toSpliced(vacant, 0, run);
    if (runs.length > MOST) drop();
  }
  const shown = JSON.stringify([run.query, run.trained, run.results]);
  const epoch = Math.min(store.sought() ?? store.cursor() ?? 0, target); // also one whose rows are still to come
  Object.assign(run, { query: staged.query, recording, epoch, zoom });
  // Of a recording that has to be trained again there is more here, with the same numbers.
  if (trained >= Math.min(run.trained, target)) Object.assign(run, { curves, trained, results: resultsOf(curves.loss) });
  save();
  return JSON.stringify([run.query, run.trained, run.results]) !== shown;
}

/** The one that is the first to go: the last that is not pinned; where all the others are, the last of them. */
function drop() {
  const at = runs.findLastIndex((run) => !run.isPinned && !isStaged(run));
  runs = runs.toSpliced(at < 0 ? runs.findLastIndex((run) => !isStaged(run)) : at, 1);
}

/** Medians over the epochs: {measure: {epochs, lines: {"before.train": values}}}, null where nothing finite is. */
function curvesOf(recording, target) {
  const found = {};
  for (const [part, { fields, size }] of Object.entries(recording?.layouts ?? {})) {
    const count = part.startsWith(CURVES) ? Math.min(recording.rows(part), target) : 0;
    if (!count) continue;
    const epochs = [...keptEpochs(count, POINTS)], { numbers } = recording.parts.get(part), lines = {};
    for (const [field, [offset]] of Object.entries(fields)) {
      const line = LINE.exec(field)?.[1];
      if (line) lines[line] = epochs.map((epoch) => short(numbers[(epoch - 1) * size + offset]));
    }
    found[part.slice(CURVES.length)] = { epochs, lines };
  }
  return found;
}

const short = (value) => (Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : null);

/** {arm: its last training loss}. */
function resultsOf({ lines }) {
  const losses = Object.entries(lines).filter(([line]) => line.endsWith(".train"));
  return Object.fromEntries(losses.map(([line, values]) => [line.slice(0, -".train".length), values.at(-1)]));
}

// What is done with them.

export function pin(key, isPinned) {
  runs = runs.map((run) => (run.key === key ? { ...run, isPinned } : run));
  save();
}

export function remove(key) {
  runs = runs.filter((run) => run.key !== key);
  save();
}

/** Put a run at another place of the strip. */
export function move(key, to) {
  const from = runs.findIndex((run) => run.key === key), others = runs.filter((run) => run.key !== key);
  if (from < 0) return;
  runs = others.toSpliced(Math.max(0, Math.min(to, others.length)), 0, runs[from]);
  save();
}

// What lies under the one on the stage.

/** The run that was on the stage before, and those that are pinned, as far as they learn the same data. */
export function ghosts() {
  if (!staged) return [];
  const others = runs.filter((run) => !isStaged(run) && isAlike(run));
  const last = latest(others);
  return [...(last ? [last] : []), ...others.filter((run) => run.isPinned && run !== last)].slice(0, MOST_GHOSTS);
}

function latest(among) {
  return [...turns].reverse().map((key) => among.find((run) => run.key === key)).find(Boolean);
}

/** The run on the stage, also before anything of it is trained. */
export const present = () => staged;

/** The other data set from which the run before learned, where that leaves the stage without a pale curve; else undefined. */
export function incomparable() {
  return before !== null && kindOf(before) !== kindOf(dataOf(staged)) && !ghosts().length ? before : undefined;
}

// How they are told apart. `fields`: of every setting in the order of an experiment its {name, label, usual, options, colors}.

/** The settings in which two runs differ: [{field, from, to}], as parameters of links. */
function differences(fields, { query: one }, { query: other }) {
  return fields.map((field) => ({ field, from: one[field.name] ?? field.usual, to: other[field.name] ?? field.usual }))
    .filter(({ from, to }) => from !== to);
}

/** "ε 0.001 → 1×10⁻⁶": what has changed from one run to the other. */
export function change(fields, one, other) {
  return differences(fields, one, other).map(({ field, from, to }) => {
    if (field.many) return `${field.label} ${exchanged(field, from, to)}`;
    const [before, now] = [worded(field, from), worded(field, to)];
    if (before === now && field.moved) return `${field.label}: ${field.moved}`; // as many points, elsewhere
    return `${field.label} ${now.startsWith(`${before} → `) ? now : `${before} → ${now}`}`; // one that goes on as the other began
  }).join(" · ");
}

/** "ε 1×10⁻⁶": what a run has that is otherwise in the other one. */
export function apart(fields, run, other) {
  return differences(fields, run, other).map(({ field, from, to }) => {
    if (field.many) return exchanged(field, to, from);
    return field.options ? worded(field, from) : `${field.label} ${worded(field, from)}`;
  }).join(" · ");
}

/** What went and what came among several. */
function exchanged(field, from, to) {
  const [old, now] = [from.split(","), to.split(",")], name = (id) => field.options[id] ?? id;
  const went = old.filter((id) => !now.includes(id)), came = now.filter((id) => !old.includes(id));
  return [...went.map((id) => `− ${name(id)}`), ...came.map((id) => `+ ${name(id)}`)].join(", ");
}

/** A value of a setting as one reads it; the counterpart of `value_label` in bn_lab/figures/studies/numbers.py. */
export function worded({ options = {}, drawn, change: from }, text) {
  if (options[text] !== undefined) return options[text];
  if (drawn && text.startsWith("drawn:")) return place(drawn, { count: text.split(":").length - 1 });
  if (!from || !text.includes("@")) return number(text);
  const [[first], ...later] = text.split(",").map((each) => each.split("@"));
  return [number(first), ...later.map(([value, epoch]) => (
    place(from, { value: number(value), epoch: written(Number(epoch), "whole") })
  ))].join(" → ");
}

const number = (text) => (text !== "" && Number.isFinite(Number(text)) ? setting(Number(text)) : text);
