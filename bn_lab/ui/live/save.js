// A figure saved as it is on the screen: as a picture, as a drawing, or as a page that needs nothing else.
import { DOWNLOAD_KEPT } from "./timing.js";

const SCALE = 2; // pixels of a saved picture for each on the screen
const FONT = "sans-serif"; // of saved pictures and drawings

/** The buttons of a figure's mode bar, those that have words; the same functions for as long as the panel lives, for Plotly compares them. */
export function buttons(panel) {
  const image = (format) => () => panel.Plotly.downloadImage(pictureOf(panel.plot), {
    format, scale: SCALE, filename: panel.save.file, width: panel.root.clientWidth, height: panel.root.clientHeight,
  }).catch((error) => panel.fail(error));
  const page = () => savePage(panel).catch((error) => panel.fail(error));
  const acts = { png: image("png"), svg: image("svg"), html: page };
  if (panel.isTouched) acts.zoom = () => panel.zoom();
  return (words) => Object.entries(acts).filter(([kind]) => words[kind]).map(([kind, click]) => ({ name: kind, title: words[kind], icon: icon(kind), click }));
}

/** The figure, laid out for the letters that a file has: the page's own font is not in it, and others are wider. */
function pictureOf({ data, layout }) {
  const inFileFont = (value) => {
    if (Array.isArray(value)) return value.map(inFileFont);
    if (value?.constructor !== Object) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === "family" ? FONT : inFileFont(inner)]));
  };
  return { data, layout: inFileFont(layout) };
}

/** The name of the format, in letters that every browser has. */
function icon(kind) {
  const text = `<text x="50" y="50" text-anchor="middle" dominant-baseline="central" font-family="sans-serif" `
    + `font-weight="bold" font-size="42" textLength="96" lengthAdjust="spacingAndGlyphs">${kind.toUpperCase()}</text>`;
  return { name: kind, svg: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">${text}</svg>` };
}

async function savePage(panel) {
  const source = await textOf(panel.plotly);
  const page = new Blob([pageOf(panel.plot, panel.save, source)], { type: "text/html" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(page);
  link.download = `${panel.save.file}.html`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), DOWNLOAD_KEPT);
}

/** The program of plotly.js, which the browser keeps: asking again costs no network. */
async function textOf(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.text();
}

const POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:";

/** A whole page. Texts of the figure are in JSON without a single `<`, or have none left: nothing of them is markup. */
export function pageOf(plot, { language, alt }, source) {
  const { width, height, uirevision, meta, ...layout } = plot.layout;
  const data = plot.data.map(({ meta: rules, ...trace }) => trace);
  const title = plainText(layout.title?.text ?? alt), ground = layout.template.layout.paper_bgcolor;
  const figure = { data, layout: { ...layout, paper_bgcolor: ground, autosize: true } };
  return `<!doctype html>
<html lang="${plainText(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${title}</title>
</head>
<body>
<div id="figure" role="figure"></div>
<script>
${source.replaceAll("</script", "<\\/script")}
</script>
<script type="application/json" id="saved">${inert({ figure, alt, height })}</script>
<script>
const { figure, alt, height } = JSON.parse(document.getElementById("saved").textContent);
const place = document.getElementById("figure");
place.setAttribute("aria-label", alt);
place.style.height = \`\${height}px\`;
document.body.style.background = figure.layout.paper_bgcolor;
Plotly.newPlot(place, figure.data, figure.layout, { responsive: true, displaylogo: false, showSendToCloud: false });
</script>
</body>
</html>
`;
}

/** JSON for within an element `script`; numbers of typed arrays as lists, what is not finite null. */
function inert(value) {
  const listed = (_, inner) => (ArrayBuffer.isView(inner) ? Array.from(inner) : inner);
  return JSON.stringify(value, listed).replaceAll("<", "\\u003c");
}

/** What is left of a title without tags, and without what could begin or end one, or an attribute. */
function plainText(text) {
  return text.replace(/<[^>]*>/g, " ").replace(/[<>"]/g, "");
}
