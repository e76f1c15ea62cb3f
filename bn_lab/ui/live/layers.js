// The layers on the stage can be pointed at and opened: a button over each layer of each arm, and the dialog that shows one large.
import { button, dialog, element, icon, write } from "./elements.js";
import { AXIS, place, written, writtenEpoch } from "./format.js";
import { Panel } from "./panel.js";
import { cursor, need } from "./store.js";

const SLOTS = 32; // of a histogram's outline for each layer: its bins, and an empty one at either end
const TINT = 0.25; // how much of a layer's colour fills its outline
const COLUMNS = { wide: 4, narrow: 2 }; // stages side by side in the dialog

/** A grid of buttons over the picture of the networks: a row for each arm, a column for each layer shown. */
export class LayerButtons {
  /** `open(arm, layer)` is called with what was clicked. */
  constructor(parent, open) {
    this.open = open;
    this.root = element("div", "bn-layers");
    parent.append(this.root);
    for (const [name, isLit] of [["pointerover", true], ["pointerout", false], ["focusin", true], ["focusout", false]]) {
      this.root.addEventListener(name, (event) => this.light(event.target.dataset?.layer, isLit));
    }
  }

  /**
   * @param layout of the figure of the networks: `meta.cells` says where in its plotting area the layers are
   * @param width, height of the figure in pixels
   */
  update({ arms, layers, texts }, layout, width, height) {
    const shape = JSON.stringify([arms.map(({ id, name }) => [id, name]), layers, texts["scene.open"]]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.root.replaceChildren(...arms.flatMap((arm) => layers.map((layer) => this.button(arm, layer, texts))));
    }
    const { l = 0, r = 0, t = 0, b = 0 } = layout?.margin ?? {}, [across, down] = [width - l - r, height - t - b];
    for (const { arm, layer, x, y } of layout?.meta?.cells ?? []) {
      const over = this.root.querySelector(`[data-arm="${arm}"][data-layer="${layer}"]`);
      if (!over) continue; // of a choice of layers that is on its way
      const place = { left: l + x[0] * across, top: t + (1 - y[1]) * down, width: (x[1] - x[0]) * across, height: (y[1] - y[0]) * down };
      for (const [side, pixels] of Object.entries(place)) over.style[side] = `${pixels.toFixed(1)}px`;
    }
  }

  button(arm, layer, texts) {
    const label = place(texts["scene.open"], { arm: arm.name, layer });
    const attributes = { "aria-label": label, title: label, "data-layer": layer, "data-arm": arm.id };
    const made = button("bn-layer-button", () => this.open(arm, layer), attributes);
    made.style.setProperty("--arm", arm.color);
    return made;
  }

  /** The same layer of all arms. */
  light(layer, isLit) {
    if (layer === undefined) return;
    for (const over of this.root.querySelectorAll(`[data-layer="${layer}"]`)) over.classList.toggle("bn-lit", isLit);
  }
}

/** One layer of one arm, large: all its stages as they are at the moment shown, their numbers, and a link to its computation. */
export class LayerDialog {
  /**
   * @param number (field, at) gives a value at the moment shown
   * @param compute (arm, layer, epoch) opens the page that computes it step by step
   */
  constructor(parent, { number, compute }) {
    Object.assign(this, { number, compute });
    this.title = element("h2", "", { id: "bn-layer-title" });
    this.epoch = element("span", "bn-at-epoch");
    this.close = button("bn-button bn-close", () => this.root.close(), {}, icon("close"));
    this.place = element("div", "bn-figure-place bn-layer-figure");
    this.table = element("div", "bn-layer-numbers", { tabindex: "0", role: "region", "aria-labelledby": "bn-layer-title" });
    this.link = button("bn-button bn-compute", () => {
      this.root.close();
      this.compute(this.arm.id, this.layer, this.checkpoint);
    });
    const head = element("header", "", {}, this.title, this.epoch, this.close);
    this.root = dialog("bn-large", { "aria-labelledby": "bn-layer-title", tabindex: "-1" },
      head, this.place, this.table, element("footer", "", {}, this.link));
    parent.append(this.root);
    this.root.addEventListener("close", () => this.clear());
  }

  get isOpen() {
    return this.root.open;
  }

  open(arm, layer, data, addresses) {
    Object.assign(this, { arm, layer, data });
    write(this.title, place(data.texts["scene.layer_title"], { arm: arm.name, layer }));
    this.root.style.setProperty("--arm", arm.color);
    this.close.setAttribute("aria-label", data.texts["scene.close"] ?? "");
    this.fillTable();
    this.root.showModal();
    this.root.focus(); // no control has the focus: the keys go on playing
    this.panel = new Panel(this.place);
    const [figure, narrow] = [COLUMNS.wide, COLUMNS.narrow].map((columns) => layerFigure(arm, layer, data.texts, columns));
    const content = { figure, narrow, key: `layer_${arm.id}_${layer}`, alt: this.title.textContent, fit: true };
    this.panel.update({ data: { ...data.panel, ...content } }, addresses);
    need(this, this.cells.map(([, field]) => `${arm.id}.${field}`));
    this.show();
  }

  clear() {
    need(this, null);
    this.panel?.destroy();
    this.panel = undefined;
    this.cells = [];
  }

  fillTable() {
    const { arm, layer, data: { texts } } = this, at = layer - 1;
    this.cells = [];
    const cell = (field, where, format) => {
      const made = element("td");
      const scale = field.endsWith(".mean") ? `${arm.id}.${field.replace(/mean$/, "std")}` : undefined;
      this.cells.push([made, `${arm.id}.${field}`, where, format, scale]);
      return made;
    };
    const names = ["mean", "std", "low", "high"];
    const heading = (scope, key, more = {}) => element("th", "", { scope, ...more }, texts[key] ?? "");
    const head = element("tr", "", {}, element("td"), ...names.map((name) => heading("col", `scene.${name}`)));
    const body = arm.stages.map((stage) => element("tr", "", {}, heading("row", `stage.${stage}`),
      ...names.map((name) => cell(`${stage}.${name}`, at, "number"))));
    const others = element("tbody");
    const more = [["saturated", at, "percent"], ["dead", at, "percent"], ["gradient", at, "number", "gradient_norm"]];
    if (arm.normalized) more.push(["gauge", 3 * at + 1, "number"]);
    for (const [name, where, format, field = name] of more) {
      others.append(element("tr", "", {}, heading("row", `scene.${name}`, { colspan: 4 }), cell(field, where, format)));
    }
    this.table.replaceChildren(element("table", "", {}, element("thead", "", {}, head), element("tbody", "", {}, ...body), others));
  }

  /** What is shown follows the playhead. */
  show() {
    if (!this.isOpen) return;
    const { texts, checkpoints = [] } = this.data, epoch = cursor() ?? 0;
    for (const [cell, field, where, format, scale] of this.cells) {
      write(cell, written(this.number(field, where), format, scale && this.number(scale, where)));
    }
    write(this.epoch, place(texts["scene.at_epoch"], { epoch: writtenEpoch(epoch) }));
    this.checkpoint = nearest(checkpoints, epoch);
    this.link.hidden = this.checkpoint === undefined;
    write(this.link, place(texts["scene.compute"], { epoch: writtenEpoch(this.checkpoint) }));
  }
}

/** The nearest of the epochs (ascending), the earlier one of two; undefined where there is none. */
export function nearest(epochs, epoch) {
  let best;
  for (const each of epochs) if (best === undefined || Math.abs(each - epoch) < Math.abs(best - epoch)) best = each;
  return best;
}

/** A template with one histogram for each stage of a layer, with `mean ± standard deviation` above it. */
function layerFigure(arm, layer, texts, most) {
  const stages = arm.stages, at = layer - 1;
  const columns = Math.min(most, stages.length), rows = Math.ceil(stages.length / columns);
  const [gapX, gapY, head] = [0.06, 0.2, 0.08];
  const layout = {
    template: {}, margin: { l: 44, r: 14, t: 40, b: 34 }, font: { size: 12 }, showlegend: false, hovermode: "x", dragmode: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", annotations: [], meta: { ranges: {}, titles: [] },
  };
  const data = stages.map((stage, k) => {
    const n = k ? `${k + 1}` : "", column = k % columns, row = Math.floor(k / columns);
    const [width, height] = [(1 - gapX * (columns - 1)) / columns, (1 - (gapY + head) * (rows - 1)) / rows];
    const left = column * (width + gapX), top = 1 - row * (height + gapY + head);
    const field = (name, ...where) => ({ row: [`${arm.id}.${stage}.${name}`, ...where] });
    layout[`xaxis${n}`] = { domain: [left, left + width], anchor: `y${n}`, showgrid: false, nticks: 6, ...AXIS, range: [-1, 1] };
    layout[`yaxis${n}`] = { domain: [top - height, top], anchor: `x${n}`, nticks: 4, tickformat: ".0%", range: [0, 0.2] };
    layout.meta.ranges[`xaxis${n}`] = { low: [field("low", at).row], high: [field("high", at).row], symmetric: true };
    layout.meta.ranges[`yaxis${n}`] = { low: [field("share", at * SLOTS, at * SLOTS + 1).row], high: [field("peak", at).row] };
    layout.annotations.push({
      text: "", x: left, y: top, xref: "paper", yref: "paper", xanchor: "left", yanchor: "bottom", align: "left",
      showarrow: false,
    });
    layout.meta.titles.push({
      annotation: k, text: `<b>${texts[`stage.${stage}`] ?? ""}</b><br>{0} ± {1}`, values: [field("mean", at), field("std", at)],
    });
    return {
      type: "scatter", mode: "lines", xaxis: `x${n}`, yaxis: `y${n}`, fill: "tozeroy", fillcolor: translucent(arm.color),
      line: { color: arm.color, width: 1.5, shape: "hvh" }, hovertemplate: "%{y:.1%}<extra></extra>",
      meta: { bind: { x0: field("x0", at), dx: field("dx", at), y: field("share", at * SLOTS, (at + 1) * SLOTS) } },
    };
  });
  return { data, layout };
}

function translucent(color) {
  const [red, green, blue] = [1, 3, 5].map((k) => parseInt(color.slice(k, k + 2), 16));
  return `rgba(${red},${green},${blue},${TINT})`;
}
