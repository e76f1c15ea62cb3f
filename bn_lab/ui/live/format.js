// How numbers are written for readers.

const MINUS = "−";
const DASH = "–"; // in the place of a number that is not known

const known = (write) => (value) => (Number.isFinite(value) ? write(value) : DASH);

const sci = (value) => value.toExponential(2).replace("e+", "e");

function g3(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 1e-3 || size >= 1e5) return sci(value);
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(size))));
}

/** How numbers are written in titles of figures and in tables; the same as `FORMATS` in bn_lab/figures/frame.py. */
export const FORMATS = {
  g3: known(g3),
  percent: known((value) => `${(100 * value).toFixed(1)}%`),
  int: known((value) => (Math.abs(value % 2) === 0.5 ? Math.trunc(value) : value).toFixed(0)), // a half goes to the even side
};

const separators = new Map(); // language -> how whole numbers are grouped

function grouped(digits, language) {
  if (!separators.has(language)) separators.set(language, new Intl.NumberFormat(language, { useGrouping: true }));
  return separators.get(language).format(BigInt(digits));
}

/** Digits as `FORMATS` write them, with a real minus, and thousands apart as the language has it. */
function polished(text, language) {
  const [, sign, digits, rest] = /^(-?)(\d+)(.*)$/.exec(text);
  return (sign && MINUS) + grouped(digits, language) + rest.replace("e-", `e${MINUS}`);
}

/**
 * A number within text: `written(-1234.5)` is "−1,235".
 * @param format a name of `FORMATS`: three digits, a share in percent, or a whole number
 */
export function written(value, format = "g3", language = "en") {
  return Number.isFinite(value) ? polished(FORMATS[format](value), language) : DASH;
}

/** An epoch: "1,000"; within an epoch with as many digits as tell its steps apart: "0.08". */
export function writtenEpoch(epoch, language = "en") {
  if (!Number.isFinite(epoch)) return DASH;
  return Number.isInteger(epoch) ? grouped(String(epoch), language) : epoch.toFixed(epoch < 1 ? 2 : 1);
}

/** A text with its places, such as `{epoch}`, filled; a place for which there is nothing stays empty. */
export const place = (text = "", values = {}) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
