// A recording and what plays it: the rows that have come so far, part by part, and the playhead that goes over them. No page and no
// clock of its own, so that all of it can be tried with numbers alone. Frames, parts and fields are described in figures/frame.py.
import { LONGEST_TICK, MOMENTS_PER_SECOND } from "./timing.js";

// The recording.

/** A growing table of float32: the rows of one part. */
class Part {
  count = 0; // rows that are there, from the first one without a gap

  constructor(size) {
    this.size = size;
    this.numbers = new Float32Array(size * 16);
  }

  /** Put rows where they belong; false where rows before them are missing. */
  add(start, count, numbers) {
    if (start > this.count) return false;
    const until = (start + count) * this.size;
    if (until > this.numbers.length) {
      const larger = new Float32Array(Math.max(until, 2 * this.numbers.length));
      larger.set(this.numbers);
      this.numbers = larger;
    }
    this.numbers.set(numbers, start * this.size);
    this.count = Math.max(this.count, start + count);
    return true;
  }

  row(k) {
    return this.numbers.subarray(k * this.size, (k + 1) * this.size);
  }
}

/** All that is known of one recording. */
export class Recording {
  layouts = null; // part -> {axis, fields: {name: [offset, length]}, size}
  parts = new Map(); // name -> Part
  ends = new Map(); // target -> Map: part -> {start, row}, of the target's own last moment
  status = new Map(); // target -> what the server said of it last: {state, epoch, place, seconds, …}
  extremes = new Map(); // least and greatest numbers so far, see bind.js

  /** Take in how the parts are laid out; rows of another layout are worth nothing any more. */
  describe(layouts) {
    if (this.layouts && JSON.stringify(this.layouts) !== JSON.stringify(layouts)) this.forget();
    this.layouts = layouts;
  }

  forget() {
    for (const table of [this.parts, this.ends, this.extremes]) table.clear();
  }

  /** Take in a block of a frame; false where rows before it are missing. */
  add([part, start, count, size, end], numbers, target) {
    if (!count) return true;
    if (end) {
      if (!this.ends.has(target)) this.ends.set(target, new Map());
      this.ends.get(target).set(part, { start, row: numbers.slice() });
      return true;
    }
    if (this.parts.get(part)?.size !== size) this.parts.set(part, new Part(size));
    return this.parts.get(part).add(start, count, numbers);
  }

  rows(part) {
    return this.parts.get(part)?.count ?? 0;
  }

  /** Take over what another recording, the same for so many epochs, has of them; for one of which nothing is known yet. */
  takeOver(other, epochs) {
    if (this.layouts || !other.layouts) return;
    this.layouts = other.layouts;
    const place = other.find("epoch", "moment", "summary"), summary = place && other.parts.get(place.part);
    let moments = 0;
    while (moments < (summary?.count ?? 0) && summary.row(moments)[place.offset] <= epochs + 1e-3) moments += 1;
    const most = { moment: moments, epoch: epochs, once: 1 };
    for (const [name, { size, numbers, count }] of other.parts) {
      const shared = Math.min(count, most[this.layouts[name]?.axis] ?? 0);
      if (shared) this.add([name, 0, shared, size], numbers.subarray(0, shared * size));
    }
  }

  /** Where a field is: {part, axis, offset, length}, in the first part that has it; undefined where none has. */
  find(field, axis, within) {
    for (const [part, layout] of Object.entries(this.layouts ?? {})) {
      if ((within && part !== within) || (axis && layout.axis !== axis) || !layout.fields[field]) continue;
      const [offset, length] = layout.fields[field];
      return { part, axis: layout.axis, offset, length };
    }
    return undefined;
  }
}

/**
 * Where early stopping stops.
 * @param losses of validation, one an epoch
 * @param patience epochs without a better one after which it stops
 * @returns {best, stop}: epochs, counting from 1, the best of those until the stop; `stop` is null where there is none so far,
 *   and null altogether where there is no loss that is a number
 */
export function earlyStop(losses, patience) {
  let best = 0, least = Infinity;
  for (let k = 0; k < losses.length; k += 1) {
    if (losses[k] < least) [best, least] = [k + 1, losses[k]];
    else if (k + 1 - best >= patience) return best ? { best, stop: k + 1 } : null;
  }
  return best ? { best, stop: null } : null;
}

/** {header, blocks: [{place: [part, start, count, size, end], numbers}]}; the numbers are views of the frame. */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const numbers = new Float32Array(buffer, 4 + length);
  let at = 0;
  const blocks = header.blocks.map((place) => {
    const [, , count, size] = place;
    return { place, numbers: numbers.subarray(at, (at += count * size)) };
  });
  return { header, blocks };
}

// The playhead: where it is and how it moves. It counts *moments*, the recorded points in time of what is shown: a constant number a
// second, so that it is slow where much happens. How many there are grows while the recording is trained; `done` says that no more
// will come.

export const FOLLOW = "follow"; // the speed that is always at the newest moment
export const SPEEDS = [0.25, 0.5, 1, 2, 4, FOLLOW];

export class Player {
  index = 0; // of the moment on screen
  playing = false;
  speed = 1;
  #count = 0; // moments there are
  #done = false;
  #last = null; // when the last tick was, ms
  #share = 0; // of the next moment, that has passed
  #isReplay = false; // of something finished: there is nothing to follow

  /** Play on from here; at the end of something finished, from its start. */
  play() {
    this.#isReplay = this.#done;
    if (this.#done && this.index >= this.#count - 1) this.index = 0;
    this.playing = true;
    this.#rest();
  }

  pause() {
    this.playing = false;
  }

  /** Go to a moment; playing goes on from there. */
  seek(index) {
    this.index = clamp(index, this.#count);
    this.#rest();
  }

  /** Go some moments forward, or back, and stay there. */
  step(moments) {
    this.pause();
    this.seek(this.index + moments);
  }

  home() {
    this.seek(0);
  }

  end() {
    this.seek(this.#count - 1);
  }

  setSpeed(speed) {
    if (!SPEEDS.includes(speed)) throw new RangeError(`speed must be one of ${SPEEDS.join(", ")}, got ${speed}`);
    this.speed = speed;
    this.#rest();
  }

  /** Whether it plays, and has shown all that there is so far. */
  get waiting() {
    return this.playing && !this.#done && this.index >= this.#count - 1;
  }

  /** There are so many moments, and no more will come, or will. */
  know(count, done) {
    this.#count = count;
    this.#done = done;
    this.index = clamp(this.index, count);
  }

  /**
   * Let time pass.
   * @param now ms, by any clock that only goes forward
   * @param count moments there are
   * @param done whether no more will come
   * @returns index of the moment to show; 0 while there is none
   */
  tick(now, count, done) {
    this.know(count, done);
    const passed = this.#last === null ? 0 : Math.min(Math.max(0, now - this.#last), LONGEST_TICK);
    this.#last = now;
    if (!this.playing) return this.index;
    if (this.speed === FOLLOW && !this.#isReplay) this.index = Math.max(0, count - 1);
    else this.#advance((passed / 1000) * MOMENTS_PER_SECOND * (this.speed === FOLLOW ? 1 : this.speed));
    if (done && this.index >= count - 1) this.pause();
    return this.index;
  }

  #advance(moments) {
    this.#share += moments;
    const whole = Math.floor(this.#share + 1e-9);
    this.#share -= whole;
    this.index = clamp(this.index + whole, this.#count);
    if (this.index >= this.#count - 1) this.#share = 0; // what it waited for is shown at the pace of the rest
  }

  #rest() {
    this.#last = null;
    this.#share = 0;
  }
}

const clamp = (index, count) => Math.max(0, Math.min(index, count - 1));

/** Index of the last epoch (ascending) at or before `epoch`, else 0. */
export function atOrBefore(epochs, epoch) {
  let low = 0, high = epochs.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (epochs[middle] <= epoch) low = middle;
    else high = middle;
  }
  return low;
}
