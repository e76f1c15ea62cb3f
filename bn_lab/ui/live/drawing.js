// Points of the plane that are put, moved and taken away by pointing: with the mouse, by touch, or by the keyboard. What is
// pointed at are drawings over the planes of all arms, which show the same points; Plotly's own stay hidden meanwhile. Every
// change that is done with (a pointer let go, a key) is told at once; the numbers of it come as those of any other experiment.
import { button, element, icon, named, write } from "./elements.js";
import { place, setting } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const NEAR = { mouse: 9, pen: 12, touch: 22 }; // px around a point within which it is meant
const MOVED = 4; // px from where a pointer began, after which it drags
const STEP = 0.25, FINE = 0.05; // of the plane: how far an arrow key moves the cursor, and together with Shift
const LARGE = 250, MANY = 80; // px of a plane with larger dots, and points from which on they are smaller
const REMOVE = "remove"; // of what pointing may do; the others are numbers of classes

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

const round = (value) => Math.round(100 * value) / 100 || 0; // as bn_lab/drawn.py; never minus zero
const clamp = (value, low, high) => Math.max(low, Math.min(value, high));

function drawn(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export class Drawing {
  points = []; // {x, y, label}
  tool = 0;
  isOn = false;
  edits = 0; // how many were told
  cursor = { x: 0, y: 0 }; // of the keyboard

  /**
   * @param at {root, holder, panel} of the picture of the plane
   * @param tell (points, edit) is called with [x, y, label] of all points, and the number of the change
   */
  constructor({ root, holder, panel }, tell) {
    Object.assign(this, { root, panel, tell });
    this.label = element("span");
    this.toggle = button("bn-button bn-tool bn-edit", () => this.turn(!this.isOn), { "aria-pressed": "false" }, icon("pencil"), this.label);
    this.canvases = [];
    this.layer = element("div", "bn-canvases");
    this.layer.addEventListener("keydown", (event) => this.press(event));
    holder.append(this.layer);
    this.choices = element("div", "bn-draw-tools", { role: "group" });
    this.hint = element("p", "bn-draw-hint", { id: "bn-draw-hint" });
    this.status = element("span", "bn-heard", { "aria-live": "polite" });
    this.bar = element("div", "bn-draw", { hidden: true }, this.choices, this.hint, this.status);
    root.append(this.bar);
    this.size = new ResizeObserver(() => root.style.setProperty("--bn-draw", `${this.bar.offsetHeight}px`)); // the picture's loss
    this.size.observe(this.bar);
    panel.afterPaint = () => this.arrange();
  }

  /**
   * @param token of the session: another one counts changes anew
   * @param data what may be drawn, of the script: `points` [x, y, label], `names` and `colors` of the classes, `samples` of which
   *   the points were taken, `least` and `most` points, `reach` and `farthest` coordinates, `edit`: the last change it has heeded;
   *   or `refused`: why nothing may be; null where there is no plane
   */
  update(data, texts, isShown, token) {
    if (token !== this.token) this.edits = 0;
    Object.assign(this, { data, texts, isShown, token });
    this.toggle.hidden = !data || !isShown;
    write(this.label, texts["draw.edit"] ?? "");
    this.toggle.title = data?.refused ?? texts["draw.edit_help"] ?? "";
    this.toggle.dataset.refused = Boolean(data?.refused); // a click says why
    this.choices.setAttribute("aria-label", texts["draw.tools"] ?? "");
    this.canDraw = Boolean(data && isShown && !data.refused);
    if (!data?.refused) this.reason = "";
    this.take();
    this.show();
  }

  /** Have the points of the script: not what it said before the latest change, nor what it has said before, nor under a hand. */
  take() {
    if (!this.canDraw || this.held || this.carried) return;
    const { points, edit } = this.data, given = JSON.stringify([points, edit]);
    if (edit < this.edits || given === this.given) return;
    this.given = given;
    this.points = points.map(([x, y, label]) => ({ x, y, label }));
    this.problem = "";
  }

  turn(isOn) {
    if (this.data?.refused) this.reason = this.reason ? "" : this.data.refused;
    else this.isOn = isOn && this.canDraw;
    this.problem = "";
    this.show();
    if (this.isOn && this.canDraw) this.say(this.place("start", { count: this.points.length }));
    else if (this.reason) this.say(this.reason);
  }

  /** What is to be seen of it: the bar, and where the planes are. */
  show() {
    const isOpen = this.isOn && this.canDraw;
    this.root.dataset.drawing = isOpen;
    this.bar.hidden = !isOpen && !this.reason;
    this.choices.hidden = !isOpen;
    this.toggle.setAttribute("aria-pressed", String(isOpen));
    if (isOpen) this.offer();
    this.tellHint();
    this.arrange();
  }

  offer() {
    const { names, colors } = this.data, shape = JSON.stringify([names, colors, this.texts["draw.remove"], this.texts["draw.clear"]]);
    if (shape !== this.shape) {
      this.shape = shape;
      const dot = (color) => element("span", "bn-dot", { style: `background: ${color}` });
      const tool = (id, ...children) => button("bn-button bn-draw-tool", () => this.choose(id), { "data-tool": id }, ...children);
      this.choices.replaceChildren(
        ...names.map((name, k) => tool(k, dot(colors[k]), name)),
        tool(REMOVE, icon("close"), this.texts["draw.remove"] ?? ""),
        button("bn-button bn-draw-clear", () => this.clear(), {}, this.texts["draw.clear"] ?? ""),
      );
    }
    for (const each of this.choices.querySelectorAll("[data-tool]")) {
      each.setAttribute("aria-pressed", String(each.dataset.tool === String(this.tool)));
    }
  }

  choose(tool) {
    this.tool = tool;
    this.offer();
  }

  tellHint() {
    const { data, reason, problem, points, texts } = this;
    if (!data || data.refused) return write(this.hint, reason ?? "");
    const thinned = data.samples > data.points.length && data.edit >= this.edits;
    const about = thinned ? this.place("thinned", { samples: data.samples, count: data.points.length }) : this.place("count", { count: points.length });
    const how = texts[this.isKeyboard ? "draw.keys" : "draw.hint"] ?? "";
    write(this.hint, problem || `${about} ${how}`);
  }

  place(key, values) {
    return place(this.texts[`draw.${key}`], values);
  }

  say(text) {
    write(this.status, text);
  }

  // Where the planes are.

  /** Put a drawing over each plane as Plotly has laid them out. */
  arrange() {
    const { plot } = this.panel, full = plot._fullLayout;
    const planes = this.isOn && this.canDraw && full?.xaxis ? planesOf(plot) : [];
    while (this.canvases.length > planes.length) this.canvases.pop().svg.remove();
    planes.forEach((axes, k) => {
      this.canvases[k] ??= this.canvas(k);
      this.fit(this.canvases[k], axes);
    });
    this.draw();
  }

  canvas(k) {
    const circles = drawn("g"), aim = drawn("path", { class: "bn-aim" });
    const attributes = { class: "bn-canvas", tabindex: k ? "-1" : "0", role: "application", "aria-describedby": "bn-draw-hint" };
    const svg = drawn("svg", attributes, circles, aim), made = { svg, circles, aim };
    const on = (name, act) => svg.addEventListener(name, act.bind(this));
    on("pointerdown", (event) => this.begin(event, made));
    on("pointermove", (event) => this.move(event, made));
    on("pointerup", (event) => this.release(event, made));
    on("pointercancel", () => this.giveBack());
    on("focus", () => this.focus(svg.matches(":focus-visible")));
    on("blur", () => this.focus(false));
    this.layer.append(svg);
    return made;
  }

  fit(canvas, [x, y]) {
    const { svg } = canvas, box = { left: x._offset, top: y._offset, width: x._length, height: y._length };
    for (const [side, pixels] of Object.entries(box)) svg.style[side] = `${pixels}px`;
    svg.setAttribute("viewBox", `0 0 ${x._length} ${y._length}`);
    svg.setAttribute("aria-label", this.place("plane", { count: this.points.length }));
    canvas.axes = [x, y];
  }

  /** Where a pointer is on the plane, within where points may be. */
  at({ clientX, clientY }, { svg, axes: [x, y] }) {
    const { left, top, width, height } = svg.getBoundingClientRect(); // a frame that was scaled counts in other pixels
    const point = [x.p2d(((clientX - left) / width) * x._length), y.p2d(((clientY - top) / height) * y._length)];
    const most = this.most([x, y]);
    return { x: round(clamp(point[0], ...most[0])), y: round(clamp(point[1], ...most[1])) };
  }

  /** How far points may go: no picture grows with those that one puts, but where it reaches further so may they. */
  most(axes) {
    const { reach, farthest, points } = this.data;
    const needed = Math.max(...points.map(([x, y]) => Math.max(Math.abs(x), Math.abs(y))), 0);
    const limit = Math.min(farthest, Math.max(reach, needed));
    return axes.map(({ range }) => [Math.max(-limit, Math.min(...range)), Math.min(limit, Math.max(...range))]);
  }

  /** The nearest point within so many pixels of a place on the plane. */
  near({ x, y }, { axes: [across, down] }, most) {
    let [found, least] = [undefined, most];
    for (const point of this.points) {
      const far = Math.hypot(across.d2p(point.x) - across.d2p(x), down.d2p(point.y) - down.d2p(y));
      if (far <= least) [found, least] = [point, far];
    }
    return found;
  }

  draw() {
    const { colors = [] } = this.data ?? {}, { points, cursor, carried, held } = this;
    for (const { svg, circles, aim, axes: [x, y] } of this.canvases) {
      while (circles.childNodes.length > points.length) circles.lastChild.remove();
      while (circles.childNodes.length < points.length) circles.append(drawn("circle"));
      const isMany = points.length > MANY, radius = (svg.clientWidth > LARGE ? 5 : 4) - (isMany ? 1 : 0);
      svg.dataset.many = isMany;
      points.forEach((point, k) => {
        const isHeld = point === carried || point === held?.point;
        const look = { cx: x.d2p(point.x), cy: y.d2p(point.y), r: isHeld ? radius + 2 : radius, fill: colors[point.label] };
        for (const [name, value] of Object.entries(look)) circles.childNodes[k].setAttribute(name, value);
      });
      const [across, down] = [x.d2p(cursor.x), y.d2p(cursor.y)];
      aim.setAttribute("d", `M${across - 12},${down}h8m8,0h8M${across},${down - 12}v8m0,8v8`);
      svg.setAttribute("aria-label", this.place("plane", { count: points.length }));
    }
    this.root.dataset.points = points.length;
  }

  // The pointer.

  begin(event, canvas) {
    if (this.held) return this.giveBack(); // a second finger: this is no pointing
    if (event.button !== 0 || !event.isPrimary) return;
    this.focus(false);
    const at = this.at(event, canvas), before = this.points.map((point) => ({ ...point }));
    let point = this.near(at, canvas, NEAR[event.pointerType] ?? NEAR.mouse);
    const isNew = !point && this.tool !== REMOVE;
    if (isNew) point = this.added(at);
    if (!point) return;
    event.preventDefault(); // nothing is selected, and no click follows on what lies below
    canvas.svg.focus({ preventScroll: true });
    canvas.svg.setPointerCapture(event.pointerId);
    this.held = { id: event.pointerId, point, isNew, before, from: [event.clientX, event.clientY], isMoved: false };
    this.problem = "";
    this.draw();
  }

  move(event, canvas) {
    const { held } = this;
    if (held?.id !== event.pointerId) return;
    held.isMoved ||= Math.hypot(event.clientX - held.from[0], event.clientY - held.from[1]) > MOVED;
    if (!held.isMoved) return;
    Object.assign(held.point, this.at(event, canvas));
    this.draw();
  }

  release(event) {
    const { held, tool } = this;
    if (held?.id !== event.pointerId) return;
    this.held = undefined;
    const { point, isNew, isMoved } = held;
    if (isNew) this.done("added", point);
    else if (isMoved) this.done("moved", point);
    else if (tool === REMOVE) this.takeAway(point);
    else if (point.label !== tool) {
      point.label = tool;
      this.done("changed", point);
    } else this.draw();
  }

  /** What was begun is none. */
  giveBack() {
    if (this.held) this.points = this.held.before;
    this.held = undefined;
    this.take();
    this.draw();
  }

  // The keyboard.

  focus(isKeyboard) {
    this.isKeyboard = isKeyboard;
    this.layer.dataset.keyboard = isKeyboard;
    if (!isKeyboard) this.putBack();
    this.tellHint();
  }

  press(event) {
    const canvas = this.canvases.find(({ svg }) => svg === event.target);
    if (!canvas || event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      " ": () => (this.tool === REMOVE ? this.takeNear(canvas) : this.put()),
      Enter: () => this.carry(canvas),
      Delete: () => this.takeNear(canvas),
      Backspace: () => this.takeNear(canvas),
      Escape: () => (this.carried ? this.putBack() : this.leave()),
      PageDown: () => this.go(1),
      PageUp: () => this.go(-1),
      1: () => this.choose(0),
      2: () => this.choose(1),
    };
    const arrow = ARROWS[event.key], act = arrow ? () => this.step(arrow, event.shiftKey ? FINE : STEP, canvas) : acts[event.key];
    if (!act) return;
    event.preventDefault(); // which also keeps the player from taking the key
    this.focus(true);
    this.problem = "";
    act();
    this.draw();
    this.tellHint();
  }

  step([across, up], length, canvas) {
    const [x, y] = this.most(canvas.axes), { cursor } = this;
    cursor.x = round(clamp(cursor.x + across * length, ...x));
    cursor.y = round(clamp(cursor.y + up * length, ...y));
    if (this.carried) Object.assign(this.carried, cursor);
    const here = this.carried ?? this.points.find((point) => point.x === cursor.x && point.y === cursor.y);
    this.say(this.where(here ?? cursor));
  }

  put() {
    const point = this.added(this.cursor);
    if (point) this.done("added", point);
  }

  /** Pick up the nearest point, or put down the one that is carried. */
  carry(canvas) {
    const { carried } = this;
    if (carried) {
      this.carried = undefined;
      return this.done("moved", carried);
    }
    const point = this.near(this.cursor, canvas, NEAR.touch);
    if (!point) return this.say(this.place("none"));
    Object.assign(this, { carried: point, carriedFrom: { ...point }, cursor: { x: point.x, y: point.y } });
    this.say(this.place("carried", this.values(point)));
  }

  putBack() {
    if (!this.carried) return;
    Object.assign(this.carried, this.carriedFrom);
    this.carried = undefined;
    this.take();
    this.draw();
  }

  takeNear(canvas) {
    const point = this.carried ?? this.near(this.cursor, canvas, NEAR.touch);
    this.carried = undefined;
    if (point) this.takeAway(point);
    else this.say(this.place("none"));
  }

  /** To the next point, in order from left to right. */
  go(step) {
    this.putBack();
    const { points, cursor } = this, order = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
    if (!order.length) return;
    const after = order.findIndex(({ x, y }) => x > cursor.x || (x === cursor.x && y > cursor.y));
    const before = order.findLastIndex(({ x, y }) => x < cursor.x || (x === cursor.x && y < cursor.y));
    const point = step > 0 ? order.at(after < 0 ? 0 : after) : order.at(before);
    this.cursor = { x: point.x, y: point.y };
    this.say(this.where(point));
  }

  leave() {
    this.turn(false);
    this.toggle.focus();
  }

  // What becomes of it.

  /** A new point of the class that is chosen, unless there is no room for it. */
  added({ x, y }) {
    if (this.points.length >= this.data.most) {
      this.tellProblem("full", { count: this.data.most });
      return undefined;
    }
    const point = { x, y, label: this.tool };
    this.points.push(point);
    return point;
  }

  takeAway(point) {
    this.points = this.points.filter((each) => each !== point);
    this.done("removed", point);
  }

  clear() {
    this.points = [];
    this.say(this.place("cleared"));
    this.commit();
  }

  done(act, point) {
    this.say(`${this.place(act, this.values(point))} ${this.place("count", { count: this.points.length })}`);
    this.commit();
  }

  values({ x, y, label }) {
    return { class: this.data.names[label] ?? "", x: setting(x), y: setting(y) };
  }

  where(point) {
    return point.label === undefined ? `${setting(point.x)}, ${setting(point.y)}` : this.place("point", this.values(point));
  }

  /** Tell what the points are now; too few of them train nothing, and wait for more. */
  commit() {
    this.draw();
    if (this.points.length < this.data.least) return this.tellProblem("few", { count: this.data.least });
    this.edits = Math.max(this.edits, this.data.edit) + 1;
    this.tellHint();
    this.tell(this.points.map(({ x, y, label }) => [x, y, label]), this.edits);
  }

  destroy() {
    this.size.disconnect();
  }

  tellProblem(key, values) {
    this.problem = this.place(key, values);
    this.tellHint();
    this.say(this.problem);
  }
}

/** The axes [x, y] of every plane that Plotly has drawn. */
function planesOf({ _fullData: data, _fullLayout: layout }) {
  const axis = (id) => layout[`${id[0]}axis${id.slice(1)}`];
  const planes = new Map((data ?? []).filter(({ type }) => type === "heatmap").map(({ xaxis, yaxis }) => [xaxis, yaxis]));
  return [...planes].map((ids) => ids.map(axis));
}
