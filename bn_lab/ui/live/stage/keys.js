// The keyboard: what a key does while no control has the focus, and the dialog that lists the keys.
import { element, icon } from "../elements.js";

/** What takes the keys itself. */
const CONTROL = "input, select, textarea, [contenteditable], [role=slider], [role=spinbutton], [role=tab], [role=radio], "
  + "[role=option], [role=combobox], [role=listbox], [role=menu], [role=menuitem], [role=textbox], [role=grid], summary";
/** What takes the space bar, but no arrows. */
const PRESSED = "button, a[href], [role=button], [role=link], [role=switch], [role=checkbox]";

/** Key to what it does; letters in both cases. */
const ACTS = {
  " ": "toggle", ArrowLeft: "back", ArrowRight: "forward", Home: "start", End: "end", p: "present", P: "present", "?": "help",
};

/** What the key means on the stage; undefined where a control or a dialog takes it, or it means nothing. */
export function meaning(event, isOurs = () => false) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return undefined;
  const act = ACTS[event.key];
  const at = event.target instanceof Element ? event.target : document.body;
  if (!act || at.closest(CONTROL)) return undefined;
  if (event.key === " " && at.closest(PRESSED)) return undefined;
  const dialog = at.closest("dialog, [role=dialog]") ?? document.querySelector("dialog:modal, [role=dialog][aria-modal=true]");
  return dialog && !isOurs(dialog) ? undefined : act;
}

/** The dialog that lists the keys. */
export class KeysDialog {
  constructor(parent) {
    this.root = element("dialog", "bn-dialog bn-keys", { "aria-labelledby": "bn-keys-title" });
    parent.append(this.root);
    this.root.addEventListener("click", (event) => event.target === this.root && this.root.close());
  }

  update(texts) {
    const close = element("button", "bn-button bn-close", { type: "button", "aria-label": texts["scene.close"] }, icon("close"));
    close.addEventListener("click", () => this.root.close());
    const rows = [
      [[texts["key.space_name"]], texts["key.space"]],
      [["←", "→"], texts["key.arrows"]],
      [["Home", "End"], texts["key.ends"]],
      [["P"], texts["key.present"]],
      [["?"], texts["key.help"]],
    ];
    const list = element("dl", "bn-key-list");
    for (const [keys, text] of rows) {
      list.append(element("dt", "", {}, ...keys.map((key) => element("kbd", "", {}, key))), element("dd", "", {}, text ?? ""));
    }
    const title = element("h2", "", { id: "bn-keys-title" }, texts["key.title"] ?? "");
    this.root.replaceChildren(element("header", "", {}, title, close), list);
  }

  open() {
    if (!this.root.open) this.root.showModal();
  }
}
