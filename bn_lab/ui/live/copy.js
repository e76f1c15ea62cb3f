// A button that puts a text into the clipboard.

const SAID = 2000; // ms for which the button says that it is done

export class Copy {
  constructor(parent) {
    this.root = document.createElement("div");
    this.root.className = "bn-copy";
    this.button = document.createElement("button");
    this.button.type = "button";
    this.label = document.createElement("span");
    this.done = document.createElement("span"); // in the place of the label, so that nothing moves
    this.button.append(this.label, this.done);
    this.status = document.createElement("span"); // the same for those who listen
    this.status.className = "bn-heard";
    this.status.setAttribute("aria-live", "polite");
    this.root.append(this.button, this.status);
    parent.append(this.root);
    this.button.addEventListener("click", () => this.copy());
  }

  update({ data }) {
    if (data.text !== this.text) this.say(false); // what was copied is not this any more
    Object.assign(this, { text: data.text, copied: data.copied });
    this.label.textContent = data.label;
    this.done.textContent = data.copied;
    this.button.setAttribute("aria-label", data.label);
  }

  async copy() {
    const { text } = this;
    // Browsers have a clipboard only on pages that came by https or from the own computer, and may forbid it there, too.
    const written = navigator.clipboard?.writeText(text).then(() => true, () => this.copyByHand(text));
    if (await (written ?? this.copyByHand(text))) this.say(text === this.text);
  }

  /** The way from before there was a clipboard: mark the text in a field and copy what is marked. */
  copyByHand(text) {
    const field = document.createElement("textarea");
    Object.assign(field, { value: text, readOnly: true, className: "bn-heard" });
    this.root.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    this.button.focus();
    return copied;
  }

  say(copied) {
    clearTimeout(this.timer);
    this.root.dataset.copied = copied;
    this.status.textContent = copied ? this.copied : "";
    if (copied) this.timer = setTimeout(() => this.say(false), SAID);
  }

  destroy() {
    clearTimeout(this.timer);
    this.root.remove();
  }
}
