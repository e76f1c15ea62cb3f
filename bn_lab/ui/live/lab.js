// Entry: what Streamlit mounts. A component is called again for every new `data`, also while an earlier call still waits for
// this module, and the clean-up of such an overtaken call runs although the component stays, even before the next call came.
// So one instance belongs to one parent element, and a clean-up ends it only once that element has left the page.
import { Copy } from "./copy.js";
import { Findings } from "./findings.js";
import { Panel } from "./panel.js";
import { Scroll } from "./scroll.js";
import { Stage } from "./stage.js";
import { connect as connectTo } from "./stream.js";
import { addStyle } from "./style.js";
import { Table } from "./table.js";

const instances = new WeakMap(); // parent element -> instance

function mount(Kind, component, plotly) {
  addStyle();
  const parent = component.parentElement;
  let instance = instances.get(parent);
  if (!instance) {
    instance = new Kind(parent);
    instances.set(parent, instance);
  }
  instance.update(component, plotly);
  return () => {
    if (parent.isConnected || instances.get(parent) !== instance) return;
    instances.delete(parent);
    instance.destroy();
  };
}

export const stage = (component, plotly) => mount(Stage, component, plotly);
export const panel = (component, plotly) => mount(Panel, component, plotly);
export const findings = (component) => mount(Findings, component);
export const table = (component) => mount(Table, component);
export const copy = (component) => mount(Copy, component);
export const scroll = (component) => mount(Scroll, component);

/** A page without a stage: who is there is told to the server all the same. */
export const connect = ({ data }) => connectTo(data.token);
