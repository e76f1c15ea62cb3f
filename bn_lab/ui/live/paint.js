// When pictures are painted: one loop for the page, by the browser's own animation frames. A picture that asks again before its
// turn is painted once, so a slow browser shows fewer moments and never queues them. The playhead moves only once all pictures
// that are in view show where it is.

const BUDGET = 24; // ms of an animation frame after which no further picture is begun
const REST = 300; // ms between two looks whether there is time for what is out of sight

const waiting = new Set(); // what is in view and to be painted, oldest request first
const below = new Set(); // what is out of sight and was never painted
let afterwards = []; // called once nothing waits
let move = () => false; // moves the playhead; says whether it will move again
let requested = 0;
let resting = false;

/** Have `act(now)` called once an animation frame, while it answers true or somebody wakes the loop; not while pictures wait. */
export function onMove(act) {
  move = act;
}

export function wake() {
  requested ||= requestAnimationFrame(pass);
}

/** Have `picture.paint()` called soon. */
export function paintSoon(picture) {
  below.delete(picture);
  waiting.add(picture);
  wake();
}

/** Have it painted some time, when the page has nothing else to do: the first time takes several times as long as others. */
export function paintSometime(picture) {
  below.add(picture);
  rest();
}

export function paintNever(picture) {
  waiting.delete(picture);
  below.delete(picture);
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
    if (performance.now() - begun > BUDGET) break;
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

const whenIdle = window.requestIdleCallback ?? ((act) => setTimeout(act, REST));

function rest() {
  if (resting || !below.size) return;
  resting = true;
  setTimeout(() => whenIdle(() => {
    resting = false;
    const [picture] = below;
    if (picture && !requested && !document.hidden) { // nothing moves, nothing waits
      below.delete(picture);
      paint(picture);
    }
    rest();
  }), REST);
}
