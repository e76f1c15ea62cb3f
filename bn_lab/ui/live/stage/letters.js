// Letters of pictures that can be read: a colour that is clear as a line or an area is often too pale for small letters.

const CONTRAST = 4.5; // of letters on what lies behind them, at least
const STEP = 0.08; // by which a colour is mixed with that of the page's text until it can be read

/** The colours of the page's text and ground as [red, green, blue], for `legible`. */
export function pageColors(element) {
  const style = getComputedStyle(element);
  return [style.color, style.backgroundColor].map(channels);
}

/** A copy of a Plotly figure whose letters can be read on the ground; each keeps as much of its colour as that allows. */
export function legible(figure, ink, ground) {
  const known = new Map();
  const read = (color) => {
    if (Array.isArray(color)) return color.map(read);
    if (typeof color !== "string") return color;
    if (!known.has(color)) known.set(color, mixed(channels(color), ink, ground));
    return known.get(color);
  };
  const walk = (value, holder) => {
    if (Array.isArray(value)) return value.map((inner) => walk(inner, holder));
    if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => {
      if (key === "meta") return [key, inner];
      return [key, key === "color" && holder.endsWith("font") ? read(inner) : walk(inner, key)];
    }));
  };
  return walk(figure, "");
}

function mixed(color, ink, ground) {
  let seen = color;
  for (let share = STEP; contrast(seen, ground) < CONTRAST && share <= 1; share += STEP) {
    seen = color.map((value, k) => Math.round((1 - share) * value + share * ink[k]));
  }
  return `rgb(${seen.join(",")})`;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function luminance(rgb) {
  const light = rgb.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2];
}

/** Of `#rrggbb` or `rgb(…)`. */
function channels(color) {
  if (color.startsWith("#")) return [1, 3, 5].map((k) => parseInt(color.slice(k, k + 2), 16));
  return color.match(/[\d.]+/g).slice(0, 3).map(Number);
}
