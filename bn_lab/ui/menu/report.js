// The figures of a report: in the arrangement that fits the width, in the colours of the reader's theme.
"use strict";
(() => {
  const NARROW = 700; // px of width below which the narrow arrangement is shown, as in the lab
  const CLEAR = "rgba(0,0,0,0)";
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const shown = new Map(); // element -> which arrangement

  /** The page's colours as a template of Plotly's, so that what a figure says itself goes before it. */
  function theme() {
    const style = getComputedStyle(document.documentElement);
    const [text, ground, soft, line, grid] = ["text", "ground", "soft", "line", "grid"].map((name) =>
      style.getPropertyValue(`--${name}`).trim());
    const font = { color: text, family: getComputedStyle(document.body).fontFamily };
    const axis = { gridcolor: grid, linecolor: line, tickcolor: line, zerolinecolor: line, title: { font }, tickfont: font };
    return {
      font, title: { font }, paper_bgcolor: ground, plot_bgcolor: CLEAR, xaxis: axis, yaxis: axis,
      coloraxis: { colorbar: { outlinecolor: line } }, legend: { bgcolor: CLEAR, bordercolor: line, font },
      annotationdefaults: { font }, hoverlabel: { bgcolor: soft, bordercolor: line, font },
      modebar: { bgcolor: CLEAR, color: line, activecolor: text },
    };
  }

  const isPlain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

  function merged(under, over) {
    const result = { ...under };
    for (const [name, value] of Object.entries(over)) result[name] = isPlain(value) ? merged(under[name] ?? {}, value) : value;
    return result;
  }

  function draw(place) {
    const isNarrow = place.clientWidth < NARROW, [wide, narrow] = figures[place.id];
    const { data, layout } = isNarrow ? narrow : wide;
    shown.set(place, isNarrow);
    place.style.height = `${layout.height}px`;
    const template = { ...layout.template, layout: merged(layout.template?.layout ?? {}, theme()) };
    const whole = { ...layout, template, paper_bgcolor: theme().paper_bgcolor, autosize: true };
    Plotly.react(place, data, whole, {
      responsive: true, displaylogo: false, showSendToCloud: false, modeBarButtonsToRemove: ["lasso2d", "select2d"],
      toImageButtonOptions: { format: "svg", filename: place.id },
    });
  }

  const places = [...document.querySelectorAll(".figure")];
  const drawAll = () => places.forEach(draw);
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  window.addEventListener("resize", () => {
    for (const place of places) if (shown.get(place) !== place.clientWidth < NARROW) draw(place);
  });
})();
