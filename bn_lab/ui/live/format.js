// How numbers are written for readers: the counterpart of bn_lab/numerals.py, where it is described; a test holds the two equal.

const MINUS = "−";
const NOTHING = "–";
const NOISE = "≈ 0";
const SINGLE = 2 ** -20; // as there
const [SMALLEST, LARGEST] = [-4, 6]; // as there

const known = (write) => (value, ...more) => (Number.isFinite(value) ? write(value, ...more) : NOTHING);
const sign = (value) => (value < 0 ? MINUS : "");
const superscript = (exponent) => String(exponent).replace(/./g, (sign) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign] ?? "⁻");
const fixed = (size, places) => size.toFixed(places).replace(/^\d+/, (text) => text.replace(/\B(?=(\d{3})+$)/g, ","));

const withoutZeros = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

function digits(size, count = 3) {
  if (size === 0) return "0";
  const [mantissa, power] = size.toExponential(count - 1).split("e"), exponent = Number(power);
  if (exponent >= SMALLEST && exponent < LARGEST) return fixed(size, Math.max(0, count - 1 - exponent));
  return `${mantissa}×10${superscript(exponent)}`;
}

function whole(value) {
  const text = fixed(Math.abs(value), 0);
  return text === "0" ? text : sign(value) + text;
}

/** A number that somebody chose, such as that of a tick. */
export const setting = (value) => sign(value) + digits(Math.abs(value), 10).replace(/^[^×]+/, withoutZeros);

export const powerOfTen = (exponent) => ["1", "10"][exponent] ?? `10${superscript(exponent)}`;

/** What every axis has; `AXIS` of bn_lab/figures/axes.py. */
export const AXIS = { exponentformat: "power", minexponent: LARGEST - 1, separatethousands: true, hoverformat: ",.4~r" };

/** Below and from where numbers are written with powers of ten. */
export const ENDS = [10 ** SMALLEST, 10 ** LARGEST];

/** By the names that a figure's template may ask for; `number` also takes the scale below which a number is rounding noise. */
export const FORMATS = {
  number: known((value, scale) => {
    const size = Math.abs(value);
    return size > 0 && size < SINGLE * (scale ?? 0) ? NOISE : sign(value) + digits(size);
  }),
  percent: known((value) => {
    const size = Math.abs(100 * value);
    if (size === Infinity) return NOTHING;
    return `${sign(value)}${size === 0 || (size >= 0.05 && size < 10 ** LARGEST) ? fixed(size, 1) : digits(size)}%`;
  }),
  whole: known(whole),
};

/** A number within text: `written(-1234.5)` is "−1,235". */
export const written = (value, format = "number", scale = undefined) => FORMATS[format](value, scale);

/** An epoch: "1,000"; within an epoch with as many digits as tell its steps apart: "0.08". */
export const writtenEpoch = known((epoch) => {
  const size = Math.abs(epoch);
  return Number.isInteger(epoch) ? whole(epoch) : sign(epoch) + fixed(size, size < 1 ? 2 : 1);
});

/** A text with its places, such as `{epoch}`, filled; a place for which there is nothing stays empty. */
export const place = (text = "", values = {}) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** A template around one of its places: the text before it and the text after it, other places filled. */
export function around(template = "", name, values = {}) {
  const [before, after = ""] = template.split(`{${name}}`);
  return [place(before, values), place(after, values)];
}

/** An epoch as an input takes it: without thousands separators, with at most two decimals. */
export const epochValue = (epoch) => (Number.isFinite(epoch) ? String(Number(epoch.toFixed(2))) : "");
