// The address of the page, which says what is on screen, and the browser's history of it: one entry for each experiment, step or
// page that the visitor chose. Streamlit writes the address, and makes an entry each time, so this module comes first (`start.js`)
// and sees to it that nothing makes one but what the visitor did. Back and Forward have the script read the address again.

const LOOKS = ["run", "lang", "theme", "embed", "embed_options"]; // how something is looked at, not what: no entry of its own
const PASSING = "passing"; // parameter of an address that lasts as long as the script draws another page, see ui/session.py
const ACTS = ["pointerdown", "keydown", "click", "input", "change", "popstate"];

let hasActed = false; // the visitor, since the page was opened: before that the script only corrects the address it came by
let push = null; // the browser's own

/** What an address shows: its page and its parameters, in no order, without `LOOKS`. */
function shown(address) {
  const { pathname, searchParams } = new URL(address, location.href);
  const kept = [...searchParams].filter(([name]) => !LOOKS.includes(name)).map((pair) => pair.join("="));
  return `${pathname.replace(/\/lab$/, "/")}?${kept.sort().join("&")}`; // the first page has two addresses
}

const isPassing = (address) => new URL(address, location.href).searchParams.has(PASSING);

/** The query of these parameters, with colons and such as they are: `?dataset=iris&arms=none,after`. */
function queryOf(parameters) {
  const text = new URLSearchParams(parameters).toString().replace(/%2C/g, ",").replace(/%3A/g, ":").replace(/%3B/g, ";");
  return text && `?${text}`;
}

/** Change parameters of the address where it is, without an entry; empty ones go. */
function change(parameters) {
  const all = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(parameters)) {
    if (value) all.set(name, value);
    else all.delete(name);
  }
  const address = location.pathname + queryOf(all) + location.hash;
  if (address !== location.pathname + location.search + location.hash) history.replaceState(history.state, "", address);
}

/** Have no entry made of what the visitor did not do. */
export function keep() {
  if (push) return;
  push = history.pushState.bind(history);
  const heard = ({ isTrusted }) => (hasActed ||= isTrusted); // not what the page does by itself, as when it unfolds a group
  for (const name of ACTS) window.addEventListener(name, heard, { capture: true, passive: true });
  history.pushState = (state, title, address) => {
    const isSamePage = new URL(address, location.href).pathname === location.pathname;
    if (isPassing(address) && isSamePage) return; // the page follows, and then what it shows
    if (shown(address) === shown(location.href)) {
      const { searchParams: now } = new URL(address, location.href), run = new URLSearchParams(location.search).get("run");
      if (run) now.set("run", run); // where the playhead is, the browser knows better
      history.replaceState(state, title, location.pathname + queryOf(now));
    } else if (isPassing(location.href) || !hasActed) history.replaceState(state, title, address);
    else push(state, title, address);
  };
}

/** The address of the lab with these parameters. */
const lab = (parameters) => new URL(".", document.baseURI).pathname + queryOf(parameters);

/**
 * Have the address say at which moment the experiment on screen is.
 * @param parameters of the link of what is on screen
 * @param run an epoch, "all" for the end, "play", or "" where the link alone says it
 * @returns whether the address is that of these parameters; where it is another one nothing is done
 */
export function sayMoment(parameters, run) {
  const isOurs = shown(lab(parameters)) === shown(location.href);
  if (isOurs) change({ run });
  return isOurs;
}

/** A link to what is on screen, with the moment that the address says; any other link as it is. */
export function withMoment(link) {
  if (shown(link) !== shown(location.href)) return link;
  const run = new URLSearchParams(location.search).get("run"), [place, query = ""] = link.split("?");
  const parts = query.split("&").filter((part) => part && !part.startsWith("run="));
  if (run) parts.push(`run=${encodeURIComponent(run)}`);
  return parts.length ? `${place}?${parts.join("&")}` : place;
}

/** Whether the link of these parameters opens playing by itself: the plain address does. */
export const isPlain = (parameters) => Object.keys(parameters).every((name) => LOOKS.includes(name));

/** Have the link say a language where it has none. */
export function sayLanguage(language) {
  if (!new URLSearchParams(location.search).has("lang")) change({ lang: language });
}
