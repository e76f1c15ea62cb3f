// plotly.js, loaded once for the page.

let loading;
export function loadPlotly(url) {
  loading ??= run(url).catch((error) => {
    loading = undefined; // a later panel may try again
    throw error;
  });
  return loading;
}

async function run(url) {
  const script = document.createElement("script");
  script.src = url;
  await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${url} cannot be loaded`));
    document.head.append(script);
  });
  return window.Plotly;
}

/** The program itself, which the browser keeps, so that asking again costs no network. */
export async function plotlySource(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.text();
}
