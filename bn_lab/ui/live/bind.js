// The rule by which a recording fills a figure template: the counterpart of `fill` in bn_lab/figures/frame.py, where bindings,
// ranges and titles are described.
import { ENDS, powerOfTen, setting, written } from "./format.js";
import { current, cursor, early, extent, index, otherField, rowAt } from "./store.js";

const PADDING = 0.02; // as in bn_lab/figures/frame.py
const BLANK = "\u00a0"; // as there
const STEPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10]; // as there
const PLACES = /\{(\d+)\}/g;

const toFloats = (values) => Float64Array.from(values, (value) => (Number.isFinite(value) ? value : NaN));

const isNumber = ({ row }) => row?.length === 2;

/** {part, start, stop} within a row for `[field]`, `[field, i]` or `[field, start, stop]`; undefined for an unknown field. */
function placed([field, first, stop], count, within) {
  const place = current()?.find(field, "moment", within);
  if (!place) return undefined;
  const start = place.offset + (first ?? 0);
  const end = count === 2 ? start + 1 : place.offset + Math.min(stop ?? place.length, place.length);
  return { part: place.part, start, stop: end };
}

function slice(row, { start, stop }) {
  return row ? toFloats(row.subarray(start, stop)) : new Float64Array(stop - start).fill(NaN);
}

/** The value of a binding: an array, an array of arrays, a number, or undefined where nothing is known. */
export function resolve(binding) {
  if (binding.of !== undefined) return ofOther(binding);
  if (binding.curve !== undefined) return curve(binding);
  if (binding.early !== undefined) return marks(binding);
  if (binding.once !== undefined) return once(binding);
  const at = index();
  if (at < 0) return undefined;
  if (binding.cursor) return [cursor(), cursor()];
  const { moments } = extent();
  if (binding.rows === "epoch") return toFloats(moments);
  const where = binding.rows ?? binding.row;
  const place = placed(where, where.length, binding.part);
  if (!place) return undefined;
  const single = where.length === 2;
  if (binding.row) {
    const values = slice(rowAt(place.part, at), place);
    if (single) return Number.isFinite(values[0]) ? values[0] : undefined;
    return binding.shape ? folded(values, binding.shape[1]) : values;
  }
  const rows = moments.map((_, k) => rowAt(place.part, k));
  return single ? toFloats(rows.map((row) => row?.[place.start])) : rows.map((row) => slice(row, place));
}

/** The best epoch and the one of early stopping, or the losses there, as far as they are known. */
function marks({ early: arm, axis }) {
  const { best, stop, losses } = early(arm) ?? {};
  const epochs = [best, stop].filter(Boolean);
  return toFloats(axis === "x" ? epochs : epochs.map((epoch) => losses[epoch - 1]));
}

const folded = (values, columns) =>
  Array.from({ length: values.length / columns }, (_, k) => values.subarray(k * columns, (k + 1) * columns));

/** A `row` binding that another recording fills, `of`, which only the browser knows (ghosts.js). */
function ofOther({ row, shape, of }) {
  const [field, first = 0, stop] = row, values = otherField(of, field);
  if (!values || (stop ?? first) > values.length) return undefined;
  if (isNumber({ row })) return Number.isFinite(values[first]) ? values[first] : undefined;
  const numbers = toFloats(values.subarray(first, stop));
  return shape ? folded(numbers, shape[1]) : numbers;
}

function once({ once: field, part: within }) {
  const place = current()?.find(field, "once", within);
  if (!place || !current().rows(place.part)) return undefined;
  const { offset, length, part } = place;
  return toFloats(current().parts.get(part).row(0).subarray(offset, offset + length));
}

function curve({ curve: field, part: within, most, until }) {
  const recording = current(), place = recording?.find(field, "epoch", within);
  if (!place) return undefined;
  const { size, numbers } = recording.parts.get(place.part) ?? { size: 0, numbers: [] };
  const count = Math.min(recording.rows(place.part), extent().target);
  let epochs = keptEpochs(count, most);
  if (until === "cursor") {
    const completed = Math.min(Math.floor(cursor() ?? 0), count);
    epochs = epochs.filter((epoch) => epoch <= completed);
    if (completed && epochs.at(-1) !== completed) epochs.push(completed); // so that the line reaches the cursor
  }
  return toFloats(epochs.map((epoch) => numbers[(epoch - 1) * size + place.offset]));
}

const DENSITIES = Array.from({ length: 49 }, (_, k) => Math.round(2 ** ((48 - k) / 4)));
let latest = { last: 0, limit: 0, epochs: [] }; // all lines of a picture ask for the same

/** Which of the epochs 1 … `last` are drawn; see `kept_epochs` in bn_lab/figures/frame.py. */
export function keptEpochs(last, limit = Infinity) {
  if (latest.last !== last || latest.limit !== limit) latest = { last, limit, epochs: chosenEpochs(last, limit) };
  return latest.epochs;
}

function chosenEpochs(last, limit) {
  if (last <= limit) return Array.from({ length: last }, (_, k) => k + 1);
  for (const density of DENSITIES) {
    const epochs = [];
    for (let e = 1; e < last && epochs.length < limit; e += Math.max(1, Math.floor(e / density))) epochs.push(e);
    if (epochs.length < limit) return [...epochs, last];
  }
  return [1, last];
}

/** Fields that a template reads, as `need` takes them, and whether what it draws follows the playhead, or grows with the rows. */
export function readBy(figure) {
  const { ranges = {}, titles = [] } = figure.layout?.meta ?? {};
  const bindings = (figure.data ?? []).flatMap((trace) => Object.values(trace.meta?.bind ?? {}));
  bindings.push(...titles.flatMap(({ values }) => values));
  const ends = Object.values(ranges).flatMap(({ low, high }) => [...low, ...high]).filter((end) => typeof end === "object");
  return {
    fields: [...bindings.flatMap(fieldsOf), ...ends.flatMap((end) => fieldsOf(Array.isArray(end) ? { rows: end } : end))],
    rows: bindings.filter(({ row }) => row).flatMap(fieldsOf), // of the moment on screen
    follows: bindings.some(({ row, cursor: line, until }) => row || line || until),
    grows: ends.length > 0 || bindings.some(({ row, cursor: line }) => !row && !line),
  };
}

/** The fields of a binding. */
export function fieldsOf({ row, rows, curve: line, once: field, part, scale, of, early: arm }) {
  if (of !== undefined || arm !== undefined) return []; // what there is of it has come; the store's own need
  if (scale) return [...fieldsOf({ row, part }), ...fieldsOf(scale)];
  if (line !== undefined) return [{ field: line, axis: "epoch", part }];
  if (field !== undefined) return [{ field, axis: "once", part }];
  const where = row ?? rows;
  return Array.isArray(where) ? [{ field: where[0], axis: "moment", part }] : [];
}

/**
 * Fill a template. Everything that changes is a new object, which is how Plotly sees what is new; the template stays as it is.
 * @param bound whether what is shown is what the template is about; otherwise nothing is known of it
 */
export function fill(figure, bound = true) {
  const data = (figure.data ?? []).map((trace) => filled(trace, bound));
  const layout = { ...figure.layout };
  const { ranges = {}, titles = [] } = layout.meta ?? {};
  for (const [axis, ends] of Object.entries(bound ? ranges : {})) {
    const range = rangeOf(ends, layout[axis]?.type === "log");
    if (!range) continue;
    layout[axis] = { ...layout[axis], range, autorange: false };
    if (layout[axis].type === "log") Object.assign(layout[axis], logTicks(10 ** range[0], 10 ** range[1]));
    if (ends.symmetric) {
      const tickvals = ends.symmetric === "right" ? [0, range[1]] : [range[0], 0, range[1]];
      Object.assign(layout[axis], { tickvals, ticktext: tickvals.map(setting) });
    }
  }
  if (titles.length) layout.annotations = layout.annotations.map((annotation) => ({ ...annotation }));
  for (const title of titles) layout.annotations[title.annotation].text = titled(title, bound);
  return { data, layout };
}

function titled({ text, values, format, least }, bound) {
  const numbers = values.map((binding) => (bound ? resolve(binding) : undefined));
  const isLarge = (line) => [...line.matchAll(PLACES)].every(([, k]) => numbers[k] >= least);
  const filled = (line) => line.replace(PLACES, (_, k) => writtenBinding({ format, ...values[k] }, bound));
  return text.split("<br>").map((line) => (least === undefined || isLarge(line) ? filled(line) : BLANK)).join("<br>");
}

/** One bound number as text; see `write` in bn_lab/figures/frame.py. */
export function writtenBinding({ format, scale, ...binding }, bound = true) {
  return written(bound ? resolve(binding) : undefined, format, scale && bound ? resolve(scale) : undefined);
}

/** A copy of the trace with its bound attributes; arrays of which nothing is known are empty, so that nothing is drawn. */
function filled(trace, bound) {
  const copy = { ...trace };
  for (const [path, binding] of Object.entries(trace.meta?.bind ?? {})) {
    const value = (bound ? resolve(binding) : undefined) ?? (isNumber(binding) ? undefined : []);
    if (value === undefined) continue;
    const names = path.split(".");
    const last = names.pop();
    let holder = copy;
    for (const name of names) holder = holder[name] = { ...holder[name] };
    holder[last] = value;
  }
  return copy;
}

function rangeOf({ low, high, symmetric }, logarithmic) {
  const [lows, highs] = [low, high].map((ends) => ends.map((end) => extremes(end, logarithmic)).filter(Boolean));
  if (symmetric) {
    const every = [...lows, ...highs].flat();
    const reach = every.length ? roundedUp(Math.max(...every.map(Math.abs))) : undefined;
    return reach && [-reach, reach];
  }
  if (!lows.length || !highs.length) return undefined;
  const [from, to] = outwards(Math.min(...lows.map(([least]) => least)), Math.max(...highs.map(([, most]) => most)), logarithmic);
  const room = (to - from) * PADDING || Math.max(Math.abs(to) * PADDING, 1e-6);
  return [from - room, to + room];
}

function outwards(low, high, logarithmic) {
  if (logarithmic) return [Math.log10(roundedDown(low)), Math.log10(roundedUp(high))];
  if (high === low) return [low, high];
  const unit = Number(`1e${Math.floor(Math.log10(high - low)) - 1}`);
  return [Math.floor(low / unit) * unit, Math.ceil(high / unit) * unit];
}

function roundedUp(value) {
  if (value === 0) return 1;
  const power = Math.floor(Math.log10(value)), unit = Number(`1e${power}`);
  return Number(`${STEPS.find((step) => value <= step * unit * (1 + 1e-6))}e${power}`);
}

function roundedDown(value) {
  const power = Math.floor(Math.log10(value)), unit = Number(`1e${power}`);
  return Number(`${STEPS.findLast((step) => step * unit <= value * (1 + 1e-6))}e${power}`);
}

const TICKS = 6; // as in bn_lab/figures/axes.py

/** Ticks between two numbers above 0, where Plotly's own are not good; see `log_ticks` in bn_lab/figures/axes.py. */
export function logTicks(low, high) {
  if (!(0 < low && low < high && high < Infinity) || (low >= ENDS[0] && high < ENDS[1])) return undefined;
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  const upTo = (from, to) => Array.from({ length: to - from + 1 }, (_, k) => from + k);
  if (last - first >= 2) {
    const step = Math.ceil((last - first) / (TICKS - 1)), powers = upTo(first, last).filter((power) => power % step === 0);
    return { tickvals: powers.map((power) => Number(`1e${power}`)), ticktext: powers.map(powerOfTen) };
  }
  let values;
  if (Math.log10(high / low) >= 0.9) {
    values = upTo(first - 1, last).flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)));
    values = values.filter((value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9));
  } else {
    const least = (high - low) / TICKS, power = Math.floor(Math.log10(least));
    const digit = [1, 2, 5, 10].find((each) => each * Number(`1e${power}`) >= least), step = Number(`${digit}e${power}`);
    values = upTo(Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)).map((count) => Number(`${count * digit}e${power}`));
  }
  return { tickvals: values, ticktext: values.map(setting) };
}

/** [least, most] of one end's finite numbers over all known moments, above 0 on a logarithmic axis; undefined without any. */
function extremes(end, logarithmic) {
  if (end.curve !== undefined) return extremesOfCurve(end, logarithmic);
  if (!Array.isArray(end)) {
    const value = end === "target" ? extent().target : end;
    return Number.isFinite(value) && (value > 0 || !logarithmic) ? [value, value] : undefined;
  }
  const place = placed(end, end.length);
  if (!place) return undefined;
  const { moments, regular } = extent();
  const range = extremesOf(place, logarithmic, Math.min(regular, current().rows(place.part)));
  const last = moments.length > regular ? rowAt(place.part, regular) : undefined;
  const [least, most] = last ? widened(range, last, place, logarithmic) : range;
  return least <= most ? [least, most] : undefined;
}

function extremesOfCurve({ curve: field, part: within }, logarithmic) {
  const place = current()?.find(field, "epoch", within);
  if (!place) return undefined;
  const { part, offset } = place, count = Math.min(current().rows(part), extent().target);
  const [least, most] = extremesOf({ part, start: offset, stop: offset + 1 }, logarithmic, count);
  return least <= most ? [least, most] : undefined;
}

/** The same of the first `count` rows; what was looked at is not looked at again. */
function extremesOf({ part, start, stop }, logarithmic, count) {
  const { extremes: known, parts } = current(), key = `${part} ${start} ${stop} ${logarithmic}`;
  let { rows, range } = known.get(key) ?? { rows: 0, range: [Infinity, -Infinity] };
  if (rows > count) [rows, range] = [0, [Infinity, -Infinity]]; // the target is a nearer one now
  for (; rows < count; rows += 1) range = widened(range, parts.get(part).row(rows), { start, stop }, logarithmic);
  known.set(key, { rows, range });
  return range;
}

function widened([least, most], row, { start, stop }, logarithmic) {
  for (let k = start; k < stop; k += 1) {
    const value = row[k];
    if (!Number.isFinite(value) || (logarithmic && value <= 0)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}
