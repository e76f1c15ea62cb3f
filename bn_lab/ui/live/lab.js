// Entry: what Streamlit mounts. A component is called again for every new `data`, also while an earlier call still waits for
// this module, and the clean-up of such an overtaken call runs although the component stays, even before the next call came.
// So one instance belongs to one parent element, and a clean-up ends it only once that element has left the page.
import { Copy } from "./copy.js";
import { Feed } from "./feed.js";
import { Panel } from "./panel.js";
import { Pulse } from "./pulse.js";
import { Scroll } from "./scroll.js";
import { Table } from "./table.js";
import { addStyle } from "./style.js";

const instances = new WeakMap(); // parent element -> instance

function mount(Kind, component, ...rest) {
  addStyle();
  const parent = component.parentElement;
  let instance = instances.get(parent);
  if (!instance) {
    instance = new Kind(parent);
    instances.set(parent, instance);
  }
  instance.update(component, ...rest);
  return () => {
    if (parent.isConnected || instances.get(parent) !== instance) return;
    instances.delete(parent);
    instance.destroy();
  };
}

export const feed = (component) => mount(Feed, component);
export const pulse = (component) => mount(Pulse, component);
export const panel = (component, plotly) => mount(Panel, component, plotly);
export const table = (component) => mount(Table, component);
export const copy = (component) => mount(Copy, component);
export const scroll = (component) => mount(Scroll, component);
