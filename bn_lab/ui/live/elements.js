// Elements of the page: making them, their icons and names, and writing into them.

/** Change a text only where it differs: what is read aloud or selected is left alone. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** An element with its class, attributes and children. */
export function element(name, className = "", attributes = {}, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** A button with its class, what a click does, more attributes and children. */
export function button(className, act, attributes = {}, ...children) {
  const made = element("button", className, { type: "button", ...attributes }, ...children);
  made.addEventListener("click", act);
  return made;
}

/** A dialog over the page, which a click beside it closes. */
export function dialog(className, attributes, ...children) {
  const made = element("dialog", `bn-dialog ${className}`, attributes, ...children);
  made.addEventListener("click", (event) => event.target === made && made.close());
  return made;
}

/** What opens under its summary, and closes when the focus leaves it. */
export function details(className, summary, content) {
  const made = element("details", className, {}, summary, content);
  made.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !made.contains(relatedTarget)) made.open = false;
  });
  return made;
}

const ICONS = {
  play: "M8 5.5v13l11-6.5z",
  pause: "M7 5h4v14H7zM13 5h4v14h-4z",
  start: "M6 5h2.5v14H6zM19 5.5v13L9.5 12z",
  back: "M15.5 5.5v13L7 12z",
  forward: "M8.5 5.5v13L17 12z",
  seed: "M5 3h14a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm3 3.5a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4z"
    + "m8 8a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4zm-4-4.2a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4z",
  change: "M4 5h9.2a3 3 0 0 1 5.6 0H20v2h-1.2a3 3 0 0 1-5.6 0H4zM4 11h1.2a3 3 0 0 1 5.6 0H20v2h-9.2a3 3 0 0 1-5.6 0H4z"
    + "M4 17h9.2a3 3 0 0 1 5.6 0H20v2h-1.2a3 3 0 0 1-5.6 0H4z",
  longer: "M3 6l7 6-7 6zM10 6l7 6-7 6zM18.5 6H21v12h-2.5z",
  present: "M3 3h7v2.2H5.2V10H3zM14 3h7v7h-2.2V5.2H14zM3 14h2.2v4.8H10V21H3zM18.8 14H21v7h-7v-2.2h4.8z",
  close: "M6.6 5 12 10.4 17.4 5 19 6.6 13.6 12 19 17.4 17.4 19 12 13.6 6.6 19 5 17.4 10.4 12 5 6.6z",
  left: "M15.5 5.5v13L7 12z",
  right: "M8.5 5.5v13L17 12z",
  remove: "M6.6 5 12 10.4 17.4 5 19 6.6 13.6 12 19 17.4 17.4 19 12 13.6 6.6 19 5 17.4 10.4 12 5 6.6z",
  pin: "M8 3h8v2l-1.2 1v4.6L18 14v2h-5v5l-1 1.500-1-1.500v-5H6v-2l3.200-3.400V6L8 5z",
  save: "M10.8 3h2.4v8.6l3.2-3.2 1.7 1.7L12 16.2l-6.1-6.1 1.7-1.7 3.2 3.2zM4 18.5h16V21H4z",
  pencil: "M4 16.6 15.3 5.300l3.400 3.400L7.400 20H4zM16.600 4l1.300-1.300a1.3 1.3 0 0 1 1.800 0l1.600 1.600a1.3 1.3 0 0 1 0 1.800L20 7.400z",
  zoom: "M10 3a7 7 0 0 1 5.6 11.2l5.200 5.200-1.500 1.500-5.200-5.200A7 7 0 1 1 10 3zm0 2.200a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6z",
};

/** A drawing of 24 × 24 in the colour of the text around it; what it means is said by whoever holds it. */
export function icon(name) {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  drawing.append(path);
  return drawing;
}

/** Name a button that shows an icon alone. */
export function named(button, text = "") {
  if (button.title === text) return;
  button.title = text;
  button.setAttribute("aria-label", text);
}
