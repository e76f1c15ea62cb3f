// The rule by which a frame fills a figure template: the counterpart of `fill` in bn_lab/figures/frame.py, where bindings are described.
import { cursor, rowAt, store } from "./store.js";

const PADDING = 0.02; // as in bn_lab/figures/frame.py

const plain = (values) => Float64Array.from(values, (value) => (Number.isFinite(value) ? value : NaN));

const isNumber = ({ row }) => row?.length === 2;

/** [start, stop] within a row for `[field]`, `[field, i]` or `[field, start, stop]`; undefined for an unknown field. */
function part([field, start, stop], count) {
  const place = store.fields[field];
  if (!place) return undefined;
  const first = place[0] + (start ?? 0);
  return [first, count === 2 ? first + 1 : place[0] + (stop ?? place[1])];
}

const slice = (row, [start, stop]) => plain(row.subarray(start, stop));

/** The value of a binding: an array, an array of arrays, a number, or undefined where nothing is known. */
export function resolve(binding) {
  if (binding.curve !== undefined) return store.curves[binding.curve] && plain(store.curves[binding.curve]);
  const epoch = cursor();
  if (epoch === null) return undefined;
  if (binding.cursor) return [epoch, epoch];
  if (binding.rows === "epoch") return plain(store.known);
  const where = binding.rows ?? binding.row;
  const range = part(where, where.length);
  if (!range) return undefined;
  const single = where.length === 2;
  if (binding.row) {
    const values = slice(rowAt(epoch), range);
    if (single) return Number.isFinite(values[0]) ? values[0] : undefined;
    return binding.shape ? folded(values, binding.shape[1]) : values;
  }
  const rows = store.known.map(rowAt);
  return single ? plain(rows.map((row) => row[range[0]])) : rows.map((row) => slice(row, range));
}

const folded = (values, columns) =>
  Array.from({ length: values.length / columns }, (_, k) => values.subarray(k * columns, (k + 1) * columns));

/**
 * Fill a template. Everything that changes is a new object, which is how Plotly sees what is new; the template stays as it is.
 * `limits` (Map: axis -> [low, high]) remembers the ranges of the run, so that they never shrink.
 */
export function fill(figure, limits, bound = true) {
  const data = (figure.data ?? []).map((trace) => filled(trace, bound));
  const layout = { ...figure.layout };
  const { ranges = {}, titles = [] } = layout.meta ?? {};
  for (const [axis, ends] of Object.entries(bound ? ranges : {})) {
    const range = grown(limits, axis, ends, layout[axis]?.type === "log");
    if (range) layout[axis] = { ...layout[axis], range, autorange: false };
  }
  if (titles.length) layout.annotations = layout.annotations.map((annotation) => ({ ...annotation }));
  for (const { annotation, text, values, format } of titles) {
    const texts = values.map((binding) => FORMATS[format ?? "g3"](bound ? resolve(binding) : undefined));
    layout.annotations[annotation].text = text.replace(/\{(\d+)\}/g, (_, k) => texts[k]);
  }
  return { data, layout };
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

function grown(limits, axis, ends, logarithmic) {
  const [low, high] = [extreme(ends.low, Math.min, logarithmic), extreme(ends.high, Math.max, logarithmic)];
  if (low === undefined || high === undefined) return undefined;
  const before = limits.get(axis) ?? [low, high];
  const [from, to] = [Math.min(low, before[0]), Math.max(high, before[1])];
  limits.set(axis, [from, to]);
  const room = (to - from) * PADDING || Math.max(Math.abs(to) * PADDING, 1e-6);
  return [from - room, to + room];
}

function extreme(wheres, pick, logarithmic) {
  const parts = wheres.map((where) => part(where, where.length)).filter(Boolean);
  let best;
  for (const epoch of store.known) {
    const row = rowAt(epoch);
    for (const [start, stop] of parts) {
      for (let k = start; k < stop; k += 1) {
        const value = row[k];
        if (!Number.isFinite(value) || (logarithmic && value <= 0)) continue;
        best = best === undefined ? value : pick(best, value);
      }
    }
  }
  return best !== undefined && logarithmic ? Math.log10(best) : best;
}

const known = (write) => (value) => (Number.isFinite(value) ? write(value) : "–");

function g3(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 1e-3 || size >= 1e5) return sci(value);
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(size))));
}

const sci = (value) => value.toExponential(2).replace("e+", "e");

/** How numbers are written; the same as `FORMATS` in bn_lab/figures/frame.py. */
export const FORMATS = {
  g3: known(g3),
  percent: known((value) => `${(100 * value).toFixed(1)}%`),
  int: known((value) => value.toFixed(0)),
};
