// What is known of one recording: the rows that have come, part by part. Frames, parts and fields are described in
// figures/frame.py.

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
