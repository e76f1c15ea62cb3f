// What this browser remembers of the lab: values by name, in its own `localStorage`, apart for each address at which a lab is. They
// never leave the browser by themselves. Where there is no storage, or no room in it, a value lives as long as the page.
//
// Others may have written there, an older lab among them: who reads a value says what it has to be.

export const VERSION = 1; // of the form of all values; what another version wrote is thrown away
export const LONGEST = 300_000; // characters of a value as JSON, at most: browsers give a site 5 million
const PRIVATE = /\bown-[0-9a-f]{8}/; // the id of a data set that was read from a visitor's file

const SITE = `bn-lab ${new URL(".", document.baseURI).pathname} `; // no path has a space in it
const memory = new Map(); // name -> JSON of what the storage does not take
const listeners = new Set();

const key = (name) => `${SITE}${VERSION} ${name}`;

/** What `act` returns for the storage; `otherwise` where there is none, or it refuses. */
function attempt(act, otherwise) {
  try {
    return window.localStorage ? act(window.localStorage) : otherwise;
  } catch {
    return otherwise; // it is forbidden, or full
  }
}

/** Our keys in the storage, those of other versions, too. */
const keys = (storage) => Object.keys(storage).filter((each) => each.startsWith(SITE));

attempt((storage) => keys(storage).filter((each) => !each.startsWith(key(""))).forEach((each) => storage.removeItem(each)));

/** Whether a link, or any text, is about data of a visitor's own: nothing of them is remembered. */
const isPrivate = (text) => PRIVATE.test(text);

/**
 * What is remembered under a name.
 * @param valid the value as it may be used, from whatever is there; undefined or an error where that is nothing of use
 * @returns what `valid` returns; undefined where nothing of use is remembered
 */
export function read(name, valid = (value) => value) {
  return parsed(memory.get(name) ?? attempt((storage) => storage.getItem(key(name)), null), valid);
}

function parsed(text, valid) {
  if (text === null || text.length > LONGEST) return undefined;
  try {
    return valid(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * Remember a value, anything that JSON has; undefined forgets it.
 * @returns whether a later visit will find it: not where there is no storage or no room, nor what is too long or about data of a
 * visitor's own, which is refused, so that what was remembered before stays
 */
export function write(name, value) {
  if (value === undefined) {
    memory.delete(name);
    attempt((storage) => storage.removeItem(key(name)));
    return false;
  }
  const text = JSON.stringify(value);
  if (text.length > LONGEST || isPrivate(text)) return false;
  const isKept = attempt((storage) => (storage.setItem(key(name), text), true), false);
  if (isKept) memory.delete(name);
  else memory.set(name, text);
  return isKept;
}

/** Forget everything, and tell those who asked to know. */
export function clear() {
  memory.clear();
  attempt((storage) => keys(storage).forEach((each) => storage.removeItem(each)));
  [...listeners].forEach((listener) => listener());
}

/** Call `listener()` when everything was forgotten; returns what ends that. */
export function onClear(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Call `listener(value, before)` when another page of this browser has remembered something else under a name, or forgotten it;
 * both are as `read` has them.
 * @returns what ends that
 */
export function onOther(name, valid, listener) {
  const hear = ({ key: changed, newValue, oldValue }) => {
    if (changed === null || changed === key(name)) listener(parsed(newValue, valid), parsed(oldValue, valid));
  };
  window.addEventListener("storage", hear);
  return () => window.removeEventListener("storage", hear);
}
