// Brings a heading into view: once for each time that the page asks.

const PATIENCE = 2000; // ms in which the heading may still be drawn

export class Scroll {
  constructor(parent) {
    this.root = document.createElement("span");
    this.root.hidden = true;
    parent.append(this.root);
  }

  update({ data }) {
    if (data.request === this.request) return;
    this.request = data.request;
    this.look(data.anchor, performance.now() + PATIENCE);
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
