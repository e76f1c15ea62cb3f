// plotly.js, loaded once for the page. It comes as a gzipped file: a plain one the server would compress for every visitor.

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
  script.src = URL.createObjectURL(await plotlySource(url));
  await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = () => reject(new Error("plotly.js does not run"));
    document.head.append(script);
  });
  URL.revokeObjectURL(script.src);
  return window.Plotly;
}

/** The program itself, which the browser keeps, so that asking again costs no network. */
export async function plotlySource(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  const bytes = await response.arrayBuffer();
  const [a, b] = new Uint8Array(bytes, 0, 2);
  const packed = a === 0x1f && b === 0x8b; // a proxy may have unpacked it on the way
  const stream = new Blob([bytes]).stream();
  const text = packed ? stream.pipeThrough(new DecompressionStream("gzip")) : stream;
  return new Blob([await new Response(text).arrayBuffer()], { type: "text/javascript" });
}
