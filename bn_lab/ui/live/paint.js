// When pictures are painted: one loop for the page, by the browser's own animation frames. A picture that asks again before its
// turn is painted once, so a slow browser shows fewer moments and never queues them. The playhead moves only once all pictures
// that are in view show where it is.
import { IDLE_WAIT, PAINT_BUDGET } from "./timing.js";

const waiting = new Set(); // what is in view and to be painted, oldest request first
const outOfSight = new Set(); // and never painted
let afterwards = []; // called once nothing waits
let move = () => false; // moves the playhead; says whether it will move again
let requested = 0;
let isResting = false; // until the next look at what is out of sight

/** Have `act(now)` called once an animation frame, while it answers true or somebody wakes the loop; not while pictures wait. */
export function onMove(act) {
  move = act;
}

export function wake() {
  requested ||= requestAnimationFrame(pass);
}

/** Have `picture.paint()` called soon. */
export function paintSoon(picture) {
  outOfSight.delete(picture);
  waiting.add(picture);
  wake();
}

/** Have it painted some time, when the page has nothing else to do: the first time takes several times as long as others. */
export function paintSometime(picture) {
  outOfSight.add(picture);
  rest();
}

export function paintNever(picture) {
  waiting.delete(picture);
  outOfSight.delete(picture);
}

/** Call `act` once all that was asked for is painted. */
export function afterPaint(act) {
  afterwards.push(act);
  wake();
}

function pass(now) {
  requested = 0;
  const goesOn = waiting.size > 0 || guarded(() => move(now));
  const begun = performance.now();
  for (const picture of waiting) {
    waiting.delete(picture);
    paint(picture);
    if (performance.now() - begun > PAINT_BUDGET) break;
  }
  if (!waiting.size) {
    const acts = afterwards;
    afterwards = [];
    for (const act of acts) guarded(act);
  }
  if (goesOn || waiting.size) wake();
}

/** Whatever breaks must not end the loop, on which the stream waits, too. */
function guarded(act) {
  try {
    return act();
  } catch (error) {
    console.error(error);
    return true;
  }
}

function paint(picture) {
  try {
    picture.paint();
  } catch (error) {
    picture.fail(error);
  }
}

const whenIdle = window.requestIdleCallback ?? ((act) => setTimeout(act, IDLE_WAIT));

function rest() {
  if (isResting || !outOfSight.size) return;
  isResting = true;
  setTimeout(() => whenIdle(() => {
    isResting = false;
    const [picture] = outOfSight;
    if (picture && !requested && !document.hidden) { // nothing moves, nothing waits
      outOfSight.delete(picture);
      paint(picture);
    }
    rest();
  }), IDLE_WAIT);
}
