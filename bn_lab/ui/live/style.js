// Style of everything here, by Streamlit's own variables, put into the page once (with `css=` it would travel with every tick).

// Own track and thumb: browsers draw theirs white on a dark theme. `--part` is the share left of the thumb.
const TRACK = `linear-gradient(to right, var(--st-primary-color) var(--part, 0%), var(--st-border-color) var(--part, 0%))`;
const THUMB = `width: 1.25rem; height: 1.25rem; border: 0; border-radius: 50%; background: var(--st-primary-color);`;

const CSS = `
.bn-feed { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .75rem; font: inherit;
  color: var(--st-text-color); }
.bn-feed button, .bn-copy button { min-height: 2.5rem; min-width: 6rem; padding: .25rem .75rem; font: inherit; color: inherit;
  cursor: pointer; background: var(--st-background-color); border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius, .5rem); }
.bn-feed button:hover:enabled, .bn-copy button:hover { border-color: var(--st-primary-color); color: var(--st-primary-color); }
.bn-feed button:disabled, .bn-feed input:disabled { opacity: .5; cursor: default; }
.bn-feed input { flex: 1 1 12rem; min-width: 0; height: 2.5rem; margin: 0; cursor: pointer;
  appearance: none; background: none; }
.bn-feed input::-webkit-slider-runnable-track { height: .375rem; border-radius: 1rem; background: ${TRACK}; }
.bn-feed input::-moz-range-track { height: .375rem; border-radius: 1rem; background: ${TRACK}; }
.bn-feed input::-webkit-slider-thumb { ${THUMB} appearance: none; margin-top: -.4375rem; }
.bn-feed input::-moz-range-thumb { ${THUMB} }
.bn-feed span { flex: 0 1 auto; min-width: 13rem; font-variant-numeric: tabular-nums; }
.bn-feed :focus-visible, .bn-copy :focus-visible, .bn-table:focus-visible { outline: 2px solid var(--st-primary-color);
  outline-offset: 2px; border-radius: .25rem; }
.bn-copy { font: inherit; color: var(--st-text-color); position: relative; }
.bn-copy button { display: inline-grid; align-items: center; justify-items: center; }
.bn-copy button span { grid-area: 1 / 1; }
.bn-copy button span:last-child, .bn-copy[data-copied=true] button span:first-child { visibility: hidden; }
.bn-copy[data-copied=true] button span:last-child { visibility: visible; }
.bn-heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.bn-panel { width: 100%; overflow: hidden; }
.bn-panel .js-plotly-plot .plotly .modebar-btn:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: -1px; }
.bn-panel .modebar-btn text { fill: var(--st-text-color); fill-opacity: .65; }
.bn-panel .modebar-btn:hover text { fill: var(--st-primary-color); fill-opacity: 1; }
.bn-table { width: 100%; overflow-x: auto; color: var(--st-text-color); }
.bn-table table { width: 100%; border-collapse: collapse; word-break: keep-all; font-size: .875rem; font-variant-numeric: tabular-nums; }
.bn-table th, .bn-table td { padding: .375rem; text-align: right; white-space: nowrap; font-weight: 400;
  border-bottom: 1px solid var(--st-border-color-light, var(--st-border-color)); }
.bn-table thead th { font-weight: 600; white-space: normal; vertical-align: bottom; border-bottom-color: var(--st-border-color); }
.bn-table th:first-child { text-align: left; white-space: normal; min-width: 6.5rem; position: sticky; left: 0;
  background: var(--st-background-color) padding-box; } /* the heading of a row stays while its numbers are scrolled */
`;

export function addStyle() {
  if (document.getElementById("bn-live-style")) return;
  const style = document.createElement("style");
  style.id = "bn-live-style";
  style.textContent = CSS;
  document.head.append(style);
}

/** What Streamlit's theme means to Plotly: a template, so that what a figure says itself goes before it. */
export function theme(element) {
  const style = getComputedStyle(element);
  const read = (name) => style.getPropertyValue(`--st-${name}`).trim();
  const text = read("text-color");
  const line = read("border-color");
  const grid = read("border-color-light") || line;
  const font = { color: text, family: read("font") };
  const axis = { gridcolor: grid, linecolor: line, tickcolor: line, zerolinecolor: line, title: { font }, tickfont: font };
  return {
    font,
    title: { font },
    paper_bgcolor: ground(element) ?? read("background-color"),
    plot_bgcolor: CLEAR,
    xaxis: axis,
    yaxis: axis,
    coloraxis: { colorbar: { outlinecolor: line } },
    legend: { bgcolor: CLEAR, bordercolor: line, font },
    annotationdefaults: { font },
    hoverlabel: { bgcolor: read("secondary-background-color"), bordercolor: line, font },
    modebar: { bgcolor: CLEAR, color: line, activecolor: read("primary-color") },
  };
}

const CLEAR = "rgba(0,0,0,0)";

/** The colour that is seen behind the element. A clear figure would look the same, but its picture would be saved with a
 * dark theme's light texts on nothing, and Plotly would take the ground to be white when it picks colours for hover texts. */
function ground(element) {
  for (let at = element; at; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (backgroundColor.startsWith("rgb(")) return backgroundColor;
  }
  return undefined;
}
