// Entry: what Streamlit mounts. A component is called again for every new `data`, also while an earlier call still waits for
// this module, and the clean-up of such an overtaken call runs although the component stays, even before the next call came.
// So one instance belongs to one parent element, and a clean-up ends it only once that element has left the page.
import { withMoment } from "./address.js";
import { button, element, write } from "./elements.js";
import { Findings, Table } from "./numbers.js";
import { Panel } from "./panel.js";
import { Remembered } from "./remembered.js";
import { Stage } from "./stage.js";
import { connect as connectTo } from "./stream.js";
import { addStyle } from "./style.js";
import { COPIED, HEADING_WAIT } from "./timing.js";

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
export const remembered = (component) => mount(Remembered, component);
export const scroll = (component) => mount(Scroll, component);

/** A page without a stage is connected all the same: the server knows who is there. */
export const connect = ({ data }) => connectTo(data.token);

/** A button that puts a text into the clipboard; a link that follows the playhead is drawn here, too. */
class Copy {
  constructor(parent) {
    this.label = element("span");
    this.done = element("span"); // in the place of the label, so that nothing moves
    this.button = button("", () => this.copy(), {}, this.label, this.done);
    this.status = element("span", "bn-heard", { "aria-live": "polite" }); // the same for those who listen
    this.drawn = element("pre");
    this.root = element("div", "bn-copy", {}, this.button, this.status, this.drawn);
    parent.append(this.root);
  }

  update({ data }) {
    Object.assign(this, { given: data.text, follows: data.follows, copied: data.copied });
    this.follow();
    this.label.textContent = data.label;
    this.done.textContent = data.copied;
    this.button.setAttribute("aria-label", data.label);
  }

  follow() {
    const text = this.follows ? withMoment(this.given) : this.given;
    if (text !== this.text) this.confirm(false); // what was copied is not this any more
    this.text = text;
    this.drawn.hidden = !this.follows;
    if (this.follows) write(this.drawn, text);
  }

  async copy() {
    this.follow(); // it may have played on
    const { text } = this;
    // Browsers have a clipboard only on pages that came by https or from this computer, and may forbid it there, too.
    const written = navigator.clipboard?.writeText(text).then(() => true, () => this.copyByHand(text));
    if (await (written ?? this.copyByHand(text))) this.confirm(text === this.text);
  }

  /** As it was done before there was a clipboard: mark the text in a field and copy what is marked. */
  copyByHand(text) {
    const field = element("textarea", "bn-heard", { readonly: true });
    field.value = text;
    this.root.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    this.button.focus();
    return copied;
  }

  confirm(copied) {
    clearTimeout(this.timer);
    this.root.dataset.copied = copied;
    this.status.textContent = copied ? this.copied : "";
    if (copied) this.timer = setTimeout(() => this.confirm(false), COPIED);
  }

  destroy() {
    clearTimeout(this.timer);
    this.root.remove();
  }
}

/** Brings a heading into view: once for each time that the page asks. */
class Scroll {
  constructor(parent) {
    this.root = element("span", "", { hidden: true });
    parent.append(this.root);
  }

  update({ data }) {
    if (data.request === this.request) return;
    this.request = data.request;
    this.look(data.anchor, performance.now() + HEADING_WAIT);
  }

  look(anchor, until) {
    const heading = document.getElementById(anchor);
    if (heading) heading.scrollIntoView();
    else if (performance.now() < until) this.frame = requestAnimationFrame(() => this.look(anchor, until));
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    this.root.remove();
  }
}
